use super::*;
use crate::store::PATIENCE;

const REWRITING: Migration = Migration { sql: "UPDATE targets SET name = upper(name);", rewrites: true };
const BROKEN: Migration = Migration { sql: "DELETE FROM targets; DELETE FROM nothing;", rewrites: true };
const ADDING: Migration = Migration { sql: "CREATE TABLE more (one INTEGER) STRICT;", rewrites: false };

fn first_of(more: Migration) -> Vec<Migration> {
    let released = MIGRATIONS.iter().map(|migration| Migration { sql: migration.sql, rewrites: migration.rewrites });
    released.chain([more]).collect()
}

/// A file of today's schema with a cluster in it.
fn file(folder: &Path) -> (Connection, PathBuf) {
    let path = folder.join("stellar.db");
    let mut connection = Connection::open(&path).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    prepare(&mut connection, &path).unwrap();
    connection.execute("INSERT INTO targets (name, first_seen) VALUES ('shop', 0)", []).unwrap();
    (connection, path)
}

fn name(connection: &Connection) -> String {
    connection.query_row("SELECT name FROM clusters", [], |row| row.get(0)).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

#[test]
fn a_migration_that_rewrites_keeps_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (mut connection, path) = file(folder.path());
    migrate(&mut connection, &path, &first_of(REWRITING)).unwrap();
    let (schema, day) = (MIGRATIONS.len(), today());
    assert_eq!((schema + 1, name(&connection)), (version(&connection).unwrap(), "SHOP".to_owned()));
    let kept = format!("stellar.db.bak-schema{schema}-{day}");
    assert_eq!(names(folder.path()), ["stellar.db", &kept]);
    let old = super::super::open_read_only(&folder.path().join(&kept)).unwrap();
    assert_eq!((schema, name(&old)), (version(&old).unwrap(), "shop".to_owned()));

    // Today's program names it to whoever opens the file that it can no longer read.
    let refused = super::super::open_read_only(&path).unwrap_err();
    let own = env!("CARGO_PKG_VERSION");
    let hint = format!(
        "use stellar >= {own}, or: stellar restore {}. The file was not changed",
        folder.path().join(kept).display()
    );
    assert_eq!(refused.hint, Some(hint));
}

#[test]
fn a_migration_that_adds_keeps_nothing_and_one_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut connection, path) = file(folder.path());
    assert!(migrate(&mut connection, &path, &first_of(BROKEN)).is_err());
    assert_eq!((MIGRATIONS.len(), name(&connection)), (version(&connection).unwrap(), "shop".to_owned()));
    std::fs::remove_file(beside(&path, &format!("{BEFORE}{}-{}", MIGRATIONS.len(), today()))).unwrap();
    migrate(&mut connection, &path, &first_of(ADDING)).unwrap();
    assert_eq!(
        (MIGRATIONS.len() + 1, names(folder.path())),
        (version(&connection).unwrap(), vec!["stellar.db".to_owned()])
    );
}

#[test]
fn a_file_that_cannot_be_kept_is_not_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let (mut connection, path) = file(folder.path());
    // Somebody else is writing it.
    let kept = beside(&path, &format!("{BEFORE}{}-{}", MIGRATIONS.len(), today()));
    let _other = Partial::create(&kept).unwrap();
    assert!(migrate(&mut connection, &path, &first_of(REWRITING)).is_err());
    assert_eq!((MIGRATIONS.len(), name(&connection)), (version(&connection).unwrap(), "shop".to_owned()));
}

#[test]
fn only_a_file_of_an_older_schema_is_due() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_due(&folder.path().join("none.db")));
    let (connection, path) = file(folder.path());
    assert!(!is_due(&path));
    connection.pragma_update(None, "user_version", 1).unwrap();
    // The file still says otherwise as long as that stands in the -wal.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert!(is_due(&path));
    connection.pragma_update(None, "user_version", MIGRATIONS.len() as i64).unwrap();
    assert!(!is_due(&path), "it stands in the -wal");
}
