//! Alerts between checks: what is active, what fired, who was told, and who is silenced.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::Store;
use crate::alert::check::{Checked, Memory};
use crate::alert::rule::Rule;
use crate::alert::state::{Active, Change, Raised};
use crate::failure::Failure;
use crate::sample::{Labels, Millis, Text};

/// An alert that fired, as the history keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    pub id: i64,
    pub rule: String,
    pub labels: Labels,
    pub annotations: Vec<(Text, String)>,
    pub value: f64,
    pub severity: String,
    pub since: Millis,
    pub fired_at: Millis,
    pub resolved_at: Option<Millis>,
}

/// A silence made by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Mute {
    pub id: i64,
    /// The name of the alerts; `*` is every one.
    pub alert: String,
    /// A cluster or an application; `None` is every one.
    pub target: Option<String>,
    pub until: Millis,
    pub comment: Option<String>,
}

impl Mute {
    /// Whether an alert with these labels is silenced.
    pub fn covers(&self, labels: &Labels) -> bool {
        let is = |label: &str, text: &str| labels.get(label).is_some_and(|value| **value == *text);
        let named = self.alert == "*" || is(crate::alert::rule::ALERTNAME, &self.alert);
        named && self.target.as_deref().is_none_or(|target| is("cluster", target) || is("application", target))
    }
}

/// What a receiver knows of an alert.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivered {
    pub firing_at: Option<Millis>,
    pub resolved_at: Option<Millis>,
    /// A check began to tell it and did not live to note how that ended: it may have heard.
    pub in_doubt: bool,
}

/// What a check knows of a rule, and what came of it.
pub struct Written<'c> {
    pub rule: &'c Rule,
    pub memory: &'c Memory,
    pub checked: &'c Checked,
}

/// Whether this file has what rules and alerts need; one of an earlier version does not.
pub fn are_kept(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(super::migrate::version(connection)? == super::migrate::newest())
}

/// What is known of every rule that was ever evaluated, by its id.
pub fn memories(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Memory>> {
    let mut memories: BTreeMap<String, Memory> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT rule, evaluated_to FROM rule_checks")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let memory = Memory { evaluated_to: row.get(1)?, ..Memory::default() };
        memories.insert(row.get(0)?, memory);
    }
    let mut statement =
        connection.prepare("SELECT rule, labels, annotations, value, since, fired_at, gone FROM alerts_active")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let raised = raised(row, 1)?;
        let active = Active { since: row.get(4)?, fired: row.get(5)?, gone: row.get(6)?, raised };
        let memory = memories.entry(row.get(0)?).or_default();
        memory.active.insert(active.raised.labels.clone(), active);
    }
    Ok(memories)
}

/// From the columns labels, annotations, value.
fn raised(row: &Row, first: usize) -> rusqlite::Result<Raised> {
    let labels: String = row.get(first)?;
    let annotations: String = row.get(first + 1)?;
    Ok(Raised { labels: decoded(&labels), annotations: pairs(&annotations).collect(), value: row.get(first + 2)? })
}

/// A text that somebody wrote by hand is no labels.
fn decoded(text: &str) -> Labels {
    let pairs: Vec<(Text, String)> = pairs(text).collect();
    Labels::new(pairs.into_iter().map(|(name, value)| (name, value.into())))
}

fn pairs(text: &str) -> impl Iterator<Item = (Text, String)> + use<> {
    let pairs: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name.as_str().into(), value))
}

fn encoded<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let pairs: BTreeMap<&str, &str> = pairs.collect();
    // Texts always have a form in JSON.
    serde_json::to_string(&pairs).unwrap_or_default()
}

fn labels_of(labels: &Labels) -> String {
    encoded(labels.iter().map(|(name, value)| (&**name, &**value)))
}

fn annotations_of(annotations: &[(Text, String)]) -> String {
    encoded(annotations.iter().map(|(name, text)| (&**name, text.as_str())))
}

/// A value that is no number has no column; it is told in the annotations, if anywhere.
fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

