//! `stellar report`: one line a target, worst first, the reasons underneath.

use std::collections::HashMap;

use serde::Deserialize;

use super::super::batchsql::Standing;
use super::super::sheet::{Cell, Column, Measured, Row, Sheet, Table};
use super::super::{Assessed, Status, Style, page};
use super::described;
use crate::alert::Verdict;
use crate::catalogue::Catalogue;
use crate::sample::{Millis, lapse};
use crate::settings::metric_entry::Subject;
use crate::words;

const FILE: &str = "conf/report/overview.toml";
const TEXT: &str = include_str!("../../../conf/report/overview.toml");

/// Behind the age of what is older than two intervals.
const LATE: &str = " !";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct View {
    column: Vec<Entry>,
}

/// A column of the overview, as the file declares it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    /// One metric, or two shown as "of".
    show: Vec<String>,
    /// The smaller, the earlier a narrow terminal loses it.
    keep: u8,
    /// Left out when the last metric is nowhere above zero.
    #[serde(default)]
    only_above_zero: bool,
}

/// What was drawn of each cluster, by its name, and what stands above it.
#[derive(Debug, Default)]
pub struct Trends {
    pub title: String,
    pub of: HashMap<String, Vec<Option<f64>>>,
}

/// What the overview is made of.
pub struct Asked<'a> {
    pub assessed: &'a [Assessed],
    pub applications: &'a [Standing],
    pub verdict: &'a Verdict,
    pub trends: &'a Trends,
    pub last_run: Option<Millis>,
    pub now: Millis,
}

/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn sheet(asked: &Asked, catalogue: &Catalogue, style: &Style) -> Result<Sheet, String> {
    let Asked { assessed, applications, .. } = asked;
    let view: View = described(FILE, TEXT)?;
    let mut sheet = Sheet::new("overview", title(assessed, applications));
    sheet.facts = vec![page::when(asked.now, asked.last_run, style)];
    sheet.tables.push(clusters(&view, asked, catalogue));
    if !applications.is_empty() {
        sheet.tables.push(of_applications(applications, asked.now));
    }
    if assessed.iter().any(|one| one.late) {
        sheet.notes.push("! = older than two intervals".to_owned());
    }
    for one in *assessed {
        let told = one.reasons.iter().map(|reason| (one.cluster.name.clone(), one.status, reason.clone()));
        sheet.reasons.extend(told);
    }
    for one in *applications {
        sheet.reasons.extend(one.reasons.iter().map(|reason| (one.name.clone(), one.status, reason.clone())));
    }
    sheet.reasons.sort_by_key(|(_, status, _)| std::cmp::Reverse(*status));
    let faults = asked.verdict.faults.iter();
    sheet.reasons.extend(faults.map(|fault| ("stellar".to_owned(), Status::Unknown, fault.clone())));
    Ok(sheet)
}

fn title(assessed: &[Assessed], applications: &[Standing]) -> String {
    let mut parts = Vec::new();
    if !assessed.is_empty() || applications.is_empty() {
        let counted = page::counted(assessed.iter().map(|one| one.status));
        parts.push(match assessed.len() {
            0 => "no clusters".to_owned(),
            number => format!("{}: {counted}", words::count(number, "cluster")),
        });
    }
    if !applications.is_empty() {
        let counted = page::counted(applications.iter().map(|one| one.status));
        parts.push(format!("{}: {counted}", words::count(applications.len(), "application")));
    }
    parts.join("; ")
}

fn clusters(view: &View, asked: &Asked, catalogue: &Catalogue) -> Table {
    let of = |one: &Assessed, name: &str| {
        let place = catalogue.stored(Subject::Cluster).position(|metric| metric.name() == name)?;
        one.cluster.values.get(place).copied().flatten()
    };
    let is_needed = |entry: &&Entry| {
        let last = entry.show.last().map(String::as_str).unwrap_or_default();
        !entry.only_above_zero || asked.assessed.iter().any(|one| of(one, last).is_some_and(|value| value > 0.0))
    };
    let shown: Vec<&Entry> = view.column.iter().filter(is_needed).collect();
    let mut columns = vec![
        Column::text("status", "STATUS", 10),
        Column::text("cluster", "CLUSTER", 10),
        Column { right: true, ..Column::text("age_seconds", "AGE", 10) },
    ];
    columns.extend(shown.iter().filter_map(|entry| {
        let metric = catalogue.find(Subject::Cluster, entry.show.first()?)?;
        Some(Column::figure(metric.name(), &entry.title, metric.entry.unit, entry.keep))
    }));
    if !asked.trends.of.is_empty() {
        columns.push(Column::text("trend", &asked.trends.title, 1));
    }
    let row = |one: &Assessed| {
        let mark = if one.late { LATE } else { "" };
        let age = one.age.map(|age| Cell::Told(words::age(age) + mark, Some(age.as_secs_f64())));
        let age = age.unwrap_or_else(|| Cell::Told("never".to_owned(), None));
        let mut cells = vec![Cell::Status(one.status), one.cluster.name.as_str().into(), age];
        cells.extend(shown.iter().map(|entry| {
            // Old values are not current ones: the reason underneath says since when.
            let value = |name: &String| Measured::of(of(one, name).filter(|_| one.current));
            match entry.show.as_slice() {
                [part, whole] => Cell::Of(value(part), value(whole)),
                [single] => Cell::Value(value(single)),
                _ => Cell::Empty,
            }
        }));
        if !asked.trends.of.is_empty() {
            cells.push(Cell::Trend(asked.trends.of.get(&one.cluster.name).cloned().unwrap_or_default()));
        }
        Row { group: None, cells }
    };
    Table { key: "clusters", heading: None, columns, rows: asked.assessed.iter().map(row).collect() }
}

fn of_applications(applications: &[Standing], now: Millis) -> Table {
    let columns = vec![
        Column::text("status", "STATUS", 10),
        Column::text("application", "APPLICATION", 10),
        Column::text("environment", "ENV", 5),
        Column { right: true, ..Column::text("age_seconds", "AGE", 9) },
        Column::text("generation", "GENERATION", 3),
        Column { right: true, ..Column::text("label_sets", "LABEL SETS", 4) },
    ];
    let row = |one: &Standing| {
        let text = |text: &Option<String>| text.as_deref().map_or(Cell::Empty, Cell::from);
        let age = one.last_answer.map(|at| lapse(now - at));
        let cells = vec![
            Cell::Status(one.status),
            one.name.as_str().into(),
            text(&one.environment),
            age.map_or(Cell::Told("never".to_owned(), None), |age| Cell::Lapse(Some(age))),
            text(&one.generation),
            Cell::Told(one.label_sets.to_string(), Some(one.label_sets as f64)),
        ];
        Row { group: None, cells }
    };
    Table { key: "applications", heading: None, columns, rows: applications.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_column_shows_metrics_that_exist() {
        let view: View = described(FILE, TEXT).unwrap();
        let catalogue = Catalogue::load(&Settings::default()).unwrap();
        for name in view.column.iter().flat_map(|entry| &entry.show) {
            assert!(catalogue.find(Subject::Cluster, name).is_some(), "{name}");
        }
    }
}
