//! Flags of the commands that show something a person looks at.

use std::time::Duration;

use clap::{Args, ValueHint};

use super::values::interval;

#[derive(Debug, Args)]
pub struct Screen {
    /// Show it anew every 15s, or every PERIOD (30s, 1m)
    ///
    /// On a terminal it is drawn in place: q quits, space pauses, r refreshes, the arrows scroll, 1, 2 and 3 are periods
    /// of 15s, 30s and 1m, and + and - a longer and a shorter one. On a pipe every period prints a report, with an empty
    /// line between two.
    #[arg(
        long,
        value_name = "PERIOD",
        value_hint = ValueHint::Other,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "15s",
        value_parser = interval
    )]
    pub watch: Option<Duration>,

    /// Signs that are ASCII; bars are _:=+*%#@ then
    ///
    /// A value that was not measured is -, a time without a sample is . then. Names keep their letters.
    #[arg(long, hide_short_help = true)]
    pub ascii: bool,

    /// Print what is taller than the terminal without a pager
    ///
    /// Else $PAGER is used, or less.
    #[arg(long, hide_short_help = true)]
    pub no_pager: bool,
}
