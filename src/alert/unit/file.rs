//! A file of unit tests, in promtool's format.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::series;
use crate::promql::Expression;
use crate::sample::{Labels, Text};
use crate::settings::document::{Document, Node, Value};
use crate::settings::fault::{Fault, Place};
use crate::settings::forms::{ANY_TEXT, FilePath, Form, ListOf, Pairs, Refusal, SOME_TEXT};
use crate::settings::prometheus_rules::PROMETHEUS;
use crate::settings::reader::{Reader, Section};

#[derive(Debug)]
pub struct TestFile {
    /// As they are named, from the folder of the file; patterns among them.
    pub rule_files: Vec<PathBuf>,
    pub evaluation_interval: Duration,
    pub tests: Vec<Test>,
}

#[derive(Debug)]
pub struct Test {
    pub name: Option<String>,
    pub place: Place,
    /// Between two samples.
    pub interval: Duration,
    pub series: Vec<(Text, Labels, Vec<Option<f64>>)>,
    pub alerts: Vec<AlertTest>,
    pub expressions: Vec<ExpressionTest>,
    pub external_labels: Labels,
    pub external_url: String,
}

#[derive(Debug)]
pub struct AlertTest {
    pub at: Duration,
    pub alert: String,
    pub place: Place,
    /// Labels without `alertname`, and annotations.
    pub expected: Vec<(Labels, BTreeMap<String, String>)>,
}

#[derive(Debug)]
pub struct ExpressionTest {
    pub at: Duration,
    pub expression: Expression,
    pub place: Place,
    pub expected: Vec<(Option<Text>, Labels, f64)>,
}

const MINUTE: Duration = Duration::from_secs(60);

pub fn read(document: &Document, folder: &Path) -> Result<TestFile, Vec<Fault>> {
    let reader = Reader::without_values(document, &|_| None);
    let root = reader.root();
    let files = ListOf { inner: FilePath(folder), what: "a list of files", example: "[rules.yml]", may_be_empty: true };
    let rule_files = root.value("rule_files", &files, Vec::new(), "the rules that are tested");
    let evaluation_interval =
        root.value("evaluation_interval", &PROMETHEUS, MINUTE, "how often the rules are evaluated");
    if evaluation_interval.is_zero() {
        reader.fault(root.place_of("evaluation_interval"), "`evaluation_interval` is zero", "write one like `1m`");
    }
    let _ = root.optional("group_eval_order", &Any, "groups are evaluated in the order of the files");
    let _ = root.optional("fuzzy_compare", &SOME_TEXT, "values are compared exactly");
    let tests: Vec<Test> =
        root.tables("tests", "a test").map(|section| test(&reader, &section, evaluation_interval)).collect();
    let faults = reader.finish().faults;
    match faults.is_empty() {
        true => Ok(TestFile { rule_files, evaluation_interval, tests }),
        false => Err(faults),
    }
}

const TEXTS: Pairs = Pairs { check: |_| Ok(()), value: ANY_TEXT, example: "{ severity: warning }" };

fn labels(pairs: &BTreeMap<String, String>) -> Labels {
    Labels::of(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn test(reader: &Reader<'_>, section: &Section<'_, '_>, usual: Duration) -> Test {
    let name = section.optional("name", &SOME_TEXT, "what the test is called");
    let interval = section.value("interval", &PROMETHEUS, usual, "the time between two samples");
    let external = section.value("external_labels", &TEXTS, BTreeMap::new(), "labels of this stellar");
    let external_url = section.value("external_url", &ANY_TEXT, String::new(), "where this stellar is found");
    let mut all = Vec::new();
    for section in section.tables("input_series", "a series") {
        let metric = section.required("series", &Parsed(series::metric), "a name and labels");
        let values = section.required("values", &Parsed(series::values), "what it is at each interval");
        let (Some((name, labels)), Some(values)) = (metric, values) else { continue };
        match name {
            Some(name) => all.push((name, labels, values)),
            None => reader.fault(section.place_of("series"), "a series without a name", "write `up{job=\"a\"}`"),
        }
    }
    let alerts = section.tables("alert_rule_test", "a test of alerts").filter_map(|section| {
        let at = section.value("eval_time", &PROMETHEUS, Duration::ZERO, "when it is looked at");
        let alert = section.required("alertname", &SOME_TEXT, "the alert");
        let expected: Vec<_> = section
            .tables("exp_alerts", "an alert")
            .map(|section| {
                let own = section.value("exp_labels", &TEXTS, BTreeMap::new(), "its labels");
                let annotations = section.value("exp_annotations", &TEXTS, BTreeMap::new(), "its annotations");
                (labels(&own), annotations)
            })
            .collect();
        Some(AlertTest { at, alert: alert?, place: section.place_of("alertname"), expected })
    });
    let alerts = alerts.collect();
    let expressions = section.tables("promql_expr_test", "a test of an expression").filter_map(|section| {
        let parse = |text: &str| Expression::parse(text).map_err(|error| error.to_string());
        let expression = section.required("expr", &Parsed(parse), "PromQL");
        let at = section.value("eval_time", &PROMETHEUS, Duration::ZERO, "when it is evaluated");
        let expected: Vec<_> = section
            .tables("exp_samples", "a sample")
            .map(|section| {
                let metric = section.value("labels", &Parsed(series::metric), (None, Labels::empty()), "its labels");
                let parse = |text: &str| series::number(text).ok_or_else(|| format!("`{text}` is not a number"));
                let value = section.value("value", &Parsed(parse), 0.0, "its value");
                (metric.0, metric.1, value)
            })
            .collect();
        Some(ExpressionTest { at, expression: expression?, place: section.place_of("expr"), expected })
    });
    let expressions = expressions.collect();
    Test {
        name,
        place: section.place(),
        interval: if interval.is_zero() { usual } else { interval },
        series: all,
        alerts,
        expressions,
        external_labels: labels(&external),
        external_url,
    }
}

/// A text that a function reads.
struct Parsed<F>(F);

impl<T, F: Fn(&str) -> Result<T, String>> Form for Parsed<F> {
    type Value = T;

    fn read(&self, node: &Node) -> Result<T, Vec<Refusal>> {
        let Value::Text(text) = &node.value else {
            return Err(vec![Refusal::kind(node, "a text", "write it in quotes")]);
        };
        (self.0)(text).map_err(|reason| vec![Refusal::new(node, format!("cannot be read: {reason}"), "")])
    }

    fn show(&self, _: &T) -> String {
        String::new()
    }

    fn kind(&self) -> String {
        "a text".into()
    }
}

/// What is known and not looked at.
struct Any;

impl Form for Any {
    type Value = ();

    fn read(&self, _: &Node) -> Result<(), Vec<Refusal>> {
        Ok(())
    }

    fn show(&self, (): &()) -> String {
        String::new()
    }

    fn kind(&self) -> String {
        "anything".into()
    }
}
