//! A day's rows: read in one transaction, folded, written in another, so that a collection waits for the short one only.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, TransactionBehavior, params, params_from_iter};

use super::super::tables::{Part, Tables, with_part};
use super::super::write::IDLE;
use super::super::{Store, columns, columns::quoted, snapshot_table};
use super::upsert::Upserts;
use super::{Layouts, TargetDay, daily_table, ensure_columns};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::days::fold::{Fold, Moment, Weights};
use crate::failure::Failure;
use crate::hash::Map;
use crate::sample::Millis;
use crate::settings::Kind;
use crate::settings::metric_entry::{Statistic, Subject};

/// A day of a target as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregated {
    pub samples: i64,
    pub expected: i64,
    pub covered_seconds: f64,
    /// Nodes of a cluster, label sets of an application.
    pub parts: usize,
}

/// How long each snapshot of a day stands for, by its time.
type ByTime = Map<Millis, Millis>;

/// A target's day before it is written.
pub(super) struct Folded {
    pub aggregated: Aggregated,
    pub figures: Vec<Option<f64>>,
    pub parts: Vec<FoldedPart>,
    /// Parts that have snapshots of the day, under none of which anything ever ran.
    pub idle: Vec<Part>,
}

pub(super) struct FoldedPart {
    pub key: Part,
    pub texts: Vec<Option<String>>,
    pub samples: i64,
    pub covered_seconds: f64,
    pub figures: Vec<Option<f64>>,
}

impl Store {
    /// Adds the daily columns that the catalogue asks for and the tables lack.
    pub fn prepare_days(&mut self, catalogue: &Catalogue) -> Result<(), Failure> {
        ensure_columns(&mut self.connection, catalogue).map_err(|error| super::super::explain(&self.path, &error))
    }

    /// Computes a day of some targets without storing it: one result each. `interval` is that of a target today, for snapshots
    /// that do not say theirs.
    pub fn preview_day(
        &self,
        works: &[TargetDay],
        catalogue: &Catalogue,
        interval: &dyn Fn(&str) -> Millis,
    ) -> Result<Vec<Aggregated>, Failure> {
        let reading = || -> rusqlite::Result<Vec<Aggregated>> {
            let transaction = self.connection.unchecked_transaction()?;
            let folded = fold(&transaction, works, catalogue, interval)?;
            Ok(folded.into_iter().map(|folded| folded.aggregated).collect())
        };
        reading().map_err(|error| self.explain(&error))
    }

    /// Stores a day of some targets, all of it or nothing: one result each.
    pub fn aggregate_day(
        &mut self,
        works: &[TargetDay],
        catalogue: &Catalogue,
        interval: &dyn Fn(&str) -> Millis,
        now: Millis,
    ) -> Result<Vec<Aggregated>, Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<Vec<Aggregated>> {
            let reading = self.connection.transaction()?;
            let run_id: i64 = reading.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| row.get(0))?;
            let folded = fold(&reading, works, catalogue, interval)?;
            reading.finish()?;

            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for kind in Kind::ALL {
                let of_kind = || works.iter().zip(&folded).filter(|(work, _)| work.kind == kind);
                if of_kind().next().is_some() {
                    let layout_id = Layouts::id(&transaction, catalogue, kind)?;
                    let upserts = Upserts::new(catalogue, kind);
                    for (work, folded) in of_kind() {
                        upserts.store(&transaction, work, folded, [run_id, layout_id, now])?;
                    }
                }
            }
            transaction.commit()?;
            Ok(folded.into_iter().map(|folded| folded.aggregated).collect())
        };
        write().map_err(|error| super::super::explain(&path, &error))
    }

    /// A day that can no longer be made anew is not asked for again.
    pub fn keep_day(&mut self, work: &TargetDay, catalogue: &Catalogue) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let layout_id = Layouts::id(&transaction, catalogue, work.kind)?;
            let tables = Tables::of(work.kind);
            transaction.execute(
                &format!(
                    "UPDATE {} SET layout_id = ?3, run_id = (SELECT coalesce(max(id), 0) FROM runs)
                     WHERE {} = ?1{} AND day = ?2",
                    daily_table(tables.own),
                    tables.owner,
                    tables.only_own
                ),
                params![work.target_id, work.day.name(), layout_id],
            )?;
            transaction.commit()
        };
        write().map_err(|error| super::super::explain(&path, &error))
    }
}

