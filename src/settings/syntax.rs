//! Faults of the TOML syntax in our words.

use std::ops::Range;

use toml::de::Error;

use super::fault::Fault;
use super::source::Source;
use super::words::quoted;

/// The faults worth showing, and whether what was read can still be used.
///
/// A key given twice and a text without quotes leave the rest of the file intact, so all of them are shown and reading
/// goes on. Any other fault confuses what follows: it is the last one shown.
pub fn faults(source: &Source, errors: &[Error]) -> (Vec<Fault>, bool) {
    let mut faults = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let harmless = match error.message().split(',').next().unwrap_or_default() {
            "duplicate key" => true,
            "string values must be quoted" => !span.is_empty(),
            _ => false,
        };
        if !harmless {
            // A string that is not closed is found late, after what it did to the list around it.
            let open = errors.iter().find(|error| is_open_string(error.message())).unwrap_or(error);
            faults.push(fault(source, open.message(), open.span().unwrap_or(0..0)));
            return (faults, false);
        }
        faults.push(fault(source, error.message(), span));
    }
    (faults, true)
}

fn is_open_string(message: &str) -> bool {
    message.starts_with("invalid ")
        && (message.ends_with("string, expected `\"`") || message.ends_with("string, expected `'`"))
}

fn fault(source: &Source, message: &str, span: Range<usize>) -> Fault {
    let text = source.text.as_str();
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let word = text.get(span.clone()).unwrap_or_default();
    let at = |span: Range<usize>, message: &str, hint: &str| Fault::new(source.place(span), message, hint);
    match what {
        "invalid basic string" | "invalid literal string" if is_open_string(message) => {
            let start = opening(text, span.start).unwrap_or(span.start);
            at(start..start + 1, "unterminated string", "opened here")
        }
        "invalid multi-line basic string" | "invalid multi-line literal string" if is_open_string(message) => {
            let quotes = if what.contains("basic") { "\"\"\"" } else { "'''" };
            let start = text.get(..span.start).and_then(|before| before.rfind(quotes)).unwrap_or(span.start);
            at(start..start + 3, "unterminated string", "opened here")
        }
        "string values must be quoted" if word.is_empty() => at(span, "missing value", "write a value after the `=`"),
        "string values must be quoted" => {
            let hint = match word {
                _ if source.hides(&span) => "put quotes around it".to_owned(),
                _ if word.contains(['“', '”', '‘', '’', '„']) => "use straight quotes: \"…\"".to_owned(),
                "yes" | "Yes" | "YES" | "on" | "On" | "True" | "TRUE" => "write true".to_owned(),
                "no" | "No" | "NO" | "off" | "Off" | "False" | "FALSE" => "write false".to_owned(),
                word => format!("write {}", quoted(word)),
            };
            at(span, "a text without quotes", &hint)
        }
        "duplicate key" => {
            let line = source.place(span.clone()).excerpt;
            let hint = match line.trim_start().starts_with('[') {
                true => "a table is opened once; one of many is written with double brackets: [[clusters]]",
                false => "it is set above already; remove one of the two",
            };
            let name = if source.hides(&span) { "…" } else { word };
            at(span, &format!("duplicate key `{name}`"), hint)
        }
        "key with no value" => at(span, "a key without a value", "write key = value"),
        "missing escaped value" => {
            at(span, "unknown escape in a string", "write \\\\ for one \\, or use single quotes")
        }
        "unclosed table" => at(span, "unclosed table header", "write `]` here"),
        "unclosed array table" => at(span, "unclosed table header", "write `]]` here"),
        "missing comma between array elements" => {
            at(span, "the list is not closed, or a comma is missing", "write `,` here, or `]` before it")
        }
        "cannot recurse further; max recursion depth met" | "recursion limit" => {
            at(span, "nested too deeply", "no option is nested more than three times")
        }
        _ if expected.is_empty() || expected == "nothing" => at(span, what, ""),
        _ => at(span, what, &format!("expected {expected}")),
    }
}

