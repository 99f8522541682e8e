//! A lock of a program that is not stellar: waited for, and told when it stays.

use std::process::{Child, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use super::{AFTERWARDS, assert_sound, history};
use crate::common::replay::{Cluster, START};
use crate::program::{Ended, Stage, ended, silent};

/// The database held by this process, which is none of stellar's.
fn held(stage: &Stage, how: &str) -> Connection {
    let connection = Connection::open(stage.database()).expect("the database");
    connection.execute_batch(how).expect("a lock");
    connection
}

fn start(stage: &Stage, now: i64, words: &[&str]) -> Child {
    stage.command(now, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn end(stage: &Stage, child: Child) -> Ended {
    stage.ended(child.wait_with_output().expect("it ends"))
}

/// A cluster and a stage that has collected it once.
fn collected() -> (Cluster, Stage) {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.forget();
    (cluster, stage)
}

/// One of each: a cleanup and an aggregation at once would shut each other out.
const COMMANDS: [&[&str]; 4] = [&["collect-once"], &["aggregate-daily"], &["report"], &["report", "--gaps"]];
/// The history ended a day ago.
const CLEAN: &[&str] = &["cleanup", "--retention", "4d", "--force"];

/// A history of which a cleanup removes the first day that is aggregated.
fn old() -> Stage {
    let stage = history();
    assert_eq!(stage.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
    stage
}

#[test]
fn a_foreign_lock_that_goes_away_is_waited_for() {
    let ((cluster, shop), days, old) = (collected(), history(), old());
    let first = old.rows("SELECT min(collected_at) FROM metrics_snapshots");
    let locks = [&shop, &days, &old].map(|stage| held(stage, "BEGIN IMMEDIATE"));
    let collecting = start(&shop, START + 30, &["collect-once"]);
    let mut aggregating = start(&days, AFTERWARDS, &["aggregate-daily"]);
    let mut cleaning = start(&old, AFTERWARDS, CLEAN);
    while cluster.frontends[0].asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // All are at their lock by now, or nearly so.
    std::thread::sleep(Duration::from_secs(1));
    assert!([&mut aggregating, &mut cleaning].map(|child| child.try_wait().expect("its state")) == [None; 2]);
    drop(locks);
    assert_eq!(end(&shop, collecting), silent());
    assert_eq!(end(&days, aggregating).code, 0);
    assert_eq!(end(&old, cleaning).code, 0);
    assert_eq!(shop.rows("SELECT count(*) FROM metrics_snapshots"), "2\n");
    assert_eq!(days.rows("SELECT count(*) FROM days"), "10\n");
    assert_ne!(old.rows("SELECT min(collected_at) FROM metrics_snapshots"), first);
}

#[test]
fn a_foreign_lock_that_stays_ends_who_writes_and_lets_others_read() {
    let ((_cluster, shop), days, old) = (collected(), history(), old());
    let snapshots = old.rows("SELECT count(*) FROM metrics_snapshots");
    let before = days.rows("SELECT * FROM days");
    let told = "error: DIR/stellar.db: locked by another program for more than 5 s (not stellar)\n\
                hint: see who: fuser -v DIR/stellar.db\n";
    // Writers are kept out by the one, readers also by the other.
    let everybody = collected();
    let locks = [
        held(&shop, "BEGIN EXCLUSIVE"),
        held(&days, "BEGIN IMMEDIATE"),
        held(&old, "BEGIN IMMEDIATE"),
        held(&everybody.1, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE info SET value = value; COMMIT"),
    ];
    let writers = [
        (&shop, START + 60, ["collect-once"].as_slice()),
        (&days, AFTERWARDS, &["aggregate-daily"]),
        (&old, AFTERWARDS, CLEAN),
    ]
    .map(|(stage, now, words)| (stage, start(stage, now, words)));
    let shut_out = COMMANDS.map(|words| start(&everybody.1, START + 60, words));
    for stage in [&shop, &days] {
        for words in [["report"].as_slice(), &["report", "--gaps"]] {
            let read = stage.run(START + 60, words);
            assert!(read.code == 0 && read.stderr.is_empty() && read.stdout.contains("shop"), "{read:?}");
        }
    }
    for (stage, writer) in writers {
        assert_eq!(end(stage, writer), ended(3, "", told));
    }
    for (words, child) in COMMANDS.iter().zip(shut_out) {
        assert_eq!(end(&everybody.1, child), ended(3, "", told), "{words:?}");
    }
    drop(locks);
    assert_eq!(days.rows("SELECT * FROM days"), before);
    assert_eq!(old.rows("SELECT count(*) FROM metrics_snapshots"), snapshots);
    for stage in [&shop, &everybody.1] {
        assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "1\n");
        assert_eq!(stage.run(START + 90, &["collect-once"]), silent());
        assert_sound(&stage.open());
    }
}
