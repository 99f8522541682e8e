//! A disk that is full in the middle of a run: told with figures, nothing damaged, and with room again the run completes.

use std::fmt::Write;

use rusqlite::Connection;

use super::{AFTERWARDS, assert_sound, copy, days, history, moments, on_a_small_disk};
use crate::common::replay::{Cluster, START};
use crate::program::{Stage, block, ended, rows, silent};

pub const TOLD: &str = "\
error: full/stellar.db: disk full (# free of 8.0 MiB on DIR/full); what was being written was rolled back
hint: free space and run it again; nothing stored was lost. stellar cleanup --dry-run says what it could give back
";

const SNAPSHOTS: &str =
    "SELECT name, collected_at / 1000 FROM metrics_snapshots JOIN clusters ON id = cluster_id ORDER BY 2, 1";

fn open(stage: &Stage, name: &str) -> Connection {
    let connection = Connection::open(stage.path(name)).expect("it opens");
    assert_sound(&connection);
    connection
}

/// KiB that are left, up to so many.
pub fn rooms(most: f64) -> Vec<u64> {
    // A page of the file system is 4 KiB.
    let mut rooms: Vec<u64> = moments().into_iter().map(|part| (part * most / 4.0) as u64 * 4).collect();
    rooms.dedup();
    rooms
}

#[test]
fn a_full_disk_ends_the_run_and_keeps_what_was_stored() {
    let (small, large) = (Cluster::start(1, 0), Cluster::start(3, 20));
    let blocks = [block("small", &small.urls(), ""), block("large", &large.urls(), "user = \"root\"")];
    let stage = Stage::new(&blocks.concat());
    // 64 KiB: so that a part of the run finds room.
    let script = "
run 1795314538 collect-once --cluster small
fill 64
run 1795314568 collect-once --cluster large
cp full/stellar.db full/stellar.db-wal .
free
run 1795314598 collect-once
mkdir last && cp full/stellar.db full/stellar.db-wal last/";
    let Some(run) = on_a_small_disk(&stage, 8, script) else { return };
    assert_eq!(run, ended(0, "exit 0\nexit 3\nexit 0\n", TOLD));
    assert_eq!(rows(&open(&stage, "stellar.db"), SNAPSHOTS), "small|1795314538\n");
    assert_eq!(
        rows(&open(&stage, "last/stellar.db"), SNAPSHOTS),
        "small|1795314538\nlarge|1795314598\nsmall|1795314598\n"
    );
}

/// `first` puts a history of one collection, or none, on the disk, which leaves `before`; a collection with little room stores
/// all or nothing and says so, and `reader` is silent meanwhile.
fn collections(first: &str, rooms: &[u64], before: &str, reader: &str) {
    let cluster = Cluster::start(1, 3);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let mut script = String::new();
    for (index, room) in rooms.iter().enumerate() {
        let _ = writeln!(
            script,
            "rm -f full/stellar.db*; {first}
fill {room}; run 1795314568 collect-once; {reader}
mkdir {index}a && cp full/stellar.db full/stellar.db-wal {index}a/ 2>/dev/null
free; run 1795314598 collect-once
mkdir {index}b && cp full/stellar.db full/stellar.db-wal {index}b/"
        );
    }
    let Some(run) = on_a_small_disk(&stage, 8, &script) else { return };
    let mut refused = 0;
    for (index, room) in rooms.iter().enumerate() {
        let held = std::fs::metadata(stage.path(&format!("{index}a/stellar.db"))).is_ok_and(|file| file.len() > 0);
        let held = if held {
            open(&stage, &format!("{index}a/stellar.db"))
        } else {
            Connection::open_in_memory().expect("it opens")
        };
        let made = rows(&held, "SELECT count(*) FROM sqlite_schema WHERE name = 'metrics_snapshots'") == "1\n";
        let held = if made { rows(&held, SNAPSHOTS) } else { String::new() };
        let stored = format!("{before}shop|1795314568\n");
        assert!(held == before || held == stored, "with {room} KiB: {held}");
        refused += usize::from(held == before);
        let last = rows(&open(&stage, &format!("{index}b/stellar.db")), SNAPSHOTS);
        assert_eq!(last, format!("{held}shop|1795314598\n"), "with {room} KiB");
    }
    assert!(refused > 0);
    let told = run.stderr.matches(TOLD).count();
    assert_eq!(run.stderr.replace(TOLD, ""), "", "nothing else is said");
    assert_eq!(told, refused);
    let exits = |code: u8| run.stdout.matches(&format!("exit {code}\n")).count();
    assert_eq!(exits(0) + exits(3), run.stdout.lines().count(), "{run:?}");
}

const REPORT: &str = "run 1795314569 report > /dev/null";

#[test]
fn a_disk_with_any_room_keeps_a_history_whole_and_readable() {
    collections("cp stellar.db stellar.db-wal stellar.db-shm full/", &rooms(192.0), "shop|1795314538\n", REPORT);
}

#[test]
fn a_disk_without_room_for_the_files_beside_the_database_keeps_it_whole_and_readable() {
    collections("cp stellar.db full/", &rooms(48.0), "shop|1795314538\n", REPORT);
}

#[test]
fn a_disk_with_any_room_gets_a_whole_database_or_none() {
    collections("true", &rooms(480.0), "", "true");
}

#[test]
fn a_disk_with_any_room_keeps_whole_days() {
    let base = history();
    let stage = copy(&base, &["stellar.db"]);
    assert_eq!(stage.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
    let (before, after) = (days(&base.open()), days(&stage.open()));
    std::fs::copy(base.database(), stage.path("base.db")).expect("a copy");
    let rooms = rooms(320.0);
    let mut script = String::new();
    for (index, room) in rooms.iter().enumerate() {
        let _ = writeln!(
            script,
            "rm -f full/stellar.db*; cp base.db full/stellar.db
fill {room}; run {AFTERWARDS} aggregate-daily > /dev/null
mkdir {index}a && cp full/stellar.db full/stellar.db-wal {index}a/ 2>/dev/null
free; run {AFTERWARDS} aggregate-daily > /dev/null
mkdir {index}b && cp full/stellar.db full/stellar.db-wal {index}b/"
        );
    }
    let Some(run) = on_a_small_disk(&stage, 8, &script) else { return };
    let mut unfinished = 0;
    for (index, room) in rooms.iter().enumerate() {
        let stored = days(&open(&stage, &format!("{index}a/stellar.db")));
        for day in after.keys() {
            let day = [&stored, &before, &after].map(|days| days.get(day));
            assert!(day[0] == day[1] || day[0] == day[2], "with {room} KiB");
        }
        unfinished += usize::from(stored != after);
        assert!(days(&open(&stage, &format!("{index}b/stellar.db"))) == after, "with {room} KiB");
    }
    assert!(unfinished > 0);
    assert_eq!((run.code, run.stderr), (0, TOLD.repeat(unfinished)));
}
