//! `stellar aggregate-daily`: finished days become rows, each once, whatever happened meanwhile.

use rusqlite::Connection;

use crate::common::replay::{Cluster, START};
use crate::program::{Stage, ended, silent};

/// 2026-11-23 00:10 UTC, ten minutes after the day of [`START`] ended.
const NEXT_DAY: i64 = 1_795_392_600;
const DAY: i64 = 86_400;

/// One collection of a real cluster, then snapshots as `history` inserts them in place of it.
pub fn stage(configuration: &str, history: impl Fn(&Connection)) -> Stage {
    let cluster = Cluster::start(1, 1);
    let block = crate::program::block("shop", &cluster.urls(), "user = \"root\"");
    let stage = Stage::new(&format!("{configuration}\n{block}"));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let connection = Connection::open(stage.database()).expect("the database");
    connection
        .execute_batch(
            "DELETE FROM metrics_snapshots; DELETE FROM node_snapshots; DELETE FROM good_fetches; DELETE FROM runs;",
        )
        .expect("an empty history");
    history(&connection);
    stage
}

/// A snapshot each `step` seconds from `from` on, `count` of them; `queries` is the number of the snapshot. Ids of runs go
/// on where they ended.
pub fn every(connection: &Connection, from: i64, step: i64, count: i64, interval: i64) {
    let text = format!(
        "BEGIN;
         CREATE TEMP TABLE base AS SELECT coalesce(max(id), 0) AS id FROM runs;
         WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < {count})
         INSERT INTO runs SELECT (SELECT id FROM base) + slot + 1, ({from} + slot * {step}) * 1000, 40, 1, 0, 900 FROM slots;
         WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < {count})
         INSERT INTO metrics_snapshots (cluster_id, collected_at, run_id, interval_ms, answered, queries, queries_per_second, query_latency_p95_seconds)
         SELECT 1, ({from} + slot * {step}) * 1000, (SELECT id FROM base) + slot + 1, {interval} * 1000, 1,
                slot, slot * 1.0 / {step}, iif(slot % 4 = 0, NULL, slot / 8.0) FROM slots;
         WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot + 1 < {count})
         INSERT INTO node_snapshots (cluster_id, node, collected_at, instance, role, version, cpu_used_ratio)
         SELECT 1, 'be:10001', ({from} + slot * {step}) * 1000, 'be1:8040', NULL, iif(slot < 9, '3.4.0', '3.5.0'), slot / 4096.0 FROM slots;
         DROP TABLE base;
         COMMIT;"
    );
    connection.execute_batch(&text).expect("a history");
}

/// The day's row: what it counts, and some figures of the cluster and of its node.
const FIGURES: &str = "SELECT day, (ends_at - begins_at) / 3600000 AS hours, samples, expected, covered_seconds, queries_sum, queries_max,
    queries_per_second_avg, query_latency_p95_seconds_avg, query_latency_p95_seconds_p95 FROM days ORDER BY day";

/// The same, computed by SQLite from the snapshots of the finished days of UTC.
const RECKONED: &str = "WITH weighed AS (
        SELECT *, date(collected_at / 1000, 'unixepoch') AS day,
               min(coalesce(collected_at - lag(collected_at) OVER (ORDER BY collected_at), interval_ms), 2 * interval_ms) AS weight
        FROM metrics_snapshots)
    SELECT day, round(sum(queries), 6), max(queries), round(sum(queries_per_second * weight) / sum(weight), 9),
           round(sum(query_latency_p95_seconds * weight) / sum(iif(query_latency_p95_seconds IS NULL, 0, weight)), 9), sum(weight) / 1000.0
    FROM weighed WHERE day < '2026-11-23' GROUP BY day ORDER BY day";

const STORED: &str = "SELECT day, round(queries_sum, 6), queries_max, round(queries_per_second_avg, 9),
    round(query_latency_p95_seconds_avg, 9), covered_seconds FROM days ORDER BY day";

