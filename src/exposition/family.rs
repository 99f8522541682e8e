//! The families a page announces, and which family a sample's name belongs to.

use std::cell::OnceCell;

use memchr::{memchr, memrchr};

use super::names::{Index, bears, name_at};
use super::{Format, Label, line};
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
    ///
    /// Each has one underscore, its first letter; [`ends_in_a_suffix`] knows their last four.
    pub(super) fn suffixes(self, format: Format) -> &'static [&'static [u8]] {
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
    pub hash: u64,
    pub kind: Kind,
    /// The page from its announcement on.
    pub since: &'p [u8],
    /// Announced twice or torn apart, so that nobody knows which of its samples are honest.
    pub suspect: bool,
    /// Whether anyone reads samples that bear the family's own name.
    pub wanted: bool,
    /// Sample lines, wanted or not.
    pub samples: u64,
    pub duplicates: u64,
    /// Whose samples came after its own, the latest first.
    followers: [usize; 2],
    first: OnceCell<Option<Vec<Label<'p>>>>,
}

impl<'p> Family<'p> {
    /// The labels of the sample that follows the announcement; read once, for a frontend tears a family as often as it
    /// has tables.
    pub(super) fn first_labels(&self, format: Format) -> Option<&[Label<'p>]> {
        self.first.get_or_init(|| self.read_first(format)).as_deref()
    }

    fn read_first(&self, format: Format) -> Option<Vec<Label<'p>>> {
        let rest = self.since.strip_prefix(b"\n")?;
        let line = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
        let name = name_at(line)?.len();
        let text = str::from_utf8(&line[name..]).ok()?;
        let mut labels = Vec::new();
        line::read(text.strip_suffix('\r').unwrap_or(text), &rest[name..], format, &mut labels).ok()?;
        Some(labels)
    }
}

pub(super) struct Families<'p> {
    pub list: Vec<Family<'p>>,
    /// The first family behind all those whose samples are several lines that belong together.
    pub fence: usize,
    index: Index,
    /// Those whose own names end as samples of other families do.
    alike: Vec<usize>,
    seed: Seed,
    format: Format,
}

impl<'p> Families<'p> {
    /// Room is made by the size of the page, up to what real pages hold.
    pub(super) fn new(seed: Seed, format: Format, page: usize) -> Self {
        let room = (page / 96).min(1024);
        let index = Index::with_room(room);
        Self { list: Vec::with_capacity(room), fence: 0, index, alike: Vec::new(), seed, format }
    }

    pub(super) fn named(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.index.find(hash, |at| self.list[at].name == name)
    }

    /// The new family's position; a name that was announced before becomes suspect.
    pub(super) fn announce(&mut self, name: &'p [u8], hash: u64, kind: Kind, wanted: bool, since: &'p [u8]) -> usize {
        if let Some(known) = self.named(name, hash) {
            self.list[known].suspect = true;
            return known;
        }
        let position = self.list.len();
        if !matches!(kind, Kind::Plain | Kind::Counter) {
            self.fence = position + 1;
        }
        self.index.insert(hash, position);
        if ends_in_a_suffix(name) {
            self.alike.push(position);
        }
        let followers = [position; 2];
        self.list.push(Family {
            name,
            hash,
            kind,
            since,
            suspect: false,
            wanted,
            samples: 0,
            duplicates: 0,
            followers,
            first: OnceCell::new(),
        });
        position
    }

    /// The family whose name the line bears, if its samples came after those of `last` before: what a frontend says of
    /// each table it says in the same order.
    #[inline]
    pub(super) fn follower(&self, last: usize, line: &[u8]) -> Option<usize> {
        self.list[last].followers.into_iter().find(|next| bears(line, self.list[*next].name))
    }

    pub(super) fn follows(&mut self, last: usize, next: usize) {
        let followers = &mut self.list[last].followers;
        *followers = [next, followers[0]];
    }

    /// The family whose samples may bear `name`: its own, or one that `name` adds a fitting suffix to.
    pub(super) fn of_sample(&self, name: &[u8], hash: u64) -> Option<usize> {
        self.named(name, hash).or_else(|| self.of_longer(name))
    }

    /// `x_count` of a summary `x` and a family of its own called `x_count` announce the same name twice.
    pub(super) fn mark_clashes(&mut self) {
        for other in std::mem::take(&mut self.alike) {
            if let Some(position) = self.of_longer(self.list[other].name) {
                self.list[position].suspect = true;
                self.list[other].suspect = true;
            }
        }
    }

    /// The family that samples called `name` belong to by a suffix.
    fn of_longer(&self, name: &[u8]) -> Option<usize> {
        if !ends_in_a_suffix(name) {
            return None;
        }
        let (base, suffix) = name.split_at_checked(memrchr(b'_', name)?)?;
        let family = self.named(base, self.seed.hash(base))?;
        self.list[family].kind.suffixes(self.format).contains(&suffix).then_some(family)
    }
}

/// Whether the last four letters are those of any suffix.
#[inline]
fn ends_in_a_suffix(name: &[u8]) -> bool {
    matches!(name.last_chunk(), Some(b"_sum" | b"gsum" | b"ount" | b"cket" | b"otal" | b"ated" | b"info"))
}
