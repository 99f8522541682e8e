//! A report to be pasted into a ticket or a wiki.

use super::super::sheet::{Column, Sheet, Table};
use super::super::{Style, table};
use super::{legend, shown};

pub fn markdown(sheet: &Sheet, style: &Style) -> String {
    let mut text = format!("## {}\n", escaped(&sheet.title));
    let about: Vec<String> =
        sheet.range.map(|range| style.range(range)).into_iter().chain(sheet.facts.iter().cloned()).collect();
    if !about.is_empty() {
        text.push_str(&format!("\n{}\n", escaped(&about.join("; "))));
    }
    let mut tables = String::new();
    for table in sheet.tables.iter().filter(|table| !table.rows.is_empty()) {
        tables.push_str(&of_table(table, style));
    }
    let explained = legend(&tables);
    text.push_str(&tables);
    if !sheet.reasons.is_empty() {
        text.push('\n');
    }
    for (about, status, reason) in &sheet.reasons {
        text.push_str(&format!("- **{}** {}: {}\n", status.word(), escaped(about), escaped(reason)));
    }
    for note in sheet.notes.iter().chain((!explained.is_empty()).then(|| explained.join(", ")).iter()) {
        text.push_str(&format!("\n{}\n", escaped(note)));
    }
    text
}

fn of_table(table: &Table, style: &Style) -> String {
    let columns: Vec<(usize, &Column)> =
        table.columns.iter().enumerate().filter(|(_, column)| column.is_shown()).collect();
    let mut text = table.heading.as_ref().map_or_else(String::new, |heading| format!("\n### {}\n", escaped(heading)));
    let titles: Vec<String> = columns.iter().map(|(_, column)| escaped(&column.title)).collect();
    let rules: Vec<&str> = columns.iter().map(|(_, column)| if column.right { "---:" } else { "---" }).collect();
    let head = format!("\n| {} |\n| {} |\n", titles.join(" | "), rules.join(" | "));
    let mut group = None;
    for (index, row) in table.rows.iter().enumerate() {
        if row.group != group {
            group.clone_from(&row.group);
            text.push_str(&group.iter().map(|group| format!("\n#### {}\n", escaped(group))).collect::<String>());
            text.push_str(&head);
        } else if index == 0 {
            text.push_str(&head);
        }
        let cells: Vec<String> = columns
            .iter()
            .map(|(place, column)| {
                row.cells.get(*place).map(|cell| escaped(&shown(cell, column, style))).unwrap_or_default()
            })
            .collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Text of others makes no tables, no links and no HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in table::harmless(text).chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}
