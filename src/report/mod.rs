//! What is shown, as pure functions: stored rows in, one model out, then text for a terminal or JSON. No report fetches,
//! none writes.

pub mod batchsql;
mod cluster;
pub mod draw;
pub mod forms;
pub mod gaps;
pub mod html;
pub mod json;
pub mod metrics;
mod page;
pub mod query;
pub mod sheet;
mod table;
mod trend;
pub mod views;

use std::collections::HashMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::alert::told::sentences;
use crate::alert::{Severity, Told, Verdict};
use crate::catalogue::Catalogue;
use crate::sample::{Millis, lapse};
use crate::settings::metric_entry::{Subject, Unit};
use crate::settings::{Cluster, Kind};
use crate::store::read::LatestCluster;
use crate::words;

pub use cluster::render as render_cluster;
pub use table::hanging;
pub use table::{WIDEST, cut, harmless};
pub use views::over_time;

/// A target that was not collected for this many intervals, and for `STALE_AT_LEAST`, has no current data.
const STALE_INTERVALS: u32 = 3;
const STALE_AT_LEAST: Duration = Duration::from_secs(90);

/// A snapshot that is older than so many intervals is marked, before it is no current one any more.
const LATE_INTERVALS: u32 = 2;

/// What stands in the place of a value that was not measured.
const NOT_MEASURED: &str = "–";

/// A snapshot this far ahead of now, in milliseconds, was made by another clock.
const FUTURE: Millis = 60_000;

/// How old the newest snapshot of a target may be and still be current.
pub fn patience(interval: Duration) -> Duration {
    (interval * STALE_INTERVALS).max(STALE_AT_LEAST)
}

/// The word at the beginning of a line. Worst last, so that the maximum is a target's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    Ok,
    NoData,
    Unknown,
    Warn,
    Crit,
}

impl Status {
    pub const ALL: [Self; 5] = [Self::Ok, Self::Warn, Self::Crit, Self::Unknown, Self::NoData];

    /// What an alert makes of its target.
    fn of(told: &Told) -> Self {
        if told.is_loud() { Self::of_severity(told.severity) } else { Self::Ok }
    }

    /// What an alert that fires makes of its target.
    pub fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Ok,
            Severity::Warning => Self::Warn,
            Severity::Critical => Self::Crit,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::NoData => "NODATA",
            Self::Unknown => "UNKNOWN",
            Self::Warn => "WARN",
            Self::Crit => "CRIT",
        }
    }
}

/// One line of the overview: a cluster, its status and why.
#[derive(Debug)]
pub struct Assessed {
    pub cluster: LatestCluster,
    pub status: Status,
    pub reasons: Vec<String>,
    pub age: Option<Duration>,
    /// Whether the values are current: a frontend answered and the snapshot is not too old.
    pub current: bool,
    /// Older than two intervals: a collection is late.
    pub late: bool,
}

/// How reports look.
#[derive(Clone, Debug)]
pub struct Style {
    pub zone: TimeZone,
    pub colour: bool,
    /// Columns of the terminal; `None` is unlimited.
    pub width: Option<usize>,
}

impl Style {
    /// `2026-11-22 10:16:30 +08:00`.
    pub fn moment(&self, at: Millis) -> String {
        match jiff::Timestamp::from_millisecond(at) {
            Ok(stamp) => stamp.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
            Err(_) => "?".to_owned(),
        }
    }

    /// RFC 3339, for programs; with a fraction if there is one.
    fn iso(&self, at: Millis) -> String {
        match jiff::Timestamp::from_millisecond(at) {
            Ok(stamp) => stamp.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
            Err(_) => String::new(),
        }
    }

