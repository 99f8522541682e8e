//! The units that ship, for another interval: the shipped files are the one source, and only what depends on the interval
//! is written anew.

use std::time::Duration;

use crate::settings::durations::{show, spoken};

/// Name and text of every unit as it ships, for an interval of 30 s.
pub const SHIPPED: [(&str, &str); 10] = [
    ("stellar-collect.service", include_str!("../systemd/stellar-collect.service")),
    ("stellar-collect.timer", include_str!("../systemd/stellar-collect.timer")),
    ("stellar-aggregate.service", include_str!("../systemd/stellar-aggregate.service")),
    ("stellar-aggregate.timer", include_str!("../systemd/stellar-aggregate.timer")),
    ("stellar-cleanup.service", include_str!("../systemd/stellar-cleanup.service")),
    ("stellar-cleanup.timer", include_str!("../systemd/stellar-cleanup.timer")),
    ("stellar-check.service", include_str!("../systemd/stellar-check.service")),
    ("stellar-check.timer", include_str!("../systemd/stellar-check.timer")),
    ("stellar-report.service", include_str!("../systemd/stellar-report.service")),
    ("stellar-report.timer", include_str!("../systemd/stellar-report.timer")),
];

/// What they ship for.
const SHIPPED_INTERVAL: Duration = Duration::from_secs(30);
/// Where people put their own units.
const FOLDER: &str = "/etc/systemd/system";
/// Where what depends on the interval begins and ends in the timer of the collector.
const FIRST_OF_TIMER: &str = "# At :00 and :30";
const LAST_OF_TIMER: &str = "FixedRandomDelay=yes\n";
const NIGHTLY: &str = "OnCalendar=*-*-* 00:07:00\n";
/// No run takes longer, however rare it is.
const LONGEST_RUN: u64 = 600;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// When systemd starts something that often, at the same moments of every day; `None` when the interval divides no minute,
/// hour or day.
pub fn calendar(interval: Duration) -> Option<String> {
    let seconds = interval.as_secs();
    let every = |part: u64, whole: u64| match part == whole {
        true => "0".to_owned(),
        false => format!("0/{part}"),
    };
    match seconds {
        1..MINUTE if MINUTE.is_multiple_of(seconds) => Some(format!("*:*:{}", every(seconds, MINUTE))),
        MINUTE => Some("*:*:0".to_owned()),
        _ if HOUR.is_multiple_of(seconds) && seconds.is_multiple_of(MINUTE) => {
            Some(format!("*:{}:0", every(seconds / MINUTE, HOUR / MINUTE)))
        }
        HOUR.. if DAY.is_multiple_of(seconds) && seconds.is_multiple_of(HOUR) => {
            Some(format!("*-*-* {}:0:0", every(seconds / HOUR, DAY / HOUR)))
        }
        _ => None,
    }
}

/// The same for cron, which knows no seconds.
pub fn cron(interval: Duration) -> Option<String> {
    let seconds = interval.as_secs();
    calendar(interval).filter(|_| seconds >= MINUTE)?;
    Some(match seconds {
        MINUTE => "* * * * *".to_owned(),
        HOUR => "0 * * * *".to_owned(),
        DAY => "0 0 * * *".to_owned(),
        minutes if minutes < HOUR => format!("*/{} * * * *", minutes / MINUTE),
        hours => format!("0 */{} * * *", hours / HOUR),
    })
}

/// How long a run may take: a hung one never costs more than one collection.
fn time_limit(interval: Duration) -> u64 {
    (interval.as_secs() * 5 / 3).clamp(1, LONGEST_RUN)
}

/// Name and text of every unit for this interval; days end in `zone`, when it is not the system's.
pub fn units(interval: Duration, zone: Option<&str>) -> Vec<(&'static str, String)> {
    let made = SHIPPED.iter().map(|(name, text)| {
        let text = match *name {
            "stellar-collect.timer" => timer(text, interval),
            "stellar-collect.service" => {
                text.replace("TimeoutStartSec=50\n", &format!("TimeoutStartSec={}\n", time_limit(interval)))
            }
            _ => (*text).to_owned(),
        };
        let nightly = zone.map_or_else(|| NIGHTLY.to_owned(), |zone| format!("{} {zone}\n", NIGHTLY.trim_end()));
        (*name, text.replace(NIGHTLY, &nightly))
    });
    made.collect()
}

