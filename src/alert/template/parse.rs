//! Reads a template into its tree. Unknown functions and variables are faults here, not when it is expanded.

use std::collections::HashMap;

use super::functions;
use super::lex::{TemplateError, Token, tokens};
use super::tree::{Branch, Command, GIVEN, Node, Operand, Pipeline, Tree};
use crate::settings::words::closest;

/// Deeper templates are refused.
const DEEPEST: usize = 100;

pub(super) fn parse(text: &str) -> Result<Tree, TemplateError> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        variables: GIVEN.iter().map(|name| (*name).to_owned()).collect(),
        defined: HashMap::new(),
        depth: 0,
        ranges: 0,
    };
    let (nodes, end) = parser.list()?;
    if let Some((offset, word)) = end {
        return Err(TemplateError::new(offset, word.len(), format!("`{word}` without an `if`, `range` or `with`")));
    }
    let tree = Tree { nodes, defined: parser.defined };
    templates(&tree.nodes, &tree)?;
    tree.defined.values().try_for_each(|nodes| templates(nodes, &tree))?;
    Ok(tree)
}

/// Every template that is called has to be defined.
fn templates(nodes: &[Node], tree: &Tree) -> Result<(), TemplateError> {
    nodes.iter().try_for_each(|node| match node {
        Node::Template(offset, name, _) if !tree.defined.contains_key(name) => {
            Err(TemplateError::new(*offset, name.len(), format!("the template \"{name}\" is not defined")))
        }
        Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
            templates(&branch.then, tree)?;
            templates(&branch.otherwise, tree)
        }
        _ => Ok(()),
    })
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<(usize, Token)>,
    at: usize,
    variables: Vec<String>,
    defined: HashMap<String, Vec<Node>>,
    depth: usize,
    ranges: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<(usize, Token)> {
        let next = self.tokens.get(self.at).cloned();
        self.at += 1;
        next
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |(offset, _)| *offset)
    }

    fn spaces(&mut self) {
        while self.peek() == Some(&Token::Space) {
            self.at += 1;
        }
    }

    fn wrong(&self, reason: impl Into<String>) -> TemplateError {
        TemplateError::new(self.offset(), 1, reason)
    }

    /// `}}`, after blanks.
    fn close(&mut self) -> Result<(), TemplateError> {
        self.spaces();
        match self.peek() {
            Some(Token::Close) => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.wrong("`}}` should be here")),
        }
    }

    /// What stands up to `end`, `else` or the end of the text; which of these, with the place.
    #[allow(clippy::type_complexity)]
    fn list(&mut self) -> Result<(Vec<Node>, Option<(usize, String)>), TemplateError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("the template is nested too deep"));
        }
        let mut nodes = Vec::new();
        let end = loop {
            match self.next() {
                None => break None,
                Some((_, Token::Text(text))) => nodes.push(Node::Text(text)),
                Some(_) => {
                    self.spaces();
                    let offset = self.offset();
                    match self.peek().cloned() {
                        Some(Token::Word(word)) if word == "end" || word == "else" => {
                            self.at += 1;
                            break Some((offset, word));
                        }
                        Some(Token::Word(word)) => nodes.extend(self.worded(&word, offset)?),
                        Some(Token::Close) => return Err(self.wrong("there is nothing between `{{` and `}}`")),
                        _ => nodes.push(self.action()?),
                    }
                }
            }
        };
        self.depth -= 1;
        Ok((nodes, end))
    }

    fn action(&mut self) -> Result<Node, TemplateError> {
        let pipeline = self.pipeline(false)?;
        self.close()?;
        Ok(Node::Action(pipeline))
    }

    /// What begins with a keyword, or with the name of a function.
    fn worded(&mut self, word: &str, offset: usize) -> Result<Option<Node>, TemplateError> {
        match word {
            "if" | "with" | "range" => {
                self.at += 1;
                self.branch(word, offset).map(Some)
            }
            "break" | "continue" => {
                if self.ranges == 0 {
                    return Err(self.wrong(format!("`{word}` outside of a `range`")));
                }
                self.at += 1;
                self.close()?;
                Ok(Some(if word == "break" { Node::Break } else { Node::Continue }))
            }
            "define" | "block" | "template" => {
                self.at += 1;
                self.spaces();
                let place = self.offset();
                let Some((_, Token::Quoted(name))) = self.next() else {
                    return Err(TemplateError::new(place, 1, format!("`{word}` needs a name in quotes")));
                };
                self.spaces();
                let pipeline = match self.peek() {
                    Some(Token::Close) => None,
                    _ if word == "define" => None,
                    _ => Some(self.pipeline(false)?),
                };
                self.close()?;
                if word != "template" {
                    let outer = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
                    let nodes = self.until_end(word, offset)?;
                    self.variables = outer;
                    self.defined.insert(name.clone(), nodes);
                }
                Ok((word != "define").then_some(Node::Template(place, name, pipeline)))
            }
            _ => self.action().map(Some),
        }
    }

    fn until_end(&mut self, word: &str, offset: usize) -> Result<Vec<Node>, TemplateError> {
        match self.list()? {
            (nodes, Some((_, end))) if end == "end" => {
                self.close()?;
                Ok(nodes)
            }
            (_, Some((offset, _))) => Err(TemplateError::new(offset, 4, format!("`else` in a `{word}`"))),
            (_, None) => Err(never_ended(word, offset)),
        }
    }

    fn branch(&mut self, word: &str, offset: usize) -> Result<Node, TemplateError> {
        let known = self.variables.len();
        self.spaces();
        let pipeline = self.pipeline(word == "range")?;
        self.close()?;
        self.ranges += usize::from(word == "range");
        let (then, end) = self.list()?;
        self.ranges -= usize::from(word == "range");
        let otherwise = match end {
            None => return Err(never_ended(word, offset)),
            Some((_, end)) if end == "end" => {
                self.close()?;
                Vec::new()
            }
            Some((place, _)) => {
                self.spaces();
                match self.peek().cloned() {
                    Some(Token::Word(again))
                        if (again == "if" && word == "if") || (again == "with" && word == "with") =>
                    {
                        self.at += 1;
                        vec![self.branch(&again, place)?]
                    }
                    _ => {
                        self.close()?;
                        self.until_end(word, offset)?
                    }
                }
            }
        };
        self.variables.truncate(known);
        let branch = Branch { pipeline, then, otherwise };
        Ok(match word {
            "if" => Node::If(branch),
            "with" => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    /// Commands with `|` between them, perhaps behind `$x :=`; it ends before `}}` or `)`.
    fn pipeline(&mut self, of_range: bool) -> Result<Pipeline, TemplateError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.wrong("the template is nested too deep"));
        }
        self.spaces();
        let offset = self.offset();
        let (variables, assigns) = self.declaration(of_range)?;
        let mut commands = Vec::new();
        loop {
            commands.push(self.command()?);
            if self.peek() != Some(&Token::Pipe) {
                break;
            }
            self.at += 1;
        }
        let later = commands.iter().skip(1);
        for command in later {
            if let [only] = command.operands.as_slice()
                && !matches!(
                    only,
                    Operand::Function(_) | Operand::Field(_) | Operand::Variable(..) | Operand::Pipeline(..)
                )
            {
                return Err(TemplateError::new(command.offset, 1, "what stands behind `|` has to be a function"));
            }
        }
        if !assigns {
            self.variables.extend(variables.iter().cloned());
        }
        self.depth -= 1;
        Ok(Pipeline { offset, variables, assigns, commands })
    }

    fn declaration(&mut self, of_range: bool) -> Result<(Vec<String>, bool), TemplateError> {
        let start = self.at;
        let mut variables = Vec::new();
        while let Some(Token::Variable(name)) = self.peek().cloned() {
            let place = self.offset();
            self.at += 1;
            self.spaces();
            variables.push(name);
            match self.peek() {
                Some(Token::Declare) => {
                    self.at += 1;
                    return Ok((variables, false));
                }
                Some(Token::Assign) => {
                    let unknown = variables.iter().find(|name| !self.variables.contains(name));
                    if let Some(name) = unknown {
                        return Err(self.unknown_variable(place, name));
                    }
                    self.at += 1;
                    return Ok((variables, true));
                }
                Some(Token::Comma) if of_range && variables.len() < 2 => {
                    self.at += 1;
                    self.spaces();
                }
                _ => break,
            }
        }
        self.at = start;
        Ok((Vec::new(), false))
    }

    fn unknown_variable(&self, place: usize, name: &str) -> TemplateError {
        let hint = match closest(name, self.variables.iter().map(String::as_str)) {
            Some(known) => format!("; did you mean `{known}`?"),
            None => String::new(),
        };
        TemplateError::new(place, name.chars().count(), format!("the variable `{name}` is not defined{hint}"))
    }

    fn command(&mut self) -> Result<Command, TemplateError> {
        self.spaces();
        let offset = self.offset();
        let mut operands = Vec::new();
        loop {
            self.spaces();
            match self.peek() {
                None | Some(Token::Close | Token::Right | Token::Pipe) => break,
                _ => operands.push(self.operand()?),
            }
            match self.peek() {
                None | Some(Token::Space | Token::Close | Token::Right | Token::Pipe) => {}
                _ => return Err(self.wrong("a blank should be here")),
            }
        }
        match operands.first() {
            None => Err(self.wrong("a value is missing here")),
            Some(Operand::Nil) if operands.len() == 1 => Err(TemplateError::new(offset, 3, "`nil` is no command")),
            Some(Operand::Function(_) | Operand::Field(_) | Operand::Variable(..) | Operand::Pipeline(..)) => {
                Ok(Command { offset, operands })
            }
            Some(_) if operands.len() > 1 => {
                Err(TemplateError::new(offset, 1, "only functions take arguments; this is a value"))
            }
            Some(_) => Ok(Command { offset, operands }),
        }
    }

    fn operand(&mut self) -> Result<Operand, TemplateError> {
        let place = self.offset();
        let Some((_, token)) = self.next() else { return Err(self.wrong("a value is missing here")) };
        Ok(match token {
            Token::Dot => Operand::Dot,
            Token::Field(name) => {
                let mut names = vec![name];
                names.extend(self.fields());
                Operand::Field(names)
            }
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return Err(self.unknown_variable(place, &name));
                }
                let fields = self.fields();
                Operand::Variable(name, fields)
            }
            Token::Left => {
                let pipeline = self.pipeline(false)?;
                if self.peek() != Some(&Token::Right) {
                    return Err(self.wrong("`)` should be here"));
                }
                self.at += 1;
                let fields = self.fields();
                Operand::Pipeline(Box::new(pipeline), fields)
            }
            Token::Quoted(text) => Operand::Text(text),
            Token::Letter(number) => Operand::Whole(i64::from(number)),
            Token::Number(text) => number(&text)
                .ok_or_else(|| TemplateError::new(place, text.len(), format!("`{text}` is not a number")))?,
            Token::Word(word) => match word.as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                "if" | "else" | "end" | "range" | "with" | "define" | "template" | "block" => {
                    return Err(TemplateError::new(
                        place,
                        word.len(),
                        format!("`{word}` has to stand first, behind `{{{{`"),
                    ));
                }
                _ if functions::is_known(&word) => Operand::Function(word),
                _ => return Err(unknown_function(place, &word)),
            },
            _ => return Err(TemplateError::new(place, 1, "a value should be here")),
        })
    }

    /// `.a.b` right behind something.
    fn fields(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(Token::Field(name)) = self.peek().cloned() {
            names.push(name);
            self.at += 1;
        }
        names
    }
}

