//! The words people type: clap types and nothing else. Help, man pages and errors about flags come from here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::settings::durations::{Grammar, INTERVAL, RETENTION, Refused, WAIT};
use crate::settings::sizes::DATABASE_SIZE;

pub mod sections;

use sections::help;

/// The heading of the flags that every command has.
const EVERYWHERE: &str = "Options of every command";

#[derive(Debug, Parser)]
#[command(
    name = "stellar",
    version,
    about = "Keep the health and performance history of StarRocks clusters in one SQLite file",
    long_about = "Keep the health and performance history of StarRocks clusters in one SQLite file.\n\n\
                  Fetches every endpoint of every cluster at once, turns the pages into one row per cluster and one per \
                  node with more than 100 metrics, stores them and shows them. There is no server and no daemon: a \
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
    Backup(Backup),
    Restore(Restore),
    Doctor(Doctor),
    Systemd(Systemd),
    Config(Config),
    Completions(Completions),
}

/// Fetch every endpoint of every cluster once and store the rows
///
/// Asks all frontends of all clusters at once, then the backends and compute nodes they name, evaluates the metrics and
/// stores one row a cluster and one a node in one transaction. What does not answer costs nothing but its own values:
/// they are NULL, and the report says why. On a terminal it prints one line a cluster; from a timer it is silent unless
/// something failed.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("collect-once")))]
pub struct CollectOnce {
    /// Only this cluster (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Vec<String>,

    /// Leave out clusters that are not due yet (for timers)
    ///
    /// A slot of an interval is never stored twice, and a cluster that fails is tried less and less often, up to every
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

/// Fold finished days into one row a cluster and one a node
///
/// Without arguments: every finished day that has snapshots and no row yet, however many there are; a day to which
/// snapshots came later, or of which the catalogue asks for more, is made anew while all its snapshots are there. The
/// running day is never stored. Days begin and end in [metrics] timezone.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("aggregate-daily")))]
pub struct AggregateDaily {
    /// Only this day: 2026-11-21, yesterday
    #[arg(long, value_name = "DAY", conflicts_with_all = ["since", "until"])]
    pub day: Option<String>,

    /// From this day on
    #[arg(long, value_name = "DAY")]
    pub since: Option<String>,

    /// Up to this day, which is meant too
    #[arg(long, value_name = "DAY")]
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

    /// Wait up to TIME (20s) for another run to end
    ///
    /// Without it a second run ends at once with exit code 5.
    #[arg(long, value_name = "TIME", value_parser = wait)]
    pub wait: Option<Duration>,
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
    #[arg(long, value_name = "TIME", value_parser = retention)]
    pub retention: Option<Duration>,

    /// How long days are kept (730d, off), instead of [metrics] daily_retention_days
    #[arg(long, value_name = "TIME", value_parser = daily_retention)]
    pub daily_retention: Option<Limit<Duration>>,

    /// How large the file may be (10GB, off), instead of [metrics] max_size
    #[arg(long, value_name = "SIZE", value_parser = max_size)]
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

    /// Wait up to TIME (20s) for another run to end
    ///
    /// Without it a second run ends at once with exit code 5.
    #[arg(long, value_name = "TIME", value_parser = wait)]
    pub wait: Option<Duration>,
}

/// A limit that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit<T>(pub Option<T>);

/// Show what is stored: one line a cluster, worst first
///
/// Reads the newest rows of the database and judges them; nothing is fetched. The lines underneath say why a cluster is
/// not OK. With --cluster every metric and every node is shown.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("report")))]
pub struct Report {
    /// This cluster in full (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Vec<String>,

    /// What is missing, how long, and why
    #[arg(long)]
    pub gaps: bool,

    /// From this moment on: 24h (ago), yesterday, 2026-11-21 14:00; for --gaps, else a week before the end
    #[arg(long, value_name = "MOMENT", requires = "gaps")]
    pub since: Option<String>,

    /// Up to this moment; for --gaps, else now
    #[arg(long, value_name = "MOMENT", requires = "gaps")]
    pub until: Option<String>,

    /// Print JSON: base units, null for what was not measured
    #[arg(long)]
    pub json: bool,

    /// Times in UTC instead of the configured zone
    #[arg(long)]
    pub utc: bool,
}

/// Evaluate PromQL over a file of samples
///
/// Reads a text file with timestamps, many scrapes in one file, plain or compressed by gzip; no database and no
/// configuration is needed. Answers are those of Prometheus 3: a series counts as present for 5 minutes after its last
/// sample, ranges exclude the sample at their very beginning. Of two samples of one series and time the first counts.
/// A range alone, as `up[5m]`, gives its samples. `[$__interval]` is for metrics of the configuration: a file has none.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("query")))]
pub struct Query {
    /// The expression; it may begin with a minus
    #[arg(value_name = "EXPR", value_hint = ValueHint::Other, allow_hyphen_values = true, value_parser = expression)]
    pub expression: String,

