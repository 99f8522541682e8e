//! `stellar report --gaps`: what is missing, how long, and why.

use crate::common::replay::{Answer, Application, Behaviour, Cluster, START};
use crate::lives;
use crate::program::{Stage, block, ended};

/// The beginning of a slot.
const SLOT: i64 = START - START % 30;

#[test]
fn each_gap_says_from_when_to_when_and_why() {
    let (shop, ads) = (Cluster::start(1, 0), Cluster::start(1, 0));
    let stage = Stage::new(&(block("shop", &shop.urls(), "") + &block("ads", &ads.urls(), "")));
    let collect = |slot: i64| {
        stage.run(SLOT + slot * 30 + 2, &["collect-once", "--if-due", "--quiet"]);
    };
    for slot in 0..3 {
        collect(slot);
    }
    ads.frontends[0].stop();
    // Slots 3 and 4 fail; backoff leaves slot 5 out.
    for slot in 3..6 {
        collect(slot);
    }
    ads.frontends[0].revive();
    collect(6);
    // No run in slots 7 to 9.
    collect(10);
    ads.frontends[0].stop();
    collect(11);
    collect(12);
    let now = SLOT + 13 * 30 + 5;
    let shown = stage.run(now, &["report", "--gaps"]).named(&ads);
    let expected = "\
gaps   2026-11-15 02:35:05 .. 2026-11-22 02:35:05 +00:00

  FROM            TO              LENGTH  MISSED  CLUSTER  REASON
  11-22 02:30:00  11-22 02:31:30   1m30s       3  ads      http://127.0.0.1:18030/metrics: connection refused (2×)
  11-22 02:32:00  11-22 02:33:30   1m30s       6  all      no run at all (timer stopped or host down)
  11-22 02:34:00  now              1m05s       2  ads      http://127.0.0.1:18030/metrics: connection refused (2×), next try in 25s (backoff)

  runs: 14 expected, 10 made, 4 with a failed cluster
";
    assert_eq!(shown, ended(0, expected, ""));
    let document: serde_json::Value =
        serde_json::from_str(&stage.run(now, &["report", "--gaps", "--json", "--cluster", "ads"]).stdout)
            .expect("JSON");
    assert_eq!(
        document["gaps"].as_array().map(|gaps| gaps.iter().map(|gap| gap["missed"].clone()).collect::<Vec<_>>()),
        Some(vec![3.into(), 3.into(), 2.into()])
    );
    let first = stage.run(now, &["report", "--gaps", "--since", "02:28", "--until", "2026-11-22 02:31"]).named(&ads);
    let expected = "\
gaps   2026-11-22 02:28 .. 2026-11-22 02:31 +00:00

  FROM            TO              LENGTH  MISSED  CLUSTER  REASON
  11-22 02:30:00  11-22 02:31:00   1m00s       2  ads      http://127.0.0.1:18030/metrics: connection refused (2×)

  runs: 5 expected, 5 made, 2 with a failed cluster
";
    assert_eq!(first, ended(0, expected, ""));
    // An age may be written with a minus, and the end of a night is the next morning.
    assert_eq!(stage.run(now, &["report", "--gaps", "--since", "-90m"]).code, 0);
    let night = stage.run(now, &["report", "--gaps", "--since", "22:00", "--until", "02:00"]);
    assert!(night.stdout.starts_with("gaps   2026-11-21 22:00 .. 2026-11-22 02:00 +00:00\n"), "{night:?}");
    let wrong = "error: --since is \"soon\"; that is not a moment
hint: write \"2h\" (ago), \"yesterday\", \"2026-11-21 14:00\", \"14:00\" or \"@1795313000\"\n";
    assert_eq!(stage.run(now, &["report", "--gaps", "--since", "soon"]), ended(2, "", wrong));
    assert_eq!(document["runs"], serde_json::json!({ "expected": 14, "made": 10, "with_failures": 4 }));
}

#[test]
fn a_whole_history_misses_nothing() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    for slot in 0..3 {
        stage.run(SLOT + slot * 30 + 2, &["collect-once"]);
    }
    let expected = "\
gaps   2026-11-15 02:29:50 .. 2026-11-22 02:29:50 +00:00

  nothing is missing

  runs: 3 expected, 3 made, 0 with a failed cluster
";
    assert_eq!(stage.run(SLOT + 80, &["report", "--gaps"]), ended(0, expected, ""));
}

