//! What days, cleanups and gaps make of BatchSQL applications, which live for minutes.

use crate::common::replay::{Answer, Application, Behaviour, Cluster, START, life};
use crate::history::{self, assert_whole, change};
use crate::program::{Stage, columns, ended, masked, silent};

const DAY: i64 = 86_400;

/// An `[[applications]]` block of one that is collected every fifteen seconds.
pub fn block(name: &str, application: &Application, more: &str) -> String {
    format!("[[applications]]\nname = \"{name}\"\nurl = \"{}\"\ninterval_secs = 15\n{more}\n", application.url())
}

/// What was collected of an application at every third recorded look of its life and after its end, and the unix second of its birth.
fn lived(generation: &str) -> (Stage, i64) {
    let application = Application::of_generation(generation);
    let stage = Stage::new(&block("etl", &application, ""));
    let last = application.looks().len() - 1;
    for look in (0..last).step_by(3).chain([last]) {
        assert_eq!(stage.run(application.step(look), &["collect-once"]), silent());
    }
    let born = application.looks().iter().find(|look| look.page.is_some()).expect("a page").at / 1000;
    (stage, born)
}

/// The next day, ten minutes after midnight.
fn next_day(born: i64) -> i64 {
    born - born % DAY + DAY + 600
}

/// The page of generation C some time after its start.
pub fn page() -> std::sync::Arc<[u8]> {
    let looks = life("C");
    looks.iter().filter_map(|look| look.page.clone()).nth(20).expect("a page").body
}

