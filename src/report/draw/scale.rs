//! From values to heights: the range of an axis, round steps in the unit, and what stands beside them. The line of
//! letters of a terminal takes its heights from here, too.

use jiff::tz::TimeZone;

use super::times;
use crate::settings::metric_entry::Unit;

/// A step on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

/// An axis of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<Tick>,
}

/// Sums and differences of larger ones are no numbers any more.
pub fn is_drawable(value: f64) -> bool {
    value.is_finite() && value.abs() < 1e300
}

/// The least and the greatest of those that can be drawn.
pub fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| is_drawable(*value)).fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

/// The extent with zero in it, so that heights compare as the values do.
pub fn with_zero((low, high): (f64, f64)) -> (f64, f64) {
    (low.min(0.0), high.max(0.0))
}

/// How high a value lies, 0 at the bottom and 1 at the top; all that is flat lies at the bottom.
pub fn height(value: f64, (low, high): (f64, f64)) -> f64 {
    if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 }
}

impl Scale {
    /// Around the values, with at most so many steps.
    pub fn of(values: impl Iterator<Item = f64> + Clone, unit: Unit, zone: &TimeZone, most: usize) -> Self {
        let most = most.max(1) as f64;
        let extent = extent(values.clone()).unwrap_or((0.0, 0.0));
        if unit == Unit::Timestamp {
            return Self::of_moments(extent, zone, most as usize);
        }
        let (low, mut high) = if says_more_without_zero(extent, unit) { extent } else { with_zero(extent) };
        if high <= low {
            high = low + 1.0;
        }
        if unit == Unit::Bool || (unit == Unit::Ratio && high > 0.5) {
            high = high.max(1.0);
        }
        let least = (high - low) / most;
        let whole = is_counted(unit) && values.clone().filter(|value| is_drawable(*value)).all(|v| v.fract() == 0.0);
        let step = if whole || matches!(unit, Unit::Bool | Unit::Bytes) {
            round_step(least, unit).max(1.0)
        } else {
            round_step(least, unit)
        };
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        // Far from zero a step may be less than what tells two numbers apart.
        let steps = (last - first).clamp(1.0, 64.0) as u32;
        let value = |index: u32| (first + f64::from(index)) * step;
        let ticks = (0..=steps).map(|index| Tick { value: value(index), label: label(value(index), unit) }).collect();
        Self { low: value(0), high: value(steps), ticks }
    }

    /// Zero is 1970: an axis of moments begins where they do.
    fn of_moments((low, high): (f64, f64), zone: &TimeZone, most: usize) -> Self {
        let margin = ((high - low) * 0.05).max(30.0);
        let (low, high) = (low - margin, high + margin);
        let ticks = times::ticks((low * 1e3) as i64, (high * 1e3) as i64, zone, most);
        let ticks = ticks.into_iter().map(|tick| Tick { value: tick.at as f64 / 1e3, label: tick.label });
        Self { low, high, ticks: ticks.collect() }
    }

    pub fn height(&self, value: f64) -> f64 {
        height(value, (self.low, self.high))
    }

    /// An axis that does not begin at zero must say so.
    pub fn has_zero(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// Counted in whole things, at least at one moment.
fn is_counted(unit: Unit) -> bool {
    matches!(unit, Unit::Count | Unit::Rows | Unit::Messages)
}

/// A number that only ever grows, such as that of a journal, is a flat line above zero.
fn says_more_without_zero((low, high): (f64, f64), unit: Unit) -> bool {
    is_counted(unit) && low > 0.0 && high > low && high - low < high * 0.02
}

/// The least round step that is not below; round is what people count the unit in.
fn round_step(least: f64, unit: Unit) -> f64 {
    const MOMENTS: [f64; 16] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0,
        43_200.0,
    ];
    const DAY: f64 = 86_400.0;
    match unit {
        Unit::Bytes | Unit::BytesPerSecond if least > 0.5 => 2f64.powf((least.log2() - 1e-9).ceil()),
        Unit::Seconds if least > 0.5 => match MOMENTS.iter().find(|step| **step >= least) {
            Some(step) => *step,
            None => DAY * decimal_step((least / DAY).max(1.0)),
        },
        Unit::Milliseconds => 1e3 * round_step(least / 1e3, Unit::Seconds),
        _ => decimal_step(least),
    }
}

/// 1, 2 or 5 with zeros.
fn decimal_step(least: f64) -> f64 {
    let size = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * size).find(|step| *step >= least * (1.0 - 1e-9));
    step.filter(|step| *step > 0.0 && step.is_finite()).unwrap_or(1.0)
}

