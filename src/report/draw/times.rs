//! Round moments of an axis of time as the clocks on the wall show them: also on the days when the clocks are set.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};

use crate::sample::Millis;

/// A round moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub at: Millis,
    /// `14:00`, or the date where a day begins.
    pub label: String,
}

/// From one round moment to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Seconds(i64),
    Days(i64),
    Months(i64),
}

const DAY: i64 = 86_400;
const MONTH: i64 = 30 * DAY;

const STEPS: [Step; 32] = {
    use Step::{Days, Months, Seconds};
    [
        Seconds(1),
        Seconds(2),
        Seconds(5),
        Seconds(10),
        Seconds(15),
        Seconds(30),
        Seconds(60),
        Seconds(120),
        Seconds(300),
        Seconds(600),
        Seconds(900),
        Seconds(1_800),
        Seconds(3_600),
        Seconds(7_200),
        Seconds(10_800),
        Seconds(21_600),
        Seconds(43_200),
        Days(1),
        Days(2),
        Days(7),
        Days(14),
        Months(1),
        Months(2),
        Months(3),
        Months(6),
        Months(12),
        Months(24),
        Months(60),
        Months(120),
        Months(600),
        Months(1_200),
        Months(12_000),
    ]
};

/// Ours, so that one wrong time zone or range ends a loop and not the program.
const MOST: usize = 1_000;

/// The round moments of the range, about `most` of them at most; none of a range that no calendar knows.
pub fn ticks(since: Millis, until: Millis, zone: &TimeZone, most: usize) -> Vec<Tick> {
    let found = || {
        let first = Timestamp::from_millisecond(since).ok()?.to_zoned(zone.clone());
        Timestamp::from_millisecond(until).ok()?;
        let span = until.checked_sub(since)?.max(0);
        let fits = |step: &Step| step.millis().saturating_mul(i64::try_from(most.max(1)).unwrap_or(1)) >= span;
        let step = STEPS.into_iter().find(fits)?;
        let mut wall = step.round_down(first.datetime())?;
        let mut ticks: Vec<Tick> = Vec::new();
        for _ in 0..MOST {
            let Some(zoned) = wall.to_zoned(zone.clone()).ok() else { break };
            let at = zoned.timestamp().as_millisecond();
            if at > until {
                break;
            }
            // An hour that the clocks leave out has no round moment, but each day has a beginning.
            let is_there = zoned.datetime() == wall || wall.time() == Time::midnight();
            if is_there && at >= since && ticks.last().is_none_or(|last| last.at < at) {
                ticks.push(Tick { at, label: step.label(wall) });
            }
            let Some(next) = step.after(wall) else { break };
            wall = next;
        }
        Some(ticks)
    };
    found().unwrap_or_default()
}

impl Step {
    fn millis(self) -> Millis {
        1_000
            * match self {
                Self::Seconds(seconds) => seconds,
                Self::Days(days) => days * DAY,
                Self::Months(months) => months * MONTH,
            }
    }

    fn round_down(self, wall: DateTime) -> Option<DateTime> {
        let date = wall.date();
        match self {
            Self::Seconds(step) => {
                let time = wall.time();
                let seconds = i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
                date.to_datetime(Time::midnight()).checked_add((seconds - seconds % step).seconds()).ok()
            }
            Self::Days(step) => {
                // Weeks begin on a Monday: 1970-01-05 was one.
                let days = i64::from((date - Date::constant(1970, 1, 5)).get_days());
                date.checked_sub(days.rem_euclid(step).days()).ok().map(|date| date.to_datetime(Time::midnight()))
            }
            Self::Months(step) => {
                let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
                let first = date.first_of_month().to_datetime(Time::midnight());
                first.checked_sub(months.rem_euclid(step).months()).ok()
            }
        }
    }

    fn after(self, wall: DateTime) -> Option<DateTime> {
        match self {
            Self::Seconds(step) => wall.checked_add(SignedDuration::from_secs(step)),
            Self::Days(step) => wall.checked_add(step.days()),
            Self::Months(step) => wall.checked_add(step.months()),
        }
        .ok()
    }

