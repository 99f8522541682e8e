//! Killed at any moment, the next run finds the database whole, the lock free and nothing twice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::replay::{Behaviour, Cluster, START};
use crate::program::{Stage, silent};

fn cluster() -> (Cluster, String) {
    let cluster = Cluster::start(1, 1);
    cluster.frontends[0].behave_on("/metrics", Behaviour::Delay(Duration::from_millis(15)));
    cluster.backends[0].behave(Behaviour::Delay(Duration::from_millis(15)));
    let block = crate::program::block("shop", &cluster.urls(), "user = \"root\"");
    (cluster, block)
}

/// How many moments of one kind are tried: 20, or as many as `STELLAR_KILLS` says.
#[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
pub fn moments() -> u32 {
    std::env::var("STELLAR_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Starts a run and kills it after `after`.
fn killed(stage: &Stage, now: i64, after: Duration) {
    killed_while(stage, now, &["collect-once"], after);
}

/// Starts a command and kills it after `after`.
pub fn killed_while(stage: &Stage, now: i64, words: &[&str], after: Duration) {
    let mut command = stage.command(now, words);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(after);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// The file is whole, and each run is there with all its rows or not at all.
fn assert_whole(stage: &Stage) {
    assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    assert_eq!(stage.rows("PRAGMA foreign_key_check"), "");
    let odd = "SELECT * FROM (
                   SELECT runs.id,
                          (SELECT count(*) FROM metrics_snapshots WHERE run_id = runs.id) AS snapshots,
                          (SELECT count(*) FROM node_snapshots WHERE collected_at = runs.started_at) AS nodes,
                          (SELECT count(*) FROM attempts WHERE run_id = runs.id) > 4 AS attempted,
                          (SELECT count(*) FROM runs AS other WHERE other.started_at = runs.started_at) AS same
                   FROM runs)
               WHERE (snapshots, nodes, attempted, same) IS NOT (1, 2, 1, 1)";
    assert_eq!(stage.rows(odd), "");
}

/// How long a run takes from its start to its end, on this machine and at this load.
pub fn length(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

#[test]
fn killed_while_it_adds_to_a_history_it_leaves_it_whole_and_the_next_run_completes() {
    const KILLS: u32 = 40;
    let (_cluster, block) = cluster();
    let stage = Stage::new(&block);
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let mut now = START + 30;
    let whole = length(|| assert_eq!(stage.run(now, &["collect-once"]), silent()));
    let mut unstored = 0;
    for kill in 0..KILLS {
        now += 30;
        killed(&stage, now, whole * kill / KILLS);
        let stored = stage.rows(&format!("SELECT count(*) FROM metrics_snapshots WHERE collected_at = {now}000"));
        unstored += i64::from(stored == "0\n");
        assert_whole(&stage);
        if kill % 4 == 3 {
            now += 30;
            assert_eq!(stage.run(now, &["collect-once"]), silent());
            assert_whole(&stage);
        }
    }
    let runs: i64 = stage.rows("SELECT count(*) FROM runs").trim().parse().expect("a number");
    assert_eq!(runs, 2 + i64::from(KILLS) + i64::from(KILLS) / 4 - unstored);
    // At least the earliest kills came before anything was stored.
    assert!(unstored > 0);
}

#[test]
fn killed_while_it_makes_the_database_the_next_run_makes_it() {
    const KILLS: u32 = 25;
    let (_cluster, block) = cluster();
    let whole = length(|| assert_eq!(Stage::new(&block).run(START, &["collect-once"]), silent()));
    for kill in 0..KILLS {
        let stage = Stage::new(&block);
        killed(&stage, START, whole * kill / KILLS);
        assert_eq!(stage.run(START + 30, &["collect-once"]), silent(), "after kill {kill}");
        assert_whole(&stage);
        assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots WHERE collected_at >= 1795314568000"), "1\n");
        assert_eq!(stage.rows("PRAGMA page_size; "), "8192\n");
        assert_eq!(stage.rows("PRAGMA auto_vacuum"), "2\n");
    }
}

#[test]
fn a_signal_ends_a_run_and_leaves_the_database_whole() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let (cluster, block) = cluster();
        let stage = Stage::new(&block);
        assert_eq!(stage.run(START, &["collect-once"]), silent());
        cluster.frontends[0].behave(Behaviour::Hang);
        cluster.forget();
        let mut command = stage.command(START + 30, &["collect-once"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        while cluster.frontends[0].asked().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let kill = std::process::Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", child.id())).status();
        assert!(kill.expect("a shell").success());
        let ended = stage.ended(child.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (code, "", ""));
        assert_whole(&stage);
        cluster.frontends[0].behave(Behaviour::Answer);
        assert_eq!(stage.run(START + 60, &["collect-once"]), silent());
        assert_eq!(
            stage.rows("SELECT (collected_at / 1000) - 1795314538 FROM metrics_snapshots"),
            "0\n60\n",
            "{signal}"
        );
    }
}

/// A database of one cluster with ten days of snapshots, nine of them aggregated; and what `words` leave of it undisturbed.
fn ten_days(metrics: &str) -> (Cluster, Stage) {
    const DAY: i64 = 86_400;
    let cluster = Cluster::start(1, 2);
    let stage = Stage::new(&format!(
        "[metrics]\n{metrics}\n{}",
        crate::program::block("shop", &cluster.urls(), "user = \"root\"\ninterval_secs = \"30m\"")
    ));
    crate::history::make(&stage, START - 10 * DAY, 1800, 480);
    crate::history::stir(&stage);
    assert_eq!(stage.run(START, &["aggregate-daily"]).code, 0);
    (cluster, stage)
}

/// What is in the tables that a cleanup touches.
fn contents(stage: &Stage) -> Vec<String> {
    let tables =
        ["metrics_snapshots", "node_snapshots", "attempts", "runs", "daily_snapshots", "node_daily", "clusters"];
    tables.map(|table| stage.rows(&format!("SELECT * FROM {table} ORDER BY 1, 2, 3"))).into()
}

fn killed_while_cleaning(metrics: &str) {
    const KILLS: u32 = 20;
    let (_cluster, stage) = ten_days(metrics);
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        std::fs::copy(from, to).expect("a copy");
        for log in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{log}", to.display()));
        }
    };
    crate::history::change(&stage, "PRAGMA wal_checkpoint(TRUNCATE)");
    copy(&stage.database(), &stage.path("before.db"));
    let whole = length(|| assert_eq!(stage.run(START, &["cleanup"]).code, 0));
    let expected = contents(&stage);
    let mut interrupted = 0;
    for kill in 0..KILLS {
        copy(&stage.path("before.db"), &stage.database());
        let mut command = stage.command(START, &["cleanup"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(whole * (kill + 1) / KILLS);
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        crate::history::assert_whole(&stage);
        interrupted += i32::from(contents(&stage) != expected);
        assert_eq!(stage.run(START, &["cleanup"]).code, 0);
        assert!(contents(&stage) == expected, "after kill {kill} the next run did not complete what was begun");
        assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    }
    assert!(interrupted > 0);
}

#[test]
fn killed_while_it_cleans_up_the_next_run_completes() {
    killed_while_cleaning("retention_days = \"3d\"");
}

#[test]
fn killed_while_it_thins_the_next_run_completes() {
    killed_while_cleaning("retention_days = \"30d\"\nthin_after = \"2d\"\nthin_to = \"1h\"");
}
