//! The history: one SQLite file. All SQL of the program is in this folder.
//!
//! # Locking
//! A writing command holds `<file>.<command>.lock` for its whole run (see `lock`), a restore and a migration those of all
//! commands; SQLite's own locks are held for milliseconds. Readers open read-only and never wait for a writer (WAL).
//!
//! # Compatibility
//! `PRAGMA user_version` is the number of migrations applied. A newer file is refused and not touched. Metric columns are
//! no part of a migration: a column of the catalogue that is missing is added on open, a column that the catalogue does
//! not know is left alone.
//!
//! # Durability
//! WAL with `synchronous = FULL`: a run that has ended is on the disk. One immediate transaction a run: a run that is
//! killed at any instruction leaves nothing of itself.

pub mod alerts;
pub mod backup;
pub mod cleanup;
mod columns;
pub mod copy;
pub mod daily;
pub mod disk;
mod fetches;
pub mod gaps;
pub mod health;
mod keys;
pub mod lock;
pub mod memory;
mod migrate;
pub mod partial;
pub mod read;
pub mod restore;
pub mod samples;
pub mod tables;
pub mod write;

pub use migrate::{is_due, refuse_old};

use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::catalogue::Catalogue;
use crate::failure::{Exit, Failure};
use crate::settings::metric_entry::Subject;

/// How long a statement waits for a program that is not stellar.
const PATIENCE: Duration = Duration::from_secs(5);

/// Owner reads and writes, the group reads: operators in the group `stellar` can run reports.
const FILE_MODE: u32 = 0o640;

/// The table that holds the snapshots of a subject.
pub fn snapshot_table(subject: Subject) -> &'static str {
    match subject {
        Subject::Cluster => "metrics_snapshots",
        Subject::Node => "node_snapshots",
        Subject::Batch => "batch_snapshots",
    }
}

/// For SELECTs on the nodes of cluster ?1: `known.name` steps from node to node in the index, because the rows of each are
/// thousands.
const KNOWN_NODES: &str = "WITH RECURSIVE known (name) AS (
    SELECT min(node) FROM node_snapshots WHERE cluster_id = ?1
    UNION ALL
    SELECT (SELECT min(node) FROM node_snapshots WHERE cluster_id = ?1 AND node > name) FROM known WHERE name NOT NULL
)";

/// The history, open for writing.
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the file, makes it when it is not there, brings its schema and its metric columns up to date.
    pub fn open(path: &Path, catalogue: &Catalogue) -> Result<Self, Failure> {
        create_file(path)?;
        let explain = |error: rusqlite::Error| explain(path, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(explain)?;
        connection.busy_timeout(PATIENCE).map_err(explain)?;
        keep_plans(&connection).map_err(explain)?;
        migrate::prepare(&mut connection, path)?;
        for subject in Subject::ALL {
            let names: Vec<&str> = catalogue.stored(subject).map(|metric| metric.name()).collect();
            columns::ensure(&mut connection, snapshot_table(subject), &names).map_err(explain)?;
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// An existing file for reading only, for a run that stores nothing; `None` when there is none yet.
    pub fn look_at(path: &Path) -> Result<Option<Self>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        Ok(Some(Self { connection: open_read_only(path)?, path: path.to_owned() }))
    }

    /// A history that must be there, for a command that adds nothing from outside.
    pub fn existing(path: &Path, catalogue: &Catalogue, read_only: bool) -> Result<Self, Failure> {
        let connection = open_read_only(path)?;
        if !read_only {
            drop(connection);
            return Self::open(path, catalogue);
        }
        migrate::refuse_old(&connection, path)?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn explain(&self, error: &rusqlite::Error) -> Failure {
        explain(&self.path, error)
    }
}

/// Opens a file that must exist, for reading only. Works without write permission, while a collection runs and while
/// none does.
pub fn open_read_only(path: &Path) -> Result<Connection, Failure> {
    must_exist(path)?;
    let attempt = |name: String, more: OpenFlags| -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
        let connection = Connection::open_with_flags(name, flags)?;
        connection.busy_timeout(PATIENCE)?;
        keep_plans(&connection)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    let name = path.to_string_lossy().into_owned();
    let connection = attempt(name, OpenFlags::empty()).or_else(|error| {
        // Somebody removed the -wal and -shm files and we may not make them, or there is no room. Without a -wal the file
        // alone is whole.
        let log = PathBuf::from(format!("{}-wal", path.display()));
        let nothing_pending = std::fs::metadata(&log).map_or(true, |log| log.len() == 0);
        let cannot_open = matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly));
        if !(nothing_pending && (cannot_open || lacks_room(&error))) {
            return Err(error);
        }
        attempt(format!("file:{}?immutable=1", uri_path(path)), OpenFlags::SQLITE_OPEN_URI)
    });
    let connection = connection.map_err(|error| explain(path, &error))?;
    migrate::refuse_foreign(&connection, path)?;
    if !migrate::has_schema(&connection, path)? {
        return Err(Failure::new(Exit::Database, format!("{}: there is nothing in it yet", path.display()))
            .with_hint("collect first: stellar collect-once"));
    }
    Ok(connection)
}

