//! `[[rule]]`: an alerting rule as it is written, in the configuration as in the files that ship. What an entry does not
//! say, a rule of the same name may have said before, so nothing here has a default.
//!
//! Expressions that do not parse are kept with their fault: a slip in one rule must not stop the collection, and it must
//! not silence the other rules.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use super::document::{Document, Node, Value};
use super::durations::HOLD;
use super::fault::{Fault, Place};
use super::forms::{ANY_TEXT, Flag, Form, OneOf, Pairs, Refusal, SOME_TEXT};
use super::reader::{Reader, Section};
use super::target::Kind;
use super::words::{quoted, toml_text};
use crate::promql::Expression;

/// What becomes of the alerts of a rule that cannot say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// They end, as if all were well.
    Ok,
    /// That is an alert in itself.
    Alert,
    /// They stay as they are.
    Keep,
}

const FALLBACKS: OneOf<Fallback> =
    OneOf { what: "a way on", names: &[("ok", Fallback::Ok), ("alert", Fallback::Alert), ("keep", Fallback::Keep)] };

impl Fallback {
    /// As in TOML: `keep`.
    pub fn name(self) -> &'static str {
        FALLBACKS.names.iter().find(|(_, own)| *own == self).map_or("", |(name, _)| name)
    }
}

/// A target by its name; perhaps there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    pub kind: Kind,
    pub name: String,
}

/// A text that has a grammar of its own, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub text: String,
    pub place: Place,
    /// The places of its letters, as well as they can be told.
    pub lines: Lines,
}

/// Where the lines of a text stand in the file: for each its first letter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lines(Vec<Place>);

impl Written {
    /// Where the byte `offset` of the text stands, marked by `length` letters; the whole text if that cannot be told.
    pub fn place_at(&self, offset: usize, length: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count();
        let letters = before.rsplit('\n').next().unwrap_or_default().chars().count();
        match self.lines.0.get(line) {
            Some(place) => {
                let (column, indent) = (place.column + letters, place.indent + letters);
                Place { column, indent, length: length.max(1), ..place.clone() }
            }
            None => self.place.clone(),
        }
    }
}

/// What an entry says; all of it may come from elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleBody {
    /// Known to parse if it ships.
    pub expr: Option<Written>,
    /// `for`.
    pub hold: Option<Duration>,
    pub keep_firing_for: Option<Duration>,
    pub interval: Option<Duration>,
    pub labels: BTreeMap<String, Written>,
    pub annotations: BTreeMap<String, Written>,
    pub no_data: Option<Fallback>,
    pub on_error: Option<Fallback>,
    pub disabled: Option<bool>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleEntry {
    pub alert: String,
    /// Where the name stands.
    pub place: Place,
    pub body: RuleBody,
    /// What is otherwise for single targets, each once.
    pub targets: Vec<(Watched, Place, RuleBody)>,
}

impl RuleEntry {
    /// Whether it says anything but that it is switched on or off.
    pub fn says_more(&self) -> bool {
        let RuleBody { expr, hold, keep_firing_for, interval, labels, annotations, no_data, on_error, .. } = &self.body;
        let times = [hold, keep_firing_for, interval].iter().any(|time| time.is_some());
        let ways = [no_data, on_error].iter().any(|way| way.is_some());
        expr.is_some() || times || ways || !labels.is_empty() || !annotations.is_empty() || !self.targets.is_empty()
    }
}

/// The entries of a file of rules, which has nothing but `[[rule]]`, and its faults.
pub fn read_rule_entries(document: &Document) -> (Vec<RuleEntry>, Vec<Fault>) {
    let reader = Reader::without_values(document, &|_| None);
    let entries = read_all(&reader, &reader.root());
    (entries, reader.finish().faults)
}

/// The entries below this table; faults go to the reader.
pub fn read_all(reader: &Reader<'_>, root: &Section<'_, '_>) -> Vec<RuleEntry> {
    let mut entries: Vec<RuleEntry> = Vec::new();
    for section in root.tables("rule", "[[rule]]") {
        let alert = section.required("alert", &SOME_TEXT, "the name of the alert");
        let body = body(reader, &section);
        let place = section.place_of("alert");
        let mut targets: Vec<(Watched, Place, RuleBody)> = Vec::new();
        for section in section.tables("target", "[[rule.target]]") {
            let Some((target, place, body)) = target(reader, &section) else { continue };
            if targets.iter().any(|(earlier, _, _)| *earlier == target) {
                let message = format!("{} `{}` comes twice", target.kind.name(), target.name);
                reader.fault(place, message, "join the two [[rule.target]]");
                continue;
            }
            targets.push((target, place, body));
        }
        let Some(alert) = alert else { continue };
        if let Some(earlier) = entries.iter().find(|earlier| earlier.alert == alert) {
            let hint = format!("first written at {}; join the two, or rename one", earlier.place.seen_from(&place));
            reader.fault(place, format!("rule `{alert}` comes twice"), hint);
            continue;
        }
        entries.push(RuleEntry { alert, place, body, targets });
    }
    entries
}

