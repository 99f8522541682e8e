//! A backup is of one moment, whole, and nothing that was there is lost for it.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::common::replay::{Cluster, START};
use crate::program::{Ended, Stage, ended, lengthen, masked, rows, silent};
use crate::survive::{in_own_mounts, killed, length, moments};

/// A stage with a database of one collection.
pub fn collected() -> Stage {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.tick(START));
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    stage
}

/// Noise in the place of a page in the middle of the file.
pub fn damage(database: &Path) {
    let mut bytes = std::fs::read(database).expect("its bytes");
    let middle = bytes.len() / 2 / 8192 * 8192;
    bytes[middle..middle + 8192].fill(0xa5);
    std::fs::write(database, bytes).expect("it is written");
}

/// The names of the files in the folder of the stage, but for those of the stage itself.
pub fn files(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.folder()).expect("the folder");
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
    let own = ["config.toml", "stellar.db-wal", "stellar.db-shm"];
    names.retain(|name| !own.contains(&name.as_str()) && !name.ends_with(".lock"));
    names.sort();
    names
}

/// Everything in a database but what a backup notes in it, as text.
pub fn content(database: &Path) -> String {
    let connection = Connection::open(database).expect("the database opens");
    assert_eq!(rows(&connection, "PRAGMA integrity_check"), "ok\n", "{}", database.display());
    let mut text = rows(&connection, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name");
    for table in rows(&connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").lines() {
        let but = if table == "info" { "WHERE name NOT LIKE 'last_backup%'" } else { "" };
        text += &rows(&connection, &format!("SELECT * FROM {table} {but}"));
    }
    text
}

fn masked_run(run: Ended) -> Ended {
    Ended { stdout: masked(&run.stdout), stderr: masked(&run.stderr), ..run }
}

#[test]
fn a_backup_is_one_file_that_holds_what_the_database_held() {
    let stage = collected();
    let before = content(&stage.database());
    let run = masked_run(stage.run(START + 5, &["backup", "copy.db"]));
    assert_eq!(run, ended(0, "copy.db: copy of DIR/stellar.db, # KiB, 21 rows in 20 tables, compared, in # ms\n", ""));
    assert_eq!(files(&stage), ["copy.db", "stellar.db"]);
    let mode = std::fs::metadata(stage.path("copy.db")).expect("the copy").permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(content(&stage.path("copy.db")), before);
    // Read as one file, also where nothing can be written beside it.
    let connection = Connection::open(stage.path("copy.db")).expect("it opens");
    assert_eq!(rows(&connection, "PRAGMA journal_mode"), "delete\n");
    let report = stage.run(START + 5, &["report"]);
    assert_eq!(stage.run(START + 5, &["report", "--db", "copy.db"]), report);
    assert!(report.stdout.contains("shop"), "{report:?}");

    let noted = "SELECT name, value FROM info WHERE name LIKE 'last_backup%' ORDER BY name";
    let copy = std::fs::canonicalize(stage.path("copy.db")).expect("a path");
    let expected = format!("last_backup_at|{}000\nlast_backup_file|{}\n", START + 5, copy.display());
    assert_eq!(stage.rows(noted), expected);
    assert_eq!(stage.run(START + 6, &["--quiet", "backup", "quiet.db"]), silent());
}

#[test]
fn programs_get_the_rows_of_every_table() {
    let stage = collected();
    let run = stage.run(START + 5, &["backup", "copy.db", "--json"]);
    let mut document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert!(document["took_seconds"].as_f64().is_some_and(|took| took > 0.0), "{document}");
    document["took_seconds"] = serde_json::Value::Null;
    let size = std::fs::metadata(stage.path("copy.db")).expect("the copy").len();
    let count =
        |table: &str| stage.rows(&format!("SELECT count(*) FROM {table}")).trim().parse::<u64>().expect("a number");
    let rows: serde_json::Value = stage
        .rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .lines()
        // What the backup noted came after the copy.
        .map(|table| (table.to_owned(), count(table) - if table == "info" { 2 } else { 0 }))
        .collect();
    let expected = serde_json::json!({
        "schema": 1, "bytes": size, "database_schema": crate::schema::newest(), "rows": rows, "took_seconds": null,
        "database": "DIR/stellar.db", "file": "copy.db", "taken_at_unix_ms": (START + 5) * 1000, "noted": true,
    });
    assert_eq!(document, expected);
}

#[test]
fn nothing_that_is_there_is_overwritten_without_force() {
    let stage = collected();
    std::fs::write(stage.path("diary"), "dear diary\n").expect("it is written");
    std::fs::create_dir(stage.path("folder")).expect("a folder");
    std::fs::hard_link(stage.database(), stage.path("second-name.db")).expect("a link");
    symlink(stage.database(), stage.path("link.db")).expect("a link");
    symlink("nowhere", stage.path("dangling.db")).expect("a link");
    std::fs::write(stage.path("used.db-wal"), "pages").expect("it is written");
    let before = content(&stage.database());
    let itself = "is the database itself\nhint: name another file; nothing was changed\n";
    let there = "is there already; it was not changed\nhint: name another file, or replace this one with --force\n";
    let used = "belongs to a database that is in use: used.db-wal is beside it\n\
                hint: name another file; stellar restore puts a backup in the place of a database\n";
    for (words, told) in [
        (["diary"].as_slice(), format!("diary: {there}")),
        (&["dangling.db"], format!("dangling.db: {there}")),
        (&["folder"], "folder: is a folder\nhint: name a file in it: folder/stellar-backup.db\n".to_owned()),
        (&["stellar.db", "--force"], format!("stellar.db: {itself}")),
        (&["second-name.db", "--force"], format!("second-name.db: {itself}")),
        (&["link.db", "--force"], format!("link.db: {itself}")),
        (&["stellar.db-wal", "--force"], format!("stellar.db-wal: {itself}")),
        (&["used.db"], format!("used.db: {used}")),
        (
            &["/dev/null", "--force"],
            "/dev/null: is not an ordinary file, so it is not replaced\nhint: name another file; it was not changed\n"
                .to_owned(),
        ),
    ] {
        let run = stage.run(START, &[&["backup"], words].concat());
        assert_eq!(run, ended(2, "", format!("error: {told}")), "{words:?}");
    }
    assert_eq!(content(&stage.database()), before);
    assert_eq!(std::fs::read_to_string(stage.path("diary")).expect("it is there"), "dear diary\n");

    let run = masked_run(stage.run(START, &["backup", "diary", "--force"]));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(content(&stage.path("diary")), before);
}

#[test]
fn what_cannot_be_made_is_told_with_the_way_out() {
    let stage = collected();
    let missing =
        "error: no/such/copy.db.partial: cannot be made: no such folder\nhint: make it first: mkdir -p no/such\n";
    assert_eq!(stage.run(START, &["backup", "no/such/copy.db"]), ended(3, "", missing));
    let none = "error: none.db: there is no database\n\
                hint: collect first: stellar collect-once; or name another file with --db\n";
    assert_eq!(stage.run(START, &["--db", "none.db", "backup", "copy.db"]), ended(3, "", none));
    assert_eq!(files(&stage), ["stellar.db"]);
}

#[test]
fn a_damaged_database_is_told_and_no_copy_of_it_kept() {
    let stage = collected();
    lengthen(&stage.database(), 400);
    damage(&stage.database());
    std::fs::write(stage.path("copy.db"), "an older copy").expect("it is written");
    let run = stage.run(START, &["backup", "copy.db", "--force"]);
    let (first, hint) = run.stderr.split_once('\n').expect("two lines");
    assert!(run.code == 3 && first.starts_with("error: DIR/stellar.db: is damaged: "), "{run:?}");
    assert_eq!(hint, "hint: nothing was kept; older backups may be whole: stellar restore FILE\n");
    assert_eq!(files(&stage), ["copy.db", "stellar.db"]);
    assert_eq!(std::fs::read_to_string(stage.path("copy.db")).expect("it is there"), "an older copy");
}

/// Pairs of rows are written together all the time by somebody who never waits.
#[test]
fn a_backup_keeps_no_writer_waiting_and_is_of_one_moment() {
    let stage = collected();
    lengthen(&stage.database(), 3000);
    let connection = Connection::open(stage.database()).expect("it opens");
    connection.execute_batch("CREATE TABLE pairs (one INTEGER); CREATE TABLE twins (one INTEGER);").expect("tables");
    drop(connection);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut connection = Connection::open(stage.database()).expect("it opens");
            connection.busy_timeout(Duration::ZERO).expect("no patience");
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                let transaction = connection.transaction().expect("a transaction");
                // The backup notes itself at its end and is a writer like this one then.
                let pair = transaction.execute_batch("INSERT INTO pairs VALUES (1); INSERT INTO twins VALUES (1);");
                written += i64::from(pair.and_then(|()| transaction.commit()).is_ok());
            }
            written
        });
        let mut seen = Vec::new();
        for number in 0..5 {
            let name = format!("copy{number}.db");
            let run = stage.run(START, &["backup", &name]);
            assert_eq!((run.code, run.stderr.as_str()), (0, ""));
            let copy = Connection::open(stage.path(&name)).expect("it opens");
            assert_eq!(rows(&copy, "PRAGMA integrity_check"), "ok\n");
            let counts = rows(&copy, "SELECT (SELECT count(*) FROM pairs), (SELECT count(*) FROM twins)");
            let (pairs, twins) = counts.trim().split_once('|').expect("two counts");
            assert_eq!(pairs, twins);
            seen.push(pairs.parse::<i64>().expect("a number"));
        }
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().expect("the writer");
        // Something was written during every backup.
        assert!(seen.windows(2).all(|two| two[0] < two[1]) && written > seen[4], "{seen:?} of {written}");
    });
}

