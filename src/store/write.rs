//! One run into the file, in one transaction: snapshots, nodes, attempts and the memory for the next run.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter, types::Value};

use super::{KNOWN_NODES, Store, columns::quoted, memory, memory::ClusterMemory, snapshot_table};
use crate::catalogue::Catalogue;
use crate::catalogue::evaluate::{Row, Rows};
use crate::collect::due::{self, Past};
use crate::collect::{Attempt, Harvest, Node, Remembered};
use crate::failure::Failure;
use crate::sample::{Millis, millis};
use crate::settings::metric_entry::Subject;

/// What one cluster brings to a run.
pub struct ClusterRun<'r> {
    pub name: &'r str,
    pub labels: &'r BTreeMap<String, String>,
    pub interval: Duration,
    pub harvest: &'r Harvest,
    pub rows: &'r Rows,
    pub memory: &'r ClusterMemory,
}

/// What the file says about a cluster before a run.
#[derive(Debug, Default)]
pub struct Known {
    pub past: Past,
    pub failures: u32,
}

/// A run as it was written.
#[derive(Debug)]
pub struct Written {
    pub run_id: i64,
    /// One for each cluster of the run, in their order.
    pub clusters: Vec<WrittenCluster>,
}

#[derive(Clone, Copy, Debug)]
pub struct WrittenCluster {
    pub stored: Stored,
    /// Collections in a row in which no frontend answered, this one included.
    pub failures: u32,
    /// When the timer asks again, after a failure.
    pub next_try: Option<Millis>,
}

/// What became of a cluster's snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Snapshot,
    /// A snapshot of this very moment was there already; it was kept.
    Already,
}

impl Store {
    /// What decides whether a cluster is due.
    pub fn known(&self, cluster: &str) -> Result<Known, Failure> {
        let found = self.connection.query_row(
            "SELECT failures, next_try, last_collected_at FROM clusters WHERE name = ?1",
            [cluster],
            |row| Ok(Known { failures: row.get(0)?, past: Past { next_try: row.get(1)?, last: row.get(2)? } }),
        );
        found.optional().map(Option::unwrap_or_default).map_err(|error| self.explain(&error))
    }

    /// When the run before this one started, in the order in which they were made, not by their clocks.
    pub fn last_run(&self) -> Result<Option<Millis>, Failure> {
        let found =
            self.connection.query_row("SELECT started_at FROM runs ORDER BY id DESC LIMIT 1", [], |row| row.get(0));
        found.optional().map_err(|error| self.explain(&error))
    }

    /// The readings that this run's rates and ranges need, and what the fetch wants to know.
    pub fn remember(
        &self,
        cluster: &str,
        oldest: Millis,
        layouts: &mut memory::Layouts,
    ) -> Result<(ClusterMemory, Remembered), Failure> {
        let mut load = || -> rusqlite::Result<(ClusterMemory, Remembered)> {
            let id = self.connection.query_row("SELECT id FROM clusters WHERE name = ?1", [cluster], |row| row.get(0));
            let Some(id) = id.optional()? else { return Ok(Default::default()) };
            let mut memory = memory::load(&self.connection, id, oldest, layouts)?;
            let remembered = Remembered { periodic: std::mem::take(&mut memory.periodic), nodes: self.last_nodes(id)? };
            Ok((memory, remembered))
        };
        load().map_err(|error| self.explain(&error))
    }

    fn last_nodes(&self, cluster_id: i64) -> rusqlite::Result<Vec<Node>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "{KNOWN_NODES} SELECT node, instance FROM clusters CROSS JOIN known CROSS JOIN node_snapshots
             ON cluster_id = clusters.id AND node = known.name AND collected_at = last_collected_at WHERE clusters.id = ?1"
        ))?;
        let nodes = statement.query_map([cluster_id], |row| {
            let (key, instance): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            Ok(Node::remembered(key, instance))
        })?;
        nodes.filter_map(Result::transpose).collect()
    }

    /// Writes a whole run or nothing of it.
    pub fn write_run(
        &mut self,
        collected_at: Millis,
        took: Duration,
        clusters: &[ClusterRun],
        catalogue: &Catalogue,
        oldest: Millis,
    ) -> Result<Written, Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<Written> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let failed = clusters.iter().filter(|run| run.harvest.frontends_answered == 0).count();
            let samples: u64 = clusters.iter().map(|run| run.harvest.samples_seen()).sum();
            let run_id = transaction
                .prepare_cached(
                    "INSERT INTO runs (started_at, duration_ms, stored, failed, samples) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .insert(params![
                    collected_at,
                    millis(took),
                    (clusters.len() - failed) as i64,
                    failed as i64,
                    samples as i64
                ])?;
            let inserts = Inserts::new(catalogue);
            let mut written = Vec::with_capacity(clusters.len());
            for run in clusters {
                let (cluster_id, failures, next_try) = upsert_cluster(&transaction, run, collected_at)?;
                let stored = inserts.snapshots(&transaction, run, (cluster_id, collected_at, run_id))?;
                written.push(WrittenCluster { stored, failures, next_try });
                attempts(&transaction, &run.harvest.attempts, cluster_id, run_id)?;
                memory::save(&transaction, cluster_id, &run.harvest.scrapes, run.memory, catalogue, oldest)?;
            }
            memory::forget_layouts(&transaction)?;
            transaction.commit()?;
            Ok(Written { run_id, clusters: written })
        };
        write().map_err(|error| super::explain(&path, &error))
    }
}

