//! `stellar report`: one line a cluster, worst first, the reasons underneath.

use std::fmt::Write;

use serde::Deserialize;

use super::table::{self, Align};
use super::{Assessed, NOT_MEASURED, Status, Style, value_of};
use crate::catalogue::Catalogue;
use crate::sample::{Millis, lapse};
use crate::words;

const COLUMNS: &str = include_str!("../../conf/report/overview.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    column: Vec<Column>,
}

/// A column of the overview, as the file declares it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    title: String,
    /// One metric, or two shown as "of".
    show: Vec<String>,
    /// The smaller, the earlier a narrow terminal loses it.
    keep: u8,
    /// Left out when the last metric is nowhere above zero.
    #[serde(default)]
    only_above_zero: bool,
}

/// The whole report.
pub fn render(
    assessed: &[Assessed],
    catalogue: &Catalogue,
    now: Millis,
    last_run: Option<Millis>,
    style: &Style,
) -> String {
    let mut text = header(assessed, now, last_run, style);
    if assessed.is_empty() {
        return text;
    }
    text.push('\n');
    let lines = lines(assessed, catalogue, style);
    text.push_str(&lines);
    text.push_str(&reasons(assessed, style));
    if lines.contains(NOT_MEASURED) {
        let _ = write!(text, "\n  {NOT_MEASURED} = not measured, or not current (never drawn as 0)\n");
    }
    text
}

fn header(assessed: &[Assessed], now: Millis, last_run: Option<Millis>, style: &Style) -> String {
    let counted = Status::ALL.into_iter().filter_map(|status| {
        let number = assessed.iter().filter(|one| one.status == status).count();
        (number > 0).then(|| format!("{number} {}", status.word()))
    });
    let counted: Vec<String> = counted.collect();
    let summary = match assessed.len() {
        0 => "no clusters".to_owned(),
        number => format!("{}: {}", words::count(number, "cluster"), counted.join(", ")),
    };
    let last_run = match last_run {
        Some(at) => {
            let age = lapse(now - at);
            format!("last run {} ago", words::age(age))
        }
        None => "no run yet".to_owned(),
    };
    let moment = style.moment(now);
    let line = format!("{summary}   {moment}   {last_run}\n");
    match style.width {
        Some(limit) if table::width(&line) > limit => format!("{summary}\n{moment}   {last_run}\n"),
        _ => line,
    }
}

fn lines(assessed: &[Assessed], catalogue: &Catalogue, style: &Style) -> String {
    let mut columns = columns(assessed, catalogue);
    loop {
        let mut titles = vec![("STATUS", Align::Left), ("CLUSTER", Align::Left), ("AGE", Align::Right)];
        titles.extend(columns.iter().map(|column| (column.title.as_str(), Align::Right)));
        let rows: Vec<Vec<String>> = assessed.iter().map(|one| row(one, &columns, catalogue)).collect();
        let text = table::render(&titles, &rows);
        let least = columns.iter().map(|column| column.keep).min();
        match (style.width, least) {
            (Some(limit), Some(least)) if table::width(&text) > limit => columns.retain(|column| column.keep > least),
            _ => return coloured(&text, assessed, style),
        }
    }
}

/// The embedded file; a test keeps it readable and its names known.
fn columns(assessed: &[Assessed], catalogue: &Catalogue) -> Vec<Column> {
    let file: File = toml::from_str(COLUMNS).unwrap_or(File { column: Vec::new() });
    let is_needed = |column: &Column| {
        let last = column.show.last().map(String::as_str).unwrap_or_default();
        !column.only_above_zero
            || assessed.iter().any(|one| value_of(catalogue, &one.cluster, last).is_some_and(|(value, _)| value > 0.0))
    };
    file.column.into_iter().filter(is_needed).collect()
}

fn row(one: &Assessed, columns: &[Column], catalogue: &Catalogue) -> Vec<String> {
    let age = one.age.map_or_else(|| "never".to_owned(), words::age);
    let mut cells = vec![one.status.word().to_owned(), one.cluster.name.clone(), age];
    cells.extend(columns.iter().map(|column| {
        let parts: Vec<Option<String>> = column
            .show
            .iter()
            .map(|name| value_of(catalogue, &one.cluster, name).map(|(value, unit)| words::value(value, unit)))
            .collect();
        // Old values are not current ones: the reason underneath says since when.
        if !one.current || parts.iter().all(Option::is_none) {
            return NOT_MEASURED.to_owned();
        }
        parts.into_iter().map(|part| part.unwrap_or_else(|| NOT_MEASURED.to_owned())).collect::<Vec<_>>().join("/")
    }));
    cells
}

fn reasons(assessed: &[Assessed], style: &Style) -> String {
    let with_reasons = || assessed.iter().filter(|one| !one.reasons.is_empty());
    let words = with_reasons().map(|one| one.status.word().len()).max().unwrap_or(0);
    let names = with_reasons().map(|one| table::width(&one.cluster.name)).max().unwrap_or(0);
    let mut text = String::new();
    for one in with_reasons() {
        for reason in &one.reasons {
            let word = one.status.word();
            let line =
                table::hanging(&format!("  {word:<words$}  {:<names$}  ", one.cluster.name), reason, style.width);
            text.push_str(&line.replacen(word, &paint(word, one.status, style), 1));
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// Colour after layout, so that escape codes cannot disturb the columns.
fn coloured(text: &str, assessed: &[Assessed], style: &Style) -> String {
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        match index.checked_sub(1).and_then(|index| assessed.get(index)) {
            Some(one) => {
                out.push_str(&line.replacen(one.status.word(), &paint(one.status.word(), one.status, style), 1))
            }
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Words first, colour second: without colours nothing is lost.
pub fn paint(text: &str, status: Status, style: &Style) -> String {
    if !style.colour {
        return text.to_owned();
    }
    let code = match status {
        Status::Ok => "32",
        Status::Warn => "33",
        Status::Crit => "1;31",
        Status::Unknown | Status::NoData => "35",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::metric_entry::Subject;

    #[test]
    fn every_column_shows_metrics_that_exist() {
        let file: File = toml::from_str(COLUMNS).unwrap();
        let catalogue = Catalogue::load(&crate::settings::Settings::default()).unwrap();
        for name in file.column.iter().flat_map(|column| &column.show) {
            assert!(catalogue.find(Subject::Cluster, name).is_some(), "{name}");
        }
    }
}
