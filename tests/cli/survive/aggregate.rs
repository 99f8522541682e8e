//! `aggregate-daily`, killed and stopped: a day is there as a whole, as it was before or as it is after.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{AFTERWARDS, ROWS_A_DAY, assert_sound, copy, days, history, killed, length, moments, stopped};
use crate::program::{Stage, ended};

const FILE: &[&str] = &["stellar.db"];

/// What an undisturbed run says.
const TOLD: &str = "\
2026-11-16  ads  164 of 144 samples (100%), 3 nodes, again: snapshots came to it
2026-11-16  shop  164 of 144 samples (100%), 3 nodes, again: snapshots came to it
2026-11-16  etl  164 of 144 samples (100%), 1 label set, again: snapshots came to it
2026-11-17  ads  144 of 144 samples (100%), 3 nodes
2026-11-17  shop  144 of 144 samples (100%), 3 nodes
2026-11-17  etl  144 of 144 samples (100%), 1 label set
2026-11-18  ads  144 of 144 samples (100%), 3 nodes
2026-11-18  shop  144 of 144 samples (100%), 3 nodes
2026-11-18  etl  144 of 144 samples (100%), 1 label set
2026-11-19  ads  144 of 144 samples (100%), 3 nodes
2026-11-19  shop  144 of 144 samples (100%), 3 nodes
2026-11-19  etl  144 of 144 samples (100%), 1 label set
12 days stored
";

struct Days {
    base: Stage,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
}

impl Days {
    fn new() -> Self {
        let base = history();
        let undisturbed = copy(&base, FILE);
        assert_eq!(undisturbed.run(AFTERWARDS, &["aggregate-daily"]), ended(0, TOLD, ""));
        let (before, after) = (days(&base.open()), days(&undisturbed.open()));
        assert_eq!((before.len(), after.len()), (2, 5));
        assert!(after.values().all(|rows| rows.lines().count() == ROWS_A_DAY));
        Self { base, before, after }
    }

    /// How many days are as the run makes them; each of the others is as it was.
    fn done(&self, connection: &Connection) -> usize {
        assert_sound(connection);
        let stored = days(connection);
        let done: Vec<bool> = self.after.iter().map(|(day, rows)| stored.get(day) == Some(rows)).collect();
        for (day, done) in self.after.keys().zip(&done) {
            assert!(*done || stored.get(day) == self.before.get(day), "{day} is neither as it was nor as it is made");
        }
        // Oldest first; the first day has nothing to be done.
        assert!(done.windows(2).all(|pair| pair[0] || !pair[1]), "{done:?}");
        done.into_iter().filter(|done| *done).count()
    }
}

#[test]
fn killed_at_any_moment_it_leaves_whole_days_and_the_next_run_makes_the_others() {
    let days = Days::new();
    let undisturbed = copy(&days.base, FILE);
    let whole = length(|| assert_eq!(undisturbed.run(AFTERWARDS, &["aggregate-daily"]).code, 0));
    let mut in_the_middle = 0;
    for moment in moments() {
        let stage = copy(&days.base, FILE);
        killed(stage.command(AFTERWARDS, &["aggregate-daily"]), whole.mul_f64(moment));
        in_the_middle += usize::from((2..5).contains(&days.done(&stage.open())));
        assert_eq!(stage.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
        assert_eq!(days.done(&stage.open()), 5, "at {moment}");
    }
    println!("{in_the_middle} were killed between their first and their last day");
}

#[test]
fn a_copy_taken_while_it_stands_still_has_whole_days() {
    let days = Days::new();
    let undisturbed = copy(&days.base, FILE);
    let whole = length(|| assert_eq!(undisturbed.run(AFTERWARDS, &["aggregate-daily"]).code, 0));
    for moment in moments() {
        let stage = copy(&days.base, FILE);
        let mut taken = None;
        let run = stopped(&stage, stage.command(AFTERWARDS, &["aggregate-daily"]), whole.mul_f64(moment), || {
            let log = stage.path("stellar.db-wal").exists();
            taken = Some(copy(&stage, if log { &["stellar.db", "stellar.db-wal"] } else { FILE }));
        });
        assert_eq!(run, ended(0, TOLD, ""));
        let taken = taken.expect("a copy");
        days.done(&taken.open());
        assert_eq!(taken.run(AFTERWARDS, &["aggregate-daily"]).code, 0);
        assert_eq!(days.done(&taken.open()), 5, "at {moment}");
    }
}
