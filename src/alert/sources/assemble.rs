//! Rules out of entries: a later one of the same name changes what it says and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::rule::{Origin, Rule, Scope, Severity};
use super::super::template::Template;
use super::{Kind, RuleFault, Rules};
use crate::promql::{Expression, ValueType};
use crate::sample::Text;
use crate::settings::fault::Fault;
use crate::settings::rule_entry::{Fallback, RuleBody, RuleEntry, Written, expression};
use crate::settings::words::closest;

/// The shipped entries as the configured ones alter them, then those that are new.
pub(super) fn put_together(rules: &mut Rules, shipped: Vec<RuleEntry>, configured: &[RuleEntry]) {
    let names: Vec<String> = shipped.iter().map(|entry| entry.alert.clone()).collect();
    for entry in shipped {
        match configured.iter().find(|own| own.alert == entry.alert) {
            Some(own) => {
                let altered = RuleEntry {
                    alert: entry.alert,
                    place: own.place.clone(),
                    body: merged(entry.body, &own.body),
                    targets: own.targets.clone(),
                };
                add(rules, &altered, Origin::Shipped);
            }
            None => add(rules, &entry, Origin::Shipped),
        }
    }
    for entry in configured.iter().filter(|entry| !names.contains(&entry.alert)) {
        if entry.body.expr.is_none() {
            let hint = match closest(&entry.alert, names.iter().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None if entry.says_more() => {
                    "add `expr`: PromQL over recorded metrics; what it gives are alerts".into()
                }
                None => "`stellar rules list` has the names of those that ship".into(),
            };
            let message = format!("rule `{}` without `expr`, and none of this name ships", entry.alert);
            tell(rules, &entry.alert, Fault::new(entry.place.clone(), message, hint), Kind::LeftOut);
            continue;
        }
        add(rules, entry, Origin::Configured);
    }
}

fn tell(rules: &mut Rules, alert: &str, fault: Fault, kind: Kind) {
    rules.findings.push(RuleFault { alert: Some(alert.to_owned()), fault, kind });
}

/// The rule of an entry and those of its targets.
fn add(rules: &mut Rules, entry: &RuleEntry, origin: Origin) {
    let except = entry.targets.iter().map(|(target, _, _)| target.clone()).collect();
    let scope = Scope { only: None, except };
    rules.rules.extend(rule(&mut rules.findings, entry, &entry.body, scope, origin));
    for (target, place, body) in &entry.targets {
        let scope = Scope { only: Some(target.clone()), except: Vec::new() };
        let own = RuleEntry { place: place.clone(), ..entry.clone() };
        let body = merged(entry.body.clone(), body);
        rules.rules.extend(rule(&mut rules.findings, &own, &body, scope, origin));
    }
}

/// What `later` says comes before what `earlier` said; labels and annotations one by one.
fn merged(earlier: RuleBody, later: &RuleBody) -> RuleBody {
    let both = |earlier: BTreeMap<String, Written>, later: &BTreeMap<String, Written>| {
        let later = later.iter().map(|(name, text)| (name.clone(), text.clone()));
        earlier.into_iter().chain(later).collect()
    };
    RuleBody {
        expr: later.expr.clone().or(earlier.expr),
        hold: later.hold.or(earlier.hold),
        keep_firing_for: later.keep_firing_for.or(earlier.keep_firing_for),
        interval: later.interval.or(earlier.interval),
        labels: both(earlier.labels, &later.labels),
        annotations: both(earlier.annotations, &later.annotations),
        no_data: later.no_data.or(earlier.no_data),
        on_error: later.on_error.or(earlier.on_error),
        disabled: later.disabled.or(earlier.disabled),
    }
}

pub(super) fn rule(
    findings: &mut Vec<RuleFault>,
    entry: &RuleEntry,
    body: &RuleBody,
    scope: Scope,
    origin: Origin,
) -> Option<Rule> {
    let mut tell =
        |fault: Fault, kind: Kind| findings.push(RuleFault { alert: Some(entry.alert.clone()), fault, kind });
    let expr = body.expr.as_ref()?;
    let is_ours = super::is_shipped(&expr.place.file);
    let expression = match is_ours {
        // Tested to parse, and a report may evaluate none of them.
        true => Expression::deferred(&expr.text),
        false => expression(expr).map_err(|fault| tell(fault, Kind::LeftOut)).ok()?,
    };
    if !is_ours && expression.value_type() == ValueType::String {
        let message = "`expr` is a text: it gives no values and so no alerts";
        tell(Fault::new(expr.place.clone(), message, "compare something: `up == 0`"), Kind::LeftOut);
        return None;
    }
    let mut templates = |texts: &BTreeMap<String, Written>, braces: bool| -> Vec<(Text, Template)> {
        let parsed = texts.iter().map(|(name, written)| {
            let template = match braces && origin != Origin::File {
                true => Template::with_braces(&written.text),
                false => Template::parse(&written.text),
            };
            if let Some(error) = template.fault() {
                let place = written.place_at(error.offset, error.length);
                let hint = match template.repaired() {
                    Some(text) => format!("write {text}"),
                    None => "the alert is raised all the same, with the error in the place of this text".to_owned(),
                };
                tell(
                    Fault::new(place, format!("`{name}` is no template that can be used: {error}"), hint),
                    Kind::Broken,
                );
            }
            (Text::from(name.as_str()), template)
        });
        parsed.collect()
    };
    let (labels, annotations) = (templates(&body.labels, false), templates(&body.annotations, true));
    let rule = Rule {
        id: String::new(),
        alert: entry.alert.clone(),
        expression,
        hold: body.hold.unwrap_or_default(),
        keep_firing_for: body.keep_firing_for.unwrap_or_default(),
        labels,
        annotations,
        no_data: body.no_data.unwrap_or(Fallback::Ok),
        on_error: body.on_error.unwrap_or(Fallback::Keep),
        group: String::new(),
        interval: body.interval.filter(|interval| *interval > Duration::ZERO),
        scope,
        enabled: !body.disabled.unwrap_or(false),
        origin,
        place: entry.place.clone(),
        severity: Severity::Warning,
    };
    Some(rule.settle())
}
