//! Small helpers for messages that people read: quoting, "did you mean", and plain reasons of I/O errors.

use std::io;

/// The text in double quotes, shortened to 60 letters, without anything a terminal would act upon.
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text.chars().take(MOST).map(printable).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// The letter, or a replacement for letters that move the cursor or turn the direction of writing.
pub fn printable(letter: char) -> char {
    match letter {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        other => other,
    }
}

/// How many columns of a terminal the letter takes (CJK and most pictures take two).
pub fn columns(letter: char) -> usize {
    match u32::from(letter) {
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The candidate that `word` was probably meant to be: a few letters off, or a shortened or lengthened form.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let apart = distance(&lower, &candidate.to_lowercase());
            let stem = lower.len().min(candidate.len()) >= 4
                && (candidate.starts_with(&lower) || lower.starts_with(&candidate.to_lowercase()));
            (apart <= allowed || stem).then_some((apart, candidate))
        })
        .min_by_key(|(apart, _)| *apart)
        .map(|(_, candidate)| candidate)
}

/// Edit distance: how many letters must be put in, taken out or replaced.
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().take(100).enumerate() {
        let mut next = vec![line + 1];
        let mut before = line + 1;
        for ((other, diagonal), above) in right.iter().zip(&row).zip(row.iter().skip(1)) {
            before = (diagonal + usize::from(*other != letter)).min(above + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// Why an operation on a file failed, in words and without an error number.
pub fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "is a folder, not a file".into(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".into(),
        _ => system_reason(error),
    }
}

/// The system's own reason, without its number.
pub fn system_reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// Whether a name fits a pattern, in which `*` stands for any letters and `?` for one.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // Where the last star stood, and how much of the name it has taken so far.
    let (mut star, mut place, mut at) = (None, 0, 0);
    while at < name.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == name.get(at) => {
                (place, at) = (place + 1, at + 1);
            }
            _ => match star {
                Some((own, taken)) => {
                    star = Some((own, taken + 1));
                    (place, at) = (own + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(place).all(|letter| *letter == '*')
}

/// A TOML text of this value.
pub fn toml_text(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_letters() {
        for pattern in ["queries", "quer*", "*es", "*", "q?eries", "*e*e*", "queries*", "**queries"] {
            assert!(fits(pattern, "queries"), "{pattern}");
        }
        for pattern in ["querie", "queries?", "*x*", "", "?", "ueries"] {
            assert!(!fits(pattern, "queries"), "{pattern}");
        }
        assert!(fits("?京*", "北京"));
        // Many stars take no long time.
        assert!(!fits(&("*a".repeat(30) + "*b"), &"a".repeat(2_000)));
    }

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let keys = ["interval_secs", "retention_days", "enabled", "timezone"];
        assert_eq!(closest("retension_days", keys), Some("retention_days"));
        assert_eq!(closest("interval", keys), Some("interval_secs"));
        assert_eq!(closest("Enabled", keys), Some("enabled"));
        assert_eq!(closest("password", keys), None);
        assert_eq!(closest("x", keys), None);
    }

    #[test]
    fn the_distance_counts_letters_not_bytes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("größe", "grosse"), 2 + 1);
    }

    #[test]
    fn a_quoted_text_is_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2Jb"), "\"a\u{fffd}[2Jb\"");
        assert_eq!(quoted(&"x".repeat(61)), format!("\"{}…\"", "x".repeat(60)));
    }

    #[test]
    fn a_text_survives_toml() {
        let text = "a \"b\" \\ \n\t\u{1}ü";
        let document: toml::Table = format!("x = {}", toml_text(text)).parse().expect("valid TOML");
        assert_eq!(document["x"].as_str(), Some(text));
    }

    #[test]
    fn a_reason_has_no_error_number() {
        assert_eq!(io_reason(&io::Error::from_raw_os_error(2)), "no such file");
        assert_eq!(io_reason(&io::Error::from_raw_os_error(5)), "input/output error");
    }
}
