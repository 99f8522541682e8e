//! What a template says once it is read: expanding it and looking for what it uses both walk this.

use std::collections::HashMap;

/// The variables that Prometheus declares before a template begins.
pub(super) const GIVEN: [&str; 5] = ["$", "$labels", "$externalLabels", "$externalURL", "$value"];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// Another template by its name, with its dot.
    Template(usize, String, Option<Pipeline>),
    Break,
    Continue,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Branch {
    pub pipeline: Pipeline,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    pub offset: usize,
    /// One, or of a range two.
    pub variables: Vec<String>,
    /// `=`: the variable is there already.
    pub assigns: bool,
    /// At least one.
    pub commands: Vec<Command>,
}

/// What is called, or a value alone, and the arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Command {
    pub offset: usize,
    pub operands: Vec<Operand>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Whole(i64),
    Fraction(f64),
    Text(String),
    /// `.a.b`.
    Field(Vec<String>),
    Variable(String, Vec<String>),
    Function(String),
    Pipeline(Box<Pipeline>, Vec<String>),
}

/// A template and those that it defines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    pub defined: HashMap<String, Vec<Node>>,
}
