//! `[[metric]]`: one recorded metric, in the configuration as in the catalogue of our own.

use super::document::{Document, Node};
use super::fault::{Fault, Place};
use super::forms::{ANY_TEXT, Form, ListOf, OneOf, Refusal, SOME_TEXT, Text};
use super::reader::{Reader, Section};
use super::target::Kind;
use super::words::toml_text;
use crate::promql::{Expression, ParseError};

/// What a metric counts in. People see it as `84 ms` or `71%`; that lives with the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Count,
    PerSecond,
    Seconds,
    /// For names of others that count so; what is ours counts in seconds.
    Milliseconds,
    Bytes,
    BytesPerSecond,
    /// 0..1.
    Ratio,
    /// 0 or 1.
    Bool,
    /// Unix seconds.
    Timestamp,
    Cores,
    Rows,
    RowsPerSecond,
    Messages,
    Score,
}

const UNITS: OneOf<Unit> = OneOf {
    what: "a unit",
    names: &[
        ("count", Unit::Count),
        ("per_second", Unit::PerSecond),
        ("seconds", Unit::Seconds),
        ("milliseconds", Unit::Milliseconds),
        ("bytes", Unit::Bytes),
        ("bytes_per_second", Unit::BytesPerSecond),
        ("ratio", Unit::Ratio),
        ("bool", Unit::Bool),
        ("timestamp", Unit::Timestamp),
        ("cores", Unit::Cores),
        ("rows", Unit::Rows),
        ("rows_per_second", Unit::RowsPerSecond),
        ("messages", Unit::Messages),
        ("score", Unit::Score),
    ],
};

/// How the snapshots of a day become one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Statistic {
    Avg,
    Min,
    Max,
    P50,
    P95,
    P99,
    Last,
    Sum,
}

const STATISTICS: OneOf<Statistic> = OneOf {
    what: "a daily statistic",
    names: &[
        ("avg", Statistic::Avg),
        ("min", Statistic::Min),
        ("max", Statistic::Max),
        ("p50", Statistic::P50),
        ("p95", Statistic::P95),
        ("p99", Statistic::P99),
        ("last", Statistic::Last),
        ("sum", Statistic::Sum),
    ],
};

/// What a row of values is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    Cluster,
    Node,
    /// A database, table and test name of an application.
    Batch,
}

const SUBJECTS: OneOf<Subject> = OneOf {
    what: "a subject",
    names: &[("cluster", Subject::Cluster), ("node", Subject::Node), ("batch", Subject::Batch)],
};

fn name_of<T: PartialEq>(form: &OneOf<T>, value: T) -> &'static str {
    form.names.iter().find(|(_, own)| *own == value).map_or("", |(name, _)| name)
}

impl Unit {
    pub fn of_name(name: &str) -> Option<Self> {
        UNITS.names.iter().find(|(own, _)| *own == name).map(|(_, unit)| *unit)
    }

    /// As in TOML: `bytes_per_second`.
    pub fn name(self) -> &'static str {
        name_of(&UNITS, self)
    }
}

impl Statistic {
    /// As in TOML and in the names of daily columns: `avg`.
    pub fn name(self) -> &'static str {
        name_of(&STATISTICS, self)
    }
}

impl Subject {
    pub const ALL: [Self; 3] = [Self::Cluster, Self::Node, Self::Batch];

    /// The kind of target that has it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Cluster | Self::Node => Kind::Cluster,
            Self::Batch => Kind::Application,
        }
    }

    /// As in TOML: `cluster`.
    pub fn name(self) -> &'static str {
        name_of(&SUBJECTS, self)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricEntry {
    /// `[a-z][a-z0-9_]*`, at most 60 bytes; unique among the entries of one subject.
    pub name: String,
    pub expr: Expression,
    pub unit: Unit,
    pub category: String,
    pub per: Subject,
    /// None twice; may be empty.
    pub daily: Vec<Statistic>,
    pub help: String,
    /// Where the samples come from.
    pub source: Option<String>,
    /// The first version that has them.
    pub since: Option<String>,
    /// When the value is NULL although the cluster answers.
    pub null_when: Option<String>,
    /// Where the name and the expression stand, for faults found later.
    pub name_place: Place,
    pub expr_place: Place,
}

