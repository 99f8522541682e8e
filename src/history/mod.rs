//! Samples over time, seen as Prometheus sees them: what rules and queries read, wherever the samples come from.

mod over_time;
#[cfg(test)]
mod tests;
pub mod text;

use std::collections::BTreeMap;

use crate::exposition::Label;
use crate::hash::{Map, Seed};
use crate::promql::{Selector, Source, Window};
use crate::sample::{Labels, Millis, Point, Series, Text};

pub use over_time::{MOST_POINTS, OverTime, Steps, evaluate_over_time, with_name};

/// How long a series counts as present after its last sample, in Prometheus and for text files.
pub const LOOKBACK: Millis = 5 * 60 * 1000;

/// The value with which Prometheus says that a series has ended: a NaN that no arithmetic makes.
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Stored samples in memory; a source for instant and range queries.
#[derive(Debug)]
pub struct History {
    /// By name, and of one name by labels.
    series: BTreeMap<Text, Vec<Series>>,
    lookback: Millis,
}

/// A history that is being filled, in any order.
#[derive(Debug, Default)]
pub struct Filling {
    series: Vec<Series>,
    /// Positions by the hash of name and labels.
    places: Map<u64, Vec<usize>>,
    seed: Seed,
}

impl Filling {
    /// The place of a series, if it has come before.
    pub fn find(&self, name: &str, labels: &[Label<'_>]) -> Option<usize> {
        let places = self.places.get(&self.hash(name, labels))?;
        places.iter().copied().find(|place| self.series.get(*place).is_some_and(|own| is_same(own, name, labels)))
    }

    /// Makes a place for a series that has none.
    pub fn insert(&mut self, name: &str, labels: &[Label<'_>]) -> usize {
        let place = self.series.len();
        let owned = Labels::of(labels.iter().map(|(label, value)| (*label, &**value)));
        self.series.push(Series { name: name.into(), labels: owned, points: Vec::new() });
        self.places.entry(self.hash(name, labels)).or_default().push(place);
        place
    }

    pub fn add(&mut self, place: usize, point: Point) {
        if let Some(series) = self.series.get_mut(place) {
            series.points.push(point);
        }
    }

    /// The same for every order of the labels, with and without empty ones.
    fn hash(&self, name: &str, labels: &[Label<'_>]) -> u64 {
        let labels = present(labels).map(|(label, value)| self.seed.pair(label.as_bytes(), value.as_bytes()));
        labels.fold(self.seed.hash(name.as_bytes()), u64::wrapping_add)
    }

    /// The history, and how many samples were left out because an earlier one was of the same series and time; `time`
    /// makes milliseconds of the times that were given.
    pub fn finish(mut self, lookback: Millis, time: impl Fn(Millis) -> Millis) -> (History, u64) {
        let mut duplicates = 0;
        for series in &mut self.series {
            let points = &mut series.points;
            points.iter_mut().for_each(|point| point.at = time(point.at));
            if !points.is_sorted_by_key(|point| point.at) {
                // Keeps those of one time in their order.
                points.sort_by_key(|point| point.at);
            }
            let before = points.len();
            points.dedup_by_key(|point| point.at);
            duplicates += (before - points.len()) as u64;
            points.shrink_to_fit();
        }
        (History::of(self.series, lookback), duplicates)
    }
}

fn present<'a, 'l>(labels: &'a [Label<'l>]) -> impl Iterator<Item = &'a Label<'l>> {
    labels.iter().filter(|(_, value)| !value.is_empty())
}

fn is_same(series: &Series, name: &str, labels: &[Label<'_>]) -> bool {
    *series.name == *name
        && series.labels.iter().count() == present(labels).count()
        && present(labels).all(|(label, value)| series.labels.get(label).is_some_and(|own| **own == **value))
}

impl History {
    fn of(mut series: Vec<Series>, lookback: Millis) -> Self {
        series.sort_by(|left, right| left.labels.cmp(&right.labels));
        let mut by_name: BTreeMap<Text, Vec<Series>> = BTreeMap::new();
        for series in series {
            by_name.entry(series.name.clone()).or_default().push(series);
        }
        Self { series: by_name, lookback }
    }

    /// Of series that say themselves when they end, by a point that is [`stale`]. No two have the same name and labels;
    /// the points of each are in the order of time.
    pub fn ending(series: Vec<Series>) -> Self {
        Self::of(series, Millis::MAX)
    }

    /// Of nothing yet.
    pub fn empty(lookback: Millis) -> Self {
        Self { series: BTreeMap::new(), lookback }
    }

    /// Adds a sample that is newer than all of its series.
    pub fn push(&mut self, name: &Text, labels: &Labels, point: Point) {
        let all = self.series.entry(name.clone()).or_default();
        match all.binary_search_by(|series| series.labels.cmp(labels)) {
            Ok(place) => {
                if let Some(series) = all.get_mut(place) {
                    series.points.push(point);
                }
            }
            Err(place) => {
                let series = Series { name: name.clone(), labels: labels.clone(), points: vec![point] };
                all.insert(place, series);
            }
        }
    }

    /// The series that a selector reads at some time or other.
    pub fn selected<'h>(&'h self, selector: &'h Selector) -> impl Iterator<Item = &'h Series> {
        let (named, all) = match &selector.name {
            Some(name) => (self.series.get(name), None),
            None => (None, Some(self.series.values())),
        };
        let named = named.into_iter().chain(all.into_iter().flatten());
        let named = named.filter(|series| series.first().is_some_and(|first| selector.accepts_name(&first.name)));
        named.flatten().filter(|series| selector.accepts(&series.labels))
    }

    /// The times of the oldest and the newest sample of the series that a selector reads.
    pub fn extent(&self, selector: &Selector) -> Option<(Millis, Millis)> {
        let ends = self.selected(selector).filter_map(|series| {
            let mut values = series.points.iter().filter(|point| !is_stale(point));
            let first = values.next()?;
            Some((first.at, values.next_back().unwrap_or(first).at))
        });
        ends.reduce(|(oldest, newest), (first, last)| (oldest.min(first), newest.max(last)))
    }

    /// What a series looks like at `at` through this window; empty when it is not there.
    fn seen(&self, points: &[Point], window: Window, at: Millis, show: &mut dyn FnMut(&[Point])) {
        let upto = points.get(..points.partition_point(|point| point.at <= at)).unwrap_or_default();
        let present = || match upto.split_last() {
            Some((last, before)) if last.at > at.saturating_sub(self.lookback) && !is_stale(last) => {
                Some((last, before))
            }
            _ => None,
        };
        match window {
            Window::Instant => {
                if let Some((last, _)) = present() {
                    show(std::slice::from_ref(last));
                }
            }
            Window::Interval => {
                if let Some((last, before)) = present() {
                    let previous = before.iter().rev().find(|point| !is_stale(point));
                    let both: Vec<Point> = previous.into_iter().chain([last]).copied().collect();
                    show(&both);
                }
            }
            Window::Range(length) => {
                let start = at.saturating_sub(length);
                let inside = upto.get(upto.partition_point(|point| point.at <= start)..).unwrap_or_default();
                if inside.iter().any(is_stale) {
                    let values: Vec<Point> = inside.iter().filter(|point| !is_stale(point)).copied().collect();
                    if !values.is_empty() {
                        show(&values);
                    }
                } else if !inside.is_empty() {
                    show(inside);
                }
            }
        }
    }
}

/// The point at which a series has ended.
pub fn stale(at: Millis) -> Point {
    Point { at, value: f64::from_bits(STALE) }
}

fn is_stale(point: &Point) -> bool {
    point.value.to_bits() == STALE
}

impl Source for History {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let mut found = Vec::new();
        self.visit(selector, at, &mut |name, labels, points| {
            found.push(Series { name: name.clone(), labels: labels.clone(), points: points.to_vec() });
        });
        found
    }

    fn visit(&self, selector: &Selector, at: Millis, show: &mut dyn FnMut(&Text, &Labels, &[Point])) {
        for series in self.selected(selector) {
            self.seen(&series.points, selector.window, at, &mut |points| show(&series.name, &series.labels, points));
        }
    }
}
