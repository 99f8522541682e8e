//! One run of each command at a time, by the operating system: a file beside the database that the kernel unlocks when the
//! process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::failure::{Exit, Failure};
use crate::sample::{Millis, lapse};
use crate::settings::durations::spoken;

/// Every command that writes to the database, in the order in which all their locks are taken.
pub const WRITERS: [&str; 5] = ["collect-once", "aggregate-daily", "cleanup", "check", "restore"];

/// How often a waiting command looks whether the lock is free.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// How long a command waits for the others before it brings an older file up to date: all timers fire in the minute after
/// an upgrade, and none of them should lose its run.
const MIGRATION_PATIENCE: Duration = Duration::from_secs(20);

/// How often, and how many times, the one that finds the lock taken looks for the note of who has it.
const NOTE_LOOK_AGAIN: Duration = Duration::from_millis(5);
const NOTE_LOOKS: u32 = 20;

/// Held as long as it lives.
#[derive(Debug)]
pub struct Lock {
    held: Vec<Held>,
}

/// One lock file of ours.
#[derive(Debug)]
struct Held {
    /// The command whose lock it is.
    writer: String,
    file: File,
}

impl Drop for Held {
    /// The next one finds its own note or none, not that of a process that is gone.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

impl Lock {
    /// Takes the lock of `command` on the database at `path`, waiting up to `wait` for another process to end; those of
    /// all commands when the file is of an older schema, because whoever opens it will migrate it.
    pub fn take(path: &Path, command: &str, wait: Duration, clock: &Clock) -> Result<Self, Failure> {
        Self::take_several(path, &[command], command, wait, clock)
    }

    /// The same for a command that keeps others out as well: the locks of some of `WRITERS`, in their order.
    pub fn take_several(
        path: &Path,
        locks: &[&str],
        command: &str,
        wait: Duration,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let give_up = Instant::now() + wait;
        let mut held = Vec::with_capacity(locks.len());
        for writer in WRITERS.iter().filter(|writer| locks.contains(writer)) {
            held.push(one(path, writer, command, give_up, wait, clock)?);
        }
        let own = Self { held };
        // Nobody else can migrate or restore it from here on: both need the lock that we have.
        if !super::migrate::is_due(path) {
            return Ok(own);
        }
        drop(own);
        Self::take_all(path, command, wait.max(MIGRATION_PATIENCE), clock)
    }

    /// Takes the locks of all writing commands, for `command`.
    pub fn take_all(path: &Path, command: &str, wait: Duration, clock: &Clock) -> Result<Self, Failure> {
        let give_up = Instant::now() + wait;
        let mut held = Vec::with_capacity(WRITERS.len());
        for writer in WRITERS {
            held.push(one(path, writer, command, give_up, wait, clock)?);
        }
        Ok(Self { held })
    }

    /// Lets go of all locks but that of `command`: the file is up to date, the others may work.
    pub fn narrow(&mut self, command: &str) {
        self.narrow_to(&[command]);
    }

    /// The same for a command that goes on keeping others out.
    pub fn narrow_to(&mut self, locks: &[&str]) {
        self.held.retain(|held| locks.contains(&held.writer.as_str()));
    }
}

/// The lock file of `writer`, for `command`.
fn one(
    path: &Path,
    writer: &str,
    command: &str,
    give_up: Instant,
    wait: Duration,
    clock: &Clock,
) -> Result<Held, Failure> {
    let lock_path = PathBuf::from(format!("{}.{writer}.lock", path.display()));
    let is_new = !lock_path.exists();
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o640)
        .open(&lock_path)
        .map_err(|error| cannot_open(&lock_path, &error))?;
    if is_new {
        give_to_owner_of_folder(&file, &lock_path);
    }
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < give_up => std::thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => return Err(busy(&mut file, &lock_path, wait, clock)),
            Err(TryLockError::Error(error)) => return Err(cannot_open(&lock_path, &error)),
        }
    }
    // For the message of the next one only; the lock does not depend on it.
    let note = format!("{command}\n{}\n{}\n", std::process::id(), clock.now());
    let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(note.as_bytes()));
    if let Err(error) = written {
        log::debug!("{}: {}", lock_path.display(), crate::settings::words::system_reason(&error));
    }
    Ok(Held { writer: writer.to_owned(), file })
}

/// What root makes by hand in the folder of the collector, the collector must be able to open. Nobody but root can give a
/// file away, and nobody else needs to.
pub fn give_to_owner_of_folder(file: &File, path: &Path) {
    let (Ok(own), Ok(folder)) = (file.metadata(), std::fs::metadata(super::disk::folder_of(path))) else { return };
    if own.uid() != folder.uid() {
        // Not being root is no fault.
        let _ = std::os::unix::fs::fchown(file, Some(folder.uid()), Some(folder.gid()));
    }
}

fn busy(file: &mut File, lock_path: &Path, waited: Duration, clock: &Clock) -> Failure {
    let mut note = String::new();
    // Who has just taken the lock has not written its note yet. What cannot be read is not said.
    for _ in 0..NOTE_LOOKS {
        note.clear();
        let _ = file.rewind().and_then(|()| file.read_to_string(&mut note));
        if note.lines().count() == 3 && note.ends_with('\n') {
            break;
        }
        std::thread::sleep(NOTE_LOOK_AGAIN);
    }
    let mut lines = note.lines();
    let who = match (lines.next(), lines.next(), lines.next().and_then(|started| started.parse::<Millis>().ok())) {
        (Some(command), Some(pid), Some(started)) => {
            let age = lapse(clock.now() - started);
            format!("{command}, pid {pid}, started {} ago", spoken(Duration::from_secs(age.as_secs())))
        }
        _ => "it did not say which".to_owned(),
    };
    let hint = if waited.is_zero() {
        "--wait 20s waits for it. Nothing was done".to_owned()
    } else {
        format!("waited {} in vain. Nothing was done", spoken(waited))
    };
    Failure::new(Exit::Busy, format!("another stellar is running: {who} (lock {})", lock_path.display()))
        .with_hint(hint)
}

fn cannot_open(lock_path: &Path, error: &std::io::Error) -> Failure {
    let reason = crate::settings::words::system_reason(error);
    let failure = Failure::new(Exit::Database, format!("{}: cannot take the lock: {reason}", lock_path.display()));
    match lock_path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        Some(folder) => failure.with_hint(format!(
            "make the folder first: mkdir -p {}; or choose another file with [database] path or --db",
            folder.display()
        )),
        None if error.kind() == std::io::ErrorKind::PermissionDenied => {
            failure.with_hint("run as the user who owns the database")
        }
        None => failure.with_hint("the folder of the database must be one that can be written"),
    }
}
