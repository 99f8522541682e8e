//! `stellar doctor`: whole pages of installations in which nothing, something and everything is wrong.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rusqlite::Connection;

use crate::backup::{collected, damage};
use crate::common::replay::{Answer, Application, Behaviour, Cluster, START};
use crate::lives;
use crate::program::{Ended, Stage, block, lengthen, silent};
use crate::snapshot;

/// With the figures of this machine's disk made equal from machine to machine.
fn steady(run: Ended) -> Ended {
    let disk =
        regex::Regex::new(r"\d+(\.\d+)? [KMGT]?i?B free of \d+(\.\d+)? [KMGT]?i?B on [^\s;]+").expect("a pattern");
    let size = regex::Regex::new(r"\d+(\.\d+)? [KM]iB").expect("a pattern");
    let stdout = disk.replace_all(&run.stdout, "FREE").into_owned();
    let stdout = size.replace_all(&stdout, "# KiB").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    Ended { stdout, ..run }
}

/// The program with a systemctl that prints this.
fn with_systemd(stage: &Stage, now: i64, words: &[&str], shown: &str) -> Ended {
    std::fs::create_dir_all(stage.path("bin")).expect("a folder");
    stage.write("shown", shown);
    let script = format!("#!/bin/sh\n[ \"$1\" = show ] && exec /bin/cat {}\n", stage.path("shown").display());
    stage.write("bin/systemctl", &script);
    std::fs::set_permissions(stage.path("bin/systemctl"), std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let mut command = stage.command(now, words);
    command.env("PATH", stage.path("bin"));
    stage.ended(command.output().expect("it starts"))
}

/// Without systemd, whatever this machine has.
fn without_systemd(stage: &Stage, now: i64, words: &[&str]) -> Ended {
    let mut command = stage.command(now, words);
    command.env("PATH", "/nonexistent");
    stage.ended(command.output().expect("it starts"))
}

/// As systemd 252 prints it, of timers that run.
fn timers(collect: &str) -> String {
    let unit = |name: &str, last: &str, next: &str| {
        format!(
            "Result=success\nExecMainStatus=0\nId=stellar-{name}.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=static\n\n\
             NextElapseUSecRealtime={next}\nNextElapseUSecMonotonic=\nLastTriggerUSec={last}\nResult=success\nId=stellar-{name}.timer\n\
             LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
        )
    };
    let daily = |name: &str| unit(name, "Sun 2026-11-22 00:07:00 UTC", "Mon 2026-11-23 00:07:00 UTC");
    let collect = match collect {
        "" => unit("collect", "Sun 2026-11-22 02:29:00 UTC", "Sun 2026-11-22 02:29:30 UTC"),
        other => other.to_owned(),
    };
    [collect, daily("aggregate"), daily("cleanup")].join("\n")
}

#[test]
fn of_a_good_installation_it_says_so() {
    let stage = collected();
    assert_eq!(stage.run(START + 5, &["-q", "backup", "copy.db"]), silent());
    let run = with_systemd(&stage, START + 10, &["doctor"], &timers(""));
    snapshot::is_run("doctor/good.txt", &steady(run));
}

/// Whatever can be wrong at once.
fn sick() -> Stage {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.tick(START));
    let blocks = block("shop", &cluster.urls(), "user = \"root\"\npassword = \"hunter2\"");
    let more = "\n[[metric]]\nname = \"gone\"\nexpr = 'sum(starrocks_fe_query_total)'\nunit = \"count\"\n";
    let stage = Stage::new(&(blocks.clone() + more));
    // Nobody checks the password here: the login is of no use, the pages come.
    assert!(stage.run(START, &["collect-once", "--quiet"]).code <= 1);
    let late = "[collection]\ndeadline = \"10m\"\ntimeout = \"5m\"\n";
    let never = block("never", &["http://127.0.0.1:9".to_owned()], "");
    stage.configure(&format!("{late}{blocks}{never}"));
    std::fs::set_permissions(stage.path("config.toml"), std::fs::Permissions::from_mode(0o644)).expect("chmod");
    lengthen(&stage.database(), 2 * 2880);
    Connection::open(stage.database())
        .and_then(|it| {
            it.execute_batch(
                "INSERT INTO runs SELECT id + 1, started_at + 30000, 40000, 1, 0, 1 FROM runs;
                 INSERT INTO runs SELECT 3, started_at - 3600000, 10, 1, 0, 1 FROM runs WHERE id = 1;
                 INSERT INTO info VALUES ('last_backup_at', '1795000000000'), ('last_backup_file', '/no/such/copy.db');",
            )
        })
        .expect("it is written");
    stage.write("stellar.db.partial", "a restore was killed");
    stage
}

