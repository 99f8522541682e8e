//! `stellar collect-once`: who is due, fetch, evaluate, store, tell.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    Secrets, World, database, load_catalogue, load_settings, print, print_json, progress, refuse_unknown, zone,
};
use crate::alert;
use crate::catalogue::Catalogue;
use crate::catalogue::collection::Collection;
use crate::catalogue::evaluate::{self, Rows};
use crate::cli::{CollectOnce, Global};
use crate::clock::Clock;
use crate::collect::due::{self, Due};
use crate::collect::{self, Harvest, Progress, Remembered, Toolbox, nodes};
use crate::failure::{Exit, Failure};
use crate::report::{self, Expected, Style};
use crate::sample::Millis;
use crate::settings::metric_entry::Subject;
use crate::settings::{Cluster, Loaded};
use crate::store::Store;
use crate::store::lock::Lock;
use crate::store::memory::{ClusterMemory, Layouts};
use crate::store::read::{LatestCluster, LatestNode};
use crate::store::write::{ClusterRun, Known, Stored, Written, WrittenCluster};
use crate::words;

/// Less is the clock being disciplined, and no rate of a whole interval is hurt.
const LEAST_STEP_BACK: Duration = Duration::from_secs(1);

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
    if !loaded.settings.metrics.enabled {
        return switched_off(arguments, world);
    }
    let path = database(&loaded);
    let _lock = match arguments.dry_run {
        true => None,
        false => Some(Lock::take(path, "collect-once", arguments.wait.unwrap_or_default(), &clock)?),
    };
    let mut store = match arguments.dry_run {
        true => Store::look_at(path)?,
        false => Some(Store::open(path, &catalogue)?),
    };

    let collected_at = clock.now();
    let clusters = match arguments.if_due {
        true => due_now(clusters, store.as_ref(), collected_at)?,
        false => clusters,
    };
    if clusters.is_empty() {
        let outcome = Outcome { collected: Vec::new(), written: None, collected_at, took: started.elapsed() };
        return tell(&outcome, &loaded, &catalogue, arguments, world);
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
    tell(&outcome, &loaded, &catalogue, arguments, world)
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
                let wait = Duration::from_millis(u64::try_from(next - now).unwrap_or(0));
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
    let behind = Duration::from_millis(u64::try_from(last - now).unwrap_or(0));
    if behind >= LEAST_STEP_BACK {
        let last = jiff::Timestamp::from_millisecond(last).map_or_else(
            |_| "in another age".to_owned(),
            |stamp| stamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
        );
        log::warn!(
            "the clock is {} behind the last collection ({last}); stored with the clock as it is. \
             Rates over the step are left out; nothing is overwritten",
            words::age(behind)
        );
    }
    Ok(())
}

