//! From the snapshots of a day to its figures.

use crate::promql::quantile_of_any;
use crate::sample::Millis;
use crate::settings::metric_entry::Statistic;

/// The time that snapshots stand for, one after the other.
///
/// A snapshot stands for the time since the one before it, of two intervals at most: an interval that was changed at noon
/// does not tilt the day, and what nobody saw is not made up.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    before: Option<Millis>,
    expected: f64,
    interval: Millis,
}

/// A snapshot's time in the day.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub at: Millis,
    pub interval: Millis,
    /// Of a snapshot that stands for several: the time they stood for together.
    pub covered: Option<Millis>,
}

impl Weights {
    /// `before` is the last snapshot before the day.
    pub fn new(before: Option<Millis>) -> Self {
        Self { before, expected: 0.0, interval: 0 }
    }

    /// How long this snapshot stands for, in milliseconds. Snapshots come in the order of their times.
    pub fn next(&mut self, moment: Moment, begins_at: Millis) -> Millis {
        let interval = moment.interval.max(1);
        // The expectation reaches from the day's beginning, or from the first snapshot ever, to this one.
        let from = self.before.unwrap_or(moment.at - moment.covered.unwrap_or(interval)).max(begins_at);
        self.expected += (moment.at - from).max(0) as f64 / interval as f64;
        let since = self.before.map_or(interval, |before| moment.at - before);
        (self.before, self.interval) = (Some(moment.at), interval);
        moment.covered.unwrap_or_else(|| since.clamp(0, 2 * interval))
    }

    /// The target was not there any more: nothing is expected until the next snapshot, which begins anew.
    pub fn end(&mut self) {
        self.before = None;
    }

    /// As many snapshots as the intervals called for up to the end of the day.
    pub fn expected(&self, ends_at: Millis) -> i64 {
        let rest = match self.before {
            Some(last) if self.interval > 0 => (ends_at - last).max(0) as f64 / self.interval as f64,
            _ => 0.0,
        };
        (self.expected + rest).round() as i64
    }
}

/// The figures of some columns over a day.
#[derive(Debug)]
pub struct Fold {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    statistics: Vec<Statistic>,
    quantiles: bool,
    weighted: f64,
    weight: f64,
    min: f64,
    max: f64,
    last: f64,
    sum: f64,
    values: Vec<f64>,
    seen: bool,
}

impl Fold {
    /// What each column is asked for.
    pub fn new<'s>(statistics: impl Iterator<Item = &'s [Statistic]>) -> Self {
        let column = |statistics: &[Statistic]| Column {
            statistics: statistics.to_vec(),
            quantiles: statistics.iter().any(|statistic| quantile_of(*statistic).is_some()),
            weighted: 0.0,
            weight: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last: f64::NAN,
            sum: 0.0,
            values: Vec::new(),
            seen: false,
        };
        Self { columns: statistics.map(column).collect() }
    }

    /// A measured value of a column; `weight` in any unit of time. Values come in the order of their times.
    pub fn add(&mut self, column: usize, value: f64, weight: f64) {
        let Some(column) = self.columns.get_mut(column) else { return };
        column.seen = true;
        column.weighted += value * weight;
        column.weight += weight;
        column.min = column.min.min(value);
        column.max = column.max.max(value);
        column.last = value;
        column.sum += value;
        if column.quantiles {
            column.values.push(value);
        }
    }

    /// One figure a statistic, column by column; None where nothing was measured.
    pub fn finish(self) -> Vec<Option<f64>> {
        self.columns.into_iter().flat_map(Column::finish).collect()
    }
}

impl Column {
    fn finish(mut self) -> Vec<Option<f64>> {
        let statistics = std::mem::take(&mut self.statistics);
        statistics.into_iter().map(|statistic| if self.seen { self.figure(statistic) } else { None }).collect()
    }

    fn figure(&mut self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Avg => (self.weight > 0.0).then(|| self.weighted / self.weight),
            Statistic::Min => Some(self.min),
            Statistic::Max => Some(self.max),
            Statistic::Last => Some(self.last),
            Statistic::Sum => Some(self.sum),
            Statistic::P50 | Statistic::P95 | Statistic::P99 => {
                Some(quantile_of_any(quantile_of(statistic)?, &mut self.values))
            }
        }
    }
}

fn quantile_of(statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::P50 => Some(0.5),
        Statistic::P95 => Some(0.95),
        Statistic::P99 => Some(0.99),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    /// The weights of snapshots at these seconds, and how many were expected of a day of one hour.
    fn weights(before: Option<Millis>, snapshots: &[(Millis, Millis)]) -> (Vec<Millis>, i64) {
        let mut weights = Weights::new(before.map(|seconds| seconds * 1000));
        let moment =
            |(at, interval): &(Millis, Millis)| Moment { at: at * 1000, interval: interval * 1000, covered: None };
        let found = snapshots.iter().map(|snapshot| weights.next(moment(snapshot), 0) / 1000).collect();
        (found, weights.expected(HOUR))
    }

    #[test]
    fn a_snapshot_stands_for_the_time_since_the_one_before_it_but_for_two_intervals_at_most() {
        let every_minute: Vec<_> = (0..60).map(|minute| (minute * 60 + 5, 60)).collect();
        assert_eq!(weights(Some(-55), &every_minute), (vec![60; 60], 60));
        // A gap of ten minutes.
        assert_eq!(weights(Some(-55), &[(5, 60), (605, 60), (665, 60)]), (vec![60, 120, 60], 60));
        // Nothing before: the first stands for one interval, and nothing was expected before it.
        assert_eq!(weights(None, &[(1800, 60), (1860, 60)]), (vec![60, 60], 31));
    }

    #[test]
    fn an_interval_that_changed_changes_the_weight_and_what_is_expected() {
        let mut snapshots: Vec<_> = (1..=60).map(|half| (half * 30, 30)).collect();
        snapshots.extend((1..=5).map(|five| (1800 + five * 300, 300)));
        let (found, expected) = weights(Some(0), &snapshots);
        assert_eq!(found, [vec![30; 60], vec![300; 5]].concat());
        assert_eq!(expected, 66);
    }

    #[test]
    fn between_an_end_and_the_next_beginning_nothing_is_expected() {
        let moment = |at: Millis| Moment { at: at * 1000, interval: 60_000, covered: None };
        let mut weights = Weights::new(None);
        let mut next = |at| {
            let weight = weights.next(moment(at), 0) / 1000;
            if at % 900 == 0 {
                weights.end();
            }
            weight
        };
        assert_eq!([600, 660, 840, 900, 1800, 2400, 2460].map(&mut next), [60, 60, 120, 60, 60, 60, 60]);
        // Six in the first life, one in the second, two in the third and nineteen until the hour is full.
        assert_eq!(weights.expected(HOUR), 6 + 1 + 2 + 19);
    }

    #[test]
    fn every_statistic_is_of_what_was_measured_and_an_average_is_of_the_time() {
        use Statistic::{Avg, Last, Max, Min, P50, P95, P99, Sum};
        let all = [Avg, Min, Max, P50, P95, P99, Last, Sum];
        let mut fold = Fold::new([all.as_slice(), &[Avg, Sum]].into_iter());
        for (value, weight) in [(1.0, 30.0), (2.0, 30.0), (3.0, 30.0), (10.0, 270.0)] {
            fold.add(0, value, weight);
        }
        // The digits are those of Prometheus' arithmetic.
        let expected = [8.0, 1.0, 10.0, 2.5, 8.949999999999998, 9.79, 10.0, 16.0].map(Some);
        assert_eq!(fold.finish(), [expected.as_slice(), &[None, None]].concat());
    }
}
