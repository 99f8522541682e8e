//! `stellar report`: whole outputs over the demo's database at two moments, and over clusters in every status.

mod widths;

use std::process::Stdio;
use std::sync::LazyLock;

use rusqlite::Connection;
use stellar::alert::Verdict;
use stellar::catalogue::Catalogue;
use stellar::report::views::overview::{self, Asked, Trends};
use stellar::report::{self, Assessed, Expected, Style, forms};
use stellar::settings::Settings;
use stellar::store::read;

use crate::common::replay::{Cluster, START, STEP, Timeline, demo_cluster};
use crate::program::{Ended, Stage, block, ended, silent};
use crate::snapshot;

const LOGIN: &str = "user = \"root\"\n";
/// Collected last; the dead backend was declared dead at 6 and is back at 8.
const DEAD: usize = 7;
const END: usize = 11;

/// The demo, collected up to a moment.
struct Demo {
    timeline: Timeline,
    stage: Stage,
    now: i64,
}

impl Demo {
    fn until(last: usize) -> Self {
        let timeline = demo_cluster();
        let stage = Stage::of(&timeline.cluster, "demo", LOGIN);
        for moment in 0..=last {
            let run = stage.run(timeline.step(moment), &["collect-once", "--quiet"]);
            assert_eq!(run, ended(0, "", ""));
        }
        steady(&stage);
        Self { timeline, stage, now: START + STEP * last as i64 + 5 }
    }

    fn report(&self, words: &[&str]) -> Ended {
        let run = self.stage.run(self.now, &[&["report"], words].concat());
        Ended {
            stdout: self.timeline.cluster.named(&run.stdout),
            stderr: self.timeline.cluster.named(&run.stderr),
            ..run
        }
    }
}

/// Gives what differs from run to run a value of its own.
fn steady(stage: &Stage) {
    let connection = Connection::open(stage.database()).expect("the database opens");
    let durations = "UPDATE node_snapshots SET scrape_seconds = 0.005; UPDATE runs SET duration_ms = 5 + id";
    connection.execute_batch(durations).expect("durations are written");
}

/// Made once: no test changes it.
static AT_END: LazyLock<Demo> = LazyLock::new(|| Demo::until(END));

#[test]
fn a_dead_backend_is_a_warning_with_its_reasons() {
    snapshot::is_run("report/dead_backend.txt", &Demo::until(DEAD).report(&[]));
}

#[test]
fn the_overview_has_one_line_a_cluster() {
    snapshot::is_run("report/overview.txt", &AT_END.report(&[]));
}

#[test]
fn a_cluster_in_full_has_every_metric_and_every_node() {
    snapshot::is_run("report/cluster.txt", &AT_END.report(&["--cluster", "demo"]));
}

#[test]
fn the_report_for_programs_has_base_units_and_nulls() {
    snapshot::is_run("report/json.txt", &AT_END.report(&["--json"]));
}

#[test]
fn without_a_configuration_the_database_is_enough() {
    let stage = Stage::new("");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stellar"));
    command.env_clear().env("STELLAR_NOW", AT_END.now.to_string()).env("TZ", "UTC").current_dir(stage.folder());
    command.arg("--db").arg(AT_END.stage.database()).arg("report");
    let run = stage.ended(command.output().expect("the program starts"));
    assert_eq!(run, AT_END.report(&[]));
}

#[test]
fn times_are_in_the_configured_zone_or_in_utc() {
    let first = |run: Ended| run.stdout.lines().next().unwrap_or_default().to_owned();
    let mut command = AT_END.stage.command(AT_END.now, &["report"]);
    command.env("TZ", "Asia/Shanghai");
    let there = AT_END.stage.ended(command.output().expect("the program starts"));
    assert_eq!(first(there), "1 cluster: 1 OK   2026-11-22 10:33:38 +08:00   last run 5s ago");
    let mut command = AT_END.stage.command(AT_END.now, &["report", "--utc"]);
    command.env("TZ", "Asia/Shanghai");
    let utc = AT_END.stage.ended(command.output().expect("the program starts"));
    assert_eq!(first(utc), "1 cluster: 1 OK   2026-11-22 02:33:38 +00:00   last run 5s ago");
}

