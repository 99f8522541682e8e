//! The report for people.

use std::fmt::Write;

use super::super::table::{self, Align};
use super::super::{NOT_MEASURED, Style, page, trend};
use super::model::{Cell, Line, Report, shown};
use super::view::Column;
use crate::sample::Millis;
use crate::words;

/// The whole report.
pub fn render(report: &Report, columns: &[Column], now: Millis, last_run: Option<Millis>, style: &Style) -> String {
    let mut text = header(report, now, last_run, style);
    if report.lines.is_empty() {
        return text;
    }
    let lines = lines(report, columns, style);
    let _ = write!(text, "\n{lines}");
    let told = report.reasons.iter().map(|(name, status, reason)| (name.as_str(), *status, reason.as_str()));
    text.push_str(&page::reasons(told, style));
    let mut notes = Vec::new();
    if lines.contains(NOT_MEASURED) {
        notes.push(format!("{NOT_MEASURED} = not measured (never drawn as 0)"));
    }
    if lines.contains(trend::NO_SAMPLE) {
        notes.push(format!("{} = no sample", trend::NO_SAMPLE));
    }
    if lines.contains('*') {
        notes.push("* = of the whole database or application".to_owned());
    }
    if !notes.is_empty() {
        let _ = write!(text, "\n{}", table::hanging("  ", &notes.join("   "), style.width));
    }
    if report.idle > 0 {
        let sets = words::count(report.idle, "label set");
        let note = format!("{sets} under which nothing ever ran left out (include_idle = true shows them)");
        text.push_str(&table::hanging("  ", &note, style.width));
    }
    for (environment, url) in &report.dashboards {
        text.push_str(&table::hanging("  ", &format!("dashboards of {environment}: {url}"), style.width));
    }
    text
}

fn header(report: &Report, now: Millis, last_run: Option<Millis>, style: &Style) -> String {
    let summary = match report.applications.len() {
        0 => "no applications".to_owned(),
        number => {
            let lines = words::count(report.lines.len(), "line");
            let counted = page::counted(report.lines.iter().map(|line| line.status));
            format!("{}, {lines}: {counted}", words::count(number, "application"))
        }
    };
    page::header(&summary, now, last_run, style)
}

fn lines(report: &Report, columns: &[Column], style: &Style) -> String {
    let measured = |place: usize| {
        report.lines.iter().filter_map(move |line| line.cells.get(place)).any(|cell| match cell {
            Cell::Value { value, .. } => value.is_some(),
            Cell::Drawn(points) => points.iter().any(Option::is_some),
        })
    };
    let mut kept: Vec<usize> = (0..columns.len())
        .filter(|place| columns.get(*place).is_some_and(|column| !column.only_where_measured || measured(*place)))
        .collect();
    let has = |text: fn(&Line) -> bool| report.lines.iter().any(text);
    let heads: [(&str, bool); 6] = [
        ("STATUS", true),
        ("APP", true),
        ("ENV", has(|line| line.environment.is_some())),
        ("DATABASE", true),
        ("TABLE", has(|line| line.batch.as_ref().is_some_and(|batch| !batch.table.is_empty()))),
        ("TEST", has(|line| line.batch.as_ref().is_some_and(|batch| !batch.test_name.is_empty()))),
    ];
    loop {
        let mut titles: Vec<(&str, Align)> =
            heads.iter().filter(|(_, shown)| *shown).map(|(title, _)| (*title, Align::Left)).collect();
        let shown: Vec<&Column> = kept.iter().filter_map(|place| columns.get(*place)).collect();
        titles.extend(
            shown
                .iter()
                .map(|column| (column.title.as_str(), if column.drawn.is_some() { Align::Left } else { Align::Right })),
        );
        let rows: Vec<Vec<String>> = report
            .lines
            .iter()
            .map(|line| {
                let heads = heads.iter().zip(head(line)).filter(|((_, shown), _)| *shown).map(|(_, text)| text);
                heads.chain(kept.iter().map(|place| cell(line, *place, columns))).collect()
            })
            .collect();
        let text = table::render(&titles, &rows);
        let least = shown.iter().map(|column| column.keep).min();
        match (style.width, least) {
            (Some(limit), Some(least)) if table::width(&text) > limit => {
                kept.retain(|place| columns.get(*place).is_some_and(|column| column.keep > least));
            }
            _ => return page::coloured(&text, report.lines.iter().map(|line| line.status), style),
        }
    }
}

fn head(line: &Line) -> [String; 6] {
    let [database, table, test_name] = match &line.batch {
        Some(batch) => batch.texts().map(|text| text.to_string()),
        None => [NOT_MEASURED.to_owned(), String::new(), String::new()],
    };
    let environment = line.environment.clone().unwrap_or_default();
    [line.status.word().to_owned(), line.application.clone(), environment, database, table, test_name]
}

fn cell(line: &Line, place: usize, columns: &[Column]) -> String {
    match (line.cells.get(place), columns.get(place)) {
        (Some(Cell::Value { value: Some(value), of_whole }), Some(column)) => {
            format!("{}{}", shown(*value, column), if *of_whole { "*" } else { "" })
        }
        (Some(Cell::Drawn(points)), _) => trend::drawn(points),
        (_, Some(Column { drawn: Some(slots), .. })) => {
            let slots = usize::try_from(slots.over / slots.step).unwrap_or(0);
            trend::NO_SAMPLE.to_string().repeat(slots)
        }
        _ => NOT_MEASURED.to_owned(),
    }
}
