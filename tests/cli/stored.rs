//! `stellar query` over the stored history: whole outputs over the demo's database, what ends when, and every refusal.

use rusqlite::Connection;

use crate::common::replay::{Answer, Node, START, STEP, Timeline, demo_cluster};
use crate::program::{Ended, Stage, ended};
use crate::snapshot;

const LOGIN: &str = "user = \"root\"\n";
/// The last of the demo's moments.
const END: usize = 11;
/// One more collection, in which nobody answers.
const SILENCE: i64 = at(END) + STEP;

/// Unix seconds of a moment of the demo.
const fn at(moment: usize) -> i64 {
    START + STEP * moment as i64
}

struct Demo {
    timeline: Timeline,
    stage: Stage,
}

impl Demo {
    /// Collected at all moments, and `more` in the configuration of the cluster.
    fn collected(more: &str) -> Self {
        let timeline = demo_cluster();
        let stage = Stage::of(&timeline.cluster, "demo", &format!("{LOGIN}{more}"));
        for moment in 0..=END {
            let run = stage.run(timeline.step(moment), &["collect-once", "--quiet"]);
            assert_eq!(run, ended(0, "", ""));
        }
        Self { timeline, stage }
    }

    /// Collected once more, with nobody there.
    fn silent(self) -> Self {
        self.timeline.cluster.nodes().for_each(|node| node.stop());
        let run = self.stage.run(SILENCE, &["collect-once", "--quiet"]);
        assert_eq!(run.code, 4, "{run:?}");
        self
    }

    fn query(&self, now: i64, words: &[&str]) -> Ended {
        self.stage.run(now, &[&["query", "--utc"], words].concat()).named(&self.timeline.cluster)
    }