impl Store {
    /// Writes what a check made of all rules, or nothing of it. Rules that are no longer there are forgotten; what of them
    /// fired has ended by that.
    pub fn write_check(&mut self, written: &[Written], now: Millis) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            forget_others(&transaction, written, now)?;
            for one in written {
                write_rule(&transaction, one)?;
            }
            transaction.commit()
        };
        write().map_err(|error| super::explain(&path, &error))
    }

    /// Notes what a receiver is about to be told first, so that a check that is killed over it leaves a trace: whoever may
    /// have heard that an alert fires has to hear that it ended.
    pub fn write_attempts(&mut self, receiver: &str, attempts: &[(i64, Change)]) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, _) in attempts.iter().filter(|(_, change)| *change == Change::Firing) {
                transaction
                    .prepare_cached(
                        "INSERT INTO alert_deliveries (fired_id, receiver) VALUES (?1, ?2)
                         ON CONFLICT DO UPDATE SET error = NULL WHERE firing_at IS NULL",
                    )?
                    .execute(params![id, receiver])?;
            }
            transaction.commit()
        };
        write().map_err(|error| super::explain(&path, &error))
    }

    /// Notes what a receiver has taken, or why it has not.
    pub fn write_delivery(
        &mut self,
        receiver: &str,
        taken: &[(i64, Change)],
        failed: &[(i64, String)],
        now: Millis,
    ) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, change) in taken {
                let (firing, resolved) = match change {
                    Change::Resolved => (None, Some(now)),
                    _ => (Some(now), None),
                };
                transaction
                    .prepare_cached(
                        "INSERT INTO alert_deliveries (fired_id, receiver, firing_at, resolved_at) VALUES (?1, ?2, ?3, ?4)
                         ON CONFLICT DO UPDATE SET firing_at = coalesce(firing_at, ?3), resolved_at = coalesce(resolved_at, ?4),
                         error = NULL",
                    )?
                    .execute(params![id, receiver, firing, resolved])?;
            }
            for (id, error) in failed {
                transaction
                    .prepare_cached(
                        "INSERT INTO alert_deliveries (fired_id, receiver, error) VALUES (?1, ?2, ?3)
                         ON CONFLICT DO UPDATE SET error = ?3",
                    )?
                    .execute(params![id, receiver, error])?;
            }
            transaction.commit()
        };
        write().map_err(|error| super::explain(&path, &error))
    }

    /// Silences; what is over is dropped.
    pub fn mute(&mut self, mute: &Mute, now: Millis) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM mutes WHERE until <= ?1", [now])?;
            transaction
                .execute("DELETE FROM mutes WHERE alert = ?1 AND target IS ?2", params![mute.alert, mute.target])?;
            if mute.until > now {
                transaction.execute(
                    "INSERT INTO mutes (alert, target, created_at, until, comment) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![mute.alert, mute.target, now, mute.until, mute.comment],
                )?;
            }
            transaction.commit()
        };
        write().map_err(|error| super::explain(&path, &error))
    }

    /// Notes when a check had told everybody.
    pub fn write_last_check(&mut self, now: Millis) -> Result<(), Failure> {
        let written = self
            .connection
            .execute("INSERT OR REPLACE INTO info (name, value) VALUES ('last_check', ?1)", [now.to_string()]);
        written.map(drop).map_err(|error| super::explain(&self.path, &error))
    }

    /// For reading in the midst of a check.
    pub fn reading(&self) -> &Connection {
        &self.connection
    }
}

fn forget_others(transaction: &Transaction, written: &[Written], now: Millis) -> rusqlite::Result<()> {
    let known: Vec<&str> = written.iter().map(|one| one.rule.id.as_str()).collect();
    let known = serde_json::to_string(&known).unwrap_or_default();
    transaction.execute(
        "UPDATE alerts_fired SET resolved_at = ?2 WHERE resolved_at IS NULL AND id IN
         (SELECT fired_id FROM alerts_active WHERE rule NOT IN (SELECT value FROM json_each(?1)))",
        params![known, now],
    )?;
    for table in ["alerts_active", "rule_checks"] {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE rule NOT IN (SELECT value FROM json_each(?1))"),
            [known.as_str()],
        )?;
    }
    Ok(())
}

