//! The one grammar of moments, in every flag that takes one: `now`, `2h` (ago), `yesterday`, `2026-11-21 14:00`,
//! `14:00`, `@1795313000`, RFC 3339.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

use super::durations::{AGE, Refused};
use super::words::quoted;
use crate::sample::Millis;

/// What a moment is reckoned from.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// From [`crate::clock`].
    pub now: Millis,
    /// Where days begin.
    pub zone: TimeZone,
}

/// The years 1970 to 9999.
const REACH: std::ops::RangeInclusive<Millis> = 0..=253_402_300_799_999;

impl Calendar {
    /// Unix milliseconds of a moment. A date is the beginning of its day; a time of day without a date is the last such
    /// moment; `2h`, `-2h` and `2 hours ago` are the same, a day being 24 hours there. A time that clocks skipped in
    /// spring is the one after, of two equal ones in autumn it is the first.
    pub fn parse(&self, text: &str) -> Result<Millis, Refused> {
        let text = text.trim();
        let refused =
            |why: &str, hint: &str| Refused { message: format!("is {}; {why}", quoted(text)), hint: hint.into() };
        if text.is_empty() {
            return Err(Refused { message: "is empty".into(), hint: EXAMPLES.into() });
        }
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(refused(
                "a number alone may be many things",
                "write \"@1795313000\" for unix seconds, \"90s\" for an age",
            ));
        }
        let moment = match self.named(text).or_else(|| self.written(text)) {
            Some(moment) => moment,
            None if is_ago(text) => self.ago(text)?,
            None => return Err(refused("that is not a moment", EXAMPLES)),
        };
        moment.filter(|moment| REACH.contains(moment)).ok_or_else(|| {
            let seconds =
                text.strip_prefix('@').and_then(|millis| millis.parse::<f64>().ok()).map(|millis| millis / 1e3);
            let hint = match seconds.filter(|seconds| unix(*seconds).is_some()) {
                Some(seconds) => format!("if these are milliseconds, write \"@{seconds}\""),
                None => EXAMPLES.to_owned(),
            };
            refused("there is no such moment between 1970 and the year 9999", &hint)
        })
    }

    /// The end of a range that begins at `since`: like [`Calendar::parse`], but a time of day without a date is the next
    /// such moment from there on, so that `09:00` to `10:00` is an hour at any time, and `22:00` to `06:00` a night.
    pub fn parse_end(&self, text: &str, since: Millis) -> Result<Millis, Refused> {
        let next = time_of_day(text.trim()).and_then(|time| {
            let day = Timestamp::from_millisecond(since).ok()?.to_zoned(self.zone.clone()).date();
            let on = |day: Date| self.of(day.to_datetime(time)).filter(|moment| *moment >= since);
            on(day).or_else(|| on(day.tomorrow().ok()?))
        });
        next.filter(|moment| REACH.contains(moment)).map_or_else(|| self.parse(text), Ok)
    }

    /// Whether a text says how long ago: such a moment is none that clocks show.
    pub fn is_age(text: &str) -> bool {
        is_ago(text.trim())
    }

    fn here(&self) -> Option<Zoned> {
        Timestamp::from_millisecond(self.now).ok().map(|now| now.to_zoned(self.zone.clone()))
    }

    /// Words, `@SECONDS` and times of day. The inner `None` is a moment that does not exist.
    fn named(&self, text: &str) -> Option<Option<Millis>> {
        if let Some(seconds) = text.strip_prefix('@') {
            return seconds.parse().ok().map(unix);
        }
        let days_ago = |days: i64, time: Time| {
            self.here().and_then(|here| self.of(here.date().checked_sub(days.days()).ok()?.to_datetime(time)))
        };
        let words = text.to_ascii_lowercase();
        let (day, time) = match words.split_once(' ') {
            Some((day, time)) => (day, time_of_day(time.trim_start())),
            None => (words.as_str(), Some(Time::midnight())),
        };
        Some(match (day, time) {
            ("now", _) if words == "now" => Some(self.now),
            ("today", Some(time)) => days_ago(0, time),
            ("yesterday", Some(time)) => days_ago(1, time),
            _ => return self.last_time_of_day(text),
        })
    }

    fn last_time_of_day(&self, text: &str) -> Option<Option<Millis>> {
        let time = time_of_day(text)?;
        let at = |day: Date| self.of(day.to_datetime(time));
        Some(self.here().and_then(|here| {
            let today = at(here.date()).filter(|moment| *moment <= self.now);
            today.or_else(|| at(here.date().yesterday().ok()?))
        }))
    }

    /// Dates, with and without a time of day and a zone.
    fn written(&self, text: &str) -> Option<Option<Millis>> {
        // What reports print has a blank before the zone.
        let joined = text.rsplit_once(' ').filter(|(_, zone)| zone.starts_with(['+', '-', 'Z', 'z']));
        let joined = joined.map_or(text.to_owned(), |(moment, zone)| format!("{moment}{zone}"));
        if let Ok(moment) = joined.parse::<Timestamp>() {
            return Some(Some(moment.as_millisecond()));
        }
        // A zone that is not understood must not be taken for the local one.
        let has_date = text.get(..10).is_some_and(|date| date.parse::<Date>().is_ok());
        let rest = text.get(10..)?;
        let is_local =
            rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'T' | b't' | b':' | b'.'));
        let date_time: DateTime = text.parse().ok().filter(|_| has_date && is_local)?;
        Some(self.of(date_time))
    }

    fn of(&self, local: DateTime) -> Option<Millis> {
        Some(local.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond())
    }

    fn ago(&self, text: &str) -> Result<Option<Millis>, Refused> {
        let age = text.strip_prefix(['-', '−']).unwrap_or(text);
        let age = age.strip_suffix("ago").unwrap_or(age);
        let lower = age.to_ascii_lowercase();
        if lower.ends_with("am") || lower.ends_with("pm") {
            let message = format!("is {}; times of day have 24 hours", quoted(text));
            return Err(Refused { message, hint: "write \"14:00\" for two in the afternoon".into() });
        }
        let age = AGE.parse(age).map_err(|refused| {
            let why = refused.message.split_once("; ").map_or("that is not a moment", |(_, why)| why);
            Refused { message: format!("is {}; {why}", quoted(text)), ..refused }
        })?;
        // Whoever counts in seconds means no fraction of one.
        let now = self.now - self.now.rem_euclid(1000);
        Ok(i64::try_from(age.as_millis()).ok().and_then(|age| now.checked_sub(age)))
    }
}

