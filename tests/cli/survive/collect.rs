//! `collect-once`, killed and stopped: the next run finds the database whole, the lock free and nothing twice.

use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;

use super::{assert_sound, copy, killed, length, moments, stopped};
use crate::common::replay::{Application, Behaviour, Cluster, START};
use crate::lives;
use crate::program::{Stage, rows, silent};

/// A cluster and an application.
fn targets() -> (Cluster, Application, String) {
    let cluster = Cluster::start(1, 1);
    cluster.frontends[0].behave_on("/metrics", Behaviour::Delay(Duration::from_millis(15)));
    cluster.backends[0].behave(Behaviour::Delay(Duration::from_millis(15)));
    let application = Application::with_page(lives::page());
    let block = crate::program::block("shop", &cluster.urls(), "user = \"root\"");
    let blocks = block + &lives::block("etl", &application, "");
    (cluster, application, blocks)
}

/// The file is whole, and each run is there with all its rows or not at all.
fn assert_whole(connection: &Connection) {
    assert_sound(connection);
    let odd = "SELECT * FROM (
                   SELECT runs.id,
                          (SELECT count(*) FROM metrics_snapshots WHERE run_id = runs.id) AS snapshots,
                          (SELECT count(*) FROM node_snapshots WHERE collected_at = runs.started_at) AS nodes,
                          (SELECT count(*) FROM batch_snapshots WHERE run_id = runs.id) AS applications,
                          (SELECT count(*) FROM batch_snapshots WHERE collected_at = runs.started_at)
                              = (SELECT count(*) FROM batch_snapshots WHERE collected_at = (SELECT min(started_at) FROM runs)) AS batches,
                          (SELECT count(*) FROM fetches WHERE run_id = runs.id) > 5 AS attempted,
                          (SELECT count(*) FROM runs AS other WHERE other.started_at = runs.started_at) AS same
                   FROM runs)
               WHERE (snapshots, nodes, applications, batches, attempted, same) IS NOT (1, 2, 1, 1, 1, 1)";
    assert_eq!(rows(connection, odd), "");
}

const COLLECT: &[&str] = &["collect-once"];

#[test]
fn killed_while_it_adds_to_a_history_it_leaves_it_whole_and_the_next_run_completes() {
    let (_cluster, _application, block) = targets();
    let stage = Stage::new(&block);
    assert_eq!(stage.run(START, COLLECT), silent());
    let mut now = START + 30;
    let whole = length(|| assert_eq!(stage.run(now, COLLECT), silent()));
    let (mut unstored, mut undisturbed) = (0, 2);
    let moments = [moments(), moments()].concat();
    for (kill, moment) in moments.iter().enumerate() {
        now += 30;
        killed(stage.command(now, COLLECT), whole.mul_f64(*moment));
        let stored = stage.rows(&format!("SELECT count(*) FROM metrics_snapshots WHERE collected_at = {now}000"));
        unstored += usize::from(stored == "0\n");
        assert_whole(&stage.open());
        if kill % 4 == 3 {
            now += 30;
            undisturbed += 1;
            assert_eq!(stage.run(now, COLLECT), silent());
            assert_whole(&stage.open());
        }
    }
    let runs: usize = stage.rows("SELECT count(*) FROM runs").trim().parse().expect("a number");
    assert_eq!(runs, undisturbed + moments.len() - unstored);
    // At least the earliest kills came before anything was stored.
    assert!(unstored > 0);
}

#[test]
fn killed_while_it_makes_the_database_the_next_run_makes_it() {
    let (_cluster, _application, block) = targets();
    let whole = length(|| assert_eq!(Stage::new(&block).run(START, COLLECT), silent()));
    for moment in moments().into_iter().chain(moments().into_iter().step_by(4)) {
        let stage = Stage::new(&block);
        killed(stage.command(START, COLLECT), whole.mul_f64(moment));
        assert_eq!(stage.run(START + 30, COLLECT), silent(), "after a kill at {moment}");
        assert_whole(&stage.open());
        assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots WHERE collected_at >= 1795314568000"), "1\n");
        assert_eq!(stage.rows("PRAGMA page_size; "), "8192\n");
        assert_eq!(stage.rows("PRAGMA auto_vacuum"), "2\n");
    }
}

#[test]
fn a_copy_taken_while_it_stands_still_lacks_at_most_the_run_in_flight() {
    let (_cluster, _application, block) = targets();
    let stage = Stage::new(&block);
    assert_eq!(stage.run(START, COLLECT), silent());
    let mut now = START + 30;
    let whole = length(|| assert_eq!(stage.run(now, COLLECT), silent()));
    // As long as somebody reads, what is in the log stays there.
    let reader = stage.open();
    rows(&reader, "BEGIN; ");
    rows(&reader, "SELECT count(*) FROM runs");
    let mut made = 2;
    for moment in moments() {
        now += 30;
        let mut taken = None;
        let run = stopped(&stage, stage.command(now, COLLECT), whole.mul_f64(moment), || {
            taken = Some(copy(&stage, &["stellar.db", "stellar.db-wal"]));
        });
        assert_eq!(run, silent());
        let taken = taken.expect("a copy");
        assert_whole(&taken.open());
        let runs: u32 = taken.rows("SELECT count(*) FROM runs").trim().parse().expect("a number");
        assert!(runs == made || runs == made + 1, "{runs} of {made} runs at {moment}");
        made += 1;
        assert_eq!(taken.run(now + 30, COLLECT), silent());
        assert_whole(&taken.open());
        assert_eq!(taken.rows("SELECT count(*) FROM runs"), format!("{}\n", runs + 1));
    }
    assert_eq!(stage.rows("SELECT count(*) FROM runs"), format!("{made}\n"));
}

#[test]
fn a_signal_ends_a_run_and_leaves_the_database_whole() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let (cluster, _application, block) = targets();
        let stage = Stage::new(&block);
        assert_eq!(stage.run(START, &["collect-once"]), silent());
        cluster.frontends[0].behave(Behaviour::Hang);
        cluster.forget();
        let mut command = stage.command(START + 30, &["collect-once"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        while cluster.frontends[0].asked().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        super::signal(&child, signal);
        let ended = stage.ended(child.wait_with_output().expect("it ends"));
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (code, "", ""));
        assert_whole(&stage.open());
        cluster.frontends[0].behave(Behaviour::Answer);
        assert_eq!(stage.run(START + 60, &["collect-once"]), silent());
        assert_eq!(
            stage.rows("SELECT (collected_at / 1000) - 1795314538 FROM metrics_snapshots"),
            "0\n60\n",
            "{signal}"
        );
    }
}
