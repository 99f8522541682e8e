//! `stellar report --daily`: one line a day and cluster, gaps included.

use jiff::civil::Date;
use serde::Deserialize;

use super::super::sheet::{Cell, Column, Range, Row, Sheet, Table};
use super::{described, is_meant};
use crate::catalogue::{Catalogue, Metric};
use crate::settings::metric_entry::{Statistic, Subject};
use crate::words;

const FILE: &str = "conf/report/daily.toml";
const TEXT: &str = include_str!("../../../conf/report/daily.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct View {
    column: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    show: String,
    statistic: String,
    keep: u8,
}

/// A daily figure of a metric and what stands above it.
#[derive(Debug)]
pub struct Figure<'c> {
    pub metric: &'c Metric,
    pub statistic: Statistic,
    title: String,
    keep: u8,
}

/// What to show: the columns of the file, or every daily figure of the metrics that somebody named.
///
/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn figures<'c>(
    catalogue: &'c Catalogue,
    metrics: &[String],
    categories: &[String],
) -> Result<Vec<Figure<'c>>, String> {
    if metrics.is_empty() && categories.is_empty() {
        let view: View = described(FILE, TEXT)?;
        return view
            .column
            .into_iter()
            .map(|entry| {
                let found = catalogue.find(Subject::Cluster, &entry.show).and_then(|metric| {
                    let statistic = metric.entry.daily.iter().find(|one| one.name() == entry.statistic)?;
                    Some((metric, *statistic))
                });
                let (metric, statistic) = found.ok_or_else(|| format!("{FILE}: {} {}", entry.show, entry.statistic))?;
                Ok(Figure { metric, statistic, title: entry.title, keep: entry.keep })
            })
            .collect();
    }
    let meant = catalogue
        .stored(Subject::Cluster)
        .filter(|metric| is_meant(metric.name(), metrics) && is_meant(&metric.entry.category, categories));
    let of_metric = |metric: &'c Metric| {
        metric.entry.daily.iter().map(move |statistic| {
            let title = format!("{} {}", metric.name(), statistic.name()).replace('_', " ").to_uppercase();
            Figure { metric, statistic: *statistic, title, keep: 5 }
        })
    };
    Ok(meant.flat_map(of_metric).collect())
}

/// A day of a cluster; figures in the order that was asked for.
#[derive(Clone, Debug)]
pub struct Day {
    pub cluster: String,
    pub date: Date,
    pub samples: i64,
    pub expected: i64,
    pub figures: Vec<Option<f64>>,
    /// It is not over.
    pub running: bool,
}

/// Below this share of its samples a day is partial.
const WHOLE: f64 = 0.9;

/// Days in the order of cluster and date.
pub fn sheet(days: &[Day], figures: &[Figure], clusters: usize, range: Range) -> Sheet {
    let mut columns = vec![
        if clusters > 1 { Column::text("cluster", "CLUSTER", 9) } else { Column::hidden("cluster") },
        Column::text("day", "DAY", 9),
    ];
    columns.extend(figures.iter().map(|figure| {
        let key = crate::store::daily::daily_column(figure.metric.name(), figure.statistic);
        Column::figure(&key, &figure.title, figure.metric.entry.unit, figure.keep)
    }));
    columns.push(Column { right: true, ..Column::text("samples", "SAMPLES", 8) });
    columns.push(Column::hidden("expected"));
    columns.push(Column { right: true, ..Column::text("covered_ratio", "OF DAY", 9) });
    columns.push(Column::hidden("running"));
    let with_data = days.iter().filter(|day| day.samples > 0).count();
    let is_partial = |day: &Day| day.samples > 0 && (day.samples as f64) < WHOLE * day.expected as f64;
    let partial = days.iter().filter(|day| is_partial(day)).count();
    let row = |day: &Day| {
        let mut cells = vec![day.cluster.as_str().into(), Cell::Text(day.date.to_string())];
        cells.extend(day.figures.iter().map(|figure| Cell::from(*figure)));
        let share = words::share(day.samples, day.expected);
        let samples = words::grouped(u64::try_from(day.samples).unwrap_or_default());
        cells.push(Cell::Told(samples, Some(day.samples as f64)));
        cells.push(Cell::Told(String::new(), Some(day.expected as f64)));
        let covered = (day.expected > 0).then(|| (day.samples as f64 / day.expected as f64).min(1.0));
        let mark = if is_partial(day) { " !" } else { "" };
        let so_far = if day.running { " so far" } else { "" };
        cells.push(Cell::Told(format!("{share}{mark}{so_far}"), covered));
        cells.push(Cell::Flag(day.running));
        Row { group: None, cells }
    };
    let title = match days.len() {
        0 => "no day".to_owned(),
        number => format!("{}: {with_data} with data, {partial} partial", words::count(number, "day")),
    };
    let mut sheet = Sheet { range: Some(range), ..Sheet::new("daily", title) };
    sheet.tables.push(Table { key: "days", heading: None, columns, rows: days.iter().map(row).collect() });
    if partial > 0 {
        sheet.notes.push("! = below 90% of the samples; per cents are rounded down".to_owned());
    }
    if with_data < days.len() {
        sheet.notes.push("days without samples were not collected; stellar report --gaps says why".to_owned());
    }
    sheet
}
