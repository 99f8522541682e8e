//! `stellar report --cluster NAME`: every metric of one cluster by category, then its nodes.

use std::fmt::Write;

use super::table::{self, Align};
use super::{Assessed, Style, overview::paint};
use crate::catalogue::{Catalogue, Metric};
use crate::settings::metric_entry::Subject;
use crate::words;

/// The whole report of one cluster.
pub fn render(one: &Assessed, catalogue: &Catalogue, style: &Style) -> String {
    let cluster = &one.cluster;
    let collected = cluster.collected_at.map_or_else(|| "never collected".to_owned(), |at| style.moment(at));
    let age = one.age.map_or_else(String::new, |age| format!("   {} ago", words::age(age)));
    let mut text = format!("{}  {}   {collected}{age}\n", cluster.name, paint(one.status.word(), one.status, style));
    for reason in &one.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    if cluster.collected_at.is_none() {
        return text;
    }
    let measured: Vec<(&Metric, Option<f64>)> =
        catalogue.stored(Subject::Cluster).zip(cluster.values.iter().copied()).collect();
    for category in catalogue.categories(Subject::Cluster) {
        let _ = write!(text, "\n{}\n", category.replace('_', " "));
        let rows: Vec<Vec<String>> = measured
            .iter()
            .filter(|(metric, _)| metric.entry.category == category)
            .map(|(metric, value)| vec![metric.name().to_owned(), cell(*value, metric), metric.entry.help.clone()])
            .collect();
        text.push_str(&fitted(&[("METRIC", Align::Left), ("NOW", Align::Right), ("", Align::Left)], &rows, style));
    }
    if !cluster.nodes.is_empty() {
        text.push_str("\nnodes\n");
        text.push_str(&nodes(one, catalogue));
    }
    text
}

fn cell(value: Option<f64>, metric: &Metric) -> String {
    value.map_or_else(|| "–".to_owned(), |value| words::value(value, metric.entry.unit))
}

/// The explanation is what a narrow terminal loses.
fn fitted(titles: &[(&str, Align)], rows: &[Vec<String>], style: &Style) -> String {
    let text = table::render(titles, rows);
    match style.width {
        Some(limit) => text
            .lines()
            .map(|line| match line.char_indices().nth(limit) {
                Some((end, _)) => {
                    format!("{}…\n", line[..end].chars().take(limit.saturating_sub(1)).collect::<String>())
                }
                None => format!("{line}\n"),
            })
            .collect(),
        None => text,
    }
}

/// One line a node; a metric that no node has is left out.
fn nodes(one: &Assessed, catalogue: &Catalogue) -> String {
    let metrics: Vec<&Metric> = catalogue.stored(Subject::Node).collect();
    let used: Vec<usize> = (0..metrics.len())
        .filter(|index| one.cluster.nodes.iter().any(|node| node.values.get(*index).is_some_and(Option::is_some)))
        .collect();
    let mut titles =
        vec![("node", Align::Left), ("instance", Align::Left), ("role", Align::Left), ("version", Align::Left)];
    titles.extend(used.iter().map(|index| (metrics[*index].name(), Align::Right)));
    let rows: Vec<Vec<String>> = one
        .cluster
        .nodes
        .iter()
        .map(|node| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
            let mut cells = vec![node.node.clone(), text(&node.instance), text(&node.role), text(&node.version)];
            cells.extend(used.iter().map(|index| cell(node.values.get(*index).copied().flatten(), metrics[*index])));
            cells
        })
        .collect();
    table::render(&titles, &rows)
}
