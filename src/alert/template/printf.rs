//! `printf`, with Go's verbs.

use super::effort::{LONGEST, TOO_MUCH};
use super::value::{Value, exponent_shown, general, no_number};

/// Longer numbers and wider columns are refused.
const WIDEST: usize = 10_000;

#[derive(Default)]
struct Shape {
    minus: bool,
    plus: bool,
    sharp: bool,
    blank: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Like Go it never fails on arguments: what does not fit is told in the text.
pub(super) fn formatted(format: &str, arguments: &[Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut letters = format.chars().peekable();
    let mut next = 0;
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut shape = Shape::default();
        while let Some(flag) = letters.next_if(|letter| "-+# 0".contains(*letter)) {
            match flag {
                '-' => shape.minus = true,
                '+' => shape.plus = true,
                '#' => shape.sharp = true,
                ' ' => shape.blank = true,
                _ => shape.zero = true,
            }
        }
        let mut number = |letters: &mut std::iter::Peekable<std::str::Chars<'_>>| -> Result<Option<usize>, String> {
            if letters.next_if_eq(&'*').is_some() {
                let given = arguments.get(next);
                next += 1;
                return Ok(match given {
                    Some(Value::Whole(number)) => usize::try_from(*number).ok().filter(|number| *number <= WIDEST),
                    _ => None,
                });
            }
            let mut digits = String::new();
            while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            match digits.parse::<usize>() {
                Ok(number) if number > WIDEST => Err("a width beyond 10,000".to_owned()),
                Ok(number) => Ok(Some(number)),
                Err(_) => Ok(None),
            }
        };
        shape.width = number(&mut letters)?;
        if letters.next_if_eq(&'.').is_some() {
            shape.precision = Some(number(&mut letters)?.unwrap_or(0));
        }
        let Some(verb) = letters.next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.get(next) {
            Some(value) => out.push_str(&one(&shape, verb, value)),
            None => out.push_str(&format!("%!{verb}(MISSING)")),
        }
        next += 1;
        // A long format of wide columns.
        if out.len() > LONGEST {
            return Err(TOO_MUCH.to_owned());
        }
    }
    if let Some(extra) = arguments.get(next..).filter(|extra| !extra.is_empty()) {
        let extra: Vec<String> = extra.iter().map(|value| format!("{}={}", value.kind(), value.shown())).collect();
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    Ok(out)
}

fn one(shape: &Shape, verb: char, value: &Value) -> String {
    let text = match (verb, value) {
        ('v', Value::Fraction(number)) => return padded(shape, signed(shape, general(*number, shape.precision)), true),
        ('v' | 'd', Value::Whole(number)) => {
            return padded(shape, signed(shape, whole(shape, &number.to_string())), shape.precision.is_none());
        }
        ('v' | 's', Value::Text(text)) => cut(shape, text),
        ('v' | 't', Value::Bool(flag)) => flag.to_string(),
        ('v', other) => other.shown(),
        ('s', Value::Moment(_) | Value::Labels(_) | Value::Map(_)) => value.shown(),
        ('q', Value::Text(text)) => quoted(&cut(shape, text)),
        ('c', Value::Whole(number)) => {
            u32::try_from(*number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}').to_string()
        }
        ('x' | 'X' | 'o' | 'b', Value::Whole(number)) => {
            let (sign, size) = (if *number < 0 { "-" } else { "" }, number.unsigned_abs());
            let digits = match verb {
                'x' => format!("{size:x}"),
                'X' => format!("{size:X}"),
                'o' => format!("{size:o}"),
                _ => format!("{size:b}"),
            };
            let prefix = match (shape.sharp, verb) {
                (true, 'x') => "0x",
                (true, 'X') => "0X",
                (true, 'o') => "0",
                (true, _) => "0b",
                (false, _) => "",
            };
            return padded(shape, signed(shape, format!("{sign}{prefix}{digits}")), true);
        }
        ('x', Value::Text(text)) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ('X', Value::Text(text)) => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
        ('f' | 'F' | 'e' | 'E' | 'g' | 'G', Value::Fraction(number)) => {
            let finite = number.is_finite();
            return padded(shape, signed(shape, fraction(shape, verb, *number)), finite);
        }
        ('T', other) => other.kind().to_owned(),
        (_, Value::Nil) => return format!("%!{verb}(<nil>)"),
        (_, other) => return format!("%!{verb}({}={})", other.kind(), other.shown()),
    };
    padded(shape, text, false)
}

fn cut(shape: &Shape, text: &str) -> String {
    text.chars().take(shape.precision.unwrap_or(usize::MAX)).collect()
}

fn whole(shape: &Shape, digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    format!("{sign}{digits:0>width$}", width = shape.precision.unwrap_or(0))
}

fn fraction(shape: &Shape, verb: char, number: f64) -> String {
    if let Some(word) = no_number(number) {
        return word.to_owned();
    }
    let text = match verb {
        'f' | 'F' => format!("{number:.*}", shape.precision.unwrap_or(6)),
        'e' | 'E' => {
            let text = format!("{number:.*e}", shape.precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{mantissa}{}", exponent_shown(exponent.parse().unwrap_or(0)))
        }
        _ => general(number, shape.precision),
    };
    if verb.is_uppercase() { text.to_uppercase() } else { text }
}

fn signed(shape: &Shape, text: String) -> String {
    match (shape.plus, shape.blank) {
        _ if text.starts_with(['-', '+']) => text,
        (true, _) => format!("+{text}"),
        (false, true) => format!(" {text}"),
        _ => text,
    }
}

/// Zeros go behind the sign, and only before numbers.
fn padded(shape: &Shape, text: String, number: bool) -> String {
    let width = shape.width.unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    match (shape.minus, shape.zero && number) {
        _ if missing == 0 => text,
        (true, _) => text + &" ".repeat(missing),
        (false, true) => {
            let (sign, digits) = match text.strip_prefix(['-', '+', ' ']) {
                Some(digits) => text.split_at(text.len() - digits.len()),
                None => ("", text.as_str()),
            };
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
        (false, false) => " ".repeat(missing) + &text,
    }
}

/// `%q`.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other if other.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out + "\""
}
