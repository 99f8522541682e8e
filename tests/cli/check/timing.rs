//! Over whole recorded lives of BatchSQL applications the guide's rules change state at the evaluation at which a real
//! Prometheus changes it: promtool evaluates the guide's own rules on the recorded pages, `check` the shipped ones on what
//! was collected of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Command;

use crate::common::peers::peer;
use crate::common::replay::{Application, START};
use crate::program::{Stage, ended, silent};

/// What a series has at each look; `None` where the page did not have it.
type Points = Vec<Option<f64>>;

/// The rules of the guide over the names that generations B and C export. The memory of no recorded application reaches a
/// GiB, so that limit is lower; failures are the shares that were stored, which no page has.
const OF_PROMETHEUS: &str = "
groups:
  - name: guide
    rules:
      - {alert: BatchSQLHighErrorRate, for: 2m, labels: {severity: warning},
         expr: 'avg_over_time(stored_error_rate[5m]) > 0.05'}
      - {alert: BatchSQLLowDataIntegrity, for: 1m, labels: {severity: critical},
         expr: 'max by (application, database, test_name) (batchsql_data_integrity_rate) < 0.95'}
      - {alert: BatchSQLLowPerformance, for: 5m, labels: {severity: warning},
         expr: 'max by (application, database, test_name) (batchsql_current_rps) < 1000'}
      - {alert: BatchSQLHighMemoryUsage, for: 3m, labels: {severity: warning},
         expr: '1048576 * max by (application, database, test_name) (batchsql_memory_usage_mb{type=\"alloc\"}) > 4e6'}
";
const NAMES: [&str; 4] =
    ["BatchSQLHighErrorRate", "BatchSQLLowDataIntegrity", "BatchSQLLowPerformance", "BatchSQLHighMemoryUsage"];
const READ: [&str; 3] = ["batchsql_data_integrity_rate", "batchsql_current_rps", "batchsql_memory_usage_mb"];

/// Which alerts fire, as promtool writes their labels.
type Firing = BTreeMap<&'static str, BTreeSet<String>>;

fn labels(object: &serde_json::Value) -> String {
    let labels = object.as_object().expect("labels").iter();
    let labels = labels.filter(|(name, _)| *name != "alertname").map(|(name, value)| format!("{name}: {value}"));
    format!("{{{}}}", labels.collect::<Vec<_>>().join(", "))
}

