//! One manual page a command: name, synopsis and flags from clap, the rest from the sections that help prints too.

use super::roff::{Page, escaped};
use clap::{Arg, ArgAction, Command, CommandFactory};
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
    page.raw(&source(&man, Man::render_name_section));
    page.heading("Synopsis");
    page.raw(&synopsis(command));
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

/// What is needed first, then the command's own flags as help lists them, then the arguments. The flags of every command
/// have a section of their own. (The library leaves out the values of flags.)
fn synopsis(command: &Command) -> String {
    let bold = |text: &str| format!("\\fB{}\\fR", escaped(text));
    let italic = |text: &str| format!("\\fI{}\\fR", escaped(text));
    let flag = |arg: &Arg| {
        let long = arg.get_long().map(|long| bold(&format!("--{long}")));
        let names = [arg.get_short().map(|short| bold(&format!("-{short}"))), long];
        let names = names.into_iter().flatten().collect::<Vec<_>>().join("|");
        let value = arg.get_value_names().filter(|_| arg.get_action().takes_values()).and_then(|names| names.first());
        let shown = value.map_or(names.clone(), |value| format!("{names} {}", italic(value)));
        let again = if matches!(arg.get_action(), ArgAction::Append) { "..." } else { "" };
        if arg.is_required_set() { shown } else { format!("[{shown}]{again}") }
    };
    let own = |arg: &&Arg| {
        !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str()) && arg.get_help_heading().is_none()
    };
    let (needed, others): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(own).filter(|arg| !arg.is_positional()).partition(|arg| arg.is_required_set());
    let flags = needed.into_iter().chain(others).map(flag);
    let arguments = command
        .get_positionals()
        .filter(own)
        .map(|arg| italic(arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name)));
    let inner = command.has_subcommands().then(|| italic("COMMAND"));
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let parts = [bold(name)].into_iter().chain(flags).chain(["[\\fIOPTION\\fR...]".to_owned()]);
    parts.chain(arguments).chain(inner).collect::<Vec<_>>().join("\n") + "\n"
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
