//! Small helpers for sentences and figures that people read: grammar, units, ages. Values never carry strings; this is
//! where they become text, at the last step.

use std::time::Duration;

use crate::settings::words::columns;

use crate::settings::metric_entry::Unit;

/// "1 cluster", "2 clusters", "1,708 samples".
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number as u64))
}

/// 1708 → "1,708".
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A value as people read it: `1.2k`, `84 ms`, `8.7 GiB`, `71%`.
pub fn value(value: f64, unit: Unit) -> String {
    match unit {
        // What was divided by zero has no unit.
        _ if !value.is_finite() => number(value),
        Unit::Bytes => bytes(value),
        Unit::BytesPerSecond => format!("{}/s", bytes(value)),
        Unit::Seconds => seconds(value),
        Unit::Milliseconds => seconds(value / 1000.0),
        Unit::Ratio => per_cent(value),
        Unit::PerSecond => number(value),
        Unit::Bool => (if value == 0.0 { "no" } else { "yes" }).to_owned(),
        Unit::Timestamp => moment(value),
        _ => number(value),
    }
}

/// A share with so many decimals, rounded down, so that 100% means complete: `99.98%`.
pub fn per_cent_down(ratio: f64, decimals: usize) -> String {
    let scale = 10f64.powi(i32::try_from(decimals).unwrap_or(0));
    // What is 0.9 in decimals is a little less in binary.
    let floored = (ratio * 100.0 * scale + 1e-6).floor() / scale;
    format!("{floored:.decimals$}%")
}

/// Three figures are enough: `0`, `0.42`, `88`, `640`, `1.2k`, `1.3M`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "+Inf"
        } else {
            "-Inf"
        }
        .to_owned();
    }
    for (size, letter) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")] {
        // 999.6 would be rounded to a four-digit 1000.
        if value.abs() >= size * 0.9995 {
            return scaled(value / size, letter);
        }
    }
    trimmed(value)
}

/// A user as GRANT takes it: `monitor`, `'my-monitor'`.
pub fn sql_user(name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if name.chars().all(plain) && name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return name.to_owned();
    }
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn scaled(value: f64, unit: &str) -> String {
    if value.abs() >= 9.95 { format!("{value:.0}{unit}") } else { format!("{value:.1}{unit}") }
}

/// Up to two decimals, fewer for larger values, none that are zeros; never rounded to a false 0.
fn trimmed(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if value.abs() < 0.005 {
        return (if value > 0.0 { "<0.01" } else { ">-0.01" }).to_owned();
    }
    let decimals = if value.abs() >= 99.95 {
        0
    } else if value.abs() >= 9.995 {
        1
    } else {
        2
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

pub fn bytes(value: f64) -> String {
    let mut value = value;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value.abs() < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" || value.abs() >= 99.95 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

fn seconds(value: f64) -> String {
    match value.abs() {
        0.0 => "0 s".to_owned(),
        size if size < 0.0095 => format!("{:.1} ms", value * 1e3),
        size if size < 0.9995 => format!("{:.0} ms", value * 1e3),
        size if size < 59.95 => format!("{value:.2} s"),
        _ => age(Duration::from_secs_f64(value.abs().min(1e12))),
    }
}

fn per_cent(ratio: f64) -> String {
    match ratio * 100.0 {
        0.0 => "0%".to_owned(),
        small if small.abs() < 0.005 => "<0.01%".to_owned(),
        small if small.abs() < 9.995 => format!("{small:.2}%"),
        // 100% means complete: a disk of 99.96% is not full.
        large => format!("{:.0}%", if large < 100.0 { large.round().min(99.0) } else { large.round() }),
    }
}

/// A part of a whole in per cent, rounded down so that 100% means complete.
pub fn share(part: i64, whole: i64) -> String {
    if whole <= 0 { "100%".to_owned() } else { format!("{}%", (part.max(0) * 100 / whole).min(100)) }
}

fn moment(unix_seconds: f64) -> String {
    let stamp = jiff::Timestamp::from_second(unix_seconds as i64);
    stamp.map_or_else(|_| "?".to_owned(), |stamp| stamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// How long ago: `12s`, `4m10s`, `2h03m`, `3d04h`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// How long something took: `86 ms`, `5.02 s`, `1m10s`.
pub fn took(duration: Duration) -> String {
    match duration.as_secs_f64() {
        short if short < 0.9995 => format!("{:.0} ms", short * 1e3),
        medium if medium < 59.95 => format!("{medium:.2} s"),
        _ => age(duration),
    }
}

/// Prose for a terminal of `width` columns: lines are broken between words and go on two columns further in. Lines that
/// begin with a blank, such as those of an excerpt, stay as they are.
pub fn folded(text: &str, width: Option<usize>) -> String {
    const LEAST: usize = 40;
    let Some(width) = width.map(|width| width.max(LEAST)) else { return text.to_owned() };
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let mut column = 0;
        for (index, word) in line.split(' ').enumerate() {
            let length = word.trim_end_matches('\n').chars().map(columns).sum::<usize>();
            if index > 0 && column + 1 + length > width && !line.starts_with(' ') {
                out.push_str("\n  ");
                column = 2;
            } else if index > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

/// Whether a letter steers a terminal or a browser instead of being seen: control characters, line separators, marks that
/// turn the direction of writing or take no room. No name needs them; they can make one look like another.
pub fn is_unseen(letter: char) -> bool {
    let invisible = matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    letter.is_control() || invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_never_a_false_zero() {
        let cases = [
            (0.0, "0"),
            (0.001, "<0.01"),
            (0.42, "0.42"),
            (3.0, "3"),
            (88.25, "88.2"),
            (640.4, "640"),
            (999.7, "1.0k"),
            (1234.0, "1.2k"),
            (52_800_000.0, "53M"),
        ];
        for (given, text) in cases {
            assert_eq!(number(given), text, "{given}");
        }
        assert_eq!(value(0.9996, Unit::Ratio), "99%");
        assert_eq!(value(0.0002, Unit::Ratio), "0.02%");
        assert_eq!(value(1.0, Unit::Ratio), "100%");
        assert_eq!(value(0.084, Unit::Seconds), "84 ms");
        assert_eq!(value(8.7 * 1024f64.powi(3), Unit::Bytes), "8.7 GiB");
        assert_eq!(age(Duration::from_secs(7_380)), "2h03m");
        assert_eq!(count(1708, "sample"), "1,708 samples");
        assert_eq!(count(1, "cluster"), "1 cluster");
    }

    #[test]
    fn prose_is_folded_between_words_and_excerpts_are_not() {
        let text = "hint: a sentence that is longer than a narrow terminal has columns\n    4 | retension_days = \"7d\" # a long remark behind it\nshort\n";
        let expected = "hint: a sentence that is longer than a\n  narrow terminal has columns\n    4 | retension_days = \"7d\" # a long remark behind it\nshort\n";
        assert_eq!(folded(text, Some(40)), expected);
        assert_eq!(folded(text, None), text);
        assert_eq!(folded("x".repeat(50).as_str(), Some(40)), "x".repeat(50));
    }
}
