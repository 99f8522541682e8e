//! The words of `stellar rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::sections::{self, help};

/// Check, test and list the alerting rules
///
/// Rules ship with stellar, `[[rule]]` of the configuration changes them and adds others, and `rule_files` names files of
/// rules: Prometheus's as they are, or files of [[rule]].
#[derive(Debug, Args)]
#[command(
    after_help = help(sections::of("rules")),
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands",
    subcommand_value_name = "COMMAND"
)]
pub struct Rules {
    #[command(subcommand)]
    pub command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Find what is wrong with rules, and what they cannot do here
    ///
    /// Each finding with its rule, file, line and column, and what to write instead: expressions that do not parse,
    /// templates with unknown functions, metrics that nothing records, labels that are never there, rules that divide by
    /// zero or read their own alerts, recording rules, which are not evaluated. A rule that is wrong hides no other.
    #[command(after_help = help(sections::of("rules check")))]
    Check {
        /// Files of rules; without any, the rules in use
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,

        /// Print the findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Run unit tests of rules, in the format of promtool
    ///
    /// Series in, the alerts that have to fire and the values of expressions out; with promtool's verdicts. A file that
    /// names no rule_files tests the rules that ship.
    #[command(after_help = help(sections::of("rules test")))]
    Test {
        /// Files of unit tests
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
        files: Vec<PathBuf>,

        /// Print the outcome as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every rule: whether it is on, how bad, how patient, where from
    #[command(after_help = help(sections::of("rules list")))]
    List {
        /// Print the rules as JSON, with labels and annotations
        #[arg(long)]
        json: bool,
    },
}
