//! What reports ask the history.

pub mod applications;
pub mod days;
pub mod past;
pub mod runs;

use std::collections::{BTreeMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::{KNOWN_NODES, columns, columns::quoted, fetches, snapshot_table};
use crate::catalogue::Catalogue;
use crate::catalogue::evaluate::Row;
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;

/// A cluster with its newest snapshot.
#[derive(Clone, Debug)]
pub struct LatestCluster {
    pub name: String,
    /// As the configuration last had them.
    pub labels: BTreeMap<String, String>,
    pub collected_at: Option<Millis>,
    /// One value a stored cluster metric, in the order of the catalogue.
    pub values: Row,
    pub nodes: Vec<LatestNode>,
    /// Collections in a row in which no frontend answered.
    pub failures: u32,
    pub next_try: Option<Millis>,
    pub last_error: Option<String>,
    /// When a frontend last answered.
    pub last_answer: Option<Millis>,
    /// The fetches of the newest snapshot's run that failed: URL and reason.
    pub failed_fetches: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct LatestNode {
    pub node: String,
    pub instance: Option<String>,
    pub role: Option<String>,
    pub version: Option<String>,
    pub values: Row,
}

/// When the newest run started.
pub fn last_run(connection: &Connection) -> rusqlite::Result<Option<Millis>> {
    connection.query_row("SELECT (SELECT started_at FROM runs ORDER BY id DESC LIMIT 1)", [], |row| row.get(0))
}

/// A target as it was last collected, in short.
#[derive(Clone, Debug)]
pub struct StoredTarget {
    pub name: String,
    pub collected_at: Option<Millis>,
    /// An application that is not there any more.
    pub ended: bool,
}

/// Every target that was ever collected, by name.
pub fn targets(connection: &Connection) -> rusqlite::Result<Vec<StoredTarget>> {
    let mut statement =
        connection.prepare("SELECT name, last_collected_at, ended_at IS NOT NULL FROM targets ORDER BY name")?;
    let targets = statement
        .query_map([], |row| Ok(StoredTarget { name: row.get(0)?, collected_at: row.get(1)?, ended: row.get(2)? }))?;
    targets.collect()
}

/// Every cluster that was ever collected, by name, with its newest snapshot.
///
/// What it costs does not grow with the history: each row is found by its whole key.
pub fn latest(connection: &Connection, catalogue: &Catalogue) -> rusqlite::Result<Vec<LatestCluster>> {
    let clusters = Selected::new(connection, catalogue, Subject::Cluster)?;
    let nodes = Selected::new(connection, catalogue, Subject::Node)?;
    let mut statement = connection.prepare(
        "SELECT id, name, first_seen, failures, next_try, last_error,
                last_collected_at, labels, last_answer
         FROM clusters ORDER BY name",
    )?;
    let mut newest = connection.prepare(&format!(
        "SELECT run_id, {} FROM metrics_snapshots WHERE cluster_id = ?1 AND collected_at = ?2",
        clusters.columns()
    ))?;
    let mut newest_nodes = connection.prepare(&format!(
        "{KNOWN_NODES} SELECT node, instance, role, version, {} FROM known CROSS JOIN node_snapshots
         ON cluster_id = ?1 AND node = name AND collected_at = ?2 ORDER BY node",
        nodes.columns()
    ))?;
    let mut failed_fetches = connection.prepare(&format!(
        "SELECT url, error FROM {} CROSS JOIN endpoints ON endpoints.id = endpoint_id
         WHERE cluster_id = ?1 AND run_id = ?2 AND error IS NOT NULL AND NOT mended ORDER BY url",
        fetches::table_of_failures(connection)?
    ))?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let collected_at: Option<Millis> = row.get(6)?;
        let mut cluster = LatestCluster {
            name: row.get(1)?,
            labels: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
            failures: row.get(3)?,
            next_try: row.get(4)?,
            last_error: row.get(5)?,
            collected_at,
            values: vec![None; clusters.width()],
            nodes: Vec::new(),
            last_answer: row.get(8)?,
            failed_fetches: Vec::new(),
        };
        if let Some(at) = collected_at {
            // A row that somebody deleted is no snapshot.
            let run_id: Option<i64> = newest
                .query_row(params![id, at], |row| {
                    cluster.values = clusters.values(row, 1)?;
                    row.get(0)
                })
                .optional()?;
            let Some(run_id) = run_id else {
                cluster.collected_at = None;
                found.push(cluster);
                continue;
            };
            let node = |row: &SqlRow| {
                Ok(LatestNode {
                    node: row.get(0)?,
                    instance: row.get(1)?,
                    role: row.get(2)?,
                    version: row.get(3)?,
                    values: nodes.values(row, 4)?,
                })
            };
            cluster.nodes = newest_nodes.query_map(params![id, at], node)?.collect::<rusqlite::Result<_>>()?;
            let failure = |row: &SqlRow| Ok((row.get(0)?, row.get(1)?));
            cluster.failed_fetches =
                failed_fetches.query_map(params![id, run_id], failure)?.collect::<rusqlite::Result<_>>()?;
        }
        found.push(cluster);
    }
    Ok(found)
}

/// The metric columns of a table in the order of the catalogue; one that the file does not have yet reads as NULL.
struct Selected {
    columns: Vec<String>,
}

impl Selected {
    fn new(connection: &Connection, catalogue: &Catalogue, subject: Subject) -> rusqlite::Result<Self> {
        let present: HashSet<String> = columns::present(connection, snapshot_table(subject))?;
        let columns = catalogue
            .stored(subject)
            .map(|metric| if present.contains(metric.name()) { quoted(metric.name()) } else { "NULL".to_owned() });
        Ok(Self { columns: columns.collect() })
    }

    fn width(&self) -> usize {
        self.columns.len()
    }

    fn columns(&self) -> String {
        if self.columns.is_empty() { "NULL".to_owned() } else { self.columns.join(", ") }
    }

    fn values(&self, row: &SqlRow, first: usize) -> rusqlite::Result<Row> {
        (first..first + self.width()).map(|index| row.get(index)).collect()
    }
}