/// Readings are remembered for as long as snapshots are kept, and at least as long as an expression reaches back.
fn oldest_reading(loaded: &Loaded, catalogue: &Catalogue, now: Millis) -> Millis {
    let kept = Millis::try_from(loaded.settings.metrics.retention.as_millis()).unwrap_or(Millis::MAX);
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
        progress::shown(world, global.quiet, &progress, || collect::fetch(&asked, &loaded.settings.collection, tools))?;
    let fetched_at = clock.now();
    let collected = clusters.iter().zip(harvests).zip(memories).map(|((cluster, mut harvest), memory)| {
        let rows = evaluate(catalogue, &harvest, &memory, fetched_at);
        for fault in &rows.faults {
            harvest.problems.push(format!("metric `{}` is NULL: {}", fault.metric, fault.reason));
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

fn exit_of(collected: &[Collected]) -> Exit {
    let failed = collected.iter().filter(|one| !one.answered()).count();
    match failed {
        0 => Exit::Done,
        all if all == collected.len() => Exit::AllFailed,
        _ => Exit::Partly,
    }
}

/// Results to standard output for people and programs; problems to standard error for whoever reads the timer's mail.
fn tell(
    outcome: &Outcome,
    loaded: &Loaded,
    catalogue: &Catalogue,
    arguments: &CollectOnce,
    world: &World,
) -> Result<Exit> {
    let exit = exit_of(&outcome.collected);
    if arguments.json {
        print_json(&as_json(outcome, catalogue, exit))?;
    } else if arguments.dry_run {
        print(&dry_run(outcome, loaded, catalogue, world)?)?;
    } else if world.stdout_is_terminal {
        print(&for_people(outcome, loaded))?;
    }
    if world.journal {
        for_the_journal(outcome, exit);
    } else if arguments.json || arguments.dry_run || !world.stdout_is_terminal {
        for one in &outcome.collected {
            for problem in &one.harvest.problems {
                log::warn!("{}: {problem}", one.cluster.name);
            }
            log::info!("{}", line_of(one));
        }
    }
    for (one, written) in outcome.collected.iter().zip(outcome.clusters()) {
        if written.stored == Stored::Already {
            log::warn!("{}: a snapshot of this very moment is stored already; it was kept", one.cluster.name);
        }
    }
    Ok(exit)
}

fn line_of(one: &Collected) -> String {
    let word = if one.answered() { "ok  " } else { "fail" };
    let took = words::took(one.harvest.took);
    format!("{word}  {}  {took:>7}  {}", one.cluster.name, words::count(one.harvest.samples_seen() as usize, "sample"))
}

/// One line a cluster, what went wrong underneath, then the sum.
fn for_people(outcome: &Outcome, loaded: &Loaded) -> String {
    let mut text = String::new();
    let width = outcome.collected.iter().map(|one| one.cluster.name.chars().count()).max().unwrap_or(0);
    for one in &outcome.collected {
        let word = if one.answered() { "ok" } else { "fail" };
        let samples = words::count(one.harvest.samples_seen() as usize, "sample");
        let took = words::took(one.harvest.took);
        let _ = writeln!(text, "{word:<4}  {:<width$}  {took:>7}  {samples}", one.cluster.name);
        for problem in &one.harvest.problems {
            let _ = writeln!(text, "      {problem}");
        }
    }
    let answered = outcome.collected.iter().filter(|one| one.answered()).count();
    let size = size_on_disk(database(loaded));
    let all = words::count(outcome.collected.len(), "cluster");
    let took = words::took(outcome.took);
    if outcome.collected.is_empty() {
        text.push_str("nothing was due\n");
    } else {
        let _ = writeln!(text, "{answered} of {all} answered, stored in {took} (db {})", words::bytes(size));
    }
    text
}

/// The file and what SQLite has not yet moved into it.
fn size_on_disk(path: &Path) -> f64 {
    let log = format!("{}-wal", path.display());
    [path, Path::new(&log)]
        .into_iter()
        .filter_map(|path| std::fs::metadata(path).ok())
        .map(|file| file.len() as f64)
        .sum()
}

/// One line for the run and one for each problem, `key=value`; a good run is not worth a line at the default level.
fn for_the_journal(outcome: &Outcome, exit: Exit) {
    let failed = outcome.collected.iter().filter(|one| !one.answered()).count();
    let samples: u64 = outcome.collected.iter().map(|one| one.harvest.samples_seen()).sum();
    let (ok, took) = (outcome.collected.len() - failed, outcome.took.as_secs_f64());
    let level = if failed > 0 { log::Level::Warn } else { log::Level::Info };
    let run = outcome.written.as_ref().map_or_else(String::new, |written| format!(" run={}", written.run_id));
    log::log!(level, "collect-once{run} ok={ok} failed={failed} samples={samples} took={took:.2}s exit={}", exit as u8);
    for (index, one) in outcome.collected.iter().enumerate() {
        let written = outcome.clusters().get(index);
        let failed = written.filter(|_| !one.answered()).map_or_else(String::new, |written| {
            let wait = written.next_try.map_or(0, |next| (next - outcome.collected_at).max(0) / 1000);
            format!(" streak={} next_try={wait}s", written.failures)
        });
        for problem in &one.harvest.problems {
            let quoted = problem.replace('\\', "\\\\").replace('"', "\\\"");
            log::warn!("collect-once{run} target={} error=\"{quoted}\"{failed}", one.cluster.name);
        }
    }
}

fn as_json(outcome: &Outcome, catalogue: &Catalogue, exit: Exit) -> serde_json::Value {
    let clusters: Vec<serde_json::Value> = outcome
        .collected
        .iter()
        .enumerate()
        .map(|(index, one)| {
            let nodes = one.harvest.nodes.iter().map(|node| {
                let unmeasured = vec![None; catalogue.stored(Subject::Node).count()];
                let row = one.rows.nodes.get(&node.key).unwrap_or(&unmeasured);
                json!({
                    "node": node.key,
                    "instance": node.instance,
                    "role": node.role,
                    "version": node.version,
                    "metrics": report::json::metrics(catalogue, Subject::Node, row),
                })
            });
            json!({
                "cluster": one.cluster.name,
                "answered": one.answered(),
                "stored": outcome.clusters().get(index).is_some_and(|written| written.stored == Stored::Snapshot),
                "took_seconds": one.harvest.took.as_secs_f64(),
                "samples": one.harvest.samples_seen(),
                "problems": one.harvest.problems,
                "metrics": report::json::metrics(catalogue, Subject::Cluster, &one.rows.cluster),
                "nodes": nodes.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "schema": 1,
        "enabled": true,
        "collected_at_unix_ms": outcome.collected_at,
        "took_seconds": outcome.took.as_secs_f64(),
        "exit": exit as u8,
        "clusters": clusters,
    })
}

/// The rows as the report would show them.
fn dry_run(outcome: &Outcome, loaded: &Loaded, catalogue: &Catalogue, world: &World) -> Result<String> {
    let rules = alert::shipped_rules().map_err(anyhow::Error::msg)?;
    let style = Style { zone: zone(loaded, false), colour: world.colour, width: world.width };
    let (mut rows, mut expected) = (Vec::new(), Vec::new());
    for one in &outcome.collected {
        expected.push(Expected { name: one.cluster.name.clone(), interval: one.cluster.interval });
        rows.push(as_if_stored(one, catalogue, outcome.collected_at));
    }
    let assessed = report::assess(rows, &expected, catalogue, &rules, outcome.collected_at);
    let mut text: String =
        assessed.iter().map(|one| format!("{}\n", report::render_cluster(one, catalogue, &style))).collect();
    text.push_str("dry run: nothing was stored\n");
    Ok(text)
}

fn as_if_stored(one: &Collected, catalogue: &Catalogue, at: Millis) -> LatestCluster {
    let unmeasured = vec![None; catalogue.stored(Subject::Node).count()];
    let nodes = one.harvest.nodes.iter().map(|node| LatestNode {
        node: node.key.clone(),
        instance: node.instance.clone(),
        role: node.role.clone(),
        version: node.version.clone(),
        values: one.rows.nodes.get(&node.key).unwrap_or(&unmeasured).clone(),
    });
    let open = one.harvest.attempts.iter().filter(|attempt| !attempt.mended);
    let failed = open.filter_map(|attempt| Some((attempt.url.clone(), attempt.error.clone()?)));
    LatestCluster {
        name: one.cluster.name.clone(),
        labels: one.cluster.labels.clone(),
        first_seen: at,
        collected_at: Some(at),
        values: one.rows.cluster.clone(),
        nodes: nodes.collect(),
        failures: u32::from(!one.answered()),
        next_try: None,
        last_error: one.harvest.problems.first().cloned(),
        last_answer: one.answered().then_some(at),
        failed_fetches: failed.collect(),
    }
}
