//! `stellar collect-once`: who is due, fetch, evaluate, store, tell.

mod dry_run;
mod tell;

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    Secrets, World, cleanup, database, load_catalogue, load_settings, opened, print, print_json, progress,
    refuse_unknown, said, zone,
};
use crate::catalogue::collection::Collection;
use crate::catalogue::{Catalogue, Figures, batch, evaluate};
use crate::cli::{CollectOnce, Global};
use crate::clock::Clock;
use crate::collect::due::{self, Due};
use crate::collect::{self, Harvest, Progress, Remembered, Toolbox, nodes};
use crate::failure::{Exit, Failure};
use crate::sample::{Labels, Millis, lapse, millis};
use crate::settings::{Kind, Loaded, Target};
use crate::store::Store;
use crate::store::gaps::LEAST_STEP_BACK;
use crate::store::lock::Lock;
use crate::store::memory::{Layouts, TargetMemory};
use crate::store::write::{Known, TargetRun, Written, WrittenTarget};
use crate::words;

/// One target of a run, from what is remembered of it to what becomes of it.
struct Collected<'c> {
    target: Target<'c>,
    harvest: Harvest,
    figures: Figures,
    memory: TargetMemory,
}

impl Collected<'_> {
    fn answered(&self) -> bool {
        self.harvest.answered > 0
    }

    fn failed(&self) -> bool {
        !self.answered() && !self.harvest.ended
    }

    /// `ok`, `fail`, or `ended` for an application whose run is over.
    fn word(&self) -> &'static str {
        match (self.answered(), self.harvest.ended) {
            (true, _) => "ok",
            (false, true) => "ended",
            (false, false) => "fail",
        }
    }
}

/// What came of a whole run.
struct Outcome<'c> {
    collected: Vec<Collected<'c>>,
    /// Nothing in a dry run.
    written: Option<Written>,
    collected_at: Millis,
    took: Duration,
}

impl Outcome<'_> {
    fn targets(&self) -> &[WrittenTarget] {
        self.written.as_ref().map_or(&[], |written| &written.targets)
    }
}

pub fn run(global: &Global, arguments: &CollectOnce, world: &World) -> Result<Exit> {
    let started = Instant::now();
    let clock = world.clock()?;
    let mut loaded = load_settings(global, world, Secrets::Needed)?;
    if let Some(jobs) = arguments.jobs {
        loaded.settings.collection.max_concurrency = usize::from(jobs);
    }
    let catalogue = load_catalogue(&loaded)?;
    let targets = chosen(&loaded, arguments)?;
    // `config check` warns; a run every 30 s would fill the journal with the same words.
    for warning in &loaded.warnings {
        log::info!("{warning}");
    }
    for exposed in &loaded.exposed {
        let level = if arguments.if_due { log::Level::Info } else { log::Level::Warn };
        log::log!(level, "{exposed}");
    }
    if !loaded.settings.metrics.enabled {
        return switched_off(arguments, world);
    }
    let path = database(&loaded);
    let mut lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::take(path, "collect-once", arguments.wait.unwrap_or_default(), &clock)?),
    };
    let mut store = match arguments.dry_run {
        true => Store::look_at(path)?,
        false => Some(opened(path, global, world, || Store::open(path, &catalogue))?),
    };
    if let Some(lock) = &mut lock {
        lock.narrow("collect-once");
    }

    let collected_at = clock.now();
    if let Some(store) = &store {
        refuse_other_kinds(store, &targets)?;
    }
    let targets = match arguments.if_due {
        true => due_now(targets, store.as_ref(), collected_at)?,
        false => targets,
    };
    if targets.is_empty() {
        let outcome = Outcome { collected: Vec::new(), written: None, collected_at, took: started.elapsed() };
        return tell::tell(&outcome, &loaded, &catalogue, arguments, world);
    }
    if let Some(store) = store.as_ref().filter(|_| !arguments.dry_run) {
        tell_of_a_step_back(store, collected_at, &zone(&loaded, false))?;
    }
    let oldest = oldest_reading(&loaded, &catalogue, collected_at);
    let collected = collect(&targets, &loaded, &catalogue, &clock, (store.as_ref(), oldest), (global, world))?;
    let mut outcome = Outcome { collected, written: None, collected_at, took: started.elapsed() };
    if let Some(store) = store.as_mut().filter(|_| !arguments.dry_run) {
        let runs: Vec<TargetRun> = outcome.collected.iter().map(target_run).collect();
        outcome.written = Some(store.write_run(collected_at, outcome.took, &runs, &catalogue, oldest)?);
    }
    outcome.took = started.elapsed();
    let exit = tell::tell(&outcome, &loaded, &catalogue, arguments, world)?;
    // From here on the next collection may run.
    drop(lock);
    if let Some(store) = store.as_mut().filter(|_| arguments.upkeep) {
        // What is stored is stored: the exit code is the collection's.
        cleanup::upkeep(store, &loaded, &catalogue, &clock);
    }
    Ok(exit)
}

