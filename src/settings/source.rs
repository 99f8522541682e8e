//! The text of one configuration file: which line a byte is on, which parts of it are secret, how a line is shown.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use super::fault::Place;
use super::mask;
use super::words::printable;

/// A file, or the value of an environment variable.
pub struct Source {
    /// As people named it.
    pub name: Arc<str>,
    pub text: String,
    /// What is added to the bytes of this text in the spans of a document that has several.
    pub base: usize,
    line_starts: Vec<usize>,
    /// Where secrets stand; only messages want to know.
    hidden: OnceCell<Vec<Range<usize>>>,
    is_file: bool,
}

impl Source {
    pub fn new(name: &str, text: &str, is_file: bool) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text: text.to_owned(), base: 0, line_starts, hidden: OnceCell::new(), is_file }
    }

    /// For a text of our own, which has no secrets to look for.
    pub fn without_secrets(self) -> Self {
        Self { hidden: OnceCell::from(Vec::new()), ..self }
    }

    /// The same, further on in a document of several.
    pub fn moved(self, by: usize) -> Self {
        Self { base: self.base + by, ..self }
    }

    fn hidden(&self) -> &[Range<usize>] {
        self.hidden.get_or_init(|| match self.is_file {
            true => mask::secrets(&self.text),
            false => mask::secrets_of_variable(&self.text),
        })
    }

    /// Whether a secret is within the span.
    pub fn hides(&self, span: &Range<usize>) -> bool {
        self.hidden().iter().any(|hidden| hidden.start < span.end.max(span.start + 1) && span.start < hidden.end)
    }

    /// The line that holds this byte, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// Where the span is; what lies beyond its first line is not marked.
    pub fn place(&self, span: Range<usize>) -> Place {
        const MOST: usize = 110;
        const LEAD: usize = 40;
        let line = self.line(span.start);
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied().unwrap_or_default();
        let line_text = self.text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = line_text.char_indices().take_while(|(at, _)| start + at < span.start).count();

        let letters = self.shown(line_text, start);
        let indent = letters.iter().take_while(|(at, _)| *at < self.visible(span.start)).count();
        let end = span.end.max(span.start + 1);
        let length = letters.iter().skip(indent).take_while(|(at, _)| *at < end).count().max(1);
        let cut = if letters.len() > MOST { indent.saturating_sub(LEAD) } else { 0 };
        let mut excerpt: String = letters.iter().skip(cut).take(MOST).map(|(_, letter)| *letter).collect();
        if cut > 0 {
            excerpt.insert(0, '…');
        }
        if letters.len() > cut + MOST {
            excerpt.push('…');
        }
        Place {
            file: Arc::clone(&self.name),
            line: if self.is_file { line } else { 0 },
            column: column + 1,
            length: length.min(MOST),
            excerpt: excerpt.into(),
            indent: indent - cut + usize::from(cut > 0),
        }
    }

    /// The letters of a line with the byte each stands for; a secret is three stars.
    fn shown(&self, line: &str, start: usize) -> Vec<(usize, char)> {
        let mut letters = Vec::with_capacity(line.len());
        let mut stars_until = 0;
        let first = self.hidden().partition_point(|hidden| hidden.end <= start);
        let mut hidden = self.hidden().iter().skip(first).peekable();
        for (at, letter) in line.char_indices() {
            let at = start + at;
            while hidden.next_if(|range| range.end <= at).is_some() {}
            match hidden.peek() {
                Some(range) if range.start <= at => {
                    if stars_until != range.end {
                        stars_until = range.end;
                        letters.extend([(at, '*'); 3]);
                    }
                }
                _ => letters.push((at, printable(letter))),
            }
        }
        letters
    }

    /// The byte at which what stands here is drawn: the start of the secret, when it is within one.
    fn visible(&self, at: usize) -> usize {
        self.hidden().iter().find(|range| range.contains(&at)).map_or(at, |range| range.start)
    }
}
