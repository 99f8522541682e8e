//! What goes, what is kept, what is held and why; a dry run says what the run then does.

use crate::common::replay::{Cluster, START};
use crate::history::{self, assert_whole, change};
use crate::program::{Ended, Stage, block, columns, ended, masked, silent};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Two clusters, one snapshot an hour from 10 days before START (2026-11-22 02:28:58) to START.
fn hourly(metrics: &str) -> (Vec<Cluster>, Stage) {
    let clusters = vec![Cluster::start(1, 1), Cluster::start(1, 0)];
    let stage = Stage::new("");
    stage.configure(&configuration(&clusters, metrics));
    history::make(&stage, START - 10 * DAY, HOUR, 240);
    (clusters, stage)
}

fn configuration(clusters: &[Cluster], metrics: &str) -> String {
    let login = "user = \"root\"\ninterval_secs = \"1h\"";
    let blocks = [block("shop", &clusters[0].urls(), login), block("lab", &clusters[1].urls(), login)];
    format!("[metrics]\n{metrics}\n\n{}", blocks.concat())
}

fn run(stage: &Stage, words: &[&str]) -> Ended {
    let ended = stage.run(START, &[&["cleanup"], words].concat());
    Ended { stdout: masked(&ended.stdout), stderr: masked(&ended.stderr), ..ended }
}

fn aggregated(stage: &Stage) {
    assert_eq!(stage.run(START, &["aggregate-daily"]).code, 0);
}

/// What a dry run says, as the run would.
fn in_the_past(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.starts_with("dry run") && !line.starts_with("done in"));
    let lines = lines.map(|line| line.split(" (would free").next().unwrap_or(line));
    lines
        .map(|line| {
            line.replace("remove  ", "removed ").replace("thin    ", "thinned ").replace("fold    ", "folded  ")
        })
        .collect()
}

#[test]
fn a_dry_run_says_what_the_run_then_does() {
    let (_clusters, stage) = hourly("retention_days = \"4d\"\nthin_after = \"2d\"\nthin_to = \"1h\"");
    aggregated(&stage);
    let before = std::fs::read(stage.database()).expect("its bytes");
    let dry = run(&stage, &["--dry-run"]);
    assert_eq!(
        dry,
        ended(
            0,
            "keep    snapshots from 2026-11-18 02:28:58 +00:00 on (4 d before now)\n\
             remove  288 snapshots of 2 clusters, 2026-11-12 .. 2026-11-18 (would free about # KiB)\n\
             remove  144 runs with the records of their fetches\n\
             keep    20 days of clusters (kept for 730 d)\n\
             thin    92 snapshots of 2 clusters, 2026-11-18 .. 2026-11-19, to one in 1 h\n\
             dry run: nothing was removed\n",
            ""
        )
    );
    assert!(std::fs::read(stage.database()).expect("its bytes") == before, "a dry run changed the file");
    let json = stage.run(START, &["cleanup", "--dry-run", "--json"]);

    let real = run(&stage, &[]);
    assert_eq!(in_the_past(&real.stdout), in_the_past(&dry.stdout));
    assert!(real.stdout.ends_with("done in # ms: the file has # KiB, # KiB of it free for new rows\n"), "{real:?}");
    assert_eq!((real.code, real.stderr.as_str()), (0, ""));
    let json: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&json["snapshots"], &json["runs"], &json["thinned"]), (&288.into(), &144.into(), &92.into()));

    assert_whole(&stage);
    let left = "SELECT count(*), min(collected_at) / 1000 - 1795314538 FROM metrics_snapshots GROUP BY cluster_id";
    // The oldest that stays is exactly four days old.
    assert_eq!(stage.rows(left), format!("97|{0}\n97|{0}\n", -4 * DAY));
    assert_eq!(
        stage.rows("SELECT count(*), count(DISTINCT url), min(run_id) FROM fetches WHERE url = (SELECT url FROM endpoints WHERE id = 1)"),
        "97|1|145\n"
    );
    assert_eq!(stage.rows("SELECT count(*) FROM runs"), "97\n");

    let again = run(&stage, &[]);
    assert_eq!(
        in_the_past(&again.stdout),
        [
            "keep    snapshots from 2026-11-18 02:28:58 +00:00 on (4 d before now)",
            "keep    20 days of clusters (kept for 730 d)"
        ]
    );
}

