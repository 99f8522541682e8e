//! A rule over the history since it was last looked at: at every moment at which something was collected, and now. What a
//! check every five minutes finds is what one every thirty seconds would have found.

use std::collections::BTreeMap;

use super::rule::{ALERTNAME, Fallback, Rule};
use super::state::{Active, Raised, Transition, advance};
use crate::promql::Source;
use crate::sample::{Labels, Millis, Text, millis};

/// What is kept of a rule between two checks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    pub active: BTreeMap<Labels, Active>,
    pub evaluated_to: Option<Millis>,
}

/// What came of a rule.
#[derive(Debug, Default)]
pub struct Checked {
    /// With the moments of their evaluation, in their order.
    pub changes: Vec<(Millis, Transition)>,
    /// Why the last evaluation gave nothing, if it failed.
    pub error: Option<String>,
}

/// Whom a check works for: what rules give, as alerts at one moment.
///
/// # Errors
/// A sentence, when the rule cannot be evaluated.
pub type Raise<'d> = dyn Fn(&Rule, &dyn Source, Millis) -> Result<Vec<Raised>, String> + 'd;

/// The label of an alert that stands for a rule itself: that it has no data, or cannot be evaluated.
const ABOUT_RULE: &str = "rule_state";

/// Carries a rule over `times`, which are in order. Those that were evaluated before are left out.
pub fn check(rule: &Rule, memory: &mut Memory, source: &dyn Source, times: &[Millis], raise: &Raise) -> Checked {
    let mut checked = Checked::default();
    for at in times.iter().copied() {
        let spacing = rule.interval.map_or(1, millis);
        if memory.evaluated_to.is_some_and(|last| at < last.saturating_add(spacing)) {
            continue;
        }
        memory.evaluated_to = Some(at);
        checked.error = None;
        let raised = match raise(rule, source, at) {
            // Nothing is what most rules are taken to give without data, so for them nobody has to look.
            Ok(raised) if raised.is_empty() && rule.no_data != Fallback::Ok && !has_data(rule, source, at) => {
                fallen_back(rule, rule.no_data, "no data")
            }
            Ok(raised) => Some(raised),
            Err(error) => {
                checked.error = Some(error);
                fallen_back(rule, rule.on_error, "error")
            }
        };
        // Who keeps what was there is not evaluated.
        let Some(raised) = raised else { continue };
        match advance(rule.patience(), &mut memory.active, raised, at) {
            Ok(changes) => checked.changes.extend(changes.into_iter().map(|change| (at, change))),
            Err(same) => checked.error = Some(same.to_string()),
        }
    }
    checked
}

/// Whether something that the rule reads has a sample.
fn has_data(rule: &Rule, source: &dyn Source, at: Millis) -> bool {
    let mut seen = false;
    for selector in rule.expression.selectors() {
        source.visit(&selector, at - selector.offset, &mut |_, _, _| seen = true);
    }
    seen
}

/// What a rule that cannot say anything is taken to say; `None` leaves all as it was.
fn fallen_back(rule: &Rule, fallback: Fallback, state: &str) -> Option<Vec<Raised>> {
    match fallback {
        Fallback::Ok => Some(Vec::new()),
        Fallback::Keep => None,
        Fallback::Alert => {
            let severity = rule.severity.word();
            let labels =
                Labels::of([(ALERTNAME, &*rule.alert), (super::rule::SEVERITY, severity), (ABOUT_RULE, state)]);
            let why = match state {
                "error" => format!("the rule {} cannot be evaluated", rule.alert),
                _ => format!("nothing that the rule {} reads was collected", rule.alert),
            };
            let annotations: Vec<(Text, String)> = vec![(super::rule::SUMMARY.into(), why)];
            Some(vec![Raised { labels, annotations, value: f64::NAN }])
        }
    }
}

/// The alerts of a rule that fire.
pub fn firing(memory: &Memory) -> impl Iterator<Item = &Active> {
    memory.active.values().filter(|alert| alert.is_firing())
}
