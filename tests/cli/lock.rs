//! One collection at a time, whoever starts it.

use std::process::{Child, Stdio};
use std::time::Duration;

use crate::common::replay::{Behaviour, Cluster, START};
use crate::program::{Stage, ended, silent};

/// A collection that waits for its frontend, and surely has the lock.
fn waiting(stage: &Stage, cluster: &Cluster) -> Child {
    cluster.forget();
    let mut command = stage.command(START, &["collect-once"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while cluster.frontends[0].asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_second_collection_ends_at_once_and_names_the_first() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    cluster.frontends[0].behave(Behaviour::Delay(Duration::from_secs(3)));
    let first = waiting(&stage, &cluster);
    let told = |hint: &str| {
        let pid = first.id();
        ended(
            5,
            "",
            format!(
                "error: another stellar is running: collect-once, pid {pid}, started 8 s ago (lock DIR/stellar.db.collect-once.lock)\n\
                 hint: {hint}. Nothing was done\n"
            ),
        )
    };
    assert_eq!(stage.run(START + 8, &["collect-once"]), told("--wait 20s waits for it"));
    assert_eq!(stage.run(START + 8, &["collect-once", "--if-due"]), told("--wait 20s waits for it"));
    assert_eq!(stage.run(START + 8, &["collect-once", "--wait", "1s"]), told("waited 1 s in vain"));
    // What stores nothing is in nobody's way.
    cluster.frontends[0].behave(Behaviour::Answer);
    assert_eq!(stage.run(START + 8, &["collect-once", "--dry-run"]).code, 0);
    assert_eq!(stage.ended(first.wait_with_output().expect("it ends")), silent());
    assert_eq!(stage.rows("SELECT collected_at / 1000 FROM metrics_snapshots"), format!("{START}\n"));
}

#[test]
fn with_wait_a_second_collection_follows_the_first() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    cluster.frontends[0].behave(Behaviour::Delay(Duration::from_secs(1)));
    let first = waiting(&stage, &cluster);
    assert_eq!(stage.run(START + 8, &["collect-once", "--wait", "1m"]), silent());
    assert_eq!(stage.ended(first.wait_with_output().expect("it ends")), silent());
    assert_eq!(stage.rows("SELECT collected_at / 1000 FROM metrics_snapshots"), format!("{START}\n{}\n", START + 8));
}
