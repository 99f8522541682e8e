//! Thinning: the snapshots of a step become one, which says how many they were and how long they stood for, so that a day
//! computed from them has the same averages and sums.
//!
//! A step never reaches over the end of a day, and never from snapshots in which a frontend answered to those in which none
//! did: the ones count as covered time, the others do not. The one that is left stands at the time of the last.

use std::collections::BTreeMap;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row as SqlRow, TransactionBehavior, params, params_from_iter};

use super::Thinning;
use super::remove::Work;
use crate::catalogue::{Catalogue, Metric};
use crate::days::Day;
use crate::days::fold::{Moment, Weights};
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Subject, Unit};
use crate::store::columns::{self, quoted};
use crate::store::{KNOWN_NODES, snapshot_table};

/// About as much of a cluster at once.
const PIECE: Millis = 3_600_000;

/// Thins the days, a piece a transaction, and remembers how far it came.
pub(super) fn thin(
    connection: &mut Connection,
    catalogue: &Catalogue,
    (cluster_id, interval): (i64, Millis),
    thinning: &Thinning,
    step: Millis,
    work: &mut Work,
) -> rusqlite::Result<()> {
    let step = step.max(1);
    let piece = (PIECE / step).max(1) * step;
    let tables = [Subject::Cluster, Subject::Node].map(|subject| Table::new(connection, catalogue, subject));
    let [cluster_table, node_table] = tables;
    let (cluster_table, node_table) = (cluster_table?, node_table?);
    for day in &thinning.days {
        let mut from = thinning.from.max(day.begins_at);
        while from < day.ends_at {
            if !work.goes_on() {
                return Ok(());
            }
            let begun = from - (from - day.begins_at) % piece;
            let to = (begun + piece).min(day.ends_at);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let groups = groups(&transaction, (cluster_id, interval), day, (from, to), step)?;
            for group in &groups {
                work.done.thinned += group.weights.len() as i64;
                work.done.thinned_to += 1;
                // One that stands alone stays as it was collected.
                if group.weights.len() > 1 {
                    cluster_table.merge(&transaction, cluster_id, None, group)?;
                    for node in nodes(&transaction, cluster_id)? {
                        node_table.merge(&transaction, cluster_id, Some(&node), group)?;
                    }
                }
            }
            transaction.execute("UPDATE targets SET thinned_to = ?2 WHERE id = ?1", [cluster_id, to])?;
            transaction.commit()?;
            from = to;
        }
    }
    Ok(())
}

/// Snapshots that become one.
struct Group {
    first: Millis,
    last: Millis,
    number: Millis,
    answered: bool,
    /// How long each stands for, by its time.
    weights: BTreeMap<Millis, Millis>,
    /// How many were collected.
    merged: i64,
    /// From where to `last` they reach, and how many the intervals called for.
    begins_at: Millis,
    expected: f64,
}

fn groups(
    connection: &Connection,
    (cluster_id, today): (i64, Millis),
    day: &Day,
    (from, to): (Millis, Millis),
    step: Millis,
) -> rusqlite::Result<Vec<Group>> {
    let mut before: Option<Millis> = connection
        .prepare_cached("SELECT max(collected_at) FROM metrics_snapshots WHERE cluster_id = ?1 AND collected_at < ?2")?
        .query_row([cluster_id, from], |row| row.get(0))?;
    let mut weights = Weights::new(before);
    let mut statement = connection.prepare_cached(
        "SELECT collected_at, interval_ms, coalesce(answered, 1), merged, covered_ms FROM metrics_snapshots
         WHERE cluster_id = ?1 AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
    )?;
    let mut rows = statement.query([cluster_id, from, to])?;
    let mut groups: Vec<Group> = Vec::new();
    while let Some(row) = rows.next()? {
        let at: Millis = row.get(0)?;
        let interval = row.get::<_, Option<Millis>>(1)?.unwrap_or(today).max(1);
        let moment = Moment { at, interval, covered: row.get(4)? };
        let weight = weights.next(moment, day.begins_at);
        let (number, answered) = ((at - day.begins_at) / step, row.get(2)?);
        let begins_at = before.unwrap_or(at - moment.covered.unwrap_or(interval)).max(day.begins_at);
        before = Some(at);
        if groups.last().is_none_or(|group| (group.number, group.answered) != (number, answered)) {
            groups.push(Group {
                first: at,
                last: at,
                number,
                answered,
                weights: BTreeMap::new(),
                merged: 0,
                begins_at,
                expected: 0.0,
            });
        }
        if let Some(group) = groups.last_mut() {
            group.last = at;
            group.weights.insert(at, weight);
            group.merged += row.get::<_, Option<i64>>(3)?.unwrap_or(1);
            group.expected += (at - begins_at).max(0) as f64 / interval as f64;
        }
    }
    Ok(groups)
}