#[test]
fn killed_at_any_moment_a_backup_leaves_the_old_file_or_the_new_one() {
    let stage = collected();
    lengthen(&stage.database(), 500);
    let make = |file: &str| assert_eq!(stage.run(START, &["-q", "backup", file, "--force"]), silent());
    let whole = length(|| make("copy.db"));
    let old = content(&stage.path("copy.db"));
    let connection = Connection::open(stage.database()).expect("it opens");
    connection.execute("UPDATE targets SET labels = '{\"new\": \"\"}'", []).expect("a change");
    drop(connection);
    let new = content(&stage.database());
    assert!(old != new);
    let (mut left, mut replaced) = (0, 0);
    let moments = moments();
    for moment in &moments {
        let after = whole.mul_f64(*moment);
        std::fs::copy(stage.path("copy.db"), stage.path("old.db")).expect("a copy");
        killed(stage.command(START, &["backup", "old.db", "--force"]), after);
        killed(stage.command(START, &["backup", "fresh.db"]), after);
        let found = content(&stage.path("old.db"));
        assert!(found == old || found == new, "moment {moment}");
        replaced += usize::from(found == new);
        left += u32::from(stage.path("old.db.partial").exists());
        if stage.path("fresh.db").exists() {
            assert!(content(&stage.path("fresh.db")) == new, "moment {moment}");
            std::fs::remove_file(stage.path("fresh.db")).expect("it is removed");
        }
        assert!(content(&stage.database()) == new, "moment {moment}");
    }
    assert!(left > 0 && replaced < moments.len(), "{left} left, {replaced} replaced");
    // What was left is taken over.
    make("old.db");
    make("fresh.db");
    assert_eq!(files(&stage), ["copy.db", "fresh.db", "old.db", "stellar.db"]);
    assert!(content(&stage.path("old.db")) == new);
}

