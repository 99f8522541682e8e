//! The families a page announces, and which family a sample's name belongs to.

use memchr::memrchr;

use super::Format;
use super::names::Index;
use crate::hash::Seed;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// Its samples bear the family's own name: gauges, what has no type, and counters of the older format.
    Plain,
    Counter,
    Summary,
    Histogram,
    GaugeHistogram,
    Info,
}

impl Kind {
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        match word {
            b"gauge" | b"untyped" | b"unknown" | b"stateset" => Some(Self::Plain),
            b"counter" => Some(Self::Counter),
            b"summary" => Some(Self::Summary),
            b"histogram" => Some(Self::Histogram),
            b"gaugehistogram" => Some(Self::GaugeHistogram),
            b"info" => Some(Self::Info),
            _ => None,
        }
    }

    /// What samples of the family may bear after its name.
    fn suffixes(self, format: Format) -> &'static [&'static [u8]] {
        match (format, self) {
            (Format::Prometheus, Self::Summary) => &[b"_sum", b"_count"],
            (Format::Prometheus, Self::Histogram) => &[b"_bucket", b"_sum", b"_count"],
            (Format::Prometheus, _) | (_, Self::Plain) => &[],
            (_, Self::Counter) => &[b"_total", b"_created"],
            (_, Self::Summary) => &[b"_sum", b"_count", b"_created"],
            (_, Self::Histogram) => &[b"_bucket", b"_sum", b"_count", b"_created"],
            (_, Self::GaugeHistogram) => &[b"_bucket", b"_gsum", b"_gcount"],
            (_, Self::Info) => &[b"_info"],
        }
    }
}

pub(super) struct Family<'p> {
    pub name: &'p [u8],
    pub kind: Kind,
    /// Announced twice, so that nobody knows which announcement is the honest one.
    pub suspect: bool,
    /// Whether anyone reads samples that bear the family's own name.
    pub wanted: bool,
    /// Sample lines, wanted or not.
    pub samples: u64,
    pub duplicates: u64,
}

pub(super) struct Families<'p> {
    pub list: Vec<Family<'p>>,
    index: Index,
    seed: Seed,
    format: Format,
}

impl<'p> Families<'p> {
    /// Room is made by the size of the page, up to what real pages hold.
    pub(super) fn new(seed: Seed, format: Format, page: usize) -> Self {
        let room = (page / 96).min(1024);
        Self { list: Vec::with_capacity(room), index: Index::with_room(room), seed, format }
    }

    pub(super) fn named(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.index.find(hash, |at| self.list[at].name == name)
    }

    /// The new family's position; a name that was announced before becomes suspect.
    pub(super) fn announce(&mut self, name: &'p [u8], hash: u64, kind: Kind, wanted: bool) -> usize {
        if let Some(known) = self.named(name, hash) {
            self.list[known].suspect = true;
            return known;
        }
        let position = self.list.len();
        self.index.insert(hash, position);
        self.list.push(Family { name, kind, suspect: false, wanted, samples: 0, duplicates: 0 });
        position
    }

    /// The family whose samples may bear `name`: its own, or one that `name` adds a fitting suffix to.
    pub(super) fn of_sample(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.named(name, hash).or_else(|| {
            let (base, suffix) = name.split_at_checked(memrchr(b'_', name)?)?;
            let family = self.named(base, self.seed.hash(base))?;
            self.list[family].kind.suffixes(self.format).contains(&suffix).then_some(family)
        })
    }

    /// `x_count` of a summary `x` and a family of its own called `x_count` announce the same name twice.
    pub(super) fn mark_clashes(&mut self) {
        let mut name = Vec::new();
        for position in 0..self.list.len() {
            for suffix in self.list[position].kind.suffixes(self.format) {
                name.clear();
                name.extend_from_slice(self.list[position].name);
                name.extend_from_slice(suffix);
                if let Some(other) = self.named(&name, self.seed.hash(&name)) {
                    self.list[position].suspect = true;
                    self.list[other].suspect = true;
                }
            }
        }
    }
}
