//! Every metric of BatchSQL applications against Prometheus, over the recorded pages of three generations and over pages
//! that follow the guide.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::process::Command;

use serde_json::Value;
use stellar::catalogue::Catalogue;
use stellar::sample::{Labels, Point, Text};
use stellar::settings::{self, Kind};

use crate::replay::{Application, START};
use crate::server::{Found, Programs, Prometheus};
use crate::story::{Moment, Present, samples_of_page};
use crate::{Figures, agree, translate};

/// What was collected of an application at some of its looks, `every` one of them.
fn story(application: &Application, every: usize) -> (Catalogue, Vec<Moment>) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let url = application.url();
    let text = format!("[database]\npath = \"stellar.db\"\n[[applications]]\nname = \"etl\"\nurl = \"{url}\"\n");
    std::fs::write(&config, text).expect("the configuration is written");
    let loaded = settings::load(Some(&config), &|_| None).unwrap_or_else(|error| panic!("{}", error.render()));
    let catalogue = Catalogue::load(&loaded.settings).expect("no faults");
    let mut last: HashMap<(Text, Labels), Point> = HashMap::new();
    let mut moments = Vec::new();
    for index in (1..application.looks().len()).step_by(every) {
        let at = application.step(index);
        let Some(page) = &application.looks()[index].page else { continue };
        let output = Command::new(env!("CARGO_BIN_EXE_stellar"))
            .args(["collect-once", "--json", "--config"])
            .arg(&config)
            .env_clear()
            .env("STELLAR_NOW", at.to_string())
            .output()
            .expect("the program runs");
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let collected = document["applications"][0].clone();
        assert_eq!((&collected["stored"], &collected["answered"]), (&Value::from(true), &Value::from(true)));
        let read = |metric: &stellar::catalogue::Metric, name: &str| metric.entry.expr.text().contains(name);
        let mut series = Vec::new();
        for sample in samples_of_page(&page.body, "app", &application.node.instance()) {
            if !catalogue.metrics().iter().any(|metric| read(metric, &sample.name)) {
                continue;
            }
            let present = Point { at: at * 1000, value: sample.value };
            let previous = last.insert((sample.name.clone(), sample.labels.clone()), present);
            series.push(Present { name: sample.name, labels: sample.labels, present, previous });
        }
        let what = format!("after {} s", application.looks()[index].seconds);
        moments.push(Moment { what, at, series, collected });
    }
    (catalogue, moments)
}

/// By database, table and test name.
fn ours(moment: &Moment, metric: &str) -> Figures {
    let rows = moment.collected["batches"].as_array().expect("rows").iter();
    let figures = rows.filter_map(|row| {
        let key = ["database", "table", "test_name"].map(|label| row[label].as_str().unwrap_or_default().to_owned());
        Some((format!("{key:?}"), row["metrics"][metric].as_f64()?))
    });
    figures.collect()
}

/// An empty answer, NaN and infinities are NULL.
fn theirs(found: Vec<Found>) -> Figures {
    let named = found.into_iter().filter(|one| one.value.is_finite()).map(|one| {
        let mut labels: BTreeMap<String, String> = one.labels;
        let key = ["database", "table", "test_name"].map(|label| labels.remove(label).unwrap_or_default());
        // A label that is left over makes it another name than ours.
        (if labels.is_empty() { format!("{key:?}") } else { format!("{key:?} {labels:?}") }, one.value)
    });
    named.collect()
}

/// Compares every metric at every moment. The names of those that never had a value.
fn compare(programs: &Programs, application: &Application, every: usize) -> Vec<String> {
    let (catalogue, moments) = story(application, every);
    assert!(moments.len() > 3, "{} moments", moments.len());
    let prometheus = Prometheus::holding(programs, &translate::in_open_metrics(&moments));
    let (mut unmeasured, mut differences) = (Vec::new(), String::new());
    let questions = translate::questions(&catalogue, Kind::Application);
    assert_eq!(questions.len(), 23);
    for question in questions {
        let mut measured = false;
        for (index, moment) in moments.iter().enumerate() {
            let (expression, at) = question.at(index, moment);
            let (ours, theirs) = (ours(moment, &question.name), prometheus.query(&expression, Some(at)).map(theirs));
            measured |= !ours.is_empty();
            if !theirs.as_ref().is_ok_and(|theirs| agree(&ours, theirs, true)) {
                let (name, what) = (&question.name, &moment.what);
                let _ = writeln!(differences, "{name}, {what}: ours {ours:?}, theirs {theirs:?} by {expression}");
            }
        }
        if !measured {
            unmeasured.push(question.name);
        }
    }
    assert_eq!(differences, "");
    unmeasured
}

