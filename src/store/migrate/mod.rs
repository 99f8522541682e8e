//! From an empty file or an older schema to today's, one exclusive transaction a migration.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::partial::{Partial, beside};
use super::{copy, disk, explain, restore};
use crate::clock::Clock;
use crate::failure::{Exit, Failure};

#[cfg(test)]
mod tests;

/// One step from a schema to the next.
struct Migration {
    sql: &'static str,
    /// Rows that are there are written anew or dropped: the file is backed up before.
    rewrites: bool,
}

/// In order; never remove or change one that was released.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("../../../migrations/0001_foundation.sql"), rewrites: false },
    Migration { sql: include_str!("../../../migrations/0002_days.sql"), rewrites: false },
    Migration { sql: include_str!("../../../migrations/0003_fetches.sql"), rewrites: true },
    Migration { sql: include_str!("../../../migrations/0004_applications.sql"), rewrites: false },
    Migration { sql: include_str!("../../../migrations/0005_alerts.sql"), rewrites: false },
];

/// What a file that is kept before a migration adds to the name, before its schema and the day.
const BEFORE: &str = ".bak-schema";

/// Where the number of migrations stands in the header of a file.
const VERSION_OFFSET: u64 = 60;

/// "stlr": how `file` and we tell our databases from those of others.
const APPLICATION_ID: i32 = 0x7374_6c72;

/// Settings of the connection and of a new file, then the migrations that are missing.
pub fn prepare(connection: &mut Connection, path: &Path) -> Result<(), Failure> {
    refuse_foreign(connection, path)?;
    let explain = |error: rusqlite::Error| explain(path, &error);
    let version = version(connection).map_err(explain)?;
    if version == 0 {
        // Both must be set before the first table and before WAL. Rows of 150 metrics fit a page of 8 KiB.
        connection.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;").map_err(explain)?;
    }
    if version > 0 {
        forget_replaced(connection, path).map_err(explain)?;
    }
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 8388608;",
        )
        .map_err(explain)?;
    keep_log_files(connection);
    if version < MIGRATIONS.len() {
        migrate(connection, path, MIGRATIONS)?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[Migration]) -> Result<(), Failure> {
    let version = schema(connection, path)?;
    // Whoever rewrites an old file has the locks of all writing commands: nothing is written between this and that.
    let rewrites = migrations.iter().skip(version).any(|migration| migration.rewrites);
    if version > 0 && rewrites && has_rows(connection).map_err(|error| explain(path, &error))? {
        keep(connection, path, version)?;
    }
    apply(connection, migrations).map_err(|error| explain(path, &error))
}

/// A new file that was cut off on its way to today's schema has nothing to keep. Every schema has these names.
fn has_rows(connection: &Connection) -> rusqlite::Result<bool> {
    let text = "SELECT EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM clusters)";
    connection.query_row(text, [], |row| row.get(0))
}

/// A copy beside the file, for the way back. One of the same schema and day is replaced: it lacks what came since.
fn keep(connection: &Connection, path: &Path, version: usize) -> Result<(), Failure> {
    let untouched = |failure: Failure| {
        let hint =
            "free space and run it again; a backup is made before the schema changes, and nothing was changed yet";
        Failure { hint: Some(hint.to_owned()), ..failure }
    };
    let size = std::fs::metadata(path).map_or(0, |about| about.len());
    // The copy, and the -wal, through which every page that is written anew passes.
    disk::refuse_when_short(path, size.saturating_mul(2)).map_err(untouched)?;
    let kept = beside(path, &format!("{BEFORE}{version}-{}", today()));
    let partial = Partial::create(&kept)?;
    restore::give_owner_and_mode(&partial, path)?;
    copy::copy(connection, path, &partial, &copy::Steps::default()).map_err(untouched)?;
    partial.place(true)?;
    log::warn!("{}: the schema changes; the file as it was is kept as {}", path.display(), kept.display());
    Ok(())
}

/// `20261122` in UTC: only a part of a name.
fn today() -> String {
    let now = Clock::new(None).ok().and_then(|clock| jiff::Timestamp::from_millisecond(clock.now()).ok());
    now.map_or_else(String::new, |now| now.strftime("%Y%m%d").to_string())
}

/// The newest file that was kept before a migration and that this program can read.
fn kept_before(path: &Path) -> Option<PathBuf> {
    let start = format!("{}{BEFORE}", path.file_name()?.to_string_lossy());
    let names = std::fs::read_dir(disk::folder_of(path)).ok()?.flatten().map(|entry| entry.file_name());
    let known = names.filter_map(|name| {
        let name = name.to_string_lossy().into_owned();
        let (version, day) = name.strip_prefix(&start)?.split_once('-')?;
        let version: usize = version.parse().ok().filter(|version| *version <= MIGRATIONS.len())?;
        let is_day = day.len() == 8 && day.bytes().all(|digit| digit.is_ascii_digit());
        is_day.then(|| (version, day.to_owned(), path.with_file_name(&name)))
    });
    known.max().map(|(.., file)| file)
}

