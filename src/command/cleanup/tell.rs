//! What a cleanup says: what it understood, what it keeps, removes, thins and holds, and why. A dry run and the run after it
//! say the same but for the tense.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Limits, Outcome};
use crate::command::said;
use crate::days::Day;
use crate::failure::Exit;
use crate::report::hanging;
use crate::sample::Millis;
use crate::settings::Kind;
use crate::settings::durations::spoken;
use crate::settings::sizes;
use crate::store::cleanup::{Because, Plan, TargetPlan};
use crate::store::daily::Why;
use crate::words;

/// More held days than these are told in one line.
const MOST_HELD: usize = 3;

pub(super) struct Context<'c> {
    pub limits: &'c Limits,
    pub zone: &'c TimeZone,
    pub now: Millis,
    /// Columns of the terminal, if it is one.
    pub width: Option<usize>,
}

pub(super) fn text(outcome: &Outcome, context: &Context) -> String {
    let (plan, limits, zone) = (&outcome.plan, context.limits, context.zone);
    let done = outcome.done.as_ref();
    let tense = |now: &'static str, past: &'static str| if done.is_some() { past } else { now };
    let mut lines: Vec<(&str, String)> = Vec::new();
    if !outcome.aggregated.is_empty() {
        let days = words::count(outcome.aggregated.len(), "day");
        let of = names(outcome.aggregated.iter().copied());
        lines.push((tense("fold", "folded"), format!("{days} of {of} that were not aggregated")));
    }
    let reason = match plan.size.filter(|size| size.early) {
        Some(_) => "later than the retention, for the size".to_owned(),
        None => format!("{} before now", spoken(limits.retention)),
    };
    lines.push(("keep", format!("snapshots from {} on ({reason})", said(plan.before, zone))));
    if let Some(size) = plan.size {
        let used = words::bytes(size.used as f64);
        lines.push(("size", format!("{used} used, {} at most", sizes::show(size.most.unsigned_abs()))));
    }
    if plan.snapshots() > 0 {
        let number = done.map_or(plan.snapshots(), |done| done.snapshots);
        let touched = plan.targets.iter().filter(|target| target.snapshots > 0);
        let range = days(touched.clone().filter_map(|target| target.range), zone);
        let bytes =
            plan.bytes.map_or_else(String::new, |bytes| format!(" (would free about {})", words::bytes(bytes as f64)));
        let of = counted(touched.map(|target| target.kind));
        lines.push((tense("remove", "removed"), format!("{} of {of}, {range}{bytes}", snapshots(number))));
    }
    if plan.runs > 0 {
        let runs = words::count(as_count(done.map_or(plan.runs, |done| done.runs)), "run");
        lines.push((tense("remove", "removed"), format!("{runs} with the records of their fetches")));
    }
    if let Some(before) = plan.days_before.as_deref().filter(|_| plan.days() > 0) {
        let days = words::count(as_count(done.map_or(plan.days(), |done| done.days)), "day");
        let of = names(plan.targets.iter().filter(|target| target.days > 0).map(|target| target.kind));
        lines.push((tense("remove", "removed"), format!("{days} of {of} before {before}")));
    }
    let kept = limits.daily.map_or_else(|| "for ever".to_owned(), |daily| format!("for {}", spoken(daily)));
    let of = names(plan.targets.iter().filter(|target| target.days_kept > 0).map(|target| target.kind));
    lines.push(("keep", format!("{} of {of} (kept {kept})", words::count(as_count(plan.days_kept()), "day"))));
    if plan.thinned() > 0 {
        let number = done.map_or(plan.thinned(), |done| done.thinned);
        let thinned = plan.targets.iter().filter_map(|target| Some((target.kind, target.thin.as_ref()?)));
        let all = thinned.clone().flat_map(|(_, thinning)| &thinning.days).map(|day| (day.begins_at, day.ends_at - 1));
        let step = spoken(std::time::Duration::from_millis(plan.step.unsigned_abs()));
        let of = counted(thinned.map(|(kind, _)| kind));
        let what = format!("{} of {of}, {}, to one in {step}", snapshots(number), days(all, zone));
        lines.push((tense("thin", "thinned"), what));
    }
    lines.extend(held(plan).into_iter().map(|line| ("hold", line)));
    let mut text = String::new();
    for (word, line) in lines {
        text.push_str(&hanging(&format!("{word:<8}"), &line, context.width));
    }
    let end = match done {
        None => "dry run: nothing was removed".to_owned(),
        Some(_) => format!(
            "done in {}: the file has {}, {} of it free for new rows",
            words::took(outcome.took),
            words::bytes(outcome.space.file as f64),
            words::bytes(outcome.space.free as f64)
        ),
    };
    text + &hanging("", &end, context.width)
}

