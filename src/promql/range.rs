//! Functions over the samples of a series in a window: `rate`, `increase` and their kin, `…_over_time`.

use super::selector::Window;
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
    AvgOverTime,
    MinOverTime,
    MaxOverTime,
    SumOverTime,
    CountOverTime,
    LastOverTime,
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
            "avg_over_time" => Self::AvgOverTime,
            "min_over_time" => Self::MinOverTime,
            "max_over_time" => Self::MaxOverTime,
            "sum_over_time" => Self::SumOverTime,
            "count_over_time" => Self::CountOverTime,
            "last_over_time" => Self::LastOverTime,
            _ => return None,
        })
    }

    pub fn keeps_name(self) -> bool {
        self == Self::LastOverTime
    }

    /// The value at `at`, the end of the window; None where there are too few points to tell.
    pub fn value(self, points: &[Point], window: Window, at: Millis) -> Option<f64> {
        match window {
            Window::Interval => self.between(points),
            Window::Range(length) => self.within(points, at - length, at),
            Window::Instant => None,
        }
    }

    /// Over a series' previous sample and its present one. Nothing lies outside them, so nothing is extrapolated.
    fn between(self, points: &[Point]) -> Option<f64> {
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
            _ => self.over(&pair),
        }
    }

    /// Over a window of fixed length, from `start` (excluded) to `end`.
    fn within(self, points: &[Point], start: Millis, end: Millis) -> Option<f64> {
        match self {
            Self::Rate => extrapolated(points, start, end, true, seconds(end - start)),
            Self::Increase => extrapolated(points, start, end, true, 1.0),
            Self::Delta => extrapolated(points, start, end, false, 1.0),
            Self::Irate => pair_value(points, true, true),
            Self::Idelta => pair_value(points, false, false),
            _ => self.over(points),
        }
    }

    /// The functions that look at nothing but the points themselves.
    fn over(self, points: &[Point]) -> Option<f64> {
        let (first, last) = (points.first()?, points.last()?);
        let steps = || points.iter().zip(points.iter().skip(1)).map(|(before, after)| (before.value, after.value));
        Some(match self {
            Self::Changes => {
                let differ = |(before, after): &(f64, f64)| before != after && !(before.is_nan() && after.is_nan());
                steps().filter(differ).count() as f64
            }
            Self::Resets => steps().filter(|(before, after)| after < before).count() as f64,
            Self::AvgOverTime => {
                let mut mean = Mean::default();
                points.iter().for_each(|point| mean.add(point.value));
                mean.value()
            }
            Self::SumOverTime => {
                let mut sum = Sum::default();
                points.iter().for_each(|point| sum.add(point.value));
                sum.value()
            }
            // NaN gives way to any number.
            Self::MinOverTime => {
                points.iter().fold(
                    first.value,
                    |least, point| {
                        if point.value < least || least.is_nan() { point.value } else { least }
                    },
                )
            }
            Self::MaxOverTime => points
                .iter()
                .fold(first.value, |most, point| if point.value > most || most.is_nan() { point.value } else { most }),
            Self::CountOverTime => points.len() as f64,
            Self::LastOverTime => last.value,
            Self::Rate | Self::Increase | Self::Delta | Self::Irate | Self::Idelta => return None,
        })
    }
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
