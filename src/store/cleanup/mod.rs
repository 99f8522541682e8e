//! What leaves the history: first a plan that touches nothing, then exactly that plan, in transactions so short that a
//! collection hardly waits for one.
//!
//! Snapshots older than the limit go, but never those of a day that still wants to be aggregated. The records of fetches go
//! with the runs that no snapshot refers to any more, endpoints after the last of them. Killed between two transactions, the next run plans anew what is left.

mod endpoints;
mod pace;
mod plan;
mod remove;
mod space;
mod thin;
mod weigh;

use std::time::Instant;

use jiff::tz::TimeZone;

use super::Store;
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::failure::Failure;
use crate::sample::Millis;

pub use plan::{Because, Held, Plan, Size, TargetPlan, Thinning};
pub use space::Space;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish<'w> {
    pub zone: &'w TimeZone,
    pub now: Millis,
    /// Snapshots before this moment go.
    pub before: Millis,
    /// Days before the one of this moment go; None keeps them all.
    pub daily_before: Option<Millis>,
    /// Remembered readings before this moment go.
    pub readings_before: Millis,
    /// Bytes that the file may use.
    pub max_size: Option<i64>,
    pub thin: Option<Thin>,
    /// Days that want to be aggregated count as if they were: for a plan of what comes after.
    pub as_if_aggregated: bool,
    /// Whether to tell how many bytes would become free, which reads a part of the file.
    pub weigh: bool,
}

/// A coarser step for what is old.
#[derive(Clone, Copy, Debug)]
pub struct Thin {
    /// Days that ended by then.
    pub before: Millis,
    pub step: Millis,
}

/// A range of moments, the second one excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Millis,
    pub to: Millis,
}

/// What a run did of its plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub snapshots: i64,
    pub runs: i64,
    pub days: i64,
    /// Snapshots that were looked at for thinning, and how many were left of them.
    pub thinned: i64,
    pub thinned_to: i64,
    /// The time was up before all of the plan was done.
    pub unfinished: bool,
}

/// Whether the time is up.
fn is_over(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() >= until)
}

fn day_of(at: Millis, zone: &TimeZone) -> Option<Day> {
    Day::of_snapshot(at, zone)
}

impl Store {
    /// The newest snapshot before the clock took a step of more than a day: what is "old" then is in doubt. None when the
    /// clock and the snapshots agree, and after a day of collections with the new time.
    pub fn clock_doubt(&self, now: Millis) -> Result<Option<Millis>, Failure> {
        plan::clock_doubt(&self.connection, now).map_err(|error| self.explain(&error))
    }

    /// How many runs there are after a moment; 2 stands for more.
    pub fn runs_since(&self, at: Millis) -> Result<i64, Failure> {
        let text = "SELECT count(*) FROM (SELECT 1 FROM runs WHERE started_at > ?1 LIMIT 2)";
        self.connection.query_row(text, [at], |row| row.get(0)).map_err(|error| self.explain(&error))
    }

    /// What would go, and what is held.
    pub fn plan_cleanup(&self, wish: &Wish, catalogue: &Catalogue) -> Result<Plan, Failure> {
        plan::plan(&self.connection, wish, catalogue).map_err(|error| self.explain(&error))
    }
}
