//! A whole database into another file with SQLite's backup API, and the proof that the copy is the same.
//!
//! The source is read in one transaction. In WAL mode that keeps no writer waiting, and the copy is of one moment however
//! much is written meanwhile: SQLite would begin anew at every change if each step read for itself.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::partial::Partial;
use super::{columns::quoted, disk, explain, migrate, uri_path};
use crate::failure::{Exit, Failure};

/// 2 MiB at a time: the line that shows progress moves.
const PAGES_A_STEP: i32 = 256;

/// Where the two bytes stand that say whether a file is read together with a -wal, and what they are when it is not.
const JOURNAL_OFFSET: u64 = 18;
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// How far a copy is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Steps {
    pub pages: AtomicU64,
    pub of: AtomicU64,
    /// Copied; now it is compared.
    pub checking: AtomicBool,
}

/// A copy that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    pub bytes: u64,
    /// The number of migrations that made the database.
    pub schema: usize,
    /// Each table and its rows, by name.
    pub tables: Vec<(String, u64)>,
}

impl Copied {
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// What must be the same in source and copy.
#[derive(PartialEq, Eq)]
struct Content {
    /// `user_version` and `application_id`.
    header: [i64; 2],
    schema: Vec<String>,
    tables: Vec<(String, u64)>,
}

/// Copies what `source` (the file `path`) holds now. The copy is one file without a -wal, is on the disk, and was compared
/// with the source.
///
/// # Errors
/// When the disk of the copy is too small or full, and when the source is damaged; nothing is left behind then.
pub(super) fn copy(source: &Connection, path: &Path, partial: &Partial, steps: &Steps) -> Result<Copied, Failure> {
    let of_source = |error: rusqlite::Error| explain(path, &error);
    let reading = source.unchecked_transaction().map_err(of_source)?;
    let number = |pragma: &str| reading.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let bytes = number("page_count").and_then(|pages| Ok(pages * number("page_size")?)).map_err(of_source)?;
    let bytes = u64::try_from(bytes).unwrap_or(0);
    disk::refuse_when_short(partial.path(), bytes)?;
    pages(&reading, partial.path(), steps).map_err(|error| explain_either(path, partial.path(), &error))?;
    steps.checking.store(true, Ordering::Relaxed);

    let as_file = |error: std::io::Error| {
        let reason = crate::settings::words::system_reason(&error);
        Failure::new(Exit::Database, format!("{}: cannot be written: {reason}", partial.path().display()))
            .with_hint("free space, or name a file on another disk; nothing was kept")
    };
    // Whoever opens the copy, on a medium that cannot be written too, needs no files beside it.
    partial.file().write_all_at(&WITHOUT_LOG, JOURNAL_OFFSET).map_err(as_file)?;
    partial.file().sync_all().map_err(as_file)?;

    let of_copy = |error: rusqlite::Error| explain(partial.path(), &error);
    let name = format!("file:{}?immutable=1", uri_path(partial.path()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let copy = Connection::open_with_flags(name, flags).map_err(of_copy)?;
    if let Some(damage) = damage(&copy).map_err(of_copy)? {
        return Err(Failure::new(Exit::Database, format!("{}: is damaged: {damage}", path.display())));
    }
    let content = Content::of(&copy).map_err(of_copy)?;
    if content != Content::of(&reading).map_err(of_source)? {
        let what = format!("{}: the copy of {} is not the same", partial.path().display(), path.display());
        return Err(Failure::new(Exit::Database, what).with_hint("is the disk sound? nothing was kept"));
    }
    let schema = migrate::schema(&copy, path)?;
    Ok(Copied { bytes, schema, tables: content.tables })
}

fn pages(source: &Connection, target: &Path, steps: &Steps) -> rusqlite::Result<()> {
    // Nobody else opens this file, see `Partial`.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags_and_vfs(target, flags, "unix-none")?;
    // A copy that is cut short is thrown away, not rolled back; it is put on the disk once, at the end.
    target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let backup = Backup::new(source, &mut target)?;
    loop {
        let step = backup.step(PAGES_A_STEP)?;
        let progress = backup.progress();
        let number = |pages: i32| u64::try_from(pages).unwrap_or(0);
        steps.of.store(number(progress.pagecount), Ordering::Relaxed);
        steps.pages.store(number(progress.pagecount - progress.remaining), Ordering::Relaxed);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Neither has another user: the source is in its transaction already.
            _ => {
                return Err(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                    None,
                ));
            }
        }
    }
    drop(backup);
    target.close().map_err(|(_, error)| error)
}

/// The first fault that SQLite finds.
fn damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    first_fault(connection, "PRAGMA integrity_check(1)")
}

/// The same without comparing indexes with their tables, in a fraction of the time.
pub(super) fn quick_damage(connection: &Connection) -> rusqlite::Result<Option<String>> {
    first_fault(connection, "PRAGMA quick_check(1)")
}

fn first_fault(connection: &Connection, check: &str) -> rusqlite::Result<Option<String>> {
    let said: String = connection.query_row(check, [], |row| row.get(0))?;
    Ok((said != "ok").then(|| said.lines().last().unwrap_or_default().to_owned()))
}

impl Content {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
            connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
        };
        let names = texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
        let counted = names.into_iter().map(|name| {
            let sql = format!("SELECT count(*) FROM {}", quoted(&name));
            let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok((name, u64::try_from(rows).unwrap_or(0)))
        });
        Ok(Self {
            header: [number("user_version")?, number("application_id")?],
            schema: texts("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1")?,
            tables: counted.collect::<rusqlite::Result<_>>()?,
        })
    }
}

/// The backup API has one error for both files.
fn explain_either(source: &Path, target: &Path, error: &rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            let what = format!("{}: disk full{} while copying", target.display(), disk::in_brackets(target));
            Failure::new(Exit::Database, what)
                .with_hint("free space, or name a file on another disk; nothing was kept and nothing was changed")
        }
        _ => explain(source, error),
    }
}
