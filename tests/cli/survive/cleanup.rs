//! `cleanup`, killed and stopped while it removes and while it thins: every snapshot is there with all of its parts, or it is
//! gone with them; days do not change; the next run goes on where this one ended.

use std::collections::HashSet;
use std::fmt::Write;

use rusqlite::Connection;

use super::disk::{TOLD, rooms};
use super::{copy, killed, length, moments, on_a_small_disk, stopped};
use crate::common::replay::{Application, Cluster, START};
use crate::history::{self, assert_whole};
use crate::lives;
use crate::program::{Stage, block, rows};

const FILE: &[&str] = &["stellar.db"];
const DAY: i64 = 86_400;

const REMOVING: &str = "retention_days = \"1d\"";
const THINNING: &str = "retention_days = \"9d\"\nthin_after = \"1h\"\nthin_to = \"1h\"";
const BOTH: &str = "retention_days = \"2d\"\nthin_after = \"1h\"\nthin_to = \"1h\"";

/// An application of two label sets, one of them idle.
const PAGE: &[u8] = b"# TYPE batchsql_current_rps gauge
batchsql_current_rps{database=\"sqlite3\",test_name=\"bulk\"} 5
batchsql_current_rps{database=\"mysql\",test_name=\"stress\"} 0
";

/// Four aggregated days of a cluster of three nodes and an application, a snapshot each `step` seconds, and what an undisturbed run makes of them.
struct Past {
    base: Stage,
    before: String,
    after: String,
}

impl Past {
    fn new(metrics: &str, step: i64) -> Self {
        let cluster = Cluster::start(1, 2);
        let clusters = block("shop", &cluster.urls(), "user = \"root\"\ninterval_secs = \"5m\"");
        let application = Application::with_page(PAGE);
        let applications =
            lives::block("etl", &application, "").replace("interval_secs = 15", "interval_secs = \"5m\"");
        let base = Stage::new(&format!("[metrics]\n{metrics}\n\n{clusters}{applications}"));
        history::make(&base, START - 4 * DAY, step, 4 * DAY / step);
        history::stir(&base);
        assert_eq!(base.run(START, &["aggregate-daily"]).code, 0);
        history::change(&base, "PRAGMA wal_checkpoint(TRUNCATE)");
        let undisturbed = copy(&base, FILE);
        assert_eq!(clean(&undisturbed), 0);
        let (before, after) = (content(&base.open()), content(&undisturbed.open()));
        assert!(after.len() < before.len());
        assert_whole(&undisturbed);
        Self { base, before, after }
    }

    /// Sound, and nothing is there that was neither there before nor will be afterwards.
    fn assert_between(&self, stage: &Stage) {
        assert_whole(stage);
        let known: HashSet<&str> = self.before.lines().chain(self.after.lines()).collect();
        for line in content(&stage.open()).lines() {
            // How far it came is noted with the target.
            assert!(line.starts_with("targets|") || known.contains(line), "{line}");
        }
    }

    fn is_begun(&self, stage: &Stage) -> bool {
        let now = content(&stage.open());
        now != self.before && now != self.after
    }
}

fn clean(stage: &Stage) -> i32 {
    stage.run(START, &["cleanup"]).code
}

/// Every row that a cleanup may touch, and the days, which it must not.
fn content(connection: &Connection) -> String {
    let tables = [
        "metrics_snapshots",
        "node_snapshots",
        "runs",
        "good_fetches",
        "failed_fetches",
        "endpoints",
        "daily_snapshots",
        "node_daily",
        "batch_snapshots",
        "batch_daily",
        "targets",
        "previous_samples",
    ];
    let mut text = String::new();
    for table in tables {
        for row in rows(connection, &format!("SELECT * FROM {table} ORDER BY 1, 2")).lines() {
            let _ = writeln!(text, "{table}|{row}");
        }
    }
    text
}

fn killed_at_any_moment(past: &Past, words: &[&str]) {
    let undisturbed = copy(&past.base, FILE);
    let whole = length(|| assert_eq!(undisturbed.run(START, words).code, 0));
    let mut in_the_middle = 0;
    for moment in moments() {
        let stage = copy(&past.base, FILE);
        killed(stage.command(START, words), whole.mul_f64(moment));
        past.assert_between(&stage);
        in_the_middle += usize::from(past.is_begun(&stage));
        assert_eq!(clean(&stage), 0);
        assert!(content(&stage.open()) == past.after, "at {moment}");
    }
    println!("{in_the_middle} were killed between the first and the last row");
}

#[test]
fn killed_while_it_removes_it_leaves_whole_snapshots_and_the_next_run_removes_the_rest() {
    killed_at_any_moment(&Past::new(REMOVING, 300), &["cleanup"]);
}

#[test]
fn killed_while_it_thins_it_leaves_whole_steps_and_the_next_run_thins_the_rest() {
    killed_at_any_moment(&Past::new(THINNING, 600), &["cleanup"]);
}

#[test]
fn killed_while_it_writes_the_file_anew_it_leaves_the_old_one_or_the_new_one() {
    killed_at_any_moment(&Past::new(REMOVING, 600), &["cleanup", "--vacuum"]);
}

#[test]
fn a_copy_taken_while_it_stands_still_has_whole_snapshots() {
    let past = Past::new(BOTH, 600);
    let undisturbed = copy(&past.base, FILE);
    let whole = length(|| assert_eq!(clean(&undisturbed), 0));
    for moment in moments() {
        let stage = copy(&past.base, FILE);
        let mut taken = None;
        let run = stopped(&stage, stage.command(START, &["cleanup"]), whole.mul_f64(moment), || {
            let log = stage.path("stellar.db-wal").exists();
            taken = Some(copy(&stage, if log { &["stellar.db", "stellar.db-wal"] } else { FILE }));
        });
        assert_eq!(run.code, 0, "{run:?}");
        assert!(content(&stage.open()) == past.after, "at {moment}");
        let taken = taken.expect("a copy");
        past.assert_between(&taken);
        assert_eq!(clean(&taken), 0);
        assert!(content(&taken.open()) == past.after, "at {moment}");
    }
}

#[test]
fn a_disk_with_any_room_keeps_whole_snapshots_and_with_room_again_it_goes_on() {
    let past = Past::new(BOTH, 600);
    let stage = copy(&past.base, &[]);
    std::fs::copy(past.base.database(), stage.path("base.db")).expect("a copy");
    let rooms = rooms(6144.0);
    let mut script = String::new();
    for (index, room) in rooms.iter().enumerate() {
        let vacuum = if index % 2 == 0 { "" } else { "--vacuum" };
        let _ = writeln!(
            script,
            "rm -f full/stellar.db*; cp base.db full/stellar.db
fill {room}; run {START} cleanup {vacuum} > /dev/null
mkdir {index}a && cp full/stellar.db full/stellar.db-wal {index}a/ 2>/dev/null
free; run {START} cleanup > /dev/null
mkdir {index}b && cp full/stellar.db full/stellar.db-wal {index}b/"
        );
    }
    // The -wal grows to 8 MiB before SQLite takes it in.
    let Some(run) = on_a_small_disk(&stage, 24, &script) else { return };
    let mut unfinished = 0;
    for (index, room) in rooms.iter().enumerate() {
        let found = |letter: char| {
            let found = copy(&past.base, &[]);
            for name in ["stellar.db", "stellar.db-wal"] {
                let _ = std::fs::copy(stage.path(&format!("{index}{letter}/{name}")), found.path(name));
            }
            found
        };
        let (full, free) = (found('a'), found('b'));
        past.assert_between(&full);
        unfinished += usize::from(content(&full.open()) != past.after);
        assert!(content(&free.open()) == past.after, "with {room} KiB");
    }
    assert!(unfinished > 0);
    assert_eq!(run.code, 0);
    let vacuum = regex::Regex::new(
        r"error: full/stellar\.db: --vacuum needs about \S+ MiB of free space: .*\nhint: free space first; .*\n",
    )
    .expect("a pattern");
    let rest = vacuum.replace_all(&run.stderr, "");
    let told = TOLD.replace("8.0 MiB", "24.0 MiB");
    assert_eq!(rest.replace(&told, ""), "", "nothing else is said");
    assert!(rest.contains(&told));
}
