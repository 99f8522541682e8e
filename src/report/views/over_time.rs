//! `stellar report --cluster NAME`: every metric of one target over a time, with its least, average and greatest value
//! and a line of letters.

use serde::Deserialize;

use super::super::sheet::{Cell, Column, Measured, Range, Row, Sheet, Table};
use super::super::{Assessed, draw};
use super::{described, restarts_in};
use crate::catalogue::Metric;
use crate::days::fold::Fold;
use crate::promql::Window;
use crate::sample::Millis;
use crate::settings::metric_entry::Statistic;
use crate::store::read::past::Past;
use crate::words;

const FILE: &str = "conf/report/cluster.toml";
const TEXT: &str = include_str!("../../../conf/report/cluster.toml");

/// What reports on one target know by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// Above 0 where something restarted.
    pub restarts: String,
    /// What the overview draws.
    pub trend: String,
    pub trend_title: String,
    /// What pictures draw when nobody asks for others, and the trends for programs.
    pub performance: Vec<String>,
    pub resources: Vec<String>,
}

impl View {
    /// All that pictures draw.
    pub fn charts(&self) -> Vec<String> {
        self.performance.iter().chain(&self.resources).cloned().collect()
    }
}

/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn view() -> Result<View, String> {
    described(FILE, TEXT)
}

/// How many letters a day has.
pub const LETTERS: usize = 24;

const SHOWN: [Statistic; 5] = [Statistic::Last, Statistic::Min, Statistic::Avg, Statistic::P95, Statistic::Max];

/// A metric over a time.
pub struct Curve<'a> {
    pub metric: &'a Metric,
    pub past: &'a Past,
    /// The values, one a moment of the past.
    pub values: &'a [Option<f64>],
}

/// What is long enough between two snapshots to be a gap, in intervals.
const GAP: f64 = 1.5;

impl Curve<'_> {
    /// Whether the value at a place is an average over a time that nobody saw: the metric is reckoned from the previous
    /// collection on, and that is longer ago than it should be.
    fn is_over_gap(&self, place: usize) -> bool {
        let moments = &self.past.moments;
        let Some(own) = moments.get(place) else { return false };
        let before = place.checked_sub(1).and_then(|place| moments.get(place)).map(|one| one.at).or(self.past.before);
        let is_long = before.is_some_and(|before| (own.at - before) as f64 > GAP * own.interval as f64);
        is_long
            && own.covered.is_none()
            && self.metric.entry.expr.selectors().iter().any(|selector| selector.window == Window::Interval)
    }

    /// The figures that `statistics` names.
    pub fn figures(&self, statistics: &[Statistic]) -> Vec<Option<f64>> {
        let mut fold = Fold::new([statistics].into_iter());
        for (weight, value) in self.past.weights.iter().zip(self.values) {
            if let Some(value) = value {
                fold.add(0, *value, *weight as f64);
            }
        }
        fold.finish()
    }

    /// One average a slot of the range; `None` where nothing was measured.
    pub fn slots(&self, range: Range, count: usize) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0.0); count];
        let length = (range.until - range.since).max(1);
        let snapshots = self.past.moments.iter().zip(&self.past.weights);
        for ((moment, weight), value) in snapshots.zip(self.values) {
            let weight = (*weight).max(1) as f64;
            let slot = (moment.at - range.since) as i128 * count as i128 / length as i128;
            let slot = usize::try_from(slot).ok().and_then(|slot| sums.get_mut(slot));
            if let (Some(value), Some((sum, total))) = (value, slot) {
                (*sum, *total) = (*sum + value * weight, *total + weight);
            }
        }
        sums.into_iter().map(|(sum, total)| (total > 0.0).then(|| sum / total)).collect()
    }

    /// As a line of a chart.
    pub fn line(&self, name: &str) -> draw::Line {
        let points = self.past.moments.iter().zip(self.values).enumerate();
        let points = points.filter_map(|(place, (moment, value))| {
            Some(draw::Dot { at: moment.at, value: (*value)?, over_gap: self.is_over_gap(place) })
        });
        draw::Line { name: name.to_owned(), points: points.collect() }
    }

    /// The newest value, if it is of the newest snapshot.
    fn now(&self, current: bool) -> Measured {
        let place = self.values.len().saturating_sub(1);
        let value = self.values.last().copied().flatten().filter(|_| current);
        Measured { value, over_gap: value.is_some() && self.is_over_gap(place) }
    }
}

