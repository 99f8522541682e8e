//! The flags of the commands around alerts.

use std::time::Duration;

use clap::{ArgAction, Args, ValueHint};

use super::sections::{self, help};
use super::values::wait;

/// Evaluate the rules and tell who has to hear of it
///
/// Every rule is evaluated at each moment at which something was collected since the last check, and now. What is pending
/// and what fires is kept from check to check. Alerts go to the Alertmanagers and to the program of [alerting]. Prints the
/// line of a monitoring plugin and one line an alert.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("check")))]
pub struct Check {
    /// Only this rule in the answer (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub rule: Vec<String>,

    /// Only this cluster in the answer (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Vec<String>,

    /// Only this application in the answer (can be given more than once)
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    pub application: Vec<String>,

    /// What fired, when, and how long
    #[arg(long)]
    pub history: bool,

    /// With --history, from this moment on, else the last 7 days
    #[arg(long, value_name = "MOMENT", value_hint = ValueHint::Other, allow_hyphen_values = true, requires = "history", aliases = ["start", "begin"])]
    pub since: Option<String>,

    /// With --history, up to this moment, else now
    #[arg(long, value_name = "MOMENT", value_hint = ValueHint::Other, allow_hyphen_values = true, requires = "history", alias = "end")]
    pub until: Option<String>,

    /// Evaluate and print; store nothing and tell nobody
    #[arg(short = 'n', long)]
    pub dry_run: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Times in UTC instead of the configured zone
    #[arg(long)]
    pub utc: bool,

    /// Wait up to TIME (20s) for another check to end
    #[arg(long, value_name = "TIME", value_hint = ValueHint::Other, value_parser = wait)]
    pub wait: Option<Duration>,
}

/// Silence an alert for a while
///
/// It is evaluated and shown as before, and nobody is told of it. With --off an earlier silence ends at once.
#[derive(Debug, Args)]
#[command(after_help = help(sections::of("mute")))]
pub struct Mute {
    /// The name of the alert, or '*' for every one; left out, the silences that hold are listed
    #[arg(value_name = "NAME", value_hint = ValueHint::Other)]
    pub name: Option<String>,

    /// Only of this cluster or application
    #[arg(long, alias = "application", value_name = "NAME", value_hint = ValueHint::Other)]
    pub cluster: Option<String>,

    /// For how long: 30m, 2h, 1d
    #[arg(long = "for", value_name = "TIME", value_hint = ValueHint::Other, value_parser = wait)]
    pub length: Option<Duration>,

    /// Why, for others
    #[arg(long, value_name = "TEXT", value_hint = ValueHint::Other)]
    pub comment: Option<String>,

    /// End the silence
    #[arg(long, action = ArgAction::SetTrue, conflicts_with = "length")]
    pub off: bool,
}