#[test]
fn days_that_are_not_aggregated_are_held_whatever_their_age() {
    let (_clusters, stage) = hourly("retention_days = \"4d\"");
    let held = run(&stage, &[]);
    let keep = "keep    snapshots from 2026-11-18 02:28:58 +00:00 on (4 d before now)\n";
    let expected = format!(
        "{keep}keep    0 days of clusters (kept for 730 d)\n\
         hold    288 snapshots of 7 days, 2026-11-12 .. 2026-11-18: those days are not aggregated yet. Run: stellar aggregate-daily\n"
    );
    assert_eq!(in_the_past(&held.stdout), in_the_past(&expected));
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "482\n");

    for day in ["2026-11-12", "2026-11-13", "2026-11-14", "2026-11-15", "2026-11-18"] {
        assert_eq!(stage.run(START, &["aggregate-daily", "--day", day]).code, 0);
    }
    let some = run(&stage, &["--dry-run"]);
    assert_eq!(
        some.stdout,
        format!(
            "{keep}remove  192 snapshots of 2 clusters, 2026-11-12 .. 2026-11-18 (would free about # KiB)\n\
             remove  94 runs with the records of their fetches\n\
             keep    10 days of clusters (kept for 730 d)\n\
             hold    48 snapshots of 2026-11-16: that day is not aggregated yet. Run: stellar aggregate-daily --day 2026-11-16\n\
             hold    48 snapshots of 2026-11-17: that day is not aggregated yet. Run: stellar aggregate-daily --day 2026-11-17\n\
             dry run: nothing was removed\n"
        )
    );
    assert_eq!(in_the_past(&run(&stage, &[]).stdout), in_the_past(&some.stdout));
    assert_whole(&stage);
    assert_eq!(
        stage.rows("SELECT date(min(collected_at) / 1000, 'unixepoch') FROM metrics_snapshots GROUP BY cluster_id"),
        "2026-11-16\n2026-11-16\n"
    );

    // The timer aggregates first. Its dry run knows what that lets go.
    let dry = run(&stage, &["--aggregate", "--dry-run"]);
    assert_eq!(
        dry.stdout,
        format!(
            "fold    10 days of clusters that were not aggregated\n{keep}\
             remove  96 snapshots of 2 clusters, 2026-11-16 .. 2026-11-17 (would free about # KiB)\n\
             remove  50 runs with the records of their fetches\n\
             keep    10 days of clusters (kept for 730 d)\n\
             dry run: nothing was removed\n"
        )
    );
    let real = run(&stage, &["--aggregate"]);
    assert_eq!(
        in_the_past(&real.stdout),
        in_the_past(&dry.stdout)
            .iter()
            .map(|line| line.replace("10 days of clusters (kept", "20 days of clusters (kept"))
            .collect::<Vec<_>>()
    );
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "194\n");
    assert_whole(&stage);
}

