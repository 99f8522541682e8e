//! `stellar check`: what fires and what it takes, from check to check, and who hears of it.

pub mod alertmanager;
mod clusters;
mod hostile;
mod timing;

use crate::common::replay::{Application, START, STEP, demo_cluster};
use crate::program::{Stage, silent};
use crate::snapshot;

/// What an application exports that follows the guide; `{}` is its rate.
pub fn page(rate: &str) -> Vec<u8> {
    format!(
        "# TYPE batchsql_current_rps gauge\nbatchsql_current_rps{{database=\"mysql\",test_name=\"nightly\"}} {rate}\n\
         # TYPE batchsql_error_rate gauge\nbatchsql_error_rate{{database=\"mysql\",test_name=\"nightly\"}} 0\n"
    )
    .into_bytes()
}

fn application(rate: &str) -> (Application, Stage) {
    let application = Application::with_page(page(rate));
    let stage = Stage::new(&format!("[[applications]]\nname = \"etl\"\nurl = \"{}\"\n", application.url()));
    (application, stage)
}

/// Collects every half minute from one moment to another, both in seconds since START.
pub fn collect(stage: &Stage, from: i64, to: i64) {
    for second in (from..=to).step_by(30) {
        assert_eq!(stage.run(START + second, &["collect-once"]), silent());
    }
}

/// The first line without its figures, and the exit code.
fn check(stage: &Stage, second: i64) -> (i32, String) {
    let run = stage.run(START + second, &["check"]);
    assert_eq!(run.stderr, "", "{run:?}");
    (run.code, run.stdout.split(" | ").next().unwrap_or_default().to_owned())
}

const LOW: &str = "STELLAR WARNING - etl/mysql/nightly 10 records per second (warn below 1,000)";
const FINE: &str = "STELLAR OK - 1 target, no alert fires";

fn is(code: i32, text: &str) -> (i32, String) {
    (code, text.to_owned())
}

#[test]
fn an_alert_fires_when_it_has_held_for_its_time_however_often_it_was_looked_at() {
    // The rule of the guide: for five minutes.
    let (_often, stage) = application("10");
    for second in (0..=330).step_by(30) {
        collect(&stage, second, second);
        let expected = if second < 300 { is(0, FINE) } else { is(1, LOW) };
        assert_eq!(check(&stage, second + 1), expected, "{second}");
    }
    let (_seldom, stage) = application("10");
    collect(&stage, 0, 0);
    assert_eq!(check(&stage, 1), is(0, FINE));
    collect(&stage, 30, 330);
    // The checks between were missed; the moments between were not.
    assert_eq!(check(&stage, 331), is(1, LOW));
    let fired = stage.rows("SELECT since / 1000, fired_at / 1000, resolved_at FROM alerts_fired");
    assert_eq!(fired, format!("{START}|{}|NULL\n", START + 300));
}

#[test]
fn what_came_and_went_between_two_checks_is_history() {
    let (application, stage) = application("10");
    collect(&stage, 0, 0);
    assert_eq!(check(&stage, 1), is(0, FINE));
    collect(&stage, 30, 330);
    application.show(page("5000"));
    collect(&stage, 360, 420);
    assert_eq!(check(&stage, 421), is(0, FINE));
    let run = stage.run(START + 421, &["check", "--history", "--utc"]);
    let told = "1 alert   2026-11-15 02:35:59 .. 2026-11-22 02:35:59 +00:00

  STATUS                FIRED    FOR  TARGET             ALERT                   WHY
  OK      2026-11-22 02:33:58  1m00s  etl/mysql/nightly  BatchSQLLowPerformance  10 records per second (warn below 1,000)\n";
    assert_eq!((run.code, run.stdout.as_str()), (0, told));
}

#[test]
fn alerts_that_ended_go_with_the_snapshots_of_their_time() {
    let (application, stage) = application("10");
    collect(&stage, 0, 330);
    assert_eq!(check(&stage, 331), is(1, LOW));
    let fired = || stage.rows("SELECT count(*) FROM alerts_fired");
    let days = |days: i64| START + days * 86_400;
    // It still fires: nothing can be dropped.
    assert_eq!(stage.run(days(8), &["cleanup", "--aggregate", "--force"]).code, 0);
    assert_eq!(fired(), "1\n");
    application.show(page("5000"));
    collect(&stage, 8 * 86_400, 8 * 86_400);
    assert_eq!(check(&stage, 8 * 86_400 + 1).0, 0);
    assert_eq!(stage.run(days(16), &["cleanup", "--aggregate", "--force"]).code, 0);
    assert_eq!(fired(), "0\n");
}

#[test]
fn a_missed_collection_begins_the_waiting_anew_and_a_missed_check_does_not() {
    let (application, stage) = application("10");
    collect(&stage, 0, 120);
    application.node.stop();
    collect(&stage, 150, 150);
    application.node.revive();
    collect(&stage, 180, 450);
    assert_eq!(check(&stage, 451), is(0, FINE));
    collect(&stage, 480, 480);
    assert_eq!(check(&stage, 481), is(1, LOW));
}

