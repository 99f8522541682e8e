//! `stellar cleanup`: what is older than its retention goes, and what a collection does of it in passing.

mod tell;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::tz::TimeZone;

use super::{
    Secrets, World, aggregate_daily, database, load_catalogue, load_settings, opened, print, print_json, said, zone,
};
use crate::catalogue::Catalogue;
use crate::cli::{Cleanup, Global, Limit};
use crate::clock::Clock;
use crate::command::progress;
use crate::failure::{Exit, Failure};
use crate::sample::{Millis, millis};
use crate::settings::durations::spoken;
use crate::settings::{Kind, Loaded};
use crate::store::cleanup::{Done, Plan, Space, Thin, Wish};
use crate::store::daily::{Pending, Selection};
use crate::store::disk::Disk;
use crate::store::lock::{Lock, WRITERS};
use crate::store::{Store, must_exist};
use crate::words;

/// The lock and the name of the command.
pub const NAME: &str = "cleanup";

/// A day that loses its snapshots while it is folded would be folded wrong.
const LOCKS: [&str; 2] = [aggregate_daily::NAME, NAME];

/// How long `collect-once --upkeep` may take for it.
const UPKEEP: Duration = Duration::from_secs(2);

const HOUR: Millis = 3_600_000;

/// What holds for a run, from the flags or from the configuration.
struct Limits {
    retention: Duration,
    daily: Option<Duration>,
    max_size: Option<i64>,
}

/// A plan and what became of it.
struct Outcome {
    plan: Plan,
    /// Nothing in a dry run.
    done: Option<Done>,
    /// Of each day of a target that was aggregated first, or would be, the kind of the target.
    aggregated: Vec<Kind>,
    space: Space,
    took: Duration,
}

pub fn run(global: &Global, arguments: &Cleanup, world: &World) -> Result<Exit> {
    let started = Instant::now();
    let clock = world.clock()?;
    let now = clock.now();
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let catalogue = load_catalogue(&loaded)?;
    let zone = zone(&loaded, false);
    let limits = limits(&loaded, arguments)?;
    let path = database(&loaded);
    must_exist(path)?;
    let locks: &[&str] = if arguments.vacuum { &WRITERS } else { &LOCKS };
    let mut lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::take_several(path, locks, NAME, arguments.turn.wait.unwrap_or_default(), &clock)?),
    };
    let mut store = opened(path, global, world, || Store::existing(path, &catalogue, arguments.dry_run))?;
    if let Some(lock) = &mut lock {
        lock.narrow_to(locks);
    }
    if let Some(last) = store.clock_doubt(now)?.filter(|_| !arguments.force) {
        return Err(Failure::new(Exit::Partly, doubt(last, now, &zone))
            .with_hint("when the clock is right: stellar cleanup --force, or wait for a day of collections")
            .into());
    }
    let interval = |target: &str| millis(loaded.settings.interval_of(target));
    let aggregated = match arguments.aggregate {
        true => aggregate(&mut store, &zone, &catalogue, &interval, (now, arguments.dry_run))?,
        false => Vec::new(),
    };
    let wish = Wish {
        as_if_aggregated: arguments.dry_run && arguments.aggregate,
        weigh: arguments.dry_run,
        ..wish(&loaded, &catalogue, &limits, &zone, now)
    };
    let plan = store.plan_cleanup(&wish, &catalogue)?;
    let mut outcome = Outcome { plan, done: None, aggregated, space: store.space()?, took: started.elapsed() };
    if !arguments.dry_run {
        let done = progress::timed(world, global.quiet, "cleanup", || {
            let done = store.cleanup(&outcome.plan, &catalogue, &interval, None)?;
            store.give_back(limits.max_size, None)?;
            Ok::<_, Failure>(done)
        })?;
        if arguments.vacuum {
            enough_room(path, store.space()?)?;
            progress::timed(world, global.quiet, "vacuum", || store.vacuum())?;
        }
        (outcome.done, outcome.space, outcome.took) = (Some(done), store.space()?, started.elapsed());
    }
    let context = tell::Context { limits: &limits, zone: &zone, now, width: world.width };
    if arguments.json {
        print_json(&tell::document(&outcome, &context))?;
    } else if !global.quiet || arguments.dry_run {
        print(&tell::text(&outcome, &context))?;
    }
    Ok(tell::warned(&outcome))
}

/// A small part after each collection. A failure is a warning: the collection is stored.
pub(super) fn upkeep(store: &mut Store, loaded: &Loaded, catalogue: &Catalogue, clock: &Clock) {
    let until = Instant::now() + UPKEEP;
    match upkeep_until(store, loaded, catalogue, clock, until) {
        Ok(()) => {}
        Err(failure) if failure.exit == Exit::Busy => log::info!("upkeep: {failure}; left for the next collection"),
        Err(failure) => {
            let hint = failure.hint.as_ref().map_or_else(String::new, |hint| format!(". {hint}"));
            log::warn!("upkeep: {failure}; this collection is stored{hint}");
        }
    }
}

