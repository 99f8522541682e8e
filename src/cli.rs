//! The words people type: clap types and nothing else. Help, man pages and errors about flags come from here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

mod alerting;
mod keeping;
mod lint;
mod query;
mod report;
mod rules;
mod screen;
pub mod sections;
mod values;

pub use alerting::{Check, Mute};
pub use keeping::{AggregateDaily, Backup, Cleanup, Doctor, Limit, Restore, Systemd, Turn};
pub use lint::Lint;
pub use query::Query;
pub use report::Report;
pub use rules::{Rules, RulesCommand};
pub use screen::Screen;

use sections::help;
use values::{jobs, wait};

/// The heading of the flags that every command has.
const EVERYWHERE: &str = "Options of every command";

#[derive(Debug, Parser)]
#[command(
    name = "stellar",
    version,
    about = "Keep the health and performance history of StarRocks clusters in one SQLite file",
    long_about = "Keep the health and performance history of StarRocks clusters in one SQLite file.\n\n\
                  Fetches every endpoint of every cluster at once, turns the pages into one row per cluster and one per \
                  node with more than 280 metrics, stores them and shows them. There is no server and no daemon: a \
                  systemd timer or cron runs `stellar collect-once`.",
    after_help = format!(
        "{}\n\nMore: stellar --help, stellar COMMAND --help, man stellar-COMMAND",
        help(&[&sections::EXAMPLES])
    ),
    after_long_help = format!("{}\n\nMore: stellar COMMAND --help, man stellar-COMMAND, man stellar.toml", help(sections::of(""))),
    max_term_width = 100,
    subcommand_help_heading = "Commands",
    subcommand_value_name = "COMMAND"
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file
    ///
    /// Without it the first of these is read: $STELLAR_CONFIG, /etc/stellar/config.toml, conf/config.toml.
    #[arg(short, long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = EVERYWHERE)]
    pub config: Option<PathBuf>,

    /// Database file, instead of [database] path
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = EVERYWHERE)]
    pub db: Option<PathBuf>,

    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = EVERYWHERE)]
    pub quiet: bool,

    /// Say more: -v what is done, -vv every request
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = EVERYWHERE)]
    pub verbose: u8,

    /// Colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value_t = ColorChoice::Auto,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = EVERYWHERE
    )]
    pub color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    CollectOnce(CollectOnce),
    AggregateDaily(AggregateDaily),
    Cleanup(Cleanup),
    Report(Report),
    Query(Query),
    Check(Check),
    Mute(Mute),
    Lint(Lint),
    Rules(Rules),
    Backup(Backup),
    Restore(Restore),
    Doctor(Doctor),
    Systemd(Systemd),
    Config(Config),
    Completions(Completions),
}

/// Fetch every endpoint of every target once and store the rows
///
/// Asks all frontends of all clusters and the pages of all applications at once, then the backends and compute nodes that
/// the frontends name, evaluates the metrics and stores one row a cluster, one a node, and one for each database, table
/// and test of an application, in one transaction. What does not answer costs nothing but its own values: they are NULL,
/// and the report says why. On a terminal it prints one line a target; from a timer it is silent unless something failed.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("collect-once")))]
pub struct CollectOnce {
    /// Only this cluster (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Vec<String>,

    /// Only this application (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub application: Vec<String>,

    /// Leave out targets that are not due yet (for timers)
    ///
    /// A slot of an interval is never stored twice, and a target that fails is tried less and less often, up to every
    /// tenth interval.
    #[arg(long)]
    pub if_due: bool,

    /// Afterwards aggregate finished days and clean up, within two seconds
    ///
    /// What is left then is done by the next run: one timer or one line of cron is a whole installation.
    #[arg(long, conflicts_with = "dry_run")]
    pub upkeep: bool,

    /// Fetch and evaluate, show the rows, store nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    /// Requests at once, instead of max_concurrency
    #[arg(long, value_name = "N", value_hint = ValueHint::Other, value_parser = jobs)]
    pub jobs: Option<u16>,

    /// Wait up to TIME (20s) for another collection to end
    ///
    /// Without it a second collection ends at once with exit code 5.
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = wait)]
    pub wait: Option<Duration>,
}

/// Check and show the configuration
#[derive(Debug, Args)]
#[command(
    after_help = help(sections::of("config")),
    disable_help_subcommand = true,
    subcommand_help_heading = "Commands",
    subcommand_value_name = "COMMAND"
)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Find every mistake in the configuration
    ///
    /// All of them in one go, each with file, line and column, the line itself and what to write instead; the metrics of
    /// your own are checked with the others.
    #[command(after_help = help(sections::of("config check")))]
    Check {
        /// Also ask every endpoint once; stores nothing
        #[arg(long)]
        probe: bool,
    },
    /// Print each value and where it comes from, secrets hidden
    #[command(after_help = help(sections::of("config show")))]
    Show,
    /// Print what every metric means, your own included
    ///
    /// In the form of METRICS.md: name, unit, expression, when it is NULL.
    #[command(after_help = help(sections::of("config metrics")))]
    Metrics,
}

/// Print what a shell needs to complete commands and flags
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("completions")))]
pub struct Completions {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub shell: Shell,
}
