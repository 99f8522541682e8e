//! `stellar report --gaps`: what is missing, how long, and why.

use crate::common::replay::{Cluster, START};
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
gaps from 2026-11-15 02:35:05 +00:00 to 2026-11-22 02:35:05 +00:00

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
gaps from 2026-11-22 02:28:00 +00:00 to 2026-11-22 02:31:00 +00:00

  FROM            TO              LENGTH  MISSED  CLUSTER  REASON
  11-22 02:30:00  11-22 02:31:00   1m00s       2  ads      http://127.0.0.1:18030/metrics: connection refused (2×)

  runs: 5 expected, 5 made, 2 with a failed cluster
";
    assert_eq!(first, ended(0, expected, ""));
    // An age may be written with a minus, and the end of a night is the next morning.
    assert_eq!(stage.run(now, &["report", "--gaps", "--since", "-90m"]).code, 0);
    let night = stage.run(now, &["report", "--gaps", "--since", "22:00", "--until", "02:00"]);
    assert!(
        night.stdout.starts_with("gaps from 2026-11-21 22:00:00 +00:00 to 2026-11-22 02:00:00 +00:00\n"),
        "{night:?}"
    );
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
gaps from 2026-11-15 02:29:50 +00:00 to 2026-11-22 02:29:50 +00:00

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
gaps from 2026-11-15 02:30:15 +00:00 to 2026-11-22 02:30:15 +00:00

  FROM            TO              LENGTH  MISSED  CLUSTER  REASON
  11-22 02:30:02  11-22 02:28:02  −2m00s       –  all      clock went back 2m00s; 4 runs kept

  runs: 5 expected, 6 made, 0 with a failed cluster
";
    assert_eq!(stage.run(SLOT + 105, &["report", "--gaps"]), ended(0, expected, ""));
}
