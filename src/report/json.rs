//! The report for programs: base units with the unit in the key, `null` for what was not measured, never prose.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::batchsql::Standing;
use super::over_time::{Curve, LETTERS};
use super::sheet::Range;
use super::{Assessed, Style};
use crate::catalogue::Catalogue;
use crate::catalogue::evaluate::Row;
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Subject};

/// Raised when a key changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// What the overview says to programs.
pub struct Overview<'o> {
    pub assessed: &'o [Assessed],
    pub applications: &'o [Standing],
    /// [`over_time`] of each cluster, by its name.
    pub over_day: &'o HashMap<String, Map<String, Value>>,
    /// Sentences on rules that could not be evaluated.
    pub faults: &'o [String],
    pub last_run: Option<Millis>,
    /// What the trends cover.
    pub range: Range,
    pub now: Millis,
}

pub fn document(overview: &Overview, catalogue: &Catalogue, style: &Style) -> Value {
    let clusters: Vec<Value> = overview
        .assessed
        .iter()
        .map(|one| {
            let mut document = cluster(one, catalogue, style);
            let more = overview.over_day.get(&one.cluster.name);
            for (key, value) in more.into_iter().flatten() {
                document[key] = value.clone();
            }
            document
        })
        .collect();
    let applications = overview.applications.iter().map(|one| {
        json!({
            "application": one.name,
            "environment": one.environment,
            "generation": one.generation,
            "status": one.status,
            "reasons": one.reasons,
            "last_answer_at": one.last_answer.map(|at| iso(at, style)),
            "label_sets": one.label_sets,
        })
    });
    json!({
        "schema": SCHEMA,
        "view": "overview",
        "generated_at": iso(overview.now, style),
        "last_run_at": overview.last_run.map(|at| iso(at, style)),
        "trends_since": iso(overview.range.since, style),
        "trends_until": iso(overview.range.until, style),
        "clusters": clusters,
        "applications": applications.collect::<Vec<_>>(),
        "faults": overview.faults,
    })
}

/// Averages of equal slots of a range, `null` where nothing was measured, and figures over all of it; the first `performance`
/// of the curves are of performance, the others of resources.
pub fn over_time(curves: &[Curve], performance: usize, range: Range) -> Map<String, Value> {
    let (first, rest) = curves.split_at(performance.min(curves.len()));
    let trends = |curves: &[Curve]| -> Value {
        let trend = |curve: &Curve| {
            let slots = curve.slots(range, LETTERS).into_iter().map(number).collect::<Value>();
            (curve.metric.name().to_owned(), slots)
        };
        Value::Object(curves.iter().map(trend).collect())
    };
    const FIGURES: [Statistic; 4] = [Statistic::Min, Statistic::Avg, Statistic::P95, Statistic::Max];
    let figures = curves.iter().map(|curve| {
        let found = curve.figures(&FIGURES);
        let pairs = FIGURES.iter().zip(found).map(|(statistic, value)| (statistic.name().to_owned(), number(value)));
        (curve.metric.name().to_owned(), Value::Object(pairs.collect()))
    });
    let mut document = Map::new();
    document.insert("performance_trends".to_owned(), trends(first));
    document.insert("resource_trends".to_owned(), trends(rest));
    document.insert("statistics".to_owned(), Value::Object(figures.collect()));
    document
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