/// The entries of a catalogue file, which has nothing but `[[metric]]`, and its faults.
pub fn read_metric_entries(document: &Document) -> (Vec<MetricEntry>, Vec<Fault>) {
    let reader = Reader::new(document, &|_| None);
    let entries = read_all(&reader, &reader.root());
    (entries, reader.finish().faults)
}

/// The same of a file whose expressions are known to be right: each is parsed when it is first evaluated.
pub fn read_tested_entries(document: &Document) -> (Vec<MetricEntry>, Vec<Fault>) {
    let reader = Reader::without_values(document, &|_| None);
    let entries = read_entries(&reader, &reader.root(), &Promql { tested: true });
    (entries, reader.finish().faults)
}

/// The rest of a catalogue file of applications.
#[derive(Debug)]
pub struct BatchMarks {
    /// Has a value for each label set under which nothing ever ran.
    pub idle: Expression,
    /// Has a value when another process answers than the last time.
    pub restarted: Expression,
    /// What an application may run: its name, and an expression that has a value if it does. The first counts.
    pub generations: Vec<(String, Expression)>,
}

/// The entries of a catalogue file of applications whose expressions are known to be right, and what else it tells.
pub fn read_tested_batches(document: &Document) -> (Vec<MetricEntry>, BatchMarks, Vec<Fault>) {
    let reader = Reader::without_values(document, &|_| None);
    let (root, promql) = (reader.root(), Promql { tested: true });
    let nothing = || Expression::deferred("vector(0) > 1");
    let idle = root.value("idle", &promql, nothing(), "has a value for label sets under which nothing ever ran");
    let restarted =
        root.value("restarted", &promql, nothing(), "has a value when another process answers than the last time");
    let sections = root.tables("generation", "[[generation]]");
    let generations = sections.into_iter().filter_map(|section| {
        let name = section.required("name", &SOME_TEXT, "what it is called");
        let seen = section.required("seen", &promql, "has a value if it is this one");
        name.zip(seen)
    });
    let marks = BatchMarks { idle, restarted, generations: generations.collect() };
    let entries = read_entries(&reader, &root, &promql);
    (entries, marks, reader.finish().faults)
}

/// The entries below this table; faults go to the reader.
pub fn read_all(reader: &Reader<'_>, root: &Section<'_, '_>) -> Vec<MetricEntry> {
    read_entries(reader, root, &Promql { tested: false })
}

fn read_entries(reader: &Reader<'_>, root: &Section<'_, '_>, promql: &Promql) -> Vec<MetricEntry> {
    let mut entries: Vec<MetricEntry> = Vec::new();
    for section in root.tables("metric", "[[metric]]") {
        let Some(entry) = read(&section, promql) else { continue };
        match entries.iter().find(|earlier| (&earlier.name, earlier.per) == (&entry.name, entry.per)) {
            Some(earlier) => {
                let message = format!("metric `{}` is defined twice", entry.name);
                let first = earlier.name_place.seen_from(&entry.name_place);
                let hint = format!("first defined at {first}; rename one");
                reader.fault(entry.name_place, message, hint);
            }
            None => entries.push(entry),
        }
    }
    entries
}

fn read(section: &Section<'_, '_>, promql: &Promql) -> Option<MetricEntry> {
    let name = section.required("name", &NAME, "how the metric is called");
    let expr = section.required("expr", promql, "PromQL over the samples of one collection");
    let unit = section.required("unit", &UNITS, "what it counts in: count, seconds, bytes, ratio, …");
    let category = section.value("category", &NAME, "custom".into(), "the group it is listed in");
    let per = section.value(
        "per",
        &SUBJECTS,
        Subject::Cluster,
        "one value a cluster, one a node, or one a batch: a database, table and test name of an application",
    );
    let statistics =
        ListOf { inner: STATISTICS, what: "a list of statistics", example: "[\"avg\", \"max\"]", may_be_empty: true };
    let daily = section.value(
        "daily",
        &statistics,
        Vec::new(),
        "what is kept of each day: avg, min, max, p50, p95, p99, last, sum",
    );
    let help = section.value("help", &ANY_TEXT, String::new(), "one sentence on what it says");
    let source = section.optional("source", &SOME_TEXT, "where the samples come from");
    let since = section.optional("since", &SOME_TEXT, "the first version that has them");
    let null_when = section.optional("null_when", &SOME_TEXT, "when there is no value although the cluster answers");
    let (name_place, expr_place) = (section.place_of("name"), section.place_of("expr"));
    let (name, expr, unit) = (name?, expr?, unit?);
    Some(MetricEntry { name, expr, unit, category, per, daily, help, source, since, null_when, name_place, expr_place })
}

