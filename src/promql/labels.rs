//! `label_replace` and `label_join`: other labels for the same values.

use regex::{Captures, Regex};

use super::matching::{METRIC_NAME, all_differ};
use super::{Element, EvalError};
use crate::sample::Text;

#[derive(Clone, Debug)]
pub(super) enum LabelChange {
    /// Where the pattern matches all of the source's value, the target becomes the template.
    Replace {
        target: Text,
        template: String,
        source: Text,
        pattern: Regex,
    },
    Join {
        target: Text,
        separator: String,
        sources: Vec<Text>,
    },
}

impl LabelChange {
    /// The label that it sets.
    pub fn target(&self) -> &str {
        match self {
            Self::Replace { target, .. } | Self::Join { target, .. } => target,
        }
    }

    pub fn apply(&self, mut elements: Vec<Element>) -> Result<Vec<Element>, EvalError> {
        for element in &mut elements {
            match self {
                Self::Replace { target, template, source, pattern } => {
                    let value = value(element, source);
                    let Some(captures) = pattern.captures(&value) else { continue };
                    let new = expand(template, &captures);
                    set(element, target, &new);
                }
                Self::Join { target, separator, sources } => {
                    let values: Vec<Text> = sources.iter().map(|source| value(element, source)).collect();
                    set(element, target, &values.join(separator));
                }
            }
        }
        all_differ(&elements)?;
        Ok(elements)
    }
}

fn value(element: &Element, label: &str) -> Text {
    let value = if label == METRIC_NAME { element.name.as_ref() } else { element.labels.get(label) };
    value.cloned().unwrap_or_else(|| "".into())
}

/// An empty value takes the label, or the name, away.
pub(super) fn set(element: &mut Element, label: &Text, value: &str) {
    if **label == *METRIC_NAME {
        element.name = (!value.is_empty()).then(|| value.into());
    } else {
        element.labels = element.labels.with(&[(label.clone(), value.into())]);
    }
}

/// `$1`, `$name`, `${name}` and `$$`, by the rules of Go's regular expressions: what is none of these stays as it is, and
/// a group that there is not is empty.
pub(crate) fn expand(template: &str, captures: &Captures<'_>) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(behind) = after.strip_prefix('$') {
            text.push('$');
            rest = behind;
        } else if let Some((name, behind)) = reference(after) {
            let plain = name.len() == 1 || !name.starts_with('0');
            let number = name.parse().ok().filter(|_| plain && name.bytes().all(|byte| byte.is_ascii_digit()));
            let group = number.map_or_else(|| captures.name(name), |number: usize| captures.get(number));
            text.push_str(group.map_or("", |group| group.as_str()));
            rest = behind;
        } else {
            text.push('$');
            rest = after;
        }
    }
    text + rest
}

/// The name of a group behind a `$`, and what follows it.
fn reference(after: &str) -> Option<(&str, &str)> {
    let braced = after.strip_prefix('{');
    let start = braced.unwrap_or(after);
    let length = start.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(start.len());
    let (name, behind) = start.split_at(length);
    let behind = if braced.is_some() { behind.strip_prefix('}')? } else { behind };
    (!name.is_empty()).then_some((name, behind))
}
