//! `stellar report --nodes`: every node of every cluster, one line each.

use serde::Deserialize;

use super::super::sheet::{Cell, Column, Row, Sheet, Table};
use super::super::{Assessed, Status, page};
use super::described;
use crate::alert::Verdict;
use crate::catalogue::Catalogue;
use crate::sample::{Millis, lapse};
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;
use crate::store::read::LatestNode;
use crate::words;

const FILE: &str = "conf/report/nodes.toml";
const TEXT: &str = include_str!("../../../conf/report/nodes.toml");

/// The columns, as the file declares them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The metric by which a node was seen.
    pub seen: String,
    column: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    show: String,
    keep: u8,
}

/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn view() -> Result<View, String> {
    described(FILE, TEXT)
}

/// When each node was last seen, by cluster and node.
pub type LastSeen<'s> = dyn Fn(&str, &LatestNode) -> Option<Millis> + 's;

/// Clusters in their order, nodes by kind and name. `verdict` tells which of them are in trouble.
pub fn sheet(
    view: &View,
    assessed: &[Assessed],
    verdict: &Verdict,
    catalogue: &Catalogue,
    last_seen: &LastSeen,
    now: Millis,
) -> Sheet {
    let mut columns = vec![
        Column::text("status", "STATUS", 9),
        if assessed.len() > 1 { Column::text("cluster", "CLUSTER", 8) } else { Column::hidden("cluster") },
        Column::hidden("node"),
        Column::text("instance", "NODE", 9),
        Column::text("role", "ROLE", 6),
        Column::text("version", "VERSION", 4),
        Column { right: true, ..Column::text("last_seen_seconds", "LAST SEEN", 5) },
    ];
    let found: Vec<(usize, &Entry)> = view
        .column
        .iter()
        .filter_map(|entry| {
            let place = catalogue.stored(Subject::Node).position(|metric| metric.name() == entry.show)?;
            Some((place, entry))
        })
        .collect();
    columns.extend(found.iter().filter_map(|(place, entry)| {
        let metric = catalogue.stored(Subject::Node).nth(*place)?;
        Some(Column::figure(metric.name(), &entry.title, metric.entry.unit, entry.keep))
    }));
    let mut rows = Vec::new();
    for one in assessed {
        for node in &one.cluster.nodes {
            let own = verdict
                .of(Kind::Cluster, &one.cluster.name)
                .filter(|told| told.labels.get("node").is_some_and(|name| **name == *node.node));
            let status = if one.current { own.map(Status::of).max().unwrap_or(Status::Ok) } else { Status::NoData };
            let text = |text: &Option<String>| text.as_deref().map_or(Cell::Empty, Cell::from);
            let seen = last_seen(&one.cluster.name, node);
            let mut cells = vec![
                Cell::Status(status),
                one.cluster.name.as_str().into(),
                node.node.as_str().into(),
                Cell::Text(node.instance.clone().unwrap_or_else(|| node.node.clone())),
                text(&node.role),
                text(&node.version),
                Cell::Lapse(seen.map(|at| lapse(now - at))),
            ];
            // Old values are not current ones.
            let value = |place: usize| node.values.get(place).copied().flatten().filter(|_| one.current);
            cells.extend(found.iter().map(|(place, _)| Cell::from(value(*place))));
            rows.push(Row { group: None, cells });
        }
    }
    let statuses = rows.iter().filter_map(|row| match row.cells.first() {
        Some(Cell::Status(status)) => Some(*status),
        _ => None,
    });
    let counted = page::counted(statuses.collect::<Vec<_>>().into_iter());
    let title = match rows.len() {
        0 => "no nodes".to_owned(),
        number => format!("{}: {counted}", words::count(number, "node")),
    };
    Sheet { tables: vec![Table { key: "nodes", heading: None, columns, rows }], ..Sheet::new("nodes", title) }
}
