//! A past for a database: what its newest run stored, once more at every earlier slot, with figures that move.

use std::path::Path;

use anyhow::{Context, Result};
use rusqlite::Connection;

const SLOT_MILLIS: i64 = 30_000;

/// Each table, and how its rows are found by the newest run's id (?1) and time (?2).
const TABLES: [(&str, &str); 6] = [
    ("runs", "id = ?1"),
    ("good_fetches", "run_id = ?1"),
    ("failed_fetches", "run_id = ?1"),
    ("metrics_snapshots", "collected_at = ?2"),
    ("node_snapshots", "collected_at = ?2"),
    ("batch_snapshots", "collected_at = ?2"),
];

/// Repeats the newest run in `slots` earlier slots of 30 s. Its past takes ids below its own, negative ones too.
pub fn lengthen(database: &Path, slots: u32) -> Result<()> {
    let connection = Connection::open(database)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;")?;
    let (run, at): (i64, i64) = connection
        .query_row("SELECT id, started_at FROM runs ORDER BY started_at DESC LIMIT 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .context("the database holds no run to repeat")?;
    for (table, newest) in TABLES {
        connection.execute(
            &format!(
                "CREATE TEMP TABLE newest AS SELECT * FROM {table} WHERE {newest} AND ?1 = ?1 AND ?2 = ?2 ORDER BY 1, 2"
            ),
            [run, at],
        )?;
        // A row after the other through all slots, from the first on: so each appends to what was written before.
        let rows: i64 = connection.query_row("SELECT count(*) FROM newest", [], |row| row.get(0))?;
        let text = format!(
            "WITH RECURSIVE slots (slot) AS (SELECT ?2 UNION ALL SELECT slot - 1 FROM slots WHERE slot > 1)
             INSERT OR IGNORE INTO main.{table} SELECT {} FROM slots CROSS JOIN newest ON newest.rowid = ?1",
            values(&connection, table)?.join(", "),
        );
        let mut insert = connection.prepare(&text)?;
        for row in 1..=rows {
            insert.execute([row, i64::from(slots)])?;
        }
        drop(insert);
        connection.execute_batch("DROP TABLE newest")?;
    }
    Ok(())
}

/// What each column of a table has in a slot: whole figures stay whole, and what is zero or not measured remains so.
fn values(connection: &Connection, table: &str) -> Result<Vec<String>> {
    let columns: Vec<(String, String)> = connection
        .prepare("SELECT name, type FROM pragma_table_info(?1)")?
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let value = |(place, (column, kind)): (usize, &(String, String))| match (table, column.as_str()) {
        (_, "run_id") | ("runs", "id") => format!("{column} - slot"),
        (_, "collected_at" | "started_at") => format!("{column} - slot * {SLOT_MILLIS}"),
        (_, name) if kind == "REAL" => format!(
            "iif(\"{name}\" = CAST(\"{name}\" AS INTEGER), \"{name}\" + (\"{name}\" > 1) * (slot * {place} % 11),
                 \"{name}\" * (1 + slot * {place} % 1009 / 1009.0))"
        ),
        (_, name) => format!("\"{name}\""),
    };
    Ok(columns.iter().enumerate().map(value).collect())
}
