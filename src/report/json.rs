//! The report for programs: base units with the unit in the key, `null` for what was not measured, never prose.

use serde_json::{Map, Value, json};

use super::{Assessed, Style};
use crate::catalogue::Catalogue;
use crate::catalogue::evaluate::Row;
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;

/// Raised when a key changes its meaning or goes away.
const SCHEMA: u32 = 1;

pub fn document(
    assessed: &[Assessed],
    faults: &[String],
    catalogue: &Catalogue,
    now: Millis,
    last_run: Option<Millis>,
    style: &Style,
) -> Value {
    let clusters: Vec<Value> = assessed.iter().map(|one| cluster(one, catalogue, style)).collect();
    json!({
        "schema": SCHEMA,
        "generated_at": iso(now, style),
        "last_run_at": last_run.map(|at| iso(at, style)),
        "clusters": clusters,
        "faults": faults,
    })
}

fn cluster(one: &Assessed, catalogue: &Catalogue, style: &Style) -> Value {
    let cluster = &one.cluster;
    let nodes: Vec<Value> = cluster
        .nodes
        .iter()
        .map(|node| {
            json!({
                "node": node.node,
                "instance": node.instance,
                "role": node.role,
                "version": node.version,
                "metrics": metrics(catalogue, Subject::Node, &node.values),
            })
        })
        .collect();
    let latest = cluster.collected_at.map(|at| {
        json!({
            "collected_at": iso(at, style),
            "collected_at_unix_ms": at,
            "age_seconds": one.age.map(|age| age.as_secs_f64()),
            "metrics": metrics(catalogue, Subject::Cluster, &cluster.values),
            "nodes": nodes,
        })
    });
    json!({
        "cluster": cluster.name,
        "labels": cluster.labels,
        "status": one.status,
        "reasons": one.reasons,
        "failures_in_a_row": cluster.failures,
        "latest_snapshot": latest,
    })
}

/// `{metric: value or null}` in the order of the catalogue.
pub fn metrics(catalogue: &Catalogue, subject: Subject, values: &Row) -> Value {
    let pairs = catalogue.stored(subject).zip(values);
    Value::Object(pairs.map(|(metric, value)| (metric.name().to_owned(), number(*value))).collect::<Map<_, _>>())
}

/// Whole numbers without a fraction, as every JSON reader prints them best.
pub(super) fn number(value: Option<f64>) -> Value {
    match value {
        None => Value::Null,
        Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => json!(whole as i64),
        Some(value) => json!(value),
    }
}

/// RFC 3339.
pub(super) fn iso(at: Millis, style: &Style) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(stamp) => stamp.to_zoned(style.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        Err(_) => String::new(),
    }
}
