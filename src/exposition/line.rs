//! One sample line, after its name: labels, value, timestamp. Only wanted lines come here.

use std::borrow::Cow;

use memchr::{memchr_iter, memrchr};

use super::wide::{first, outside_labels, quotes};
use super::{Format, Label, is_blank};
use crate::sample::Millis;

/// No honest series is near it; a bound keeps comparing label sets cheap whatever a page holds.
const MAX_LABELS: usize = 64;

type Reason = Cow<'static, str>;

/// Reads what follows the name into `labels` (emptied first) and gives value and timestamp. `page` begins where `rest`
/// does and goes on behind it.
///
/// A frontend of StarRocks does not escape what it writes between quotes. So a line that the format refuses is read
/// once more as by such a writer, see [`unescaped`].
#[inline]
pub(super) fn read<'p>(
    rest: &'p str,
    page: &[u8],
    format: Format,
    labels: &mut Vec<Label<'p>>,
) -> Result<(f64, Option<Millis>), Reason> {
    labels.clear();
    if let Some(tail) = usual(rest, page, labels)
        && let Some(value) = count(tail)
    {
        return Ok((value, None));
    }
    any(rest, format, labels)
}

/// Labels as everybody writes them, `{a="b",c="d"}` with or without a blank after the comma and nothing escaped. Gives
/// what follows them; `None` for whatever else there is.
#[inline]
fn usual<'p>(rest: &'p str, page: &[u8], labels: &mut Vec<Label<'p>>) -> Option<&'p str> {
    let Some(b'{') = rest.as_bytes().first() else { return Some(rest) };
    let mut at = 1;
    loop {
        let equals = at + first(page.get(at..)?, outside_labels);
        let value = equals + 2;
        let quote = value + first(page.get(value..)?, quotes);
        // Where the line is over, so are these slices.
        let name = rest.get(at..equals)?;
        if rest.as_bytes().get(equals..value)? != b"=\"" || name.as_bytes().first()?.is_ascii_digit() {
            return None;
        }
        let inside = rest.get(value..quote)?;
        let [b'"', next, after, ..] = rest.as_bytes().get(quote..)? else { return None };
        push(labels, name, Cow::Borrowed(inside)).ok()?;
        match (next, after) {
            (b'}', _) => return rest.get(quote + 2..),
            (b',', b' ') => at = quote + 3,
            (b',', _) => at = quote + 2,
            _ => return None,
        }
    }
}

/// A whole number and nothing else behind one blank, as most values are; fifteen digits are exact in any case.
#[inline]
fn count(tail: &str) -> Option<f64> {
    let [b' ', digits @ ..] = tail.as_bytes() else { return None };
    if digits.is_empty() || digits.len() > 15 {
        return None;
    }
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u64::from(digit);
    }
    Some(number as f64)
}

/// The same by the book, as Prometheus reads: nothing is made of what a writer left unescaped, and exemplars are for
/// OpenMetrics only.
pub(super) fn read_strictly<'p>(
    rest: &'p str,
    format: Format,
    labels: &mut Vec<Label<'p>>,
) -> Result<(f64, Option<Millis>), Reason> {
    labels.clear();
    let rest = skip(rest);
    let rest = match rest.strip_prefix('{') {
        None => rest,
        Some(body) => escaped(body, labels)?,
    };
    if format == Format::Prometheus && rest.contains('#') {
        return Err("an exemplar, which only OpenMetrics has".into());
    }
    tail(rest, format)
}

fn any<'p>(rest: &'p str, format: Format, labels: &mut Vec<Label<'p>>) -> Result<(f64, Option<Millis>), Reason> {
    labels.clear();
    let rest = skip(rest);
    let Some(body) = rest.strip_prefix('{') else { return tail(rest, format) };
    let strict = escaped(body, labels).and_then(|rest| tail(rest, format));
    if strict.is_ok() || format == Format::OpenMetrics {
        return strict;
    }
    labels.clear();
    unescaped(body, labels).and_then(|rest| tail(rest, format)).or(strict)
}

#[inline]
fn skip(text: &str) -> &str {
    &text[text.bytes().take_while(|byte| is_blank(*byte)).count()..]
}

/// The label set by the book: `\\`, `\"` and `\n` are escapes, any other backslash is itself. Gives what follows `}`.
#[inline]
fn escaped<'p>(body: &'p str, labels: &mut Vec<Label<'p>>) -> Result<&'p str, Reason> {
    let mut rest = skip(body);
    loop {
        if let Some(tail) = rest.strip_prefix('}') {
            return Ok(tail);
        }
        let (name, opened) = label_name(rest).ok_or("no `name=\"value\"` where a label or `}` should be")?;
        let (value, closed) = quoted(opened).ok_or("a label value has no closing quote")?;
        push(labels, name, value)?;
        rest = skip(closed);
        match rest.strip_prefix(',') {
            Some(more) => rest = skip(more),
            None if rest.starts_with('}') => {}
            None => return Err("a label value is not followed by `,` or `}`".into()),
        }
    }
}

