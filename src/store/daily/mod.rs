//! Which days want to be aggregated, and their rows.
//!
//! A day is aggregated once it is over. It is looked at again when snapshots came to it later (a clock that was set back)
//! and when the catalogue asks for figures that it was not given; either way only while all the snapshots it was made
//! of are still there, because a day of half its snapshots is worse than an older one of all.

mod upsert;
mod write;

use std::collections::{BTreeMap, HashSet};

use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};

use super::tables::{self, Tables};
use super::{Store, columns};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::failure::Failure;
use crate::sample::Millis;
use crate::settings::Kind;
use crate::settings::metric_entry::{Statistic, Subject};

pub use write::Aggregated;
pub(super) use write::last_before;

/// The table that holds the days of a subject.
pub fn daily_table(subject: Subject) -> &'static str {
    match subject {
        Subject::Cluster => "daily_snapshots",
        Subject::Node => "node_daily",
        Subject::Batch => "batch_daily",
    }
}

/// The column that keeps one statistic of a metric.
pub fn daily_column(metric: &str, statistic: Statistic) -> String {
    format!("{metric}_{}", statistic.name())
}

/// Why a day is aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is over and has no row.
    New,
    /// Snapshots came to it after it was aggregated.
    Changed,
    /// The catalogue asks for figures that it does not have.
    MoreFigures,
    /// It was asked for.
    Asked,
}

impl Why {
    /// In JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::MoreFigures => "more_figures",
            Self::Asked => "asked",
        }
    }
}

/// A day of a target.
#[derive(Clone, Debug)]
pub struct TargetDay {
    pub target_id: i64,
    pub target: String,
    pub kind: Kind,
    pub day: Day,
    pub why: Why,
}

/// Which days are meant.
#[derive(Clone, Debug)]
pub struct Selection<'s> {
    pub zone: &'s TimeZone,
    /// A day that ends later than this is not over.
    pub now: Millis,
    /// From the first to the second, both meant; all when there is none.
    pub between: Option<(jiff::civil::Date, jiff::civil::Date)>,
    /// Also those that have their row.
    pub recompute: bool,
}

/// What is to be done, oldest day first.
#[derive(Debug, Default)]
pub struct Pending {
    pub days: BTreeMap<jiff::civil::Date, Vec<TargetDay>>,
    /// Wanted, but the snapshots they were made of are no longer all there: they stay as they are.
    pub kept: Vec<TargetDay>,
    /// Days that have snapshots and a row that is right.
    pub done: usize,
}

/// A daily row as far as it decides whether the day is looked at again.
struct Present {
    run_id: i64,
    layout_id: i64,
    samples: i64,
    begins_at: Millis,
    ends_at: Millis,
}

impl Store {
    /// The days that are over and lack their row or a part of it.
    pub fn pending_days(&self, selection: &Selection, catalogue: &Catalogue) -> Result<Pending, Failure> {
        pending(&self.connection, selection, catalogue).map_err(|error| self.explain(&error))
    }
}

/// The same for a reader.
pub fn pending(connection: &Connection, selection: &Selection, catalogue: &Catalogue) -> rusqlite::Result<Pending> {
    let layouts = Kind::ALL.map(|kind| Layouts::lacking(connection, catalogue, kind));
    let layouts = layouts.into_iter().collect::<rusqlite::Result<Vec<_>>>()?;
    let lacks = |kind: Kind, layout: i64| {
        Kind::ALL.into_iter().zip(&layouts).any(|(own, lacking)| own == kind && lacking.contains(&layout))
    };
    let mut newest_runs: BTreeMap<Millis, i64> = BTreeMap::new();
    let mut pending = Pending::default();
    for target in tables::targets(connection)? {
        let owner = (Tables::of(target.kind), target.id);
        for day in days_with_snapshots(connection, owner, selection)? {
            let present = present(connection, owner, &day)?;
            let why = match &present {
                None => Some(Why::New),
                Some(_) if selection.recompute => Some(Why::Asked),
                // Made in another zone: it is a fact of its own.
                Some(row) if (row.begins_at, row.ends_at) != (day.begins_at, day.ends_at) => None,
                Some(row) => {
                    let newest = match newest_runs.get(&day.begins_at) {
                        Some(newest) => *newest,
                        None => {
                            let newest = newest_run(connection, &day)?;
                            newest_runs.insert(day.begins_at, newest);
                            newest
                        }
                    };
                    if newest > row.run_id && has_newer_snapshot(connection, owner, &day, row.run_id)? {
                        Some(Why::Changed)
                    } else {
                        lacks(target.kind, row.layout_id).then_some(Why::MoreFigures)
                    }
                }
            };
            let Some(why) = why else {
                pending.done += 1;
                continue;
            };
            let whole = match &present {
                Some(row) => whole(connection, owner, &day, row.samples)?,
                None => true,
            };
            let date = day.date;
            let work = TargetDay { target_id: target.id, target: target.name.clone(), kind: target.kind, day, why };
            match whole {
                true => pending.days.entry(date).or_default().push(work),
                false => pending.kept.push(work),
            }
        }
    }
    Ok(pending)
}

