//! `stellar report --cluster NAME`: every metric of one cluster by category, then its nodes by kind.

use std::fmt::Write;

use super::table::{self, Align};
use super::{Assessed, NOT_MEASURED, Style, page::paint};
use crate::catalogue::{Catalogue, Metric};
use crate::sample::Millis;
use crate::settings::metric_entry::{Subject, Unit};
use crate::store::read::LatestNode;
use crate::words;

/// A terminal with less room than this beside the values gets no explanations.
const LEAST_EXPLANATION: usize = 40;

/// The category of what is almost always 0.
const CHECKS: &str = "truth_checks";

/// The whole report of one cluster.
pub fn render(one: &Assessed, catalogue: &Catalogue, style: &Style) -> String {
    let cluster = &one.cluster;
    let status = paint(one.status.word(), one.status, style);
    let collected = match (cluster.collected_at, one.age) {
        (Some(at), Some(age)) => format!("collected {}, {} ago", style.moment(at), words::age(age)),
        (Some(at), None) => format!("collected {}", style.moment(at)),
        (None, _) => "never collected".to_owned(),
    };
    let mut text = format!("{}  {status}   {collected}\n", cluster.name);
    for reason in &one.reasons {
        text.push_str(&table::hanging("  ", reason, style.width));
    }
    if cluster.collected_at.is_none() {
        return text;
    }
    text.push_str(&metrics(one, catalogue, style));
    for (kind, nodes) in by_kind(&cluster.nodes) {
        let _ = write!(text, "\n{kind}\n{}", table_of(kind, &nodes, catalogue, style));
    }
    text
}

/// A category that is so small is shown whole even when nothing of it was measured: most of all a person's own metrics.
const FEW: usize = 8;

/// One table, cut into categories, so that the columns stand below each other throughout. A large category of which
/// nothing was measured is one line.
fn metrics(one: &Assessed, catalogue: &Catalogue, style: &Style) -> String {
    let measured: Vec<(&Metric, Option<f64>)> =
        catalogue.stored(Subject::Cluster).zip(one.cluster.values.iter().copied()).collect();
    let (mut rows, mut categories) = (Vec::new(), Vec::new());
    for category in catalogue.categories(Subject::Cluster) {
        let own: Vec<_> = measured.iter().filter(|(metric, _)| metric.entry.category == category).collect();
        let worth_lines = own.len() <= FEW || own.iter().any(|(_, value)| value.is_some());
        let shown = if worth_lines { own.len() } else { 0 };
        categories.push((category.replace('_', " "), shown));
        rows.extend(own.into_iter().take(shown).map(|(metric, value)| {
            vec![metric.name().to_owned(), cell(*value, metric, style), metric.entry.help.clone()]
        }));
    }
    let whole = fitted(&rows, style);
    let mut lines =
        whole.lines().map(|line| style.width.map_or_else(|| line.to_owned(), |limit| table::cut(line, limit)));
    let mut text = format!("\n{}\n", lines.next().unwrap_or_default());
    for (heading, shown) in categories {
        let _ = writeln!(text, "\n{heading}");
        if shown == 0 {
            let _ = writeln!(text, "  {NOT_MEASURED} (nothing was measured)");
        }
        lines.by_ref().take(shown).for_each(|line| text.push_str(&format!("{line}\n")));
    }
    text
}

/// With explanations where there is room for them.
fn fitted(rows: &[Vec<String>], style: &Style) -> String {
    let mut titles = vec![("METRIC", Align::Left), ("NOW", Align::Right)];
    let values: Vec<Vec<String>> = rows.iter().map(|row| row.iter().take(2).cloned().collect()).collect();
    let narrow = table::render(&titles, &values);
    match style.width.map(|limit| limit.saturating_sub(table::width(&narrow) + 2)) {
        Some(room) if room < LEAST_EXPLANATION => narrow,
        _ => {
            titles.push(("", Align::Left));
            table::render(&titles, rows)
        }
    }
}

