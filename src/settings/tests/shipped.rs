use std::path::PathBuf;
use std::time::Duration;

use super::super::{SHIPPED, Settings, reference};
use super::settings;

#[test]
fn the_shipped_file_says_the_defaults() {
    assert_eq!(settings(SHIPPED), Settings::default());
}

#[test]
fn the_defaults_are_those_that_people_were_promised() {
    let Settings { metrics, database, collection, clusters, applications, stages, .. } = Settings::default();
    let Settings { metric_entries, rule_entries, rule_files, .. } = Settings::default();
    let seconds = Duration::from_secs;
    assert_eq!((metrics.interval, metrics.retention), (seconds(30), seconds(7 * 86_400)));
    assert_eq!((metrics.enabled, metrics.timezone, metrics.exclude), (true, None, vec![]));
    assert_eq!(database.path, PathBuf::from("/var/lib/stellar/stellar.db"));
    assert_eq!((collection.max_concurrency, collection.retries, collection.stagger), (128, 1, seconds(0)));
    assert_eq!((collection.timeout, collection.deadline), (seconds(10), seconds(25)));
    assert_eq!((clusters, applications, stages), (vec![], vec![], vec![]));
    assert_eq!((metric_entries, rule_entries, rule_files), (vec![], vec![], Vec::<PathBuf>::new()));
}

/// The shipped file with every line that is TOML behind `# ` taken out of its comment.
fn uncommented() -> String {
    let is_toml = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.starts_with('[') || (line.contains(" = ") && key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    SHIPPED
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(inner) if is_toml(inner) => format!("{inner}\n"),
            _ => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn the_shipped_file_explains_every_option_and_its_default() {
    let text = uncommented();
    for section in reference().iter().filter(|section| !section.title.is_empty()) {
        let at = text.find(&format!("\n{}\n", section.title)).expect("the section is in the file") + 1;
        let body = text[at..].lines().skip(1).take_while(|line| !line.starts_with('[')).collect::<Vec<_>>();
        for option in &section.options {
            let line = match (&option.default, section.title.as_str()) {
                (Some(default), "[metrics]" | "[database]" | "[collection]" | "[clusters.pages]") => {
                    format!("{} = {default}", option.key)
                }
                _ => format!("{} = ", option.key),
            };
            let at = body.iter().position(|own| own.starts_with(&line));
            let at = at.unwrap_or_else(|| panic!("{} has no line `{line}`", section.title));
            // A group of options shares the comment above its first.
            let mut above = body[..at].iter().rev().skip_while(|line| line.contains(" = ") && !line.starts_with('#'));
            let explained = above.next().is_none_or(|line| line.starts_with('#'));
            assert!(explained, "`{line}` is not explained");
        }
    }
}

#[test]
fn the_examples_in_the_shipped_file_are_valid() {
    let text: String = uncommented()
        .lines()
        .filter(|line| {
            !["password_file", "password_env", "password_command", "ca_file", "client_"]
                .iter()
                .any(|key| line.starts_with(key))
        })
        // A rule is for a cluster or for an application.
        .filter(|line| *line != "application = \"etl\"")
        .map(|line| format!("{line}\n"))
        .collect();
    let settings = settings(&text);
    let names: Vec<&str> = settings.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
    let metrics: Vec<&str> = settings.metric_entries.iter().map(|entry| entry.name.as_str()).collect();
    let rules: Vec<&str> = settings.rule_entries.iter().map(|entry| entry.alert.as_str()).collect();
    assert_eq!((names, metrics, rules), (vec!["shop"], vec!["scan_rows_per_second"], vec!["StarRocksDiskFilling"]));
}

#[test]
fn an_exclusion_fits_the_whole_name() {
    let metrics = settings("metrics.exclude = ['network_*', '*_p99_*', 'jvm_threads']").metrics;
    let excluded = |name: &str| metrics.excludes(name);
    let all = ["network_sent_bytes", "query_latency_p99_seconds", "jvm_threads", "network_"].map(excluded);
    let none = ["a_network_x", "query_latency_p99", "jvm_threads_peak", "jvm_thread", ""].map(excluded);
    assert_eq!((all, none), ([true; 4], [false; 5]));
}
