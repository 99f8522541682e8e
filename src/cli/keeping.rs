//! The words of the commands that keep a history as it should be: days, size, copies, health, timers.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::sections::{self, help};
use super::values::{daily_retention, interval, max_size, retention, wait};

/// What a command does while another one of its kind runs.
#[derive(Debug, Args)]
pub struct Turn {
    /// Wait up to TIME (20s) for another run to end
    ///
    /// Without it a second run ends at once with exit code 5.
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = wait)]
    pub wait: Option<Duration>,
}

/// Fold finished days into one row a target and one a node or label set
///
/// Without arguments: every finished day that has snapshots and no row yet, however many there are; a day to which
/// snapshots came later, or of which the catalogue asks for more, is made anew while all its snapshots are there. The
/// running day is never stored. Days begin and end in [metrics] timezone.
///
/// Label sets of an application under which nothing ran all day get no row, and snapshots in which one idled do not count,
/// unless `include_idle` was set when they were collected. While an application has ended nothing is expected of it.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("aggregate-daily")))]
pub struct AggregateDaily {
    /// Only this day: 2026-11-21, yesterday
    #[arg(long, value_name = "DAY", value_hint = ValueHint::Other, allow_hyphen_values = true, conflicts_with_all = ["since", "until"])]
    pub day: Option<String>,

    /// From this day on
    #[arg(long, value_name = "DAY", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub since: Option<String>,

    /// Up to this day, which is meant too
    #[arg(long, value_name = "DAY", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub until: Option<String>,

    /// Also days that have their row
    #[arg(long)]
    pub recompute: bool,

    /// Say what would be stored, store nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub turn: Turn,
}

/// Remove what is older than its retention
///
/// Says what it keeps, removes and holds, and why. Snapshots of a day that is not aggregated yet are held, whatever their age;
/// --aggregate aggregates them first. Of a file that is larger than its limit the oldest days of snapshots go before their time.
/// Everything is removed in small transactions, so that a collection never waits more than a moment.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("cleanup")))]
pub struct Cleanup {
    /// How long snapshots are kept (7, 2w), instead of [metrics] retention_days
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = retention)]
    pub retention: Option<Duration>,

    /// How long days are kept (730d, off), instead of [metrics] daily_retention_days
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = daily_retention)]
    pub daily_retention: Option<Limit<Duration>>,

    /// How large the file may be (10GB, off), instead of [metrics] max_size
    #[arg(long, value_name = "SIZE", value_hint = ValueHint::Other, value_parser = max_size)]
    pub max_size: Option<Limit<u64>>,

    /// Aggregate finished days first, so that none is held
    #[arg(long)]
    pub aggregate: bool,

    /// Write the whole file anew afterwards, without free pages
    ///
    /// Nothing else can be stored meanwhile, and it needs free space of about twice the file.
    #[arg(long)]
    pub vacuum: bool,

    /// Also when the clock is more than a day ahead of the snapshots
    #[arg(long)]
    pub force: bool,

    /// Say what would be removed, remove nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub turn: Turn,
}

/// A limit that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

/// Copy the database into a file while collections go on
///
/// The copy is of one moment, is compared with the database (integrity, schema, rows of every table) and appears under its
/// name when it is whole: one file of mode 0640 that stands for itself. Nobody waits for it, and it needs no right to write
/// to the database; with that right the database notes when it was made, for `stellar doctor`.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("backup")))]
pub struct Backup {
    /// The file to make
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Replace FILE when it is there, once the new one is whole
    #[arg(long)]
    pub force: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Put a backup in the place of the database, which is kept beside it
///
/// FILE is checked first: a damaged one, one of another program and one of a newer stellar are refused. Waits for running
/// commands to end and keeps new ones from starting. The replaced database stays beside the new one, with its time in its
/// name. Killed at any moment, it leaves the old database or the new one, whole.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("restore")))]
pub struct Restore {
    /// A file that `stellar backup` made
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    /// Wait up to TIME (1m) for running commands to end
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = wait)]
    pub wait: Option<Duration>,
}

/// Say what is wrong with this installation and what to do
///
/// One page: the configuration, the database and its disk, the clock, the timers, each target and the days. Asks no cluster
/// and changes nothing; works without a configuration, without a database and without the right to write. Every finding
/// ends with what to do.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("doctor")))]
pub struct Doctor {
    /// Print JSON: every check, and the figures in base units
    #[arg(long)]
    pub json: bool,
}

/// Print systemd units and cron lines for the configured interval
///
/// The units that ship, for another interval than 30 s: a calendar where the interval divides a minute, an hour or a day,
/// else a count from the run before; the time limit of a run stays below two intervals. Nothing is installed.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("systemd")))]
pub struct Systemd {
    /// For this interval (45s, 5m) instead of the configured one
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = interval)]
    pub interval: Option<Duration>,
}
