//! An expression at many moments, one step apart: what Prometheus calls a range query.

use std::collections::hash_map::Entry;

use crate::hash::Map;
use crate::promql::{EvalError, Expression, Moment, Source, Value, evaluate};
use crate::sample::{Labels, Millis, Point, Text};

/// As in Prometheus: so many steps beyond the first moment are answered, no more.
pub const MOST_POINTS: i64 = 11_000;

/// Points that a range without a step gets, about.
const USUAL_POINTS: i64 = 60;

/// The moments `since`, `since + step`, … up to `until`, which is one of them if a step ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    pub since: Millis,
    pub until: Millis,
    /// Greater than zero.
    pub step: Millis,
}

impl Steps {
    /// A step that people can count in, for about sixty points.
    pub fn usual_step(since: Millis, until: Millis) -> Millis {
        const WEEK: Millis = 604_800_000;
        const SECONDS: [i64; 20] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
            604_800,
        ];
        let least = (until - since) / USUAL_POINTS;
        let step = SECONDS.iter().map(|seconds| seconds * 1000).find(|step| *step >= least);
        step.unwrap_or_else(|| rounded_up(least, WEEK))
    }

    /// The least step with which no series has more points than are answered, in whole seconds.
    pub fn least_step(since: Millis, until: Millis) -> Millis {
        rounded_up((until - since) / (MOST_POINTS + 1) + 1, 1000)
    }

    /// The same many moments, the last of which is the end.
    pub fn up_to_the_end(self) -> Self {
        Self { since: self.since + (self.until - self.since) % self.step, ..self }
    }

    pub fn are_too_many(&self) -> bool {
        (self.until - self.since) / self.step > MOST_POINTS
    }

    pub fn count(&self) -> usize {
        usize::try_from((self.until - self.since) / self.step + 1).unwrap_or(0)
    }

    fn moments(self) -> impl Iterator<Item = Millis> {
        std::iter::successors(Some(self.since), move |at| at.checked_add(self.step))
            .take_while(move |at| *at <= self.until)
    }
}

/// The next multiple of `unit`, unless it is one.
fn rounded_up(length: Millis, unit: Millis) -> Millis {
    (length + unit - 1) / unit * unit
}

/// One series of the answer: a point for each step at which the expression had a value for it.
#[derive(Clone, Debug, PartialEq)]
pub struct OverTime {
    pub name: Option<Text>,
    pub labels: Labels,
    pub points: Vec<Point>,
}

/// Evaluates at every step. A number is one series without labels; a text is a fault of the caller and gives nothing.
pub fn evaluate_over_time(
    expression: &Expression,
    source: &dyn Source,
    steps: Steps,
) -> Result<Vec<OverTime>, EvalError> {
    let mut all: Vec<OverTime> = Vec::new();
    let mut places: Map<(Option<Text>, Labels), usize> = Map::default();
    let mut add = |name: Option<Text>, labels: Labels, point: Point| {
        let place = match places.entry((name, labels)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let (name, labels) = new.key().clone();
                all.push(OverTime { name, labels, points: Vec::new() });
                *new.insert(all.len() - 1)
            }
        };
        if let Some(series) = all.get_mut(place) {
            series.points.push(point);
        }
    };
    for at in steps.moments() {
        match evaluate(expression, source, Moment { at, start: steps.since, end: steps.until })? {
            Value::Scalar(value) => add(None, Labels::empty(), Point { at, value }),
            Value::Vector(elements) => {
                for element in elements {
                    add(element.name, element.labels, Point { at, value: element.value });
                }
            }
            Value::String(_) => {}
        }
    }
    all.sort_by_cached_key(|series| with_name(series.name.as_ref(), &series.labels));
    Ok(all)
}

/// All labels with the name among them, in the order of their names: the order of Prometheus.
pub fn with_name(name: Option<&Text>, labels: &Labels) -> Labels {
    let name = name.map(|name| ("__name__".into(), name.clone()));
    Labels::new(name.into_iter().chain(labels.iter().map(|(label, value)| (label.clone(), value.clone()))))
}