/// The tables of a target, and its id.
type Owner = (&'static Tables, i64);

/// Steps from day to day in the key, so that it costs the same however many snapshots a day has.
fn days_with_snapshots(
    connection: &Connection,
    (tables, id): Owner,
    selection: &Selection,
) -> rusqlite::Result<Vec<Day>> {
    let mut next = connection
        .prepare_cached(&format!("SELECT min(collected_at) FROM {} AND collected_at >= ?2", tables.own_snapshots()))?;
    let (mut from, until) = match selection.between {
        None => (Millis::MIN, Millis::MAX),
        Some((first, last)) => {
            let bounds = (Day::on(first, selection.zone), Day::on(last, selection.zone));
            (bounds.0.map_or(Millis::MIN, |day| day.begins_at), bounds.1.map_or(Millis::MAX, |day| day.ends_at))
        }
    };
    let mut days = Vec::new();
    while let Some(at) = next.query_row([id, from], |row| row.get::<_, Option<Millis>>(0))? {
        let Some(day) = Day::of_snapshot(at, selection.zone) else { break };
        if day.ends_at > selection.now || at >= until {
            break;
        }
        from = day.ends_at;
        days.push(day);
    }
    Ok(days)
}

fn present(connection: &Connection, (tables, id): Owner, day: &Day) -> rusqlite::Result<Option<Present>> {
    connection
        .prepare_cached(&format!(
            "SELECT run_id, layout_id, samples, begins_at, ends_at FROM {} AND day = ?2",
            tables.own_days()
        ))?
        .query_row(params![id, day.name()], |row| {
            Ok(Present {
                run_id: row.get(0)?,
                layout_id: row.get(1)?,
                samples: row.get(2)?,
                begins_at: row.get(3)?,
                ends_at: row.get(4)?,
            })
        })
        .optional()
}

/// Snapshots bear the time at which their run started.
fn newest_run(connection: &Connection, day: &Day) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM runs WHERE started_at >= ?1 AND started_at < ?2")?
        .query_row([day.begins_at, day.ends_at], |row| row.get(0))
}

fn has_newer_snapshot(connection: &Connection, (tables, id): Owner, day: &Day, run_id: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM runs WHERE started_at >= ?2 AND started_at < ?3 AND id > ?4
                                AND EXISTS (SELECT 1 FROM {} AND collected_at = started_at))",
            tables.own_snapshots()
        ))?
        .query_row([id, day.begins_at, day.ends_at, run_id], |row| row.get(0))
}

/// Whether all the snapshots that a row was made of are still there, each as it was collected.
fn whole(connection: &Connection, (tables, id): Owner, day: &Day, samples: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(&format!(
            "SELECT coalesce(sum(coalesce(answered, 1)), 0) >= ?4 AND count(merged) = 0
             FROM {} AND collected_at >= ?2 AND collected_at < ?3",
            tables.own_snapshots_narrow()
        ))?
        .query_row([id, day.begins_at, day.ends_at, samples], |row| row.get(0))
}

/// The daily columns that the catalogue asks for, as they are remembered with each day.
pub(super) struct Layouts;

impl Layouts {
    /// One column a line; those of nodes and applications are marked. A kind of target has a layout of its own: what is
    /// new for one does not concern the days of another.
    fn text(catalogue: &Catalogue, kind: Kind) -> String {
        let mut lines: Vec<String> = Vec::new();
        for subject in Subject::ALL.into_iter().filter(|subject| subject.kind() == kind) {
            let mark = match subject {
                Subject::Cluster => "",
                Subject::Node => "node:",
                Subject::Batch => "batch:",
            };
            lines.extend(daily_columns(catalogue, subject).iter().map(|column| format!("{mark}{column}")));
        }
        lines.sort_unstable();
        lines.join("\n")
    }

    /// The layouts that lack a column of today's.
    fn lacking(connection: &Connection, catalogue: &Catalogue, kind: Kind) -> rusqlite::Result<HashSet<i64>> {
        let wanted = Self::text(catalogue, kind);
        let mut statement = connection.prepare("SELECT id, columns FROM daily_layouts")?;
        let known = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        let mut lacking = HashSet::new();
        for layout in known {
            let (id, columns) = layout?;
            let has: HashSet<&str> = columns.lines().collect();
            if wanted.lines().any(|column| !has.contains(column)) {
                lacking.insert(id);
            }
        }
        Ok(lacking)
    }

    /// The id of today's layout.
    fn id(connection: &Connection, catalogue: &Catalogue, kind: Kind) -> rusqlite::Result<i64> {
        let text = Self::text(catalogue, kind);
        connection.execute("INSERT OR IGNORE INTO daily_layouts (columns) VALUES (?1)", [&text])?;
        connection.query_row("SELECT id FROM daily_layouts WHERE columns = ?1", [&text], |row| row.get(0))
    }
}

/// The daily columns of a subject, in the order of the catalogue.
pub fn daily_columns(catalogue: &Catalogue, subject: Subject) -> Vec<String> {
    let metrics = catalogue.stored(subject);
    metrics.flat_map(|metric| metric.entry.daily.iter().map(|each| daily_column(metric.name(), *each))).collect()
}

/// Adds the daily columns that are missing.
fn ensure_columns(connection: &mut Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    for subject in Subject::ALL {
        let names = daily_columns(catalogue, subject);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        columns::ensure(connection, daily_table(subject), &names)?;
    }
    Ok(())
}
