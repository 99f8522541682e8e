//! Files of rules: which a pattern names, and what is in them.

use std::path::{Path, PathBuf};

use super::super::rule::{Origin, Rule, Scope};
use super::assemble;
use super::{Kind, RuleFault, Rules};
use crate::settings::document::Document;
use crate::settings::fault::Fault;
use crate::settings::prometheus_rules::{self, Recording};
use crate::settings::rule_entry::{RuleEntry, read_rule_entries};
use crate::settings::words::{fits, io_reason};

/// What the files of a list hold.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Of files of `[[rule]]`.
    pub entries: Vec<RuleEntry>,
    /// Of rule files of Prometheus.
    pub rules: Vec<Rule>,
    pub records: Vec<Recording>,
    pub findings: Vec<RuleFault>,
}

impl Files {
    pub fn read(patterns: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for pattern in patterns {
            match named(pattern) {
                Ok(paths) => paths.iter().for_each(|path| files.add(path)),
                Err(fault) => files.findings.push(RuleFault { alert: None, fault, kind: Kind::LeftOut }),
            }
        }
        files
    }

    fn add(&mut self, path: &Path) {
        let is_toml = path.extension().is_some_and(|extension| extension == "toml");
        let parse = if is_toml { Document::parse } else { Document::yaml };
        let document = match Document::open_as(path, parse) {
            Ok(document) => document,
            Err(reason) => {
                let fault = about(path, reason, "check the path in `rule_files`");
                self.findings.push(RuleFault { alert: None, fault, kind: Kind::LeftOut });
                return;
            }
        };
        if is_toml {
            let (entries, faults) = read_rule_entries(&document);
            self.findings.extend(faults.into_iter().map(|fault| RuleFault { alert: None, fault, kind: Kind::LeftOut }));
            self.entries.extend(entries);
            return;
        }
        let file = prometheus_rules::read(&document);
        let told = file.faults.into_iter();
        self.findings.extend(told.map(|one| RuleFault {
            alert: one.alert,
            fault: one.fault,
            kind: if one.mild { Kind::Note } else { Kind::LeftOut },
        }));
        for alert in file.alerts {
            let entry = RuleEntry { alert: alert.alert, place: alert.place, body: alert.body, targets: Vec::new() };
            let rule = assemble::rule(&mut self.findings, &entry, &entry.body, Scope::default(), Origin::File);
            self.rules.extend(rule.map(|rule| Rule { group: alert.group, ..rule }));
        }
        for record in &file.records {
            let message =
                format!("the recording rule `{}` is not evaluated: nothing is recorded by rules", record.name);
            let hint = "write a [[metric]] with this expression, or the expression itself where the name is read";
            let fault = Fault::new(record.place.clone(), message, hint);
            self.findings.push(RuleFault { alert: Some(record.name.clone()), fault, kind: Kind::Note });
        }
        self.records.extend(file.records);
    }
}

/// Of a file that cannot be pointed into.
fn about(path: &Path, message: String, hint: &str) -> Fault {
    let document = Document::plain(&path.display().to_string(), "");
    Fault::new(document.place(0..0), message, hint)
}

/// The file, or those that a pattern fits, by name. `*` and `?` stand for letters of the last part.
fn named(pattern: &Path) -> Result<Vec<PathBuf>, Fault> {
    let name = pattern.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains(['*', '?']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder)
        .map_err(|error| about(folder, io_reason(&error), "check the path in `rule_files`"))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let fitting = names.filter(|own| {
        let own = own.to_string_lossy();
        !own.starts_with('.') && fits(&name, &own)
    });
    let mut paths: Vec<PathBuf> = fitting.map(|own| folder.join(own)).collect();
    paths.sort();
    if paths.is_empty() {
        return Err(about(pattern, "fits no file".to_owned(), "check the pattern in `rule_files`"));
    }
    Ok(paths)
}

/// Tells of rules that read what only recording rules would make.
pub(super) fn unrecorded(rules: &mut Rules, records: &[Recording]) {
    let mut findings = Vec::new();
    for rule in &rules.rules {
        for name in rule.expression.selectors().into_iter().filter_map(|selector| selector.name) {
            if records.iter().any(|record| record.name == *name) {
                let message = format!("reads `{name}`, which a recording rule makes: here it never has a value");
                let hint = "write a [[metric]] of this name, or its expression in place of it";
                let fault = Fault::new(rule.place.clone(), message, hint);
                findings.push(RuleFault { alert: Some(rule.alert.clone()), fault, kind: Kind::Note });
            }
        }
    }
    rules.findings.extend(findings);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_names_as_a_shell_would() {
        let fitting = [("*.yml", "a.yml"), ("a*b*.toml", "a-b.toml"), ("?.yml", "ü.yml"), ("*", "x"), ("*.y*", ".y")];
        let others = [("*.yml", "a.yaml"), ("?.yml", ".yml"), ("a*b", "acd"), ("a", "ab"), ("", "a")];
        assert!(fitting.iter().all(|(pattern, name)| fits(pattern, name)));
        assert!(!others.iter().any(|(pattern, name)| fits(pattern, name)));
    }
}
