//! The words people type: clap types and nothing else. Help, man pages and errors about flags come from here.

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "stellar",
    version,
    about = "Health and performance history of StarRocks clusters in one SQLite file",
    long_about = "Fetches every endpoint of every StarRocks cluster at once, turns the pages into one row per cluster and \
                  node with 100+ metrics, keeps them in one SQLite file and shows them. No server, no daemon: a systemd \
                  timer or cron runs `stellar collect-once`.",
    after_help = "Examples:\n  \
        stellar config check --probe          is the configuration right, do the endpoints answer?\n  \
        stellar collect-once                  collect now\n  \
        stellar report                        one line a cluster, worst first\n\n\
        `stellar help COMMAND` or `man stellar-COMMAND` tells more.",
    after_long_help = HELP_EPILOGUE,
    max_term_width = 100,
    disable_help_subcommand = false
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const HELP_EPILOGUE: &str = "Examples:
  stellar config check --probe          is the configuration right, do the endpoints answer?
  stellar collect-once                  collect now
  stellar report                        one line a cluster, worst first

Exit codes:
  0  done                               1  some clusters failed as a whole, the others are stored
  2  usage or configuration             3  database: cannot open, locked, newer schema, disk full
  4  every cluster failed               5  another stellar is collecting, nothing done

Files:
  the configuration is the first of     --config, $STELLAR_CONFIG, /etc/stellar/config.toml, conf/config.toml
  /var/lib/stellar/stellar.db           the history, unless [database] path or --db say otherwise

Environment:
  STELLAR_CONFIG                        the configuration file
  APP_METRICS_INTERVAL_SECS, APP_METRICS_RETENTION_DAYS, APP_METRICS_ENABLED
                                        stand above the configuration file
  STELLAR_LOG                           error, warn (default), info or debug
  STELLAR_NOW                           freezes the clock: unix seconds or RFC 3339
  NO_COLOR, CLICOLOR_FORCE              colours off, colours on";

#[derive(Debug, Args)]
pub struct Global {
    /// Configuration file
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Database file, instead of [database] path
    #[arg(long, global = true, value_name = "FILE")]
    pub db: Option<PathBuf>,

    /// Say less: errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: -v what is done, -vv every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    CollectOnce(CollectOnce),
    Report(Report),
    Config(Config),
}

/// Fetch every endpoint of every cluster once and store the rows
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        stellar collect-once                        all clusters, now\n  \
        stellar collect-once --cluster shop --json  one cluster, result as JSON\n  \
        stellar collect-once --dry-run              fetch and show, store nothing\n  \
        stellar collect-once --if-due               what the timer runs\n\n\
        Exit codes:\n  \
        0  stored, or nothing was due     1  some clusters failed as a whole (no frontend answered)\n  \
        2  usage or configuration         3  database\n  \
        4  every cluster failed           5  another collection is running")]
pub struct CollectOnce {
    /// Only this cluster (can be given more than once)
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,

    /// Honour intervals and backoff: collect only clusters whose next slot has come (for timers)
    #[arg(long)]
    pub if_due: bool,

    /// Fetch and evaluate, print the rows, store nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    /// Requests at once, instead of [collection] max_concurrency
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub jobs: Option<u16>,

    /// Wait this long for another collection to end, such as 20s
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub wait: Option<std::time::Duration>,
}

/// Show what is stored: one line a cluster, worst first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        stellar report                     all clusters, one line each, reasons underneath\n  \
        stellar report --cluster shop      every metric and node of one cluster\n  \
        stellar report --json              the same for programs\n\n\
        Exit codes:\n  \
        0  shown    2  usage or configuration    3  database\n\n\
        –  not measured    0  measured zero")]
pub struct Report {
    /// Only this cluster (can be given more than once), in full
    #[arg(long, value_name = "NAME")]
    pub cluster: Vec<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Times in UTC instead of the configured zone
    #[arg(long)]
    pub utc: bool,
}

/// Check and show the configuration
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report every fault of the configuration as file:line:column
    #[command(
        after_help = "Exit codes:\n  0  no fault\n  1  --probe found endpoints that do not answer as they should\n  2  faults"
    )]
    Check {
        /// Also ask every endpoint once; stores nothing
        #[arg(long)]
        probe: bool,
    },
    /// Print each value with where it comes from, secrets hidden
    #[command(after_help = "Exit codes:\n  0  shown\n  2  faults in the configuration")]
    Show,
    /// Print the reference of every metric, your own included, as METRICS.md is
    #[command(after_help = "Exit codes:\n  0  shown\n  2  faults in the configuration")]
    Metrics,
}
