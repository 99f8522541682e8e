//! The report of applications as tables of cells, for every form.

use super::super::sheet::{Cell, Column, Row, Sheet, Table};
use super::super::{NOT_MEASURED, Style, page};
use super::model::{self, Line, Report, shown};
use super::view;
use crate::sample::Millis;
use crate::words;

pub fn sheet(report: &Report, columns: &[view::Column], now: Millis, last_run: Option<Millis>, style: &Style) -> Sheet {
    let mut sheet = Sheet::new("batchsql", title(report));
    sheet.facts = vec![page::when(now, last_run, style)];
    sheet.tables.push(table(report, columns));
    sheet.reasons = report.reasons.clone();
    let is_of_whole = |cell: &model::Cell| matches!(cell, model::Cell::Value { value: Some(_), of_whole: true });
    if report.lines.iter().flat_map(|line| &line.cells).any(is_of_whole) {
        sheet.notes.push("* = of the whole database or application".to_owned());
    }
    if report.idle > 0 {
        let sets = words::count(report.idle, "label set");
        sheet.notes.push(format!("{sets} under which nothing ever ran left out (include_idle = true shows them)"));
    }
    let dashboards = report.dashboards.iter();
    sheet.notes.extend(dashboards.map(|(environment, url)| format!("dashboards of {environment}: {url}")));
    sheet
}

fn title(report: &Report) -> String {
    match report.applications.len() {
        0 => "no applications".to_owned(),
        number => {
            let lines = words::count(report.lines.len(), "line");
            let counted = page::counted(report.lines.iter().map(|line| line.status));
            format!("{}, {lines}: {counted}", words::count(number, "application"))
        }
    }
}

fn table(report: &Report, columns: &[view::Column]) -> Table {
    let has = |text: fn(&Line) -> bool| report.lines.iter().any(text);
    let head = |key: &str, title: &str, shown: bool| match shown {
        true => Column::text(key, title, 10),
        false => Column::hidden(key),
    };
    let mut heads = vec![
        head("status", "STATUS", true),
        head("application", "APP", true),
        head("environment", "ENV", has(|line| line.environment.is_some())),
        head("database", "DATABASE", true),
        head("table", "TABLE", has(|line| line.batch.as_ref().is_some_and(|batch| !batch.table.is_empty()))),
        head("test_name", "TEST", has(|line| line.batch.as_ref().is_some_and(|batch| !batch.test_name.is_empty()))),
    ];
    let measured = |place: usize| {
        report.lines.iter().filter_map(|line| line.cells.get(place)).any(|cell| match cell {
            model::Cell::Value { value, .. } => value.is_some(),
            model::Cell::Drawn(points) => points.iter().any(Option::is_some),
        })
    };
    let kept: Vec<(usize, &view::Column)> =
        columns.iter().enumerate().filter(|(place, column)| !column.only_where_measured || measured(*place)).collect();
    heads.extend(kept.iter().map(|(_, column)| match column.drawn {
        Some(_) => Column::text(&column.key, &column.title, column.keep),
        None => Column::figure(&column.key, &column.title, column.unit, column.keep),
    }));
    let row = |line: &Line| {
        let mut cells = vec![Cell::Status(line.status), line.application.as_str().into()];
        cells.push(line.environment.as_deref().map_or(Cell::Empty, Cell::from));
        match &line.batch {
            Some(batch) => cells.extend(batch.texts().map(|text| Cell::from(&**text))),
            None => cells.extend([Cell::Told(NOT_MEASURED.to_owned(), None), Cell::Empty, Cell::Empty]),
        }
        cells.extend(kept.iter().map(|(place, column)| cell(line.cells.get(*place), column)));
        Row { group: None, cells }
    };
    Table { key: "lines", heading: None, columns: heads, rows: report.lines.iter().map(row).collect() }
}

fn cell(cell: Option<&model::Cell>, column: &view::Column) -> Cell {
    match cell {
        Some(model::Cell::Value { value: Some(value), of_whole }) => {
            Cell::Told(format!("{}{}", shown(*value, column), if *of_whole { "*" } else { "" }), Some(*value))
        }
        Some(model::Cell::Drawn(points)) => Cell::Trend(points.clone()),
        _ => match column.drawn {
            Some(slots) => Cell::Trend(vec![None; usize::try_from(slots.over / slots.step).unwrap_or(0)]),
            None => Cell::from(None),
        },
    }
}
