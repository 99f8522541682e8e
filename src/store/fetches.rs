//! The record of every fetch. Those of a run that went well are one row, because hundreds of rows a run cost more to write and to
//! remove than the snapshots; those that failed are a row each. The view `fetches` shows both alike.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use rusqlite::{Connection, params};

use super::migrate;
use crate::collect::Attempt;
use crate::sample::{Millis, millis};

/// The fetches of a run, from all of its clusters.
pub(super) struct Record {
    run_id: i64,
    started_at: Millis,
    /// JSON without the bracket at its end, as `good_fetches` wants it.
    packed: String,
}

impl Record {
    pub fn new(run_id: i64, started_at: Millis) -> Self {
        Self { run_id, started_at, packed: String::new() }
    }

    /// Adds those of a cluster; of two fetches of one URL the first counts.
    pub fn add(&mut self, connection: &Connection, cluster_id: i64, attempts: &[Attempt]) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached("SELECT url, id FROM endpoints WHERE cluster_id = ?1")?;
        let known = statement.query_map([cluster_id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let mut ids: HashMap<String, i64> = known.collect::<rusqlite::Result<_>>()?;
        let mut recorded = HashSet::with_capacity(attempts.len());
        for attempt in attempts {
            let id = match ids.get(&attempt.url) {
                Some(id) => *id,
                None => {
                    let id = connection
                        .prepare_cached(
                            "INSERT INTO endpoints (cluster_id, job, instance, url) VALUES (?1, ?2, ?3, ?4)",
                        )?
                        .insert(params![cluster_id, attempt.job, attempt.instance, attempt.url])?;
                    ids.insert(attempt.url.clone(), id);
                    id
                }
            };
            if !recorded.insert(id) {
                continue;
            }
            match &attempt.error {
                None => self.pack(id, attempt),
                Some(error) => self.failed(connection, id, attempt, error)?,
            }
        }
        Ok(())
    }

    fn pack(&mut self, id: i64, attempt: &Attempt) {
        let before = if self.packed.is_empty() { '[' } else { ',' };
        let (started, took) = (attempt.started_at - self.started_at, millis(attempt.took));
        let Attempt { bytes, samples, kept, rejected, .. } = attempt;
        // Writing into a text cannot fail.
        let _ = write!(self.packed, "{before}[{id},{started},{took},{bytes},{samples},{kept},{rejected}]");
    }

    fn failed(&self, connection: &Connection, id: i64, attempt: &Attempt, error: &str) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO failed_fetches
                 (run_id, endpoint_id, started_at, duration_ms, bytes, samples, kept, rejected, error, mended)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                self.run_id,
                id,
                attempt.started_at,
                millis(attempt.took),
                attempt.bytes as i64,
                attempt.samples as i64,
                attempt.kept as i64,
                attempt.rejected as i64,
                error,
                attempt.mended,
            ])?;
        Ok(())
    }

    /// Writes those that went well.
    pub fn finish(mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.packed.is_empty() {
            return Ok(());
        }
        self.packed.push(']');
        connection
            .prepare_cached("INSERT INTO good_fetches (run_id, packed) VALUES (?1, ?2)")?
            .execute(params![self.run_id, self.packed])?;
        Ok(())
    }
}

/// The table in which those stand that failed: who only reads may meet a file of schema 1 or 2, where the good ones are in it too.
pub(super) fn table_of_failures(connection: &Connection) -> rusqlite::Result<&'static str> {
    Ok(if migrate::version(connection)? < 3 { "attempts" } else { "failed_fetches" })
}

/// Removes the record of a run.
pub(super) fn forget(connection: &Connection, run_id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM good_fetches WHERE run_id = ?1")?.execute([run_id])?;
    connection.prepare_cached("DELETE FROM failed_fetches WHERE run_id = ?1")?.execute([run_id])?;
    Ok(())
}
