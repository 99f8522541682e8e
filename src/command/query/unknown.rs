//! Names that an expression asks for and nobody records: which was meant, or what is recorded of it.

use std::collections::BTreeSet;

use crate::catalogue::Catalogue;
use crate::catalogue::recorded::{NAMINGS, naming};
use crate::promql::{MatchOperator, Selector};
use crate::report::harmless;
use crate::settings::Loaded;
use crate::settings::words::closest;

/// Warns of every name that is none of `recorded`; how many there are.
pub(super) fn told(selectors: &[Selector], recorded: &BTreeSet<String>, loaded: &Loaded) -> usize {
    let names = selectors.iter().filter_map(|selector| selector.name.as_deref());
    let unknown: BTreeSet<&str> = names.filter(|name| !recorded.contains(*name)).collect();
    if unknown.is_empty() {
        return 0;
    }
    // What is wrong with a catalogue is told by those who need it.
    let catalogue = Catalogue::load(&loaded.settings).ok();
    for name in &unknown {
        let shown = harmless(name);
        match instead(name, recorded, catalogue.as_ref()) {
            Some(instead) => log::warn!("there is no recorded metric `{shown}`; {instead}"),
            None => log::warn!("there is no recorded metric `{shown}`; see: stellar config metrics"),
        }
    }
    unknown.len()
}

/// Warns of every target that is asked for by its name and not there; how many there are.
pub(super) fn targets(selectors: &[Selector], known: &BTreeSet<(&str, String)>) -> usize {
    let labels: BTreeSet<&str> = known.iter().map(|(label, _)| *label).collect();
    let matchers = selectors.iter().flat_map(|selector| &selector.matchers);
    let named = matchers.filter(|matcher| matcher.operator == MatchOperator::Equal && !matcher.value.is_empty());
    let asked: BTreeSet<(&str, &str)> = named.map(|matcher| (&*matcher.label, &*matcher.value)).collect();
    let mut told = 0;
    for (label, name) in asked.into_iter().filter(|(label, _)| labels.contains(label)) {
        let names: Vec<&str> = known.iter().filter(|(own, _)| *own == label).map(|(_, name)| name.as_str()).collect();
        if !names.contains(&name) {
            let near =
                closest(name, names).map_or(String::new(), |near| format!("; did you mean `{}`?", harmless(near)));
            log::warn!("there is no {label} `{}`{near}", harmless(name));
            told += 1;
        }
    }
    told
}

fn instead(name: &str, recorded: &BTreeSet<String>, catalogue: Option<&Catalogue>) -> Option<String> {
    // A metric by its name alone.
    if let Some(whole) = NAMINGS.iter().map(|naming| naming.sample(name)).find(|whole| recorded.contains(whole)) {
        return Some(format!("did you mean `{whole}`?"));
    }
    let made = catalogue.map(|catalogue| made_of(name, catalogue)).unwrap_or_default();
    if !made.is_empty() {
        return Some(format!("that sample is not kept, but made into {}", listed(&made)));
    }
    if let Some(parts) = parts(name, recorded) {
        return Some(format!("recorded are {}", listed(&parts)));
    }
    closest(name, recorded.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

/// The recorded metrics that are computed from a sample of this name, nothing but.
fn made_of(name: &str, catalogue: &Catalogue) -> Vec<String> {
    let metrics = catalogue.metrics().iter().filter(|metric| metric.stored);
    let reads = metrics
        .filter(|metric| metric.entry.expr.selectors().iter().any(|selector| selector.name.as_deref() == Some(name)));
    reads.map(|metric| naming(metric.per()).sample(metric.name())).collect()
}

/// Of a histogram its figures are recorded, not its buckets.
fn parts(name: &str, recorded: &BTreeSet<String>) -> Option<Vec<String>> {
    let stem = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let parts: Vec<String> = recorded
        .iter()
        .filter(|own| own.strip_prefix(stem).is_some_and(|rest| rest.starts_with('_')))
        .cloned()
        .collect();
    (!parts.is_empty()).then_some(parts)
}

/// The first few: "`a`, `b`, `c` and 4 more".
fn listed(names: &[String]) -> String {
    const MOST: usize = 4;
    let shown = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
