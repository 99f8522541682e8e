//! What recorded metrics are called where PromQL sees them: in rules, in queries and in all that is shipped. A table of
//! subjects, and no other place knows it.

use super::Catalogue;
use crate::sample::Labels;
use crate::settings::metric_entry::{Subject, Unit};

/// The names and labels of one subject's metrics.
#[derive(Debug)]
pub struct Naming {
    pub subject: Subject,
    /// What stands before the name of the metric.
    prefix: &'static str,
    /// The labels that tell whose value it is: first those of the target, then those of the key of a row, then the rest.
    pub labels: &'static [&'static str],
}

/// `stellar_node_x` may be the metric `node_x` of a cluster or the metric `x` of nodes: it is both where both are recorded.
/// The labels differ, so they are different series.
pub const NAMINGS: [Naming; 3] = [
    Naming { subject: Subject::Cluster, prefix: "stellar_", labels: &["cluster"] },
    Naming { subject: Subject::Node, prefix: "stellar_node_", labels: &["cluster", "node", "instance", "role"] },
    // Under the names of its guide.
    Naming {
        subject: Subject::Batch,
        prefix: "",
        labels: &["application", "environment", "database", "table", "test_name"],
    },
];

/// What is known of the collecting itself: samples without a metric of the catalogue.
pub const COLLECTOR_LAST_SUCCESS: &str = "stellar_collector_last_success_timestamp_seconds";
pub const COLLECTOR_INTERVAL: &str = "stellar_collector_interval_seconds";
pub const TARGET_FAILURES: &str = "stellar_target_failures";

pub const TARGET_FAILED_FETCHES: &str = "stellar_target_failed_fetches";

/// All of them, each with the labels that it may have.
pub const OF_COLLECTING: [(&str, &[&str]); 4] = [
    (COLLECTOR_LAST_SUCCESS, &[]),
    (COLLECTOR_INTERVAL, &[]),
    (TARGET_FAILURES, &["cluster", "application"]),
    (TARGET_FAILED_FETCHES, &["cluster"]),
];

/// The naming of a subject.
pub fn naming(subject: Subject) -> &'static Naming {
    let [cluster, node, batch] = &NAMINGS;
    match subject {
        Subject::Cluster => cluster,
        Subject::Node => node,
        Subject::Batch => batch,
    }
}

impl Naming {
    /// The name of the sample that is this metric: `queries` → `stellar_queries`.
    pub fn sample(&self, metric: &str) -> String {
        format!("{}{metric}", self.prefix)
    }

    /// The metric, and so the column, that a sample of this name would be; whether there is one is for others to know.
    pub fn metric<'n>(&self, sample: &'n str) -> Option<&'n str> {
        sample.strip_prefix(self.prefix).filter(|metric| !metric.is_empty())
    }

    /// The labels of a subject, from their values in the order of `labels`; an empty one is none.
    pub fn labelled<'v>(&self, values: impl IntoIterator<Item = &'v str>) -> Labels {
        Labels::of(self.labels.iter().copied().zip(values))
    }
}

/// The unit of a sample that is a recorded metric.
pub fn unit_of(sample: &str, catalogue: &Catalogue) -> Option<Unit> {
    Subject::ALL.into_iter().find_map(|subject| {
        let metric = naming(subject).metric(sample)?;
        catalogue.find(subject, metric).map(|metric| metric.entry.unit)
    })
}

/// The `instance` of a node: one without an address is told by its name.
pub fn instance<'n>(instance: Option<&'n str>, node: &'n str) -> &'n str {
    instance.unwrap_or(node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Metric;
    use crate::settings::Settings;

    #[test]
    fn a_name_leads_to_its_column_and_back() {
        for (subject, metric, name) in [
            (Subject::Cluster, "queries", "stellar_queries"),
            (Subject::Node, "alive", "stellar_node_alive"),
            (Subject::Batch, "batchsql_current_rps", "batchsql_current_rps"),
        ] {
            let naming = naming(subject);
            assert_eq!((naming.subject, naming.sample(metric).as_str()), (subject, name));
            assert_eq!(naming.metric(name), Some(metric));
        }
        assert_eq!(naming(Subject::Cluster).metric("stellar_node_alive"), Some("node_alive"));
        assert_eq!(naming(Subject::Node).metric("stellar_alive"), None);
        assert_eq!(["stellar_", "up"].map(|name| naming(Subject::Cluster).metric(name)), [None, None]);
    }

    #[test]
    fn one_name_alone_is_a_metric_of_clusters_and_one_of_nodes() {
        let catalogue = Catalogue::load(&Settings::default()).expect("the shipped metrics");
        let is_both = |metric: &&Metric| {
            let of_node = metric.name().strip_prefix("node_");
            of_node.is_some_and(|name| catalogue.find(Subject::Node, name).is_some())
        };
        let both: Vec<&str> = catalogue.stored(Subject::Cluster).filter(is_both).map(Metric::name).collect();
        assert_eq!(both, ["node_heartbeat_age_seconds"]);
    }

    #[test]
    fn a_node_has_the_labels_that_are_known() {
        let labels = |role| naming(Subject::Node).labelled(["shop", "be:1", instance(None, "be:1"), role]).to_string();
        assert_eq!(labels("BACKEND"), r#"{cluster="shop", instance="be:1", node="be:1", role="BACKEND"}"#);
        assert_eq!(labels(""), r#"{cluster="shop", instance="be:1", node="be:1"}"#);
    }
}
