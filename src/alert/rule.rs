//! The one model of an alerting rule, in Prometheus's terms, wherever it was written.

use std::fmt;
use std::time::Duration;

use super::state::Patience;
use super::template::Template;
use crate::promql::{Expression, Selector};
use crate::sample::{Labels, Text};
use crate::settings::fault::Place;
use crate::settings::rule_entry::Watched;

pub use crate::settings::rule_entry::Fallback;

/// The label that says how bad an alert is.
pub const SEVERITY: &str = "severity";
/// The annotation that reports show.
pub const SUMMARY: &str = "summary";
/// In braces, what the rule gives.
pub const VALUE: &str = "value";
/// The label that bears the rule's name.
pub const ALERTNAME: &str = "alertname";

/// How bad it is; the worst of a target's reasons is its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

impl Severity {
    /// Of the label `severity`; without it, and of a word that is none of ours, a warning.
    pub fn of(label: &str) -> Self {
        match label {
            "critical" => Self::Critical,
            "info" => Self::Info,
            _ => Self::Warning,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Who wrote a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ships with the program, perhaps altered by the configuration.
    Shipped,
    /// `[[rule]]` of the configuration.
    Configured,
    /// A Prometheus rule file.
    File,
}

impl Origin {
    pub fn word(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Configured => "configured",
            Self::File => "file",
        }
    }
}

/// The targets that a rule is for, where `[[rule.target]]` has rules of its own for some. They are told by the labels
/// `cluster` and `application` of what the expression gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// This one and no other.
    pub only: Option<Watched>,
    /// Every one but these, for which there are other rules of the same name.
    pub except: Vec<Watched>,
}

impl Scope {
    /// Whether an element with these labels is the rule's.
    pub fn covers(&self, labels: &Labels) -> bool {
        let is = |target: &Watched| target.kind.is_named(labels, &target.name);
        self.only.as_ref().is_none_or(is) && !self.except.iter().any(is)
    }
}

/// A rule, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Told from all others that are in use: the name of the alert, with the group and a number where that is not enough,
    /// and the target of one that is for a single one.
    pub id: String,
    pub alert: String,
    pub expression: Expression,
    /// `for`.
    pub hold: Duration,
    pub keep_firing_for: Duration,
    /// In the order of their names, as Prometheus has them.
    pub labels: Vec<(Text, Template)>,
    pub annotations: Vec<(Text, Template)>,
    /// What becomes of its alerts when nothing that it reads has a sample.
    pub no_data: Fallback,
    /// What becomes of them when it cannot be evaluated.
    pub on_error: Fallback,
    /// The group of a rule file; of others it is empty.
    pub group: String,
    /// At least this long after an evaluation comes the next one.
    pub interval: Option<Duration>,
    pub scope: Scope,
    /// False for one that is switched off.
    pub enabled: bool,
    pub origin: Origin,
    /// Where its name stands.
    pub place: Place,
    /// By the label `severity` if that is no template.
    pub severity: Severity,
}

impl Rule {
    pub fn patience(&self) -> Patience {
        Patience { hold: self.hold, keep: self.keep_firing_for }
    }

    pub fn selectors(&self) -> Vec<Selector> {
        self.expression.selectors()
    }

    /// The template of a label, if the rule has it.
    pub fn label(&self, name: &str) -> Option<&Template> {
        find(&self.labels, name)
    }

    pub fn annotation(&self, name: &str) -> Option<&Template> {
        find(&self.annotations, name)
    }

    /// Sets what follows from labels and annotations.
    pub(super) fn settle(mut self) -> Self {
        self.labels.sort_by(|left, right| left.0.cmp(&right.0));
        self.annotations.sort_by(|left, right| left.0.cmp(&right.0));
        self.severity = Severity::of(self.label(SEVERITY).map_or("", Template::text));
        self
    }
}

fn find<'t>(templates: &'t [(Text, Template)], name: &str) -> Option<&'t Template> {
    templates.iter().find(|(own, _)| **own == *name).map(|(_, template)| template)
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Kind;

    #[test]
    fn other_words_than_ours_are_a_warning() {
        let words = ["critical", "warning", "info", "page", "", "Critical"].map(|word| Severity::of(word).word());
        assert_eq!(words, ["critical", "warning", "info", "warning", "warning", "warning"]);
    }

    #[test]
    fn a_scope_tells_targets_by_kind_and_name() {
        let target = |kind, name: &str| Watched { kind, name: name.into() };
        let only = Scope { only: Some(target(Kind::Cluster, "shop")), except: Vec::new() };
        let except = Scope { only: None, except: vec![target(Kind::Application, "shop")] };
        let cases = [("cluster", "shop"), ("application", "shop"), ("cluster", "ads"), ("job", "shop")];
        let covered = cases.map(|case| {
            let labels = Labels::of([case]);
            (only.covers(&labels), except.covers(&labels))
        });
        assert_eq!(covered, [(true, true), (false, false), (false, true), (false, true)]);
    }
}