/// What the numbers beside an axis count, where they do not say it themselves.
pub fn caption(unit: Unit) -> &'static str {
    match unit {
        Unit::PerSecond => "per second",
        Unit::Rows => "rows",
        Unit::RowsPerSecond => "rows per second",
        Unit::Messages => "messages",
        Unit::Cores => "cores",
        Unit::Score => "score",
        Unit::Count => "number",
        Unit::Seconds
        | Unit::Milliseconds
        | Unit::Bytes
        | Unit::BytesPerSecond
        | Unit::Ratio
        | Unit::Bool
        | Unit::Timestamp => "",
    }
}

/// A round value, told exactly: `1.5k`, `256 MiB`, `0.05%`, `1h30m`.
fn label(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bool if value == 1.0 => "yes".to_owned(),
        Unit::Bool if value == 0.0 => "no".to_owned(),
        Unit::Ratio => format!("{}%", plain(value * 100.0)),
        _ if value == 0.0 => "0".to_owned(),
        Unit::Bytes => sized(value, 1024.0, &[" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"]),
        Unit::BytesPerSecond => format!("{}/s", label(value, Unit::Bytes)),
        Unit::Seconds => lasting(value),
        Unit::Milliseconds => lasting(value / 1e3),
        _ => sized(value, 1000.0, &["", "k", "M", "G", "T"]),
    }
}

fn sized(value: f64, base: f64, names: &[&str]) -> String {
    let mut rest = value;
    let mut name = names.first().copied().unwrap_or_default();
    for larger in names.iter().skip(1) {
        if rest.abs() < base * (1.0 - 1e-9) {
            break;
        }
        rest /= base;
        name = larger;
    }
    format!("{}{name}", plain(rest))
}

fn lasting(seconds: f64) -> String {
    let size = seconds.abs();
    if size < 0.999e-3 {
        return format!("{} µs", plain(seconds * 1e6));
    }
    if size < 0.999 {
        return format!("{} ms", plain(seconds * 1e3));
    }
    if size < 59.999 {
        return format!("{} s", plain(seconds));
    }
    let (large, small, names) = match size {
        minutes if minutes < 3_599.9 => (60.0, 1.0, ("m", "s")),
        hours if hours < 86_399.9 => (3_600.0, 60.0, ("h", "m")),
        _ => (86_400.0, 3_600.0, ("d", "h")),
    };
    let (whole, rest) = ((size / large + 1e-9).floor(), size % large / small);
    let sign = if seconds < 0.0 { "-" } else { "" };
    let rest = if rest < 1e-3 { String::new() } else { format!("{rest:02.0}{}", names.1) };
    format!("{sign}{whole:.0}{}{rest}", names.0)
}

