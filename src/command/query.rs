//! `stellar query`: an expression over samples that lie in a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use jiff::tz::TimeZone;

use super::{World, misused, moment, print, range};
use crate::cli::{Global, Query};
use crate::exposition::Format;
use crate::failure::{Exit, Failure};
use crate::history::text::{self, FileReport, TextError};
use crate::history::{History, LOOKBACK, MOST_POINTS, OverTime, Steps, evaluate_over_time, with_name};
use crate::promql::{self, At, EvalError, Expression, ParseError, Selector, ValueType, Window, evaluate};
use crate::report::query::{self, Answer};
use crate::report::{Style, harmless};
use crate::sample::{Millis, millis};
use crate::settings::document::Document;
use crate::settings::durations::{self, INTERVAL};
use crate::settings::fault::{Fault, render};
use crate::settings::moments::Calendar;
use crate::settings::words::{io_reason, quoted};

pub fn run(_: &Global, arguments: &Query, world: &World) -> Result<Exit> {
    let now = world.clock()?.now();
    if let Some(second) = arguments.further.first() {
        let (first, second) = (quoted(&arguments.expression), quoted(second));
        let failure = Failure::new(Exit::Usage, format!("there are two expressions: {first} and {second}"));
        return Err(failure.with_hint("put the whole expression in quotes: 'sum by (job) (up)'").into());
    }
    let question = Question::parse(&arguments.expression)?;
    refuse_interval(&arguments.expression, &question.selectors())?;
    let style = Style { zone: zone(arguments)?, colour: world.colour, width: world.width };
    let asked = Asked::read(arguments, &Calendar { now, zone: style.zone.clone() })?;
    if let (Asked::Over { .. }, Some(what)) = (&asked, question.only_at_once()) {
        let failure = Failure::new(Exit::Usage, format!("{what} has no value over a range of time"));
        return Err(failure.with_hint("leave out --since, or ask for a number or for series").into());
    }

    let name = name_of(&arguments.openmetrics);
    let read = read(&arguments.openmetrics, &question.selectors(), asked.needs_newest())
        .map_err(|error| unread(&name, error))?;
    let (history, report) = read;
    warn(&name, &report, &style);
    let (when, note) = asked.resolve(report.newest, &style)?;
    let answer = question.answer(&history, when);
    let answer = answer.map_err(|error| Failure::new(Exit::Usage, harmless(&error.to_string())))?;
    if answer.is_empty() {
        explain_nothing(&name, &question.selectors(), &history, when, &style);
    }
    print(&match (arguments.json, arguments.csv) {
        (true, _) => query::json(&answer),
        (_, true) => query::csv(&answer, &style, world.stdout_is_terminal),
        _ => query::table(&answer, note, &style),
    })?;
    Ok(Exit::Done)
}

/// What is asked for: at one moment that may be a range of samples, too.
enum Question {
    Value(Expression),
    Samples(Selector),
}

impl Question {
    fn parse(text: &str) -> Result<Self, Failure> {
        match promql::range_selector(text) {
            Some(selector) => Ok(Self::Samples(selector)),
            None => Expression::parse(text).map(Self::Value).map_err(|error| faulty(text, &error)),
        }
    }

    fn selectors(&self) -> Vec<Selector> {
        match self {
            Self::Value(expression) => expression.selectors(),
            Self::Samples(selector) => vec![selector.clone()],
        }
    }

    /// What it is if it has no value over a range of time.
    fn only_at_once(&self) -> Option<&'static str> {
        match self {
            Self::Value(expression) => (expression.value_type() == ValueType::String).then_some("a text"),
            Self::Samples(_) => Some("a range of samples"),
        }
    }

    fn answer(&self, history: &History, when: When) -> Result<Answer, EvalError> {
        Ok(match (self, when) {
            (Self::Value(expression), When::At(at)) => Answer::At(at, evaluate(expression, history, at)?),
            (Self::Value(expression), When::Over(steps)) => {
                Answer::Over(steps, evaluate_over_time(expression, history, steps)?)
            }
            (Self::Samples(selector), When::At(at) | When::Over(Steps { until: at, .. })) => {
                let series = promql::samples(selector, history, at).into_iter();
                let series =
                    series.map(|one| OverTime { name: Some(one.name), labels: one.labels, points: one.points });
                let mut series: Vec<OverTime> = series.collect();
                series.sort_by_cached_key(|one| with_name(one.name.as_ref(), &one.labels));
                Answer::Samples(at, series)
            }
        })
    }
}

/// The moments of the flags, as far as the file is not needed for them.
enum Asked {
    At(Option<Millis>),
    Over {
        since: Millis,
        /// The beginning is how long ago, and not a moment that somebody named.
        is_age: bool,
        until: Option<Millis>,
        step: Option<Millis>,
    },
}

