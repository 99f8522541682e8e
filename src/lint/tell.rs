//! The findings as a page for people and as a document for programs, and the list of rules as both.

use std::fmt::Write;

use serde_json::{Value, json};

use super::rules::{RULES, Rule, Severity};
use super::{Answer, Finding, Judgement, Seen};
use crate::report::{Style, hanging, harmless};
use crate::sample::lapse;
use crate::words;

/// Raised when a key of the JSON changes its meaning or goes away.
const SCHEMA: u32 = 1;
/// So many findings of one rule are shown unless all are asked for.
const SHOWN: usize = 5;

const SEVERITIES: [Severity; 3] = [Severity::Error, Severity::Warning, Severity::Hint];

/// The page; with `all`, every finding of every rule.
pub fn render(judgements: &[Judgement], all: bool, style: &Style) -> String {
    let mut text = String::new();
    let mut is_short = false;
    for judgement in judgements {
        text.push_str(&hanging("", &judgement.name, style.width));
        for line in about(judgement) {
            text.push_str(&hanging("  ", &line, style.width));
        }
        for group in judgement.findings.chunk_by(|one, other| one.rule == other.rule) {
            is_short |= !all && group.len() > SHOWN;
            of_rule(&mut text, group, if all { group.len() } else { SHOWN }, style);
        }
        text.push('\n');
    }
    let counts: Vec<usize> =
        SEVERITIES.iter().map(|severity| judgements.iter().map(|judgement| judgement.count(*severity)).sum()).collect();
    let said = SEVERITIES.iter().zip(&counts).filter(|(_, count)| **count > 0);
    let said: Vec<String> = said.map(|(severity, count)| words::count(*count, severity.word())).collect();
    let more = if is_short { "; --all shows every one" } else { "" };
    let last = if said.is_empty() { "nothing is wrong".to_owned() } else { format!("{}{more}", said.join(", ")) };
    text.push_str(&hanging("", &last, style.width));
    text
}

/// What is known of the page besides its faults.
fn about(judgement: &Judgement) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(Seen { answer: Some(Answer { outcome: Ok(shape), took, .. }), bytes, .. }) = judgement.looks.last() {
        let size = words::bytes(*bytes as f64);
        let gzip = match shape.compressed {
            Some(true) => format!(", {} with gzip", words::bytes(shape.wire_bytes as f64)),
            Some(false) => ", no gzip".to_owned(),
            None => String::new(),
        };
        let size = format!("{size}{gzip}{}", if shape.chunked { ", chunked" } else { "" });
        let kind = if shape.content_type.is_empty() { "no content type" } else { &shape.content_type };
        lines.push(format!("{} in {}; {size}; {kind}", shape.status, words::took(*took)));
    }
    if let Some(newest) = judgement.looks.iter().rev().find(|look| look.lines > 0) {
        let (lines_of, families) = (newest.lines as usize, words::grouped(newest.families as u64));
        let families = if newest.families == 1 { "1 family".to_owned() } else { format!("{families} families") };
        let looks = match judgement.looks.as_slice() {
            [] | [_] => String::new(),
            [first, .., last] => format!("; {} looks{}", judgement.looks.len(), apart(first, last)),
        };
        let samples = words::count(newest.samples, "sample");
        lines.push(format!("{}, {families}, {samples}{looks}", words::count(lines_of, "line")));
    }
    if judgement.restarted {
        lines.push("most counters fell between two looks: it was restarted, and they are not compared".to_owned());
    }
    lines
}

/// The time between two looks, when it is known.
fn apart(first: &Seen, last: &Seen) -> String {
    match (&first.answer, &last.answer) {
        (Some(first), Some(last)) => format!(" within {}", words::took(lapse(last.at - first.at))),
        _ => String::new(),
    }
}

