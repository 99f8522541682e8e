//! Who reads what: the samples that expressions ask for, so that everything else on a page is passed over.

use std::cell::Cell;
use std::sync::OnceLock;

use crate::exposition::Wanted;
use crate::hash::Map;
use crate::promql::{Selector, Window};
use crate::sample::{Labels, Millis};

/// The selectors that read the samples of one kind of target, by the name of the sample.
#[derive(Debug, Default)]
pub struct Uses {
    selectors: Map<String, Vec<Selector>>,
    wanted: OnceLock<Wanted>,
}

impl Uses {
    /// One without a name is a fault of its entry and reads nothing.
    pub(super) fn new(selectors: impl IntoIterator<Item = Selector>) -> Self {
        let mut uses = Self::default();
        for selector in selectors {
            if let Some(name) = &selector.name {
                uses.selectors.entry(name.to_string()).or_default().push(selector);
            }
        }
        uses
    }

    #[cfg(test)]
    pub(super) fn selectors(&self) -> &Map<String, Vec<Selector>> {
        &self.selectors
    }

    /// The names that the parser has to look at.
    pub fn wanted(&self) -> &Wanted {
        self.wanted.get_or_init(|| Wanted::new(self.selectors.keys().map(String::as_str)))
    }

    /// The same for a page whose names may begin with this.
    pub fn wanted_after(&self, prefix: &str) -> Wanted {
        let both = self.selectors.keys().flat_map(|name| [name.clone(), format!("{prefix}{name}")]);
        let both: Vec<String> = both.collect();
        Wanted::new(both.iter().map(String::as_str))
    }

    /// Whether any expression reads this sample; `labels` include `job` and `instance`.
    pub fn reads(&self, name: &str, labels: &Labels) -> bool {
        self.selectors.get(name).is_some_and(|selectors| selectors.iter().any(|selector| selector.accepts(labels)))
    }

    /// The same before there are [`Labels`].
    pub fn readers(&self) -> Readers<'_> {
        Readers { uses: self, last: Cell::default() }
    }

    /// Whether any expression looks at earlier readings of this sample.
    pub fn remembers(&self, name: &str, labels: &Labels) -> bool {
        let looks_back = |selector: &&Selector| selector.window != Window::Instant;
        let uses = self.selectors.get(name).into_iter().flatten();
        uses.filter(looks_back).any(|selector| selector.accepts(labels))
    }

    /// The longest fixed range in use, in milliseconds; 0 without one.
    pub fn longest_range(&self) -> Millis {
        let windows = self.selectors.values().flatten().map(|selector| selector.window);
        windows.map(|window| if let Window::Range(range) = window { range } else { 0 }).max().unwrap_or(0)
    }
}

/// Tells which samples of a page are read. It remembers who reads the name asked for last, because many lines in a row
/// bear the same one.
pub struct Readers<'u> {
    uses: &'u Uses,
    last: Cell<(&'u str, &'u [Selector])>,
}

impl Readers<'_> {
    /// Whether any expression reads this sample; `value` gives that of a label, "" without one.
    pub fn read<'v>(&self, name: &str, value: impl Fn(&str) -> &'v str) -> bool {
        if self.last.get().0 != name {
            let Some((name, selectors)) = self.uses.selectors.get_key_value(name) else { return false };
            self.last.set((name, selectors));
        }
        self.last.get().1.iter().any(|selector| selector.accepts_values(&value))
    }
}
