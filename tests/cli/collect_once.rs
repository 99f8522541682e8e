//! `stellar collect-once`: who is collected, what is stored, what is said.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::Value;

use crate::common::replay::{Behaviour, Cluster, START, recorded};
use crate::program::{Stage, block, ended, silent};

/// The start of a slot of 30 s.
const SLOT: i64 = 1_795_314_540;

const SNAPSHOTS: &str = "SELECT name, collected_at / 1000, frontends_reachable FROM metrics_snapshots
                         JOIN clusters ON id = cluster_id ORDER BY collected_at, name";

/// One metric of the cluster and one of each node: enough to see the form of an output.
const LITTLE: &str = r#"
[metrics]
exclude = ["*e*", "*o*", "*a*", "*i*"]

[[metric]]
name = "sum_up"
expr = "count(up)"
unit = "count"

[[metric]]
name = "up_up"
per = "node"
expr = "up"
unit = "bool"

"#;

fn two() -> (Cluster, Cluster, Stage) {
    let (shop, lab) = (Cluster::start(1, 1), Cluster::start(1, 0));
    let blocks = [block("shop", &shop.urls(), "user = \"root\""), block("lab", &lab.urls(), "")];
    let stage = Stage::new(&blocks.concat());
    (shop, lab, stage)
}

#[test]
fn some_clusters_that_fail_as_a_whole_are_exit_1_and_all_of_them_exit_4() {
    let (shop, lab, stage) = two();
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    lab.frontends[0].stop();
    let refused = "error: lab: http://127.0.0.1:18030/metrics: connection refused\n";
    assert_eq!(stage.run(START + 30, &["collect-once"]).named(&lab), ended(1, "", refused));
    shop.frontends[0].stop();
    let both = format!("error: shop: {}/metrics: connection refused\n{refused}", shop.frontends[0].url());
    assert_eq!(stage.run(START + 60, &["collect-once"]).named(&lab), ended(4, "", both));
    // Failure is data: a row of each, with nothing reachable.
    assert_eq!(
        stage.rows(SNAPSHOTS),
        format!("lab|{0}|1\nshop|{0}|1\nlab|{1}|0\nshop|{1}|1\nlab|{2}|0\nshop|{2}|0\n", START, START + 30, START + 60)
    );
}

#[test]
fn only_the_clusters_that_are_named_are_collected() {
    let (shop, lab, stage) = two();
    assert_eq!(stage.run(START, &["collect-once", "--cluster", "lab"]), silent());
    assert_eq!((shop.frontends[0].asked().len(), lab.frontends[0].asked().len()), (0, 2));
    assert_eq!(stage.rows(SNAPSHOTS), format!("lab|{START}|1\n"));
}

#[test]
fn an_unknown_cluster_is_refused_with_the_nearest_name_before_anything_is_done() {
    let (_shop, _lab, stage) = two();
    let near = "error: there is no cluster `shopp`\nhint: did you mean `shop`?\n";
    assert_eq!(stage.run(START, &["collect-once", "--cluster", "shopp"]), ended(2, "", near));
    let far = "error: there is no cluster `production`\nhint: known: shop, lab\n";
    assert_eq!(stage.run(START, &["collect-once", "--cluster", "production"]), ended(2, "", far));
    assert!(!stage.database().exists());
}

#[test]
fn without_any_cluster_there_is_nothing_to_collect() {
    let stage = Stage::new("");
    let told = "error: DIR/config.toml: nothing to collect is configured\n\
                hint: add one: [[clusters]] with name and frontends = [\"http://host:8030\"], or [[applications]] with \
                name and url = \"http://host:8080\"\n";
    assert_eq!(stage.run(START, &["collect-once"]), ended(2, "", told));
    assert!(!stage.database().exists());
}

#[test]
fn what_is_switched_off_is_not_collected_and_says_so() {
    let (shop, _lab, stage) = two();
    let off = "collecting is switched off ([metrics] enabled = false or APP_METRICS_ENABLED): nothing was done\n";
    let mut command = stage.command(START, &["collect-once"]);
    let output = command.env("APP_METRICS_ENABLED", "false").output().expect("it starts");
    assert_eq!(stage.ended(output), ended(0, off, ""));
    let mut command = stage.command(START, &["collect-once", "--if-due"]);
    let output = command.env("APP_METRICS_ENABLED", "false").output().expect("it starts");
    assert_eq!(stage.ended(output), silent());
    stage.configure(&format!("[metrics]\nenabled = false\n{}", block("shop", &shop.urls(), "")));
    assert_eq!(stage.run(START, &["collect-once"]), ended(0, off, ""));
    let json = "{\n  \"schema\": 1,\n  \"enabled\": false,\n  \"clusters\": [],\n  \"applications\": []\n}\n";
    assert_eq!(stage.run(START, &["collect-once", "--json"]), ended(0, json, ""));
    assert_eq!(shop.frontends[0].asked(), [""; 0]);
    assert!(!stage.database().exists());
}