/// An expression, parsed where it stands, so that its faults are told together with all others.
struct Promql {
    /// There are none: it can be parsed later.
    tested: bool,
}

impl Form for Promql {
    type Value = Expression;

    fn read(&self, node: &Node) -> Result<Expression, Vec<Refusal>> {
        let text = SOME_TEXT.read(node)?;
        if self.tested {
            return Ok(Expression::deferred(&text));
        }
        Expression::parse(&text).map_err(|error| vec![refusal(node, &text, &error)])
    }

    fn show(&self, expression: &Expression) -> String {
        toml_text(expression.text())
    }

    fn kind(&self) -> String {
        "PromQL in quotes".into()
    }
}

/// Points into the expression where that can be told: in quotes on one line and without escapes, what is written is
/// what is read.
fn refusal(node: &Node, text: &str, error: &ParseError) -> Refusal {
    match error.position {
        Some(position) if node.span.len() == text.len() + 2 => {
            let at = node.span.start + 1 + position.offset.min(text.len().saturating_sub(1));
            let length = text.get(position.offset..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
            let message = format!("is no PromQL that can be used: {}", error.reason);
            Refusal { span: at..at + length, message, hint: String::new() }
        }
        _ => Refusal::new(node, format!("is no PromQL that can be used: {error}"), ""),
    }
}

const NAME: Text = Text {
    what: "a name in quotes",
    check: |name| {
        let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if name.len() > 60 {
            return Err(("is longer than 60 letters".into(), "shorten it".into()));
        }
        if !name.starts_with(|letter: char| letter.is_ascii_lowercase()) || !name.chars().all(letters) {
            let message = format!("is {}, which is not a name", super::words::quoted(name));
            return Err((message, "use a-z, 0-9 and _, beginning with a letter".into()));
        }
        Ok(())
    },
};

#[cfg(test)]
mod tests {
    use super::super::fault::render;
    use super::*;

    #[test]
    fn four_lines_make_a_metric() {
        let text = "[[metric]]\nname = 'queries'\nexpr = 'sum(a)'\nunit = 'per_second'\ndaily = ['avg', 'max']\n";
        let document = Document::parse("custom.toml", text);
        let (entries, faults) = read_metric_entries(&document);
        assert_eq!(render(&faults), "");
        let place = |line, length| {
            let excerpt = text.lines().nth(line - 1).expect("a line").into();
            Place { file: "custom.toml".into(), line, column: 8, length, excerpt, indent: 7 }
        };
        let expected = MetricEntry {
            name: "queries".into(),
            expr: Expression::parse("sum(a)").expect("PromQL"),
            unit: Unit::PerSecond,
            category: "custom".into(),
            per: Subject::Cluster,
            daily: vec![Statistic::Avg, Statistic::Max],
            help: String::new(),
            source: None,
            since: None,
            null_when: None,
            name_place: place(2, 9),
            expr_place: place(3, 8),
        };
        assert_eq!(entries, [expected]);
    }

    #[test]
    fn a_fault_of_an_expression_is_drawn_where_it_stands() {
        let text = "[[metric]]\nname = 'x'\nexpr = '''\nsum(\n  a'''\nunit = 'count'\n
[[metric]]\nname = 'y'\nexpr = 'max(a) + frob(b)'\nunit = 'count'\n";
        let (entries, faults) = read_metric_entries(&Document::parse("m.toml", text));
        assert_eq!(entries, []);
        let expected = "error: m.toml:3:8: `expr` is no PromQL that can be used: column 4: `(` is never closed
    3 | expr = '''
      |        ^^^
error: m.toml:10:18: `expr` is no PromQL that can be used: unknown function with name `frob`
   10 | expr = 'max(a) + frob(b)'
      |                  ^
";
        assert_eq!(render(&faults), expected);
    }

    #[test]
    fn a_cluster_and_a_node_may_have_a_metric_of_one_name() {
        let one = |per: &str| format!("[[metric]]\nname = 'x'\nexpr = 'a'\nunit = 'count'\nper = '{per}'\n");
        let read = |text: String| read_metric_entries(&Document::parse("m.toml", &text)).1.len();
        assert_eq!((read(one("node") + &one("cluster")), read(one("node") + &one("node"))), (0, 1));
    }

    #[test]
    fn all_faults_of_all_entries_are_found() {
        let long = "x".repeat(61);
        let text = format!(
            "[[metric]]\nname = 'Queries'\nunit = 'second'\nper = 'host'\ndaily = ['avg', 'avg', 'median', 1]\n\n\
             [[metric]]\nname = 'x'\nexpr = ' '\nunit = 'count'\n\n\
             [[metric]]\nname = 'y'\nexpr = 'a'\nunit = 'count'\nhelp = 7\n\n\
             [[metric]]\nname = 'y'\nexpr = 'a'\nunit = 'bytes'\nexpression = 'b'\n\n\
             [[metric]]\nname = '{long}'\n\n[metrics]\ninterval_secs = 3\n"
        );
        let (entries, faults) = read_metric_entries(&Document::parse("m.toml", &text));
        assert_eq!(entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["y"]);
        let expected = r#"error: m.toml:1:1: [[metric]] without `expr`
    1 | [[metric]]
      | ^^^^^^^^^^ add `expr`: PromQL over the samples of one collection
error: m.toml:2:8: `name` is "Queries", which is not a name
    2 | name = 'Queries'
      |        ^^^^^^^^^ use a-z, 0-9 and _, beginning with a letter
error: m.toml:3:8: `unit` is "second", which is not a unit
    3 | unit = 'second'
      |        ^^^^^^^^ did you mean `seconds`?
error: m.toml:4:7: `per` is "host", which is not a subject
    4 | per = 'host'
      |       ^^^^^^ one of cluster, node, batch
error: m.toml:5:17: `daily` has "avg" twice
    5 | daily = ['avg', 'avg', 'median', 1]
      |                 ^^^^^ remove one of the two
error: m.toml:5:24: `daily` is "median", which is not a daily statistic
    5 | daily = ['avg', 'avg', 'median', 1]
      |                        ^^^^^^^^ one of avg, min, max, p50, p95, p99, last, sum
error: m.toml:5:34: `daily` must be a daily statistic, not a whole number
    5 | daily = ['avg', 'avg', 'median', 1]
      |                                  ^ one of avg, min, max, p50, p95, p99, last, sum
error: m.toml:9:8: `expr` is empty
    9 | expr = ' '
      |        ^^^ write a value
error: m.toml:16:8: `help` must be a text, not a whole number
   16 | help = 7
      |        ^ write it in quotes
error: m.toml:19:8: metric `y` is defined twice
   19 | name = 'y'
      |        ^^^ first defined at line 13; rename one
error: m.toml:22:1: unknown key `expression` in [[metric]]
   22 | expression = ***
      | ^^^^^^^^^^ did you mean `expr`?
error: m.toml:24:1: [[metric]] without `expr`
   24 | [[metric]]
      | ^^^^^^^^^^ add `expr`: PromQL over the samples of one collection
error: m.toml:24:1: [[metric]] without `unit`
   24 | [[metric]]
      | ^^^^^^^^^^ add `unit`: what it counts in: count, seconds, bytes, ratio, …
error: m.toml:25:8: `name` is longer than 60 letters
   25 | name = 'LONG'
      |        ^^^^ shorten it
error: m.toml:27:2: unknown table `metrics`
   27 | [metrics]
      |  ^^^^^^^ did you mean `metric`?
"#;
        let expected = expected
            .replace("'LONG'", &format!("'{long}'"))
            .replace("^^^^ shorten", &format!("{} shorten", "^".repeat(63)));
        assert_eq!(render(&faults), expected);
    }
}
