//! What an expression can give, told from its text alone: for those who judge rules.

use std::collections::BTreeSet;

use super::aggregate::Aggregation;
use super::arithmetic::{Arithmetic, Operator};
use super::functions::Function;
use super::node::Node;
use super::vectors::{Cardinality, SetOperator};
use super::{Expression, Selector};

/// Names of labels; `None` when any may be there.
type Names = Option<BTreeSet<String>>;

impl Expression {
    /// The labels that what it gives can have, the metric's name aside; `None` when that cannot be told. `known` has
    /// those of the series that a selector reads.
    pub fn labels(&self, known: &dyn Fn(&Selector) -> Names) -> Names {
        self.root().ok().and_then(|root| labels(root, known))
    }

    /// Whether it divides by a zero that is written there: that gives infinities, or no numbers.
    pub fn divides_by_zero(&self) -> bool {
        self.root().is_ok_and(divides)
    }
}

fn none() -> Names {
    Some(BTreeSet::new())
}

fn union(left: Names, right: Names) -> Names {
    left.zip(right).map(|(left, right)| left.union(&right).cloned().collect())
}

fn labels(node: &Node, known: &dyn Fn(&Selector) -> Names) -> Names {
    match node {
        Node::Number(_) | Node::Text(_) | Node::Time => none(),
        Node::Select(selector) | Node::Range { selector, .. } => known(selector),
        Node::AbsentOverTime { labels, .. } => Some(labels.iter().map(|(name, _)| name.to_string()).collect()),
        Node::Call { function, arguments } => match function {
            Function::Vector | Function::Scalar => none(),
            Function::Absent(labels) => Some(labels.iter().map(|(name, _)| name.to_string()).collect()),
            Function::Date(_) if arguments.is_empty() => none(),
            Function::Labels(change) => {
                let mut names = arguments.first().and_then(|inner| labels(inner, known))?;
                names.insert(change.target().to_owned());
                Some(names)
            }
            Function::HistogramQuantile | Function::HistogramFraction => {
                arguments.last().and_then(|inner| labels(inner, known))
            }
            _ => arguments.first().and_then(|inner| labels(inner, known)),
        },
        Node::Plus(inner) | Node::Negate(inner) => labels(inner, known),
        Node::Aggregate { aggregation, grouping, inner, .. } => {
            match matches!(aggregation, Aggregation::Topk | Aggregation::Bottomk) {
                true => labels(inner, known),
                false => grouping.kept(labels(inner, known)),
            }
        }
        Node::CountValues { label, grouping, inner } => {
            let mut names = grouping.kept(labels(inner, known))?;
            names.insert(label.to_string());
            Some(names)
        }
        Node::Binary { left, right, matching, cardinality, .. } => {
            let is_number = |node: &Node| node.value_type() != super::ValueType::Vector;
            match cardinality {
                _ if is_number(left) => labels(right, known),
                _ if is_number(right) => labels(left, known),
                Cardinality::OneToOne => matching.kept(labels(left, known)),
                Cardinality::ManyToOne(more) => with(labels(left, known), more),
                Cardinality::OneToMany(more) => with(labels(right, known), more),
            }
        }
        Node::Set { operator: SetOperator::Or, left, right, .. } => union(labels(left, known), labels(right, known)),
        Node::Set { left, .. } => labels(left, known),
    }
}

fn with(names: Names, more: &[crate::sample::Text]) -> Names {
    names.map(|names| names.into_iter().chain(more.iter().map(|name| name.to_string())).collect())
}

fn divides(node: &Node) -> bool {
    match node {
        Node::Number(_) | Node::Text(_) | Node::Time | Node::Select(_) | Node::AbsentOverTime { .. } => false,
        Node::Range { parameter, .. } => parameter.as_deref().is_some_and(divides),
        Node::Call { arguments, .. } => arguments.iter().any(divides),
        Node::Plus(inner) | Node::Negate(inner) | Node::CountValues { inner, .. } => divides(inner),
        Node::Aggregate { parameter, inner, .. } => parameter.as_deref().is_some_and(divides) || divides(inner),
        Node::Set { left, right, .. } => divides(left) || divides(right),
        Node::Binary { operator, left, right, .. } => {
            let by_zero = matches!(operator, Operator::Arithmetic(Arithmetic::Divide | Arithmetic::Remainder))
                && matches!(**right, Node::Number(number) if number == 0.0);
            by_zero || divides(left) || divides(right)
        }
    }
}