fn apply(connection: &mut Connection, migrations: &[Migration]) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        // Asked again inside the lock: another process may have been faster.
        let version = version(&transaction)?;
        let Some(migration) = migrations.get(version) else { return Ok(()) };
        transaction.execute_batch(migration.sql)?;
        transaction.execute(
            "INSERT OR REPLACE INTO info (name, value) VALUES ('written_by', ?1)",
            [env!("CARGO_PKG_VERSION")],
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version as i64 + 1)?;
        transaction.commit()?;
    }
}

/// Whether opening the file for writing would bring it from an older schema to ours. A new file is nobody's business.
pub fn is_due(path: &Path) -> bool {
    // Looked up in the file itself, for every collection asks: SQLite need not be opened for it.
    let mut header = [0; 4];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut header, VERSION_OFFSET));
    let is_old = |version: usize| (1..MIGRATIONS.len()).contains(&version);
    if read.is_err() || !is_old(u32::from_be_bytes(header) as usize) {
        return false;
    }
    // A migration that stands in the -wal only is done.
    let version = super::open_read_only(path).and_then(|connection| schema(&connection, path));
    version.is_ok_and(is_old)
}

/// A file of another program and one of a newer stellar are left as they are.
pub fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), Failure> {
    refuse_others(connection, path)?;
    refuse_newer(connection, path)
}

/// A file of another program is left as it is.
pub fn refuse_others(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let explain = |error: rusqlite::Error| explain(path, &error);
    let file = path.display();
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(explain)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(explain)?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(Failure::new(Exit::Database, format!("{file}: is a database of another program"))
            .with_hint("name another file with [database] path or --db; this one was not changed"));
    }
    Ok(())
}

/// A file of a newer stellar is left as it is.
pub fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let file = path.display();
    let (version, known) = (schema(connection, path)?, MIGRATIONS.len());
    if version > known {
        let writer: Option<String> =
            connection.query_row("SELECT value FROM info WHERE name = 'written_by'", [], |row| row.get(0)).ok();
        let own = env!("CARGO_PKG_VERSION");
        let (by, needed) = match writer {
            Some(writer) => (format!("; it was written by stellar {writer}"), format!("use stellar >= {writer}")),
            None => (String::new(), "use the stellar that wrote it, or a newer one".to_owned()),
        };
        let back =
            kept_before(path).map_or_else(String::new, |kept| format!(", or: stellar restore {}", kept.display()));
        return Err(Failure::new(
            Exit::Database,
            format!("{file} has schema {version}, this stellar {own} knows up to {known}{by}"),
        )
        .with_hint(format!("{needed}{back}. The file was not changed")));
    }
    Ok(())
}

/// For those who read what an older schema does not have and may not migrate.
pub fn refuse_old(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let version = schema(connection, path)?;
    if version < MIGRATIONS.len() {
        let what = format!("{} has schema {version}, this needs {}", path.display(), MIGRATIONS.len());
        return Err(Failure::new(Exit::Database, what)
            .with_hint("the next collection, or this command without --dry-run, brings it up to date"));
    }
    Ok(())
}

/// The schema that this program makes.
pub fn newest() -> usize {
    MIGRATIONS.len()
}

/// Whether a collection has ever made its tables here.
pub fn has_schema(connection: &Connection, path: &Path) -> Result<bool, Failure> {
    Ok(schema(connection, path)? > 0)
}

/// The number of migrations that made the file.
pub fn schema(connection: &Connection, path: &Path) -> Result<usize, Failure> {
    version(connection).map_err(|error| explain(path, &error))
}

/// The same for those who explain their errors themselves.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// A restored file is not used with a -wal yet. When the restore was killed before it could remove the -shm of the replaced
/// one, and somebody still reads that, SQLite would take it for ours.
fn forget_replaced(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let has_log = || connection.pragma_query_value(None, "journal_mode", |row| Ok(row.get_ref(0)?.as_str()? == "wal"));
    let log_files = ["-wal", "-shm"].map(|ending| beside(path, ending));
    if has_log()? || !log_files.iter().any(|file| file.exists()) {
        return Ok(());
    }
    // Whoever turned the -wal on meanwhile has the file open, and then this sees it, too.
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    if !has_log()? {
        for file in log_files {
            // What cannot be removed here cannot be made anew either; the next statement says so.
            let _ = std::fs::remove_file(file);
        }
    }
    connection.execute_batch("COMMIT")
}

/// SQLite removes the -wal and -shm files with the last writer, and a reader without write permission to the folder
/// could then not open the file. rusqlite has no call for this switch.
pub fn keep_log_files(connection: &Connection) {
    let mut keep: std::os::raw::c_int = 1;
    // SAFETY: the handle is open for as long as `connection` is borrowed; SQLite reads and writes one int through the
    // pointer, during the call only.
    unsafe {
        rusqlite::ffi::sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            rusqlite::ffi::SQLITE_FCNTL_PERSIST_WAL,
            (&raw mut keep).cast(),
        );
    }
}
