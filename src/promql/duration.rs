//! PromQL durations: checked here before the parser sees them, because it panics on huge ones and quietly drops what
//! does not fit its integers.

use super::literal;
use crate::sample::Millis;

/// The longest duration an expression may name: 100 years.
pub(super) const LONGEST: Millis = 100 * 365 * 24 * 3_600_000;

/// The units in the order in which a duration must name them.
const UNITS: [(&str, Millis); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Milliseconds of `5m`, `1h30m`, `300` or `0.5` (seconds); the error is the reason alone.
pub(super) fn parse(text: &str) -> Result<Millis, String> {
    let shape = || format!("`{text}` is not a duration; write one like `5m` or `1h30m`");
    let limits = |length: Millis| match length {
        ..=0 => Err(format!("the duration `{text}` must be greater than zero")),
        _ if length > LONGEST => Err(format!("the duration `{text}` is longer than 100 years")),
        _ => Ok(length),
    };
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Err(shape());
    }
    if let Some(seconds) = literal::plain_number(text) {
        // To the nanosecond, and of these the whole milliseconds.
        return limits(((seconds * 1e9).round() / 1e6) as Millis);
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: Millis = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        if number.is_empty() {
            return Err(shape());
        }
        let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(shape)?;
        // What overflows is surely longer than allowed, so saturation gives the right refusal.
        total = total.saturating_add(number.parse::<Millis>().unwrap_or(Millis::MAX).saturating_mul(*millis));
        rest = after;
    }
    limits(total)
}

/// The same behind `offset`, where a plain 0 is taken.
pub(super) fn offset(text: &str) -> Result<Millis, String> {
    if literal::plain_number(text) == Some(0.0) { Ok(0) } else { parse(text) }
}

/// `90m` as `1h30m`.
pub(super) fn format(millis: Millis) -> String {
    let mut rest = millis;
    let mut text = String::new();
    // Years and weeks only when they come out even: 90d reads better than 12w6d.
    for (unit, length) in UNITS {
        let even_only = matches!(unit, "y" | "w");
        if rest >= length && (!even_only || rest % length == 0) {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if text.is_empty() { "0".into() } else { text }
}
