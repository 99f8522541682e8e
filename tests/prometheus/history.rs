//! The stored history against a Prometheus that holds the same rows: every recorded metric at many moments, and range
//! queries. What the rows mean as scrapes is worked out here once more, from the rows alone.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;
use stellar::catalogue::KEY_COLUMNS;
use stellar::history::{Steps, evaluate_over_time};
use stellar::promql::{Expression, evaluate};
use stellar::report::query::{Answer, json};
use stellar::store::{open_read_only, samples};

use crate::ranges::{agree, series};
use crate::remote::{self, Labels, STALE};
use crate::server::{Programs, Prometheus};
use crate::stories;

/// What a Prometheus would have scraped in one collection.
type Page = BTreeMap<Labels, f64>;

/// Every collection as a page, by its time.
fn pages(connection: &Connection) -> BTreeMap<i64, Page> {
    let mut pages = BTreeMap::new();
    for (table, prefix) in [("metrics_snapshots", "stellar_"), ("node_snapshots", "stellar_node_")] {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).expect("a table");
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let text = |name: &str| row.get::<_, Option<String>>(name).expect("a text").unwrap_or_default();
            let mut labels = Labels::from([("cluster".to_owned(), "shop".to_owned())]);
            if table == "node_snapshots" {
                let instance = if text("instance").is_empty() { text("node") } else { text("instance") };
                labels.extend([
                    ("node".into(), text("node")),
                    ("instance".into(), instance),
                    ("role".into(), text("role")),
                ]);
                labels.retain(|_, value| !value.is_empty());
            }
            let page: &mut Page = pages.entry(row.get("collected_at").expect("a time")).or_default();
            for (index, name) in names.iter().enumerate().filter(|(_, name)| !KEY_COLUMNS.contains(&name.as_str())) {
                let ValueRef::Real(value) = row.get_ref(index).expect("a cell") else { continue };
                let name = ("__name__".to_owned(), format!("{prefix}{name}"));
                page.insert(labels.clone().into_iter().chain([name]).collect(), value);
            }
        }
    }
    pages
}

/// What the series of a page become, and those that are on it no longer.
fn as_scraped(pages: &BTreeMap<i64, Page>) -> BTreeMap<Labels, Vec<(i64, f64)>> {
    let mut all: BTreeMap<Labels, Vec<(i64, f64)>> = BTreeMap::new();
    let mut before = &Page::new();
    for (at, page) in pages {
        for (labels, value) in page {
            all.entry(labels.clone()).or_default().push((*at, *value));
        }
        for labels in before.keys().filter(|labels| !page.contains_key(*labels)) {
            all.entry(labels.clone()).or_default().push((*at, f64::from_bits(STALE)));
        }
        before = page;
    }
    all
}

/// Elements by their labels.
fn elements(data: &Value) -> BTreeMap<String, u64> {
    let number = |one: &Value| one["value"][1].as_str().and_then(|text| text.parse::<f64>().ok()).expect("a number");
    let element = |one: &Value| (one["metric"].to_string(), number(one).to_bits());
    data["result"].as_array().expect("a list").iter().map(element).collect()
}

/// No boundary of a range falls on a sample, for there versions 2 and 3 differ; no counter is young.
const EXPRESSIONS: [&str; 16] = [
    "stellar_backends_alive",
    "stellar_node_reachable{role!=\"BACKEND\"}",
    "{__name__=~\"stellar_(node_)?restart.*\"}",
    "count({cluster=\"shop\"})",
    "count by (__name__) ({node=~\"be:.*\"})",
    "sum by (role) (stellar_node_alive)",
    "stellar_queries_per_second offset 1m",
    "stellar_frontends_alive / stellar_frontends < 1",
    "rate(stellar_query_total[47s])",
    "sum by (node) (increase(stellar_node_heartbeat_age_seconds[1m]))",
    "max_over_time(stellar_endpoints_down[2m])",
    "avg_over_time(stellar_node_process_memory_bytes[90s])",
    "count_over_time(stellar_backends_alive[3m] offset -30s)",
    "delta(stellar_jvm_heap_used_bytes[70s])",
    "absent(stellar_frontends_leader == 1)",
    "stellar_backends_alive - stellar_backends_alive @ 1795314600",
];

