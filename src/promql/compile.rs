//! From the parser's tree to the one that is evaluated: supported things only, names resolved, matchers compiled,
//! parentheses gone.

use promql_parser::label::MatchOp;
use promql_parser::parser::token::{
    T_ADD, T_AVG, T_COUNT, T_DIV, T_EQLC, T_GROUP, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS, T_MAX, T_MIN,
    T_MOD, T_MUL, T_NEQ, T_POW, T_SUB, T_SUM,
};
use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, Offset, VectorMatchCardinality, VectorMatchFillValues,
    VectorSelector,
};

use super::aggregate::Aggregation;
use super::arithmetic::{Arithmetic, Comparison, Operator};
use super::error::{ParseError, Position};
use super::functions::Function;
use super::matching::{METRIC_NAME, Matching};
use super::range::RangeFunction;
use super::selector::{MatchOperator, Matcher, Selector, Window, not_a_pattern};
use super::text::{RESERVED_YEARS, Scan, scan};
use super::vectors::{Cardinality, SetOperator};
use super::{ValueType, duration};
use crate::sample::{Labels, Millis, Text};

#[derive(Clone, Debug)]
pub(super) enum Node {
    Number(f64),
    Text(String),
    Time,
    Select(Selector),
    Range {
        function: RangeFunction,
        selector: Selector,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
    Negate(Box<Node>),
    Aggregate {
        aggregation: Aggregation,
        grouping: Matching,
        inner: Box<Node>,
    },
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
        /// Meaningful between two vectors only.
        matching: Matching,
        cardinality: Cardinality,
    },
    Set {
        operator: SetOperator,
        left: Box<Node>,
        right: Box<Node>,
        matching: Matching,
    },
}

impl Node {
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) | Self::Time | Self::Call { function: Function::Scalar, .. } => ValueType::Scalar,
            Self::Text(_) => ValueType::String,
            Self::Negate(inner) => inner.value_type(),
            Self::Binary { left, right, .. } => match (left.value_type(), right.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Select(_) | Self::Range { .. } | Self::Call { .. } | Self::Aggregate { .. } | Self::Set { .. } => {
                ValueType::Vector
            }
        }
    }

    pub fn each_selector(&self, visit: &mut impl FnMut(&Selector)) {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Time => {}
            Self::Select(selector) | Self::Range { selector, .. } => visit(selector),
            Self::Call { arguments, .. } => arguments.iter().for_each(|argument| argument.each_selector(visit)),
            Self::Negate(inner) | Self::Aggregate { inner, .. } => inner.each_selector(visit),
            Self::Binary { left, right, .. } | Self::Set { left, right, .. } => {
                left.each_selector(visit);
                right.each_selector(visit);
            }
        }
    }
}

pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    let scan = scan(text)?;
    let tree = parser::parse(&scan.prepared).map_err(|reason| refusal(text, &scan, &reason))?;
    Compiler { text, scan: &scan }.node(&tree)
}

