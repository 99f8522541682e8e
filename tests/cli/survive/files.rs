//! A database that cannot be written, is cut off, is half overwritten, or has a log that nobody took in: told in words, or read as
//! far as it goes; never a panic, never made worse.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::{AFTERWARDS, assert_sound, copy, history, moments, on_a_small_disk};
use crate::common::replay::Cluster;
use crate::program::{Ended, Stage, ended, rows, silent};

const COMMANDS: [&[&str]; 7] = [
    &["report"],
    &["report", "--gaps"],
    &["aggregate-daily"],
    &["aggregate-daily", "--dry-run"],
    &["collect-once"],
    // The history ended a day ago.
    &["cleanup", "--force"],
    &["cleanup", "--force", "--dry-run"],
];

fn only_reads(words: &[&str]) -> bool {
    words[0] == "report" || words.contains(&"--dry-run")
}

/// The first lock that a command takes.
fn first_lock(command: &str) -> &str {
    // No day is folded while its snapshots go.
    if command == "cleanup" { "aggregate-daily" } else { command }
}

const FILE: &[&str] = &["stellar.db"];

/// A history whose cluster can be collected.
fn stage() -> (Cluster, Stage) {
    let cluster = Cluster::start(1, 0);
    let stage = history();
    let block = crate::program::block("shop", &cluster.urls(), "");
    stage.configure(&format!("[metrics]\nretention_days = \"4d\"\n\n{block}"));
    (cluster, stage)
}

/// Somebody for whom permissions count.
const USER: u32 = 65_534;

fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("this process").uid() == 0
}

/// The program as that user where root runs the test.
fn ordinary(stage: &Stage, words: &[&str]) -> Ended {
    let own = stage.command(AFTERWARDS, words);
    if !is_root() {
        return stage.ended(stage.command(AFTERWARDS, words).output().expect("it starts"));
    }
    let mut command = Command::new(stage.path("stellar"));
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).args(own.get_args());
    stage.ended(command.current_dir(stage.folder()).uid(USER).gid(USER).output().expect("it starts"))
}

/// Gives the stage's files to that user, then sets modes.
fn permit(stage: &Stage, modes: &[(&str, u32)]) {
    if is_root() {
        // The folder that the program was built in may be closed to others.
        std::fs::copy(env!("CARGO_BIN_EXE_stellar"), stage.path("stellar")).expect("a copy");
        let files = std::fs::read_dir(stage.folder()).expect("the folder").map(|file| file.expect("a file").path());
        for path in files.chain([stage.folder().to_owned()]) {
            std::os::unix::fs::chown(path, Some(USER), Some(USER)).expect("chown");
        }
    }
    for (name, mode) in modes {
        let permissions = std::fs::Permissions::from_mode(*mode);
        std::fs::set_permissions(stage.path(name), permissions).expect("chmod");
    }
}

fn told(what: &str, hint: &str) -> Ended {
    ended(3, "", format!("error: DIR/stellar.db{what}\nhint: {hint}\n"))
}

#[test]
fn what_must_not_be_written_is_read_and_left_as_it_is() {
    let (_cluster, base) = stage();
    let without_lock = |command: &str| {
        told(
            &format!(".{}.lock: cannot take the lock: permission denied", first_lock(command)),
            "run as the user who owns the database",
        )
    };
    let unwritable = |_: &str| told(": cannot be written", "run as the user who owns it: ls -l DIR/stellar.db*");
    type Said<'s> = &'s dyn Fn(&str) -> Ended;
    let cases: [(&[(&str, u32)], Said); 2] =
        [(&[("stellar.db", 0o440)], &unwritable), (&[("stellar.db", 0o440), ("", 0o555)], &without_lock)];
    for (modes, said) in cases {
        let stage = copy(&base, FILE);
        permit(&stage, modes);
        let before = std::fs::read(stage.database()).expect("its bytes");
        for words in COMMANDS {
            let run = ordinary(&stage, words);
            if only_reads(words) {
                assert!(run.code == 0 && run.stderr.is_empty(), "{modes:?} {words:?} {run:?}");
            } else {
                assert_eq!(run, said(words[0]), "{modes:?}");
            }
            assert!(std::fs::read(stage.database()).expect("its bytes") == before, "{words:?} changed the file");
        }
        // SQLite made the log as readable as the file was.
        permit(&stage, &[("", 0o755), ("stellar.db", 0o640)]);
        for name in ["stellar.db-wal", "stellar.db-shm"] {
            let _ = std::fs::remove_file(stage.path(name));
        }
        for words in COMMANDS {
            let run = ordinary(&stage, words);
            assert_eq!(run.code, 0, "{words:?} {run:?}");
        }
        assert_eq!(stage.rows("SELECT count(*) FROM days"), "10\n");
    }
}

