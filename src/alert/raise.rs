//! From what a rule's expression gives to alerts: the labels of the rule put over those of each value, all templates
//! expanded.

use super::rule::{ALERTNAME, Rule};
use super::state::Raised;
use super::template::{Context, Effort, Fill, Template};
use crate::promql::{self, Element, EvalError, Expression, Moment, Source, Value};
use crate::sample::{Labels, Millis, Text};

/// What stands for a name in single braces, for a value that a rule gives; `None` leaves it as it is.
pub type FillFor<'f> = dyn Fn(&Rule, &Element, &str) -> Option<String> + 'f;

/// What the templates of rules know besides their values.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    pub external_labels: &'s Labels,
    pub external_url: &'s str,
    pub fill: Option<&'s FillFor<'s>>,
}

/// Evaluates a rule at one moment. Each value that is the rule's ([`super::rule::Scope`]) is an alert; a number is one
/// without labels, as in Prometheus. A template that fails says so in its place.
///
/// # Errors
/// Those of the evaluation: nothing is known then.
pub fn raise(rule: &Rule, source: &dyn Source, at: Millis, around: Surroundings<'_>) -> Result<Vec<Raised>, EvalError> {
    let elements = values(&rule.expression, source, at)?;
    let own = elements.iter().filter(|element| rule.scope.covers(&element.labels));
    let effort = Effort::default();
    Ok(own.map(|element| raised(rule, element, source, at, around, &effort)).collect())
}

/// The values of an expression as a vector.
pub fn values(expression: &Expression, source: &dyn Source, at: Millis) -> Result<Vec<Element>, EvalError> {
    Ok(match promql::evaluate(expression, source, Moment::from(at))? {
        Value::Vector(elements) => elements,
        Value::Scalar(value) => vec![Element { name: None, labels: Labels::empty(), at, value }],
        Value::String(_) => Vec::new(),
    })
}

fn raised(
    rule: &Rule,
    element: &Element,
    source: &dyn Source,
    at: Millis,
    around: Surroundings<'_>,
    effort: &Effort,
) -> Raised {
    let name = element.name.as_ref().map(|name| (Text::from("__name__"), name.clone()));
    let own = element.labels.iter().map(|(label, value)| (label.clone(), value.clone()));
    let seen = Labels::new(name.into_iter().chain(own));
    let query = |text: &str| {
        let expression = Expression::parse(text).map_err(|error| error.to_string())?;
        values(&expression, source, at).map_err(|error| error.to_string())
    };
    let fill = around.fill.map(|fill| move |name: &str| fill(rule, element, name));
    let context = Context {
        labels: &seen,
        external_labels: around.external_labels,
        external_url: around.external_url,
        value: element.value,
        at,
        query: &query,
        fill: fill.as_ref().map(|fill| fill as &Fill<'_>),
        effort,
    };
    // As in Prometheus it says whose text it is: it stands where the summary would, and says nothing else of the rule.
    let expand = |name: &Text, template: &Template| {
        let told = |error| format!("<error expanding template {name} of {}: {error}>", rule.alert);
        template.expand(&context).unwrap_or_else(told)
    };
    let labels = rule.labels.iter().map(|(name, template)| (name.clone(), expand(name, template).into()));
    // The name comes last, and so before a label of the rule that is called so.
    let over: Vec<(Text, Text)> = labels
        .filter(|(name, _)| **name != *ALERTNAME)
        .chain([(ALERTNAME.into(), rule.alert.as_str().into())])
        .collect();
    let annotations = rule.annotations.iter().map(|(name, template)| (name.clone(), expand(name, template)));
    Raised { labels: element.labels.with(&over), annotations: annotations.collect(), value: element.value }
}
