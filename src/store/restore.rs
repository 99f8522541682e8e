//! A backup in the place of the database, which is kept beside it.
//!
//! The new file is made whole under another name. Then, with the locks of all writing commands held and SQLite's own lock
//! for writing on the old file:
//! 1. the old -wal is emptied into the old file, which is then whole by itself;
//! 2. the old file gets a second name, under which it is kept;
//! 3. the new file takes the first name, in one step;
//! 4. the old -wal, which is empty, and -shm are removed. Readers that have the old file open keep them and the old file;
//!    the new file is not used with a -wal before the next command writes to it.
//!
//! Whoever is killed in between leaves the old file or the new one, with no -wal that belongs to the other.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::backup::is_same;
use super::copy::{self, Copied, Steps};
use super::partial::{Partial, beside, sync_folder};
use super::{PATIENCE, explain, lock, migrate, open_read_only};
use crate::failure::{Exit, Failure};
use crate::settings::words::system_reason;

/// How often a program that is not stellar may write between two of our steps before we give up.
const TRIES: usize = 10;

/// What a restore did.
#[derive(Debug)]
pub struct Restored {
    pub copied: Copied,
    /// The file that was replaced; nothing when there was none.
    pub kept: Option<PathBuf>,
}

/// Puts what is in `file` in the place of the database; the caller holds the locks of all writing commands. `stamp` becomes
/// a part of the name of the file that is replaced.
pub fn restore(file: &Path, database: &Path, stamp: &str, steps: &Steps) -> Result<Restored, Failure> {
    let untouched = |failure: Failure, hint: &str| {
        let hint = format!("{hint}; the database was not changed");
        Failure { hint: Some(hint), ..failure }
    };
    if is_same(database, file) {
        let what = format!("{}: is the database itself", file.display());
        return Err(Failure::new(Exit::Usage, what).with_hint("name a backup: stellar restore FILE"));
    }
    if !file.exists() {
        let what = format!("{}: there is no such file", file.display());
        return Err(untouched(Failure::new(Exit::Database, what), "name a backup that is there"));
    }
    let source = open_read_only(file).map_err(|failure| match failure.what.contains(" has schema ") {
        true => failure,
        false => untouched(failure, "name a file that stellar backup made"),
    })?;
    // A link stays a link.
    let place = std::fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
    if database.symlink_metadata().is_ok() && !place.exists() {
        let what = format!("{}: is a link that leads nowhere", database.display());
        return Err(Failure::new(Exit::Database, what).with_hint("remove the link, or make what it leads to"));
    }
    let partial = Partial::create(&place)?;
    let copied = copy::copy(&source, file, &partial, steps).map_err(|failure| match failure.hint {
        None => untouched(failure, "try an older backup"),
        Some(_) => failure,
    })?;
    drop(source);
    give_owner_and_mode(&partial, &place)?;
    let kept = replace(partial, &place, stamp)?;
    Ok(Restored { copied, kept })
}

/// The new file is for the same people as the old one.
pub(super) fn give_owner_and_mode(partial: &Partial, place: &Path) -> Result<(), Failure> {
    let Ok(old) = std::fs::metadata(place) else {
        lock::give_to_owner_of_folder(partial.file(), place);
        return Ok(());
    };
    let give = || -> io::Result<()> {
        let new = partial.file().metadata()?;
        if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
            fchown(partial.file(), Some(old.uid()), Some(old.gid()))?;
        }
        partial.file().set_permissions(Permissions::from_mode(old.mode() & 0o7777))
    };
    give().map_err(|error| {
        let what = format!("{}: cannot keep its owner and mode: {}", place.display(), system_reason(&error));
        Failure::new(Exit::Database, what)
            .with_hint("run as root or as the user who owns the database; it was not changed")
    })
}