#[test]
fn a_dry_run_shows_the_rows_and_leaves_no_file() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::new(&(LITTLE.to_owned() + &block("shop", &cluster.urls(), "")));
    let before = std::fs::read_dir(stage.folder()).expect("the folder").count();
    let shown = stage.run(START, &["collect-once", "--dry-run"]).named(&cluster);
    assert_eq!(std::fs::read_dir(stage.folder()).expect("the folder").count(), before);
    crate::snapshot::is_run("collect_once/dry_run.txt", &shown);
    // The status and the reasons are those of a report of the same moment once it is stored.
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let report = stage.run(START, &["report"]).named(&cluster).stdout;
    assert!(report.contains("\n  OK      shop  ") && !report.contains("\n  OK  shop"), "{report}");
}

#[test]
fn a_dry_run_beside_a_history_uses_it_and_adds_nothing() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.edit(|world| world.frontends[0].page = recorded("21_live_series/metrics_02.body").into());
    let shown = stage.run(START + 25, &["collect-once", "-n", "--json"]);
    let document: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let one = &document["clusters"][0];
    // 2 → 52 queries in 25 s.
    assert_eq!((&one["metrics"]["queries"], &one["stored"]), (&Value::from(50), &Value::from(false)));
    assert_eq!(stage.rows(SNAPSHOTS), format!("shop|{START}|1\n"));
}

#[test]
fn the_result_as_json_is_one_document() {
    let cluster = Cluster::start(1, 1);
    cluster.backends[0].stop();
    let stage = Stage::new(&(LITTLE.to_owned() + &block("shop", &cluster.urls(), "user = \"root\"")));
    let mut shown = stage.run(START, &["collect-once", "--json"]).named(&cluster);
    let took = regex::Regex::new(r#""took_seconds": [0-9.e-]+"#).expect("a pattern");
    shown.stdout = took.replace_all(&shown.stdout, "\"took_seconds\": #").into_owned();
    let document = r#"{
  "schema": 1,
  "enabled": true,
  "collected_at_unix_ms": 1795314538000,
  "took_seconds": #,
  "exit": 0,
  "clusters": [
    {
      "cluster": "shop",
      "answered": true,
      "stored": true,
      "took_seconds": #,
      "samples": 460,
      "problems": [
        "http://127.0.0.10:18040/metrics: connection refused"
      ],
      "metrics": {
        "sum_up": 2
      },
      "nodes": [
        {
          "node": "fe:127.0.0.1_19010_1795314647872",
          "instance": "127.0.0.1:18030",
          "role": "LEADER",
          "version": "UNKNOWN-UNKNOWN",
          "metrics": {
            "up_up": 1
          }
        },
        {
          "node": "be:100001",
          "instance": "127.0.0.10:18040",
          "role": "BACKEND",
          "version": "4.0.0-37c7c51",
          "metrics": {
            "up_up": 0
          }
        }
      ]
    }
  ],
  "applications": []
}
"#;
    let told = "warning: shop: http://127.0.0.10:18040/metrics: connection refused\n";
    assert_eq!(shown, ended(0, document, told));
}

#[test]
fn on_a_journal_a_good_run_is_silent_and_a_failure_has_a_priority() {
    let (_shop, lab, stage) = two();
    let run = |now: i64, words: &[&str]| {
        // The journal is told from a terminal that inherited the variable by what standard error is.
        let path = stage.path("journal");
        let journal = std::fs::File::create(&path).expect("a file");
        let facts = journal.metadata().expect("its numbers");
        let stream = format!("{}:{}", facts.dev(), facts.ino());
        let mut output =
            stage.command(now, words).env("JOURNAL_STREAM", stream).stderr(journal).output().expect("it starts");
        output.stderr = std::fs::read(&path).expect("what was written");
        let mut ended = stage.ended(output).named(&lab);
        ended.stderr =
            regex::Regex::new(r"took=[0-9.]+s").expect("a pattern").replace_all(&ended.stderr, "took=#").into_owned();
        ended.stderr = regex::Regex::new(r"samples=[0-9]+")
            .expect("a pattern")
            .replace_all(&ended.stderr, "samples=#")
            .into_owned();
        ended
    };
    assert_eq!(run(START, &["collect-once", "--if-due"]), silent());
    lab.frontends[0].stop();
    let told = "<4>collect-once run=2 ok=1 failed=1 samples=# took=# exit=1\n\
                <3>collect-once run=2 target=lab error=\"http://127.0.0.1:18030/metrics: connection refused\" \
                streak=1 next_try=2s\n";
    assert_eq!(run(START + 30, &["collect-once"]), ended(1, "", told));
    let told = "<3>error: there is no cluster `x`\n<3>hint: known: shop, lab\n";
    assert_eq!(run(START + 30, &["collect-once", "--cluster", "x"]), ended(2, "", told));
    lab.frontends[0].revive();
    let told = "<6>collect-once run=3 ok=2 failed=0 samples=# took=# exit=0\n";
    assert_eq!(run(START + 60, &["collect-once", "-v"]), ended(0, "", told));
}

