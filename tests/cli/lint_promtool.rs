//! `stellar lint` and the real `promtool check metrics` find the same, where both have a rule: on recorded pages and on
//! pages made to break every one of them.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::peers::peer;
use crate::program::Stage;

/// What promtool says, and the rule that says it here.
const COMPLAINTS: [(&str, &str); 14] = [
    ("no help text", "no-help"),
    ("use base unit ", "base-unit"),
    ("counter metrics should have \"_total\" suffix", "counter-without-total"),
    ("non-counter metrics should not have \"_total\" suffix", "total-without-counter"),
    ("non-histogram metrics should not have \"_bucket\" suffix", "reserved-suffix"),
    ("non-histogram and non-summary metrics should not have \"_count\" suffix", "reserved-suffix"),
    ("non-histogram and non-summary metrics should not have \"_sum\" suffix", "reserved-suffix"),
    ("non-histogram metrics should not have \"le\" label", "misused-label"),
    ("non-summary metrics should not have \"quantile\" label", "misused-label"),
    ("metric name should not include type ", "type-in-name"),
    ("metric names should not contain ':'", "colon-in-name"),
    ("metric names should be written in 'snake_case' not 'camelCase'", "camel-case"),
    ("label names should be written in 'snake_case' not 'camelCase'", "camel-case"),
    ("metric names should not contain abbreviated units", "abbreviated-unit"),
];

type Found = BTreeSet<(String, String)>;

