//! The forms of a report: each a pure function of its [`Sheet`](super::sheet::Sheet). Forms for people round and give
//! units; those for programs have base units and full precision.

mod csv;
mod json;
mod markdown;
mod page;

mod text;

use super::sheet::{Cell, Column, Measured};
use super::{NOT_MEASURED, Style, trend};
use crate::sample::Millis;
use crate::settings::metric_entry::Unit;
use crate::words;

pub use csv::csv;
pub use json::{document, lines as jsonl};
pub use markdown::markdown;
pub use page::{page_tables, signs};
pub use text::text;

/// What stands behind a figure that was reckoned over a gap.
const OVER_GAP: &str = "~";

/// A cell as people read it.
fn shown(cell: &Cell, column: &Column, style: &Style) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Told(text, _) => text.clone(),
        Cell::Flag(flag) => (if *flag { "yes" } else { "no" }).to_owned(),
        Cell::Status(status) => status.word().to_owned(),
        Cell::Value(measured) => figure(*measured, column.unit, style),
        Cell::Figure(measured, unit) => figure(*measured, Some(*unit), style),
        Cell::Of(part, whole) => match (part.value, whole.value) {
            (None, None) => NOT_MEASURED.to_owned(),
            _ => format!("{}/{}", figure(*part, column.unit, style), figure(*whole, column.unit, style)),
        },
        Cell::Moment(at) => at.map_or_else(|| "never".to_owned(), |at| style.local(at)),
        Cell::Lapse(lapse) => lapse.map_or_else(|| NOT_MEASURED.to_owned(), words::age),
        Cell::Trend(values) => trend::drawn(values),
    }
}

fn figure(measured: Measured, unit: Option<Unit>, style: &Style) -> String {
    let mark = if measured.over_gap { OVER_GAP } else { "" };
    match (measured.value, unit) {
        (None, _) => NOT_MEASURED.to_owned(),
        (Some(seconds), Some(Unit::Timestamp)) => style.local((seconds * 1e3) as Millis),
        (Some(value), Some(unit)) => words::value(value, unit) + mark,
        (Some(value), None) => words::number(value) + mark,
    }
}

/// The sentences that explain what stands in the tables of a text.
fn legend(text: &str) -> Vec<String> {
    let signs = [
        (NOT_MEASURED.to_owned(), "not measured, or not current (never drawn as 0)"),
        (trend::NO_SAMPLE.to_string(), "no sample"),
        (OVER_GAP.to_owned(), "average over a gap"),
    ];
    signs.iter().filter(|(sign, _)| text.contains(sign)).map(|(sign, what)| format!("{sign} = {what}")).collect()
}