#[test]
fn a_day_that_is_not_over_is_held_and_so_is_one_that_changed_or_lacks_figures() {
    let (clusters, stage) = hourly("");
    aggregated(&stage);
    let short = run(&stage, &["--retention", "1h", "--dry-run"]);
    assert!(short.stdout.contains("\nhold    2 snapshots of 2026-11-22: the day is not over\n"), "{short:?}");
    // A clock that was set back brought a snapshot to an aggregated day; its collection comes again later.
    assert_eq!(stage.run(START - 8 * DAY + 60, &["collect-once", "--cluster", "lab", "--quiet"]), silent());
    let changed = run(&stage, &["--dry-run"]);
    assert!(
        changed.stdout.contains(
            "\nhold    25 snapshots of 2026-11-14: snapshots came to that day after it was aggregated. \
             Run: stellar aggregate-daily --day 2026-11-14\n"
        ),
        "{changed:?}"
    );
    aggregated(&stage);
    stage.configure(
        &(configuration(&clusters, "")
            + "[[metric]]\nname = \"x\"\nexpr = 'vector(1)'\nunit = \"count\"\ndaily = [\"max\"]\n"),
    );
    let more = run(&stage, &["--retention", "9d", "--dry-run"]);
    assert!(
        more.stdout
            .contains("\nhold    44 snapshots of 2026-11-12: the catalogue asks for more of that day. Run: stellar"),
        "{more:?}"
    );
}

#[test]
fn a_file_that_is_too_large_loses_its_oldest_days_until_it_fits() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\ninterval_secs = \"5m\"");
    history::make(&stage, START - 6 * DAY, 300, 6 * 288);
    history::stir(&stage);
    let size = || std::fs::metadata(stage.database()).expect("the file").len();
    let held = run(&stage, &["--max-size", "2MB"]);
    assert_eq!(
        (held.code, held.stderr.as_str()),
        (
            1,
            "warning: the database uses # MiB, more than max_size (2MB): 1,699 snapshots are held; \
             stellar cleanup --aggregate lets them go\n"
        )
    );
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "1729\n");

    aggregated(&stage);
    let dry = run(&stage, &["--max-size", "2MB", "--dry-run"]);
    let real = run(&stage, &["--max-size", "2MB"]);
    assert_eq!((real.code, real.stderr.as_str()), (0, ""), "{real:?}");
    assert!(size() <= 2_000_000, "{} bytes", size());
    assert_whole(&stage);
    // Whole days, and no more of them than needed.
    let first = stage.rows("SELECT datetime(min(collected_at) / 1000, 'unixepoch') FROM metrics_snapshots");
    assert!(first.contains(" 00:03:58"), "{first}");
    assert!(
        real.stdout.contains("(later than the retention, for the size)\nsize    # MiB used, 2MB at most\n"),
        "{real:?}"
    );
    assert_eq!(in_the_past(&real.stdout), in_the_past(&dry.stdout));
    let days: i64 = stage
        .rows("SELECT count(DISTINCT collected_at / 86400000) FROM metrics_snapshots")
        .trim()
        .parse()
        .expect("a number");
    assert!(days >= 2, "{days} days are left");

    // What is left of today cannot go, whatever else is in the file.
    change(&stage, "CREATE TABLE ballast (b BLOB); INSERT INTO ballast VALUES (zeroblob(1500000));");
    let today = run(&stage, &["--max-size", "1MB"]);
    assert_eq!(today.code, 1, "{today:?}");
    assert!(today.stderr.contains("more than max_size (1MB): no finished day of snapshots is left\n"), "{today:?}");
    assert_eq!(stage.rows("SELECT count(DISTINCT collected_at / 86400000) FROM metrics_snapshots"), "1\n");
}

#[test]
fn nothing_is_removed_while_the_clock_is_in_doubt() {
    let (_clusters, stage) = hourly("");
    aggregated(&stage);
    let told = |now: &str, last: &str| {
        ended(
            1,
            "",
            format!(
                "error: the clock says {now}, more than a day after the snapshots before it ({last}): nothing was removed\n\
                 hint: when the clock is right: stellar cleanup --force, or wait for a day of collections\n"
            ),
        )
    };
    let later = |seconds: i64, words: &[&str]| stage.run(START + seconds, &[&["cleanup"], words].concat());
    assert_eq!(later(DAY + 1, &[]), told("2026-11-23 02:28:59 +00:00", "2026-11-22 02:28:58 +00:00"));
    assert_eq!(later(DAY + 1, &["--dry-run"]).code, 1);
    assert_eq!(later(DAY, &["--dry-run"]).code, 0);
    // A collection with the wrong clock does not make it right.
    assert_eq!(stage.run(START + 3650 * DAY, &["collect-once", "--upkeep"]).stdout, "");
    assert_eq!(later(3650 * DAY + 60, &[]), told("2036-11-19 02:29:58 +00:00", "2026-11-22 02:28:58 +00:00"));
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "484\n");
    assert_eq!(later(3650 * DAY + 60, &["--force", "--aggregate"]).code, 0);
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "2\n");
    assert_whole(&stage);
}

