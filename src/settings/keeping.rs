//! What of the history is kept besides the snapshots' retention: days, a size, a coarser step for what is older.

use std::time::Duration;

use super::durations::{RETENTION, STEP, spoken};
use super::forms::OrOff;
use super::reader::{Reader, Section};
use super::sizes::DATABASE_SIZE;

#[derive(Clone, Debug, PartialEq)]
pub struct Keeping {
    /// How long days are kept; None is for ever.
    pub daily: Option<Duration>,
    /// Bytes that the file may use.
    pub max_size: Option<u64>,
    /// None: snapshots stay as they were collected.
    pub thin_after: Option<Duration>,
    /// The step of snapshots that are older than that.
    pub thin_to: Duration,
}

impl Keeping {
    pub(super) fn read(reader: &Reader<'_>, section: &Section<'_, '_>, retention: Duration) -> Self {
        let keeping = Self {
            daily: section.value(
                "daily_retention_days",
                &OrOff(RETENTION),
                Some(Duration::from_secs(730 * 86_400)),
                "how long the figures of days are kept",
            ),
            max_size: section.value(
                "max_size",
                &OrOff(DATABASE_SIZE),
                None,
                "how large the database may become: then the oldest days of snapshots go before their time",
            ),
            thin_after: section.value(
                "thin_after",
                &OrOff(RETENTION),
                None,
                "from when on snapshots are kept at a coarser step",
            ),
            thin_to: section.value(
                "thin_to",
                &STEP,
                Duration::from_secs(300),
                "the step of thinned snapshots: averages of their time, increments summed",
            ),
        };
        if let Some(daily) = keeping.daily.filter(|daily| *daily < retention) {
            let key =
                if section.node("daily_retention_days").is_some() { "daily_retention_days" } else { "retention_days" };
            let message =
                format!("days are kept for {} and snapshots for {}, which is longer", spoken(daily), spoken(retention));
            let hint = "raise `daily_retention_days`: a day without its row would be folded again and again";
            reader.fault(section.place_of(key), message, hint);
        }
        if keeping.thin_after.is_some_and(|after| after >= retention) {
            let retention = spoken(retention);
            reader.warn(format!("`thin_after` thins nothing: snapshots are kept for {retention} only"));
        }
        keeping
    }
}
