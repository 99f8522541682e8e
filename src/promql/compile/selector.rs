//! Selectors: names, matchers, `offset` and `@`.

use std::time::{Duration, SystemTime};

use promql_parser::label::{self, MatchOp};
use promql_parser::parser::{AtModifier, Offset, VectorSelector};

use super::Compiler;
use crate::promql::duration;
use crate::promql::error::ParseError;
use crate::promql::matching::METRIC_NAME;
use crate::promql::selector::{At, MatchOperator, Matcher, Selector, Window};
use crate::sample::{Millis, Text};

impl Compiler<'_> {
    pub(super) fn selector(&self, selector: &VectorSelector, window: Window) -> Result<Selector, ParseError> {
        let first = selector.matchers.matchers.first().map_or(METRIC_NAME, |matcher| matcher.name.as_str());
        let word = selector.name.as_deref().unwrap_or(first);
        if !selector.matchers.or_matchers.is_empty() {
            let position = self.scan.find_or_in_braces(self.text);
            let reason = "`or` between matchers is not supported; join two selectors with `or`";
            return Err(ParseError { position, reason: reason.into() });
        }
        let mut name: Option<Text> = selector.name.as_deref().map(Text::from);
        let (mut names, mut matchers) = (Vec::new(), Vec::with_capacity(selector.matchers.matchers.len()));
        for matcher in &selector.matchers.matchers {
            let matcher = self.matcher(matcher)?;
            if *matcher.label != *METRIC_NAME {
                matchers.push(matcher);
            } else if matcher.operator == MatchOperator::Equal && name.is_none() && !matcher.value.is_empty() {
                name = Some(matcher.value);
            } else {
                names.push(matcher);
            }
        }
        let at = match &selector.at {
            None => None,
            Some(AtModifier::Start) => Some(At::Start),
            Some(AtModifier::End) => Some(At::End),
            Some(AtModifier::At(time)) => {
                let reason = "the time behind `@` is too far away; write unix seconds";
                Some(At::Time(unix_millis(*time).ok_or_else(|| self.refuse(word, reason))?))
            }
        };
        let offset = match &selector.offset {
            None => 0,
            Some(Offset::Pos(back)) => millis(*back),
            Some(Offset::Neg(ahead)) => -millis(*ahead),
        };
        Ok(Selector { name, names, matchers, window, at, offset })
    }

    fn matcher(&self, matcher: &label::Matcher) -> Result<Matcher, ParseError> {
        let operator = match &matcher.op {
            MatchOp::Equal => MatchOperator::Equal,
            MatchOp::NotEqual => MatchOperator::NotEqual,
            MatchOp::Re(_) => MatchOperator::Matches,
            MatchOp::NotRe(_) => MatchOperator::MatchesNot,
        };
        Matcher::new(&matcher.name, operator, &matcher.value).map_err(|reason| self.refuse(&matcher.name, reason))
    }
}

fn millis(length: Duration) -> Millis {
    Millis::try_from(length.as_millis()).map_or(duration::LONGEST, |millis| millis.min(duration::LONGEST))
}

/// None where sums with a range could overflow: 100,000 years away.
fn unix_millis(time: SystemTime) -> Option<Millis> {
    const FARTHEST: Millis = 100_000 * 365 * 24 * 3_600_000;
    let since = |length: Duration| Millis::try_from(length.as_millis()).ok().filter(|millis| *millis <= FARTHEST);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => since(before.duration()).map(|millis| -millis),
    }
}
