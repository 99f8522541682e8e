//! A text of many scrapes, one after the other, with the time behind each sample. What is right for one page (a family is
//! announced once, a series has one reading) is wrong here, and the text may be larger than the memory: so it is read
//! line by line, and what a sample belongs to is for the reader to say.

use std::borrow::Cow;

use memchr::memchr;

use super::names::name_at;
use super::{BadLine, Format, KEPT_BAD_LINES, Label, MAX_LINE, Wanted, line, shortened};

/// A timestamp times 1,000. Whether it counts seconds or milliseconds is known when `# EOF` was seen or the text ends.
pub type Thousandths = i64;

/// One sample of the text; its labels are given beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scraped<'l> {
    pub name: &'l str,
    pub value: f64,
    pub timestamp: Option<Thousandths>,
    /// From 1.
    pub line: u64,
}

/// What is known so far of a text that comes in blocks.
#[derive(Debug)]
pub struct Scrapes<'w> {
    wanted: &'w Wanted,
    /// Whether the timestamps of unwanted samples are looked at, too.
    pub look_at_all: bool,
    lines: u64,
    /// `# EOF` was seen: timestamps are seconds.
    pub open_metrics: bool,
    /// The largest timestamp of those that were looked at, and its line.
    pub newest: Option<(Thousandths, u64)>,
    /// The first sample without a timestamp of those that were looked at: its line.
    pub timeless: Option<u64>,
    /// Lines that cannot be read, of those that were looked at: names, samples, lines over 1 MiB.
    pub bad_lines: u64,
    /// The first few of them.
    pub first_bad: Vec<BadLine>,
}

type Reason = Cow<'static, str>;

impl<'w> Scrapes<'w> {
    /// With `look_at_all`, `newest` is that of all samples, else that of the wanted ones and of those up to the first
    /// that has a timestamp: it shows that the text is one of samples.
    pub fn new(wanted: &'w Wanted, look_at_all: bool) -> Self {
        let (newest, timeless, first_bad) = (None, None, Vec::new());
        Self { wanted, look_at_all, lines: 0, open_metrics: false, newest, timeless, bad_lines: 0, first_bad }
    }

    /// Reads whole lines and shows each wanted sample to `take`, whose first error ends the reading.
    pub fn read<E>(
        &mut self,
        block: &[u8],
        mut take: impl FnMut(Scraped<'_>, &[Label<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut labels = Vec::new();
        let mut rest = block;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.lines += 1;
            match self.line(text, &mut labels) {
                Ok(Some(sample)) => take(sample, &labels)?,
                Ok(None) => {}
                Err(reason) => self.note(text, reason),
            }
        }
        Ok(())
    }

    /// A line that is longer than anyone keeps; `beginning` is its first part.
    pub fn skip_long_line(&mut self, beginning: &[u8]) {
        self.lines += 1;
        self.note(beginning, "longer than 1 MiB".into());
    }

    fn line<'l>(&mut self, text: &'l [u8], labels: &mut Vec<Label<'l>>) -> Result<Option<Scraped<'l>>, Reason> {
        if text.len() > MAX_LINE {
            return Err("longer than 1 MiB".into());
        }
        let text = text.trim_ascii();
        if text.first().is_none_or(|first| *first == b'#') {
            self.open_metrics |= text.strip_prefix(b"#").is_some_and(|comment| comment.trim_ascii() == b"EOF");
            return Ok(None);
        }
        let name = name_at(text).ok_or("no metric name where the line begins")?;
        let rest = &text[name.len()..];
        let wanted = self.wanted.has(self.wanted.seed().hash(name), name);
        if !wanted && !self.look_at_all && self.newest.is_some() {
            return Ok(None);
        }
        let (value, timestamp) = sample(str::from_utf8(rest).map_err(|_| "not UTF-8")?, labels)?;
        if timestamp.is_none() && self.timeless.is_none() {
            self.timeless = Some(self.lines);
        }
        if let Some(timestamp) = timestamp.filter(|own| self.newest.is_none_or(|(newest, _)| newest < *own)) {
            self.newest = Some((timestamp, self.lines));
        }
        let name = str::from_utf8(name).map_err(|_| "not UTF-8")?;
        Ok(wanted.then_some(Scraped { name, value, timestamp, line: self.lines }))
    }

    #[cold]
    fn note(&mut self, text: &[u8], reason: Reason) {
        self.bad_lines += 1;
        if self.first_bad.len() < KEPT_BAD_LINES {
            self.first_bad.push(bad_line(self.lines, text, reason));
        }
    }
}

fn bad_line(line: u64, text: &[u8], reason: Reason) -> BadLine {
    BadLine { line, text: shortened(text), reason: reason.into_owned() }
}

/// As OpenMetrics, in which every number is a timestamp, so that its unit can be told later. A line that escapes nothing
/// is read as one of the older format, as on a page.
fn sample<'l>(rest: &'l str, labels: &mut Vec<Label<'l>>) -> Result<(f64, Option<Thousandths>), Reason> {
    line::read(rest, rest.as_bytes(), Format::OpenMetrics, labels).or_else(|reason| {
        let (value, timestamp) =
            line::read(rest, rest.as_bytes(), Format::Prometheus, labels).map_err(|_| reason.clone())?;
        let thousandths = timestamp.map(|whole| whole.checked_mul(1000).ok_or(reason)).transpose()?;
        Ok((value, thousandths))
    })
}
