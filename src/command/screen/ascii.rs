//! Reports for terminals and mails that know no letters but ASCII's.

/// The program's own signs and what stands for them: as wide, and different from each other wherever they can be mixed
/// up. Bars are a scale of ink, without the `-` and the `.` that mean "not measured" and "no sample".
const SIGNS: [(char, char); 15] = [
    ('–', '-'),
    ('—', '-'),
    ('−', '-'),
    ('·', '.'),
    ('…', '>'),
    ('×', 'x'),
    ('→', '>'),
    ('▁', '_'),
    ('▂', ':'),
    ('▃', '='),
    ('▄', '+'),
    ('▅', '*'),
    ('▆', '%'),
    ('▇', '#'),
    ('█', '@'),
];

/// The text with the program's own signs in ASCII. Letters, such as those of names, stay what they are.
pub fn ascii(text: &str) -> String {
    let replaced = |letter: char| SIGNS.iter().find(|(sign, _)| *sign == letter).map_or(letter, |(_, plain)| *plain);
    text.chars().map(|letter| if letter.is_ascii() { letter } else { replaced(letter) }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::settings::words::columns;

    #[test]
    fn signs_are_replaced_and_names_are_not() {
        let text = "北京-ü  ~1.2k  –  ▁▂▃▄▅▆▇█··  \u{1b}[32mOK\u{1b}[0m  −1h (2×) a long…";
        let expected = "北京-ü  ~1.2k  -  _:=+*%#@..  \u{1b}[32mOK\u{1b}[0m  -1h (2x) a long>";
        assert_eq!(ascii(text), expected);
    }

    #[test]
    fn widths_stay_and_what_stands_in_a_line_of_figures_stays_different() {
        for (sign, plain) in SIGNS {
            assert_eq!(columns(sign), columns(plain), "{sign}");
            assert!(plain.is_ascii_graphic() && plain != '~', "{sign}");
        }
        let drawn: HashSet<String> = "–·▁▂▃▄▅▆▇█…".chars().map(|sign| ascii(&sign.to_string())).collect();
        assert_eq!(drawn.len(), 11);
    }
}
