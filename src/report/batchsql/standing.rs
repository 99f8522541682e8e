//! How an application stands as a whole: a line of the overview.

use super::super::Status;
use super::model::standing;
use crate::alert::Verdict;
use crate::alert::told::sentences;
use crate::sample::Millis;
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
        let reasons = sentences(told, now).into_iter().map(|(_, sentence)| sentence);
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
