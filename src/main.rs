//! The program: reads the command line, starts the log, runs one command, says why it failed, sets the exit code.

use std::process::ExitCode;

use clap::Parser;
use stellar::cli::Cli;
use stellar::command::{self, World};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return command::misread(&error),
    };
    let world = World::of_this_process(&cli.global);
    command::start_log(&cli.global, &world);
    match command::run(&cli, &world) {
        Ok(exit) => exit.into(),
        Err(error) => command::explain(&error, &world).into(),
    }
}
