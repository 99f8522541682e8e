//! `collect-once --upkeep`: one timer is a whole installation.

use crate::common::replay::{Cluster, START};
use crate::history::{self, assert_whole, change};
use crate::program::{Stage, block, ended, silent};

const DAY: i64 = 86_400;

fn hourly(cluster: &Cluster) -> Stage {
    let stage = Stage::new(&format!(
        "[metrics]\nretention_days = \"4d\"\n{}",
        block("shop", &cluster.urls(), "user = \"root\"\ninterval_secs = \"1h\"")
    ));
    history::make(&stage, START - 10 * DAY, 3_600, 239);
    stage
}

#[test]
fn a_collection_aggregates_missing_days_and_cleans_up_without_a_word() {
    let cluster = Cluster::start(1, 1);
    let stage = hourly(&cluster);
    let first = "SELECT datetime(min(collected_at) / 1000, 'unixepoch') FROM metrics_snapshots";
    // What two seconds are too short for is done by the next run.
    let done = (0..60).any(|run| {
        assert_eq!(stage.run(START + run, &["collect-once", "--upkeep"]), silent());
        stage.rows("SELECT count(*) FROM daily_snapshots") == "10\n" && stage.rows(first) == "2026-11-18 02:28:58\n"
    });
    // Kept from the last full hour on: it does not remove a few rows every time.
    assert!(done, "{}", stage.rows(first));
    assert_eq!(stage.rows("SELECT min(day), max(day) FROM daily_snapshots"), "2026-11-12|2026-11-21\n");
    assert_whole(&stage);
    assert_eq!(stage.run(START + 1_860, &["collect-once", "--upkeep"]), silent());
    assert_eq!(stage.rows(first), "2026-11-18 02:28:58\n");
    assert_eq!(stage.run(START + 1_920, &["collect-once", "--upkeep"]), silent());
    assert_eq!(stage.rows(first), "2026-11-18 03:28:58\n");
    assert_whole(&stage);
}

#[test]
fn what_goes_wrong_with_upkeep_is_a_warning_and_the_collection_is_stored() {
    let cluster = Cluster::start(1, 1);
    let stage = hourly(&cluster);
    // Somebody else aggregates just now.
    let lock = std::fs::File::create(stage.path("stellar.db.aggregate-daily.lock")).expect("a lock");
    lock.lock().expect("it is free");
    assert_eq!(stage.run(START, &["collect-once", "--upkeep"]), silent());
    drop(lock);
    assert_eq!(stage.rows("SELECT count(*) FROM daily_snapshots"), "0\n");
    change(&stage, "DROP VIEW days; DROP TABLE daily_snapshots;");
    let told = "warning: upkeep: DIR/stellar.db: no such table: daily_snapshots; this collection is stored\n";
    assert_eq!(stage.run(START + 3_600, &["collect-once", "--upkeep"]), ended(0, "", told));
    assert_eq!(stage.rows("SELECT max(collected_at) / 1000 FROM metrics_snapshots"), format!("{}\n", START + 3_600));
}

#[test]
fn a_clock_that_jumped_is_told_once() {
    let cluster = Cluster::start(1, 0);
    let stage = hourly(&cluster);
    let told = "warning: upkeep: the clock says 2036-11-19 02:28:58 +00:00, more than a day after the snapshots before it \
                (2026-11-22 01:28:58 +00:00): nothing was removed\n";
    assert_eq!(stage.run(START + 3650 * DAY, &["collect-once", "--upkeep"]), ended(0, "", told));
    assert_eq!(stage.run(START + 3650 * DAY + 3_600, &["collect-once", "--upkeep"]), silent());
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "242\n");
}