#[test]
fn every_finished_day_is_stored_once_and_the_running_one_never() {
    let from = START - START % DAY - 2 * DAY + 2;
    let stage = stage("", |history| every(history, from, 30, 3 * 2880 + 10, 30));
    let told = "\
2026-11-20  shop  2,880 of 2,880 samples (100%), 1 node
2026-11-21  shop  2,880 of 2,880 samples (100%), 1 node
2026-11-22  shop  2,880 of 2,880 samples (100%), 1 node
";
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily", "--dry-run"]),
        ended(0, format!("{told}dry run: 3 days would be stored, nothing was\n"), "")
    );
    assert_eq!(stage.rows("SELECT count(*) FROM days"), "0\n");
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]), ended(0, format!("{told}3 days stored\n"), ""));
    assert_eq!(stage.rows(STORED), stage.rows(RECKONED));
    assert_eq!(
        stage.rows("SELECT day, node, instance, version, samples, covered_seconds, cpu_used_ratio_max FROM node_days"),
        "2026-11-20|be:10001|be1:8040|3.5.0|2880|86400|0.702881
2026-11-21|be:10001|be1:8040|3.5.0|2880|86400|1.406006
2026-11-22|be:10001|be1:8040|3.5.0|2880|86400|2.109131
"
    );
    let before = stage.rows("SELECT * FROM daily_snapshots");
    // A timer hears nothing; nothing is stored twice.
    assert_eq!(stage.run(NEXT_DAY + 60, &["aggregate-daily"]), silent());
    assert_eq!(stage.rows("SELECT * FROM daily_snapshots"), before);
}

#[test]
fn days_are_those_of_the_zone_and_as_long_as_its_clocks_make_them() {
    // 2026-03-28 .. 2026-03-30 and 2026-10-24 .. 2026-10-26 in Berlin.
    let stage = stage("[metrics]\ntimezone = \"Europe/Berlin\"\n", |history| {
        for from in [1_774_652_405, 1_792_792_805] {
            every(history, from, 60, 3 * 1440, 60);
        }
    });
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]).code, 0);
    assert_eq!(
        stage.rows("SELECT day, (ends_at - begins_at) / 3600000, samples, expected, covered_seconds FROM days"),
        "2026-03-28|24|1440|1440|86400
2026-03-29|23|1380|1380|82800
2026-03-30|24|1440|1440|86400
2026-03-31|24|60|1440|3600
2026-10-24|24|1440|1440|86460
2026-10-25|25|1500|1500|90000
2026-10-26|24|1380|1440|82800
"
    );
}

#[test]
fn an_interval_changed_at_noon_does_not_tilt_the_day_and_gaps_are_not_covered() {
    let midnight = START - START % DAY;
    let stage = stage("", |history| {
        every(history, midnight, 30, 1440, 30);
        every(history, midnight + DAY / 2 + 300, 300, 60, 300);
    });
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]).code, 0);
    // 1440 half minutes in the morning; sixty times five minutes, the first of them of 330 s, in the afternoon.
    assert_eq!(stage.rows(FIGURES).split('|').take(5).collect::<Vec<_>>().join("|"), "2026-11-22|24|1500|1583|61230");
    assert_eq!(stage.rows(STORED), stage.rows(RECKONED));
}

#[test]
fn a_day_to_which_snapshots_came_later_is_made_anew() {
    let midnight = START - START % DAY;
    let stage = stage("", |history| every(history, midnight + 5, 60, 100, 60));
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]).code, 0);
    every(&Connection::open(stage.database()).expect("the database"), midnight + 7_005, 60, 20, 60);
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily"]),
        ended(
            0,
            "2026-11-22  shop  120 of 1,440 samples (8%), 1 node, again: snapshots came to it\n1 day stored\n",
            ""
        )
    );
    assert_eq!(stage.rows(STORED), stage.rows(RECKONED));
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]), silent());
}

