//! The tree that is evaluated: supported things only, names resolved, matchers compiled, parentheses gone.

use super::ValueType;
use super::aggregate::Aggregation;
use super::arithmetic::Operator;
use super::functions::Function;
use super::matching::Matching;
use super::range::RangeFunction;
use super::selector::Selector;
use super::vectors::{Cardinality, SetOperator};
use crate::sample::{Labels, Text};

#[derive(Clone, Debug)]
pub(super) enum Node {
    Number(f64),
    Text(String),
    Time,
    Select(Selector),
    Range {
        function: RangeFunction,
        selector: Selector,
        /// The scalar that some functions take besides.
        parameter: Option<Box<Node>>,
    },
    /// `absent_over_time`, with the labels of the element that stands for the absent series.
    AbsentOverTime {
        selector: Selector,
        labels: Labels,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
    /// Changes nothing but that what it holds is no bare selector any more.
    Plus(Box<Node>),
    Negate(Box<Node>),
    Aggregate {
        aggregation: Aggregation,
        grouping: Matching,
        parameter: Option<Box<Node>>,
        inner: Box<Node>,
    },
    CountValues {
        label: Text,
        /// The label is among those that `by` names.
        grouping: Matching,
        inner: Box<Node>,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
        /// Meaningful between two vectors only.
        matching: Matching,
        cardinality: Cardinality,
    },
    Set {
        operator: SetOperator,
        left: Box<Node>,
        right: Box<Node>,
        matching: Matching,
    },
}

impl Node {
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) | Self::Time | Self::Call { function: Function::Scalar, .. } => ValueType::Scalar,
            Self::Text(_) => ValueType::String,
            Self::Plus(inner) | Self::Negate(inner) => inner.value_type(),
            Self::Binary { left, right, .. } => match (left.value_type(), right.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Select(_)
            | Self::Range { .. }
            | Self::AbsentOverTime { .. }
            | Self::Call { .. }
            | Self::Aggregate { .. }
            | Self::CountValues { .. }
            | Self::Set { .. } => ValueType::Vector,
        }
    }

    /// In the order of the text.
    pub fn each_selector(&self, visit: &mut impl FnMut(&Selector)) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Time => {}
            Self::Select(selector) | Self::AbsentOverTime { selector, .. } => visit(selector),
            Self::Range { function, selector, parameter } => {
                let parameter = parameter.as_deref();
                if function.parameter_first() {
                    parameter.into_iter().for_each(|node| node.each_selector(visit));
                    visit(selector);
                } else {
                    visit(selector);
                    parameter.into_iter().for_each(|node| node.each_selector(visit));
                }
            }
            Self::Call { arguments, .. } => arguments.iter().for_each(|argument| argument.each_selector(visit)),
            Self::Plus(inner) | Self::Negate(inner) | Self::CountValues { inner, .. } => inner.each_selector(visit),
            Self::Aggregate { parameter, inner, .. } => {
                parameter.iter().for_each(|node| node.each_selector(visit));
                inner.each_selector(visit);
            }
            Self::Binary { left, right, .. } | Self::Set { left, right, .. } => {
                left.each_selector(visit);
                right.each_selector(visit);
            }
        }
    }
}