    /// `2026-11-21 10:16 .. 2026-11-22 10:16 +08:00`, with seconds where one of the ends has some.
    pub fn range(&self, range: sheet::Range) -> String {
        let clock = if range.since % 60_000 == 0 && range.until % 60_000 == 0 { "%H:%M" } else { "%H:%M:%S" };
        let end = |at: Millis, zone: &str| match jiff::Timestamp::from_millisecond(at) {
            Ok(stamp) => stamp.to_zoned(self.zone.clone()).strftime(&format!("%Y-%m-%d {clock}{zone}")).to_string(),
            Err(_) => "?".to_owned(),
        };
        format!("{} .. {}", end(range.since, ""), end(range.until, " %:z"))
    }

    /// The same without the zone, for tables under a line that has it.
    fn local(&self, at: Millis) -> String {
        let moment = self.moment(at);
        moment.rsplit_once(' ').map_or(moment.clone(), |(local, _)| local.to_owned())
    }
}

/// What the configuration says about a target, or the defaults when it is no longer in it.
#[derive(Clone, Debug)]
pub struct Expected {
    pub name: String,
    pub interval: Duration,
}

impl From<&Cluster> for Expected {
    fn from(cluster: &Cluster) -> Self {
        Self { name: cluster.name.clone(), interval: cluster.interval }
    }
}

/// Judges every cluster that is configured or stored; worst first, then by name.
pub fn assess(
    stored: Vec<LatestCluster>,
    expected: &[Expected],
    catalogue: &Catalogue,
    verdict: &Verdict,
    now: Millis,
) -> Vec<Assessed> {
    let targets: HashMap<&str, &Expected> = expected.iter().map(|target| (target.name.as_str(), target)).collect();
    let missing = expected.iter().filter(|target| stored.iter().all(|cluster| cluster.name != target.name));
    let never: Vec<Assessed> = missing.map(|target| never_collected(&target.name, catalogue)).collect();
    let mut all: Vec<Assessed> = stored
        .into_iter()
        .map(|cluster| {
            let target = targets.get(cluster.name.as_str()).copied();
            judge(cluster, target, catalogue, verdict, now)
        })
        .chain(never)
        .collect();
    all.sort_by(|left, right| right.status.cmp(&left.status).then_with(|| left.cluster.name.cmp(&right.cluster.name)));
    all
}

fn never_collected(name: &str, catalogue: &Catalogue) -> Assessed {
    let cluster = LatestCluster {
        name: name.to_owned(),
        labels: Default::default(),
        collected_at: None,
        values: vec![None; catalogue.stored(Subject::Cluster).count()],
        nodes: Vec::new(),
        failures: 0,
        next_try: None,
        last_error: None,
        last_answer: None,
        failed_fetches: Vec::new(),
    };
    let reason = format!("never collected; try: stellar collect-once --cluster {name}");
    Assessed { cluster, status: Status::NoData, reasons: vec![reason], age: None, current: false, late: false }
}

/// The status is what the rules say and, below that, whether there is anything current to say it of.
fn judge(
    cluster: LatestCluster,
    target: Option<&Expected>,
    catalogue: &Catalogue,
    verdict: &Verdict,
    now: Millis,
) -> Assessed {
    let interval = target.map(|target| target.interval);
    let age = cluster.collected_at.map(|at| lapse(now - at));
    let told: Vec<&Told> = verdict.of(Kind::Cluster, &cluster.name).collect();
    let mut status = told.iter().map(|told| Status::of(told)).max().unwrap_or(Status::Ok);
    let mut reasons: Vec<String> = sentences(told, now).into_iter().map(|(_, sentence)| sentence).collect();
    let not_current = not_current(&cluster, age, interval, now);
    let current = not_current.is_none();
    match not_current {
        Some((standing, reason)) => {
            status = status.max(standing);
            reasons.push(reason);
        }
        None => {
            for (name, value) in impossible_ratios(catalogue, &cluster) {
                status = status.max(Status::Unknown);
                reasons.push(format!("{name} = {value}, expected 0..1"));
            }
            reasons.extend(failed_fetches(&cluster.failed_fetches));
            if interval.is_none() {
                reasons.push("no longer in the configuration".to_owned());
            }
        }
    }
    let late = age.zip(interval).is_some_and(|(age, interval)| age > interval * LATE_INTERVALS);
    Assessed { cluster, status, reasons, age, current, late }
}

