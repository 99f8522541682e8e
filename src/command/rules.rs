//! `stellar rules check | test | list`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::{World, load_catalogue, load_or_defaults, print, print_json};
use crate::alert::look::{Recorded, look};
use crate::alert::rule::{Rule, SEVERITY};
use crate::alert::sources::{self, Kind};
use crate::alert::template::Template;
use crate::alert::unit;
use crate::catalogue::Catalogue;
use crate::cli::{Global, Rules, RulesCommand};
use crate::failure::{Exit, Failure};
use crate::report::harmless;
use crate::settings::durations;
use crate::settings::{Loaded, Settings};
use crate::words::count;

/// Raised when a key of the JSON changes its meaning or goes away.
const SCHEMA: u32 = 1;

pub fn run(global: &Global, arguments: &Rules, world: &World) -> Result<Exit> {
    match &arguments.command {
        RulesCommand::Check { files, json } => check(global, files, *json, world),
        RulesCommand::Test { files, json } => test(files, *json),
        RulesCommand::List { json } => list(&load_or_defaults(global, world)?.settings, *json),
    }
}

fn check(global: &Global, files: &[PathBuf], as_json: bool, world: &World) -> Result<Exit> {
    // Files can be checked on a machine that has no configuration, or one with faults.
    let loaded = match load_or_defaults(global, world) {
        Err(_) if !files.is_empty() && global.config.is_none() => {
            Loaded::without_file(&|_| None).map_err(|error| Failure::new(Exit::Usage, error.render()))?
        }
        loaded => loaded?,
    };
    let catalogue: Catalogue = load_catalogue(&loaded)?;
    let mut rules = match files {
        [] => sources::load(&loaded.settings),
        files => {
            files.iter().try_for_each(|file| readable(file))?;
            sources::of_files(files)
        }
    };
    look(&mut rules, &Recorded::of(&catalogue, &loaded.settings));
    rules.sort();
    let is_clean = rules.findings.is_empty();
    match as_json {
        true => print_json(&findings_document(&rules))?,
        false => print(&findings_text(&rules))?,
    }
    Ok(if is_clean { Exit::Done } else { Exit::Partly })
}

/// Patterns are for `rule_files`; here a shell has had them.
fn readable(file: &Path) -> Result<()> {
    let opened = std::fs::File::open(file).map_err(|error| crate::settings::words::io_reason(&error));
    match opened {
        Ok(_) => Ok(()),
        Err(reason) => Err(Failure::new(Exit::Usage, format!("{}: {reason}", file.display())).into()),
    }
}

fn findings_text(rules: &sources::Rules) -> String {
    let mut text = String::new();
    for finding in &rules.findings {
        let name = finding.alert.as_ref().map(|name| format!("{}: ", harmless(name))).unwrap_or_default();
        let _ = writeln!(text, "{name}{}\n", finding.fault);
    }
    let evaluated = count(rules.enabled().count(), "rule");
    let left = rules.findings.iter().filter(|finding| finding.kind == Kind::LeftOut).count();
    let said = match (rules.findings.len(), left) {
        (0, _) => format!("{evaluated}: nothing is wrong"),
        (findings, 0) => format!("{}; {evaluated} in use", count(findings, "finding")),
        (findings, left) => {
            let verb = if left == 1 { "leaves" } else { "leave" };
            format!("{}, of which {left} {verb} something out; {evaluated} in use", count(findings, "finding"))
        }
    };
    text + &said + "\n"
}