/// The targets that were named, or all.
fn chosen<'s>(loaded: &'s Loaded, arguments: &CollectOnce) -> Result<Vec<Target<'s>>> {
    let settings = &loaded.settings;
    let mut wanted: Vec<&String> = Vec::new();
    for (kind, names) in [(Kind::Cluster, &arguments.cluster), (Kind::Application, &arguments.application)] {
        let known = settings.targets().filter(|target| target.kind() == kind).map(Target::name);
        refuse_unknown(names, &known.collect::<Vec<_>>(), kind.name())?;
        wanted.extend(names);
    }
    if settings.targets().next().is_none() {
        return Err(Failure::new(Exit::Usage, format!("{}: nothing to collect is configured", loaded.name()))
            .with_hint(
                "add one: [[clusters]] with name and frontends = [\"http://host:8030\"], or [[applications]] with name \
                 and url = \"http://host:8080\"",
            )
            .into());
    }
    let is_wanted = |target: &Target| wanted.is_empty() || wanted.iter().any(|name| *name == target.name());
    Ok(settings.targets().filter(is_wanted).collect())
}

/// A name stands for one history: that of a cluster cannot go on as that of an application.
fn refuse_other_kinds(store: &Store, targets: &[Target]) -> Result<()> {
    for target in targets {
        if let Some(kind) = store.kind_of(target.name())?.filter(|kind| *kind != target.kind()) {
            let (name, own, other) = (target.name(), target.kind().name(), kind.with_article());
            return Err(Failure::new(Exit::Usage, format!("`{name}` is the name of {other} in the database"))
                .with_hint(format!("choose another name for the {own}, or another file with [database] path"))
                .into());
        }
    }
    Ok(())
}

fn switched_off(arguments: &CollectOnce, world: &World) -> Result<Exit> {
    let why = "collecting is switched off ([metrics] enabled = false or APP_METRICS_ENABLED): nothing was done";
    if arguments.json {
        print_json(&json!({ "schema": 1, "enabled": false, "clusters": [], "applications": [] }))?;
    } else if world.stdout_is_terminal || !arguments.if_due {
        print(&format!("{why}\n"))?;
    } else {
        log::info!("{why}");
    }
    Ok(Exit::Done)
}

fn due_now<'c>(targets: Vec<Target<'c>>, store: Option<&Store>, now: Millis) -> Result<Vec<Target<'c>>> {
    let mut chosen = Vec::new();
    for target in targets {
        let name = target.name();
        let known = match store {
            Some(store) => store.known(name)?,
            None => Known::default(),
        };
        match due::decide(now, target.interval(), known.past) {
            Due::Now => chosen.push(target),
            Due::Stored => log::info!("{name}: this slot is stored already"),
            Due::Backoff(next) => {
                let wait = lapse(next - now);
                log::info!(
                    "{name}: {} in a row, next try in {}",
                    words::count(known.failures as usize, "failure"),
                    words::age(wait)
                );
            }
        }
    }
    Ok(chosen)
}

