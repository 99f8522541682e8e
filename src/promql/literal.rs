//! Numbers and texts as Prometheus reads them. The parser reads some of them otherwise (`0.5e1_0`, `"\xc3\xa9"`) or
//! not at all (`1_000`), so it is given what they mean in a form that nobody reads in two ways.

use super::duration;

/// The length of the number or duration at the start of `rest`, as far as it could go on.
pub(super) fn length(rest: &str) -> usize {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    let mut length = rest.bytes().take_while(belongs).count();
    let word = rest.get(..length).unwrap_or_default();
    if !is_hexadecimal(word) && word.ends_with(['e', 'E']) {
        // The sign of an exponent and its digits.
        length += rest.bytes().skip(length).take_while(|byte| matches!(byte, b'+' | b'-')).take(1).count();
        length += rest.bytes().skip(length).take_while(belongs).count();
    }
    length
}

fn is_hexadecimal(word: &str) -> bool {
    word.starts_with("0x") || word.starts_with("0X")
}

/// A number (`1_000`, `0x1F`, `0755`, `.5e-3`), or a duration as its seconds; the error is the reason alone.
pub(super) fn number(word: &str) -> Result<f64, String> {
    match plain_number(word) {
        Some(value) if value.is_finite() => Ok(value),
        Some(_) => Err(format!("the number `{word}` is too large")),
        None if word.starts_with(|first: char| first.is_ascii_digit())
            && word.ends_with(|last| "ywdhms".contains(last)) =>
        {
            Ok(duration::parse(word)? as f64 / 1000.0)
        }
        None => Err(format!("`{word}` is neither a number nor a duration like `5m`")),
    }
}

/// None if it is no number; infinite if there is none so large.
pub(super) fn plain_number(word: &str) -> Option<f64> {
    let digits = without_underscores(word)?;
    if is_hexadecimal(word) {
        let digits = digits.get(2..).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        return match i64::from_str_radix(digits, 16) {
            Ok(value) => Some(value as f64),
            Err(_) if digits.is_empty() => None,
            Err(_) => Some(f64::INFINITY),
        };
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    // A leading zero makes an octal number, where it can.
    let octal = digits.strip_prefix('0').and_then(|octal| i64::from_str_radix(octal, 8).ok());
    octal.map(|value| value as f64).or_else(|| digits.parse().ok())
}

/// Underscores stand between digits, or behind the `0x`.
fn without_underscores(word: &str) -> Option<String> {
    let bytes = word.as_bytes();
    let digit = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X'));
    let exponent = |byte: Option<&u8>| !is_hexadecimal(word) && matches!(byte, Some(b'e' | b'E'));
    let separates = |(index, byte): (usize, &u8)| {
        let (before, after) = (index.checked_sub(1).and_then(|index| bytes.get(index)), bytes.get(index + 1));
        *byte != b'_' || digit(before) && digit(after) && !exponent(before) && !exponent(after)
    };
    bytes.iter().enumerate().all(separates).then(|| word.replace('_', ""))
}

/// A number for the parser, which takes a leading zero for octal and knows neither infinity nor NaN as figures.
pub(super) fn written(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:e}") }
}

/// What stands in the quotes of a whole literal; the error is the reason alone.
pub(super) fn text(literal: &str) -> Result<String, String> {
    let quote = literal.chars().next().unwrap_or('"');
    let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    if quote == '`' {
        return Ok(inside.to_owned());
    }
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(letter) = rest.chars().next() {
        let own = rest.get(..letter.len_utf8()).unwrap_or_default();
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        if letter == '\n' {
            return Err("a text in quotes goes on to another line; write `\\n`, or use backticks".into());
        }
        if letter == '\\' {
            rest = escape(rest, quote, &mut bytes).ok_or_else(|| {
                let start: String = rest.chars().take(1).collect();
                format!("`\\{start}` is no escape sequence that can stand here")
            })?;
        } else {
            bytes.extend_from_slice(own.as_bytes());
        }
    }
    String::from_utf8(bytes).map_err(|_| "the text is not valid UTF-8".into())
}

/// Reads the escape sequence whose backslash stands before `rest`; what is left of it.
fn escape<'r>(rest: &'r str, quote: char, bytes: &mut Vec<u8>) -> Option<&'r str> {
    let kind = rest.chars().next()?;
    let code = |skip: usize, length: usize, radix: u32| {
        let digits = rest.get(skip..skip + length)?;
        let all = digits.bytes().all(|byte| char::from(byte).is_digit(radix));
        all.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
    };
    let simple = |byte: u8| Some((vec![byte], 1));
    let letter = |code: u32| Some(char::from_u32(code)?.to_string().into_bytes());
    let (own, length) = match kind {
        'a' => simple(0x07)?,
        'b' => simple(0x08)?,
        'f' => simple(0x0c)?,
        'n' => simple(b'\n')?,
        'r' => simple(b'\r')?,
        't' => simple(b'\t')?,
        'v' => simple(0x0b)?,
        '\\' => simple(b'\\')?,
        '\'' | '"' if kind == quote => simple(u8::try_from(kind).ok()?)?,
        '0'..='7' => (vec![u8::try_from(code(0, 3, 8)?).ok()?], 3),
        'x' => (vec![u8::try_from(code(1, 2, 16)?).ok()?], 3),
        'u' => (letter(code(1, 4, 16)?)?, 5),
        'U' => (letter(code(1, 8, 16)?)?, 9),
        _ => return None,
    };
    bytes.extend(own);
    rest.get(length..)
}

/// A text for the parser.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
