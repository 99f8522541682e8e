//! Unit tests of rules, in promtool's format and with its verdicts: series in, the alerts that fire and the values of
//! expressions out. Recording rules are evaluated here, too, for the tests of many people read what they make.

mod file;
mod series;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

pub use file::{AlertTest, ExpressionTest, Test, TestFile};

use super::raise::{Surroundings, raise, values};
use super::rule::{ALERTNAME, Rule, VALUE};
use super::sources::{self, Kind, RuleFault, Rules};
use super::state::{Active, advance};
use crate::history::{History, LOOKBACK, stale, with_name};
use crate::promql::{Element, Expression};
use crate::sample::{Labels, Millis, Point, Text, lapse, millis};
use crate::settings::document::Document;
use crate::settings::durations;
use crate::settings::fault::Fault;
use crate::words;

/// How a file of tests came out.
#[derive(Debug)]
pub struct Outcome {
    /// Tests that were run.
    pub tests: usize,
    /// What is wrong with the file or with the rules it names; nothing was run then.
    pub faults: Vec<Fault>,
    pub failures: Vec<Failure>,
}

/// Something that is not as it was expected.
#[derive(Debug, PartialEq)]
pub struct Failure {
    pub test: String,
    /// What was looked at, and when.
    pub what: String,
    /// What was expected and what was there, or the error alone; one line each.
    pub expected: Vec<String>,
    pub got: Vec<String>,
    pub error: Option<String>,
}

/// Runs the tests of a file.
///
/// # Errors
/// The reason why the file cannot be read.
pub fn run(path: &Path) -> Result<Outcome, String> {
    let document = Document::open_as(path, Document::yaml)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let refused = |faults| Ok(Outcome { tests: 0, faults, failures: Vec::new() });
    let file = match file::read(&document, folder) {
        Ok(file) => file,
        Err(faults) => return refused(faults),
    };
    // Without files of its own a test is of the rules that ship.
    let rules = match file.rule_files.is_empty() {
        true => sources::load(&Default::default()),
        false => sources::of_files(&file.rule_files),
    };
    let hard = rules.findings.iter().filter(|finding| finding.kind != Kind::Note);
    let faults: Vec<Fault> = hard.map(|RuleFault { fault, .. }| fault.clone()).collect();
    if !faults.is_empty() {
        return refused(faults);
    }
    let mut failures = Vec::new();
    for (number, test) in file.tests.iter().enumerate() {
        let name = match &test.name {
            Some(name) => name.clone(),
            None => format!("test {} (line {})", number + 1, test.place.line),
        };
        one(test, &name, millis(file.evaluation_interval).max(1), &rules, &mut failures);
    }
    Ok(Outcome { tests: file.tests.len(), faults, failures })
}

/// A rule and what it left at the evaluation before.
enum Running<'r> {
    Alert(&'r Rule, BTreeMap<Labels, Active>, Vec<(Text, Labels)>),
    Record(Text, Expression, Vec<(Text, Text)>, Vec<(Text, Labels)>),
}

/// All rules in the order of their files.
fn running(rules: &Rules) -> Vec<Running<'_>> {
    let mut files: Vec<&str> = Vec::new();
    let alerts = rules.enabled().map(|rule| &rule.place);
    for place in alerts.chain(rules.records.iter().map(|record| &record.place)) {
        if !files.contains(&&*place.file) {
            files.push(&place.file);
        }
    }
    let order = |file: &str, line: usize| (files.iter().position(|own| *own == file), line);
    let mut all = Vec::new();
    for rule in rules.enabled() {
        let running = Running::Alert(rule, BTreeMap::new(), Vec::new());
        all.push((order(&rule.place.file, rule.place.line), running));
    }
    for record in &rules.records {
        let Some(expression) = record.expr.as_ref().and_then(|expr| Expression::parse(&expr.text).ok()) else {
            continue;
        };
        let labels = record.labels.iter().map(|(name, text)| (name.as_str().into(), text.text.as_str().into()));
        let running = Running::Record(record.name.as_str().into(), expression, labels.collect(), Vec::new());
        all.push((order(&record.place.file, record.place.line), running));
    }
    all.sort_by_key(|(order, _)| *order);
    all.into_iter().map(|(_, running)| running).collect()
}

fn one(test: &Test, name: &str, every: Millis, rules: &Rules, failures: &mut Vec<Failure>) {
    let times = test.alerts.iter().map(|one| one.at).chain(test.expressions.iter().map(|one| one.at));
    let end = times.max().map_or(0, millis);
    let mut history = History::empty(LOOKBACK);
    let mut running = running(rules);
    // What is recorded has units, and these series have none: only labels are known.
    let fill = |_: &Rule, element: &Element, name: &str| match name {
        VALUE => Some(words::number(element.value)),
        _ => element.labels.get(name).map(ToString::to_string),
    };
    let around =
        Surroundings { external_labels: &test.external_labels, external_url: &test.external_url, fill: Some(&fill) };
    let mut loaded = -1;
    let mut at: Millis = 0;
    while at <= end {
        load(&mut history, test, loaded, at);
        loaded = at;
        let mut failed = false;
        for rule in &mut running {
            if let Err(error) = evaluate(rule, &mut history, at, around) {
                let what = format!("rule {} at {}", rule.name(), shown(at));
                failures.push(Failure {
                    test: name.to_owned(),
                    what,
                    expected: Vec::new(),
                    got: Vec::new(),
                    error: Some(error),
                });
                failed = true;
            }
        }
        if failed {
            return;
        }
        let due = test.alerts.iter().filter(|one| (at..at + every).contains(&millis(one.at)));
        for one in due {
            failures.extend(alerts(one, name, &running));
        }
        at += every;
    }
    for one in &test.expressions {
        failures.extend(expression(one, name, &history));
    }
}