fn nodes(connection: &Connection, cluster_id: i64) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare_cached(&format!("{KNOWN_NODES} SELECT name FROM known WHERE name NOT NULL"))?;
    statement.query_map([cluster_id], |row| row.get(0))?.collect()
}

/// How several values of a metric become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    /// Increments.
    Sum,
    /// Counters, moments, and what days keep the last of but not the average.
    Last,
    /// By the time each stands for.
    Average,
}

fn merging(metric: &Metric) -> Merging {
    let daily = metric.entry.daily.as_slice();
    let has = |statistic| daily.contains(&statistic);
    match metric.entry.unit {
        _ if has(Statistic::Sum) => Merging::Sum,
        Unit::Timestamp => Merging::Last,
        _ if has(Statistic::Last) && !has(Statistic::Avg) => Merging::Last,
        _ => Merging::Average,
    }
}

#[derive(Clone, Copy, Default)]
struct Cell {
    sum: f64,
    weighted: f64,
    weight: f64,
    last: Option<f64>,
}

impl Cell {
    fn add(&mut self, value: f64, weight: f64) {
        self.sum += value;
        self.weighted += value * weight;
        self.weight += weight;
        self.last = Some(value);
    }

    fn merged(&self, how: Merging) -> Option<f64> {
        match how {
            Merging::Sum => self.last.map(|_| self.sum),
            Merging::Average if self.weight > 0.0 => Some(self.weighted / self.weight),
            Merging::Last | Merging::Average => self.last,
        }
    }
}

/// A table of snapshots with the metrics of the catalogue that it has a column for. What the catalogue no longer knows keeps
/// the last value.
struct Table {
    subject: Subject,
    merging: Vec<Merging>,
    /// Of one subject, in a range of time.
    select: String,
    update: String,
    delete: String,
}

/// The texts of a node; the last that was told holds.
const TEXTS: [&str; 3] = ["instance", "role", "version"];

impl Table {
    fn new(connection: &Connection, catalogue: &Catalogue, subject: Subject) -> rusqlite::Result<Self> {
        let table = snapshot_table(subject);
        let present = columns::present(connection, table)?;
        let kept: Vec<&Metric> = catalogue.stored(subject).filter(|metric| present.contains(metric.name())).collect();
        let names = kept.iter().map(|metric| quoted(metric.name()));
        let (key, texts, own): (_, &[&str], _) = match subject {
            Subject::Cluster => ("cluster_id = ?1 AND ?2 IS NULL", &[], "interval_ms"),
            Subject::Node => ("cluster_id = ?1 AND node = ?2", &TEXTS, "merged"),
            Subject::Batch => ("application_id = ?1 AND ?2 IS NULL", &[], "interval_ms"),
        };
        let columns: Vec<String> = texts.iter().map(|text| (*text).to_owned()).chain(names).collect();
        let select: Vec<String> =
            ["collected_at", "merged", "covered_ms"].map(String::from).into_iter().chain(columns.clone()).collect();
        let set = ["collected_at", "merged", "covered_ms", own].map(String::from);
        let mut places: Vec<String> = Vec::new();
        for (index, column) in set.iter().take(if own == "merged" { 3 } else { 4 }).chain(&columns).enumerate() {
            places.push(format!("{column} = ?{}", index + 4));
        }
        Ok(Self {
            subject,
            merging: kept.iter().map(|metric| merging(metric)).collect(),
            select: format!(
                "SELECT {} FROM {table} WHERE {key} AND collected_at >= ?3 AND collected_at <= ?4 ORDER BY collected_at",
                select.join(", ")
            ),
            update: format!("UPDATE {table} SET {} WHERE {key} AND collected_at = ?3", places.join(", ")),
            delete: format!("DELETE FROM {table} WHERE {key} AND collected_at >= ?3 AND collected_at < ?4"),
        })
    }

