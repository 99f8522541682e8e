//! How an application stands as a whole: a line of the overview.

use std::collections::BTreeMap;

use super::super::Status;
use super::model::standing;
use crate::alert::told::sentences;
use crate::alert::{Told, Verdict};
use crate::catalogue::batch::Batch;
use crate::sample::{Labels, Millis};
use crate::settings::{Application, Kind};
use crate::store::read::applications::LatestApplication;

/// One application.
#[derive(Clone, Debug)]
pub struct Standing {
    pub name: String,
    pub environment: Option<String>,
    pub generation: Option<String>,
    pub last_answer: Option<Millis>,
    pub status: Status,
    pub reasons: Vec<String>,
    /// Under which something ran.
    pub label_sets: usize,
}

/// Below the application: `mysql/nightly`; empty of the application as a whole.
fn label_set(labels: &Labels) -> String {
    Batch::LABELS.into_iter().filter_map(|label| labels.get(label)).map(|value| &**value).collect::<Vec<_>>().join("/")
}

/// Every application that is stored or configured, worst first. `configured` is `None` without a configuration.
pub fn standings(
    stored: &[LatestApplication],
    configured: Option<&[Application]>,
    verdict: &Verdict,
    now: Millis,
) -> Vec<Standing> {
    let all = configured.unwrap_or_default();
    let missing = all.iter().filter(|one| stored.iter().all(|own| own.name != one.name));
    let never = missing.map(|one| Standing {
        name: one.name.clone(),
        environment: one.environment.clone(),
        generation: None,
        last_answer: None,
        status: Status::NoData,
        reasons: vec![format!("never collected; try: stellar collect-once --application {}", one.name)],
        label_sets: 0,
    });
    let known = stored.iter().map(|one| {
        let own = all.iter().find(|other| other.name == one.name);
        let told: Vec<_> = verdict.of(Kind::Application, &one.name).collect();
        let (state, why) = standing(one, own, configured.is_some(), now);
        // A run that has ended is over, and so is what was wrong with it.
        let is_over = one.ended_at.is_some() && one.failures == 0;
        let of_rules = told.iter().map(|told| Status::of(told)).max().unwrap_or(Status::Ok);
        // Each label set for itself: the same sentence on two of them is two.
        let mut sets: BTreeMap<String, Vec<&Told>> = BTreeMap::new();
        told.into_iter().for_each(|one| sets.entry(label_set(&one.labels)).or_default().push(one));
        let reasons = sets.into_iter().flat_map(|(set, told)| {
            let of_whole = set.is_empty();
            let sentences = sentences(told, now).into_iter();
            sentences.map(move |(_, text)| if of_whole { text } else { format!("{set}: {text}") })
        });
        Standing {
            name: one.name.clone(),
            environment: one.environment.clone(),
            generation: one.generation.clone(),
            last_answer: one.last_answer,
            status: if is_over { state } else { of_rules.max(state) },
            reasons: reasons.chain(why).collect(),
            label_sets: one.batches.iter().filter(|row| !row.idle).count(),
        }
    });
    let mut standings: Vec<Standing> = known.chain(never).collect();
    standings.sort_by(|left, right| right.status.cmp(&left.status).then_with(|| left.name.cmp(&right.name)));
    standings
}
