//! What reports ask about applications: how each was last seen.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Selected;
use crate::catalogue::Catalogue;
use crate::catalogue::batch::Batch;
use crate::catalogue::evaluate::Row as Values;
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;
use crate::store::write::IDLE;
use crate::store::{columns, keys, snapshot_table};

/// An application as it was last collected.
#[derive(Clone, Debug)]
pub struct LatestApplication {
    pub name: String,
    pub environment: Option<String>,
    /// What it exports, as it last answered.
    pub generation: Option<String>,
    pub collected_at: Option<Millis>,
    pub last_answer: Option<Millis>,
    /// Since when it is not there any more.
    pub ended_at: Option<Millis>,
    /// Collections in a row in which it did not answer, without having ended.
    pub failures: u32,
    pub next_try: Option<Millis>,
    pub last_error: Option<String>,
    /// As it last answered, in the order of their labels; the application as a whole is the first.
    pub batches: Vec<LatestBatch>,
}

#[derive(Clone, Debug)]
pub struct LatestBatch {
    pub batch: Batch,
    /// Nothing ever ran under these labels.
    pub idle: bool,
    /// One value a stored metric of batches, in the order of the catalogue.
    pub values: Values,
}

impl LatestApplication {
    /// One that was never collected.
    pub fn unknown(name: &str, environment: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            environment,
            generation: None,
            collected_at: None,
            last_answer: None,
            ended_at: None,
            failures: 0,
            next_try: None,
            last_error: None,
            batches: Vec::new(),
        }
    }
}

/// Every application that was ever collected, by name. A file of an older schema has none.
pub fn latest(connection: &Connection, catalogue: &Catalogue) -> rusqlite::Result<Vec<LatestApplication>> {
    if columns::present(connection, "applications")?.is_empty() {
        return Ok(Vec::new());
    }
    let selected = Selected::new(connection, catalogue, Subject::Batch)?;
    let mut statement = connection.prepare(
        "SELECT id, name, environment, generation, last_collected_at, last_answer, ended_at, failures, next_try, last_error
         FROM applications ORDER BY name",
    )?;
    let mut rows = connection.prepare(&format!(
        "SELECT idle, {} FROM batch_snapshots
         WHERE application_id = ?1 AND database = ?2 AND \"table\" = ?3 AND test_name = ?4 AND collected_at = ?5",
        selected.columns()
    ))?;
    let mut found = Vec::new();
    let mut applications = statement.query([])?;
    while let Some(row) = applications.next()? {
        let id: i64 = row.get(0)?;
        let last_answer: Option<Millis> = row.get(5)?;
        let mut batches = Vec::new();
        for key in keys::of_owner(
            connection,
            snapshot_table(Subject::Batch),
            ("application_id", id),
            &Batch::LABELS,
            "collected_at",
        )? {
            let [database, table, test_name] = key.as_slice() else { continue };
            let batch = |row: &Row| {
                let [database, table, test_name] = [database, table, test_name].map(|text| text.as_str().into());
                let batch = Batch { database, table, test_name };
                Ok(LatestBatch {
                    batch,
                    idle: row.get::<_, Option<i64>>(0)? == Some(IDLE),
                    values: selected.values(row, 1)?,
                })
            };
            let key = params![id, database, table, test_name, last_answer];
            batches.extend(rows.query_row(key, batch).optional()?);
        }
        found.push(LatestApplication {
            name: row.get(1)?,
            environment: row.get(2)?,
            generation: row.get(3)?,
            collected_at: row.get(4)?,
            last_answer,
            ended_at: row.get(6)?,
            failures: row.get(7)?,
            next_try: row.get(8)?,
            last_error: row.get(9)?,
            batches,
        });
    }
    Ok(found)
}
