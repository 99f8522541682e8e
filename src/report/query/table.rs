//! The answer for people: one line a series, the numbers first, for a series may be longer than the terminal is wide.

use super::super::Style;
use super::super::table::{Align, harmless, render as lines};
use super::number::value;
use super::{Answer, Row};
use crate::promql::Value;
use crate::sample::{Millis, Point};
use crate::words;

/// `note` follows the moment, or the end of the range: where it comes from when nobody named it.
pub fn render(answer: &Answer, note: &str, style: &Style) -> String {
    let rows = answer.rows();
    let head = when(answer, note, style);
    match answer {
        Answer::At(_, Value::Scalar(number)) => format!("{head}\n\n  {}\n", value(*number)),
        Answer::At(_, Value::String(text)) => format!("{head}\n\n  {}\n", harmless(text)),
        _ if rows.is_empty() => format!("{head}: no series\n"),
        _ => {
            let count = words::grouped(rows.len() as u64);
            let table = if matches!(answer, Answer::At(..)) { at_once(&rows) } else { over_time(&rows) };
            format!("{head}: {count} series\n\n{table}")
        }
    }
}

fn when(answer: &Answer, note: &str, style: &Style) -> String {
    match answer {
        Answer::At(at, _) => format!("{}{note}", moment(*at, style)),
        Answer::Over(steps, _) => {
            let step = std::time::Duration::from_millis(u64::try_from(steps.step).unwrap_or_default());
            let (since, until) = (moment(steps.since, style), moment(steps.until, style));
            let step = crate::settings::durations::show(step);
            format!("{since} .. {until}{note} every {step}, {}", words::count(steps.count(), "moment"))
        }
    }
}

/// With milliseconds if there are any: they decide what a range holds.
fn moment(at: Millis, style: &Style) -> String {
    let text = style.moment(at);
    match (at.rem_euclid(1000), text.rsplit_once(' ')) {
        (millis @ 1.., Some((local, zone))) => format!("{local}.{millis:03} {zone}"),
        _ => text,
    }
}

fn at_once(rows: &[Row<'_>]) -> String {
    let cells =
        rows.iter().map(|row| vec![row.points.first().map_or(String::new(), |point| value(point.value)), name(row)]);
    lines(&[("VALUE", Align::Right), ("SERIES", Align::Left)], &cells.collect::<Vec<_>>())
}

fn over_time(rows: &[Row<'_>]) -> String {
    let titles = ["POINTS", "MIN", "AVG", "MAX", "LAST"].map(|title| (title, Align::Right));
    let cells = rows.iter().map(|row| {
        let values = || row.points.iter().map(|point| point.value);
        let last = row.points.last().map_or(f64::NAN, |Point { value, .. }| *value);
        let average = values().sum::<f64>() / row.points.len() as f64;
        vec![
            words::grouped(row.points.len() as u64),
            value(values().fold(f64::NAN, f64::min)),
            value(rounded(average)),
            value(values().fold(f64::NAN, f64::max)),
            value(last),
            name(row),
        ]
    });
    lines(&[&titles[..], &[("SERIES", Align::Left)]].concat(), &cells.collect::<Vec<_>>())
}

/// To nine digits: an average has digits that nobody measured.
fn rounded(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap_or(number)
}

fn name(row: &Row<'_>) -> String {
    match row.name {
        Some(name) if row.labels.is_empty() => name.to_string(),
        name => format!("{}{}", name.map_or("", |name| name), row.labels),
    }
}
