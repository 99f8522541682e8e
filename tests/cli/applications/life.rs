//! Whole recorded lives, collected every five seconds from before the birth until after the end.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;

use super::block;
use super::expected::{self, Figures, Key, Page};
use crate::common::replay::{Application, START};
use crate::program::{Stage, silent};

/// What stands in the rows of one moment.
struct Stored {
    figures: BTreeMap<(Key, String), f64>,
    keys: BTreeSet<Key>,
    /// NULL is none.
    idle: BTreeMap<Key, Option<i64>>,
}

const KEYS: [&str; 11] = [
    "application_id",
    "database",
    "table",
    "test_name",
    "collected_at",
    "run_id",
    "interval_ms",
    "answered",
    "idle",
    "merged",
    "covered_ms",
];

fn stored(stage: &Stage, at: i64) -> Stored {
    let connection = stage.open();
    let sql =
        "SELECT * FROM batch_snapshots JOIN targets ON id = application_id WHERE name = 'etl' AND collected_at = ?1";
    let sql = sql.replace('*', "batch_snapshots.*");
    let mut statement = connection.prepare(&sql).expect("the table is there");
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([at * 1000]).expect("rows");
    let mut stored = Stored { figures: BTreeMap::new(), keys: BTreeSet::new(), idle: BTreeMap::new() };
    while let Some(row) = rows.next().expect("a row") {
        let text = |name: &str| row.get::<_, String>(name).expect("a text");
        let key = ["database", "table", "test_name"].map(text);
        assert!(stored.keys.insert(key.clone()), "{key:?} twice");
        stored.idle.insert(key.clone(), row.get("idle").expect("a mark"));
        for name in names.iter().filter(|name| !KEYS.contains(&name.as_str())) {
            if let ValueRef::Real(value) = row.get_ref(name.as_str()).expect("a cell") {
                stored.figures.insert((key.clone(), name.clone()), value);
            }
        }
    }
    stored
}

/// What is not the same, to a relative 1e-9.
fn differences(expected: &Figures, stored: &Stored) -> Vec<String> {
    let near = |left: f64, right: f64| (left - right).abs() <= 1e-9 * left.abs().max(right.abs());
    let expected: BTreeMap<(Key, String), f64> =
        expected.iter().map(|((key, metric), value)| ((key.clone(), (*metric).to_owned()), *value)).collect();
    let all: BTreeSet<_> = expected.keys().chain(stored.figures.keys()).collect();
    let same = |what: &(Key, String)| match (expected.get(what), stored.figures.get(what)) {
        (Some(left), Some(right)) => near(*left, *right),
        _ => false,
    };
    let wrong = all.into_iter().filter(|what| !same(what));
    wrong.map(|what| format!("{what:?}: {:?}, not {:?}", stored.figures.get(what), expected.get(what))).collect()
}

/// Collects at every look, `offset` seconds after it was recorded, and compares every row with what the pages say. How many
/// figures were compared.
fn live(application: &Application, stage: &Stage, generation: &str, offset: i64) -> usize {
    let mut before: Option<Page> = None;
    let mut compared = 0;
    for (index, look) in application.looks().iter().enumerate() {
        let at = application.step(index) + offset;
        // Neither the birth nor the end is a failure, and nothing that it runs is worth a word.
        assert_eq!(stage.run(at, &["collect-once"]), silent(), "{generation} after {} s", look.seconds);
        let stored = stored(stage, at);
        let Some(page) = &look.page else { continue };
        let now = expected::page(&page.body);
        let figures = expected::figures(generation, &now, before.as_ref());
        let wrong = differences(&figures, &stored);
        assert!(wrong.is_empty(), "{generation} after {} s:\n{}", look.seconds, wrong.join("\n"));
        assert_eq!(stored.keys, expected::keys(&figures), "{generation} after {} s", look.seconds);
        for (key, idle) in &stored.idle {
            let expected = expected::is_idle(key).then_some(1);
            assert_eq!(*idle, expected, "{generation} after {} s: {key:?}", look.seconds);
        }
        compared += figures.len();
        before = Some(now);
    }
    compared
}

