//! An answer over a range of time as a picture.

use super::Answer;
use crate::report::draw::{Chart, Dot, Line};
use crate::settings::metric_entry::Unit;

/// More lines than this cannot be told apart.
const MOST: usize = 40;

/// A line a series; `None` of an answer at one moment. `unit` knows that of a recorded metric: what an expression makes of
/// several has none.
pub fn chart(answer: &Answer, expression: &str, unit: impl Fn(&str) -> Option<Unit>) -> Option<Chart> {
    let Answer::Over(steps, series) = answer else { return None };
    let names: Vec<Option<&str>> = series.iter().map(|one| one.name.as_deref()).collect();
    let unit = match names.as_slice() {
        [Some(first), rest @ ..] if rest.iter().all(|name| *name == Some(first)) => unit(first),
        _ => None,
    };
    let line = |one: &crate::history::OverTime| {
        let dot = |point: &crate::sample::Point| Dot { at: point.at, value: point.value, over_gap: false };
        // The title says what all of them are.
        let name = one.labels.iter().map(|(_, value)| &**value).collect::<Vec<_>>().join(" ");
        Line { name, points: one.points.iter().map(dot).collect() }
    };
    let more = series.len().saturating_sub(MOST);
    Some(Chart {
        title: expression.to_owned(),
        unit: unit.unwrap_or(Unit::Count),
        help: if more > 0 { format!("{} more not drawn", crate::words::count(more, "line")) } else { String::new() },
        since: steps.since,
        until: steps.until,
        step: steps.step,
        lines: series.iter().take(MOST).map(line).collect(),
        marks: Vec::new(),
    })
}
