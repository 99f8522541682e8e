//! How many bytes the rows of a plan take.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::TargetPlan;
use super::space::bytes_a_row;
use crate::sample::Millis;
use crate::store::snapshot_table;
use crate::store::tables::{KnownTarget, Tables, with_part};

pub(super) struct Weigher {
    /// Of a snapshot with those of its parts and the records of its fetches, by target.
    snapshot: BTreeMap<i64, f64>,
}

impl Weigher {
    pub fn new(connection: &Connection, targets: &[KnownTarget]) -> rusqlite::Result<Self> {
        let mut rows: BTreeMap<&str, f64> = BTreeMap::new();
        let mut bytes = |table: &'static str| match rows.get(table) {
            Some(bytes) => Ok(*bytes),
            None => bytes_a_row(connection, table).inspect(|bytes| {
                let _ = rows.insert(table, *bytes);
            }),
        };
        let (run, failure) = (bytes("good_fetches")?, bytes("failed_fetches")?);
        let mut snapshot = BTreeMap::new();
        for target in targets {
            let tables = Tables::of(target.kind);
            let (own, part) = (bytes(snapshot_table(tables.own))?, bytes(snapshot_table(tables.parts))?);
            let failures: i64 = connection
                .prepare_cached(&format!(
                    "SELECT count(*) FROM failed_fetches CROSS JOIN endpoints ON endpoints.id = endpoint_id
                     WHERE cluster_id = ?1 AND run_id = (SELECT run_id FROM {} ORDER BY collected_at DESC LIMIT 1)",
                    tables.own_snapshots()
                ))?
                .query_row([target.id], |row| row.get(0))?;
            let share: f64 = connection
                .prepare_cached("SELECT coalesce(avg(cluster_id = ?1), 0.0) FROM endpoints")?
                .query_row([target.id], |row| row.get(0))?;
            let parts = parts_now(connection, tables, target.id)?;
            snapshot.insert(target.id, own + part * parts as f64 + run * share + failure * failures as f64);
        }
        Ok(Self { snapshot })
    }

    /// What is surely free afterwards: pages at the ends of what goes stay half full.
    pub fn left_of(&self, used: i64, targets: &[TargetPlan]) -> i64 {
        (used - self.bytes(targets) / 20 * 19).max(0)
    }

    pub fn bytes(&self, targets: &[TargetPlan]) -> i64 {
        let each =
            |target: &TargetPlan| target.snapshots as f64 * self.snapshot.get(&target.id).copied().unwrap_or_default();
        targets.iter().map(each).sum::<f64>() as i64
    }
}

/// As many as the target had when it last answered: those of an application come and go.
fn parts_now(connection: &Connection, tables: &Tables, id: i64) -> rusqlite::Result<usize> {
    let last: Option<Millis> = connection
        .prepare_cached(&format!(
            "SELECT collected_at FROM {} AND coalesce(answered, 1) ORDER BY collected_at DESC LIMIT 1",
            tables.own_snapshots()
        ))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(last) = last else { return Ok(0) };
    let mut has = connection.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM {} WHERE {} AND collected_at = ?2)",
        snapshot_table(tables.parts),
        tables.one_part(3)
    ))?;
    let mut count = 0;
    for part in tables.parts(connection, id)? {
        let keys: [Value; 2] = [id.into(), last.into()];
        count += usize::from(has.query_row(params_from_iter(with_part(keys, &part)), |row| row.get::<_, bool>(0))?);
    }
    Ok(count)
}
