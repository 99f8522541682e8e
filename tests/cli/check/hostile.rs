//! Rules and labels that are wrong or made to hurt: each is told by the name of its rule, costs no other rule, steers no
//! terminal, breaks no line of a plugin, and ends.

use std::time::{Duration, Instant};

use super::collect;
use crate::common::replay::{Application, START};
use crate::program::{Ended, Stage};
use crate::snapshot;

/// The database bears bars, breaks and colours, the test templates, braces, markup and letters that turn the line.
const PAGE: &str = "# TYPE batchsql_current_rps gauge\n\
    batchsql_current_rps{database=\"my|sql\\n\u{1b}[31mx\\\"\",\
    test_name=\"{{ $value }}{database}|集群<script>\u{202e}\"} 5000\n\
    batchsql_current_rps{database=\"mysql\",test_name=\"nightly\"} 5000\n\
    # TYPE batchsql_error_rate gauge\n\
    batchsql_error_rate{database=\"mysql\",test_name=\"nightly\"} 0\n";

fn stage(page: impl Into<Vec<u8>>, more: &str) -> (Application, Stage) {
    let application = Application::with_page(page.into());
    let stage = Stage::new(&format!(
        "[[applications]]\nname = \"etl\"\nurl = \"{}\"\nmax_series = 30000\n{more}",
        application.url()
    ));
    collect(&stage, 0, 0);
    (application, stage)
}

/// Rules whose texts a TOML literal can hold.
fn rules(rules: &[(&str, &str, &str)]) -> String {
    let rule = |(name, expr, more): &(&str, &str, &str)| {
        let alert = serde_json::to_string(name).expect("a text");
        format!("\n[[rule]]\nalert = {alert}\nexpr = '''{expr}'''\n{more}\n")
    };
    rules.iter().map(rule).collect()
}

/// Sizes of the database differ from system to system.
fn named(run: Ended) -> String {
    let size = regex::Regex::new("db=[0-9]+B").expect("a pattern");
    size.replace_all(&format!("{run:?}"), "db=#B").into_owned()
}

const GOOD: (&str, &str, &str) = ("Good", "batchsql_current_rps > 1", "annotations.summary = '{value} in {test_name}'");
const TWICE: &str = "batchsql_current_rps + on (application) batchsql_current_rps";
const ONE_EACH: &str = "count by (application) (batchsql_current_rps)";

#[test]
fn every_bad_rule_is_told_by_its_name_and_the_good_one_fires_all_the_same() {
    let bad = rules(&[
        ("Unknown", "humanize(batchsql_current_rps) > 1", ""),
        ("Unclosed", "count(batchsql_current_rps", ""),
        ("Text", "\"x\"", ""),
        ("Itself", "ALERTS{alertname=\"Itself\"}", ""),
        ("ByZero", "count(batchsql_current_rps) / 0", "annotations.summary = '{value} {{ $value | humanize }}'"),
        ("NoNumber", "vector(NaN)", "annotations.summary = '{value} {{ $value }}'"),
        ("Number", "1", ""),
        ("Matching", TWICE, ""),
        ("OnError", TWICE, "on_error = 'alert'"),
        ("NoData", "stellar_backends < 3", "no_data = 'alert'"),
        ("OneAlert", "batchsql_current_rps", "labels = { database = '', test_name = '' }"),
        ("NoLabel", ONE_EACH, "annotations.summary = '[{{ $labels.none }}] [{none}] [{instance}]'"),
        ("NoFunction", ONE_EACH, "annotations.summary = '{{ $value | humanizeBytes }}'"),
        ("OtherName", ONE_EACH, "labels = { alertname = 'x', application = \"|\\n\" }"),
        ("Broken\nname\u{1b}[31m | x", TWICE, ""),
        ("Bro{{ ken | \"\n", "vector(1", ""),
        ("Absent", "absent(batchsql_current_rps{database=\"|\\n\"})", ""),
        ("Patient", ONE_EACH, "for = '366d'\nkeep_firing_for = '366d'"),
        GOOD,
    ]);
    let (_application, stage) = stage(PAGE, &bad);
    let run = |second: i64, words: &[&str]| named(stage.run(START + second, words));
    let check = stage.run(START + 1, &["check"]);
    let bars: Vec<usize> = check.stdout.lines().map(|line| line.matches('|').count()).collect();
    assert!(bars.iter().enumerate().all(|(line, bars)| *bars == usize::from(line == 0)), "{check:?}");
    let all = [
        named(check),
        run(2, &["check", "--json"]),
        run(3, &["check", "--history", "--utc"]),
        run(4, &["check", "--history", "--json"]),
        run(5, &["report", "--batchsql", "--utc"]),
        run(6, &["rules", "check"]),
    ];
    let steers = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    for text in [0, 2, 4, 5].map(|place| &all[place]) {
        assert!(!text.contains(steers), "{text}");
    }
    snapshot::is("check/hostile.txt", &all.join("\n"));
}

