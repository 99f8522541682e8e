//! `histogram_quantile` and `histogram_fraction` over classic histograms: counts of observations up to a bound, the bound in the label `le`.

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

pub(super) fn quantiles(quantile: f64, elements: &[Element], at: Millis) -> Result<Vec<Element>, EvalError> {
    each(elements, at, |buckets| quantile_of(quantile, buckets))
}

/// The share of the observations between two values.
pub(super) fn fractions(lower: f64, upper: f64, elements: &[Element], at: Millis) -> Result<Vec<Element>, EvalError> {
    each(elements, at, |buckets| fraction_of(lower, upper, buckets))
}

/// One element a histogram, without a name; elements without a bound are no buckets and are left out.
fn each(elements: &[Element], at: Millis, value: impl Fn(Vec<Bucket>) -> f64) -> Result<Vec<Element>, EvalError> {
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
    let element = |(labels, buckets)| Element { name: None, labels, at, value: value(buckets) };
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
    if !put_in_order(&mut buckets) {
        return f64::NAN;
    }
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

/// As Prometheus does, the counts are taken as they are, whether or not they fall.
fn fraction_of(lower: f64, upper: f64, mut buckets: Vec<Bucket>) -> f64 {
    if !put_in_order(&mut buckets) || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    let Some(everything) = buckets.last().map(|last| last.count).filter(|count| *count != 0.0) else { return f64::NAN };
    if lower >= upper {
        return 0.0;
    }
    let (below, upto) = (count_below(lower, &buckets), count_below(upper, &buckets));
    let (below, upto) = (at_most(everything, below), at_most(everything, upto));
    (upto - below) / everything
}

/// NaN stays what it is.
fn at_most(most: f64, count: f64) -> f64 {
    if count > most { most } else { count }
}

/// How many observations lie below a value, in proportion within its bucket.
fn count_below(value: f64, buckets: &[Bucket]) -> f64 {
    // The first bucket begins at zero, unless it ends there or before.
    let starts_at_zero = buckets.first().is_some_and(|first| first.bound > 0.0);
    let mut begin = if starts_at_zero { 0.0 } else { f64::NEG_INFINITY };
    let mut before = 0.0;
    for bucket in buckets {
        if begin >= value {
            return before;
        }
        if bucket.bound > value {
            // Nothing is known of where they are in a bucket without a beginning; one without an end gives nothing.
            return match begin {
                f64::NEG_INFINITY => bucket.count,
                begin => before + (bucket.count - before) * (value - begin) / (bucket.bound - begin),
            };
        }
        (begin, before) = (bucket.bound, bucket.count);
    }
    before
}

/// By their bounds, equal ones together; false without the bucket of everything, for then nobody knows how many there were.
fn put_in_order(buckets: &mut Vec<Bucket>) -> bool {
    buckets.sort_by(|left, right| left.bound.total_cmp(&right.bound));
    buckets.dedup_by(|later, first| {
        let same = later.bound == first.bound;
        if same {
            first.count += later.count;
        }
        same
    });
    buckets.last().is_some_and(|last| last.bound == f64::INFINITY)
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
