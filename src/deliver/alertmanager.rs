//! Alerts to an Alertmanager, by version 2 of its interface: the body that a Prometheus posts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::alert::state::Change;
use crate::clock::Clock;
use crate::collect::http::{Client, Login, Question};
use crate::sample::Millis;
use crate::settings::Access;
use crate::store::alerts::Fired;

/// As Prometheus splits them.
const AT_ONCE: usize = 64;

/// What became of the alerts of one post.
#[derive(Debug, Default)]
pub struct Posted {
    pub taken: Vec<(i64, Change)>,
    /// With the reason, for people.
    pub failed: Vec<(i64, String)>,
}

/// Posts alerts, in batches. When one of a batch is refused the others are taken all the same: they are posted one by one
/// to find out which.
pub fn post(base: &str, access: &Access, alerts: &[(&Fired, Change)], ends_at: Millis, clock: &Clock) -> Posted {
    let deadline = Instant::now() + access.timeout.saturating_mul(3).max(Duration::from_secs(1));
    let url = format!("{base}/api/v2/alerts");
    let mut posted = Posted::default();
    let client = match Client::new(access, base.starts_with("https://"), 1, deadline) {
        Ok(client) => client,
        // A certificate that cannot be used: other receivers hear of the alerts all the same.
        Err(error) => {
            posted.failed.extend(alerts.iter().map(|(fired, _)| (fired.id, format!("{url}: {error:#}"))));
            return posted;
        }
    };
    let ask = |alerts: &[(&Fired, Change)]| {
        let body: Vec<Value> = alerts.iter().map(|(fired, change)| body(fired, *change, ends_at)).collect();
        let body = Value::from(body).to_string();
        let login = if access.login.is_some() { Login::Needed } else { Login::Never };
        client.ask(&Question { url: &url, body: Some(&body), login }, clock).answer
    };
    for batch in alerts.chunks(AT_ONCE) {
        match ask(batch) {
            Ok(_) => posted.taken.extend(batch.iter().map(|(fired, change)| (fired.id, *change))),
            Err(error) if error.status == Some(400) && batch.len() > 1 => {
                for one in batch {
                    match ask(std::slice::from_ref(one)) {
                        Ok(_) => posted.taken.push((one.0.id, one.1)),
                        Err(error) => posted.failed.push((one.0.id, format!("{url}: {error}"))),
                    }
                }
            }
            Err(error) => {
                posted.failed.extend(batch.iter().map(|(fired, _)| (fired.id, format!("{url}: {error}"))));
            }
        }
    }
    posted
}

fn body(fired: &Fired, change: Change, ends_at: Millis) -> Value {
    let labels: BTreeMap<&str, &str> = fired.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
    let annotations: BTreeMap<&str, &str> =
        fired.annotations.iter().map(|(name, text)| (&**name, text.as_str())).collect();
    let ends_at = match (change, fired.resolved_at) {
        (Change::Resolved, Some(at)) => at,
        _ => ends_at,
    };
    json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": stamp(fired.fired_at),
        "endsAt": stamp(ends_at),
    })
}

/// RFC 3339 in UTC with milliseconds.
pub(super) fn stamp(at: Millis) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(|_| String::new(), |stamp| format!("{stamp:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_have_milliseconds_and_are_in_utc() {
        assert_eq!(stamp(1_795_313_725_924), "2026-11-22T02:15:25.924Z");
        assert_eq!(stamp(1_795_313_725_000), "2026-11-22T02:15:25.000Z");
    }
}
