//! Functions over the samples of a series in a window: `rate`, `increase` and their kin, `…_over_time`.
//!
//! Over a range of fixed length they are those of Prometheus. Over `[$__interval]`, which Prometheus does not have, a
//! series has its previous sample and its present one, and without both no function gives anything:
//!
//! - `increase`, `delta`, `idelta`: the difference, nothing extrapolated; `rate`, `irate`: that over the seconds between
//!   the two samples. A counter that fell counts from zero.
//! - `deriv`: the difference over the seconds, also when it fell. `predict_linear`: the straight line through both, so
//!   many seconds after the moment of evaluation.
//! - `changes`, `resets`: 0 or 1.
//! - `avg_`, `min_`, `max_`, `sum_`, `stddev_`, `stdvar_` and `quantile_over_time`: of the two values; `count_over_time`
//!   is 2, `last_over_time` the present value.
//! - `present_over_time`: 1; `absent_over_time`: 1 when there is no series with both samples.

use super::statistics::{self, Spread};
use super::sum::{Mean, Sum};
use crate::sample::{Millis, Point};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RangeFunction {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Changes,
    Resets,
    Deriv,
    PredictLinear,
    AvgOverTime,
    MinOverTime,
    MaxOverTime,
    SumOverTime,
    CountOverTime,
    LastOverTime,
    PresentOverTime,
    StddevOverTime,
    StdvarOverTime,
    QuantileOverTime,
}

/// What the points of a window may stand for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Extent {
    /// The previous point and the present one.
    Pair,
    /// Everything after `start` up to `end`.
    Fixed { start: Millis, end: Millis },
}

impl RangeFunction {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "rate" => Self::Rate,
            "increase" => Self::Increase,
            "delta" => Self::Delta,
            "irate" => Self::Irate,
            "idelta" => Self::Idelta,
            "changes" => Self::Changes,
            "resets" => Self::Resets,
            "deriv" => Self::Deriv,
            "predict_linear" => Self::PredictLinear,
            "avg_over_time" => Self::AvgOverTime,
            "min_over_time" => Self::MinOverTime,
            "max_over_time" => Self::MaxOverTime,
            "sum_over_time" => Self::SumOverTime,
            "count_over_time" => Self::CountOverTime,
            "last_over_time" => Self::LastOverTime,
            "present_over_time" => Self::PresentOverTime,
            "stddev_over_time" => Self::StddevOverTime,
            "stdvar_over_time" => Self::StdvarOverTime,
            "quantile_over_time" => Self::QuantileOverTime,
            _ => return None,
        })
    }

    pub fn keeps_name(self) -> bool {
        self == Self::LastOverTime
    }

    /// Whether the scalar stands before the range in the text.
    pub fn parameter_first(self) -> bool {
        self == Self::QuantileOverTime
    }

    /// The value; None where there are too few points to tell. `parameter` is the function's scalar, `now` the moment of
    /// evaluation, which is not always the end of the window.
    pub fn value(self, points: &[Point], extent: Extent, parameter: f64, now: Millis) -> Option<f64> {
        match extent {
            Extent::Pair => self.between(points, parameter, now),
            Extent::Fixed { start, end } => self.within(points, start, end, parameter, now),
        }
    }

    /// Over a series' previous sample and its present one. Nothing lies outside them, so nothing is extrapolated.
    fn between(self, points: &[Point], parameter: f64, now: Millis) -> Option<f64> {
        let [.., previous, present] = points else { return None };
        let pair = [*previous, *present];
        // A clock that was put back tells nothing about what happened meanwhile.
        if present.at <= previous.at {
            return None;
        }
        match self {
            Self::Rate | Self::Irate => pair_value(&pair, true, true),
            Self::Increase => pair_value(&pair, true, false),
            Self::Delta | Self::Idelta => pair_value(&pair, false, false),
            _ => self.over(&pair, parameter, now),
        }
    }

    /// Over a window of fixed length, from `start` (excluded) to `end`.
    fn within(self, points: &[Point], start: Millis, end: Millis, parameter: f64, now: Millis) -> Option<f64> {
        match self {
            Self::Rate => extrapolated(points, start, end, true, seconds(end - start)),
            Self::Increase => extrapolated(points, start, end, true, 1.0),
            Self::Delta => extrapolated(points, start, end, false, 1.0),
            Self::Irate => pair_value(points, true, true),
            Self::Idelta => pair_value(points, false, false),
            _ => self.over(points, parameter, now),
        }
    }

    /// The functions that look at nothing but the points themselves.
    fn over(self, points: &[Point], parameter: f64, now: Millis) -> Option<f64> {
        let (first, last) = (points.first()?, points.last()?);
        let steps = || points.iter().zip(points.iter().skip(1)).map(|(before, after)| (before.value, after.value));
        let values = || points.iter().map(|point| point.value);
        Some(match self {
            Self::Changes => {
                let differ = |(before, after): &(f64, f64)| before != after && !(before.is_nan() && after.is_nan());
                steps().filter(differ).count() as f64
            }
            Self::Resets => steps().filter(|(before, after)| after < before).count() as f64,
            // Near the points, for the sums keep more digits of small times.
            Self::Deriv => statistics::line(points, first.at)?.0,
            Self::PredictLinear => {
                let (slope, height) = statistics::line(points, now)?;
                slope * parameter + height
            }
            Self::AvgOverTime => {
                let mut mean = Mean::default();
                values().for_each(|value| mean.add(value));
                mean.value()
            }
            Self::SumOverTime => {
                let mut sum = Sum::default();
                values().for_each(|value| sum.add(value));
                sum.value()
            }
            Self::StddevOverTime => spread(values()).variance().sqrt(),
            Self::StdvarOverTime => spread(values()).variance(),
            Self::QuantileOverTime => statistics::quantile(parameter, values().collect()),
            // NaN gives way to any number.
            Self::MinOverTime => {
                values().fold(first.value, |least, value| if value < least || least.is_nan() { value } else { least })
            }
            Self::MaxOverTime => {
                values().fold(first.value, |most, value| if value > most || most.is_nan() { value } else { most })
            }
            Self::CountOverTime => points.len() as f64,
            Self::LastOverTime => last.value,
            Self::PresentOverTime => 1.0,
            Self::Rate | Self::Increase | Self::Delta | Self::Irate | Self::Idelta => return None,
        })
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut spread = Spread::default();
    values.for_each(|value| spread.add(value));
    spread
}

fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1000.0
}

/// The step between the last two points; of a counter that stepped back, all that it has counted since.
fn pair_value(points: &[Point], counter: bool, per_second: bool) -> Option<f64> {
    let [.., before, after] = points else { return None };
    let elapsed = after.at - before.at;
    if elapsed <= 0 {
        return None;
    }
    let step = if counter && after.value < before.value { after.value } else { after.value - before.value };
    Some(if per_second { step / seconds(elapsed) } else { step })
}

/// How much a series grew in the window, judged from the points it has there: what they show is stretched to the
/// window's edges if the first and last point are near enough to them (1.1 mean distances), else by half a mean
/// distance. A counter is not stretched to before the moment when it would have been zero. `per` is the divisor of a
/// rate.
fn extrapolated(points: &[Point], start: Millis, end: Millis, counter: bool, per: f64) -> Option<f64> {
    let [first, .., last] = points else { return None };
    if last.at <= first.at {
        return None;
    }
    let sampled = seconds(last.at - first.at);
    let mean_distance = sampled / (points.len() - 1) as f64;

    let mut growth = last.value - first.value;
    if counter {
        let steps = points.iter().zip(points.iter().skip(1));
        growth =
            steps.filter(|(before, after)| after.value < before.value).fold(growth, |sum, (lost, _)| sum + lost.value);
    }

    let stretch = |gap: Millis| {
        let gap = seconds(gap);
        if gap >= mean_distance * 1.1 { mean_distance / 2.0 } else { gap }
    };
    let mut before = stretch(first.at - start);
    if counter && growth > 0.0 && first.value >= 0.0 {
        let since_zero = sampled * (first.value / growth);
        // A comparison rather than `min`: of NaN nothing is taken.
        if since_zero < before {
            before = since_zero;
        }
    }
    Some(growth * ((sampled + before + stretch(end - last.at)) / sampled / per))
}
