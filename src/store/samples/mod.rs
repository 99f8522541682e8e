//! The history as samples: what a query asks for, read from the tables of snapshots and from nothing else.
//!
//! A snapshot is a scrape. A metric that is NULL was absent from it, so its series ends there, and so do all of a node that
//! has no row in a collection of its cluster: a value that could not be measured does not live on. What is no longer
//! collected speaks for five minutes or twice its interval, whichever is longer, snapshot by snapshot.

mod collector;
mod lines;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::columns::{self, quoted};
use super::{keys, snapshot_table};
use crate::catalogue::KEY_COLUMNS;
use crate::catalogue::recorded::{NAMINGS, Naming, OF_COLLECTING, instance};
use crate::history::History;
use crate::promql::Selector;
use crate::sample::{Labels, Millis, Series, Text};
use crate::settings::metric_entry::Subject;
use lines::{Lines, speaks_until};
use plan::{Reading, Span, readings};

/// Where the rows of a subject are, beside [`snapshot_table`].
struct Table {
    /// The column that says whose row it is.
    owner: &'static str,
    /// All owners: id, then the first labels of the naming.
    owners: &'static str,
    /// The rest of the key but for the time; the next labels.
    keys: &'static [&'static str],
    /// Columns that may differ from row to row; the last labels.
    texts: &'static [&'static str],
    /// What a label is that a row may not have, from the column and the key.
    text: fn(usize, Option<&str>, &[String]) -> String,
    /// The interval of a row; NULL where the rows of `collections` have it.
    interval: &'static str,
    /// The rows of which every collection of the owner ?1 has left one.
    collections: &'static str,
    /// Which of its rows count.
    only: &'static str,
}

fn table(subject: Subject) -> Table {
    let plain = |_: usize, text: Option<&str>, _: &[String]| text.unwrap_or_default().to_owned();
    match subject {
        Subject::Cluster => Table {
            owner: "cluster_id",
            owners: "SELECT id, name FROM clusters",
            keys: &[],
            texts: &[],
            text: plain,
            interval: "interval_ms",
            collections: "metrics_snapshots WHERE cluster_id = ?1",
            only: "",
        },
        Subject::Node => Table {
            owner: "cluster_id",
            owners: "SELECT id, name FROM clusters",
            keys: &["node"],
            texts: &["instance", "role"],
            text: |column, text, key| match (column, key) {
                (0, [node]) => instance(text, node).to_owned(),
                _ => text.unwrap_or_default().to_owned(),
            },
            interval: "NULL",
            collections: "metrics_snapshots WHERE cluster_id = ?1",
            only: "",
        },
        Subject::Batch => Table {
            owner: "application_id",
            owners: "SELECT id, name, coalesce(environment, '') FROM targets WHERE kind = 'application'",
            keys: &["database", "table", "test_name"],
            texts: &[],
            text: plain,
            interval: "interval_ms",
            collections: "batch_snapshots WHERE application_id = ?1 AND database = '' AND \"table\" = '' AND test_name = ''",
            // What nobody ever ran under is no measurement, unless `include_idle` says so.
            only: " AND idle IS NOT 1",
        },
    }
}

/// The names of all samples that the file can hold: its columns, whoever made them.
pub fn names(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut names: BTreeSet<String> = OF_COLLECTING.iter().map(|(name, _)| (*name).to_owned()).collect();
    for naming in &NAMINGS {
        names.extend(metrics(connection, naming)?.iter().map(|metric| naming.sample(metric)));
    }
    Ok(names)
}

