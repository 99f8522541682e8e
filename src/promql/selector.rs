//! A selector: which series an expression reads, and how far back.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::{duration, literal};
use crate::sample::{Labels, Millis, Text};

/// `name{label="value"}[5m] @ end() offset 1h`, ready to be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    /// The name that all its series have; None selects by `names` and `matchers` alone.
    pub name: Option<Text>,
    /// What else the metric name must satisfy, all of it: `{__name__=~"a|b"}`.
    pub names: Vec<Matcher>,
    /// What the labels must satisfy, all of it; the metric name is not among them.
    pub matchers: Vec<Matcher>,
    pub window: Window,
    /// The moment instead of that of the evaluation. `evaluate` has looked it up before it asks a `Source`.
    pub at: Option<At>,
    /// How far before that moment the selector looks, in milliseconds; negative looks ahead. `evaluate` has
    /// subtracted it from the time it gives to a `Source`.
    pub offset: Millis,
}

/// `@`: a moment that does not move along with a range of evaluations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum At {
    /// Unix milliseconds.
    Time(Millis),
    Start,
    End,
}

/// Which samples of a series a selector reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// The sample that the moment of evaluation sees.
    Instant,
    /// `[$__interval]`: the previous sample of the series, whatever its age, and its present one.
    Interval,
    /// `[5m]`: the samples of the last so many milliseconds, the one at its very beginning excluded.
    Range(Millis),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchOperator {
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
}

/// One condition on one label. A label that is not there has the value "".
#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: Text,
    pub operator: MatchOperator,
    /// The text to be equal to, or the regular expression as it was written.
    pub value: Text,
    /// Of `Matches` and `MatchesNot` only.
    pattern: Option<Pattern>,
}

/// A regular expression, made ready once.
#[derive(Clone, Debug)]
enum Pattern {
    /// `LEADER|FOLLOWER`: nearly all there are, and far cheaper to make and to try than the engine for the rest.
    OneOf(Vec<Text>),
    Regex(Regex),
}

impl Pattern {
    fn new(written: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'/' | b'|' | b' ');
        if written.bytes().all(plain) {
            return Ok(Self::OneOf(written.split('|').map(Text::from).collect()));
        }
        compile(written).map(Self::Regex)
    }

    fn is_match(&self, value: &str) -> bool {
        match self {
            Self::OneOf(values) => values.iter().any(|one| **one == *value),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

impl Selector {
    /// Whether series of this name may be selected.
    pub fn accepts_name(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|own| **own == *name) && self.names.iter().all(|matcher| matcher.accepts(name))
    }

    /// Whether a series of an accepted name is selected when it has these labels.
    pub fn accepts(&self, labels: &Labels) -> bool {
        self.accepts_values(|label| labels.get(label).map_or("", |value| value))
    }

    /// The same for labels that are no [`Labels`] yet: `value` gives that of a label, "" without one.
    pub fn accepts_values<'v>(&self, value: impl Fn(&str) -> &'v str) -> bool {
        self.matchers.iter().all(|matcher| matcher.accepts(value(&matcher.label)))
    }
}

impl Matcher {
    pub fn equal(label: &str, value: &str) -> Self {
        Self { label: label.into(), operator: MatchOperator::Equal, value: value.into(), pattern: None }
    }

    /// The error is the reason why `value` is not a regular expression.
    pub(super) fn new(label: &str, operator: MatchOperator, value: &str) -> Result<Self, String> {
        let pattern = match operator {
            MatchOperator::Equal | MatchOperator::NotEqual => None,
            MatchOperator::Matches | MatchOperator::MatchesNot => Some(Pattern::new(value)?),
        };
        Ok(Self { label: label.into(), operator, value: value.into(), pattern })
    }

    pub fn accepts(&self, value: &str) -> bool {
        let equal = match &self.pattern {
            Some(pattern) => pattern.is_match(value),
            None => *self.value == *value,
        };
        equal == matches!(self.operator, MatchOperator::Equal | MatchOperator::Matches)
    }