#[test]
fn two_backups_into_one_file_are_not_mixed() {
    let stage = collected();
    let partial = std::fs::File::create(stage.path("copy.db.partial")).expect("a file");
    partial.lock().expect("the lock of another backup");
    let told = "error: copy.db.partial: another stellar is writing it\nhint: wait for it to end. Nothing was done\n";
    assert_eq!(stage.run(START, &["backup", "copy.db"]), ended(5, "", told));
    drop(partial);
    assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
}

#[test]
fn a_disk_that_is_too_small_is_told_before_it_is_full() {
    let stage = collected();
    lengthen(&stage.database(), 3000);
    std::fs::create_dir(stage.path("small")).expect("a folder");
    let script = r#"
mount -t tmpfs -o size=1m none small || exit 97
"$0" --config config.toml backup small/copy.db; echo "exit $?"
ls small; df --output=used small | tail -1 | tr -d ' '
"#;
    let Some(run) = in_own_mounts(&stage, script) else { return };
    let told = "error: small/copy.db.partial: needs # MiB, and there is not that much room: # MiB free of # MiB on DIR/small\n\
                hint: free space, or name a file on another disk; nothing was done\n";
    assert_eq!(masked_run(run), ended(0, "exit 3\n0\n", told));
}

#[test]
fn a_disk_that_fills_up_meanwhile_ends_the_backup_and_nothing_is_left() {
    let stage = collected();
    lengthen(&stage.database(), 6000);
    std::fs::create_dir(stage.path("small")).expect("a folder");
    // Stopped when there is something of it and not yet half, on a disk with room for it, which is then taken away. On a busy
    // machine the moment may be missed: then once more.
    let script = r#"
mount -t tmpfs -o size=60m none small || exit 97
half=$(($(stat -c %s stellar.db) / 2))
while :; do
    nice -n 19 "$0" --config config.toml --quiet backup small/copy.db &
    until [ -s small/copy.db.partial ] || [ -e small/copy.db ]; do :; done
    kill -STOP $! 2>/dev/null
    [ -e small/copy.db ] || [ "$(stat -c %s small/copy.db.partial)" -gt "$half" ] || break
    kill -CONT $! 2>/dev/null
    wait $!
    rm -f small/copy.db
done
head -c 100m /dev/zero > small/filler 2>/dev/null
kill -CONT $!
wait $!; echo "exit $?"
ls small
rm small/filler
"$0" --config config.toml --quiet backup small/copy.db; echo "exit $?"
ls small
"#;
    let Some(run) = in_own_mounts(&stage, script) else { return };
    let told = "error: small/copy.db.partial: disk full (# B free of # MiB on DIR/small) while copying\n\
                hint: free space, or name a file on another disk; nothing was kept and nothing was changed\n";
    assert_eq!(masked_run(run), ended(0, "exit 3\nfiller\nexit 0\ncopy.db\n", told));
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let stage = collected();
    std::fs::create_dir(stage.path("fixed")).expect("a folder");
    let script = r#"
mount -t tmpfs -o ro none fixed || exit 97
"$0" --config config.toml backup fixed/copy.db; echo "exit $?"
"#;
    let Some(run) = in_own_mounts(&stage, script) else { return };
    let told = "error: fixed/copy.db.partial: cannot be made: read-only file system\n\
                hint: name a folder that you may write to; fixed is not one\n";
    assert_eq!(run, ended(0, "exit 3\n", told));
}