    /// The values of a plain query at a moment, without names: `cluster="demo" 3`.
    fn values(&self, now: i64, expression: &str) -> String {
        let run = self.query(now, &["--csv", "--time", &format!("@{now}"), expression]);
        assert_eq!(run.code, 0, "{expression}: {run:?}");
        let value = |line: &str| line.rsplit(',').next().unwrap_or_default().to_owned();
        run.stdout.lines().skip(1).map(value).collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn stored_figures_are_shown_as_a_table_as_json_and_as_csv() {
    let demo = Demo::collected("");
    let now = at(END) + 5;
    let range = ["--since", "@1795314538", "--until", "@1795314813", "--step", "55s"];
    let mut shown = String::new();
    for words in [
        &["stellar_backends_alive"][..],
        &["--json", "stellar_backends_alive"],
        &["--csv", "stellar_node_reachable{node=~\"fe:.*\"}"],
        &["--time", "@1795314663", "sum by (node) (stellar_node_reachable)"],
        &[&range[..], &["stellar_backends_alive"]].concat(),
        &[&range[..], &["--json", "stellar_backends_alive / stellar_backends"]].concat(),
        &[&range[..], &["--csv", "count by (role) (stellar_node_alive == 1)"]].concat(),
        &["--since", "2m", "--step", "30s", "max_over_time(stellar_endpoints_down[1m])"],
        &["stellar_backends_alive[1m]"],
        &["--csv", "{__name__=~\"stellar_(front|back)ends\"}"],
        &["--csv", "count({cluster=\"demo\", node=\"\"}) > bool 100"],
        &["--csv", "stellar_backends{cluster!=\"demo\"} or stellar_backends offset 1m - stellar_backends @ end()"],
        &["stellar_backends > 100"],
        &["1 + 1"],
    ] {
        shown += &format!("$ stellar query {}\n{:?}\n\n", words.join(" "), demo.query(now, words));
    }
    snapshot::is("stored/shown.txt", &shown);
}

#[test]
fn what_was_not_measured_is_absent_and_not_as_it_was_before() {
    let demo = Demo::collected("").silent();
    // The backend that dies at 5 has a row there without figures, and is back at 8.
    let figure = "stellar_node_process_memory_bytes{node=\"be:100002\"} > bool 0";
    let seen = |moment| demo.values(at(moment) + 1, figure);
    assert_eq!([4, 5, 6, 7, 8].map(seen), ["1", "", "", "", "1"]);
    // A range holds what was measured in it.
    let counted = format!("count_over_time({}[100s])", figure.trim_end_matches(" > bool 0"));
    assert_eq!([4, 5, 7, 8].map(|moment| demo.values(at(moment) + 1, &counted)), ["4", "3", "1", "1"]);
    // Nobody answers: that alone is known.
    for (expression, before, after) in [
        ("stellar_backends_alive", "3", ""),
        ("stellar_frontends_reachable", "3", "0"),
        ("sum(stellar_node_reachable)", "6", "0"),
        ("count(stellar_node_alive)", "6", ""),
    ] {
        assert_eq!(demo.values(SILENCE - 1, expression), before, "{expression}");
        assert_eq!(demo.values(SILENCE, expression), after, "{expression}");
    }
}

#[test]
fn what_is_no_longer_collected_goes_after_five_minutes_or_two_intervals() {
    for (interval, seconds) in [("", 300), ("interval_secs = \"10m\"\n", 1200)] {
        let demo = Demo::collected(interval);
        let seen = |later: i64| demo.values(at(END) + later, "stellar_backends");
        assert_eq!([0, 299, 300, seconds - 1, seconds].map(seen).last().map(String::as_str), Some(""), "{interval}");
        assert_eq!([0, seconds - 1].map(seen), ["3", "3"], "{interval}");
        let nodes = |later: i64| demo.values(at(END) + later, "count(stellar_node_alive)");
        assert_eq!([seconds - 1, seconds].map(nodes), ["6", ""], "{interval}");
    }
}

#[test]
fn a_thinned_history_has_no_holes() {
    let demo = Demo::collected("").silent();
    // As thinning leaves it: one snapshot for an hour, told by a node as well.
    let connection = Connection::open(demo.stage.database()).expect("it opens");
    let first = START * 1000;
    for table in ["metrics_snapshots", "node_snapshots"] {
        let thin = format!(
            "DELETE FROM {table} WHERE collected_at <> {first};
             UPDATE {table} SET merged = 120, covered_ms = 3600000, collected_at = collected_at - 3600000"
        );
        connection.execute_batch(&thin).expect("it is thinned");
    }
    for later in [0, 3_599, 7_199] {
        let now = START - 3600 + later;
        assert_eq!(
            demo.values(now, "stellar_backends + count without (instance, node, role) (stellar_node_alive)"),
            "9"
        );
    }
    assert_eq!(demo.values(START + 3_600, "stellar_backends"), "");
}

#[test]
fn a_name_that_nobody_records_is_told_with_the_one_that_was_meant() {
    let demo = Demo::collected("");
    let mut said = String::new();
    for words in [
        &["stellar_backend_alive"][..],
        &["backends_alive"],
        &["rate(starrocks_fe_query_total[5m])"],
        &["frobnicate or stellar_backends"],
        &["stellar_node_alive{cluster=\"dome\"}"],
        &["--time", "@1795310000", "stellar_backends"],
        &["--since", "2026-11-20", "--until", "2026-11-21", "stellar_backends - stellar_backends offset 1h"],
        &["--time", "@1795400000", "--json", "stellar_backends"],
        &["--quiet", "stellar_backend_alive"],
    ] {
        said += &format!("$ stellar query {}\n{:?}\n\n", words.join(" "), demo.query(at(END), words));
    }
    snapshot::is("stored/unknown.txt", &said);
}

#[test]
fn what_cannot_be_asked_of_the_history_is_refused() {
    let stage = Stage::new("");
    let mut said = String::new();
    for words in [
        &["stellar_backends"][..],
        &["1"],
        &[
            "rate(batchsql_batch_failed_total[5m]) / rate(batchsql_batch_success_total[5m] + batchsql_batch_failed_total[5m])",
        ],
        &["humanizeBytes(batchsql_memory_usage_bytes)"],
        &["rate(stellar_query_total[$__interval])"],
        &["--since", "2100-01-01", "stellar_backends"],
        &["--tz", "Mars", "stellar_backends"],
    ] {
        let run = stage.run(START, &[&["query"], words].concat());
        assert!([2, 3].contains(&run.code) && run.stdout.is_empty(), "{run:?}");
        said += &format!("$ stellar query {}\n{run:?}\n\n", words.join(" "));
    }
    snapshot::is("stored/refused.txt", &said);
}

#[test]
fn a_query_waits_for_no_collection_and_needs_no_configuration_for_a_copy() {
    let demo = Demo::collected("");
    let writer = Connection::open(demo.stage.database()).expect("it opens");
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE metrics_snapshots SET backends = 99").expect("it is written");
    assert_eq!(demo.values(at(END), "stellar_backends"), "3");
    writer.execute_batch("ROLLBACK").expect("it is taken back");
    drop(writer);
    let copy = demo.stage.run(at(END), &["backup", "copy.db"]);
    assert_eq!((copy.code, copy.stderr.as_str()), (0, ""));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stellar"));
    command.env_clear().env("STELLAR_NOW", at(END).to_string()).current_dir(demo.stage.folder());
    command.args(["--db", "copy.db", "query", "--csv", "--utc", "sum(stellar_backends)"]);
    let run = demo.stage.ended(command.output().expect("the program starts"));
    assert_eq!(run, ended(0, "time,value\r\n2026-11-22T02:33:33+00:00,3\r\n", ""));
}

/// A page of a BatchSQL application of generation C.
const BATCHSQL: &[u8] = include_bytes!("../pages/batchsql/head-default-t100.body");

#[test]
fn the_queries_of_batchsqls_guide_have_answers_or_are_told_what_there_is() {
    let node = Node::start(|_| Answer::page(BATCHSQL));
    let application = format!("[[applications]]\nname = \"etl\"\nurl = \"{}\"\nenvironment = \"test\"\n", node.url());
    let stage = Stage::new(&format!("{application}\n[[environments]]\nname = \"test\"\n"));
    let mut said = String::new();
    for moment in 0..2 {
        let run = stage.run(at(moment), &["collect-once", "--quiet"]);
        assert_eq!(run, ended(0, "", ""));
    }
    for expression in [
        "sum(batchsql_current_rps) by (database)",
        "sum(batchsql_records_processed_total)",
        "batchsql_data_integrity_rate * 100",
        "batchsql_current_rps{database=\"sqlite3\"}",
        "histogram_quantile(0.95, batchsql_batch_execution_duration_ms_bucket)",
        "histogram_quantile(0.50, batchsql_batch_execution_duration_ms_bucket)",
        "avg(batchsql_current_rps) by (database)",
        "rate(batchsql_records_processed_total[5m])",
        "histogram_quantile(0.95, rate(batchsql_batch_execution_duration_ms_bucket[5m]))",
        "batchsql_memory_usage_bytes / 1024 / 1024  # 转换为 MB",
        "avg(batchsql_buffer_utilization) by (database, test_name)",
        "batchsql_active_connections / on(database) group_left() max_connections",
        "batchsql_data_integrity_rate < 0.99",
        "delta(batchsql_data_integrity_rate[1h])",
        "rate(batchsql_records_processed_total[1m])",
        "increase(batchsql_records_processed_total[5m])",
    ] {
        let run = stage.run(at(1), &["query", "--utc", "--csv", expression]);
        assert_eq!(run.code, 0, "{expression}: {run:?}");
        said += &format!("$ stellar query {expression}\n{run:?}\n\n");
    }
    snapshot::is("stored/guide.txt", &said);
    // The application has ended, and with it its series.
    node.stop();
    assert_eq!(stage.run(at(2), &["collect-once", "--quiet"]).code, 0);
    let count = |moment| stage.run(at(moment), &["query", "--csv", "count({application=\"etl\"}) > bool 9"]).stdout;
    assert_eq!([count(1).lines().count(), count(2).lines().count()], [2, 1]);
}