#[test]
fn of_generation_a_every_metric_is_worth_what_prometheus_says() {
    let Some(programs) = Programs::find() else { return };
    let unmeasured = compare(&programs, &Application::of_generation("A"), 2);
    let expected = [
        "batchsql_errors",
        "batchsql_process_memory_bytes",
        "batchsql_active_connections",
        "batchsql_buffer_utilization",
    ];
    assert_eq!(unmeasured, expected);
}

#[test]
fn of_generation_b_every_metric_is_worth_what_prometheus_says() {
    let Some(programs) = Programs::find() else { return };
    let unmeasured = compare(&programs, &Application::of_generation("B"), 5);
    let expected = [
        "batchsql_batch_size_p50",
        "batchsql_batch_size_p95",
        "batchsql_batch_size_p99",
        "batchsql_batch_size_mean",
        "batchsql_batch_size_count",
        "batchsql_buffer_utilization",
    ];
    assert_eq!(unmeasured, expected);
}

#[test]
fn of_generation_c_every_metric_is_worth_what_prometheus_says() {
    let Some(programs) = Programs::find() else { return };
    let unmeasured = compare(&programs, &Application::of_generation("C"), 4);
    assert_eq!(unmeasured, ["batchsql_batch_success_total", "batchsql_buffer_utilization"]);
}

/// A page with all eleven names of the guide, under the labels that the guide gives them. At 3 its process began anew.
fn guide(moment: i64) -> Vec<u8> {
    let done = if moment >= 3 { moment - 2 } else { 10 + moment };
    let mut page = String::new();
    let mut family = |kind: &str, name: &str, samples: &[(String, f64)]| {
        let _ = writeln!(page, "# TYPE batchsql_{name} {kind}");
        for (series, value) in samples {
            let _ = writeln!(page, "batchsql_{series} {value}");
        }
    };
    let of = |name: &str, more: &str, database: &str| {
        format!("{name}{{database=\"{database}\",table=\"orders\",test_name=\"nightly\"{more}}}")
    };
    let both =
        |name: &str, mysql: f64, redis: f64| vec![(of(name, "", "mysql"), mysql), (of(name, "", "redis"), redis)];
    let done = done as f64;
    for (name, each) in [("records_processed_total", 500.0), ("batch_success_total", 9.0), ("batch_failed_total", 1.0)]
    {
        family("counter", name, &both(name, each * done, each * done * 2.0));
    }
    family("gauge", "current_rps", &both("current_rps", 250.5 + done, 0.0));
    family("gauge", "data_integrity_rate", &both("data_integrity_rate", 0.98, 1.0));
    if moment % 2 == 0 {
        family("gauge", "error_rate", &[(of("error_rate", "", "mysql"), 0.02 * done)]);
    }
    family("gauge", "memory_usage_bytes", &both("memory_usage_bytes", 1e6 * done, 4096.0));
    family("gauge", "buffer_utilization", &both("buffer_utilization", 0.5, 0.0));
    family("gauge", "active_connections", &[("active_connections{database=\"mysql\"}".to_owned(), 4.0)]);
    for (name, bounds) in [("batch_execution_duration_ms", [10.0, 100.0, 1000.0]), ("batch_size", [10.0, 100.0, 500.0])]
    {
        let mut samples = Vec::new();
        for (index, bound) in bounds.iter().enumerate() {
            let more = format!(",le=\"{bound}\"");
            samples.push((of(&format!("{name}_bucket"), &more, "mysql"), done * (index + 2) as f64));
        }
        samples.push((of(&format!("{name}_bucket"), ",le=\"+Inf\"", "mysql"), done * 5.0));
        samples.push((of(&format!("{name}_sum"), "", "mysql"), done * 321.5));
        samples.push((of(&format!("{name}_count"), "", "mysql"), done * 5.0));
        family("histogram", name, &samples);
    }
    page.into_bytes()
}

#[test]
fn of_the_guides_own_names_every_metric_is_worth_what_prometheus_says() {
    let Some(programs) = Programs::find() else { return };
    let application = Application::of_pages((0..6).map(|moment| (START + moment * 30, guide(moment))));
    let unmeasured = compare(&programs, &application, 1);
    assert_eq!(unmeasured, ["batchsql_errors", "batchsql_process_memory_bytes"]);
}