#[test]
fn stored_history_gives_what_a_prometheus_gives_that_holds_the_same_rows() {
    let Some(programs) = Programs::find() else { return };
    let story = stories::demo_and_lost_quorum();
    let path = story.database();
    let writer = Connection::open(&path).expect("it opens");
    let times: Vec<i64> = story.moments.iter().map(|moment| moment.at * 1000).collect();
    // Nothing measured at all in one collection, and in another a node without a row.
    let names = samples::names(&writer).expect("names").into_iter();
    let others = ["stellar_node_", "stellar_collector_", "stellar_target_"];
    let is_column = |name: &String| name.starts_with("stellar_") && !others.iter().any(|start| name.starts_with(start));
    let columns = names.filter(is_column);
    let nothing = columns.map(|name| format!("\"{}\" = NULL", name.trim_start_matches("stellar_")));
    let nothing = nothing.collect::<Vec<_>>().join(", ");
    for text in [
        format!("UPDATE metrics_snapshots SET {nothing} WHERE collected_at = {}", times[4]),
        format!("DELETE FROM node_snapshots WHERE node LIKE 'be:100001' AND collected_at = {}", times[3]),
    ] {
        assert!(writer.execute(&text, []).expect("it is changed") == 1, "{text}");
    }
    let pages = pages(&writer);
    let prometheus = Prometheus::receiving(&programs, &remote::request(&as_scraped(&pages)));
    let connection = open_read_only(&path).expect("it opens");

    let everything = Expression::parse("{__name__=~\"stellar_.+\"}").expect("an expression");
    let last = times.last().copied().expect("moments");
    let between = times.iter().flat_map(|at| [at - 1, *at, at + 1, at + 12_500]);
    let (mut seen, mut differences) = (0, Vec::new());
    for at in between.chain([last + 299_999, last + 300_001]) {
        let history = samples::history(&connection, &everything.selectors(), at, at).expect("a history");
        let ours = json(&Answer::At(at, evaluate(&everything, &history, at).expect("a vector")));
        let (ours, theirs) = (
            elements(&serde_json::from_str(&ours).expect("JSON")),
            elements(&prometheus.vector(everything.text(), at)),
        );
        seen += theirs.len();
        if ours != theirs {
            let only = |left: &BTreeMap<String, u64>, right: &BTreeMap<String, u64>| {
                left.iter()
                    .filter(|(one, value)| right.get(*one) != Some(value))
                    .map(|(one, _)| one.clone())
                    .collect::<Vec<_>>()
            };
            differences.push(format!(
                "at {at}: only ours {:?}, only theirs {:?}",
                only(&ours, &theirs),
                only(&theirs, &ours)
            ));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert!(seen > 20_000, "{seen}");

    for text in EXPRESSIONS {
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut points = 0;
        for step in [1_000, 7_000, 60_000] {
            let steps = Steps { since: times[0] - 9_500, until: last + 310_500, step };
            let history =
                samples::history(&connection, &expression.selectors(), steps.since, steps.until).expect("a history");
            let ours = evaluate_over_time(&expression, &history, steps).expect("an answer");
            let ours: Value = serde_json::from_str(&json(&Answer::Over(steps, ours))).expect("JSON");
            let range = [steps.since, steps.until, step].map(|millis| millis as f64 / 1000.0);
            let (ours, theirs) = (series(&ours), series(&prometheus.matrix(text, range)));
            points += theirs.iter().map(|(_, points)| points.len()).sum::<usize>();
            let same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(ours, theirs)| agree(ours, theirs));
            if !same {
                differences.push(format!("{text} every {step}: {ours:?} {theirs:?}"));
            }
        }
        assert!(points > 0, "{text} has no value");
    }
    assert_eq!(differences, Vec::<String>::new());
}
