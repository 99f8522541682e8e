//! Durations as Prometheus's rule files and templates have them: `5m`, `1h30m`, `0`, and no bare number besides.

use std::time::Duration;

const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Each unit once, the largest first. The error is the rest of a sentence that begins with what it is about.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let refused = || format!("is \"{text}\", which is not a duration of Prometheus");
    let (mut rest, mut units, mut total) = (text, UNITS.iter(), 0_u64);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let (_, size) = units.find(|(name, _)| *name == unit).filter(|_| digits > 0).ok_or_else(refused)?;
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*size));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| format!("is \"{text}\", too long"))?;
        rest = after;
    }
    // Prometheus counts nanoseconds in 63 bits.
    match total {
        _ if text.is_empty() => Err("is empty".to_owned()),
        total if total > i64::MAX as u64 / 1_000_000 => Err(format!("is \"{text}\", too long")),
        total => Ok(Duration::from_millis(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_units_in_their_order() {
        let millis = |text: &str| parse(text).map(|length| length.as_millis());
        let right =
            [("0", 0), ("0s", 0), ("5m", 300_000), ("1h30m", 5_400_000), ("1y2w3d", 33_004_800_000), ("7ms", 7)];
        for (text, length) in right {
            assert_eq!(millis(text), Ok(length), "{text}");
        }
        let wrong = ["", "5", "5 m", "30m1h", "1m1m", "m", "1.5h", "-5m", "5M", "300y", "99999999999999999999s", "五m"];
        assert!(wrong.iter().all(|text| parse(text).is_err()));
    }
}
