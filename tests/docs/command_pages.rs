//! One manual page a command: name, synopsis and flags from clap, the rest from the sections that help prints too.

use super::roff::Page;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io::{self, Write};
use stellar::cli::{Cli, sections};

/// File name and text of every page.
pub fn all() -> Vec<(String, String)> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    walk(&program, "", &mut pages);
    pages
}

fn walk(command: &Command, path: &str, pages: &mut Vec<(String, String)>) {
    pages.push((format!("{}.1", name(command)), page(command, path)));
    for inner in command.get_subcommands() {
        walk(inner, format!("{path} {}", inner.get_name()).trim_start(), pages);
    }
}

/// `stellar-config-check`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command, path: &str) -> String {
    let man = Man::new(command.clone());
    let mut page = Page::new(name(command), 1, "stellar manual");
    for part in [Man::render_name_section, Man::render_synopsis_section] {
        page.raw(&source(&man, part));
    }
    page.heading("Description");
    let description = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut paragraphs = description.split("\n\n").filter(|text| !text.is_empty());
    page.text(&ended(paragraphs.next().unwrap_or_default()));
    paragraphs.for_each(|text| page.paragraph(&ended(text)));
    if command.has_subcommands() {
        page.heading("Commands");
        for inner in command.get_subcommands() {
            let about = inner.get_about().map(ToString::to_string).unwrap_or_default();
            page.reference(name(inner), 1, &about);
        }
    }
    page.raw(&source(&man, Man::render_options_section));
    for section in sections::of(path) {
        page.heading(match section.title {
            "Exit codes" => "Exit status",
            title => title,
        });
        for (term, text) in section.entries {
            page.entry(term, text);
        }
    }
    let all = ["", "collect-once", "completions", "config", "query", "report"].map(|other| format!("stellar-{other}"));
    let mut others: Vec<(String, u8)> = all.iter().map(|name| (name.trim_end_matches('-').to_owned(), 1)).collect();
    others.extend(command.get_subcommands().filter(|_| !path.is_empty()).map(|inner| (name(inner).to_owned(), 1)));
    others.retain(|(other, _)| other != name(command));
    others.sort();
    others.push(("stellar.toml".to_owned(), 5));
    page.see_also(&others);
    page.finish()
}

/// A heading in help has no stop at its end; a paragraph has.
fn ended(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

fn source(man: &Man, part: fn(&Man, &mut dyn Write) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    part(man, &mut bytes).expect("memory takes everything");
    let text = String::from_utf8(bytes).expect("roff is text");
    // Apostrophes rely on a preamble that only a whole page of clap_mangen has; empty lines are paragraphs.
    let lines = text.lines().filter(|line| !line.starts_with(".ie ") && !line.starts_with(".el "));
    let shown =
        |line: &str| if line.is_empty() { ".sp".to_owned() } else { line.trim_end().replace("\\*(Aq", "\\(aq") };
    lines.map(|line| shown(line) + "\n").collect()
}
