//! One run into the file, in one transaction: snapshots, nodes, fetches and the memory for the next run.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params, params_from_iter, types::Value};

use super::{KNOWN_NODES, Store, columns::quoted, fetches, memory, memory::TargetMemory, snapshot_table};
use crate::catalogue::batch::{Batch, Batches};
use crate::catalogue::evaluate::{Row, Rows};
use crate::catalogue::{Catalogue, Figures};
use crate::collect::due::{self, Past};
use crate::collect::{Harvest, Node, Remembered};
use crate::failure::Failure;
use crate::sample::{Millis, millis};
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;

/// What one target brings to a run.
pub struct TargetRun<'r> {
    pub name: &'r str,
    pub kind: Kind,
    pub environment: Option<&'r str>,
    pub labels: &'r BTreeMap<String, String>,
    pub interval: Duration,
    /// Label sets under which nothing ran count as others do.
    pub include_idle: bool,
    pub harvest: &'r Harvest,
    pub figures: &'r Figures,
    pub memory: &'r TargetMemory,
}

/// What the file says about a target before a run.
#[derive(Debug, Default)]
pub struct Known {
    pub past: Past,
    pub failures: u32,
}

/// A run as it was written.
#[derive(Debug)]
pub struct Written {
    pub run_id: i64,
    /// One for each target of the run, in their order.
    pub targets: Vec<WrittenTarget>,
}

#[derive(Clone, Copy, Debug)]
pub struct WrittenTarget {
    pub stored: Stored,
    /// Collections in a row in which it did not answer, this one included.
    pub failures: u32,
    /// When the timer asks again, after a failure.
    pub next_try: Option<Millis>,
}

/// The column `idle` of a row under which nothing ever ran: one that is left out of averages and alerts, and one that
/// `include_idle` lets count.
pub(super) const IDLE: i64 = 1;
const IDLE_INCLUDED: i64 = 2;

/// What became of a target's snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Snapshot,
    /// A snapshot of this very moment was there already; it was kept.
    Already,
    /// An application that has ended leaves one snapshot without figures, and none after it.
    Nothing,
}

impl Store {
    /// The kind under which a name is in the file.
    pub fn kind_of(&self, target: &str) -> Result<Option<Kind>, Failure> {
        let kind = |row: &rusqlite::Row| {
            let kind: String = row.get(0)?;
            Ok(Kind::ALL.into_iter().find(|own| own.name() == kind))
        };
        let found = self.connection.query_row("SELECT kind FROM targets WHERE name = ?1", [target], kind).optional();
        found.map(Option::flatten).map_err(|error| self.explain(&error))
    }

    /// What decides whether a target is due.
    pub fn known(&self, target: &str) -> Result<Known, Failure> {
        let found = self.connection.query_row(
            "SELECT failures, next_try, last_collected_at FROM targets WHERE name = ?1",
            [target],
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
        target: &str,
        oldest: Millis,
        layouts: &mut memory::Layouts,
    ) -> Result<(TargetMemory, Remembered), Failure> {
        let mut load = || -> rusqlite::Result<(TargetMemory, Remembered)> {
            let id = self.connection.query_row("SELECT id FROM targets WHERE name = ?1", [target], |row| row.get(0));
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
        targets: &[TargetRun],
        catalogue: &Catalogue,
        oldest: Millis,
    ) -> Result<Written, Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<Written> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let failed = targets.iter().filter(|run| run.harvest.answered == 0 && !run.harvest.ended).count();
            let samples: u64 = targets.iter().map(|run| run.harvest.samples_seen()).sum();
            let run_id = transaction
                .prepare_cached(
                    "INSERT INTO runs (started_at, duration_ms, stored, failed, samples) VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .insert(params![
                    collected_at,
                    millis(took),
                    (targets.len() - failed) as i64,
                    failed as i64,
                    samples as i64
                ])?;
            let inserts = Inserts::new(catalogue);
            let mut record = fetches::Record::new(run_id, collected_at);
            let mut written = Vec::with_capacity(targets.len());
            for run in targets {
                let upserted = upsert_target(&transaction, run, collected_at)?;
                let stored = match upserted.is_over {
                    true => Stored::Nothing,
                    false => inserts.snapshots(&transaction, run, (upserted.id, collected_at, run_id))?,
                };
                let Upserted { id, failures, next_try, .. } = upserted;
                written.push(WrittenTarget { stored, failures, next_try });
                record.add(&transaction, id, &run.harvest.attempts)?;
                if run.harvest.ended {
                    // Its counters end with it: the next run of the application begins with none.
                    memory::forget(&transaction, id)?;
                    continue;
                }
                memory::save(&transaction, id, &run.harvest.scrapes, run.memory, catalogue.uses(run.kind), oldest)?;
            }
            record.finish(&transaction)?;
            memory::forget_layouts(&transaction)?;
            transaction.commit()?;
            Ok(Written { run_id, targets: written })
        };
        write().map_err(|error| super::explain(&path, &error))
    }
}

/// A target as a run leaves it.
struct Upserted {
    id: i64,
    /// In a row.
    failures: u32,
    /// When the timer asks again.
    next_try: Option<Millis>,
    /// It had ended before, or was never there.
    is_over: bool,
}