#[test]
fn a_clock_that_was_set_back_is_told_and_nothing_is_lost() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    for slot in [0, 1, 2, 3, -1, 2] {
        stage.run(SLOT + slot * 30 + 2 + i64::from(slot == 2), &["collect-once"]);
    }
    let expected = "\
gaps   2026-11-15 02:30:15 .. 2026-11-22 02:30:15 +00:00

  FROM            TO              LENGTH  MISSED  CLUSTER  REASON
  11-22 02:30:02  11-22 02:28:02  −2m00s       –  all      clock went back 2m00s; 4 runs kept

  runs: 5 expected, 6 made, 0 with a failed cluster
";
    assert_eq!(stage.run(SLOT + 105, &["report", "--gaps"]), ended(0, expected, ""));
}

#[test]
fn failures_of_an_application_are_gaps_and_the_time_after_its_end_is_none() {
    let (shop, etl) = (Cluster::start(1, 0), Application::with_page(lives::page()));
    let own = lives::block("etl", &etl, "").replace("interval_secs = 15", "interval_secs = 30");
    let stage = Stage::new(&(block("shop", &shop.urls(), "") + &own));
    let collect = |slot: i64| stage.run(SLOT + slot * 30 + 2, &["collect-once", "--quiet"]).code;
    assert_eq!([0, 1, 2].map(collect), [0; 3]);
    etl.node.stop();
    assert_eq!([3, 4].map(collect), [0; 2]);
    etl.node.revive();
    assert_eq!([5, 6].map(collect), [0; 2]);
    etl.node.behave(Behaviour::Fixed(Answer::html(503, "")));
    assert_eq!(collect(7), 1);
    etl.node.behave(Behaviour::Answer);
    assert_eq!(collect(8), 0);
    // No run in slots 9 and 10, and in 13 and 14, when it has ended.
    assert_eq!(collect(11), 0);
    etl.node.stop();
    assert_eq!([12, 15].map(collect), [0; 2]);
    let now = SLOT + 15 * 30 + 5;
    let expected = "\
gaps   2026-11-15 02:36:05 .. 2026-11-22 02:36:05 +00:00

  FROM            TO              LENGTH  MISSED  TARGET  REASON
  11-22 02:32:00  11-22 02:32:30     30s       1  etl     http://127.0.0.1:18080/metrics: HTTP status 503 (1×)
  11-22 02:33:00  11-22 02:34:00   1m00s       4  all     no run at all (timer stopped or host down)
  11-22 02:35:00  11-22 02:36:00   1m00s       2  shop    no run at all (timer stopped or host down)

  runs: 16 expected, 12 made, 1 with a failed target
";
    let named = |words: &[&str]| {
        let run = stage.run(now, &[&["report", "--gaps"], words].concat());
        ended(run.code, etl.named(&run.stdout), run.stderr)
    };
    assert_eq!(named(&[]), ended(0, expected, ""));
    let document: serde_json::Value =
        serde_json::from_str(&named(&["--application", "etl", "--json"]).stdout).expect("JSON");
    let gaps = document["gaps"].as_array().expect("gaps").iter();
    let gaps: Vec<_> = gaps.map(|gap| (gap["application"].clone(), gap["missed"].clone())).collect();
    assert_eq!(gaps, [("etl".into(), 1.into()), ("etl".into(), 2.into())]);
    // Not gone but failing: that is missed from then on.
    etl.node.revive();
    etl.node.behave(Behaviour::Close);
    assert_eq!([16, 17].map(collect), [1; 2]);
    let run = stage.run(now + 75, &["report", "--gaps", "--application", "etl", "--since", "02:36"]);
    let expected = "\
gaps   2026-11-22 02:36:00 .. 2026-11-22 02:37:20 +00:00

  FROM            TO   LENGTH  MISSED  APPLICATION  REASON
  11-22 02:36:30  now     50s       1  etl          http://127.0.0.1:18080/metrics: the connection ended before the answer was whole (2×), next try in 40s (backoff)

  runs: 3 expected, 3 made, 2 with a failed application
";
    assert_eq!(etl.named(&run.stdout), expected);
    assert_eq!(
        stage.run(now, &["report", "--gaps", "--application", "shop"]),
        ended(2, "", "error: there is no application `shop`\nhint: known: etl\n")
    );
}
