//! The words of `stellar lint`.

use std::time::Duration;

use clap::{Args, ValueHint};

use super::sections::{self, help};
use super::values::pause;

/// Judge a page of metrics: names, types, labels, growth
///
/// Says what a Prometheus would refuse or misread, what will mislead whoever asks questions of it, and which customs are
/// not kept; each finding with its rule, metric and line and what to do. `promtool check metrics` agrees where it has a
/// rule. A URL is looked at twice, so that counters that fall and families that grow are found, too. Nothing is stored.
#[derive(Debug, Args)]
#[command(after_help = help(sections::LINT_SHORT), after_long_help = help(sections::of("lint")))]
pub struct Lint {
    /// URLs or files of pages; `-` is standard input
    ///
    /// What begins with http:// or https:// is asked, without a path for /metrics; all else is a file, plain or
    /// compressed by gzip. A URL of a configured target is asked with its login, certificates and proxy.
    #[arg(value_name = "URL|FILE", value_hint = ValueHint::AnyPath, required_unless_present = "list_rules")]
    pub pages: Vec<String>,

    /// The files are looks at one page, the oldest first
    ///
    /// Else each file is a page of its own.
    #[arg(long)]
    pub growth: bool,

    /// Time between the two looks at a URL; 0 looks once
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, default_value = "5s", value_parser = pause)]
    pub wait: Duration,

    /// Leave out this rule (can be given more than once)
    #[arg(long, value_name = "RULE", value_hint = ValueHint::Other)]
    pub ignore: Vec<String>,

    /// Show every finding, not the first five of each rule
    #[arg(long)]
    pub all: bool,

    /// Print JSON: every finding, and what was answered
    #[arg(long)]
    pub json: bool,

    /// Print every rule and what it finds, and do nothing else
    #[arg(long, conflicts_with_all = ["pages", "growth", "ignore", "all"])]
    pub list_rules: bool,
}
