//! A database of every earlier schema is brought up to date by the next command that writes, reads as before, and goes on.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use rusqlite::Connection;

use crate::common::replay::{Behaviour, Cluster, START, STEP, Timeline, demo_cluster};
use crate::history;
use crate::program::{Stage, ended, lengthen, rows, silent};
use crate::survive::disk::{TOLD, rooms};
use crate::survive::{killed, length, moments, on_a_small_disk};

/// When the three collections of the dumps were made: those of the first moments of the demo.
const COLLECTED: i64 = 3;
const DAY_AFTER: i64 = START + 86_400;

/// The number of migrations there are.
pub fn newest() -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::read_dir(folder).expect("the folder of the migrations").count()
}

/// Schemas that no release ended with.
const NEVER_RELEASED: [usize; 2] = [3, 4];

/// The dumps of all earlier schemas that a release made.
fn dumps() -> impl Iterator<Item = (usize, PathBuf)> {
    let file = |schema: usize| Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/schemas/{schema:04}.sql"));
    (1..newest()).filter(|schema| !NEVER_RELEASED.contains(schema)).map(move |schema| (schema, file(schema)))
}

/// A database of an earlier schema, as the cluster would have filled it.
fn make(dump: &Path, database: &Path, cluster: &Cluster) {
    let text = std::fs::read_to_string(dump).expect("a dump of every earlier schema");
    let port = |node: Option<&String>| node.and_then(|url| url.rsplit_once(':')).expect("a port").1.to_owned();
    let backends: Vec<String> = cluster.backends.iter().map(|node| node.url()).collect();
    let text = text.replace(":18030", &format!(":{}", port(cluster.urls().first())));
    let text = text.replace(":18040", &format!(":{}", port(backends.first())));
    Connection::open(database).and_then(|connection| connection.execute_batch(&text)).expect("the database is made");
}

fn staged(dump: &Path) -> (Stage, Timeline) {
    let demo = demo_cluster();
    let stage = Stage::of(&demo.cluster, "demo", "user = \"root\"\ninterval_secs = 25");
    make(dump, &stage.database(), &demo.cluster);
    (stage, demo)
}

/// What whoever brings such a file up to date is told: rows are written anew, so it is kept as it was.
fn kept(schema: usize) -> String {
    format!(
        "warning: DIR/stellar.db: the schema changes; the file as it was is kept as DIR/stellar.db.bak-schema{schema}-20261122\n"
    )
}

const FIGURES: &str =
    "SELECT cluster, time, queries, queries_per_second, frontends_alive, backends_alive, network_sent_bytes,
    disk_used_ratio FROM snapshots ORDER BY time";

#[test]
fn old_rows_read_as_before_and_the_next_collection_counts_on_from_them() {
    for (schema, dump) in dumps() {
        let (stage, demo) = staged(&dump);
        let version = || stage.rows("PRAGMA user_version").trim().parse::<usize>().expect("a number");
        // What only reads leaves the schema alone.
        let report = stage.run(START + 2 * STEP + 5, &["report"]);
        assert_eq!((report.code, report.stderr.as_str(), version()), (0, "", schema));
        let old = stage.rows(FIGURES);
        assert_eq!(old.lines().count(), 3);

        let now = demo.step(COLLECTED as usize);
        assert_eq!(stage.run(now, &["collect-once"]), ended(0, "", kept(schema)));
        assert_eq!(version(), newest());
        assert_eq!(stage.rows("PRAGMA integrity_check; "), "ok\n");
        assert_eq!(stage.rows("PRAGMA foreign_key_check"), "");
        // As if the same program had made all four.
        let (fresh, fresh_demo) = (Stage::new(""), demo_cluster());
        fresh.configure(&crate::program::block(
            "demo",
            &fresh_demo.cluster.urls(),
            "user = \"root\"\ninterval_secs = 25",
        ));
        for moment in 0..=COLLECTED {
            assert_eq!(fresh.run(fresh_demo.step(moment as usize), &["collect-once"]), silent());
        }
        let figures = stage.rows(FIGURES);
        assert_eq!(figures, fresh.rows(FIGURES));
        assert!(figures.starts_with(&old));
        assert!(!figures.lines().last().expect("a line").contains("NULL"), "{figures}");
    }
}

const FETCHES: &str =
    "SELECT cluster, time, job, instance, url, run_id, duration_ms, bytes, samples, kept, rejected, error, mended
    FROM fetches ORDER BY run_id, url";