fn fold(
    connection: &Connection,
    works: &[TargetDay],
    catalogue: &Catalogue,
    interval: &dyn Fn(&str) -> Millis,
) -> rusqlite::Result<Vec<Folded>> {
    let mut plans: HashMap<Kind, Plan> = HashMap::new();
    let mut folded = Vec::with_capacity(works.len());
    for work in works {
        let plan = match plans.entry(work.kind) {
            Entry::Occupied(plan) => plan.into_mut(),
            Entry::Vacant(none) => none.insert(Plan::new(connection, catalogue, work.kind)?),
        };
        folded.push(plan.fold(connection, work, interval(&work.target))?);
    }
    Ok(folded)
}

/// What is read of each snapshot: one column a metric that a day keeps something of.
struct Plan<'c> {
    tables: &'static Tables,
    own: Columns<'c>,
    parts: Columns<'c>,
}

struct Columns<'c> {
    select: String,
    statistics: Vec<&'c [Statistic]>,
}

impl<'c> Plan<'c> {
    fn new(connection: &Connection, catalogue: &'c Catalogue, kind: Kind) -> rusqlite::Result<Self> {
        let tables = Tables::of(kind);
        Ok(Self {
            tables,
            own: Columns::new(connection, catalogue, tables.own)?,
            parts: Columns::new(connection, catalogue, tables.parts)?,
        })
    }

    fn fold(&self, connection: &Connection, work: &TargetDay, interval: Millis) -> rusqlite::Result<Folded> {
        let (id, day) = (work.target_id, &work.day);
        let (aggregated, figures, weights) = self.own(connection, id, day, interval)?;
        let (parts, idle) = self.parts(connection, id, day, &weights)?;
        Ok(Folded { aggregated: Aggregated { parts: parts.len(), ..aggregated }, figures, parts, idle })
    }

    fn own(
        &self,
        connection: &Connection,
        id: i64,
        day: &Day,
        interval: Millis,
    ) -> rusqlite::Result<(Aggregated, Vec<Option<f64>>, ByTime)> {
        let tables = self.tables;
        let mut weights = Weights::new(last_before(connection, (tables, id), day.begins_at)?);
        let mut by_time = ByTime::default();
        let mut fold = self.own.fold();
        let (mut samples, mut covered) = (0, 0);
        let mut statement = connection.prepare_cached(&format!(
            "SELECT collected_at, interval_ms, coalesce(answered, 1), merged, covered_ms, {}, {} FROM {}
             AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
            tables.ended,
            self.own.select,
            tables.own_snapshots()
        ))?;
        let mut rows = statement.query([id, day.begins_at, day.ends_at])?;
        while let Some(row) = rows.next()? {
            if row.get(5)? {
                // Found gone: since the snapshot before it nobody knows how long it was there.
                weights.end();
                continue;
            }
            let at: Millis = row.get(0)?;
            let moment =
                Moment { at, interval: row.get::<_, Option<Millis>>(1)?.unwrap_or(interval), covered: row.get(4)? };
            let weight = weights.next(moment, day.begins_at);
            // Nobody answered: the row of NULLs stands for no time. A thinned one counts those that did.
            let answered: bool = row.get(2)?;
            if answered {
                samples += row.get::<_, Option<i64>>(3)?.unwrap_or(1);
                covered += weight;
            }
            by_time.insert(at, weight);
            self.own.add(&mut fold, row, 6, weight)?;
        }
        let aggregated = Aggregated {
            samples,
            expected: weights.expected(day.ends_at),
            covered_seconds: covered as f64 / 1000.0,
            parts: 0,
        };
        Ok((aggregated, fold.finish(), by_time))
    }

