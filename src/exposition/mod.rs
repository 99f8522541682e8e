//! Prometheus and OpenMetrics text, read in one pass and borrowed, because nine lines of ten are ones nobody wants.
//!
//! A line whose name is not wanted costs the search for its end and one look-up; its labels and value are not looked
//! at. No line loses the page: what cannot be read is counted and the first few are kept for the report. Anyone can
//! write lines into a frontend's page by a failed login, so a page is not believed blindly either:
//!
//! - of two readings of one series the first counts, the others are duplicates;
//! - once a page has a `# TYPE` line, samples of a family without one before them are undeclared and not returned;
//! - a family announced twice is suspect, and none of its samples are returned;
//! - so is one with a further series far from its announcement, and one with undeclared samples in its midst.

mod breaks;
mod family;
mod line;
pub mod lines;
mod names;
pub mod scrapes;
#[cfg(test)]
mod tests;
mod wide;

use std::borrow::Cow;
use std::fmt;

use smallvec::SmallVec;

use self::breaks::Breaks;
use self::family::{Families, Family, Kind};
pub use self::names::Wanted;
use self::names::{Index, bears, name_at};
use crate::sample::Millis;
use crate::words::is_unseen;

/// The two text formats; the content type of the answer tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`, and what says only `text/plain`: timestamps in milliseconds.
    Prometheus,
    /// `application/openmetrics-text`: timestamps in seconds, `# EOF` at the end, more suffixes.
    OpenMetrics,
}

/// A label's name and value, the value with escapes resolved and therefore sometimes owned.
pub type Label<'p> = (&'p str, Cow<'p, str>);

/// One sample of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<'p> {
    pub name: &'p str,
    /// In the order of the page, no name twice, mostly one or two. A value may be empty, which means the same as no such
    /// label.
    pub labels: SmallVec<[Label<'p>; 2]>,
    pub value: f64,
    /// Only if the page gives one.
    pub timestamp: Option<Millis>,
}

/// What a page gave, in the order of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page<'p> {
    pub readings: Vec<Reading<'p>>,
    pub report: PageReport,
}

/// What was found on a page besides its readings. All counts are of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageReport {
    /// Sample lines, wanted or not, without the bad ones; of an unwanted line only the name was looked at.
    pub samples: u64,
    /// Lines that cannot be read: wanted samples, names, announcements, lines over 1 MiB.
    pub bad_lines: u64,
    /// The first few of them.
    pub first_bad: Vec<BadLine>,
    /// Wanted samples of a series that an earlier line gave.
    pub duplicates: u64,
    /// Samples, wanted or not, of families that a page with announcements did not announce before them.
    pub undeclared: u64,
    /// Families announced twice or torn apart, in the order of their first announcement.
    pub suspect: Vec<String>,
    /// Samples of these families, wanted or not.
    pub suspect_samples: u64,
    /// An OpenMetrics page that does not end with `# EOF` was cut off.
    pub missing_eof: bool,
}

/// A line that could not be read; in words: line 7 `TEXT`: REASON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub line: u64,
    /// Its beginning, fit for a terminal.
    pub text: String,
    pub reason: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} `{}`: {}", self.line, self.text, self.reason)
    }
}

const MAX_LINE: usize = 1 << 20;
/// Room for so many from the start.
const USUAL_READINGS: usize = 256;
const KEPT_BAD_LINES: usize = 5;
const KEPT_TEXT: usize = 100;

/// All wanted readings of a page.
pub fn parse<'p>(page: &'p [u8], format: Format, wanted: &Wanted) -> Page<'p> {
    parse_filtered(page, format, wanted, |_, _| true)
}

/// The wanted readings whose name and labels `keep` accepts; the others leave no trace but the count of samples.
///
/// `keep` must judge by its arguments alone, for two readings of one series are told apart only among the kept.
pub fn parse_filtered<'p>(
    page: &'p [u8],
    format: Format,
    wanted: &Wanted,
    keep: impl Fn(&str, &[Label<'_>]) -> bool,
) -> Page<'p> {
    let mut reader = Reader {
        format,
        wanted,
        keep,
        families: Families::new(wanted.seed().clone(), format, page.len()),
        current: Current::default(),
        labels: Vec::new(),
        readings: Vec::with_capacity(USUAL_READINGS),
        owners: Vec::with_capacity(USUAL_READINGS),
        seen: Index::with_room(USUAL_READINGS),
        report: PageReport::default(),
        ended: false,
    };
    let mut start = 0;
    let mut number = 0;
    // What follows the last break is a line as well, if only an empty one.
    for end in Breaks::new(page).chain([page.len()]) {
        number += 1;
        let rest = &page[start..];
        if let Err(reason) = reader.line(rest, end - start) {
            reader.report.note(number, &page[start..end], reason);
        }
        start = end + 1;
    }
    reader.finish()
}

