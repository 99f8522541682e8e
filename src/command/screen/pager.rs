//! What is taller than the screen goes through the person's pager.

use std::io::{self, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGQUIT};
use signal_hook::low_level::unregister;

use super::super::{World, print};
use super::{is_screen, paint, size};

const PAGER: &str = "less";

/// What a shell says of a program that it cannot run.
const NOT_RUN: [i32; 2] = [126, 127];

/// Letters that make a pager a line for the shell, such as `less -S`.
const OF_THE_SHELL: &[char] =
    &['|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', ' ', '\t', '\n', '*', '?', '[', '#', '~', '=', '%'];

/// Prints the text, through $PAGER when it does not fit on the terminal. A pager that cannot be started is none.
pub fn paged(text: &str, world: &World, no_pager: bool) -> Result<()> {
    match pager(text, world, no_pager) {
        Some(pager) if through(&pager, text, world) => Ok(()),
        _ => print(text),
    }
}

/// The pager to use, if one is needed and wanted.
fn pager(text: &str, world: &World, no_pager: bool) -> Option<String> {
    if no_pager || !is_screen(world) {
        return None;
    }
    let size = size(world)?;
    let rows: usize = text.lines().map(|line| paint::width(line).div_ceil(size.columns).max(1)).sum();
    // The shell's prompt needs the last row.
    if rows < size.rows {
        return None;
    }
    let pager = (world.environment)("PAGER").unwrap_or_else(|| PAGER.to_owned());
    let pager = pager.trim();
    (!pager.is_empty() && pager != "cat").then(|| pager.to_owned())
}

/// Whether the pager took the text.
fn through(pager: &str, text: &str, world: &World) -> bool {
    let mut command = match pager.contains(OF_THE_SHELL) {
        true => {
            let mut shell = Command::new("sh");
            shell.args(["-c", pager]);
            shell
        }
        false => Command::new(pager),
    };
    let unset = |name: &str| (world.environment)(name).is_none();
    // It ends by itself when all fits, shows colours, and leaves the text on the screen.
    if unset("LESS") {
        command.env("LESS", "FRX");
    }
    // What it reads is UTF-8 in every locale.
    if unset("LESSCHARSET") {
        command.env("LESSCHARSET", "utf-8");
    }
    // Ctrl-C in a pager is the pager's: if it ended us, the shell and the pager would both read the keys.
    let ignored: Vec<_> = [SIGINT, SIGQUIT]
        .into_iter()
        .filter_map(|signal| signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false))).ok())
        .collect();
    let ended = command.stdin(Stdio::piped()).spawn().and_then(|child| fed(child, text));
    ignored.into_iter().for_each(|one| {
        unregister(one);
    });
    // How a pager ends says nothing about the report.
    ended.is_ok_and(|status| !status.code().is_some_and(|code| NOT_RUN.contains(&code)))
}

fn fed(mut child: Child, text: &str) -> io::Result<ExitStatus> {
    if let Some(mut input) = child.stdin.take() {
        // Who quits before the end has seen enough.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait()
}
