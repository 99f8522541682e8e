//! The functions that templates call: Go's own, and those of Prometheus's documentation.

mod builtin;
mod prometheus;
mod times;

use super::effort::{LONGEST, TOO_MUCH};
use super::run::Run;
use super::value::Value;

/// Why a function gave nothing.
pub(super) type Answer = Result<Value, String>;

type Call = fn(&Run<'_>, &[Value]) -> Answer;

/// Name, the least and the most arguments, what it does.
type Function = (&'static str, usize, usize, Call);

const ANY: usize = usize::MAX;
/// Bytes that a function reads or makes in about the time of a step.
const BYTES_A_STEP: usize = 100;

/// `and` and `or` look at their arguments one after the other: the evaluation has them.
pub(super) const LAZY: [&str; 2] = ["and", "or"];

const FUNCTIONS: &[Function] = &[
    ("not", 1, 1, builtin::not),
    ("len", 1, 1, builtin::len),
    ("index", 1, ANY, builtin::index),
    ("slice", 1, 4, builtin::slice),
    ("print", 0, ANY, builtin::print),
    ("println", 0, ANY, builtin::println),
    ("printf", 1, ANY, builtin::printf),
    ("html", 0, ANY, builtin::html),
    ("js", 0, ANY, builtin::js),
    ("urlquery", 0, ANY, builtin::urlquery),
    ("call", 1, ANY, builtin::call),
    ("eq", 2, ANY, builtin::eq),
    ("ne", 2, 2, builtin::ne),
    ("lt", 2, 2, builtin::lt),
    ("le", 2, 2, builtin::le),
    ("gt", 2, 2, builtin::gt),
    ("ge", 2, 2, builtin::ge),
    ("query", 1, 1, prometheus::query),
    ("first", 1, 1, prometheus::first),
    ("label", 2, 2, prometheus::label),
    ("value", 1, 1, prometheus::value),
    ("strvalue", 1, 1, prometheus::strvalue),
    ("sortByLabel", 2, 2, prometheus::sort_by_label),
    ("args", 0, ANY, prometheus::args),
    ("reReplaceAll", 3, 3, prometheus::re_replace_all),
    ("match", 2, 2, prometheus::matches),
    ("safeHtml", 1, 1, prometheus::safe_html),
    ("title", 1, 1, prometheus::title),
    ("toUpper", 1, 1, prometheus::to_upper),
    ("toLower", 1, 1, prometheus::to_lower),
    ("graphLink", 1, 1, prometheus::graph_link),
    ("tableLink", 1, 1, prometheus::table_link),
    ("stripPort", 1, 1, prometheus::strip_port),
    ("stripDomain", 1, 1, prometheus::strip_domain),
    ("humanize", 1, 1, prometheus::humanize),
    ("humanize1024", 1, 1, prometheus::humanize1024),
    ("humanizeDuration", 1, 1, prometheus::humanize_duration),
    ("humanizePercentage", 1, 1, prometheus::humanize_percentage),
    ("humanizeTimestamp", 1, 1, times::humanize_timestamp),
    ("toTime", 1, 1, times::to_time),
    ("now", 0, 0, times::now),
    ("parseDuration", 1, 1, times::parse_duration),
    ("pathPrefix", 0, 0, prometheus::path_prefix),
    ("externalURL", 0, 0, prometheus::external_url),
];

pub(super) use times::method;

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name).chain(LAZY)
}

pub(super) fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Functions that people take for Prometheus's, what does the same, and what it leaves to be written behind it.
const MISTAKEN: [(&str, &str, &str); 7] = [
    ("humanizeBytes", "humanize1024", "B"),
    ("humanizeSeconds", "humanizeDuration", ""),
    ("humanizePercent", "humanizePercentage", ""),
    ("upper", "toUpper", ""),
    ("lower", "toLower", ""),
    ("round", "printf \"%.0f\"", ""),
    ("urlEncode", "urlquery", ""),
];

/// What to write in the place of a function that others have.
pub(super) fn instead_of(name: &str) -> Option<String> {
    if matches!(name, "add" | "sub" | "mul" | "div") {
        return Some("the arithmetic in the expression of the rule".to_owned());
    }
    let (_, instead, behind) = MISTAKEN.iter().find(|(mistaken, ..)| *mistaken == name)?;
    Some(if behind.is_empty() { format!("`{instead}`") } else { format!("`{{{{ … | {instead} }}}}{behind}`") })
}

/// A template with the right functions in the place of mistaken ones.
pub(super) fn repaired(text: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut repaired = text.to_owned();
    for (mistaken, instead, behind) in MISTAKEN {
        let mut out = String::new();
        let mut rest = repaired.as_str();
        while let Some((before, after)) = rest.split_once(mistaken) {
            out.push_str(before);
            rest = after;
            if before.ends_with(is_name) || after.starts_with(is_name) {
                out.push_str(mistaken);
                continue;
            }
            out.push_str(instead);
            if let Some((inside, outside)) = after.split_once("}}") {
                out.push_str(&format!("{inside}}}}}{behind}"));
                rest = outside;
            }
        }
        repaired = out + rest;
    }
    repaired
}

pub(super) fn call(run: &Run<'_>, name: &str, arguments: &[Value]) -> Answer {
    let Some((_, least, most, function)) = FUNCTIONS.iter().find(|(own, ..)| *own == name) else {
        return Err(format!("the function `{name}` is not defined"));
    };
    let count = arguments.len();
    if count < *least || count > *most {
        let want = if least == most { format!("{least}") } else { format!("at least {least}") };
        return Err(format!("`{name}` takes {want} arguments, not {count}"));
    }
    // Texts that are put together again and again double; each call is charged for what it reads and makes.
    let given = arguments.iter().map(Value::bytes).fold(0, usize::saturating_add);
    if given > LONGEST {
        return Err(TOO_MUCH.to_owned());
    }
    let value = function(run, arguments).map_err(|reason| format!("`{name}`: {reason}"))?;
    let made = value.bytes();
    if made > LONGEST {
        return Err(TOO_MUCH.to_owned());
    }
    run.step((given + made) / BYTES_A_STEP)?;
    Ok(value)
}

fn nth(arguments: &[Value], place: usize) -> &Value {
    arguments.get(place).unwrap_or(&Value::Nil)
}

/// A text where one is needed.
fn text(arguments: &[Value], place: usize) -> Result<&str, String> {
    match nth(arguments, place) {
        Value::Text(text) => Ok(text),
        other => Err(format!("a text is needed, not {}", other.kind())),
    }
}

/// Any number, or a text that is one.
fn number(arguments: &[Value], place: usize) -> Result<f64, String> {
    match nth(arguments, place) {
        Value::Fraction(number) => Ok(*number),
        Value::Whole(number) => Ok(*number as f64),
        Value::Text(text) => go_float(text).ok_or_else(|| format!("\"{text}\" is not a number")),
        other => Err(format!("a number is needed, not {}", other.kind())),
    }
}

/// As Go reads numbers.
fn go_float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.trim_start_matches(['+', '-']);
    let is_word = matches!(unsigned, "inf" | "infinity" | "nan");
    let is_number = unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    (is_word || is_number).then(|| lower.parse().ok()).flatten()
}
