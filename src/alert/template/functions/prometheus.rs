//! The functions that Prometheus adds.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use super::super::effort::{LONGEST, TOO_MUCH};
use super::super::run::Run;
use super::super::value::{Sample, Value, general};
use super::{Answer, nth, number, text};
use crate::promql::expand_groups;

pub(super) fn query(run: &Run<'_>, arguments: &[Value]) -> Answer {
    let text = text(arguments, 0)?;
    let ask = || {
        let samples = (run.context.query)(text)?.into_iter().map(|element| {
            let name = element.name.map(|name| ("__name__".to_owned(), name.to_string()));
            let labels = element.labels.iter().map(|(label, value)| (label.to_string(), value.to_string()));
            Rc::new(Sample { labels: Rc::new(name.into_iter().chain(labels).collect()), value: element.value })
        });
        Ok(samples.collect())
    };
    let (answer, steps) = run.context.effort.answer(text, ask)?;
    run.step(steps)?;
    Ok(answer)
}

fn vector(arguments: &[Value], place: usize) -> Result<&Rc<Vec<Rc<Sample>>>, String> {
    match nth(arguments, place) {
        Value::Vector(samples) => Ok(samples),
        other => Err(format!("the answer of `query` is needed, not {}", other.kind())),
    }
}

fn sample(arguments: &[Value], place: usize) -> Result<&Sample, String> {
    match nth(arguments, place) {
        Value::Sample(sample) => Ok(sample),
        other => Err(format!("one series of the answer of `query` is needed, not {}", other.kind())),
    }
}

pub(super) fn first(_: &Run<'_>, arguments: &[Value]) -> Answer {
    match vector(arguments, 0)?.first() {
        Some(sample) => Ok(Value::Sample(Rc::clone(sample))),
        None => Err("the query gave nothing; put {{ with query … }} around it".to_owned()),
    }
}

pub(super) fn label(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let (name, sample) = (text(arguments, 0)?, sample(arguments, 1)?);
    Ok(Value::text(sample.labels.get(name).map_or("", String::as_str)))
}

pub(super) fn value(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::Fraction(sample(arguments, 0)?.value))
}

pub(super) fn strvalue(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(sample(arguments, 0)?.labels.get("__value__").map_or("", String::as_str)))
}

pub(super) fn sort_by_label(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let (name, mut samples) = (text(arguments, 0)?, vector(arguments, 1)?.to_vec());
    samples.sort_by(|left, right| left.labels.get(name).cmp(&right.labels.get(name)));
    Ok(Value::Vector(Rc::new(samples)))
}

/// What it gives may be an argument of it once: deeper ones would have no end.
pub(super) fn args(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let is_map = |value: &Value| matches!(value, Value::Map(_));
    if arguments.iter().any(|value| matches!(value, Value::Map(map) if map.values().any(is_map))) {
        return Err("arguments nest too deep".to_owned());
    }
    let named = arguments.iter().enumerate().map(|(place, value)| (format!("arg{place}"), value.clone()));
    Ok(Value::Map(Rc::new(named.collect::<BTreeMap<_, _>>())))
}

fn pattern(run: &Run<'_>, text: &str) -> Result<regex::Regex, String> {
    let (pattern, steps) = run.context.effort.pattern(text)?;
    run.step(steps)?;
    Ok(pattern)
}

pub(super) fn re_replace_all(run: &Run<'_>, arguments: &[Value]) -> Answer {
    let (pattern, template) = (pattern(run, text(arguments, 0)?)?, text(arguments, 1)?);
    let whole = text(arguments, 2)?;
    // Not `replace_all`: a long text put between all letters of another is endless for practical purposes.
    let (mut replaced, mut from) = (String::new(), 0);
    for captures in pattern.captures_iter(whole) {
        let Some(found) = captures.get(0) else { continue };
        replaced.push_str(whole.get(from..found.start()).unwrap_or_default());
        replaced.push_str(&expand_groups(template, &captures));
        from = found.end();
        if replaced.len() > LONGEST {
            return Err(TOO_MUCH.to_owned());
        }
    }
    replaced.push_str(whole.get(from..).unwrap_or_default());
    Ok(Value::text(replaced))
}

pub(super) fn matches(run: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::Bool(pattern(run, text(arguments, 0)?)?.is_match(text(arguments, 1)?)))
}

