//! The calendar in UTC, of unix seconds.

use jiff::Timestamp;
use jiff::tz::TimeZone;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DatePart {
    Year,
    Month,
    DayOfMonth,
    /// Sunday is 0.
    DayOfWeek,
    /// From 1.
    DayOfYear,
    DaysInMonth,
    Hour,
    Minute,
}

/// The calendar repeats after so many seconds, weekdays included.
const FOUR_CENTURIES: i64 = 146_097 * 86_400;

impl DatePart {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "year" => Self::Year,
            "month" => Self::Month,
            "day_of_month" => Self::DayOfMonth,
            "day_of_week" => Self::DayOfWeek,
            "day_of_year" => Self::DayOfYear,
            "days_in_month" => Self::DaysInMonth,
            "hour" => Self::Hour,
            "minute" => Self::Minute,
            _ => return None,
        })
    }

    /// Of what is no moment, NaN and infinities, NaN; Prometheus has there what the processor makes of them.
    pub fn of(self, seconds: f64) -> f64 {
        // Beyond this the seconds do not fit their integer.
        if seconds.is_nan() || seconds.abs() >= 9.2e18 {
            return f64::NAN;
        }
        let seconds = seconds as i64;
        // The library ends with the year 9999; within these four centuries every moment has a twin.
        let Ok(twin) = Timestamp::from_second(seconds.rem_euclid(FOUR_CENTURIES)) else { return f64::NAN };
        let twin = TimeZone::UTC.to_datetime(twin);
        let date = twin.date();
        match self {
            Self::Year => (i64::from(date.year()) + 400 * seconds.div_euclid(FOUR_CENTURIES)) as f64,
            Self::Month => f64::from(date.month()),
            Self::DayOfMonth => f64::from(date.day()),
            Self::DayOfWeek => f64::from(date.weekday().to_sunday_zero_offset()),
            Self::DayOfYear => f64::from(date.day_of_year()),
            Self::DaysInMonth => f64::from(date.days_in_month()),
            Self::Hour => f64::from(twin.hour()),
            Self::Minute => f64::from(twin.minute()),
        }
    }
}