    /// What a shell made of an expression without quotes, for a better answer than that it is one too many.
    #[arg(hide = true, value_name = "EXPR")]
    pub further: Vec<String>,

    /// The file; `-` is standard input
    ///
    /// Every sample has the time of its scrape behind the value. With a line `# EOF` anywhere in the file it is
    /// OpenMetrics and the times are seconds, else they are milliseconds. `promtool tsdb dump-openmetrics` writes such
    /// files; names in quotes, as in the lines of `promtool tsdb dump`, are not read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub openmetrics: PathBuf,

    /// At this moment, instead of that of the newest sample
    ///
    /// Moments are `now`, `today`, `yesterday 14:00`, `90m` (ago; also `-90m`, `2 days ago`, `1d12h`), `2026-11-21`,
    /// `2026-11-21 14:00:05`, `14:00` (the last such moment), `2026-11-21T14:00:05+08:00` and `@1795313000.5`.
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub time: Option<String>,

    /// From this moment on, one value a step
    ///
    /// An age (`1h`) is shortened by less than a step, so that the last value is that of the end.
    #[arg(
        long,
        value_name = "TIME", value_hint = ValueHint::Other,
        allow_hyphen_values = true,
        conflicts_with = "time",
        aliases = ["start", "begin"]
    )]
    pub since: Option<String>,

    /// Up to this moment and including it, instead of the newest sample
    ///
    /// A time of day alone is the next one after --since: `--since 22:00 --until 06:00` is a night.
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, allow_hyphen_values = true, requires = "since", alias = "end")]
    pub until: Option<String>,

    /// Time between two values (15s, 5m), instead of about a sixtieth of the range
    ///
    /// A series has 11,000 values at most, as in Prometheus.
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, requires = "since")]
    pub step: Option<String>,

    /// Print JSON: the `data` object of Prometheus's HTTP API
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,

    /// Print CSV: a column a label, time and value
    ///
    /// By RFC 4180, so lines end in CR LF. The column of a label `time` or `value` is called `label.time`, `label.value`.
    #[arg(long)]
    pub csv: bool,

    /// Times in UTC instead of the system's zone
    #[arg(long, conflicts_with = "tz")]
    pub utc: bool,

    /// Times in this zone (Asia/Shanghai)
    #[arg(long, value_name = "ZONE", value_hint = ValueHint::Other)]
    pub tz: Option<String>,
}

/// Copy the database into a file while collections go on
///
/// The copy is of one moment, is compared with the database (integrity, schema, rows of every table) and appears under its
/// name when it is whole: one file of mode 0640 that stands for itself. Nobody waits for it, and it needs no right to write
/// to the database; with that right the database notes when it was made, for `stellar doctor`.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("backup")))]
pub struct Backup {
    /// The file to make
    #[arg(value_name = "FILE")]
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
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,

    /// Wait up to TIME (1m) for running commands to end
    #[arg(long, value_name = "TIME", value_parser = wait)]
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
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub interval: Option<Duration>,
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

/// The library says what its parser of numbers says.
fn jobs(text: &str) -> Result<u16, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=4096).contains(jobs));
    jobs.ok_or_else(|| "it is a whole number from 1 to 4096".to_owned())
}

/// A minus may begin an expression, so a flag that is mistyped before it would be taken for one.
fn expression(text: &str) -> Result<String, String> {
    let name = text.strip_prefix("--").map(|rest| rest.split_once('=').map_or(rest, |(name, _)| name));
    let is_flag = |name: &str| name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    match name.filter(|name| is_flag(name)) {
        Some(_) => Err(format!("there is no such flag; if it is an expression, write `({text})`")),
        None => Ok(text.to_owned()),
    }
}

/// The grammar of durations is the configuration's.
fn wait(text: &str) -> Result<Duration, String> {
    duration(&WAIT, text)
}

fn interval(text: &str) -> Result<Duration, String> {
    duration(&INTERVAL, text)
}

fn retention(text: &str) -> Result<Duration, String> {
    duration(&RETENTION, text)
}

fn daily_retention(text: &str) -> Result<Limit<Duration>, String> {
    or_off(text, |text| duration(&RETENTION, text))
}

fn max_size(text: &str) -> Result<Limit<u64>, String> {
    or_off(text, |text| DATABASE_SIZE.parse(text).map_err(told))
}

fn or_off<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Limit<T>, String> {
    if text == "off" { Ok(Limit(None)) } else { parse(text).map(|limit| Limit(Some(limit))) }
}

/// The grammar of durations is the configuration's.
fn duration(grammar: &Grammar, text: &str) -> Result<Duration, String> {
    grammar.parse(text).map_err(told)
}

fn told(refused: Refused) -> String {
    // The flag's message has the value already.
    let why = refused.message.split_once("; ").map_or(refused.message.as_str(), |(_, why)| why);
    format!("{why}; {}", refused.hint)
}