#[test]
fn days_go_after_their_own_time_or_never() {
    let (_clusters, stage) = hourly("retention_days = \"2d\"");
    aggregated(&stage);
    assert_eq!(stage.rows("SELECT count(*) FROM daily_snapshots"), "20\n");
    let dry = run(&stage, &["--daily-retention", "3d", "--dry-run"]);
    assert!(
        dry.stdout
            .contains("remove  14 days of clusters before 2026-11-19\nkeep    6 days of clusters (kept for 3 d)\n"),
        "{dry:?}"
    );
    let real = run(&stage, &["--daily-retention", "3d"]);
    assert_eq!(in_the_past(&real.stdout), in_the_past(&dry.stdout));
    assert_eq!(stage.rows("SELECT DISTINCT day FROM daily_snapshots"), "2026-11-19\n2026-11-20\n2026-11-21\n");
    assert_eq!(stage.rows("SELECT DISTINCT day FROM node_daily"), "2026-11-19\n2026-11-20\n2026-11-21\n");
    let off = run(&stage, &["--daily-retention", "off", "--dry-run"]);
    assert!(off.stdout.contains("\nkeep    6 days of clusters (kept for ever)\n"), "{off:?}");
    assert_eq!(
        run(&stage, &["--daily-retention", "1d"]),
        ended(
            2,
            "",
            "error: days would be kept for 1 d and snapshots for 2 d, which is longer\n\
             hint: give a longer --daily-retention, or a shorter --retention\n"
        )
    );
}

#[test]
fn readings_of_clusters_that_left_the_configuration_go_too() {
    let (clusters, stage) = hourly("retention_days = \"4d\"");
    aggregated(&stage);
    change(&stage, "UPDATE previous_samples SET scraped_at = scraped_at - 1000 WHERE cluster_id = 2");
    assert_ne!(stage.rows("SELECT count(*) FROM previous_samples WHERE cluster_id = 2"), "0\n");
    stage.configure(&format!(
        "[metrics]\nretention_days = \"4d\"\n{}",
        block("shop", &clusters[0].urls(), "user = \"root\"")
    ));
    assert_eq!(stage.run(START + 30, &["collect-once"]), silent());
    assert_eq!(run(&stage, &[]).code, 0);
    assert_eq!(stage.rows("SELECT DISTINCT cluster_id FROM previous_samples"), "1\n");
    assert_eq!(
        stage.rows("SELECT count(*) FROM sample_layouts WHERE id NOT IN (SELECT layout_id FROM previous_samples)"),
        "0\n"
    );
    assert_whole(&stage);
}

