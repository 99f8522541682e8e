//! Runs the program in a folder of its own, with an empty environment and the clock at a moment.
#![allow(dead_code, reason = "a part of the tests uses a part of it")]

use std::fmt;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::common::replay::Cluster;

/// What a run of the program left, with paths and durations made equal from run to run.
#[derive(Clone, PartialEq, Eq)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    /// The exit code; of a process that a signal ended, 128 + signal, as a shell says it.
    pub code: i32,
}

/// What is expected of a run.
pub fn ended(code: i32, stdout: impl Into<String>, stderr: impl Into<String>) -> Ended {
    Ended { stdout: stdout.into(), stderr: stderr.into(), code }
}

impl Ended {
    /// With the ports of the cluster made equal from run to run.
    pub fn named(self, cluster: &Cluster) -> Self {
        Self { stdout: cluster.named(&self.stdout), stderr: cluster.named(&self.stderr), ..self }
    }
}

/// A run that is good and says nothing, as a timer wants it.
pub fn silent() -> Ended {
    ended(0, "", "")
}

impl fmt::Debug for Ended {
    /// Readable in a failed comparison.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}---", self.code, self.stdout, self.stderr)
    }
}

/// A folder with a configuration and a place for a database.
pub struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    /// A configuration whose database is `stellar.db` beside it and whose zone is UTC; `rest` follows.
    pub fn new(rest: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("stellar-cli").tempdir().expect("a folder for the test");
        let stage = Self { folder };
        stage.configure(rest);
        stage
    }

    /// One cluster `name`, with a login when `user` has one; further lines follow its block.
    pub fn of(cluster: &Cluster, name: &str, more: &str) -> Self {
        Self::new(&block(name, &cluster.urls(), more))
    }

    /// Writes the configuration anew.
    pub fn configure(&self, rest: &str) {
        self.write("config.toml", &format!("[database]\npath = \"stellar.db\"\n\n{rest}"));
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("the file can be written");
        // Not for everyone: there may be passwords in it.
        std::fs::set_permissions(self.path(name), Permissions::from_mode(0o640)).expect("its mode can be set");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.path("stellar.db")
    }

    /// The program with an empty environment but for the time (unix seconds, or RFC 3339).
    pub fn command(&self, now: impl fmt::Display, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stellar"));
        command.env_clear().env("STELLAR_NOW", now.to_string()).env("TZ", "UTC");
        command.arg("--config").arg(self.path("config.toml")).args(words);
        command.current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    pub fn run(&self, now: impl fmt::Display, words: &[&str]) -> Ended {
        self.ended(self.command(now, words).output().expect("the program starts"))
    }

    /// The output of a process, with this folder called DIR.
    pub fn ended(&self, output: Output) -> Ended {
        let folder = self.folder().to_string_lossy().into_owned();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(&folder, "DIR");
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
        Ended { stdout: text(output.stdout), stderr: text(output.stderr), code: code.unwrap_or(-1) }
    }

    pub fn open(&self) -> Connection {
        Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the database opens")
    }

    /// The rows of a question to the database: `a|b|NULL`, one line a row.
    pub fn rows(&self, sql: &str) -> String {
        rows(&self.open(), sql)
    }
}

/// The metric and key columns of a table but for `without`, ready for a SELECT.
pub fn columns(connection: &Connection, table: &str, without: &[&str]) -> String {
    let names = rows(connection, &format!("SELECT name FROM pragma_table_info('{table}')"));
    let names = names.lines().filter(|name| !without.contains(name));
    names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

pub fn rows(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let width = statement.column_count();
    let mut rows = statement.query([]).expect("the question is answered");
    let mut text = String::new();
    while let Some(row) = rows.next().expect("a row") {
        let cells: Vec<String> = (0..width)
            .map(|index| match row.get_ref(index).expect("a cell") {
                ValueRef::Null => "NULL".to_owned(),
                ValueRef::Integer(number) => number.to_string(),
                // Sums of floating point numbers depend on their order in the last digits.
                ValueRef::Real(number) => plain(number),
                ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
            })
            .collect();
        text += &cells.join("|");
        text.push('\n');
    }
    text
}

/// A number with at most six decimals.
pub fn plain(number: f64) -> String {
    ((number * 1e6).round() / 1e6).to_string()
}

/// The same for what was perhaps not measured.
pub fn or_null(number: Option<f64>) -> String {
    number.map_or_else(|| "NULL".to_owned(), plain)
}

/// Stores the oldest snapshot of each cluster `times` times more, each 30 s before the one after it: a database that takes a
/// while to copy.
pub fn lengthen(database: &Path, times: u32) {
    let connection = Connection::open(database).expect("the database opens");
    let oldest = rows(&connection, "SELECT min(collected_at) FROM metrics_snapshots");
    for (table, keys) in [("metrics_snapshots", ["cluster_id", "run_id"]), ("node_snapshots", ["cluster_id", "node"])] {
        let others = columns(&connection, table, &[&["collected_at"], &keys[..]].concat());
        let keys = keys.join(", ");
        let sql = format!(
            "WITH RECURSIVE back (slot) AS (SELECT 1 UNION ALL SELECT slot + 1 FROM back WHERE slot < {times})
             INSERT INTO {table} ({keys}, collected_at, {others})
             SELECT {keys}, collected_at - slot * 30000, {others} FROM back, {table} WHERE collected_at = {oldest}"
        );
        connection.execute_batch(&sql).expect("the rows are added");
    }
}

/// A `[[clusters]]` block.
pub fn block(name: &str, frontends: &[String], more: &str) -> String {
    let frontends = frontends.iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
    format!("[[clusters]]\nname = \"{name}\"\nfrontends = [{frontends}]\n{more}\n")
}

/// Durations and sizes that differ from run to run become `#`.
pub fn masked(text: &str) -> String {
    let duration = regex::Regex::new(r"\d+(\.\d+)? (ms|s|B|KiB|MiB)\b").expect("a pattern");
    duration.replace_all(text, "# $2").into_owned()
}
