//! Texts of others in markup: the one door through which names, reasons and titles reach a page or a picture.

use crate::words::is_unseen;

/// Safe between tags and in quoted attributes, of HTML and of XML. What steers instead of being seen, such as a mark that
/// turns the direction of writing, is shown as the sign for an unknown letter.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            // Two numbers that are no letters: XML does not take them.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            unseen if is_unseen(unseen) => out.push('\u{fffd}'),
            seen => out.push(seen),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_opens_a_tag_ends_a_quote_or_turns_the_writing() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&#39;&quot;&amp;");
        assert_eq!(escaped("北京 \u{202e}abc\u{0}\u{1b}[2J\n\u{ffff}"), "北京 \u{fffd}abc\u{fffd}\u{fffd}[2J \u{fffd}");
        assert_eq!(escaped("שלום"), "שלום");
    }
}