fn upsert_target(connection: &Connection, run: &TargetRun, now: Millis) -> rusqlite::Result<Upserted> {
    let known = connection
        .prepare_cached("SELECT id, failures, last_collected_at, last_answer, ended_at FROM targets WHERE name = ?1")?
        .query_row([run.name], |row| {
            let (id, failures): (i64, u32) = (row.get(0)?, row.get(1)?);
            let [last, answer, ended]: [Option<Millis>; 3] = [row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((id, failures, last, answer, ended))
        })
        .optional()?;
    let (id, failures, last, answer, ended) = match known {
        Some(known) => known,
        None => {
            let id = connection
                .prepare_cached("INSERT INTO targets (name, kind, first_seen) VALUES (?1, ?2, ?3)")?
                .insert(params![run.name, run.kind.name(), now])?;
            (id, 0, None, None, None)
        }
    };
    let answered = run.harvest.answered > 0;
    let (failures, next_try, error) = if answered || run.harvest.ended {
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
    let generation = match run.figures {
        Figures::Application(batches) => batches.generation.as_deref(),
        Figures::Cluster(_) => None,
    };
    connection
        .prepare_cached(
            "UPDATE targets SET failures = ?2, next_try = ?3, last_error = ?4, labels = ?5, last_collected_at = ?6,
             last_answer = iif(?7, ?6, last_answer), environment = ?8, generation = coalesce(?9, generation),
             ended_at = iif(?10, coalesce(ended_at, ?6), NULL) WHERE id = ?1",
        )?
        .execute(params![
            id,
            failures,
            next_try,
            error,
            serde_json::json!(run.labels).to_string(),
            now,
            answered,
            run.environment,
            generation,
            run.harvest.ended
        ])?;
    let is_over = run.harvest.ended && (ended.is_some() || answer.is_none());
    Ok(Upserted { id, failures, next_try, is_over })
}

/// The INSERT texts of a run; their columns are those of the catalogue.
struct Inserts {
    cluster: String,
    node: String,
    node_columns: usize,
    batch: String,
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
            batch: text(
                Subject::Batch,
                &[
                    "application_id",
                    "database",
                    "\"table\"",
                    "test_name",
                    "collected_at",
                    "run_id",
                    "interval_ms",
                    "answered",
                    "ended",
                    "idle",
                ],
            ),
        }
    }

    /// Nothing that is stored is overwritten: a second snapshot of one moment is left out whole.
    fn snapshots(&self, connection: &Connection, run: &TargetRun, ids: (i64, Millis, i64)) -> rusqlite::Result<Stored> {
        match run.figures {
            Figures::Cluster(rows) => self.cluster(connection, run, rows, ids),
            Figures::Application(batches) => self.batches(connection, run, batches, ids),
        }
    }

    fn cluster(
        &self,
        connection: &Connection,
        run: &TargetRun,
        rows: &Rows,
        (cluster_id, collected_at, run_id): (i64, Millis, i64),
    ) -> rusqlite::Result<Stored> {
        let answered = i64::from(run.harvest.answered > 0);
        let keys = [cluster_id, collected_at, run_id, millis(run.interval), answered].map(Value::from);
        let written = connection
            .prepare_cached(&self.cluster)?
            .execute(params_from_iter(keys.into_iter().chain(reals(&rows.cluster))))?;
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
            let row = rows.nodes.get(&node.key).unwrap_or(&unmeasured);
            statement.execute(params_from_iter(keys.into_iter().chain(reals(row))))?;
        }
        Ok(Stored::Snapshot)
    }

    /// The application as a whole comes first: its labels are the least.
    fn batches(
        &self,
        connection: &Connection,
        run: &TargetRun,
        batches: &Batches,
        (application_id, collected_at, run_id): (i64, Millis, i64),
    ) -> rusqlite::Result<Stored> {
        let (answered, ended) = (i64::from(run.harvest.answered > 0), i64::from(run.harvest.ended));
        let mut statement = connection.prepare_cached(&self.batch)?;
        for (batch, row) in &batches.rows {
            let of_all = *batch == Batch::default();
            let only = |value: i64| if of_all { Value::from(value) } else { Value::Null };
            let is_idle = !of_all && batches.idle.contains(batch);
            let idle = match (is_idle, run.include_idle) {
                (false, _) => Value::Null,
                (true, false) => IDLE.into(),
                (true, true) => IDLE_INCLUDED.into(),
            };
            let [database, table, test_name] = batch.texts().map(|text| Value::from(text.to_string()));
            let keys = [application_id.into(), database, table, test_name, collected_at.into()];
            let about = [only(run_id), only(millis(run.interval)), only(answered), only(ended), idle];
            let written = statement.execute(params_from_iter(keys.into_iter().chain(about).chain(reals(row))))?;
            if of_all && written == 0 {
                return Ok(Stored::Already);
            }
        }
        Ok(Stored::Snapshot)
    }
}

fn reals(row: &Row) -> impl Iterator<Item = Value> {
    row.iter().map(|value| value.map_or(Value::Null, Value::from))
}
