//! A YAML file as a document, so that what reads TOML with the places of all faults reads Prometheus's rule files, too.
//!
//! Every scalar is a text, as it is written: rule files have nothing else. What is null is left out. Anchors, aliases and
//! merge keys are followed. Of several documents the first counts, and that is a fault.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput};

use super::document::{Entry, Node, Table, Value};

/// Deeper files are refused.
const DEEPEST: usize = 64;
/// Files that have more values, aliases followed, are refused.
const MOST: usize = 200_000;

/// What is wrong, where, and what to do.
#[derive(Debug, PartialEq)]
pub struct YamlFault {
    pub span: Range<usize>,
    pub message: String,
    pub hint: String,
}

/// The top of a file and what is wrong with it; without a table at its top it is empty.
pub fn parse(text: &str) -> (Table, Vec<YamlFault>) {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut building =
        Building { parser: Parser::new_from_str(text), bytes, anchors: HashMap::new(), values: 0, faults: Vec::new() };
    let table = building.document().unwrap_or_else(|fault| {
        building.faults.push(fault);
        Table::default()
    });
    (table, building.faults)
}

struct Building<'t> {
    parser: Parser<'t, StrInput<'t>>,
    /// Where each letter begins: the parser counts letters.
    bytes: Vec<usize>,
    anchors: HashMap<usize, Node>,
    values: usize,
    faults: Vec<YamlFault>,
}

impl<'t> Building<'t> {
    fn document(&mut self) -> Result<Table, YamlFault> {
        let mut top: Option<Node> = None;
        let mut documents = 0;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents == 2 {
                        let hint = "put both into one, or into two files";
                        self.tell(self.range(&span), "a second document, which Prometheus does not read", hint);
                        break;
                    }
                }
                Event::DocumentEnd | Event::StreamStart | Event::Nothing => {}
                event => top = self.node(event, &span, 0)?,
            }
        }
        match top {
            Some(Node { value: Value::Table(table), .. }) => Ok(table),
            Some(node) => Err(fault(node.span, "the file has no keys", "write `groups:` and the rules below it")),
            None => Ok(Table::default()),
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), YamlFault> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let at = self.byte(error.marker());
                Err(fault(at..at + 1, &format!("is no YAML: {}", error.info()), ""))
            }
            None => Ok((Event::StreamEnd, Span::empty(Marker::new(0, 1, 0)))),
        }
    }

    fn tell(&mut self, span: Range<usize>, message: &str, hint: &str) {
        self.faults.push(fault(span, message, hint));
    }

    fn byte(&self, marker: &Marker) -> usize {
        self.bytes.get(marker.index()).or(self.bytes.last()).copied().unwrap_or_default()
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let start = self.byte(&span.start);
        start..self.byte(&span.end).max(start)
    }

    /// `None` for what is null.
    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Option<Node>, YamlFault> {
        let range = self.range(span);
        self.values += 1;
        if depth > DEEPEST || self.values > MOST {
            return Err(fault(range, "too deep or too large for a file of rules", "is this the right file?"));
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else { return Ok(None) };
                self.values += size(&node);
                return Ok(Some(node));
            }
            Event::Scalar(text, style, anchor, _) => {
                let plain = matches!(style, ScalarStyle::Plain);
                if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    return Ok(None);
                }
                (anchor, Value::Text(text.into_owned()))
            }
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                        break;
                    }
                    items.extend(self.node(event, &span, depth + 1)?);
                }
                (anchor, Value::List(items))
            }
            Event::MappingStart(anchor, _) => (anchor, Value::Table(self.table(depth)?)),
            _ => return Ok(None),
        };
        let node = Node { value, span: range };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(Some(node))
    }

    fn table(&mut self, depth: usize) -> Result<Table, YamlFault> {
        let (mut table, mut merged): (Table, Vec<Entry>) = Default::default();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let key_span = self.range(&span);
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            let key = match key {
                Some(Node { value: Value::Text(key), .. }) => key,
                _ => {
                    self.tell(key_span, "a key that is no text", "write a name");
                    continue;
                }
            };
            let Some(node) = node else { continue };
            if key == "<<" {
                merged.extend(entries(node));
            } else if table.get(&key).is_some() {
                self.tell(key_span, &format!("the key `{key}` comes twice"), "remove one of the two");
            } else {
                table.entries.push(Entry { key, key_span, node });
            }
        }
        for entry in merged {
            if table.get(&entry.key).is_none() {
                table.entries.push(entry);
            }
        }
        Ok(table)
    }
}

fn fault(span: Range<usize>, message: &str, hint: &str) -> YamlFault {
    YamlFault { span, message: message.to_owned(), hint: hint.to_owned() }
}

/// What a merge key brings.
fn entries(node: Node) -> Vec<Entry> {
    match node.value {
        Value::Table(table) => table.entries,
        Value::List(items) => items.into_iter().flat_map(entries).collect(),
        _ => Vec::new(),
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Table(table) => table.entries.iter().map(|entry| size(&entry.node)).sum(),
        Value::List(items) => items.iter().map(size).sum(),
        _ => 0,
    }
}
