//! Figures of many values at once: spread, quantile, straight line. They are computed as Prometheus 3 does, so that they
//! agree with it to the last digits and at infinity.

use super::sum::Sum;
use crate::sample::{Millis, Point};

/// The running variance of values (Welford's method, with compensated sums).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread {
    count: f64,
    mean: Sum,
    /// Of the squared distances from the mean.
    squares: Sum,
}

impl Spread {
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean.value();
        self.mean.add(distance / self.count);
        self.squares.add(distance * (value - self.mean.value()));
    }

    /// Of the values themselves, not estimated for more of their kind.
    pub fn variance(&self) -> f64 {
        self.squares.value() / self.count
    }
}

/// Between the two nearest values in proportion; a NaN counts as the least.
pub(super) fn quantile(quantile: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || quantile.is_nan() {
        return f64::NAN;
    }
    if quantile < 0.0 {
        return f64::NEG_INFINITY;
    }
    if quantile > 1.0 {
        return f64::INFINITY;
    }
    let key = |value: &f64| if value.is_nan() { f64::NEG_INFINITY } else { *value };
    values.sort_by(|left, right| right.is_nan().cmp(&left.is_nan()).then_with(|| key(left).total_cmp(&key(right))));
    quantile_of_sorted(quantile, &values)
}

/// The same of values in their order; `quantile` is in 0..=1 and there is a value.
fn quantile_of_sorted(quantile: f64, values: &[f64]) -> f64 {
    let last = values.len().saturating_sub(1) as f64;
    let rank = quantile * last;
    let lower = rank.floor().max(0.0);
    let weight = rank - rank.floor();
    let value = |index: f64| values.get(index.min(last) as usize).copied().unwrap_or(f64::NAN);
    value(lower) * (1.0 - weight) + value(lower + 1.0) * weight
}

/// The same of values in any order, which it changes: finding one place of an order costs less than the order.
pub fn quantile_of_any(quantile: f64, values: &mut [f64]) -> f64 {
    let last = values.len().saturating_sub(1);
    let rank = quantile * last as f64;
    let place = (rank.floor().max(0.0) as usize).min(last);
    let weight = rank - rank.floor();
    if values.is_empty() {
        return f64::NAN;
    }
    let (_, lower, above) = values.select_nth_unstable_by(place, f64::total_cmp);
    let upper = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*lower);
    *lower * (1.0 - weight) + upper * weight
}

/// The straight line nearest to the points: its slope per second and its height at `origin`. None with fewer than two.
pub(super) fn line(points: &[Point], origin: Millis) -> Option<(f64, f64)> {
    let [first, _, ..] = points else { return None };
    // Of a constant the slope is exactly nothing, whatever the sums lose.
    if points.iter().all(|point| point.value == first.value) {
        return Some(if first.value.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first.value) });
    }
    let count = points.len() as f64;
    let [mut x, mut y, mut xy, mut xx] = [Sum::default(); 4];
    for point in points {
        let seconds = (point.at - origin) as f64 / 1000.0;
        x.add(seconds);
        y.add(point.value);
        xy.add(seconds * point.value);
        xx.add(seconds * seconds);
    }
    let [x, y, xy, xx] = [x, y, xy, xx].map(|sum| sum.value());
    let slope = (xy - x * y / count) / (xx - x * x / count);
    Some((slope, y / count - slope * x / count))
}
