//! A day's rows: read in one transaction, folded, written in another, so that a collection waits for the short one only.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row as SqlRow, TransactionBehavior, params, params_from_iter};

use super::super::{KNOWN_NODES, Store, columns, columns::quoted, snapshot_table};
use super::{ClusterDay, Layouts, daily_columns, daily_table, ensure_columns};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::days::fold::{Fold, Moment, Weights};
use crate::failure::Failure;
use crate::hash::Map;
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Subject};

/// A day of a cluster as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregated {
    pub samples: i64,
    pub expected: i64,
    pub covered_seconds: f64,
    pub nodes: usize,
}

/// How long each snapshot of a day stands for, by its time.
type ByTime = Map<Millis, Millis>;

/// A cluster's day before it is written.
struct Folded {
    aggregated: Aggregated,
    figures: Vec<Option<f64>>,
    nodes: Vec<FoldedNode>,
}

struct FoldedNode {
    node: String,
    texts: [Option<String>; 3],
    samples: i64,
    covered_seconds: f64,
    figures: Vec<Option<f64>>,
}

impl Store {
    /// Adds the daily columns that the catalogue asks for and the tables lack.
    pub fn prepare_days(&mut self, catalogue: &Catalogue) -> Result<(), Failure> {
        ensure_columns(&mut self.connection, catalogue).map_err(|error| super::super::explain(&self.path, &error))
    }

    /// Computes a day of some clusters without storing it: one result each. `interval` is that of a cluster today, for
    /// snapshots that do not say theirs.
    pub fn preview_day(
        &self,
        works: &[ClusterDay],
        catalogue: &Catalogue,
        interval: &dyn Fn(&str) -> Millis,
    ) -> Result<Vec<Aggregated>, Failure> {
        let reading = || -> rusqlite::Result<Vec<Aggregated>> {
            let transaction = self.connection.unchecked_transaction()?;
            let plan = Plan::new(&transaction, catalogue)?;
            let days = works.iter().map(|work| plan.fold(&transaction, work, interval(&work.cluster)));
            days.map(|folded| Ok(folded?.aggregated)).collect()
        };
        reading().map_err(|error| self.explain(&error))
    }

    /// Stores a day of some clusters, all of it or nothing: one result each.
    pub fn aggregate_day(
        &mut self,
        works: &[ClusterDay],
        catalogue: &Catalogue,
        interval: &dyn Fn(&str) -> Millis,
        now: Millis,
    ) -> Result<Vec<Aggregated>, Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<Vec<Aggregated>> {
            let reading = self.connection.transaction()?;
            let run_id: i64 = reading.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| row.get(0))?;
            let plan = Plan::new(&reading, catalogue)?;
            let days = works.iter().map(|work| plan.fold(&reading, work, interval(&work.cluster)));
            let folded: Vec<Folded> = days.collect::<rusqlite::Result<_>>()?;
            reading.finish()?;

            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let layout_id = Layouts::id(&transaction, catalogue)?;
            let upserts = Upserts::new(catalogue);
            for (work, folded) in works.iter().zip(&folded) {
                upserts.store(&transaction, work, folded, [run_id, layout_id, now])?;
            }
            transaction.commit()?;
            Ok(folded.into_iter().map(|folded| folded.aggregated).collect())
        };
        write().map_err(|error| super::super::explain(&path, &error))
    }

    /// A day that can no longer be made anew is not asked for again.
    pub fn keep_day(&mut self, work: &ClusterDay, catalogue: &Catalogue) -> Result<(), Failure> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let layout_id = Layouts::id(&transaction, catalogue)?;
            transaction.execute(
                "UPDATE daily_snapshots SET layout_id = ?3, run_id = (SELECT coalesce(max(id), 0) FROM runs)
                 WHERE cluster_id = ?1 AND day = ?2",
                params![work.cluster_id, work.day.name(), layout_id],
            )?;
            transaction.commit()
        };
        write().map_err(|error| super::super::explain(&path, &error))
    }
}

/// What is read of each snapshot: one column a metric that a day keeps something of.
struct Plan<'c> {
    cluster: Columns<'c>,
    node: Columns<'c>,
}

struct Columns<'c> {
    select: String,
    statistics: Vec<&'c [Statistic]>,
}

impl<'c> Plan<'c> {
    fn new(connection: &Connection, catalogue: &'c Catalogue) -> rusqlite::Result<Self> {
        Ok(Self {
            cluster: Columns::new(connection, catalogue, Subject::Cluster)?,
            node: Columns::new(connection, catalogue, Subject::Node)?,
        })
    }

    fn fold(&self, connection: &Connection, work: &ClusterDay, interval: Millis) -> rusqlite::Result<Folded> {
        let (id, day) = (work.cluster_id, &work.day);
        let (aggregated, figures, weights) = self.cluster(connection, id, day, interval)?;
        let nodes = self.nodes(connection, id, day, &weights)?;
        Ok(Folded { aggregated: Aggregated { nodes: nodes.len(), ..aggregated }, figures, nodes })
    }

