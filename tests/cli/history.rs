//! A past for a database: what its newest run stored, once more at later moments, with figures that move.

use rusqlite::{Connection, params};

use crate::program::{Stage, columns, silent};

/// Collects at `first` (unix seconds), then repeats that run every `step` seconds, `times` times.
pub fn make(stage: &Stage, first: i64, step: i64, times: i64) {
    assert_eq!(stage.run(first, &["collect-once"]), silent());
    let mut connection = Connection::open(stage.database()).expect("it opens");
    let transaction = connection.transaction().expect("it begins");
    let tables = [
        ("runs", "id", "started_at", "started_at"),
        ("good_fetches", "run_id", "run_id", ""),
        ("failed_fetches", "run_id", "run_id, started_at", "started_at"),
        ("metrics_snapshots", "run_id", "run_id, collected_at", "collected_at"),
        ("node_snapshots", "", "collected_at", "collected_at"),
        ("batch_snapshots", "", "collected_at, run_id", "collected_at"),
    ];
    for (table, run, own, time) in tables {
        let own: Vec<&str> = own.split(", ").collect();
        let kept = columns(&transaction, table, &["id", "run_id", "started_at", "collected_at"]);
        // Only the snapshot of an application as a whole has it.
        let value = |name: &&str| if *name == "run_id" { "iif(run_id IS NULL, NULL, ?2)" } else { "?1" };
        let values: Vec<&str> = own.iter().map(value).collect();
        let source = match run {
            "" => format!("{time} = ?3"),
            run => format!("{run} = 1 AND ?3 = ?3"),
        };
        let text = format!(
            "INSERT INTO {table} ({}, {kept}) SELECT {}, {kept} FROM {table} WHERE {source} AND ?2 = ?2",
            own.join(", "),
            values.join(", "),
        );
        let mut statement = transaction.prepare(&text).expect("it is understood");
        for slot in 1..=times {
            statement.execute(params![(first + slot * step) * 1000, slot + 1, first * 1000]).expect("it is stored");
        }
    }
    let last = (first + times * step) * 1000;
    transaction.execute("UPDATE targets SET last_collected_at = ?1, last_answer = ?1", [last]).expect("it is stored");
    transaction.commit().expect("it is stored");
}

/// Gives every metric a value of its own at every moment, whole numbers and fractions.
pub fn stir(stage: &Stage) {
    let connection = Connection::open(stage.database()).expect("it opens");
    let keys = ["cluster_id", "node", "collected_at", "run_id", "interval_ms", "answered", "merged", "covered_ms"];
    let of_batches = ["application_id", "database", "table", "test_name", "ended", "idle"];
    for table in ["metrics_snapshots", "node_snapshots", "batch_snapshots"] {
        let without = [keys.as_slice(), &of_batches, &["instance", "role", "version"]].concat();
        let names = columns(&connection, table, &without);
        let set = names.split(", ").enumerate();
        let set = set.map(|(index, name)| {
            format!(
                "{name} = (collected_at / 1000 * {} % 1009) / {}",
                7 + index,
                if index % 2 == 0 { "1.0" } else { "16.0" }
            )
        });
        let set = set.collect::<Vec<_>>().join(", ");
        connection.execute(&format!("UPDATE {table} SET {set}"), []).expect("it is stored");
    }
}

/// Runs text on the database as somebody with `sqlite3` would.
pub fn change(stage: &Stage, text: &str) {
    Connection::open(stage.database()).and_then(|it| it.execute_batch(text)).expect("it is done");
}

/// The file is whole, nothing points nowhere, and every snapshot has all of its nodes.
pub fn assert_whole(stage: &Stage) {
    assert_eq!(stage.rows("PRAGMA integrity_check"), "ok\n");
    assert_eq!(stage.rows("PRAGMA foreign_key_check"), "");
    let odd = "SELECT cluster_id, collected_at FROM metrics_snapshots
               WHERE (SELECT count(*) FROM node_snapshots
                      WHERE node_snapshots.cluster_id = metrics_snapshots.cluster_id
                        AND node_snapshots.collected_at = metrics_snapshots.collected_at)
                     <> (SELECT count(DISTINCT node) FROM node_snapshots
                         WHERE node_snapshots.cluster_id = metrics_snapshots.cluster_id)";
    assert_eq!(stage.rows(odd), "");
    let lone = "SELECT count(*) FROM node_snapshots WHERE NOT EXISTS
                (SELECT 1 FROM metrics_snapshots WHERE metrics_snapshots.cluster_id = node_snapshots.cluster_id
                   AND metrics_snapshots.collected_at = node_snapshots.collected_at)";
    assert_eq!(stage.rows(lone), "0\n");
    let batches = "SELECT application_id, collected_at, max(database || \"table\" || test_name = '') AS has_own, count(*) - 1 AS parts,
                          max(answered) AS answered
                   FROM batch_snapshots GROUP BY 1, 2";
    let odd = format!("SELECT * FROM ({batches}) WHERE NOT has_own OR parts > 0 AND NOT answered");
    assert_eq!(stage.rows(&odd), "");
}
