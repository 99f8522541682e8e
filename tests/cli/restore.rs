//! A restore leaves the old database or the new one, both whole, and harms nobody who reads.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::backup::{collected, content, files};
use crate::common::replay::{Behaviour, Cluster, START};
use crate::program::{Stage, ended, lengthen, masked, rows, silent};
use crate::survive::{in_own_mounts, killed, length, moments};

/// 2026-11-22 02:28:58 UTC.
const KEPT: &str = "stellar.db.before-restore-20261122T022858";

/// A stage with a database, a backup of it, and a change after the backup.
fn changed_after_a_backup() -> (Stage, String, String) {
    let stage = collected();
    lengthen(&stage.database(), 500);
    assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
    let backed_up = content(&stage.path("copy.db"));
    change(&stage.database(), "changed");
    let changed = content(&stage.database());
    assert!(backed_up != changed);
    (stage, backed_up, changed)
}

fn change(database: &Path, name: &str) {
    let connection = Connection::open(database).expect("it opens");
    connection.execute("UPDATE targets SET name = ?1", [name]).expect("a change");
}

fn reader(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens")
}

fn name(connection: &Connection) -> String {
    rows(connection, "SELECT name, (SELECT count(*) FROM node_snapshots WHERE length(node) > 0) FROM clusters")
}

#[test]
fn the_backup_takes_the_place_and_what_it_replaced_is_beside_it() {
    let (stage, backed_up, changed) = changed_after_a_backup();
    std::fs::set_permissions(stage.database(), std::fs::Permissions::from_mode(0o660)).expect("chmod");
    let is_root = std::os::unix::fs::chown(stage.database(), Some(54_320), Some(54_321)).is_ok();
    let run = stage.run(START, &["restore", "copy.db"]);
    let told = format!(
        "kept    DIR/{KEPT}: the database as it was\n\
         restored DIR/stellar.db: copy of copy.db, # MiB, 1,521 rows in 20 tables, compared, in # ms\n"
    );
    assert_eq!((run.code, masked(&run.stdout), run.stderr.as_str()), (0, told, ""));
    assert_eq!(files(&stage), ["copy.db", "stellar.db", KEPT]);
    assert_eq!(content(&stage.database()), backed_up);
    assert_eq!(content(&stage.path(KEPT)), changed);
    let about = std::fs::metadata(stage.database()).expect("the database");
    assert_eq!(about.mode() & 0o7777, 0o660);
    if is_root {
        assert_eq!((about.uid(), about.gid()), (54_320, 54_321));
    }
}

#[test]
fn programs_get_the_same_in_json_and_two_restores_keep_two_files() {
    let (stage, ..) = changed_after_a_backup();
    for kept in [KEPT.to_owned(), format!("{KEPT}-2")] {
        let run = stage.run(START, &["restore", "copy.db", "--json"]);
        let document: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let parts = ["schema", "database", "file", "kept", "database_schema"].map(|key| document[key].clone());
        let expected =
            serde_json::json!([1, "DIR/stellar.db", "copy.db", format!("DIR/{kept}"), crate::schema::newest()]);
        assert_eq!(serde_json::json!(parts), expected);
        assert_eq!(document["rows"]["node_snapshots"], 1002);
    }
    assert_eq!(files(&stage), ["copy.db", "stellar.db", KEPT, &format!("{KEPT}-2")]);
}

#[test]
fn what_stands_in_the_log_only_is_kept_too_and_collections_go_on_with_the_restored_file() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
    // As long as somebody reads, the log is not taken into the file.
    let old = reader(&stage.database());
    let snapshots = "SELECT count(*) FROM metrics_snapshots";
    assert_eq!(rows(&old, snapshots), "1\n");
    assert_eq!(stage.run(START + 30, &["collect-once"]), silent());
    assert!(std::fs::metadata(stage.path("stellar.db-wal")).expect("the log").len() > 0);

    assert_eq!(stage.run(START, &["-q", "restore", "copy.db"]), silent());
    assert_eq!(rows(&reader(&stage.path(KEPT)), snapshots), "2\n");
    assert_eq!(rows(&reader(&stage.database()), snapshots), "1\n");
    // Whoever has the old file open goes on reading it, whatever happens to the new one.
    for run in 2..12 {
        assert_eq!(rows(&old, snapshots), "2\n");
        assert_eq!(stage.run(START + run * 30, &["collect-once"]), silent());
        assert_eq!(rows(&old, "PRAGMA integrity_check"), "ok\n");
    }
    assert_eq!(stage.rows(snapshots), "11\n");
    assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    drop(old);
    assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    assert_eq!(stage.rows(snapshots), "11\n");
}

