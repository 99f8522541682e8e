//! Days as they were aggregated, for reports.

use rusqlite::{Connection, params};

use super::super::columns::{present, quoted};
use crate::settings::Kind;
use crate::store::tables::Tables;

/// A day of a target.
#[derive(Clone, Debug)]
pub struct StoredDay {
    /// `2026-11-22`
    pub day: String,
    pub samples: i64,
    pub expected: i64,
    /// In the order of the columns that were asked for.
    pub figures: Vec<Option<f64>>,
}

/// The days from one to another, both included, in their order. A figure without a column was never kept.
///
/// # Errors
/// Those of SQLite.
pub fn days(
    connection: &Connection,
    id: i64,
    columns: &[String],
    (first, last): (&str, &str),
) -> rusqlite::Result<Vec<StoredDay>> {
    let rows = Tables::of(Kind::Cluster).own_days();
    let table = rows.split(' ').next().unwrap_or_default();
    let there = present(connection, table)?;
    let list = columns.iter().map(|name| if there.contains(name) { quoted(name) } else { "NULL".to_owned() });
    let list = list.map(|column| format!(", {column}")).collect::<String>();
    let mut statement = connection
        .prepare(&format!("SELECT day, samples, expected{list} FROM {rows} AND day BETWEEN ?2 AND ?3 ORDER BY day"))?;
    let days = statement.query_map(params![id, first, last], |row| {
        Ok(StoredDay {
            day: row.get(0)?,
            samples: row.get(1)?,
            expected: row.get(2)?,
            figures: (0..columns.len()).map(|place| row.get(3 + place)).collect::<Result<_, _>>()?,
        })
    })?;
    days.collect()
}