#[test]
fn colours_are_a_wish_and_words_stay_the_same() {
    let with = |words: &[&str], variable: Option<(&str, &str)>| {
        let mut command = AT_END.stage.command(AT_END.now, &[&["report"], words].concat());
        command.envs(variable);
        AT_END.stage.ended(command.output().expect("the program starts")).stdout
    };
    let (plain, coloured) = (with(&[], None), with(&["--color", "always"], None));
    assert!(coloured.contains("\n  \u{1b}[32mOK\u{1b}[0m      demo"), "{coloured}");
    assert_eq!(coloured.replace("\u{1b}[32m", "").replace("\u{1b}[0m", ""), plain);
    assert_eq!(with(&[], Some(("CLICOLOR_FORCE", "1"))), coloured);
    assert_eq!(with(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))), plain);
    assert_eq!(with(&["--color", "always"], Some(("NO_COLOR", "1"))), coloured);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut command = AT_END.stage.command(AT_END.now, &["report", "--cluster", "demo"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    // Closed before the program writes its first byte, or in the middle: both are a reader that went away.
    drop(child.stdout.take());
    let run = AT_END.stage.ended(child.wait_with_output().expect("the program ends"));
    assert_eq!(run, ended(0, "", ""));
}

#[test]
fn a_cluster_that_is_not_known_is_refused_with_the_nearest() {
    let expected = "error: there is no cluster `dmo`\nhint: did you mean `demo`?\n";
    assert_eq!(AT_END.report(&["--cluster", "dmo"]), ended(2, "", expected));
}

#[test]
fn a_database_that_is_not_there_is_named_with_what_to_do() {
    let stage = Stage::new(&block("shop", &["http://fe1:8030".to_owned()], ""));
    snapshot::is_run("report/no_database.txt", &stage.run(START, &["report"]));
}

#[test]
fn an_old_snapshot_is_no_current_one() {
    let run = AT_END.stage.run(AT_END.now + 3_000, &["report"]);
    snapshot::is_run("report/stale.txt", &run);
}

#[test]
fn clusters_stand_worst_first_each_with_its_reason() {
    let timeline = demo_cluster();
    let answering = |name: &str| block(name, &timeline.cluster.urls(), LOGIN);
    let silent = block("silent", &["http://127.0.0.1:9".to_owned()], LOGIN);
    let stage = Stage::new(&answering("good"));
    let collect = |at: i64, code: i32| {
        assert_eq!(stage.run(at, &["collect-once", "--quiet"]).code, code);
    };
    for moment in 0..2 {
        collect(timeline.step(moment), 0);
    }
    // Another cluster joins that never answers, and one that is not collected.
    stage.configure(&(silent.clone() + &answering("good")));
    collect(timeline.step(2), 1);
    collect(timeline.step(3), 1);
    stage.configure(&(silent + &answering("good") + &block("new-one", &["http://fe1:8030".to_owned()], "")));
    steady(&stage);
    let run = stage.run(START + 3 * STEP + 5, &["report"]);
    snapshot::is_run("report/worst_first.txt", &run);
    let only = stage.run(START + 3 * STEP + 5, &["report", "--cluster", "silent", "--cluster", "new-one"]);
    snapshot::is_run("report/two_without_values.txt", &only);
}

/// The demo's clusters as the report judges them.
fn assessed(catalogue: &Catalogue) -> Vec<Assessed> {
    let stored = read::latest(&AT_END.stage.open(), catalogue).expect("the history");
    let interval = std::time::Duration::from_secs(30);
    let expected = [Expected { name: "demo".to_owned(), interval }];
    report::assess(stored, &expected, catalogue, &Verdict::default(), AT_END.now * 1000)
}

#[test]
fn a_report_fits_the_terminal() {
    let catalogue = Catalogue::load(&Settings::default()).map_err(|_| "faults").expect("no faults");
    let mut assessed = assessed(&catalogue);
    for one in &mut assessed {
        one.reasons
            .push("http://127.0.0.11:18040/metrics: timed out after 10 s, which is the limit of one request".into());
        one.reasons.push("元数据 is text of others\u{1b}[2J and moves no cursor".into());
    }
    let now = AT_END.now * 1000;
    let trends = Trends {
        title: "QPS LAST 24 H".to_owned(),
        of: [("demo".to_owned(), (0..24).map(|hour| (hour % 5 > 0).then_some(f64::from(hour))).collect())].into(),
    };
    let verdict = Verdict::default();
    let asked = Asked {
        assessed: &assessed,
        applications: &[],
        verdict: &verdict,
        trends: &trends,
        last_run: Some(now - 5000),
        now,
    };
    let mut text = String::new();
    for width in [60, 80, 120, 200] {
        let style = Style { zone: jiff::tz::TimeZone::UTC, colour: false, width: Some(width) };
        let overview = forms::text(&overview::sheet(&asked, &catalogue, &style).expect("a sheet"), &style);
        let cluster: String = assessed.iter().map(|one| report::render_cluster(one, &catalogue, &style)).collect();
        let begins = |line: &&str| !line.starts_with("  ") || line.contains("INSTANCE") || line.contains("no room");
        let outline: Vec<&str> = cluster.lines().filter(begins).collect();
        text += &format!("=== {width} columns\n{overview}---\n{}\n", outline.join("\n"));
        // Words are not broken, and no terminal of less than 60 columns is asked for more than the table's first ones.
        let wide = |line: &&str| line.chars().count() > width && !line.contains("http://");
        let wide: Vec<&str> = overview.lines().chain(cluster.lines()).filter(wide).collect();
        assert_eq!(wide, [""; 0], "{width}");
    }
    snapshot::is("report/widths.txt", &AT_END.timeline.cluster.named(&text));
}

/// The end of the last moment, and from a minute before the first one.
const WHOLE: [&str; 4] = ["--since", "2026-11-22 02:28", "--until", "2026-11-22 02:34"];

#[test]
fn every_view_has_every_form() {
    let views: [(&str, &[&str]); 6] = [
        ("cluster", &["--cluster", "demo", "--metric", "quer*", "--metric", "be_cpu_used_ratio_*"]),
        ("steps", &["--cluster", "demo", "--step", "1m", "--metric", "queries_per_second", "--metric", "queries"]),
        ("nodes", &["--nodes"]),
        ("daily", &["--daily", "--since", "2026-11-21"]),
        ("alerts", &["--alerts"]),
        ("runs", &["--runs", "--step", "1m"]),
    ];
    AT_END.stage.run(AT_END.now, &["check", "--quiet"]);
    for (name, words) in views {
        let ranged = ["cluster", "steps", "alerts", "runs"].contains(&name);
        let words = if ranged { [words, &WHOLE].concat() } else { words.to_vec() };
        let mut text = String::new();
        for form in [None, Some("--markdown"), Some("--csv"), Some("--jsonl"), Some("--json")] {
            let run = AT_END.report(&[&words[..], &form.into_iter().collect::<Vec<_>>()].concat());
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name} {form:?}");
            text += &format!("--- {}\n{}", form.unwrap_or("text"), run.stdout.replace("\r\n", "\n"));
        }
        snapshot::is(&format!("report/view_{name}.txt"), &text);
    }
}

