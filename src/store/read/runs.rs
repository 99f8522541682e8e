//! The collector's own runs, for reports.

use rusqlite::{Connection, OptionalExtension, params};

use crate::sample::Millis;

/// One collection of all targets that were due.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub started_at: Millis,
    pub took_ms: Millis,
    pub stored: i64,
    pub failed: i64,
    pub samples: i64,
}

/// A target as it was last asked.
#[derive(Clone, Debug)]
pub struct Asked {
    pub name: String,
    pub kind: String,
    pub collected_at: Option<Millis>,
    pub answered_at: Option<Millis>,
    pub failures: i64,
    pub next_try: Option<Millis>,
    pub error: Option<String>,
}

/// The runs that began from `since` up to, without, `until`; oldest first.
///
/// # Errors
/// Those of SQLite.
pub fn runs(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Vec<Run>> {
    let mut statement = connection.prepare(
        "SELECT started_at, duration_ms, stored, failed, samples FROM runs
         WHERE started_at >= ?1 AND started_at < ?2 ORDER BY started_at",
    )?;
    let runs = statement.query_map([since, until], |row| {
        Ok(Run {
            started_at: row.get(0)?,
            took_ms: row.get(1)?,
            stored: row.get(2)?,
            failed: row.get(3)?,
            samples: row.get(4)?,
        })
    })?;
    runs.collect()
}

/// Every target as it was last asked, by name.
///
/// # Errors
/// Those of SQLite.
pub fn asked(connection: &Connection) -> rusqlite::Result<Vec<Asked>> {
    let mut statement = connection.prepare(
        "SELECT name, kind, last_collected_at, last_answer, failures, next_try, last_error FROM targets ORDER BY name",
    )?;
    let targets = statement.query_map([], |row| {
        let failures: i64 = row.get(4)?;
        Ok(Asked {
            name: row.get(0)?,
            kind: row.get(1)?,
            collected_at: row.get(2)?,
            answered_at: row.get(3)?,
            failures,
            next_try: row.get::<_, Option<Millis>>(5)?.filter(|_| failures > 0),
            error: row.get::<_, Option<String>>(6)?.filter(|_| failures > 0),
        })
    })?;
    targets.collect()
}

/// The id of a cluster by its name.
///
/// # Errors
/// Those of SQLite.
pub fn id_of(connection: &Connection, cluster: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT id FROM clusters WHERE name = ?1")?
        .query_row([cluster], |row| row.get(0))
        .optional()
}

/// When the oldest snapshot of a cluster was made that is left.
///
/// # Errors
/// Those of SQLite.
pub fn oldest(connection: &Connection, id: i64) -> rusqlite::Result<Option<Millis>> {
    connection
        .prepare_cached("SELECT min(collected_at) FROM metrics_snapshots WHERE cluster_id = ?1")?
        .query_row([id], |row| row.get(0))
}

/// When the page of a node was last read: the newest of its rows in which this metric is above 0.
///
/// # Errors
/// Those of SQLite.
pub fn last_seen(connection: &Connection, cluster: &str, node: &str, metric: &str) -> rusqlite::Result<Option<Millis>> {
    let Some(id) = id_of(connection, cluster)? else { return Ok(None) };
    connection
        .prepare_cached(&format!(
            "SELECT collected_at FROM node_snapshots WHERE cluster_id = ?1 AND node = ?2 AND {} > 0
             ORDER BY collected_at DESC LIMIT 1",
            super::super::columns::quoted(metric)
        ))?
        .query_row(params![id, node], |row| row.get(0))
        .optional()
}
