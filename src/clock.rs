//! The one clock. Everything that asks for the time asks here, so that `STELLAR_NOW` can freeze it and recorded pages
//! give recorded rates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use crate::sample::Millis;

/// The environment variable that freezes the clock: unix seconds (fractions allowed) or RFC 3339.
pub const FREEZE_VARIABLE: &str = "STELLAR_NOW";

#[derive(Clone, Copy, Debug)]
pub struct Clock {
    frozen: Option<Millis>,
}

impl Clock {
    /// The machine's clock, or a frozen one when `freeze` (the value of `STELLAR_NOW`) is given.
    pub fn new(freeze: Option<&str>) -> Result<Self> {
        let frozen = match freeze.map(str::trim).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(parse_moment(text)?),
        };
        Ok(Self { frozen })
    }

    pub fn frozen_at(at: Millis) -> Self {
        Self { frozen: Some(at) }
    }

    /// Unix milliseconds.
    pub fn now(&self) -> Millis {
        self.frozen.unwrap_or_else(machine_now)
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the one place that asks the machine for the time")]
fn machine_now() -> Millis {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// The last moment that is accepted: the year 9999, so that arithmetic on moments cannot overflow.
const LATEST_SECONDS: f64 = 253_402_300_799.0;

fn parse_moment(text: &str) -> Result<Millis> {
    if let Ok(seconds) = text.parse::<f64>() {
        if !(0.0..=LATEST_SECONDS).contains(&seconds) {
            bail!("{FREEZE_VARIABLE}: `{text}` is not between 1970 and the year 9999");
        }
        return Ok((seconds * 1000.0).round() as Millis);
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => Ok(moment.as_millisecond()),
        Err(_) => bail!(
            "{FREEZE_VARIABLE}: `{text}` is neither unix seconds (1795313000.5) nor RFC 3339 (2026-11-22T02:28:58Z)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_stands_at_unix_seconds_or_rfc_3339() {
        assert_eq!(Clock::new(Some("1795313000.25")).unwrap().now(), 1_795_313_000_250);
        assert_eq!(Clock::new(Some("2026-11-22T02:28:58Z")).unwrap().now(), 1_795_314_538_000);
        assert_eq!(Clock::new(Some("2026-11-22T10:28:58.5+08:00")).unwrap().now(), 1_795_314_538_500);
    }

    #[test]
    fn anything_else_is_refused_by_name() {
        for wrong in ["soon", "-1", "NaN", "1e300"] {
            let message = Clock::new(Some(wrong)).unwrap_err().to_string();
            assert!(message.starts_with("STELLAR_NOW: `"), "{message}");
        }
        assert!(Clock::new(Some("  ")).unwrap().frozen.is_none());
    }
}
