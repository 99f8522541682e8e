//! What can go wrong with an expression: at load (the text) and at evaluation (the samples).

use std::fmt;

/// A place in an expression's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// In bytes, from 0.
    pub offset: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Position {
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Self { offset, line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 1 {
            write!(f, "line {}, ", self.line)?;
        }
        write!(f, "column {}", self.column)
    }
}

/// Why a text is not an expression that this evaluator takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Where, as well as it can be told.
    pub position: Option<Position>,
    pub reason: String,
}

impl ParseError {
    pub(super) fn at(text: &str, offset: usize, reason: impl Into<String>) -> Self {
        Self { position: Some(Position::of(text, offset)), reason: reason.into() }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.position {
            Some(position) => write!(f, "{position}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for ParseError {}

/// Why an expression has no value over these samples: the same situations in which Prometheus refuses to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError(pub(super) String);

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EvalError {}
