//! The plan is carried out: one short transaction after the other, each a whole piece of it.

use std::time::Instant;

use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior, params, params_from_iter};

use super::pace::{Courtesy, Pace};
use super::{Done, Plan, Span, TargetPlan, endpoints, is_over, thin};
use crate::catalogue::Catalogue;
use crate::failure::Failure;
use crate::sample::Millis;
use crate::store::daily::daily_table;
use crate::store::tables::{Tables, with_part};
use crate::store::{Store, fetches, memory, snapshot_table};

/// Pages that a transaction may change without writing them twice.
const CACHE_KIB: u32 = 32 * 1024;

impl Store {
    /// Removes and thins what the plan says; no piece is begun after `until`. `interval` is that of a cluster today, for
    /// snapshots that do not say theirs.
    pub fn cleanup(
        &mut self,
        plan: &Plan,
        catalogue: &Catalogue,
        interval: &dyn Fn(&str) -> Millis,
        until: Option<Instant>,
    ) -> Result<Done, Failure> {
        let path = self.path.clone();
        let connection = &mut self.connection;
        let mut clean = || -> rusqlite::Result<Done> {
            // A run is removed after everything that refers to it; SQLite would look through all snapshots for each one. What
            // a loss of power brings back is removed again: no piece has to wait for the disk.
            connection.execute_batch(&format!(
                "PRAGMA foreign_keys = OFF; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -{CACHE_KIB};"
            ))?;
            let done = execute(connection, plan, catalogue, interval, until);
            connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL")?;
            done
        };
        clean().map_err(|error| super::super::explain(&path, &error))
    }
}

fn execute(
    connection: &mut Connection,
    plan: &Plan,
    catalogue: &Catalogue,
    interval: &dyn Fn(&str) -> Millis,
    until: Option<Instant>,
) -> rusqlite::Result<Done> {
    let mut work = Work { done: Done::default(), courtesy: Courtesy::new(), until };
    let mut pace = Pace::new(200, 5_000);
    for target in &plan.targets {
        for span in &target.remove {
            snapshots(connection, target, *span, &mut pace, &mut work)?;
        }
    }
    runs(connection, plan, &mut work)?;
    if work.goes_on() {
        endpoints::forget(connection, until)?;
    }
    days(connection, plan, &mut work)?;
    readings(connection, plan.readings_before)?;
    alerts(connection, plan.readings_before)?;
    for target in &plan.targets {
        if let Some(thinning) = &target.thin {
            thin::thin(connection, catalogue, (target, interval(&target.name)), thinning, plan.step, &mut work)?;
        }
    }
    Ok(work.done)
}

/// What was done so far, and whether to go on.
pub(super) struct Work {
    pub done: Done,
    courtesy: Courtesy,
    until: Option<Instant>,
}

impl Work {
    /// Called before each transaction: others may come in, and the time may be up.
    pub fn goes_on(&mut self) -> bool {
        self.courtesy.let_others_in();
        let over = is_over(self.until);
        self.done.unfinished |= over;
        !over
    }
}

/// The oldest first, each with the rows of its parts.
fn snapshots(
    connection: &mut Connection,
    target: &TargetPlan,
    span: Span,
    pace: &mut Pace,
    work: &mut Work,
) -> rusqlite::Result<()> {
    let (tables, id) = (Tables::of(target.kind), target.id);
    let own = tables.own_snapshots();
    let mut from = span.from;
    while from < span.to && work.goes_on() {
        let started = Instant::now();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let next: Option<Millis> = transaction
            .prepare_cached(&format!(
                "SELECT max(collected_at) FROM (SELECT collected_at FROM {own}
                 AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at LIMIT ?4)"
            ))?
            .query_row(params![id, from, span.to, pace.amount()], |row| row.get(0))?;
        let Some(last) = next else { break };
        let mut delete = transaction.prepare_cached(&format!(
            "DELETE FROM {} WHERE {} AND collected_at >= ?2 AND collected_at <= ?3",
            snapshot_table(tables.parts),
            tables.one_part(4)
        ))?;
        for part in tables.parts(&transaction, id)? {
            let keys: [Value; 3] = [id.into(), from.into(), last.into()];
            delete.execute(params_from_iter(with_part(keys, &part)))?;
        }
        drop(delete);
        let removed = transaction
            .prepare_cached(&format!("DELETE FROM {own} AND collected_at >= ?2 AND collected_at <= ?3"))?
            .execute([id, from, last])?;
        transaction.commit()?;
        work.done.snapshots += removed as i64;
        from = last + 1;
        pace.took(started.elapsed());
    }
    Ok(())
}

