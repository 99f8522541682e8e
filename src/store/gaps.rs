//! When there are snapshots, when there are not, and what the runs of that time say about it.

use rusqlite::{Connection, OptionalExtension, params};

use super::fetches;
use super::tables::{KnownTarget, Tables};
use crate::sample::Millis;
use crate::settings::Kind;

/// A clock that steps back by less is being disciplined, and no rate of a whole interval is hurt.
pub const LEAST_STEP_BACK: Millis = 1_000;

/// A snapshot as far as it tells whether time is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub at: Millis,
    /// None in a snapshot that is older than schema 2.
    pub interval: Option<Millis>,
    pub answered: bool,
    /// The target was found gone: nothing is missed until there is a snapshot again.
    pub ended: bool,
}

/// A run that started before the one before it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepBack {
    /// Of the run before.
    pub from: Millis,
    pub to: Millis,
    /// Runs between the two that the clock passed twice.
    pub passed_twice: i64,
}

/// What was run in a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    pub made: i64,
    /// Runs in which at least one target failed as a whole.
    pub with_failures: i64,
}

/// The snapshots of a time in order, and the last one before it in which somebody answered or the target had ended.
pub fn seen(
    connection: &Connection,
    target: &KnownTarget,
    since: Millis,
    until: Millis,
) -> rusqlite::Result<(Option<Seen>, Vec<Seen>)> {
    let snapshot = |row: &rusqlite::Row| {
        Ok(Seen { at: row.get(0)?, interval: row.get(1)?, answered: row.get(2)?, ended: row.get(3)? })
    };
    let tables = Tables::of(target.kind);
    let (own, ended) = (tables.own_snapshots_narrow(), tables.ended);
    let select = format!("SELECT collected_at, interval_ms, coalesce(answered, 1), {ended} FROM {own}");
    let before = connection
        .prepare_cached(&format!(
            "{select} AND collected_at < ?2 AND (coalesce(answered, 1) OR {ended}) ORDER BY collected_at DESC LIMIT 1"
        ))?
        .query_row([target.id, since], snapshot)
        .optional()?;
    let within = connection
        .prepare_cached(&format!("{select} AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at"))?
        .query_map([target.id, since, until], snapshot)?
        .collect::<rusqlite::Result<_>>()?;
    Ok((before, within))
}

/// Why a target did not answer between two moments: the commonest reason with its URL, and how many collections there
/// were in which nobody answered.
pub fn reason(
    connection: &Connection,
    target: &KnownTarget,
    since: Millis,
    until: Millis,
) -> rusqlite::Result<(Option<(String, String)>, i64)> {
    let tables = Tables::of(target.kind);
    let tries = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM {} AND collected_at >= ?2 AND collected_at < ?3 AND answered = 0 AND NOT {}",
            tables.own_snapshots_narrow(),
            tables.ended
        ))?
        .query_row([target.id, since, until], |row| row.get(0))?;
    // Whose answer it is that counts.
    let job = match target.kind {
        Kind::Cluster => "fe",
        Kind::Application => "app",
    };
    let commonest = connection
        .prepare_cached(&format!(
            "SELECT min(url), error FROM runs CROSS JOIN {} ON run_id = runs.id CROSS JOIN endpoints ON endpoints.id = endpoint_id
             WHERE runs.started_at >= ?2 AND runs.started_at < ?3 AND cluster_id = ?1 AND job = ?4 AND error IS NOT NULL AND NOT mended
             GROUP BY error ORDER BY count(*) DESC, error LIMIT 1",
            fetches::table_of_failures(connection)?
        ))?
        .query_row(params![target.id, since, until, job], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok((commonest, tries))
}

/// Runs that started in a time.
pub fn runs(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Runs> {
    connection
        .prepare_cached(
            "SELECT count(*), count(nullif(failed, 0)) FROM runs WHERE started_at >= ?1 AND started_at < ?2",
        )?
        .query_row([since, until], |row| Ok(Runs { made: row.get(0)?, with_failures: row.get(1)? }))
}

/// Where the clock was set back, as the order of the runs tells, if it was in that time by either clock. Steps of less than
/// `least` are the clock being disciplined.
pub fn steps_back(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Vec<StepBack>> {
    let mut statement = connection.prepare_cached(
        "WITH ordered AS (SELECT id, started_at, lag(started_at) OVER (ORDER BY id) AS before FROM runs)
         SELECT before, started_at,
                (SELECT count(*) FROM runs AS twice WHERE twice.started_at >= ordered.started_at AND twice.started_at <= before AND twice.id < ordered.id)
         FROM ordered WHERE before - started_at >= ?3 AND (before >= ?1 AND before < ?2 OR started_at >= ?1 AND started_at < ?2)
         ORDER BY id",
    )?;
    let steps = statement.query_map(params![since, until, LEAST_STEP_BACK], |row| {
        Ok(StepBack { from: row.get(0)?, to: row.get(1)?, passed_twice: row.get(2)? })
    })?;
    steps.collect()
}