fn timer(shipped: &str, interval: Duration) -> String {
    if interval == SHIPPED_INTERVAL {
        return shipped.to_owned();
    }
    let around =
        shipped.split_once(FIRST_OF_TIMER).and_then(|(before, rest)| Some((before, rest.split_once(LAST_OF_TIMER)?.1)));
    // A test keeps the marks in the file.
    let Some((before, after)) = around else { return shipped.to_owned() };
    let before = before.replace("every 30 seconds", &format!("every {}", spoken(interval)));
    let length = spoken(interval);
    let own = match calendar(interval) {
        Some(calendar) => {
            let delay = (interval.as_secs() / 7).min(10);
            let delay = match delay {
                0 => String::new(),
                delay => format!(
                    "# Many hosts with this timer do not ask the same frontends in the same instant; the delay of one host never changes,\n\
                     # so the distance between two samples stays {length}.\nRandomizedDelaySec={delay}s\nFixedRandomDelay=yes\n"
                ),
            };
            format!(
                "OnCalendar={calendar}\n# The default of one minute would shift or swallow runs.\nAccuracySec=1s\n{delay}"
            )
        }
        None => {
            let text = show(interval);
            format!(
                "# {length} divides no minute, hour or day: counted from the start of the run before.\nOnBootSec={text}\n\
                 OnUnitActiveSec={text}\nAccuracySec=1s\n# No RandomizedDelaySec=: it would be added to every interval.\n"
            )
        }
    };
    format!("{before}{own}{after}")
}

/// All units with the name of its file above each, and the lines for cron before them.
pub fn page(interval: Duration, zone: Option<&str>) -> String {
    let mut text = format!("# stellar {} for an interval of {}.\n", env!("CARGO_PKG_VERSION"), spoken(interval));
    text.push_str(
        "# To put each into its file: stellar systemd | awk '/^# \\/etc\\//{file=$2} file{print > file}'; systemctl daemon-reload\n#\n",
    );
    text.push_str("# Without systemd, in /etc/cron.d/stellar (minute hour day month weekday user command):\n");
    let line = |when: &str, command: &str| format!("# {when} stellar /usr/bin/stellar {command}\n");
    text.push_str(&match cron(interval) {
        Some(when) => line(&when, "collect-once --if-due --quiet"),
        None => format!(
            "# cron has no line for {}; with an interval of a minute it has:\n{}",
            spoken(interval),
            line("* * * * *", "collect-once --if-due --quiet")
        ),
    });
    text.push_str(&line("7 0 * * *", "aggregate-daily > /dev/null"));
    text.push_str(&line("17 0 * * *", "cleanup --aggregate > /dev/null"));
    text.push_str(&line("* * * * *", "check --quiet"));
    for (name, unit) in units(interval, zone) {
        text.push_str(&format!("\n# {FOLDER}/{name}\n{unit}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_divides_a_minute_an_hour_or_a_day_has_a_calendar() {
        let cases = [
            (1, Some("*:*:0/1"), None),
            (15, Some("*:*:0/15"), None),
            (30, Some("*:*:0/30"), None),
            (45, None, None),
            (60, Some("*:*:0"), Some("* * * * *")),
            (90, None, None),
            (300, Some("*:0/5:0"), Some("*/5 * * * *")),
            (420, None, None),
            (3_600, Some("*:0:0"), Some("0 * * * *")),
            (7_200, Some("*-*-* 0/2:0:0"), Some("0 */2 * * *")),
            (5_400, None, None),
            (18_000, None, None),
            (86_400, Some("*-*-* 0:0:0"), Some("0 0 * * *")),
            (172_800, None, None),
        ];
        for (interval, expected, line) in cases {
            assert_eq!(calendar(seconds(interval)).as_deref(), expected, "{interval} s");
            assert_eq!(cron(seconds(interval)).as_deref(), line, "{interval} s");
        }
    }

    #[test]
    fn for_30_seconds_the_units_are_those_that_ship() {
        let shipped: Vec<(&str, String)> = SHIPPED.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        assert_eq!(units(SHIPPED_INTERVAL, None), shipped);
    }

    #[test]
    fn everything_that_depends_on_the_interval_is_made_anew() {
        for interval in [1, 10, 45, 60, 420, 7_200] {
            let units = units(seconds(interval), Some("Asia/Shanghai"));
            let all: String = units.iter().map(|(_, text)| text.as_str()).collect();
            for old in ["0/30", "30 seconds", ":30", "OnUnitActiveSec= instead", "=50\n", "00:07:00\n"] {
                assert!(!all.contains(old), "{interval} s: {old}");
            }
            assert!(time_limit(seconds(interval)) < 2 * interval);
            assert_eq!(all.matches("OnCalendar=*-*-* 00:07:00 Asia/Shanghai\n").count(), 2);
        }
    }
}
