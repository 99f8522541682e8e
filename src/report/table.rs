//! Plain tables: columns under titles, numbers to the right, nothing drawn around them; and how wide a text is.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::settings::words::{columns, printable};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// The table's lines, indented by two blanks, without trailing blanks. Texts of others cannot move the cursor.
pub fn render(titles: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(titles.iter().map(|(title, _)| *title));
    for row in rows {
        table.add_row(row.iter().map(|cell| cut(&harmless(cell), WIDEST)));
    }
    for (column, (_, align)) in table.column_iter_mut().zip(titles) {
        column.set_padding((2, 0));
        column.set_cell_alignment(match align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Columns of the widest line.
pub fn width(text: &str) -> usize {
    text.lines().map(|line| line.chars().map(columns).sum()).max().unwrap_or(0)
}

/// One line of text without letters that a terminal would act upon.
pub fn harmless(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// Columns of what an alert says. Annotations may have megabytes; who wants those has JSON.
pub const WIDEST: usize = 1_000;

/// The line cut at the end of a word, with `…`, when it is wider than the limit.
pub fn cut(line: &str, limit: usize) -> String {
    if width(line) <= limit {
        return line.to_owned();
    }
    let mut used = 1;
    let room = line.char_indices().find(|(_, letter)| {
        used += columns(*letter);
        used > limit
    });
    let kept = room.and_then(|(end, _)| line.get(..end)).unwrap_or_default();
    // A word is given up, a long part without blanks is not.
    let at_word = kept.rfind(' ').and_then(|end| kept.get(..end)).filter(|shorter| kept.len() - shorter.len() < 16);
    format!("{}…", at_word.unwrap_or(kept).trim_end())
}

/// `lead` and then the text, which goes on below where it began when the terminal ends; a lead of more than half the
/// terminal gets a line of its own. A word is never broken, so that a URL can be copied.
pub fn hanging(lead: &str, text: &str, limit: Option<usize>) -> String {
    let (mut out, mut indent) = (lead.to_owned(), width(lead));
    if limit.is_some_and(|limit| indent * 2 > limit) {
        indent = 4;
        out = format!("{}\n{}", lead.trim_end(), " ".repeat(indent));
    }
    let mut used = indent;
    for (index, word) in harmless(text).split(' ').enumerate() {
        let wide = width(word);
        if index > 0 && limit.is_some_and(|limit| used + 1 + wide > limit) {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
        } else if index > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += wide;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_count_twice_and_others_texts_do_not_act() {
        assert_eq!((width("ab\nabc"), width("北京"), width("")), (3, 4, 0));
        let rows = [vec!["北京".to_owned(), "1".to_owned()], vec!["\u{1b}[2J".to_owned(), "20".to_owned()]];
        let expected = "  NAME   N\n  北京   1\n  \u{fffd}[2J  20\n";
        assert_eq!(render(&[("NAME", Align::Left), ("N", Align::Right)], &rows), expected);
    }

    #[test]
    fn a_line_is_cut_at_a_word_and_within_the_limit() {
        assert_eq!(cut("one two three", 13), "one two three");
        assert_eq!(cut("one two three", 12), "one two…");
        assert_eq!(cut("http://a-long-part-without-blanks", 20), "http://a-long-part-…");
        assert_eq!(cut("北京北京", 6), "北京…");
        assert_eq!(cut("abc", 0), "…");
    }

    #[test]
    fn a_text_hangs_below_where_it_began() {
        assert_eq!(hanging("  WARN  ", "one two three", Some(16)), "  WARN  one two\n        three\n");
        assert_eq!(hanging("  WARN  ", "one two three", None), "  WARN  one two three\n");
        assert_eq!(hanging("  WARN  name  ", "one two three", Some(15)), "  WARN  name\n    one two\n    three\n");
        assert_eq!(hanging("", "http://not-broken/ x", Some(8)), "http://not-broken/\nx\n");
    }
}
