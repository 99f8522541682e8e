//! METRICS.md: the page that tells what every metric means, made from the catalogue and from nothing else.

use std::fmt::Write;

use super::{Catalogue, Metric};
use crate::settings::metric_entry::Subject;

/// The whole page in Markdown.
pub fn markdown(catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# Metrics\n\nGenerated from the catalogue; your own `[[metric]]` entries join it (`stellar config metrics` prints \
         this page with them).\nEach metric is a column of the database, a key in JSON and PromQL over the samples of one \
         collection; `[$__interval]` is\n\"since the previous collection\". `NULL` means not measured, `0` measured zero.\n",
    );
    for (subject, title, text) in [
        (Subject::Cluster, "One row per cluster", "table `metrics_snapshots`, view `snapshots`"),
        (Subject::Node, "One row per node", "table `node_snapshots`, view `nodes_latest`"),
    ] {
        let metrics: Vec<&Metric> = catalogue.stored(subject).collect();
        let _ = write!(page, "\n## {title}\n\n{} metrics; {text}.\n", metrics.len());
        for category in catalogue.categories(subject) {
            let _ = write!(page, "\n### {}\n", title_of(category));
            for metric in metrics.iter().filter(|metric| metric.entry.category == category) {
                section(&mut page, metric);
            }
        }
    }
    page
}

fn section(page: &mut String, metric: &Metric) {
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
    if let Some(since) = &entry.since {
        let _ = writeln!(page, "- since StarRocks {since}");
    }
    if let Some(when) = &entry.null_when {
        let _ = writeln!(page, "- NULL when: {when}");
    }
    let _ = writeln!(page, "\n```promql\n{}\n```", entry.expr.text().trim());
}

/// `network_io` → `Network io`.
fn title_of(category: &str) -> String {
    let text = category.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
