//! The one grammar of durations, in the configuration, in environment variables and in flags: `30s`, `5m`, `1d12h`.
//!
//! A bare number is seconds in an interval and days in a retention; `m` is minutes in an interval and refused in a
//! retention, where other programs take it for months.

use std::time::Duration;

use super::words::quoted;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// What a kind of duration accepts.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// What it is, with its article: `an interval`.
    pub what: &'static str,
    /// For hints: `"30s" or "5m"`.
    pub example: &'static str,
    /// What a number without a unit counts.
    bare: Unit,
    /// Whether `m` is minutes.
    minutes: bool,
    /// Whether `ms` is known.
    fine: bool,
    /// Bounds in milliseconds, both allowed.
    least: u64,
    most: u64,
}

/// How often something is done.
pub const INTERVAL: Grammar = Grammar {
    what: "an interval",
    example: "\"30s\" or \"5m\"",
    bare: UNITS[1],
    minutes: true,
    fine: false,
    least: SECOND,
    most: 366 * DAY,
};

/// The distance of thinned snapshots. They are merged a step at once, and a collection waits for no more than one.
pub const STEP: Grammar = Grammar { what: "a step", example: "\"5m\" or \"15m\"", most: HOUR, ..INTERVAL };

/// How long something is kept.
pub const RETENTION: Grammar = Grammar {
    what: "a retention",
    example: "\"7d\" or \"2w\"",
    bare: UNITS[4],
    minutes: false,
    fine: false,
    least: HOUR,
    most: 36_600 * DAY,
};

/// How long something may take.
pub const WAIT: Grammar = Grammar {
    what: "a duration",
    example: "\"10s\" or \"500ms\"",
    bare: UNITS[1],
    minutes: true,
    fine: true,
    least: 1,
    most: DAY,
};

/// The same, and zero is allowed.
pub const PAUSE: Grammar = Grammar { example: "\"0s\" or \"500ms\"", least: 0, ..WAIT };

/// How long a rule waits.
pub const HOLD: Grammar = Grammar { example: "\"5m\" or \"30s\"", most: 366 * DAY, ..PAUSE };

/// How long ago something was, for moments; 100 years is as long as an expression may look back.
pub const AGE: Grammar = Grammar {
    what: "an age",
    example: "\"90m\", \"36h\" or \"7d\"",
    bare: UNITS[1],
    minutes: true,
    fine: false,
    least: 0,
    most: 36_600 * DAY,
};

#[derive(Clone, Copy, Debug)]
struct Unit {
    names: &'static [&'static str],
    milliseconds: u64,
}

const UNITS: [Unit; 6] = [
    Unit { names: &["ms", "millisecond", "milliseconds"], milliseconds: 1 },
    Unit { names: &["s", "sec", "secs", "second", "seconds"], milliseconds: SECOND },
    Unit { names: &["m", "min", "mins", "minute", "minutes"], milliseconds: MINUTE },
    Unit { names: &["h", "hr", "hrs", "hour", "hours"], milliseconds: HOUR },
    Unit { names: &["d", "day", "days"], milliseconds: DAY },
    Unit { names: &["w", "week", "weeks"], milliseconds: WEEK },
];

const CALENDAR: [&str; 12] = ["M", "mo", "mon", "month", "months", "Month", "Months", "y", "Y", "yr", "year", "years"];

/// Why a text is not the duration that is wanted. `message` follows the name of the option: `is "5m"; …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
    pub hint: String,
}

