//! `stellar aggregate-daily`: finished days become one row a target and one a node of a cluster or a label set of
//! an application.

use std::time::Instant;

use anyhow::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Secrets, World, database, load_catalogue, load_settings, moment, opened, print, print_json, zone};
use crate::catalogue::Catalogue;
use crate::cli::{AggregateDaily, Global};
use crate::days::Day;
use crate::failure::{Exit, Failure};
use crate::sample::{Millis, millis};
use crate::settings::Kind;
use crate::settings::moments::Calendar;
use crate::store::daily::{Aggregated, Pending, Selection, TargetDay};
use crate::store::lock::Lock;
use crate::store::{Store, must_exist};
use crate::words;

/// The lock and the name of the command.
pub const NAME: &str = "aggregate-daily";

/// Days as they were stored, or would be.
#[derive(Default)]
pub(super) struct Outcome {
    pub days: Vec<(TargetDay, Aggregated)>,
    pub kept: Vec<TargetDay>,
    pub done: usize,
    /// Days that were left for the next time because the time was up.
    pub left: usize,
}

pub fn run(global: &Global, arguments: &AggregateDaily, world: &World) -> Result<Exit> {
    let clock = world.clock()?;
    let now = clock.now();
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let catalogue = load_catalogue(&loaded)?;
    let zone = zone(&loaded, false);
    let between = between(arguments, now, &zone)?;
    let path = database(&loaded);
    must_exist(path)?;
    let mut lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::take(path, NAME, arguments.turn.wait.unwrap_or_default(), &clock)?),
    };
    let mut store = opened(path, global, world, || Store::existing(path, &catalogue, arguments.dry_run))?;
    if let Some(lock) = &mut lock {
        lock.narrow(NAME);
    }
    let selection = Selection { zone: &zone, now, between, recompute: arguments.recompute };
    let pending = store.pending_days(&selection, &catalogue)?;
    let interval = |target: &str| millis(loaded.settings.interval_of(target));
    let outcome = match arguments.dry_run {
        true => preview(&store, pending, &catalogue, &interval)?,
        false => aggregate(&mut store, pending, &catalogue, &interval, now, None)?,
    };
    if arguments.json {
        print_json(&document(&outcome, &zone, arguments.dry_run))?;
    } else {
        let text = text(&outcome, arguments.dry_run);
        if world.stdout_is_terminal || arguments.dry_run || !outcome.days.is_empty() {
            print(&words::folded(&text, world.width))?;
        }
    }
    Ok(Exit::Done)
}

/// Stores day by day, oldest first, each in a transaction of its own; after `until` no day is begun.
pub(super) fn aggregate(
    store: &mut Store,
    pending: Pending,
    catalogue: &Catalogue,
    interval: &dyn Fn(&str) -> Millis,
    now: Millis,
    until: Option<Instant>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { done: pending.done, ..Outcome::default() };
    if !pending.days.is_empty() {
        store.prepare_days(catalogue)?;
    }
    for works in pending.days.into_values() {
        // A target at a time where the time counts.
        let most = if until.is_some() { 1 } else { works.len().max(1) };
        for works in works.chunks(most) {
            if until.is_some_and(|until| Instant::now() >= until) {
                outcome.left += works.len();
                continue;
            }
            let aggregated = store.aggregate_day(works, catalogue, interval, now)?;
            outcome.days.extend(works.iter().cloned().zip(aggregated));
        }
    }
    for work in pending.kept {
        store.keep_day(&work, catalogue)?;
        outcome.kept.push(work);
    }
    Ok(outcome)
}

fn preview(
    store: &Store,
    pending: Pending,
    catalogue: &Catalogue,
    interval: &dyn Fn(&str) -> Millis,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { done: pending.done, kept: pending.kept, ..Outcome::default() };
    for works in pending.days.into_values() {
        let aggregated = store.preview_day(&works, catalogue, interval)?;
        outcome.days.extend(works.into_iter().zip(aggregated));
    }
    Ok(outcome)
}