#[test]
fn with_v_each_cluster_has_its_line_and_with_q_only_errors_are_said() {
    let (_shop, lab, stage) = two();
    let first = stage.run(START, &["collect-once"]);
    assert_eq!(first, silent());
    lab.frontends[0].stop();
    let mut told = stage.run(START + 30, &["collect-once", "-v"]).named(&lab);
    let figures = regex::Regex::new(r" +[0-9.,]+ (ms|s|samples)\b").expect("a pattern");
    told.stderr = figures.replace_all(&told.stderr, " # $1").into_owned();
    let lines = "ok    shop # ms # samples\n\
                 error: lab: http://127.0.0.1:18030/metrics: connection refused\n\
                 fail  lab # ms # samples\n";
    assert_eq!(told, ended(1, "", lines));
    let quiet = stage.run(START + 60, &["collect-once", "-q"]).named(&lab);
    assert_eq!(quiet, ended(1, "", "error: lab: http://127.0.0.1:18030/metrics: connection refused\n"));
}

#[test]
fn the_number_of_requests_at_once_can_be_one() {
    let (shop, _lab, stage) = two();
    assert_eq!(stage.run(START, &["collect-once", "--jobs", "1"]), silent());
    assert_eq!(stage.rows(SNAPSHOTS), format!("lab|{START}|1\nshop|{START}|1\n"));
    assert_eq!(shop.backends[0].asked(), ["GET /metrics"]);
}

#[test]
fn two_collections_by_hand_at_the_very_same_moment_keep_the_first() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.edit(|world| world.frontends[0].page = recorded("21_live_series/metrics_05.body").into());
    let told = "warning: shop: a snapshot of this very moment is stored already; it was kept\n";
    assert_eq!(stage.run(START, &["collect-once"]), ended(0, "", told));
    assert_eq!(stage.rows("SELECT collected_at, query_total FROM metrics_snapshots"), format!("{START}000|2\n"));
}

#[test]
fn the_timer_never_stores_a_slot_twice_and_a_hand_always_collects() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    let due = &["collect-once", "--if-due"];
    // A timer that fires early, late and twice.
    for at in [SLOT + 1, SLOT + 2, SLOT + 29, SLOT + 30, SLOT + 31, SLOT + 61] {
        assert_eq!(stage.run(at, due), silent());
    }
    assert_eq!(stage.run(SLOT + 62, &["collect-once"]), silent());
    assert_eq!(stage.run(SLOT + 63, due), silent());
    let stored = [SLOT + 1, SLOT + 30, SLOT + 61, SLOT + 62];
    assert_eq!(stage.rows(SNAPSHOTS), stored.map(|at| format!("shop|{at}|1\n")).concat());
    assert_eq!(
        stage.run(SLOT + 64, &["collect-once", "--if-due", "-v"]),
        ended(0, "", "shop: this slot is stored already\n")
    );
}

#[test]
fn each_cluster_has_an_interval_of_its_own() {
    let (shop, lab) = (Cluster::start(1, 0), Cluster::start(1, 0));
    let stage =
        Stage::new(&[block("shop", &shop.urls(), ""), block("lab", &lab.urls(), "interval_secs = \"1m\"")].concat());
    for at in [SLOT, SLOT + 30, SLOT + 60, SLOT + 90] {
        assert_eq!(stage.run(at, &["collect-once", "--if-due"]), silent());
    }
    let rows = [
        ("lab", SLOT),
        ("shop", SLOT),
        ("shop", SLOT + 30),
        ("lab", SLOT + 60),
        ("shop", SLOT + 60),
        ("shop", SLOT + 90),
    ];
    assert_eq!(SLOT % 60, 0);
    assert_eq!(stage.rows(SNAPSHOTS), rows.map(|(name, at)| format!("{name}|{at}|1\n")).concat());
}

