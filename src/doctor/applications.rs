//! What can be said of each application: most are not there most of the time, and nothing is wrong with that.

use super::{AHEAD, ASK_CLOCK, Check};
use crate::report;
use crate::sample::{Millis, lapse};
use crate::settings::Application;
use crate::store::read::applications::LatestApplication;
use crate::words;

const ASK_TIMER: &str = "systemctl status stellar-collect.timer, or look whether cron runs stellar collect-once";

/// One check an application, by name. Those that are not among `configured` are history; without a configuration nobody can
/// say whether they are collected as they should be.
pub fn judge(stored: &[LatestApplication], configured: Option<&[Application]>, now: Millis) -> Vec<Check> {
    let own = |name: &str| configured.and_then(|all| all.iter().find(|own| own.name == name));
    let mut checks: Vec<Check> = stored
        .iter()
        .map(|application| match (configured, own(&application.name)) {
            (Some(_), None) => {
                let what = format!("no longer in the configuration; {}", answer(application, now));
                Check::ok(&about(&application.name), what)
            }
            (_, own) => of_one(application, own, now),
        })
        .collect();
    let never = configured.unwrap_or_default().iter().filter(|own| stored.iter().all(|one| one.name != own.name));
    checks.extend(never.map(|own| {
        let todo = format!("stellar collect-once --application {}", own.name);
        Check::finding(&about(&own.name), "never collected", todo)
    }));
    checks.sort_by(|left, right| left.about.cmp(&right.about));
    checks
}

fn about(name: &str) -> String {
    format!("target {name}")
}

fn of_one(application: &LatestApplication, own: Option<&Application>, now: Millis) -> Check {
    let about = about(&application.name);
    let ago = |at: Millis| words::age(lapse(now - at));
    let answer = answer(application, now);
    if application.failures > 0 {
        let tries = match application.failures {
            1 => "1 try".to_owned(),
            tries => format!("{tries} tries"),
        };
        let reason = application.last_error.as_deref().unwrap_or("no answer");
        let next = application.next_try.filter(|next| *next > now);
        let next = next.map_or_else(String::new, |next| format!("; next try in {}", words::age(lapse(next - now))));
        let what = format!("no answer ({tries}): {reason}; {answer}{next}");
        return Check::finding(&about, what, "stellar config check --probe asks every endpoint now");
    }
    let Some(last) = application.collected_at else {
        return Check::finding(&about, "never collected", ASK_TIMER);
    };
    if last - now > AHEAD {
        let what = format!("the newest collection is {} in the future", words::age(lapse(last - now)));
        return Check::finding(&about, what, ASK_CLOCK);
    }
    let told = match application.ended_at {
        Some(ended) => format!("ended {} ago; {answer}", ago(ended)),
        None => answer,
    };
    match own {
        None => Check::unknown(&about, format!("{told}; no configuration says how often it should be collected")),
        Some(own) if lapse(now - last) > report::patience(own.interval) => {
            Check::finding(&about, format!("last collected {} ago; {told}", ago(last)), ASK_TIMER)
        }
        // Nobody can say whether it was never started or stands at another address.
        Some(_) if application.last_answer.is_none() && application.ended_at.is_some() => {
            let what = "it never answered: nothing listens at its address (connection refused)";
            Check::finding(&about, what, "is `url` right? Start it, or try: stellar config check --probe")
        }
        Some(_) if application.last_answer.is_some() && application.generation.is_none() => {
            let what = format!("{told}; no metric of a known generation was seen on its page");
            Check::unknown(&about, what)
        }
        Some(_) => Check::ok(&about, told),
    }
}

/// `last answer 12s ago, generation C`.
fn answer(application: &LatestApplication, now: Millis) -> String {
    let Some(at) = application.last_answer else { return "never answered".to_owned() };
    let generation = application.generation.as_ref().map_or_else(String::new, |name| format!(", generation {name}"));
    format!("last answer {} ago{generation}", words::age(lapse(now - at)))
}