fn of_rule(text: &mut String, findings: &[Finding], shown: usize, style: &Style) {
    let Some(Finding { rule, .. }) = findings.first() else { return };
    let (word, name) = (rule.severity.word(), rule.name);
    let coloured = match (style.colour, rule.severity) {
        (false, _) => word.to_owned(),
        (true, Severity::Error) => format!("\x1b[1;31m{word}\x1b[0m"),
        (true, Severity::Warning) => format!("\x1b[1;33m{word}\x1b[0m"),
        (true, Severity::Hint) => format!("\x1b[1m{word}\x1b[0m"),
    };
    let head = hanging(&format!("{word}  {name}  "), rule.finds, style.width);
    let _ = write!(text, "\n{}", head.replacen(word, &coloured, 1));
    text.push_str(&hanging("    do: ", rule.todo, style.width));
    let told = findings.get(..shown).unwrap_or(findings);
    let digits = told.iter().filter_map(|finding| finding.line).max().map_or(0, |line| line.to_string().len());
    for finding in told {
        let lead = match finding.line {
            Some(line) => format!("    line {line:>digits$}  "),
            None => "    ".to_owned(),
        };
        let parts = [finding.metric.as_deref().unwrap_or_default(), finding.what.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            text.push_str(&hanging(&lead, &parts.join(": "), style.width));
        }
    }
    if findings.len() > shown {
        let _ = writeln!(text, "    and {} more", words::grouped((findings.len() - shown) as u64));
    }
}

/// The same for programs: numbers in base units, every finding.
pub fn document(judgements: &[Judgement]) -> Value {
    let count = |severity| judgements.iter().map(|judgement| judgement.count(severity)).sum::<usize>();
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "hints": count(Severity::Hint),
        "pages": judgements.iter().map(page).collect::<Vec<Value>>(),
    })
}

fn page(judgement: &Judgement) -> Value {
    let findings = judgement.findings.iter().map(|finding| {
        json!({
            "severity": finding.rule.severity,
            "rule": finding.rule.name,
            "metric": finding.metric,
            "line": finding.line,
            "finds": finding.rule.finds,
            "what": if finding.what.is_empty() { None } else { Some(harmless(&finding.what)) },
            "do": finding.rule.todo,
        })
    });
    json!({
        "page": judgement.name,
        "restarted": judgement.restarted,
        "looks": judgement.looks.iter().map(look).collect::<Vec<Value>>(),
        "findings": findings.collect::<Vec<Value>>(),
    })
}

fn look(seen: &Seen) -> Value {
    let answer = seen.answer.as_ref();
    let shape = answer.and_then(|answer| answer.outcome.as_ref().ok());
    json!({
        "at_unix_ms": answer.map(|answer| answer.at),
        "took_seconds": answer.map(|answer| answer.took.as_secs_f64()),
        "error": answer.and_then(|answer| answer.outcome.as_ref().err()),
        "status": shape.map(|shape| shape.status),
        "content_type": shape.map(|shape| harmless(&shape.content_type)),
        "chunked": shape.map(|shape| shape.chunked),
        "gzip": shape.map(|shape| shape.compressed),
        "wire_bytes": shape.map(|shape| shape.wire_bytes),
        "bytes": seen.bytes,
        "lines": seen.lines,
        "families": seen.families,
        "samples": seen.samples,
    })
}

/// Every rule: severity, name, what it finds, what to do.
pub fn list(style: &Style) -> String {
    let names = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for rule in RULES {
        let promtool = if rule.promtool { " (promtool)" } else { "" };
        let lead = format!("{:<7}  {:<names$}  ", rule.severity.word(), rule.name);
        text.push_str(&hanging(&lead, &format!("{}{promtool}", rule.finds), style.width));
    }
    text.push_str("\n(promtool): `promtool check metrics` finds the same\n");
    text
}

/// The same for programs.
pub fn list_document() -> Value {
    let rules = RULES.iter().map(|rule: &&Rule| {
        json!({
            "rule": rule.name,
            "severity": rule.severity,
            "promtool": rule.promtool,
            "finds": rule.finds,
            "do": rule.todo,
        })
    });
    json!({ "schema": SCHEMA, "rules": rules.collect::<Vec<Value>>() })
}
