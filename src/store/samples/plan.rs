//! What of the history an expression needs: which columns, and of each which stretches of time.

use std::collections::BTreeMap;

use crate::promql::{At, Selector, Window};
use crate::sample::Millis;

/// A stretch of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Millis,
    pub to: Millis,
    /// Needed is also what was newest at `from`, however old.
    pub newest: bool,
}

impl Span {
    /// What a selector reads when it is evaluated at moments from `since` to `until`.
    pub fn of(selector: &Selector, since: Millis, until: Millis) -> Self {
        let (first, last) = match selector.at {
            None => (since, until),
            Some(At::Time(time)) => (time, time),
            Some(At::Start) => (since, since),
            Some(At::End) => (until, until),
        };
        let (from, to) = (first.saturating_sub(selector.offset), last.saturating_sub(selector.offset));
        match selector.window {
            // The sample at the very beginning is no part of a range.
            Window::Range(length) => Self { from: from.saturating_sub(length).saturating_add(1), to, newest: false },
            Window::Instant | Window::Interval => Self { from, to, newest: true },
        }
    }
}

/// Spans that touch become one; what is left is in the order of time.
fn joined(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.from);
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.from <= last.to.saturating_add(1) => {
                last.to = last.to.max(span.to);
                // There may be nothing between the two beginnings.
                last.newest |= span.newest;
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// Columns that are read together, because they are needed of the same time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading<'c> {
    pub columns: Vec<&'c str>,
    pub spans: Vec<Span>,
}

/// The columns that a selector needs, each with its span, as few readings.
pub(super) fn readings<'c>(needed: impl IntoIterator<Item = (&'c str, Span)>) -> Vec<Reading<'c>> {
    let mut spans: BTreeMap<&str, Vec<Span>> = BTreeMap::new();
    for (column, span) in needed {
        spans.entry(column).or_default().push(span);
    }
    let mut readings: Vec<Reading> = Vec::new();
    for (column, spans) in spans {
        let spans = joined(spans);
        match readings.iter_mut().find(|reading| reading.spans == spans) {
            Some(reading) => reading.columns.push(column),
            None => readings.push(Reading { columns: vec![column], spans }),
        }
    }
    readings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::Expression;

    fn span(expression: &str) -> (Millis, Millis, bool) {
        let selectors = Expression::parse(expression).expect(expression).selectors();
        let Span { from, to, newest } = Span::of(&selectors[0], 1_000_000, 2_000_000);
        (from, to, newest)
    }

    #[test]
    fn a_selector_needs_the_time_it_looks_at() {
        assert_eq!(span("x"), (1_000_000, 2_000_000, true));
        assert_eq!(span("rate(x[5m])"), (700_001, 2_000_000, false));
        assert_eq!(span("x offset 100s"), (900_000, 1_900_000, true));
        assert_eq!(span("x offset -100s"), (1_100_000, 2_100_000, true));
        assert_eq!(span("x @ 500"), (500_000, 500_000, true));
        assert_eq!(span("max_over_time(x[1m] @ end() offset 1m)"), (1_880_001, 1_940_000, false));
        assert_eq!(span("x @ start()"), (1_000_000, 1_000_000, true));
    }

    #[test]
    fn columns_of_one_time_are_read_together_and_no_time_is_read_twice() {
        let span = |from, to, newest| Span { from, to, newest };
        let needed = [
            ("a", span(50, 60, true)),
            ("b", span(10, 20, true)),
            ("a", span(10, 15, false)),
            ("b", span(50, 60, true)),
            ("a", span(16, 20, true)),
            ("c", span(10, 20, true)),
        ];
        let both = vec![span(10, 20, true), span(50, 60, true)];
        let expected = [
            Reading { columns: vec!["a", "b"], spans: both },
            Reading { columns: vec!["c"], spans: vec![span(10, 20, true)] },
        ];
        assert_eq!(readings(needed), expected);
    }
}
