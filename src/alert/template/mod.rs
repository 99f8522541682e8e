//! Prometheus's template language, in which labels and annotations of alerts are written.

/// A template that parses.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    text: String,
}

impl Template {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn parse(text: &str) -> Self {
        Self { text: text.to_owned() }
    }
}
