//! Walks a document by declared options: one call an option states its key, kind, default and help, and that call
//! reads it, checks it, remembers it for `config show` and knows it when another key is misspelt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::document::{Document, Entry, Node, Table, Value};
use super::fault::{Fault, Place};
use super::forms::Form;
use super::words::closest;

/// Where variables come from: the process, or a test.
pub type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    Line {
        file: Arc<str>,
        line: usize,
    },
    Variable(&'static str),
    /// From another section: `[metrics]`.
    Inherited(&'static str),
    Flag(&'static str),
    /// In words.
    Other(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::Variable(name) => write!(f, "${name}"),
            Self::Inherited(section) => f.write_str(section),
            Self::Flag(flag) => f.write_str(flag),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// An option as it was read, or as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    pub key: &'static str,
    pub help: &'static str,
    /// What may be written, in words.
    pub kind: String,
    /// The environment variable that stands above the file.
    pub variable: Option<&'static str>,
    /// The value in use as TOML, secrets hidden; `None` when it is not set and has no default.
    pub value: Option<String>,
    /// The default as TOML, if there is one.
    pub default: Option<String>,
    pub origin: Origin,
    /// What an environment variable put aside: `APP_X=14d overrides "7d" at line 5`.
    pub overrides: Option<String>,
}

/// The options of one table, in the order of their declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `[metrics]`, `[[clusters]]`; empty for the top of the file.
    pub title: String,
    pub options: Vec<Stated>,
}

pub struct Reader<'a> {
    document: &'a Document,
    environment: &'a Environment<'a>,
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<String>>,
    sections: RefCell<Vec<Opened<'a>>>,
    /// Whether the values are told option by option.
    shows: bool,
}

/// A table that was opened, and the keys declared for it.
struct Opened<'a> {
    shown: Shown,
    table: Option<&'a Table>,
    known: Vec<&'static str>,
}

/// What a reading leaves besides its values.
pub struct Report {
    pub sections: Vec<Shown>,
    pub faults: Vec<Fault>,
    pub warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(document: &'a Document, environment: &'a Environment<'a>) -> Self {
        let faults = RefCell::new(document.faults().to_vec());
        let (warnings, sections) = (RefCell::default(), RefCell::default());
        Self { document, environment, faults, warnings, sections, shows: true }
    }

    /// Without the texts of the values, for a file that nobody asks to see option by option.
    pub fn without_values(document: &'a Document, environment: &'a Environment<'a>) -> Self {
        Self { shows: false, ..Self::new(document, environment) }
    }

    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// The variable, unless it is unset or empty.
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.trim().is_empty())
    }

    pub fn environment(&self) -> &'a Environment<'a> {
        self.environment
    }

    pub fn fault(&self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::new(place, message, hint));
    }

    pub fn warn(&self, text: String) {
        self.warnings.borrow_mut().push(text);
    }

    pub fn place(&self, span: &Range<usize>) -> Place {
        self.document.place(span.clone())
    }

    /// The top of the file.
    pub fn root(&self) -> Section<'_, 'a> {
        self.section("", Some(self.document.root()), 0..0)
    }

    fn section(&self, title: &str, table: Option<&'a Table>, header: Range<usize>) -> Section<'_, 'a> {
        let mut sections = self.sections.borrow_mut();
        let shown = Shown { title: title.to_owned(), options: Vec::new() };
        sections.push(Opened { shown, table, known: Vec::new() });
        Section { reader: self, number: sections.len() - 1, table, header }
    }

    /// Looks for unknown keys, last, since only now all keys are declared; faults come out in the order of the files.
    pub fn finish(self) -> Report {
        let sections = self.sections.into_inner();
        let mut faults = self.faults.into_inner();
        let mut homes: HashMap<&str, &str> = HashMap::new();
        for Opened { shown, known, .. } in &sections {
            for key in known {
                homes.entry(key).or_insert(&shown.title);
            }
        }
        for Opened { shown, table, known } in &sections {
            for entry in table.iter().flat_map(|table| &table.entries) {
                if !known.contains(&entry.key.as_str()) {
                    let home = homes.get(entry.key.as_str()).copied();
                    faults.push(unknown(self.document, entry, shown, known, home));
                }
            }
        }
        // Variables of the environment are in no file and come first.
        let file = |fault: &Fault| self.document.files().position(|file| *file == fault.place.file);
        faults.sort_by_key(|fault| (file(fault), fault.place.line, fault.place.column));
        let sections = sections.into_iter().map(|opened| opened.shown).collect();
        Report { sections, faults, warnings: self.warnings.into_inner() }
    }
}