fn a_life(generation: &str, figures: usize) -> (Application, Stage) {
    let application = Application::of_generation(generation);
    let stage = Stage::new(&block("etl", &application, "interval_secs = 5"));
    assert_eq!(live(&application, &stage, generation, 0), figures);
    assert_eq!(
        stage.rows("SELECT generation, failures, last_error FROM applications"),
        format!("{generation}|0|NULL\n")
    );
    (application, stage)
}

#[test]
fn a_whole_life_of_generation_a_leaves_what_its_pages_say() {
    let (application, stage) = a_life("A", 1029);
    // Another run of the same application, ten minutes later: nothing of the first one is counted.
    assert_eq!(live(&application, &stage, "A", 600), 1029);
}

#[test]
fn a_whole_life_of_generation_b_leaves_what_its_pages_say() {
    a_life("B", 7017);
}

#[test]
fn a_whole_life_of_generation_c_leaves_what_its_pages_say() {
    let (application, stage) = a_life("C", 6250);
    let looks = application.looks();
    let ended = looks.iter().rposition(|look| look.page.is_some()).expect("a page") + 1;
    // One row says that it is not there any more, those before its birth and after it say nothing.
    let whole =
        "SELECT collected_at, answered, interval_ms, run_id, idle, batchsql_process_memory_bytes FROM batch_snapshots
                 WHERE database || \"table\" || test_name = '' AND (answered = 0 OR answered IS NULL)";
    let end = looks[ended].at / 1000;
    assert_eq!(stage.rows(whole), format!("{end}000|0|5000|{}|NULL|NULL\n", ended + 1));
    let about = "SELECT kind, generation, last_answer, ended_at, failures, next_try FROM targets";
    assert_eq!(stage.rows(about), format!("application|C|{}000|{end}000|0|NULL\n", looks[ended - 1].at / 1000));
    assert_eq!(stage.rows("SELECT count(*), sum(failed), sum(stored) FROM runs"), "53|0|53\n");
    let errors = "SELECT error, count(*), sum(mended) FROM fetches GROUP BY error ORDER BY error";
    assert_eq!(stage.rows(errors), "NULL|49|0\nconnection refused|4|4\n");
    assert_eq!(stage.rows("SELECT count(*) FROM previous_samples"), "0\n");
}

#[test]
fn an_application_that_began_anew_between_two_collections_counts_nothing_of_its_first_run() {
    let application = Application::of_generation("C");
    let stage = Stage::new(&block("etl", &application, ""));
    // The first run is not seen to end.
    let collect = |index: usize, at: i64| {
        application.step(index);
        assert_eq!(stage.run(at, &["collect-once"]), silent());
    };
    collect(47, START);
    let first = application.looks()[1].page.clone().expect("a page").body;
    let text = String::from_utf8(first.to_vec()).expect("a text");
    let start = "process_start_time_seconds 1.79531348822e+09";
    assert!(text.contains(start));
    let second = text.replace(start, "process_start_time_seconds 1.79531378822e+09");
    application.show(second.clone().into_bytes());
    assert_eq!(stage.run(START + 30, &["collect-once"]), silent());
    let page = expected::page(second.as_bytes());
    let wrong = differences(&expected::figures("C", &page, None), &stored(&stage, START + 30));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Later its counters go on, and the one that is born adds nothing although the first run had it.
    let announced = "# TYPE batchsql_records_processed_total counter\n";
    let test = "{database=\"sqlite3\",status=\"processed\",test_name=\"高吞吐量测试\"}";
    assert!(second.contains(announced));
    let born = second.replace(announced, &format!("{announced}batchsql_records_processed_total{test} 170000\n"));
    application.show(born.clone().into_bytes());
    assert_eq!(stage.run(START + 60, &["collect-once"]), silent());
    let later = expected::page(born.as_bytes());
    let wrong = differences(&expected::figures("C", &later, Some(&page)), &stored(&stage, START + 60));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let records = "SELECT batchsql_records_processed_total, batchsql_records_processed FROM batch_snapshots
                   WHERE test_name = '高吞吐量测试' ORDER BY collected_at";
    assert_eq!(stage.rows(records), "200000|NULL\nNULL|NULL\n170000|NULL\n");
}
