//! Function calls.

use promql_parser::parser::{Call, Expr, MatrixSelector};

use super::{Compiler, without_parentheses};
use crate::promql::ValueType;
use crate::promql::error::ParseError;
use crate::promql::functions::Function;
use crate::promql::labels::LabelChange;
use crate::promql::matching::METRIC_NAME;
use crate::promql::node::Node;
use crate::promql::range::RangeFunction;
use crate::promql::selector::{self, MatchOperator, Matcher, Selector, Window};
use crate::promql::text::RESERVED_YEARS;
use crate::sample::{Labels, Text};

/// Why a function that the parser knows is not supported.
fn unsupported(name: &str) -> String {
    match name {
        "histogram_avg" | "histogram_count" | "histogram_stddev" | "histogram_stdvar" | "histogram_sum" => {
            format!("`{name}` reads native histograms, which are not supported")
        }
        // What is left of the parser's list.
        _ => format!("`{name}` is experimental or newer than Prometheus 3.5, and not supported"),
    }
}

impl Compiler<'_> {
    pub(super) fn call(&self, call: &Call) -> Result<Node, ParseError> {
        let name = call.func.name;
        let arguments: Vec<&Expr> = call.args.args.iter().map(|argument| without_parentheses(argument)).collect();
        if name == "absent_over_time"
            && let [Expr::MatrixSelector(range)] = arguments.as_slice()
        {
            let selector = self.range(range)?;
            let labels = absent_labels(&selector);
            return Ok(Node::AbsentOverTime { selector, labels });
        }
        if let Some(function) = RangeFunction::named(name) {
            let (selector, parameter) = match arguments.as_slice() {
                [Expr::MatrixSelector(range)] => (self.range(range)?, None),
                [Expr::MatrixSelector(range), number] | [number, Expr::MatrixSelector(range)] => {
                    (self.range(range)?, Some(self.boxed(number)?))
                }
                _ => return Err(self.refuse(name, format!("`{name}` takes a range of samples like `x[5m]`"))),
            };
            return Ok(Node::Range { function, selector, parameter });
        }
        match name {
            "time" => return Ok(Node::Time),
            "pi" => return Ok(Node::Number(std::f64::consts::PI)),
            "label_replace" | "label_join" => return self.label_change(name, &arguments),
            _ => {}
        }
        let function = Function::named(name).ok_or_else(|| self.refuse(name, unsupported(name)))?;
        let arguments: Vec<Node> =
            arguments.into_iter().map(|argument| self.node(argument)).collect::<Result<_, _>>()?;
        // The parser lets a few of them through without looking.
        if matches!((&function, arguments.as_slice()), (Function::Map(_), [only]) if only.value_type() != ValueType::Vector)
        {
            return Err(self.refuse(name, format!("`{name}` takes a vector; write `{name}(vector(…))` for a number")));
        }
        let function = match (function, arguments.first()) {
            (Function::Absent(_), Some(Node::Select(selector))) => Function::Absent(absent_labels(selector)),
            (function, _) => function,
        };
        Ok(Node::Call { function, arguments })
    }

    pub(super) fn range(&self, range: &MatrixSelector) -> Result<Selector, ParseError> {
        let millis = crate::sample::millis(range.range);
        let reserved = u128::from(RESERVED_YEARS) * 365 * 24 * 3_600_000;
        let window = if range.range.as_millis() == reserved { Window::Interval } else { Window::Range(millis) };
        self.selector(&range.vs, window)
    }

    fn label_change(&self, name: &str, arguments: &[&Expr]) -> Result<Node, ParseError> {
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in arguments.iter().skip(1) {
            let Expr::StringLiteral(text) = argument else {
                return Err(self.refuse(name, format!("`{name}` takes its labels as texts in quotes")));
            };
            texts.push(text.val.as_str());
        }
        let label = |label: &str| match label {
            "" => Err(self.refuse(name, format!("a label of `{name}` has no name"))),
            label => Ok(Text::from(label)),
        };
        let change = match texts.as_slice() {
            [target, template, source, pattern] if name == "label_replace" => LabelChange::Replace {
                target: label(target)?,
                template: (*template).to_owned(),
                source: Text::from(*source),
                pattern: selector::compile(pattern)
                    .map_err(|reason| ParseError { position: self.scan.find_text(self.text, pattern), reason })?,
            },
            [target, separator, sources @ ..] => LabelChange::Join {
                target: label(target)?,
                separator: (*separator).to_owned(),
                sources: sources.iter().map(|source| label(source)).collect::<Result<_, _>>()?,
            },
            _ => return Err(self.refuse(name, format!("`{name}` takes more arguments"))),
        };
        let Some(vector) = arguments.first() else {
            return Err(self.refuse(name, format!("`{name}` takes more arguments")));
        };
        Ok(Node::Call { function: Function::Labels(change), arguments: vec![self.node(vector)?] })
    }
}

/// The labels that the absent series would surely have had: those matched by equality, unless a later matcher of the
/// same label makes it doubtful.
fn absent_labels(selector: &Selector) -> Labels {
    let mut sure: Vec<(Text, Text)> = Vec::new();
    for (index, matcher) in selector.matchers.iter().enumerate() {
        let is_equality = |matcher: &Matcher| matcher.operator == MatchOperator::Equal;
        let earlier = selector.matchers.iter().take(index);
        let repeated = earlier.filter(|other| other.label == matcher.label).any(is_equality);
        if is_equality(matcher) && !repeated && *matcher.label != *METRIC_NAME {
            sure.push((matcher.label.clone(), matcher.value.clone()));
        } else {
            sure.retain(|(label, _)| *label != matcher.label);
        }
    }
    Labels::new(sure)
}