type Outcome = Result<(), Cow<'static, str>>;

/// The name that the last line bore: most lines bear the same one, or that of the family just announced.
#[derive(Default)]
struct Current<'p> {
    name: &'p [u8],
    hash: u64,
    family: Option<usize>,
    wanted: bool,
}

struct Reader<'p, 'w, K> {
    format: Format,
    wanted: &'w Wanted,
    keep: K,
    families: Families<'p>,
    current: Current<'p>,
    /// The labels of the line at hand; kept for its memory.
    labels: Vec<Label<'p>>,
    readings: Vec<Reading<'p>>,
    /// Of each reading the family, if the page announces any.
    owners: Vec<Option<usize>>,
    /// The readings by series.
    seen: Index,
    report: PageReport,
    ended: bool,
}

impl<'p, K: Fn(&str, &[Label<'_>]) -> bool> Reader<'p, '_, K> {
    /// The line is `page[..end]`; the page goes on behind it, which spares the search for the name a bound.
    #[inline]
    fn line(&mut self, page: &'p [u8], end: usize) -> Outcome {
        if end > MAX_LINE {
            return Err("longer than 1 MiB".into());
        }
        // Most lines bear the name of the one before.
        if bears(page, self.current.name) {
            return self.sample(page, end);
        }
        if let Some(announced) = page.strip_prefix(b"# TYPE ")
            && !self.ended
        {
            return self.announcement(announced, end - b"# TYPE ".len());
        }
        self.other_line(page, end)
    }

    fn other_line(&mut self, page: &'p [u8], end: usize) -> Outcome {
        let (mut page, mut end) = (page, end);
        if page.first().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            let blanks = page[..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
            (page, end) = (&page[blanks..], end - blanks);
        }
        if end == 0 {
            return Ok(());
        }
        if self.ended {
            return Err("after `# EOF`".into());
        }
        if page[0] == b'#' {
            return self.comment(&page[1..], end - 1);
        }
        if !bears(page, self.current.name) {
            self.turn_to(page)?;
        }
        self.sample(page, end)
    }

    /// The comment is `page[..end]`.
    fn comment(&mut self, page: &'p [u8], end: usize) -> Outcome {
        let text = skip(&page[..end]);
        if let Some(announced) = text.strip_prefix(b"TYPE").filter(|rest| matches!(rest.first(), Some(b' ' | b'\t'))) {
            return self.announcement(&page[end - announced.len()..], announced.len());
        }
        if self.format == Format::OpenMetrics && text.trim_ascii_end() == b"EOF" {
            self.ended = true;
            // No line bears it.
            self.current = Current::default();
        }
        Ok(())
    }

    /// The announcement is `page[..end]`; the page goes on behind it.
    #[inline]
    fn announcement(&mut self, page: &'p [u8], end: usize) -> Outcome {
        let blanks = page.iter().take_while(|byte| is_blank(**byte)).count();
        let name = name_at(&page[blanks..]).ok_or("no metric name after `# TYPE`")?;
        let kind = Kind::of(page[blanks + name.len()..end].trim_ascii());
        if self.families.list.is_empty() {
            self.first_announcement();
        }
        let hash = self.wanted.seed().hash(name);
        let wanted = self.wanted.has(hash, name);
        // Whatever its type is said to be, the family is announced.
        let family = self.families.announce(name, hash, kind.unwrap_or(Kind::Plain), wanted, &page[end..]);
        self.current = Current { name, hash, family: Some(family), wanted };
        if kind.is_some() { Ok(()) } else { Err("no known type after the name in `# TYPE`".into()) }
    }

    /// Only now it shows that the page announces its families, and that what came before was not announced.
    fn first_announcement(&mut self) {
        self.report.undeclared = self.report.samples;
        self.report.duplicates = 0;
        self.readings.clear();
        self.owners.clear();
        self.seen = Index::with_room(USUAL_READINGS);
    }

    #[inline]
    fn sample(&mut self, page: &'p [u8], end: usize) -> Outcome {
        if self.current.wanted {
            return self.wanted_sample(page, end);
        }
        self.report.samples += 1;
        match self.current.family {
            Some(family) => self.families.list[family].samples += 1,
            None => self.undeclared(),
        }
        Ok(())
    }

    /// Whoever wrote it stands in the midst of the family at hand, and may have written more there.
    #[cold]
    fn undeclared(&mut self) {
        if let Some(family) = self.families.list.last_mut() {
            self.report.undeclared += 1;
            family.suspect = true;
        }
    }

