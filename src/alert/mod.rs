//! Rules over recorded metrics: the status words of reports, with their reasons, come from here and from nowhere else.

use serde::Deserialize;

use crate::promql::{self, Element, EvalError, Expression, Selector, Source, Value, Window};
use crate::sample::{Labels, Millis, Point, Series};

const STARROCKS_RULES: &str = include_str!("../../conf/rules/starrocks.toml");

/// How bad it is; the worst of a target's reasons is its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Warning,
    Critical,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    alert: String,
    expr: String,
    severity: Severity,
    summary: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Entry>,
}

/// A rule, ready to be evaluated.
#[derive(Debug)]
pub struct Rule {
    pub alert: String,
    pub severity: Severity,
    /// Metrics in braces stand for their values: `{backends_dead} of {backends} backends not alive`.
    pub summary: String,
    expression: Expression,
}

/// A rule that holds for a cluster.
#[derive(Debug)]
pub struct Finding<'r> {
    pub rule: &'r Rule,
    pub cluster: String,
}

/// The rules that ship with the program.
///
/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn shipped_rules() -> Result<Vec<Rule>, String> {
    let file: File = toml::from_str(STARROCKS_RULES).map_err(|error| error.message().to_owned())?;
    let compiled = file.rule.into_iter().map(|entry| {
        let expression = Expression::parse(&entry.expr).map_err(|error| format!("{}: {error}", entry.alert))?;
        Ok(Rule { alert: entry.alert, severity: entry.severity, summary: entry.summary, expression })
    });
    compiled.collect()
}

/// The recorded values that rules see: `stellar_<metric>{cluster="…"}`.
#[derive(Debug, Default)]
pub struct Recorded {
    series: Vec<Series>,
}

impl Recorded {
    pub fn add(&mut self, metric: &str, cluster: &str, at: Millis, value: f64) {
        let labels = Labels::of([("cluster", cluster)]);
        self.series.push(Series {
            name: format!("stellar_{metric}").into(),
            labels,
            points: vec![Point { at, value }],
        });
    }
}

impl Source for Recorded {
    fn select(&self, selector: &Selector, _at: Millis) -> Vec<Series> {
        if selector.window != Window::Instant {
            return Vec::new();
        }
        let named = self.series.iter().filter(|series| selector.accepts_name(&series.name));
        named.filter(|series| selector.accepts(&series.labels)).cloned().collect()
    }
}

/// Every rule on `recorded`; the findings of one cluster are in the order of the rules. Beside them the rules that cannot
/// be evaluated on these values, with the reason; they cost nothing but themselves.
pub fn evaluate<'r>(
    rules: &'r [Rule],
    recorded: &Recorded,
    at: Millis,
) -> (Vec<Finding<'r>>, Vec<(&'r Rule, EvalError)>) {
    let (mut findings, mut faults) = (Vec::new(), Vec::new());
    for rule in rules {
        match promql::evaluate(&rule.expression, recorded, at) {
            Ok(Value::Vector(elements)) => {
                let clusters = elements.iter().filter_map(|element: &Element| element.labels.get("cluster"));
                findings.extend(clusters.map(|cluster| Finding { rule, cluster: cluster.to_string() }));
            }
            Ok(_) => {}
            Err(error) => faults.push((rule, error)),
        }
    }
    (findings, faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[(&str, f64)]) -> Vec<String> {
        let mut recorded = Recorded::default();
        for (metric, value) in values {
            recorded.add(metric, "shop", 0, *value);
        }
        let rules = shipped_rules().unwrap();
        let (findings, faults) = evaluate(&rules, &recorded, 0);
        assert!(faults.is_empty());
        findings.iter().map(|finding| format!("{} {}", finding.rule.alert, finding.cluster)).collect()
    }

    #[test]
    fn a_lost_quorum_is_not_just_a_missing_leader() {
        assert_eq!(found(&[("frontends_leader", 0.0), ("fe_journal_written", 0.0)]), ["StarRocksLostQuorum shop"]);
        assert_eq!(found(&[("frontends_leader", 0.0), ("fe_journal_written", 2.0)]), ["StarRocksNoLeader shop"]);
        assert_eq!(found(&[("frontends_leader", 1.0), ("fe_journal_written", 0.0)]), [""; 0]);
    }

    #[test]
    fn what_is_not_measured_breaks_no_rule() {
        assert_eq!(found(&[]), [""; 0]);
        assert_eq!(found(&[("backends", 3.0)]), [""; 0]);
    }

    #[test]
    fn a_disk_is_filling_or_full_never_both() {
        assert_eq!(found(&[("disk_used_ratio_max", 0.9)]), ["StarRocksDiskFilling shop"]);
        assert_eq!(found(&[("disk_used_ratio_max", 0.97)]), ["StarRocksDiskFull shop"]);
    }
}
