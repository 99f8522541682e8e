//! Moments and durations in templates.

use super::super::run::Run;
use super::super::value::{Value, general, moment};
use super::{Answer, number, text};
use crate::sample::Millis;
use crate::settings::prometheus_duration;

/// Milliseconds of unix seconds, as far as Go's clocks go; `None` for what is no number.
fn millis(seconds: f64) -> Result<Option<Millis>, String> {
    if !seconds.is_finite() {
        return Ok(None);
    }
    let nanos = seconds * 1e9;
    if nanos > i64::MAX as f64 || nanos < i64::MIN as f64 {
        return Err(format!("{} is beyond the times that a template knows", general(seconds, None)));
    }
    Ok(Some(nanos as i64 / 1_000_000))
}

pub(super) fn humanize_timestamp(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let seconds = number(arguments, 0)?;
    Ok(Value::text(millis(seconds)?.map_or_else(|| general(seconds, Some(4)), moment)))
}

pub(super) fn to_time(_: &Run<'_>, arguments: &[Value]) -> Answer {
    match millis(number(arguments, 0)?)? {
        Some(at) => Ok(Value::Moment(at)),
        None => Err("a value that is no number is no time".to_owned()),
    }
}

pub(super) fn now(run: &Run<'_>, _: &[Value]) -> Answer {
    Ok(Value::Fraction(run.context.at as f64 / 1000.0))
}

pub(super) fn parse_duration(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let text = text(arguments, 0)?;
    let length = prometheus_duration::parse(text).map_err(|_| format!("\"{text}\" is not a duration"))?;
    Ok(Value::Fraction(length.as_millis() as f64 / 1000.0))
}

/// What Go's times can be asked: the most common of it.
pub(in super::super) fn method(at: Millis, name: &str, arguments: &[Value]) -> Answer {
    let zoned = jiff::Timestamp::from_millisecond(at).map(|stamp| stamp.to_zoned(jiff::tz::TimeZone::UTC));
    let Ok(zoned) = zoned else { return Err("a time beyond the calendar".to_owned()) };
    let whole = |number: i64| Ok(Value::Whole(number));
    match name {
        "Format" => Ok(Value::text(formatted(&zoned, text(arguments, 0)?))),
        "UTC" | "Local" => Ok(Value::Moment(at)),
        "String" => Ok(Value::text(moment(at))),
        "Unix" => whole(at.div_euclid(1000)),
        "UnixMilli" => whole(at),
        "Year" => whole(zoned.year().into()),
        "Day" => whole(zoned.day().into()),
        "Hour" => whole(zoned.hour().into()),
        "Minute" => whole(zoned.minute().into()),
        "Second" => whole(zoned.second().into()),
        "YearDay" => whole(zoned.day_of_year().into()),
        "Month" => Ok(Value::text(zoned.strftime("%B").to_string())),
        "Weekday" => Ok(Value::text(zoned.strftime("%A").to_string())),
        _ => Err(format!("a time has no `{name}` here; `Format`, `Unix`, `Year` and the like are known")),
    }
}

/// Go's layouts: the parts of `Mon Jan 2 15:04:05 MST 2006`.
fn formatted(zoned: &jiff::Zoned, layout: &str) -> String {
    const PARTS: [(&str, &str); 27] = [
        ("January", "%B"),
        ("Monday", "%A"),
        ("-07:00", "%:z"),
        ("Z07:00", "Z"),
        ("-0700", "%z"),
        ("2006", "%Y"),
        (".000000000", "%.9f"),
        (".000000", "%.6f"),
        (".000", "%.3f"),
        ("Jan", "%b"),
        ("Mon", "%a"),
        ("MST", "UTC"),
        ("002", "%j"),
        ("01", "%m"),
        ("02", "%d"),
        ("_2", "%e"),
        ("03", "%I"),
        ("04", "%M"),
        ("05", "%S"),
        ("06", "%y"),
        ("15", "%H"),
        ("PM", "%p"),
        ("pm", "%P"),
        ("1", "%-m"),
        ("2", "%-d"),
        ("3", "%-I"),
        ("4", "%-M"),
    ];
    let (mut rest, mut out) = (layout, String::new());
    while let Some(first) = rest.chars().next() {
        match PARTS.iter().find_map(|(part, shape)| Some((rest.strip_prefix(part)?, *shape))) {
            Some((behind, shape)) => {
                out.push_str(&zoned.strftime(shape).to_string());
                rest = behind;
            }
            None if rest.starts_with('5') => {
                out.push_str(&zoned.second().to_string());
                rest = rest.get(1..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    out
}
