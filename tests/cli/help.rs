//! `-h` and `--help` of every command, whole.

use clap::{Command as Clap, CommandFactory};
use stellar::cli::Cli;

use crate::program::{Stage, ended};
use crate::snapshot;

/// `["config", "check"]` and so on, the program itself first.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &Clap, path: &[String], all: &mut Vec<Vec<String>>) {
        all.push(path.to_vec());
        for inner in command.get_subcommands() {
            walk(inner, &[path, &[inner.get_name().to_owned()]].concat(), all);
        }
    }
    let mut all = Vec::new();
    walk(&Cli::command(), &[], &mut all);
    all
}

fn shown(words: &[&str]) -> String {
    let stage = Stage::new("");
    let run = stage.ended(stage.command(0, words).output().expect("the program starts"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{words:?}");
    run.stdout
}

#[test]
fn every_command_has_short_and_long_help() {
    for command in commands() {
        let name = [&["stellar".to_owned()], command.as_slice()].concat().join("-");
        for (flag, ending) in [("-h", "short"), ("--help", "long")] {
            let words: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
            let text = shown(&words);
            snapshot::is(&format!("help/{name}.{ending}.txt"), &text);
            let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100).collect();
            assert_eq!(wide, [""; 0], "{name} {flag}");
        }
    }
}

#[test]
fn every_help_of_a_command_ends_with_its_exit_codes() {
    for command in commands().into_iter().filter(|command| !command.is_empty()) {
        for flag in ["-h", "--help"] {
            let words: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
            let text = shown(&words);
            let last = text.rsplit("\n\n").next().expect("a last part");
            assert!(last.starts_with("Exit codes:\n  0  "), "{command:?} {flag}: {last}");
        }
    }
}

#[test]
fn no_short_help_is_longer_than_a_screen_of_40_lines() {
    for command in commands() {
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["-h"]).collect();
        let lines = shown(&words).lines().count();
        assert!(lines <= 40, "{command:?}: {lines} lines");
    }
}

#[test]
fn a_wrong_word_is_answered_with_the_right_one() {
    let stage = Stage::new("");
    let expected = "error: unrecognized subcommand 'agregate-daily'\n\n  tip: a similar subcommand exists: 'aggregate-daily'\n\n\
                    Usage: stellar [OPTIONS] <COMMAND>\n\nFor more information, try '--help'.\n";
    assert_eq!(stage.run(0, &["agregate-daily"]), ended(2, "", expected));
}

#[test]
fn a_time_that_is_none_is_refused_by_the_grammar_of_the_configuration() {
    let stage = Stage::new("");
    let expected = "error: invalid value '5x' for '--wait <TIME>': the unit `x` is unknown; units are ms, s, m, h, d, w\n\n\
                    For more information, try '--help'.\n";
    assert_eq!(stage.run(0, &["collect-once", "--wait", "5x"]), ended(2, "", expected));
}
