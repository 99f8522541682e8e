//! The file, the disk it is on, and the clock that wrote it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Check;
use crate::report::Style;
use crate::sample::{Millis, lapse};
use crate::store::disk::Disk;
use crate::store::health::{Health, Rhythm};
use crate::words;

/// Less than this is no room for a collection and its -wal.
const LEAST_FREE: u64 = 64 * 1024 * 1024;
/// A disk that will be full sooner is a finding.
const SOON_DAYS: f64 = 30.0;
const DAY: f64 = 86_400.0;

/// Size, soundness, what nobody asks for, the last backup.
pub fn file(health: &Health, path: &Path, now: Millis, style: &Style) -> Vec<Check> {
    let (about, file) = ("database", path.display());
    let mut checks = Vec::new();
    let size = words::bytes(health.bytes as f64);
    let free = words::share(as_signed(health.free_bytes), as_signed(health.bytes));
    let schema = match health.schema == health.newest_schema {
        true => format!("schema {}", health.schema),
        false => format!("schema {}, the next command that writes makes it {}", health.schema, health.newest_schema),
    };
    match &health.damage {
        None => checks.push(Check::ok(about, format!("{file}: {size} ({free} of it free), {schema}, sound"))),
        Some(damage) => checks.push(Check::finding(
            about,
            format!("{file}: {size}, damaged: {damage}"),
            format!("keep a copy, then: stellar restore FILE; without a backup: sqlite3 {file} .recover"),
        )),
    }
    if let Some(first) = health.orphans.first() {
        let count = words::count(health.orphans.len(), "column");
        let example = if health.orphans.len() == 1 { first.clone() } else { format!("{first} …") };
        checks.push(Check::ok(
            about,
            format!("{count} of metrics that the catalogue does not have: {example}; they are kept"),
        ));
    }
    for left in &health.leftovers {
        let what = format!("{}: left by a run that was killed", left.display());
        checks.push(Check::finding(about, what, format!("rm {}", left.display())));
    }
    checks.push(match &health.last_backup {
        None => Check::ok("backup", "none is noted in this database; stellar backup FILE makes one"),
        Some((at, file)) => {
            let there = if Path::new(file).exists() { "" } else { ", not there now" };
            let age = words::age(lapse(now - at));
            Check::ok("backup", format!("{} ({age} ago): {file}{there}", style.moment(*at)))
        }
    });
    checks
}

/// Room, growth, and when they meet.
pub fn disk(health: &Health, disk: Option<&Disk>, retention: Duration) -> Check {
    let about = "disk";
    let Some(disk) = disk else { return Check::unknown(about, "the system does not say how much room there is") };
    let Some(rate) = health.bytes_a_day() else {
        return match disk.free < LEAST_FREE {
            true => Check::finding(about, disk.to_string(), "free space: collections need some"),
            false => Check::ok(about, format!("{disk}; too few snapshots to tell how fast the file grows")),
        };
    };
    let growth = format!("{disk}; the file takes about {} a day", words::bytes(rate));
    let (full_in, largest) = (days_until_full(health, disk), rate * retention.as_secs_f64() / DAY);
    let room = (disk.free + health.bytes) as f64;
    if disk.free < LEAST_FREE || (full_in.is_some_and(|days| days < SOON_DAYS) && largest > room) {
        let days = full_in.map_or_else(String::new, |days| format!(", full in {days:.0} days"));
        return Check::finding(
            about,
            format!("{growth}{days}"),
            "free space, shorten [metrics] retention_days, or move the file with [database] path",
        );
    }
    match largest > room {
        true => Check::ok(about, format!("{growth}, full in {:.0} days", full_in.unwrap_or(0.0))),
        false => Check::ok(about, format!("{growth}, {} in all at retention_days", words::bytes(largest))),
    }
}

/// At today's growth, and when nothing is removed.
pub fn days_until_full(health: &Health, disk: &Disk) -> Option<f64> {
    let rate = health.bytes_a_day().filter(|rate| *rate > 0.0)?;
    Some((disk.free + health.free_bytes) as f64 / rate)
}

/// Against the newest snapshot, and the steps that runs saw.
pub fn clock(health: &Health, rhythm: Option<&Rhythm>, now: Millis, style: &Style) -> Check {
    let about = "clock";
    if let Some((_, newest)) = health.span.filter(|(_, newest)| newest - now > super::AHEAD) {
        let ahead = words::age(lapse(newest - now));
        let what = format!("{ahead} behind the newest snapshot ({})", style.moment(newest));
        return Check::finding(about, what, super::ASK_CLOCK);
    }
    let steps = rhythm.map_or(0, |rhythm| rhythm.steps_back);
    match rhythm.and_then(|rhythm| rhythm.last_step).filter(|_| steps > 0) {
        None => Check::ok(about, format!("{}; never set back in the last week", style.moment(now))),
        Some(last) => {
            let times = words::count(usize::try_from(steps).unwrap_or(usize::MAX), "time");
            Check::ok(about, format!("set back {times} in the last week, last to {}", style.moment(last)))
        }
    }
}

/// Runs that took longer than their interval.
pub fn overlaps(rhythm: &Rhythm, interval: Duration) -> Check {
    let about = "runs";
    let runs = words::count(usize::try_from(rhythm.runs).unwrap_or(usize::MAX), "run");
    let interval = crate::settings::durations::spoken(interval);
    match rhythm.too_long {
        0 => Check::ok(about, format!("{runs} in the last week, none longer than {interval}")),
        long => Check::finding(
            about,
            format!(
                "{} of {runs} in the last week took longer than {interval}: the next one was skipped",
                words::grouped(long)
            ),
            "shorten [collection] deadline or timeout, or lengthen [metrics] interval_secs",
        ),
    }
}

/// The numbers behind it all.
pub fn facts(health: &Health, disk: Option<&Disk>) -> Map<String, Value> {
    let values = [
        ("database_bytes", json!(health.bytes)),
        ("database_free_bytes", json!(health.free_bytes)),
        ("database_schema", json!(health.schema)),
        ("database_sound", json!(health.damage.is_none())),
        ("orphaned_columns", json!(health.orphans)),
        ("last_backup_at_unix_ms", json!(health.last_backup.as_ref().map(|(at, _)| at))),
        ("growth_bytes_per_day", json!(health.bytes_a_day().map(f64::round))),
        ("disk_free_bytes", json!(disk.map(|disk| disk.free))),
        ("disk_size_bytes", json!(disk.map(|disk| disk.size))),
        ("disk_full_in_days", json!(disk.and_then(|disk| days_until_full(health, disk)).map(f64::floor))),
    ];
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn as_signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
