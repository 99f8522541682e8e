//! From one evaluation of a rule to the next: what is pending, what fires, what has ended. Nothing here knows of time
//! but what it is told, nothing is stored; `check` and `rules test` keep what [`advance`] leaves.
//!
//! The steps are those of Prometheus's `AlertingRule.Eval`, to the millisecond.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::sample::{Labels, Millis, Text, millis};

/// One element of a rule's answer as an alert: its labels without the metric's name, with those of the rule and
/// `alertname` put over them, and its annotations, all templates expanded.
#[derive(Clone, Debug, PartialEq)]
pub struct Raised {
    pub labels: Labels,
    /// In the order of their names; a value may be empty.
    pub annotations: Vec<(Text, String)>,
    pub value: f64,
}

/// An alert that has begun and not ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Active {
    /// As it was last raised.
    pub raised: Raised,
    /// The evaluation that raised it first.
    pub since: Millis,
    /// The evaluation from which on it fires; `None` while it is pending.
    pub fired: Option<Millis>,
    /// The first evaluation without it, while `keep_firing_for` holds it up.
    pub gone: Option<Millis>,
}

impl Active {
    pub fn is_firing(&self) -> bool {
        self.fired.is_some()
    }
}

/// What an evaluation made of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It was not there before, and has to wait for the rule's `for`.
    Pending,
    /// It fires from now on, perhaps without having been pending.
    Firing,
    /// It fired and has ended.
    Resolved,
    /// It was pending and went away.
    Withdrawn,
}

impl Change {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// An alert that changed, as it is now; of one that has ended, as it last was.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub change: Change,
    pub alert: Active,
}

/// How patient a rule is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patience {
    /// `for`: how long an alert is pending.
    pub hold: Duration,
    /// `keep_firing_for`: how long it fires on when it is raised no more.
    pub keep: Duration,
}

/// Two elements became one alert, since the rule's labels took away what told them apart. The evaluation counts as
/// failed: every alert stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SameLabels(pub Labels);

impl fmt::Display for SameLabels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(labels) = self;
        write!(f, "two of the values give one alert, {labels}; keep a label that tells them apart")
    }
}

impl std::error::Error for SameLabels {}