#[test]
fn the_shm_of_a_replaced_file_that_a_killed_restore_left_does_no_harm() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
    lengthen(&stage.database(), 500);
    let old = reader(&stage.database());
    let nodes = "SELECT count(*), count(DISTINCT collected_at) FROM node_snapshots";
    assert_eq!(rows(&old, nodes), "1002|501\n");
    // What there is between the third and the fourth step: the new file, an empty log, the -shm that `old` uses.
    Connection::open(stage.database())
        .and_then(|writer| writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)))
        .map(|busy| assert_eq!(busy, 0))
        .expect("a checkpoint");
    std::fs::rename(stage.path("copy.db"), stage.database()).expect("the third step");
    for run in 1..5 {
        assert_eq!(stage.run(START + run * 30, &["collect-once"]), silent());
        assert_eq!(rows(&old, nodes), "1002|501\n");
        assert_eq!(rows(&old, "PRAGMA integrity_check"), "ok\n");
        assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    }
    assert_eq!(stage.rows(nodes), "10|5\n");
}

#[test]
fn what_is_no_backup_is_refused_and_the_database_not_changed() {
    let (stage, ..) = changed_after_a_backup();
    std::fs::write(stage.path("diary"), "dear diary\n".repeat(1000)).expect("it is written");
    std::fs::write(stage.path("empty"), "").expect("it is written");
    std::fs::create_dir(stage.path("folder")).expect("a folder");
    symlink(stage.database(), stage.path("link.db")).expect("a link");
    Connection::open(stage.path("foreign.db"))
        .and_then(|it| it.execute_batch("CREATE TABLE bookmarks (url TEXT);"))
        .expect("it is made");
    std::fs::copy(stage.path("copy.db"), stage.path("newer.db")).expect("a copy");
    Connection::open(stage.path("newer.db"))
        .and_then(|it| {
            it.execute_batch("PRAGMA user_version = 7; UPDATE info SET value = '3.1.0' WHERE name = 'written_by'")
        })
        .expect("it is made newer");
    let copy = std::fs::read(stage.path("copy.db")).expect("its bytes");
    std::fs::write(stage.path("short.db"), &copy[..copy.len() / 2]).expect("it is written");
    let before = std::fs::read(stage.database()).expect("its bytes");
    let unchanged = "hint: name a file that stellar backup made; the database was not changed\n";
    for (file, code, told) in [
        (
            "none.db",
            3,
            "none.db: there is no such file\nhint: name a backup that is there; the database was not changed\n"
                .to_owned(),
        ),
        ("link.db", 2, "link.db: is the database itself\nhint: name a backup: stellar restore FILE\n".to_owned()),
        ("diary", 3, format!("diary: is not an SQLite database\n{unchanged}")),
        ("empty", 3, format!("empty: there is nothing in it yet\n{unchanged}")),
        ("folder", 3, format!("folder: is a folder, not a database\n{unchanged}")),
        ("foreign.db", 3, format!("foreign.db: is a database of another program\n{unchanged}")),
        (
            "newer.db",
            3,
            format!(
                "newer.db has schema 7, this stellar {} knows up to {}; it was written by stellar 3.1.0\n\
                 hint: use stellar >= 3.1.0. The file was not changed\n",
                env!("CARGO_PKG_VERSION"),
                crate::schema::newest()
            ),
        ),
    ] {
        assert_eq!(stage.run(START, &["restore", file]), ended(code, "", format!("error: {told}")), "{file}");
    }
    // SQLite says in its own words how a file is damaged.
    let run = stage.run(START, &["restore", "short.db"]);
    assert!(run.code == 3 && run.stderr.starts_with("error: short.db: "), "{run:?}");
    assert!(run.stderr.contains("damaged") && run.stdout.is_empty(), "{run:?}");
    assert!(std::fs::read(stage.database()).expect("its bytes") == before);
    assert!(!files(&stage).iter().any(|name| name.contains("before-restore") || name.contains("partial")));
}

