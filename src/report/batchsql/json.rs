//! The report for programs: base units, `null` for what was not measured, never prose but for the reasons.

use serde_json::{Value, json};

use super::super::Style;
use super::super::json::{iso, metrics};
use super::model::{Cell, Report, name_of};
use super::view::Column;
use crate::catalogue::Catalogue;
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;

/// Raised when a key changes its meaning or goes away.
const SCHEMA: u32 = 1;

pub fn document(
    report: &Report,
    columns: &[Column],
    catalogue: &Catalogue,
    now: Millis,
    last_run: Option<Millis>,
    style: &Style,
) -> Value {
    let applications = report.applications.iter().map(|judged| {
        let own = &judged.application;
        let lines = report.lines.iter().filter(|line| line.application == own.name);
        let lines = lines.filter_map(|line| {
            let batch = line.batch.as_ref()?;
            let mut figures = serde_json::Map::new();
            for (column, cell) in columns.iter().zip(&line.cells) {
                figures.insert(column.key.clone(), figure(cell, column));
            }
            let name = name_of(&line.application, batch);
            let reasons = report.reasons.iter().filter(|(about, ..)| *about == name).map(|(_, _, reason)| reason);
            Some(json!({
                "database": &*batch.database,
                "table": &*batch.table,
                "test_name": &*batch.test_name,
                "status": line.status,
                "reasons": reasons.collect::<Vec<_>>(),
                "figures": figures,
            }))
        });
        let rows = own.batches.iter().map(|row| {
            json!({
                "database": &*row.batch.database,
                "table": &*row.batch.table,
                "test_name": &*row.batch.test_name,
                "idle": row.idle,
                "metrics": metrics(catalogue, Subject::Batch, &row.values),
            })
        });
        json!({
            "application": own.name,
            "environment": own.environment,
            "generation": own.generation,
            "current": judged.reason.is_none(),
            "reason": judged.reason,
            "last_answer_at": own.last_answer.map(|at| iso(at, style)),
            "ended_at": own.ended_at.map(|at| iso(at, style)),
            "failures_in_a_row": own.failures,
            "lines": lines.collect::<Vec<_>>(),
            "latest_snapshot": rows.collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": SCHEMA,
        "generated_at": iso(now, style),
        "last_run_at": last_run.map(|at| iso(at, style)),
        "applications": applications.collect::<Vec<_>>(),
    })
}

fn figure(cell: &Cell, column: &Column) -> Value {
    match cell {
        Cell::Value { value, .. } if column.drawn.is_none() => json!(value),
        Cell::Value { .. } => Value::Null,
        Cell::Drawn(points) => json!(points),
    }
}
