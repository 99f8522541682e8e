//! Rows of a subject become series: what is NULL, or is no longer collected, has ended.

use crate::history::stale;
use crate::sample::{Labels, Millis, Point, Series, Text};

/// How long a series is present after a snapshot, unless the interval asks for more; as in Prometheus.
const LOOKBACK: Millis = crate::history::LOOKBACK;

/// Until when a snapshot speaks: for five minutes, and longer where the next one is due later. One that thinning made of
/// several stands for their time, and so does the next.
pub(super) fn speaks_until(at: Millis, interval: Option<Millis>, covered: Option<Millis>) -> Millis {
    let spacing = interval.max(covered).unwrap_or(0);
    at.saturating_add(LOOKBACK.max(spacing.saturating_mul(2)))
}

/// The series of one subject under one set of labels, a line a column.
#[derive(Debug)]
struct Line {
    labels: Labels,
    points: Vec<Vec<Point>>,
    /// Until when the last point of each column speaks, `None` where the series has ended.
    until: Vec<Option<Millis>>,
}

impl Line {
    /// The series of a column ends at `at`, or has ended before.
    fn end(&mut self, column: usize, at: Millis) {
        if let (Some(points), Some(until)) = (self.points.get_mut(column), self.until.get_mut(column))
            && let Some(until) = until.take()
        {
            points.push(stale(until.min(at)));
        }
    }

    fn add(&mut self, column: usize, point: Point, until: Millis) {
        if let (Some(points), Some(last)) = (self.points.get_mut(column), self.until.get_mut(column)) {
            if let Some(silent) = last.filter(|silent| *silent < point.at) {
                points.push(stale(silent));
            }
            points.push(point);
            *last = Some(until);
        }
    }
}

/// The series of one subject while its rows come in the order of time.
#[derive(Debug)]
pub(super) struct Lines {
    columns: usize,
    lines: Vec<Line>,
    /// Where the last row is.
    current: Option<usize>,
}

impl Lines {
    pub fn new(columns: usize) -> Self {
        Self { columns, lines: Vec::new(), current: None }
    }

    /// A row; `is_same` tells whether these are its labels and `labels` makes them. With other labels than the row before
    /// it is of other series, and those before have ended.
    pub fn row(
        &mut self,
        at: Millis,
        until: Millis,
        is_same: impl Fn(&Labels) -> bool,
        labels: impl FnOnce() -> Labels,
        values: impl Iterator<Item = Option<f64>>,
    ) {
        let place = match self.current.filter(|place| self.lines.get(*place).is_some_and(|own| is_same(&own.labels))) {
            Some(place) => place,
            None => {
                self.missing(at);
                self.place(labels())
            }
        };
        self.current = Some(place);
        let Some(line) = self.lines.get_mut(place) else { return };
        for (column, value) in values.enumerate() {
            match value {
                Some(value) => line.add(column, Point { at, value }, until),
                None => line.end(column, at),
            }
        }
    }

    fn place(&mut self, labels: Labels) -> usize {
        if let Some(place) = self.lines.iter().position(|own| own.labels == labels) {
            return place;
        }
        let columns = self.columns;
        self.lines.push(Line { labels, points: vec![Vec::new(); columns], until: vec![None; columns] });
        self.lines.len() - 1
    }

    /// A collection in which there is no row.
    pub fn missing(&mut self, at: Millis) {
        if let Some(line) = self.current.and_then(|place| self.lines.get_mut(place)) {
            (0..self.columns).for_each(|column| line.end(column, at));
        }
    }

    /// The series that have a point, `names` being those of the columns.
    pub fn finish<'n>(mut self, names: &'n [Text]) -> impl Iterator<Item = Series> + use<'n> {
        for line in &mut self.lines {
            (0..self.columns).for_each(|column| line.end(column, Millis::MAX));
        }
        self.lines.into_iter().flat_map(move |line| {
            let labels = line.labels;
            let named = names.iter().zip(line.points).filter(|(_, points)| !points.is_empty());
            named.map(move |(name, points)| Series { name: name.clone(), labels: labels.clone(), points })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;

    /// Rows of two columns: label, minute, minutes it speaks, values.
    fn lines(rows: &[(&str, i64, i64, [Option<f64>; 2])]) -> String {
        let mut lines = Lines::new(2);
        for (label, minute, speaks, values) in rows {
            let at = minute * MINUTE;
            if label.is_empty() {
                lines.missing(at);
                continue;
            }
            let labels = Labels::of([("l", *label)]);
            let make = || labels.clone();
            lines.row(at, at + speaks * MINUTE, |own| *own == labels, make, values.iter().copied());
        }
        let names: [Text; 2] = ["a".into(), "b".into()];
        let point = |point: &Point| format!(" {}@{}", point.value, point.at / MINUTE);
        let series = lines.finish(&names);
        let series =
            series.map(|one| format!("{}{}{}", one.name, one.labels, one.points.iter().map(point).collect::<String>()));
        series.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_value_that_is_not_measured_ends_the_series_once() {
        let rows = [
            ("1", 0, 5, [None, Some(9.0)]),
            ("1", 1, 5, [Some(1.0), None]),
            ("1", 2, 5, [None, None]),
            ("1", 3, 5, [None, None]),
            ("1", 4, 5, [Some(2.0), None]),
        ];
        assert_eq!(lines(&rows), r#"a{l="1"} 1@1 NaN@2 2@4 NaN@9; b{l="1"} 9@0 NaN@1"#);
    }

    #[test]
    fn a_series_goes_when_the_next_row_is_later_than_it_speaks() {
        let value = [Some(1.0), None];
        let rows = [("1", 0, 5, value), ("1", 5, 20, value), ("1", 25, 5, value), ("1", 31, 5, value)];
        assert_eq!(lines(&rows), r#"a{l="1"} 1@0 1@5 1@25 NaN@30 1@31 NaN@36"#);
    }

    #[test]
    fn a_row_that_is_missing_or_has_other_labels_ends_the_series() {
        let value = [Some(1.0), None];
        let rows =
            [("1", 0, 5, value), ("", 1, 0, [None; 2]), ("1", 2, 5, value), ("2", 3, 5, value), ("1", 4, 5, value)];
        assert_eq!(lines(&rows), r#"a{l="1"} 1@0 NaN@1 1@2 NaN@3 1@4 NaN@9; a{l="2"} 1@3 NaN@4"#);
    }

    #[test]
    fn a_snapshot_speaks_for_five_minutes_or_twice_the_time_to_the_next() {
        let minutes = |interval: Option<i64>, covered: Option<i64>| {
            let millis = |minutes: Option<i64>| minutes.map(|minutes| minutes * MINUTE);
            (speaks_until(1_000, millis(interval), millis(covered)) - 1_000) / MINUTE
        };
        assert_eq!([minutes(None, None), minutes(Some(1), None), minutes(Some(10), None)], [5, 5, 20]);
        assert_eq!([minutes(Some(1), Some(60)), minutes(Some(10), Some(4))], [120, 20]);
    }
}
