//! `stellar report --cluster NAME --step TIME`: one line a step, one column a metric.

use super::super::sheet::{Cell, Column, Range, Row, Sheet, Table};
use super::super::{Assessed, trend};
use super::over_time::Curve;
use crate::sample::Millis;

/// Averages by time; the moment of a line is the beginning of its step, which `--until` may cut.
pub fn sheet(one: &Assessed, curves: &[Curve], range: Range, step: Millis) -> Sheet {
    let count = usize::try_from((range.until - range.since + step - 1) / step).unwrap_or(0);
    // Whole steps, so that each is as long as the other.
    let whole = Range { since: range.since, until: range.since + step * count as Millis };
    let mut columns = vec![Column::hidden("cluster"), Column::text("from", "FROM", 10)];
    columns.extend(curves.iter().enumerate().map(|(place, curve)| {
        let title = curve.metric.name().replace('_', " ").to_uppercase();
        let keep = u8::try_from(9_usize.saturating_sub(place)).unwrap_or(0);
        Column::figure(curve.metric.name(), &title, curve.metric.entry.unit, keep)
    }));
    let slots: Vec<Vec<Option<f64>>> = curves.iter().map(|curve| curve.slots(whole, count)).collect();
    let row = |place: usize| {
        let mut cells =
            vec![Cell::from(one.cluster.name.as_str()), Cell::Moment(Some(range.since + step * place as Millis))];
        let begins = range.since + step * place as Millis;
        let is_empty = !one_of(curves, begins, begins + step);
        cells.extend(slots.iter().map(|slots| match slots.get(place).copied().flatten() {
            // Nobody looked, which is another thing than a metric that was not measured.
            None if is_empty => Cell::Told(trend::NO_SAMPLE.to_string(), None),
            value => Cell::from(value),
        }));
        Row { group: None, cells }
    };
    let mut sheet = Sheet::new("steps", format!("{}  {}", one.cluster.name, one.status.word()));
    (sheet.status, sheet.range) = (Some(one.status), Some(range));
    sheet.tables.push(Table { key: "steps", heading: None, columns, rows: (0..count).map(row).collect() });
    sheet
}

/// Whether there is a snapshot from one moment up to another; all curves are of the same.
fn one_of(curves: &[Curve], from: Millis, to: Millis) -> bool {
    let moments = curves.first().map(|curve| curve.past.moments.as_slice()).unwrap_or_default();
    moments.get(moments.partition_point(|moment| moment.at < from)).is_some_and(|moment| moment.at < to)
}
