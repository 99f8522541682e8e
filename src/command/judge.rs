//! Rules over the stored history: what a check keeps, and what reports show without keeping it.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::alert::check::{self, Checked, Memory};
use crate::alert::dress::Dressing;
use crate::alert::rule::{Fallback, Rule};
use crate::alert::state::Active;
use crate::alert::{Verdict, sources};
use crate::catalogue::Catalogue;
use crate::promql::{Selector, Source};
use crate::sample::{Millis, millis};
use crate::settings::Settings;
use crate::store::alerts::{self, Mute};
use crate::store::samples;

const MINUTE: Millis = 60_000;
/// A check that was not made for longer than this begins that long ago.
pub const LONGEST_LOOK_BACK: Millis = 24 * 60 * MINUTE;

/// A rule, what is known of it, and what came of it.
pub struct Judged<'r> {
    pub rule: &'r Rule,
    pub memory: Memory,
    pub checked: Checked,
}

/// Every rule from where it was left, at each moment of a collection since, and now.
///
/// # Errors
/// Those of SQLite.
pub fn judge<'r>(
    rules: &[&'r Rule],
    mut memories: BTreeMap<String, Memory>,
    connection: &Connection,
    settings: &Settings,
    catalogue: &Catalogue,
    now: Millis,
) -> rusqlite::Result<Vec<Judged<'r>>> {
    let begin = |rule: &Rule| {
        let last = memories.get(&rule.id).and_then(|memory| memory.evaluated_to);
        // One of the future was made by a clock that was wrong.
        last.filter(|last| *last <= now).unwrap_or(now - look_back(rule)).max(now - LONGEST_LOOK_BACK)
    };
    let begins: Vec<Millis> = rules.iter().map(|rule| begin(rule)).collect();
    let since = begins.iter().copied().min().unwrap_or(now);
    let mut times = alerts::moments(connection, since, now)?;
    if times.last() != Some(&now) {
        times.push(now);
    }
    let mut selectors: Vec<Selector> = rules.iter().flat_map(|rule| rule.expression.selectors()).collect();
    let dressing = Dressing::new(settings, catalogue, rules);
    selectors.extend(dressing.selectors().cloned());
    let history = samples::history(connection, &selectors, times.first().copied().unwrap_or(now), now)?;
    let mut judged = Vec::with_capacity(rules.len());
    for (rule, from) in rules.iter().copied().zip(begins) {
        let mut memory = memories.remove(&rule.id).unwrap_or_default();
        memory.evaluated_to = memory.evaluated_to.filter(|last| *last <= now);
        let first = times.partition_point(|at| *at <= from);
        let own = times.get(first..).unwrap_or_default();
        let raise = |rule: &Rule, source: &dyn Source, at| dressing.raise(rule, source, at);
        let checked = check::check(rule, &mut memory, &history, own, &raise);
        judged.push(Judged { rule, memory, checked });
    }
    Ok(judged)
}

/// A rule that was never looked at may have held for as long as it has to.
fn look_back(rule: &Rule) -> Millis {
    millis(rule.hold.saturating_add(rule.keep_firing_for)).saturating_add(MINUTE)
}

/// What a check would say now. Where the last one is not long ago it goes on from there; otherwise it looks back only as
/// far as the rules ask for.
///
/// # Errors
/// Those of SQLite.
pub fn verdict(
    connection: &Connection,
    settings: &Settings,
    catalogue: &Catalogue,
    now: Millis,
) -> rusqlite::Result<Verdict> {
    if !alerts::are_kept(connection)? {
        let fault = "rules wait for the next collection, which brings the database up to date".to_owned();
        return Ok(Verdict { faults: vec![fault], ..Verdict::default() });
    }
    let rules = sources::load(settings);
    let enabled: Vec<&Rule> = rules.enabled().collect();
    let (mut memories, mutes) = (alerts::memories(connection)?, alerts::mutes(connection, now)?);
    for rule in &enabled {
        let is_recent = |memory: &Memory| memory.evaluated_to.is_some_and(|last| last >= now - look_back(rule));
        if memories.get(&rule.id).is_some_and(|memory| !is_recent(memory)) {
            memories.remove(&rule.id);
        }
    }
    let raising = raising(&enabled, connection, settings, catalogue, now)?;
    let judged = judge(&raising, memories, connection, settings, catalogue, now)?;
    let mut verdict = Verdict::default();
    for one in &judged {
        let is_muted = |alert: &Active| mutes.iter().any(|mute: &Mute| mute.covers(&alert.raised.labels));
        let active = one.memory.active.values().map(|alert| (alert, is_muted(alert)));
        verdict.add(one.rule, active, &one.checked);
    }
    Ok(verdict)
}

/// The rules that may have an active alert now: those that raise one, cannot be evaluated, or keep one up. Of all others the
/// past does not matter.
fn raising<'r>(
    rules: &[&'r Rule],
    connection: &Connection,
    settings: &Settings,
    catalogue: &Catalogue,
    now: Millis,
) -> rusqlite::Result<Vec<&'r Rule>> {
    let selectors: Vec<Selector> = rules.iter().flat_map(|rule| rule.expression.selectors()).collect();
    let history = samples::history(connection, &selectors, now, now)?;
    let dressing = Dressing::new(settings, catalogue, &[]);
    let raises = |rule: &&&Rule| {
        let is_quiet = rule.no_data == Fallback::Ok && rule.keep_firing_for.is_zero();
        !is_quiet || dressing.raise(rule, &history, now).map_or(true, |raised| !raised.is_empty())
    };
    Ok(rules.iter().filter(raises).copied().collect())
}

/// What the rules say of values that are not stored.
pub fn verdict_of(
    source: &dyn Source,
    rules: &[&Rule],
    settings: &Settings,
    catalogue: &Catalogue,
    now: Millis,
) -> Verdict {
    let dressing = Dressing::new(settings, catalogue, rules);
    let mut verdict = Verdict::default();
    for rule in rules {
        let mut memory = Memory::default();
        let raise = |rule: &Rule, source: &dyn Source, at| dressing.raise(rule, source, at);
        let checked = check::check(rule, &mut memory, source, &[now], &raise);
        verdict.add(rule, memory.active.values().map(|alert| (alert, false)), &checked);
    }
    verdict
}
