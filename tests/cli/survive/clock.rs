//! Clocks that are set: no snapshot is lost, no day is made of what is not over, and collections go on at once.

use rusqlite::Connection;

use super::assert_sound;
use crate::common::replay::{Cluster, START};
use crate::program::{Stage, ended, silent};

/// The beginning of a slot of five minutes.
const SLOT: i64 = START - START % 300;
const TEN_YEARS: i64 = 3653 * 86_400;
const DUE: &[&str] = &["collect-once", "--if-due", "--quiet"];

/// One frontend, every five minutes.
fn stage(configuration: &str) -> (Cluster, Stage) {
    let cluster = Cluster::start(1, 0);
    let block = crate::program::block("shop", &cluster.urls(), "");
    let stage = Stage::new(&format!("[metrics]\ninterval_secs = \"5m\"\n{configuration}\n{block}"));
    (cluster, stage)
}

/// Collects at this time with a frontend whose counters have moved on.
fn collect(cluster: &Cluster, stage: &Stage, at: i64) {
    cluster.edit(|world| world.tick(at));
    assert_eq!(stage.run(at, DUE), silent(), "at {at}");
}

/// Since the first slot: minutes, and whether rates are known; in the order in which they were made.
const MADE: &str = "SELECT (runs.started_at / 1000 - 1795314300) / 60, queries_per_second IS NOT NULL
                    FROM runs LEFT JOIN metrics_snapshots ON run_id = runs.id ORDER BY runs.id";

#[test]
fn an_hour_back_loses_no_snapshot() {
    let (cluster, stage) = stage("");
    for slot in 0..14 {
        collect(&cluster, &stage, SLOT + slot * 300 + 2);
    }
    // The hour is passed again, a moment later in each slot: a timer is never on time to the millisecond.
    for slot in 2..16 {
        collect(&cluster, &stage, SLOT + slot * 300 + 3);
    }
    let rates = |slot: i64| format!("{}|1\n", slot * 5);
    let first: String = std::iter::once("0|0\n".to_owned()).chain((1..14).map(rates)).collect();
    // The first one after the step has no rate.
    let second: String = std::iter::once("10|0\n".to_owned()).chain((3..16).map(rates)).collect();
    assert_eq!(stage.rows(MADE), first + &second);
    assert_sound(&stage.open());
    let expected = "\
gaps   2026-11-15 03:45:10 .. 2026-11-22 03:45:10 +00:00

  FROM            TO               LENGTH  MISSED  CLUSTER  REASON
  11-22 03:30:02  11-22 02:35:03  −54m59s       –  all      clock went back 54m59s; 11 runs kept

  runs: 17 expected, 28 made, 0 with a failed cluster
";
    assert_eq!(stage.run(SLOT + 16 * 300 + 10, &["report", "--gaps"]), ended(0, expected, ""));
    // After midnight the day has them all, and none of the repeated hour's increments twice.
    let told = "2026-11-22  shop  28 of 260 samples (10%), 1 node\n1 day stored\n";
    assert_eq!(stage.run(SLOT + 86_400, &["aggregate-daily"]), ended(0, told, ""));
    assert_eq!(
        stage.rows("SELECT (SELECT queries_sum FROM days) = (SELECT sum(queries) FROM metrics_snapshots)"),
        "1\n"
    );
}

