//! Prometheus's template language, in which labels and annotations of alerts are written: that of Go's `text/template`
//! with Prometheus's functions. It is written anew here, for a fault must have its place and its repair, numbers must
//! look as Go's do, and every template must end; no crate was found that does all three.
//!
//! Values are never read as templates: what a label says stays text.

mod effort;
mod functions;
mod lex;
mod parse;
mod printf;
mod run;
#[cfg(test)]
mod tests;
mod tree;
mod uses;
mod value;

use crate::promql::Element;
use crate::sample::{Labels, Millis};

pub use effort::Effort;
pub use lex::TemplateError;
pub use uses::Use;

use tree::Tree;

/// What stands for a name in single braces; `None` leaves it as it is.
pub type Fill<'f> = dyn Fn(&str) -> Option<String> + 'f;

/// What a template is expanded with.
pub struct Context<'c> {
    /// Those of the value that raised the alert, with `__name__` if it has one.
    pub labels: &'c Labels,
    pub external_labels: &'c Labels,
    /// Where people find this `stellar`, such as `https://stellar.example.com/alerts`; may be empty.
    pub external_url: &'c str,
    pub value: f64,
    /// The moment of the evaluation.
    pub at: Millis,
    /// Answers `query`; the error is a sentence.
    pub query: &'c dyn Fn(&str) -> Result<Vec<Element>, String>,
    pub fill: Option<&'c Fill<'c>>,
    /// Shared by all alerts of a rule.
    pub effort: &'c Effort,
}

/// A text of a rule, parsed; perhaps with a fault, which does not keep its alert from being raised.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    text: String,
    /// None of a text that is nothing but text.
    tree: Option<Box<Result<Tree, TemplateError>>>,
    /// Whether names in single braces stand for values.
    braces: bool,
}

impl Template {
    /// A template of Prometheus.
    pub fn parse(text: &str) -> Self {
        Self::of(text, false)
    }

    /// The same in which `{metric}` and `{label}` stand for their values, too.
    pub fn with_braces(text: &str) -> Self {
        Self::of(text, true)
    }

    fn of(text: &str, braces: bool) -> Self {
        let acts = text.contains("{{") || (braces && text.contains('{'));
        Self { text: text.to_owned(), tree: acts.then(|| Box::new(parse::parse(text))), braces }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it says the same of every alert.
    pub fn is_plain(&self) -> bool {
        self.tree.is_none()
    }

    pub fn fault(&self) -> Option<&TemplateError> {
        self.tree.as_deref().and_then(|tree| tree.as_ref().err())
    }

    /// The text as it was most likely meant, where a function is not there: `{{ $value | humanizeBytes }}` as
    /// `{{ $value | humanize1024 }}B`.
    pub fn repaired(&self) -> Option<String> {
        self.fault()?;
        let repaired = functions::repaired(&self.text);
        (repaired != self.text && Self::of(&repaired, self.braces).fault().is_none()).then_some(repaired)
    }

    /// The text; the error is a sentence.
    pub fn expand(&self, context: &Context<'_>) -> Result<String, String> {
        match self.tree.as_deref() {
            None => Ok(self.text.clone()),
            Some(Ok(tree)) => run::expand(tree, self.braces, context),
            Some(Err(fault)) => Err(fault.to_string()),
        }
    }

    /// The labels and the names in braces that it reads, as far as the text tells.
    pub fn uses(&self) -> Vec<Use> {
        match self.tree.as_deref() {
            Some(Ok(tree)) => uses::of(tree, self.braces),
            _ => Vec::new(),
        }
    }
}

/// `instance`, `instance>0`, `rate(x[5m])`: what may stand in single braces. Whoever fills it knows the names.
fn may_be_filled(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.contains(['{', '}', '"', '\'', '\n'])
}

/// `None` of what is no name.
fn brace_name(name: &str) -> Option<&str> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    (may_be_filled(name) && plain).then_some(name)
}