/// The samples of the series after `from`, up to `to`.
fn load(history: &mut History, test: &Test, from: Millis, to: Millis) {
    let step = millis(test.interval).max(1);
    for (name, labels, values) in &test.series {
        let first = usize::try_from(from.div_euclid(step) + 1).unwrap_or(0);
        let last = usize::try_from(to / step).unwrap_or(0);
        for (place, value) in values.iter().enumerate().take(last + 1).skip(first) {
            if let Some(value) = value {
                let at = Millis::try_from(place).unwrap_or(Millis::MAX).saturating_mul(step);
                history.push(name, labels, Point { at, value: *value });
            }
        }
    }
}

impl Running<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Alert(rule, ..) => &rule.alert,
            Self::Record(name, ..) => name,
        }
    }
}

fn evaluate(rule: &mut Running<'_>, history: &mut History, at: Millis, around: Surroundings<'_>) -> Result<(), String> {
    match rule {
        Running::Record(name, expression, labels, written) => {
            let elements = values(expression, history, at).map_err(|error| error.to_string())?;
            let mut made: Vec<(Text, Labels, f64)> = Vec::new();
            for element in elements {
                let labels = element.labels.with(labels);
                if made.iter().any(|(_, own, _)| *own == labels) {
                    return Err(format!("two of the values have the labels {labels} when those of the rule are set"));
                }
                made.push((name.clone(), labels, element.value));
            }
            write(history, written, made, at);
        }
        Running::Alert(rule, active, written) => {
            let raised = raise(rule, history, at, around).map_err(|error| error.to_string())?;
            advance(rule.patience(), active, raised, at).map_err(|error| error.to_string())?;
            let mut made = Vec::new();
            for alert in active.values() {
                let state = if alert.is_firing() { "firing" } else { "pending" };
                let labels = alert.raised.labels.with(&[("alertstate".into(), state.into())]);
                made.push(("ALERTS".into(), labels, 1.0));
                let since = alert.since.div_euclid(1000) as f64;
                made.push(("ALERTS_FOR_STATE".into(), alert.raised.labels.clone(), since));
            }
            write(history, written, made, at);
        }
    }
    Ok(())
}

/// Writes what a rule made; what it made before and not now has ended.
fn write(history: &mut History, written: &mut Vec<(Text, Labels)>, made: Vec<(Text, Labels, f64)>, at: Millis) {
    for (name, labels) in std::mem::take(written) {
        if !made.iter().any(|(own, other, _)| *own == name && *other == labels) {
            history.push(&name, &labels, stale(at));
        }
    }
    for (name, labels, value) in made {
        history.push(&name, &labels, Point { at, value });
        written.push((name, labels));
    }
}

/// `5m`, from the beginning.
fn shown(at: Millis) -> String {
    durations::show(lapse(at))
}

fn alert_shown(labels: &Labels, annotations: &BTreeMap<String, String>) -> String {
    let labels = labels.filtered(|name| name != ALERTNAME);
    let annotations = annotations.iter().map(|(name, text)| format!(" {name}={text:?}"));
    format!("{labels}{}", annotations.collect::<String>())
}

fn alerts(test: &AlertTest, name: &str, running: &[Running<'_>]) -> Option<Failure> {
    let mut got: Vec<(Labels, BTreeMap<String, String>)> = Vec::new();
    for rule in running {
        let Running::Alert(rule, active, _) = rule else { continue };
        if rule.alert != test.alert {
            continue;
        }
        got.extend(active.values().filter(|alert| alert.is_firing()).map(|alert| {
            let annotations = alert.raised.annotations.iter().map(|(name, text)| (name.to_string(), text.clone()));
            (alert.raised.labels.clone(), annotations.collect())
        }));
    }
    let named = |labels: &Labels| labels.with(&[(ALERTNAME.into(), test.alert.as_str().into())]);
    let mut expected: Vec<_> = test.expected.iter().map(|(labels, texts)| (named(labels), texts.clone())).collect();
    expected.sort();
    got.sort();
    let told = |alerts: &[(Labels, BTreeMap<String, String>)]| {
        alerts.iter().map(|(labels, annotations)| alert_shown(labels, annotations)).collect()
    };
    (expected != got).then(|| Failure {
        test: name.to_owned(),
        what: format!("alert {} at {}", test.alert, shown(millis(test.at))),
        expected: told(&expected),
        got: told(&got),
        error: None,
    })
}

fn expression(test: &ExpressionTest, name: &str, history: &History) -> Option<Failure> {
    let what = format!("`{}` at {}", test.expression.text().trim(), shown(millis(test.at)));
    let failure = |expected, got, error| Some(Failure { test: name.to_owned(), what, expected, got, error });
    let elements = match values(&test.expression, history, millis(test.at)) {
        Ok(elements) => elements,
        Err(error) => return failure(Vec::new(), Vec::new(), Some(error.to_string())),
    };
    let mut got: Vec<(Labels, f64)> =
        elements.iter().map(|element| (with_name(element.name.as_ref(), &element.labels), element.value)).collect();
    let mut expected: Vec<(Labels, f64)> =
        test.expected.iter().map(|(name, labels, value)| (with_name(name.as_ref(), labels), *value)).collect();
    let order = |left: &(Labels, f64), right: &(Labels, f64)| left.0.cmp(&right.0);
    got.sort_by(order);
    expected.sort_by(order);
    let told = |samples: &[(Labels, f64)]| samples.iter().map(|(labels, value)| format!("{labels} {value}")).collect();
    if got == expected { None } else { failure(told(&expected), told(&got), None) }
}
