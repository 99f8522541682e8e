//! The login of a cluster as a header, made when it is first needed: only then is a password command run.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ureq::http::HeaderValue;

use crate::base64::base64;
use crate::child::ended;
use crate::settings::login::one_line;
use crate::settings::words::io_reason;
use crate::settings::{Login, Password, Secret};

/// More than a password; what a program prints beyond it is not read.
const MOST_PRINTED: u64 = 64 << 10;
/// A program that ended may have left another one behind that holds its outputs open.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Who asks, and the header that proves it.
#[derive(Debug)]
pub struct Credentials {
    pub user: String,
    pub password_origin: String,
    password: Password,
    /// How long a password command may take.
    limit: Duration,
    /// Never printed: the value is marked as sensitive. The error says why there is none.
    header: OnceLock<Result<HeaderValue, String>>,
}

impl Credentials {
    pub fn new(login: &Login, limit: Duration) -> Self {
        Self {
            user: login.user.clone(),
            password_origin: login.password_origin.clone(),
            password: login.password.clone(),
            limit,
            header: OnceLock::new(),
        }
    }

    /// The value of the Authorization header. Whoever asks first runs the command, the others wait for it.
    pub fn header(&self, deadline: Instant) -> Result<&HeaderValue, &str> {
        let header = self.header.get_or_init(|| {
            let basic = |secret: &Secret| basic(&self.user, secret);
            match &self.password {
                Password::Known(secret) => basic(secret),
                Password::Command(words) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let secret = printed_by(words, self.limit.min(left));
                    let secret = secret.map_err(|reason| format!("no password: {} {reason}", self.password_origin))?;
                    basic(&secret)
                }
            }
        });
        header.as_ref().map_err(String::as_str)
    }
}

/// The value of a header for HTTP's Basic scheme.
fn basic(user: &str, password: &Secret) -> Result<HeaderValue, String> {
    let pair = base64(format!("{user}:{}", password.expose()).as_bytes());
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|_| "the login cannot be sent in a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// The one line that a program prints. The reason follows its name. Of what it printed nothing is told, its errors
/// neither: a program that fails may say with which token, and reasons are stored.
fn printed_by(words: &[String], limit: Duration) -> Result<Secret, String> {
    let Some((program, arguments)) = words.split_first() else { return Err("has no name".to_owned()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {}", io_reason(&error)))?;
    let printed = Output::of(child.stdout.take());
    let started = Instant::now();
    let status = ended(&mut child, limit)?;
    let printed = printed.text(limit.saturating_sub(started.elapsed()));
    if !status.success() {
        let how = match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
            (Some(code), _) => format!("failed with exit code {code}"),
            (None, Some(signal)) => format!("was ended by signal {signal}"),
            (None, None) => "failed".to_owned(),
        };
        return Err(format!("{how}; run it as this user to see why"));
    }
    let text = String::from_utf8(printed).map_err(|_| "printed what is not text in UTF-8".to_owned())?;
    match one_line(&text) {
        Some("") => Err("printed nothing".to_owned()),
        Some(line) => Ok(Secret::new(line.to_owned())),
        None => Err("printed more than one line".to_owned()),
    }
}

/// What a program prints, read beside it so that it never waits for a reader.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    whole: Receiver<()>,
}

impl Output {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (done, whole) = channel();
        let shared = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut stream = stream.map(|stream| stream.take(MOST_PRINTED));
            while let Some(count) = stream.as_mut().and_then(|stream| stream.read(&mut buffer).ok()).filter(|n| *n > 0)
            {
                let more = buffer.get(..count).unwrap_or_default();
                shared.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(more);
            }
            // Nobody waits any more when the time was over.
            let _ = done.send(());
        });
        Self { bytes, whole }
    }

    /// What came until the end, or until now when somebody else holds it open. On a machine that is very busy even the
    /// first letter may be late: nothing is believed to be all only when the time is over.
    fn text(self, limit: Duration) -> Vec<u8> {
        let is_open = self.whole.recv_timeout(LAST_WORDS).is_err();
        if is_open && self.bytes.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            let _ = self.whole.recv_timeout(limit);
        }
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(script: &str) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        printed_by(&words, Duration::from_secs(20)).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_line_that_a_program_prints_is_the_password() {
        for (script, password) in [
            ("echo hunter2", "hunter2"),
            ("printf hunter2", "hunter2"),
            ("printf 'hunter2\\r\\n'", "hunter2"),
            ("printf ' hunter 2 '; echo noise >&2", " hunter 2 "),
            ("cat; echo x", "x"),
        ] {
            assert_eq!(printed(script), Ok(password.to_owned()), "{script}");
        }
    }

    #[test]
    fn a_program_that_leaves_another_behind_is_not_waited_for_twice() {
        assert_eq!(printed("sleep 60 & echo hunter2"), Ok("hunter2".to_owned()));
    }

    #[test]
    fn what_went_wrong_is_told_and_what_was_printed_is_not() {
        for (script, reason) in [
            ("echo hunter2; echo 'not hunter2' >&2; exit 3", "failed with exit code 3; run it as this user to see why"),
            ("echo hunter2; exit 1", "failed with exit code 1; run it as this user to see why"),
            ("echo hunter2; kill -9 $$", "was ended by signal 9; run it as this user to see why"),
            ("echo hunter2; echo hunter3", "printed more than one line"),
            ("printf 'hunter2\\377'", "printed what is not text in UTF-8"),
            ("true", "printed nothing"),
            ("echo", "printed nothing"),
        ] {
            assert_eq!(printed(script), Err(reason.to_owned()), "{script}");
        }
        let missing = printed_by(&["/nowhere/pass".to_owned()], Duration::from_secs(20));
        assert_eq!(missing, Err("cannot be started: no such file".to_owned()));
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let words = ["sleep", "600"].map(str::to_owned);
        assert_eq!(printed_by(&words, Duration::from_millis(50)), Err("did not end within 50 ms".to_owned()));
    }
}
