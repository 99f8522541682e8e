//! Alerts get their labels and annotations: templates expanded, names in braces filled.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::raise::{self, Surroundings};
use super::rule::{Rule, VALUE};
use super::state::Raised;
use super::template::Use;
use crate::catalogue::{Catalogue, recorded};
use crate::promql::{Element, Expression, Selector, Source, samples};
use crate::sample::{Labels, Millis, Text};
use crate::settings::metric_entry::{Subject, Unit};
use crate::settings::{Settings, Target};
use crate::words;

/// What alerts are dressed with.
pub struct Dressing<'s> {
    settings: &'s Settings,
    catalogue: &'s Catalogue,
    /// What the names in the braces of the rules mean; an alert is dressed at every moment of its life.
    metrics: BTreeMap<String, (Selector, Unit)>,
    /// What templates ask for by `query`.
    asked: Vec<Selector>,
    /// The newest values of such a metric by the labels that an alert has of [`OWN`]; of one rule at one moment. Ten
    /// thousand alerts that each look through ten thousand series take minutes.
    rows: RefCell<HashMap<(String, Present), Values>>,
}

/// The labels by which an alert and a metric are of one row.
const OWN: [&str; 5] = ["cluster", "application", "database", "table", "test_name"];

/// Which of them an alert has.
type Present = [bool; OWN.len()];

/// The newest value of each row, told by those labels.
type Values = HashMap<Vec<Text>, Option<f64>>;

/// Of the labels that are present; one that is not there is empty.
fn row(labels: &Labels, present: &Present) -> Vec<Text> {
    let names = OWN.iter().zip(present).filter(|(_, present)| **present);
    names.map(|(name, _)| labels.get(name).cloned().unwrap_or_else(|| "".into())).collect()
}

/// The metric of a cluster or of a batch that a name in braces means, as a selector.
fn selector(name: &str, catalogue: &Catalogue) -> Option<(Selector, Unit)> {
    let subject =
        [Subject::Cluster, Subject::Batch].into_iter().find(|subject| catalogue.find(*subject, name).is_some())?;
    let unit = catalogue.find(subject, name)?.entry.unit;
    let sample = recorded::naming(subject).sample(name);
    let selectors = Expression::parse(&sample).ok()?.selectors();
    Some((selectors.into_iter().next()?, unit))
}

/// The names in the braces of a rule's annotations.
fn names(rule: &Rule) -> impl Iterator<Item = String> {
    let uses = rule.annotations.iter().flat_map(|(_, template)| template.uses());
    uses.filter_map(|used| match used {
        Use::Brace(name) => Some(name),
        _ => None,
    })
}

/// What the queries in the texts of a rule read, whatever their labels: what `printf` puts there is not known yet.
fn asked(rule: &Rule) -> Vec<Selector> {
    let texts = rule.labels.iter().chain(&rule.annotations).flat_map(|(_, template)| template.uses());
    let queries = texts.filter_map(|used| match used {
        Use::Query(text) => Expression::parse(&text.replace("%q", "\"\"").replace("%s", "x").replace("%v", "0")).ok(),
        _ => None,
    });
    // One without a name would read all there is.
    let selectors = queries.flat_map(|expression| expression.selectors()).filter(|selector| selector.name.is_some());
    selectors.map(|selector| Selector { matchers: Vec::new(), ..selector }).collect()
}

/// What a rule gives counts in what it reads first.
fn unit_of(rule: &Rule, catalogue: &Catalogue) -> Option<Unit> {
    let selectors = rule.expression.selectors();
    recorded::unit_of(selectors.iter().find_map(|selector| selector.name.as_deref())?, catalogue)
}

/// A value beside the limit that it broke: a share of 94.99% must not read as the 95% it is below.
fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio if value.is_finite() && value.abs() >= 0.1 => {
            let text = words::per_cent_down(value, 2);
            text.strip_suffix(".00%").map_or(text.clone(), |whole| format!("{whole}%"))
        }
        unit => words::value(value, unit),
    }
}

impl<'s> Dressing<'s> {
    pub fn new(settings: &'s Settings, catalogue: &'s Catalogue, rules: &[&Rule]) -> Self {
        let names: BTreeSet<String> = rules.iter().flat_map(|rule| names(rule)).collect();
        let metrics = names.into_iter().filter_map(|name| selector(&name, catalogue).map(|found| (name, found)));
        let asked = rules.iter().flat_map(|rule| asked(rule)).collect();
        Self { settings, catalogue, metrics: metrics.collect(), asked, rows: RefCell::default() }
    }

    /// What the texts of the rules read besides the expressions.
    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        self.metrics.values().map(|(selector, _)| selector).chain(&self.asked)
    }

    /// The alerts of a rule at one moment, with the labels that the configuration gives their targets.
    ///
    /// # Errors
    /// A sentence, when the rule cannot be evaluated.
    pub fn raise(&self, rule: &Rule, source: &dyn Source, at: Millis) -> Result<Vec<Raised>, String> {
        self.rows.borrow_mut().clear();
        let nothing = Labels::empty();
        let fill = |rule: &Rule, element: &Element, name: &str| self.filling(name, rule, element, source, at);
        let around = Surroundings { external_labels: &nothing, external_url: "", fill: Some(&fill) };
        let raised = raise::raise(rule, source, at, around).map_err(|error| error.to_string())?;
        let labelled = raised.into_iter().map(|raised| {
            let own = self.target(&raised.labels).map(Target::labels).into_iter().flatten();
            let more: Vec<(Text, Text)> = own
                .filter(|(name, _)| raised.labels.get(name).is_none())
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect();
            Raised { labels: raised.labels.with(&more), ..raised }
        });
        Ok(labelled.collect())
    }

    fn target(&self, labels: &Labels) -> Option<Target<'s>> {
        self.settings.targets().find(|target| target.kind().is_named(labels, target.name()))
    }

    fn filling(&self, name: &str, rule: &Rule, element: &Element, source: &dyn Source, at: Millis) -> Option<String> {
        if name == "user" {
            let login = self.target(&element.labels).and_then(|target| target.access().login.as_ref());
            return Some(login.map_or_else(|| "…".to_owned(), |login| words::sql_user(&login.user)));
        }
        if name == VALUE {
            let unit = unit_of(rule, self.catalogue);
            return Some(unit.map_or_else(|| words::number(element.value), |unit| shown(element.value, unit)));
        }
        let labels = &element.labels;
        if let Some(value) = labels.get(name) {
            return Some(value.to_string());
        }
        let (selector, unit) = self.metrics.get(name)?;
        let present = OWN.map(|label| labels.get(label).is_some());
        let mut rows = self.rows.borrow_mut();
        let values = rows.entry((name.to_owned(), present)).or_insert_with(|| {
            let mut values = HashMap::new();
            for series in samples(selector, source, at) {
                // The first of a row counts.
                let key = row(&series.labels, &present);
                values.entry(key).or_insert_with(|| series.points.last().map(|point| point.value));
            }
            values
        });
        values.get(&row(labels, &present))?.map(|value| shown(value, *unit))
    }
}
