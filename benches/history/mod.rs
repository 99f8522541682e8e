//! A past for a database: what its newest run stored, once more at every earlier slot.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::Connection;

const SLOT_MILLIS: i64 = 30_000;

/// Each table, how rows are found there by the newest run's id (?1) and time (?2), and the order that appends.
const TABLES: [(&str, &str, &str); 5] = [
    ("runs", "id = ?1", "slot DESC"),
    ("good_fetches", "run_id = ?1", "slot DESC"),
    ("failed_fetches", "run_id = ?1", "slot DESC"),
    ("metrics_snapshots", "collected_at = ?2", "cluster_id, slot DESC"),
    ("node_snapshots", "collected_at = ?2", "cluster_id, node, slot DESC"),
];

/// Repeats the newest run in `slots` earlier slots of 30 s. Its past takes ids below its own, negative ones too.
pub fn lengthen(database: &Path, slots: u32) -> Result<()> {
    let mut connection = Connection::open(database)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")?;
    let transaction = connection.transaction()?;
    let newest: (i64, i64) = transaction
        .query_row("SELECT id, started_at FROM runs ORDER BY started_at DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .context("the database holds no run to repeat")?;
    for (table, newest_rows, order) in TABLES {
        let columns: Vec<String> = transaction
            .prepare("SELECT name FROM pragma_table_info(?1)")?
            .query_map([table], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let values = columns.iter().map(|column| match (table, column.as_str()) {
            (_, "run_id") | ("runs", "id") => format!("{column} - slot"),
            (_, "collected_at" | "started_at") => format!("{column} - slot * {SLOT_MILLIS}"),
            _ => format!("\"{column}\""),
        });
        let text = format!(
            "WITH RECURSIVE slots (slot) AS (SELECT ?3 UNION ALL SELECT slot - 1 FROM slots WHERE slot > 1)
             INSERT OR IGNORE INTO {table} SELECT {} FROM (SELECT * FROM {table} WHERE {newest_rows} AND ?1 = ?1 AND ?2 = ?2)
             CROSS JOIN slots ORDER BY {order}",
            values.collect::<Vec<_>>().join(", "),
        );
        transaction.execute(&text, (newest.0, newest.1, slots))?;
    }
    transaction.commit()?;
    Ok(())
}