fn as_count(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn snapshots(number: i64) -> String {
    words::count(as_count(number), "snapshot")
}

/// `4 clusters and 2 applications`; kinds of which there is none are not told.
fn counted(kinds: impl Iterator<Item = Kind>) -> String {
    let kinds: Vec<Kind> = kinds.collect();
    let counts = Kind::ALL.map(|kind| (kind, kinds.iter().filter(|own| **own == kind).count()));
    let told = counts.iter().filter(|(_, count)| *count > 0).map(|(kind, count)| words::count(*count, kind.name()));
    told.collect::<Vec<_>>().join(" and ")
}

/// `clusters and applications`; without any, clusters.
fn names(kinds: impl Iterator<Item = Kind>) -> String {
    let kinds: Vec<Kind> = kinds.collect();
    let told = Kind::ALL.into_iter().filter(|kind| kinds.contains(kind));
    let told: Vec<String> = told.map(|kind| format!("{}s", kind.name())).collect();
    if told.is_empty() { "clusters".to_owned() } else { told.join(" and ") }
}

/// From the day of the first moment to that of the last: `2026-11-20 .. 2026-11-21`.
fn days(ranges: impl Iterator<Item = (Millis, Millis)>, zone: &TimeZone) -> String {
    let whole = ranges.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)));
    let name = |at| Day::of_snapshot(at, zone).map_or_else(String::new, |day| day.name());
    match whole.map(|(first, last)| (name(first), name(last))) {
        Some((first, last)) if first == last => first,
        Some((first, last)) => format!("{first} .. {last}"),
        None => String::new(),
    }
}

/// One line a day with all its targets, or one for all days when they are many.
fn held(plan: &Plan) -> Vec<String> {
    let mut by_day: BTreeMap<(jiff::civil::Date, &'static str), (i64, Because)> = BTreeMap::new();
    for held in plan.targets.iter().flat_map(|target| &target.held) {
        by_day.entry((held.day.date, reason(held.because))).or_insert((0, held.because)).0 += held.snapshots;
    }
    let pending = by_day.iter().filter(|(_, (_, because))| *because != Because::Running);
    let mut lines: Vec<String> = Vec::new();
    if pending.clone().count() > MOST_HELD {
        let number = pending.clone().map(|(_, (number, _))| number).sum();
        let (first, last) = (pending.clone().next(), pending.clone().next_back());
        if let (Some(((first, _), _)), Some(((last, _), _))) = (first, last) {
            lines.push(format!(
                "{} of {}, {first} .. {last}: those days are not aggregated yet. Run: stellar aggregate-daily",
                snapshots(number),
                words::count(pending.count(), "day"),
            ));
        }
    } else {
        for ((day, reason), (number, _)) in pending {
            let run = format!("Run: stellar aggregate-daily --day {day}");
            lines.push(format!("{} of {day}: {reason}. {run}", snapshots(*number)));
        }
    }
    let running = by_day.iter().filter(|(_, (_, because))| *because == Because::Running);
    lines.extend(running.map(|((day, reason), (number, _))| format!("{} of {day}: {reason}", snapshots(*number))));
    lines
}

fn reason(because: Because) -> &'static str {
    match because {
        Because::Running => "the day is not over",
        Because::Pending(Why::New | Why::Asked) => "that day is not aggregated yet",
        Because::Pending(Why::Changed) => "snapshots came to that day after it was aggregated",
        Because::Pending(Why::MoreFigures) => "the catalogue asks for more of that day",
    }
}

