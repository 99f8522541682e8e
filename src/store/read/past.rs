//! Snapshots of one subject over a time, as columns: what reports reckon figures and draw lines from.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, params_from_iter};

use super::super::columns::{present, quoted};
use super::super::snapshot_table;
use crate::days::fold::{Moment, Weights};
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
    /// How long each stands for, in milliseconds: see [`Weights`].
    pub weights: Vec<Millis>,
    /// How many there should be in the range.
    pub expected: i64,
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

/// `FROM … WHERE …`: the rows of the owner, which is ?1 and, with the rest of the key, ?4 and so on.
fn rows_of(owner: &Owner) -> String {
    let (own, keys) = keys(owner.subject);
    let place = keys.iter().zip(4..).map(|(key, place)| format!(" AND {} = ?{place}", quoted(key))).collect::<String>();
    format!("FROM {} WHERE {own} = ?1{place}", quoted(snapshot_table(owner.subject)))
}

/// Moment, interval, covered time, whether somebody answered, then the metrics; from ?2 up to, without, ?3.
fn text(connection: &Connection, owner: &Owner, metrics: &[&str]) -> rusqlite::Result<String> {
    let there = present(connection, snapshot_table(owner.subject))?;
    let column = |name: &&str| if there.contains(*name) { quoted(name) } else { "NULL".to_owned() };
    let list = ["interval_ms", "covered_ms", "answered"].iter().chain(metrics).map(column);
    let list = list.collect::<Vec<_>>().join(", ");
    let rows = rows_of(owner);
    Ok(format!("SELECT collected_at, {list} {rows} AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at"))
}

fn values(owner: &Owner, since: Millis, until: Millis) -> impl Params {
    let first = [owner.id, since, until].map(Value::from).into_iter();
    params_from_iter(first.chain(owner.key.iter().cloned().map(Value::from)).collect::<Vec<_>>())
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
    let before = connection
        .prepare_cached(&format!(
            "SELECT collected_at {} AND collected_at < ?2 AND ?3 NOT NULL ORDER BY collected_at DESC LIMIT 1",
            rows_of(owner)
        ))?
        .query_row(values(owner, since, until), |row| row.get(0))
        .optional()?;
    let mut statement = connection.prepare_cached(&text(connection, owner, metrics)?)?;
    let mut weights = Weights::new(before);
    let mut past = Past { before, columns: metrics.iter().map(|_| Vec::new()).collect(), ..Past::default() };
    let mut rows = statement.query(values(owner, since, until))?;
    while let Some(row) = rows.next()? {
        let own: Option<Millis> = row.get(1)?;
        let moment = Moment { at: row.get(0)?, interval: own.unwrap_or(interval), covered: row.get(2)? };
        past.weights.push(weights.next(moment, since));
        past.moments.push(moment);
        // Rows of older versions do not say it.
        past.answered += usize::from(row.get::<_, Option<bool>>(3)?.unwrap_or(true));
        for (place, column) in past.columns.iter_mut().enumerate() {
            column.push(row.get(4 + place)?);
        }
    }
    past.expected = weights.expected(until).max(past.moments.len() as i64);
    Ok(past)
}

/// The first snapshot with this metric of each of `parts` equal parts of the range, as if there were no others, of clusters
/// by their ids: enough for a line of letters, and as cheap over a long history as over a short one.
///
/// # Errors
/// Those of SQLite.
pub fn sampled(
    connection: &Connection,
    clusters: &[i64],
    metric: &str,
    (since, until): (Millis, Millis),
    parts: Millis,
) -> rusqlite::Result<Vec<Past>> {
    let empty = || Past { columns: vec![Vec::new()], ..Past::default() };
    if !present(connection, snapshot_table(Subject::Cluster))?.contains(metric) {
        return Ok(clusters.iter().map(|_| empty()).collect());
    }
    let length = (until - since).max(1) / parts.max(1);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT collected_at, {metric} FROM {} WHERE cluster_id = ?1 AND collected_at >= ?2 AND collected_at < ?3
         AND {metric} NOT NULL ORDER BY collected_at LIMIT 1",
        snapshot_table(Subject::Cluster),
        metric = quoted(metric),
    ))?;
    let mut found = Vec::with_capacity(clusters.len());
    for id in clusters {
        let mut past = empty();
        for part in 0..parts.max(1) {
            let from = since + part * length;
            let mut rows = statement.query([*id, from, from + length])?;
            while let Some(row) = rows.next()? {
                past.moments.push(Moment { at: row.get(0)?, interval: length, covered: None });
                past.weights.push(length);
                if let Some(column) = past.columns.first_mut() {
                    column.push(row.get(1)?);
                }
            }
        }
        found.push(past);
    }
    Ok(found)
}
