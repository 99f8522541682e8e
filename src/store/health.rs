//! What can be said of the file itself: size, soundness, what it holds that nobody asks for, how fast it grows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::gaps::LEAST_STEP_BACK;
use super::tables::{self, KnownTarget, Tables};
use super::{backup, copy, daily, disk, migrate, snapshot_table};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::failure::Failure;
use crate::sample::{Millis, millis};
use crate::settings::metric_entry::Subject;

/// Growth is not told from less: the first hour makes the columns and the pages of every table.
const LEAST_SPAN: Millis = 6 * 3_600_000;

/// The file as it is.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Bytes of the file, pages that are free included.
    pub bytes: u64,
    /// Bytes of pages that will be used again.
    pub free_bytes: u64,
    /// The number of migrations that made it, and how many there are.
    pub schema: usize,
    pub newest_schema: usize,
    /// The first fault that SQLite finds.
    pub damage: Option<String>,
    /// `table.column` of metrics that the catalogue does not have.
    pub orphans: Vec<String>,
    /// When the newest backup was made, and where.
    pub last_backup: Option<(Millis, String)>,
    /// The oldest and the newest snapshot.
    pub span: Option<(Millis, Millis)>,
    /// Files beside it that a killed run left.
    pub leftovers: Vec<PathBuf>,
}

impl Health {
    /// What a day of snapshots takes, days and indexes included; nothing as long as there are too few of them.
    pub fn bytes_a_day(&self) -> Option<f64> {
        let (oldest, newest) = self.span.filter(|(oldest, newest)| newest - oldest >= LEAST_SPAN)?;
        let days = (newest - oldest) as f64 / 86_400_000.0;
        Some(self.bytes.saturating_sub(self.free_bytes) as f64 / days)
    }
}

/// Looks at the file; that its pages are sound takes a while when it is large.
pub fn look(connection: &Connection, path: &Path, catalogue: &Catalogue) -> Result<Health, Failure> {
    let look = || -> rusqlite::Result<Health> {
        let number = |pragma: &str| -> rusqlite::Result<u64> {
            let value: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0))?;
            Ok(u64::try_from(value).unwrap_or(0))
        };
        let page_size = number("page_size")?;
        let damage = copy::quick_damage(connection)?;
        // What is damaged may not be readable any further.
        let sound = damage.is_none();
        Ok(Health {
            bytes: number("page_count")? * page_size,
            free_bytes: number("freelist_count")? * page_size,
            schema: usize::try_from(number("user_version")?).unwrap_or(usize::MAX),
            newest_schema: migrate::newest(),
            orphans: if sound { orphans(connection, catalogue)? } else { Vec::new() },
            last_backup: if sound { backup::last(connection)? } else { None },
            span: if sound { span(connection)? } else { None },
            leftovers: leftovers(path),
            damage,
        })
    };
    look().map_err(|error| super::explain(path, &error))
}

/// Metric columns are the numbers that may be missing; keys and bookkeeping are whole numbers, texts or never missing.
fn orphans(connection: &Connection, catalogue: &Catalogue) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE type = 'REAL' AND \"notnull\" = 0")?;
    let mut orphans = Vec::new();
    for subject in Subject::ALL {
        let metrics: Vec<String> = catalogue.stored(subject).map(|metric| metric.name().to_owned()).collect();
        for (table, known) in [
            (snapshot_table(subject), metrics),
            (daily::daily_table(subject), daily::daily_columns(catalogue, subject)),
        ] {
            let columns = statement.query_map([table], |row| row.get::<_, String>(0))?;
            for column in columns {
                let column = column?;
                if !known.contains(&column) {
                    orphans.push(format!("{table}.{column}"));
                }
            }
        }
    }
    Ok(orphans)
}

fn span(connection: &Connection) -> rusqlite::Result<Option<(Millis, Millis)>> {
    // Through the key of each target: the tables have no index by time alone.
    let own = |target: &KnownTarget, which: &str| -> rusqlite::Result<Option<Millis>> {
        let rows = Tables::of(target.kind).own_snapshots();
        connection.query_row(&format!("SELECT {which}(collected_at) FROM {rows}"), [target.id], |row| row.get(0))
    };
    let mut span: Option<(Millis, Millis)> = None;
    for target in tables::targets(connection)? {
        if let Some((oldest, newest)) = own(&target, "min")?.zip(own(&target, "max")?) {
            span = Some(span.map_or((oldest, newest), |(first, last)| (first.min(oldest), last.max(newest))));
        }
    }
    Ok(span)
}

/// Nobody is writing them: their writer would have them locked.
fn leftovers(path: &Path) -> Vec<PathBuf> {
    let start = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let files = std::fs::read_dir(disk::folder_of(path)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut left: Vec<PathBuf> = files
        .filter(|file| {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with(&start)
                && name.ends_with(".partial")
                && std::fs::File::open(file).is_ok_and(|file| file.try_lock_shared().is_ok())
        })
        .collect();
    left.sort();
    left
}

/// Finished days since `since` in which no run was made, oldest first; those before the first run are nobody's.
pub fn days_without_runs(
    connection: &Connection,
    since: Millis,
    now: Millis,
    zone: &TimeZone,
) -> rusqlite::Result<Vec<Date>> {
    let mut next_run = connection.prepare("SELECT min(started_at) FROM runs WHERE started_at >= ?1")?;
    let mut run_after = |at: Millis| next_run.query_row([at], |row| row.get::<_, Option<Millis>>(0));
    let mut missing = Vec::new();
    let Some(first) = run_after(Millis::MIN)? else { return Ok(missing) };
    let mut at = first.max(since);
    while let Some(day) = Day::of_snapshot(at, zone).filter(|day| day.ends_at <= now) {
        if run_after(day.begins_at)?.is_none_or(|run| run >= day.ends_at) {
            missing.push(day.date);
        }
        at = day.ends_at;
    }
    Ok(missing)
}

/// How runs went since `since`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rhythm {
    pub runs: u64,
    /// Took longer than the interval: the run after each was skipped.
    pub too_long: u64,
    /// Began before the run before them: the clock was set back.
    pub steps_back: u64,
    /// When the newest of those began.
    pub last_step: Option<Millis>,
}

/// Runs that began at `since` or later, in the order in which they were made.
pub fn rhythm(connection: &Connection, since: Millis, interval: Duration) -> rusqlite::Result<Rhythm> {
    let interval = millis(interval);
    connection.query_row(
        "SELECT count(*), coalesce(sum(duration_ms > ?2), 0), coalesce(sum(is_step), 0), max(iif(is_step, started_at, NULL))
         FROM (SELECT started_at, duration_ms, coalesce(started_at < lag(started_at) OVER (ORDER BY id) - ?3, 0) AS is_step
               FROM runs)
         WHERE started_at >= ?1",
        params![since, interval, LEAST_STEP_BACK],
        |row| {
            let count = |index: usize| -> rusqlite::Result<u64> { Ok(u64::try_from(row.get::<_, i64>(index)?).unwrap_or(0)) };
            Ok(Rhythm { runs: count(0)?, too_long: count(1)?, steps_back: count(2)?, last_step: row.get(3)? })
        },
    )
}