    /// Those that count, and those that do not because nothing ever ran there.
    fn parts(
        &self,
        connection: &Connection,
        id: i64,
        day: &Day,
        weights: &ByTime,
    ) -> rusqlite::Result<(Vec<FoldedPart>, Vec<Part>)> {
        let tables = self.tables;
        let before: Vec<&str> = ["collected_at", "merged", "covered_ms", tables.idle]
            .into_iter()
            .chain(tables.texts.iter().copied())
            .collect();
        let (texts_at, figures_at) = (before.len() - tables.texts.len(), before.len());
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {}, {} FROM {} WHERE {} AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
            before.join(", "),
            self.parts.select,
            snapshot_table(tables.parts),
            tables.one_part(4)
        ))?;
        let (mut parts, mut idle) = (Vec::new(), Vec::new());
        for key in tables.parts(connection, id)? {
            let mut fold = self.parts.fold();
            let (mut samples, mut covered, mut is_idle) = (0, 0, false);
            let mut texts: Vec<Option<String>> = vec![None; tables.texts.len()];
            let keys: [Value; 3] = [id.into(), day.begins_at.into(), day.ends_at.into()];
            let mut rows = statement.query(params_from_iter(with_part(keys, &key)))?;
            while let Some(row) = rows.next()? {
                if row.get::<_, i64>(3)? == IDLE {
                    is_idle = true;
                    continue;
                }
                let own: Option<Millis> = row.get(2)?;
                let weight = own.or_else(|| weights.get(&row.get(0).unwrap_or_default()).copied()).unwrap_or(0);
                samples += row.get::<_, Option<i64>>(1)?.unwrap_or(1);
                covered += weight;
                for (index, text) in texts.iter_mut().enumerate() {
                    // Hardly ever another one than before.
                    let newer = row.get_ref(texts_at + index)?.as_str_or_null()?;
                    if newer.is_some() && newer != text.as_deref() {
                        *text = newer.map(str::to_owned);
                    }
                }
                self.parts.add(&mut fold, row, figures_at, weight)?;
            }
            if samples > 0 {
                let covered_seconds = covered as f64 / 1000.0;
                parts.push(FoldedPart { key, texts, samples, covered_seconds, figures: fold.finish() });
            } else if is_idle {
                idle.push(key);
            }
        }
        Ok((parts, idle))
    }
}

/// The last snapshot before a moment; None also when the target ended with it.
pub fn last_before(
    connection: &Connection,
    (tables, id): (&Tables, i64),
    at: Millis,
) -> rusqlite::Result<Option<Millis>> {
    let last = connection
        .prepare_cached(&format!(
            "SELECT collected_at, {} FROM {} AND collected_at < ?2 ORDER BY collected_at DESC LIMIT 1",
            tables.ended,
            tables.own_snapshots()
        ))?
        .query_row([id, at], |row| Ok((row.get::<_, Millis>(0)?, row.get::<_, bool>(1)?)))
        .optional()?;
    Ok(last.filter(|(_, ended)| !ended).map(|(at, _)| at))
}

impl<'c> Columns<'c> {
    fn new(connection: &Connection, catalogue: &'c Catalogue, subject: Subject) -> rusqlite::Result<Self> {
        let present = columns::present(connection, snapshot_table(subject))?;
        let kept: Vec<_> = catalogue.stored(subject).filter(|metric| !metric.entry.daily.is_empty()).collect();
        let name = |name: &str| if present.contains(name) { quoted(name) } else { "NULL".to_owned() };
        let mut select: Vec<String> = kept.iter().map(|metric| name(metric.name())).collect();
        if select.is_empty() {
            select.push("NULL".to_owned());
        }
        Ok(Self {
            select: select.join(", "),
            statistics: kept.iter().map(|metric| metric.entry.daily.as_slice()).collect(),
        })
    }

    fn fold(&self) -> Fold {
        Fold::new(self.statistics.iter().copied())
    }

    fn add(&self, fold: &mut Fold, row: &SqlRow, first: usize, weight: Millis) -> rusqlite::Result<()> {
        for column in 0..self.statistics.len() {
            match row.get_ref(first + column)? {
                ValueRef::Real(value) => fold.add(column, value, weight as f64),
                ValueRef::Integer(value) => fold.add(column, value as f64, weight as f64),
                ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => {}
            }
        }
        Ok(())
    }
}
