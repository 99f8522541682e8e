//! `stellar check`: rules over what was collected since the last check, then who has to hear of it.

mod tell;

use std::collections::BTreeMap;

use anyhow::Result;

use super::judge::{LONGEST_LOOK_BACK, judge};
use super::{Secrets, World, database, load_catalogue, load_settings, range, refuse_unknown};
use crate::alert::rule::Rule;
use crate::alert::sources;
use crate::alert::state::Change;
use crate::cli::{Check, Global};
use crate::clock::Clock;
use crate::deliver::{self, Receiver, alertmanager, hook};
use crate::failure::{Exit, Failure};
use crate::report::harmless;
use crate::report::sheet::Range;
use crate::sample::{Millis, millis};
use crate::settings::Loaded;
use crate::settings::moments::Calendar;
use crate::store::alerts::{self, Fired, Mute, Written};
use crate::store::lock::Lock;
use crate::store::{self, Store, read};

const MINUTE: Millis = 60_000;
/// What `--history` shows without `--since`.
const HISTORY: Millis = 7 * 24 * 60 * MINUTE;

pub fn run(global: &Global, arguments: &Check, world: &World) -> Result<Exit> {
    checked(global, arguments, world).map_err(|error| {
        // A plugin has no other code for "I cannot say".
        let failure = match error.downcast::<Failure>() {
            Ok(failure) => Failure { exit: Exit::Database, ..failure },
            Err(error) => Failure::new(Exit::Database, format!("{error:#}")),
        };
        failure.into()
    })
}

fn checked(global: &Global, arguments: &Check, world: &World) -> Result<Exit> {
    let clock = world.clock()?;
    let secrets = if arguments.dry_run || arguments.history { Secrets::NotNeeded } else { Secrets::Needed };
    let loaded = load_settings(global, world, secrets)?;
    let catalogue = load_catalogue(&loaded)?;
    let path = database(&loaded);
    if arguments.history {
        return history(&loaded, arguments, clock.now(), world);
    }
    let rules = sources::load(&loaded.settings);
    for finding in &rules.findings {
        // `rules check` tells all of them; a check every minute only what does not work.
        let level = if finding.kind == sources::Kind::Note { log::Level::Info } else { log::Level::Warn };
        match &finding.alert {
            Some(alert) => log::log!(level, "{}: {}", harmless(alert), finding.fault),
            None => log::log!(level, "{}", finding.fault),
        }
    }
    let enabled: Vec<&Rule> = rules.enabled().collect();
    let mut names: Vec<&str> = enabled.iter().map(|rule| rule.alert.as_str()).collect();
    names.dedup();
    refuse_unknown(&arguments.rule, &names, "rule")?;

    let lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::take(path, "check", arguments.wait.unwrap_or_default(), &clock)?),
    };
    let mut store = Store::existing(path, &catalogue, arguments.dry_run)?;
    let now = clock.now();
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    let memories = alerts::memories(store.reading()).map_err(explain)?;
    let judged = judge(&enabled, memories, store.reading(), &loaded.settings, &catalogue, now).map_err(explain)?;
    if !arguments.dry_run {
        let written: Vec<Written> =
            judged.iter().map(|one| Written { rule: one.rule, memory: &one.memory, checked: &one.checked }).collect();
        store.write_check(&written, now)?;
    }
    let mutes = alerts::mutes(store.reading(), now).map_err(explain)?;
    let mut failed = Vec::new();
    if !arguments.dry_run {
        failed = deliver(&mut store, &loaded, &mutes, now, &clock)?;
    }
    drop(lock);
    let targets = read::targets(store.reading()).map_err(explain)?;
    let last_run = read::last_run(store.reading()).map_err(explain)?;
    let told = tell::Told {
        judged: &judged,
        mutes: &mutes,
        targets: &targets,
        findings: &rules.findings,
        undelivered: &failed,
        last_run,
        now,
    };
    tell::tell(&told, &loaded, arguments, global.quiet)
}

/// Tells every receiver what it has to hear; the reasons why some could not be told.
fn deliver(store: &mut Store, loaded: &Loaded, mutes: &[Mute], now: Millis, clock: &Clock) -> Result<Vec<String>> {
    let path = database(loaded);
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    let settings = &loaded.settings;
    let fired = alerts::fired(store.reading(), now - LONGEST_LOOK_BACK, now + 1).map_err(explain)?;
    let mut due: BTreeMap<Receiver, Vec<(&Fired, Change)>> = BTreeMap::new();
    for one in fired.iter().rev() {
        let muted = mutes.iter().any(|mute| mute.covers(&one.labels));
        for receiver in deliver::receivers(settings, &one.labels) {
            let known = alerts::delivered(store.reading(), one.id, receiver.name()).map_err(explain)?;
            if let Some(change) = deliver::due(&receiver, one, &known, muted, now) {
                due.entry(receiver).or_default().push((one, change));
            }
        }
    }
    // Beyond the next check, however late it is.
    let last = alerts::last_check(store.reading()).map_err(explain)?;
    let ends_at = now + 4 * MINUTE.max(millis(settings.shortest_interval())).max(since(last, now));
    let mut failures = Vec::new();
    for (receiver, alerts) in due {
        let at_once = match &receiver {
            Receiver::Alertmanager(_) => alerts.len(),
            // Each is noted before the next: a check that is killed repeats one, not all that it told.
            Receiver::Command(_) => 1,
        };
        for alerts in alerts.chunks(at_once) {
            let attempts: Vec<(i64, Change)> = alerts.iter().map(|(one, change)| (one.id, *change)).collect();
            store.write_attempts(receiver.name(), &attempts)?;
            let posted = match &receiver {
                Receiver::Alertmanager(base) => {
                    alertmanager::post(base, &settings.alerting.access, alerts, ends_at, clock)
                }
                Receiver::Command(words) => {
                    let mut posted = alertmanager::Posted::default();
                    for (one, change) in alerts {
                        match hook::run(words, one, *change, settings.alerting.command_timeout) {
                            Ok(()) => posted.taken.push((one.id, *change)),
                            Err(error) => posted.failed.push((one.id, error)),
                        }
                    }
                    posted
                }
            };
            store.write_delivery(receiver.name(), &posted.taken, &posted.failed, now)?;
            for (_, error) in posted.failed {
                if !failures.contains(&error) {
                    failures.push(error);
                }
            }
        }
    }
    // Last: a check that is killed before counts for nothing, or the one right after it would tell an Alertmanager of an
    // end before the next.
    store.write_last_check(now)?;
    Ok(failures)
}

/// How long ago the check before this one was, up to an hour.
fn since(last: Option<Millis>, now: Millis) -> Millis {
    last.map_or(0, |last| (now - last).clamp(0, 60 * MINUTE))
}

fn history(loaded: &Loaded, arguments: &Check, now: Millis, world: &World) -> Result<Exit> {
    let path = database(loaded);
    let connection = store::open_read_only(path)?;
    store::refuse_old(&connection, path)?;
    let zone = super::zone(loaded, arguments.utc);
    let calendar = Calendar { now, zone };
    let (since, until) = range(arguments.since.as_deref(), arguments.until.as_deref(), &calendar)?;
    let until = until.unwrap_or(now + 1);
    let since = since.unwrap_or(until - HISTORY);
    let fired = alerts::fired(&connection, since, until).map_err(|error| store::explain(path, &error))?;
    tell::history(fired, Range { since, until }, arguments, now, loaded, world)
}
