//! Rules that take more than one look: what falls that should not, and what grows and grows.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Findings;
use super::page::{Family, Kind, Page, Series};
use super::rules::{COUNTER_FELL, GROWING_FAMILY};
use crate::words;

/// So many new values of a label between the first look and the last are growth, or so many new sets of labels. One
/// value more is what a program has when it begins something new, unless there is one at each of several looks.
const VALUES: usize = 3;
const SETS: usize = 10;
/// Of fewer counters nobody can tell a restart from counters that lie.
const ENOUGH: usize = 10;

/// Whether the process was restarted between two of the looks; its counters are not compared across that.
pub fn check(pages: &[&Page<'_>], findings: &mut Findings) -> bool {
    let mut restarted = false;
    let mut fallen: HashSet<&str> = HashSet::new();
    for pair in pages.windows(2) {
        let [before, after] = pair else { continue };
        restarted |= fell(before, after, &mut fallen, findings);
    }
    grew(pages, findings);
    restarted
}

/// What only grows: counters, and how many observations a histogram or a summary had.
fn counts(family: &Family<'_>, series: &Series<'_>) -> bool {
    match family.kind {
        Kind::Counter => family.suffix(series) != "_created",
        Kind::Histogram => matches!(family.suffix(series), "_bucket" | "_count"),
        Kind::Summary => family.suffix(series) == "_count",
        Kind::Gauge | Kind::GaugeHistogram | Kind::Other => false,
    }
}

type Identity<'p> = (&'p str, Vec<(&'p str, &'p str)>);

fn fell<'p>(before: &'p Page<'p>, after: &'p Page<'p>, fallen: &mut HashSet<&'p str>, findings: &mut Findings) -> bool {
    let earlier: HashMap<Identity<'_>, f64> = before
        .families
        .iter()
        .flat_map(|family| family.series.iter().filter(|series| counts(family, series)))
        .map(|series| ((series.name, series.identity("")), series.value))
        .collect();
    let risen = earlier.values().filter(|value| **value > 0.0).count();
    let mut lower: Vec<(&Family<'_>, &Series<'_>, f64)> = Vec::new();
    for family in &after.families {
        for series in family.series.iter().filter(|series| counts(family, series)) {
            let was = earlier.get(&(series.name, series.identity("")));
            if let Some(was) = was.filter(|was| series.value < **was) {
                lower.push((family, series, *was));
            }
        }
    }
    if risen >= ENOUGH && lower.len() * 2 > risen {
        return true;
    }
    for (family, series, was) in lower {
        if fallen.insert(family.name) {
            findings.at(COUNTER_FELL, family, series.line, format!("{series} was {was} and is {}", series.value));
        }
    }
    false
}

fn grew(pages: &[&Page<'_>], findings: &mut Findings) {
    let ([first, .., _], Some(last)) = (pages, pages.last()) else { return };
    let sizes = |name: &str| -> Vec<usize> {
        let of = |page: &&Page<'_>| {
            let family = page.families.iter().find(|family| family.name == name);
            family.map_or(0, |family| family.groups("le").len())
        };
        pages.iter().map(of).collect()
    };
    let earlier: HashMap<&str, &Family<'_>> = first.families.iter().map(|family| (family.name, family)).collect();
    for family in &last.families {
        // One that was not there yet has only begun.
        let Some(before) = earlier.get(family.name).filter(|before| !before.series.is_empty()) else { continue };
        if family.series.len() <= before.series.len() {
            continue;
        }
        let sizes = sizes(family.name);
        let (from, to) = (sizes.first().copied().unwrap_or_default(), sizes.last().copied().unwrap_or_default());
        let steadily = sizes.len() > 2 && sizes.windows(2).all(|pair| matches!(pair, [one, next] if one < next));
        let most = new_values(before, family);
        let values = most.as_ref().map_or(0, |(_, values)| *values);
        if values < VALUES && to < from + SETS && !steadily {
            continue;
        }
        let label = match most {
            Some((label, values)) => format!("; the label {label} has {}", words::count(values, "new value")),
            None => String::new(),
        };
        let [was, is] = [before, family].map(|family| words::grouped(family.series.len() as u64));
        findings.about(GROWING_FAMILY, family, format!("from {was} series to {is}{label}"));
    }
}

/// The label with the most values that were not there before.
fn new_values(before: &Family<'_>, after: &Family<'_>) -> Option<(String, usize)> {
    let labels = |family: &Family<'_>| -> HashSet<(String, String)> {
        let labels = family.series.iter().flat_map(|series| &series.labels);
        labels.map(|(name, value)| ((*name).to_owned(), value.clone().into_owned())).collect()
    };
    let known = labels(before);
    let mut fresh: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in labels(after).difference(&known) {
        *fresh.entry(name.clone()).or_default() += 1;
    }
    fresh.into_iter().rev().max_by_key(|(_, count)| *count)
}
