//! Writing of man(7) source: what is text, what is typed, what is a heading.

use std::fmt::Write;

/// When the pages' contents last changed in a way that readers should know of.
const DATE: &str = "2026-11-22";

/// A page in the making.
pub struct Page(String);

impl Page {
    pub fn new(name: &str, section: u8, manual: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let title = name.to_uppercase();
        Self(format!(".TH \"{title}\" \"{section}\" \"{DATE}\" \"stellar {version}\" \"{manual}\"\n"))
    }

    pub fn heading(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SH {}", quoted(&title.to_uppercase()));
    }

    /// The line that apropos(1) finds.
    pub fn name(&mut self, name: &str, about: &str) {
        let _ = writeln!(self.0, "{} \\- {}", escaped(name), inline(about));
    }

    pub fn subheading(&mut self, title: &str) {
        let _ = writeln!(self.0, ".SS {}", quoted(title));
    }

    /// Source that somebody else wrote.
    pub fn raw(&mut self, source: &str) {
        self.0.push_str(source);
    }

    /// A paragraph; `…` in backticks is what people type.
    pub fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.0, ".PP\n{}", inline(text));
    }

    /// Text right below a heading, which needs no paragraph.
    pub fn text(&mut self, text: &str) {
        let _ = writeln!(self.0, "{}", inline(text));
    }

    /// A term in bold and what it means.
    pub fn entry(&mut self, term: &str, text: &str) {
        let _ = writeln!(self.0, ".TP\n\\fB{}\\fR\n{}", escaped(term), inline(text));
    }

    /// Another page and what it is about.
    pub fn reference(&mut self, name: &str, section: u8, text: &str) {
        let _ = writeln!(self.0, ".TP\n.BR {} ({section})\n{}", escaped(name), inline(text));
    }

    /// A line that begins anew below an entry's text.
    pub fn below(&mut self, text: &str) {
        let _ = writeln!(self.0, ".br\n{}", inline(text));
    }

    /// Lines as they are.
    pub fn verbatim(&mut self, text: &str) {
        self.0.push_str(".RS 4\n.nf\n");
        for line in text.lines() {
            let _ = writeln!(self.0, "{}", escaped(line));
        }
        self.0.push_str(".fi\n.RE\n");
    }

    pub fn see_also(&mut self, pages: &[(String, u8)]) {
        self.heading("See also");
        let last = pages.len().saturating_sub(1);
        for (index, (name, section)) in pages.iter().enumerate() {
            let comma = if index == last { "" } else { "," };
            let _ = writeln!(self.0, ".BR {} ({section}){comma}", escaped(name));
        }
    }

    pub fn finish(self) -> String {
        self.0
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text).replace('"', "\\(dq"))
}

/// Safe as text and as an argument: no escape, no request at the beginning of a line, hyphens that can be copied.
pub fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('–', "\\(en").replace('…', "\\&...");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

/// What stands in backticks in bold.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("\\fB{}\\fR", escaped(part)) } else { escaped(part) })
        .collect()
}
