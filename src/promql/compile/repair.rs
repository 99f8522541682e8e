//! What an expression was meant to be, where the mistake is one that dashboards and guides are full of.

use crate::promql::range::RangeFunction;
use crate::promql::text::{Scan, blank, quoted};

/// A call in the text: where its name, its argument and its closing bracket are.
struct Call<'t> {
    at: usize,
    name: &'t str,
    argument_at: usize,
    argument: &'t str,
    end: usize,
    /// Where operators stand in the argument outside its own brackets, and how long they are.
    operators: Vec<(usize, usize)>,
    commas: bool,
}

fn calls<'t>(text: &'t str, scan: &Scan) -> Vec<Call<'t>> {
    scan.words().filter_map(|(at, length)| call(text, at, length)).collect()
}

fn call(text: &str, at: usize, length: usize) -> Option<Call<'_>> {
    let name = text.get(at..at + length)?;
    let behind = text.get(at + length..)?;
    let open = at + length + blank(behind);
    let argument_at = open + 1;
    if !text.get(open..)?.starts_with('(') {
        return None;
    }
    let (mut here, mut depth, mut operators, mut commas) = (argument_at, 0_usize, Vec::new(), false);
    loop {
        let rest = text.get(here..)?;
        let byte = *rest.as_bytes().first()?;
        here += match byte {
            b'"' | b'\'' | b'`' => quoted(rest)?,
            b'#' => blank(rest),
            b')' if depth == 0 => break,
            b'(' | b'[' | b'{' => {
                depth += 1;
                1
            }
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                1
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' if depth == 0 => {
                operators.push((here - argument_at, 1));
                1
            }
            b',' if depth == 0 => {
                commas = true;
                1
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    let argument = text.get(argument_at..here)?;
    Some(Call { at, name, argument_at, argument, end: here + 1, operators, commas })
}

/// `rate(a[5m] + b[5m])` → `rate(a[5m]) + rate(b[5m])`, and where the first argument of that kind begins.
pub(super) fn distributed(text: &str, scan: &Scan) -> Option<(usize, String)> {
    let calls = calls(text, scan);
    let mistaken: Vec<&Call> = calls
        .iter()
        .filter(|call| RangeFunction::named(call.name).is_some() && !call.operators.is_empty() && !call.commas)
        .collect();
    let first = mistaken.first()?.argument_at;
    let mut repaired = text.to_owned();
    for call in mistaken.iter().rev() {
        let mut sum = String::new();
        let mut from = 0;
        for (at, length) in call.operators.iter().copied().chain([(call.argument.len(), 0)]) {
            let part = call.argument.get(from..at)?.trim();
            match part {
                "" => return None,
                // A number stays one.
                part if !part.contains('[') => sum += part,
                part => sum += &format!("{}({part})", call.name),
            }
            if let Some(operator) = call.argument.get(at..at + length).filter(|operator| !operator.is_empty()) {
                sum += &format!(" {operator} ");
            }
            from = at + length;
        }
        let alone = text.get(..call.at)?.trim().is_empty() && text.get(call.end..)?.trim().is_empty();
        repaired.replace_range(call.at..call.end, &if alone { sum } else { format!("({sum})") });
    }
    super::parse(&repaired).is_ok().then_some((first, repaired))
}

/// The text without calls of a function that only templates have.
pub(super) fn without(name: &str, text: &str, scan: &Scan) -> Option<String> {
    let calls = calls(text, scan);
    let mut repaired = text.to_owned();
    for call in calls.iter().rev().filter(|call| call.name == name) {
        let alone = text.get(..call.at)?.trim().is_empty() && text.get(call.end..)?.trim().is_empty();
        let argument = call.argument.trim();
        let whole = if alone || call.operators.is_empty() { argument.to_owned() } else { format!("({argument})") };
        repaired.replace_range(call.at..call.end, &whole);
    }
    (repaired != text && super::parse(&repaired).is_ok()).then_some(repaired)
}