#[test]
fn a_metric_that_joined_later_is_filled_in_where_the_snapshots_are_whole() {
    let midnight = START - START % DAY;
    let stage = stage("", |history| {
        every(history, midnight - DAY + 5, 60, 1440, 60);
        every(history, midnight + 5, 60, 1440, 60);
    });
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]).code, 0);
    let connection = Connection::open(stage.database()).expect("the database");
    connection
        .execute_batch(
            "ALTER TABLE metrics_snapshots ADD COLUMN answers REAL; UPDATE metrics_snapshots SET answers = 42;
             DELETE FROM metrics_snapshots WHERE collected_at < 1795305600000 - 3600000;",
        )
        .expect("an older stellar recorded it without a day's figure");
    let configuration = std::fs::read_to_string(stage.path("config.toml")).expect("the configuration");
    stage.write(
        "config.toml",
        &format!("{configuration}\n[[metric]]\nname = \"answers\"\nexpr = \"vector(42)\"\nunit = \"count\"\ndaily = [\"max\"]\n"),
    );
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily"]),
        ended(
            0,
            "2026-11-22  shop  1,440 of 1,440 samples (100%), 1 node, again: the catalogue asks for more
2026-11-21  shop  kept as it is: its snapshots are no longer all there
1 day stored\n",
            ""
        )
    );
    assert_eq!(stage.rows("SELECT day, samples, answers_max FROM days"), "2026-11-21|1440|NULL\n2026-11-22|1440|42\n");
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]), silent());
}

#[test]
fn a_day_is_chosen_or_asked_for_again() {
    let from = START - START % DAY - 2 * DAY + 2;
    let stage = stage("", |history| every(history, from, 300, 3 * 288, 300));
    let one = "2026-11-21  shop  288 of 288 samples (100%), 1 node\n1 day stored\n";
    let day = ["aggregate-daily", "--day", "2026-11-21"];
    assert_eq!(stage.run(NEXT_DAY, &day), ended(0, one, ""));
    assert_eq!(stage.run(NEXT_DAY, &day), silent());
    assert_eq!(stage.run(NEXT_DAY, &[&day[..], &["--recompute"]].concat()), ended(0, one, ""));
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily", "--since", "yesterday"]).stdout,
        "2026-11-22  shop  288 of 288 samples (100%), 1 node\n1 day stored\n"
    );
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily", "--json"]).stdout,
        r#"{
  "schema": 1,
  "timezone": "UTC",
  "dry_run": false,
  "days": [
    {
      "day": "2026-11-20",
      "cluster": "shop",
      "why": "new",
      "begins_at": 1795132800000,
      "ends_at": 1795219200000,
      "samples": 288,
      "expected": 288,
      "covered_seconds": 86400.0,
      "nodes": 1
    }
  ],
  "kept": [],
  "up_to_date": 2
}
"#
    );
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily", "--day", "2026-11-23"]),
        ended(
            2,
            "",
            "error: 2026-11-23 is not over: it cannot be aggregated\nhint: `stellar report` shows the running day\n"
        )
    );
    assert_eq!(
        stage.run(NEXT_DAY, &["aggregate-daily", "--since", "2026-11-22", "--until", "2026-11-21"]),
        ended(
            2,
            "",
            "error: --since 2026-11-22 is after --until 2026-11-21\nhint: give the earlier day first; both are meant\n"
        )
    );
}

#[test]
fn a_collection_in_which_nobody_answered_covers_no_time() {
    let midnight = START - START % DAY;
    let stage = stage("", |history| {
        every(history, midnight + 5, 60, 100, 60);
        let text = "UPDATE metrics_snapshots SET answered = 0, queries = NULL, queries_per_second = NULL,
                    query_latency_p95_seconds = NULL WHERE queries >= 90";
        history.execute_batch(text).expect("ten failures");
    });
    assert_eq!(stage.run(NEXT_DAY, &["aggregate-daily"]).code, 0);
    assert_eq!(stage.rows("SELECT samples, expected, covered_seconds, queries_max FROM days"), "90|1440|5400|89\n");
}