/// The label set of a writer that escapes nothing: backslashes are themselves, and a quote closes a value only where
/// the next label (`, name="`) or the end follows. The line's last brace is the closing one, for only numbers follow;
/// what could be an exemplar as well is refused.
fn unescaped<'p>(body: &'p str, labels: &mut Vec<Label<'p>>) -> Result<&'p str, Reason> {
    let refused = || Reason::Borrowed("the quotes of the labels do not match");
    let end = memrchr(b'}', body.as_bytes()).ok_or_else(refused)?;
    let (inside, tail) = (&body[..end], &body[end + 1..]);
    if inside.contains("# {") {
        return Err(refused());
    }
    let mut rest = skip(inside);
    while !rest.is_empty() {
        let (name, opened) = label_name(rest).ok_or_else(refused)?;
        let closing = memchr_iter(b'"', opened.as_bytes()).find(|quote| {
            let after = skip(&opened[quote + 1..]);
            let next = after.strip_prefix(',').map(skip);
            after.is_empty() || next.is_some_and(|next| next.is_empty() || label_name(next).is_some())
        });
        let closing = closing.ok_or_else(refused)?;
        push(labels, name, Cow::Borrowed(&opened[..closing]))?;
        rest = skip(&opened[closing + 1..]);
        rest = skip(rest.strip_prefix(',').unwrap_or(rest));
    }
    Ok(tail)
}

/// Whether a byte may stand in a label's name.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
        byte += 1;
    }
    table
};

/// `name = "` with optional blanks: the name and what follows the quote.
#[inline]
fn label_name(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !IN_NAME[usize::from(byte)])?;
    let (name, rest) = text.split_at_checked(end)?;
    if name.bytes().next()?.is_ascii_digit() {
        return None;
    }
    let opened = rest.strip_prefix("=\"");
    Some((name, opened.or_else(|| skip(skip(rest).strip_prefix('=')?).strip_prefix('"'))?))
}

/// The value up to its closing quote, and what follows the quote.
#[inline]
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let bytes = text.as_bytes();
    let mut unescaped = String::new();
    let (mut copied, mut at) = (0, 0);
    loop {
        // Values are a few letters long, too short for a library's search to pay.
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let escape = match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => break,
            (_, Some(b'n')) => "\n",
            (_, Some(b'"')) => "\"",
            (_, Some(b'\\')) => "\\",
            _ => {
                at += 1;
                continue;
            }
        };
        unescaped.push_str(&text[copied..at]);
        unescaped.push_str(escape);
        at += 2;
        copied = at;
    }
    let last = &text[copied..at];
    let value = if copied == 0 { Cow::Borrowed(last) } else { Cow::Owned(unescaped + last) };
    Some((value, &text[at + 1..]))
}

#[inline]
fn push<'p>(labels: &mut Vec<Label<'p>>, name: &'p str, value: Cow<'p, str>) -> Result<(), Reason> {
    if name == "__name__" {
        return Err("the label `__name__` is reserved".into());
    }
    if labels.iter().any(|(other, _)| *other == name) {
        return Err(format!("the label `{}` comes twice", super::shortened(name.as_bytes())).into());
    }
    if labels.len() == MAX_LABELS {
        return Err(format!("more than {MAX_LABELS} labels").into());
    }
    labels.push((name, value));
    Ok(())
}

/// `value [timestamp] [# {exemplar}]`. Exemplars are not looked into, nobody reads them.
#[inline]
fn tail(text: &str, format: Format) -> Result<(f64, Option<Millis>), Reason> {
    let (value, mut rest) = word(text);
    if value.is_empty() {
        return Err("no value".into());
    }
    let value = number(value).ok_or("the value is not a number")?;
    if rest.is_empty() {
        return Ok((value, None));
    }
    let mut stamp = None;
    if !rest.starts_with('#') {
        let (first, more) = word(rest);
        stamp = Some(timestamp(first, format).ok_or("the timestamp is not a number")?);
        rest = more;
    }
    match rest.strip_prefix('#') {
        None if rest.is_empty() => Ok((value, stamp)),
        None => Err("more than a value and a timestamp".into()),
        Some(exemplar) if skip(exemplar).starts_with('{') => Ok((value, stamp)),
        Some(_) => Err("what follows the value is no exemplar".into()),
    }
}

/// The first word, empty if there is none, and what begins with the second.
#[inline]
fn word(text: &str) -> (&str, &str) {
    let text = skip(text);
    let (word, rest) = text.split_at(text.bytes().position(is_blank).unwrap_or(text.len()));
    (word, skip(rest))
}

/// What the formats write, and neither hex floats nor underscores, which other readers take.
#[inline]
fn number(word: &str) -> Option<f64> {
    // Most values are counts; fifteen digits are exact in any case.
    if word.len() <= 15 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(word.bytes().fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0')) as f64);
    }
    let number: f64 = word.parse().ok()?;
    // `1e400` is a number too large for us; read as infinity it would be a value that nobody measured.
    let invented = number.is_infinite() && word.bytes().any(|byte| byte.is_ascii_digit());
    (!invented).then_some(number)
}

/// Milliseconds in the one format, seconds and fractions of them in the other.
fn timestamp(word: &str, format: Format) -> Option<Millis> {
    match format {
        Format::Prometheus => word.parse().ok(),
        Format::OpenMetrics => {
            let millis = (word.parse::<f64>().ok()? * 1000.0).round();
            // 2^63 itself is the first number that does not fit.
            let fits = millis >= i64::MIN as f64 && millis < i64::MAX as f64;
            fits.then_some(millis as Millis)
        }
    }
}