    fn merge(
        &self,
        connection: &Connection,
        cluster_id: i64,
        node: Option<&str>,
        group: &Group,
    ) -> rusqlite::Result<()> {
        let texts = if self.subject == Subject::Node { TEXTS.len() } else { 0 };
        let mut cells = vec![Cell::default(); self.merging.len()];
        let mut told: Vec<Value> = vec![Value::Null; texts];
        let (mut merged, mut covered, mut last) = (0, 0, None);
        let mut statement = connection.prepare_cached(&self.select)?;
        let mut rows = statement.query(params![cluster_id, node, group.first, group.last])?;
        while let Some(row) = rows.next()? {
            let at: Millis = row.get(0)?;
            let weight = match row.get::<_, Option<Millis>>(2)? {
                Some(own) => own,
                None => group.weights.get(&at).copied().unwrap_or(0),
            };
            merged += row.get::<_, Option<i64>>(1)?.unwrap_or(1);
            covered += weight;
            last = Some(at);
            for (index, text) in told.iter_mut().enumerate() {
                if let Some(newer) = row.get::<_, Option<String>>(3 + index)? {
                    *text = Value::Text(newer);
                }
            }
            for (index, cell) in cells.iter_mut().enumerate() {
                if let Some(value) = number(row, 3 + texts + index)? {
                    cell.add(value, weight as f64);
                }
            }
        }
        drop(rows);
        let Some(last) = last else { return Ok(()) };
        let node = node.map_or(Value::Null, |node| Value::Text(node.to_owned()));
        let mut values =
            vec![cluster_id.into(), node.clone(), last.into(), group.last.into(), merged.into(), covered.into()];
        if self.subject == Subject::Cluster {
            values.push(group.interval().into());
        }
        values.append(&mut told);
        values.extend(
            cells.iter().zip(&self.merging).map(|(cell, how)| cell.merged(*how).map_or(Value::Null, Value::from)),
        );
        connection.prepare_cached(&self.update)?.execute(params_from_iter(values))?;
        connection.prepare_cached(&self.delete)?.execute(params![cluster_id, node, group.first, group.last])?;
        Ok(())
    }
}

impl Group {
    /// The interval that calls for as many snapshots in its time as theirs did.
    fn interval(&self) -> Millis {
        ((self.last - self.begins_at) as f64 / self.expected.max(1e-9)).round().max(1.0) as Millis
    }
}

fn number(row: &SqlRow, column: usize) -> rusqlite::Result<Option<f64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Real(value) => Some(value),
        ValueRef::Integer(value) => Some(value as f64),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_one_by_what_they_are() {
        let mut cell = Cell::default();
        for (value, weight) in [(10.0, 30.0), (20.0, 30.0), (60.0, 60.0)] {
            cell.add(value, weight);
        }
        assert_eq!(
            [Merging::Sum, Merging::Last, Merging::Average].map(|how| cell.merged(how)),
            [90.0, 60.0, 37.5].map(Some)
        );
        let unmeasured = Cell::default();
        assert_eq!([Merging::Sum, Merging::Last, Merging::Average].map(|how| unmeasured.merged(how)), [None; 3]);
        // What stood for no time is not made up, and not lost.
        let mut instant = Cell::default();
        instant.add(5.0, 0.0);
        assert_eq!(instant.merged(Merging::Average), Some(5.0));
    }

    #[test]
    fn increments_are_summed_and_counters_and_moments_are_the_last() {
        let catalogue = Catalogue::load(&crate::settings::Settings::default()).expect("the shipped metrics");
        let how = |name: &str| catalogue.stored(Subject::Cluster).find(|metric| metric.name() == name).map(merging);
        assert_eq!(
            ["queries", "query_total", "queries_per_second", "backends_alive"].map(how),
            [Merging::Sum, Merging::Last, Merging::Average, Merging::Average].map(Some)
        );
        for metric in catalogue.stored(Subject::Cluster).filter(|metric| metric.name().ends_with("_total")) {
            assert_ne!(merging(metric), Merging::Sum, "{}", metric.name());
        }
    }

    #[test]
    fn the_interval_of_a_merged_snapshot_calls_for_as_many_as_there_were() {
        let group = |begins_at: Millis, last: Millis, expected: f64| Group {
            first: last,
            last,
            number: 0,
            answered: true,
            weights: BTreeMap::new(),
            merged: 0,
            begins_at,
            expected,
        };
        assert_eq!(group(0, 300_000, 10.0).interval(), 30_000);
        // Two minutes of 30 s and then one of a minute.
        assert_eq!(group(0, 180_000, 5.0).interval(), 36_000);
        assert_eq!(group(0, 0, 0.0).interval(), 1);
    }
}
