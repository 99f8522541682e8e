//! `histogram_quantile` over classic histograms: counts of observations up to a bound, the bound in the label `le`.

use super::matching::all_differ;
use super::{Element, EvalError};
use crate::hash::Map;
use crate::sample::{Labels, Millis, Text};

/// Counts that differ by no more of their sum are the same: they come from sums of rates, and have lost their last bits.
const SAME: f64 = 1e-12;

#[derive(Clone, Copy, Debug)]
struct Bucket {
    bound: f64,
    /// Of observations up to the bound.
    count: f64,
}

/// One element a histogram, without a name; elements without a bound are no buckets and are left out.
pub(super) fn quantiles(quantile: f64, elements: &[Element], at: Millis) -> Result<Vec<Element>, EvalError> {
    let mut places: Map<(Option<Text>, Labels), usize> = Map::default();
    let mut histograms: Vec<(Labels, Vec<Bucket>)> = Vec::new();
    for element in elements {
        let Some(bound) = element.labels.get("le").and_then(|bound| number(bound)) else { continue };
        let labels = element.labels.filtered(|label| label != "le");
        // Two histograms of different names stay two, and are then an error below.
        let place = *places.entry((element.name.clone(), labels.clone())).or_insert(histograms.len());
        if place == histograms.len() {
            histograms.push((labels, Vec::new()));
        }
        if let Some((_, buckets)) = histograms.get_mut(place) {
            buckets.push(Bucket { bound, count: element.value });
        }
    }
    let element = |(labels, buckets)| Element { name: None, labels, at, value: quantile_of(quantile, buckets) };
    let result: Vec<Element> = histograms.into_iter().map(element).collect();
    all_differ(&result)?;
    Ok(result)
}

/// A bound as it is written, `+Inf` among them. A number that is too large to be one is none.
fn number(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let in_letters = || text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
    (!value.is_infinite() || in_letters()).then_some(value)
}

fn quantile_of(quantile: f64, mut buckets: Vec<Bucket>) -> f64 {
    if quantile.is_nan() {
        return f64::NAN;
    }
    if quantile < 0.0 {
        return f64::NEG_INFINITY;
    }
    if quantile > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|left, right| left.bound.total_cmp(&right.bound));
    // Without the bucket of everything nobody knows how many there were.
    if buckets.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return f64::NAN;
    }
    buckets.dedup_by(|later, first| {
        let same = later.bound == first.bound;
        if same {
            first.count += later.count;
        }
        same
    });
    make_monotonic(&mut buckets);
    let [lower @ .., second, everything] = buckets.as_slice() else { return f64::NAN };
    if everything.count == 0.0 {
        return f64::NAN;
    }
    let rank = quantile * everything.count;
    let finite = || lower.iter().chain([second]);
    // The count is in the first bucket that reaches it; comparisons with NaN are false, so that one never does.
    let place = finite().position(|bucket| bucket.count >= rank);
    let Some((place, bucket)) = place.and_then(|place| Some((place, finite().nth(place)?))) else {
        // Of the bucket of everything the upper bound is not known, only the lower.
        return second.bound;
    };
    match place.checked_sub(1).and_then(|before| finite().nth(before)) {
        Some(before) => {
            let share = (rank - before.count) / (bucket.count - before.count);
            before.bound + (bucket.bound - before.bound) * share
        }
        // The first bucket begins at zero, unless it ends there or before.
        None if bucket.bound <= 0.0 => bucket.bound,
        None => bucket.bound * (rank / bucket.count),
    }
}

/// Counts cannot fall with the bound. They do, by little, when sums have lost bits, and by much when the buckets were
/// not read at the same moment; either way the count before stands.
fn make_monotonic(buckets: &mut [Bucket]) {
    let Some(first) = buckets.first() else { return };
    let mut before = first.count;
    for bucket in buckets.iter_mut().skip(1) {
        if bucket.count < before || nearly_equal(before, bucket.count) {
            bucket.count = before;
        } else {
            before = bucket.count;
        }
    }
}

fn nearly_equal(left: f64, right: f64) -> bool {
    if left == right || left.is_nan() && right.is_nan() {
        return true;
    }
    let (sum, difference) = (left.abs() + right.abs(), (left - right).abs());
    if left == 0.0 || right == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < SAME * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < SAME
}
