//! Alerts to a program: mail, chat, whatever people have. It is run once for each alert, which it reads as JSON.
//!
//! A check that is killed between the end of the program and the note of it runs it again for the same announcement. The
//! other order would lose one now and then, and nobody could tell; this way a program can: `id`, `startsAt` and `status` are
//! the same. `id` alone is not enough: when the newest alerts have gone with the history, their numbers are given anew.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::alertmanager::stamp;
use crate::alert::state::Change;
use crate::child;
use crate::settings::words::system_reason;
use crate::store::alerts::Fired;

/// Runs the program for one alert.
///
/// # Errors
/// A sentence: it cannot be started, did not end in its time, or ended with another code than 0.
pub fn run(words: &[String], fired: &Fired, change: Change, limit: Duration) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let labels: std::collections::BTreeMap<&str, &str> =
        fired.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    let annotations: std::collections::BTreeMap<&str, &str> =
        fired.annotations.iter().map(|(name, text)| (&**name, text.as_str())).collect();
    let about = json!({
        "id": fired.id,
        "status": change.word(),
        "rule": fired.rule,
        "severity": fired.severity,
        "value": fired.value,
        "labels": labels,
        "annotations": annotations,
        "startsAt": stamp(fired.fired_at),
        "endsAt": fired.resolved_at.map(stamp),
    });
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = spawned.map_err(|error| format!("`{program}` cannot be started: {}", system_reason(&error)))?;
    if let Some(mut input) = child.stdin.take() {
        // Whoever does not read what it is told may end as it likes.
        let _ = input.write_all(about.to_string().as_bytes());
    }
    match child::ended(&mut child, limit) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}` ended with {}", told(&status))),
        Err(reason) => Err(format!("`{program}` {reason}")),
    }
}

fn told(status: &std::process::ExitStatus) -> String {
    status.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"))
}