#[test]
fn a_file_of_another_program_is_not_replaced_and_a_damaged_database_is() {
    let (stage, backed_up, _) = changed_after_a_backup();
    Connection::open(stage.path("foreign.db"))
        .and_then(|it| it.execute_batch("CREATE TABLE bookmarks (url TEXT);"))
        .expect("it is made");
    let told = "error: DIR/foreign.db: is a database of another program\n\
                hint: name another file with [database] path or --db; this one was not changed\n";
    let foreign = stage.path("foreign.db").to_string_lossy().into_owned();
    assert_eq!(stage.run(START, &["--db", &foreign, "restore", "copy.db"]), ended(3, "", told));

    let rubbish = b"\xa5".repeat(100_000);
    std::fs::write(stage.database(), &rubbish).expect("it is damaged");
    std::fs::write(stage.path("stellar.db-wal"), &rubbish).expect("its log is damaged");
    assert_eq!(stage.run(START, &["-q", "restore", "copy.db"]), silent());
    assert_eq!(content(&stage.database()), backed_up);
    for kept in [KEPT, &format!("{KEPT}-wal")] {
        assert!(std::fs::read(stage.path(kept)).expect("it is kept") == rubbish, "{kept}");
    }
    assert_eq!(stage.run(START + 5, &["report"]).code, 0);
}

