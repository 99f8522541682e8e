//! A report for programs: base units with the unit in the key, `null` for what was not measured.

use serde_json::{Map, Value, json};

use super::super::Style;
use super::super::json::{iso, number};
use super::super::sheet::{Cell, Measured, Row, Sheet, Table};
use crate::sample::Millis;

/// Raised when a key changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// The whole report as one document: a key a table, with a list of its rows.
pub fn document(sheet: &Sheet, now: Millis, style: &Style) -> Value {
    let mut document = Map::new();
    document.insert("schema".to_owned(), json!(SCHEMA));
    document.insert("view".to_owned(), json!(sheet.view));
    document.insert("generated_at".to_owned(), json!(iso(now, style)));
    if let Some(range) = sheet.range {
        document.insert("since".to_owned(), json!(iso(range.since, style)));
        document.insert("until".to_owned(), json!(iso(range.until, style)));
    }
    if let Some(status) = sheet.status {
        document.insert("status".to_owned(), json!(status));
    }
    for table in &sheet.tables {
        let rows = table.rows.iter().map(|row| Value::Object(object(table, row, style)));
        document.insert(table.key.to_owned(), rows.collect());
    }
    let reasons = sheet
        .reasons
        .iter()
        .map(|(about, status, reason)| json!({ "about": about, "status": status, "reason": reason }));
    document.insert("reasons".to_owned(), reasons.collect());
    Value::Object(document)
}

/// One object a row of every table, each on a line of its own; `table` says of which.
pub fn lines(sheet: &Sheet, style: &Style) -> String {
    let mut text = String::new();
    for table in &sheet.tables {
        for row in &table.rows {
            let mut line = Map::new();
            line.insert("table".to_owned(), json!(table.key));
            line.extend(object(table, row, style));
            text.push_str(&Value::Object(line).to_string());
            text.push('\n');
        }
    }
    text
}

fn object(table: &Table, row: &Row, style: &Style) -> Map<String, Value> {
    let mut object = Map::new();
    for (column, cell) in table.columns.iter().zip(&row.cells) {
        if let Cell::Of(part, whole) = cell {
            object.insert(column.key.clone(), number(part.value));
            object.insert(format!("{}_of", column.key), number(whole.value));
            continue;
        }
        object.insert(column.key.clone(), value(cell, style));
        if let Cell::Value(Measured { over_gap: true, .. }) | Cell::Figure(Measured { over_gap: true, .. }, _) = cell {
            object.insert(format!("{}_over_gap", column.key), json!(true));
        }
    }
    object
}

fn value(cell: &Cell, style: &Style) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Told(_, value) => number(*value),
        Cell::Flag(flag) => json!(flag),
        Cell::Status(status) => json!(status),
        Cell::Value(measured) | Cell::Figure(measured, _) | Cell::Of(measured, _) => number(measured.value),
        Cell::Moment(at) => at.map_or(Value::Null, |at| json!(iso(at, style))),
        Cell::Lapse(lapse) => json!(lapse.map(|lapse| lapse.as_secs_f64())),
        Cell::Trend(values) => values.iter().map(|value| number(*value)).collect(),
    }
}
