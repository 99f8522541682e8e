//! `stellar report`: one line a cluster, worst first, the reasons underneath.

use std::fmt::Write;

use serde::Deserialize;

use super::table::{self, Align};
use super::{Assessed, NOT_MEASURED, Status, Style, page, value_of};
use crate::catalogue::Catalogue;
use crate::sample::Millis;
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

/// The whole report; `faults` are sentences on rules.
pub fn render(
    assessed: &[Assessed],
    faults: &[String],
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
    text.push_str(&reasons(assessed, faults, style));
    if lines.contains(NOT_MEASURED) {
        let _ = write!(text, "\n  {NOT_MEASURED} = not measured, or not current (never drawn as 0)\n");
    }
    text
}

fn header(assessed: &[Assessed], now: Millis, last_run: Option<Millis>, style: &Style) -> String {
    let summary = match assessed.len() {
        0 => "no clusters".to_owned(),
        number => {
            format!("{}: {}", words::count(number, "cluster"), page::counted(assessed.iter().map(|one| one.status)))
        }
    };
    page::header(&summary, now, last_run, style)
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
            _ => return page::coloured(&text, assessed.iter().map(|one| one.status), style),
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

fn reasons(assessed: &[Assessed], faults: &[String], style: &Style) -> String {
    let told = assessed
        .iter()
        .flat_map(|one| one.reasons.iter().map(|reason| (one.cluster.name.as_str(), one.status, reason.as_str())));
    let faults = faults.iter().map(|fault| ("stellar", Status::Unknown, fault.as_str()));
    page::reasons(told.chain(faults), style)
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