    fn parts(&self) -> (&Text, MatchOperator, &Text) {
        (&self.label, self.operator, &self.value)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Matcher {}

impl std::hash::Hash for Matcher {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

/// The whole value must match, and `.` matches a line break too, as in Prometheus.
pub(super) fn compile(written: &str) -> Result<Regex, String> {
    let compile = |pattern: &str| {
        RegexBuilder::new(&format!("^(?:{})$", as_in_prometheus(pattern))).dot_matches_new_line(true).build()
    };
    // Go takes a `{` that begins no repetition literally; this engine does not.
    compile(written).or_else(|_| compile(&literal_braces(written))).map_err(|_| not_a_pattern(written))
}

/// Cut short, since what is not understood is often long.
pub(super) fn not_a_pattern(pattern: &str) -> String {
    let start: String = pattern.chars().take(60).collect();
    let dots = if start.len() < pattern.len() { "…" } else { "" };
    format!("`{start}{dots}` is not a regular expression that is understood, or it is too large")
}

/// `\d`, `\w` and `\s` mean ASCII alone there, and a class knows neither nested brackets nor set operators.
fn as_in_prometheus(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d') => text.push_str("[0-9]"),
                Some('D') => text.push_str("[^0-9]"),
                Some('w') => text.push_str("[0-9A-Za-z_]"),
                Some('W') => text.push_str("[^0-9A-Za-z_]"),
                Some('s') => text.push_str(r"[\t\n\f\r ]"),
                Some('S') => text.push_str(r"[^\t\n\f\r ]"),
                Some('b') if !in_class => text.push_str(r"(?-u:\b)"),
                other => {
                    text.push('\\');
                    text.extend(other);
                }
            },
            '[' if !in_class => {
                in_class = true;
                text.push('[');
                // A `]` that comes first is a member.
                text.extend(letters.next_if_eq(&'^'));
                if letters.next_if_eq(&']').is_some() {
                    text.push_str(r"\]");
                }
            }
            '[' if letters.peek() == Some(&':') => {
                text.push('[');
                for member in letters.by_ref() {
                    text.push(member);
                    if member == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' if in_class => {
                text.push('\\');
                text.push(letter);
            }
            ']' if in_class => {
                in_class = false;
                text.push(']');
            }
            other => text.push(other),
        }
    }
    text
}

fn literal_braces(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len() + 4);
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let (own, after) = rest.split_at(letter.len_utf8());
        rest = after;
        if letter == '{' {
            let counts = after.split_once('}').map_or("", |(counts, _)| counts);
            let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if least.is_empty() || !digits(least) || !digits(most) {
                text.push('\\');
            }
        }
        text.push_str(own);
        if letter == '\\' {
            let (escaped, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
            text.push_str(escaped);
            rest = after;
        }
    }
    text
}

/// Whether a name of a metric or of a label needs no quotes.
fn is_plain(name: &str, colons: bool) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || colons && byte == b':';
    name.bytes().all(letter) && name.starts_with(|first: char| !first.is_ascii_digit())
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.name.as_ref().filter(|name| is_plain(name, true));
        let quoted = self.name.as_ref().filter(|name| !is_plain(name, true)).map(|name| literal::quoted(name));
        f.write_str(plain.map_or("", |name| name))?;
        let conditions = quoted.into_iter().chain(self.names.iter().chain(&self.matchers).map(ToString::to_string));
        let conditions: Vec<String> = conditions.collect();
        if plain.is_none() || !conditions.is_empty() {
            write!(f, "{{{}}}", conditions.join(", "))?;
        }
        match self.window {
            Window::Instant => {}
            Window::Interval => f.write_str("[$__interval]")?,
            Window::Range(length) => write!(f, "[{}]", duration::format(length))?,
        }
        match self.at {
            None => {}
            Some(At::Time(millis)) => write!(f, " @ {:.3}", millis as f64 / 1000.0)?,
            Some(At::Start) => f.write_str(" @ start()")?,
            Some(At::End) => f.write_str(" @ end()")?,
        }
        match self.offset {
            0 => Ok(()),
            ahead if ahead < 0 => write!(f, " offset -{}", duration::format(-ahead)),
            back => write!(f, " offset {}", duration::format(back)),
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = match self.operator {
            MatchOperator::Equal => "=",
            MatchOperator::NotEqual => "!=",
            MatchOperator::Matches => "=~",
            MatchOperator::MatchesNot => "!~",
        };
        let label = if is_plain(&self.label, false) { self.label.to_string() } else { literal::quoted(&self.label) };
        write!(f, "{label}{operator}{}", literal::quoted(&self.value))
    }
}
