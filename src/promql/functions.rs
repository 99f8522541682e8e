//! Functions over instant vectors and scalars.

use super::{Element, EvalError};
use crate::sample::Labels;

#[derive(Clone, Debug)]
pub(super) enum Function {
    Abs,
    Ceil,
    Floor,
    Round,
    Clamp,
    ClampMin,
    ClampMax,
    Timestamp,
    Vector,
    Scalar,
    /// With the labels of the element that stands for the absent series.
    Absent(Labels),
}

impl Function {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "abs" => Self::Abs,
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            "clamp" => Self::Clamp,
            "clamp_min" => Self::ClampMin,
            "clamp_max" => Self::ClampMax,
            "timestamp" => Self::Timestamp,
            "vector" => Self::Vector,
            "scalar" => Self::Scalar,
            "absent" => Self::Absent(Labels::empty()),
            _ => return None,
        })
    }

    /// The new value of an element; `first` and `second` are the scalar arguments, as far as the function has them.
    pub fn apply(&self, element: &Element, first: Option<f64>, second: Option<f64>) -> f64 {
        let value = element.value;
        match self {
            Self::Abs => value.abs(),
            Self::Ceil => value.ceil(),
            Self::Floor => value.floor(),
            // Halves go up; dividing by the inverse keeps multiples of 0.1 and the like clean.
            Self::Round => {
                let inverse = 1.0 / first.unwrap_or(1.0);
                (value * inverse + 0.5).floor() / inverse
            }
            Self::Clamp => larger(first.unwrap_or(f64::NAN), smaller(second.unwrap_or(f64::NAN), value)),
            Self::ClampMin => larger(first.unwrap_or(f64::NAN), value),
            Self::ClampMax => smaller(first.unwrap_or(f64::NAN), value),
            Self::Timestamp => element.at as f64 / 1000.0,
            Self::Vector | Self::Scalar | Self::Absent(_) => value,
        }
    }
}

/// Unlike `f64::max`, NaN if either is, unless the other is the largest there can be.
fn larger(left: f64, right: f64) -> f64 {
    let infinite = left == f64::INFINITY || right == f64::INFINITY;
    if !infinite && (left.is_nan() || right.is_nan()) { f64::NAN } else { left.max(right) }
}

fn smaller(left: f64, right: f64) -> f64 {
    let infinite = left == f64::NEG_INFINITY || right == f64::NEG_INFINITY;
    if !infinite && (left.is_nan() || right.is_nan()) { f64::NAN } else { left.min(right) }
}

/// Removes the metric names; series that only their names told apart are an error.
pub(super) fn drop_names(mut elements: Vec<Element>) -> Result<Vec<Element>, EvalError> {
    // Two names can meet only in what `or` or `by (__name__)` made; a selector has one.
    let several = elements.iter().zip(elements.iter().skip(1)).any(|(left, right)| left.name != right.name);
    elements.iter_mut().for_each(|element| element.name = None);
    if several {
        super::matching::all_differ(&elements)?;
    }
    Ok(elements)
}