#[test]
fn the_records_of_old_fetches_read_as_before() {
    for (schema, dump) in dumps() {
        let (stage, _demo) = staged(&dump);
        // Failed, failed but mended, begun before the run, and a run of which nothing went well.
        let connection = Connection::open(stage.database()).expect("it opens");
        connection
            .execute_batch(
                "UPDATE attempts SET error = 'connection refused', bytes = 0, mended = endpoint_id = 3
                 WHERE run_id = 2 AND endpoint_id IN (2, 3) OR run_id = 3;
                 UPDATE attempts SET started_at = started_at - 1500, rejected = 7 WHERE run_id = 1 AND endpoint_id = 5;",
            )
            .expect("it is stored");
        drop(connection);
        let old = stage.rows(FETCHES);
        let told = stage.run(START + 2 * STEP + 5, &["report"]);
        assert!(told.stdout.contains("/metrics: connection refused"), "{told:?}");
        let waiting = "rules wait for the next collection, which brings the database up to date\n";
        assert!(told.stdout.contains(waiting), "{told:?}");
        assert_eq!(stage.run(DAY_AFTER, &["aggregate-daily"]).code, 0);
        assert_eq!(stage.rows("PRAGMA user_version"), format!("{}\n", newest()));
        assert_eq!(stage.rows(FETCHES), old, "of schema {schema}");
        let after = stage.run(START + 2 * STEP + 5, &["report"]);
        let has = |text: &str| after.stdout.contains(text);
        assert!(has("/metrics: connection refused") && !has("rules wait"), "{after:?}");
        assert_eq!(stage.rows("SELECT count(*) FROM good_fetches"), "2\n");
    }
}

#[test]
fn old_snapshots_become_days() {
    for (schema, dump) in dumps() {
        let (stage, _demo) = staged(&dump);
        let told = format!(
            "error: DIR/stellar.db has schema {schema}, this needs {}\n\
             hint: the next collection, or this command without --dry-run, brings it up to date\n",
            newest()
        );
        assert_eq!(stage.run(DAY_AFTER, &["aggregate-daily", "--dry-run"]), ended(3, "", told));
        let run = stage.run(DAY_AFTER, &["aggregate-daily"]);
        let stored = "2026-11-22  demo  3 of 3,099 samples (0%), 6 nodes\n";
        assert!(run.code == 0 && run.stdout.starts_with(stored), "{run:?}");
        assert_eq!(stage.rows("SELECT cluster, day, samples FROM days"), "demo|2026-11-22|3\n");
        assert_eq!(stage.run(DAY_AFTER, &["aggregate-daily"]), silent());
    }
}

#[test]
fn an_old_database_is_backed_up_restored_and_then_brought_up_to_date() {
    for (schema, dump) in dumps() {
        let (stage, demo) = staged(&dump);
        assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
        assert_eq!(stage.run(demo.step(3), &["collect-once"]), ended(0, "", kept(schema)));
        assert_eq!(stage.run(START, &["-q", "restore", "copy.db"]), silent());
        assert_eq!(stage.rows("PRAGMA user_version"), format!("{schema}\n"));
        assert_eq!(stage.run(demo.step(4), &["collect-once"]), ended(0, "", kept(schema)));
        assert_eq!(stage.rows("PRAGMA user_version"), format!("{}\n", newest()));
        assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "4\n");
    }
}

#[test]
fn nobody_writes_while_an_old_database_is_brought_up_to_date() {
    for (schema, dump) in dumps() {
        let (stage, demo) = staged(&dump);
        let other = std::fs::File::create(stage.path("stellar.db.cleanup.lock")).expect("a lock file");
        other.lock().expect("the lock of another command");
        let mut command = stage.command(demo.step(3), &["collect-once"]);
        let collecting = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        // It waits for the other with its own lock in hand.
        let own = stage.path("stellar.db.aggregate-daily.lock");
        while !std::fs::File::open(&own).is_ok_and(|lock| lock.try_lock().is_err()) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(stage.rows("PRAGMA user_version"), format!("{schema}\n"));
        // It lets the others in as soon as that is done.
        demo.cluster.frontends[0].behave(Behaviour::Delay(std::time::Duration::from_secs(2)));
        demo.cluster.forget();
        drop(other);
        while demo.cluster.frontends[0].asked().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for (writer, is_free) in [("aggregate-daily", true), ("cleanup", true), ("collect-once", false)] {
            let lock = std::fs::File::open(stage.path(&format!("stellar.db.{writer}.lock"))).expect("a lock");
            assert_eq!(lock.try_lock().is_ok(), is_free, "{writer}");
        }
        assert_eq!(stage.ended(collecting.wait_with_output().expect("it ends")), ended(0, "", kept(schema)));
        assert_eq!(stage.rows("PRAGMA user_version"), format!("{}\n", newest()));
    }
}

