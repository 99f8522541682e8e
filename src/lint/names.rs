//! Rules about names: units, prefixes, letters. The words of units are those of Prometheus's naming practices and of
//! `promtool check metrics`.

use std::collections::HashMap;

use super::Findings;
use super::page::{Family, Page};
use super::rules::{
    ABBREVIATED_UNIT, BASE_UNIT, CAMEL_CASE, COLON_IN_NAME, NO_PREFIX, ODD_UNIT, PERCENT, TYPE_IN_NAME, UNIT_NOT_LAST,
};
use crate::words;

/// Units that metrics are in.
const BASE: [&str; 10] =
    ["amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "seconds", "volts"];

/// Others, and what to use instead.
const OTHER: [(&str, &str); 14] = [
    ("minutes", "seconds"),
    ("hours", "seconds"),
    ("days", "seconds"),
    ("weeks", "seconds"),
    ("kelvins", "kelvin"),
    ("fahrenheit", "celsius"),
    ("rankine", "celsius"),
    ("inches", "meters"),
    ("yards", "meters"),
    ("miles", "meters"),
    ("bits", "bytes"),
    ("calories", "joules"),
    ("pounds", "grams"),
    ("ounces", "grams"),
];

/// promtool has `mibi` in the place of `mebi`, which is among the odd units therefore.
const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "giga", "gibi",
    "tera", "tebi", "peta", "pebi",
];

const ABBREVIATED: [&str; 14] = ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// What promtool does not know, and what to write instead.
const ODD: [(&str, &str); 19] = [
    ("mebibytes", "bytes"),
    ("second", "seconds"),
    ("millis", "seconds"),
    ("micros", "seconds"),
    ("nanos", "seconds"),
    ("msec", "seconds"),
    ("msecs", "seconds"),
    ("usec", "seconds"),
    ("usecs", "seconds"),
    ("nsec", "seconds"),
    ("secs", "seconds"),
    ("mins", "seconds"),
    ("hrs", "seconds"),
    ("byte", "bytes"),
    ("kib", "bytes"),
    ("mib", "bytes"),
    ("gib", "bytes"),
    ("tib", "bytes"),
    ("kbytes", "bytes"),
];

const PER_CENT: [&str; 5] = ["percent", "percents", "percentage", "pct", "permille"];

const TYPES: [&str; 5] = ["counter", "gauge", "summary", "histogram", "gauge_histogram"];

/// What may follow a unit: what kinds of samples are called, and the ends of a range.
const AFTER_UNIT: [&str; 9] = ["total", "bucket", "sum", "count", "created", "info", "max", "min", "avg"];

/// Of fewer families nobody can tell what they have in common.
const ENOUGH: usize = 5;

pub fn check(page: &Page<'_>, findings: &mut Findings) {
    let used: Vec<&Family<'_>> = page.families.iter().filter(|family| !family.series.is_empty()).collect();
    for family in &used {
        units(family, findings);
        letters(family, findings);
    }
    prefixes(&used, findings);
}

fn units(family: &Family<'_>, findings: &mut Findings) {
    let words: Vec<&str> = family.name.split('_').collect();
    if let Some((unit, base)) = words.iter().find_map(|word| other_unit(word)) {
        findings.about(BASE_UNIT, family, format!("{unit}: use {base}"));
    }
    let lower = family.name.to_ascii_lowercase();
    if let Some(unit) = ABBREVIATED.into_iter().find(|unit| has_words(&lower, unit, true)) {
        findings.about(ABBREVIATED_UNIT, family, unit);
    }
    if let Some(word) = words.iter().find(|word| PER_CENT.contains(word)) {
        findings.about(PERCENT, family, *word);
    }
    let odd = |place: usize, word: &&str| {
        let before = place.checked_sub(1).and_then(|place| words.get(place));
        // `per_second` is English.
        ODD.iter().find(|(odd, _)| odd == word && before != Some(&"per"))
    };
    if let Some((word, base)) = words.iter().enumerate().find_map(|(place, word)| odd(place, word)) {
        findings.about(ODD_UNIT, family, format!("{word}: use {base}"));
    }
    let unit = words.iter().rposition(|word| BASE.contains(word) || *word == "ratio");
    let after = unit.and_then(|place| words.get(place + 1..)).unwrap_or_default();
    if let (Some(place), Some(next)) = (unit, after.first())
        && *next != "per"
        && after.iter().any(|word| !AFTER_UNIT.contains(word))
    {
        findings.about(UNIT_NOT_LAST, family, words.get(place).copied().unwrap_or_default());
    }
}

/// The word and what to use instead, when it is a unit but no base unit.
fn other_unit(word: &str) -> Option<(&str, &'static str)> {
    let base = |word: &str| BASE.into_iter().find(|unit| *unit == word);
    let other = |word: &str| OTHER.into_iter().find(|(unit, _)| *unit == word).map(|(_, base)| base);
    if base(word).is_some() {
        return None;
    }
    let plain = other(word);
    let scaled = || {
        let rest = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix).filter(|rest| !rest.is_empty()));
        rest.and_then(|rest| base(rest).or_else(|| other(rest)))
    };
    plain.or_else(scaled).map(|base| (word, base))
}

/// Whether the words stand in the name on their own; `also_first` when they may be its first ones.
fn has_words(name: &str, words: &str, also_first: bool) -> bool {
    name.match_indices(words).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| name.as_bytes().get(at));
        let after = name.as_bytes().get(at + words.len());
        match (before, after) {
            (Some(b'_'), None | Some(b'_')) => true,
            (None, Some(b'_')) => also_first,
            _ => false,
        }
    })
}

fn letters(family: &Family<'_>, findings: &mut Findings) {
    if family.name.contains(':') {
        findings.about(COLON_IN_NAME, family, "");
    }
    let lower = family.name.to_ascii_lowercase();
    if let Some(word) = TYPES.into_iter().find(|word| has_words(&lower, word, false)) {
        findings.about(TYPE_IN_NAME, family, word);
    }
    let is_camel = |text: &str| {
        text.as_bytes()
            .windows(2)
            .any(|pair| matches!(pair, [first, second] if first.is_ascii_lowercase() && second.is_ascii_uppercase()))
    };
    if is_camel(family.name) {
        findings.about(CAMEL_CASE, family, "its name");
    }
    let labels = family.series.iter().flat_map(|series| &series.labels).map(|(name, _)| *name);
    if let Some(label) = labels.into_iter().find(|name| is_camel(name)) {
        findings.about(CAMEL_CASE, family, format!("the label {label}"));
    }
}

/// A first word of its own among families that mostly share one.
fn prefixes(families: &[&Family<'_>], findings: &mut Findings) {
    let first = |name: &str| name.split(['_', ':']).next().unwrap_or_default().to_owned();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for family in families {
        *counts.entry(first(family.name)).or_default() += 1;
    }
    let Some((usual, many)) = counts.iter().max_by_key(|(word, count)| (**count, std::cmp::Reverse(*word))) else {
        return;
    };
    if families.len() < ENOUGH || many * 2 < families.len() {
        return;
    }
    for family in families.iter().filter(|family| counts.get(&first(family.name)) == Some(&1)) {
        let all = words::grouped(families.len() as u64);
        findings.about(NO_PREFIX, family, format!("{many} of {all} begin with {usual}_"));
    }
}
