//! What to write instead of expressions that are often written wrong: `rate(a[5m] + b[5m])`, as in the guide of BatchSQL.

use crate::promql::Expression;

/// Functions of a range that people put around sums of ranges.
const OF_RANGES: [&str; 10] = [
    "rate",
    "increase",
    "irate",
    "delta",
    "idelta",
    "avg_over_time",
    "sum_over_time",
    "max_over_time",
    "min_over_time",
    "count_over_time",
];

/// The whole expression as it was most likely meant; only one that parses.
pub(super) fn repaired(text: &str) -> Option<String> {
    let mut repaired = text.to_owned();
    for function in OF_RANGES {
        repaired = spread(&repaired, function);
    }
    (repaired != text && Expression::parse(&repaired).is_ok()).then_some(repaired)
}

/// `f(a[5m] + b[5m])` as `(f(a[5m]) + f(b[5m]))`, wherever it stands.
fn spread(text: &str, function: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(function) {
        let (before, found) = rest.split_at(at);
        let after = found.get(function.len()..).unwrap_or_default();
        let inside_a_name =
            before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':');
        out.push_str(before);
        let terms = after.trim_start().strip_prefix('(').filter(|_| !inside_a_name).and_then(terms);
        match terms {
            Some((terms, behind)) => {
                let spread: Vec<String> =
                    terms.iter().map(|(operator, term)| format!("{operator}{function}({})", term.trim())).collect();
                out.push_str(&format!("({})", spread.concat()));
                rest = behind;
            }
            None => {
                out.push_str(function);
                rest = after;
            }
        }
    }
    out + rest
}

/// What is added up between here and the closing parenthesis, each term with the operator before it, and what comes
/// behind; only for two terms or more that all are ranges.
fn terms(inside: &str) -> Option<(Vec<(&'static str, &str)>, &str)> {
    let (mut depth, mut quote, mut begin) = (0_usize, None, 0);
    let mut terms = Vec::new();
    let mut operator = "";
    for (at, letter) in inside.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != letter),
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => {
                terms.push((operator, inside.get(begin..at)?));
                let are_ranges = terms.iter().all(|(_, term)| term.trim_end().ends_with(']'));
                return (terms.len() > 1 && are_ranges).then_some((terms, inside.get(at + 1..)?));
            }
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '+' | '-') if depth == 0 => {
                terms.push((operator, inside.get(begin..at)?));
                operator = if letter == '+' { " + " } else { " - " };
                begin = at + 1;
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_of_a_sum_of_ranges_becomes_a_sum_of_functions() {
        let cases = [
            ("rate(a[5m] + b[5m])", Some("(rate(a[5m]) + rate(b[5m]))")),
            ("rate(f[5m]) / rate(s[5m] + f[5m]) > 0.05", Some("rate(f[5m]) / (rate(s[5m]) + rate(f[5m])) > 0.05")),
            ("increase(a{x=\"+)\"}[1h]-b[1h])", Some("(increase(a{x=\"+)\"}[1h]) - increase(b[1h]))")),
            ("sum(rate(a[5m] + b[5m]))", Some("sum((rate(a[5m]) + rate(b[5m])))")),
            ("rate(a[5m])", None),
            ("rate(a + b)", None),
            ("rate(a[5m] + b)", None),
            ("my_rate(a[5m] + b[5m]", None),
            ("rate(a[5m] + b[5m]) +", None),
        ];
        for (text, expected) in cases {
            assert_eq!(repaired(text).as_deref(), expected, "{text}");
        }
    }
}
