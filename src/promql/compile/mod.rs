//! From the parser's tree to the one that is evaluated. What Prometheus knows and we do not is refused here, with its
//! place and the reason.

mod call;
mod refusal;
mod repair;
mod selector;

use promql_parser::parser::token::{
    T_ADD, T_ATAN2, T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_DIV, T_EQLC, T_GROUP, T_GTE, T_GTR, T_LAND, T_LOR,
    T_LSS, T_LTE, T_LUNLESS, T_MAX, T_MIN, T_MOD, T_MUL, T_NEQ, T_POW, T_QUANTILE, T_STDDEV, T_STDVAR, T_SUB, T_SUM,
    T_TOPK,
};
use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Expr, LabelModifier, VectorMatchCardinality, VectorMatchFillValues,
};

use super::aggregate::Aggregation;
use super::arithmetic::{Arithmetic, Comparison, Operator};
use super::error::ParseError;
use super::matching::Matching;
use super::node::Node;
use super::selector::{Selector, Window};
use super::text::{Scan, scan};
use super::vectors::{Cardinality, SetOperator};
use crate::sample::Text;

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let scan = scan(text)?;
    let tree = parser::parse(&scan.prepared).map_err(|reason| refusal::of(text, &scan, &reason))?;
    Compiler { text, scan: &scan }.node(&tree)
}

/// The selector of a text that is nothing but a range of samples; `None` for every other text, right or wrong.
pub(super) fn parse_range(text: &str) -> Option<Selector> {
    let scan = scan(text).ok()?;
    let tree = parser::parse(&scan.prepared).ok()?;
    match without_parentheses(&tree) {
        Expr::MatrixSelector(range) => Compiler { text, scan: &scan }.range(range).ok(),
        _ => None,
    }
}

struct Compiler<'a> {
    text: &'a str,
    scan: &'a Scan,
}

