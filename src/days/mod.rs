//! Days of a calendar: where they begin and end in a zone, and how the snapshots of one become one row.

pub mod fold;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::sample::Millis;

/// A day of a zone's calendar: 23, 24 or 25 hours, or whatever its zone makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    pub date: Date,
    /// Unix milliseconds; the first moment of the day.
    pub begins_at: Millis,
    /// The first moment of the next one.
    pub ends_at: Millis,
}

impl Day {
    /// None for a date at the very end of the calendar.
    pub fn on(date: Date, zone: &TimeZone) -> Option<Self> {
        let begins_at = midnight(date, zone)?;
        Some(Self { date, begins_at, ends_at: midnight(date.tomorrow().ok()?, zone)? })
    }

    /// The day to which a snapshot belongs: the interval it tells of counts for the day in which it ended.
    pub fn of_snapshot(at: Millis, zone: &TimeZone) -> Option<Self> {
        let moment = Timestamp::from_millisecond(at).ok()?.to_zoned(zone.clone());
        Self::on(moment.date(), zone)
    }

    /// As in the database: `2026-11-22`.
    pub fn name(&self) -> String {
        self.date.to_string()
    }
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Millis> {
    // Where a clock change skips midnight the day begins with the first moment there is.
    date.to_zoned(zone.clone()).ok()?.start_of_day().ok().map(|begin| begin.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str, date: &str) -> f64 {
        let day = Day::on(date.parse().unwrap(), &TimeZone::get(zone).unwrap()).unwrap();
        (day.ends_at - day.begins_at) as f64 / 3_600_000.0
    }

    #[test]
    fn a_day_is_as_long_as_its_zone_makes_it() {
        assert_eq!(hours("Asia/Shanghai", "2026-11-22"), 24.0);
        assert_eq!(hours("Europe/Berlin", "2026-03-29"), 23.0);
        assert_eq!(hours("Europe/Berlin", "2026-10-25"), 25.0);
        // Clocks go from 23:59:59 to 01:00.
        assert_eq!(hours("Africa/Cairo", "2026-04-24"), 23.0);
        assert_eq!(hours("Australia/Lord_Howe", "2026-10-04"), 23.5);
    }

    #[test]
    fn a_moment_belongs_to_the_day_of_its_zone() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let day = Day::of_snapshot(1_795_276_800_000, &zone).unwrap();
        assert_eq!(
            (day.name().as_str(), day.begins_at, day.ends_at),
            ("2026-11-22", 1_795_276_800_000, 1_795_363_200_000)
        );
        assert_eq!(Day::of_snapshot(1_795_276_799_999, &zone).unwrap().name(), "2026-11-21");
    }
}