fn unknown(document: &Document, entry: &Entry, shown: &Shown, known: &[&str], home: Option<&str>) -> Fault {
    let place = document.place(entry.key_span.clone());
    let kind = if matches!(entry.node.value, Value::Table(_)) { "table" } else { "key" };
    let key: String = entry.key.chars().take(60).map(super::words::printable).collect();
    let message = match shown.title.as_str() {
        "" => format!("unknown {kind} `{key}`"),
        title => format!("unknown {kind} `{key}` in {title}"),
    };
    let hint = match (home, closest(&entry.key, known.iter().copied())) {
        (Some(""), _) => format!("`{key}` belongs at the top, before any [table]"),
        (Some(home), _) => format!("`{key}` belongs in {home}"),
        (None, Some(meant)) => format!("did you mean `{meant}`?"),
        (None, None) => format!("known here: {}", known.join(", ")),
    };
    Fault::new(place, message, hint)
}

/// A table being read.
pub struct Section<'r, 'a> {
    reader: &'r Reader<'a>,
    number: usize,
    table: Option<&'a Table>,
    header: Range<usize>,
}

impl<'r, 'a> Section<'r, 'a> {
    /// An option with a default.
    pub fn value<F: Form>(&self, key: &'static str, form: &F, default: F::Value, help: &'static str) -> F::Value {
        self.read(key, None, form, Some((&default, Origin::Default)), help).unwrap_or(default)
    }

    /// The same; a variable of the environment comes before the file.
    pub fn value_or<F: Form>(
        &self,
        key: &'static str,
        variable: &'static str,
        form: &F,
        default: F::Value,
        help: &'static str,
    ) -> F::Value {
        self.read(key, Some(variable), form, Some((&default, Origin::Default)), help).unwrap_or(default)
    }

    /// An option that takes the value of another section when it is not set.
    pub fn inherited<F: Form>(
        &self,
        key: &'static str,
        form: &F,
        value: F::Value,
        section: &'static str,
        help: &'static str,
    ) -> F::Value {
        self.read(key, None, form, Some((&value, Origin::Inherited(section))), help).unwrap_or(value)
    }

    /// An option without a default.
    pub fn optional<F: Form>(&self, key: &'static str, form: &F, help: &'static str) -> Option<F::Value> {
        self.read(key, None, form, None, help)
    }

    /// An option that must be set; a fault when it is not.
    pub fn required<F: Form>(&self, key: &'static str, form: &F, help: &'static str) -> Option<F::Value> {
        let value = self.optional(key, form, help);
        if value.is_none() && self.node(key).is_none() {
            let title = self.reader.sections.borrow().get(self.number).map(|opened| opened.shown.title.clone());
            let message = format!("{} without `{key}`", title.unwrap_or_default());
            self.reader.fault(self.place(), message, format!("add `{key}`: {help}"));
        }
        value
    }

    /// The value if the file or the variable gives one that is right; what it is and where it is from is recorded.
    fn read<F: Form>(
        &self,
        key: &'static str,
        variable: Option<&'static str>,
        form: &F,
        default: Option<(&F::Value, Origin)>,
        help: &'static str,
    ) -> Option<F::Value> {
        let document = self.reader.document;
        let node = self.declare(key);
        let mut value = node.and_then(|node| self.accept(document, key, form, node));
        let show = |value: &F::Value| self.reader.shows.then(|| form.show(value));
        let shown_default = default.as_ref().and_then(|(value, _)| show(value));
        let mut origin = default.map_or(Origin::Default, |(_, origin)| origin);
        if let Some(node) = node {
            let (file, line) = document.line(node.span.start);
            origin = Origin::Line { file: Arc::clone(file), line };
        }
        let mut overrides = None;
        if let Some((name, text)) = variable.and_then(|name| Some((name, self.reader.variable(name)?))) {
            let (words, word) = Document::variable(name, &text);
            value = self.accept(&words, key, form, &word);
            let aside = match node {
                Some(node) => {
                    let (file, line) = document.line(node.span.start);
                    let place = if file == document.name() { format!("line {line}") } else { format!("{file}:{line}") };
                    format!("{} at {place}", document.written(&node.span))
                }
                None => format!("the default {}", shown_default.as_deref().unwrap_or("none")),
            };
            overrides = Some(format!("{name}={} overrides {aside}", text.trim()));
            origin = Origin::Variable(name);
        }
        let shown = value.as_ref().and_then(show).or_else(|| shown_default.clone());
        let kind = form.kind();
        self.state(Stated { key, help, kind, variable, value: shown, default: shown_default, origin, overrides });
        value
    }