/// `14:00` or `14:00:05`; `9:05` is as good as `09:05`.
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, _) = text.split_once(':')?;
    let is_time = hour.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    let padded = if hour.len() == 1 { format!("0{text}") } else { text.to_owned() };
    padded.parse().ok().filter(|_| is_time)
}

const EXAMPLES: &str = "write \"2h\" (ago), \"yesterday\", \"2026-11-21 14:00\", \"14:00\" or \"@1795313000\"";

/// Digits and then a letter, with or without a minus before them. Two points are those of a date.
fn is_ago(text: &str) -> bool {
    let age = text.strip_prefix(['-', '−']).unwrap_or(text);
    if age.matches('.').count() > 1 {
        return false;
    }
    let unit = age.trim_start_matches(|letter: char| letter.is_ascii_digit());
    unit.len() < age.len() && unit.trim_start().starts_with(|letter: char| letter.is_alphabetic() || letter == '.')
}

/// Unix seconds, with a fraction or without.
fn unix(seconds: f64) -> Option<Millis> {
    let millis = (seconds * 1000.0).round();
    // What is no number is in no range.
    (0.0..=*REACH.end() as f64).contains(&millis).then_some(millis as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday 2026-03-29 10:30:15 in Berlin: at two the clocks went to three.
    const NOW: &str = "2026-03-29T10:30:15+02:00";

    fn calendar() -> Calendar {
        let now: Timestamp = NOW.parse().expect("a moment");
        Calendar { now: now.as_millisecond(), zone: TimeZone::get("Europe/Berlin").expect("a zone") }
    }

    fn outcome(text: &str) -> String {
        let calendar = calendar();
        match calendar.parse(text) {
            Ok(moment) => {
                let moment = Timestamp::from_millisecond(moment).expect("a moment").to_zoned(calendar.zone);
                moment.strftime("%Y-%m-%d %H:%M:%S%.f %:z").to_string()
            }
            Err(refused) => format!("{} [{}]", refused.message, refused.hint),
        }
    }

    #[test]
    fn every_form_is_one_moment() {
        for (text, expected) in [
            ("now", "2026-03-29 10:30:15 +02:00"),
            (" Today ", "2026-03-29 00:00:00 +01:00"),
            ("yesterday", "2026-03-28 00:00:00 +01:00"),
            ("2h", "2026-03-29 08:30:15 +02:00"),
            ("-90m", "2026-03-29 09:00:15 +02:00"),
            ("-90min", "2026-03-29 09:00:15 +02:00"),
            ("1d12h", "2026-03-27 21:30:15 +01:00"),
            // 24 hours a day, whatever the clocks did.
            ("2 days ago", "2026-03-27 09:30:15 +01:00"),
            ("1 hour 30 minutes ago", "2026-03-29 09:00:15 +02:00"),
            ("2w", "2026-03-15 09:30:15 +01:00"),
            ("2026-03-28", "2026-03-28 00:00:00 +01:00"),
            ("2026-03-28 14:00", "2026-03-28 14:00:00 +01:00"),
            ("2026-03-28T14:00:05", "2026-03-28 14:00:05 +01:00"),
            ("2026-03-28 14:00:05.25", "2026-03-28 14:00:05.25 +01:00"),
            // There was none, and twice the same.
            ("2026-03-29 02:30", "2026-03-29 03:30:00 +02:00"),
            ("2025-10-26 02:30", "2025-10-26 02:30:00 +02:00"),
            ("2026-03-28T14:00:05Z", "2026-03-28 15:00:05 +01:00"),
            ("2026-03-28T14:00:05.123+08:00", "2026-03-28 07:00:05.123 +01:00"),
            ("2026-03-28 14:00:05 +08:00", "2026-03-28 07:00:05 +01:00"),
            ("@1774773000", "2026-03-29 10:30:00 +02:00"),
            ("@1774773000.125", "2026-03-29 10:30:00.125 +02:00"),
            ("10:30", "2026-03-29 10:30:00 +02:00"),
            ("10:31", "2026-03-28 10:31:00 +01:00"),
            ("9:05", "2026-03-29 09:05:00 +02:00"),
            ("23:59:59", "2026-03-28 23:59:59 +01:00"),
            ("today 9:05", "2026-03-29 09:05:00 +02:00"),
            ("Yesterday  14:00:05", "2026-03-28 14:00:05 +01:00"),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused_with_an_example() {
        let examples = format!(" [{EXAMPLES}]");
        for (text, expected) in [
            ("", "is empty"),
            ("soon", "is \"soon\"; that is not a moment"),
            ("25:00", "is \"25:00\"; that is not a moment"),
            ("2026-02-30", "is \"2026-02-30\"; that is not a moment"),
            ("2026-03-28 14:00 CET", "is \"2026-03-28 14:00 CET\"; that is not a moment"),
            ("\u{1b}[2J", "is \"\u{fffd}[2J\"; that is not a moment"),
            ("@soon", "is \"@soon\"; that is not a moment"),
            ("@NaN", "is \"@NaN\"; there is no such moment between 1970 and the year 9999"),
            ("@1e300", "is \"@1e300\"; there is no such moment between 1970 and the year 9999"),
            ("@-1", "is \"@-1\"; there is no such moment between 1970 and the year 9999"),
            ("99y", "is \"99y\"; months and years have no fixed length"),
            ("5q", "is \"5q\"; the unit `q` is unknown"),
            ("1.5h", "is \"1.5h\"; fractions are not known"),
            ("36601d", "is \"36601d\"; that is too large"),
            ("36600d", "is \"36600d\"; there is no such moment between 1970 and the year 9999"),
            ("1795313000", "is \"1795313000\"; a number alone may be many things"),
            ("22.11.2026 08:00", "is \"22.11.2026 08:00\"; that is not a moment"),
            ("11/22/2026", "is \"11/22/2026\"; that is not a moment"),
            ("yesterday noon", "is \"yesterday noon\"; that is not a moment"),
            ("now 14:00", "is \"now 14:00\"; that is not a moment"),
            ("2pm", "is \"2pm\"; times of day have 24 hours"),
        ] {
            let found = outcome(text);
            let (message, _) = found
                .split_once(" [write")
                .or(found.split_once(" [units"))
                .or(found.split_once(" [at most"))
                .or(found.split_once(" [if"))
                .unwrap_or((&found, ""));
            assert_eq!(message, expected, "{text}");
        }
        assert_eq!(outcome("soon"), format!("is \"soon\"; that is not a moment{examples}"));
        assert_eq!(
            outcome("@1795334400000"),
            "is \"@1795334400000\"; there is no such moment between 1970 and the year 9999 [if these are milliseconds, \
             write \"@1795334400\"]"
        );
    }

    #[test]
    fn a_time_of_day_ends_a_range_when_it_comes_next_after_its_beginning() {
        let calendar = calendar();
        for (since, until, expected) in [
            // The clock says 10:30.
            ("10:00", "11:00", "2026-03-29 11:00:00 +02:00"),
            ("22:00", "6:00", "2026-03-29 06:00:00 +02:00"),
            ("2026-03-20 09:00", "10:00", "2026-03-20 10:00:00 +01:00"),
            ("2026-03-20 09:00", "09:00", "2026-03-20 09:00:00 +01:00"),
            ("2026-03-20 09:00", "08:59:59", "2026-03-21 08:59:59 +01:00"),
            ("2026-03-20", "now", "2026-03-29 10:30:15 +02:00"),
            ("2026-03-20", "2026-03-19", "2026-03-19 00:00:00 +01:00"),
        ] {
            let since = calendar.parse(since).expect("a moment");
            let end = calendar.parse_end(until, since).expect("a moment");
            let end = Timestamp::from_millisecond(end).expect("a moment").to_zoned(calendar.zone.clone());
            assert_eq!(end.strftime("%Y-%m-%d %H:%M:%S %:z").to_string(), expected, "{until}");
        }
        assert!(calendar.parse_end("25:00", 0).is_err());
    }

    #[test]
    fn an_age_is_reckoned_from_a_whole_second() {
        let calendar = Calendar { now: 1_795_313_725_597, zone: TimeZone::UTC };
        assert_eq!(calendar.parse("1h").ok(), Some(1_795_310_125_000));
        assert_eq!(calendar.parse("now").ok(), Some(1_795_313_725_597));
    }

    #[test]
    fn no_text_breaks_the_grammar() {
        for text in [
            "-",
            "−",
            "@",
            ":",
            "::",
            "1:",
            "ago",
            "-ago",
            "1ago",
            "ä:00",
            "2026-03-2ä",
            "+08:00",
            " Z",
            "Z",
            "0000-00-00T",
            "-2h ago",
        ] {
            let _ = outcome(text);
        }
    }
}
