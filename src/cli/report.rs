//! The words of `stellar report`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};

use super::Screen;
use super::sections::{self, help};

const VIEWS: &str = "Views (the overview without one)";
const SELECTION: &str = "Selection";
const FORMS: &str = "Forms";

/// Show what is stored: one line a target, worst first
///
/// Reads the database and judges it by the rules of `stellar rules list`; nothing is fetched, nothing is written. The lines
/// underneath say why a target is not OK.
#[derive(Debug, Args)]
#[command(after_help = help(&[&sections::REPORT_EXIT_CODES]), after_long_help = help(sections::of("report")))]
#[command(group = ArgGroup::new("view").args(["nodes", "batchsql", "daily", "gaps", "alerts", "runs", "metrics"]))]
#[command(group = ArgGroup::new("form").args(["json", "jsonl", "csv", "markdown", "html", "svg"]))]
pub struct Report {
    /// This cluster (can be given more than once); alone, all of it over time
    ///
    /// Its metrics, its nodes, its alerts.
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Vec<String>,

    /// Only this application (can be given more than once)
    ///
    /// With --batchsql, --metrics, --gaps or --alerts.
    #[arg(long, hide_short_help = true, value_name = "NAME", value_hint = ValueHint::Other)]
    pub application: Vec<String>,

    /// Every node: role, version, start, load, last seen
    #[arg(long, help_heading = VIEWS)]
    pub nodes: bool,

    /// BatchSQL applications: one line a database, table and test
    #[arg(long, help_heading = VIEWS, conflicts_with = "cluster")]
    pub batchsql: bool,

    /// One line a day, today so far included
    #[arg(long, help_heading = VIEWS)]
    pub daily: bool,

    /// What is missing, how long, and why
    #[arg(long, help_heading = VIEWS)]
    pub gaps: bool,

    /// What fired, when, for how long, and why
    #[arg(long, help_heading = VIEWS)]
    pub alerts: bool,

    /// How the collecting itself is doing
    #[arg(long, help_heading = VIEWS)]
    pub runs: bool,

    /// Every metric with its newest value, or why it has none
    ///
    /// Of an application also the generation of metrics that it exports.
    #[arg(long, help_heading = VIEWS)]
    pub metrics: bool,

    /// From this moment on: 24h (ago), yesterday, 2026-11-21 14:00
    ///
    /// Also RFC 3339 and `@unix`. Left out: a day before the end, for --gaps, --alerts and --daily a week.
    #[arg(long, help_heading = SELECTION, value_name = "MOMENT", value_hint = ValueHint::Other, allow_hyphen_values = true, aliases = ["start", "begin"])]
    pub since: Option<String>,

    /// Up to this moment; else now
    #[arg(long, help_heading = SELECTION, value_name = "MOMENT", value_hint = ValueHint::Other, allow_hyphen_values = true, alias = "end")]
    pub until: Option<String>,

    /// One line for each such time instead of figures over all of it: 5m, 1h
    ///
    /// With --cluster or --runs. Averages by time; what was not measured is empty.
    #[arg(long, hide_short_help = true, help_heading = SELECTION, value_name = "TIME", value_hint = ValueHint::Other)]
    pub step: Option<String>,

    /// Only these metrics; `*` and `?` stand for letters
    ///
    /// Can be given more than once. With --cluster or --daily.
    #[arg(long, help_heading = SELECTION, value_name = "NAME|GLOB", value_hint = ValueHint::Other)]
    pub metric: Vec<String>,

    /// Only metrics of this category, such as query_performance (can be given more than once)
    #[arg(long, hide_short_help = true, help_heading = SELECTION, value_name = "NAME|GLOB", value_hint = ValueHint::Other)]
    pub category: Vec<String>,

    /// At most this many lines
    #[arg(long, hide_short_help = true, help_heading = SELECTION, value_name = "NUMBER")]
    pub limit: Option<usize>,

    /// In the order of this column, by its title or its key in JSON; with a minus the greatest first
    #[arg(long, hide_short_help = true, help_heading = SELECTION, value_name = "[-]COLUMN", value_hint = ValueHint::Other, allow_hyphen_values = true)]
    pub sort: Option<String>,

    /// Times in UTC instead of the configured zone
    #[arg(long, hide_short_help = true, help_heading = SELECTION, conflicts_with = "tz")]
    pub utc: bool,

    /// Times in this zone, such as Asia/Shanghai
    #[arg(long, hide_short_help = true, help_heading = SELECTION, value_name = "ZONE", value_hint = ValueHint::Other)]
    pub tz: Option<String>,

    /// One document: base units, null for what was not measured
    #[arg(long, help_heading = FORMS)]
    pub json: bool,

    /// One JSON object a line of the tables
    #[arg(long, hide_short_help = true, help_heading = FORMS)]
    pub jsonl: bool,

    /// The first table, for a spreadsheet
    ///
    /// As RFC 4180 has it: base units, empty for what was not measured.
    #[arg(long, help_heading = FORMS)]
    pub csv: bool,

    /// Tables for a ticket or a wiki
    #[arg(long, hide_short_help = true, help_heading = FORMS)]
    pub markdown: bool,

    /// One page with charts, for a browser; it needs nothing else
    ///
    /// An overview and a section a target. Replaced as a whole, so that a web server may hand it out while a timer writes it;
    /// `-` is standard output.
    #[arg(long, help_heading = FORMS, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "watch")]
    pub html: Option<PathBuf>,

    /// One chart of one --metric, a line a cluster; `-` is standard output
    #[arg(long, hide_short_help = true, help_heading = FORMS, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "watch")]
    pub svg: Option<PathBuf>,

    /// Exit code 1 when there is nothing to show
    #[arg(long, hide_short_help = true, help_heading = FORMS)]
    pub fail_empty: bool,

    #[command(flatten, next_help_heading = FORMS)]
    pub screen: Screen,
}
