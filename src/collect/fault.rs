//! Why there is no answer: the faults of a fetch, in words that tell an operator what happened.

use std::fmt;
use std::io;
use std::time::Duration;

use super::http::LONGEST_CONNECT;
use crate::settings::durations::spoken;
use crate::words::is_unseen;

const NO_WHOLE_ANSWER: &str = "no whole answer";
const REFUSED: &str = "connection refused";

/// Why there is no answer, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    pub status: Option<u16>,
    pub reason: String,
    /// The time for it ran out: asking the same node again would cost as much.
    pub timed_out: bool,
    /// Asking again may give an answer.
    pub curable: bool,
    /// Not who is asking, or no password to say so with: only a person can mend that.
    pub login_refused: bool,
}

impl FetchError {
    pub fn new(reason: impl Into<String>) -> Self {
        Self { status: None, reason: reason.into(), timed_out: false, curable: false, login_refused: false }
    }

    pub fn login(reason: impl Into<String>) -> Self {
        Self { login_refused: true, ..Self::new(reason) }
    }

    pub fn curable(reason: impl Into<String>) -> Self {
        Self { curable: true, ..Self::new(reason) }
    }

    pub fn timed_out(reason: impl Into<String>) -> Self {
        Self { timed_out: true, ..Self::new(reason) }
    }
}

/// A right that a login lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// `OPERATE ON SYSTEM`, for lists over SQL.
    Operate,
    /// The roles `db_admin` and `user_admin` together, for /api/show_proc and for series of tables and views.
    Roles,
    /// `BLACKLIST ON SYSTEM`.
    Blacklist,
}

impl Lack {
    /// As it stands in samples.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operate => "operate",
            Self::Roles => "roles",
            Self::Blacklist => "blacklist",
        }
    }

    /// What is granted to a user.
    pub fn grant(self) -> &'static str {
        match self {
            Self::Operate => "OPERATE ON SYSTEM",
            Self::Roles => "db_admin, user_admin",
            Self::Blacklist => "BLACKLIST ON SYSTEM",
        }
    }
}

impl FetchError {
    /// The right that is missing, when that is what the refusal says. A wrong password is another matter.
    pub fn lack(&self) -> Option<Lack> {
        if self.reason.contains("privilege") {
            let blacklist = self.reason.contains("BLACKLIST");
            return Some(if blacklist { Lack::Blacklist } else { Lack::Operate });
        }
        // The words of show_proc when the login is good but no administrator's.
        (self.status == Some(401) && self.reason.contains("grant permission")).then_some(Lack::Roles)
    }

    /// The node took the connection and gave no whole answer in its time: frozen, or far too slow.
    pub fn is_silence(&self) -> bool {
        self.timed_out && self.reason.starts_with(NO_WHOLE_ANSWER)
    }

    /// The machine is there and nothing listens on the port.
    pub fn is_refusal(&self) -> bool {
        self.reason == REFUSED
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
        Error::Timeout(_) => FetchError::timed_out(format!("{NO_WHOLE_ANSWER} {after}")),
        Error::HostNotFound => FetchError::new("host not found"),
        Error::Io(cause) => match cause.kind() {
            io::ErrorKind::ConnectionRefused => FetchError::new(REFUSED),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                FetchError::timed_out(format!("{NO_WHOLE_ANSWER} {after}"))
            }
            io::ErrorKind::UnexpectedEof => FetchError::curable("the connection ended before the answer was whole"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
                FetchError::curable("the connection was reset")
            }
            _ => explain_inner(cause, limit, cut_short),
        },
        Error::Protocol(cause) => {
            let cause = plain(&cause.to_string());
            FetchError::curable(format!(
                "not an HTTP answer: {}",
                cause.trim_start_matches("http parse fail: ").trim_start_matches("http parse resulted in ")
            ))
        }
        Error::Rustls(cause) => FetchError::new(tls_reason(cause)),
        Error::Decompress(..) => FetchError::new("the answer's compression is damaged"),
        other => FetchError::new(plain(&other.to_string())),
    }
}

fn explain_inner(cause: &io::Error, limit: Duration, cut_short: bool) -> FetchError {
    let inner = cause.get_ref();
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        return explain(error, limit, cut_short);
    }
    if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return FetchError::new(tls_reason(error));
    }
    let text = cause.to_string();
    let is_lookup = text.starts_with("failed to lookup address");
    FetchError::new(if is_lookup { "host not found".to_owned() } else { plain(&text) })
}

/// Why there is no TLS with a node, and what to do about it.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    let bad = |why: &str| format!("its certificate is not trusted: {why}");
    match error {
        Error::InvalidMessage(_) => "it does not speak TLS there: an http:// port?".to_owned(),
        Error::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) => {
            "it wants a certificate: set `client_cert` and `client_key`".to_owned()
        }
        // What TLS 1.2 says of a missing certificate, and of no common cipher.
        Error::AlertReceived(Alert::HandshakeFailure) => {
            "it refuses the TLS handshake; perhaps it wants a certificate (`client_cert`)".to_owned()
        }
        Error::AlertReceived(
            Alert::UnknownCA
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::CertificateRevoked
            | Alert::AccessDenied,
        ) => "it does not accept the certificate of `client_cert`".to_owned(),
        Error::InvalidCertificate(Bad::UnknownIssuer) => {
            bad("its authority is not known; name the authority's certificate in `ca_file`")
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => bad("it has expired"),
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            bad("it is not valid yet; is the clock right?")
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            bad("it is for another name; ask the node by the name in it")
        }
        Error::InvalidCertificate(Bad::Revoked) => bad("it is revoked"),
        Error::InvalidCertificate(_) => bad(&plain(&error.to_string())),
        other => plain(&other.to_string()),
    }
}

impl FetchError {
    /// The same with a question about the scheme of the URL, when the fault looks as if it were the wrong one.
    pub fn asking_for_scheme(mut self, error: &ureq::Error, https: bool) -> Self {
        let ended = matches!(error, ureq::Error::Io(cause) if cause.kind() == io::ErrorKind::UnexpectedEof);
        match (https, error) {
            (false, ureq::Error::Protocol(_)) => self.reason += "; is this an https:// port?",
            (true, _) if ended => self.reason += "; is this an http:// port?",
            _ => {}
        }
        self
    }
}

/// Whether a server that refused a request says that it wants TLS: nginx, Go and Tomcat all name it.
pub fn wants_tls(status: u16, body: &[u8]) -> bool {
    let said = String::from_utf8_lossy(body.get(..4096).unwrap_or(body));
    status == 400 && (said.contains("HTTPS") || said.contains("requires TLS"))
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
    let line: String = text.chars().map(|letter| if is_unseen(letter) { ' ' } else { letter }).take(201).collect();
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
