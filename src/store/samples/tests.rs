use rusqlite::{Connection, params};

use super::*;
use crate::history::{Steps, evaluate_over_time};
use crate::promql::{Expression, evaluate};

const MINUTE: Millis = 60_000;
/// Some day.
const START: Millis = 1_795_314_000_000;
const ROWS: i64 = 120;

/// Two clusters of two nodes with holes of all sorts, half an hour to a few hours between some of the rows.
fn file() -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    let schema = "CREATE TABLE targets (id INTEGER PRIMARY KEY, name TEXT, environment TEXT, kind TEXT);
        CREATE TABLE batch_snapshots (application_id INTEGER, database TEXT, collected_at INTEGER);
        CREATE TABLE clusters (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        INSERT INTO clusters VALUES (1, 'a'), (2, 'b');
        CREATE TABLE metrics_snapshots (cluster_id INTEGER, collected_at INTEGER, interval_ms INTEGER, covered_ms INTEGER,
            x REAL, y REAL, PRIMARY KEY (cluster_id, collected_at)) WITHOUT ROWID;
        CREATE TABLE node_snapshots (cluster_id INTEGER, node TEXT, collected_at INTEGER, instance TEXT, role TEXT,
            covered_ms INTEGER, x REAL, PRIMARY KEY (cluster_id, node, collected_at)) WITHOUT ROWID;";
    connection.execute_batch(schema).expect("tables");
    let mut random: u64 = 7;
    let mut below = |most: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % most
    };
    for cluster in [1, 2] {
        let (mut at, mut interval) = (START, MINUTE);
        for row in 0..ROWS {
            let mut value = |share: u64| (below(share) > 0).then_some(row as f64 + 1.0);
            let values = (value(4), value(9));
            connection
                .execute(
                    "INSERT INTO metrics_snapshots VALUES (?1, ?2, ?3, NULL, ?4, ?5)",
                    params![cluster, at, interval, values.0, values.1],
                )
                .expect("a row");
            for node in ["fe:1", "be:2"] {
                if below(5) > 0 {
                    let (instance, role) =
                        ((below(9) > 0).then_some("10.0.0.1:8030"), ["LEADER", "FOLLOWER"][below(2) as usize]);
                    let value = (below(4) > 0).then_some(row as f64 / 2.0 + 1.0);
                    let values = params![cluster, node, at, instance, role, value];
                    connection
                        .execute("INSERT INTO node_snapshots VALUES (?1, ?2, ?3, ?4, ?5, NULL, ?6)", values)
                        .expect("a row");
                }
            }
            at += match below(30) {
                0 => 3 * 60 * MINUTE,
                1..4 => 8 * MINUTE,
                _ => interval,
            };
            interval = if below(40) == 0 { 10 * MINUTE } else { MINUTE };
        }
    }
    connection
}

#[test]
fn what_is_read_for_an_expression_is_all_that_it_needs() {
    let connection = file();
    let everything = Expression::parse("{__name__!=\"\"}").expect("an expression").selectors();
    let all = history(&connection, &everything, START - 1, START + 1_000 * 60 * MINUTE).expect("a history");
    let mut values = 0;
    for text in [
        "stellar_x",
        "stellar_x{cluster=\"a\"} - stellar_x offset 2h",
        "stellar_y / on(cluster) stellar_x",
        "rate(stellar_x[5m]) or stellar_y offset 26h",
        "max_over_time(stellar_node_x[90m] offset 1h)",
        "stellar_node_x{role=\"LEADER\", node=~\"fe:.*\"}",
        "sum by (cluster, role) (stellar_node_x) - on(cluster) group_left stellar_x",
        "count by (__name__) ({cluster=\"b\"})",
        "count({instance=\"fe:1\"}) or stellar_x @ 1795320000",
        "stellar_x @ start() + stellar_x @ end() offset 10m",
        "absent(stellar_node_x{node=\"fe:1\", cluster=\"b\"})",
    ] {
        let expression = Expression::parse(text).expect(text);
        let selectors = expression.selectors();
        for begin in (0..40).map(|hour| START + hour * 31 * MINUTE) {
            let own = history(&connection, &selectors, begin, begin).expect("a history");
            let expected = evaluate(&expression, &all, begin);
            assert_eq!(evaluate(&expression, &own, begin), expected, "{text} at {begin}");
            let steps = Steps { since: begin, until: begin + 47 * MINUTE, step: 3 * MINUTE };
            let own = history(&connection, &selectors, steps.since, steps.until).expect("a history");
            let expected = evaluate_over_time(&expression, &all, steps);
            values += expected.as_ref().map_or(0, Vec::len);
            assert_eq!(evaluate_over_time(&expression, &own, steps), expected, "{text} from {begin}");
        }
    }
    assert!(values > 300, "{values}");
}

#[test]
fn nothing_is_read_of_targets_that_no_selector_wants() {
    let connection = file();
    let read = |text: &str| {
        let selectors = Expression::parse(text).expect(text).selectors();
        let history = history(&connection, &selectors, START, START + 60 * MINUTE).expect("a history");
        let any = Expression::parse("{__name__!=\"\"}").expect("an expression").selectors();
        let mut series: Vec<String> = any
            .iter()
            .flat_map(|selector| {
                history.selected(selector).map(|one| {
                    format!("{}{}", one.name, one.labels.filtered(|label| !["instance", "role"].contains(&label)))
                })
            })
            .collect();
        series.dedup();
        series.join(" ")
    };
    assert_eq!(read("stellar_x{cluster=\"b\"}"), "stellar_x{cluster=\"b\"}");
    assert_eq!(read("stellar_x{node=\"fe:1\"}"), "");
    assert_eq!(read("stellar_z or up"), "");
    assert_eq!(
        read("stellar_node_x{node=~\"be.*\", cluster!=\"a\", instance=\"10.0.0.1:8030\"}"),
        "stellar_node_x{cluster=\"b\", node=\"be:2\"}"
    );
    assert_eq!(
        names(&connection).expect("names").into_iter().collect::<Vec<_>>(),
        [
            "stellar_collector_interval_seconds",
            "stellar_collector_last_success_timestamp_seconds",
            "stellar_node_x",
            "stellar_target_failed_fetches",
            "stellar_target_failures",
            "stellar_x",
            "stellar_y"
        ]
    );
    assert_eq!(targets(&connection).expect("targets").len(), 2);
}