fn cell(value: Option<f64>, metric: &Metric, style: &Style) -> String {
    match (value, metric.entry.unit) {
        (None, _) => NOT_MEASURED.to_owned(),
        (Some(seconds), Unit::Timestamp) => style.local((seconds * 1e3) as Millis),
        (Some(value), unit) => words::value(value, unit),
    }
}

/// Frontends, backends, compute nodes, others, each with its heading; kinds without a node are left out.
fn by_kind(nodes: &[LatestNode]) -> Vec<(&str, Vec<&LatestNode>)> {
    let mut kinds: Vec<(&str, Vec<&LatestNode>)> =
        ["frontends", "backends", "compute nodes", "other nodes"].map(|kind| (kind, Vec::new())).into();
    for node in nodes {
        let job = node.node.split([':', '@']).next().unwrap_or_default();
        let place = ["fe", "be", "cn"].iter().position(|known| *known == job).unwrap_or(3);
        if let Some((_, own)) = kinds.get_mut(place) {
            own.push(node);
        }
    }
    kinds.retain(|(_, nodes)| !nodes.is_empty());
    kinds
}

/// One line a node. A metric that none of these nodes has is left out; a narrow terminal loses the last columns.
fn table_of(kind: &str, nodes: &[&LatestNode], catalogue: &Catalogue, style: &Style) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| NOT_MEASURED.to_owned());
    let mut columns: Vec<(String, Align, Vec<String>)> = Vec::new();
    let mut add = |title: &str, align: Align, cells: &dyn Fn(&LatestNode) -> String| {
        columns.push((title.to_owned(), align, nodes.iter().map(|node| cells(node)).collect()));
    };
    add("INSTANCE", Align::Left, &|node| text(&node.instance));
    // The others' heading is their role.
    if !["backends", "compute nodes"].contains(&kind) {
        add("ROLE", Align::Left, &|node| text(&node.role));
    }
    // A check that found nothing is not worth a column.
    let worth = |metric: &Metric, value: f64| metric.entry.category != CHECKS || value != 0.0;
    let has = |(index, metric): &(usize, &Metric)| {
        nodes.iter().any(|node| node.values.get(*index).copied().flatten().is_some_and(|value| worth(metric, value)))
    };
    let metrics: Vec<(usize, &Metric)> = catalogue.stored(Subject::Node).enumerate().filter(has).collect();
    for (index, metric) in &metrics {
        let short = title_of(metric);
        let twice = metrics.iter().filter(|(_, other)| title_of(other) == short).count() > 1;
        let title = if twice { metric.name().to_uppercase() } else { short };
        add(&title, Align::Right, &|node| cell(node.values.get(*index).copied().flatten(), metric, style));
    }
    add("VERSION", Align::Left, &|node| text(&node.version));
    add("NODE", Align::Left, &|node| node.node.clone());

    let mut shown = columns.len();
    loop {
        let (kept, lost) = columns.split_at(shown);
        let titles: Vec<(&str, Align)> = kept.iter().map(|(title, align, _)| (title.as_str(), *align)).collect();
        let row = |line: usize| kept.iter().filter_map(|(_, _, cells)| cells.get(line).cloned()).collect();
        let rows: Vec<Vec<String>> = (0..nodes.len()).map(row).collect();
        let table = table::render(&titles, &rows);
        if shown > 1 && style.width.is_some_and(|limit| table::width(&table) > limit) {
            shown -= 1;
            continue;
        }
        if lost.is_empty() {
            return table;
        }
        let lost: Vec<&str> = lost.iter().map(|(title, ..)| title.as_str()).collect();
        return table + &table::hanging("  no room for: ", &lost.join(", "), style.width);
    }
}

/// `memory_used_ratio` → `MEMORY USED`: the value shows its unit.
fn title_of(metric: &Metric) -> String {
    let name = metric.name();
    let (name, per_second) = match name.strip_suffix("_per_second") {
        Some(name) => (name, "/S"),
        None => (name, ""),
    };
    let bare = ["_ratio", "_bytes", "_seconds", "_at"].iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name);
    bare.replace('_', " ").to_uppercase() + per_second
}
