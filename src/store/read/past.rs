//! Snapshots of one subject over a time, as columns: what reports reckon figures and draw lines from.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::columns::{present, quoted};
use super::super::snapshot_table;
use crate::days::fold::Moment;
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;

/// Whose rows: the id of the target and the rest of the key, as texts.
#[derive(Clone, Debug)]
pub struct Owner {
    pub subject: Subject,
    pub id: i64,
    pub key: Vec<String>,
}

/// Rows in the order of their times, turned into columns.
#[derive(Debug, Default)]
pub struct Past {
    /// The last snapshot before the first of these.
    pub before: Option<Millis>,
    pub moments: Vec<Moment>,
    /// In how many of them somebody answered.
    pub answered: usize,
    /// One list a column that was asked for, as long as `moments`.
    pub columns: Vec<Vec<Option<f64>>>,
}

/// The columns that name the rest of the key, and the one with the target.
fn keys(subject: Subject) -> (&'static str, &'static [&'static str]) {
    match subject {
        Subject::Cluster => ("cluster_id", &[]),
        Subject::Node => ("cluster_id", &["node"]),
        Subject::Batch => ("application_id", &["database", "table", "test_name"]),
    }
}

/// Rows from `since` up to, without, `until`. A metric that has no column was never measured. `interval` is that of rows
/// that do not say theirs.
///
/// # Errors
/// Those of SQLite.
pub fn past(
    connection: &Connection,
    owner: &Owner,
    metrics: &[&str],
    (since, until): (Millis, Millis),
    interval: Millis,
) -> rusqlite::Result<Past> {
    let table = snapshot_table(owner.subject);
    let there = present(connection, table)?;
    let column = |name: &&str| if there.contains(*name) { quoted(name) } else { "NULL".to_owned() };
    let list = metrics.iter().map(column).map(|column| format!(", {column}")).collect::<String>();
    let or_null = |name: &str| if there.contains(name) { name.to_owned() } else { "NULL".to_owned() };
    let (own, keys) = keys(owner.subject);
    let place = keys.iter().zip(4..).map(|(key, place)| format!(" AND {} = ?{place}", quoted(key))).collect::<String>();
    let rows = format!("FROM {} WHERE {own} = ?1{place}", quoted(table));
    let values = |since: Millis, until: Millis| {
        let first = [owner.id, since, until].map(Value::from).into_iter();
        params_from_iter(first.chain(owner.key.iter().cloned().map(Value::from)).collect::<Vec<_>>())
    };
    let before = connection
        .prepare_cached(&format!(
            "SELECT collected_at {rows} AND collected_at < ?2 AND ?3 NOT NULL ORDER BY collected_at DESC LIMIT 1"
        ))?
        .query_row(values(since, until), |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT collected_at, {}, {}, {}{list} {rows} AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
        or_null("interval_ms"),
        or_null("covered_ms"),
        or_null("answered"),
    ))?;
    let mut past = Past { before, columns: metrics.iter().map(|_| Vec::new()).collect(), ..Past::default() };
    let mut rows = statement.query(values(since, until))?;
    while let Some(row) = rows.next()? {
        let own: Option<Millis> = row.get(1)?;
        past.moments.push(Moment { at: row.get(0)?, interval: own.unwrap_or(interval), covered: row.get(2)? });
        // Rows of older versions do not say it.
        past.answered += usize::from(row.get::<_, Option<bool>>(3)?.unwrap_or(true));
        for (place, column) in past.columns.iter_mut().enumerate() {
            column.push(row.get(4 + place)?);
        }
    }
    Ok(past)
}
