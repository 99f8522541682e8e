//! The walk over the tree.

use super::aggregate::{Aggregation, aggregate, choose, count_values};
use super::functions::{Function, drop_names, sort};
use super::node::Node;
use super::range::{Extent, RangeFunction};
use super::{At, Element, EvalError, Moment, Selector, Source, Value, Window, arithmetic, histogram, vectors};
use crate::sample::{Labels, Millis, Point};

pub(super) struct Evaluation<'a> {
    pub source: &'a dyn Source,
    pub moment: Moment,
    pub at: Millis,
}

impl Evaluation<'_> {
    pub fn value(&self, node: &Node) -> Result<Value, EvalError> {
        Ok(match node {
            Node::Number(number) => Value::Scalar(*number),
            Node::Text(text) => Value::String(text.clone()),
            Node::Time => Value::Scalar(self.at as f64 / 1000.0),
            Node::Select(selector) => Value::Vector(self.instant(selector)),
            Node::Range { function, selector, parameter } => {
                let parameter = parameter.as_deref().map_or(Ok(f64::NAN), |node| self.scalar(node))?;
                Value::Vector(self.range(*function, selector, parameter)?)
            }
            Node::AbsentOverTime { selector, labels } => {
                let present = self.range(RangeFunction::LastOverTime, selector, f64::NAN)?;
                Value::Vector(self.absent(&present, labels))
            }
            Node::Call { function, arguments } => self.call(function, arguments)?,
            Node::Plus(inner) => match self.value(inner)? {
                Value::Vector(elements) => Value::Vector(self.moved(elements)),
                other => other,
            },
            Node::Negate(inner) => match self.value(inner)? {
                Value::Vector(elements) => Value::Vector(self.each(elements, |element| -element.value)?),
                other => Value::Scalar(-scalar(other)?),
            },
            Node::Aggregate { aggregation, grouping, parameter, inner } => {
                let elements = self.vector(inner)?;
                let parameter = parameter.as_deref().map_or(Ok(f64::NAN), |node| self.scalar(node))?;
                Value::Vector(match aggregation {
                    Aggregation::Topk => choose(true, grouping, parameter, &elements, self.at)?,
                    Aggregation::Bottomk => choose(false, grouping, parameter, &elements, self.at)?,
                    other => aggregate(*other, grouping, parameter, &elements, self.at),
                })
            }
            Node::CountValues { label, grouping, inner } => {
                Value::Vector(count_values(label, grouping, self.vector(inner)?, self.at))
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

    fn scalar(&self, node: &Node) -> Result<f64, EvalError> {
        scalar(self.value(node)?)
    }

    /// Where a selector's window ends.
    pub fn end(&self, selector: &Selector) -> Millis {
        let at = match selector.at {
            None => self.at,
            Some(At::Time(time)) => time,
            Some(At::Start) => self.moment.start,
            Some(At::End) => self.moment.end,
        };
        at.saturating_sub(selector.offset)
    }

    fn instant(&self, selector: &Selector) -> Vec<Element> {
        let mut elements = Vec::new();
        self.source.visit(selector, self.end(selector), &mut |name, labels, points| {
            if let Some(Point { at, value }) = points.last().copied() {
                elements.push(Element { name: Some(name.clone()), labels: labels.clone(), at, value });
            }
        });
        elements
    }

    fn range(&self, function: RangeFunction, selector: &Selector, parameter: f64) -> Result<Vec<Element>, EvalError> {
        let end = self.end(selector);
        let extent = match selector.window {
            Window::Range(length) => Extent::Fixed { start: end.saturating_sub(length), end },
            Window::Interval | Window::Instant => Extent::Pair,
        };
        // Series of one name cannot become the same without it.
        let several = selector.name.is_none();
        let mut elements = Vec::new();
        self.source.visit(selector, end, &mut |name, labels, points| {
            if let Some(value) = function.value(points, extent, parameter, self.at) {
                let name = (several || function.keeps_name()).then(|| name.clone());
                elements.push(Element { name, labels: labels.clone(), at: self.at, value });
            }
        });
        if several && !function.keeps_name() { drop_names(elements) } else { Ok(elements) }
    }

    fn call(&self, function: &Function, arguments: &[Node]) -> Result<Value, EvalError> {
        let argument = |index: usize| arguments.get(index).ok_or_else(wrong_type);
        let number = |index: usize| arguments.get(index).map(|node| self.scalar(node)).transpose();
        Ok(match function {
            Function::Date(part) if arguments.is_empty() => {
                Value::Vector(vec![self.alone(part.of(self.at.div_euclid(1000) as f64))])
            }
            Function::Vector => Value::Vector(vec![self.alone(self.scalar(argument(0)?)?)]),
            Function::Scalar => match self.vector(argument(0)?)?.as_slice() {
                [only] => Value::Scalar(only.value),
                _ => Value::Scalar(f64::NAN),
            },
            Function::Absent(labels) => Value::Vector(self.absent(&self.vector(argument(0)?)?, labels)),
            Function::Sort | Function::SortDesc => {
                let mut elements = self.vector(argument(0)?)?;
                sort(&mut elements, matches!(function, Function::SortDesc));
                Value::Vector(self.moved(elements))
            }
            Function::Labels(change) => Value::Vector(change.apply(self.moved(self.vector(argument(0)?)?))?),
            Function::HistogramQuantile => {
                let quantile = self.scalar(argument(0)?)?;
                Value::Vector(histogram::quantiles(quantile, &self.vector(argument(1)?)?, self.at)?)
            }
            Function::HistogramFraction => {
                let (lower, upper) = (self.scalar(argument(0)?)?, self.scalar(argument(1)?)?);
                Value::Vector(histogram::fractions(lower, upper, &self.vector(argument(2)?)?, self.at)?)
            }
            _ => {
                let elements = self.vector(argument(0)?)?;
                let (low, high) = (number(1)?, number(2)?);
                // Between bounds that have changed places there is nothing.
                if matches!((function, low, high), (Function::Clamp, Some(low), Some(high)) if low > high) {
                    return Ok(Value::Vector(Vec::new()));
                }
                Value::Vector(self.each(elements, |element| function.apply(element, low, high))?)
            }
        })
    }

    /// One element without labels.
    fn alone(&self, value: f64) -> Element {
        Element { name: None, labels: Labels::empty(), at: self.at, value }
    }

    fn absent(&self, present: &[Element], labels: &Labels) -> Vec<Element> {
        match present {
            [] => vec![Element { labels: labels.clone(), ..self.alone(1.0) }],
            _ => Vec::new(),
        }
    }

    /// Of this moment, and no more as a selector gave them.
    fn moved(&self, mut elements: Vec<Element>) -> Vec<Element> {
        elements.iter_mut().for_each(|element| element.at = self.at);
        elements
    }

    /// Makes another quantity of each element, so without a name and of this moment.
    fn each(&self, mut elements: Vec<Element>, value: impl Fn(&Element) -> f64) -> Result<Vec<Element>, EvalError> {
        elements.iter_mut().for_each(|element| element.value = value(element));
        drop_names(self.moved(elements))
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
