//! The shipped units, judged by systemd itself.

#[path = "common/peers.rs"]
mod peers;

use peers::peer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const UNITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd");
const SERVICES: &[&str] = &[
    "stellar-collect.service",
    "stellar-aggregate.service",
    "stellar-cleanup.service",
    "stellar-check.service",
    "stellar-report.service",
];
/// Each with the calendar that its comment promises.
const TIMERS: &[(&str, &str)] = &[
    ("stellar-collect.timer", "*-*-* *:*:00/30"),
    ("stellar-aggregate.timer", "*-*-* 00:07:00"),
    ("stellar-cleanup.timer", "*-*-* 00:07:00"),
    ("stellar-check.timer", "*-*-* *:*:15"),
    ("stellar-report.timer", "*-*-* *:*:20"),
];

fn units() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().copied().chain(TIMERS.iter().map(|(name, _)| *name))
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}{}", text(&output.stdout), text(&output.stderr), output.status)
}

/// The units in a folder of their own, with a program that exists in place of the installed one: `verify` looks
/// whether the program of `ExecStart=` is there.
fn copies(name: &str) -> (PathBuf, Vec<PathBuf>) {
    let shipped = units().map(|unit| {
        let text = fs::read_to_string(Path::new(UNITS).join(unit)).expect("a shipped unit");
        (unit, text)
    });
    written(name, shipped)
}

fn written<'u>(name: &str, units: impl Iterator<Item = (&'u str, String)>) -> (PathBuf, Vec<PathBuf>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let program = std::env::current_exe().expect("the test knows its own path");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the folder for the copies");
    let copy = |(unit, text): (&str, String)| {
        let file = folder.join(unit);
        fs::write(&file, text.replace("/usr/bin/stellar", &program.to_string_lossy())).expect("a copy of the unit");
        file
    };
    let files = units.map(copy).collect();
    (folder, files)
}

#[test]
fn every_shipped_unit_is_named_in_these_tests() {
    let entries = fs::read_dir(UNITS).expect("the folder of the units");
    let mut shipped: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
    shipped.retain(|name| name.ends_with(".service") || name.ends_with(".timer"));
    shipped.sort();
    let mut named: Vec<String> = units().map(str::to_owned).collect();
    named.sort();
    assert_eq!(shipped, named);
}

#[test]
fn systemd_finds_no_fault_in_the_units() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let (folder, files) = copies("units-verify");
    // The manual pages need not be installed where the units are tested.
    let output =
        Command::new(analyze).args(["verify", "--man=no"]).args(&files).output().expect("systemd-analyze runs");
    assert_eq!(said(&output), "exit status: 0");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn a_unit_with_an_unknown_option_would_be_found() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let (folder, files) = copies("units-fault");
    let text = fs::read_to_string(&files[0]).expect("the copy of the unit");
    fs::write(&files[0], text.replace("[Service]\n", "[Service]\nProtectEverything=yes\n")).expect("a broken copy");
    let output =
        Command::new(analyze).args(["verify", "--man=no"]).arg(&files[0]).output().expect("systemd-analyze runs");
    assert!(said(&output).contains("ProtectEverything"), "{}", said(&output));
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn the_services_are_exposed_by_at_most_two_of_ten() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let (folder, files) = copies("units-security");
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "service")) {
        let mut command = Command::new(&analyze);
        command.args(["security", "--offline=true", "--threshold=20", "--no-pager"]).arg(file);
        let output = command.output().expect("systemd-analyze runs");
        assert!(output.status.success(), "{}", said(&output));
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn the_timers_fire_when_their_comments_say() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    for (timer, normalized) in TIMERS.iter().copied() {
        let text = fs::read_to_string(Path::new(UNITS).join(timer)).expect("a shipped timer");
        let calendar = text.lines().find_map(|line| line.strip_prefix("OnCalendar=")).expect("an OnCalendar line");
        let output = Command::new(&analyze).args(["calendar", calendar]).output().expect("systemd-analyze runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let form = printed.lines().find_map(|line| line.trim().strip_prefix("Normalized form: "));
        assert_eq!(form.unwrap_or(calendar), normalized, "{}", said(&output));
    }
}

/// Seconds; some have a calendar.
const INTERVALS: &[u64] = &[1, 5, 10, 15, 45, 60, 90, 300, 420, 1_800, 3_600, 7_200, 86_400, 172_800];

#[test]
fn systemd_finds_no_fault_in_units_for_other_intervals_and_fires_them_that_often() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let stamp = regex::Regex::new(r"(?:elapse|Iter\. #\d): \w+ (\S+ \S+) UTC").expect("a pattern");
    for seconds in INTERVALS.iter().copied() {
        let interval = std::time::Duration::from_secs(seconds);
        let made = stellar::systemd::units(interval, Some("Asia/Shanghai"));
        let (folder, files) = written(&format!("units-{seconds}"), made.into_iter());
        let output =
            Command::new(&analyze).args(["verify", "--man=no"]).args(&files).output().expect("systemd-analyze runs");
        assert_eq!(said(&output), "exit status: 0", "{seconds} s");
        let _ = fs::remove_dir_all(folder);

        let Some(calendar) = stellar::systemd::calendar(interval) else { continue };
        let mut command = Command::new(&analyze);
        command.env("TZ", "UTC").args(["calendar", "--iterations=4", "--base-time=2026-11-21 23:59:59 UTC", &calendar]);
        let printed = said(&command.output().expect("systemd-analyze runs"));
        let moments: Vec<i64> = stamp
            .captures_iter(&printed)
            .map(|found| {
                let moment: jiff::civil::DateTime = found[1].parse().expect("a moment");
                moment.to_zoned(jiff::tz::TimeZone::UTC).expect("a moment").timestamp().as_second()
            })
            .collect();
        let apart: Vec<i64> = moments.windows(2).map(|two| two[1] - two[0]).collect();
        assert_eq!(apart, [seconds as i64; 3], "{calendar}: {printed}");
    }
}
