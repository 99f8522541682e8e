//! One collection of an application through the catalogue: a row for each database, table and test name that some
//! expression has a value for, and what the page tells of the application itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Catalogue;
use super::collection::Collection;
use super::evaluate::{EvaluationFault, Row, Scoped, elements};
use crate::hash::Map;
use crate::promql::{self, Expression, Value};
use crate::sample::{Labels, Millis, Text};
use crate::settings::metric_entry::Subject;

/// What a row of an application is about; empty texts where the samples do not say. The row of three empty texts is about
/// the application as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Batch {
    pub database: Text,
    pub table: Text,
    pub test_name: Text,
}

impl Batch {
    /// The names of the labels, in the order of the fields and of the columns.
    pub const LABELS: [&str; 3] = ["database", "table", "test_name"];

    pub fn texts(&self) -> [&Text; 3] {
        [&self.database, &self.table, &self.test_name]
    }

    /// `None` when there are labels that a row has no place for. An application has one page, so what tells pages apart
    /// says nothing.
    fn of(labels: &Labels) -> Option<Self> {
        let known = |label: &str| matches!(label, "job" | "instance") || Self::LABELS.contains(&label);
        let [database, table, test_name] =
            Self::LABELS.map(|label| labels.get(label).cloned().unwrap_or_else(|| "".into()));
        labels.iter().all(|(label, _)| known(label)).then_some(Self { database, table, test_name })
    }

    fn labels(&self) -> Labels {
        Labels::of(Self::LABELS.into_iter().zip(self.texts().map(|text| &**text)))
    }
}

/// What one collection of an application gave.
#[derive(Debug, Default)]
pub struct Batches {
    /// That of the application as a whole is always there.
    pub rows: BTreeMap<Batch, Row>,
    /// Those under which nothing ever ran.
    pub idle: BTreeSet<Batch>,
    /// What the application runs.
    pub generation: Option<String>,
    pub faults: Vec<EvaluationFault>,
}

/// Evaluates every metric of applications at `at`.
pub fn evaluate(catalogue: &Catalogue, collection: &Collection, at: Millis) -> Batches {
    let count = catalogue.stored(Subject::Batch).count();
    let mut batches = Batches::default();
    batches.rows.insert(Batch::default(), vec![None; count]);
    let nothing = Map::default();
    let mut column = 0;
    for metric in catalogue.metrics().iter().filter(|metric| metric.per() == Subject::Batch) {
        let found = elements(metric, &Scoped { collection, derived: &nothing }, at, &mut batches.faults);
        let mut values: BTreeMap<Batch, f64> = BTreeMap::new();
        let mut fault = None;
        for element in &found {
            fault = match Batch::of(&element.labels) {
                None => {
                    let labels = &element.labels;
                    Some(format!(
                        "the expression leaves the labels {labels}; aggregate by database, table and test_name"
                    ))
                }
                Some(batch) if values.contains_key(&batch) => {
                    Some(format!("the expression gives two values for {}", batch.labels()))
                }
                Some(batch) => {
                    values.insert(batch, element.value);
                    continue;
                }
            };
            break;
        }
        if let Some(reason) = fault {
            batches.faults.push(EvaluationFault::new(metric, &reason));
            values.clear();
        }
        if metric.stored {
            for (batch, value) in values {
                let row = batches.rows.entry(batch).or_insert_with(|| vec![None; count]);
                if let Some(cell) = row.get_mut(column) {
                    *cell = Some(value);
                }
            }
            column += 1;
        }
    }
    let of_page = |expression: &Expression| match promql::evaluate(expression, collection, at) {
        Ok(Value::Vector(found)) => found,
        _ => Vec::new(),
    };
    let marks = &catalogue.batches;
    let idle = of_page(&marks.idle);
    batches.idle = idle.iter().filter_map(|element| Batch::of(&element.labels)).collect();
    let seen = marks.generations.iter().find(|(_, seen)| !of_page(seen).is_empty());
    batches.generation = seen.map(|(name, _)| name.clone());
    batches
}