    fn accept<F: Form>(&self, document: &Document, key: &str, form: &F, node: &Node) -> Option<F::Value> {
        let refusals = match form.read(node) {
            Ok(value) => return Some(value),
            Err(refusals) => refusals,
        };
        for refusal in refusals {
            let told = |text: &str| document.without_secret(&refusal.span, text);
            let (message, hint) = (told(&refusal.message), told(&refusal.hint));
            self.reader.fault(document.place(refusal.span), format!("`{key}` {message}"), hint);
        }
        None
    }

    /// A table within this one; it is read, with its defaults, also when the file has none.
    pub fn table(&self, key: &'static str, title: &str) -> Section<'r, 'a> {
        let node = self.declare(key);
        let table = node.and_then(|node| match &node.value {
            Value::Table(table) => Some(table),
            _ => {
                let message = format!("`{key}` must be a table, not {}", node.value.kind());
                self.reader.fault(self.reader.place(&node.span), message, format!("write {title}"));
                None
            }
        });
        self.reader.section(title, table, node.map_or(self.header.clone(), |node| node.span.clone()))
    }

    /// The tables of a list of tables; each is opened when it is its turn, so that `config show` has them in order.
    pub fn tables(
        &self,
        key: &'static str,
        title: &'static str,
    ) -> impl Iterator<Item = Section<'r, 'a>> + use<'r, 'a> {
        let reader = self.reader;
        let mut tables = Vec::new();
        let refuse = |node: &Node| {
            let message = format!("`{key}` must be a list of tables, not {}", node.value.kind());
            reader.fault(reader.place(&node.span), message, format!("write {title}"));
        };
        match self.declare(key) {
            None => {}
            Some(Node { value: Value::List(items), .. }) => {
                for item in items {
                    match &item.value {
                        Value::Table(table) => tables.push((table, item.span.clone())),
                        _ => refuse(item),
                    }
                }
            }
            Some(other) => {
                refuse(other);
                // The faults within it are told as well.
                if let Value::Table(table) = &other.value {
                    tables.push((table, other.span.clone()));
                }
            }
        }
        tables.into_iter().map(move |(table, header)| reader.section(title, Some(table), header))
    }

    /// Makes the key known.
    fn declare(&self, key: &'static str) -> Option<&'a Node> {
        if let Some(opened) = self.reader.sections.borrow_mut().get_mut(self.number) {
            opened.known.push(key);
        }
        self.node(key)
    }

    /// Records a value in the place of what is recorded for its key.
    pub fn state(&self, stated: Stated) {
        if let Some(Opened { shown, .. }) = self.reader.sections.borrow_mut().get_mut(self.number) {
            match shown.options.iter_mut().find(|own| own.key == stated.key) {
                Some(own) => *own = stated,
                None => shown.options.push(stated),
            }
        }
    }

    /// The value of the key as it stands in the file.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        self.table.and_then(|table| table.get(key)).map(|entry| &entry.node)
    }

    /// Where the value of the key stands; without one, where the table begins.
    pub fn place_of(&self, key: &str) -> Place {
        self.node(key).map_or_else(|| self.place(), |node| self.reader.place(&node.span))
    }

    /// Where an item of a list stands.
    pub fn place_of_item(&self, key: &str, index: usize) -> Place {
        match self.node(key).map(|node| &node.value) {
            Some(Value::List(items)) => items.get(index).map(|item| self.reader.place(&item.span)),
            _ => None,
        }
        .unwrap_or_else(|| self.place_of(key))
    }

    /// Where the table begins.
    pub fn place(&self) -> Place {
        self.reader.place(&self.header)
    }
}