/// Carries the alerts of one rule over one evaluation at `at`. What has ended is no longer among `active`; what is raised
/// again after that begins anew. The changes are in the order of the labels.
pub fn advance(
    patience: Patience,
    active: &mut BTreeMap<Labels, Active>,
    raised: Vec<Raised>,
    at: Millis,
) -> Result<Vec<Transition>, SameLabels> {
    let mut now: BTreeMap<Labels, Raised> = BTreeMap::new();
    for one in raised {
        let labels = one.labels.clone();
        if now.insert(labels.clone(), one).is_some() {
            return Err(SameLabels(labels));
        }
    }
    let mut changes: Vec<Transition> = Vec::new();
    active.retain(|labels, alert| {
        if now.contains_key(labels) {
            return true;
        }
        let gone = *alert.gone.get_or_insert(at);
        if alert.is_firing() && at.saturating_sub(gone) < millis(patience.keep) {
            return true;
        }
        let change = if alert.is_firing() { Change::Resolved } else { Change::Withdrawn };
        changes.push(Transition { change, alert: alert.clone() });
        false
    });
    for (labels, raised) in now {
        let known = active.get(&labels).map(|alert| (alert.since, alert.fired));
        let (since, fired) = known.unwrap_or((at, None));
        let fires = fired.is_some() || at.saturating_sub(since) >= millis(patience.hold);
        let alert = Active { raised, since, fired: fired.or(fires.then_some(at)), gone: None };
        let change = match (fired.is_none() && fires, known) {
            (true, _) => Some(Change::Firing),
            (false, None) => Some(Change::Pending),
            (false, Some(_)) => None,
        };
        changes.extend(change.map(|change| Transition { change, alert: alert.clone() }));
        active.insert(labels, alert);
    }
    changes.sort_by(|left, right| left.alert.raised.labels.cmp(&right.alert.raised.labels));
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Millis = 60_000;

    fn raised(name: &str) -> Raised {
        Raised { labels: Labels::of([("alertname", "A"), ("x", name)]), annotations: Vec::new(), value: 1.0 }
    }

    fn patience(hold: u64, keep: u64) -> Patience {
        Patience { hold: Duration::from_secs(hold), keep: Duration::from_secs(keep) }
    }

    /// What changes when at each minute the alerts named by its letters are raised: `2:a firing`.
    fn story(patience: Patience, minutes: &[&str]) -> Vec<String> {
        let mut active = BTreeMap::new();
        let mut told = Vec::new();
        for (minute, names) in minutes.iter().enumerate() {
            let now = names.chars().map(|name| raised(&name.to_string())).collect();
            for Transition { change, alert } in
                advance(patience, &mut active, now, minute as Millis * MINUTE).expect("one alert each")
            {
                let name = alert.raised.labels.get("x").expect("the name").clone();
                told.push(format!("{minute}:{name} {}", change.word()));
            }
        }
        told
    }

    #[test]
    fn without_for_an_alert_fires_at_once_and_ends_at_once() {
        assert_eq!(story(patience(0, 0), &["a", "ab", "b"]), ["0:a firing", "1:b firing", "2:a resolved"]);
    }

    #[test]
    fn an_alert_fires_exactly_when_its_time_is_over() {
        assert_eq!(story(patience(120, 0), &["a", "a", "a", ""]), ["0:a pending", "2:a firing", "3:a resolved"]);
        assert_eq!(story(patience(121, 0), &["a", "a", "a", "a"]), ["0:a pending", "3:a firing"]);
    }

    #[test]
    fn a_gap_begins_the_waiting_anew() {
        let told = story(patience(120, 0), &["a", "a", "", "a", "a", "a"]);
        assert_eq!(told, ["0:a pending", "2:a withdrawn", "3:a pending", "5:a firing"]);
    }

    #[test]
    fn a_kept_alert_ends_as_long_after_the_first_evaluation_without_it() {
        let told = story(patience(0, 120), &["a", "", "", "", ""]);
        assert_eq!(told, ["0:a firing", "3:a resolved"]);
    }

    #[test]
    fn a_kept_alert_that_is_raised_again_has_never_ended() {
        let told = story(patience(60, 120), &["a", "a", "", "", "a", "", "", "", ""]);
        assert_eq!(told, ["0:a pending", "1:a firing", "7:a resolved"]);
    }

    #[test]
    fn what_is_pending_is_not_kept() {
        assert_eq!(story(patience(120, 600), &["a", ""]), ["0:a pending", "1:a withdrawn"]);
    }

    #[test]
    fn an_alert_knows_when_it_began_and_what_it_was_last() {
        let mut active = BTreeMap::new();
        let at = |active: &mut _, value, minute| {
            let one = Raised { value, ..raised("a") };
            advance(patience(60, 0), active, vec![one], minute * MINUTE).expect("one alert")
        };
        let _ = at(&mut active, 1.0, 5);
        let _ = at(&mut active, 2.0, 6);
        assert!(at(&mut active, 3.0, 7).is_empty());
        let expected = Active {
            raised: Raised { value: 3.0, ..raised("a") },
            since: 5 * MINUTE,
            fired: Some(6 * MINUTE),
            gone: None,
        };
        assert_eq!(active.into_values().collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn two_values_that_make_one_alert_change_nothing() {
        let mut active = BTreeMap::new();
        let _ = advance(patience(0, 0), &mut active, vec![raised("a")], 0);
        let before = active.clone();
        let error = advance(patience(0, 0), &mut active, vec![raised("b"), raised("b")], MINUTE).expect_err("twice");
        let told = "two of the values give one alert, {alertname=\"A\", x=\"b\"}; keep a label that tells them apart";
        assert_eq!((error.to_string().as_str(), active), (told, before));
    }

    #[test]
    fn a_clock_that_steps_back_ends_nothing_early() {
        let mut active = BTreeMap::new();
        let mut at = |now, minute| advance(patience(60, 60), &mut active, now, minute * MINUTE).expect("one").len();
        assert_eq!((at(vec![raised("a")], 10), at(vec![raised("a")], 11)), (1, 1));
        assert_eq!((at(Vec::new(), 12), at(Vec::new(), 5), at(Vec::new(), 13)), (0, 0, 1));
    }
}