#[test]
fn without_a_database_the_backup_becomes_it_and_a_log_that_was_left_is_put_aside() {
    let (stage, backed_up, _) = changed_after_a_backup();
    std::fs::remove_file(stage.database()).expect("it is removed");
    let log = b"pages of the one that is gone".repeat(1000);
    std::fs::write(stage.path("stellar.db-wal"), &log).expect("it is written");
    assert_eq!(stage.run(START, &["-q", "restore", "copy.db"]), silent());
    assert_eq!(content(&stage.database()), backed_up);
    assert_eq!(files(&stage), ["copy.db", "stellar.db", &format!("{KEPT}-wal")]);
    assert!(std::fs::read(stage.path(&format!("{KEPT}-wal"))).expect("it is kept") == log);
    let mode = std::fs::metadata(stage.database()).expect("the database").mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn a_link_stays_a_link() {
    let (stage, backed_up, changed) = changed_after_a_backup();
    std::fs::create_dir(stage.path("disk")).expect("a folder");
    drop(Connection::open(stage.database()).and_then(|it| it.execute_batch("PRAGMA journal_mode = DELETE")));
    std::fs::rename(stage.database(), stage.path("disk/real.db")).expect("it is moved");
    symlink("disk/real.db", stage.database()).expect("a link");
    assert_eq!(stage.run(START, &["-q", "restore", "copy.db"]), silent());
    assert!(stage.database().symlink_metadata().expect("it is there").is_symlink());
    assert_eq!(content(&stage.path("disk/real.db")), backed_up);
    assert_eq!(content(&stage.path("disk").join(KEPT.replace("stellar.db", "real.db"))), changed);
}

#[test]
fn a_restore_waits_for_a_collection_and_no_collection_starts_meanwhile() {
    let cluster = Cluster::start(1, 0);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(stage.run(START, &["-q", "backup", "copy.db"]), silent());
    cluster.frontends[0].behave(Behaviour::Delay(Duration::from_secs(2)));
    cluster.forget();
    let mut command = stage.command(START + 30, &["collect-once"]);
    let first = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    while cluster.frontends[0].asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let told = format!(
        "error: another stellar is running: collect-once, pid {}, started 3 s ago (lock DIR/stellar.db.collect-once.lock)\n\
         hint: waited 100 ms in vain. Nothing was done\n",
        first.id()
    );
    assert_eq!(stage.run(START + 33, &["restore", "copy.db", "--wait", "100ms"]), ended(5, "", told));
    assert_eq!(stage.run(START + 33, &["-q", "restore", "copy.db"]), silent());
    assert_eq!(stage.ended(first.wait_with_output().expect("it ends")), silent());
    assert_eq!(stage.rows("SELECT count(*) FROM metrics_snapshots"), "1\n");

    // The locks of all who write are those of a restore.
    for writer in stellar::store::lock::WRITERS {
        let lock = std::fs::File::open(stage.path(&format!("stellar.db.{writer}.lock"))).expect("a lock");
        lock.lock().expect("it is taken");
        let run = stage.run(START, &["restore", "copy.db", "--wait", "1ms"]);
        assert!(run.code == 5 && run.stderr.contains(&format!("{writer}.lock")), "{run:?}");
    }
}

#[test]
fn somebody_else_who_writes_is_not_run_over() {
    let (stage, _, changed) = changed_after_a_backup();
    let writer = Connection::open(stage.database()).expect("it opens");
    writer.execute_batch("BEGIN IMMEDIATE; UPDATE targets SET name = 'in flight'").expect("a change");
    let told = "error: DIR/stellar.db: another program reads or writes it for more than 5 s\n\
                hint: see who: fuser -v DIR/stellar.db; the database was not changed\n";
    assert_eq!(stage.run(START, &["restore", "copy.db"]), ended(3, "", told));
    writer.execute_batch("ROLLBACK").expect("it is rolled back");
    assert_eq!(files(&stage), ["copy.db", "stellar.db"]);
    assert!(content(&stage.database()) == changed);
}

#[test]
fn killed_at_any_moment_a_restore_leaves_the_old_database_or_the_new_one() {
    let (stage, backed_up, changed) = changed_after_a_backup();
    assert_eq!(stage.run(START, &["-q", "backup", "changed.db"]), silent());
    let restore = |file: &str| assert_eq!(stage.run(START, &["-q", "restore", file]), silent());
    let whole = length(|| restore("copy.db"));
    let (moments, mut replaced) = (moments(), 0);
    for moment in &moments {
        // The old one, with something in its log that is not in the file.
        restore("copy.db");
        let old = reader(&stage.database());
        assert!(name(&old).starts_with("shop|"));
        change(&stage.database(), "changed");
        killed(stage.command(START + 1, &["restore", "copy.db"]), whole.mul_f64(*moment));
        let found = content(&stage.database());
        assert!(found == backed_up || found == changed, "moment {moment}");
        assert!(name(&old).starts_with("changed|"), "moment {moment}");
        assert_eq!(rows(&old, "PRAGMA integrity_check"), "ok\n");
        replaced += usize::from(found == backed_up);
        if found == backed_up {
            assert!(content(&stage.path(&KEPT.replace("58", "59"))) == changed, "moment {moment}");
        }
        for name in files(&stage).iter().filter(|name| name.contains("before-restore")) {
            std::fs::remove_file(stage.path(name)).expect("it is removed");
        }
    }
    assert!(replaced < moments.len(), "nothing was killed early");
    restore("changed.db");
    assert!(content(&stage.database()) == changed);
    assert_eq!(files(&stage), ["changed.db", "copy.db", "stellar.db", KEPT]);
}

#[test]
fn a_disk_that_is_too_small_or_fills_up_leaves_the_database_as_it_was() {
    let (stage, _, changed) = changed_after_a_backup();
    lengthen(&stage.path("copy.db"), 20_000);
    std::fs::create_dir(stage.path("small")).expect("a folder");
    let script = r#"
mount -t tmpfs -o size=60m none small || exit 97
cp stellar.db small/
restore="$0 --config config.toml --db small/stellar.db restore copy.db"
head -c 50m /dev/zero > small/filler
$restore; echo "exit $?"
ls small | grep -v lock
rm small/filler
# Stopped when not half of it is copied; on a busy machine that may be missed: then once more.
half=$(($(stat -c %s copy.db) / 2))
while :; do
    nice -n 19 $restore &
    until [ -s small/stellar.db.partial ] || ! kill -0 $! 2>/dev/null; do :; done
    kill -STOP $! 2>/dev/null
    [ "$(stat -c %s small/stellar.db.partial 2>/dev/null || echo "$half")" -lt "$half" ] && break
    kill -CONT $! 2>/dev/null
    wait $!
    rm -rf small/*
    cp stellar.db small/
done
head -c 100m /dev/zero > small/filler 2>/dev/null
kill -CONT $!
wait $!; echo "exit $?"
ls small | grep -v lock
cp small/stellar.db after.db
"#;
    let Some(run) = in_own_mounts(&stage, script) else { return };
    let left = "filler\nstellar.db\n";
    let told = "error: DIR/small/stellar.db.partial: needs # MiB, and there is not that much room: # MiB free of # MiB on DIR/small\n\
                hint: free space, or name a file on another disk; nothing was done\n\
                error: DIR/small/stellar.db.partial: disk full (# B free of # MiB on DIR/small) while copying\n\
                hint: free space, or name a file on another disk; nothing was kept and nothing was changed\n";
    assert_eq!(
        (run.code, run.stdout, masked(&run.stderr)),
        (0, format!("exit 3\n{left}exit 3\n{left}"), told.to_owned())
    );
    assert!(content(&stage.path("after.db")) == changed);
}
