//! A rule file of Prometheus, as it is.

use std::time::Duration;

use super::document::{Document, Node, Value};
use super::fault::{Fault, Place};
use super::forms::{Form, Refusal, SOME_TEXT};
use super::prometheus_duration as duration;
use super::reader::{Reader, Section};
use super::rule_entry::{NAMED, PROMQL, RuleBody, texts, written};

/// What a file holds, in its order.
#[derive(Debug, Default)]
pub struct RuleFile {
    pub alerts: Vec<GroupedAlert>,
    pub records: Vec<Recording>,
    pub faults: Vec<FileFault>,
}

/// An alerting rule and the group that it is in.
#[derive(Clone, Debug)]
pub struct GroupedAlert {
    pub group: String,
    pub alert: String,
    /// Where its name stands.
    pub place: Place,
    pub body: RuleBody,
}

/// A recording rule.
#[derive(Clone, Debug)]
pub struct Recording {
    pub name: String,
    pub place: Place,
    pub expr: Option<super::rule_entry::Written>,
    pub labels: std::collections::BTreeMap<String, super::rule_entry::Written>,
}

/// A fault and the rule that it is in.
#[derive(Clone, Debug)]
pub struct FileFault {
    pub alert: Option<String>,
    pub fault: Fault,
    /// Nothing is left out for it.
    pub mild: bool,
}

/// Reads all groups. A rule with a fault in what it is made of is left out, the others are there.
pub fn read(document: &Document) -> RuleFile {
    let reader = Reader::without_values(document, &|_| None);
    let mut file = RuleFile::default();
    let mut mild: Vec<FileFault> = Vec::new();
    // Where each rule begins, and what it is called.
    let mut begins: Vec<(usize, Option<String>)> = Vec::new();
    let mut groups: Vec<(String, Place)> = Vec::new();
    for section in reader.root().tables("groups", "a group") {
        begins.push((section.place().line, None));
        let name = section.required("name", &SOME_TEXT, "what the group is called").unwrap_or_default();
        let interval = section.optional("interval", &PROMETHEUS, "how often it is evaluated");
        let labels = texts(document, section.node("labels"));
        let _ = section.optional("labels", &NAMED, "labels for all its rules");
        for key in ["limit", "query_offset"] {
            if section.optional(key, &SOME_TEXT, "not looked at").is_some() {
                let message = format!("`{key}` is not looked at: the rules of the group are evaluated without it");
                let fault = Fault::new(section.place_of(key), message, "remove it if nothing else reads this file");
                mild.push(FileFault { alert: None, fault, mild: true });
            }
        }
        let place = section.place_of("name");
        if let Some((_, first)) = groups.iter().find(|(own, _)| *own == name && !name.is_empty()) {
            let hint = format!("first at {}; rename one", first.seen_from(&place));
            reader.fault(place.clone(), format!("group `{name}` comes twice"), hint);
        }
        groups.push((name.clone(), place));
        for section in section.tables("rules", "a rule") {
            let begin = section.place().line;
            let (called, rule) = one(&reader, document, &section);
            begins.push((begin, called));
            match rule {
                Some(Either::Alert(mut alert)) => {
                    alert.group.clone_from(&name);
                    alert.body.interval = interval;
                    let body = &mut alert.body;
                    labels.iter().for_each(|(label, text)| {
                        body.labels.entry(label.clone()).or_insert_with(|| text.clone());
                    });
                    file.alerts.push(alert);
                }
                Some(Either::Record(record)) => file.records.push(record),
                None => {}
            }
        }
    }
    let is_empty = groups.is_empty();
    let faults = reader.finish().faults;
    if is_empty && faults.is_empty() {
        let place = document.place(0..0);
        let fault = Fault::new(place, "the file has no groups of rules", "write `groups:` and the rules below it");
        mild.push(FileFault { alert: None, fault, mild: true });
    }
    let named = faults.into_iter().map(|fault| {
        let alert = begins.iter().rev().find(|(begin, _)| *begin <= fault.place.line);
        FileFault { alert: alert.and_then(|(_, name)| name.clone()), fault, mild: false }
    });
    file.faults.extend(named);
    file.faults.extend(mild);
    // What is wrong within a rule, such as a duration, makes another rule of it.
    let faulty = |line: usize| {
        let end = begins.iter().map(|(begin, _)| *begin).find(|begin| *begin > line).unwrap_or(usize::MAX);
        let start = begins.iter().map(|(begin, _)| *begin).rfind(|begin| *begin <= line).unwrap_or(0);
        let mut hard = file.faults.iter().filter(|fault| !fault.mild && fault.alert.is_some());
        hard.any(|fault| (start..end).contains(&fault.fault.place.line))
    };
    file.alerts.retain(|alert| !faulty(alert.place.line));
    file
}

enum Either {
    Alert(GroupedAlert),
    Record(Recording),
}

/// A rule and what it is called.
fn one(reader: &Reader<'_>, document: &Document, section: &Section<'_, '_>) -> (Option<String>, Option<Either>) {
    let alert = section.optional("alert", &SOME_TEXT, "the name of the alert");
    let record = section.optional("record", &SOME_TEXT, "the name of what is recorded");
    let expr = section.required("expr", &PROMQL, "PromQL; what it gives are alerts");
    let hold = section.optional("for", &PROMETHEUS, "how long it has to hold before the alert fires");
    let keep_firing_for =
        section.optional("keep_firing_for", &PROMETHEUS, "how long the alert fires on when it holds no more");
    let labels = section.optional("labels", &NAMED, "labels of the alert");
    let annotations = section.optional("annotations", &NAMED, "texts for people");
    let called = alert.clone().or_else(|| record.clone());
    let expr = expr.and(section.node("expr")).and_then(|node| written(document, node));
    let rule = match (alert, record) {
        (Some(alert), None) => {
            let body = RuleBody {
                expr,
                hold,
                keep_firing_for,
                labels: labels.map(|_| texts(document, section.node("labels"))).unwrap_or_default(),
                annotations: annotations.map(|_| texts(document, section.node("annotations"))).unwrap_or_default(),
                ..RuleBody::default()
            };
            let place = section.place_of("alert");
            body.expr.is_some().then(|| Either::Alert(GroupedAlert { group: String::new(), alert, place, body }))
        }
        (None, Some(name)) => {
            let labels = labels.map(|_| texts(document, section.node("labels"))).unwrap_or_default();
            Some(Either::Record(Recording { name, place: section.place_of("record"), expr, labels }))
        }
        (Some(_), Some(_)) => {
            reader.fault(section.place_of("record"), "a rule with `alert` and with `record`", "make two rules of it");
            None
        }
        (None, None) => {
            if section.node("alert").is_none() && section.node("record").is_none() {
                reader.fault(section.place(), "a rule without `alert`", "add `alert`: the name of the alert");
            }
            None
        }
    };
    (called, rule)
}

pub struct PrometheusDuration;

pub const PROMETHEUS: PrometheusDuration = PrometheusDuration;

impl Form for PrometheusDuration {
    type Value = Duration;

    fn read(&self, node: &Node) -> Result<Duration, Vec<Refusal>> {
        let hint = "write one like `5m` or `1h30m`";
        let Value::Text(text) = &node.value else { return Err(vec![Refusal::kind(node, "a duration", hint)]) };
        duration::parse(text).map_err(|message| {
            let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let hint = if bare { format!("write `{text}s`") } else { hint.to_owned() };
            vec![Refusal::new(node, message, hint)]
        })
    }

    fn show(&self, value: &Duration) -> String {
        super::durations::show(*value)
    }

    fn kind(&self) -> String {
        "a duration".into()
    }
}