    fn label(self, wall: DateTime) -> String {
        let (date, time) = (wall.date(), wall.time());
        let form = match self {
            Self::Months(step) if step % 12 == 0 => "%Y",
            Self::Months(_) => "%Y-%m",
            _ if time == Time::midnight() && date.day_of_year() == 1 => "%Y-%m-%d",
            _ if time == Time::midnight() => "%m-%d",
            Self::Seconds(step) if step < 60 => "%H:%M:%S",
            _ => "%H:%M",
        };
        wall.strftime(form).to_string()
    }
}

/// A moment in the zone.
pub fn zoned(at: Millis, zone: &TimeZone) -> Option<Zoned> {
    Timestamp::from_millisecond(at).ok().map(|stamp| stamp.to_zoned(zone.clone()))
}

/// A moment in the zone as `form` has it, `?` if no calendar knows it.
pub fn told(at: Millis, zone: &TimeZone, form: &str) -> String {
    zoned(at, zone).map_or_else(|| "?".to_owned(), |zoned| zoned.strftime(form).to_string())
}

/// What there is to add to UTC, in seconds, from the beginning of the range and from each moment when that changes.
pub fn offsets(since: Millis, until: Millis, zone: &TimeZone) -> Vec<(Millis, i32)> {
    let Ok(first) = Timestamp::from_millisecond(since) else { return Vec::new() };
    let later = zone.following(first).map(|change| (change.timestamp().as_millisecond(), change.offset().seconds()));
    let later = later.take_while(|(at, _)| *at <= until).take(MOST);
    std::iter::once((since, zone.to_offset(first).seconds())).chain(later).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(since: &str, until: &str, zone: &str, most: usize) -> String {
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment").as_millisecond();
        let ticks = ticks(at(since), at(until), &TimeZone::get(zone).expect("a zone"), most);
        ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn moments_are_round_on_the_wall_and_midnight_has_the_date() {
        let cases = [
            ("2026-11-21T02:16:00Z", "2026-11-22T02:16:00Z", 8, "12:00 15:00 18:00 21:00 11-22 03:00 06:00 09:00"),
            ("2026-11-21T02:16:00Z", "2026-11-21T02:17:00Z", 5, "10:16:00 10:16:15 10:16:30 10:16:45 10:17:00"),
            ("2026-12-30T02:16:00Z", "2027-01-03T02:16:00Z", 5, "12-31 2027-01-01 01-02 01-03"),
            ("2026-09-21T02:16:00Z", "2026-11-22T02:16:00Z", 9, "09-28 10-05 10-12 10-19 10-26 11-02 11-09 11-16"),
            ("2026-01-21T02:16:00Z", "2026-11-22T02:16:00Z", 6, "2026-03 2026-05 2026-07 2026-09 2026-11"),
            ("2016-01-21T02:16:00Z", "2026-11-22T02:16:00Z", 6, "2018 2020 2022 2024 2026"),
        ];
        for (since, until, most, expected) in cases {
            assert_eq!(shown(since, until, "Asia/Shanghai", most), expected);
        }
    }

    #[test]
    fn days_on_which_the_clocks_are_set_have_round_moments_too() {
        let spring = shown("2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z", "Europe/Berlin", 8);
        assert_eq!(spring, "03-29 01:00 03:00 04:00 05:00 06:00 07:00");
        let autumn = shown("2026-10-24T22:00:00Z", "2026-10-25T05:00:00Z", "Europe/Berlin", 8);
        assert_eq!(autumn, "10-25 01:00 02:00 03:00 04:00 05:00 06:00");
        // The day begins at one o'clock.
        let no_midnight = shown("2026-04-23T12:00:00Z", "2026-04-24T12:00:00Z", "Africa/Cairo", 4);
        assert_eq!(no_midnight, "18:00 04-24 06:00 12:00");
    }

    #[test]
    fn a_range_that_no_calendar_knows_has_none() {
        for (since, until) in [(i64::MIN, i64::MAX), (0, i64::MAX), (5_000, 1_000)] {
            assert_eq!(ticks(since, until, &TimeZone::UTC, 5), []);
        }
        assert_eq!(told(i64::MAX, &TimeZone::UTC, "%Y"), "?");
        assert!(offsets(i64::MIN, 0, &TimeZone::UTC).is_empty());
    }

    #[test]
    fn offsets_change_with_the_clocks() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment").as_millisecond();
        let (since, change) = (at("2026-10-24T22:00:00Z"), at("2026-10-25T01:00:00Z"));
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        assert_eq!(offsets(since, change + 1, &zone), [(since, 7_200), (change, 3_600)]);
    }
}
