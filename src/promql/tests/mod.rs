//! The rules of the language, each pinned by a small source and the whole answer. Values were worked out by hand or
//! taken from a Prometheus that was asked the same.

mod aggregations;
mod calendar;
mod choices;
mod functions;
mod histograms;
mod known;
mod labels;
mod literals;
mod matching;
mod mathematics;
mod moments;
mod names;
mod operators;
mod ranges;
mod reach;
mod refusals;
mod selectors;
mod spans;

use super::{Expression, Selector, Source, Value, Window, evaluate};
use crate::sample::{Labels, Millis, Point, Series};

/// The moment of evaluation.
const NOW: Millis = 1_000_000;

/// Stored samples, seen with a lookback of five minutes.
struct Memory(Vec<Series>);

/// A series' name, labels and value.
type Given<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);

/// One sample a series, taken a second ago.
fn now(series: &[Given<'_>]) -> Memory {
    let points = |value: f64| vec![Point { at: NOW - 1000, value }];
    let one = |(name, labels, value): &Given<'_>| Series {
        name: (*name).into(),
        labels: Labels::of(labels.iter().copied()),
        points: points(*value),
    };
    Memory(series.iter().map(one).collect())
}

/// One series `x` with samples so many milliseconds before the evaluation.
fn history(samples: &[(Millis, f64)]) -> Memory {
    let points = samples.iter().map(|(ago, value)| Point { at: NOW - ago, value: *value }).collect();
    Memory(vec![Series { name: "x".into(), labels: Labels::of([("i", "1")]), points }])
}

impl Source for Memory {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let after = |start: Millis, points: &[Point]| -> Vec<Point> {
            points.iter().filter(|point| point.at > start && point.at <= at).copied().collect()
        };
        let last = |count: usize, points: Vec<Point>| points[points.len().saturating_sub(count)..].to_vec();
        let wanted =
            self.0.iter().filter(|series| selector.accepts_name(&series.name) && selector.accepts(&series.labels));
        let seen = |series: &Series| {
            let points = match selector.window {
                Window::Instant => last(1, after(at - 300_000, &series.points)),
                Window::Interval => last(2, after(Millis::MIN, &series.points)),
                Window::Range(length) => after(at - length, &series.points),
            };
            Series { points, ..series.clone() }
        };
        wanted.map(seen).filter(|series| !series.points.is_empty()).collect()
    }
}

/// The answer as text, an element a line; the time only where it is not the moment of evaluation.
fn answer(source: &Memory, text: &str) -> String {
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => return format!("refused: {error}"),
    };
    match evaluate(&expression, source, NOW) {
        Err(error) => format!("error: {error}"),
        Ok(Value::Scalar(number)) => format!("scalar {number}"),
        Ok(Value::String(text)) => format!("string {text}"),
        Ok(Value::Vector(elements)) => {
            let line = |element: &super::Element| {
                let ago = if element.at == NOW { String::new() } else { format!(" {} ms ago", NOW - element.at) };
                format!("{}{} {}{ago}", element.name.as_deref().unwrap_or(""), element.labels, element.value)
            };
            elements.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Asks and compares several at once: `(expression, answer)`.
#[track_caller]
fn check(source: &Memory, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(answer(source, text), *expected, "{text}");
    }
}
