//! One collection through the whole catalogue: a value or NULL for every metric of the cluster and of each node.

use std::collections::BTreeMap;

use super::collection::Collection;
use super::{Catalogue, Metric};
use crate::hash::Map;
use crate::promql::{self, Element, Selector, Source, Value, Window};
use crate::sample::{Labels, Millis, Point, Series, Text};
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;
use crate::words::is_unseen;

/// One value a stored metric of the subject, in the order of `Catalogue::stored`; `None` is "not measured".
pub type Row = Vec<Option<f64>>;

#[derive(Debug, Default)]
pub struct Rows {
    pub cluster: Row,
    pub nodes: BTreeMap<String, Row>,
    pub faults: Vec<EvaluationFault>,
}

/// A metric whose expression does not fit what the endpoints sent. It is NULL; the others are not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationFault {
    pub metric: String,
    pub reason: String,
}

/// Evaluates every metric at `at`. `name_node` tells which node a node metric's labels mean (`fe:NAME`, `be:ID`, …).
pub fn evaluate(
    catalogue: &Catalogue,
    collection: &Collection,
    at: Millis,
    name_node: &dyn Fn(&Labels) -> Option<String>,
) -> Rows {
    let mut rows = Rows::default();
    let mut derived: [Map<Text, Vec<Series>>; 2] = Default::default();
    let node_count = catalogue.stored(Subject::Node).count();
    let mut node_column = 0;
    for metric in catalogue.metrics().iter().filter(|metric| metric.per().kind() == Kind::Cluster) {
        let is_node = metric.per() == Subject::Node;
        let scope = usize::from(is_node);
        let finite = elements(metric, &Scoped { collection, derived: &derived[scope] }, at, &mut rows.faults);
        let kept = match is_node {
            false => rows.take_cluster(metric, finite),
            true => {
                let kept = rows.take_nodes(metric, finite, (node_column, node_count), name_node);
                node_column += usize::from(metric.stored);
                kept
            }
        };
        let series = kept.into_iter().map(|element| Series {
            name: metric.name().into(),
            labels: element.labels,
            points: vec![Point { at, value: element.value }],
        });
        derived[scope].insert(metric.name().into(), series.collect());
    }
    rows
}

/// What an entry gives that is a number; one that gives no numbers is a fault.
pub(super) fn elements(
    metric: &Metric,
    source: &Scoped<'_>,
    at: Millis,
    faults: &mut Vec<EvaluationFault>,
) -> Vec<Element> {
    let elements = match promql::evaluate(&metric.entry.expr, source, at) {
        Ok(Value::Vector(elements)) => elements,
        Ok(Value::Scalar(value)) => vec![Element { name: None, labels: Labels::empty(), at, value }],
        Ok(_) => {
            faults.push(EvaluationFault::new(metric, "the expression gives a text, not a number"));
            Vec::new()
        }
        Err(error) => {
            faults.push(EvaluationFault::new(metric, &error.to_string()));
            Vec::new()
        }
    };
    elements.into_iter().filter(|element| element.value.is_finite()).collect()
}

impl EvaluationFault {
    pub(super) fn new(metric: &Metric, reason: &str) -> Self {
        // It may quote labels, and anyone may have written these.
        Self { metric: metric.name().to_owned(), reason: reason.replace(is_unseen, " ") }
    }
}

impl Rows {
    fn fault(&mut self, metric: &Metric, reason: &str) {
        self.faults.push(EvaluationFault::new(metric, reason));
    }

    /// A cluster metric is one number without labels, or none.
    fn take_cluster(&mut self, metric: &Metric, elements: Vec<Element>) -> Vec<Element> {
        let kept = match elements.as_slice() {
            [] => Vec::new(),
            [one] if one.labels.is_empty() => elements,
            [one] => {
                let labels = one.labels.clone();
                self.fault(metric, &format!("the expression leaves the labels {labels}; aggregate them away"));
                Vec::new()
            }
            [first, second, ..] => {
                let (first, second) = (first.labels.clone(), second.labels.clone());
                let count = elements.len();
                self.fault(
                    metric,
                    &format!("the expression gives {count} values, such as {first} and {second}; a cluster has one"),
                );
                Vec::new()
            }
        };
        if metric.stored {
            self.cluster.push(kept.first().map(|element| element.value));
        }
        kept
    }

    /// A node metric is one number a node. `column` is its place among `count` stored ones.
    fn take_nodes(
        &mut self,
        metric: &Metric,
        elements: Vec<Element>,
        (column, count): (usize, usize),
        name_node: &dyn Fn(&Labels) -> Option<String>,
    ) -> Vec<Element> {
        let mut seen: BTreeMap<String, f64> = BTreeMap::new();
        for element in &elements {
            let Some(node) = name_node(&element.labels) else {
                self.fault(
                    metric,
                    &format!("the labels {} do not tell one node; keep job and instance only", element.labels),
                );
                return Vec::new();
            };
            if seen.insert(node.clone(), element.value).is_some() {
                self.fault(metric, &format!("the expression gives two values for the node {node}"));
                return Vec::new();
            }
        }
        if metric.stored {
            for (node, value) in seen {
                self.nodes.entry(node).or_insert_with(|| vec![None; count])[column] = Some(value);
            }
        }
        elements
    }
}

/// A bare name that an earlier entry defines is that entry's value; every other name is a sample.
pub(super) struct Scoped<'a> {
    pub collection: &'a Collection,
    pub derived: &'a Map<Text, Vec<Series>>,
}

impl Scoped<'_> {
    fn entry(&self, selector: &Selector) -> Option<&Vec<Series>> {
        selector.name.as_ref().and_then(|name| self.derived.get(name))
    }
}

impl Source for Scoped<'_> {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        match self.entry(selector) {
            Some(values) if selector.window == Window::Instant => {
                let accepted =
                    |series: &&Series| selector.accepts_name(&series.name) && selector.accepts(&series.labels);
                values.iter().filter(accepted).cloned().collect()
            }
            Some(_) => Vec::new(),
            None => self.collection.select(selector, at),
        }
    }

    fn visit(&self, selector: &Selector, at: Millis, take: &mut dyn FnMut(&Text, &Labels, &[Point])) {
        match self.entry(selector) {
            Some(_) => {
                self.select(selector, at).iter().for_each(|series| take(&series.name, &series.labels, &series.points))
            }
            None => self.collection.visit(selector, at, take),
        }
    }
}
