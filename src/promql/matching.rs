//! Which labels count: for the groups of an aggregation and for the pairs of a vector operation. Elements are compared
//! by borrowed labels, so that grouping a thousand series allocates for the groups and not for the series.

use std::collections::{BTreeSet, HashSet};
use std::hash::{Hash, Hasher};

use super::{Element, EvalError};
use crate::sample::{Labels, Text};

pub(super) const METRIC_NAME: &str = "__name__";

/// `by` and `on` keep the labels named; `without` and `ignoring` keep all others.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    names: Vec<Text>,
    keep: bool,
    /// The metric name counts, because `by` or `on` names `__name__`.
    metric_name: bool,
}

impl Matching {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, keep: bool) -> Self {
        let mut names: Vec<Text> = names.into_iter().map(Text::from).collect();
        names.sort();
        names.dedup();
        let all = names.len();
        names.retain(|name| **name != *METRIC_NAME);
        Self { metric_name: keep && names.len() < all, names, keep }
    }

    /// All labels, as when nothing is written between two vectors.
    pub fn whole() -> Self {
        Self::new([], false)
    }

    /// Nothing: one group.
    pub fn nothing() -> Self {
        Self::new([], true)
    }

    /// With one label more that stays; nothing changes for those that name what goes.
    pub fn with_kept(&self, label: &str) -> Self {
        if !self.keep {
            return self.clone();
        }
        let names = self.names.iter().map(|name| &**name).chain([label]);
        Self::new(names.chain(self.metric_name.then_some(METRIC_NAME)), true)
    }

    /// The labels of these that count; `None` of what cannot be told, unless only those named can be left.
    pub fn kept(&self, names: Option<BTreeSet<String>>) -> Option<BTreeSet<String>> {
        match (names, self.keep) {
            (None, true) => Some(self.names.iter().map(|name| name.to_string()).collect()),
            (names, keep) => {
                let mut names = names?;
                names.retain(|name| self.names(name) == keep);
                Some(names)
            }
        }
    }

    pub fn keeps_only_named(&self) -> bool {
        self.keep
    }

    pub fn counts_name(&self) -> bool {
        self.metric_name
    }

    fn names(&self, label: &str) -> bool {
        self.names.iter().any(|name| **name == *label)
    }

    /// The labels that count.
    pub fn labels(&self, labels: &Labels) -> Labels {
        if self.keep && self.names.is_empty() {
            return Labels::empty();
        }
        labels.filtered(|label| self.names(label) == self.keep)
    }

    /// The metric name, if it counts.
    pub fn name(&self, element: &Element) -> Option<Text> {
        if self.metric_name { element.name.clone() } else { None }
    }

    pub fn key<'a>(&'a self, element: &'a Element) -> Key<'a> {
        Key { matching: self, element }
    }
}

/// An element in the eyes of a matching; only keys of the same matching may be compared.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    matching: &'a Matching,
    element: &'a Element,
}

impl<'a> Key<'a> {
    fn name(&self) -> Option<&'a Text> {
        if self.matching.metric_name { self.element.name.as_ref() } else { None }
    }

    fn named(&self) -> impl Iterator<Item = Option<&'a Text>> {
        let (matching, element) = (self.matching, self.element);
        matching.names.iter().map(|name| element.labels.get(name))
    }

    fn others(&self) -> impl Iterator<Item = (&'a Text, &'a Text)> {
        let (matching, element) = (self.matching, self.element);
        element.labels.iter().filter(|(label, _)| !matching.names(label))
    }

    /// The labels that count, for messages.
    pub fn labels(&self) -> Labels {
        self.matching.labels(&self.element.labels)
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        match self.matching.keep {
            true => self.named().eq(other.named()) && self.name() == other.name(),
            false => self.element.labels == other.element.labels || self.others().eq(other.others()),
        }
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
        if self.matching.keep {
            self.named().for_each(|value| value.hash(state));
        } else {
            self.others().for_each(|pair| pair.hash(state));
        }
    }
}

/// An error if two elements have the same name and labels.
pub(super) fn all_differ(elements: &[Element]) -> Result<(), EvalError> {
    let mut seen = HashSet::with_capacity(elements.len());
    match elements.iter().find(|element| !seen.insert((&element.name, &element.labels))) {
        None => Ok(()),
        Some(twice) => Err(EvalError(format!(
            "the result would have two series with the labels {}; aggregate, or keep a label that tells them apart",
            twice.labels
        ))),
    }
}
