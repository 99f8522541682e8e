//! Numbers as Prometheus writes them, to the letter: whoever compares texts finds no difference.

use crate::sample::Millis;

/// A value: the shortest digits that mean it, with an exponent only when it is tiny or huge; `+Inf`, `-Inf`, `NaN`.
pub fn value(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return (if value > 0.0 { "+Inf" } else { "-Inf" }).to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (digits, exponent) = shortest(value.abs());
    if value == 0.0 || (1e-6..1e21).contains(&value.abs()) {
        return format!("{sign}{}", without_exponent(&digits, exponent));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{point}{rest}e{direction}{:02}", exponent.abs())
}

/// The fewest digits that are read back as the number, and the power of ten of the first. Of two that are equally near
/// Rust takes the greater and Go the even one: rounding to as many digits, which Rust does to even, gives Go's.
fn shortest(value: f64) -> (String, i32) {
    let digits = format!("{value:e}").bytes().take_while(|byte| *byte != b'e').filter(u8::is_ascii_digit).count();
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (digits.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn without_exponent(digits: &str, exponent: i32) -> String {
    let Ok(before) = usize::try_from(exponent + 1) else {
        return format!("0.{}{digits}", "0".repeat((-exponent - 1).unsigned_abs() as usize));
    };
    match digits.split_at_checked(before) {
        None => format!("{digits}{}", "0".repeat(before - digits.len())),
        Some((whole, "")) => whole.to_owned(),
        Some(("", fraction)) => format!("0.{fraction}"),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
    }
}

/// Unix seconds, with three decimals unless they are zeros.
pub fn seconds(at: Millis) -> String {
    let (whole, rest) = (at.abs() / 1000, at.abs() % 1000);
    let sign = if at < 0 { "-" } else { "" };
    if rest == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest:03}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_go_writes_them() {
        // What `strconv.FormatFloat` gives, with `f` from 1e-6 up to 1e21 and `e` elsewhere.
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (100.0, "100"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.000001, "0.000001"),
            (0.00001234, "0.00001234"),
            (0.000000999, "9.99e-07"),
            (1e-7, "1e-07"),
            (1.5e-300, "1.5e-300"),
            (5e-324, "5e-324"),
            (123456789012345680000.0, "123456789012345680000"),
            (999999999999999900000.0, "999999999999999900000"),
            (1e21, "1e+21"),
            (-1.25e22, "-1.25e+22"),
            (f64::MAX, "1.7976931348623157e+308"),
            // Exactly between two of as many digits.
            (151489.0 / 131072.0, "1.1557693481445312"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(value(number), text);
        }
    }

    #[test]
    fn seconds_have_three_decimals_or_none() {
        for (at, text) in [
            (1_795_313_725_597, "1795313725.597"),
            (1_795_313_725_000, "1795313725"),
            (50, "0.050"),
            (-1_500, "-1.500"),
        ] {
            assert_eq!(seconds(at), text);
        }
    }
}
