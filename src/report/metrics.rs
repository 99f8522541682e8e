//! `stellar report --metrics`: the catalogue with the newest values, target by target: what is measured, what is not, and
//! why not.

use std::fmt::Write;

use serde_json::{Value, json};

use super::json::{iso, number};
use super::sheet::{self, Cell, Column, Row, Sheet, Table};
use super::table::{self, Align};
use super::{Assessed, NOT_MEASURED, Style};
use crate::catalogue::batch::Batch;
use crate::catalogue::{Catalogue, Metric, reference};
use crate::sample::Millis;
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;
use crate::store::read::applications::LatestApplication;
use crate::words;

/// Raised when a key changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// A target with the values of its metrics.
#[derive(Debug)]
pub struct Target<'r> {
    kind: Kind,
    name: &'r str,
    /// What an application exports.
    generation: Option<&'r str>,
    collected_at: Option<Millis>,
    metrics: Vec<Measured<'r>>,
}

/// A metric, and its values by what they are about; none where it was not measured.
#[derive(Debug)]
struct Measured<'r> {
    metric: &'r Metric,
    values: Vec<(Option<&'r Batch>, f64)>,
}

impl<'r> Target<'r> {
    pub fn cluster(one: &'r Assessed, catalogue: &'r Catalogue) -> Self {
        let values = catalogue.stored(Subject::Cluster).zip(&one.cluster.values);
        let metrics = values.map(|(metric, value)| {
            let values = value.map(|value| (None, value)).into_iter().collect();
            Measured { metric, values }
        });
        let (name, collected_at) = (one.cluster.name.as_str(), one.cluster.collected_at);
        Self { kind: Kind::Cluster, name, generation: None, collected_at, metrics: metrics.collect() }
    }

    /// Label sets under which nothing ever ran are left out.
    pub fn application(one: &'r LatestApplication, catalogue: &'r Catalogue) -> Self {
        let rows = || one.batches.iter().filter(|row| !row.idle);
        let metrics = catalogue.stored(Subject::Batch).enumerate().map(|(place, metric)| {
            let values = rows().filter_map(|row| Some((Some(&row.batch), (*row.values.get(place)?)?)));
            Measured { metric, values: values.collect() }
        });
        Self {
            kind: Kind::Application,
            name: &one.name,
            generation: one.generation.as_deref(),
            collected_at: one.last_answer,
            metrics: metrics.collect(),
        }
    }
}

/// All targets, one table each.
pub fn render(targets: &[Target], catalogue: &Catalogue, style: &Style) -> String {
    let tables = targets.iter().map(|target| of_target(target, catalogue, style));
    tables.collect::<Vec<_>>().join("\n")
}

fn of_target(target: &Target, catalogue: &Catalogue, style: &Style) -> String {
    let measured = target.metrics.iter().filter(|metric| !metric.values.is_empty()).count();
    let mut text = format!("{} {}", target.kind.name(), target.name);
    if target.kind == Kind::Application {
        let _ = write!(text, "   generation {}", target.generation.unwrap_or("unknown"));
    }
    let when = target.collected_at.map_or_else(|| "never".to_owned(), |at| style.moment(at));
    let _ = writeln!(text, "   {measured} of {} metrics measured   {when}\n", target.metrics.len());
    let mut rows = Vec::new();
    for one in &target.metrics {
        let name = one.metric.name().to_owned();
        if one.values.is_empty() {
            let why = format!("not measured; NULL when: {}", reference::null_when(one.metric, catalogue));
            rows.push(vec![name, String::new(), NOT_MEASURED.to_owned(), why]);
            continue;
        }
        for (index, (batch, value)) in one.values.iter().enumerate() {
            let about = batch.map_or_else(String::new, about);
            let help = if index == 0 { one.metric.entry.help.clone() } else { String::new() };
            let shown = if index == 0 { name.clone() } else { String::new() };
            rows.push(vec![shown, about, words::value(*value, one.metric.entry.unit), help]);
        }
    }
    let mut titles =
        vec![("METRIC", Align::Left), ("OF", Align::Left), ("VALUE", Align::Right), ("MEANS", Align::Left)];
    if target.kind == Kind::Cluster {
        titles.remove(1);
        rows.iter_mut().for_each(|row| drop(row.remove(1)));
    }
    for line in table::render(&titles, &rows).lines() {
        let _ = writeln!(text, "{}", style.width.map_or_else(|| line.to_owned(), |width| table::cut(line, width)));
    }
    text
}

/// One table of all targets, for forms that have one.
pub fn sheet(targets: &[Target], catalogue: &Catalogue) -> Sheet {
    let columns = vec![
        Column::text("target", "TARGET", 9),
        Column::text("metric", "METRIC", 10),
        Column::text("of", "OF", 8),
        Column::hidden("category"),
        Column::hidden("unit"),
        Column { right: true, ..Column::text("value", "VALUE", 10) },
        Column::text("means", "MEANS", 5),
    ];
    let mut rows = Vec::new();
    for target in targets {
        for one in &target.metrics {
            let entry = &one.metric.entry;
            let row = |of: String, value: Option<f64>, means: String| Row {
                group: None,
                cells: vec![
                    target.name.into(),
                    one.metric.name().into(),
                    Cell::Text(of),
                    entry.category.as_str().into(),
                    entry.unit.name().into(),
                    Cell::Figure(sheet::Measured::of(value), entry.unit),
                    Cell::Text(means),
                ],
            };
            let why = || format!("not measured; NULL when: {}", reference::null_when(one.metric, catalogue));
            if one.values.is_empty() {
                rows.push(row(String::new(), None, why()));
            }
            let values = one.values.iter();
            rows.extend(
                values
                    .map(|(batch, value)| row(batch.map_or_else(String::new, about), Some(*value), entry.help.clone())),
            );
        }
    }
    let mut sheet = Sheet::new("metrics", words::count(targets.len(), "target"));
    sheet.tables.push(Table { key: "metrics", heading: None, columns, rows });
    sheet
}

/// `sqlite3 / nightly`; the application as a whole says nothing.
fn about(batch: &Batch) -> String {
    let parts: Vec<&str> = batch.texts().into_iter().map(|text| &**text).filter(|text| !text.is_empty()).collect();
    parts.join(" / ")
}

/// The same for programs.
pub fn document(targets: &[Target], catalogue: &Catalogue, now: Millis, style: &Style) -> Value {
    let target = |target: &Target| {
        let metrics = target.metrics.iter().map(|one| {
            let entry = &one.metric.entry;
            let values = one.values.iter().map(|(batch, value)| {
                let mut about = serde_json::Map::new();
                for (label, text) in batch.iter().flat_map(|batch| Batch::LABELS.into_iter().zip(batch.texts())) {
                    about.insert(label.to_owned(), json!(&**text));
                }
                about.insert("value".to_owned(), number(Some(*value)));
                Value::Object(about)
            });
            json!({
                "name": entry.name,
                "unit": entry.unit.name(),
                "category": entry.category,
                "help": entry.help,
                "null_when": reference::null_when(one.metric, catalogue),
                "values": values.collect::<Vec<_>>(),
            })
        });
        json!({
            target.kind.name(): target.name,
            "generation": target.generation,
            "collected_at": target.collected_at.map(|at| iso(at, style)),
            "metrics": metrics.collect::<Vec<_>>(),
        })
    };
    json!({
        "schema": SCHEMA,
        "generated_at": iso(now, style),
        "targets": targets.iter().map(target).collect::<Vec<_>>(),
    })
}