fn firing(stage: &Stage, now: i64) -> Firing {
    let run = stage.run(now, &["check", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let mut firing: Firing = BTreeMap::new();
    for alert in document["alerts"].as_array().expect("alerts") {
        let name = NAMES.into_iter().find(|name| alert["labels"]["alertname"] == **name);
        if let Some(name) = name {
            firing.entry(name).or_default().insert(labels(&alert["labels"]));
        }
    }
    firing
}

/// The series of a page that the rules read: `name{labels}` as promtool reads it, and its value.
fn series(page: &[u8]) -> Vec<(String, f64)> {
    let text = String::from_utf8_lossy(page);
    let read = text.lines().filter(|line| READ.iter().any(|name| line.starts_with(&format!("{name}{{"))));
    read.filter_map(|line| {
        let (series, value) = line.rsplit_once(' ')?;
        Some((series.replacen('{', "{application=\"etl\",", 1), value.parse().ok()?))
    })
    .collect()
}

/// Looks of a life, a fixed step apart; what was not there any more ends, as a scrape that fails ends it.
struct Life {
    step: i64,
    looks: usize,
    series: BTreeMap<String, Points>,
}

impl Life {
    fn add(&mut self, look: usize, series: String, value: f64) {
        let looks = self.looks;
        self.series.entry(series).or_insert_with(|| vec![None; looks])[look] = Some(value);
    }

    fn tests(&self, fired: &[Firing]) -> String {
        let mut text = format!(
            "rule_files: [rules.yml]\nevaluation_interval: {step}s\ntests:\n  - interval: {step}s\n    input_series:\n",
            step = self.step
        );
        for (series, points) in &self.series {
            let mut before = None;
            let values = points.iter().map(|point| {
                let value = match (point, before.replace(*point)) {
                    (Some(value), _) => value.to_string(),
                    (None, Some(Some(_))) => "stale".to_owned(),
                    (None, _) => "_".to_owned(),
                };
                value + " "
            });
            let values: String = values.collect();
            let series = series.replace('\'', "''");
            let _ = writeln!(text, "      - {{series: '{series}', values: '{}'}}", values.trim_end());
        }
        text.push_str("    alert_rule_test:\n");
        for (look, firing) in fired.iter().enumerate() {
            for name in NAMES {
                let _ = writeln!(text, "      - eval_time: {}s\n        alertname: {name}", look as i64 * self.step);
                let alerts = firing.get(name).into_iter().flatten();
                let alerts = alerts.map(|labels| format!("          - exp_labels: {labels}\n")).collect::<String>();
                if !alerts.is_empty() {
                    let _ = write!(text, "        exp_alerts:\n{alerts}");
                }
            }
        }
        text
    }
}

/// Collects and checks at every look of a recorded life, `step` seconds apart.
fn lived(generation: &str, step: i64, more: &str) -> (Stage, Life, Vec<Firing>) {
    let application = Application::of_generation(generation);
    let stage = Stage::new(&format!(
        "[[applications]]\nname = \"etl\"\nurl = \"{}\"\ninterval_secs = {step}\n{more}\n\n[[rule]]\n\
         alert = \"BatchSQLHighMemoryUsage\"\nexpr = 'batchsql_memory_usage_bytes > 4e6'\n",
        application.url()
    ));
    let looks = application.looks().len();
    let mut life = Life { step, looks, series: BTreeMap::new() };
    let mut fired = Vec::new();
    for look in 0..looks {
        application.step(look);
        let now = START + look as i64 * step;
        assert_eq!(stage.run(now, &["collect-once"]), silent());
        for (name, value) in application.looks()[look].page.iter().flat_map(|page| series(&page.body)) {
            life.add(look, name, value);
        }
        fired.push(firing(&stage, now));
    }
    let shares = stage.rows(
        "SELECT collected_at / 1000, database, \"table\", test_name, batchsql_error_rate FROM batch_snapshots
         WHERE batchsql_error_rate NOT NULL",
    );
    for row in shares.lines() {
        let [at, database, table, test_name, value] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let look = (at.parse::<i64>().expect("seconds") - START) / step;
        let own = [("application", "etl"), ("database", database), ("table", table), ("test_name", test_name)];
        let own = own.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}=\"{value}\""));
        let name = format!("stored_error_rate{{{}}}", own.collect::<Vec<_>>().join(","));
        life.add(look as usize, name, value.parse().expect("a share"));
    }
    (stage, life, fired)
}

/// From when to when each alert fired, in seconds of the life.
fn told(life: &Life, fired: &[Firing]) -> String {
    let mut lines = BTreeMap::new();
    for (look, firing) in fired.iter().enumerate() {
        for (name, alerts) in firing {
            for labels in alerts {
                let (_, last) = lines.entry((*name, labels.clone())).or_insert((look, look));
                *last = look;
            }
        }
    }
    let line = |((name, labels), (first, last)): (&(&str, String), &(usize, usize))| {
        format!("{}..{} s {name} {labels}\n", *first as i64 * life.step, *last as i64 * life.step)
    };
    lines.iter().map(line).collect()
}

#[test]
fn the_rules_of_the_guide_change_when_those_of_prometheus_do() {
    let Some(promtool) = peer("promtool") else { return };
    let mut text = String::new();
    // Five seconds are what was recorded. No such life lasts for the five minutes of LowPerformance; at half speed it does.
    for (generation, step) in [("B", 5), ("C", 5), ("C", 10)] {
        let (stage, life, fired) = lived(generation, step, "include_idle = true");
        stage.write("rules.yml", OF_PROMETHEUS);
        stage.write("tests.yml", &life.tests(&fired));
        let output = Command::new(&promtool).args(["test", "rules", "tests.yml"]).current_dir(stage.folder()).output();
        let verdict = stage.ended(output.expect("promtool ends"));
        assert_eq!(verdict, ended(0, "Unit Testing:  tests.yml\n  SUCCESS\n\n", ""), "{generation} every {step} s");
        let _ = write!(text, "generation {generation}, a look every {step} s\n{}\n", told(&life, &fired));
    }
    let (_, life, fired) = lived("C", 10, "");
    let _ = write!(text, "generation C, a look every 10 s, without idle label sets\n{}", told(&life, &fired));
    crate::snapshot::is("check/timing.txt", &text);
}
