//! `stellar query --openmetrics`: the samples of a text file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use jiff::tz::TimeZone;

use super::{Asked, Question, When, answered, show, style};
use crate::cli::Query;
use crate::command::World;
use crate::exposition::Format;
use crate::failure::{Exit, Failure};
use crate::history::text::{self, FileReport, TextError};
use crate::history::{History, LOOKBACK};
use crate::promql::Selector;
use crate::report::{Style, harmless};
use crate::sample::Millis;
use crate::settings::words::io_reason;

pub(super) fn answer(path: &Path, question: &Question, arguments: &Query, now: Millis, world: &World) -> Result<Exit> {
    let style = style(arguments, TimeZone::system(), world)?;
    let asked = Asked::of(question, arguments, now, &style)?;
    let (name, selectors) = (name_of(path), question.selectors());
    let read = read(path, &selectors, asked.needs_newest());
    let (history, report) = read.map_err(|error| unread(&name, error))?;
    warn(&name, &report, &style);
    let (when, note) = asked.resolve(report.newest, " (the newest sample)", &style)?;
    let answer = answered(question, &history, when)?;
    if answer.is_empty() {
        explain_nothing(&name, &selectors, &history, when, &style);
    }
    show(&answer, note, arguments, &style, world)
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { harmless(&path.display().to_string()) }
}

fn read(path: &Path, selectors: &[Selector], newest: bool) -> Result<(History, FileReport), TextError> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(TextError::Io)?)
    };
    text::read(input, selectors, newest)
}

fn unread(name: &str, error: TextError) -> Failure {
    let fail = |what: String| Failure::new(Exit::Database, format!("{name}{what}"));
    match error {
        TextError::Io(error) => match error.kind() {
            // The decoder's own words for it.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                fail(": the gzip stream is damaged or cut off".to_owned())
            }
            _ => fail(format!(": {}", io_reason(&error))),
        },
        TextError::NoSample(None) => fail(": there is no sample in it".to_owned()).with_hint(SAMPLE),
        TextError::NoSample(Some(first)) => {
            fail(format!(": there is no sample in it that can be read; {first}")).with_hint(SAMPLE)
        }
        TextError::NoTimestamp(line) => fail(format!(":{line}: the sample has no timestamp")).with_hint(
            "the time of the scrape stands behind the value: in milliseconds, or in seconds if the text ends with `# EOF`",
        ),
        TextError::Fraction(line) => {
            fail(format!(":{line}: the timestamp is not a whole number of milliseconds")).with_hint(
                "if timestamps are seconds, as in OpenMetrics, the text has to end with `# EOF`; was it cut off?",
            )
        }
        TextError::OutOfTime(line) => {
            fail(format!(":{line}: the timestamp is not between 1970 and the year 9999")).with_hint(
                "timestamps are seconds if there is a line `# EOF` in the text, else milliseconds",
            )
        }
    }
}

const SAMPLE: &str = "a sample is a line like `up{job=\"fe\"} 1 1795313000000`";

/// What was wrong with the file, although it could be read.
fn warn(name: &str, report: &FileReport, style: &Style) {
    if let Some(first) = report.first_bad.first() {
        let lines = crate::words::count(usize::try_from(report.bad_lines).unwrap_or(usize::MAX), "line");
        log::warn!("{name}: {lines} left out that cannot be read; the first is {first}");
        report.first_bad.iter().skip(1).for_each(|line| log::info!("{name}: {line}"));
    }
    if report.duplicates > 0 {
        let samples = crate::words::count(usize::try_from(report.duplicates).unwrap_or(usize::MAX), "sample");
        log::warn!("{name}: {samples} left out, for an earlier line has the same series and time");
    }
    // Seconds taken for milliseconds stay below this up to the year 5138.
    const IMPLAUSIBLE: Millis = 100_000_000_000;
    if report.format == Format::Prometheus && report.newest < IMPLAUSIBLE {
        log::warn!(
            "{name}: the newest sample is of {}; if timestamps are seconds, as in OpenMetrics, the text has to end with `# EOF`",
            style.moment(report.newest)
        );
    }
}

/// Why there may be no answer: what is not in the file at all, what ended too long before and what begins later.
fn explain_nothing(name: &str, selectors: &[Selector], history: &History, when: When, style: &Style) {
    for selector in selectors {
        let shown = harmless(&selector.to_string());
        let (first, last) = when.seen_by(selector);
        let Some((oldest, newest)) = history.extent(selector) else {
            log::warn!("no sample in {name} is of `{shown}`");
            continue;
        };
        if last < oldest || first >= newest.saturating_add(LOOKBACK) {
            let (oldest, newest) = (style.moment(oldest), style.moment(newest));
            log::warn!(
                "the samples of `{shown}` are of {oldest} .. {newest}; a series is present for 5 minutes after a sample"
            );
        }
    }
}
