//! Rules on the newest values alone: what reports show between two checks.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use std::time::Duration;

use super::rule::Rule;
use crate::catalogue::recorded::Naming;
use crate::promql::{self, Element, EvalError, Selector, Source, Value, Window};
use crate::sample::{Labels, Millis, Point, Series, Text};

/// A summary with what stands in braces; what is not known is a dash.
pub fn filled(summary: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = summary;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        text.push_str(&value(name).unwrap_or_else(|| "–".to_owned()));
        rest = after;
    }
    text + rest
}

/// A rule that holds for a cluster.
#[derive(Debug)]
pub struct Finding<'r> {
    pub rule: &'r Rule,
    pub cluster: String,
    /// All that the rule gives for the cluster; one or more.
    elements: Vec<Element>,
}

impl Finding<'_> {
    /// What stands for a label in the summary, the first few of its values: `127.0.0.1:8030, 127.0.0.2:8030 and 4 more`.
    /// `instance>0` and `instance<0` are the label where the rule gives more or less than zero. `None` without such a label.
    pub fn label(&self, named: &str) -> Option<String> {
        const MOST: usize = 3;
        let (name, wanted): (&str, fn(f64) -> bool) = match (named.strip_suffix(">0"), named.strip_suffix("<0")) {
            (Some(name), _) => (name, |value| value > 0.0),
            (_, Some(name)) => (name, |value| value < 0.0),
            _ => (named, |_| true),
        };
        let elements = self.elements.iter().filter(|element| wanted(element.value));
        let values: BTreeSet<&str> =
            elements.filter_map(|element| element.labels.get(name).map(|value| &**value)).collect();
        let shown = values.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
        match values.len().saturating_sub(MOST) {
            0 if values.is_empty() => None,
            0 => Some(shown),
            more => Some(format!("{shown} and {more} more")),
        }
    }
}

/// The recorded values that rules see, under the names and with the labels of [`crate::catalogue::recorded`].
#[derive(Debug)]
pub struct Recorded {
    /// The names that some rule reads: of a node there is much that none does.
    read: HashSet<Text>,
    series: Vec<Series>,
}

impl Recorded {
    /// For values that these rules are to see.
    pub fn of(rules: &[Rule]) -> Self {
        let read = rules.iter().flat_map(|rule| rule.expression.selectors()).filter_map(|selector| selector.name);
        Self { read: read.collect(), series: Vec::new() }
    }

    /// `labels` are those of the subject, made by its naming.
    pub fn add(&mut self, naming: &Naming, metric: &str, labels: &Labels, at: Millis, value: f64) {
        if let Some(name) = self.read.get(naming.sample(metric).as_str()) {
            let points = vec![Point { at, value }];
            self.series.push(Series { name: name.clone(), labels: labels.clone(), points });
        }
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

/// What has to hold for longer cannot be told from the newest values alone.
const LONGEST_HOLD: Duration = Duration::from_secs(60);

/// Every rule on `recorded` that is switched on and holds soon enough; the findings of one cluster are in the order of the rules. Beside them the rules that cannot
/// be evaluated on these values, with the reason; they cost nothing but themselves.
pub fn evaluate<'r>(
    rules: &'r [Rule],
    recorded: &Recorded,
    at: Millis,
) -> (Vec<Finding<'r>>, Vec<(&'r Rule, EvalError)>) {
    let (mut findings, mut faults) = (Vec::new(), Vec::new());
    for rule in rules.iter().filter(|rule| rule.enabled && rule.hold <= LONGEST_HOLD) {
        match promql::evaluate(&rule.expression, recorded, at) {
            Ok(Value::Vector(elements)) => {
                let mut clusters: BTreeMap<String, Vec<Element>> = BTreeMap::new();
                for element in elements.into_iter().filter(|element| rule.scope.covers(&element.labels)) {
                    if let Some(cluster) = element.labels.get("cluster") {
                        clusters.entry(cluster.to_string()).or_default().push(element);
                    }
                }
                let found = clusters.into_iter().map(|(cluster, elements)| Finding { rule, cluster, elements });
                findings.extend(found);
            }
            Ok(_) => {}
            Err(error) => faults.push((rule, error)),
        }
    }
    (findings, faults)
}

#[cfg(test)]
mod tests {
    use super::super::shipped_rules;
    use super::*;
    use crate::catalogue::recorded::naming;
    use crate::settings::metric_entry::Subject;

    fn found(values: &[(&str, f64)]) -> Vec<String> {
        let rules = shipped_rules().unwrap();
        let mut recorded = Recorded::of(&rules);
        let naming = naming(Subject::Cluster);
        let labels = naming.labelled(["shop"]);
        for (metric, value) in values {
            recorded.add(naming, metric, &labels, 0, *value);
        }
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
