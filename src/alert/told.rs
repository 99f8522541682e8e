//! What rules say of targets now, as reports show it: the status words and their reasons come from here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::check::Checked;
use super::rule::{ALERTNAME, Rule, SEVERITY, SUMMARY, Severity};
use super::state::Active;
use crate::sample::{Labels, Millis, lapse};
use crate::settings::Kind;
use crate::words;

/// An alert that is active: it fires, or waits for the time of its rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// [`Rule::id`].
    pub rule: String,
    pub severity: Severity,
    pub labels: Labels,
    /// The rule's summary, or its name.
    pub text: String,
    pub value: f64,
    pub since: Millis,
    /// `None` while it is pending.
    pub fired: Option<Millis>,
    /// The rule's `for`.
    pub hold: Duration,
    /// Somebody silenced it.
    pub muted: bool,
}

/// All that the rules say at one moment.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub told: Vec<Told>,
    /// Sentences on rules that could not be evaluated.
    pub faults: Vec<String>,
}

impl Told {
    pub fn of(rule: &Rule, alert: &Active, muted: bool) -> Self {
        let raised = &alert.raised;
        Self {
            rule: rule.id.clone(),
            severity: Severity::of(raised.labels.get(SEVERITY).map_or("", |word| word)),
            labels: raised.labels.clone(),
            text: summary(alert).to_owned(),
            value: raised.value,
            since: alert.since,
            fired: alert.fired,
            hold: rule.hold,
            muted,
        }
    }

    /// Whether it counts: it fires, and nobody silenced it.
    pub fn is_loud(&self) -> bool {
        self.fired.is_some() && !self.muted
    }

    pub fn is_of(&self, kind: Kind, target: &str) -> bool {
        kind.is_named(&self.labels, target)
    }

    /// What stands behind the reason of one that does not count.
    fn note(&self, now: Millis) -> String {
        match (self.fired, self.muted) {
            (_, true) => " (muted)".to_owned(),
            (Some(_), false) => String::new(),
            (None, false) => {
                let since = words::age(lapse(now - self.since));
                format!(" (pending: for {since} of {})", words::age(self.hold))
            }
        }
    }
}

impl Verdict {
    /// Adds what came of a rule.
    pub fn add<'a>(&mut self, rule: &Rule, active: impl Iterator<Item = (&'a Active, bool)>, checked: &Checked) {
        self.told.extend(active.map(|(alert, muted)| Told::of(rule, alert, muted)));
        let fault = checked.error.as_ref();
        self.faults.extend(fault.map(|error| format!("the rule {} cannot be evaluated: {error}", rule.id)));
    }

    /// Of one target.
    pub fn of(&self, kind: Kind, target: &str) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.is_of(kind, target))
    }
}

/// The annotation `summary`, or the name of the alert.
pub fn summary(alert: &Active) -> &str {
    let summary = alert.raised.annotations.iter().find(|(name, _)| **name == *SUMMARY).map(|(_, text)| text.as_str());
    let name = alert.raised.labels.get(ALERTNAME).map_or("", |name| name);
    summary.filter(|text| !text.is_empty()).unwrap_or(name)
}

/// One sentence for alerts of one rule on one target that differ in nothing but one label, say the node: `no answer from
/// 127.0.0.1:8030, 127.0.0.2:8030 and 4 more`. Worst and firing first, the order of the rules otherwise kept.
pub fn sentences<'t>(told: impl IntoIterator<Item = &'t Told>, now: Millis) -> Vec<(&'t Told, String)> {
    let mut groups: Vec<Vec<&Told>> = Vec::new();
    for one in told {
        let like = |group: &&mut Vec<&Told>| {
            group.first().is_some_and(|first| first.rule == one.rule && first.note(now) == one.note(now))
        };
        match groups.iter_mut().find(like) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    let mut sentences = Vec::new();
    for group in groups {
        match joined(&group) {
            Some(text) => sentences.extend(group.first().map(|first| (*first, text + &first.note(now)))),
            None => sentences.extend(group.iter().map(|one| (*one, one.text.clone() + &one.note(now)))),
        }
    }
    sentences.sort_by_key(|(told, _)| (!told.is_loud(), std::cmp::Reverse(told.severity)));
    sentences
}

/// The texts of a group as one, if they are one but for the value of a label.
fn joined(group: &[&Told]) -> Option<String> {
    const MOST: usize = 3;
    // No text of others has it.
    const PLACE: &str = "\u{0}";
    let first = group.first()?;
    for (label, value) in first.labels.iter().filter(|(_, value)| !value.is_empty()) {
        let pattern = first.text.replace(&**value, PLACE);
        let fits = |one: &&Told| {
            one.labels
                .get(label)
                .filter(|own| !own.is_empty())
                .is_some_and(|own| one.text.replace(&**own, PLACE) == pattern)
        };
        if !pattern.contains(PLACE) || !group.iter().all(fits) {
            continue;
        }
        let values: BTreeSet<&str> =
            group.iter().filter_map(|one| one.labels.get(label)).map(|value| &**value).collect();
        let shown = values.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        let shown = match values.len().saturating_sub(MOST) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        };
        return Some(pattern.replace(PLACE, &shown));
    }
    group.iter().all(|one| one.text == first.text).then(|| first.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: &str, node: &str, text: &str, fired: Option<Millis>) -> Told {
        Told {
            rule: rule.to_owned(),
            severity: if rule == "Bad" { Severity::Critical } else { Severity::Warning },
            labels: Labels::of([("cluster", "shop"), ("instance", node)]),
            text: text.to_owned(),
            value: 1.0,
            since: 0,
            fired,
            hold: Duration::from_secs(60),
            muted: false,
        }
    }

    fn lines(told: &[Told]) -> Vec<String> {
        sentences(told, 30_000).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn nodes_of_one_rule_are_one_sentence_and_the_worst_comes_first() {
        let silent = |node: &str| told("Silent", node, &format!("no answer from {node}; frozen?"), Some(0));
        let all = ["a:1", "b:1", "c:1", "d:1"].map(silent);
        let bad = told("Bad", "a:1", "no leader", Some(0));
        let soon = told("Soon", "", "disks fill", None);
        assert_eq!(
            lines(&[vec![soon, all[0].clone(), all[1].clone()], vec![bad.clone()]].concat()),
            ["no leader", "no answer from a:1, b:1; frozen?", "disks fill (pending: for 30s of 1m00s)"]
        );
        assert_eq!(lines(&all), ["no answer from a:1, b:1, c:1 and 1 more; frozen?"]);
        // The same of every node once; what differs otherwise stays apart.
        let same = |text: &str, node: &str| told("Same", node, text, Some(0));
        assert_eq!(lines(&[same("1 of 3 gone", "a:1"), same("1 of 3 gone", "b:1")]), ["1 of 3 gone"]);
        assert_eq!(lines(&[same("5% at a:1", "a:1"), same("6% at b:1", "b:1")]), ["5% at a:1", "6% at b:1"]);
    }

    #[test]
    fn what_is_pending_or_muted_does_not_count() {
        let muted = Told { muted: true, ..told("Bad", "a:1", "no leader", Some(0)) };
        let pending = told("Soon", "a:1", "disks fill", None);
        assert_eq!([&muted, &pending].map(Told::is_loud), [false, false]);
        assert_eq!(lines(&[pending, muted]), ["no leader (muted)", "disks fill (pending: for 30s of 1m00s)"]);
    }
}
