//! The kinds of values that options have: how each is read from TOML and shown again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::{Node, Value};
use super::durations::Grammar;
use super::secret::Secret;
use super::words::{closest, quoted, toml_text};

/// Why a value cannot be taken. `message` follows the option's name: `must be true or false, not a text`.
pub struct Refusal {
    pub span: Range<usize>,
    pub message: String,
    pub hint: String,
}

impl Refusal {
    pub fn new(node: &Node, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { span: node.span.clone(), message: message.into(), hint: hint.into() }
    }

    /// `must be WHAT, not a list`.
    pub fn kind(node: &Node, what: &str, hint: impl Into<String>) -> Self {
        Self::new(node, format!("must be {what}, not {}", node.value.kind()), hint)
    }
}

/// A kind of value.
pub trait Form {
    type Value;
    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>>;
    /// As TOML.
    fn show(&self, value: &Self::Value) -> String;
    /// What may be written, for the manual page: `a whole number from 0 to 10`.
    fn kind(&self) -> String;
}

/// True or false.
pub struct Flag;

impl Form for Flag {
    type Value = bool;

    fn read(&self, node: &Node) -> Result<bool, Vec<Refusal>> {
        let word = match &node.value {
            Value::Flag(flag) => return Ok(*flag),
            Value::Word(word) => word.to_lowercase(),
            Value::Text(text) if text == "true" || text == "false" => {
                return Err(vec![Refusal::kind(node, "true or false", format!("write {text} without quotes"))]);
            }
            _ => return Err(vec![Refusal::kind(node, "true or false", "write true or false")]),
        };
        match word.as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(vec![Refusal::new(
                node,
                format!("is {}, neither true nor false", quoted(&word)),
                "write true or false",
            )]),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }

    fn kind(&self) -> String {
        "true or false".into()
    }
}

/// A whole number within bounds, both allowed.
pub struct Whole {
    pub least: u32,
    pub most: u32,
}

impl Form for Whole {
    type Value = u32;

    fn read(&self, node: &Node) -> Result<u32, Vec<Refusal>> {
        let Value::Whole(number) = node.value else {
            return Err(vec![Refusal::kind(
                node,
                "a whole number",
                "write a number without quotes and without a point",
            )]);
        };
        match u32::try_from(number) {
            Ok(number) if (self.least..=self.most).contains(&number) => Ok(number),
            _ => Err(vec![Refusal::new(
                node,
                format!("is {number}, out of range"),
                format!("from {} to {}", self.least, self.most),
            )]),
        }
    }

    fn show(&self, value: &u32) -> String {
        value.to_string()
    }

    fn kind(&self) -> String {
        format!("a whole number from {} to {}", self.least, self.most)
    }
}

impl Form for Grammar {
    type Value = Duration;

    fn read(&self, node: &Node) -> Result<Duration, Vec<Refusal>> {
        let read = match &node.value {
            Value::Text(text) | Value::Word(text) => self.parse(text),
            Value::Whole(number) => self.number(*number),
            _ => return Err(vec![Refusal::kind(node, self.what, format!("write {}", self.example))]),
        };
        read.map_err(|refused| vec![Refusal::new(node, refused.message, refused.hint)])
    }

    fn show(&self, value: &Duration) -> String {
        toml_text(&Grammar::show(self, *value))
    }

    fn kind(&self) -> String {
        format!("{}: {}", self.what, self.example)
    }
}

/// A value of the inner form, or none, written `"off"`.
pub struct OrOff<F>(pub F);

impl<F: Form> Form for OrOff<F> {
    type Value = Option<F::Value>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        match &node.value {
            Value::Text(text) if text == "off" => Ok(None),
            Value::Flag(false) => Ok(None),
            _ => self.0.read(node).map(Some),
        }
    }

    fn show(&self, value: &Self::Value) -> String {
        value.as_ref().map_or_else(|| "\"off\"".into(), |value| self.0.show(value))
    }

    fn kind(&self) -> String {
        format!("{}, or \"off\"", self.0.kind())
    }
}

/// A text that passes a check. The check returns the message and the hint of a refusal.
pub struct Text {
    /// For wrong types: `a name in quotes`.
    pub what: &'static str,
    pub check: fn(&str) -> Result<(), (String, String)>,
}

impl Form for Text {
    type Value = String;

    fn read(&self, node: &Node) -> Result<String, Vec<Refusal>> {
        let Value::Text(text) = &node.value else {
            return Err(vec![Refusal::kind(node, self.what, "write it in quotes")]);
        };
        (self.check)(text).map_err(|(message, hint)| vec![Refusal::new(node, message, hint)])?;
        Ok(text.clone())
    }

    fn show(&self, value: &String) -> String {
        toml_text(value)
    }

    fn kind(&self) -> String {
        self.what.into()
    }
}

/// Any text, also an empty one.
pub const ANY_TEXT: Text = Text { what: "a text", check: |_| Ok(()) };

/// Any text with something in it.
pub const SOME_TEXT: Text = Text {
    what: "a text",
    check: |text| match text.trim() {
        "" => Err(("is empty".into(), "write a value".into())),
        _ => Ok(()),
    },
};

/// One of a few names.
pub struct OneOf<T: 'static> {
    /// `a unit`.
    pub what: &'static str,
    pub names: &'static [(&'static str, T)],
}

impl<T: Copy + PartialEq> Form for OneOf<T> {
    type Value = T;

