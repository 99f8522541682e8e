//! From an empty file or an older schema to today's, one exclusive transaction a migration.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::explain;
use crate::failure::{Exit, Failure};

/// In order; never remove or change one that was released.
const MIGRATIONS: &[&str] =
    &[include_str!("../../migrations/0001_foundation.sql"), include_str!("../../migrations/0002_days.sql")];

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
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 8388608;",
        )
        .map_err(explain)?;
    keep_log_files(connection);
    if version < MIGRATIONS.len() {
        migrate(connection).map_err(explain)?;
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        // Asked again inside the lock: another process may have been faster.
        let version = version(&transaction)?;
        let Some(migration) = MIGRATIONS.get(version) else { return Ok(()) };
        transaction.execute_batch(migration)?;
        transaction.execute(
            "INSERT OR REPLACE INTO info (name, value) VALUES ('written_by', ?1)",
            [env!("CARGO_PKG_VERSION")],
        )?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version as i64 + 1)?;
        transaction.commit()?;
    }
}

/// A file of another program and one of a newer stellar are left as they are.
pub fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let explain = |error: rusqlite::Error| explain(path, &error);
    let file = path.display();
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(explain)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(explain)?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(Failure::new(Exit::Database, format!("{file}: is a database of another program"))
            .with_hint("name another file with [database] path or --db; this one was not changed"));
    }
    let (version, known) = (version(connection).map_err(explain)?, MIGRATIONS.len());
    if version > known {
        let writer: Option<String> =
            connection.query_row("SELECT value FROM info WHERE name = 'written_by'", [], |row| row.get(0)).ok();
        let own = env!("CARGO_PKG_VERSION");
        let (by, needed) = match writer {
            Some(writer) => (format!("; it was written by stellar {writer}"), format!("use stellar >= {writer}")),
            None => (String::new(), "use the stellar that wrote it, or a newer one".to_owned()),
        };
        return Err(Failure::new(
            Exit::Database,
            format!("{file} has schema {version}, this stellar {own} knows up to {known}{by}"),
        )
        .with_hint(format!("{needed}. The file was not changed")));
    }
    Ok(())
}

/// For those who read what an older schema does not have and may not migrate.
pub fn refuse_old(connection: &Connection, path: &Path) -> Result<(), Failure> {
    let version = version(connection).map_err(|error| explain(path, &error))?;
    if version < MIGRATIONS.len() {
        let what = format!("{} has schema {version}, this needs {}", path.display(), MIGRATIONS.len());
        return Err(Failure::new(Exit::Database, what)
            .with_hint("the next collection, or this command without --dry-run, brings it up to date"));
    }
    Ok(())
}

/// Whether a collection has ever made its tables here.
pub fn has_schema(connection: &Connection, path: &Path) -> Result<bool, Failure> {
    Ok(version(connection).map_err(|error| explain(path, &error))? > 0)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// SQLite removes the -wal and -shm files with the last writer, and a reader without write permission to the folder
/// could then not open the file. rusqlite has no call for this switch.
fn keep_log_files(connection: &Connection) {
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
