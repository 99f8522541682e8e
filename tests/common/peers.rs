//! Programs of others that tests compare with: found on the search path, or the test says what it did not do.
#![allow(dead_code, reason = "every target compiles its own copy and uses a part of it")]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{env, thread};

/// Where tests note that they did not run; `zz_not_run` reads it at the end.
pub const NOTES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/not-run");

/// The program `name`, or `None` after noting that the calling test was not run.
///
/// With `STELLAR_PEERS=required` a missing program fails the test instead, with the package to install.
pub fn peer(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        let package = package_of(name);
        assert!(!are_required(), "`{name}` is missing and STELLAR_PEERS=required: install the package `{package}`");
        let test = thread::current().name().unwrap_or("a test").to_owned();
        println!("not run: {test} (needs {name}, package {package})");
        note(&format!("{name}\t{test}\n"));
    }
    found
}

/// The program on the search path or in the places of the system's own programs.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder: PathBuf| folder.join(name)).find(|file| is_program(file))
}

/// The Debian package that has the program.
pub fn package_of(name: &str) -> &str {
    match name {
        "promtool" => "prometheus",
        "systemd-analyze" => "systemd",
        "cc" => "gcc",
        "alertmanager" | "amtool" => "prometheus-alertmanager",
        other => other,
    }
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

fn are_required() -> bool {
    variable("STELLAR_PEERS").is_some_and(|value| value == "required")
}

#[allow(clippy::disallowed_methods, reason = "tests find programs the way a shell does")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name)
}

/// One write of one line: tests of several threads append to the same file.
fn note(line: &str) {
    let file = OpenOptions::new().create(true).append(true).open(NOTES);
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    if let Err(error) = written {
        println!("cannot note in {NOTES}: {error}");
    }
}
