//! The newest values alone, as rules see them before anything is stored: what a trial collection would be told.

use std::collections::HashSet;

use super::rule::Rule;
use crate::catalogue::recorded::Naming;
use crate::promql::{Selector, Source, Window};
use crate::sample::{Labels, Millis, Point, Series, Text};

/// The recorded values that rules see, under the names and with the labels of [`crate::catalogue::recorded`].
#[derive(Debug)]
pub struct Recorded {
    /// The names that some rule reads: of a node there is much that none does.
    read: HashSet<Text>,
    series: Vec<Series>,
}

impl Recorded {
    /// For values that these rules are to see.
    pub fn of(rules: &[&Rule]) -> Self {
        let read = rules.iter().flat_map(|rule| rule.expression.selectors()).filter_map(|selector| selector.name);
        Self { read: read.collect(), series: Vec::new() }
    }

    /// `labels` are those of the subject, made by its naming.
    pub fn add(&mut self, naming: &Naming, metric: &str, labels: &Labels, at: Millis, value: f64) {
        self.add_named(&naming.sample(metric), labels, at, value);
    }

    /// A sample under its whole name.
    pub fn add_named(&mut self, name: &str, labels: &Labels, at: Millis, value: f64) {
        if let Some(name) = self.read.get(name) {
            let points = vec![Point { at, value }];
            self.series.push(Series { name: name.clone(), labels: labels.clone(), points });
        }
    }
}

impl Source for Recorded {
    fn select(&self, selector: &Selector, _at: Millis) -> Vec<Series> {
        if selector.window != Window::Instant {
            return Vec::new();
        }
        let named = self.series.iter().filter(|series| selector.accepts_name(&series.name));
        named.filter(|series| selector.accepts(&series.labels)).cloned().collect()
    }
}
