//! One report before it has a form: tables of typed cells, reasons and notes. Views make it, forms show it, and neither
//! knows of the other.

use std::time::Duration;

use super::Status;
use crate::sample::Millis;
use crate::settings::metric_entry::Unit;

/// A whole report.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The word by which programs know what they read.
    pub view: &'static str,
    /// What people read first: whom it is about, and how that is.
    pub title: String,
    pub status: Option<Status>,
    /// The stretch of time that it covers, if any.
    pub range: Option<Range>,
    /// Further facts of the first lines.
    pub facts: Vec<String>,
    /// The first is the one that forms of a single table have.
    pub tables: Vec<Table>,
    /// What is wrong: about whom, how bad, and a sentence.
    pub reasons: Vec<(String, Status, String)>,
    /// What one has to know to read the tables.
    pub notes: Vec<String>,
}

/// From `since` up to `until`, in unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub since: Millis,
    pub until: Millis,
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub struct Table {
    /// What programs call it.
    pub key: &'static str,
    /// What stands above it.
    pub heading: Option<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub struct Column {
    /// What programs call it: with its unit where it has one.
    pub key: String,
    /// What people call it; empty for one that only programs get.
    pub title: String,
    pub unit: Option<Unit>,
    pub right: bool,
    /// The smaller, the earlier a narrow terminal loses it.
    pub keep: u8,
}

#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Rows of one group stand under its heading.
    pub group: Option<String>,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

/// What stands in a place of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing belongs there.
    Empty,
    Text(String),
    Status(Status),
    Value(Measured),
    /// The same in a unit of its own.
    Figure(Measured, Unit),
    /// So many of so many.
    Of(Measured, Measured),
    /// What people read in place of a number of programs.
    Told(String, Option<f64>),
    Flag(bool),
    Moment(Option<Millis>),
    Lapse(Option<Duration>),
    /// One value a slot of time.
    Trend(Vec<Option<f64>>),
}

/// A figure and what is to be known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// `None`: not measured.
    pub value: Option<f64>,
    /// Reckoned over a gap: an average of a time that nobody saw.
    pub over_gap: bool,
}

impl Measured {
    pub fn of(value: Option<f64>) -> Self {
        Self { value, over_gap: false }
    }
}

impl Sheet {
    pub fn new(view: &'static str, title: String) -> Self {
        Self {
            view,
            title,
            status: None,
            range: None,
            facts: Vec::new(),
            tables: Vec::new(),
            reasons: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds what another sheet of the same view says.
    pub fn append(&mut self, other: Self) {
        for (place, mut table) in other.tables.into_iter().enumerate() {
            if place == 0 {
                table.heading = Some(other.title.clone());
            }
            self.tables.push(table);
        }
        self.reasons.extend(other.reasons);
        self.notes.extend(other.notes);
    }

    /// Whether there is nothing of what was asked for.
    pub fn is_empty(&self) -> bool {
        self.tables.first().is_none_or(|table| table.rows.is_empty())
    }
}

impl Column {
    /// A text, to the left.
    pub fn text(key: &str, title: &str, keep: u8) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), unit: None, right: false, keep }
    }

    /// A figure, to the right.
    pub fn figure(key: &str, title: &str, unit: Unit, keep: u8) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), unit: Some(unit), right: true, keep }
    }

    /// Of which people see nothing.
    pub fn hidden(key: &str) -> Self {
        Self { key: key.to_owned(), title: String::new(), unit: None, right: false, keep: 0 }
    }

    pub fn is_shown(&self) -> bool {
        !self.title.is_empty()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        Self::Value(Measured::of(value))
    }
}
