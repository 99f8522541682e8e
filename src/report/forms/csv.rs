//! The first table of a report as RFC 4180 has it: a line of names, CRLF, quotes where they are needed. What was not
//! measured is an empty field, base units and full precision otherwise; trends are left out.

use super::super::Style;
use super::super::json::iso;
use super::super::sheet::{Cell, Column, Row, Sheet};

pub fn csv(sheet: &Sheet, style: &Style) -> String {
    let Some(table) = sheet.tables.first() else { return String::new() };
    // Of every row the cells of one column are of one kind.
    let is_trend = |place: usize| table.rows.iter().any(|row| matches!(row.cells.get(place), Some(Cell::Trend(_))));
    let is_pair = |place: usize| table.rows.iter().any(|row| matches!(row.cells.get(place), Some(Cell::Of(..))));
    let columns: Vec<(usize, &Column)> =
        table.columns.iter().enumerate().filter(|(place, _)| !is_trend(*place)).collect();
    let names = columns.iter().flat_map(|(place, column)| {
        let whole = is_pair(*place).then(|| format!("{}_of", column.key));
        std::iter::once(column.key.clone()).chain(whole)
    });
    let mut text = line(names);
    for row in &table.rows {
        text.push_str(&line(columns.iter().flat_map(|(place, _)| fields(row, *place, is_pair(*place), style))));
    }
    text
}

fn fields(row: &Row, place: usize, pair: bool, style: &Style) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let field = match row.cells.get(place) {
        Some(Cell::Of(part, whole)) => return vec![number(part.value), number(whole.value)],
        None | Some(Cell::Empty | Cell::Trend(_)) => String::new(),
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Told(_, value)) => number(*value),
        Some(Cell::Flag(flag)) => flag.to_string(),
        Some(Cell::Status(status)) => status.word().to_owned(),
        Some(Cell::Value(measured) | Cell::Figure(measured, _)) => number(measured.value),
        Some(Cell::Moment(at)) => at.map(|at| iso(at, style)).unwrap_or_default(),
        Some(Cell::Lapse(lapse)) => number(lapse.map(|lapse| lapse.as_secs_f64())),
    };
    if pair { vec![field, String::new()] } else { vec![field] }
}

fn line(fields: impl Iterator<Item = String>) -> String {
    fields.map(|field| quoted(&field)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}