const DEAD_TIMER: &str = "Id=stellar-collect.timer\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n";

#[test]
fn of_a_sick_one_every_finding_ends_with_what_to_do() {
    let stage = sick();
    let now = START + 7200;
    let run = with_systemd(&stage, now, &["doctor"], &timers(DEAD_TIMER));
    snapshot::is_run("doctor/sick.txt", &steady(run));

    let run = with_systemd(&stage, now, &["doctor", "--json"], &timers(DEAD_TIMER));
    let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let checks = document["checks"].as_array().expect("checks");
    let findings: Vec<_> = checks.iter().filter(|check| check["state"] == "finding").collect();
    assert_eq!((run.code, document["findings"].as_u64()), (1, Some(findings.len() as u64)));
    assert!(findings.iter().all(|check| check["do"].as_str().is_some_and(|todo| !todo.is_empty())), "{findings:#?}");
    let facts = document["facts"].as_object().expect("facts");
    let keys: Vec<&str> = facts.keys().map(String::as_str).collect();
    let expected = [
        "database_bytes",
        "database_free_bytes",
        "database_schema",
        "database_sound",
        "orphaned_columns",
        "last_backup_at_unix_ms",
        "growth_bytes_per_day",
        "disk_free_bytes",
        "disk_size_bytes",
        "disk_full_in_days",
        "database",
    ];
    assert_eq!(keys, expected);
    assert_eq!(facts["orphaned_columns"], serde_json::json!(["metrics_snapshots.gone"]));
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
}

#[test]
fn a_clock_behind_the_newest_snapshot_is_a_finding() {
    let stage = collected();
    let run = without_systemd(&stage, START - 3600, &["doctor"]);
    snapshot::is_run("doctor/clock.txt", &steady(run));
}

#[test]
fn without_anything_it_says_what_to_make_first() {
    let stage = Stage::new("");
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stellar"));
        command.env_clear().env("PATH", "/nonexistent").env("STELLAR_NOW", START.to_string()).env("TZ", "UTC");
        command.args(words).current_dir(stage.folder());
        stage.ended(command.output().expect("it starts"))
    };
    snapshot::is_run("doctor/no_database.txt", &steady(run(&["--db", "none/stellar.db", "doctor"])));
    let empty = run(&["doctor"]);
    assert!(empty.code <= 1 && empty.stderr.is_empty(), "{empty:?}");
    let named = run(&["-c", "none.toml", "doctor"]);
    assert_eq!((named.code, named.stdout.as_str()), (2, ""));
}

#[test]
fn a_configuration_with_faults_and_a_damaged_database_are_findings() {
    let stage = collected();
    lengthen(&stage.database(), 400);
    damage(&stage.database());
    let database = stage.database().to_string_lossy().into_owned();
    stage.configure("[metrics]\nretension_days = 7\ninterval_secs = 0\n");
    let run = without_systemd(&stage, START + 10, &["--db", &database, "doctor"]);
    let damaged = run.stdout.lines().find(|line| line.contains("damaged")).expect("the damage").to_owned();
    assert!(damaged.trim_start().starts_with("finding  database  DIR/stellar.db: "), "{run:?}");
    let fault = "finding  config    DIR/config.toml:5:1: unknown key `retension_days` in [metrics] (and 1 more)\n";
    assert!(run.code == 1 && run.stdout.contains(fault), "{run:?}");
    assert!(run.stdout.contains("do: keep a copy, then: stellar restore FILE"), "{run:?}");

    std::fs::write(stage.path("diary"), "dear diary\n".repeat(100)).expect("it is written");
    stage.configure("");
    let run = without_systemd(&stage, START + 10, &["--db", "diary", "doctor"]);
    assert!(run.code == 1 && run.stdout.contains("finding  database  diary: is not an SQLite database\n"), "{run:?}");
}