impl Grammar {
    /// Reads `30`, `30s`, `1d12h`, `2 weeks`.
    pub fn parse(&self, text: &str) -> Result<Duration, Refused> {
        let text = text.trim();
        let refused = |why: &str, hint: String| Refused { message: format!("is {}; {why}", quoted(text)), hint };
        let example = || format!("write {}", self.example);
        if text.is_empty() {
            return Err(Refused { message: "is empty".into(), hint: example() });
        }
        if text.starts_with(['-', '−']) {
            return Err(refused("it cannot be negative", example()));
        }
        let too_large = || refused("that is too large", self.bound(self.most, "at most"));

        let (mut total, mut rest, mut last) = (0_u64, text, u64::MAX);
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            if number.is_empty() {
                return Err(refused(&format!("that is not {}", self.what), example()));
            }
            if tail.starts_with(['.', ',']) {
                return Err(refused("fractions are not known", "write \"1h30m\" for one and a half hours".into()));
            }
            let tail = tail.trim_start();
            let letters = tail.len() - tail.trim_start_matches(char::is_alphabetic).len();
            let (name, tail) = tail.split_at(letters);
            rest = tail.trim_start();
            let unit = match name {
                "" if number.len() == text.len() => self.bare,
                "" => return Err(refused(&format!("`{number}` has no unit"), example())),
                "m" if !self.minutes => {
                    let why = "in a retention `m` may mean minutes or months";
                    return Err(refused(why, "write days or weeks: \"30d\", \"2w\"".into()));
                }
                name if CALENDAR.contains(&name) => {
                    let why = "months and years have no fixed length";
                    return Err(refused(why, "write days or weeks: \"30d\", \"52w\"".into()));
                }
                name => match UNITS.iter().find(|unit| unit.names.contains(&name)) {
                    Some(unit) => *unit,
                    None => return Err(refused(&format!("the unit `{}` is unknown", shortened(name)), self.units())),
                },
            };
            if unit.milliseconds >= last {
                return Err(refused("write each unit once, the largest first", "as in \"1d12h\"".into()));
            }
            last = unit.milliseconds;
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit.milliseconds));
            total = part.and_then(|part| total.checked_add(part)).ok_or_else(too_large)?;
        }
        match total {
            0 if self.least > 0 => Err(refused("it cannot be zero", example())),
            total if total < self.least => Err(refused("that is too short", self.bound(self.least, "at least"))),
            total if total > self.most => Err(too_large()),
            total if total % SECOND != 0 && !self.fine => Err(refused("it has to be whole seconds", example())),
            total => Ok(Duration::from_millis(total)),
        }
    }

    /// Reads a bare number.
    pub fn number(&self, number: i128) -> Result<Duration, Refused> {
        self.parse(&number.to_string()).map_err(|refused| {
            let message = refused.message.replacen(&quoted(&number.to_string()), &number.to_string(), 1);
            Refused { message, ..refused }
        })
    }

    /// The duration in this grammar: what `parse` reads back.
    pub fn show(&self, duration: Duration) -> String {
        let short = show(duration);
        if self.minutes { short } else { short.replace('m', "min") }
    }

    fn bound(&self, milliseconds: u64, which: &str) -> String {
        format!("{which} \"{}\"", self.show(Duration::from_millis(milliseconds)))
    }

    fn units(&self) -> String {
        match (self.fine, self.minutes) {
            (true, _) => "units are ms, s, m, h, d, w".into(),
            (false, true) => "units are s, m, h, d, w".into(),
            (false, false) => "units are h, d, w".into(),
        }
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(12).collect()
}

/// `30s`, `1m30s`, `1d12h`, `7d`, `2w`: the shortest text that means this duration; parts below 1 ms are dropped.
pub fn show(duration: Duration) -> String {
    parts(duration, "", "", true)
}

/// `30 s`, `14 d`, `1 d 12 h`: for sentences.
pub fn spoken(duration: Duration) -> String {
    parts(duration, " ", " ", false)
}

