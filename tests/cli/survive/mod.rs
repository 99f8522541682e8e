//! Whatever happens to a run, at whatever moment, the history stays whole and the next run goes on. What the tests of every
//! command need for that is here once: moments, kills, stops, a small disk, and what whole means.

mod aggregate;
mod check;
mod cleanup;
mod clock;
mod collect;
mod crowd;
pub mod disk;
mod files;
mod locks;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::aggregate::every;
use crate::common::replay::START;
use crate::program::{Ended, Stage, columns, rows};

/// How many moments each test tries where `STELLAR_MOMENTS` does not say.
const MOMENTS: usize = 20;

/// Moments of a run as parts of its length, in order: one at random in each of as many equal stretches, so that none is
/// left out. The seed is on the output of a test that fails; `STELLAR_SEED` gives the same moments again, as far as
/// processes can be told when to be where.
pub fn moments() -> Vec<f64> {
    let count = variable("STELLAR_MOMENTS").unwrap_or(MOMENTS as u64);
    let mut state = variable("STELLAR_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("{count} moments of STELLAR_SEED={state}");
    let mut random = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    // The first is the very start, when nothing can have been done on any machine.
    let moment = |stretch| if stretch == 0 { 0.0 } else { (stretch as f64 + random()) / count as f64 };
    (0..count).map(moment).collect()
}

#[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, which is no number")))
}

/// How long a run takes from its start to its end, on this machine and at this load.
pub fn length(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

/// Starts it and kills it after a time; whether it was still there to be killed.
pub fn killed(mut command: Command, after: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(after);
    child.kill().expect("it can be killed");
    child.wait().expect("it ends").signal() == Some(9)
}

/// Starts it, stops it after a time, does something while it stands still, and lets it run to its end.
pub fn stopped(stage: &Stage, mut command: Command, after: Duration, meanwhile: impl FnOnce()) -> Ended {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    std::thread::sleep(after);
    signal(&child, "STOP");
    // A zombie is over, and nobody has asked how it ended.
    while !matches!(state(&child), 'T' | 'Z') {
        std::thread::sleep(Duration::from_millis(1));
    }
    meanwhile();
    signal(&child, "CONT");
    stage.ended(child.wait_with_output().expect("it ends"))
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
    assert!(sent.expect("a shell").success());
}

/// The letter that Linux has for what a process does.
fn state(child: &Child) -> char {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).expect("it was not waited for");
    text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).expect("a letter")
}

/// A stage with the configuration of another one and copies of these of its files.
pub fn copy(stage: &Stage, names: &[&str]) -> Stage {
    let copy = Stage::new("");
    let configuration = std::fs::read_to_string(stage.path("config.toml")).expect("a configuration");
    copy.write("config.toml", &configuration);
    for name in names {
        std::fs::copy(stage.path(name), copy.path(name)).expect("a copy");
    }
    copy
}

/// What SQLite says of a file that is whole, and nothing that refers to what is not there.
pub fn assert_sound(connection: &Connection) {
    assert_eq!(rows(connection, "PRAGMA integrity_check"), "ok\n");
    assert_eq!(rows(connection, "PRAGMA foreign_key_check"), "");
}

/// Runs a script in a world of mounts of its own; `None` when that is not allowed here.
pub fn in_own_mounts(stage: &Stage, script: &str) -> Option<Ended> {
    let mut shell = Command::new("unshare");
    let program = env!("CARGO_BIN_EXE_stellar");
    shell.args(["-m", "bash", "-c", script, program]).current_dir(stage.folder());
    shell.env_clear().env("TZ", "UTC").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    let Ok(output) = shell.output() else {
        println!("not run: needs unshare");
        return None;
    };
    let ended = stage.ended(output);
    if ended.code == 97 || ended.stderr.contains("unshare failed") {
        println!("not run: needs the right to mount: {}", ended.stderr);
        return None;
    }
    Some(ended)
}

