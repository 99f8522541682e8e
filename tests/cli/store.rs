//! The file: how it is made, who may read it, what is refused, how its columns follow the catalogue.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;

use crate::common::replay::{Behaviour, Cluster, START, recorded};
use crate::program::{Ended, Stage, block, ended, silent};
use crate::schema::newest;

fn mode(path: &Path) -> String {
    format!("{:o}", std::fs::metadata(path).expect("it is there").permissions().mode() & 0o7777)
}

/// The program started by a shell that runs `before` first.
fn after(stage: &Stage, now: i64, before: &str) -> Ended {
    let program = stage.command(now, &["collect-once"]);
    let mut shell = Command::new("sh");
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.arg("-c").arg(format!("{before}; exec \"$0\" \"$@\"")).arg(program.get_program()).args(program.get_args());
    stage.ended(shell.output().expect("a shell"))
}

#[test]
fn the_file_is_for_its_owner_and_group_whatever_the_umask() {
    let cluster = Cluster::start(1, 0);
    for umask in ["000", "022", "077"] {
        let stage = Stage::of(&cluster, "shop", "");
        assert_eq!(after(&stage, START, &format!("umask {umask}")), silent());
        for name in ["stellar.db", "stellar.db-wal", "stellar.db-shm"] {
            assert_eq!((name, mode(&stage.path(name)).as_str()), (name, "640"), "umask {umask}");
        }
    }
}

