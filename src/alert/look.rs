//! What rules cannot do here although they parse: metrics that nothing records, labels that are never there, zeros that
//! they divide by, alerts that they read.

use std::collections::{BTreeSet, HashMap};

use super::rule::{Origin, Rule, VALUE};
use super::sources::{Kind, RuleFault, Rules};
use super::template::Use;
use crate::catalogue::Catalogue;
use crate::catalogue::recorded::{NAMINGS, OF_COLLECTING};
use crate::promql::Selector;
use crate::settings::fault::Fault;
use crate::settings::metric_entry::Subject;
use crate::settings::words::closest;
use crate::settings::{Kind as TargetKind, Settings};

/// What is recorded, and with which labels.
pub struct Recorded {
    labels: HashMap<String, BTreeSet<String>>,
    /// Of clusters and of batches: what may stand in braces.
    metrics: BTreeSet<String>,
    /// Kinds and names; empty without a configuration.
    targets: Vec<(TargetKind, String)>,
}

impl Recorded {
    pub fn of(catalogue: &Catalogue, settings: &Settings) -> Self {
        // Labels that people give their targets.
        let own: Vec<String> = settings.targets().flat_map(|target| target.labels().keys().cloned()).collect();
        let mut labels: HashMap<String, BTreeSet<String>> = HashMap::new();
        for naming in &NAMINGS {
            for metric in catalogue.stored(naming.subject) {
                // One name may be that of two subjects.
                let known = labels.entry(naming.sample(metric.name())).or_default();
                known.extend(naming.labels.iter().map(|name| (*name).to_owned()).chain(own.iter().cloned()));
            }
        }
        let of_collecting =
            OF_COLLECTING.map(|(name, own)| (name.to_owned(), own.iter().map(ToString::to_string).collect()));
        labels.extend(of_collecting);
        let of = |subject| catalogue.stored(subject).map(|metric| metric.name().to_owned());
        let metrics = of(Subject::Cluster).chain(of(Subject::Batch)).collect();
        let targets = settings.targets().map(|target| (target.kind(), target.name().to_owned())).collect();
        Self { labels, metrics, targets }
    }

    /// Labels of the series that a selector reads; `None` of what is not recorded, or has no name.
    fn labels(&self, selector: &Selector) -> Option<BTreeSet<String>> {
        self.labels.get(selector.name.as_deref()?).cloned()
    }
}

/// Adds what is found to the findings.
pub fn look(rules: &mut Rules, recorded: &Recorded) {
    let mut findings = Vec::new();
    for rule in &rules.rules {
        let mut tell = |message: String, hint: String| {
            let fault = Fault::new(rule.place.clone(), message, hint);
            findings.push(RuleFault { alert: Some(rule.alert.clone()), fault, kind: Kind::Note });
        };
        let made = |name: &str| rules.records.iter().any(|record| record.name == name);
        if let Some(only) = &rule.scope.only
            && !recorded.targets.is_empty()
            && !recorded.targets.iter().any(|(kind, name)| (*kind, name) == (only.kind, &only.name))
        {
            let known = recorded.targets.iter().filter(|(kind, _)| *kind == only.kind).map(|(_, name)| name.as_str());
            let hint = match closest(&only.name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`stellar config show` prints the targets".to_owned(),
            };
            tell(format!("is for the {} `{}`, which is not configured", only.kind.name(), only.name), hint);
        }
        names(rule, recorded, &made, &mut tell);
        if rule.expression.divides_by_zero() {
            let message = "divides by zero: what it gives is infinite, or no number".to_owned();
            tell(message, "divide by something that is measured, and compare that with 0 before: `a / (b > 0)`".into());
        }
        texts(rule, recorded, &mut tell);
    }
    rules.findings.extend(findings);
}

fn names(rule: &Rule, recorded: &Recorded, made: &dyn Fn(&str) -> bool, tell: &mut dyn FnMut(String, String)) {
    let mut seen = BTreeSet::new();
    for name in rule.expression.selectors().into_iter().filter_map(|selector| selector.name) {
        if recorded.labels.contains_key(&*name) || made(&name) || !seen.insert(name.clone()) {
            continue;
        }
        if matches!(&*name, "ALERTS" | "ALERTS_FOR_STATE") {
            let message =
                format!("reads `{name}`, the alerts of rules: here they are no series, so it never has a value");
            tell(message, "write the expression of the other rule in place of it".to_owned());
            continue;
        }
        let hint = match closest(&name, recorded.labels.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "`stellar config metrics` prints what is recorded, under stellar_NAME and stellar_node_NAME".to_owned()
            }
        };
        tell(format!("reads `{name}`, which nothing records: it never has a value"), hint);
    }
}

/// What labels and annotations name.
fn texts(rule: &Rule, recorded: &Recorded, tell: &mut dyn FnMut(String, String)) {
    let Some(there) = rule.expression.labels(&|selector| recorded.labels(selector)) else { return };
    let list = || match there.is_empty() {
        true => "what it gives has no labels".to_owned(),
        false => format!("its labels: {}", there.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    for (text, template) in rule.labels.iter().chain(&rule.annotations) {
        for used in template.uses() {
            match used {
                Use::Label(name) if !there.contains(&name) && name != "__name__" => {
                    tell(format!("`{text}` names the label `{name}`, which nothing that it gives can have"), list());
                }
                Use::Brace(name)
                    if rule.origin != Origin::File
                        && name != "user"
                        && name != VALUE
                        && !there.contains(&name)
                        && !recorded.metrics.contains(&name) =>
                {
                    let hint = match closest(&name, recorded.metrics.iter().map(String::as_str)) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => list(),
                    };
                    tell(format!("`{text}` names `{{{name}}}`, which is no metric and no label"), hint);
                }
                _ => {}
            }
        }
    }
}
