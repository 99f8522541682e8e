//! Where the rows of each kind of target stand. To days, cleanups and gaps clusters and applications differ in the names of
//! their tables and keys only, so these are data.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::columns::quoted;
use super::daily::daily_table;
use super::{columns, keys, snapshot_table};
use crate::catalogue::batch::Batch;
use crate::sample::Millis;
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;

/// The tables of a kind of target. It has rows of its own and rows of its parts: of the nodes of a cluster, of what an
/// application does under a database, table and test name.
#[derive(Debug)]
pub struct Tables {
    pub own: Subject,
    pub parts: Subject,
    /// The column with the id of the target.
    pub owner: &'static str,
    /// The columns that tell one part from another, in the order of the key.
    pub part: &'static [&'static str],
    /// What a snapshot and a day tell of a part beside its metrics.
    pub texts: &'static [&'static str],
    /// What picks the target's own rows where those of its parts are in the same table.
    pub only_own: &'static str,
    /// The index from which own snapshots can be counted without their metrics.
    index: &'static str,
    /// In SQL, whether an own snapshot says that the target has ended.
    pub ended: &'static str,
    /// In SQL, `IDLE` in the snapshot of a part that does not count, because nothing ever ran there.
    pub idle: &'static str,
}

const CLUSTER: Tables = Tables {
    own: Subject::Cluster,
    parts: Subject::Node,
    owner: "cluster_id",
    part: &["node"],
    texts: &["instance", "role", "version"],
    only_own: "",
    index: " INDEXED BY snapshots_narrow",
    ended: "0",
    idle: "0",
};

const APPLICATION: Tables = Tables {
    own: Subject::Batch,
    parts: Subject::Batch,
    owner: "application_id",
    part: &Batch::LABELS,
    texts: &[],
    only_own: " AND database = '' AND \"table\" = '' AND test_name = ''",
    index: "",
    ended: "coalesce(ended, 0)",
    idle: "coalesce(idle, 0)",
};

/// The values of the key columns of a part.
pub type Part = Vec<String>;

impl Tables {
    pub fn of(kind: Kind) -> &'static Self {
        match kind {
            Kind::Cluster => &CLUSTER,
            Kind::Application => &APPLICATION,
        }
    }

    /// `TABLE WHERE …`: the own snapshots of target ?1.
    pub fn own_snapshots(&self) -> String {
        self.own_rows(snapshot_table(self.own))
    }

    /// The same for who reads no metric.
    pub fn own_snapshots_narrow(&self) -> String {
        format!("{}{} WHERE {} = ?1{}", snapshot_table(self.own), self.index, self.owner, self.only_own)
    }

    /// `TABLE WHERE …`: the own days of target ?1.
    pub fn own_days(&self) -> String {
        self.own_rows(daily_table(self.own))
    }

    fn own_rows(&self, table: &str) -> String {
        format!("{table} WHERE {} = ?1{}", self.owner, self.only_own)
    }

    /// Whether own rows have the key columns of parts, as empty texts.
    pub fn is_one_table(&self) -> bool {
        !self.only_own.is_empty()
    }

    /// `OWNER = ?1 AND …`: the rows of one part, whose key is in the places from `first` on.
    pub fn one_part(&self, first: usize) -> String {
        let keys = self.part.iter().zip(first..).map(|(column, place)| format!(" AND {} = ?{place}", quoted(column)));
        format!("{} = ?1{}", self.owner, keys.collect::<String>())
    }

    /// The parts of a target that some snapshot is of.
    pub fn parts(&self, connection: &Connection, id: i64) -> rusqlite::Result<Vec<Part>> {
        self.parts_in(connection, snapshot_table(self.parts), id, "collected_at")
    }

    /// Those that some day is of.
    pub fn parts_with_days(&self, connection: &Connection, id: i64) -> rusqlite::Result<Vec<Part>> {
        self.parts_in(connection, daily_table(self.parts), id, "day")
    }

    fn parts_in(&self, connection: &Connection, table: &str, id: i64, time: &str) -> rusqlite::Result<Vec<Part>> {
        let mut parts = keys::of_owner(connection, table, (self.owner, id), self.part, time)?;
        // Empty texts are the own row of the target.
        parts.retain(|part| part.iter().any(|text| !text.is_empty()));
        Ok(parts)
    }
}

/// Parameters, and after them the key of a part.
pub fn with_part(first: impl IntoIterator<Item = Value>, part: &Part) -> impl Iterator<Item = Value> {
    first.into_iter().chain(part.iter().cloned().map(Value::from))
}

/// A target as the history knows it.
#[derive(Clone, Debug)]
pub struct KnownTarget {
    pub id: i64,
    pub name: String,
    pub kind: Kind,
    pub next_try: Option<Millis>,
    /// Up to when its snapshots were thinned.
    pub thinned_to: Option<Millis>,
}

/// Clusters, then applications, each by name. Who only reads may meet a file of a schema that knows clusters only.
pub fn targets(connection: &Connection) -> rusqlite::Result<Vec<KnownTarget>> {
    if columns::present(connection, "targets")?.is_empty() {
        return connection
            .prepare("SELECT id, name, next_try FROM clusters ORDER BY name")?
            .query_map([], |row| {
                let (id, name, next_try) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(KnownTarget { id, name, kind: Kind::Cluster, next_try, thinned_to: None })
            })?
            .collect();
    }
    let mut statement =
        connection.prepare("SELECT id, name, next_try, thinned_to FROM targets WHERE kind = ?1 ORDER BY name")?;
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let known = statement.query_map([kind.name()], |row| {
            Ok(KnownTarget { id: row.get(0)?, name: row.get(1)?, kind, next_try: row.get(2)?, thinned_to: row.get(3)? })
        })?;
        for target in known {
            found.push(target?);
        }
    }
    Ok(found)
}