fn between(arguments: &AggregateDaily, now: Millis, zone: &TimeZone) -> Result<Option<(Date, Date)>> {
    let calendar = Calendar { now, zone: zone.clone() };
    let date = |flag: &str, text: &String| -> Result<Date> {
        let at = moment(flag, text, &calendar)?;
        let day = Day::of_snapshot(at, zone);
        day.map(|day| day.date)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("{flag}: no day of the calendar")).into())
    };
    let between = match (&arguments.day, &arguments.since, &arguments.until) {
        (Some(day), _, _) => {
            let day = date("--day", day)?;
            (day, day)
        }
        (None, None, None) => return Ok(None),
        (None, since, until) => {
            let since = since.as_ref().map(|text| date("--since", text)).transpose()?.unwrap_or(Date::MIN);
            let until = until.as_ref().map(|text| date("--until", text)).transpose()?.unwrap_or(Date::MAX);
            (since, until)
        }
    };
    if between.0 > between.1 {
        let what = format!("--since {} is after --until {}", between.0, between.1);
        return Err(Failure::new(Exit::Usage, what).with_hint("give the earlier day first; both are meant").into());
    }
    if let Some(day) = Day::on(between.0, zone).filter(|day| day.ends_at > now) {
        return Err(Failure::new(Exit::Usage, format!("{} is not over: it cannot be aggregated", day.name()))
            .with_hint("`stellar report` shows the running day")
            .into());
    }
    Ok(Some(between))
}

fn text(outcome: &Outcome, dry_run: bool) -> String {
    let mut text = String::new();
    for (work, day) in &outcome.days {
        text.push_str(&format!(
            "{}  {}  {} of {} ({}), {}{}\n",
            work.day.name(),
            work.target,
            words::grouped(day.samples.unsigned_abs()),
            words::count(usize::try_from(day.expected).unwrap_or(0), "sample"),
            words::share(day.samples, day.expected),
            words::count(day.parts, part(work.kind)),
            reason(work),
        ));
    }
    for work in &outcome.kept {
        text.push_str(&format!(
            "{}  {}  kept as it is: its snapshots are no longer all there\n",
            work.day.name(),
            work.target
        ));
    }
    let days = words::count(outcome.days.len(), "day");
    text.push_str(&match (outcome.days.is_empty(), dry_run) {
        (true, _) => format!("nothing to do: {} aggregated\n", is_or_are(outcome.done)),
        (false, true) => format!("dry run: {days} would be stored, nothing was\n"),
        (false, false) => format!("{days} stored\n"),
    });
    text
}

fn is_or_are(days: usize) -> String {
    format!("{} {}", words::count(days, "finished day"), if days == 1 { "is" } else { "are" })
}

/// What else has a row a day.
fn part(kind: Kind) -> &'static str {
    match kind {
        Kind::Cluster => "node",
        Kind::Application => "label set",
    }
}

fn reason(work: &TargetDay) -> &'static str {
    use crate::store::daily::Why;
    match work.why {
        Why::New | Why::Asked => "",
        Why::Changed => ", again: snapshots came to it",
        Why::MoreFigures => ", again: the catalogue asks for more",
    }
}

fn document(outcome: &Outcome, zone: &TimeZone, dry_run: bool) -> Value {
    let day = |(work, day): &(TargetDay, Aggregated)| {
        let parts = match work.kind {
            Kind::Cluster => "nodes",
            Kind::Application => "batches",
        };
        json!({
            "day": work.day.name(),
            work.kind.name(): work.target,
            "why": work.why.name(),
            "begins_at": work.day.begins_at,
            "ends_at": work.day.ends_at,
            "samples": day.samples,
            "expected": day.expected,
            "covered_seconds": day.covered_seconds,
            parts: day.parts,
        })
    };
    let kept =
        |work: &TargetDay| json!({ "day": work.day.name(), work.kind.name(): work.target, "why": work.why.name() });
    json!({
        "schema": 1,
        "timezone": zone.iana_name(),
        "dry_run": dry_run,
        "days": outcome.days.iter().map(day).collect::<Vec<_>>(),
        "kept": outcome.kept.iter().map(kept).collect::<Vec<_>>(),
        "up_to_date": outcome.done,
    })
}
