//! Where rules come from: those that ship, what the configuration makes of them and adds, files of rules.

mod assemble;
mod files;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use files::Files;

use super::rule::{Origin, Rule};
use crate::settings::Settings;
use crate::settings::document::Document;
use crate::settings::fault::Fault;
use crate::settings::prometheus_rules::Recording;
use crate::settings::rule_entry::{RuleEntry, read_rule_entries};

/// The files that ship: of StarRocks clusters, of BatchSQL applications, of `stellar` itself.
const SHIPPED: [(&str, &str); 3] = [
    ("conf/rules/starrocks.toml", include_str!("../../../conf/rules/starrocks.toml")),
    ("conf/rules/batchsql.toml", include_str!("../../../conf/rules/batchsql.toml")),
    ("conf/rules/stellar.toml", include_str!("../../../conf/rules/stellar.toml")),
];

/// All rules there are, and what is wrong with some of them.
#[derive(Debug, Default)]
pub struct Rules {
    /// Also those that are switched off.
    pub rules: Vec<Rule>,
    /// Of rule files of Prometheus: `rules test` evaluates them, nothing else does.
    pub records: Vec<Recording>,
    /// In the order of the files.
    pub findings: Vec<RuleFault>,
}

/// Something that is wrong with a rule or a file of rules.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleFault {
    /// The name of the alert; none when it is the file that is wrong.
    pub alert: Option<String>,
    pub fault: Fault,
    pub kind: Kind,
}

/// What a fault does to its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The rule, or the whole file, is left out.
    LeftOut,
    /// A text of it is broken; the rule is evaluated all the same.
    Broken,
    /// It does something else than in Prometheus, or than was meant.
    Note,
}

impl Rules {
    /// The rules that are switched on.
    pub fn enabled(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(|rule| rule.enabled)
    }

    /// Puts the findings into the order of the files.
    pub fn sort(&mut self) {
        in_order(&mut self.findings);
    }
}

/// All rules that the settings ask for. Nothing here is fatal: what cannot be read or parsed is told and left out.
pub fn load(settings: &Settings) -> Rules {
    shipped_with(&settings.rule_entries, &settings.rule_files)
}

/// The rules of these files alone, and what `[[rule]]` in them says of rules that ship.
pub fn of_files(paths: &[PathBuf]) -> Rules {
    let mut rules = shipped_with(&[], paths);
    rules.rules.retain(|rule| !is_shipped(&rule.place.file));
    rules
}

fn is_shipped(file: &str) -> bool {
    SHIPPED.iter().any(|(own, _)| *own == file)
}

fn shipped_with(configured: &[RuleEntry], paths: &[PathBuf]) -> Rules {
    let mut rules = Rules::default();
    let mut shipped = Vec::new();
    for (file, text) in SHIPPED {
        let (entries, faults) = read_rule_entries(&Document::shipped(file, text));
        shipped.extend(entries);
        rules.findings.extend(faults.into_iter().map(|fault| RuleFault { alert: None, fault, kind: Kind::LeftOut }));
    }
    let files = Files::read(paths);
    rules.findings.extend(files.findings);
    let mut entries = configured.to_vec();
    for entry in files.entries {
        match entries.iter().find(|earlier| earlier.alert == entry.alert) {
            Some(earlier) => {
                let message = format!("rule `{}` comes twice", entry.alert);
                let hint = format!("first written at {}; join the two", earlier.place.seen_from(&entry.place));
                let fault = Fault::new(entry.place, message, hint);
                rules.findings.push(RuleFault { alert: Some(entry.alert), fault, kind: Kind::LeftOut });
            }
            None => entries.push(entry),
        }
    }
    assemble::put_together(&mut rules, shipped, &entries);
    rules.rules.extend(files.rules);
    files::unrecorded(&mut rules, &files.records);
    rules.records = files.records;
    number(&mut rules.rules);
    in_order(&mut rules.findings);
    rules
}

/// Findings in the order of the files, and within them of the lines.
fn in_order(findings: &mut [RuleFault]) {
    let mut files: Vec<std::sync::Arc<str>> = findings.iter().map(|finding| finding.fault.place.file.clone()).collect();
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    findings.sort_by_cached_key(|finding| {
        let place = &finding.fault.place;
        (files.iter().position(|file| *file == place.file), place.line, place.column)
    });
}

/// Gives every rule an id of its own.
fn number(rules: &mut [Rule]) {
    let mut seen: std::collections::HashMap<String, usize> = Default::default();
    for rule in rules {
        let target = rule.scope.only.as_ref().map(|target| format!("@{}", target.name)).unwrap_or_default();
        let group = match rule.origin {
            Origin::File => format!("{}/", rule.group),
            Origin::Shipped | Origin::Configured => String::new(),
        };
        let id = format!("{group}{}{target}", rule.alert);
        let times = seen.entry(id.clone()).or_default();
        *times += 1;
        rule.id = if *times == 1 { id } else { format!("{id}#{times}") };
    }
}
