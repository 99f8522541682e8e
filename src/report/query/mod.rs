//! The answer to an expression: as Prometheus's HTTP API gives it, as CSV, or as a table.

mod chart;
mod csv;
mod json;
mod number;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::history::{OverTime, Steps};
use crate::promql::Value;
use crate::sample::{Labels, Millis, Point, Text};

pub use chart::chart;
pub use csv::render as csv;
pub use json::render as json;
pub use table::render as table;

/// What was asked for and what it gave.
#[derive(Clone, Debug)]
pub enum Answer {
    /// At one moment; Prometheus gives every element that moment, whatever its sample's.
    At(Millis, Value),
    Over(Steps, Vec<OverTime>),
    /// Of a range that ends at one moment, the samples as they were taken.
    Samples(Millis, Vec<OverTime>),
}

impl Answer {
    pub fn is_empty(&self) -> bool {
        match self {
            Self::At(_, Value::Vector(elements)) => elements.is_empty(),
            Self::At(_, Value::Scalar(_) | Value::String(_)) => false,
            Self::Over(_, series) | Self::Samples(_, series) => series.is_empty(),
        }
    }

    /// The series with their points; numbers and texts have none.
    fn rows(&self) -> Vec<Row<'_>> {
        match self {
            Self::At(at, Value::Vector(elements)) => {
                let point = |value| Cow::Owned(vec![Point { at: *at, value }]);
                elements
                    .iter()
                    .map(|one| Row { name: one.name.as_ref(), labels: &one.labels, points: point(one.value) })
                    .collect()
            }
            Self::At(..) => Vec::new(),
            Self::Over(_, series) | Self::Samples(_, series) => series
                .iter()
                .map(|one| Row { name: one.name.as_ref(), labels: &one.labels, points: Cow::Borrowed(&one.points) })
                .collect(),
        }
    }
}

struct Row<'a> {
    name: Option<&'a Text>,
    labels: &'a Labels,
    points: Cow<'a, [Point]>,
}
