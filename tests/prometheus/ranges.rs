//! Range queries over the recorded scrapes of tests/oracle, against Prometheus's own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;

use serde_json::Value;
use stellar::history::{Steps, evaluate_over_time, text};
use stellar::promql::Expression;
use stellar::report::query::{Answer, json};

use crate::server::{Programs, Prometheus};

const SCRAPES: &[u8] = include_bytes!("../oracle/scrapes.txt.gz");

/// Nothing that a Prometheus of version 2 answers otherwise than one of version 3: no increase of young counters, and no
/// moment from which a sample is exactly a range or five minutes away.
const EXPRESSIONS: [&str; 16] = [
    "batchsql_current_rps",
    "sum by (database) (batchsql_current_rps)",
    "batchsql_current_rps{test_name!=\"nothing\"} > 20000",
    "count({__name__=\"batchsql_current_rps\"} offset 1m)",
    "batchsql_active_connections and on(database) batchsql_current_rps > 0",
    "avg_over_time(batchsql_current_rps[47s])",
    "max_over_time(batchsql_current_rps{database=\"sqlite3\"}[1m])",
    "delta(batchsql_memory_usage_mb{database=\"sqlite3\"}[90s])",
    "irate(process_cpu_seconds_total[20s])",
    "changes(process_resident_memory_bytes[2m])",
    "resets(process_cpu_seconds_total[2m])",
    "count_over_time(batchsql_data_integrity_rate[1m] offset -30s)",
    "absent(batchsql_current_rps{instance=\"head-default\"})",
    "time() - timestamp(process_resident_memory_bytes)",
    "scalar(count(batchsql_current_rps)) * 2",
    "sum(batchsql_records_processed_total) / 1e9 > bool 0.001",
];

/// The labels of a series, and its points.
pub type Series = (String, Vec<(f64, f64)>);

/// Every series in the order of the answer.
pub fn series(data: &Value) -> Vec<Series> {
    assert_eq!(data["resultType"], "matrix");
    let number = |text: &Value| text.as_str().expect("a value in quotes").parse().expect("a number");
    let point = |one: &Value| (one[0].as_f64().expect("a time"), number(&one[1]));
    let one = |one: &Value| {
        let labels: BTreeMap<String, Value> = serde_json::from_value(one["metric"].clone()).expect("labels");
        let points = one["values"].as_array().expect("points").iter().map(point);
        (format!("{labels:?}"), points.collect())
    };
    data["result"].as_array().expect("series").iter().map(one).collect()
}

pub fn agree((ours, left): &Series, (theirs, right): &Series) -> bool {
    let near = |left: f64, right: f64| {
        left == right || left.is_nan() && right.is_nan() || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
    };
    ours == theirs
        && left.len() == right.len()
        && left.iter().zip(right).all(|(left, right)| left.0 == right.0 && near(left.1, right.1))
}

#[test]
fn range_queries_give_what_prometheus_gives() {
    let Some(programs) = Programs::find() else { return };
    let mut scrapes = String::new();
    flate2::read::MultiGzDecoder::new(SCRAPES).read_to_string(&mut scrapes).expect("the recorded scrapes");
    // Prometheus wants one page: each family announced once, one end.
    let samples = scrapes.lines().filter(|line| !line.starts_with('#')).fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    });
    let prometheus = Prometheus::holding(&programs, &(samples + "# EOF\n"));

    let expressions = EXPRESSIONS.map(|text| Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")));
    let selectors: Vec<_> = expressions.iter().flat_map(Expression::selectors).collect();
    let (history, _) = text::read(SCRAPES, &selectors, false).expect("a history");
    // From before the first sample to five minutes after the last.
    let (since, until) = (1_795_313_450_000, 1_795_314_050_000);
    let mut differences = Vec::new();
    for expression in &expressions {
        for step in [1_000, 7_000, 60_000] {
            let steps = Steps { since, until, step };
            let ours = evaluate_over_time(expression, &history, steps).expect("an answer");
            let ours: Value = serde_json::from_str(&json(&Answer::Over(steps, ours))).expect("JSON");
            let range = [since, until, step].map(|millis| millis as f64 / 1000.0);
            let (ours, theirs) = (series(&ours), series(&prometheus.matrix(expression.text(), range)));
            let points: usize = theirs.iter().map(|(_, points)| points.len()).sum();
            assert!(points > 0, "{}", expression.text());
            let same = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(ours, theirs)| agree(ours, theirs));
            if !same {
                differences.push(format!("{} every {step}: {ours:?} {theirs:?}", expression.text()));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}
