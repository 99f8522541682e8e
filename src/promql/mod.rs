//! PromQL over whatever holds samples: one collection, stored history, a text file.
//!
//! Prometheus 3.5 is the reference: an expression gives here what it gives there. Two things are our own:
//! `[$__interval]` is a series' previous sample and its present one (`range` says what each function makes of them), and
//! what an instant selector sees is for the [`Source`] to say.
//!
//! What is not supported is refused when the text is parsed, never when it is evaluated: subqueries, functions of only
//! native histograms, what is behind a feature flag in Prometheus or came later, `or` between matchers, durations of more than
//! 100 years, texts that are too long or nest too deep. Regular expressions are Go's as far as the engine here has them;
//! `\Q…\E` it has not. The values differ where Prometheus itself leaves them open: which of equal elements `topk` takes
//! (here the first), the order of what nothing has sorted, and the date of what is no moment (here NaN).

mod aggregate;
mod arithmetic;
mod compile;
mod dates;
mod duration;
mod error;
mod evaluate;
mod functions;
mod histogram;
mod labels;
mod literal;
mod matching;
mod node;
mod range;
mod reach;
mod selector;
mod statistics;
mod sum;
#[cfg(test)]
mod tests;
mod text;
mod vectors;

use std::sync::OnceLock;

use crate::sample::{Labels, Millis, Point, Series, Text};

pub use error::{EvalError, ParseError, Position};
pub(crate) use labels::expand as expand_groups;
pub use selector::{At, MatchOperator, Matcher, Selector, Window};
pub use statistics::quantile_of_any;

use node::Node;

/// A parsed and type-checked expression; everything in it is known to be supported.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    root: OnceLock<Result<Node, ParseError>>,
}

/// What an expression evaluates to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    Scalar,
    String,
    Vector,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Scalar(f64),
    String(String),
    /// No two elements have the same name and labels.
    Vector(Vec<Element>),
}

/// One series of an instant vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// None once a function, an operator or an aggregation has made something else of the metric.
    pub name: Option<Text>,
    pub labels: Labels,
    /// When the sample was taken, if a selector gave it unaltered; else the moment of evaluation.
    pub at: Millis,
    pub value: f64,
}

/// When an expression is evaluated, in unix milliseconds: once, or again and again from `start` to `end`, which is what
/// `@ start()` and `@ end()` mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Millis,
    pub start: Millis,
    pub end: Millis,
}

impl From<Millis> for Moment {
    /// Evaluated once, the range begins and ends there.
    fn from(at: Millis) -> Self {
        Self { at, start: at, end: at }
    }
}

/// Where samples come from.
pub trait Source {
    /// The series that a selector reads at `at`: the moment of evaluation, or that behind the selector's `@`, from which
    /// its offset has been subtracted. The names are for the source to compare, too ([`Selector::accepts_name`]). Each
    /// series comes once. Its points, oldest first:
    ///
    /// - [`Window::Instant`]: the one that the selector sees (a series without one is left out);
    /// - [`Window::Interval`]: the previous and the present one (with only one of them every function gives nothing);
    /// - [`Window::Range`] of `r`: those with `at - r < t <= at`.
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series>;

    /// The same, shown one by one without being copied. This is what an evaluation calls; a source that has its
    /// series in memory saves an allocation a series by doing better than `select`.
    fn visit(&self, selector: &Selector, at: Millis, show: &mut dyn FnMut(&Text, &Labels, &[Point])) {
        self.select(selector, at).iter().for_each(|series| show(&series.name, &series.labels, &series.points));
    }
}

/// The same text is the same expression.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Expression {
    /// Parses and checks; the error names what is wrong or not supported and, as well as it can be told, where.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { text: text.to_owned(), root: OnceLock::from(Ok(compile::parse(text)?)) })
    }

    /// For a text that is known to parse: it is parsed when it is first needed. If it is wrong after all, it selects
    /// nothing and evaluating it is an error.
    pub fn deferred(text: &str) -> Self {
        Self { text: text.to_owned(), root: OnceLock::new() }
    }

    fn root(&self) -> Result<&Node, &ParseError> {
        self.root.get_or_init(|| compile::parse(&self.text)).as_ref()
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn value_type(&self) -> ValueType {
        self.root().map_or(ValueType::Vector, Node::value_type)
    }

    /// Every selector, in the order of the text: all that an evaluation will ask a [`Source`] for.
    pub fn selectors(&self) -> Vec<Selector> {
        let mut selectors = Vec::new();
        if let Ok(root) = self.root() {
            root.each_selector(&mut |selector| selectors.push(selector.clone()));
        }
        selectors
    }
}

/// Evaluates at one moment; that may be the unix milliseconds alone. Errors are those of Prometheus: series that cannot
/// be told apart, and how many of the largest are wanted when that is no number.
///
/// The elements come in the order in which the source shows its series; groups in that of their first members; those of
/// `sort` and, group by group, of `topk` and `bottomk` in the order of their values.
pub fn evaluate(expression: &Expression, source: &dyn Source, at: impl Into<Moment>) -> Result<Value, EvalError> {
    let root = expression.root().map_err(|error| EvalError(error.to_string()))?;
    let moment: Moment = at.into();
    evaluate::Evaluation { source, moment, at: moment.at }.value(root)
}

/// The selector of an expression that is nothing but a range of samples, such as `up[5m]`. That is no value, and so no
/// [`Expression`]: the samples themselves are what is asked for.
pub fn range_selector(text: &str) -> Option<Selector> {
    compile::parse_range(text)
}

/// The samples that a range holds at one moment, each with its own time.
pub fn samples(selector: &Selector, source: &dyn Source, at: Millis) -> Vec<Series> {
    let end = evaluate::Evaluation { source, moment: at.into(), at }.end(selector);
    source.select(selector, end)
}
