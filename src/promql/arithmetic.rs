//! What an operator makes of two numbers, and of a vector and a number.

use super::functions::drop_names;
use super::{Element, EvalError};
use crate::sample::Millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Atan2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

/// An operator between numbers, or between elements of vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Arithmetic(Arithmetic),
    /// Drops what does not compare; keeps the left value of the rest.
    Filter(Comparison),
    /// `bool`: 1 or 0.
    Test(Comparison),
}

impl Operator {
    /// None: the element is dropped.
    pub fn apply(self, left: f64, right: f64) -> Option<f64> {
        match self {
            Self::Arithmetic(arithmetic) => Some(arithmetic.apply(left, right)),
            Self::Filter(comparison) => comparison.holds(left, right).then_some(left),
            Self::Test(comparison) => Some(f64::from(u8::from(comparison.holds(left, right)))),
        }
    }

    /// A filter passes elements on as they are; everything else makes a new quantity of them.
    pub fn keeps_name(self) -> bool {
        matches!(self, Self::Filter(_))
    }
}

impl Arithmetic {
    fn apply(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Remainder => left % right,
            Self::Power => left.powf(right),
            Self::Atan2 => left.atan2(right),
        }
    }
}

impl Comparison {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::Less => left < right,
            Self::GreaterOrEqual => left >= right,
            Self::LessOrEqual => left <= right,
        }
    }
}

/// A vector and a number; `vector_left` says which of them stands left. A filter keeps the vector's value either way.
pub(super) fn with_scalar(
    operator: Operator,
    mut elements: Vec<Element>,
    scalar: f64,
    vector_left: bool,
    at: Millis,
) -> Result<Vec<Element>, EvalError> {
    elements.retain_mut(|element| {
        let (left, right) = if vector_left { (element.value, scalar) } else { (scalar, element.value) };
        let Some(value) = operator.apply(left, right) else { return false };
        if !operator.keeps_name() {
            element.value = value;
        }
        element.at = at;
        true
    });
    if operator.keeps_name() { Ok(elements) } else { drop_names(elements) }
}