#[test]
fn killed_while_it_is_brought_up_to_date_the_database_is_whole_and_the_next_run_goes_on() {
    for (schema, dump) in dumps() {
        let (stage, demo) = staged(&dump);
        lengthen(&stage.database(), 300);
        let old = stage.rows(FIGURES);
        let fresh = || {
            for name in ["stellar.db", "stellar.db-wal", "stellar.db-shm"] {
                let _ = std::fs::remove_file(stage.path(name));
            }
            make(&dump, &stage.database(), &demo.cluster);
            lengthen(&stage.database(), 300);
        };
        let whole = length(|| assert_eq!(stage.run(DAY_AFTER, &["aggregate-daily"]).code, 0));
        let mut early = 0;
        for moment in moments() {
            fresh();
            killed(stage.command(DAY_AFTER, &["aggregate-daily"]), whole.mul_f64(moment));
            let connection = Connection::open(stage.database()).expect("it opens");
            assert_eq!(rows(&connection, "PRAGMA integrity_check"), "ok\n");
            let version: usize = rows(&connection, "PRAGMA user_version").trim().parse().expect("a number");
            assert!((schema..=newest()).contains(&version), "{version}");
            early += u32::from(version == schema);
            drop(connection);
            assert_eq!(stage.rows(FIGURES), old, "moment {moment}");
            assert_eq!(stage.run(DAY_AFTER, &["aggregate-daily"]).code, 0);
            assert_eq!(stage.rows("SELECT sum(samples) FROM days"), "303\n");
        }
        assert!(early > 0);
    }
}

#[test]
fn a_disk_that_fills_up_while_it_is_brought_up_to_date_leaves_the_old_schema_or_the_new_one() {
    for (schema, dump) in dumps() {
        let (stage, _demo) = staged(&dump);
        lengthen(&stage.database(), 300);
        history::change(&stage, "PRAGMA wal_checkpoint(TRUNCATE)");
        let old = stage.rows(FIGURES);
        std::fs::copy(stage.database(), stage.path("base.db")).expect("a copy");
        let rooms = rooms(512.0);
        let mut script = String::new();
        for (index, room) in rooms.iter().enumerate() {
            script += &format!(
                "rm -f full/stellar.db*; cp base.db full/stellar.db
fill {room}; run {DAY_AFTER} aggregate-daily > /dev/null
mkdir {index}a && cp full/stellar.db full/stellar.db-wal {index}a/ 2>/dev/null
free; run {DAY_AFTER} aggregate-daily > /dev/null
mkdir {index}b && cp full/stellar.db full/stellar.db-wal {index}b/\n"
            );
        }
        let Some(run) = on_a_small_disk(&stage, 8, &script) else { return };
        let mut early = 0;
        for (index, room) in rooms.iter().enumerate() {
            let [full, free] = ['a', 'b']
                .map(|letter| Connection::open(stage.path(&format!("{index}{letter}/stellar.db"))).expect("it opens"));
            for connection in [&full, &free] {
                assert_eq!(rows(connection, "PRAGMA integrity_check"), "ok\n");
                assert_eq!(rows(connection, FIGURES), old, "with {room} KiB");
            }
            let version: usize = rows(&full, "PRAGMA user_version").trim().parse().expect("a number");
            assert!((schema..=newest()).contains(&version), "{version}");
            early += u32::from(version == schema);
            assert_eq!(rows(&free, "SELECT sum(samples) FROM days"), "303\n", "with {room} KiB");
        }
        assert!(early > 0);
        // A migration that rewrites keeps the old file, and asks for the room first.
        let expected = ["warning: full/stellar.db: the schema changes; ", "error: full/stellar.db: needs "];
        let hint = "hint: free space and run it again; a backup is made before the schema changes, and nothing was changed yet";
        let told = run.stderr.replace(TOLD, "");
        let other: Vec<&str> = told
            .lines()
            .filter(|line| *line != hint && !expected.iter().any(|start| line.starts_with(start)))
            .collect();
        assert_eq!((run.code, other), (0, vec![]), "nothing else is said");
    }
}
