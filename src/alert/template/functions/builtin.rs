//! The functions that every template of Go has.

use std::cmp::Ordering;

use super::super::printf;
use super::super::run::Run;
use super::super::value::Value;
use super::prometheus::url_escaped;
use super::{Answer, nth, text};

pub(super) fn not(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::Bool(!nth(arguments, 0).is_true()))
}

pub(super) fn len(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let length = match nth(arguments, 0) {
        Value::Text(text) => text.len(),
        Value::Labels(labels) => labels.len(),
        Value::Map(map) => map.len(),
        Value::Vector(samples) => samples.len(),
        other => return Err(format!("{} has no length", other.kind())),
    };
    Ok(Value::Whole(i64::try_from(length).unwrap_or(i64::MAX)))
}

pub(super) fn index(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let (first, places) = arguments.split_first().ok_or("a value is needed")?;
    let mut value = first.clone();
    for place in places {
        value = match (&value, place) {
            (Value::Labels(labels), Value::Text(name)) => Value::text(labels.get(&**name).map_or("", String::as_str)),
            (Value::Map(map), Value::Text(name)) => map.get(&**name).cloned().unwrap_or(Value::Nil),
            (Value::Vector(samples), Value::Whole(place)) => {
                let sample = usize::try_from(*place).ok().and_then(|place| samples.get(place));
                let sample = sample.ok_or_else(|| format!("there is no {place}: there are {}", samples.len()))?;
                Value::Sample(std::rc::Rc::clone(sample))
            }
            (Value::Text(text), Value::Whole(place)) => {
                let byte = usize::try_from(*place).ok().and_then(|place| text.as_bytes().get(place));
                Value::Whole(i64::from(*byte.ok_or_else(|| format!("there is no {place}"))?))
            }
            (value, place) => return Err(format!("{} has no {}", value.kind(), place.kind())),
        };
    }
    Ok(value)
}

pub(super) fn slice(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let bound = |place: usize, missing: usize| match arguments.get(place) {
        None => Ok(missing),
        Some(Value::Whole(number)) => usize::try_from(*number).map_err(|_| "a bound is negative".to_owned()),
        Some(other) => Err(format!("a bound has to be a whole number, not {}", other.kind())),
    };
    match nth(arguments, 0) {
        Value::Text(text) => {
            let part = text.get(bound(1, 0)?..bound(2, text.len())?);
            part.map(Value::text).ok_or_else(|| "the bounds do not fit the text".to_owned())
        }
        Value::Vector(samples) => {
            let part = samples.get(bound(1, 0)?..bound(2, samples.len())?);
            part.map(|part| Value::Vector(part.to_vec().into())).ok_or_else(|| "the bounds do not fit".to_owned())
        }
        other => Err(format!("{} cannot be cut", other.kind())),
    }
}

/// Blanks between those that are no texts, as Go's `Sprint`.
fn sprint(arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut text_before = true;
    for (place, value) in arguments.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if place > 0 && !is_text && !text_before {
            out.push(' ');
        }
        out.push_str(&value.shown());
        text_before = is_text;
    }
    out
}

pub(super) fn print(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(sprint(arguments)))
}

pub(super) fn println(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let shown: Vec<String> = arguments.iter().map(Value::shown).collect();
    Ok(Value::text(shown.join(" ") + "\n"))
}

pub(super) fn printf(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let format = text(arguments, 0)?;
    printf::formatted(format, arguments.get(1..).unwrap_or_default()).map(Value::text)
}

/// The text of one argument, or of all.
fn joined(arguments: &[Value]) -> String {
    match arguments {
        [Value::Text(text)] => text.to_string(),
        all => sprint(all),
    }
}

pub(super) fn html(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let mut out = String::new();
    for letter in joined(arguments).chars() {
        match letter {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    Ok(Value::text(out))
}

pub(super) fn js(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let mut out = String::new();
    for letter in joined(arguments).chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            other if other < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => out.push(other),
        }
    }
    Ok(Value::text(out))
}

pub(super) fn urlquery(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Ok(Value::text(url_escaped(&joined(arguments))))
}

pub(super) fn call(_: &Run<'_>, arguments: &[Value]) -> Answer {
    Err(format!("{} is no function", nth(arguments, 0).kind()))
}

const INCOMPATIBLE: &str = "only values of one kind can be compared, and `$value` is a fraction: write `1.0` for a number and quotes for a text";

/// `None` where the kinds differ; values that are no numbers are in no order.
fn compared(left: &Value, right: &Value) -> Option<Option<Ordering>> {
    Some(match (left, right) {
        (Value::Whole(left), Value::Whole(right)) => Some(left.cmp(right)),
        (Value::Fraction(left), Value::Fraction(right)) => left.partial_cmp(right),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        _ => return None,
    })
}

fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        _ => compared(left, right).map(|order| order == Some(Ordering::Equal)).ok_or_else(|| INCOMPATIBLE.to_owned()),
    }
}

/// The first is equal to one of the others.
pub(super) fn eq(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let (first, others) = arguments.split_first().ok_or("a value is needed")?;
    for other in others {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(_: &Run<'_>, arguments: &[Value]) -> Answer {
    equal(nth(arguments, 0), nth(arguments, 1)).map(|equal| Value::Bool(!equal))
}

fn ordered(arguments: &[Value], wanted: fn(Ordering) -> bool) -> Answer {
    let order = compared(nth(arguments, 0), nth(arguments, 1)).ok_or_else(|| INCOMPATIBLE.to_owned())?;
    Ok(Value::Bool(order.is_some_and(wanted)))
}

pub(super) fn lt(_: &Run<'_>, arguments: &[Value]) -> Answer {
    ordered(arguments, Ordering::is_lt)
}

pub(super) fn le(_: &Run<'_>, arguments: &[Value]) -> Answer {
    ordered(arguments, Ordering::is_le)
}

/// Go has it as "not less and not equal", which what is no number fulfils.
pub(super) fn gt(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let order = compared(nth(arguments, 0), nth(arguments, 1)).ok_or_else(|| INCOMPATIBLE.to_owned())?;
    Ok(Value::Bool(order.is_none_or(Ordering::is_gt)))
}

/// The same: "not less".
pub(super) fn ge(_: &Run<'_>, arguments: &[Value]) -> Answer {
    let order = compared(nth(arguments, 0), nth(arguments, 1)).ok_or_else(|| INCOMPATIBLE.to_owned())?;
    Ok(Value::Bool(order.is_none_or(Ordering::is_ge)))
}
