//! The evaluator and `stellar query` against recorded answers of Prometheus 3.5, see tests/oracle/README.md.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::Value;
use stellar::history::History;
use stellar::history::text;
use stellar::promql::{Expression, evaluate};
use stellar::report::query::{Answer, json};
use stellar::sample::Millis;

const SCRAPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/scrapes.txt.gz");
const ANSWERS: &str = include_str!("oracle/answers.jsonl");

/// One answer of Prometheus.
struct Recorded {
    /// Query and time.
    what: String,
    query: String,
    at: Millis,
    /// The `data` object; without one Prometheus found the query faulty.
    data: Option<Value>,
}

fn recorded() -> Vec<Recorded> {
    let read = |line: &str| {
        let mut answer: Value = serde_json::from_str(line).expect("JSON");
        let query = answer["q"].as_str().expect("a query").to_owned();
        let at = (answer["time"].as_f64().expect("a time") * 1000.0).round() as Millis;
        let response = answer["response"].take();
        let data = match answer["http_status"].as_u64() {
            Some(200) => Some(response["data"].clone()),
            status => {
                assert_eq!((status, &response["errorType"]), (Some(400), &Value::from("bad_data")), "{query}");
                None
            }
        };
        Recorded { what: format!("{} at {at}", answer["id"]), query, at, data }
    };
    ANSWERS.lines().map(read).collect()
}

/// The samples that any of the queries reads.
fn history(answers: &[Recorded]) -> History {
    let parsed = answers.iter().filter_map(|answer| Expression::parse(&answer.query).ok());
    let selectors: Vec<_> = parsed.flat_map(|expression| expression.selectors()).collect();
    let file = File::open(SCRAPES).expect("the recorded scrapes");
    let (history, report) = text::read(file, &selectors, false).expect("a text with timestamps");
    assert_eq!((report.bad_lines, report.duplicates), (0, 0), "{:?}", report.first_bad);
    history
}

/// The elements by their labels, with time and value.
fn elements(data: &Value) -> BTreeMap<String, (f64, f64)> {
    let number = |text: &Value| text.as_str().expect("a value in quotes").parse().expect("a number");
    let element = |one: &Value| {
        let labels: BTreeMap<String, Value> = serde_json::from_value(one["metric"].clone()).expect("labels");
        (format!("{labels:?}"), (one["value"][0].as_f64().expect("a time"), number(&one["value"][1])))
    };
    let list = data["result"].as_array().expect("a list");
    let elements: BTreeMap<_, _> = list.iter().map(element).collect();
    assert_eq!(elements.len(), list.len(), "two elements have the same labels");
    elements
}

/// To a relative 1e-9, and nothing more and nothing less.
fn agree(ours: &Value, theirs: &Value) -> bool {
    let near = |left: f64, right: f64| {
        left == right || left.is_nan() && right.is_nan() || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
    };
    let (left, right) = (elements(ours), elements(theirs));
    ours["resultType"] == theirs["resultType"]
        && left.keys().eq(right.keys())
        && left.values().zip(right.values()).all(|(left, right)| left.0 == right.0 && near(left.1, right.1))
}

#[test]
fn all_168_answers_are_those_of_prometheus() {
    let answers = recorded();
    assert_eq!(answers.len(), 168);
    let history = history(&answers);
    let mut differences = Vec::new();
    for answer in &answers {
        let ours = Expression::parse(&answer.query).map_err(|error| error.to_string()).and_then(|expression| {
            let value = evaluate(&expression, &history, answer.at).map_err(|error| error.to_string())?;
            Ok(serde_json::from_str::<Value>(&json(&Answer::At(answer.at, value))).expect("JSON"))
        });
        match (&ours, &answer.data) {
            (Err(_), None) => {}
            (Ok(ours), Some(theirs)) if agree(ours, theirs) => {}
            _ => differences.push(format!("{}: {}: {ours:?}", answer.what, answer.query)),
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn the_program_gives_the_answers_too() {
    let answers = recorded();
    let (mut refused, mut empty) = (0, 0);
    // Every ninth has all four times and some of the refused ones.
    for answer in answers.iter().step_by(9) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stellar"));
        let time = format!("@{}.{:03}", answer.at / 1000, answer.at % 1000);
        command.env_clear().stdin(Stdio::null());
        let output =
            command.args(["query", "--openmetrics", SCRAPES, "--time", &time, "--json", &answer.query]).output();
        let output = output.expect("the program runs");
        let said = String::from_utf8_lossy(&output.stderr);
        match &answer.data {
            None => {
                assert_eq!(
                    (output.status.code(), output.stdout.is_empty()),
                    (Some(2), true),
                    "{}: {said}",
                    answer.what
                );
                refused += 1;
            }
            Some(theirs) => {
                assert_eq!(output.status.code(), Some(0), "{}: {said}", answer.what);
                let ours: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                assert!(agree(&ours, theirs), "{}: {}: {ours}", answer.what, answer.query);
                empty += usize::from(elements(theirs).is_empty());
            }
        }
    }
    assert!(refused >= 1 && empty < 9, "{refused} refused, {empty} empty");
}