#[test]
fn people_of_the_group_see_the_same_and_nothing_is_changed() {
    const GROUP: u32 = 54_321;
    const READER: u32 = 65_534;
    let stage = collected();
    let program = stage.path("stellar");
    std::fs::copy(env!("CARGO_BIN_EXE_stellar"), &program).expect("a copy that everybody may run");
    stage.write("secret", "hunter2\n");
    stage.configure(&block("shop", &["http://127.0.0.1:9".to_owned()], "user = \"root\"\npassword_file = \"secret\""));
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(stage.path(name), std::fs::Permissions::from_mode(mode)).expect("chmod");
        std::os::unix::fs::chown(stage.path(name), None, Some(GROUP))
    };
    for (name, mode) in [("", 0o750), ("stellar", 0o755), ("config.toml", 0o640), ("stellar.db", 0o640)] {
        if set(name, mode).is_err() {
            println!("not run: needs root, to become somebody else");
            return;
        }
    }
    for name in ["stellar.db-wal", "stellar.db-shm"] {
        std::os::unix::fs::chown(stage.path(name), None, Some(GROUP)).expect("chown");
    }
    std::fs::set_permissions(stage.path("secret"), std::fs::Permissions::from_mode(0o600)).expect("chmod");
    let before = std::fs::read(stage.database()).expect("its bytes");
    let own = stage.command(START + 10, &["doctor"]);
    let mut command = Command::new(&program);
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).args(own.get_args());
    command.env("PATH", "/nonexistent").current_dir(stage.folder()).uid(READER).gid(GROUP);
    let run = stage.ended(command.output().expect("it starts"));
    snapshot::is_run("doctor/reader.txt", &steady(run));
    assert!(std::fs::read(stage.database()).expect("its bytes") == before);
}

#[test]
fn days_without_a_collection_are_named() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    const DAY: i64 = 86_400;
    for day in [0, 3] {
        assert_eq!(stage.run(START + day * DAY, &["collect-once"]), silent());
    }
    let told = |day: i64| {
        let page = without_systemd(&stage, START + day * DAY + 10, &["doctor"]).stdout;
        page.lines().filter(|line| line.contains("nothing was collected")).map(str::to_owned).collect::<Vec<_>>()
    };
    let line = |days: &str, names: &str| {
        let told = format!("nothing was collected on {days} of the last week: {names}; stellar report --gaps says why");
        vec![format!("  ok       days         {told}")]
    };
    assert_eq!(told(0), [""; 0]);
    assert_eq!(told(3), line("2 days", "2026-11-23, 2026-11-24"));
    // Those after the last run are missing, too.
    let names = "2026-11-23, 2026-11-24, 2026-11-26, 2026-11-27, 2026-11-28, 2026-11-29";
    assert_eq!(told(8), line("6 days", names));
}

#[test]
fn of_each_application_it_says_whether_it_answers_fails_or_has_ended() {
    let [etl, load, sick, gone, odd] = std::array::from_fn(|_| Application::with_page(lives::page()));
    odd.show(*b"# TYPE up gauge\nup 1\n");
    let all = [("etl", &etl), ("load", &load), ("sick", &sick), ("gone", &gone), ("odd", &odd)];
    let blocks = |names: &[&str]| {
        let some = all.iter().filter(|(name, _)| names.contains(name));
        some.map(|(name, application)| lives::block(name, application, "")).collect::<String>()
    };
    let stage = Stage::new(&blocks(&["etl", "load", "sick", "gone", "odd"]));
    assert_eq!(stage.run(START - 60, &["collect-once", "--quiet"]).code, 0);
    load.node.stop();
    sick.node.behave(Behaviour::Fixed(Answer::html(503, "")));
    stage.configure(&blocks(&["etl", "load", "sick", "odd"]));
    for now in [START - 45, START - 15] {
        assert_eq!(stage.run(now, &["collect-once", "--quiet"]).code, 1);
    }
    let late = Application::with_page(lives::page());
    stage.configure(&(blocks(&["etl", "load", "sick", "odd"]) + &lives::block("late", &late, "")));
    let targets = |now: i64, words: &[&str]| {
        let run = without_systemd(&stage, now, &[words, &["doctor"]].concat());
        let start_of_line = |about: &str| {
            let at = run.stdout.find(about).expect("it is told");
            run.stdout[..at].rfind('\n').map_or(0, |end| end + 1)
        };
        sick.named(&run.stdout[start_of_line("  target etl ")..start_of_line("  days ")])
    };
    let expected = "  ok       target etl   last answer 15s ago, generation C
  ok       target gone  no longer in the configuration; last answer 1m00s ago, generation C
  finding  target late  never collected
                        do: stellar collect-once --application late
  ok       target load  ended 45s ago; last answer 1m00s ago, generation C
  unknown  target odd   last answer 15s ago; no metric of a known generation was seen on its page
  finding  target sick  no answer (2 tries): http://127.0.0.1:18080/metrics: HTTP status 503; last answer 1m00s ago, generation C; next try in 2s
                        do: stellar config check --probe asks every endpoint now
";
    assert_eq!(targets(START, &[]), expected);
    // Nobody collects any more: that it had ended says nothing about now.
    let later = targets(START + 3_600, &[]);
    assert!(
        later.contains(
            "  finding  target load  last collected 1h00m ago; ended 1h00m ago; last answer 1h01m ago, generation C\n"
        ),
        "{later}"
    );
}