/// The old database, which nobody can write to as long as this lives.
enum Old {
    None,
    /// Whole without its -wal.
    Whole(#[allow(dead_code, reason = "holds the lock")] Connection),
    /// SQLite cannot make sense of it.
    Damaged,
}

fn replace(partial: Partial, place: &Path, stamp: &str) -> Result<Option<PathBuf>, Failure> {
    let old = hold(place)?;
    let failure = |what: &str, error: &io::Error| {
        let what = format!("{}: {what}: {}", place.display(), system_reason(error));
        Failure::new(Exit::Database, what).with_hint("the database was not changed")
    };
    let kept = match &old {
        Old::None => None,
        _ => Some(keep(place, stamp).map_err(|error| failure("cannot be kept under a second name", &error))?),
    };
    if !matches!(old, Old::Whole(_)) {
        // What a damaged file has not taken in, and what is left of one that was deleted, may be of use to somebody.
        let log = beside(place, "-wal");
        if std::fs::metadata(&log).is_ok_and(|about| about.len() > 0) {
            let aside = kept.clone().unwrap_or_else(|| beside(place, &format!(".before-restore-{stamp}")));
            std::fs::rename(&log, beside(&aside, "-wal"))
                .map_err(|error| failure("its -wal cannot be kept", &error))?;
        }
    }
    sync_folder(place).map_err(|error| failure("its folder cannot be written", &error))?;
    if let Err(failure) = partial.place(true) {
        if let Some(kept) = kept.filter(|kept| is_same(kept, place)) {
            // The database still has its own name.
            let _ = std::fs::remove_file(kept);
        }
        return Err(failure);
    }
    for ending in ["-wal", "-shm"] {
        let log = beside(place, ending);
        match std::fs::remove_file(&log) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                log::warn!("{}: of the replaced database, cannot be removed: {}", log.display(), system_reason(&error));
            }
            _ => {}
        }
    }
    if let Err(error) = sync_folder(place) {
        log::warn!("{}: its folder cannot be written: {}", place.display(), system_reason(&error));
    }
    drop(old);
    Ok(kept)
}

/// Makes the old file whole by itself and keeps every program from writing to it.
fn hold(place: &Path) -> Result<Old, Failure> {
    if !place.exists() {
        return Ok(Old::None);
    }
    let attempt = || -> rusqlite::Result<Option<Connection>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(place, flags)?;
        connection.busy_timeout(PATIENCE)?;
        migrate::keep_log_files(&connection);
        for _ in 0..TRIES {
            let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
            if is_busy {
                return Ok(None);
            }
            connection.execute_batch("BEGIN IMMEDIATE")?;
            // Somebody who is not stellar may have written before we had the lock.
            if std::fs::metadata(beside(place, "-wal")).map_or(true, |log| log.len() == 0) {
                return Ok(Some(connection));
            }
            connection.execute_batch("ROLLBACK")?;
        }
        Ok(None)
    };
    match attempt() {
        Ok(Some(connection)) => {
            migrate::refuse_others(&connection, place)?;
            Ok(Old::Whole(connection))
        }
        Ok(None) => {
            let seconds = PATIENCE.as_secs();
            let what = format!("{}: another program reads or writes it for more than {seconds} s", place.display());
            Err(Failure::new(Exit::Database, what)
                .with_hint(format!("see who: fuser -v {}; the database was not changed", place.display())))
        }
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Ok(Old::Damaged),
            _ => Err(explain(place, &error)),
        },
    }
}

/// Gives the old file a second name, or copies it where files have one name only.
fn keep(place: &Path, stamp: &str) -> io::Result<PathBuf> {
    let mut kept = beside(place, &format!(".before-restore-{stamp}"));
    let mut number = 1;
    loop {
        match std::fs::hard_link(place, &kept) {
            Ok(()) => return Ok(kept),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                number += 1;
                kept = beside(place, &format!(".before-restore-{stamp}-{number}"));
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => break,
            Err(error) => return Err(error),
        }
    }
    let partial = Partial::create(&kept).map_err(|failure| io::Error::other(failure.what))?;
    io::copy(&mut std::fs::File::open(place)?, &mut partial.file())?;
    partial.place(false).map_err(|failure| io::Error::other(failure.what))?;
    Ok(kept)
}