fn write_rule(transaction: &Transaction, one: &Written) -> rusqlite::Result<()> {
    let id = one.rule.id.as_str();
    if let Some(evaluated_to) = one.memory.evaluated_to {
        transaction
            .prepare_cached(
                "INSERT INTO rule_checks (rule, evaluated_to, error) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET evaluated_to = ?2, error = ?3",
            )?
            .execute(params![id, evaluated_to, one.checked.error])?;
    }
    // What fires and what has ended since the last check, in order; an alert may do both in one check.
    for (at, change) in &one.checked.changes {
        let labels = labels_of(&change.alert.raised.labels);
        match change.change {
            Change::Firing => {
                let raised = &change.alert.raised;
                let fired_id = transaction
                    .prepare_cached(
                        "INSERT INTO alerts_fired (rule, labels, annotations, value, severity, since, fired_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    )?
                    .insert(params![
                        id,
                        labels,
                        annotations_of(&raised.annotations),
                        finite(raised.value),
                        raised.labels.get(crate::alert::rule::SEVERITY).map_or("", |word| word),
                        change.alert.since,
                        at
                    ])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO alerts_active (rule, labels, annotations, value, since, fired_at, fired_id)
                         VALUES (?1, ?2, '{}', 0, ?3, ?4, ?5)
                         ON CONFLICT DO UPDATE SET fired_at = ?4, fired_id = ?5",
                    )?
                    .execute(params![id, labels, change.alert.since, at, fired_id])?;
            }
            Change::Resolved => {
                transaction
                    .prepare_cached(
                        "UPDATE alerts_fired SET resolved_at = ?3 WHERE resolved_at IS NULL AND id =
                         (SELECT fired_id FROM alerts_active WHERE rule = ?1 AND labels = ?2)",
                    )?
                    .execute(params![id, labels, at])?;
                transaction
                    .prepare_cached("DELETE FROM alerts_active WHERE rule = ?1 AND labels = ?2")?
                    .execute(params![id, labels])?;
            }
            Change::Pending | Change::Withdrawn => {}
        }
    }
    let mut kept = Vec::with_capacity(one.memory.active.len());
    for active in one.memory.active.values() {
        let labels = labels_of(&active.raised.labels);
        let annotations = annotations_of(&active.raised.annotations);
        transaction
            .prepare_cached(
                "INSERT INTO alerts_active (rule, labels, annotations, value, since, fired_at, gone)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET annotations = ?3, value = ?4, since = ?5, fired_at = ?6, gone = ?7",
            )?
            .execute(params![
                id,
                labels,
                annotations,
                finite(active.raised.value),
                active.since,
                active.fired,
                active.gone
            ])?;
        transaction
            .prepare_cached(
                "UPDATE alerts_fired SET annotations = ?3, value = ?4 WHERE id =
                 (SELECT fired_id FROM alerts_active WHERE rule = ?1 AND labels = ?2)",
            )?
            .execute(params![id, labels, annotations, finite(active.raised.value)])?;
        kept.push(labels);
    }
    let kept = serde_json::to_string(&kept).unwrap_or_default();
    transaction
        .prepare_cached(
            "DELETE FROM alerts_active WHERE rule = ?1 AND labels NOT IN (SELECT value FROM json_each(?2))",
        )?
        .execute(params![id, kept])?;
    Ok(())
}

/// What fired and had not ended before `since`, the newest first.
pub fn fired(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Vec<Fired>> {
    let mut statement = connection.prepare(
        "SELECT labels, annotations, value, id, rule, severity, since, fired_at, resolved_at FROM alerts_fired
         WHERE fired_at < ?2 AND (resolved_at IS NULL OR resolved_at >= ?1) ORDER BY fired_at DESC, id DESC",
    )?;
    let fired = statement.query_map([since, until], |row| {
        let Raised { labels, annotations, value } = raised(row, 0)?;
        Ok(Fired {
            id: row.get(3)?,
            rule: row.get(4)?,
            labels,
            annotations,
            value,
            severity: row.get(5)?,
            since: row.get(6)?,
            fired_at: row.get(7)?,
            resolved_at: row.get(8)?,
        })
    })?;
    fired.collect()
}

/// When the last check was that told everybody.
pub fn last_check(connection: &Connection) -> rusqlite::Result<Option<Millis>> {
    let found =
        connection.query_row("SELECT value FROM info WHERE name = 'last_check'", [], |row| row.get::<_, String>(0));
    Ok(found.optional()?.and_then(|text| text.parse().ok()))
}

/// What a receiver has taken of an alert.
pub fn delivered(connection: &Connection, fired_id: i64, receiver: &str) -> rusqlite::Result<Delivered> {
    let found = connection
        .prepare_cached(
            "SELECT firing_at, resolved_at, firing_at IS NULL AND error IS NULL FROM alert_deliveries
             WHERE fired_id = ?1 AND receiver = ?2",
        )?
        .query_row(params![fired_id, receiver], |row| {
            Ok(Delivered { firing_at: row.get(0)?, resolved_at: row.get(1)?, in_doubt: row.get(2)? })
        });
    found.optional().map(Option::unwrap_or_default)
}

/// The silences that hold at `now`.
pub fn mutes(connection: &Connection, now: Millis) -> rusqlite::Result<Vec<Mute>> {
    let mut statement =
        connection.prepare("SELECT id, alert, target, until, comment FROM mutes WHERE until > ?1 ORDER BY id")?;
    let mutes = statement.query_map([now], |row| {
        Ok(Mute { id: row.get(0)?, alert: row.get(1)?, target: row.get(2)?, until: row.get(3)?, comment: row.get(4)? })
    })?;
    mutes.collect()
}

/// When something was collected after `since` and up to `until`, each moment once, in order.
pub fn moments(connection: &Connection, since: Millis, until: Millis) -> rusqlite::Result<Vec<Millis>> {
    let mut statement = connection
        .prepare("SELECT DISTINCT started_at FROM runs WHERE started_at > ?1 AND started_at <= ?2 ORDER BY 1")?;
    let moments = statement.query_map([since, until], |row| row.get(0))?;
    moments.collect()
}
