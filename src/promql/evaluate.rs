//! The walk over the tree.

use super::compile::Node;
use super::functions::{Function, drop_names};
use super::range::RangeFunction;
use super::{Element, EvalError, Selector, Source, Value, aggregate, arithmetic, vectors};
use crate::sample::{Labels, Millis, Point};

pub(super) struct Evaluation<'a> {
    pub source: &'a dyn Source,
    pub at: Millis,
}

impl Evaluation<'_> {
    pub fn value(&self, node: &Node) -> Result<Value, EvalError> {
        Ok(match node {
            Node::Number(number) => Value::Scalar(*number),
            Node::Text(text) => Value::String(text.clone()),
            Node::Time => Value::Scalar(self.at as f64 / 1000.0),
            Node::Select(selector) => Value::Vector(self.instant(selector)),
            Node::Range { function, selector } => Value::Vector(self.range(*function, selector)),
            Node::Call { function, arguments } => self.call(function, arguments)?,
            Node::Negate(inner) => match self.value(inner)? {
                Value::Vector(elements) => Value::Vector(self.each(elements, |element| -element.value)?),
                other => Value::Scalar(-scalar(other)?),
            },
            Node::Aggregate { aggregation, grouping, inner } => {
                Value::Vector(aggregate::aggregate(*aggregation, grouping, &self.vector(inner)?, self.at))
            }
            Node::Binary { operator, left, right, matching, cardinality } => {
                match (self.value(left)?, self.value(right)?) {
                    (Value::Vector(left), Value::Vector(right)) => {
                        Value::Vector(vectors::pairs(*operator, matching, cardinality, &left, &right, self.at)?)
                    }
                    (Value::Vector(left), right) => {
                        Value::Vector(arithmetic::with_scalar(*operator, left, scalar(right)?, true, self.at)?)
                    }
                    (left, Value::Vector(right)) => {
                        Value::Vector(arithmetic::with_scalar(*operator, right, scalar(left)?, false, self.at)?)
                    }
                    (left, right) => Value::Scalar(operator.apply(scalar(left)?, scalar(right)?).unwrap_or(f64::NAN)),
                }
            }
            Node::Set { operator, left, right, matching } => {
                let (left, right) = (self.vector(left)?, self.vector(right)?);
                Value::Vector(vectors::set(*operator, matching, left, right, self.at))
            }
        })
    }

    fn vector(&self, node: &Node) -> Result<Vec<Element>, EvalError> {
        match self.value(node)? {
            Value::Vector(elements) => Ok(elements),
            Value::Scalar(_) | Value::String(_) => Err(wrong_type()),
        }
    }

    fn instant(&self, selector: &Selector) -> Vec<Element> {
        let mut elements = Vec::new();
        self.source.visit(selector, self.at.saturating_sub(selector.offset), &mut |name, labels, points| {
            if let Some(Point { at, value }) = points.last().copied() {
                elements.push(Element { name: Some(name.clone()), labels: labels.clone(), at, value });
            }
        });
        elements
    }

    fn range(&self, function: RangeFunction, selector: &Selector) -> Vec<Element> {
        let end = self.at.saturating_sub(selector.offset);
        let mut elements = Vec::new();
        self.source.visit(selector, end, &mut |name, labels, points| {
            if let Some(value) = function.value(points, selector.window, end) {
                let name = function.keeps_name().then(|| name.clone());
                elements.push(Element { name, labels: labels.clone(), at: self.at, value });
            }
        });
        elements
    }

    fn call(&self, function: &Function, arguments: &[Node]) -> Result<Value, EvalError> {
        let first = arguments.first().map(|node| self.value(node)).transpose()?.ok_or_else(wrong_type)?;
        let number = |index: usize| arguments.get(index).map(|node| scalar(self.value(node)?)).transpose();
        Ok(match (function, first) {
            (Function::Vector, value) => {
                let element = Element { name: None, labels: Labels::empty(), at: self.at, value: scalar(value)? };
                Value::Vector(vec![element])
            }
            (Function::Scalar, Value::Vector(elements)) => match elements.as_slice() {
                [only] => Value::Scalar(only.value),
                _ => Value::Scalar(f64::NAN),
            },
            (Function::Absent(labels), Value::Vector(elements)) => {
                let absent = Element { name: None, labels: labels.clone(), at: self.at, value: 1.0 };
                Value::Vector(if elements.is_empty() { vec![absent] } else { Vec::new() })
            }
            (_, Value::Vector(elements)) => {
                let (low, high) = (number(1)?, number(2)?);
                // Between bounds that have changed places there is nothing.
                if matches!((function, low, high), (Function::Clamp, Some(low), Some(high)) if low > high) {
                    return Ok(Value::Vector(Vec::new()));
                }
                Value::Vector(self.each(elements, |element| function.apply(element, low, high))?)
            }
            (_, Value::Scalar(_) | Value::String(_)) => return Err(wrong_type()),
        })
    }

    /// Makes another quantity of each element, so without a name and of this moment.
    fn each(&self, mut elements: Vec<Element>, value: impl Fn(&Element) -> f64) -> Result<Vec<Element>, EvalError> {
        for element in &mut elements {
            element.value = value(element);
            element.at = self.at;
        }
        drop_names(elements)
    }
}

fn scalar(value: Value) -> Result<f64, EvalError> {
    match value {
        Value::Scalar(number) => Ok(number),
        Value::Vector(_) | Value::String(_) => Err(wrong_type()),
    }
}

/// Types are checked when the text is parsed, so this is a fault of the evaluator and not of the expression.
fn wrong_type() -> EvalError {
    EvalError("an operand has another type than the parser promised; please report this expression".into())
}
