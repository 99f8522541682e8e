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

const COMMANDS: [&[&str]; 4] = [&["collect-once"], &["aggregate-daily"], &["report"], &["report", "--gaps"]];

#[test]
fn a_foreign_lock_that_goes_away_is_waited_for() {
    let ((cluster, shop), days) = (collected(), history());
    let locks = [&shop, &days].map(|stage| held(stage, "BEGIN IMMEDIATE"));
    let collecting = start(&shop, START + 30, &["collect-once"]);
    let mut aggregating = start(&days, AFTERWARDS, &["aggregate-daily"]);
    while cluster.frontends[0].asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Both are at their lock by now, or nearly so.
    std::thread::sleep(Duration::from_secs(1));
    assert!(aggregating.try_wait().expect("its state").is_none());
    drop(locks);
    assert_eq!(end(&shop, collecting), silent());
    assert_eq!(end(&days, aggregating).code, 0);
    assert_eq!(shop.rows("SELECT count(*) FROM metrics_snapshots"), "2\n");
    assert_eq!(days.rows("SELECT count(*) FROM days"), "10\n");
}

#[test]
fn a_foreign_lock_that_stays_ends_who_writes_and_lets_others_read() {
    let ((_cluster, shop), days) = (collected(), history());
    let before = days.rows("SELECT * FROM days");
    let told = "error: DIR/stellar.db: locked by another program for more than 5 s (not stellar)\n\
                hint: see who: fuser -v DIR/stellar.db\n";
    // Writers are kept out by the one, readers also by the other.
    let everybody = collected();
    let locks = [
        held(&shop, "BEGIN EXCLUSIVE"),
        held(&days, "BEGIN IMMEDIATE"),
        held(&everybody.1, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE info SET value = value; COMMIT"),
    ];
    let writers = [(&shop, START + 60, "collect-once"), (&days, AFTERWARDS, "aggregate-daily")]
        .map(|(stage, now, command)| (stage, start(stage, now, &[command])));
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
    for stage in [&shop, &everybody.1] {
        assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "1\n");
        assert_eq!(stage.run(START + 90, &["collect-once"]), silent());
        assert_sound(&stage.open());
    }
}
