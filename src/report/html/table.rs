//! Tables of a page. End tags that HTML does without are left out: there are thousands.

use std::fmt::Write;

use super::{Cell, Column, Table, anchor};
use crate::report::Status;
use crate::report::draw::escape::escaped;
use crate::report::draw::scale;

/// Scrolls by itself where it is wider than the window, also by keyboard.
pub fn table(out: &mut String, table: &Table) {
    let caption = escaped(&table.caption);
    let _ = write!(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\
         <table><caption><bdi>{caption}</bdi></caption><thead><tr>"
    );
    for Column { title, numeric } in &table.columns {
        let _ = write!(out, "<th scope=\"col\"{}><bdi>{}</bdi>", right(*numeric), escaped(title));
    }
    out.push_str("</thead><tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let numeric = table.columns.get(index).is_some_and(|column| column.numeric);
            let _ = write!(out, "<td{}>{}", right(numeric), content(cell));
        }
        out.push('\n');
    }
    out.push_str("</table></div>\n");
}

fn right(numeric: bool) -> &'static str {
    if numeric { " class=\"r\"" } else { "" }
}

fn content(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => format!("<bdi>{}</bdi>", escaped(text)),
        Cell::Status(status) => badge(*status),
        Cell::Link { text, section } => {
            format!("<a href=\"#{}\"><bdi>{}</bdi></a>", anchor(section), escaped(text))
        }
        Cell::Trend { values, words } => trend(values, words),
    }
}

/// The word first, the colour second.
pub fn badge(status: Status) -> String {
    let word = status.word();
    format!("<b class=\"status {}\">{word}</b>", word.to_ascii_lowercase())
}

/// The same heights as the letters of a terminal have; where there is no value the line is open.
fn trend(values: &[Option<f64>], words: &str) -> String {
    const STEP: usize = 4;
    const TALL: f64 = 20.0;
    let range = scale::with_zero(scale::extent(values.iter().flatten().copied()).unwrap_or_default());
    let (mut path, mut joined) = (String::new(), false);
    for (index, value) in values.iter().enumerate() {
        match value.filter(|value| scale::is_drawable(*value)) {
            Some(value) => {
                let (x, y) = (index * STEP + 2, (1.0 - scale::height(value, range)) * TALL + 2.0);
                let _ = match joined {
                    true => write!(path, "L{x} {y:.0}"),
                    // A value that stands alone is a dot.
                    false => write!(path, "M{x} {y:.0}h0"),
                };
                joined = true;
            }
            None => joined = false,
        }
    }
    let width = values.len().max(1) * STEP;
    let words = escaped(words);
    format!(
        "<svg class=\"trend\" viewBox=\"0 0 {width} 24\" width=\"{width}\" height=\"24\" role=\"img\" \
         aria-label=\"{words}\"><path d=\"{path}\"/></svg>"
    )
}