/// What SQLite reckons from the snapshots, of one label set a row; `counted` tells which of them count.
fn reckoned(counted: &str) -> String {
    format!(
        "WITH own AS (
             SELECT collected_at, interval_ms, answered, ended,
                    lag(iif(ended, NULL, collected_at)) OVER (ORDER BY collected_at) AS before
             FROM batch_snapshots WHERE database = '' AND \"table\" = '' AND test_name = ''),
         weighed AS (
             SELECT collected_at AS at, min(coalesce(collected_at - before, interval_ms), 2 * interval_ms) / 1000.0 AS weight
             FROM own WHERE NOT ended AND answered)
         SELECT database, \"table\", test_name, count(*), sum(weight),
                round(sum(batchsql_current_rps * weight) / sum(iif(batchsql_current_rps IS NULL, 0, weight)), 6),
                max(batchsql_current_rps), sum(batchsql_records_processed), sum(batchsql_batches),
                round(sum(batchsql_data_integrity_rate * weight) / sum(iif(batchsql_data_integrity_rate IS NULL, 0, weight)), 6)
         FROM batch_snapshots JOIN weighed ON at = collected_at WHERE {counted} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
}

const STORED: &str = "SELECT database, \"table\", test_name, samples, covered_seconds, round(batchsql_current_rps_avg, 6),
    batchsql_current_rps_max, batchsql_records_processed_sum, batchsql_batches_sum, round(batchsql_data_integrity_rate_avg, 6)
    FROM batch_daily ORDER BY 1, 2, 3";

#[test]
fn a_day_of_an_application_is_what_its_snapshots_say_but_for_idle_ones() {
    for generation in ["A", "B", "C"] {
        let (stage, born) = lived(generation);
        let now = next_day(born);
        let dry = stage.run(now, &["aggregate-daily", "--dry-run"]);
        assert_eq!(stage.rows("SELECT count(*) FROM batch_daily"), "0\n");
        let told = match generation {
            "A" => "2026-11-22  etl  9 of 9 samples (100%), 9 label sets\n",
            "B" => "2026-11-22  etl  16 of 16 samples (100%), 6 label sets\n",
            _ => "2026-11-22  etl  16 of 16 samples (100%), 7 label sets\n",
        };
        assert_eq!(dry, ended(0, format!("{told}dry run: 1 day would be stored, nothing was\n"), ""));
        assert_eq!(stage.run(now, &["aggregate-daily"]), ended(0, format!("{told}1 day stored\n"), ""));
        let without_idle = stage.rows(STORED);
        assert_eq!(without_idle, stage.rows(&reckoned("idle IS NOT 1")), "{generation}");
        assert_eq!(stage.run(now + 60, &["aggregate-daily"]), silent());

        // As if they had been collected with `include_idle`, and once more without.
        change(&stage, "UPDATE batch_snapshots SET idle = 2 WHERE idle = 1");
        assert_eq!(stage.run(now, &["aggregate-daily", "--recompute"]).code, 0);
        assert_eq!(stage.rows(STORED), stage.rows(&reckoned("TRUE")), "{generation}");
        change(&stage, "UPDATE batch_snapshots SET idle = 1 WHERE idle = 2");
        assert_eq!(stage.run(now, &["aggregate-daily", "--recompute"]).code, 0);
        assert_eq!(stage.rows(STORED), without_idle, "{generation}");
    }
}

#[test]
fn what_has_ended_is_not_expected_until_it_is_there_again() {
    let application = Application::with_page(page());
    let stage = Stage::new(&block("etl", &application, "").replace("interval_secs = 15", "interval_secs = 60"));
    let midnight = START - START % DAY;
    let look = |minute: i64| stage.run(midnight + minute * 60 + 2, &["collect-once", "--quiet"]).code;
    // Five minutes, in one of which it fails.
    for minute in [600, 601, 602] {
        assert_eq!(look(minute), 0);
    }
    application.node.behave(Behaviour::Fixed(Answer::html(503, "")));
    assert_eq!(look(603), 4);
    application.node.behave(Behaviour::Answer);
    assert_eq!(look(604), 0);
    application.node.stop();
    for minute in [605, 606, 700] {
        assert_eq!(look(minute), 0);
    }
    // Two minutes, and nobody looked for ten; then over midnight.
    application.node.revive();
    for minute in [800, 811] {
        assert_eq!(look(minute), 0);
    }
    application.node.stop();
    assert_eq!(look(812), 0);
    application.node.revive();
    for minute in [1437, 1438, 1439, 1440, 1441] {
        assert_eq!(look(minute), 0);
    }
    application.node.stop();
    assert_eq!(look(1442), 0);
    let told = "\
2026-11-22  etl  9 of 21 samples (42%), 5 label sets
2026-11-23  etl  2 of 1 sample (100%), 5 label sets
2 days stored
";
    assert_eq!(stage.run(midnight + 2 * DAY + 600, &["aggregate-daily"]), ended(0, told, ""));
    assert_eq!(
        stage.rows("SELECT day, samples, expected, covered_seconds FROM batch_days WHERE expected IS NOT NULL"),
        "2026-11-22|9|21|600\n2026-11-23|2|1|120\n"
    );
}

/// A cluster and two applications, one snapshot an hour from 10 days before START (2026-11-22 02:28:58) to START.
fn mixed(metrics: &str) -> (Cluster, [Application; 2], Stage) {
    let cluster = Cluster::start(1, 1);
    let applications = [Application::with_page(page()), Application::with_page(page())];
    let hourly = "interval_secs = \"1h\"";
    let blocks = [
        crate::program::block("shop", &cluster.urls(), &format!("user = \"root\"\n{hourly}")),
        block("etl", &applications[0], "").replace("interval_secs = 15", hourly),
        block("load", &applications[1], "").replace("interval_secs = 15", hourly),
    ];
    let stage = Stage::new(&format!("[metrics]\n{metrics}\n\n{}", blocks.concat()));
    history::make(&stage, START - 10 * DAY, 3_600, 240);
    (cluster, applications, stage)
}

#[test]
fn snapshots_of_applications_go_are_held_and_are_thinned_beside_those_of_clusters() {
    let (_cluster, _applications, stage) =
        mixed("retention_days = \"4d\"\ndaily_retention_days = \"6d\"\nthin_after = \"2d\"\nthin_to = \"1h\"");
    let run = |words: &[&str]| {
        let run = stage.run(START, &[&["cleanup"], words].concat());
        ended(run.code, masked(&run.stdout), masked(&run.stderr))
    };
    // One day of one application is not aggregated.
    let aggregated = stage.run(START, &["aggregate-daily"]);
    assert!(aggregated.stdout.ends_with("30 days stored\n"), "{aggregated:?}");
    change(&stage, "DELETE FROM batch_daily WHERE application_id = 3 AND day = '2026-11-13'");
    let told = "\
keep    snapshots from 2026-11-18 02:28:58 +00:00 on (4 d before now)
remove  408 snapshots of 1 cluster and 2 applications, 2026-11-12 .. 2026-11-18 (would free about # KiB)
remove  22 runs with the records of their fetches
remove  11 days of clusters and applications before 2026-11-16
keep    18 days of clusters and applications (kept for 6 d)
thin    138 snapshots of 1 cluster and 2 applications, 2026-11-18 .. 2026-11-19, to one in 1 h
hold    24 snapshots of 2026-11-13: that day is not aggregated yet. Run: stellar aggregate-daily --day 2026-11-13
";
    let dry = run(&["--dry-run"]);
    assert_eq!(dry, ended(0, format!("{told}dry run: nothing was removed\n"), ""));
    let json: serde_json::Value =
        serde_json::from_str(&stage.run(START, &["cleanup", "--dry-run", "--json"]).stdout).expect("JSON");
    assert_eq!(
        json["applications"][1],
        serde_json::json!({
            "application": "load", "snapshots": 120, "first_unix_ms": 1_794_450_538_000_i64, "last_unix_ms": 1_794_965_338_000_i64,
            "held": [{ "day": "2026-11-13", "snapshots": 24, "because": "new" }], "thinned": 46,
        })
    );
    let real = run(&[]);
    let past =
        told.replace("remove  ", "removed ").replace("thin    ", "thinned ").replace(" (would free about # KiB)", "");
    let done = real.stdout.find("done in ").unwrap_or_default();
    assert_eq!((real.code, &real.stdout[..done], real.stderr.as_str()), (0, past.as_str(), ""));
    assert_whole(&stage);
    let left =
        "SELECT application_id, count(*), min(collected_at) / 1000 - 1795314538, count(merged) FROM batch_snapshots
                WHERE database = '' AND \"table\" = '' AND test_name = '' GROUP BY 1";
    assert_eq!(stage.rows(left), format!("2|97|{}|0\n3|121|{}|0\n", -4 * DAY, -9 * DAY - 7_200));
    assert_eq!(
        stage.rows("SELECT DISTINCT application_id, day FROM batch_daily WHERE day < '2026-11-17'"),
        "2|2026-11-16\n3|2026-11-16\n"
    );

    // Days of parts go with those of the application.
    assert_eq!(run(&["--aggregate"]).code, 0);
    assert_eq!(stage.rows("SELECT count(*) FROM batch_snapshots WHERE collected_at < 1794968938000"), "0\n");
    assert_whole(&stage);
}

#[test]
fn a_thinned_life_gives_the_same_day() {
    let application = Application::with_page(page());
    let stage = Stage::new(&block("etl", &application, ""));
    history::make(&stage, START - DAY, 60, 1440);
    history::stir(&stage);
    // Two lives with a hole and failures in them, and label sets that idle at first, or all day, or in between.
    change(
        &stage,
        "UPDATE batch_snapshots SET interval_ms = 60000 WHERE interval_ms NOTNULL;
         DELETE FROM batch_snapshots WHERE collected_at BETWEEN 1795240000000 AND 1795242000000
             OR collected_at BETWEEN 1795260000000 AND 1795270000000;
         DELETE FROM batch_snapshots WHERE collected_at BETWEEN 1795250000000 AND 1795250600000 AND run_id IS NULL;
         UPDATE batch_snapshots SET answered = 0 WHERE collected_at BETWEEN 1795250000000 AND 1795250600000;
         DELETE FROM batch_snapshots WHERE run_id IS NULL
             AND collected_at = (SELECT max(collected_at) FROM batch_snapshots WHERE collected_at < 1795260000000);
         UPDATE batch_snapshots SET answered = 0, ended = 1 WHERE run_id NOTNULL
             AND collected_at = (SELECT max(collected_at) FROM batch_snapshots WHERE collected_at < 1795260000000);
         UPDATE batch_snapshots SET idle = collected_at < 1795255000000 OR collected_at % 7 = 0 WHERE run_id IS NULL AND test_name > 'm';",
    );
    let now = START + DAY;
    let of = |table: &str| {
        let names = columns(&stage.open(), table, &[]).replace('"', "");
        let kept = names.split(", ").filter(|name| name.ends_with("_avg") || name.ends_with("_sum"));
        kept.map(|name| format!("round({name}, 6)")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(stage.run(now, &["aggregate-daily"]).code, 0);
    let days = format!(
        "SELECT day, database, \"table\", test_name, samples, expected, round(covered_seconds, 3), {} FROM batch_daily ORDER BY 1, 2, 3, 4",
        of("batch_daily")
    );
    let before = stage.rows(&days);
    stage.configure(&format!("[metrics]\nthin_after = \"1h\"\nthin_to = \"10m\"\n{}", block("etl", &application, "")));
    let count = || stage.rows("SELECT count(*) FROM batch_snapshots").trim().parse::<i64>().expect("a number");
    let collected = count();
    assert_eq!(stage.run(now, &["cleanup"]).code, 0);
    assert!(count() * 5 < collected, "{} of {collected} are left", count());
    assert_whole(&stage);
    change(&stage, "DELETE FROM batch_daily");
    assert_eq!(stage.run(now, &["aggregate-daily"]).code, 0);
    assert_eq!(stage.rows(&days), before);
}

#[test]
fn the_clock_is_in_doubt_by_snapshots_of_applications_too() {
    let application = Application::with_page(page());
    let stage = Stage::new(&block("etl", &application, ""));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let told = "error: the clock says 2026-11-25 02:28:58 +00:00, more than a day after the snapshots before it (2026-11-22 02:28:58 +00:00): \
                nothing was removed\nhint: when the clock is right: stellar cleanup --force, or wait for a day of collections\n";
    assert_eq!(stage.run(START + 3 * DAY, &["cleanup"]), ended(1, "", told));
    let upkeep = stage.run(START + 3 * DAY, &["collect-once", "--upkeep"]);
    assert_eq!(
        upkeep,
        ended(0, "", format!("{}\n", told.lines().next().unwrap_or_default()).replace("error: ", "warning: upkeep: "))
    );
    // What two seconds are too short for is done by the next run.
    let days = || stage.rows("SELECT day, samples FROM batch_days WHERE expected NOTNULL");
    let done = (1..60).any(|run| {
        stage.run(START + 3 * DAY + run, &["collect-once", "--upkeep"]);
        days() == "2026-11-22|1\n"
    });
    assert!(done, "{}", days());
}