#[test]
fn a_cluster_whose_snapshots_are_gone_is_not_ok() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let connection = Connection::open(stage.database()).expect("the database");
    connection.execute_batch("DELETE FROM metrics_snapshots").expect("somebody who tidies up");
    let report = stage.run(START + 5, &["report"]).stdout;
    assert!(report.starts_with("1 cluster: 1 NODATA "), "{report}");
    assert!(report.contains("no snapshot of it is left; try: stellar collect-once --cluster shop\n"), "{report}");
}

#[test]
fn lines_are_put_in_order_and_cut_and_nothing_is_told() {
    let sorted = AT_END.report(&["--nodes", "--sort", "-tablets", "--limit", "2"]);
    let lines: Vec<&str> = sorted.stdout.lines().collect();
    let begins = |line: usize, text: &str| lines.get(line).is_some_and(|own| own.contains(text));
    assert!(begins(3, "127.0.0.10:18040") && begins(4, "127.0.0.11:18040"), "{sorted:?}");
    assert!(sorted.stdout.contains("\n  4 lines more left out (--limit 2)\n"), "{sorted:?}");
    let not_measured_last = AT_END.report(&["--nodes", "--sort", "cpu", "--csv"]);
    assert!(
        not_measured_last.stdout.lines().nth(1).is_some_and(|line| line.contains("be:100001")),
        "{not_measured_last:?}"
    );

    let unknown = AT_END.report(&["--nodes", "--sort", "tablet"]);
    let told = "error: --sort: no column `tablet` in this report\nhint: did you mean `tablets`?\n";
    assert_eq!(unknown, ended(2, "", told));
    let document = AT_END.report(&["--json", "--limit", "1"]);
    let told = "error: --sort and --limit go with tables, and the JSON of this report is none\n\
                hint: give --jsonl or --csv, or leave them out\n";
    assert_eq!(document, ended(2, "", told));

    let empty = ["--alerts", "--since", "2026-11-01", "--until", "2026-11-02"];
    let text = "no alert fired   2026-11-01 00:00 .. 2026-11-02 00:00 +00:00\n";
    assert_eq!(AT_END.report(&empty), ended(0, text, ""));
    assert_eq!(AT_END.report(&[&empty[..], &["--fail-empty"]].concat()), ended(1, text, ""));
}

