//! A TOML file in which everything knows its place, so that every fault can be shown where it is.
//!
//! Independent of what the file means: the settings and the catalogue files are both read from it.

use std::cell::OnceCell;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::words::{io_reason, printable};
use super::{mask, syntax};

/// Larger files are refused: no configuration of ours is, and a wrong path may name anything.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// A value and where it stands in the text.
pub struct Node {
    pub value: Value,
    pub span: Range<usize>,
}

/// No `Debug`: values may be secrets.
pub enum Value {
    Text(String),
    /// Numbers beyond 128 bits become the largest or smallest one.
    Whole(i128),
    Fraction(f64),
    Flag(bool),
    Moment(String),
    List(Vec<Node>),
    Table(Table),
    /// From an environment variable: the option decides what it is.
    Word(String),
}

impl Value {
    /// What it is, for "must be a list, not …".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Whole(_) => "a whole number",
            Self::Fraction(_) => "a fraction",
            Self::Flag(_) => "true or false",
            Self::Moment(_) => "a date or time",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Word(_) => "a word",
        }
    }
}

/// The keys of a table in the order of the file.
#[derive(Default)]
pub struct Table {
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// A parsed file.
pub struct Document {
    name: Arc<str>,
    text: String,
    line_starts: Vec<usize>,
    /// Where secrets stand; only messages want to know.
    hidden: OnceCell<Vec<Range<usize>>>,
    is_file: bool,
    root: Table,
    faults: Vec<Fault>,
}

impl Document {
    /// Reads the text. Faults of the syntax are in `faults()`; unless they are harmless, the document is then empty.
    pub fn parse(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut document = Self::bare(name, text, true);
        let (table, errors) = DeTable::parse_recoverable(&document.text);
        let (faults, usable) = syntax::faults(&document, &errors);
        let root = if usable { table_of(table.get_ref()) } else { Table::default() };
        document.root = root;
        document.faults = faults;
        document
    }

    /// A text of our own, which has no secrets to look for.
    pub fn shipped(name: &str, text: &str) -> Self {
        Self { hidden: OnceCell::from(Vec::new()), ..Self::parse(name, text) }
    }

    /// A text that is no TOML and has no secrets, for faults within it.
    pub fn plain(name: &str, text: &str) -> Self {
        Self { hidden: OnceCell::from(Vec::new()), ..Self::bare(name, text, true) }
    }

    /// Opens and reads a file. Errors are plain reasons (`no such file`) or, for bytes that are not text, a fault.
    pub fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| io_reason(&error))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err("is a folder, not a file".into());
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err("is larger than 1 MiB, which no configuration of stellar is".into());
        }
        let name = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::parse(&name, &text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                let mut document = Self::bare(&name, &text, true);
                let message = "a byte that is not UTF-8";
                document.faults = vec![Fault::new(document.place(at..at + 1), message, "save the file as UTF-8")];
                Ok(document)
            }
        }
    }

    /// The value of an environment variable as a document of one word, so that its faults look the same.
    pub fn variable(name: &str, value: &str) -> (Self, Node) {
        let start = name.len() + 1;
        let document = Self::bare(&format!("${name}"), &format!("{name}={value}"), false);
        (document, Node { value: Value::Word(value.trim().to_owned()), span: start..start + value.len() })
    }

    fn bare(name: &str, text: &str, is_file: bool) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (hidden, root, faults) = (OnceCell::new(), Table::default(), Vec::new());
        Self { name: name.into(), text: text.to_owned(), line_starts, hidden, is_file, root, faults }
    }

    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn root(&self) -> &Table {
        &self.root
    }

    /// Faults of the syntax.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The text as written, for "overrides …"; never of a secret.
    pub fn written(&self, span: &Range<usize>) -> &str {
        if self.hides(span) { "***" } else { self.text.get(span.clone()).unwrap_or_default() }
    }

    fn hidden(&self) -> &[Range<usize>] {
        self.hidden.get_or_init(|| mask::secrets(&self.text))
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
            file: self.name.clone(),
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

fn table_of(table: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: node_of(value.get_ref(), value.span()),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Table { entries }
}

fn node_of(value: &DeValue<'_>, span: Range<usize>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let smallest = if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX };
            Value::Whole(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(smallest))
        }
        DeValue::Float(number) => Value::Fraction(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(list) => Value::List(list.iter().map(|item| node_of(item.get_ref(), item.span())).collect()),
        DeValue::Table(table) => Value::Table(table_of(table)),
    };
    Node { value, span }
}
