//! `stellar collect-once`: who is due, fetch, evaluate, store, tell.

mod tell;

use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    Secrets, World, cleanup, database, load_catalogue, load_settings, print, print_json, progress, refuse_unknown,
    said, zone,
};
use crate::catalogue::Catalogue;
use crate::catalogue::collection::Collection;
use crate::catalogue::evaluate::{self, Rows};
use crate::cli::{CollectOnce, Global};
use crate::clock::Clock;
use crate::collect::due::{self, Due};
use crate::collect::{self, Harvest, Progress, Remembered, Toolbox, nodes};
use crate::failure::{Exit, Failure};
use crate::sample::{Millis, lapse, millis};
use crate::settings::{Cluster, Loaded};
use crate::store::Store;
use crate::store::gaps::LEAST_STEP_BACK;
use crate::store::lock::Lock;
use crate::store::memory::{ClusterMemory, Layouts};
use crate::store::write::{ClusterRun, Known, Written, WrittenCluster};
use crate::words;

/// One cluster of a run, from what is remembered of it to what becomes of it.
struct Collected<'c> {
    cluster: &'c Cluster,
    harvest: Harvest,
    rows: Rows,
    memory: ClusterMemory,
}

impl Collected<'_> {
    fn answered(&self) -> bool {
        self.harvest.frontends_answered > 0
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
    fn clusters(&self) -> &[WrittenCluster] {
        self.written.as_ref().map_or(&[], |written| &written.clusters)
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
    let clusters = chosen(&loaded, &arguments.cluster)?;
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
        false => Some(Store::open(path, &catalogue)?),
    };
    if let Some(lock) = &mut lock {
        lock.narrow("collect-once");
    }

    let collected_at = clock.now();
    let clusters = match arguments.if_due {
        true => due_now(clusters, store.as_ref(), collected_at)?,
        false => clusters,
    };
    if clusters.is_empty() {
        let outcome = Outcome { collected: Vec::new(), written: None, collected_at, took: started.elapsed() };
        return tell::tell(&outcome, &loaded, &catalogue, arguments, world);
    }
    if let Some(store) = store.as_ref().filter(|_| !arguments.dry_run) {
        tell_of_a_step_back(store, collected_at, &zone(&loaded, false))?;
    }
    let oldest = oldest_reading(&loaded, &catalogue, collected_at);
    let collected = collect(&clusters, &loaded, &catalogue, &clock, (store.as_ref(), oldest), (global, world))?;
    let mut outcome = Outcome { collected, written: None, collected_at, took: started.elapsed() };
    if let Some(store) = store.as_mut().filter(|_| !arguments.dry_run) {
        let runs: Vec<ClusterRun> = outcome.collected.iter().map(cluster_run).collect();
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

/// The clusters that were named, or all.
fn chosen<'s>(loaded: &'s Loaded, names: &[String]) -> Result<Vec<&'s Cluster>> {
    let all = &loaded.settings.clusters;
    let known: Vec<&str> = all.iter().map(|cluster| cluster.name.as_str()).collect();
    refuse_unknown(names, &known, "cluster")?;
    if all.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("{}: no clusters are configured", loaded.name()))
            .with_hint("add one: [[clusters]] with name and frontends = [\"http://host:8030\"]")
            .into());
    }
    Ok(all.iter().filter(|cluster| names.is_empty() || names.contains(&cluster.name)).collect())
}

fn switched_off(arguments: &CollectOnce, world: &World) -> Result<Exit> {
    let why = "collecting is switched off ([metrics] enabled = false or APP_METRICS_ENABLED): nothing was done";
    if arguments.json {
        print_json(&json!({ "schema": 1, "enabled": false, "clusters": [] }))?;
    } else if world.stdout_is_terminal || !arguments.if_due {
        print(&format!("{why}\n"))?;
    } else {
        log::info!("{why}");
    }
    Ok(Exit::Done)
}

fn due_now<'c>(clusters: Vec<&'c Cluster>, store: Option<&Store>, now: Millis) -> Result<Vec<&'c Cluster>> {
    let mut chosen = Vec::new();
    for cluster in clusters {
        let known = match store {
            Some(store) => store.known(&cluster.name)?,
            None => Known::default(),
        };
        match due::decide(now, cluster.interval, known.past) {
            Due::Now => chosen.push(cluster),
            Due::Stored => log::info!("{}: this slot is stored already", cluster.name),
            Due::Backoff(next) => {
                let wait = lapse(next - now);
                log::info!(
                    "{}: {} in a row, next try in {}",
                    cluster.name,
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
    clusters: &[&'c Cluster],
    loaded: &Loaded,
    catalogue: &Catalogue,
    clock: &Clock,
    (store, oldest): (Option<&Store>, Millis),
    (global, world): (&Global, &World),
) -> Result<Vec<Collected<'c>>> {
    let mut layouts = Layouts::new();
    let mut memories = Vec::with_capacity(clusters.len());
    let mut asked: Vec<(&Cluster, Remembered)> = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        let (memory, remembered) = match store {
            Some(store) => store.remember(&cluster.name, oldest, &mut layouts)?,
            None => Default::default(),
        };
        memories.push(memory);
        asked.push((cluster, remembered));
    }
    let (progress, wanted) = (Progress::default(), catalogue.wanted());
    let tools = Toolbox { catalogue, wanted: &wanted, clock, progress: &progress };
    let harvests =
        progress::shown(world, global.quiet, &progress, || collect::fetch(&asked, &loaded.settings.collection, tools))
            .map_err(|error| Failure::new(Exit::AllFailed, format!("{error:#}")))?;
    let fetched_at = clock.now();
    let collected = clusters.iter().zip(harvests).zip(memories).map(|((cluster, mut harvest), memory)| {
        let rows = evaluate(catalogue, &harvest, &memory, fetched_at);
        for fault in &rows.faults {
            let text = format!("metric `{}` is NULL: {}", fault.metric, fault.reason);
            harvest.problems.push(text.into());
        }
        Collected { cluster, harvest, rows, memory }
    });
    Ok(collected.collect())
}

/// `time()` is the moment fetching ended, and never before a scrape.
fn evaluate(catalogue: &Catalogue, harvest: &Harvest, memory: &ClusterMemory, fetched_at: Millis) -> Rows {
    let at = harvest.scrapes.iter().map(|scrape| scrape.at).fold(fetched_at, Millis::max);
    let collection = Collection::new(&harvest.scrapes, memory.series());
    evaluate::evaluate(catalogue, &collection, at, &|labels| nodes::name(&harvest.nodes, labels))
}

fn cluster_run<'r>(one: &'r Collected) -> ClusterRun<'r> {
    ClusterRun {
        name: &one.cluster.name,
        labels: &one.cluster.labels,
        interval: one.cluster.interval,
        harvest: &one.harvest,
        rows: &one.rows,
        memory: &one.memory,
    }
}