/// Told once, by the first collection after the step: the one after it finds an older run before it.
fn tell_of_a_step_back(store: &Store, now: Millis, zone: &TimeZone) -> Result<()> {
    let Some(last) = store.last_run()? else { return Ok(()) };
    let behind = lapse(last - now);
    if behind >= lapse(LEAST_STEP_BACK) {
        let last = said(last, zone);
        log::warn!(
            "the clock is {} behind the last collection ({last}); stored with the clock as it is. \
             Rates over the step are left out; nothing is overwritten",
            words::age(behind)
        );
    }
    Ok(())
}

/// Readings are remembered for as long as snapshots are kept, and at least as long as an expression reaches back.
pub(super) fn oldest_reading(loaded: &Loaded, catalogue: &Catalogue, now: Millis) -> Millis {
    let kept = millis(loaded.settings.metrics.retention);
    now.saturating_sub(kept.max(catalogue.longest_range()))
}

fn collect<'c>(
    targets: &[Target<'c>],
    loaded: &Loaded,
    catalogue: &Catalogue,
    clock: &Clock,
    (store, oldest): (Option<&Store>, Millis),
    (global, world): (&Global, &World),
) -> Result<Vec<Collected<'c>>> {
    let mut layouts = Layouts::new();
    let mut memories = Vec::with_capacity(targets.len());
    let mut asked: Vec<(Target, Remembered)> = Vec::with_capacity(targets.len());
    for target in targets {
        let (memory, remembered) = match store {
            Some(store) => store.remember(target.name(), oldest, &mut layouts)?,
            None => Default::default(),
        };
        memories.push(memory);
        asked.push((*target, remembered));
    }
    let progress = Progress::default();
    let tools = Toolbox { catalogue, clock, progress: &progress };
    let harvests =
        progress::shown(world, global.quiet, &progress, || collect::fetch(&asked, &loaded.settings.collection, tools))
            .map_err(|error| Failure::new(Exit::AllFailed, format!("{error:#}")))?;
    let fetched_at = clock.now();
    let collected = targets.iter().zip(harvests).zip(memories).map(|((target, mut harvest), mut memory)| {
        let figures = evaluate(target.kind(), catalogue, &harvest, &mut memory, fetched_at);
        for fault in figures.faults() {
            let text = format!("metric `{}` is NULL: {}", fault.metric, fault.reason);
            harvest.problems.push(text.into());
        }
        Collected { target: *target, harvest, figures, memory }
    });
    Ok(collected.collect())
}

/// `time()` is the moment fetching ended, and never before a scrape.
fn evaluate(
    kind: Kind,
    catalogue: &Catalogue,
    harvest: &Harvest,
    memory: &mut TargetMemory,
    fetched_at: Millis,
) -> Figures {
    let at = harvest.scrapes.iter().map(|scrape| scrape.at).fold(fetched_at, Millis::max);
    let mut collection = Collection::new(&harvest.scrapes, memory.series());
    match kind {
        Kind::Cluster => {
            let name = |labels: &Labels| nodes::name(&harvest.nodes, labels);
            Figures::Cluster(evaluate::evaluate(catalogue, &collection, at, &name))
        }
        Kind::Application => {
            // It may have ended and begun anew between two collections: its counters are born at their final values, too.
            if catalogue.is_restarted(&collection, at) {
                memory.end();
                collection = Collection::new(&harvest.scrapes, memory.series());
            }
            Figures::Application(batch::evaluate(catalogue, &collection, at))
        }
    }
}

fn target_run<'r>(one: &'r Collected) -> TargetRun<'r> {
    TargetRun {
        name: one.target.name(),
        kind: one.target.kind(),
        environment: one.target.environment(),
        labels: one.target.labels(),
        interval: one.target.interval(),
        include_idle: one.target.include_idle(),
        harvest: &one.harvest,
        figures: &one.figures,
        memory: &one.memory,
    }
}