    fn cluster(
        &self,
        connection: &Connection,
        id: i64,
        day: &Day,
        interval: Millis,
    ) -> rusqlite::Result<(Aggregated, Vec<Option<f64>>, ByTime)> {
        let before: Option<Millis> = connection
            .prepare_cached(
                "SELECT max(collected_at) FROM metrics_snapshots WHERE cluster_id = ?1 AND collected_at < ?2",
            )?
            .query_row([id, day.begins_at], |row| row.get(0))?;
        let mut weights = Weights::new(before);
        let mut by_time = ByTime::default();
        let mut fold = self.cluster.fold();
        let (mut samples, mut covered) = (0, 0);
        let mut statement = connection.prepare_cached(&format!(
            "SELECT collected_at, interval_ms, coalesce(answered, 1), merged, covered_ms, {} FROM metrics_snapshots
             WHERE cluster_id = ?1 AND collected_at >= ?2 AND collected_at < ?3 ORDER BY collected_at",
            self.cluster.select
        ))?;
        let mut rows = statement.query([id, day.begins_at, day.ends_at])?;
        while let Some(row) = rows.next()? {
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
            self.cluster.add(&mut fold, row, 5, weight)?;
        }
        let aggregated = Aggregated {
            samples,
            expected: weights.expected(day.ends_at),
            covered_seconds: covered as f64 / 1000.0,
            nodes: 0,
        };
        Ok((aggregated, fold.finish(), by_time))
    }

    fn nodes(
        &self,
        connection: &Connection,
        id: i64,
        day: &Day,
        weights: &ByTime,
    ) -> rusqlite::Result<Vec<FoldedNode>> {
        let names: Vec<Option<String>> = connection
            .prepare_cached(&format!("{KNOWN_NODES} SELECT name FROM known"))?
            .query_map([id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT collected_at, instance, role, version, merged, covered_ms, {} FROM node_snapshots
             WHERE cluster_id = ?1 AND node = ?2 AND collected_at >= ?3 AND collected_at < ?4 ORDER BY collected_at",
            self.node.select
        ))?;
        let mut nodes = Vec::new();
        for node in names.into_iter().flatten() {
            let mut fold = self.node.fold();
            let (mut samples, mut covered, mut texts) = (0, 0, [const { None::<String> }; 3]);
            let mut rows = statement.query(params![id, node, day.begins_at, day.ends_at])?;
            while let Some(row) = rows.next()? {
                let own: Option<Millis> = row.get(5)?;
                let weight = own.or_else(|| weights.get(&row.get(0).unwrap_or_default()).copied()).unwrap_or(0);
                samples += row.get::<_, Option<i64>>(4)?.unwrap_or(1);
                covered += weight;
                for (index, text) in texts.iter_mut().enumerate() {
                    // Hardly ever another one than before.
                    let newer = row.get_ref(1 + index)?.as_str_or_null()?;
                    if newer.is_some() && newer != text.as_deref() {
                        *text = newer.map(str::to_owned);
                    }
                }
                self.node.add(&mut fold, row, 6, weight)?;
            }
            if samples > 0 {
                let covered_seconds = covered as f64 / 1000.0;
                nodes.push(FoldedNode { node, texts, samples, covered_seconds, figures: fold.finish() });
            }
        }
        Ok(nodes)
    }
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

/// The texts that store a day: one a subject, however many rows it has. A row that is there keeps the figures of metrics
/// that the catalogue no longer knows.
struct Upserts {
    cluster: String,
    node: String,
}

impl Upserts {
    fn new(catalogue: &Catalogue) -> Self {
        let text = |subject: Subject, key: &[&str], more: &[&str]| {
            let figures = daily_columns(catalogue, subject).into_iter().map(|column| quoted(&column));
            let columns: Vec<String> = key.iter().chain(more).map(|name| (*name).to_owned()).chain(figures).collect();
            let changes: Vec<String> =
                columns.iter().skip(key.len()).map(|column| format!("{column} = excluded.{column}")).collect();
            format!(
                "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
                daily_table(subject),
                columns.join(", "),
                vec!["?"; columns.len()].join(", "),
                key.join(", "),
                changes.join(", ")
            )
        };
        let of_cluster =
            ["begins_at", "ends_at", "samples", "expected", "covered_seconds", "run_id", "layout_id", "aggregated_at"];
        let of_node = ["instance", "role", "version", "samples", "covered_seconds"];
        Self {
            cluster: text(Subject::Cluster, &["cluster_id", "day"], &of_cluster),
            node: text(Subject::Node, &["cluster_id", "node", "day"], &of_node),
        }
    }

    fn store(
        &self,
        connection: &Connection,
        work: &ClusterDay,
        folded: &Folded,
        [run_id, layout_id, now]: [i64; 3],
    ) -> rusqlite::Result<()> {
        let Folded { aggregated, figures, nodes } = folded;
        let keys: Vec<Value> = vec![
            work.cluster_id.into(),
            work.day.name().into(),
            work.day.begins_at.into(),
            work.day.ends_at.into(),
            aggregated.samples.into(),
            aggregated.expected.into(),
            aggregated.covered_seconds.into(),
            run_id.into(),
            layout_id.into(),
            now.into(),
        ];
        insert(connection, &self.cluster, keys, figures)?;
        for node in nodes {
            let mut keys: Vec<Value> = vec![work.cluster_id.into(), node.node.clone().into(), work.day.name().into()];
            keys.extend(node.texts.iter().map(|text| text.clone().map_or(Value::Null, Value::from)));
            keys.extend([node.samples.into(), node.covered_seconds.into()]);
            insert(connection, &self.node, keys, &node.figures)?;
        }
        Ok(())
    }
}

fn insert(connection: &Connection, text: &str, keys: Vec<Value>, figures: &[Option<f64>]) -> rusqlite::Result<()> {
    let figures = figures.iter().map(|figure| figure.map_or(Value::Null, Value::from));
    connection.prepare_cached(text)?.execute(params_from_iter(keys.into_iter().chain(figures)))?;
    Ok(())
}