/// Runs a shell script in the folder of the stage, with `full/` as a disk of its own that goes away with the script.
/// None, and a line that says so, where that is not allowed.
///
/// In the script `run NOW WORDS...` runs the program and says how it ended, `fill ROOM` leaves that many KiB of the disk,
/// `free` gives back what `fill` took. `full/config.toml` is that of the stage.
pub fn on_a_small_disk(stage: &Stage, mebibytes: u32, script: &str) -> Option<Ended> {
    let prelude = format!(
        "mkdir -p full && mount -t tmpfs -o size={mebibytes}m none full && cp config.toml full/ || exit 97
         run() {{ STELLAR_NOW=$1; export STELLAR_NOW; shift; \"$0\" --config full/config.toml \"$@\"; echo \"exit $?\"; }}
         fill() {{ head -c {mebibytes}m /dev/zero > full/filler 2>/dev/null; truncate -s \"-${{1}}K\" full/filler; }}
         free() {{ rm -f full/filler; }}\n"
    );
    let mut ended = in_own_mounts(stage, &(prelude + script))?;
    // How much is left depends on how much of the run was rolled back.
    let room = regex::Regex::new(r"\(\S+ \S+ free of").expect("a pattern");
    ended.stderr = room.replace_all(&ended.stderr, "(# free of").into_owned();
    Some(ended)
}

/// 2026-11-21 00:10, a day after [`history`] ended.
pub const AFTERWARDS: i64 = MIDNIGHT + 6 * DAY + 600;
const DAY: i64 = 86_400;
/// How many rows a day of it has.
pub const ROWS_A_DAY: usize = 2 * (1 + 3) + (1 + 1);
/// The beginning of the first day.
const MIDNIGHT: i64 = START - START % DAY - 7 * DAY;

/// Five days of two clusters of three nodes each and of an application of two label sets, one of them idle, every ten minutes. Two of the days are aggregated already, to one of
/// them snapshots came later.
pub fn history() -> Stage {
    let stage = crate::aggregate::stage("", |history| every(history, MIDNIGHT + 5, 600, 2 * 144, 600));
    let history = Connection::open(stage.database()).expect("the database");
    multiply(&history);
    assert_eq!(stage.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
    every(&history, MIDNIGHT + DAY + 305, 600, 20, 600);
    every(&history, MIDNIGHT + 2 * DAY + 5, 600, 3 * 144, 600);
    multiply(&history);
    history.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("all in one file");
    stage
}

/// What the first cluster and its first node have, a second cluster and two more nodes get as well, and an application is there
/// at the same times.
fn multiply(history: &Connection) {
    let snapshots = columns(history, "metrics_snapshots", &["cluster_id"]);
    let nodes = columns(history, "node_snapshots", &["cluster_id", "node"]);
    let text = format!(
        "INSERT OR IGNORE INTO targets (id, name, first_seen) VALUES (2, 'ads', 0);
         INSERT OR IGNORE INTO metrics_snapshots (cluster_id, {snapshots}) SELECT 2, {snapshots} FROM metrics_snapshots WHERE cluster_id = 1;
         WITH others (owner, name) AS (VALUES (1, 'be:10002'), (1, 'be:10003'), (2, 'be:20001'), (2, 'be:20002'), (2, 'be:20003'))
         INSERT OR IGNORE INTO node_snapshots (cluster_id, node, {nodes})
         SELECT owner, name, {nodes} FROM node_snapshots CROSS JOIN others WHERE cluster_id = 1 AND node = 'be:10001';
         INSERT OR IGNORE INTO targets (id, name, kind, first_seen) VALUES (3, 'etl', 'application', 0);
         WITH sets (name, test) AS (VALUES ('', ''), ('mysql', 'stress'), ('sqlite3', 'bulk'))
         INSERT OR IGNORE INTO batch_snapshots (application_id, database, \"table\", test_name, collected_at, run_id, interval_ms,
                                                answered, ended, idle, batchsql_current_rps)
         SELECT 3, name, '', test, collected_at, iif(name = '', run_id, NULL), iif(name = '', interval_ms, NULL),
                iif(name = '', 1, NULL), iif(name = '', 0, NULL), iif(name = '', NULL, name = 'mysql'), iif(name = '', NULL, queries)
         FROM metrics_snapshots CROSS JOIN sets WHERE cluster_id = 1;"
    );
    history.execute_batch(&text).expect("a second cluster");
}

/// What is stored of each day, all targets, nodes and label sets together.
pub fn days(connection: &Connection) -> BTreeMap<String, String> {
    let mut days = BTreeMap::new();
    for table in ["daily_snapshots", "node_daily", "batch_daily"] {
        let text = rows(connection, &format!("SELECT day, * FROM {table}"));
        for line in text.lines() {
            let (day, row) = line.split_once('|').expect("a day");
            let rows: &mut String = days.entry(day.to_owned()).or_default();
            rows.push_str(row);
            rows.push('\n');
        }
    }
    days
}