#[test]
fn a_failing_cluster_is_asked_less_and_less_until_it_answers() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    cluster.frontends[0].stop();
    let due = |slot: i64| stage.run(SLOT + 30 * slot, &["collect-once", "--if-due"]);
    for slot in 0..=45 {
        let ended = due(slot);
        assert!(ended.code == 0 || ended.code == 4, "{ended:?}");
    }
    let tried = |from: i64| {
        let rows = stage.rows(&format!("SELECT (collected_at / 1000 - {SLOT}) / 30 FROM metrics_snapshots ORDER BY 1"));
        rows.lines().map(|slot| slot.parse::<i64>().expect("a number")).filter(|slot| *slot >= from).collect::<Vec<_>>()
    };
    // After 1, 2, 4, 8, 10, 10, … intervals.
    assert_eq!(tried(0), [0, 1, 3, 7, 15, 25, 35, 45]);
    assert_eq!(
        stage.run(SLOT + 30 * 46, &["collect-once", "--if-due", "-v"]),
        ended(0, "", "shop: 8 failures in a row, next try in 4m30s\n")
    );
    cluster.frontends[0].revive();
    for slot in 46..=57 {
        assert_eq!(due(slot), silent());
    }
    assert_eq!(tried(46), [55, 56, 57]);
    assert_eq!(stage.rows("SELECT failures, next_try, last_error FROM clusters"), "0|NULL|NULL\n");
}

#[test]
fn a_page_with_a_period_of_its_own_is_asked_for_once_a_period_and_present_in_between() {
    let cluster = Cluster::start(1, 1);
    let pages = "user = \"root\"\n[clusters.pages]\nstatistic = \"10m\"";
    // A metric over a range keeps several readings: the newest is the one that is present.
    let metric = r#"
[[metric]]
name = "tablets_counted"
expr = 'max(show_statistic_tablet_num{id="Total"})'
unit = "count"

[[metric]]
name = "answers_of_the_hour"
expr = 'sum(count_over_time(show_statistic_tablet_num{id="Total"}[1h]))'
unit = "count"
"#;
    let stage = Stage::new(&(block("shop", &cluster.urls(), pages) + metric));
    let asked = || {
        let requests = cluster.frontends[0].requests();
        let asked = requests.iter().filter(|request| request.text().contains("/statistic")).count();
        cluster.forget();
        asked
    };
    let tablets = |number: &str| {
        cluster.edit(|world| {
            let total = world.statistic.iter_mut().find(|row| row["DbId"] == "Total").expect("the sum");
            total.insert("TabletNum".to_owned(), Value::from(number));
        });
    };
    tablets("30");
    let mut counts = Vec::new();
    for (index, at) in [0, 30, 300, 570, 600, 630, 1200].into_iter().enumerate() {
        assert_eq!(stage.run(SLOT + at, &["collect-once"]), silent());
        counts.push(asked());
        if index == 3 {
            tablets("77");
        }
    }
    assert_eq!(counts, [1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(
        stage.rows("SELECT tablets_counted, answers_of_the_hour FROM metrics_snapshots ORDER BY collected_at"),
        "30|1\n30|1\n30|1\n30|1\n77|2\n77|2\n77|3\n"
    );
}

#[test]
fn a_clock_that_steps_back_overwrites_nothing_and_has_no_rates_over_the_step() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    let page = |number: u8| {
        let page = recorded(&format!("21_live_series/metrics_{number:02}.body"));
        cluster.edit(|world| world.frontends[0].page = page.into());
    };
    let hour_back = SLOT - 3600;
    for (number, at) in [(1, SLOT), (2, SLOT + 30)] {
        page(number);
        assert_eq!(stage.run(at, &["collect-once", "--if-due"]), silent());
    }
    page(3);
    let told = "warning: the clock is 1h00m behind the last collection (2026-11-22 02:29:30 +00:00); stored with the clock \
                as it is. Rates over the step are left out; nothing is overwritten\n";
    assert_eq!(stage.run(hour_back, &["collect-once", "--if-due"]), ended(0, "", told));
    page(4);
    // Told once.
    assert_eq!(stage.run(hour_back + 30, &["collect-once", "--if-due"]), silent());
    assert_eq!(
        stage.rows("SELECT collected_at / 1000, query_total, queries, queries_per_second FROM metrics_snapshots ORDER BY run_id"),
        format!(
            "{SLOT}|2|NULL|NULL\n{}|52|50|1.666667\n{hour_back}|102|NULL|NULL\n{}|127|25|0.833333\n",
            SLOT + 30,
            hour_back + 30
        )
    );
}

#[test]
fn a_hundred_clusters_that_answer_after_three_seconds_are_all_stored() {
    let clusters: Vec<Cluster> = (0..100).map(|_| Cluster::start(1, 0)).collect();
    for cluster in &clusters {
        cluster.frontends[0].behave(Behaviour::Delay(Duration::from_secs(3)));
    }
    // With a login each is asked for three lists as well, which take their three seconds too.
    let blocks = clusters
        .iter()
        .enumerate()
        .map(|(index, cluster)| block(&format!("c{index:02}"), &cluster.urls(), "user = \"root\""));
    let stage = Stage::new(&blocks.collect::<String>());
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(
        stage.rows("SELECT count(*), sum(frontends_reachable), sum(frontends_leader), count(show) FROM (SELECT *, frontends_electable AS show FROM metrics_snapshots)"),
        "100|100|100|100\n"
    );
}
