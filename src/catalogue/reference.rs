//! METRICS.md: the page that tells what every metric means, made from the catalogue and from nothing else.

mod origin;
mod questions;

use std::fmt::Write;

use origin::Origin;

use super::{Catalogue, Metric, STARROCKS_FILE};
use crate::settings::metric_entry::Subject;

/// The whole page in Markdown.
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from the catalogue; your own `[[metric]]` entries join it (`stellar config metrics` prints \
         this page with them).\nEach metric is a column of the database, a key in JSON and PromQL over the samples of one \
         collection; `[$__interval]` is\n\"since the previous collection\". `NULL` means not measured, `0` measured zero.\n",
    );
    page.push_str(&questions::markdown(catalogue));
    for (subject, title, text) in [
        (Subject::Cluster, "One row per cluster", "table `metrics_snapshots`, view `snapshots`"),
        (Subject::Node, "One row per node", "table `node_snapshots`, view `nodes_latest`"),
        (
            Subject::Batch,
            "One row per database, table and test of an application",
            "table `batch_snapshots`, view `batches`",
        ),
    ] {
        let metrics: Vec<&Metric> = catalogue.stored(subject).collect();
        let _ = write!(page, "\n## {title}\n\n{} metrics; {text}.\n", metrics.len());
        for category in catalogue.categories(subject) {
            let _ = write!(page, "\n### {}\n", title_of(category));
            for metric in metrics.iter().filter(|metric| metric.entry.category == category) {
                section(&mut page, metric, catalogue);
            }
        }
    }
    page
}

fn section(page: &mut String, metric: &Metric, catalogue: &Catalogue) {
    let entry = &metric.entry;
    let _ = write!(page, "\n#### `{}`\n\n", entry.name);
    if !entry.help.is_empty() {
        let _ = writeln!(page, "{}.\n", entry.help.trim_end_matches('.'));
    }
    let _ = writeln!(page, "- unit: {}", entry.unit.name());
    if !entry.daily.is_empty() {
        let statistics: Vec<&str> = entry.daily.iter().map(|statistic| statistic.name()).collect();
        let _ = writeln!(page, "- a day keeps: {}", statistics.join(", "));
    }
    let origin = Origin::of(metric, catalogue);
    let source = entry.source.clone().unwrap_or_else(|| origin.places());
    if !source.is_empty() {
        let _ = writeln!(page, "- from: {source}");
    }
    let shipped = *entry.name_place.file == *STARROCKS_FILE;
    match &entry.since {
        Some(since) => drop(writeln!(page, "- since StarRocks {since}")),
        None if shipped => page.push_str("- since StarRocks 2.5\n"),
        None => {}
    }
    let _ = writeln!(page, "- NULL when: {}", null_when(metric, catalogue));
    let _ = writeln!(page, "\n```promql\n{}\n```", entry.expr.text().trim());
}

/// When a metric has no value, in words.
pub fn null_when(metric: &Metric, catalogue: &Catalogue) -> String {
    let entry = &metric.entry;
    let origin = Origin::of(metric, catalogue);
    let mut clauses: Vec<String> = entry.null_when.iter().cloned().chain(origin.null_when()).collect();
    clauses.extend(entry.since.as_ref().map(|_| "the version is older".to_owned()));
    if clauses.is_empty() {
        clauses.push("no such node was asked".to_owned());
    }
    clauses.join("; ")
}

/// `network_io` → `Network io`.
fn title_of(category: &str) -> String {
    let text = category.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
