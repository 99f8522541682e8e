//! What `benches/run` does with databases.
//!
//! - `past DATABASE SLOTS` stores its newest run once more in each of so many earlier slots of 30 s;
//! - `past DATABASE without-nodes` drops the snapshots of nodes;
//! - `past DATABASE values` tells what a stored value takes;
//! - `past DATABASE 90-days` repeats the newest day of every cluster in 90 days before it;
//! - `past DATABASE unchecked` forgets every check of rules;
//! - `past DATABASE waits` asks for the database as a collection does, every 50 ms until the standard input ends, and tells
//!   how long it waited.

#[path = "../benches/history/mod.rs"]
mod history;

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rusqlite::Connection;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, what] = arguments.as_slice() else {
        anyhow::bail!("usage: past DATABASE SLOTS|without-nodes|90-days|unchecked|values|waits");
    };
    let database = Path::new(database);
    match what.as_str() {
        "without-nodes" => Ok(Connection::open(database)?.execute_batch("DELETE FROM node_snapshots; VACUUM")?),
        "90-days" => more_days(&Connection::open(database)?, 90),
        "unchecked" => {
            let tables = ["alert_deliveries", "alerts_active", "alerts_fired", "rule_checks"];
            Ok(Connection::open(database)?
                .execute_batch(&tables.map(|table| format!("DELETE FROM {table};")).concat())?)
        }
        "values" => values(&Connection::open(database)?),
        "waits" => waits(&Connection::open(database)?),
        slots => history::lengthen(database, slots.parse()?),
    }
}

/// Repeats the newest whole day of every cluster in `count` days before it.
fn more_days(connection: &Connection, count: u32) -> Result<()> {
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('daily_snapshots')")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let value = |column: &String| match column.as_str() {
        "day" => "date(day, '-' || back || ' days')".to_owned(),
        "begins_at" | "ends_at" => format!("{column} - back * 86400000"),
        _ => format!("\"{column}\""),
    };
    connection.execute(
        &format!(
            "WITH RECURSIVE days (back) AS (SELECT 1 UNION ALL SELECT back + 1 FROM days WHERE back < ?1)
             INSERT OR IGNORE INTO daily_snapshots SELECT {} FROM days CROSS JOIN daily_snapshots
             WHERE day = (SELECT max(day) FROM daily_snapshots)",
            columns.iter().map(value).collect::<Vec<_>>().join(", ")
        ),
        [count],
    )?;
    Ok(())
}

/// Of each table: rows, values of metrics that are not NULL, all bytes of its pages, and what that is a value.
fn values(connection: &Connection) -> Result<()> {
    println!("| {:<17} | {:>9} | {:>11} | {:>13} | bytes a row | bytes a value |", "table", "rows", "values", "bytes");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut all = (0, 0, 0);
    for table in ["metrics_snapshots", "node_snapshots"] {
        let metrics: Vec<String> = connection
            .prepare("SELECT '(\"' || name || '\" IS NOT NULL)' FROM pragma_table_info(?1) WHERE type = 'REAL'")?
            .query_map([table], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let count = format!("SELECT count(*), coalesce(sum({}), 0) FROM {table}", metrics.join(" + "));
        let (rows, values): (i64, i64) = connection.query_row(&count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let bytes: i64 = connection.query_row(
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = 1 AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?1)",
            [table],
            |row| row.get(0),
        )?;
        line(table, (rows, values, bytes));
        all = (all.0 + rows, all.1 + values, all.2 + bytes);
    }
    line("both", all);
    let file: i64 =
        connection.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| {
            row.get(0)
        })?;
    line("the whole file", (all.0, all.1, file));
    Ok(())
}

fn line(name: &str, (rows, values, bytes): (i64, i64, i64)) {
    let each = |of: i64| bytes as f64 / of.max(1) as f64;
    println!("| {name:<17} | {rows:>9} | {values:>11} | {bytes:>13} | {:>11.0} | {:>13.2} |", each(rows), each(values));
}

fn waits(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(60))?;
    static ENDED: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ENDED.store(true, Ordering::Relaxed);
    });
    let mut waited = Vec::new();
    while !ENDED.load(Ordering::Relaxed) {
        let asked = Instant::now();
        connection.execute_batch("BEGIN IMMEDIATE")?;
        waited.push(asked.elapsed().as_millis());
        connection.execute_batch("ROLLBACK")?;
        std::thread::sleep(Duration::from_millis(50));
    }
    waited.sort_unstable();
    let at = |share: usize| waited.get((waited.len().saturating_sub(1)) * share / 100).copied().unwrap_or_default();
    println!("waits of {} collections, ms: middle {}, 95 % {}, longest {}", waited.len(), at(50), at(95), at(100));
    Ok(())
}
