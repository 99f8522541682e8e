//! A configuration in TOML in which everything knows its file and place, so that every fault can be shown where it is.
//!
//! Independent of what the file means: the settings and the catalogue files are both read from it.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::source::Source;
use super::syntax;
use super::words::{io_reason, quoted};
use super::yaml;

/// Larger files are refused: no configuration of ours is, and a wrong path may name anything.
pub const MOST_BYTES: u64 = 1024 * 1024;

/// A value and where it stands in the text.
#[derive(Clone)]
pub struct Node {
    pub value: Value,
    pub span: Range<usize>,
}

/// No `Debug`: values may be secrets.
#[derive(Clone)]
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
#[derive(Clone, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone)]
pub struct Entry {
    pub key: String,
    pub key_span: Range<usize>,
    pub node: Node,
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn shift(&mut self, by: usize) {
        for entry in &mut self.entries {
            entry.key_span = moved(&entry.key_span, by);
            entry.node.shift(by);
        }
    }

    fn join(&mut self, later: Self) {
        for entry in later.entries {
            match self.entries.iter_mut().find(|own| own.key == entry.key) {
                Some(own) => own.join(entry),
                None => self.entries.push(entry),
            }
        }
    }
}

impl Entry {
    fn join(&mut self, later: Self) {
        let are_tables = |list: &[Node]| list.iter().all(|node| matches!(node.value, Value::Table(_)));
        match (&mut self.node.value, later.node.value) {
            (Value::Table(own), Value::Table(more)) => own.join(more),
            (Value::List(own), Value::List(more)) if are_tables(own) && are_tables(&more) && !more.is_empty() => {
                own.extend(more);
            }
            (_, value) => {
                *self = Self { node: Node { value, span: later.node.span }, key: later.key, key_span: later.key_span };
            }
        }
    }
}

impl Node {
    fn shift(&mut self, by: usize) {
        self.span = moved(&self.span, by);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Value::Table(table) => table.shift(by),
            _ => {}
        }
    }
}

fn moved(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

/// A parsed file, or several that are one configuration.
///
/// The files of a configuration share one range of bytes: each begins where the one before it ends, so that a span says
/// in which file it is.
pub struct Document {
    /// At least one; in the order of reading.
    sources: Vec<Source>,
    root: Table,
    faults: Vec<Fault>,
}

impl Document {
    /// Reads the text. Faults of the syntax are in `faults()`; unless they are harmless, the document is then empty.
    pub fn parse(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source::new(name, text, true);
        let (table, errors) = DeTable::parse_recoverable(text);
        let (faults, usable) = syntax::faults(&source, &errors);
        let root = if usable { table_of(table.get_ref()) } else { Table::default() };
        Self { sources: vec![source], root, faults }
    }

    /// A text of our own, which has no secrets to look for.
    pub fn shipped(name: &str, text: &str) -> Self {
        let document = Self::parse(name, text);
        Self { sources: document.sources.into_iter().map(Source::without_secrets).collect(), ..document }
    }

    /// A text that is no TOML and has no secrets, for faults within it.
    pub fn plain(name: &str, text: &str) -> Self {
        let source = Source::new(name, text, true).without_secrets();
        Self { sources: vec![source], root: Table::default(), faults: Vec::new() }
    }

    /// A YAML file, of which every scalar is a text.
    pub fn yaml(name: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let source = Source::new(name, text, true).without_secrets();
        let (root, faults) = yaml::parse(text);
        let faults = faults.into_iter().map(|fault| Fault::new(source.place(fault.span), fault.message, fault.hint));
        let faults = faults.collect();
        Self { sources: vec![source], root, faults }
    }

    /// Opens and reads a file. Errors are plain reasons (`no such file`) or, for bytes that are not text, a fault.
    pub fn open(path: &Path) -> Result<Self, String> {
        Self::open_as(path, Self::parse)
    }

    /// The same of a file that another function reads.
    pub fn open_as(path: &Path, parse: fn(&str, &str) -> Self) -> Result<Self, String> {
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
            Ok(text) => Ok(parse(&name, &text)),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let source = Source::new(&name, &String::from_utf8_lossy(error.as_bytes()), true);
                let message = "a byte that is not UTF-8";
                let faults = vec![Fault::new(source.place(at..at + 1), message, "save the file as UTF-8")];
                Ok(Self { sources: vec![source], root: Table::default(), faults })
            }
        }
    }

    /// The value of an environment variable as a document of one word, so that its faults look the same.
    pub fn variable(name: &str, value: &str) -> (Self, Node) {
        let start = name.len() + 1;
        let source = Source::new(&format!("${name}"), &format!("{name}={value}"), false);
        let document = Self { sources: vec![source], root: Table::default(), faults: Vec::new() };
        (document, Node { value: Value::Word(value.trim().to_owned()), span: start..start + value.len() })
    }

    /// Puts another file behind this one: its tables join those of the same name, its lists of tables are appended, and
    /// any other value takes the place of an earlier one.
    pub fn join(&mut self, later: Self) {
        let base = self.sources.last().map_or(0, |last| last.base + last.text.len() + 1);
        let mut root = later.root;
        root.shift(base);
        self.root.join(root);
        self.faults.extend(later.faults);
        self.sources.extend(later.sources.into_iter().map(|source| source.moved(base)));
    }

    /// The first file's name.
    pub fn name(&self) -> &Arc<str> {
        &self.source(0).name
    }

    pub fn root(&self) -> &Table {
        &self.root
    }

    /// Faults of the syntax.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The names of the files, in the order of reading.
    pub fn files(&self) -> impl Iterator<Item = &Arc<str>> {
        self.sources.iter().map(|source| &source.name)
    }

    /// The text as written, for "overrides …"; never of a secret.
    pub fn written(&self, span: &Range<usize>) -> &str {
        let (source, span) = self.within(span);
        if source.hides(&span) { "***" } else { source.text.get(span).unwrap_or_default() }
    }

    /// The text without what stands in this span, if that is hidden: many messages repeat it.
    pub fn without_secret(&self, span: &Range<usize>, text: &str) -> String {
        let (source, span) = self.within(span);
        let written = source.text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
        if written.is_empty() || !source.hides(&span) {
            return text.to_owned();
        }
        // Messages cut what is long.
        let shown = quoted(written);
        let shown = shown.trim_matches('"').trim_end_matches('…');
        text.replace(shown, "***").replace(written, "***")
    }

    /// The file that holds this byte, and the line in it, from 1.
    pub fn line(&self, at: usize) -> (&Arc<str>, usize) {
        let (source, span) = self.within(&(at..at));
        (&source.name, source.line(span.start))
    }

    /// Where the span is; what lies beyond its first line is not marked.
    pub fn place(&self, span: Range<usize>) -> Place {
        let (source, span) = self.within(&span);
        source.place(span)
    }

    fn source(&self, at: usize) -> &Source {
        let index = self.sources.partition_point(|source| source.base <= at).saturating_sub(1);
        // There is a source at 0.
        &self.sources[index]
    }

    /// The file of a span, and the span within its text.
    fn within(&self, span: &Range<usize>) -> (&Source, Range<usize>) {
        let source = self.source(span.start);
        (source, span.start - source.base..span.end.saturating_sub(source.base))
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