#[test]
fn on_a_disk_that_is_mounted_for_reading_reports_go_on() {
    let (_cluster, stage) = stage();
    let mut script = "cp stellar.db full/; mount -o remount,ro full\n".to_owned();
    for words in COMMANDS {
        script += &format!("run {AFTERWARDS} {} > /dev/null\n", words.join(" "));
    }
    let Some(run) = on_a_small_disk(&stage, 8, &script) else { return };
    let told = |command: &str| {
        format!(
            "error: full/stellar.db.{}.lock: cannot take the lock: read-only file system\n\
             hint: the folder of the database must be one that can be written\n",
            first_lock(command)
        )
    };
    assert_eq!(run, ended(0, "", ["aggregate-daily", "collect-once", "cleanup"].map(told).concat()));
}

#[test]
fn what_is_not_there_is_told() {
    let (_cluster, stage) = stage();
    let nowhere = stage.path("no/such/stellar.db").to_string_lossy().into_owned();
    let no_database = ended(
        3,
        "",
        "error: DIR/no/such/stellar.db: there is no database\n\
         hint: collect first: stellar collect-once; or name another file with --db\n",
    );
    let no_folder = ended(
        3,
        "",
        "error: DIR/no/such/stellar.db.collect-once.lock: cannot take the lock: no such file or directory\n\
         hint: make the folder first: mkdir -p DIR/no/such; or choose another file with [database] path or --db\n",
    );
    for words in COMMANDS.into_iter().chain([["backup", "copy.db"].as_slice()]) {
        let run = stage.run(AFTERWARDS, &[words, ["--db", &nowhere].as_slice()].concat());
        let makes_it = words[0] == "collect-once";
        assert_eq!(run, if makes_it { no_folder.clone() } else { no_database.clone() }, "{words:?}");
    }
    assert!(!stage.path("no").exists() && !stage.path("copy.db").exists());
    // Who finds nothing leaves nothing, no lock either.
    let beside = stage.path("other.db").to_string_lossy().into_owned();
    for words in COMMANDS.into_iter().filter(|words| words[0] != "collect-once") {
        assert_eq!(stage.run(AFTERWARDS, &[words, ["--db", &beside].as_slice()].concat()).code, 3, "{words:?}");
    }
    let left = std::fs::read_dir(stage.folder()).expect("the folder").map(|file| file.expect("a file").file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("other")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What may be said of a file that is none of ours any more.
fn is_told(run: &Ended) -> bool {
    let damaged = told(": the database is damaged", "keep a copy, then try: sqlite3 DIR/stellar.db .recover");
    let foreign =
        told(": is not an SQLite database", "name another file with [database] path or --db; this one was not changed");
    [damaged, foreign].contains(run)
}

#[test]
fn a_database_that_was_cut_off_is_told_and_left_as_it_is() {
    let (_cluster, base) = stage();
    let whole = std::fs::read(base.database()).expect("its bytes");
    // A part of the last page is all of it for SQLite, and found when it is read.
    let lengths = moments().into_iter().map(|part| ((whole.len() - 8192) as f64 * part) as usize);
    for length in [15, 16, 99, 100, 511, 512, 8191, 8192, 8193].into_iter().chain(lengths.filter(|length| *length > 1))
    {
        let stage = copy(&base, &[]);
        std::fs::write(stage.database(), &whole[..length]).expect("a part of it");
        for words in COMMANDS {
            let run = stage.run(AFTERWARDS, words);
            assert!(is_told(&run), "{length} bytes, {words:?}: {run:?}");
        }
        assert!(std::fs::read(stage.database()).expect("its bytes") == whole[..length], "{length} bytes were changed");
    }
}

#[test]
fn a_database_with_a_page_of_noise_is_told_or_read_and_never_a_panic() {
    let (_cluster, base) = stage();
    let whole = std::fs::read(base.database()).expect("its bytes");
    let mut damaged = 0;
    for part in moments() {
        let stage = copy(&base, &[]);
        let page = (whole.len() as f64 / 8192.0 * part) as usize * 8192;
        let mut bytes = whole.clone();
        // Not from a page's own header on: a cell that points elsewhere is worse than a page that is none.
        bytes[page + 100..page + 8192].iter_mut().enumerate().for_each(|(index, byte)| *byte ^= (index * 31) as u8);
        std::fs::write(stage.database(), &bytes).expect("its bytes");
        for words in COMMANDS {
            let run = stage.run(AFTERWARDS, words);
            // What the noise hits decides what SQLite says of it.
            let told = run.code == 3 && run.stderr.starts_with("error: DIR/stellar.db: ");
            assert!(run.code == 0 || told, "page at {page}, {words:?}: {run:?}");
            damaged += usize::from(run.code != 0);
        }
    }
    println!("{damaged} runs found the damage");
}

#[test]
fn a_log_that_a_killed_process_left_behind_is_taken_in() {
    let (_cluster, base) = stage();
    // As long as somebody reads, the log is not taken in.
    let reader = base.open();
    reader.execute_batch("BEGIN; SELECT count(*) FROM runs").expect("a reader");
    rows(&reader, "SELECT count(*) FROM runs");
    assert_eq!(base.run(AFTERWARDS, &["collect-once"]), silent());
    assert_eq!(base.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
    let newest = format!(
        "SELECT count(*), max(collected_at) / 1000, (SELECT count(*) FROM days) FROM metrics_snapshots WHERE collected_at >= {AFTERWARDS}000"
    );
    let held = base.rows(&newest);
    assert_eq!(held, format!("1|{AFTERWARDS}|10\n"));
    let both = &["stellar.db", "stellar.db-wal"];
    let alone = copy(&base, FILE);
    assert_eq!(alone.rows(&newest), "0|NULL|4\n", "the log has what the file has not");
    for words in COMMANDS {
        let read = (words[0] == "report").then(|| base.run(AFTERWARDS + 30, words));
        for beside in [None, Some(vec![0; 32_768]), Some(vec![0xa5; 32_768]), Some(vec![1; 100])] {
            let stage = copy(&base, both);
            if let Some(bytes) = &beside {
                std::fs::write(stage.path("stellar.db-shm"), bytes).expect("a leftover");
            }
            let run = stage.run(AFTERWARDS + 30, words);
            assert!(run.code == 0 && run.stderr.is_empty(), "{words:?} {run:?}");
            assert!(read.as_ref().is_none_or(|read| *read == run), "{words:?} {run:?}");
            let collected = i64::from(words[0] == "collect-once");
            let expected = format!("{}|{}|10\n", 1 + collected, AFTERWARDS + 30 * collected);
            assert_eq!(stage.rows(&newest), expected, "{words:?}");
            assert_sound(&stage.open());
        }
    }
    // Cut off in the middle of a transaction, the log counts up to the one before.
    let log = std::fs::read(base.path("stellar.db-wal")).expect("its bytes");
    for part in moments() {
        let stage = copy(&base, FILE);
        std::fs::write(stage.path("stellar.db-wal"), &log[..(log.len() as f64 * part) as usize]).expect("a part of it");
        assert_eq!(stage.run(AFTERWARDS + 30, &["collect-once"]), silent());
        assert_sound(&stage.open());
        assert_eq!(stage.run(AFTERWARDS + 30, &["aggregate-daily"]).code, 0);
        assert!(super::days(&stage.open()).values().all(|rows| rows.lines().count() == super::ROWS_A_DAY));
    }
}
