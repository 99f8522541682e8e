//! `stellar completions`: what a shell needs to complete the words of the command line.

use anyhow::Result;
use clap::CommandFactory;

use super::print;
use crate::cli::{Cli, Completions};
use crate::failure::Exit;

pub fn run(arguments: &Completions) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "stellar", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