#[test]
fn what_happens_to_a_recorded_cluster_is_told_once_and_nothing_else_is() {
    let demo = demo_cluster();
    let stage = Stage::of(&demo.cluster, "demo", "user = \"root\"\ninterval_secs = 25");
    let mut told = String::new();
    for moment in 0..12 {
        let at = demo.step(moment);
        let _ = stage.run(at, &["collect-once", "--quiet"]);
        let run = stage.run(at + 1, &["check"]).named(&demo.cluster);
        let lines: Vec<&str> = run.stdout.lines().skip(1).collect();
        told.push_str(&format!("moment {moment}: exit {}\n{}\n", run.code, lines.join("\n")));
    }
    let history = stage.run(START + 12 * STEP, &["check", "--history", "--utc"]).named(&demo.cluster);
    snapshot::is("check/demo.txt", &(told + &history.stdout));
}

#[test]
fn a_dry_run_keeps_nothing_and_programs_get_one_document() {
    let (_application, stage) = application("10");
    collect(&stage, 0, 330);
    for _ in 0..2 {
        let run = stage.run(START + 331, &["check", "--dry-run", "--json"]);
        assert_eq!((run.code, run.stderr.as_str()), (1, ""));
        snapshot::is("check/dry.json.txt", &run.stdout);
    }
    assert_eq!(stage.rows("SELECT count(*) FROM rule_checks"), "0\n");
}

#[test]
fn a_silenced_alert_is_shown_and_changes_no_exit_code() {
    let (_application, stage) = application("10");
    collect(&stage, 0, 330);
    let mute = stage.run(START + 331, &["mute", "BatchSQLLowPerformance", "--cluster", "etl", "--for", "2h"]);
    assert_eq!((mute.code, mute.stderr.as_str()), (0, ""));
    let run = stage.run(START + 331, &["check"]);
    assert_eq!(run.code, 0, "{run:?}");
    let line = "etl/mysql/nightly: WARNING 10 records per second (warn below 1,000) (muted)\n";
    assert!(run.stdout.ends_with(line), "{run:?}");
    assert_eq!(stage.run(START + 340, &["mute"]).stdout.lines().count(), 1);
    assert_eq!(stage.run(START + 341, &["mute", "BatchSQLLowPerformance", "--cluster", "etl", "--off"]).code, 0);
    assert_eq!(check(&stage, 345), is(1, LOW));
    let unknown = stage.run(START + 345, &["mute", "BatchSQLLowPerfomance", "--for", "2h"]);
    let told = "error: there is no alert `BatchSQLLowPerfomance`\nhint: did you mean `BatchSQLLowPerformance`?\n";
    assert_eq!((unknown.code, unknown.stderr.as_str()), (2, told));
}

#[test]
fn a_collector_that_stands_still_is_critical_and_without_anything_nothing_is_known() {
    let (_application, stage) = application("5000");
    let none = stage.run(START, &["check"]);
    assert_eq!((none.code, none.stdout.as_str()), (3, ""));
    collect(&stage, 0, 60);
    assert_eq!(check(&stage, 61), is(0, FINE));
    let run = stage.run(START + 600, &["check"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stdout.starts_with("STELLAR CRITICAL - stellar nothing was collected for 9m 0s; is the timer running?"),
        "{run:?}"
    );
    for words in [&["check", "--cluster"][..], &["check", "--rule", "Nonsense"], &["check", "--no-such-flag"]] {
        assert_eq!(stage.run(START, words).code, 3, "{words:?}");
    }
}

#[test]
fn an_application_that_should_be_there_and_does_not_answer_is_critical() {
    let application = Application::with_page(page("5000"));
    application.node.stop();
    let stage =
        Stage::new(&format!("[[applications]]\nname = \"etl\"\nurl = \"{}\"\nephemeral = false\n", application.url()));
    for (second, expected) in
        [(0, is(0, FINE)), (30, is(2, "STELLAR CRITICAL - etl no answer to 2 collections in a row"))]
    {
        assert_eq!(stage.run(START + second, &["collect-once", "--quiet"]).code, 4);
        assert_eq!(check(&stage, second + 1), expected);
    }
}

#[test]
fn a_program_hears_of_an_alert_once_and_of_its_end_once() {
    let application = Application::with_page(page("10"));
    let block = format!("[[applications]]\nname = \"etl\"\nurl = \"{}\"\n", application.url());
    let stage = Stage::new("");
    stage.write("tell.sh", "#!/bin/sh\ncat >> \"$1\"; echo >> \"$1\"\n");
    let program = stage.path("tell.sh");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("a program");
    let log = stage.path("told");
    stage.configure(&format!("[alerting]\ncommand = [{:?}, {:?}]\n\n{block}", program, log));
    collect(&stage, 0, 330);
    for second in [331, 340] {
        assert_eq!(check(&stage, second), is(1, LOW));
    }
    application.show(page("5000"));
    collect(&stage, 360, 360);
    for second in [361, 370] {
        assert_eq!(check(&stage, second), is(0, FINE));
    }
    let told = std::fs::read_to_string(&log).expect("what the program heard");
    let heard: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).expect("an alert a line")).collect();
    let words: Vec<&str> = heard.iter().filter_map(|one| one["status"].as_str()).collect();
    assert_eq!(words, ["firing", "resolved"]);
    assert_eq!(heard[0]["labels"]["test_name"], "nightly");
    assert_eq!(heard[1]["startsAt"], heard[0]["startsAt"]);
}
