//! Functions over instant vectors and scalars.

use std::f64::consts::{LN_2, PI};

use super::dates::DatePart;
use super::labels::LabelChange;
use super::{Element, EvalError};
use crate::sample::Labels;

#[derive(Clone, Debug)]
pub(super) enum Function {
    /// Those that make a number of a number.
    Map(fn(f64) -> f64),
    Round,
    Clamp,
    ClampMin,
    ClampMax,
    Timestamp,
    /// Without an argument of the moment of evaluation.
    Date(DatePart),
    Vector,
    Scalar,
    Sort,
    SortDesc,
    HistogramQuantile,
    HistogramFraction,
    Labels(LabelChange),
    /// With the labels of the element that stands for the absent series.
    Absent(Labels),
}

impl Function {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "round" => Self::Round,
            "clamp" => Self::Clamp,
            "clamp_min" => Self::ClampMin,
            "clamp_max" => Self::ClampMax,
            "timestamp" => Self::Timestamp,
            "vector" => Self::Vector,
            "scalar" => Self::Scalar,
            "sort" => Self::Sort,
            "sort_desc" => Self::SortDesc,
            "histogram_quantile" => Self::HistogramQuantile,
            "histogram_fraction" => Self::HistogramFraction,
            "absent" => Self::Absent(Labels::empty()),
            _ => match DatePart::named(name) {
                Some(part) => Self::Date(part),
                None => Self::Map(map(name)?),
            },
        })
    }

    /// The new value of an element; `first` and `second` are the scalar arguments, as far as the function has them.
    /// What does not work element by element leaves the value as it is.
    pub fn apply(&self, element: &Element, first: Option<f64>, second: Option<f64>) -> f64 {
        let value = element.value;
        match self {
            Self::Map(function) => function(value),
            // Halves go up; dividing by the inverse keeps multiples of 0.1 and the like clean.
            Self::Round => {
                let inverse = 1.0 / first.unwrap_or(1.0);
                (value * inverse + 0.5).floor() / inverse
            }
            Self::Clamp => larger(first.unwrap_or(f64::NAN), smaller(second.unwrap_or(f64::NAN), value)),
            Self::ClampMin => larger(first.unwrap_or(f64::NAN), value),
            Self::ClampMax => smaller(first.unwrap_or(f64::NAN), value),
            Self::Timestamp => element.at as f64 / 1000.0,
            Self::Date(part) => part.of(value),
            Self::Vector
            | Self::Scalar
            | Self::Sort
            | Self::SortDesc
            | Self::HistogramQuantile
            | Self::HistogramFraction
            | Self::Labels(_)
            | Self::Absent(_) => value,
        }
    }
}

fn map(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "sgn" => |value| if value == 0.0 || value.is_nan() { value } else { value.signum() },
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        // The library's own overflow near the largest number that there is.
        "asinh" => |value| if value.abs() > LARGE { (value.abs().ln() + LN_2).copysign(value) } else { value.asinh() },
        "acosh" => |value| if value > LARGE { value.ln() + LN_2 } else { value.acosh() },
        "atanh" => f64::atanh,
        "deg" => |value| value * 180.0 / PI,
        "rad" => |value| value * PI / 180.0,
        _ => return None,
    })
}

/// From here on `x² + 1` is `x²`.
const LARGE: f64 = (1_u64 << 28) as f64;

/// Unlike `f64::max`, NaN if either is, unless the other is the largest there can be.
fn larger(left: f64, right: f64) -> f64 {
    let infinite = left == f64::INFINITY || right == f64::INFINITY;
    if !infinite && (left.is_nan() || right.is_nan()) { f64::NAN } else { left.max(right) }
}

fn smaller(left: f64, right: f64) -> f64 {
    let infinite = left == f64::NEG_INFINITY || right == f64::NEG_INFINITY;
    if !infinite && (left.is_nan() || right.is_nan()) { f64::NAN } else { left.min(right) }
}

/// By value, NaN last either way; equal ones stay in their order.
pub(super) fn sort(elements: &mut [Element], descending: bool) {
    elements.sort_by(|left, right| {
        let (left, right) = (left.value, right.value);
        let order = if descending { right.partial_cmp(&left) } else { left.partial_cmp(&right) };
        order.unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
    });
}

/// Removes the metric names; series that only their names told apart are an error.
pub(super) fn drop_names(mut elements: Vec<Element>) -> Result<Vec<Element>, EvalError> {
    // Two names can meet only in what `or`, `by (__name__)` or a selector without a name made.
    let several = elements.iter().zip(elements.iter().skip(1)).any(|(left, right)| left.name != right.name);
    elements.iter_mut().for_each(|element| element.name = None);
    if several {
        super::matching::all_differ(&elements)?;
    }
    Ok(elements)
}
