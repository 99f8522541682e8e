//! What is written to a terminal to show a text on its whole screen: pure functions.

use super::Size;
use crate::settings::words::{columns, printable};

const ESCAPE: char = '\u{1b}';

/// Nothing of it is shown before all of it is there, in terminals that know how.
const BEGIN: &str = "\u{1b}[?2026h";
const END: &str = "\u{1b}[?2026l";
const ERASE_TO_END: &str = "\u{1b}[K";
const PLAIN: &str = "\u{1b}[0m";
const REVERSED: &str = "\u{1b}[7m";

/// The columns that a line takes, colours not counted.
pub fn width(line: &str) -> usize {
    cut(line, usize::MAX).1
}

/// The line with its colours, as far as it fits, and its columns. Nothing in it moves the cursor.
pub fn cut(line: &str, limit: usize) -> (String, usize) {
    let (mut out, mut used, mut coloured) = (String::with_capacity(line.len()), 0, false);
    let mut letters = line.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == ESCAPE
            && let Some(colour) = line.get(at..).and_then(colour)
        {
            out.push_str(colour);
            coloured = true;
            letters.nth(colour.len().saturating_sub(2));
            continue;
        }
        if used + columns(letter) > limit {
            break;
        }
        used += columns(letter);
        out.push(printable(letter));
    }
    if coloured {
        out.push_str(PLAIN);
    }
    (out, used)
}

/// The escape sequence at the beginning, when it is one that changes the colour.
fn colour(text: &str) -> Option<&str> {
    let inside = text.strip_prefix("\u{1b}[")?;
    let length = inside.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    inside.get(length..)?.starts_with('m').then(|| text.get(..length + 3)).flatten()
}

/// The lines that a screen has room for above its last one.
pub fn room(size: Size) -> usize {
    size.rows.saturating_sub(1)
}

/// The whole screen: the lines from `top` on, and `status` in the last row. Every row is written over and then erased
/// behind its text, so nothing flickers and nothing is left of what was there.
pub fn screen(lines: &[&str], top: usize, size: Size, status: &str, reversed: bool) -> String {
    let mut out = String::from(BEGIN);
    for row in 0..room(size) {
        write_row(&mut out, row, lines.get(top + row).copied().unwrap_or_default(), size);
    }
    if reversed {
        let (text, used) = cut(status, size.columns);
        let blanks = " ".repeat(size.columns.saturating_sub(used));
        write_row(&mut out, size.rows.saturating_sub(1), &format!("{REVERSED}{text}{blanks}"), size);
    } else {
        write_row(&mut out, size.rows.saturating_sub(1), status, size);
    }
    out.push_str(END);
    out
}

fn write_row(out: &mut String, row: usize, line: &str, size: Size) {
    let (text, used) = cut(line, size.columns);
    out.push_str(&format!("\u{1b}[{};1H{text}", row + 1));
    // Behind a full line the cursor stands on its last letter.
    if used < size.columns {
        out.push_str(ERASE_TO_END);
    }
}

/// The parts that fit, two blanks between them: the first ones are the most important. The first is cut when it does not
/// fit alone.
pub fn status(parts: &[String], columns: usize) -> String {
    let mut out = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let apart = if out.is_empty() { "" } else { "  " };
        if width(&out) + apart.len() + width(part) > columns {
            let rest = columns.saturating_sub(width(&out) + apart.len());
            // A piece of an error is more than none.
            if out.is_empty() || part.starts_with("error: ") {
                out.push_str(apart);
                out.push_str(&cut(part, rest).0);
            }
            break;
        }
        out.push_str(apart);
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_columns_and_ends_without_colour() {
        assert_eq!(cut("abc", 2), ("ab".to_owned(), 2));
        assert_eq!(cut("北京", 3), ("北".to_owned(), 2));
        assert_eq!(cut("\u{1b}[32mOK\u{1b}[0m x", 4), ("\u{1b}[32mOK\u{1b}[0m x\u{1b}[0m".to_owned(), 4));
        assert_eq!(cut("\u{1b}[1;31mCRIT", 2), ("\u{1b}[1;31mCR\u{1b}[0m".to_owned(), 2));
        assert_eq!(width("\u{1b}[32m北\u{1b}[0m京"), 4);
    }

    #[test]
    fn nothing_but_colours_acts_on_the_terminal() {
        assert_eq!(cut("a\u{1b}[2Jb\u{7}\u{9b}c", 20).0, "a\u{fffd}[2Jb\u{fffd}\u{fffd}c");
        assert_eq!(cut("\u{1b}[31", 20).0, "\u{fffd}[31");
        assert_eq!(cut("\u{1b}", 20).0, "\u{fffd}");
    }

    #[test]
    fn every_row_is_written_and_erased_behind_its_text() {
        let size = Size { columns: 4, rows: 4 };
        let drawn = screen(&["one", "full", "three"], 1, size, "st", false);
        let expected =
            "\u{1b}[?2026h\u{1b}[1;1Hfull\u{1b}[2;1Hthre\u{1b}[3;1H\u{1b}[K\u{1b}[4;1Hst\u{1b}[K\u{1b}[?2026l";
        assert_eq!(drawn, expected);
        assert!(screen(&[], 0, size, "st", true).ends_with("\u{1b}[4;1H\u{1b}[7mst  \u{1b}[0m\u{1b}[?2026l"));
        // A terminal of one row has the last line only.
        let drawn = screen(&["one"], 0, Size { columns: 4, rows: 1 }, "status", false);
        assert_eq!(drawn, "\u{1b}[?2026h\u{1b}[1;1Hstat\u{1b}[?2026l");
    }

    #[test]
    fn the_last_line_has_what_fits() {
        let parts = ["every 15s", "", "10:16:30", "q quit"].map(str::to_owned);
        assert_eq!(status(&parts, 80), "every 15s  10:16:30  q quit");
        assert_eq!(status(&parts, 26), "every 15s  10:16:30");
        assert_eq!(status(&parts, 5), "every");
        let parts = ["every 15s", "error: a long one", "q quit"].map(str::to_owned);
        assert_eq!(status(&parts, 20), "every 15s  error: a ");
    }
}