/// The label of each kind of target, and its value for every target that is known.
pub fn targets(connection: &Connection) -> rusqlite::Result<BTreeSet<(&'static str, String)>> {
    let mut targets = BTreeSet::new();
    for naming in &NAMINGS {
        let Some(label) = naming.labels.first().copied() else { continue };
        let mut statement = connection.prepare(table(naming.subject).owners)?;
        let names = statement.query_map([], |row| row.get(1))?;
        targets.extend(names.map(|name| Ok((label, name?))).collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(targets)
}

/// In the order of their names.
fn metrics(connection: &Connection, naming: &Naming) -> rusqlite::Result<BTreeSet<String>> {
    let present = columns::present(connection, snapshot_table(naming.subject))?;
    Ok(present.into_iter().filter(|column| !KEY_COLUMNS.contains(&column.as_str())).collect())
}

/// What an expression with these selectors reads when it is evaluated at moments from `since` to `until`.
pub fn history(
    connection: &Connection,
    selectors: &[Selector],
    since: Millis,
    until: Millis,
) -> rusqlite::Result<History> {
    // One moment of the file, while collections go on.
    let transaction = connection.unchecked_transaction()?;
    let mut series = Vec::new();
    for naming in &NAMINGS {
        let metrics = metrics(connection, naming)?;
        let needed = |selector: &Selector| {
            let span = Span::of(selector, since, until);
            let metrics = match selector.name.as_deref().map(|name| naming.metric(name)) {
                // Found without a look at hundreds of others.
                Some(named) => named.and_then(|metric| metrics.get(metric)).into_iter().collect(),
                None => metrics.iter().collect::<Vec<_>>(),
            };
            let accepted = metrics
                .into_iter()
                .filter(|metric| selector.names.is_empty() || selector.accepts_name(&naming.sample(metric)));
            accepted.map(|metric| (metric.as_str(), span)).collect::<Vec<_>>()
        };
        let readings = readings(selectors.iter().flat_map(needed));
        if !readings.is_empty() {
            let source = Source { connection, naming, table: table(naming.subject), selectors };
            source.read(&readings, &mut series)?;
        }
    }
    series.extend(collector::series(connection, selectors, since, until)?);
    transaction.finish()?;
    Ok(History::ending(series))
}

/// One subject while it is read.
struct Source<'s> {
    connection: &'s Connection,
    naming: &'static Naming,
    table: Table,
    selectors: &'s [Selector],
}

impl Source<'_> {
    fn read(&self, readings: &[Reading], series: &mut Vec<Series>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(self.table.owners)?;
        let own = self.naming.labels.len() - self.table.keys.len() - self.table.texts.len();
        let owner = |row: &Row| Ok((row.get(0)?, (1..=own).map(|label| row.get(label)).collect::<Result<_, _>>()?));
        let owners: Vec<(i64, Vec<String>)> = statement.query_map([], owner)?.collect::<Result<_, _>>()?;
        for (id, labels) in &owners {
            if !self.is_wanted(&labels.iter().map(String::as_str).collect::<Vec<_>>(), None) {
                continue;
            }
            let table = snapshot_table(self.naming.subject);
            for key in keys::of_owner(self.connection, table, (self.table.owner, *id), self.table.keys, "collected_at")?
            {
                let labels: Vec<&str> = labels.iter().chain(&key).map(String::as_str).collect();
                for reading in readings {
                    let wanted = |metric: &&&str| self.is_wanted(&labels, Some(&self.naming.sample(metric)));
                    let columns: Vec<&str> = reading.columns.iter().filter(wanted).copied().collect();
                    if !columns.is_empty() {
                        self.subject(*id, &key, &labels, &columns, &reading.spans, series)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether some selector may want a subject with these first labels, of this name.
    fn is_wanted(&self, labels: &[&str], name: Option<&str>) -> bool {
        let known = |label: &str| {
            let place = self.naming.labels.iter().position(|own| *own == label);
            // A label that no series of the subject has is empty.
            place.map_or(Some(""), |place| labels.get(place).copied())
        };
        self.selectors.iter().any(|selector| {
            name.is_none_or(|name| selector.accepts_name(name))
                && selector
                    .matchers
                    .iter()
                    .all(|matcher| known(&matcher.label).is_none_or(|value| matcher.accepts(value)))
        })
    }

    /// The series of one subject, from the rows of all spans.
    fn subject(
        &self,
        owner: i64,
        key: &[String],
        labels: &[&str],
        columns: &[&str],
        spans: &[Span],
        series: &mut Vec<Series>,
    ) -> rusqlite::Result<()> {
        let mut lines = Lines::new(columns.len());
        let mut read_to = Millis::MIN;
        for span in spans {
            let from = if span.newest { self.newest(owner, span.from)?.unwrap_or(span.from) } else { span.from };
            let between = (from.max(read_to.saturating_add(1)), span.to);
            self.rows(owner, key, labels, columns, between, &mut lines)?;
            read_to = span.to;
        }
        let names: Vec<Text> = columns.iter().map(|metric| self.naming.sample(metric).into()).collect();
        series.extend(lines.finish(&names));
        Ok(())
    }

    /// When the owner was last collected, at `at` or before.
    fn newest(&self, owner: i64, at: Millis) -> rusqlite::Result<Option<Millis>> {
        let text = format!("SELECT max(collected_at) FROM {} AND collected_at <= ?2", self.table.collections);
        self.connection.prepare_cached(&text)?.query_row(params![owner, at], |row| row.get(0))
    }

    /// When the owner was collected, and at which interval; nothing where every collection has a row.
    fn moments(&self, owner: i64, (from, to): (Millis, Millis)) -> rusqlite::Result<Vec<(Millis, Option<Millis>)>> {
        if self.table.keys.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!(
            "SELECT collected_at, interval_ms FROM {} AND collected_at BETWEEN ?2 AND ?3 ORDER BY collected_at",
            self.table.collections
        );
        let mut statement = self.connection.prepare_cached(&text)?;
        statement.query_map(params![owner, from, to], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    fn rows(
        &self,
        owner: i64,
        key: &[String],
        labels: &[&str],
        columns: &[&str],
        between: (Millis, Millis),
        lines: &mut Lines,
    ) -> rusqlite::Result<()> {
        let Table { owner: own, keys, texts, text, interval, only, .. } = &self.table;
        let list = texts.iter().chain(columns).map(|column| format!(", {}", quoted(column))).collect::<String>();
        let keys = (4..).zip(*keys).map(|(place, key)| format!(" AND {} = ?{place}", quoted(key))).collect::<String>();
        let statement = format!(
            "SELECT collected_at, {interval}, covered_ms{list} FROM {} WHERE {own} = ?1{keys}{only}
             AND collected_at BETWEEN ?2 AND ?3 ORDER BY collected_at",
            snapshot_table(self.naming.subject)
        );
        let mut statement = self.connection.prepare_cached(&statement)?;
        let values = [owner, between.0, between.1].map(Value::from).into_iter();
        let mut rows = statement.query(params_from_iter(values.chain(key.iter().cloned().map(Value::from))))?;
        let mut moments = self.moments(owner, between)?.into_iter().peekable();
        // The columns before the texts.
        const OWN: usize = 3;
        let mut told: Vec<String> = Vec::new();
        while let Some(row) = rows.next()? {
            let at: Millis = row.get(0)?;
            while let Some((missed, _)) = moments.next_if(|(moment, _)| *moment < at) {
                lines.missing(missed);
            }
            let collected = moments.next_if(|(moment, _)| *moment == at);
            let interval = row.get::<_, Option<Millis>>(1)?.or_else(|| collected.and_then(|(_, interval)| interval));
            let until = speaks_until(at, interval, row.get(2)?);
            told.clear();
            for column in 0..texts.len() {
                let own = row.get_ref(OWN + column)?.as_str_or_null()?;
                told.push(text(column, own, key));
            }
            let values = (0..columns.len()).map(|column| row.get(OWN + texts.len() + column));
            let values = values.collect::<rusqlite::Result<Vec<Option<f64>>>>()?;
            let make = || self.naming.labelled(labels.iter().copied().chain(told.iter().map(String::as_str)));
            let names = self.naming.labels.iter().skip(labels.len());
            let is_same = |own: &Labels| {
                names.clone().zip(&told).all(|(name, text)| own.get(name).map_or("", |value| value) == text)
            };
            lines.row(at, until, is_same, make, values.into_iter());
        }
        moments.for_each(|(missed, _)| lines.missing(missed));
        Ok(())
    }
}