/// Why the newest values of a cluster are not those of now.
fn not_current(
    cluster: &LatestCluster,
    age: Option<Duration>,
    interval: Option<Duration>,
    now: Millis,
) -> Option<(Status, String)> {
    if cluster.failures > 0 {
        return Some((Status::NoData, no_answer(cluster, now)));
    }
    let Some(collected_at) = cluster.collected_at else {
        let why = match interval {
            Some(_) => format!("try: stellar collect-once --cluster {}", cluster.name),
            None => "it is no longer in the configuration".to_owned(),
        };
        return Some((Status::NoData, format!("no snapshot of it is left; {why}")));
    };
    if collected_at - now > FUTURE {
        let ahead = words::age(lapse(collected_at - now));
        let reason = format!("the newest snapshot is {ahead} in the future; is this machine's clock right?");
        return Some((Status::Unknown, reason));
    }
    let age = age.filter(|age| *age > patience(interval.unwrap_or_default()))?;
    let why = match interval {
        Some(_) => "is the timer running? systemctl status stellar-collect.timer",
        None => "it is no longer in the configuration",
    };
    Some((Status::NoData, format!("last collected {} ago; {why}", words::age(age))))
}

/// Whether a ratio is one: what lies outside 0..1 is no per cent of anything.
fn is_share(ratio: f64) -> bool {
    const SLACK: f64 = 1e-9;
    (-SLACK..=1.0 + SLACK).contains(&ratio)
}

fn impossible_ratios<'c>(catalogue: &'c Catalogue, cluster: &'c LatestCluster) -> impl Iterator<Item = (&'c str, f64)> {
    let values = catalogue.stored(Subject::Cluster).zip(&cluster.values);
    let ratios = values.filter(|(metric, _)| metric.entry.unit == Unit::Ratio);
    ratios.filter_map(|(metric, value)| Some((metric.name(), (*value)?))).filter(|(_, value)| !is_share(*value))
}

fn no_answer(cluster: &LatestCluster, now: Millis) -> String {
    let how_long = match cluster.last_answer {
        Some(at) => format!("no answer for {}", words::age(lapse(now - at))),
        None => "never answered".to_owned(),
    };
    // Those of one interval count once, so one says nothing.
    let tries = match cluster.failures {
        0 | 1 => String::new(),
        many => format!(" ({many} failures in a row)"),
    };
    let error = cluster.last_error.as_deref().unwrap_or("no frontend answered");
    let next = match cluster.next_try {
        Some(next) if next > now => {
            format!("; due again in {}", words::age(lapse(next - now)))
        }
        _ => String::new(),
    };
    format!("{how_long}{tries}: {error}{next}")
}

/// The first few, one line each; the rest are counted. Questions to one place that failed for one reason are one line.
fn failed_fetches(failed: &[(String, String)]) -> Vec<String> {
    const MOST: usize = 4;
    let mut folded: Vec<(&str, Vec<&str>, &str)> = Vec::new();
    for (url, error) in failed {
        let at = url.find(['#', '?']).map_or(url.len(), |at| at + 1);
        let (place, question) = url.split_at(at);
        match folded.iter_mut().find(|(own, _, reason)| (*own, *reason) == (place, error.as_str())) {
            Some((_, questions, _)) => questions.push(question),
            None => folded.push((place, vec![question], error)),
        }
    }
    let line =
        |(place, questions, error): &(&str, Vec<&str>, &str)| format!("{place}{}: {error}", questions.join(", "));
    let mut lines: Vec<String> = folded.iter().take(MOST).map(line).collect();
    match folded.len().saturating_sub(MOST) {
        0 => {}
        1 => lines.push("and one more fetch that failed".to_owned()),
        more => lines.push(format!("and {} more fetches that failed", words::grouped(more as u64))),
    }
    lines
}