#[test]
fn ten_years_ahead_and_back_lose_no_snapshot_and_make_no_day_of_the_future() {
    let (cluster, stage) = stage("");
    let aggregate = |at: i64| stage.run(at, &["aggregate-daily"]);
    for slot in 0..3 {
        collect(&cluster, &stage, SLOT + slot * 300 + 2);
    }
    for slot in 3..6 {
        collect(&cluster, &stage, SLOT + TEN_YEARS + slot * 300 + 2);
    }
    // The day of today is over for who believes the clock; that of the future is not.
    let early = "2026-11-22  shop  3 of 260 samples (1%), 1 node\n1 day stored\n";
    assert_eq!(aggregate(SLOT + TEN_YEARS + 2000), ended(0, early, ""));
    for slot in 6..9 {
        collect(&cluster, &stage, SLOT + slot * 300 + 2);
    }
    let ahead = TEN_YEARS / 60;
    // No rate over a step.
    let expected: String =
        [(0, 0), (5, 1), (10, 1), (ahead + 15, 0), (ahead + 20, 1), (ahead + 25, 1), (30, 0), (35, 1), (40, 1)]
            .iter()
            .map(|(minute, rate)| format!("{minute}|{rate}\n"))
            .collect();
    assert_eq!(stage.rows(MADE), expected);
    assert_sound(&stage.open());
    let expected = "\
gaps   2026-11-15 03:10:10 .. 2026-11-22 03:10:10 +00:00

  FROM                 TO                 LENGTH  MISSED  CLUSTER  REASON
  11-22 02:40:00       11-22 02:55:00     15m00s       3  shop     no run at all (timer stopped or host down)
  2036-11-22 02:50:02  11-22 02:55:02  −3652d23h       –  all      clock went back 3652d23h; 3 runs kept

  runs: 10 expected, 6 made, 0 with a failed cluster
";
    assert_eq!(stage.run(SLOT + 9 * 300 + 10, &["report", "--gaps"]), ended(0, expected, ""));
    // With the right clock: nothing of the future, and today's day not before it is over; then with all that came to it.
    assert_eq!(aggregate(SLOT + 9 * 300 + 20), silent());
    let again = "2026-11-22  shop  6 of 260 samples (2%), 1 node, again: snapshots came to it\n1 day stored\n";
    assert_eq!(aggregate(SLOT + 86_400), ended(0, again, ""));
    assert_eq!(aggregate(SLOT + 2 * 86_400), silent());
    assert_eq!(stage.rows("SELECT day FROM days"), "2026-11-22\n");
    // A week later the step is no news any more.
    let later = stage.run(SLOT + 10 * 86_400, &["report", "--gaps"]);
    assert!(later.code == 0 && !later.stdout.contains("clock"), "{later:?}");
}

#[test]
fn when_the_clocks_change_every_slot_is_collected_once_and_days_have_23_and_25_hours() {
    // 2026-03-29 01:00 UTC, 2026-10-25 01:00 UTC: the moment of the change in Berlin.
    for (change, day, hours, expected) in
        [(1_774_746_000, "2026-03-29", 23, 23 * 60), (1_792_890_000, "2026-10-25", 25, 25 * 60)]
    {
        let (cluster, stage) = stage("timezone = \"Europe/Berlin\"\n");
        let text = std::fs::read_to_string(stage.path("config.toml")).expect("the configuration");
        stage.write("config.toml", &text.replace("5m", "1m"));
        for minute in -10..10 {
            collect(&cluster, &stage, change + minute * 60 + 2);
            // The same slot again, as the timer of an impatient person has it.
            assert_eq!(stage.run(change + minute * 60 + 40, DUE), silent());
        }
        let slots = "SELECT count(*), count(DISTINCT collected_at / 60000) FROM metrics_snapshots";
        assert_eq!(stage.rows(slots), "20|20\n");
        let gaps = stage.run(change + 600 + 5, &["report", "--gaps"]);
        assert!(gaps.stdout.contains("nothing is missing"), "{gaps:?}");
        // The rest of the day, from the first snapshot: each stands for the minute before it.
        let connection = Connection::open(stage.database()).expect("the database");
        let text = format!(
            "WITH RECURSIVE slots (at) AS (SELECT {change} - 86400 + 2 UNION ALL SELECT at + 60 FROM slots WHERE at < {change} + 2 * 86400)
             INSERT OR IGNORE INTO metrics_snapshots (cluster_id, collected_at, run_id, interval_ms, answered)
             SELECT 1, at * 1000, 1, 60000, 1 FROM slots"
        );
        connection.execute_batch(&text).expect("a history");
        assert_eq!(stage.run(change + 3 * 86_400, &["aggregate-daily"]).code, 0);
        let row = format!(
            "SELECT (ends_at - begins_at) / 3600000, samples, expected, covered_seconds FROM days WHERE day = '{day}'"
        );
        assert_eq!(stage.rows(&row), format!("{hours}|{expected}|{expected}|{}\n", expected * 60));
        let gaps = stage.run(
            change + 3 * 86_400,
            &["report", "--gaps", "--since", &format!("@{}", change - 3600), "--until", &format!("@{}", change + 3600)],
        );
        assert!(gaps.stdout.contains("nothing is missing"), "{gaps:?}");
    }
}
