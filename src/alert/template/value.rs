//! What a template computes with, and how Go's `fmt` writes it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::sample::Millis;

#[derive(Clone, Debug)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Whole(i64),
    Fraction(f64),
    Text(Rc<str>),
    /// Texts by name: labels. What is not there is "".
    Labels(Rc<BTreeMap<String, String>>),
    /// Of `args`. What is not there is nil.
    Map(Rc<BTreeMap<String, Value>>),
    /// A series of what a query gave.
    Sample(Rc<Sample>),
    /// What a query gave.
    Vector(Rc<Vec<Rc<Sample>>>),
    /// Of `toTime`.
    Moment(Millis),
    /// What a template is given: `.Labels`, `.ExternalLabels`, `.ExternalURL`, `.Value`.
    Given,
}

#[derive(Debug, PartialEq)]
pub(super) struct Sample {
    /// With `__name__`.
    pub labels: Rc<BTreeMap<String, String>>,
    pub value: f64,
}

impl Value {
    pub fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Rc::from(text.as_ref()))
    }

    /// As Go calls the type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Bool(_) => "bool",
            Self::Whole(_) => "int",
            Self::Fraction(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Map(_) => "map[string]interface {}",
            Self::Sample(_) => "*template.sample",
            Self::Vector(_) => "template.queryResult",
            Self::Moment(_) => "*time.Time",
            Self::Given => "struct",
        }
    }

    /// Of texts, as far as functions can make them.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Map(map) => map.values().map(Self::bytes).fold(0, usize::saturating_add),
            _ => 0,
        }
    }

    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(flag) => *flag,
            Self::Whole(number) => *number != 0,
            Self::Fraction(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Vector(samples) => !samples.is_empty(),
            Self::Sample(_) | Self::Moment(_) | Self::Given => true,
        }
    }

    /// `%v`.
    pub fn shown(&self) -> String {
        match self {
            Self::Nil => "<nil>".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Fraction(number) => general(*number, None),
            Self::Text(text) => text.to_string(),
            Self::Labels(labels) => labels_shown(labels),
            Self::Map(map) => {
                let pairs: Vec<String> = map.iter().map(|(name, value)| format!("{name}:{}", value.shown())).collect();
                format!("map[{}]", pairs.join(" "))
            }
            Self::Sample(sample) => format!("&{}", sample_shown(sample)),
            // Go shows addresses here, which say nothing.
            Self::Vector(samples) => {
                let samples: Vec<String> = samples.iter().map(|sample| sample_shown(sample)).collect();
                format!("[{}]", samples.join(" "))
            }
            Self::Moment(at) => moment(*at),
            Self::Given => "{}".to_owned(),
        }
    }
}

fn labels_shown(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("map[{}]", pairs.join(" "))
}

fn sample_shown(sample: &Sample) -> String {
    format!("{{{} {}}}", labels_shown(&sample.labels), general(sample.value, None))
}

/// `2015-10-05 15:53:20.5 +0000 UTC`.
pub(super) fn moment(at: Millis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(stamp) => {
            let text = stamp.strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
            format!("{text} +0000 UTC")
        }
        Err(_) => "?".to_owned(),
    }
}

/// `%g`, of so many digits or of as many as are needed.
pub(super) fn general(number: f64, digits: Option<usize>) -> String {
    if let Some(word) = no_number(number) {
        return word.to_owned();
    }
    let digits = digits.map(|digits| digits.max(1));
    let scientific = match digits {
        Some(digits) => format!("{number:.*e}", digits - 1),
        None => format!("{number:e}"),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Where as many are shown as are needed, Go decides by six.
    let threshold = digits.map_or(6, |digits| i32::try_from(digits).unwrap_or(i32::MAX));
    if exponent < -4 || exponent >= threshold {
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        return format!("{mantissa}{}", exponent_shown(exponent));
    }
    let places = digits.map(|digits| (i32::try_from(digits).unwrap_or(i32::MAX) - 1 - exponent).max(0) as usize);
    match places {
        None => format!("{number}"),
        Some(places) => {
            let text = format!("{number:.places$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
        }
    }
}

pub(super) fn no_number(number: f64) -> Option<&'static str> {
    match number {
        number if number.is_nan() => Some("NaN"),
        number if number == f64::INFINITY => Some("+Inf"),
        number if number == f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// `e+06`.
pub(super) fn exponent_shown(exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("e{sign}{:02}", exponent.abs())
}
