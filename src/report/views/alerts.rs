//! `stellar report --alerts`: what fired, when, for how long, and why.

use super::super::Status;
use super::super::sheet::{Cell, Column, Range, Row, Sheet, Table};
use crate::alert::Severity;
use crate::alert::rule::{ALERTNAME, SUMMARY};
use crate::sample::{Labels, Millis, lapse};
use crate::settings::Kind;
use crate::settings::metric_entry::Unit;
use crate::store::alerts::Fired;
use crate::words;

/// Newest first, as they come.
pub fn sheet(fired: &[Fired], range: Range, now: Millis) -> Sheet {
    let firing = fired.iter().filter(|one| one.resolved_at.is_none()).count();
    let counted = match (fired.len(), firing) {
        (0, _) => "no alert fired".to_owned(),
        (all, 0) => words::count(all, "alert"),
        (all, firing) => format!("{}, {firing} still firing", words::count(all, "alert")),
    };
    let columns = vec![
        Column::text("status", "STATUS", 9),
        Column { right: true, ..Column::text("fired_at", "FIRED", 8) },
        Column::hidden("resolved_at"),
        Column { unit: Some(Unit::Seconds), right: true, ..Column::text("fired_for_seconds", "FOR", 7) },
        Column::text("target", "TARGET", 9),
        Column::text("alert", "ALERT", 6),
        Column::text("summary", "WHY", 9),
        Column::hidden("severity"),
    ];
    let rows = fired.iter().map(|one| row(one, now)).collect();
    Sheet {
        range: Some(range),
        tables: vec![Table { key: "alerts", heading: None, columns, rows }],
        ..Sheet::new("alerts", counted)
    }
}

fn row(one: &Fired, now: Millis) -> Row {
    let status = match one.resolved_at {
        Some(_) => Status::Ok,
        None => Status::of_severity(Severity::of(&one.severity)),
    };
    let summary = one.annotations.iter().find(|(name, _)| **name == *SUMMARY).map(|(_, text)| text.as_str());
    let cells = vec![
        Cell::Status(status),
        Cell::Moment(Some(one.fired_at)),
        one.resolved_at.map_or(Cell::Empty, |at| Cell::Moment(Some(at))),
        Cell::Lapse(Some(lapse(one.resolved_at.unwrap_or(now) - one.fired_at))),
        Cell::Text(about(&one.labels)),
        Cell::Text(one.labels.get(ALERTNAME).map(ToString::to_string).unwrap_or_default()),
        summary.unwrap_or_default().into(),
        // Without the label it is a warning, as the check said.
        if one.severity.is_empty() { Severity::of("").word().into() } else { one.severity.as_str().into() },
    ];
    Row { group: None, cells }
}

/// `shop`, `etl/mysql/nightly`; of the collector itself, `stellar`.
pub fn about(labels: &Labels) -> String {
    use crate::catalogue::batch::Batch;
    let target = [Kind::Cluster, Kind::Application].into_iter().find_map(|kind| labels.get(kind.name()));
    let Some(target) = target else { return "stellar".to_owned() };
    let of_batch = Batch::LABELS.into_iter().filter(|_| labels.get(Kind::Application.name()).is_some());
    let parts = of_batch.filter_map(|label| labels.get(label)).map(|value| &**value);
    std::iter::once(&**target).chain(parts).collect::<Vec<_>>().join("/")
}
