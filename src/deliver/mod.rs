//! Telling others of alerts: Alertmanagers, and a program for mail or chat.

pub mod alertmanager;
pub mod hook;

use crate::alert::state::Change;
use crate::sample::{Labels, Millis};
use crate::settings::Settings;
use crate::store::alerts::{Delivered, Fired};

/// For so long after its end an alert is told to Alertmanagers again and again, as Prometheus does: one that was restarted
/// hears of it, too.
const RESENT_FOR: Millis = 15 * 60_000;

/// Somebody who hears of alerts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// By its base URL.
    Alertmanager(String),
    Command(Vec<String>),
}

impl Receiver {
    /// Under which the database knows it, without secrets.
    pub fn name(&self) -> &str {
        match self {
            Self::Alertmanager(url) => url,
            Self::Command(words) => words.first().map_or("", String::as_str),
        }
    }
}

/// Who hears of an alert with these labels.
pub fn receivers(settings: &Settings, labels: &Labels) -> Vec<Receiver> {
    let environment = labels.get("environment");
    let stage = settings.stages.iter().find(|stage| environment.is_some_and(|name| **name == *stage.name));
    let own = stage.map(|stage| &stage.alertmanagers).filter(|own| !own.is_empty());
    let urls = own.unwrap_or(&settings.alerting.alertmanagers).iter();
    let alertmanagers = urls.map(|endpoint| Receiver::Alertmanager(endpoint.base.clone()));
    alertmanagers.chain(settings.alerting.command.clone().map(Receiver::Command)).collect()
}

/// What a receiver is to be told of an alert now, if anything. A silenced alert is not told; one that was told before it
/// was silenced is told to have ended.
pub fn due(receiver: &Receiver, fired: &Fired, known: &Delivered, muted: bool, now: Millis) -> Option<Change> {
    let again = matches!(receiver, Receiver::Alertmanager(_));
    match fired.resolved_at {
        None if muted => None,
        None if known.firing_at.is_some() && !again => None,
        None => Some(Change::Firing),
        // Who never heard that it fires need not hear that it does not.
        Some(_) if known.firing_at.is_none() && !known.in_doubt => None,
        Some(_) if known.resolved_at.is_none() => Some(Change::Resolved),
        Some(at) if again && now - at < RESENT_FOR => Some(Change::Resolved),
        Some(_) => None,
    }
}