fn parts(duration: Duration, inside: &str, between: &str, weeks: bool) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if weeks && rest >= 2 * WEEK && rest.is_multiple_of(WEEK) {
        return format!("{}{inside}w", rest / WEEK);
    }
    let mut parts = Vec::new();
    for (size, name) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")] {
        if rest >= size {
            parts.push(format!("{}{inside}{name}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() { format!("0{inside}s") } else { parts.join(between) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(grammar: &Grammar, text: &str) -> String {
        match grammar.parse(text) {
            Ok(duration) => grammar.show(duration),
            Err(refused) => format!("{} [{}]", refused.message, refused.hint),
        }
    }

    fn compare(grammar: &Grammar, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(outcome(grammar, text), *expected, "{text}");
        }
    }

    #[test]
    fn an_interval_counts_seconds_and_knows_minutes() {
        compare(
            &INTERVAL,
            &[
                ("30", "30s"),
                ("30s", "30s"),
                ("90", "1m30s"),
                ("5m", "5m"),
                ("5 min", "5m"),
                (" 1h ", "1h"),
                ("1d", "1d"),
                ("36h", "1d12h"),
                ("1d 12h", "1d12h"),
                ("1week", "7d"),
                ("2w", "2w"),
                ("0", "is \"0\"; it cannot be zero [write \"30s\" or \"5m\"]"),
                ("0m", "is \"0m\"; it cannot be zero [write \"30s\" or \"5m\"]"),
                ("-5s", "is \"-5s\"; it cannot be negative [write \"30s\" or \"5m\"]"),
                ("", "is empty [write \"30s\" or \"5m\"]"),
                ("soon", "is \"soon\"; that is not an interval [write \"30s\" or \"5m\"]"),
                ("1.5h", "is \"1.5h\"; fractions are not known [write \"1h30m\" for one and a half hours]"),
                ("500ms", "is \"500ms\"; that is too short [at least \"1s\"]"),
                ("1s500ms", "is \"1s500ms\"; it has to be whole seconds [write \"30s\" or \"5m\"]"),
                ("1h30", "is \"1h30\"; `30` has no unit [write \"30s\" or \"5m\"]"),
                ("5q", "is \"5q\"; the unit `q` is unknown [units are s, m, h, d, w]"),
                ("30S", "is \"30S\"; the unit `S` is unknown [units are s, m, h, d, w]"),
                ("12h1d", "is \"12h1d\"; write each unit once, the largest first [as in \"1d12h\"]"),
                ("1h1h", "is \"1h1h\"; write each unit once, the largest first [as in \"1d12h\"]"),
                ("1M", "is \"1M\"; months and years have no fixed length [write days or weeks: \"30d\", \"52w\"]"),
                ("1y", "is \"1y\"; months and years have no fixed length [write days or weeks: \"30d\", \"52w\"]"),
                ("367d", "is \"367d\"; that is too large [at most \"366d\"]"),
                ("99999999999999999999s", "is \"99999999999999999999s\"; that is too large [at most \"366d\"]"),
                ("18446744073709551615w", "is \"18446744073709551615w\"; that is too large [at most \"366d\"]"),
            ],
        );
    }

    #[test]
    fn a_retention_counts_days_and_refuses_m() {
        compare(
            &RETENTION,
            &[
                ("7", "7d"),
                ("7d", "7d"),
                ("14", "2w"),
                ("2w", "2w"),
                ("36h", "1d12h"),
                ("90min", "1h30min"),
                ("0", "is \"0\"; it cannot be zero [write \"7d\" or \"2w\"]"),
                (
                    "5m",
                    "is \"5m\"; in a retention `m` may mean minutes or months [write days or weeks: \"30d\", \"2w\"]",
                ),
                (
                    "1month",
                    "is \"1month\"; months and years have no fixed length [write days or weeks: \"30d\", \"52w\"]",
                ),
                ("5q", "is \"5q\"; the unit `q` is unknown [units are h, d, w]"),
                ("30s", "is \"30s\"; that is too short [at least \"1h\"]"),
                ("5229w", "is \"5229w\"; that is too large [at most \"36600d\"]"),
            ],
        );
    }

    #[test]
    fn a_wait_knows_milliseconds_and_a_pause_zero() {
        compare(&WAIT, &[("500ms", "500ms"), ("10", "10s"), ("2s500ms", "2s500ms")]);
        compare(&WAIT, &[("0", "is \"0\"; it cannot be zero [write \"10s\" or \"500ms\"]")]);
        compare(&PAUSE, &[("0", "0s"), ("0ms", "0s"), ("25h", "is \"25h\"; that is too large [at most \"1d\"]")]);
    }

    #[test]
    fn a_bare_number_of_toml_is_shown_without_quotes() {
        assert_eq!(RETENTION.number(14), Ok(Duration::from_secs(14 * 86_400)));
        let refused = INTERVAL.number(-5).expect_err("negative");
        assert_eq!(refused.message, "is -5; it cannot be negative");
    }

    #[test]
    fn what_is_shown_reads_back() {
        for grammar in [INTERVAL, RETENTION] {
            for seconds in [3_600, 5_400, 86_400, 129_600, 604_800, 1_209_600, 1_296_000] {
                let duration = Duration::from_secs(seconds);
                assert_eq!(grammar.parse(&grammar.show(duration)), Ok(duration));
            }
        }
    }

    #[test]
    fn a_sentence_has_spaces_and_no_weeks() {
        assert_eq!(spoken(Duration::from_secs(14 * 86_400)), "14 d");
        assert_eq!(spoken(Duration::from_secs(129_600)), "1 d 12 h");
    }
}