/// No digits that say nothing: the noise behind the sixth decimal is that of binary numbers.
fn plain(value: f64) -> String {
    if value != 0.0 && !(1e-4..1e9).contains(&value.abs()) {
        return format!("{:e}", format!("{value:.2e}").parse::<f64>().unwrap_or(value));
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], unit: Unit) -> String {
        let scale = Scale::of(values.iter().copied(), unit, &TimeZone::UTC, 5);
        assert!(scale.ticks.len() <= 8 && scale.low < scale.high, "{scale:?}");
        scale.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn steps_are_round_in_the_unit() {
        const MIB: f64 = 1024.0 * 1024.0;
        let cases: [(&[f64], Unit, &str); 23] = [
            (&[88.0, 1_600.0], Unit::PerSecond, "0 | 500 | 1k | 1.5k | 2k"),
            (&[0.0], Unit::Count, "0 | 1"),
            (&[], Unit::Count, "0 | 1"),
            (&[3.0], Unit::Count, "0 | 1 | 2 | 3"),
            (&[0.3], Unit::Count, "0 | 0.1 | 0.2 | 0.3"),
            (&[-3.0, 2.0], Unit::Count, "-3 | -2 | -1 | 0 | 1 | 2"),
            (&[1e6, 1e6 + 2_000.0], Unit::Count, "1M | 1.0005M | 1.001M | 1.0015M | 1.002M"),
            (&[900.0 * MIB], Unit::Bytes, "0 | 256 MiB | 512 MiB | 768 MiB | 1 GiB"),
            (&[0.0], Unit::Bytes, "0 | 1 B"),
            (&[3.0 * MIB], Unit::BytesPerSecond, "0 | 1 MiB/s | 2 MiB/s | 3 MiB/s"),
            (&[0.2], Unit::BytesPerSecond, "0 | 0.05 B/s | 0.1 B/s | 0.15 B/s | 0.2 B/s"),
            (&[0.71], Unit::Ratio, "0% | 20% | 40% | 60% | 80% | 100%"),
            (&[0.0031], Unit::Ratio, "0% | 0.1% | 0.2% | 0.3% | 0.4%"),
            (&[0.0], Unit::Ratio, "0% | 20% | 40% | 60% | 80% | 100%"),
            (&[0.084], Unit::Seconds, "0 | 20 ms | 40 ms | 60 ms | 80 ms | 100 ms"),
            (&[2.2], Unit::Seconds, "0 | 500 ms | 1 s | 1.5 s | 2 s | 2.5 s"),
            (&[130.0], Unit::Seconds, "0 | 30 s | 1m | 1m30s | 2m | 2m30s"),
            (&[20_000.0], Unit::Seconds, "0 | 2h | 4h | 6h"),
            (&[260_000.0], Unit::Seconds, "0 | 1d | 2d | 3d | 4d"),
            (&[84.0], Unit::Milliseconds, "0 | 20 ms | 40 ms | 60 ms | 80 ms | 100 ms"),
            (&[1.0], Unit::Bool, "no | yes"),
            (&[0.00004], Unit::Seconds, "0 | 10 µs | 20 µs | 30 µs | 40 µs"),
            (&[-5.0, -5.0], Unit::Score, "-5 | -4 | -3 | -2 | -1 | 0"),
        ];
        for (values, unit, expected) in cases {
            assert_eq!(labels(values, unit), expected, "{values:?} {unit:?}");
        }
        assert_eq!(
            labels(&[1_795_313_000.0, 1_795_320_000.0], Unit::Timestamp),
            "02:00 | 02:30 | 03:00 | 03:30 | 04:00"
        );
    }

    #[test]
    fn no_value_breaks_an_axis() {
        for values in
            [[f64::NAN, f64::INFINITY], [1e299, -1e299], [1e-299, 0.0], [f64::MAX, f64::MIN], [1e17, 1e17 + 64.0]]
        {
            for unit in [Unit::Count, Unit::Bytes, Unit::Seconds, Unit::Ratio, Unit::Timestamp, Unit::Milliseconds] {
                let scale = Scale::of(values.into_iter(), unit, &TimeZone::UTC, 5);
                assert!(scale.low < scale.high && scale.ticks.len() < 70, "{values:?} {unit:?} {scale:?}");
                assert!((0.0..=1.0).contains(&scale.height(values[0])) || values[0].is_nan());
            }
        }
    }

    #[test]
    fn heights_are_between_bottom_and_top() {
        assert_eq!(extent([f64::NAN, 3.0, -1.0].into_iter()), Some((-1.0, 3.0)));
        assert_eq!(extent([f64::NAN].into_iter()), None);
        assert_eq!((height(5.0, (0.0, 10.0)), height(50.0, (0.0, 10.0)), height(0.0, (0.0, 0.0))), (0.5, 1.0, 0.0));
    }
}