#[test]
fn templates_that_would_not_end_or_fill_the_memory_are_a_text_that_says_so() {
    let templates = [
        ("Recursion", "{{ define \"a\" }}{{ template \"a\" . }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}"),
        (
            "Forks",
            "{{ define \"a\" }}{{ if . }}{{ template \"a\" (slice . 1) }}{{ template \"a\" (slice . 1) }}{{ end }}{{ end }}{{ template \"a\" \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" }}",
        ),
        ("Doubling", "{{ $x := \"xxxxxxxxxx\" }}{{ range 40 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}"),
        ("Chain", "{{ $x := 1 }}{{ range 300000 }}{{ $x = args $x }}{{ end }}"),
        ("Turns", "{{ range 900000 }}{{ range 900000 }}{{ range 900000 }}x{{ end }}{{ end }}{{ end }}"),
        ("Width", "{{ printf \"%999999999d\" 1 }}"),
        ("Widths", "{{ range 900000 }}{{ $x := printf \"%10000d\" 1 }}{{ end }}"),
        ("Pattern", "{{ reReplaceAll \"(a|b)*\\\\w{500}\" \"x\" \"yyy\" }}"),
        ("Replaced", "{{ $x := printf \"%10000d\" 1 }}{{ range 9 }}{{ $x = reReplaceAll \"\" $x $x }}{{ end }}"),
        ("Queries", "{{ range $i := 200000 }}{{ $x := query (printf \"vector(%d)\" $i) }}{{ end }}"),
    ];
    let texts = templates.map(|(name, text)| (name, format!("annotations.summary = '''{text}'''")));
    let all: Vec<_> = texts.iter().map(|(name, text)| (*name, "vector(1)", text.as_str())).chain([GOOD]).collect();
    let (_application, stage) = stage(PAGE, &rules(&all));
    let begun = Instant::now();
    let run = stage.run(START + 1, &["check"]);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let told: Vec<&str> = run.stdout.lines().skip(1).collect();
    snapshot::is("check/templates.txt", &(told.join("\n") + "\n" + &run.stderr));
}

#[test]
fn ten_thousand_alerts_are_a_hundred_lines_and_a_number() {
    const MANY: usize = 10_000;
    let family = |name: &str, most: usize| {
        let value = |number: usize| (5_000 + number).min(most);
        let line = |number: usize| format!("{name}{{database=\"db{number:04}\",test_name=\"t\"}} {}\n", value(number));
        format!("# TYPE {name} gauge\n") + &(0..MANY).map(line).collect::<String>()
    };
    let page = family("batchsql_current_rps", MANY * 2) + &family("batchsql_error_rate", 0);
    let every = "annotations.summary = '{{ range query \"batchsql_current_rps\" }}{{ .Labels.database }} {{ .Value }} {{ end }}'";
    let rules = rules(&[
        ("Many", "batchsql_current_rps > 1", "annotations.summary = '{value} and {batchsql_error_rate}'"),
        ("Megabytes", "batchsql_current_rps > 14900", every),
        ("Matching", "batchsql_current_rps * on (application) group_left batchsql_error_rate", ""),
        ("One", "count(batchsql_current_rps) > 1", "annotations.summary = '{value} rows'"),
    ]);
    let (_application, stage) = stage(page, &rules);
    let begun = Instant::now();
    let run = stage.run(START + 1, &["check"]);
    assert!(begun.elapsed() < Duration::from_secs(120), "{:?}", begun.elapsed());
    assert_eq!(run.code, 1);
    let lines: Vec<String> = run.stdout.lines().map(|line| line.chars().take(150).collect()).collect();
    let of = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((lines.len(), of(" and ")), (1 + 100 + 99 + 1 + 1 + 1, 101), "{lines:#?}");
    // The first that ask for ten thousand values get them, as long as all together are not too many.
    assert!(of("db0000 5000 db0001 5001") > 10 && of("<error expanding template summary of Megabytes: ") > 10);
    let last: Vec<&str> = lines.iter().rev().take(3).rev().map(String::as_str).collect();
    let expected = [
        "stellar: WARNING 10k rows",
        "9,900 more of the rule Many; --json has all",
        "stellar: UNKNOWN the rule Matching cannot be evaluated: several series on the right side have the labels {application=\"etl\"} that are compared: batchs",
    ];
    assert_eq!(last, expected);
    let document = stage.run(START + 2, &["check", "--json", "--rule", "Many"]).stdout;
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["alerts"].as_array().map(Vec::len), Some(MANY));
}

#[test]
fn a_clock_that_goes_back_ends_no_alert_and_fires_none_twice() {
    let rules = rules(&[GOOD, ("Kept", ONE_EACH, "keep_firing_for = '30d'")]);
    let (application, stage) = stage(PAGE, &rules);
    let fires = |second: i64, shown: usize| {
        let run = stage.run(START + second, &["check"]);
        assert_eq!(run.stdout.lines().filter(|line| line.contains(": WARNING ")).count(), shown, "{second}: {run:?}");
    };
    let fired = || stage.rows("SELECT rule, count(*), count(resolved_at) FROM alerts_fired GROUP BY 1 ORDER BY 1");
    collect(&stage, 3_600, 3_600);
    fires(3_601, 3);
    fires(1, 3);
    collect(&stage, 3_690, 3_690);
    fires(3_700, 3);
    assert_eq!(fired(), "Good|2|0\nKept|1|0\n");
    // A day without a check, in which all went away; what is kept outlives what was collected.
    application.show(*b"# TYPE batchsql_error_rate gauge\nbatchsql_error_rate 0\n");
    collect(&stage, 90_000, 90_060);
    fires(90_061, 1);
    fires(20 * 86_400, 1);
    assert_eq!(fired(), "Good|2|2\nKept|1|0\nStellarCollectorSilent|1|0\n");
}
