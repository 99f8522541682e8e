//! Programs that are run by us: they end, if not by themselves.

use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::settings::durations::spoken;
use crate::settings::words::system_reason;

/// Waits for the end, and makes it when the time is over.
///
/// # Errors
/// What follows the name of the program: that it did not end in its time.
pub fn ended(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if started.elapsed() < limit => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
            Ok(None) => {
                // It may have ended just now; then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("did not end within {}", spoken(limit)));
            }
            Err(error) => return Err(format!("cannot be waited for: {}", system_reason(&error))),
        }
    }
}
