//! The answer for people: one line a series, the numbers first, for a series may be longer than the terminal is wide.

use super::super::Style;
use super::super::table::{Align, harmless, render as lines, width};
use super::number::value;
use super::{Answer, Row};
use crate::promql::Value;
use crate::sample::{Labels, Millis, Point, lapse};
use crate::words;

/// `note` follows the moment, or the end of the range: where it comes from when nobody named it.
pub fn render(answer: &Answer, note: &str, style: &Style) -> String {
    let rows = answer.rows();
    let mut head = when(answer, note, style);
    let count = match answer {
        Answer::At(_, Value::Scalar(number)) => return format!("{}\n  {}\n", heading(&head, style), value(*number)),
        Answer::At(_, Value::String(text)) => return format!("{}\n  {}\n", heading(&head, style), harmless(text)),
        _ if rows.is_empty() => "no series".to_owned(),
        _ => format!("{} series", words::grouped(rows.len() as u64)),
    };
    if let Some(last) = head.last_mut() {
        last.push(':');
    }
    head.push(count);
    match (answer, rows.is_empty()) {
        (_, true) => heading(&head, style),
        (Answer::At(..), _) => format!("{}\n{}", heading(&head, style), at_once(&rows, style)),
        (Answer::Over(..) | Answer::Samples(..), _) => {
            format!("{}\n{}", heading(&head, style), over_time(&rows, style))
        }
    }
}

/// In parts between which a line may break.
fn when(answer: &Answer, note: &str, style: &Style) -> Vec<String> {
    match answer {
        Answer::At(at, _) | Answer::Samples(at, _) => vec![format!("{}{note}", moment(*at, style))],
        Answer::Over(steps, _) => {
            let step = lapse(steps.step);
            let step = crate::settings::durations::show(step);
            vec![
                moment(steps.since, style),
                format!(".. {}{note}", moment(steps.until, style)),
                format!("every {step}, {}", words::count(steps.count(), "moment")),
            ]
        }
    }
}

/// As many of the parts in a line as the terminal has room for.
fn heading(parts: &[String], style: &Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        let room = style.width.unwrap_or(usize::MAX);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(part) <= room => *line += &format!(" {part}"),
            _ => lines.push(part.clone()),
        }
    }
    lines.join("\n") + "\n"
}

/// With milliseconds if there are any: they decide what a range holds.
fn moment(at: Millis, style: &Style) -> String {
    let text = style.moment(at);
    match (at.rem_euclid(1000), text.rsplit_once(' ')) {
        (millis @ 1.., Some((local, zone))) => format!("{local}.{millis:03} {zone}"),
        _ => text,
    }
}

fn at_once(rows: &[Row<'_>], style: &Style) -> String {
    let cells = rows.iter().map(|row| vec![row.points.first().map_or(String::new(), |point| value(point.value))]);
    beside_series(&[("VALUE", Align::Right)], cells.collect(), rows, style)
}

fn over_time(rows: &[Row<'_>], style: &Style) -> String {
    let titles = ["POINTS", "MIN", "AVG", "MAX", "LAST"].map(|title| (title, Align::Right));
    let cells = rows.iter().map(|row| {
        let values = || row.points.iter().map(|point| point.value);
        let last = row.points.last().map_or(f64::NAN, |Point { value, .. }| *value);
        let average = values().sum::<f64>() / row.points.len() as f64;
        let (least, most) = (values().fold(f64::NAN, f64::min), values().fold(f64::NAN, f64::max));
        let numbers = [least, average, most, last].map(|number| value(rounded(number)));
        [words::grouped(row.points.len() as u64)].into_iter().chain(numbers).collect()
    });
    beside_series(&titles, cells.collect(), rows, style)
}

/// The numbers and behind them the series, in a column of its own that goes on below itself. On a terminal that has no
/// room for one, each series stands below its numbers.
fn beside_series(titles: &[(&str, Align)], cells: Vec<Vec<String>>, rows: &[Row<'_>], style: &Style) -> String {
    /// Columns that a name needs to be read.
    const NARROWEST: usize = 24;
    let numbers = lines(titles, &cells);
    let indent = width(&numbers) + 2;
    let beside = style.width.is_none_or(|room| room >= indent + NARROWEST);
    let mut all = numbers.lines();
    let title = all.next().unwrap_or_default();
    let mut text = if beside { format!("{title}  SERIES\n") } else { format!("{title}\n    SERIES\n") };
    for (line, row) in all.zip(rows) {
        let column = if beside { indent } else { 4 };
        let mut pieces = pieces(row, style.width.map(|room| room.saturating_sub(column))).into_iter();
        if beside {
            text += &format!("{line}  {}\n", pieces.next().unwrap_or_default());
        } else {
            text += &format!("{line}\n");
        }
        pieces.for_each(|piece| text += &format!("{:column$}{piece}\n", ""));
    }
    text
}

/// Name and labels in lines of at most `room` columns, broken between labels only.
fn pieces(row: &Row<'_>, room: Option<usize>) -> Vec<String> {
    let whole = name(row);
    if room.is_none_or(|room| width(&whole) <= room) {
        return vec![whole];
    }
    let count = row.labels.iter().count();
    let labels = row.labels.iter().enumerate().map(|(index, (label, value))| {
        let one = Labels::of([(&**label, &**value)]).to_string();
        let open = if index == 0 { "{" } else { "" };
        let close = if index + 1 == count { "}" } else { "," };
        format!("{open}{}{close}", one.trim_start_matches('{').strip_suffix('}').unwrap_or(&one))
    });
    let mut lines = vec![row.name.map_or(String::new(), |name| name.to_string())];
    for label in labels.map(|label| harmless(&label)) {
        let blank = if label.starts_with('{') { "" } else { " " };
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(&label),
            Some(line) if room.is_none_or(|room| width(line) + blank.len() + width(&label) <= room) => {
                *line += &format!("{blank}{label}");
            }
            _ => lines.push(label),
        }
    }
    lines
}

/// Six digits, or as many as the whole part has: the others are in CSV and JSON. Whole numbers stay as they are.
fn rounded(number: f64) -> f64 {
    if number.fract() == 0.0 {
        return number;
    }
    let whole = number.abs().log10().floor() as i32 + 1;
    let text = match usize::try_from(6 - whole) {
        Ok(decimals) if whole > 0 => format!("{number:.decimals$}"),
        Ok(_) => format!("{number:.5e}"),
        Err(_) => format!("{number:.0}"),
    };
    text.parse().unwrap_or(number)
}

fn name(row: &Row<'_>) -> String {
    harmless(&match row.name {
        Some(name) if row.labels.is_empty() => name.to_string(),
        name => format!("{}{}", name.map_or("", |name| name), row.labels),
    })
}
