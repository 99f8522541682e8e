//! What the parser refuses, in our words, with the place it means and what to write instead.

use promql_parser::parser;

use super::repair;
use crate::promql::error::{ParseError, Position};
use crate::promql::selector::not_a_pattern;
use crate::promql::text::{Misfit, Scan};

/// The reason of the parser for a text that has no form at all.
const NO_REASON: &str = "invalid promql query";
/// That for ranges of samples around an operator, at its beginning.
const OPERANDS: &str = "binary expression must contain only scalar and instant vector";
/// What stands before the name of a function that it does not know.
const UNKNOWN: &str = "unknown function with name '";

pub(super) fn of(text: &str, scan: &Scan, reason: &str) -> ParseError {
    if reason == NO_REASON {
        return shapeless(text, scan);
    }
    let place = |piece: &str| {
        let anywhere = || text.find(piece).map(|offset| Position::of(text, offset));
        scan.find(text, piece).or_else(|| scan.find_text(text, piece)).or_else(anywhere)
    };
    if let Some(pattern) = reason.strip_prefix("illegal regex for ") {
        return ParseError { position: place(pattern), reason: not_a_pattern(pattern) };
    }
    if reason.starts_with(OPERANDS)
        && let Some((at, repaired)) = repair::distributed(text, scan)
    {
        let reason = format!("an operator takes numbers and vectors, not ranges of samples; write `{repaired}`");
        return ParseError::at(text, at, reason);
    }
    if let Some(name) = reason.strip_prefix(UNKNOWN).map(|name| name.trim_end_matches('\''))
        && name.to_ascii_lowercase().starts_with("humanize")
    {
        let instead = repair::without(name, text, scan).map_or(String::new(), |text| format!("; write `{text}`"));
        let reason = format!("`{name}` is for templates of annotations, not for expressions{instead}");
        return ParseError { position: place(name), reason };
    }
    // A sign that stands there once is the one that is meant.
    let only = |sign: &str| {
        let mut found = text.match_indices(sign);
        found.next().filter(|_| found.next().is_none()).map(|(offset, _)| Position::of(text, offset))
    };
    let position = if reason.starts_with("@ modifier") {
        only("@")
    } else if reason.starts_with("offset modifier") {
        only("offset")
    } else if reason.starts_with("ranges only") {
        let behind_bracket =
            |offset: &usize| text.get(..*offset).is_some_and(|before| before.trim_end().ends_with(')'));
        let mut brackets = text.match_indices('[').map(|(offset, _)| offset);
        brackets.find(behind_bracket).map(|offset| Position::of(text, offset))
    } else {
        reason.split('\'').skip(1).step_by(2).find_map(place)
    };
    ParseError { position, reason: reworded(reason).unwrap_or_else(|| reason.replace('\'', "`")) }
}

/// A better reason than the parser's.
fn reworded(reason: &str) -> Option<String> {
    if let Some((expected, context, got)) = wrong_type(reason) {
        return Some(match context.strip_prefix("call to function '").and_then(|name| name.strip_suffix('\'')) {
            Some(name) if (expected, got) == ("vector", "matrix") => format!(
                "`{name}` takes a vector, and here is a range of samples; leave the range out, or put a function like \
                 `max_over_time` around it"
            ),
            Some(name) if (expected, got) == ("vector", "scalar") => {
                format!("`{name}` takes a vector; write `{name}(vector(…))` for a number")
            }
            Some(name) => format!("`{name}` takes {}, and here is {}", kind(expected), kind(got)),
            None if got == "matrix" => {
                "an aggregation takes a vector, and here is a range of samples; put a function like `rate` around it"
                    .into()
            }
            None => format!(
                "an aggregation takes {}, and here is {}; a number or text stands before the vector, as in \
                 `topk(5, x)`, `quantile(0.9, x)` and `count_values(\"label\", x)`",
                kind(expected),
                kind(got)
            ),
        });
    }
    let better = if reason.contains("unknown function with name 'holt_winters'") {
        // A name that Prometheus knew in earlier versions.
        "`holt_winters` is `double_exponential_smoothing` since Prometheus 3, which is experimental there and not \
         supported"
    } else if reason.starts_with("@ modifier") {
        "`@` stands directly behind a selector or its range, as in `rate(x[5m] @ end())`"
    } else if reason.starts_with("offset modifier") {
        "`offset` stands directly behind a selector or its range, as in `rate(x[5m] offset 1h)`"
    } else if reason.starts_with("ranges only") {
        "a range stands directly behind a selector; write `sum(rate(x[5m]))` for what `rate(sum(x)[5m])` means"
    } else if reason.starts_with(OPERANDS) {
        "an operator takes numbers and vectors; put a function like `rate` around a range of samples"
    } else {
        return None;
    };
    Some(better.to_owned())
}

/// Of `expected type X in CONTEXT, got Y` all three.
fn wrong_type(reason: &str) -> Option<(&str, &str, &str)> {
    let (expected, rest) = reason.strip_prefix("expected type ")?.split_once(" in ")?;
    let (context, got) = rest.rsplit_once(", got ")?;
    Some((expected, context, got))
}

fn kind(name: &str) -> &str {
    match name {
        "matrix" => "a range of samples like `x[5m]`",
        "vector" => "a vector",
        "scalar" => "a number",
        "string" => "a text in quotes",
        "None" => "nothing",
        other => other,
    }
}

/// The parser says nothing about where a text stops making sense.
fn shapeless(text: &str, scan: &Scan) -> ParseError {
    if let Some(position) = ["anchored", "smoothed"].into_iter().find_map(|word| scan.find(text, word)) {
        let reason = "`anchored` and `smoothed` are newer than Prometheus 3.5, and not supported";
        return ParseError { position: Some(position), reason: reason.into() };
    }
    let parses = |prepared: &str| parser::parse(prepared).is_ok();
    // With an operand behind it, it would be an expression.
    let breaks_off = parses(&format!("{}\nx", scan.prepared));
    let misfit = scan.first_misfit(text, parses).filter(|_| !breaks_off);
    let Some(Misfit { offset, piece, in_braces }) = misfit else {
        let reason = "the expression breaks off; something must follow";
        return ParseError::at(text, text.trim_end().len(), reason);
    };
    if let Some((at, word)) = scan.bare_list(text, offset) {
        return ParseError::at(text, at, format!("`{word}` takes labels in brackets: `{word} (job)`"));
    }
    let reason = match in_braces {
        true => {
            format!("`{piece}` does not continue the matchers before it; they are like `job=\"fe\", path=~\"/a.*\"`")
        }
        false => format!("`{piece}` does not continue the expression before it"),
    };
    ParseError::at(text, offset, reason)
}