/// Why a file stays larger than it may be.
pub(super) fn too_large(used: i64, most: i64, plan: &Plan) -> String {
    let held: i64 = plan.targets.iter().flat_map(|target| &target.held).map(|held| held.snapshots).sum();
    let pending = plan.targets.iter().flat_map(|target| &target.held).any(|held| held.because != Because::Running);
    let why = match (held, pending) {
        (0, _) => "no finished day of snapshots is left".to_owned(),
        (held, true) => format!("{} are held; stellar cleanup --aggregate lets them go", snapshots(held)),
        (held, false) => format!("{} are held, for their day is not over", snapshots(held)),
    };
    let used = words::bytes(used as f64);
    format!("the database uses {used}, more than max_size ({}): {why}", sizes::show(most.unsigned_abs()))
}

/// The exit code, after a word on standard error when it is not 0.
pub(super) fn warned(outcome: &Outcome) -> Exit {
    let Some(size) = outcome.plan.size else { return Exit::Done };
    let after = if outcome.done.is_some() { outcome.space.used() } else { size.after };
    // An estimate that fell short is made up for by the next run.
    if size.fits() || after <= size.most {
        return Exit::Done;
    }
    log::warn!("{}", too_large(after, size.most, &outcome.plan));
    Exit::Partly
}

pub(super) fn document(outcome: &Outcome, context: &Context) -> Value {
    let (plan, limits) = (&outcome.plan, context.limits);
    let target = |target: &TargetPlan| {
        let held = target.held.iter().map(|held| {
            json!({
                "day": held.day.name(),
                "snapshots": held.snapshots,
                "because": match held.because {
                    Because::Running => "running",
                    Because::Pending(why) => why.name(),
                },
            })
        });
        json!({
            target.kind.name(): target.name,
            "snapshots": target.snapshots,
            "first_unix_ms": target.range.map(|(first, _)| first),
            "last_unix_ms": target.range.map(|(_, last)| last),
            "held": held.collect::<Vec<_>>(),
            "thinned": target.thin.as_ref().map_or(0, |thin| thin.snapshots),
        })
    };
    let [clusters, applications] =
        Kind::ALL.map(|kind| plan.targets.iter().filter(|target| target.kind == kind).map(target).collect::<Vec<_>>());
    let size = plan.size.map(|size| {
        json!({ "used_bytes": size.used, "most_bytes": size.most, "after_bytes": size.after, "fits": size.fits() })
    });
    json!({
        "schema": 1,
        "timezone": context.zone.iana_name(),
        "dry_run": outcome.done.is_none(),
        "now_unix_ms": context.now,
        "retention_seconds": limits.retention.as_secs(),
        "daily_retention_seconds": limits.daily.map(|daily| daily.as_secs()),
        "kept_from_unix_ms": plan.before,
        "aggregated": outcome.aggregated.len(),
        "snapshots": outcome.done.map_or(plan.snapshots(), |done| done.snapshots),
        "runs": outcome.done.map_or(plan.runs, |done| done.runs),
        "days": outcome.done.map_or(plan.days(), |done| done.days),
        "days_before": plan.days_before,
        "days_kept": plan.days_kept(),
        "thinned": outcome.done.map_or(plan.thinned(), |done| done.thinned),
        "thinned_to": outcome.done.map(|done| done.thinned_to),
        "estimated_bytes": plan.bytes,
        "size": size,
        "file_bytes": outcome.space.file,
        "free_bytes": outcome.space.free,
        "clusters": clusters,
        "applications": applications,
    })
}
