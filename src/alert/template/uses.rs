//! What a template reads, for those who look whether it is there.

use super::brace_name;
use super::tree::{Node, Operand, Pipeline, Tree};

/// A name that a template reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Of `$labels` or `.Labels`.
    Label(String),
    /// In single braces, without what stands behind it.
    Brace(String),
    /// A text that is handed to `query`, perhaps by way of `printf`.
    Query(String),
}

pub(super) fn of(tree: &Tree, braces: bool) -> Vec<Use> {
    let mut uses = Vec::new();
    nodes(&tree.nodes, braces, true, &mut uses);
    tree.defined.values().for_each(|defined| nodes(defined, braces, false, &mut uses));
    let mut once: Vec<Use> = Vec::new();
    uses.into_iter().for_each(|one| {
        if !once.contains(&one) {
            once.push(one);
        }
    });
    once
}

/// `top`: the dot is still what the template was given.
fn nodes(list: &[Node], braces: bool, top: bool, uses: &mut Vec<Use>) {
    for node in list {
        match node {
            Node::Text(text) if braces => {
                let names = text.split('{').skip(1).filter_map(|after| after.split_once('}'));
                let names = names.filter_map(|(name, _)| brace_name(name));
                uses.extend(names.map(|name| Use::Brace(name.to_owned())));
            }
            Node::Text(_) | Node::Break | Node::Continue => {}
            Node::Action(inner) => pipeline(inner, top, uses),
            Node::Template(_, _, inner) => inner.iter().for_each(|inner| pipeline(inner, top, uses)),
            Node::If(branch) => {
                pipeline(&branch.pipeline, top, uses);
                nodes(&branch.then, braces, top, uses);
                nodes(&branch.otherwise, braces, top, uses);
            }
            Node::With(branch) | Node::Range(branch) => {
                pipeline(&branch.pipeline, top, uses);
                nodes(&branch.then, braces, false, uses);
                nodes(&branch.otherwise, braces, top, uses);
            }
        }
    }
}

fn pipeline(pipeline_: &Pipeline, top: bool, uses: &mut Vec<Use>) {
    if asks(pipeline_) {
        texts(pipeline_, uses);
    }
    for command in &pipeline_.commands {
        if let [Operand::Function(function), of, Operand::Text(name)] = command.operands.as_slice()
            && function == "index"
            && is_labels(of, top)
        {
            uses.push(Use::Label(name.clone()));
        }
        for operand in &command.operands {
            match operand {
                Operand::Variable(variable, names) if variable == "$labels" => {
                    uses.extend(names.first().map(|name| Use::Label(name.clone())));
                }
                Operand::Variable(variable, names)
                    if variable == "$" && names.first().is_some_and(|name| name == "Labels") =>
                {
                    uses.extend(names.get(1).map(|name| Use::Label(name.clone())));
                }
                Operand::Field(names) if top && names.first().is_some_and(|name| name == "Labels") => {
                    uses.extend(names.get(1).map(|name| Use::Label(name.clone())));
                }
                Operand::Pipeline(inner, _) => pipeline(inner, top, uses),
                _ => {}
            }
        }
    }
}

fn asks(pipeline: &Pipeline) -> bool {
    let mut operands = pipeline.commands.iter().flat_map(|command| &command.operands);
    operands.any(|operand| matches!(operand, Operand::Function(function) if function == "query"))
}

fn texts(pipeline: &Pipeline, uses: &mut Vec<Use>) {
    for operand in pipeline.commands.iter().flat_map(|command| &command.operands) {
        match operand {
            Operand::Text(text) => uses.push(Use::Query(text.clone())),
            Operand::Pipeline(inner, _) => texts(inner, uses),
            _ => {}
        }
    }
}

fn is_labels(operand: &Operand, top: bool) -> bool {
    match operand {
        Operand::Variable(variable, names) => variable == "$labels" && names.is_empty(),
        Operand::Field(names) => top && matches!(names.as_slice(), [only] if only == "Labels"),
        _ => false,
    }
}
