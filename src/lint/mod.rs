//! `stellar lint`: what is wrong with a page of metrics, as pure functions from a page, or several looks at one, to
//! findings. Nothing is fetched here.

mod announcements;
mod growth;
mod http;
mod labels;
mod names;
pub mod page;
pub mod rules;
pub mod tell;
#[cfg(test)]
mod tests;
mod types;

use std::time::Duration;

use crate::exposition::Format;
use crate::sample::Millis;
use page::{Family, Page};
use rules::{Rule, Severity};

/// One look at a page.
#[derive(Debug)]
pub struct Look {
    /// Empty when the page was not to be had.
    pub text: Vec<u8>,
    pub answer: Option<Answer>,
}

/// How a page came over HTTP.
#[derive(Debug)]
pub struct Answer {
    pub at: Millis,
    pub took: Duration,
    pub outcome: Result<Shape, String>,
}

/// What the headers of a good answer say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// 200, for there is no page with another one.
    pub status: u16,
    /// As sent; empty when there was none.
    pub content_type: String,
    pub chunked: bool,
    /// Bytes of the answer as they came over the wire, with its headers.
    pub wire_bytes: u64,
    /// Unknown of small pages.
    pub compressed: Option<bool>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub rule: &'static Rule,
    /// The family; `None` when it is about the page.
    pub metric: Option<String>,
    /// From 1, of the newest look unless the words say otherwise.
    pub line: Option<u64>,
    /// What is wrong here, as far as the rule does not say it.
    pub what: String,
}

/// What the looks at one page gave.
#[derive(Debug)]
pub struct Judgement {
    /// The URL or the file, fit for a terminal.
    pub name: String,
    pub looks: Vec<Seen>,
    /// Worst first; of one severity by rule, then by line.
    pub findings: Vec<Finding>,
    /// Between two looks most counters fell, so that they were not compared.
    pub restarted: bool,
}

/// A look without its text.
#[derive(Debug)]
pub struct Seen {
    pub answer: Option<Answer>,
    pub bytes: usize,
    pub lines: u64,
    pub families: usize,
    pub samples: usize,
}

/// Judges one page by all looks at it, the oldest first. What only a second look can show is not found by one.
pub fn judge(name: String, looks: Vec<Look>, is_ignored: impl Fn(&Rule) -> bool) -> Judgement {
    let pages: Vec<Page<'_>> = looks.iter().map(|look| Page::read(&look.text, format(look))).collect();
    let mut findings = Findings::default();
    for (place, look) in looks.iter().enumerate() {
        http::check(look, place > 0, &mut findings);
    }
    let is_page = |look: &Look| look.answer.as_ref().is_none_or(|answer| answer.outcome.is_ok());
    let good: Vec<&Page<'_>> =
        looks.iter().zip(&pages).filter(|(look, _)| is_page(look)).map(|(_, page)| page).collect();
    if let Some(newest) = good.last() {
        announcements::check(newest, &mut findings);
        names::check(newest, &mut findings);
        types::check(newest, &mut findings);
        labels::check(newest, &mut findings);
    }
    let restarted = growth::check(&good, &mut findings);
    let mut findings = findings.0;
    findings.retain(|finding| !is_ignored(finding.rule));
    findings.sort_by_key(|finding| (finding.rule.severity, finding.rule.place(), finding.line));
    let sizes: Vec<(u64, usize, usize)> =
        pages.iter().map(|page| (page.lines, page.families.len(), page.samples)).collect();
    let looks = looks.into_iter().zip(sizes).map(|(look, (lines, families, samples))| Seen {
        answer: look.answer,
        bytes: look.text.len(),
        lines,
        families,
        samples,
    });
    Judgement { name, looks: looks.collect(), findings, restarted }
}

/// The content type tells; without one the text does.
fn format(look: &Look) -> Format {
    let shape = look.answer.as_ref().and_then(|answer| answer.outcome.as_ref().ok());
    match shape.map(|shape| http::media_type(&shape.content_type)) {
        Some(http::OPEN_METRICS) => Format::OpenMetrics,
        Some(_) => Format::Prometheus,
        None => page::format_of(&look.text),
    }
}

impl Judgement {
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.rule.severity == severity).count()
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn about_page(&mut self, rule: &'static Rule, what: impl Into<String>) {
        self.0.push(Finding { rule, metric: None, line: None, what: what.into() });
    }

    fn about(&mut self, rule: &'static Rule, family: &Family<'_>, what: impl Into<String>) {
        self.at(rule, family, family.line, what);
    }

    fn at(&mut self, rule: &'static Rule, family: &Family<'_>, line: u64, what: impl Into<String>) {
        self.0.push(Finding { rule, metric: Some(family.name.to_owned()), line: Some(line), what: what.into() });
    }
}