/// Alerts are plain text: nothing is escaped, so nothing has to be kept from it.
pub(super) fn safe_html(_: &Run<'_>, arguments: &[Value]) -> Answer {
    text(arguments, 0).map(Value::text)
}

/// Every word with a capital; what is none of letters, digits and `_` ends a word.
pub(super) fn title(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let mut inside = false;
    let mut titled = String::new();
    for letter in text(arguments, 0)?.chars() {
        match inside {
            true => titled.push(letter),
            false => titled.extend(letter.to_uppercase()),
        }
        inside = letter.is_alphanumeric() || letter == '_' || letter == '\'';
    }
    Ok(Value::text(titled))
}

pub(super) fn to_upper(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(text(arguments, 0)?.to_uppercase()))
}

pub(super) fn to_lower(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(text(arguments, 0)?.to_lowercase()))
}

pub(super) fn graph_link(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(format!("/graph?g0.expr={}&g0.tab=0", url_escaped(text(arguments, 0)?))))
}

pub(super) fn table_link(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(format!("/graph?g0.expr={}&g0.tab=1", url_escaped(text(arguments, 0)?))))
}

/// As in the query of a URL: a blank is `+`.
pub(super) fn url_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            b' ' => escaped.push('+'),
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

/// Host and port of `host:port` or `[host]:port`, as Go tells them apart.
fn split(text: &str) -> Option<(&str, &str)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':')?)
        }
        None => text.rsplit_once(':').filter(|(host, _)| !host.contains(':'))?,
    };
    let odd = |text: &str| text.contains(['[', ']']);
    (!odd(host) && !odd(port) && !port.contains(':')).then_some((host, port))
}

pub(super) fn strip_port(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let whole = text(arguments, 0)?;
    Ok(Value::text(split(whole).map_or(whole, |(host, _)| host)))
}

pub(super) fn strip_domain(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let whole = text(arguments, 0)?;
    let (host, port) = split(whole).unwrap_or((whole, ""));
    if host.parse::<IpAddr>().is_ok() {
        return Ok(Value::text(whole));
    }
    let name = host.split('.').next().unwrap_or_default();
    Ok(match port {
        "" => Value::text(name),
        port => Value::text(format!("{name}:{port}")),
    })
}

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// With four digits.
fn four(number: f64) -> String {
    general(number, Some(4))
}

fn larger(mut number: f64, step: f64, prefixes: &[&'static str]) -> String {
    let mut prefix = "";
    for larger in prefixes {
        if number.abs() < step {
            break;
        }
        prefix = larger;
        number /= step;
    }
    format!("{}{prefix}", four(number))
}

fn smaller(mut number: f64) -> String {
    let mut prefix = "";
    for smaller in SMALL {
        if number.abs() >= 1.0 {
            break;
        }
        prefix = smaller;
        number *= 1000.0;
    }
    format!("{}{prefix}", four(number))
}

pub(super) fn humanize(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let number = number(arguments, 0)?;
    Ok(Value::text(match number {
        number if number == 0.0 || !number.is_finite() => four(number),
        number if number.abs() >= 1.0 => larger(number, 1000.0, &LARGE),
        number => smaller(number),
    }))
}

pub(super) fn humanize1024(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let number = number(arguments, 0)?;
    Ok(Value::text(match number {
        number if number.abs() <= 1.0 || !number.is_finite() => four(number),
        number => larger(number, 1024.0, &BINARY),
    }))
}

pub(super) fn humanize_percentage(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(format!("{}%", four(number(arguments, 0)? * 100.0))))
}

pub(super) fn humanize_duration(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let number = number(arguments, 0)?;
    if !number.is_finite() {
        return Ok(Value::text(four(number)));
    }
    if number == 0.0 {
        return Ok(Value::text(format!("{}s", four(number))));
    }
    if number.abs() < 1.0 {
        return Ok(Value::text(format!("{}s", smaller(number))));
    }
    let sign = if number < 0.0 { "-" } else { "" };
    // What is longer than 64 bits is as long as they hold.
    let whole = number.abs() as i64;
    let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    Ok(Value::text(match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four(number.abs())),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }))
}

pub(super) fn path_prefix(run: &Run<'_>, _: &[Value]) -> Answer {
    let url = run.context.external_url;
    let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    Ok(Value::text(path.unwrap_or_default()))
}

pub(super) fn external_url(run: &Run<'_>, _: &[Value]) -> Answer {
    Ok(Value::text(run.context.external_url))
}