#[test]
fn the_file_says_what_it_is_and_is_made_as_designed() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let pragmas = ["page_size", "auto_vacuum", "journal_mode", "user_version", "application_id", "foreign_key_check"];
    let values: Vec<String> =
        pragmas.iter().map(|name| stage.rows(&format!("PRAGMA {name}")).trim().to_owned()).collect();
    assert_eq!(values, ["8192", "2", "wal", &newest().to_string(), "1937009778", ""]);
    assert_eq!(stage.rows("SELECT * FROM info"), format!("written_by|{}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        stage.rows("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%' AND NOT strict"),
        ""
    );
    // Metric columns are numbers that may be missing.
    assert_eq!(
        stage.rows("SELECT DISTINCT type, \"notnull\" FROM pragma_table_info('metrics_snapshots')
                    WHERE name NOT IN ('cluster_id', 'collected_at', 'run_id', 'interval_ms', 'answered', 'merged', 'covered_ms')"),
        "REAL|0\n"
    );
    let latest = "SELECT cluster, time, frontends_reachable FROM clusters_latest";
    assert_eq!(stage.rows(latest), "shop|2026-11-22T02:28:58Z|1\n");
}

/// Runs against a file that must stay as it is.
fn refused(make: impl Fn(&Path), told: &str) {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    make(&stage.database());
    let before = std::fs::read(stage.database()).expect("its bytes");
    let commands: [&[&str]; 6] = [
        &["collect-once"],
        &["collect-once", "--dry-run"],
        &["report"],
        &["report", "--gaps"],
        &["aggregate-daily"],
        &["aggregate-daily", "--dry-run"],
    ];
    for words in commands {
        assert_eq!(stage.run(START, words), ended(3, "", told), "{words:?}");
        assert!(std::fs::read(stage.database()).expect("its bytes") == before, "{words:?} changed the file");
    }
    assert_eq!(cluster.frontends[0].asked(), [""; 0], "nothing was asked for nothing");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_not_changed() {
    let newer = |path: &Path| {
        let connection = Connection::open(path).expect("it opens");
        let text = "PRAGMA application_id = 0x73746c72; PRAGMA user_version = 7;
                    CREATE TABLE info (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
                    INSERT INTO info VALUES ('written_by', '3.1.0');";
        connection.execute_batch(text).expect("it is made");
    };
    refused(
        newer,
        &format!(
            "error: DIR/stellar.db has schema 7, this stellar {} knows up to {}; it was written by stellar 3.1.0\n\
             hint: use stellar >= 3.1.0. The file was not changed\n",
            env!("CARGO_PKG_VERSION"),
            newest()
        ),
    );
}

#[test]
fn a_database_of_another_program_is_refused_and_not_changed() {
    let foreign = |path: &Path| {
        Connection::open(path)
            .and_then(|it| it.execute_batch("CREATE TABLE bookmarks (url TEXT);"))
            .expect("it is made");
    };
    refused(
        foreign,
        "error: DIR/stellar.db: is a database of another program\n\
         hint: name another file with [database] path or --db; this one was not changed\n",
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_not_changed() {
    let text = |path: &Path| std::fs::write(path, "dear diary\n".repeat(1000)).expect("it is written");
    refused(
        text,
        "error: DIR/stellar.db: is not an SQLite database\n\
         hint: name another file with [database] path or --db; this one was not changed\n",
    );
}

#[test]
fn a_missing_folder_is_told_with_the_command_that_makes_it() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    let missing = stage.path("no/such/stellar.db");
    let told = "error: DIR/no/such/stellar.db.collect-once.lock: cannot take the lock: no such file or directory\n\
                hint: make the folder first: mkdir -p DIR/no/such; or choose another file with [database] path or --db\n";
    assert_eq!(stage.run(START, &["collect-once", "--db", &missing.to_string_lossy()]), ended(3, "", told));
}

#[test]
fn an_empty_file_becomes_a_database() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    std::fs::write(stage.database(), "").expect("it is written");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "1\n");
}

const FOUR_LINES: &str = r#"
[[metric]]
name = "query_analysis_share"
expr = 'sum(starrocks_fe_query_analysis_err) / sum(starrocks_fe_query_total)'
unit = "ratio"
"#;

#[test]
fn a_metric_of_four_lines_shows_up_everywhere() {
    let cluster = Cluster::start(1, 0);
    let block = block("shop", &cluster.urls(), "");
    let stage = Stage::new(&block);
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    stage.configure(&(block.clone() + FOUR_LINES));
    cluster.edit(|world| world.frontends[0].page = recorded("21_live_series/metrics_12.body").into());
    // As printed on the page: 352 queries.
    let errors = crate::common::replay::Page::parse(&recorded("21_live_series/metrics_12.body"))
        .value("starrocks_fe_query_analysis_err")
        .expect("a counter");
    let share = errors / 352.0;
    assert!(share > 0.0);
    // A report before the column is there shows that nothing was measured.
    let report = stage.run(START, &["report", "--metrics"]);
    assert!(line_with(&report.stdout, "query_analysis_share").contains(" –  not measured"), "{report:?}");

    assert_eq!(stage.run(START + 30, &["collect-once"]), silent());
    assert_eq!(
        stage.rows("SELECT query_total, query_analysis_share FROM metrics_snapshots ORDER BY collected_at"),
        format!("2|NULL\n352|{}\n", crate::program::plain(share))
    );
    let report = stage.run(START + 30, &["report", "--cluster", "shop"]);
    assert!(line_with(&report.stdout, "query_analysis_share").contains('%'), "{report:?}");
    for words in [["report", "--json"].as_slice(), &["collect-once", "--json"]] {
        let shown = stage.run(START + 31, words);
        let document: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
        let one = &document["clusters"][0];
        let metrics = one.get("metrics").unwrap_or(&one["latest_snapshot"]["metrics"]);
        assert_eq!(metrics["query_analysis_share"].as_f64(), Some(share), "{words:?}");
    }
    let reference = stage.run(START, &["config", "metrics"]);
    let entry = "#### `query_analysis_share`\n\n- unit: ratio\n- from: the frontends' pages\n- NULL when: no frontend's page could be read\n\n```promql\n\
                 sum(starrocks_fe_query_analysis_err) / sum(starrocks_fe_query_total)\n```\n";
    assert!(reference.stdout.contains(entry), "{reference:?}");

    // Taken out again, its column and its values stay.
    stage.configure(&block);
    assert_eq!(stage.run(START + 60, &["collect-once"]), silent());
    assert_eq!(
        stage.rows("SELECT query_analysis_share IS NULL FROM metrics_snapshots ORDER BY collected_at"),
        "1\n0\n0\n1\n"
    );
}

fn line_with<'t>(text: &'t str, word: &str) -> &'t str {
    text.lines().find(|line| line.contains(word)).unwrap_or_else(|| panic!("{word} is not in\n{text}"))
}

