//! A sample: what a scrape yields and what every expression is evaluated over.
//!
//! Texts are shared (`Arc<str>`), so that a label set can be passed between the collection, the evaluator and the
//! store by bumping a counter.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A shared piece of text: a metric name, a label name or a label value.
pub type Text = Arc<str>;

/// Unix time in milliseconds, UTC.
pub type Millis = i64;

/// A span of time as a duration; one that runs backwards is none.
pub fn lapse(span: Millis) -> Duration {
    Duration::from_millis(u64::try_from(span).unwrap_or(0))
}

/// A duration as a span of time; one that is too long for it is the longest.
pub fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// A label set without the metric name: sorted by label name, no name twice, no empty value (Prometheus takes an
/// empty value for an absent label).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Arc<[(Text, Text)]>);

impl Labels {
    /// Sorts, drops empty values; of a name that comes twice the first counts.
    pub fn new(pairs: impl IntoIterator<Item = (Text, Text)>) -> Self {
        let mut pairs: Vec<(Text, Text)> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        pairs.sort_by(|left, right| left.0.cmp(&right.0));
        pairs.dedup_by(|later, first| later.0 == first.0);
        Self(pairs.into())
    }

    /// The same from borrowed texts; for tests and for values that are made, not scraped.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(pairs.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    pub fn empty() -> Self {
        Self(Arc::new([]))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, name: &str) -> Option<&Text> {
        self.0.binary_search_by(|(own, _)| (**own).cmp(name)).ok().map(|index| &self.0[index].1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Text)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The labels whose name `keep` accepts.
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        if self.0.iter().all(|(name, _)| keep(name)) {
            return self.clone();
        }
        Self(self.0.iter().filter(|(name, _)| keep(name)).cloned().collect())
    }

    /// These labels with `more` put over them; an empty value removes the label.
    pub fn with(&self, more: &[(Text, Text)]) -> Self {
        Self::new(
            self.0.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).chain(more.iter()).cloned(),
        )
    }
}

impl fmt::Display for Labels {
    /// `{a="1", b="2"}` with the escapes of the exposition format.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}=\"")?;
            for letter in value.chars() {
                match letter {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    other => write!(f, "{other}")?,
                }
            }
            f.write_str("\"")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One reading of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: Millis,
    pub value: f64,
}

/// One series and the readings of it that were asked for, oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub name: Text,
    pub labels: Labels,
    pub points: Vec<Point>,
}
