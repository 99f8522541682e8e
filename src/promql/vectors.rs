//! Operators between two vectors: which element meets which, and the set operators.

use super::arithmetic::Operator;
use super::matching::{Key, METRIC_NAME, Matching, all_differ};
use super::{Element, EvalError};
use crate::hash::{Map, Set};
use crate::sample::{Labels, Millis, Text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetOperator {
    And,
    Or,
    Unless,
}

/// Which side may have several elements for one of the other side, and the labels that it takes from it.
#[derive(Clone, Debug)]
pub(super) enum Cardinality {
    OneToOne,
    /// `group_left`
    ManyToOne(Vec<Text>),
    /// `group_right`
    OneToMany(Vec<Text>),
}

pub(super) fn set(
    operator: SetOperator,
    matching: &Matching,
    mut left: Vec<Element>,
    right: Vec<Element>,
    at: Millis,
) -> Vec<Element> {
    match operator {
        SetOperator::And | SetOperator::Unless => {
            let there: Set<Key<'_>> = right.iter().map(|element| matching.key(element)).collect();
            left.retain(|element| there.contains(&matching.key(element)) == (operator == SetOperator::And));
        }
        SetOperator::Or => {
            let there: Set<Key<'_>> = left.iter().map(|element| matching.key(element)).collect();
            let more: Vec<Element> =
                right.into_iter().filter(|element| !there.contains(&matching.key(element))).collect();
            left.extend(more);
        }
    }
    left.iter_mut().for_each(|element| element.at = at);
    left
}

pub(super) fn pairs(
    operator: Operator,
    matching: &Matching,
    cardinality: &Cardinality,
    left: &[Element],
    right: &[Element],
    at: Millis,
) -> Result<Vec<Element>, EvalError> {
    // Nothing can meet, and then nobody minds duplicates on the other side.
    if left.is_empty() || right.is_empty() {
        return Ok(Vec::new());
    }
    let (many, one, many_is_left) = match cardinality {
        Cardinality::OneToOne | Cardinality::ManyToOne(_) => (left, right, true),
        Cardinality::OneToMany(_) => (right, left, false),
    };
    let mut places: Map<Key<'_>, usize> = Map::with_capacity_and_hasher(one.len(), Default::default());
    for (place, element) in one.iter().enumerate() {
        let key = matching.key(element);
        if let Some(other) = places.insert(key, place).and_then(|place| one.get(place)) {
            return Err(duplicate(&key, if many_is_left { "right" } else { "left" }, other, element));
        }
    }
    // Of each of the one side, whether it has met somebody.
    let mut met = vec![false; one.len()];
    let mut last: Option<(Key<'_>, Option<usize>)> = None;
    let mut result = Vec::with_capacity(many.len());
    for element in many {
        let key = matching.key(element);
        // Those who meet the same partner mostly come one after the other, and comparing is cheaper than hashing.
        let place = match last {
            Some((same, place)) if same == key => place,
            _ => places.get(&key).copied(),
        };
        last = Some((key, place));
        let Some(place) = place else { continue };
        let (Some(partner), Some(met)) = (one.get(place), met.get_mut(place)) else { continue };
        let (left, right) = if many_is_left { (element, partner) } else { (partner, element) };
        let Some(value) = operator.apply(left.value, right.value) else { continue };
        let labels = match cardinality {
            Cardinality::OneToOne => {
                if *met {
                    return Err(EvalError(format!(
                        "several series on the left side match the labels {} on the right; write `group_left` or \
                         `group_right` if that is meant",
                        key.labels()
                    )));
                }
                *met = true;
                key.labels()
            }
            Cardinality::ManyToOne(taken) | Cardinality::OneToMany(taken) => with_labels_of(element, partner, taken),
        };
        let name = match (operator.keeps_name(), cardinality) {
            (_, Cardinality::ManyToOne(taken) | Cardinality::OneToMany(taken))
                if taken.iter().any(|label| **label == *METRIC_NAME) =>
            {
                partner.name.clone()
            }
            (false, _) => None,
            // `on` names all that is left, and it is rarely the metric.
            (true, Cardinality::OneToOne) if matching.keeps_only_named() => matching.name(element),
            (true, _) => element.name.clone(),
        };
        result.push(Element { name, labels, at, value });
    }
    // One to one, the labels that were compared are those of the result, unless a name told them apart and is gone.
    if !matches!(cardinality, Cardinality::OneToOne) || matching.counts_name() {
        all_differ(&result)?;
    }
    Ok(result)
}

fn with_labels_of(element: &Element, partner: &Element, taken: &[Text]) -> Labels {
    if taken.is_empty() {
        return element.labels.clone();
    }
    let empty = Text::from("");
    let value = |label: &Text| partner.labels.get(label).unwrap_or(&empty).clone();
    let taken = taken.iter().filter(|label| ***label != *METRIC_NAME);
    let taken: Vec<(Text, Text)> = taken.map(|label| (label.clone(), value(label))).collect();
    element.labels.with(&taken)
}

fn duplicate(key: &Key<'_>, side: &str, first: &Element, second: &Element) -> EvalError {
    let series = |element: &Element| format!("{}{}", element.name.as_deref().unwrap_or_default(), element.labels);
    EvalError(format!(
        "several series on the {side} side have the labels {} that are compared: {}, {}; one side must be unique, so \
         aggregate it or name more labels",
        key.labels(),
        series(first),
        series(second),
    ))
}
