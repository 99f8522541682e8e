//! A copy of the history in one file, made while collections go on.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use super::copy::{self, Copied, Steps};
use super::disk::folder_of;
use super::partial::{Partial, beside};
use super::{PATIENCE, open_read_only};
use crate::failure::{Exit, Failure};
use crate::sample::Millis;

/// Where the newest backup is noted, in `info`.
const LAST_AT: &str = "last_backup_at";
const LAST_FILE: &str = "last_backup_file";

/// Copies the database into `file`, which appears when it is whole. An existing one is replaced with `force` only, and
/// only when the new one is whole.
pub fn backup(database: &Path, file: &Path, force: bool, steps: &Steps) -> Result<Copied, Failure> {
    let source = open_read_only(database)?;
    refuse_target(database, file, force)?;
    let partial = Partial::create(file)?;
    let hint = |failure: Failure| match failure.hint {
        None => failure.with_hint("nothing was kept; older backups may be whole: stellar restore FILE"),
        Some(_) => failure,
    };
    let copied = copy::copy(&source, database, &partial, steps).map_err(hint)?;
    partial.place(force)?;
    Ok(copied)
}

/// Notes in the database that a backup was made. Those who may only read can make one, but cannot note it.
pub fn remember(database: &Path, file: &Path, at: Millis) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(database, flags)?;
    connection.busy_timeout(PATIENCE)?;
    super::migrate::keep_log_files(&connection);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    for (name, value) in [(LAST_AT, at.to_string()), (LAST_FILE, file.to_string_lossy().into_owned())] {
        transaction.execute("INSERT OR REPLACE INTO info (name, value) VALUES (?1, ?2)", [name, &value])?;
    }
    transaction.commit()
}

/// When the newest backup was made, and where.
pub fn last(connection: &Connection) -> rusqlite::Result<Option<(Millis, String)>> {
    let value = |name: &str| {
        let found =
            connection.query_row("SELECT value FROM info WHERE name = ?1", [name], |row| row.get::<_, String>(0));
        found.optional()
    };
    let at = value(LAST_AT)?.and_then(|text| text.parse().ok());
    Ok(at.zip(value(LAST_FILE)?))
}

fn refuse_target(database: &Path, file: &Path, force: bool) -> Result<(), Failure> {
    let refused = |what: String, hint: String| {
        Err(Failure::new(Exit::Usage, format!("{}: {what}", file.display())).with_hint(hint))
    };
    let log_files = ["-wal", "-shm", "-journal"].map(|ending| beside(database, ending));
    if is_same(database, file) || log_files.iter().any(|log| place(log) == place(file)) {
        return refused("is the database itself".to_owned(), "name another file; nothing was changed".to_owned());
    }
    if file.is_dir() {
        let hint = format!("name a file in it: {}", file.join("stellar-backup.db").display());
        return refused("is a folder".to_owned(), hint);
    }
    if let Ok(about) = file.symlink_metadata() {
        if !force {
            let hint = "name another file, or replace this one with --force".to_owned();
            return refused("is there already; it was not changed".to_owned(), hint);
        }
        if !about.is_file() {
            let hint = "name another file; it was not changed".to_owned();
            return refused("is not an ordinary file, so it is not replaced".to_owned(), hint);
        }
    }
    // SQLite would take what stands there for the newest pages of the copy.
    for ending in ["-wal", "-journal"] {
        let log = beside(file, ending);
        if std::fs::metadata(&log).is_ok_and(|about| about.len() > 0) {
            let what = format!("belongs to a database that is in use: {} is beside it", log.display());
            return refused(
                what,
                "name another file; stellar restore puts a backup in the place of a database".to_owned(),
            );
        }
    }
    Ok(())
}

/// Whether both names lead to one file, which need not be there.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    match (identity(one), identity(other)) {
        (Some(one), Some(other)) => one == other,
        _ => place(one) == place(other),
    }
}

/// A path without links on the way to it.
fn place(path: &Path) -> PathBuf {
    let folder = std::fs::canonicalize(folder_of(path)).unwrap_or_else(|_| folder_of(path).to_owned());
    path.file_name().map_or(folder.clone(), |name| folder.join(name))
}