fn findings_document(rules: &sources::Rules) -> Value {
    let findings = rules.findings.iter().map(|finding| {
        let place = &finding.fault.place;
        let effect = match finding.kind {
            Kind::LeftOut => "left_out",
            Kind::Broken => "broken_text",
            Kind::Note => "note",
        };
        json!({
            "rule": finding.alert,
            "file": &*place.file,
            "line": place.line,
            "column": place.column,
            "effect": effect,
            "message": finding.fault.message,
            "hint": finding.fault.hint,
        })
    });
    json!({
        "schema": SCHEMA,
        "rules": rules.enabled().count(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn test(files: &[PathBuf], as_json: bool) -> Result<Exit> {
    let (mut text, mut document, mut passed) = (String::new(), Vec::new(), true);
    for file in files {
        let name = file.display().to_string();
        let outcome =
            unit::run(file).map_err(|reason| Failure::new(Exit::Usage, format!("{}: {reason}", harmless(&name))))?;
        let good = outcome.faults.is_empty() && outcome.failures.is_empty();
        passed &= good;
        let _ = match good {
            true => writeln!(text, "ok    {}: {}", harmless(&name), count(outcome.tests, "test")),
            false => writeln!(text, "fail  {}", harmless(&name)),
        };
        for fault in &outcome.faults {
            let _ = writeln!(text, "{}", indented(&fault.to_string()));
        }
        for failure in &outcome.failures {
            text.push_str(&failure_text(failure));
        }
        let failures = outcome.failures.iter().map(|failure| {
            json!({
                "test": failure.test,
                "what": failure.what,
                "expected": failure.expected,
                "got": failure.got,
                "error": failure.error,
            })
        });
        let faults: Vec<String> =
            outcome.faults.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect();
        document.push(json!({
            "file": name,
            "passed": good,
            "tests": outcome.tests,
            "faults": faults,
            "failures": failures.collect::<Vec<_>>(),
        }));
    }
    match as_json {
        true => print_json(&json!({ "schema": SCHEMA, "files": document }))?,
        false => print(&text)?,
    }
    Ok(if passed { Exit::Done } else { Exit::Partly })
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n")
}

fn failure_text(failure: &unit::Failure) -> String {
    let mut text = format!("      {}: {}\n", harmless(&failure.test), harmless(&failure.what));
    if let Some(error) = &failure.error {
        let _ = writeln!(text, "        {}", harmless(error));
        return text;
    }
    for (word, lines) in [("expected", &failure.expected), ("got", &failure.got)] {
        if lines.is_empty() {
            let _ = writeln!(text, "        {word:<8}  nothing");
        }
        for line in lines {
            let _ = writeln!(text, "        {word:<8}  {}", harmless(line));
        }
    }
    text
}

fn list(settings: &Settings, as_json: bool) -> Result<Exit> {
    let rules = sources::load(settings);
    for finding in rules.findings.iter().filter(|finding| finding.kind == Kind::LeftOut) {
        log::warn!("{}: {}; see: stellar rules check", finding.fault.place, finding.fault.message);
    }
    if as_json {
        let listed: Vec<Value> = rules.rules.iter().map(rule_document).collect();
        print_json(&json!({ "schema": SCHEMA, "rules": listed }))?;
        return Ok(Exit::Done);
    }
    let row = |rule: &Rule| {
        [
            if rule.enabled { "on" } else { "off" }.to_owned(),
            harmless(&rule.id),
            severity(rule),
            durations::show(rule.hold),
            rule.origin.word().to_owned(),
            harmless(&rule.expression.text().split_whitespace().collect::<Vec<_>>().join(" ")),
        ]
    };
    let titles = ["", "RULE", "SEVERITY", "FOR", "FROM", "EXPRESSION"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(titles).chain(rules.rules.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths.iter().chain([&0]));
        let line: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    print(&text)?;
    Ok(Exit::Done)
}

/// The word of the label; of a template, what it is by itself.
fn severity(rule: &Rule) -> String {
    match rule.label(SEVERITY) {
        Some(template) if template.is_plain() => harmless(template.text()),
        Some(_) => "by template".to_owned(),
        None => rule.severity.word().to_owned(),
    }
}

fn rule_document(rule: &Rule) -> Value {
    let texts = |texts: &[(crate::sample::Text, Template)]| -> Value {
        texts.iter().map(|(name, template)| (name.to_string(), Value::from(template.text()))).collect()
    };
    let target = rule.scope.only.as_ref().map(|target| json!({ target.kind.name(): target.name }));
    json!({
        "id": rule.id,
        "alert": rule.alert,
        "enabled": rule.enabled,
        "severity": severity(rule),
        "expr": rule.expression.text(),
        "for_seconds": rule.hold.as_secs_f64(),
        "keep_firing_for_seconds": rule.keep_firing_for.as_secs_f64(),
        "interval_seconds": rule.interval.map(|interval| interval.as_secs_f64()),
        "no_data": rule.no_data.name(),
        "on_error": rule.on_error.name(),
        "labels": texts(&rule.labels),
        "annotations": texts(&rule.annotations),
        "from": rule.origin.word(),
        "group": (!rule.group.is_empty()).then_some(&rule.group),
        "target": target,
        "file": &*rule.place.file,
        "line": rule.place.line,
    })
}
