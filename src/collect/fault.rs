//! Why there is no answer: the faults of a fetch, in words that tell an operator what happened.

use std::fmt;
use std::io;
use std::time::Duration;

use super::http::LONGEST_CONNECT;
use crate::settings::durations::spoken;

/// Why there is no answer, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    pub status: Option<u16>,
    pub reason: String,
    /// The time for it ran out: asking the same node again would cost as much.
    pub timed_out: bool,
    /// Asking again may give an answer.
    pub curable: bool,
}

impl FetchError {
    pub fn new(reason: impl Into<String>) -> Self {
        Self { status: None, reason: reason.into(), timed_out: false, curable: false }
    }

    pub fn curable(reason: impl Into<String>) -> Self {
        Self { curable: true, ..Self::new(reason) }
    }

    pub fn timed_out(reason: impl Into<String>) -> Self {
        Self { timed_out: true, ..Self::new(reason) }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What the HTTP library says, in words. `limit` is the time that the request had; `cut_short` when
/// the run's deadline was nearer than the request's own.
pub fn explain(error: &ureq::Error, limit: Duration, cut_short: bool) -> FetchError {
    use ureq::Error;
    // What was left of a run is an odd number of milliseconds that tells nobody anything.
    let after = if cut_short { "by the run's deadline".to_owned() } else { format!("after {}", spoken(limit)) };
    match error {
        Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            let after = if limit > LONGEST_CONNECT { format!("after {}", spoken(LONGEST_CONNECT)) } else { after };
            FetchError::timed_out(format!("connect timed out {after}"))
        }
        Error::Timeout(_) => FetchError::timed_out(format!("no whole answer {after}")),
        Error::HostNotFound => FetchError::new("host not found"),
        Error::Io(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => FetchError::new("connection refused"),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                FetchError::timed_out(format!("no whole answer {after}"))
            }
            io::ErrorKind::UnexpectedEof => FetchError::curable("the connection ended before the answer was whole"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                FetchError::curable("the connection was reset")
            }
            _ => match cause.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
                Some(inner) => explain(inner, limit, cut_short),
                None if cause.to_string().starts_with("failed to lookup address") => FetchError::new("host not found"),
                None => FetchError::new(plain(&cause.to_string())),
            },
        },
        Error::Protocol(cause) => FetchError::curable(format!("not an HTTP answer: {}", plain(&cause.to_string()))),
        Error::Decompress(..) => FetchError::new("the answer's compression is damaged"),
        other => FetchError::new(plain(&other.to_string())),
    }
}

/// Without the "(os error 111)" that says nothing to people.
fn plain(text: &str) -> String {
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text.to_owned(),
    }
}

/// StarRocks explains refusals in JSON: `{"status":"FAILED","msg":"…"}`.
pub fn message_in(body: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let said = json.as_ref().and_then(|json| json.get("msg").or_else(|| json.get("message"))?.as_str());
    shortened(said.unwrap_or_default())
}

/// One line of at most 200 characters, for messages that quote what a node sent.
pub fn shortened(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(201).collect();
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim().to_owned(),
    }
}

pub fn after_colon(said: &str) -> String {
    let said = said.trim_end_matches('.');
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_says_is_quoted_in_one_short_line() {
        assert_eq!(message_in(br#"{"status":"FAILED","msg":"Access\ndenied"}"#), "Access denied");
        assert_eq!(message_in(b"<html>"), "");
        assert_eq!(shortened(&"x".repeat(500)).chars().count(), 201);
    }
}