/// Where the string that is still open at `end` was opened, on the same line.
fn opening(text: &str, end: usize) -> Option<usize> {
    let before = text.get(..end)?;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let mut open: Option<(usize, char)> = None;
    let mut escaped = false;
    for (at, letter) in before.get(start..)?.char_indices() {
        match (open, letter) {
            _ if escaped => escaped = false,
            (Some((_, '"')), '\\') => escaped = true,
            (Some((_, quote)), _) if quote == letter => open = None,
            (None, '"' | '\'') => open = Some((start + at, letter)),
            _ => {}
        }
    }
    open.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::document::Document;
    use super::super::fault::render;

    #[test]
    fn a_fault_of_the_syntax_is_shown_where_it_begins() {
        for (text, expected) in [
            (
                "[metrics]\ninterval_secs = \"30s\nenabled = true\n",
                "c.toml:2:17: unterminated string\n    2 | interval_secs = \"30s\n      |                 ^ opened here",
            ),
            (
                "exclude = ['x', 'y]\n",
                "c.toml:1:17: unterminated string\n    1 | exclude = ['x', ***\n      |                 ^^^ opened here",
            ),
            (
                "per = \"\"\"\nx\n",
                "c.toml:1:7: unterminated string\n    1 | per = \"\"\"\n      |       ^^^ opened here",
            ),
            ("a =\n", "c.toml:1:4: missing value\n    1 | a =\n      |    ^ write a value after the `=`"),
            ("per = 5m\n", "c.toml:1:7: a text without quotes\n    1 | per = 5m\n      |       ^^ write \"5m\""),
            (
                "per = “5m”\n",
                "c.toml:1:7: a text without quotes\n    1 | per = “5m”\n      |       ^^^^ use straight quotes: \"…\"",
            ),
            ("per = yes\n", "c.toml:1:7: a text without quotes\n    1 | per = yes\n      |       ^^^ write true"),
            (
                "pw = hunter2\n",
                "c.toml:1:6: a text without quotes\n    1 | pw = ***\n      |      ^^^ put quotes around it",
            ),
            (
                "password: hunter2\n",
                "c.toml:1:11: a key without a value\n    1 | password: ***\n      |           ^^^ write key = value",
            ),
            (
                "password = hunter2\n",
                "c.toml:1:12: a text without quotes\n    1 | password = ***\n      |            ^^^ put quotes around it",
            ),
            (
                "password = \"hun\\ter2\\q\"\n",
                "c.toml:1:22: unknown escape in a string\n    1 | password = ***\n      \
                 |            ^^^ write \\\\ for one \\, or use single quotes",
            ),
            (
                "per = 1\nper = 2\n",
                "c.toml:2:1: duplicate key `per`\n    2 | per = 2\n      | ^^^ it is set above already; remove one of the two",
            ),
            (
                "[clusters]\n[clusters]\n",
                "c.toml:2:2: duplicate key `clusters`\n    2 | [clusters]\n      |  ^^^^^^^^ a table is opened once; one of \
                 many is written with double brackets: [[clusters]]",
            ),
            (
                "[[clusters]\n",
                "c.toml:1:12: unclosed table header\n    1 | [[clusters]\n      |            ^ write `]]` here",
            ),
            (
                "per = [1\nunit = 2\n",
                "c.toml:2:1: the list is not closed, or a comma is missing\n    2 | unit = 2\n      | ^ write `,` here, or \
                 `]` before it",
            ),
            (
                "per = 1 unit = 2 pw = 3\n",
                "c.toml:1:14: unexpected key or value\n    1 | per = 1 unit = 2 pw = ***\n      |              ^ expected newline, `#`",
            ),
        ] {
            let document = Document::parse("c.toml", text);
            assert_eq!(render(document.faults()), format!("error: {expected}\n"), "{text}");
        }
    }

    #[test]
    fn a_deep_document_is_refused() {
        for text in [format!("{}a = 1", "a.".repeat(100_000)), format!("a = {}", "[".repeat(100_000))] {
            let document = Document::parse("c.toml", &text);
            let messages: Vec<&str> = document.faults().iter().map(|fault| fault.message.as_str()).collect();
            assert_eq!((messages, document.root().entries.len()), (vec!["nested too deeply"], 0));
        }
    }

    #[test]
    fn faults_that_confuse_nothing_are_all_shown_and_reading_goes_on() {
        let document = Document::parse("c.toml", "a = 5m\na = 6m\nb = yes\nc = 1\n");
        let lines: Vec<usize> = document.faults().iter().map(|fault| fault.place.line).collect();
        assert_eq!((lines, document.root().get("c").is_some()), (vec![1, 2, 2, 3], true));
    }
}
