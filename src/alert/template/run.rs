//! The expansion of a template. It ends: what it may write and how often it may turn is limited.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Context;
use super::effort::{LONGEST, MOST, TOO_MUCH};
use super::functions;
use super::tree::{Branch, Command, Node, Operand, Pipeline, Tree};
use super::value::Value;
use crate::sample::Labels;

/// Templates within templates.
const DEEPEST: usize = 50;

pub(super) struct Run<'c> {
    pub context: &'c Context<'c>,
    labels: Rc<BTreeMap<String, String>>,
    external: Rc<BTreeMap<String, String>>,
    /// Steps that were taken.
    steps: Cell<usize>,
}

/// What changes while it runs.
struct State<'t> {
    tree: &'t Tree,
    out: String,
    variables: Vec<(String, Value)>,
    depth: usize,
}

enum Flow {
    On,
    Break,
    Continue,
}

fn owned(labels: &Labels) -> Rc<BTreeMap<String, String>> {
    Rc::new(labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
}

pub(super) fn expand(tree: &Tree, braces: bool, context: &Context<'_>) -> Result<String, String> {
    let (labels, external) = (owned(context.labels), owned(context.external_labels));
    let run = Run { context, labels, external, steps: Cell::new(0) };
    let variables = vec![
        ("$".to_owned(), Value::Given),
        ("$labels".to_owned(), Value::Labels(Rc::clone(&run.labels))),
        ("$externalLabels".to_owned(), Value::Labels(Rc::clone(&run.external))),
        ("$externalURL".to_owned(), Value::text(context.external_url)),
        ("$value".to_owned(), Value::Fraction(context.value)),
    ];
    let mut state = State { tree, out: String::new(), variables, depth: 0 };
    run.nodes(&mut state, &tree.nodes, &Value::Given, braces)?;
    run.is_short(&state.out)?;
    context.effort.write(state.out.len())?;
    Ok(state.out)
}

impl Run<'_> {
    /// Counts; the error is a sentence.
    pub(super) fn step(&self, steps: usize) -> Result<(), String> {
        self.steps.set(self.steps.get().saturating_add(steps));
        if self.steps.get() > MOST {
            return Err(TOO_MUCH.to_owned());
        }
        self.context.effort.step(steps)
    }

    fn is_short(&self, text: &str) -> Result<(), String> {
        if text.len() > LONGEST { Err(TOO_MUCH.to_owned()) } else { Ok(()) }
    }

    fn nodes(&self, state: &mut State<'_>, nodes: &[Node], dot: &Value, braces: bool) -> Result<Flow, String> {
        for node in nodes {
            self.step(1)?;
            self.is_short(&state.out)?;
            match node {
                Node::Text(text) if braces => self.filled(&mut state.out, text),
                Node::Text(text) => state.out.push_str(text),
                Node::Action(pipeline) => {
                    let value = self.pipeline(state, pipeline, dot)?;
                    if pipeline.variables.is_empty() {
                        match value {
                            Value::Nil => state.out.push_str("<no value>"),
                            value => state.out.push_str(&value.shown()),
                        }
                    }
                }
                Node::If(branch) => {
                    let scope = state.variables.len();
                    let holds = self.pipeline(state, &branch.pipeline, dot)?.is_true();
                    let nodes = if holds { &branch.then } else { &branch.otherwise };
                    let flow = self.nodes(state, nodes, dot, braces)?;
                    state.variables.truncate(scope);
                    if !matches!(flow, Flow::On) {
                        return Ok(flow);
                    }
                }
                Node::With(branch) => {
                    let scope = state.variables.len();
                    let value = self.pipeline(state, &branch.pipeline, dot)?;
                    let flow = match value.is_true() {
                        true => self.nodes(state, &branch.then, &value, braces)?,
                        false => self.nodes(state, &branch.otherwise, dot, braces)?,
                    };
                    state.variables.truncate(scope);
                    if !matches!(flow, Flow::On) {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => self.range(state, branch, dot, braces)?,
                Node::Template(_, name, pipeline) => self.template(state, name, pipeline.as_ref(), dot, braces)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::On)
    }

    fn template(
        &self,
        state: &mut State<'_>,
        name: &str,
        pipeline: Option<&Pipeline>,
        dot: &Value,
        braces: bool,
    ) -> Result<(), String> {
        let value = match pipeline {
            Some(pipeline) => self.pipeline(state, pipeline, dot)?,
            None => Value::Nil,
        };
        state.depth += 1;
        if state.depth > DEEPEST {
            return Err("templates call each other too deep".to_owned());
        }
        let outer = std::mem::replace(&mut state.variables, vec![("$".to_owned(), value.clone())]);
        let tree = state.tree;
        if let Some(nodes) = tree.defined.get(name) {
            self.nodes(state, nodes, &value, braces)?;
        }
        state.variables = outer;
        state.depth -= 1;
        Ok(())
    }

    fn range(&self, state: &mut State<'_>, branch: &Branch, dot: &Value, braces: bool) -> Result<(), String> {
        let scope = state.variables.len();
        let mut over = branch.pipeline.clone();
        let variables = std::mem::take(&mut over.variables);
        let value = self.pipeline(state, &over, dot)?;
        let text = |text: &String| Value::text(text);
        // Before there are so many: they take memory, and ranges stand within ranges.
        self.step(match &value {
            Value::Labels(labels) => labels.len(),
            Value::Map(map) => map.len(),
            Value::Vector(samples) => samples.len(),
            Value::Whole(count) => usize::try_from(*count).unwrap_or_default(),
            _ => 0,
        })?;
        let pairs: Vec<(Value, Value)> = match &value {
            Value::Nil => Vec::new(),
            Value::Labels(labels) => labels.iter().map(|(name, value)| (text(name), text(value))).collect(),
            Value::Map(map) => map.iter().map(|(name, value)| (text(name), value.clone())).collect(),
            Value::Vector(samples) => {
                let samples = samples.iter().enumerate();
                samples.map(|(place, sample)| (Value::Whole(place as i64), Value::Sample(Rc::clone(sample)))).collect()
            }
            Value::Whole(count) => (0..*count).map(|number| (Value::Whole(number), Value::Whole(number))).collect(),
            other => return Err(format!("`range` cannot go over {}", other.kind())),
        };
        if pairs.is_empty() {
            self.nodes(state, &branch.otherwise, dot, braces)?;
        }
        for (key, element) in pairs {
            match variables.as_slice() {
                [] => {}
                [only] => self.set(state, only, element.clone(), over.assigns),
                [first, second, ..] => {
                    self.set(state, first, key, over.assigns);
                    self.set(state, second, element.clone(), over.assigns);
                }
            }
            let flow = self.nodes(state, &branch.then, &element, braces)?;
            state.variables.truncate(scope);
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        state.variables.truncate(scope);
        Ok(())
    }

    fn set(&self, state: &mut State<'_>, name: &str, value: Value, assigns: bool) {
        let known = state.variables.iter_mut().rev().find(|(own, _)| own == name);
        match known.filter(|_| assigns) {
            Some((_, own)) => *own = value,
            None => state.variables.push((name.to_owned(), value)),
        }
    }

    fn pipeline(&self, state: &mut State<'_>, pipeline: &Pipeline, dot: &Value) -> Result<Value, String> {
        let mut value: Option<Value> = None;
        for command in &pipeline.commands {
            self.step(1)?;
            value = Some(self.command(state, command, value, dot)?);
        }
        let value = value.unwrap_or(Value::Nil);
        for name in &pipeline.variables {
            self.set(state, name, value.clone(), pipeline.assigns);
        }
        Ok(value)
    }

    fn command(
        &self,
        state: &mut State<'_>,
        command: &Command,
        last: Option<Value>,
        dot: &Value,
    ) -> Result<Value, String> {
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Value::Nil) };
        if let Operand::Function(name) = first {
            if functions::LAZY.contains(&name.as_str()) {
                return self.lazy(state, name == "or", rest, last, dot);
            }
            let mut arguments = self.arguments(state, rest, dot)?;
            arguments.extend(last);
            return functions::call(self, name, &arguments);
        }
        let called = !rest.is_empty() || last.is_some();
        match first {
            // A method with arguments: that of a time.
            Operand::Field(names) | Operand::Variable(_, names) | Operand::Pipeline(_, names) if called => {
                let Some((method, before)) = names.split_last() else {
                    return Err("a value was given arguments; only functions take them".to_owned());
                };
                let base = match first {
                    Operand::Variable(name, _) => self.variable(state, name),
                    Operand::Pipeline(inner, _) => self.pipeline(state, inner, dot)?,
                    _ => dot.clone(),
                };
                let Value::Moment(at) = self.fields(base, before)? else {
                    return Err(format!("`.{method}` takes no arguments"));
                };
                let mut arguments = self.arguments(state, rest, dot)?;
                arguments.extend(last);
                functions::method(at, method, &arguments)
            }
            other => self.operand(state, other, dot),
        }
    }

    fn arguments(&self, state: &mut State<'_>, operands: &[Operand], dot: &Value) -> Result<Vec<Value>, String> {
        operands.iter().map(|operand| self.operand(state, operand, dot)).collect()
    }

    /// `and` and `or` give the value that decided, and look at no more.
    fn lazy(
        &self,
        state: &mut State<'_>,
        until: bool,
        operands: &[Operand],
        last: Option<Value>,
        dot: &Value,
    ) -> Result<Value, String> {
        let mut value = None;
        for operand in operands {
            let own = self.operand(state, operand, dot)?;
            if own.is_true() == until {
                return Ok(own);
            }
            value = Some(own);
        }
        last.or(value).ok_or_else(|| "`and` and `or` take at least 1 argument".to_owned())
    }

    fn operand(&self, state: &mut State<'_>, operand: &Operand, dot: &Value) -> Result<Value, String> {
        match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Nil),
            Operand::Bool(flag) => Ok(Value::Bool(*flag)),
            Operand::Whole(number) => Ok(Value::Whole(*number)),
            Operand::Fraction(number) => Ok(Value::Fraction(*number)),
            Operand::Text(text) => Ok(Value::text(text)),
            Operand::Field(names) => self.fields(dot.clone(), names),
            Operand::Variable(name, names) => self.fields(self.variable(state, name), names),
            Operand::Function(name) => functions::call(self, name, &[]),
            Operand::Pipeline(pipeline, names) => {
                let value = self.pipeline(state, pipeline, dot)?;
                self.fields(value, names)
            }
        }
    }

    fn variable(&self, state: &State<'_>, name: &str) -> Value {
        let found = state.variables.iter().rev().find(|(own, _)| own == name);
        found.map_or(Value::Nil, |(_, value)| value.clone())
    }

    fn fields(&self, mut value: Value, names: &[String]) -> Result<Value, String> {
        for name in names {
            value = match (&value, name.as_str()) {
                (Value::Given, "Labels") => Value::Labels(Rc::clone(&self.labels)),
                (Value::Given, "ExternalLabels") => Value::Labels(Rc::clone(&self.external)),
                (Value::Given, "ExternalURL") => Value::text(self.context.external_url),
                (Value::Given, "Value") => Value::Fraction(self.context.value),
                (Value::Labels(labels), name) => Value::text(labels.get(name).map_or("", String::as_str)),
                (Value::Map(map), name) => map.get(name).cloned().unwrap_or(Value::Nil),
                (Value::Sample(sample), "Labels") => Value::Labels(Rc::clone(&sample.labels)),
                (Value::Sample(sample), "Value") => Value::Fraction(sample.value),
                (Value::Moment(at), method) => functions::method(*at, method, &[])?,
                (Value::Given, name) => {
                    let known = "`.Labels`, `.Value`, `.ExternalLabels` and `.ExternalURL`";
                    return Err(format!("there is no `.{name}`; there are {known}"));
                }
                (value, name) => return Err(format!("{} has no `.{name}`", value.kind())),
            };
        }
        Ok(value)
    }

    /// A text with what stands in single braces in its place, as far as that is known.
    fn filled(&self, out: &mut String, text: &str) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let name = after.split_once('}').filter(|(name, _)| super::may_be_filled(name));
            match name.and_then(|(name, behind)| Some(((self.context.fill?)(name)?, behind))) {
                Some((value, behind)) => {
                    out.push_str(&value);
                    rest = behind;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
    }
}