fn target(reader: &Reader<'_>, section: &Section<'_, '_>) -> Option<(Watched, Place, RuleBody)> {
    let cluster = section.optional("cluster", &SOME_TEXT, "the cluster that this is for");
    let application = section.optional("application", &SOME_TEXT, "or the application");
    let body = body(reader, section);
    let (kind, name) = match (cluster, application) {
        (Some(name), None) => (Kind::Cluster, name),
        (None, Some(name)) => (Kind::Application, name),
        (Some(_), Some(_)) => {
            let message = "[[rule.target]] with `cluster` and with `application`";
            reader.fault(section.place_of("application"), message, "write one [[rule.target]] for each");
            return None;
        }
        (None, None) => {
            if section.node("cluster").is_none() && section.node("application").is_none() {
                let hint = "add `cluster` or `application`: the name of the target that this is for";
                reader.fault(section.place_of("cluster"), "[[rule.target]] without a target", hint);
            }
            return None;
        }
    };
    Some((Watched { kind, name }, section.place_of(kind.name()), body))
}

fn body(reader: &Reader<'_>, section: &Section<'_, '_>) -> RuleBody {
    let expr = section.optional("expr", &PROMQL, "PromQL over recorded metrics; what it gives are alerts");
    let hold = section.optional("for", &HOLD, "how long it has to hold before the alert fires");
    let keep_firing_for =
        section.optional("keep_firing_for", &HOLD, "how long the alert fires on when it holds no more");
    let _ = section.optional("labels", &NAMED, "labels of the alert; `severity` is critical, warning or info");
    let _ = section.optional("annotations", &NAMED, "texts for people; `summary` is what reports show");
    let no_data = section.optional("no_data", &FALLBACKS, "what happens when nothing that it reads has a value");
    let on_error = section.optional("on_error", &FALLBACKS, "what happens when it cannot be evaluated");
    let interval = section.optional("interval", &HOLD, "evaluated no more often than this");
    let disabled = section.optional("disabled", &Flag, "switches it off");
    RuleBody {
        expr: expr.and(section.node("expr")).and_then(|node| written(reader.document(), node)),
        hold,
        keep_firing_for,
        interval,
        labels: texts(reader.document(), section.node("labels")),
        annotations: texts(reader.document(), section.node("annotations")),
        no_data,
        on_error,
        disabled,
    }
}

/// The texts of a table by their names; what is none is left out.
pub fn texts(document: &Document, node: Option<&Node>) -> BTreeMap<String, Written> {
    let Some(Node { value: Value::Table(table), .. }) = node else { return BTreeMap::new() };
    let texts = table.entries.iter().filter_map(|entry| Some((entry.key.clone(), written(document, &entry.node)?)));
    texts.collect()
}

/// A text with its places.
pub fn written(document: &Document, node: &Node) -> Option<Written> {
    let Value::Text(text) = &node.value else { return None };
    let place = document.place(node.span.clone());
    Some(Written { text: text.clone(), place, lines: lines(document, &node.span, text) })
}

/// Looks for each line of a text in what is written: quotes, escapes and indents stand between the two. None at all when
/// one of them is not to be found.
fn lines(document: &Document, span: &Range<usize>, text: &str) -> Lines {
    let written = document.written(span);
    let mut places = Vec::new();
    let mut from = 0;
    for line in text.split('\n') {
        let found = written.get(from..).and_then(|rest| rest.find(line));
        let Some(at) = found.map(|at| from + at) else { return Lines::default() };
        let begin = span.start + at;
        places.push(document.place(begin..begin + line.len()));
        from = at + line.len();
    }
    Lines(places)
}

/// An expression, as a text: whether it parses is looked at where the rules are put together.
pub(super) const PROMQL: Promql = Promql;

pub(super) struct Promql;

impl Form for Promql {
    type Value = String;

    fn read(&self, node: &Node) -> Result<String, Vec<Refusal>> {
        SOME_TEXT.read(node)
    }

    fn show(&self, text: &String) -> String {
        toml_text(text)
    }

    fn kind(&self) -> String {
        "PromQL in quotes".into()
    }
}

/// Parses what is written; the fault stands where the text does.
pub fn expression(written: &Written) -> Result<Expression, Fault> {
    Expression::parse(&written.text).map_err(|error| {
        let (place, reason) = match error.position {
            Some(position) => (written.place_at(position.offset, 1), error.reason),
            None => (written.place.clone(), error.reason),
        };
        Fault::new(place, format!("`expr` is no PromQL that can be used: {reason}"), "")
    })
}

pub(super) const NAMED: Pairs = Pairs {
    check: |name| {
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        match plain && !name.is_empty() && !name.starts_with(|letter: char| letter.is_ascii_digit()) {
            true if name == "__name__" => {
                Err(("has `__name__`, which no alert has".into(), "choose another name".into()))
            }
            true => Ok(()),
            false => {
                let message = format!("has {}, which is not the name of a label", quoted(name));
                Err((message, "use a-z, A-Z, 0-9 and _, not beginning with a digit".into()))
            }
        }
    },
    value: ANY_TEXT,
    example: "{ severity = \"critical\" }",
};
