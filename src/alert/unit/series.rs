//! The notation of series in unit tests: `up{job="a"}` and `0 _ 1+2x3 stale`.

use crate::history::stale;
use crate::promql::{Expression, MatchOperator, Window};
use crate::sample::{Labels, Text};

/// More values in one series are refused.
const MOST: usize = 1_000_000;

/// Name and labels of one series; the name may be missing.
pub fn metric(text: &str) -> Result<(Option<Text>, Labels), String> {
    let refused = || format!("`{text}` is not a series; write one like `up{{job=\"a\"}}`");
    if text.trim() == "{}" {
        return Ok((None, Labels::empty()));
    }
    let expression = Expression::parse(text).map_err(|error| format!("{}: {error}", refused()))?;
    let selectors = expression.selectors();
    let [selector] = selectors.as_slice() else { return Err(refused()) };
    let plain = selector.window == Window::Instant && selector.at.is_none() && selector.offset == 0;
    let equal = selector.matchers.iter().all(|matcher| matcher.operator == MatchOperator::Equal);
    if !plain || !equal || !selector.names.is_empty() || !is_bare(text) {
        return Err(refused());
    }
    let labels = selector.matchers.iter().map(|matcher| (matcher.label.clone(), matcher.value.clone()));
    Ok((selector.name.clone(), Labels::new(labels)))
}

/// Nothing stands around the braces.
fn is_bare(text: &str) -> bool {
    let text = text.trim();
    let name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let behind = text.trim_start_matches(name).trim_start();
    behind.is_empty() || (behind.starts_with('{') && behind.ends_with('}'))
}

/// A value for each interval; `None` is no sample.
pub fn values(text: &str) -> Result<Vec<Option<f64>>, String> {
    let mut values = Vec::new();
    if text.contains("{{") {
        return Err("native histograms are not known here".to_owned());
    }
    for word in text.split_whitespace() {
        let refused = || format!("`{word}` is not a value; write `1`, `_`, `stale`, `1+2x3` or `4x5`");
        let (start, times) = match word.rsplit_once('x') {
            Some((start, times)) => (start, Some(times.parse::<usize>().map_err(|_| refused())?)),
            None => (word, None),
        };
        if times.unwrap_or(0).saturating_add(values.len()) > MOST {
            return Err(format!("`{word}` makes too many values; {MOST} is the limit"));
        }
        match (start, times) {
            ("_", times) => values.extend(std::iter::repeat_n(None, times.unwrap_or(1))),
            ("stale", None) => values.push(Some(stale(0).value)),
            _ => {
                let (mut value, step) = progression(start).ok_or_else(refused)?;
                if step.is_some() && times.is_none() {
                    return Err(format!("`{word}` has no end; write how often it goes on: `{word}x10`"));
                }
                for _ in 0..=times.unwrap_or(0) {
                    values.push(Some(value));
                    value += step.unwrap_or(0.0);
                }
            }
        }
    }
    Ok(values)
}

/// `1`, `1+2` or `1-2`: where it begins, and by how much it goes on.
fn progression(text: &str) -> Option<(f64, Option<f64>)> {
    if let Some(value) = number(text) {
        return Some((value, None));
    }
    let mut signs = text.match_indices(['+', '-']).map(|(at, _)| at).filter(|at| *at > 0);
    signs.find_map(|at| {
        let (start, step) = text.split_at(at);
        Some((number(start)?, Some(number(step)?)))
    })
}

/// As PromQL has numbers; also the words of YAML.
pub fn number(text: &str) -> Option<f64> {
    let lower = text.trim().to_ascii_lowercase();
    let (sign, size) = match lower.strip_prefix(['-', '+']) {
        Some(size) => (if lower.starts_with('-') { -1.0 } else { 1.0 }, size),
        None => (1.0, lower.as_str()),
    };
    if let Some(digits) = size.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().map(|number| sign * number as f64);
    }
    let value = match size {
        "inf" | ".inf" => f64::INFINITY,
        "nan" | ".nan" => f64::NAN,
        _ if size.starts_with(|first: char| first.is_ascii_digit() || first == '.') => size.parse().ok()?,
        _ => return None,
    };
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_promtool_has_them() {
        let shown = |text: &str| match values(text) {
            Ok(values) => {
                let values = values.iter().map(|value| match value {
                    None => "_".to_owned(),
                    Some(value) if value.to_bits() == stale(0).value.to_bits() => "stale".to_owned(),
                    Some(value) => value.to_string(),
                });
                values.collect::<Vec<_>>().join(" ")
            }
            Err(error) => error,
        };
        let cases = [
            ("", ""),
            ("1 2.5  -3 1e3", "1 2.5 -3 1000"),
            ("0+10x3", "0 10 20 30"),
            ("5-2x2 _x2 _ stale", "5 3 1 _ _ _ stale"),
            ("-1-1x1 1e1+1e-1x1", "-1 -2 10 10.1"),
            ("7x2 1e-1x1", "7 7 7 0.1 0.1"),
            ("Inf -Inf NaN 0x1", "inf -inf NaN 0 0"),
            ("0x1f", "`0x1f` is not a value; write `1`, `_`, `stale`, `1+2x3` or `4x5`"),
            ("1+1", "`1+1` has no end; write how often it goes on: `1+1x10`"),
            ("abc", "`abc` is not a value; write `1`, `_`, `stale`, `1+2x3` or `4x5`"),
            ("1xa", "`1xa` is not a value; write `1`, `_`, `stale`, `1+2x3` or `4x5`"),
            ("1x99999999", "`1x99999999` makes too many values; 1000000 is the limit"),
            ("{{schema:1}}", "native histograms are not known here"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_series_is_a_name_and_labels() {
        let shown = |text: &str| match metric(text) {
            Ok((name, labels)) => format!("{}{labels}", name.as_deref().unwrap_or_default()),
            Err(error) => error,
        };
        assert_eq!(shown("up"), "up{}");
        assert_eq!(shown("a:b{ y=\"1\", x=\"2\" }"), "a:b{x=\"2\", y=\"1\"}");
        assert_eq!(shown("{x=\"2\"}"), "{x=\"2\"}");
        assert_eq!(shown("{}"), "{}");
        for wrong in ["up[5m]", "up + up", "up{x=~\"a\"}", "sum(up)", "1", "(up)", "-up"] {
            assert!(metric(wrong).is_err(), "{wrong}");
        }
    }
}