fn upkeep_until(
    store: &mut Store,
    loaded: &Loaded,
    catalogue: &Catalogue,
    clock: &Clock,
    until: Instant,
) -> Result<(), Failure> {
    let (zone, now) = (zone(loaded, false), clock.now());
    let _lock = Lock::take_several(database(loaded), &LOCKS, "upkeep", Duration::ZERO, clock)?;
    let interval = |target: &str| millis(loaded.settings.interval_of(target));
    let pending = pending(store, &zone, catalogue, now)?;
    if !pending.days.is_empty() || !pending.kept.is_empty() {
        let outcome = aggregate_daily::aggregate(store, pending, catalogue, &interval, now, Some(until))?;
        log::info!("upkeep: {} aggregated, {} left", words::count(outcome.days.len(), "day"), outcome.left);
    }
    if let Some(last) = store.clock_doubt(now)? {
        // Told by the first collection after the step, not by every one of the day after it.
        let level = if store.runs_since(last)? <= 1 { log::Level::Warn } else { log::Level::Info };
        log::log!(level, "upkeep: {}", doubt(last, now, &zone));
        return Ok(());
    }
    let metrics = &loaded.settings.metrics;
    let limits = Limits {
        retention: metrics.retention,
        daily: metrics.keeping.daily,
        max_size: metrics.keeping.max_size.map(bytes),
    };
    let wish = wish(loaded, catalogue, &limits, &zone, now);
    // Once an hour is enough, and much cheaper than a few rows every time.
    let wish = Wish { before: wish.before - wish.before.rem_euclid(HOUR), ..wish };
    let plan = store.plan_cleanup(&wish, catalogue)?;
    if let Some(size) = plan.size.filter(|size| !size.fits()) {
        log::info!("upkeep: {}", tell::too_large(size.after, size.most, &plan));
    }
    if plan.is_empty() {
        return Ok(());
    }
    let done = store.cleanup(&plan, catalogue, &interval, Some(until))?;
    log::info!("upkeep: {} removed, {} thinned", done.snapshots, done.thinned);
    store.give_back(limits.max_size, Some(until))
}

fn limits(loaded: &Loaded, arguments: &Cleanup) -> Result<Limits> {
    let metrics = &loaded.settings.metrics;
    let limits = Limits {
        retention: arguments.retention.unwrap_or(metrics.retention),
        daily: arguments.daily_retention.map_or(metrics.keeping.daily, |Limit(daily)| daily),
        max_size: arguments.max_size.map_or(metrics.keeping.max_size, |Limit(size)| size).map(bytes),
    };
    if let Some(daily) = limits.daily.filter(|daily| *daily < limits.retention) {
        let (daily, retention) = (spoken(daily), spoken(limits.retention));
        let what = format!("days would be kept for {daily} and snapshots for {retention}, which is longer");
        return Err(Failure::new(Exit::Usage, what)
            .with_hint("give a longer --daily-retention, or a shorter --retention")
            .into());
    }
    Ok(limits)
}

fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn wish<'w>(loaded: &Loaded, catalogue: &Catalogue, limits: &Limits, zone: &'w TimeZone, now: Millis) -> Wish<'w> {
    let ago = |time: Duration| now.saturating_sub(millis(time));
    let keeping = &loaded.settings.metrics.keeping;
    let step = Millis::try_from(keeping.thin_to.as_millis()).unwrap_or(HOUR);
    let longest = now.saturating_sub(catalogue.longest_range());
    Wish {
        zone,
        now,
        before: ago(limits.retention),
        daily_before: limits.daily.map(ago),
        // At least as long as an expression reaches back; collections have the configuration's own.
        readings_before: ago(limits.retention.max(loaded.settings.metrics.retention)).min(longest),
        max_size: limits.max_size,
        thin: keeping.thin_after.map(|after| Thin { before: ago(after), step }),
        as_if_aggregated: false,
        weigh: false,
    }
}

fn pending(store: &Store, zone: &TimeZone, catalogue: &Catalogue, now: Millis) -> Result<Pending, Failure> {
    store.pending_days(&Selection { zone, now, between: None, recompute: false }, catalogue)
}

/// The kinds of the targets, one a day of each.
fn aggregate(
    store: &mut Store,
    zone: &TimeZone,
    catalogue: &Catalogue,
    interval: &dyn Fn(&str) -> Millis,
    (now, dry_run): (Millis, bool),
) -> Result<Vec<Kind>> {
    let pending = pending(store, zone, catalogue, now)?;
    if dry_run {
        return Ok(pending.days.into_values().flatten().map(|work| work.kind).collect());
    }
    let outcome = aggregate_daily::aggregate(store, pending, catalogue, interval, now, None)?;
    Ok(outcome.days.into_iter().map(|(work, _)| work.kind).collect())
}

fn doubt(last: Millis, now: Millis, zone: &TimeZone) -> String {
    format!(
        "the clock says {}, more than a day after the snapshots before it ({}): nothing was removed",
        said(now, zone),
        said(last, zone)
    )
}

/// SQLite writes the file anew beside it, then into its log.
fn enough_room(path: &Path, space: Space) -> Result<()> {
    let needed = 2 * space.used();
    // Where the system does not say, SQLite will.
    match Disk::of(path) {
        Some(disk) if disk.free < needed.unsigned_abs() => {
            let needed = words::bytes(needed as f64);
            let what = format!("{}: --vacuum needs about {needed} of free space: {disk}", path.display());
            Err(Failure::new(Exit::Database, what)
                .with_hint("free space first; what was to be removed is removed, its pages serve new rows")
                .into())
        }
        _ => Ok(()),
    }
}