#[test]
fn thinned_snapshots_give_the_same_days() {
    let cluster = Cluster::start(1, 2);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\ninterval_secs = \"1m\"");
    history::make(&stage, START - 3 * DAY, 60, 3 * 1440);
    history::stir(&stage);
    // A hole, a time without an answer, an interval that changed, and a node that came later.
    change(
        &stage,
        "DELETE FROM metrics_snapshots WHERE collected_at BETWEEN 1795140000000 AND 1795143600000;
         DELETE FROM node_snapshots WHERE collected_at BETWEEN 1795140000000 AND 1795143600000;
         UPDATE metrics_snapshots SET answered = 0 WHERE collected_at BETWEEN 1795150000000 AND 1795150400000;
         DELETE FROM metrics_snapshots WHERE collected_at BETWEEN 1795160000000 AND 1795200000000 AND run_id % 4 > 0;
         UPDATE metrics_snapshots SET interval_ms = 240000 WHERE collected_at BETWEEN 1795160000000 AND 1795200000000;
         DELETE FROM node_snapshots WHERE collected_at NOT IN (SELECT collected_at FROM metrics_snapshots);
         DELETE FROM node_snapshots WHERE node = 'be:100002' AND collected_at < 1795170060000;",
    );
    aggregated(&stage);
    let same = |table: &str| {
        let names = columns(&stage.open(), table, &[]).replace('"', "");
        let names: Vec<&str> = names.split(", ").collect();
        let kept = names.iter().filter(|name| match name.strip_suffix("_last") {
            // Of what is averaged the last is the last average.
            Some(metric) => !names.contains(&format!("{metric}_avg").as_str()),
            None => name.ends_with("_avg") || name.ends_with("_sum"),
        });
        kept.map(|name| format!("round({name}, 6)")).collect::<Vec<_>>().join(", ")
    };
    let days = format!(
        "SELECT day, samples, expected, round(covered_seconds, 3), {} FROM daily_snapshots ORDER BY day",
        same("daily_snapshots")
    );
    let nodes = format!(
        "SELECT node, day, role, version, instance, samples, round(covered_seconds, 3), {} FROM node_daily ORDER BY node, day",
        same("node_daily")
    );
    let stored = "SELECT * FROM daily_snapshots ORDER BY day";
    let before = (stage.rows(&days), stage.rows(&nodes), stage.rows(stored));
    stage.configure(&format!(
        "[metrics]\nthin_after = \"1h\"\nthin_to = \"7m\"\n{}",
        block("shop", &cluster.urls(), "user = \"root\"\ninterval_secs = \"1m\"")
    ));
    let count = || {
        stage
            .rows("SELECT count(*) FROM metrics_snapshots WHERE collected_at < 1795305600000")
            .trim()
            .parse::<i64>()
            .expect("a number")
    };
    let collected = count();
    assert_eq!(run(&stage, &[]).code, 0);
    let thinned = count();
    assert!(thinned * 4 < collected, "{thinned} of {collected} are left");
    assert_eq!(stage.rows(stored), before.2, "stored days do not change");
    assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    assert_eq!(stage.rows("PRAGMA foreign_key_check"), "");
    assert_eq!(
        stage.rows(
            "SELECT count(*) FROM node_snapshots WHERE collected_at NOT IN (SELECT collected_at FROM metrics_snapshots)"
        ),
        "0\n"
    );

    // A second run finds nothing, also when it looks from the beginning.
    let whole = "SELECT * FROM metrics_snapshots ORDER BY collected_at";
    let once = (stage.rows(whole), stage.rows("SELECT * FROM node_snapshots ORDER BY node, collected_at"));
    assert!(!run(&stage, &[]).stdout.contains("thin"));
    change(&stage, "UPDATE targets SET thinned_to = NULL");
    assert!(run(&stage, &[]).stdout.contains("thinned"));
    assert_eq!((stage.rows(whole), stage.rows("SELECT * FROM node_snapshots ORDER BY node, collected_at")), once);

    // Folded anew from what is left, the days are the same.
    change(&stage, "DELETE FROM daily_snapshots; DELETE FROM node_daily;");
    aggregated(&stage);
    assert_eq!(stage.rows(&days), before.0);
    assert_eq!(stage.rows(&nodes), before.1);
}