    fn turn_to(&mut self, page: &'p [u8]) -> Outcome {
        let last = self.current.family;
        if let Some(next) = last.and_then(|last| self.families.follower(last, page)) {
            let Family { name, hash, wanted, .. } = self.families.list[next];
            self.current = Current { name, hash, family: Some(next), wanted };
            return Ok(());
        }
        // No name goes beyond its line, for a line break ends it.
        let name = name_at(page).ok_or("no metric name where the line begins")?;
        let hash = self.wanted.seed().hash(name);
        let family = self.families.of_sample(name, hash);
        let wanted = match family {
            Some(at) if self.families.list[at].name.len() == name.len() => {
                if let Some(last) = last {
                    self.families.follows(last, at);
                }
                self.families.list[at].wanted
            }
            None if !self.families.list.is_empty() => false,
            _ => self.wanted.has(hash, name),
        };
        self.current = Current { name, hash, family, wanted };
        Ok(())
    }

    fn wanted_sample(&mut self, page: &'p [u8], end: usize) -> Outcome {
        let line = str::from_utf8(&page[..end]).map_err(|_| "not UTF-8")?;
        let (name, rest) = line.split_at(self.current.name.len());
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        let (value, timestamp) = line::read(rest, &page[name.len()..], self.format, &mut self.labels)?;
        self.report.samples += 1;
        if let Some(family) = self.current.family {
            self.families.list[family].samples += 1;
        }
        if !(self.keep)(name, &self.labels) {
            return Ok(());
        }
        let hash = self.series_hash();
        if self.seen.find(hash, |at| same_series(&self.readings[at], name, &self.labels)).is_some() {
            self.report.duplicates += 1;
            if let Some(family) = self.current.family {
                self.families.list[family].duplicates += 1;
            }
            return Ok(());
        }
        if self.current.family.is_some_and(|family| family + 1 != self.families.list.len()) {
            self.torn();
        }
        self.seen.insert(hash, self.readings.len());
        self.owners.push(self.current.family);
        let labels = self.labels.drain(..).collect();
        self.readings.push(Reading { name, labels, value, timestamp });
        Ok(())
    }

    /// The sample at hand is of a family before the last announced one. Frontends print counters and gauges by a hash
    /// of name and labels, so series of one family stand apart; but never beyond a summary, and with the same labels.
    #[cold]
    fn torn(&mut self) {
        let Some(at) = self.current.family else { return };
        let first = self.families.list[at].first_labels(self.format);
        let like_the_first = first
            .is_some_and(|first| present(first).map(|(name, _)| name).eq(present(&self.labels).map(|(name, _)| name)));
        if at < self.families.fence || !like_the_first {
            self.families.list[at].suspect = true;
        }
    }

    /// The same for every order of the labels, with and without empty ones.
    fn series_hash(&self) -> u64 {
        let seed = self.wanted.seed();
        let labels = present(&self.labels).map(|(name, value)| seed.pair(name.as_bytes(), value.as_bytes()));
        labels.fold(self.current.hash, u64::wrapping_add)
    }

    fn finish(mut self) -> Page<'p> {
        self.families.mark_clashes();
        let families = &self.families.list;
        for family in families.iter().filter(|family| family.suspect) {
            self.report.suspect.push(String::from_utf8_lossy(family.name).into_owned());
            self.report.suspect_samples += family.samples;
            self.report.duplicates -= family.duplicates;
        }
        if !self.report.suspect.is_empty() {
            let mut owners = self.owners.iter();
            self.readings.retain(|_| !owners.next().is_some_and(|owner| owner.is_some_and(|at| families[at].suspect)));
        }
        self.report.missing_eof = self.format == Format::OpenMetrics && !self.ended;
        Page { readings: self.readings, report: self.report }
    }
}

impl PageReport {
    #[cold]
    fn note(&mut self, line: u64, text: &[u8], reason: Cow<'static, str>) {
        self.bad_lines += 1;
        if self.first_bad.len() < KEPT_BAD_LINES {
            self.first_bad.push(BadLine { line, text: shortened(text), reason: reason.into_owned() });
        }
    }
}

/// The beginning of a text that anyone may have written, without what would steer a terminal.
fn shortened(text: &[u8]) -> String {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let mut short = String::new();
    // Four bytes a character at most, so that a cut one at the end is not shown.
    for letter in String::from_utf8_lossy(&text[..text.len().min(KEPT_TEXT * 4 + 4)]).chars() {
        if short.chars().count() >= KEPT_TEXT {
            short.push('…');
            break;
        }
        if is_unseen(letter) { short.extend(letter.escape_default()) } else { short.push(letter) }
    }
    short
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn skip(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| is_blank(**byte)).count()..]
}

fn present<'a, 'p>(labels: &'a [Label<'p>]) -> impl Iterator<Item = &'a Label<'p>> {
    labels.iter().filter(|(_, value)| !value.is_empty())
}

fn same_series(reading: &Reading<'_>, name: &str, labels: &[Label<'_>]) -> bool {
    reading.name == name
        && (*reading.labels == *labels
            || present(&reading.labels).count() == present(labels).count()
                && present(labels).all(|label| reading.labels.contains(label)))
}