    fn read(&self, node: &Node) -> Result<T, Vec<Refusal>> {
        let known = self.names.iter().map(|(name, _)| *name);
        let list = || known.clone().collect::<Vec<_>>().join(", ");
        let Value::Text(text) = &node.value else {
            return Err(vec![Refusal::kind(node, self.what, format!("one of {}", list()))]);
        };
        self.names.iter().find(|(name, _)| name == text).map(|(_, value)| *value).ok_or_else(|| {
            let hint = match closest(text, known.clone()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("one of {}", list()),
            };
            vec![Refusal::new(node, format!("is {}, which is not {}", quoted(text), self.what), hint)]
        })
    }

    fn show(&self, value: &T) -> String {
        self.names.iter().find(|(_, own)| own == value).map_or_else(|| "\"\"".into(), |(name, _)| toml_text(name))
    }

    fn kind(&self) -> String {
        let names: Vec<String> = self.names.iter().map(|(name, _)| toml_text(name)).collect();
        format!("one of {}", names.join(", "))
    }
}

/// A list of values of the inner form, none twice.
pub struct ListOf<F> {
    pub inner: F,
    /// `a list of URLs`.
    pub what: &'static str,
    /// A hint for a wrong type: `["http://host:8030"]`.
    pub example: &'static str,
    pub may_be_empty: bool,
}

impl<F: Form> Form for ListOf<F>
where
    F::Value: PartialEq,
{
    type Value = Vec<F::Value>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        let Value::List(items) = &node.value else {
            return Err(vec![Refusal::kind(node, self.what, format!("write {}", self.example))]);
        };
        let (mut values, mut refusals) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items {
            match self.inner.read(item) {
                Ok(value) if values.contains(&value) => {
                    let shown = self.inner.show(&value);
                    refusals.push(Refusal::new(item, format!("has {shown} twice"), "remove one of the two"));
                }
                Ok(value) => values.push(value),
                Err(more) => refusals.extend(more),
            }
        }
        if items.is_empty() && !self.may_be_empty {
            refusals.push(Refusal::new(node, "is empty", format!("write {}", self.example)));
        }
        if refusals.is_empty() { Ok(values) } else { Err(refusals) }
    }

    fn show(&self, value: &Self::Value) -> String {
        format!("[{}]", value.iter().map(|value| self.inner.show(value)).collect::<Vec<_>>().join(", "))
    }

    fn kind(&self) -> String {
        format!("{}: {}", self.what, self.example)
    }
}

/// A file; a relative one counts from the folder of the configuration file.
pub struct FilePath<'a>(pub &'a Path);

impl Form for FilePath<'_> {
    type Value = PathBuf;

    fn read(&self, node: &Node) -> Result<PathBuf, Vec<Refusal>> {
        match &node.value {
            Value::Text(text) if text.is_empty() => Err(vec![Refusal::new(node, "is empty", "write a path")]),
            Value::Text(text) if text.starts_with('~') => {
                let message = format!("is {}; `~` has no meaning here", quoted(text));
                Err(vec![Refusal::new(node, message, "write the whole path")])
            }
            Value::Text(text) if text.contains('\0') => {
                Err(vec![Refusal::new(node, "has a NUL letter", "write a path")])
            }
            Value::Text(text) => Ok(self.0.join(text)),
            _ => Err(vec![Refusal::kind(node, "a path in quotes", "write it in quotes")]),
        }
    }

    fn show(&self, value: &PathBuf) -> String {
        toml_text(&value.to_string_lossy())
    }

    fn kind(&self) -> String {
        "a path in quotes".into()
    }
}

/// A password.
pub struct Hidden;

impl Form for Hidden {
    type Value = Secret;

    fn read(&self, node: &Node) -> Result<Secret, Vec<Refusal>> {
        match &node.value {
            Value::Text(text) => Ok(Secret::new(text.clone())),
            _ => Err(vec![Refusal::kind(node, "a text", "put quotes around it")]),
        }
    }

    fn show(&self, _: &Secret) -> String {
        "\"***\"".into()
    }

    fn kind(&self) -> String {
        "a text in quotes".into()
    }
}

/// `{ region = "north" }`: names and texts. The check looks at a name as those of `Text` do.
pub struct Pairs {
    pub check: fn(&str) -> Result<(), (String, String)>,
    pub value: Text,
    /// `{ region = "north" }`.
    pub example: &'static str,
}

impl Form for Pairs {
    type Value = BTreeMap<String, String>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        let Value::Table(table) = &node.value else {
            return Err(vec![Refusal::kind(node, "a table", "write { name = \"value\" }")]);
        };
        let (mut pairs, mut refusals) = (BTreeMap::new(), Vec::new());
        for entry in &table.entries {
            if let Err((message, hint)) = (self.check)(&entry.key) {
                refusals.push(Refusal { span: entry.key_span.clone(), message, hint });
            }
            match self.value.read(&entry.node) {
                Ok(text) => drop(pairs.insert(entry.key.clone(), text)),
                Err(more) => refusals.extend(more.into_iter().map(|refusal| Refusal {
                    message: format!("has {} which {}", quoted(&entry.key), refusal.message),
                    ..refusal
                })),
            }
        }
        if refusals.is_empty() { Ok(pairs) } else { Err(refusals) }
    }

    fn show(&self, value: &Self::Value) -> String {
        let pairs: Vec<String> = value.iter().map(|(name, value)| format!("{name} = {}", toml_text(value))).collect();
        if pairs.is_empty() { "{}".into() } else { format!("{{ {} }}", pairs.join(", ")) }
    }

    fn kind(&self) -> String {
        format!("a table of texts: {}", self.example)
    }
}