/// A plan once made serves all values. Otherwise SQLite makes it anew whenever other values are bound, to see whether these
/// would have a better one, and that costs more than most of our statements; nothing here was ever analyzed, so there is none.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// For commands that make nothing, before they leave a lock beside a database that is not there. What cannot be looked for is
/// told by whoever opens it.
pub fn must_exist(path: &Path) -> Result<(), Failure> {
    refuse_folder(path)?;
    match path.try_exists() {
        Ok(false) => Err(Failure::new(Exit::Database, format!("{}: there is no database", path.display()))
            .with_hint("collect first: stellar collect-once; or name another file with --db")),
        Ok(true) | Err(_) => Ok(()),
    }
}

fn refuse_folder(path: &Path) -> Result<(), Failure> {
    match path.is_dir() {
        true => Err(Failure::new(Exit::Database, format!("{}: is a folder, not a database", path.display()))
            .with_hint("name the file in it, such as stellar.db")),
        false => Ok(()),
    }
}

/// A path as SQLite's URIs want it.
fn uri_path(path: &Path) -> String {
    let text = path.to_string_lossy();
    text.chars()
        .flat_map(|letter| match letter {
            '%' => vec!['%', '2', '5'],
            '?' => vec!['%', '3', 'f'],
            '#' => vec!['%', '2', '3'],
            other => vec![other],
        })
        .collect()
}

/// SQLite would make the file with the umask's mode; ours has one of its own from its first moment.
fn create_file(path: &Path) -> Result<(), Failure> {
    refuse_folder(path)?;
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(FILE_MODE).open(path);
    // The umask of a careful person would keep the group out; SQLite gives its log files the mode of this one.
    match made.and_then(|file| file.set_permissions(std::fs::Permissions::from_mode(FILE_MODE))) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let hint = if folder.exists() {
                format!(
                    "let the user who collects write to {}, or choose another file with [database] path or --db",
                    folder.display()
                )
            } else {
                format!(
                    "make the folder first: mkdir -p {}; or choose another file with [database] path or --db",
                    folder.display()
                )
            };
            let reason = crate::settings::words::system_reason(&error);
            Err(Failure::new(Exit::Database, format!("{}: cannot make the database: {reason}", path.display()))
                .with_hint(hint))
        }
    }
}

/// What SQLite says, in words that tell what to do.
pub fn explain(path: &Path, error: &rusqlite::Error) -> Failure {
    let file = path.display();
    let failure = |what: String| Failure::new(Exit::Database, format!("{file}: {what}"));
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            failure(format!("locked by another program for more than {} s (not stellar)", PATIENCE.as_secs()))
                .with_hint(format!("see who: fuser -v {file}"))
        }
        Some(ErrorCode::DiskFull) => disk_full(path),
        _ if lacks_room(error) => disk_full(path),
        Some(ErrorCode::NotADatabase) => failure("is not an SQLite database".to_owned())
            .with_hint("name another file with [database] path or --db; this one was not changed"),
        // No value of ours comes near the size that is too big.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::TooBig) => damaged(path),
        _ if is_not_what_was_written(error) => damaged(path),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => failure("cannot be opened".to_owned())
            .with_hint(format!("is it readable for you? ls -l {file}*; members of its group can run reports")),
        Some(ErrorCode::ReadOnly) => {
            failure("cannot be written".to_owned()).with_hint(format!("run as the user who owns it: ls -l {file}*"))
        }
        Some(ErrorCode::ConstraintViolation) => {
            let what = format!("what it holds does not fit together ({error}); what was being written was rolled back");
            failure(what).with_hint(format!("keep a copy, then ask: sqlite3 {file} 'PRAGMA integrity_check'"))
        }
        Some(ErrorCode::SystemIoFailure) => {
            failure("cannot be read or written: the system reports a fault of the disk".to_owned())
                .with_hint("see what it says: dmesg | tail; nothing stored was lost by this run")
        }
        _ => failure(error.to_string()),
    }
}

fn damaged(path: &Path) -> Failure {
    Failure::new(Exit::Database, format!("{}: the database is damaged", path.display()))
        .with_hint(format!("keep a copy, then try: sqlite3 {} .recover", path.display()))
}

/// A value of another type than its column, a row that another one speaks of and that is not there: no program of ours leaves
/// that behind.
fn is_not_what_was_written(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows, Utf8Error,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | QueryReturnedNoRows
            | Utf8Error(..)
    )
}

fn disk_full(path: &Path) -> Failure {
    let what =
        format!("{}: disk full{}; what was being written was rolled back", path.display(), disk::in_brackets(path));
    Failure::new(Exit::Database, what).with_hint(
        "free space and run it again; nothing stored was lost. stellar cleanup --dry-run says what it could give back",
    )
}

/// SQLite calls it an I/O error when there is no room for the 32 KiB of the -shm file.
fn lacks_room(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
}
