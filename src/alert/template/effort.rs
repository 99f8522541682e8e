//! What templates may cost. The limits of one template keep it from never ending; those of all alerts of a rule keep ten
//! thousand alerts from doing together what one may.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};

use super::value::{Sample, Value};

/// Bytes that a template may write, and that any text in it may have.
pub(super) const LONGEST: usize = 1 << 20;
/// Steps that a template may take: nodes that it visits, elements that it goes over.
pub(super) const MOST: usize = 1_000_000;
/// Both for all alerts of a rule at one moment.
const MOST_OF_RULE: usize = 5_000_000;
const LONGEST_OF_RULE: usize = 64 << 20;
/// Steps that an answer costs besides its elements, and a pattern; each text only once.
const QUERY: usize = 400;
const PATTERN: usize = 5_000;
/// Elements of answers that are kept to be given again.
const KEPT: usize = 100_000;
/// Bytes of a compiled pattern, and how many are kept: those of people take a few thousand.
const LARGEST_PATTERN: usize = 512 << 10;
const PATTERNS: usize = 50;

pub(super) const TOO_MUCH: &str = "the template writes or turns too much";
const TOO_MUCH_OF_RULE: &str = "the templates of all alerts of the rule write or turn too much; fewer alerts or shorter answers of `query` would do";

/// What the templates of one rule have taken at one moment, and what they need not ask twice.
#[derive(Debug, Default)]
pub struct Effort {
    steps: Cell<usize>,
    bytes: Cell<usize>,
    answers: RefCell<HashMap<String, Value>>,
    kept: Cell<usize>,
    patterns: RefCell<HashMap<String, Regex>>,
}

fn add(sum: &Cell<usize>, more: usize, most: usize) -> Result<(), String> {
    sum.set(sum.get().saturating_add(more));
    if sum.get() > most { Err(TOO_MUCH_OF_RULE.to_owned()) } else { Ok(()) }
}

impl Effort {
    pub(super) fn step(&self, steps: usize) -> Result<(), String> {
        add(&self.steps, steps, MOST_OF_RULE)
    }

    pub(super) fn write(&self, bytes: usize) -> Result<(), String> {
        add(&self.bytes, bytes, LONGEST_OF_RULE)
    }

    /// The answer to a query, and the steps that it costs.
    pub(super) fn answer(
        &self,
        text: &str,
        ask: impl FnOnce() -> Result<Vec<Rc<Sample>>, String>,
    ) -> Result<(Value, usize), String> {
        if let Some(known) = self.answers.borrow().get(text) {
            return Ok((known.clone(), 1));
        }
        let samples = ask()?;
        let count = samples.len();
        let answer = Value::Vector(Rc::new(samples));
        if self.kept.get() + count <= KEPT {
            self.kept.set(self.kept.get() + count);
            self.answers.borrow_mut().insert(text.to_owned(), answer.clone());
        }
        Ok((answer, QUERY + count))
    }

    /// A compiled pattern, and the steps that it costs.
    pub(super) fn pattern(&self, text: &str) -> Result<(Regex, usize), String> {
        if let Some(known) = self.patterns.borrow().get(text) {
            return Ok((known.clone(), 1));
        }
        let compiled = RegexBuilder::new(text).size_limit(LARGEST_PATTERN).build();
        let pattern = compiled.map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!("`{text}` is too large a regular expression"),
            _ => format!("`{text}` is not a regular expression"),
        })?;
        let mut patterns = self.patterns.borrow_mut();
        if patterns.len() < PATTERNS {
            patterns.insert(text.to_owned(), pattern.clone());
        }
        Ok((pattern, PATTERN))
    }
}
