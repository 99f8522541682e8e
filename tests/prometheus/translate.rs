//! The catalogue's dialect in Prometheus's own words, and samples as OpenMetrics text.
//!
//! Prometheus knows no "previous sample, whatever its age". So every moment gets a time of its own, far from the
//! others, and there each series its present sample and, `BETWEEN` seconds before, its previous one. The ranges of
//! Prometheus 2 are closed on both sides: over exactly that long a range `increase`, `delta` and `changes` see the two
//! samples and extrapolate nothing.

use std::collections::HashMap;
use std::fmt::Write;

use stellar::catalogue::Catalogue;
use stellar::sample::Labels;
use stellar::settings::Kind;
use stellar::settings::metric_entry::Subject;

use crate::story::{Moment, Present};

/// Seconds.
const BETWEEN: i64 = 25;
/// Seconds between the times of two moments: no selector looks back so far.
const APART: i64 = 600;

/// One metric of the catalogue as a question to Prometheus.
pub struct Question {
    pub name: String,
    pub per: Subject,
    expression: String,
}

/// All metrics of this kind of target in their order. A bare name that an earlier entry defines is replaced by that entry's
/// expression; with applications every name is that of a sample.
pub fn questions(catalogue: &Catalogue, kind: Kind) -> Vec<Question> {
    let mut defined: [HashMap<String, String>; 2] = Default::default();
    let mut questions = Vec::new();
    for metric in catalogue.metrics().iter().filter(|metric| metric.per().kind() == kind) {
        let known = &mut defined[usize::from(metric.per() == Subject::Node)];
        let expression = substituted(metric.entry.expr.text(), known);
        if kind == Kind::Cluster {
            known.insert(metric.name().to_owned(), expression.clone());
        }
        let expression = with_both_samples(&expression).replace("[$__interval]", &format!("[{BETWEEN}s]"));
        questions.push(Question { name: metric.name().to_owned(), per: metric.per(), expression });
    }
    questions
}

impl Question {
    /// The text and the time for the moment at `index`.
    pub fn at(&self, index: usize, moment: &Moment) -> (String, i64) {
        let at = if self.is_rate() { rate_time(index) } else { time(index) };
        // `time()` is to be that of the moment.
        (self.expression.replace("time()", &format!("(time() - {})", at - moment.at)), at)
    }

    fn is_rate(&self) -> bool {
        self.expression.contains("rate(")
    }
}

fn time(index: usize) -> i64 {
    1_800_000_000 + APART * 2 * index as i64
}

fn rate_time(index: usize) -> i64 {
    time(index) + APART
}

/// The samples of all moments, for the questions' times.
///
/// For rates once more, apart from the rest: a `rate` divides by the seconds between the two samples of its series,
/// and those are always `BETWEEN` here. It is linear, so a series whose samples were n times as far apart has both
/// divided by n. Whatever stands beside a `rate` in the catalogue only asks whether a sample is above zero.
pub fn in_open_metrics(moments: &[Moment]) -> String {
    let mut text = String::new();
    for (index, moment) in moments.iter().enumerate() {
        for one in &moment.series {
            two_samples(&mut text, one, time(index), 1.0);
        }
        for one in &moment.series {
            let apart = one.previous.map_or(BETWEEN * 1000, |previous| one.present.at - previous.at);
            two_samples(&mut text, one, rate_time(index), apart as f64 / (BETWEEN * 1000) as f64);
        }
    }
    text + "# EOF\n"
}

fn two_samples(text: &mut String, one: &Present, at: i64, divisor: f64) {
    if let Some(previous) = one.previous {
        line(text, &one.name, &one.labels, previous.value / divisor, at - BETWEEN);
    }
    line(text, &one.name, &one.labels, one.present.value / divisor, at);
}

/// The samples of all moments at their own times.
pub fn as_it_was(moments: &[Moment]) -> String {
    let mut text = String::new();
    for moment in moments {
        moment.series.iter().for_each(|one| line(&mut text, &one.name, &one.labels, one.present.value, moment.at));
    }
    text + "# EOF\n"
}

/// One sample; `at` in unix seconds.
fn line(text: &mut String, name: &str, labels: &Labels, value: f64, at: i64) {
    let quoted = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
    let _ = writeln!(text, "{name}{{{}}} {value} {at}", labels.join(","));
}

/// Names outside of strings and braces that are defined become their definitions in parentheses.
fn substituted(expression: &str, defined: &HashMap<String, String>) -> String {
    let (mut text, mut braces, mut quote) = (String::new(), 0, None);
    let mut rest = expression;
    while let Some(letter) = rest.chars().next() {
        let word = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (piece, after) = rest.split_at(word.max(letter.len_utf8()));
        match (quote, letter) {
            (None, '"') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (None, '{') => braces += 1,
            (None, '}') => braces -= 1,
            _ => {}
        }
        match defined.get(piece).filter(|_| quote.is_none() && braces == 0) {
            Some(definition) => {
                assert!(!after.starts_with(['{', '[']), "`{piece}` is not a bare name in `{expression}`");
                let _ = write!(text, "({definition})");
            }
            None => text.push_str(piece),
        }
        rest = after;
    }
    text
}

/// Over one sample Prometheus counts no changes and no resets; we say nothing without both.
fn with_both_samples(expression: &str) -> String {
    let both = |expression: String, function: &str| {
        let end = "[$__interval])";
        let mut text = String::new();
        let mut rest = expression.as_str();
        while let Some((before, after)) = rest.split_once(function) {
            let (selector, behind) = after.split_once(end).expect("such are those since the previous collection");
            let _ = write!(text, "{before}({function}{selector}{end} and count_over_time({selector}{end} == 2)");
            rest = behind;
        }
        text + rest
    };
    ["changes(", "resets("].into_iter().fold(expression.to_owned(), both)
}