/// The cluster's id, its failures in a row and when the timer asks again.
fn upsert_cluster(
    connection: &Connection,
    run: &ClusterRun,
    now: Millis,
) -> rusqlite::Result<(i64, u32, Option<Millis>)> {
    let known = connection
        .prepare_cached("SELECT id, failures, last_collected_at FROM clusters WHERE name = ?1")?
        .query_row([run.name], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, Option<Millis>>(2)?))
        })
        .optional()?;
    let (id, failures, last) = match known {
        Some(known) => known,
        None => {
            let id = connection
                .prepare_cached("INSERT INTO clusters (name, first_seen) VALUES (?1, ?2)")?
                .insert(params![run.name, now])?;
            (id, 0, None)
        }
    };
    let answered = run.harvest.frontends_answered > 0;
    let (failures, next_try, error) = if answered {
        (0, None, None)
    } else {
        // Somebody who tries by hand, again and again, does not make the timer wait longer.
        let again =
            failures > 0 && last.is_some_and(|last| due::slot(last, run.interval) == due::slot(now, run.interval));
        let failures = failures.saturating_add(u32::from(!again));
        (
            failures,
            Some(due::next_try(now, run.interval, failures)),
            run.harvest.problems.first().map(|problem| &problem.text),
        )
    };
    connection
        .prepare_cached(
            "UPDATE clusters SET failures = ?2, next_try = ?3, last_error = ?4, labels = ?5, last_collected_at = ?6,
             last_answer = iif(?7, ?6, last_answer) WHERE id = ?1",
        )?
        .execute(params![id, failures, next_try, error, serde_json::json!(run.labels).to_string(), now, answered])?;
    Ok((id, failures, next_try))
}

/// The two INSERT texts of a run; their columns are those of the catalogue.
struct Inserts {
    cluster: String,
    node: String,
    node_columns: usize,
}

impl Inserts {
    fn new(catalogue: &Catalogue) -> Self {
        let text = |subject: Subject, keys: &[&str]| {
            let metrics = catalogue.stored(subject).map(|metric| quoted(metric.name()));
            let columns: Vec<String> = keys.iter().map(|key| (*key).to_owned()).chain(metrics).collect();
            let places = vec!["?"; columns.len()].join(", ");
            let table = snapshot_table(subject);
            format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", columns.join(", "))
        };
        Self {
            cluster: text(Subject::Cluster, &["cluster_id", "collected_at", "run_id", "interval_ms", "answered"]),
            node: text(Subject::Node, &["cluster_id", "collected_at", "node", "instance", "role", "version"]),
            node_columns: catalogue.stored(Subject::Node).count(),
        }
    }

    /// Nothing that is stored is overwritten: a second snapshot of one moment is left out whole.
    fn snapshots(
        &self,
        connection: &Connection,
        run: &ClusterRun,
        (cluster_id, collected_at, run_id): (i64, Millis, i64),
    ) -> rusqlite::Result<Stored> {
        let answered = i64::from(run.harvest.frontends_answered > 0);
        let keys = [cluster_id, collected_at, run_id, millis(run.interval), answered].map(Value::from);
        let written = connection
            .prepare_cached(&self.cluster)?
            .execute(params_from_iter(keys.into_iter().chain(reals(&run.rows.cluster))))?;
        if written == 0 {
            return Ok(Stored::Already);
        }
        let mut statement = connection.prepare_cached(&self.node)?;
        let unmeasured = vec![None; self.node_columns];
        for node in &run.harvest.nodes {
            let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::from);
            let keys = [
                cluster_id.into(),
                collected_at.into(),
                node.key.clone().into(),
                text(&node.instance),
                text(&node.role),
                text(&node.version),
            ];
            let row = run.rows.nodes.get(&node.key).unwrap_or(&unmeasured);
            statement.execute(params_from_iter(keys.into_iter().chain(reals(row))))?;
        }
        Ok(Stored::Snapshot)
    }
}

fn reals(row: &Row) -> impl Iterator<Item = Value> {
    row.iter().map(|value| value.map_or(Value::Null, Value::from))
}

fn attempts(connection: &Connection, attempts: &[Attempt], cluster_id: i64, run_id: i64) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("SELECT url, id, job, instance FROM endpoints WHERE cluster_id = ?1")?;
    let known = statement.query_map([cluster_id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let mut ids: HashMap<String, i64> = known.collect::<rusqlite::Result<_>>()?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO attempts
         (run_id, endpoint_id, started_at, duration_ms, bytes, samples, kept, rejected, error, mended)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for attempt in attempts {
        let id = match ids.get(&attempt.url) {
            Some(id) => *id,
            None => {
                let id = connection
                    .prepare_cached("INSERT INTO endpoints (cluster_id, job, instance, url) VALUES (?1, ?2, ?3, ?4)")?
                    .insert(params![cluster_id, attempt.job, attempt.instance, attempt.url])?;
                ids.insert(attempt.url.clone(), id);
                id
            }
        };
        insert.execute(params![
            run_id,
            id,
            attempt.started_at,
            millis(attempt.took),
            attempt.bytes as i64,
            attempt.samples as i64,
            attempt.kept as i64,
            attempt.rejected as i64,
            attempt.error,
            attempt.mended,
        ])?;
    }
    Ok(())
}
