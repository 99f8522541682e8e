//! What the values of flags may be. The grammars are the configuration's.

use std::time::Duration;

use super::Limit;
use crate::settings::durations::{Grammar, INTERVAL, PAUSE, RETENTION, Refused, WAIT};
use crate::settings::sizes::DATABASE_SIZE;

/// The library says what its parser of numbers says.
pub(super) fn jobs(text: &str) -> Result<u16, String> {
    let jobs = text.parse().ok().filter(|jobs| (1..=4096).contains(jobs));
    jobs.ok_or_else(|| "it is a whole number from 1 to 4096".to_owned())
}

/// The grammar of durations is the configuration's.
pub(super) fn wait(text: &str) -> Result<Duration, String> {
    duration(&WAIT, text)
}

pub(super) fn pause(text: &str) -> Result<Duration, String> {
    duration(&PAUSE, text)
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    duration(&INTERVAL, text)
}

pub(super) fn retention(text: &str) -> Result<Duration, String> {
    duration(&RETENTION, text)
}

pub(super) fn daily_retention(text: &str) -> Result<Limit<Duration>, String> {
    or_off(text, |text| duration(&RETENTION, text))
}

pub(super) fn max_size(text: &str) -> Result<Limit<u64>, String> {
    or_off(text, |text| DATABASE_SIZE.parse(text).map_err(told))
}

pub(super) fn or_off<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Limit<T>, String> {
    if text == "off" { Ok(Limit(None)) } else { parse(text).map(|limit| Limit(Some(limit))) }
}

/// The grammar of durations is the configuration's.
pub(super) fn duration(grammar: &Grammar, text: &str) -> Result<Duration, String> {
    grammar.parse(text).map_err(told)
}

pub(super) fn told(refused: Refused) -> String {
    // The flag's message has the value already.
    let why = refused.message.split_once("; ").map_or(refused.message.as_str(), |(_, why)| why);
    format!("{why}; {}", refused.hint)
}