fn never_ended(word: &str, offset: usize) -> TemplateError {
    TemplateError::new(offset, word.len(), format!("`{word}` is never ended; write {{{{ end }}}}"))
}

fn unknown_function(place: usize, word: &str) -> TemplateError {
    let hint = match functions::instead_of(word) {
        Some(instead) => format!("; write {instead}"),
        None => match closest(word, functions::names()) {
            Some(known) => format!("; did you mean `{known}`?"),
            None => String::new(),
        },
    };
    TemplateError::new(place, word.chars().count(), format!("the function `{word}` is not defined{hint}"))
}

/// Go's numbers, without complex ones.
fn number(text: &str) -> Option<Operand> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let based = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .find_map(|(prefix, base)| lower.strip_prefix(prefix).map(|rest| i64::from_str_radix(rest, base).ok()));
    let whole = match based {
        Some(number) => Some(number?),
        None if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|byte| byte.is_ascii_digit()) => {
            i64::from_str_radix(&lower, 8).ok()
        }
        None => lower.parse::<i64>().ok(),
    };
    if let Some(number) = whole {
        return Some(Operand::Whole(if negative { -number } else { number }));
    }
    let fraction = lower.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let number = fraction.then(|| lower.parse::<f64>().ok()).flatten()?;
    Some(Operand::Fraction(if negative { -number } else { number }))
}