#[test]
fn vacuum_leaves_no_free_page_and_keeps_everybody_else_out() {
    let (_clusters, stage) = hourly("retention_days = \"4d\"");
    aggregated(&stage);
    let lock = std::fs::File::options().write(true).open(stage.path("stellar.db.collect-once.lock")).expect("a lock");
    lock.lock().expect("it is free");
    let busy = run(&stage, &["--vacuum"]);
    assert!(
        busy.code == 5
            && busy.stderr.starts_with("error: another stellar is running")
            && busy.stderr.contains("collect-once.lock"),
        "{busy:?}"
    );
    // Without it a collection may go on, but not the folding of days.
    assert_eq!(run(&stage, &["--retention", "9d"]).code, 0);
    drop(lock);
    let lock =
        std::fs::File::options().write(true).open(stage.path("stellar.db.aggregate-daily.lock")).expect("a lock");
    lock.lock().expect("it is free");
    assert_eq!(run(&stage, &[]).code, 5);
    drop(lock);
    assert_eq!(run(&stage, &["--vacuum"]).code, 0);
    assert_eq!(stage.rows("PRAGMA freelist_count"), "0\n");
    assert_eq!(stage.rows("PRAGMA auto_vacuum"), "2\n");
    assert_whole(&stage);
}

#[test]
fn freed_pages_are_returned_but_for_what_the_next_days_need() {
    let (_clusters, stage) = hourly("");
    history::stir(&stage);
    aggregated(&stage);
    let size = || std::fs::metadata(stage.database()).expect("the file").len();
    run(&stage, &["--retention", "9d"]);
    let before = size();
    run(&stage, &["--retention", "1d"]);
    assert!(size() * 2 < before, "{} of {before} bytes", size());
    let pages: Vec<i64> = ["page_count", "freelist_count"]
        .iter()
        .map(|name| stage.rows(&format!("PRAGMA {name}")).trim().parse().expect("a number"))
        .collect();
    assert!(pages[1] > 0 && pages[1] * 5 <= pages[0], "{pages:?}");
}

#[test]
fn collections_go_on_while_it_cleans_up() {
    let (_clusters, stage) = hourly("retention_days = \"2d\"");
    aggregated(&stage);
    let mut cleaning =
        stage.command(START, &["cleanup"]).stdout(std::process::Stdio::null()).spawn().expect("it starts");
    for run in 1..=5 {
        assert_eq!(stage.run(START + run, &["collect-once"]), silent());
    }
    assert!(cleaning.wait().expect("it ends").success());
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), format!("{}\n", 2 * (49 + 5)));
    assert_whole(&stage);
}

#[test]
fn an_endpoint_goes_with_the_last_record_of_a_fetch_that_speaks_of_it() {
    let (gone, stays) = (Cluster::start(1, 0), Cluster::start(1, 1));
    let login = "user = \"root\"\ninterval_secs = \"1h\"";
    let stage = Stage::new(&block("old", &gone.urls(), login));
    assert_eq!(stage.run(START - 10 * DAY, &["collect-once"]), silent());
    stage.configure(&block("shop", &stays.urls(), login));
    assert_eq!(stage.run(START - 9 * DAY, &["collect-once"]), silent());
    let mut known = stage.rows("SELECT url FROM endpoints ORDER BY id");
    for half_a_day in 0..17 {
        assert_eq!(stage.run(START - 8 * DAY + half_a_day * 12 * HOUR, &["collect-once"]), silent());
    }
    aggregated(&stage);
    assert_eq!(run(&stage, &["--retention", "11d"]).code, 0);
    assert_eq!(stage.rows("SELECT url FROM endpoints ORDER BY id"), known);
    assert_eq!(run(&stage, &["--retention", "9d"]).code, 0);
    known = stage.rows("SELECT DISTINCT url FROM fetches ORDER BY url");
    assert!(!known.contains(&gone.urls()[0]) && known.contains(&stays.urls()[0]), "{known}");
    assert_eq!(stage.rows("SELECT url FROM endpoints ORDER BY url"), known);
    assert_whole(&stage);
}
