//! The samples of one collection of one target, and the earlier readings that ranges need: what the catalogue's
//! expressions are evaluated over.

use std::collections::hash_map::Entry;

use crate::hash::Map;
use crate::promql::{Selector, Source, Window};
use crate::sample::{Labels, Millis, Point, Series, Text};

/// What one source of a target gave at one moment: the page of a node, or the rows of one `SHOW`.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// Names the source across runs: a URL's job and instance, or the rows.
    pub source: Text,
    /// Labels that all its samples bear: `job` and `instance` of a page, none of rows.
    pub common: Labels,
    pub at: Millis,
    pub samples: Vec<Sample>,
    /// Read less often than the rest and present until it is read again: remembered whole.
    pub periodic: bool,
}

/// One sample with all its labels, the common ones included.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: Text,
    pub labels: Labels,
    pub value: f64,
}

#[derive(Debug)]
struct Held {
    labels: Labels,
    /// Oldest first; all before `present`.
    past: Vec<Point>,
    present: Option<Point>,
}

/// The series of one target, by name.
#[derive(Debug, Default)]
pub struct Collection {
    series: Map<Text, Vec<Held>>,
}

impl Collection {
    /// `past` are the remembered readings; they count only when they are older than the reading of this collection.
    pub fn new(scrapes: &[Scrape], past: Vec<Series>) -> Self {
        let count = scrapes.iter().map(|scrape| scrape.samples.len()).sum();
        let mut places: Map<(&str, &Labels), (usize, Millis)> =
            Map::with_capacity_and_hasher(count, Default::default());
        let mut collection = Self::default();
        for scrape in scrapes {
            for sample in &scrape.samples {
                let Entry::Vacant(place) = places.entry((&sample.name, &sample.labels)) else { continue };
                let held = collection.named(&sample.name);
                place.insert((held.len(), scrape.at));
                let present = Some(Point { at: scrape.at, value: sample.value });
                held.push(Held { labels: sample.labels.clone(), past: Vec::new(), present });
            }
        }
        for mut series in past {
            let held = collection.named(&series.name);
            match places.get(&(&*series.name, &series.labels)) {
                Some(&(index, at)) => {
                    series.points.retain(|point| point.at < at);
                    held[index].past = series.points;
                }
                None => held.push(Held { labels: series.labels, past: series.points, present: None }),
            }
        }
        collection
    }

    fn named(&mut self, name: &Text) -> &mut Vec<Held> {
        self.series.entry(name.clone()).or_default()
    }

    /// The readings of a series that a window covers; an interval without both of its readings has none.
    fn window<'h>(held: &'h Held, window: Window, at: Millis, scratch: &'h mut Vec<Point>) -> &'h [Point] {
        scratch.clear();
        match window {
            Window::Instant => return held.present.as_slice(),
            Window::Interval => {
                if let (Some(previous), Some(present)) = (held.past.last(), held.present) {
                    scratch.extend([*previous, present]);
                }
            }
            Window::Range(range) => {
                let inside = |point: &&Point| point.at > at - range && point.at <= at;
                scratch.extend(held.past.iter().chain(&held.present).filter(inside));
            }
        }
        scratch
    }
}

impl Source for Collection {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let mut found = Vec::new();
        self.visit(selector, at, &mut |name, labels, points| {
            found.push(Series { name: name.clone(), labels: labels.clone(), points: points.to_vec() });
        });
        found
    }

    fn visit(&self, selector: &Selector, at: Millis, take: &mut dyn FnMut(&Text, &Labels, &[Point])) {
        let mut scratch = Vec::new();
        let mut take_all = |name: &Text, held: &[Held]| {
            for held in held.iter().filter(|held| selector.accepts(&held.labels)) {
                let points = Self::window(held, selector.window, at, &mut scratch);
                if !points.is_empty() {
                    take(name, &held.labels, points);
                }
            }
        };
        let Some(name) = &selector.name else {
            // Metrics are told apart by names, so no expression of the catalogue comes here; the answer is right anyway.
            let mut named: Vec<_> = self.series.iter().filter(|(name, _)| selector.accepts_name(name)).collect();
            named.sort_by_key(|(name, _)| *name);
            named.into_iter().for_each(|(name, held)| take_all(name, held));
            return;
        };
        if let Some((name, held)) = self.series.get_key_value(name).filter(|(name, _)| selector.accepts_name(name)) {
            take_all(name, held);
        }
    }
}
