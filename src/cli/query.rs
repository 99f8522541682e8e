//! The words of `stellar query`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::sections::{self, help};

/// Evaluate PromQL over what is stored, or over a file of samples
///
/// Every metric is recorded as `stellar_NAME{cluster}`, those of nodes as `stellar_node_NAME{cluster, node, instance,
/// role}`, those of applications as `NAME{application, environment, database, table, test_name}`; `stellar config
/// metrics` tells the names. Answers are those of Prometheus 3, with a snapshot for a scrape: what
/// was not measured is absent, so the series of a target that does not answer end there; what is not collected any more is
/// present for 5 minutes or two intervals, whichever is longer. Ranges exclude the sample at their very beginning. A range
/// alone, as `stellar_queries[5m]`, gives its samples. `[$__interval]` is for metrics of the configuration.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("query")))]
pub struct Query {
    /// The expression; it may begin with a minus
    #[arg(value_name = "EXPR", value_hint = ValueHint::Other, allow_hyphen_values = true, value_parser = expression)]
    pub expression: String,

    /// What a shell made of an expression without quotes, for a better answer than that it is one too many.
    #[arg(hide = true, value_name = "EXPR")]
    pub further: Vec<String>,

    /// A text file instead of the database; `-` is standard input
    ///
    /// With timestamps: many scrapes in one file, plain or compressed by gzip; no database and no configuration is needed. A series is
    /// present for 5 minutes after its last sample; of two samples of one series and time the first counts. Every sample has the time of its scrape behind the value. With a line `# EOF` anywhere in the file it is
    /// OpenMetrics and the times are seconds, else they are milliseconds. `promtool tsdb dump-openmetrics` writes such
    /// files; names in quotes, as in the lines of `promtool tsdb dump`, are not read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub openmetrics: Option<PathBuf>,

    /// At this moment, instead of now
    ///
    /// In a file at its newest sample. Moments are `now`, `today`, `yesterday 14:00`, `90m` (ago; also `-90m`, `2 days ago`, `1d12h`), `2026-11-21`,
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

    /// Up to this moment and including it, instead of now
    ///
    /// In a file up to its newest sample. A time of day alone is the next one after --since: `--since 22:00 --until 06:00` is a night.
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

    /// Draw it as a chart, a line a series; `-` is standard output
    ///
    /// With --since. The unit is that of the first metric that the expression reads.
    #[arg(long, hide_short_help = true, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "since", conflicts_with_all = ["json", "csv"])]
    pub svg: Option<PathBuf>,

    /// Print CSV: a column a label, time and value
    ///
    /// By RFC 4180, so lines end in CR LF. The column of a label `time` or `value` is called `label.time`, `label.value`.
    #[arg(long)]
    pub csv: bool,

    /// Times in UTC instead of the configured zone
    ///
    /// For a file instead of the system's zone.
    #[arg(long, conflicts_with = "tz")]
    pub utc: bool,

    /// Times in this zone (Asia/Shanghai)
    #[arg(long, value_name = "ZONE", value_hint = ValueHint::Other)]
    pub tz: Option<String>,
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