#[test]
fn days_before_the_first_one_are_no_gaps_however_far_back_one_asks() {
    let days = AT_END.report(&["--daily", "--since", "1990-01-01", "--csv"]);
    assert_eq!((days.code, days.stdout.lines().count()), (0, 2), "{days:?}");
    let none = AT_END.report(&["--daily", "--since", "1990-01-01", "--until", "1991-01-01"]);
    assert!(none.stdout.starts_with("no day   1990-01-01 00:00 .. 1991-01-01 00:00 +00:00\n"), "{none:?}");
    assert!(none.stdout.ends_with("\n  there is nothing in that time\n"), "{none:?}");
    let before = ["--cluster", "demo", "--metric", "queries", "--since", "1990-01-01", "--until", "1991-01-01"];
    let none = AT_END.report(&[&before[..], &["--fail-empty"]].concat());
    assert!(none.code == 1 && none.stdout.contains("\n  there is nothing in that time\n"), "{none:?}");
}

#[test]
fn flags_that_say_nothing_to_a_view_are_refused_with_where_they_belong() {
    for (words, told) in [
        (
            &["--nodes", "--since", "1h"][..],
            "--since and --until go with --cluster, --daily, --gaps, --alerts, --runs, --html or --svg",
        ),
        (&["--step", "1h"], "--step goes with --cluster or --runs"),
        (&["--metric", "queries"], "--metric and --category go with --cluster, --daily, --html or --svg"),
        (&["--application", "etl"], "--application goes with --batchsql, --metrics, --gaps or --alerts"),
        (&["--html", "page.html", "--nodes"], "--nodes does not go with --html or --svg"),
        (&["--svg", "one.svg"], "--svg draws one metric, not 12"),
        (&["--tz", "Mars"], "--tz: there is no time zone `Mars`"),
        (&["--cluster", "demo", "--step", "1ms"], "--step"),
        (&["--cluster", "demo", "--metric", "nosuch"], "no metric of a cluster is meant by --metric nosuch"),
    ] {
        let run = AT_END.report(words);
        assert!(run.code == 2 && run.stderr.starts_with(&format!("error: {told}")), "{words:?}: {run:?}");
    }
}

#[test]
fn a_page_and_a_chart_are_written_whole_and_read_by_a_web_server() {
    use std::os::unix::fs::PermissionsExt;
    let path = AT_END.stage.path("page.html");
    std::fs::write(&path, "what was there").expect("a file");
    let run = AT_END.report(&[&["--html", &path.to_string_lossy()], &WHOLE[..]].concat());
    assert_eq!(run, silent());
    let page = std::fs::read_to_string(&path).expect("the page");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{page}");
    // An overview, twelve charts with a table each, both restarts in every one.
    assert_eq!((page.matches("<figure").count(), page.matches("<details").count()), (12, 12));
    assert!(page.contains("1 node restarted") && page.contains("127.0.0.11:"), "{page}");
    assert_eq!(std::fs::metadata(&path).expect("its mode").permissions().mode() & 0o777, 0o644);
    let others = std::fs::read_dir(AT_END.stage.folder()).expect("the folder").flatten();
    let left: Vec<String> = others.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.contains("partial")), "{left:?}");

    let nowhere = AT_END.report(&["--html", "/nowhere/page.html"]);
    let told =
        "error: /nowhere/page.html.partial: cannot be made: no such folder\nhint: make it first: mkdir -p /nowhere\n";
    assert_eq!(nowhere, ended(2, "", told));

    let chart = AT_END.report(&[&["--svg", "-", "--metric", "queries_per_second"], &WHOLE[..]].concat());
    snapshot::is("report/queries_per_second.svg", &chart.stdout);
    let query = AT_END.stage.run(
        AT_END.now,
        &["query", "--svg", "-", "--since", "2026-11-22 02:29", "--step", "25s", "stellar_node_tablets"],
    );
    snapshot::is("report/query.svg", &AT_END.timeline.cluster.named(&query.stdout));
}
