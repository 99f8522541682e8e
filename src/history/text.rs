//! A history from a text file with timestamps: many scrapes in one file, in OpenMetrics or in Prometheus's older format.
//! What no selector asks for is passed over, so that memory is needed for what is asked for only.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::{memchr, memrchr};

use super::{Filling, History, LOOKBACK};
use crate::exposition::scrapes::Scrapes;
use crate::exposition::{BadLine, Format, Label, Wanted};
use crate::promql::Selector;
use crate::sample::{Millis, Point};

/// What a file gave besides its samples.
#[derive(Debug, PartialEq)]
pub struct FileReport {
    /// By which the timestamps were understood: `# EOF` makes it OpenMetrics.
    pub format: Format,
    /// The newest sample of the file, if that was asked for, else one of it.
    pub newest: Millis,
    /// Selected samples of a series and a time that an earlier one had.
    pub duplicates: u64,
    /// Lines that cannot be read. Unless the newest sample of the file was asked for, of names that nobody asks for only
    /// the name is looked at.
    pub bad_lines: u64,
    pub first_bad: Vec<BadLine>,
}

/// Why a file gives no history.
#[derive(Debug)]
pub enum TextError {
    Io(io::Error),
    /// None at all; the first of the lines that cannot be read, if there are any.
    NoSample(Option<BadLine>),
    /// A selected sample has none, or all of them: the line.
    NoTimestamp(u64),
    /// No whole number of milliseconds, in a file without `# EOF`: the line.
    Fraction(u64),
    /// Not between 1970 and the year 9999: the line.
    OutOfTime(u64),
}

/// The longest line is below this, see `exposition`.
const BLOCK: usize = 2 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// The year 9999.
const LATEST: Millis = 253_402_300_799_999;

/// Reads the samples that the selectors ask for. With `newest_of_all`, the report says when the newest sample of the
/// whole file was taken, which costs a look at every line.
pub fn read(input: impl Read, selectors: &[Selector], newest_of_all: bool) -> Result<(History, FileReport), TextError> {
    // Without names in all selectors every name may be asked for.
    let names: Option<Vec<&str>> = selectors.iter().map(|selector| selector.name.as_deref()).collect();
    let wanted = names.map_or_else(Wanted::everything, Wanted::new);
    let mut reading = Reading {
        selectors,
        filling: Filling::default(),
        scrapes: Scrapes::new(&wanted, newest_of_all),
        fraction: None,
    };
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf().map_err(TextError::Io)?.starts_with(b"\x1f\x8b") {
        reading.all(MultiGzDecoder::new(input))?;
    } else {
        reading.all(input)?;
    }
    reading.finish()
}

struct Reading<'w, 's> {
    selectors: &'s [Selector],
    filling: Filling,
    scrapes: Scrapes<'w>,
    /// The first line whose timestamp is not a whole number.
    fraction: Option<u64>,
}

impl Reading<'_, '_> {
    fn all(&mut self, mut input: impl Read) -> Result<(), TextError> {
        let mut block = vec![0; BLOCK];
        // The beginning of a line whose end has not been read.
        let mut kept = 0;
        // Within a line that did not fit.
        let mut skipping = false;
        let mut is_first = true;
        loop {
            let room = block.get_mut(kept..).unwrap_or_default();
            let count = match input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.map_err(TextError::Io)?,
            };
            let filled = kept + count;
            let text = block.get(..filled).unwrap_or_default();
            if count == 0 {
                return if skipping { Ok(()) } else { self.lines(text) };
            }
            let begin = match (skipping, memchr(b'\n', text)) {
                // What editors of other systems write before the first letter.
                (false, _) if is_first && text.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
                (false, _) => 0,
                (true, Some(end)) => end + 1,
                (true, None) => filled,
            };
            skipping &= begin == filled && text.last() != Some(&b'\n');
            let end = memrchr(b'\n', text).map_or(begin, |last| last + 1).max(begin);
            self.lines(text.get(begin..end).unwrap_or_default())?;
            is_first &= end == 0;
            if end == 0 && filled == BLOCK {
                self.scrapes.skip_long_line(text);
                (kept, skipping) = (0, true);
            } else {
                block.copy_within(end..filled, 0);
                kept = filled - end;
            }
        }
    }

    fn lines(&mut self, lines: &[u8]) -> Result<(), TextError> {
        let Self { selectors, filling, scrapes, fraction } = self;
        scrapes.read(lines, |sample, labels| {
            let place = match filling.find(sample.name, labels) {
                Some(place) => place,
                None if is_selected(selectors, sample.name, labels) => filling.insert(sample.name, labels),
                None => return Ok(()),
            };
            let at = sample.timestamp.ok_or(TextError::NoTimestamp(sample.line))?;
            if !(0..=LATEST * 1000).contains(&at) {
                return Err(TextError::OutOfTime(sample.line));
            }
            if fraction.is_none() && at % 1000 != 0 {
                *fraction = Some(sample.line);
            }
            filling.add(place, Point { at, value: sample.value });
            Ok(())
        })
    }

    fn finish(self) -> Result<(History, FileReport), TextError> {
        let Scrapes { open_metrics, newest, timeless, bad_lines, first_bad, .. } = self.scrapes;
        let (format, unit) = if open_metrics { (Format::OpenMetrics, 1) } else { (Format::Prometheus, 1000) };
        if let Some(line) = self.fraction.filter(|_| !open_metrics) {
            return Err(TextError::Fraction(line));
        }
        let Some((newest, line)) = newest else {
            let none = || TextError::NoSample(first_bad.first().cloned());
            return Err(timeless.map_or_else(none, TextError::NoTimestamp));
        };
        let newest = newest / unit;
        if !(0..=LATEST).contains(&newest) {
            return Err(TextError::OutOfTime(line));
        }
        let (history, duplicates) = self.filling.finish(LOOKBACK, |at| at / unit);
        Ok((history, FileReport { format, newest, duplicates, bad_lines, first_bad }))
    }
}

fn is_selected(selectors: &[Selector], name: &str, labels: &[Label<'_>]) -> bool {
    let value = |label: &str| labels.iter().find(|(own, _)| *own == label).map_or("", |(_, value)| value);
    selectors.iter().any(|selector| selector.accepts_name(name) && selector.accepts_values(value))
}