/// Runs that nothing refers to, with the records of their fetches.
fn runs(connection: &mut Connection, plan: &Plan, work: &mut Work) -> rusqlite::Result<()> {
    // Those whose removal the time's end cut off are still referred to.
    let mut pace = Pace::new(16, 5_000);
    while !work.done.unfinished && work.goes_on() {
        let started = Instant::now();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let oldest: Vec<i64> = transaction
            .prepare_cached("SELECT id FROM runs WHERE started_at < ?1 AND id <= ?2 ORDER BY started_at LIMIT ?3")?
            .query_map(params![plan.runs_before, plan.newest_run, pace.amount()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if oldest.is_empty() {
            break;
        }
        for id in &oldest {
            fetches::forget(&transaction, *id)?;
            transaction.prepare_cached("DELETE FROM runs WHERE id = ?1")?.execute([id])?;
        }
        transaction.commit()?;
        work.done.runs += oldest.len() as i64;
        pace.took(started.elapsed());
    }
    Ok(())
}

/// Rows of days, of one target at a time: a day goes with those of its parts.
fn days(connection: &mut Connection, plan: &Plan, work: &mut Work) -> rusqlite::Result<()> {
    let Some(before) = plan.days_before.as_deref() else { return Ok(()) };
    for target in plan.targets.iter().filter(|target| target.days > 0) {
        if !work.goes_on() {
            break;
        }
        let tables = Tables::of(target.kind);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut delete = transaction.prepare_cached(&format!(
            "DELETE FROM {} WHERE {} AND day < ?2",
            daily_table(tables.parts),
            tables.one_part(3)
        ))?;
        for part in tables.parts_with_days(&transaction, target.id)? {
            let keys: [Value; 2] = [target.id.into(), before.to_owned().into()];
            delete.execute(params_from_iter(with_part(keys, &part)))?;
        }
        drop(delete);
        let removed = transaction
            .prepare_cached(&format!("DELETE FROM {} AND day < ?2", tables.own_days()))?
            .execute(params![target.id, before])?;
        transaction.commit()?;
        work.done.days += removed as i64;
    }
    Ok(())
}

/// Alerts that have ended, with who was told of them, and silences that are over.
fn alerts(connection: &mut Connection, before: Millis) -> rusqlite::Result<()> {
    const OLD: &str = "SELECT EXISTS (SELECT 1 FROM alerts_fired WHERE resolved_at < ?1) OR EXISTS (SELECT 1 FROM mutes WHERE until < ?1)";
    if_any(connection, OLD, before, |transaction| {
        for text in [
            "DELETE FROM alert_deliveries WHERE fired_id IN (SELECT id FROM alerts_fired WHERE resolved_at < ?1)",
            "DELETE FROM alerts_fired WHERE resolved_at < ?1",
            "DELETE FROM mutes WHERE until < ?1",
        ] {
            transaction.execute(text, [before])?;
        }
        Ok(())
    })
}

/// A collection drops those of its own targets; here also those of targets that left the configuration.
fn readings(connection: &mut Connection, before: Millis) -> rusqlite::Result<()> {
    const OLD: &str = "SELECT EXISTS (SELECT 1 FROM previous_samples WHERE scraped_at < ?1)";
    if_any(connection, OLD, before, |transaction| {
        transaction.execute("DELETE FROM previous_samples WHERE scraped_at < ?1", [before])?;
        memory::forget_layouts(transaction)
    })
}

/// A cleanup that finds nothing takes no write lock.
fn if_any(
    connection: &mut Connection,
    exists: &str,
    before: Millis,
    remove: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    if !connection.query_row(exists, [before], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    remove(&transaction)?;
    transaction.commit()
}
