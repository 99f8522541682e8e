//! What `config show` and `config check` print: pure functions of what was loaded.

use std::path::Path;

use super::Settings;
use super::document::Document;
use super::load::{Loaded, SHIPPED};
use super::reader::Shown;

/// Every value with its origin, as TOML; secrets are `***`.
pub fn show(loaded: &Loaded) -> String {
    let mut out = format!("# {}\n", loaded.name());
    for section in &loaded.origins {
        let set: Vec<_> = section.options.iter().filter_map(|option| Some((option, option.value.as_ref()?))).collect();
        if set.is_empty() {
            continue;
        }
        const MOST: usize = 48;
        let keys = set.iter().map(|(option, _)| option.key.len()).max().unwrap_or_default();
        let widths = set.iter().map(|(_, value)| value.chars().count());
        let values = widths.filter(|width| *width <= MOST).max().unwrap_or_default();
        out.push('\n');
        if !section.title.is_empty() {
            out.push_str(&format!("{}\n", section.title));
        }
        for (option, value) in set {
            out.push_str(&format!("{:<keys$} = {value:<values$}  # {}\n", option.key, option.origin));
        }
    }
    out
}

/// One line: what is configured, and what the environment changed.
pub fn summary(loaded: &Loaded) -> String {
    let settings = &loaded.settings;
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    };
    let mut parts = vec![count(settings.clusters.len(), "cluster")];
    if !settings.applications.is_empty() {
        parts.push(count(settings.applications.len(), "application"));
    }
    if !settings.metric_entries.is_empty() {
        parts.push(format!("{} of your own", count(settings.metric_entries.len(), "metric")));
    }
    parts.push(loaded.rhythm());
    if !settings.metrics.enabled {
        parts.push("switched off".into());
    }
    let options = loaded.origins.iter().flat_map(|section| &section.options);
    let overrides: Vec<&str> = options.filter_map(|option| option.overrides.as_deref()).collect();
    let overrides = if overrides.is_empty() { String::new() } else { format!(" ({})", overrides.join("; ")) };
    let word = if settings.targets().next().is_none() { "nothing to collect" } else { "ok" };
    format!("{}: {word} — {}{overrides}", loaded.name(), parts.join(", "))
}

/// Every option there is, with its default and its help, in the order of the shipped file: for the manual page.
pub fn reference() -> Vec<Shown> {
    let one_of_each = "[[clusters]]\n[[environments]]\n[[applications]]\n[[metric]]\n[[rule]]\n[[rule.target]]\n";
    Settings::read(&Document::parse("", one_of_each), &|_| None, Path::new(""), false).1.sections
}

/// How the shipped file writes an option, in a comment or not: `password_env = "SHOP_PASSWORD"`.
pub fn example(title: &str, key: &str) -> Option<&'static str> {
    let mut section = "";
    SHIPPED.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).find(|line| {
        if line.starts_with('[') && line.ends_with(']') {
            section = line;
        }
        section == title && line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = "))
    })
}
