//! Aggregations: one element a group.

use super::Element;
use super::matching::{Key, Matching};
use super::sum::{Mean, Sum};
use crate::hash::Map;
use crate::sample::Millis;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
}

/// The state of one group.
#[derive(Clone, Copy)]
enum Accumulator {
    Sum(Sum),
    Avg(Mean),
    Min(f64),
    Max(f64),
    Count(f64),
    Group,
}

impl Accumulator {
    fn new(aggregation: Aggregation) -> Self {
        match aggregation {
            Aggregation::Sum => Self::Sum(Sum::default()),
            Aggregation::Avg => Self::Avg(Mean::default()),
            Aggregation::Min => Self::Min(f64::NAN),
            Aggregation::Max => Self::Max(f64::NAN),
            Aggregation::Count => Self::Count(0.0),
            Aggregation::Group => Self::Group,
        }
    }

    fn add(&mut self, value: f64) {
        match self {
            Self::Sum(sum) => sum.add(value),
            Self::Avg(mean) => mean.add(value),
            // NaN gives way to any number; it is the answer only where there is nothing else.
            Self::Min(least) if value < *least || least.is_nan() => *least = value,
            Self::Max(most) if value > *most || most.is_nan() => *most = value,
            Self::Count(count) => *count += 1.0,
            Self::Min(_) | Self::Max(_) | Self::Group => {}
        }
    }

    fn value(&self) -> f64 {
        match self {
            Self::Sum(sum) => sum.value(),
            Self::Avg(mean) => mean.value(),
            Self::Min(value) | Self::Max(value) | Self::Count(value) => *value,
            Self::Group => 1.0,
        }
    }
}

/// Groups come in the order in which their first elements came.
pub(super) fn aggregate(
    aggregation: Aggregation,
    grouping: &Matching,
    elements: &[Element],
    at: Millis,
) -> Vec<Element> {
    let mut places: Map<Key<'_>, usize> = Map::default();
    let mut groups: Vec<(&Element, Accumulator)> = Vec::new();
    let mut last: Option<(Key<'_>, usize)> = None;
    for element in elements {
        let key = grouping.key(element);
        // Series of a group mostly come one after the other, and comparing is cheaper than hashing.
        let place = match last {
            Some((same, place)) if same == key => place,
            _ => *places.entry(key).or_insert(groups.len()),
        };
        last = Some((key, place));
        if place == groups.len() {
            groups.push((element, Accumulator::new(aggregation)));
        }
        if let Some((_, accumulator)) = groups.get_mut(place) {
            accumulator.add(element.value);
        }
    }
    let element = |(first, accumulator): (&Element, Accumulator)| Element {
        name: grouping.name(first),
        labels: grouping.labels(&first.labels),
        at,
        value: accumulator.value(),
    };
    groups.into_iter().map(element).collect()
}
