//! What the README tells people to write works.

use std::path::Path;

use stellar::catalogue::Catalogue;
use stellar::cli::sections::EXIT_CODES;
use stellar::settings;
use stellar::store::Store;

use crate::settings_page;

const README: &str = include_str!("../../README.md");

/// The blocks of the README in a language.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(line) = lines.next() {
        if let Some(opened) = line.strip_prefix("```").filter(|opened| !opened.is_empty()) {
            let body =
                lines.by_ref().take_while(|line| *line != "```").fold(String::new(), |text, line| text + line + "\n");
            if opened == language {
                blocks.push(body);
            }
        }
    }
    blocks
}

/// Loads a configuration as commands do, and its metrics with the catalogue; gives how many metrics there are.
fn metrics_of(text: &str) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).expect("the file is written");
    let loaded = settings::load_without_secrets(Some(&path), &|_| None).map_err(|error| error.render());
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(stellar::alert::sources::load(&loaded.settings).findings, []);
    let catalogue = Catalogue::load(&loaded.settings).map_err(|faults| settings::fault::render(&faults));
    let catalogue = catalogue.unwrap_or_else(|error| panic!("{error}\n{text}"));
    catalogue.metrics().iter().filter(|metric| metric.stored).count()
}

#[test]
fn every_configuration_that_is_shown_loads() {
    let shipped = metrics_of("");
    let shown = blocks("toml");
    let counts: Vec<usize> = shown.iter().map(|text| metrics_of(text) - shipped).collect();
    let what = "the first configuration, the four lines of a metric, applications, a metric of theirs, a rule, and who is told";
    assert_eq!(counts, [0, 1, 0, 1, 0, 0], "{what}");
    assert_eq!(metrics_of(settings_page::EXAMPLE) - shipped, 1);
}

#[test]
fn the_first_configuration_is_ten_lines_at_most_and_a_metric_four() {
    let lines: Vec<usize> = blocks("toml").iter().map(|text| text.lines().count()).collect();
    assert!(lines[0] <= 10 && lines[1] == 4, "{lines:?}");
}

#[test]
fn every_question_to_the_database_is_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stellar.db");
    let catalogue = Catalogue::load(&settings::Settings::default()).map_err(|_| "faults").expect("no faults");
    drop(Store::open(&path, &catalogue).map_err(|error| format!("{error:#}")).expect("a new database"));
    let connection = rusqlite::Connection::open(&path).expect("the database");
    let questions: Vec<String> = blocks("sql").iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    assert_eq!(questions.len(), 4);
    for question in questions {
        connection.prepare(&question).unwrap_or_else(|error| panic!("{question}: {error}"));
    }
}

#[test]
fn the_picture_is_the_report_of_the_demo() {
    let expected = include_str!("../cli/report/dead_backend.txt");
    let picture = expected.split("--- stdout\n").nth(1).and_then(|rest| rest.split("--- stderr").next());
    assert!(blocks("text").contains(&picture.expect("the report").to_owned()), "the README shows another report");
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    for (code, text) in EXIT_CODES.entries {
        let line = format!("| {code} | {text} |");
        assert!(README.contains(&line), "missing: {line}");
    }
}

#[test]
fn every_file_that_is_linked_is_there() {
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing: Vec<&str> = links.filter(|link| !root.join(link).exists()).collect();
    assert_eq!(missing, [""; 0]);
}