#[test]
fn excluded_metrics_have_no_column_and_those_computed_from_them_have() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::new(&format!(
        "[metrics]\nexclude = [\"network_*\", \"disk_total_bytes\", \"disk_available_bytes\"]\n{}",
        block("shop", &cluster.urls(), "user = \"root\"")
    ));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let columns = "SELECT name FROM pragma_table_info('metrics_snapshots')
                   WHERE name LIKE 'network%' OR name LIKE 'disk_%_bytes' OR name = 'disk_used_ratio' ORDER BY name";
    assert_eq!(
        stage.rows(columns),
        "disk_data_used_bytes\ndisk_read_bytes\ndisk_used_bytes\ndisk_used_ratio\ndisk_written_bytes\n"
    );
    assert_eq!(stage.rows("SELECT disk_used_bytes IS NOT NULL FROM metrics_snapshots"), "1\n");
}

/// The collector, the group of those who may read, a reader.
const OWNER: u32 = 54_320;
const GROUP: u32 = 54_321;
const READER: u32 = 65_534;

#[test]
fn people_of_the_group_read_without_write_permission_while_a_run_goes_on_and_while_none_does() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    if std::fs::metadata(stage.folder()).expect("the folder").uid() != 0 {
        println!("not run: needs root, to become somebody else");
        return;
    }
    // As the packages have it: a folder of the collector that passes its group on; readers may not write there.
    let program = stage.path("stellar");
    std::fs::copy(env!("CARGO_BIN_EXE_stellar"), &program).expect("a copy that everybody may run");
    for path in [stage.folder(), &stage.path("config.toml"), &program] {
        std::os::unix::fs::chown(path, Some(OWNER), Some(GROUP)).expect("chown");
    }
    for (path, mode) in [(stage.folder(), 0o2755), (program.as_path(), 0o755), (&stage.path("config.toml"), 0o644)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    }
    let command = |user: u32, group: u32, now: i64, words: &[&str]| {
        let own = stage.command(now, words);
        let mut command = Command::new(&program);
        command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).args(own.get_args());
        command.current_dir(stage.folder()).uid(user).gid(group);
        command
    };
    let run = |user: u32, group: u32, now: i64, words: &[&str]| {
        stage.ended(command(user, group, now, words).output().expect("it starts"))
    };
    assert_eq!(run(OWNER, OWNER, START, &["collect-once"]), silent());
    assert_eq!(std::fs::metadata(stage.database()).expect("the file").gid(), GROUP);

    let report = run(READER, GROUP, START + 5, &["report"]);
    assert_eq!(report, run(OWNER, OWNER, START + 5, &["report"]));
    assert!(report.code == 0 && report.stdout.contains("shop"), "{report:?}");
    // Without the -wal and -shm files, which a copy or a careful person leaves out.
    for name in ["stellar.db-wal", "stellar.db-shm"] {
        std::fs::remove_file(stage.path(name)).expect("it is there");
    }
    assert_eq!(run(READER, GROUP, START + 5, &["report"]), report);

    cluster.frontends[0].behave(Behaviour::Delay(Duration::from_secs(2)));
    cluster.forget();
    let mut running = command(OWNER, OWNER, START + 30, &["collect-once"]).spawn().expect("it starts");
    while cluster.frontends[0].asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(run(READER, GROUP, START + 5, &["report"]), report);
    assert!(running.try_wait().expect("its state").is_none(), "the run was over before the report");
    assert!(running.wait().expect("it ends").success());

    let denied = run(READER, GROUP, START + 60, &["collect-once"]);
    let told = "error: DIR/stellar.db.collect-once.lock: cannot take the lock: permission denied\n\
                hint: run as the user who owns the database\n";
    assert_eq!(denied, ended(3, "", told));
    let stranger = run(READER, READER, START + 60, &["report"]);
    let told = "error: DIR/stellar.db: cannot be opened\n\
                hint: is it readable for you? ls -l DIR/stellar.db*; members of its group can run reports\n";
    assert_eq!(stranger, ended(3, "", told));
}
