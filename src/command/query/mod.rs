//! `stellar query`: an expression over the stored history, or over samples that lie in a file.

mod database;
mod file;
mod unknown;

use anyhow::Result;
use jiff::tz::TimeZone;

use super::written::written;
use super::{World, misused, moment, print, range};
use crate::catalogue::{Catalogue, recorded};
use crate::cli::{Global, Query};
use crate::failure::{Exit, Failure};
use crate::history::{History, MOST_POINTS, OverTime, Steps, evaluate_over_time, with_name};
use crate::promql::{self, At, EvalError, Expression, ParseError, Selector, ValueType, Window, evaluate};
use crate::report::draw::svg;
use crate::report::query::{self, Answer};
use crate::report::{Style, harmless};
use crate::sample::{Millis, millis};
use crate::settings::Settings;
use crate::settings::document::Document;
use crate::settings::durations::{self, INTERVAL};
use crate::settings::fault::{Fault, render};
use crate::settings::moments::Calendar;
use crate::settings::words::quoted;

pub fn run(global: &Global, arguments: &Query, world: &World) -> Result<Exit> {
    let now = world.clock()?.now();
    if let Some(second) = arguments.further.first() {
        let (first, second) = (quoted(&arguments.expression), quoted(second));
        let failure = Failure::new(Exit::Usage, format!("there are two expressions: {first} and {second}"));
        return Err(failure.with_hint("put the whole expression in quotes: 'sum by (job) (up)'").into());
    }
    let question = Question::parse(&arguments.expression)?;
    refuse_interval(&arguments.expression, &question.selectors())?;
    match &arguments.openmetrics {
        Some(path) => file::answer(path, &question, arguments, now, world),
        None => database::answer(global, &question, arguments, now, world),
    }
}

/// How the answer looks, times in `configured` unless a flag says otherwise.
fn style(arguments: &Query, configured: TimeZone, world: &World) -> Result<Style> {
    Ok(Style { zone: zone(arguments, configured)?, colour: world.colour, width: world.width })
}

/// The value of the question over what was read.
fn answered(question: &Question, history: &History, when: When) -> Result<Answer, Failure> {
    question.answer(history, when).map_err(|error| Failure::new(Exit::Usage, harmless(&error.to_string())))
}

/// `note` is said behind the moment.
fn show(answer: &Answer, note: &str, arguments: &Query, style: &Style, world: &World) -> Result<Exit> {
    if let Some(path) = &arguments.svg {
        // Those that ship; what a person adds is drawn as plain numbers.
        let catalogue = Catalogue::load(&Settings::default()).ok();
        let unit = |name: &str| recorded::unit_of(name, catalogue.as_ref()?);
        let chart = query::chart(answer, &arguments.expression, unit);
        let text = chart.map(|chart| svg::svg(&chart, &style.zone, svg::Options::default()));
        written(path, &text.unwrap_or_default())?;
        return Ok(Exit::Done);
    }
    print(&match (arguments.json, arguments.csv) {
        (true, _) => query::json(answer),
        (_, true) => query::csv(answer, style, world.stdout_is_terminal),
        _ => query::table(answer, note, style),
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

impl When {
    /// The first and the last moment.
    fn ends(self) -> (Millis, Millis) {
        match self {
            Self::At(at) => (at, at),
            Self::Over(steps) => (steps.since, steps.until),
        }
    }

    /// The first and the last moment that a selector looks at, whatever range hangs on it.
    fn seen_by(self, selector: &Selector) -> (Millis, Millis) {
        let (since, until) = self.ends();
        let (first, last) = match selector.at {
            Some(At::Time(pinned)) => (pinned, pinned),
            Some(At::Start) => (since, since),
            Some(At::End) => (until, until),
            None => (since, until),
        };
        (first.saturating_sub(selector.offset), last.saturating_sub(selector.offset))
    }
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

    /// The same, where the question has an answer there.
    fn of(question: &Question, arguments: &Query, now: Millis, style: &Style) -> Result<Self> {
        let asked = Self::read(arguments, &Calendar { now, zone: style.zone.clone() })?;
        if let (Self::Over { .. }, Some(what)) = (&asked, question.only_at_once()) {
            let failure = Failure::new(Exit::Usage, format!("{what} has no value over a range of time"));
            return Err(failure.with_hint("leave out --since, or ask for a number or for series").into());
        }
        Ok(asked)
    }

    fn needs_newest(&self) -> bool {
        matches!(self, Self::At(None) | Self::Over { until: None, .. })
    }

    /// With `end` for what nobody named; and what to say about it: `note` if it was needed.
    fn resolve(self, end: Millis, note: &'static str, style: &Style) -> Result<(When, &'static str)> {
        let (since, is_age, until, step) = match self {
            Self::At(Some(at)) => return Ok((When::At(at), "")),
            Self::At(None) => return Ok((When::At(end), note)),
            Self::Over { since, is_age, until, step } => (since, is_age, until, step),
        };
        let (note, named) = if until.is_some() { ("", true) } else { (note, false) };
        let until = until.unwrap_or(end);
        if since > until {
            let (since, until) = (style.moment(since), style.moment(until));
            let what = format!("the range ends before it begins: {since} .. {until}{note}");
            let hint = if named { "put --since before --until" } else { "name a --since before that" };
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

fn zone(arguments: &Query, configured: TimeZone) -> Result<TimeZone> {
    match &arguments.tz {
        _ if arguments.utc => Ok(TimeZone::UTC),
        None => Ok(configured),
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

/// It means since the collection before, of which a file knows nothing; as the step, which it is elsewhere, one text would
/// mean two things.
fn refuse_interval(text: &str, selectors: &[Selector]) -> Result<()> {
    const INTERVAL: &str = "$__interval";
    if selectors.iter().all(|selector| selector.window != Window::Interval) {
        return Ok(());
    }
    let begin = text.find(INTERVAL).unwrap_or_default();
    let reason = "`$__interval` is the time since the collection before, and is for metrics of the configuration";
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
