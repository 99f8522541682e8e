//! A report on a terminal or a pipe.

use super::super::sheet::{Column, Sheet, Table};
use super::super::table::{self, Align};
use super::super::{Status, Style, page};
use super::{legend, shown};

/// The whole report. Tables lose columns until they fit.
pub fn text(sheet: &Sheet, style: &Style) -> String {
    let mut text = head(sheet, style);
    let mut tables = String::new();
    for table in &sheet.tables {
        let drawn = drawn(table, style);
        if !drawn.is_empty() {
            tables.push('\n');
            tables.push_str(&drawn);
        }
    }
    let reasons = sheet.reasons.iter().map(|(about, status, reason)| (about.as_str(), *status, reason.as_str()));
    let explained = legend(&tables);
    text.push_str(&tables);
    text.push_str(&page::reasons(reasons, style));
    let mut notes = sheet.notes.clone();
    notes.extend((!explained.is_empty()).then(|| explained.join("   ")));
    if !notes.is_empty() {
        text.push('\n');
    }
    notes.iter().for_each(|note| text.push_str(&table::hanging("  ", note, style.width)));
    text
}

/// Who, how, when; as few lines as the terminal allows.
fn head(sheet: &Sheet, style: &Style) -> String {
    let mut parts = vec![table::harmless(&sheet.title)];
    parts.extend(sheet.range.map(|range| style.range(range)));
    parts.extend(sheet.facts.iter().map(|fact| table::harmless(fact)));
    let line = parts.join("   ");
    let mut text = match style.width {
        Some(limit) if table::width(&line) > limit => parts.join("\n") + "\n",
        _ => line + "\n",
    };
    if let Some(status) = sheet.status {
        text = text.replacen(status.word(), &page::paint(status.word(), status, style), 1);
    }
    text
}

fn drawn(table: &Table, style: &Style) -> String {
    if table.rows.is_empty() {
        return String::new();
    }
    let mut kept: Vec<(usize, &Column)> =
        table.columns.iter().enumerate().filter(|(_, column)| column.is_shown()).collect();
    let text = loop {
        let titles: Vec<(&str, Align)> = kept
            .iter()
            .map(|(_, column)| (column.title.as_str(), if column.right { Align::Right } else { Align::Left }))
            .collect();
        let cell = |row: &super::super::sheet::Row, place: usize, column: &Column| {
            row.cells.get(place).map(|cell| shown(cell, column, style)).unwrap_or_default()
        };
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| kept.iter().map(|(place, column)| cell(row, *place, column)).collect())
            .collect();
        let text = table::render(&titles, &rows);
        let least = kept.iter().map(|(_, column)| column.keep).min();
        match (style.width, least) {
            (Some(limit), Some(least))
                if table::width(&text) > limit && kept.iter().any(|(_, one)| one.keep > least) =>
            {
                kept.retain(|(_, column)| column.keep > least);
            }
            _ => break text,
        }
    };
    let statuses: Option<Vec<Status>> = table.rows.iter().map(status_of).collect();
    let text = match statuses {
        Some(statuses) => page::coloured(&text, statuses.into_iter(), style),
        None => text,
    };
    let heading = table.heading.as_ref().map_or_else(String::new, |heading| format!("{}\n", table::harmless(heading)));
    heading + &grouped(table, &text, style)
}

fn status_of(row: &super::super::sheet::Row) -> Option<Status> {
    row.cells.iter().find_map(|cell| match cell {
        super::super::sheet::Cell::Status(status) => Some(*status),
        _ => None,
    })
}

/// The lines of a table under the headings of their groups, none wider than the terminal.
fn grouped(table: &Table, text: &str, style: &Style) -> String {
    let mut out = String::new();
    let mut group: Option<&str> = None;
    let mut rows = table.rows.iter();
    for (index, line) in text.lines().enumerate() {
        let own = if index == 0 { None } else { rows.next().and_then(|row| row.group.as_deref()) };
        if let Some(own) = own.filter(|own| group != Some(*own)) {
            out.push_str(&format!("\n{}\n", table::harmless(own)));
            group = Some(own);
        }
        // Escape codes of colours have no width; a coloured line is not cut.
        let line = match style.width {
            Some(limit) if !line.contains('\u{1b}') => table::cut(line, limit),
            _ => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}