impl Compiler<'_> {
    fn refuse(&self, word: &str, reason: impl Into<String>) -> ParseError {
        ParseError { position: self.scan.find(self.text, word), reason: reason.into() }
    }

    fn node(&self, tree: &Expr) -> Result<Node, ParseError> {
        match tree {
            Expr::Paren(inner) => self.node(&inner.expr),
            Expr::NumberLiteral(number) => Ok(Node::Number(number.val)),
            Expr::StringLiteral(text) => Ok(Node::Text(text.val.clone())),
            Expr::Unary(inner) => self.signed(&inner.expr),
            Expr::VectorSelector(selector) => Ok(Node::Select(self.selector(selector, Window::Instant)?)),
            Expr::Call(call) => self.call(call),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            Expr::MatrixSelector(range) => Err(self.refuse(
                range.vs.name.as_deref().unwrap_or_default(),
                "a range of samples is not a value; put a function like `rate` or `max_over_time` around it",
            )),
            Expr::Subquery(_) | Expr::Extension(_) => Err(self.refuse("", "subqueries are not supported")),
        }
    }

    fn boxed(&self, tree: &Expr) -> Result<Box<Node>, ParseError> {
        self.node(tree).map(Box::new)
    }

    /// The operand of a minus, and perhaps of more of them: the scan wrote one where the value is negated, two for a
    /// plus, four where two minuses only take the name away.
    fn signed(&self, mut operand: &Expr) -> Result<Node, ParseError> {
        let mut minuses = 1;
        while let Expr::Unary(inner) = operand {
            operand = &inner.expr;
            minuses += 1;
        }
        let operand = self.boxed(operand)?;
        Ok(match minuses {
            1 => Node::Negate(operand),
            2 => Node::Plus(operand),
            _ => Node::Negate(Box::new(Node::Negate(operand))),
        })
    }

    fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Node, ParseError> {
        let inner = self.boxed(&aggregate.expr)?;
        let grouping = aggregate.modifier.as_ref().map_or_else(Matching::nothing, matching);
        let parameter = aggregate.param.as_deref().map(|parameter| self.boxed(parameter)).transpose()?;
        let aggregation = match aggregate.op.id() {
            T_SUM => Aggregation::Sum,
            T_AVG => Aggregation::Avg,
            T_MIN => Aggregation::Min,
            T_MAX => Aggregation::Max,
            T_COUNT => Aggregation::Count,
            T_GROUP => Aggregation::Group,
            T_STDDEV => Aggregation::Stddev,
            T_STDVAR => Aggregation::Stdvar,
            T_QUANTILE => Aggregation::Quantile,
            T_TOPK => Aggregation::Topk,
            T_BOTTOMK => Aggregation::Bottomk,
            T_COUNT_VALUES => {
                let Some(Node::Text(label)) = parameter.as_deref() else {
                    return Err(self.refuse("count_values", "the label of `count_values` is to be a text in quotes"));
                };
                if label.is_empty() {
                    return Err(self.refuse("count_values", "the label of `count_values` has no name"));
                }
                let grouping = grouping.with_kept(label);
                return Ok(Node::CountValues { label: label.as_str().into(), grouping, inner });
            }
            _ => {
                let name = aggregate.op.to_string();
                let reason = format!("the aggregation `{name}` is experimental in Prometheus and not supported");
                return Err(self.refuse(&name, reason));
            }
        };
        Ok(Node::Aggregate { aggregation, grouping, parameter, inner })
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Node, ParseError> {
        let modifier = binary.modifier.clone().unwrap_or_default();
        if modifier.fill_values != VectorMatchFillValues::default() {
            let word = ["fill", "fill_left", "fill_right"].into_iter().find_map(|word| self.scan.find(self.text, word));
            let reason = "`fill`, `fill_left` and `fill_right` are experimental in Prometheus and not supported";
            return Err(ParseError { position: word, reason: reason.into() });
        }
        let matching = modifier.matching.as_ref().map_or_else(Matching::whole, matching);
        let (left, right) = (self.boxed(&binary.lhs)?, self.boxed(&binary.rhs)?);
        let set = match binary.op.id() {
            T_LAND => Some(SetOperator::And),
            T_LOR => Some(SetOperator::Or),
            T_LUNLESS => Some(SetOperator::Unless),
            _ => None,
        };
        if let Some(operator) = set {
            return Ok(Node::Set { operator, left, right, matching });
        }
        let compare = |comparison| match modifier.return_bool {
            true => Operator::Test(comparison),
            false => Operator::Filter(comparison),
        };
        let operator = match binary.op.id() {
            T_ADD => Operator::Arithmetic(Arithmetic::Add),
            T_SUB => Operator::Arithmetic(Arithmetic::Subtract),
            T_MUL => Operator::Arithmetic(Arithmetic::Multiply),
            T_DIV => Operator::Arithmetic(Arithmetic::Divide),
            T_MOD => Operator::Arithmetic(Arithmetic::Remainder),
            T_POW => Operator::Arithmetic(Arithmetic::Power),
            T_ATAN2 => Operator::Arithmetic(Arithmetic::Atan2),
            T_EQLC => compare(Comparison::Equal),
            T_NEQ => compare(Comparison::NotEqual),
            T_GTR => compare(Comparison::Greater),
            T_LSS => compare(Comparison::Less),
            T_GTE => compare(Comparison::GreaterOrEqual),
            T_LTE => compare(Comparison::LessOrEqual),
            _ => {
                let name = binary.op.to_string();
                return Err(self.refuse(&name, format!("the operator `{name}` is not supported")));
            }
        };
        let texts = |labels: &promql_parser::label::Labels| labels.labels.iter().map(|l| Text::from(&**l)).collect();
        let cardinality = match &modifier.card {
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => Cardinality::OneToOne,
            VectorMatchCardinality::ManyToOne(labels) => Cardinality::ManyToOne(texts(labels)),
            VectorMatchCardinality::OneToMany(labels) => Cardinality::OneToMany(texts(labels)),
        };
        Ok(Node::Binary { operator, left, right, matching, cardinality })
    }
}

fn without_parentheses(tree: &Expr) -> &Expr {
    match tree {
        Expr::Paren(inner) => without_parentheses(&inner.expr),
        other => other,
    }
}

fn matching(modifier: &LabelModifier) -> Matching {
    Matching::new(modifier.labels().labels.iter().map(String::as_str), modifier.is_include())
}
