//! Tables of a report for the page.

use super::super::html;
use super::super::sheet::{Cell, Column, Sheet, Table};
use super::super::{Style, trend};
use super::shown;
use crate::words;

/// All tables that have rows, under these captions; with `links` each target leads to its section.
pub fn page_tables(sheet: &Sheet, captions: &[&str], links: bool, style: &Style) -> Vec<html::Table> {
    let tables = sheet.tables.iter().zip(captions).filter(|(table, _)| !table.rows.is_empty());
    tables.map(|(table, caption)| of_table(table, caption, links, style)).collect()
}

/// What the signs of tables mean.
pub fn signs() -> Vec<String> {
    super::legend(&format!("{}{}{}", super::super::NOT_MEASURED, trend::NO_SAMPLE, super::OVER_GAP))
}

fn of_table(table: &Table, caption: &str, links: bool, style: &Style) -> html::Table {
    let kept: Vec<(usize, &Column)> =
        table.columns.iter().enumerate().filter(|(_, column)| column.is_shown()).collect();
    let columns = kept.iter().map(|(_, column)| html::Column { title: column.title.clone(), numeric: column.right });
    let rows = table.rows.iter().map(|row| {
        kept.iter()
            .enumerate()
            .map(|(index, (place, column))| match row.cells.get(*place) {
                Some(Cell::Status(status)) => html::Cell::Status(*status),
                Some(Cell::Trend(values)) => html::Cell::Trend { values: values.clone(), words: told(values, column) },
                // The name of a target comes right behind its status.
                Some(Cell::Text(text)) if links && index == 1 => {
                    html::Cell::Link { text: text.clone(), section: text.clone() }
                }
                Some(cell) => html::Cell::Text(shown(cell, column, style)),
                None => html::Cell::Text(String::new()),
            })
            .collect()
    });
    html::Table { caption: caption.to_owned(), columns: columns.collect(), rows: rows.collect() }
}

/// A line in words, for those who cannot see it.
fn told(values: &[Option<f64>], column: &Column) -> String {
    let measured: Vec<f64> = values.iter().flatten().copied().collect();
    let least = measured.iter().copied().reduce(f64::min);
    let most = measured.iter().copied().reduce(f64::max);
    let text = |value: f64| column.unit.map_or_else(|| words::number(value), |unit| words::value(value, unit));
    match (least, most) {
        (Some(least), Some(most)) => {
            let missing = values.len() - measured.len();
            let missing =
                if missing > 0 { format!(", {missing} of {} without a sample", values.len()) } else { String::new() };
            format!("{}: {} to {}{missing}", column.title, text(least), text(most))
        }
        _ => format!("{}: no sample", column.title),
    }
}