#[derive(Clone, Copy)]
enum When {
    At(Millis),
    Over(Steps),
}

impl Asked {
    fn read(arguments: &Query, calendar: &Calendar) -> Result<Self> {
        let (since, until) = range(arguments.since.as_deref(), arguments.until.as_deref(), calendar)?;
        let Some(since) = since else {
            let at = arguments.time.as_deref().map(|text| moment("--time", text, calendar)).transpose()?;
            return Ok(Self::At(at));
        };
        let step = arguments.step.as_deref().map(|text| INTERVAL.parse(text)).transpose();
        let step = step.map_err(|refused| misused("--step", refused))?;
        let step = step.map(millis);
        let is_age = arguments.since.as_deref().is_some_and(Calendar::is_age);
        Ok(Self::Over { since, is_age, until, step })
    }

    fn needs_newest(&self) -> bool {
        matches!(self, Self::At(None) | Self::Over { until: None, .. })
    }

    /// With the newest sample of the file for what nobody named; and what to say about it.
    fn resolve(self, newest: Millis, style: &Style) -> Result<(When, &'static str)> {
        let (end, note) = (newest, " (the newest sample)");
        let (since, is_age, until, step) = match self {
            Self::At(Some(at)) => return Ok((When::At(at), "")),
            Self::At(None) => return Ok((When::At(end), note)),
            Self::Over { since, is_age, until, step } => (since, is_age, until, step),
        };
        let note = if until.is_some() { "" } else { note };
        let until = until.unwrap_or(end);
        if since > until {
            let (since, until) = (style.moment(since), style.moment(until));
            let what = format!("the range ends before it begins: {since} .. {until}{note}");
            let hint = if note.is_empty() { "put --since before --until" } else { "name a --since before that" };
            return Err(Failure::new(Exit::Usage, what).with_hint(hint).into());
        }
        let steps = Steps { since, until, step: step.unwrap_or_else(|| Steps::usual_step(since, until)) };
        if steps.are_too_many() {
            let show = |millis: Millis| durations::show(std::time::Duration::from_millis(millis.unsigned_abs()));
            let most = crate::words::grouped(MOST_POINTS.unsigned_abs());
            let what = format!("a step of {} makes more than {most} points a series", show(steps.step));
            let hint = format!("--step {} is the smallest for this range", show(Steps::least_step(since, until)));
            return Err(Failure::new(Exit::Usage, what).with_hint(hint).into());
        }
        Ok((When::Over(if is_age { steps.up_to_the_end() } else { steps }), note))
    }
}

fn zone(arguments: &Query) -> Result<TimeZone> {
    match &arguments.tz {
        _ if arguments.utc => Ok(TimeZone::UTC),
        None => Ok(TimeZone::system()),
        Some(name) => TimeZone::get(name).map_err(|_| {
            let what = match name.as_str() {
                "" => "--tz is empty".to_owned(),
                name => format!("--tz is {}; there is no such time zone", quoted(name)),
            };
            let failure = Failure::new(Exit::Usage, what);
            failure.with_hint("names are those of the system, such as Asia/Shanghai").into()
        }),
    }
}

/// It means since the collection before, and nothing collected a file; as the step, which it is elsewhere, one text would
/// mean two things.
fn refuse_interval(text: &str, selectors: &[Selector]) -> Result<()> {
    const INTERVAL: &str = "$__interval";
    if selectors.iter().all(|selector| selector.window != Window::Interval) {
        return Ok(());
    }
    let begin = text.find(INTERVAL).unwrap_or_default();
    let reason = "`$__interval` is the time since the collection before, which a file has not";
    let place = Document::plain("expression", text).place(begin..begin + INTERVAL.len());
    let fault = Fault::new(place, reason, "write a range like `[5m]`");
    Err(Failure::new(Exit::Usage, render(&[fault])).into())
}

/// The expression with a caret under the place.
fn faulty(text: &str, error: &ParseError) -> Failure {
    let span = match error.position {
        // What is missing at the end is missing behind it.
        Some(position) => {
            let rest = text.get(position.offset..).unwrap_or_default();
            let word = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            let length = rest.chars().next().map_or(1, char::len_utf8);
            position.offset..position.offset + length.max(word)
        }
        None => 0..text.lines().next().map_or(1, str::len),
    };
    let document = Document::plain("expression", text);
    Failure::new(Exit::Usage, render(&[Fault::new(document.place(span), harmless(&error.reason), "")]))
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
        let (first, last) = match (selector.at, when) {
            (Some(At::Time(pinned)), _) => (pinned, pinned),
            (_, When::At(at)) => (at, at),
            (_, When::Over(steps)) => (steps.since, steps.until),
        };
        let (first, last) = (first.saturating_sub(selector.offset), last.saturating_sub(selector.offset));
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