/// The parser's reason in our words, with the place it means.
fn refusal(text: &str, scan: &Scan, reason: &str) -> ParseError {
    const NO_REASON: &str = "invalid promql query";
    let place = |piece: &str| {
        let anywhere = || text.find(piece).map(|offset| Position::of(text, offset));
        scan.find(text, piece).or_else(anywhere)
    };
    if let Some(pattern) = reason.strip_prefix("illegal regex for ") {
        return ParseError { position: place(pattern), reason: not_a_pattern(pattern) };
    }
    if reason != NO_REASON {
        let position = reason.split('\'').skip(1).step_by(2).find_map(place);
        return ParseError { position, reason: reason.replace('\'', "`") };
    }
    match scan.first_misfit(text, |beginning| parser::parse(beginning).is_ok()) {
        Some((position, piece)) => {
            let reason = format!("`{piece}` does not continue the expression before it");
            ParseError { position: Some(position), reason }
        }
        None => ParseError::at(text, text.len(), "the expression breaks off; something must follow"),
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
            Expr::Unary(inner) => Ok(Node::Negate(self.boxed(&inner.expr)?)),
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

    fn call(&self, call: &Call) -> Result<Node, ParseError> {
        let name = call.func.name;
        let arguments: Vec<&Expr> = call.args.args.iter().map(|argument| without_parentheses(argument)).collect();
        let unsupported = || self.refuse(name, format!("the function `{name}` is not supported"));
        if let Some(function) = RangeFunction::named(name) {
            let [Expr::MatrixSelector(range)] = arguments.as_slice() else { return Err(unsupported()) };
            let millis = Millis::try_from(range.range.as_millis()).unwrap_or(Millis::MAX);
            let reserved = u128::from(RESERVED_YEARS) * 365 * 24 * 3_600_000;
            let window = if range.range.as_millis() == reserved { Window::Interval } else { Window::Range(millis) };
            return Ok(Node::Range { function, selector: self.selector(&range.vs, window)? });
        }
        match (name, arguments.as_slice()) {
            ("time", []) => return Ok(Node::Time),
            // Without an argument these mean the moment of evaluation in Prometheus too.
            (_, []) => return Err(unsupported()),
            _ => {}
        }
        let function = Function::named(name).ok_or_else(unsupported)?;
        let arguments: Vec<Node> =
            arguments.into_iter().map(|argument| self.node(argument)).collect::<Result<_, _>>()?;
        let function = match (function, arguments.first()) {
            (Function::Absent(_), Some(Node::Select(selector))) => Function::Absent(absent_labels(selector)),
            (function, _) => function,
        };
        Ok(Node::Call { function, arguments })
    }

    fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Node, ParseError> {
        let aggregation = match aggregate.op.id() {
            T_SUM => Aggregation::Sum,
            T_AVG => Aggregation::Avg,
            T_MIN => Aggregation::Min,
            T_MAX => Aggregation::Max,
            T_COUNT => Aggregation::Count,
            T_GROUP => Aggregation::Group,
            _ => {
                let name = aggregate.op.to_string();
                return Err(self.refuse(&name, format!("the aggregation `{name}` is not supported")));
            }
        };
        let grouping = aggregate.modifier.as_ref().map_or_else(Matching::nothing, matching);
        Ok(Node::Aggregate { aggregation, grouping, inner: self.boxed(&aggregate.expr)? })
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Node, ParseError> {
        let modifier = binary.modifier.clone().unwrap_or_default();
        if modifier.fill_values != VectorMatchFillValues::default() {
            return Err(self.refuse("fill", "`fill`, `fill_left` and `fill_right` are not supported"));
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
        if modifier.card.labels().is_some_and(|taken| taken.labels.iter().any(|label| label == METRIC_NAME)) {
            return Err(self.refuse(METRIC_NAME, "`group_left` and `group_right` cannot take the metric name along"));
        }
        let texts = |labels: &promql_parser::label::Labels| labels.labels.iter().map(|l| Text::from(&**l)).collect();
        let cardinality = match &modifier.card {
            VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => Cardinality::OneToOne,
            VectorMatchCardinality::ManyToOne(labels) => Cardinality::ManyToOne(texts(labels)),
            VectorMatchCardinality::OneToMany(labels) => Cardinality::OneToMany(texts(labels)),
        };
        Ok(Node::Binary { operator, left, right, matching, cardinality })
    }

    fn selector(&self, selector: &VectorSelector, window: Window) -> Result<Selector, ParseError> {
        let word = selector.name.as_deref().unwrap_or(METRIC_NAME);
        if selector.at.is_some() {
            return Err(self.refuse(word, "the `@` modifier is not supported"));
        }
        if !selector.matchers.or_matchers.is_empty() {
            return Err(self.refuse(word, "`or` between matchers is not supported; join two selectors with `or`"));
        }
        let mut name = selector.name.as_deref();
        let mut matchers = Vec::with_capacity(selector.matchers.matchers.len());
        for matcher in &selector.matchers.matchers {
            let operator = match &matcher.op {
                MatchOp::Equal => MatchOperator::Equal,
                MatchOp::NotEqual => MatchOperator::NotEqual,
                MatchOp::Re(_) => MatchOperator::Matches,
                MatchOp::NotRe(_) => MatchOperator::MatchesNot,
            };
            if matcher.name == METRIC_NAME {
                if operator != MatchOperator::Equal || name.replace(&matcher.value).is_some() {
                    return Err(self.refuse(METRIC_NAME, "a selector takes one metric name, and only by equality"));
                }
                continue;
            }
            let matcher = Matcher::new(&matcher.name, operator, &matcher.value)
                .map_err(|reason| self.refuse(&matcher.name, reason))?;
            matchers.push(matcher);
        }
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            let label = selector.matchers.matchers.first().map_or("", |matcher| matcher.name.as_str());
            return Err(self.refuse(label, "a selector without a metric name is not supported; name the metric"));
        };
        let millis = |length: &std::time::Duration| {
            Millis::try_from(length.as_millis()).map_or(duration::LONGEST, |millis| millis.min(duration::LONGEST))
        };
        let offset = match &selector.offset {
            None => 0,
            Some(Offset::Pos(back)) => millis(back),
            Some(Offset::Neg(ahead)) => -millis(ahead),
        };
        Ok(Selector { name: name.into(), matchers, window, offset })
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

/// The labels that the absent series would surely have had: those matched by equality, unless a later matcher of the
/// same label makes it doubtful.
fn absent_labels(selector: &Selector) -> Labels {
    let mut sure: Vec<(Text, Text)> = Vec::new();
    for (index, matcher) in selector.matchers.iter().enumerate() {
        let is_equality = |matcher: &Matcher| matcher.operator == MatchOperator::Equal;
        let earlier = selector.matchers.iter().take(index);
        let repeated = earlier.filter(|other| other.label == matcher.label).any(is_equality);
        if is_equality(matcher) && !repeated {
            sure.push((matcher.label.clone(), matcher.value.clone()));
        } else {
            sure.retain(|(label, _)| *label != matcher.label);
        }
    }
    Labels::new(sure)
}
