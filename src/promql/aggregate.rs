//! Aggregations: one element a group, and those that choose among the elements of a group.

use super::functions::sort;
use super::labels::set;
use super::matching::{Key, Matching};
use super::statistics::{Spread, quantile};
use super::sum::{Mean, Sum};
use super::{Element, EvalError};
use crate::hash::Map;
use crate::sample::{Millis, Text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Quantile,
    Topk,
    Bottomk,
}

/// The state of one group.
#[derive(Clone)]
enum Accumulator {
    Sum(Sum),
    Avg(Mean),
    Min(f64),
    Max(f64),
    Count(f64),
    Group,
    Stddev(Spread),
    Stdvar(Spread),
    Quantile(f64, Vec<f64>),
}

impl Accumulator {
    /// `parameter` is that of the quantile.
    fn new(aggregation: Aggregation, parameter: f64) -> Self {
        match aggregation {
            Aggregation::Sum => Self::Sum(Sum::default()),
            Aggregation::Avg => Self::Avg(Mean::default()),
            Aggregation::Min => Self::Min(f64::NAN),
            Aggregation::Max => Self::Max(f64::NAN),
            Aggregation::Count => Self::Count(0.0),
            Aggregation::Stddev => Self::Stddev(Spread::default()),
            Aggregation::Stdvar => Self::Stdvar(Spread::default()),
            Aggregation::Quantile => Self::Quantile(parameter, Vec::new()),
            Aggregation::Group | Aggregation::Topk | Aggregation::Bottomk => Self::Group,
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
            Self::Stddev(spread) | Self::Stdvar(spread) => spread.add(value),
            Self::Quantile(_, values) => values.push(value),
            Self::Min(_) | Self::Max(_) | Self::Group => {}
        }
    }

    fn value(self) -> f64 {
        match self {
            Self::Sum(sum) => sum.value(),
            Self::Avg(mean) => mean.value(),
            Self::Min(value) | Self::Max(value) | Self::Count(value) => value,
            Self::Group => 1.0,
            Self::Stddev(spread) => spread.variance().sqrt(),
            Self::Stdvar(spread) => spread.variance(),
            Self::Quantile(share, values) => quantile(share, values),
        }
    }
}

/// The groups in the order in which their first elements come; `new` makes one of its first, `add` takes in each.
fn grouped<'e, G>(
    grouping: &Matching,
    elements: &'e [Element],
    new: impl Fn(&'e Element) -> G,
    add: impl Fn(&mut G, &'e Element),
) -> Vec<G> {
    let mut places: Map<Key<'_>, usize> = Map::default();
    let mut groups: Vec<G> = Vec::new();
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
            groups.push(new(element));
        }
        if let Some(group) = groups.get_mut(place) {
            add(group, element);
        }
    }
    groups
}

/// One element a group.
pub(super) fn aggregate(
    aggregation: Aggregation,
    grouping: &Matching,
    parameter: f64,
    elements: &[Element],
    at: Millis,
) -> Vec<Element> {
    let new = |first| (first, Accumulator::new(aggregation, parameter));
    let groups = grouped(grouping, elements, new, |(_, accumulator), element| accumulator.add(element.value));
    let element = |(first, accumulator): (&Element, Accumulator)| Element {
        name: grouping.name(first),
        labels: grouping.labels(&first.labels),
        at,
        value: accumulator.value(),
    };
    groups.into_iter().map(element).collect()
}

/// The `count` largest or smallest elements of each group, as they are, the first of them first. Of equal ones those that
/// came first are taken; NaN only where there is nothing else.
pub(super) fn choose(
    largest: bool,
    grouping: &Matching,
    count: f64,
    elements: &[Element],
    at: Millis,
) -> Result<Vec<Element>, EvalError> {
    if count < 1.0 {
        return Ok(Vec::new());
    }
    // What Prometheus, which counts in 64 bits, refuses.
    if count.is_nan() || count >= i64::MAX as f64 {
        let name = if largest { "topk" } else { "bottomk" };
        return Err(EvalError(format!("`{name}` was asked for {count} elements, which is no number of them")));
    }
    let groups = grouped(grouping, elements, |_| Vec::new(), |group, element| group.push(element.clone()));
    let chosen = groups.into_iter().flat_map(|mut group: Vec<Element>| {
        sort(&mut group, largest);
        group.truncate(count as usize);
        group
    });
    Ok(chosen.map(|element| Element { at, ..element }).collect())
}

/// How many elements have each value; the value becomes a label.
pub(super) fn count_values(label: &Text, grouping: &Matching, mut elements: Vec<Element>, at: Millis) -> Vec<Element> {
    for element in &mut elements {
        let value = element.value;
        let text =
            if value.is_infinite() { format!("{}Inf", if value > 0.0 { '+' } else { '-' }) } else { value.to_string() };
        set(element, label, &text);
    }
    aggregate(Aggregation::Count, grouping, f64::NAN, &elements, at)
}