/// The snapshots of the past that there are, and how many there should be.
pub fn coverage(past: &Past) -> String {
    let (made, expected) = (past.answered as u64, u64::try_from(past.expected).unwrap_or_default());
    let share = if expected == 0 {
        String::new()
    } else {
        format!(" ({})", words::per_cent_down(made as f64 / expected as f64, 1))
    };
    format!("{} of {} samples{share}", words::grouped(made), words::grouped(expected))
}

/// The metrics of one target. Those of which the range has no value are counted, not shown, unless somebody named them.
pub fn sheet(one: &Assessed, curves: &[Curve], range: Range, named: bool) -> Sheet {
    let mut columns = vec![Column::text("metric", "METRIC", 9), Column::hidden("category"), Column::hidden("unit")];
    for (key, title, keep) in
        [("now", "NOW", 9), ("min", "MIN", 5), ("avg", "AVG", 8), ("p95", "P95", 6), ("max", "MAX", 7)]
    {
        columns.push(Column { right: true, ..Column::text(key, title, keep) });
    }
    columns.push(Column::text("trend", &span(range), 4));
    let mut rows = Vec::new();
    let mut unmeasured = 0;
    for curve in curves {
        let measured = curve.values.iter().any(Option::is_some);
        let is_empty = curve.past.moments.is_empty();
        if !measured && (!named || is_empty) {
            unmeasured += 1;
            continue;
        }
        rows.push(row(curve, one.current, range));
    }
    let mut sheet = Sheet::new("cluster", format!("{}  {}", one.cluster.name, one.status.word()));
    (sheet.status, sheet.range) = (Some(one.status), Some(range));
    sheet.tables.push(Table { key: "metrics", heading: None, columns, rows });
    sheet.reasons = one.reasons.iter().map(|reason| (one.cluster.name.clone(), one.status, reason.clone())).collect();
    if unmeasured > 0 {
        let count = words::count(unmeasured, "metric");
        sheet.notes.push(format!(
            "{count} without a value in that time left out: stellar report --metrics --cluster {} says why",
            one.cluster.name
        ));
    }
    sheet
}

/// When something restarted: counters count from zero there.
pub fn restarts(curve: &Curve) -> Option<Table> {
    let rows: Vec<Row> = restarts_in(curve)
        .into_iter()
        .map(|mark| Row { group: None, cells: vec![Cell::Moment(Some(mark.at)), Cell::Text(mark.text)] })
        .collect();
    let columns = vec![Column::text("at", "AT", 9), Column::text("what", "WHAT", 9)];
    (!rows.is_empty()).then(|| Table { key: "restarts", heading: Some("restarts".to_owned()), columns, rows })
}

/// "24 H": what a line of letters covers.
fn span(range: Range) -> String {
    const UNITS: [(Millis, i64, &str); 3] = [(86_400_000, 2, "D"), (3_600_000, 1, "H"), (60_000, 1, "MIN")];
    let length = range.until - range.since;
    let whole = UNITS.iter().find(|(unit, least, _)| length % unit == 0 && length / unit >= *least);
    match whole {
        Some((unit, _, letter)) => format!("{} {letter}", length / unit),
        None => words::age(crate::sample::lapse(length)).to_uppercase(),
    }
}

fn row(curve: &Curve, current: bool, range: Range) -> Row {
    let entry = &curve.metric.entry;
    let figures = curve.figures(&SHOWN);
    let unit = entry.unit;
    let mut cells =
        vec![curve.metric.name().into(), entry.category.as_str().into(), Cell::Text(unit.name().to_owned())];
    // Each row has a unit of its own.
    cells.push(Cell::Figure(curve.now(current), unit));
    cells.extend(figures.iter().skip(1).map(|figure| Cell::Figure(Measured::of(*figure), unit)));
    cells.push(Cell::Trend(curve.slots(range, LETTERS)));
    Row { group: Some(entry.category.replace('_', " ")), cells }
}
