//! A fault of a configuration file: where it is, what is wrong and what to do, drawn with a caret under the place.

use std::fmt;
use std::sync::Arc;

use super::words::columns;

/// A stretch of one line of a file. `line`, `column` (in letters) start at 1; an environment variable has `line` 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it, or `$NAME`.
    pub file: Arc<str>,
    pub line: usize,
    pub column: usize,
    /// Letters marked by the caret, at least 1.
    pub length: usize,
    /// The line around the place; secrets are hidden, a long line is cut.
    pub excerpt: Arc<str>,
    /// Letters of the excerpt before the caret.
    pub indent: usize,
}

impl Place {
    /// Where this is for someone who looks at `other`: `line 5`, with the file when it is another one.
    pub fn seen_from(&self, other: &Self) -> String {
        match self.file == other.file {
            true => format!("line {}", self.line),
            false => format!("{}:{}", self.file, self.line),
        }
    }
}

impl fmt::Display for Place {
    /// `conf/config.toml:5:1`, or `$NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    /// What is wrong, lower case, no full stop.
    pub message: String,
    /// What to do, written behind the caret; may be empty.
    pub hint: String,
}

impl Fault {
    pub fn new(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place, message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Fault {
    /// Three lines without `error:` before them and without a newline behind them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, length, excerpt, indent, .. } = &self.place;
        let number = if *line == 0 { String::new() } else { line.to_string() };
        let width = |letters: &mut dyn Iterator<Item = char>| letters.map(columns).sum::<usize>();
        let before = width(&mut excerpt.chars().take(*indent));
        let marked = width(&mut excerpt.chars().skip(*indent).take(*length)).max(1);
        writeln!(f, "{}: {}", self.place, self.message)?;
        writeln!(f, "{}", format!("{number:>5} | {excerpt}").trim_end())?;
        let (pad, carets) = (" ".repeat(before), "^".repeat(marked));
        write!(f, "{}", format!("      | {pad}{carets} {}", self.hint).trim_end())
    }
}

/// All faults as they go to standard error, each with `error:` and a newline at its end; after 50 the rest is counted.
pub fn render(faults: &[Fault]) -> String {
    const MOST: usize = 50;
    let mut out: String = faults.iter().take(MOST).map(|fault| format!("error: {fault}\n")).collect();
    if let Some(more) = faults.len().checked_sub(MOST).filter(|more| *more > 0) {
        out.push_str(&format!("error: {more} more faults\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: usize) -> Place {
        Place { file: "$X".into(), line, column: 8, length: 2, excerpt: "a = 集群".into(), indent: 4 }
    }

    #[test]
    fn the_caret_is_as_wide_as_the_letters_above_it() {
        let fault = Fault::new(place(120), "wrong", "right");
        assert_eq!(fault.to_string(), "$X:120:8: wrong\n  120 | a = 集群\n      |     ^^^^ right");
    }

    #[test]
    fn a_variable_has_no_line_number() {
        assert_eq!(Fault::new(place(0), "wrong", "").to_string(), "$X: wrong\n      | a = 集群\n      |     ^^^^");
    }

    #[test]
    fn faults_beyond_fifty_are_counted() {
        let text = render(&vec![Fault::new(place(1), "wrong", ""); 53]);
        assert_eq!((text.matches("wrong").count(), text.ends_with("error: 3 more faults\n")), (50, true));
    }
}