fn said(program: &Path, file: &Path) -> String {
    let page = std::fs::File::open(file).expect("the page");
    let output = Command::new(program).args(["check", "metrics"]).stdin(page).output().expect("promtool ends");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

/// What it finds; `Err` when it refuses the page: the line.
fn promtool(program: &Path, file: &Path) -> Result<Found, u64> {
    let said = said(program, file);
    if let Some((_, refused)) = said.split_once("error while linting: text format parsing error in line ") {
        return Err(refused.split(':').next().and_then(|line| line.parse().ok()).expect("a line"));
    }
    let found = said
        .lines()
        .map(|line| {
            let (metric, complaint) = line.split_once(' ').expect("a metric and a complaint");
            let rule = COMPLAINTS.iter().find(|(text, _)| complaint.starts_with(text));
            let (_, rule) = rule.unwrap_or_else(|| panic!("promtool has a rule that nobody knows here: {line}"));
            (metric.to_owned(), (*rule).to_owned())
        })
        .collect();
    Ok(found)
}

fn stellar(stage: &Stage, shared: &BTreeSet<String>) -> Found {
    let run = stage.run(0, &["lint", "--json", "page.prom"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let findings = document["pages"][0]["findings"].as_array().expect("findings").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let found = findings.iter().map(|finding| (text(&finding["metric"]), text(&finding["rule"])));
    found.filter(|(_, rule)| shared.contains(rule)).collect()
}

/// The rules that the list says promtool has.
fn shared(stage: &Stage) -> BTreeSet<String> {
    let run = stage.run(0, &["lint", "--list-rules", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let rules = document["rules"].as_array().expect("rules").iter().filter(|rule| rule["promtool"] == true);
    rules.map(|rule| rule["rule"].as_str().expect("a name").to_owned()).collect()
}

/// Every recorded page, as it was sent.
fn recorded() -> Vec<(PathBuf, Vec<u8>)> {
    let mut pages = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let bytes = match path.is_dir() {
                true => {
                    folders.push(path);
                    continue;
                }
                false => std::fs::read(&path).expect("a page"),
            };
            let text = match bytes.starts_with(b"\x1f\x8b") {
                true => {
                    let mut text = Vec::new();
                    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut text).expect("gzip");
                    text
                }
                false => bytes,
            };
            if text.starts_with(b"# ") {
                pages.push((path, text));
            }
        }
    }
    pages.sort();
    pages
}

/// One page of families under every name, each of every type. Of two units in a name promtool looks at either, and so at
/// none for certain: there is no such name.
fn by_hand() -> Vec<u8> {
    let units = "seconds bytes milliseconds kilobytes mibibytes mebibytes minutes days millidays bits kilobits fahrenheit \
                 rankine kelvin kelvins miles kilometers thermometers centimetres pounds kilograms ounces calories volts \
                 s ms us ns sec b kb mb gb tb pb m h d second millis percent byte kib";
    let mut names: Vec<String> = units
        .split_whitespace()
        .flat_map(|unit| {
            [format!("a_{unit}"), format!("a_{unit}_b"), format!("{unit}_b"), unit.to_owned(), format!("a{unit}")]
        })
        .collect();
    let rest = "x_total x_count x_sum x_bucket x_gauge x_counter_y histogram_x x_summary x_untyped x_gauge_histogram \
                x_Counter a:b:c camelCase snake_Case ABC x_MS x_Seconds x_total_y x_info x_created \
                x_s_total";
    names.extend(rest.split_whitespace().map(str::to_owned));
    let mut page = String::new();
    for (number, kind) in ["counter", "gauge", "untyped", "histogram", "summary", ""].into_iter().enumerate() {
        for (place, name) in names.iter().enumerate() {
            // Not the same family under two types; the number stands where no rule looks.
            let name = match number {
                0 => name.clone(),
                number => format!("p{number}q{name}"),
            };
            if place % 3 > 0 {
                page += &format!("# HELP {name} {}\n", if place % 3 == 1 { "What it is." } else { "" });
            }
            if !kind.is_empty() {
                page += &format!("# TYPE {name} {kind}\n");
            }
            let labels = match place % 5 {
                0 => "{quantile=\"0.5\"}",
                1 => "{le=\"1\"}",
                2 => "{labelName=\"x\"}",
                3 => "{le=\"+Inf\",quantile=\"0.9\"}",
                _ => "",
            };
            page += &match kind {
                "histogram" => format!("{name}_bucket{labels} 1\n{name}_sum 1\n{name}_count 1\n"),
                "summary" => format!("{name}{labels} 1\n{name}_sum 1\n{name}_count 1\n"),
                _ => format!("{name}{labels} 1\n"),
            };
        }
    }
    page.into_bytes()
}

#[test]
fn promtool_finds_the_same_on_every_recorded_page_and_on_pages_made_for_it() {
    let Some(program) = peer("promtool") else { return };
    let stage = Stage::new("");
    let shared = shared(&stage);
    let known: BTreeSet<String> = COMPLAINTS.iter().map(|(_, rule)| (*rule).to_owned()).collect();
    assert_eq!(shared, known);
    let mut pages = recorded();
    assert!(pages.len() > 20, "{} pages", pages.len());
    pages.push((PathBuf::from("by hand"), by_hand()));
    let mut rules: BTreeSet<String> = BTreeSet::new();
    for (path, page) in &pages {
        std::fs::write(stage.path("page.prom"), page).expect("the page is written");
        let theirs = match promtool(&program, &stage.path("page.prom")) {
            Ok(theirs) => theirs,
            Err(line) => {
                let refused = stellar(&stage, &BTreeSet::from(["bad-line".to_owned()]));
                let text = String::from_utf8_lossy(page).lines().nth(line as usize - 1).unwrap_or_default().to_owned();
                assert!(!refused.is_empty(), "{}: promtool refuses line {line}: {text}", path.display());
                continue;
            }
        };
        let ours = stellar(&stage, &shared);
        let only = |one: &Found, other: &Found| one.difference(other).cloned().collect::<Vec<_>>();
        let differing = (only(&theirs, &ours), only(&ours, &theirs));
        assert!(differing == (vec![], vec![]), "{}: only promtool, only stellar: {differing:#?}", path.display());
        rules.extend(ours.into_iter().map(|(_, rule)| rule));
    }
    assert_eq!(rules, shared, "rules that no page breaks are not compared");
}

#[test]
fn pages_that_promtool_refuses_have_an_error() {
    let Some(program) = peer("promtool") else { return };
    let stage = Stage::new("");
    for (page, rule) in [
        ("a 1\r\n", "bad-line"),
        ("a{b=\"c\"d\"} 1\n", "bad-line"),
        ("a{b=\"c\"} one\n", "bad-line"),
        ("a{b=\"c\"} 1 1.5\n", "bad-line"),
        ("a 1 # {x=\"y\"} 1\n", "bad-line"),
        ("a-b 1\n", "bad-line"),
        ("# TYPE a foo\na 1\n", "bad-line"),
        ("a 1", "cut-off"),
        ("# TYPE a gauge\na 1\n# TYPE a gauge\n", "announced-twice"),
        ("a 1\n# TYPE a gauge\na{b=\"c\"} 1\n", "announced-twice"),
        ("# HELP a x\na 1\n# HELP a y\n", "announced-twice"),
        ("# TYPE a summary\na_count 1\n# TYPE a_count gauge\na_count 2\n", "name-clash"),
        ("# TYPE a histogram\na_bucket{le=\"x\"} 1\n", "histogram-incomplete"),
        ("# TYPE a summary\na{quantile=\"x\"} 1\n", "summary-quantile"),
    ] {
        std::fs::write(stage.path("page.prom"), page).expect("the page is written");
        let said = said(&program, &stage.path("page.prom"));
        assert!(said.starts_with("error while linting"), "{page}: {said}");
        let run = stage.run(0, &["lint", "page.prom"]);
        assert!(run.code == 1 && run.stdout.contains(&format!("\nerror  {rule}  ")), "{page}: {run:?}");
    }
}