#[test]
fn people_of_the_group_make_backups_that_the_database_does_not_know_of() {
    const READER: u32 = 65_534;
    const GROUP: u32 = 54_321;
    let stage = collected();
    if std::os::unix::fs::chown(stage.database(), None, Some(GROUP)).is_err() {
        println!("not run: needs root, to become somebody else");
        return;
    }
    for name in ["", "config.toml", "stellar.db-wal", "stellar.db-shm"] {
        std::os::unix::fs::chown(stage.path(name), None, Some(GROUP)).expect("chown");
    }
    let program = stage.path("stellar");
    std::fs::copy(env!("CARGO_BIN_EXE_stellar"), &program).expect("a copy that everybody may run");
    let mode = |name: &str, mode: u32| {
        std::fs::set_permissions(stage.path(name), std::fs::Permissions::from_mode(mode)).expect("chmod");
    };
    mode("", 0o750);
    mode("stellar", 0o755);
    std::fs::create_dir(stage.path("own")).expect("a folder");
    std::os::unix::fs::chown(stage.path("own"), Some(READER), None).expect("chown");
    let own = stage.command(START, &["backup", "own/copy.db", "--json"]);
    let mut command = Command::new(&program);
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).args(own.get_args());
    command.current_dir(stage.folder()).uid(READER).gid(GROUP).stdin(Stdio::null());
    let run = stage.ended(command.output().expect("it starts"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.contains("\"noted\": false"), "{run:?}");
    assert_eq!(content(&stage.path("own/copy.db")), content(&stage.database()));
}
