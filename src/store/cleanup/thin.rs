//! Thinning: the snapshots of a step become one, which says how many they were and how long they stood for, so that a day
//! computed from them has the same averages and sums.
//!
//! A step never reaches over the end of a day, and never from snapshots in which a frontend answered to those in which none
//! did: the ones count as covered time, the others do not. The one that is left stands at the time of the last.

use std::collections::BTreeMap;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row as SqlRow, TransactionBehavior, params_from_iter};

use super::remove::Work;
use super::{TargetPlan, Thinning};
use crate::catalogue::{Catalogue, Metric};
use crate::days::Day;
use crate::days::fold::{Moment, Weights};
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Subject, Unit};
use crate::store::columns::{self, quoted};
use crate::store::daily::last_before;
use crate::store::snapshot_table;
use crate::store::tables::{Part, Tables, with_part};
use crate::store::write::IDLE;

/// About as much of a target at once.
const PIECE: Millis = 3_600_000;

/// Thins the days, a piece a transaction, and remembers how far it came.
pub(super) fn thin(
    connection: &mut Connection,
    catalogue: &Catalogue,
    (target, interval): (&TargetPlan, Millis),
    thinning: &Thinning,
    step: Millis,
    work: &mut Work,
) -> rusqlite::Result<()> {
    let step = step.max(1);
    let piece = (PIECE / step).max(1) * step;
    let (tables, id) = (Tables::of(target.kind), target.id);
    let own_table = Table::new(connection, catalogue, tables, Rows::Own)?;
    let part_table = Table::new(connection, catalogue, tables, Rows::Parts)?;
    for day in &thinning.days {
        let mut from = thinning.from.max(day.begins_at);
        while from < day.ends_at {
            if !work.goes_on() {
                return Ok(());
            }
            let begun = from - (from - day.begins_at) % piece;
            let to = (begun + piece).min(day.ends_at);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let groups = groups(&transaction, (tables, id, interval), day, (from, to), step)?;
            let parts = tables.parts(&transaction, id)?;
            for group in &groups {
                work.done.thinned += group.weights.len() as i64;
                work.done.thinned_to += 1;
                // One that stands alone stays as it was collected.
                if group.weights.len() > 1 {
                    own_table.merge(&transaction, id, &Part::new(), group)?;
                    for part in &parts {
                        part_table.merge(&transaction, id, part, group)?;
                    }
                }
            }
            transaction.execute("UPDATE targets SET thinned_to = ?2 WHERE id = ?1", [id, to])?;
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
    ended: bool,
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
    (tables, id, today): (&Tables, i64, Millis),
    day: &Day,
    (from, to): (Millis, Millis),
    step: Millis,
) -> rusqlite::Result<Vec<Group>> {
    let mut before: Option<Millis> = last_before(connection, (tables, id), from)?;
    let mut weights = Weights::new(before);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT collected_at, interval_ms, coalesce(answered, 1), merged, covered_ms, {} FROM {}
         AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
        tables.ended,
        tables.own_snapshots()
    ))?;
    let mut rows = statement.query([id, from, to])?;
    let mut groups: Vec<Group> = Vec::new();
    while let Some(row) = rows.next()? {
        let at: Millis = row.get(0)?;
        let interval = row.get::<_, Option<Millis>>(1)?.unwrap_or(today).max(1);
        let moment = Moment { at, interval, covered: row.get(4)? };
        let (number, answered, ended) = ((at - day.begins_at) / step, row.get(2)?, row.get(5)?);
        let begins_at = before.unwrap_or(at - moment.covered.unwrap_or(interval)).max(day.begins_at);
        let weight = if ended { 0 } else { weights.next(moment, day.begins_at) };
        before = Some(at);
        if ended {
            weights.end();
            before = None;
        }
        let belongs = |group: &Group| (group.number, group.answered, group.ended) == (number, answered, ended);
        if !groups.last().is_some_and(belongs) {
            groups.push(Group {
                first: at,
                last: at,
                number,
                answered,
                ended,
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

/// Which rows of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Own,
    Parts,
}

/// A table of snapshots with the metrics of the catalogue that it has a column for. What the catalogue no longer knows keeps
/// the last value.
struct Table {
    rows: Rows,
    /// Whether rows say that they are idle.
    has_idle: bool,
    texts: usize,
    merging: Vec<Merging>,
    /// Of one subject, in a range of time.
    select: String,
    update: String,
    delete: String,
}

impl Table {
    fn new(connection: &Connection, catalogue: &Catalogue, tables: &Tables, rows: Rows) -> rusqlite::Result<Self> {
        let (subject, texts): (Subject, &[&str]) = match rows {
            Rows::Own => (tables.own, &[]),
            Rows::Parts => (tables.parts, tables.texts),
        };
        let key = |first: usize| match rows {
            Rows::Own => format!("{} = ?1{}", tables.owner, tables.only_own),
            Rows::Parts => tables.one_part(first),
        };
        let table = snapshot_table(subject);
        let present = columns::present(connection, table)?;
        let has_idle = rows != Rows::Own && present.contains("idle");
        let kept: Vec<&Metric> = catalogue.stored(subject).filter(|metric| present.contains(metric.name())).collect();
        let columns: Vec<String> = texts
            .iter()
            .map(|text| (*text).to_owned())
            .chain(kept.iter().map(|metric| quoted(metric.name())))
            .collect();
        let select = [&["collected_at", "merged", "covered_ms", tables.idle].map(String::from), columns.as_slice()];
        let mut set = ["collected_at", "merged", "covered_ms"].map(String::from).to_vec();
        set.extend((rows == Rows::Own).then(|| "interval_ms".to_owned()));
        set.extend(has_idle.then(|| "idle".to_owned()));
        set.extend(columns.iter().cloned());
        let places: Vec<String> = set.iter().zip(3..).map(|(column, place)| format!("{column} = ?{place}")).collect();
        Ok(Self {
            rows,
            has_idle,
            texts: texts.len(),
            merging: kept.iter().map(|metric| merging(metric)).collect(),
            select: format!(
                "SELECT {} FROM {table} WHERE {} AND collected_at >= ?2 AND collected_at <= ?3 ORDER BY collected_at",
                select.concat().join(", "),
                key(4)
            ),
            update: format!(
                "UPDATE {table} SET {} WHERE {} AND collected_at = ?2",
                places.join(", "),
                key(3 + set.len())
            ),
            delete: format!("DELETE FROM {table} WHERE {} AND collected_at >= ?2 AND collected_at < ?3", key(4)),
        })
    }

    fn merge(&self, connection: &Connection, id: i64, part: &Part, group: &Group) -> rusqlite::Result<()> {
        let range = || with_part([id, group.first, group.last].map(Value::from), part);
        let mut merged = Merged::new(self);
        let mut statement = connection.prepare_cached(&self.select)?;
        let mut rows = statement.query(params_from_iter(range()))?;
        while let Some(row) = rows.next()? {
            merged.add(self, row, group)?;
        }
        drop(rows);
        let Some(last) = merged.last else { return Ok(()) };
        let mut values: Vec<Value> =
            vec![id.into(), last.into(), group.last.into(), merged.count.into(), merged.covered.into()];
        if self.rows == Rows::Own {
            values.push(group.interval().into());
        }
        if self.has_idle {
            values.push(merged.idle.into());
        }
        values.extend(merged.told);
        let figures = merged.cells.iter().zip(&self.merging).map(|(cell, how)| cell.merged(*how));
        values.extend(figures.map(|figure| figure.map_or(Value::Null, Value::from)));
        connection.prepare_cached(&self.update)?.execute(params_from_iter(with_part(values, part)))?;
        connection.prepare_cached(&self.delete)?.execute(params_from_iter(range()))?;
        Ok(())
    }
}

/// Rows of one subject on their way to be one.
struct Merged {
    cells: Vec<Cell>,
    told: Vec<Value>,
    count: i64,
    covered: Millis,
    /// The least that one of them says; `IDLE` at first, and when none counts.
    idle: i64,
    last: Option<Millis>,
}

impl Merged {
    fn new(table: &Table) -> Self {
        Self {
            cells: vec![Cell::default(); table.merging.len()],
            told: vec![Value::Null; table.texts],
            count: 0,
            covered: 0,
            idle: IDLE,
            last: None,
        }
    }

    fn add(&mut self, table: &Table, row: &SqlRow, group: &Group) -> rusqlite::Result<()> {
        let at: Millis = row.get(0)?;
        let idle: i64 = row.get(3)?;
        // Idle ones do not count beside others, as they do not count in a day.
        if table.rows == Rows::Parts && (idle == IDLE) != (self.idle == IDLE) {
            if idle == IDLE {
                self.last = Some(at);
                return Ok(());
            }
            *self = Self { idle, ..Self::new(table) };
        }
        self.idle = self.idle.min(idle);
        let weight = match row.get::<_, Option<Millis>>(2)? {
            Some(own) => own,
            None => group.weights.get(&at).copied().unwrap_or(0),
        };
        self.count += row.get::<_, Option<i64>>(1)?.unwrap_or(1);
        self.covered += weight;
        self.last = Some(at);
        for (index, text) in self.told.iter_mut().enumerate() {
            if let Some(newer) = row.get::<_, Option<String>>(4 + index)? {
                *text = Value::Text(newer);
            }
        }
        for (index, cell) in self.cells.iter_mut().enumerate() {
            if let Some(value) = number(row, 4 + table.texts + index)? {
                cell.add(value, weight as f64);
            }
        }
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
            ended: false,
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
