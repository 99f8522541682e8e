//! What a collection tells: people on a terminal, programs, the journal, and whoever reads a timer's mail.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::dry_run::dry_run;
use super::{Collected, Outcome};
use crate::catalogue::batch::Batch;
use crate::catalogue::{Catalogue, Figures};
use crate::cli::CollectOnce;
use crate::collect::Problem;
use crate::command::{World, database, print, print_json};
use crate::failure::Exit;
use crate::report;
use crate::settings::metric_entry::Subject;
use crate::settings::{Kind, Loaded};
use crate::store::write::Stored;
use crate::words;

fn exit_of(collected: &[Collected]) -> Exit {
    let failed = collected.iter().filter(|one| one.failed()).count();
    match failed {
        0 => Exit::Done,
        all if all == collected.len() => Exit::AllFailed,
        _ => Exit::Partly,
    }
}

/// Results to standard output for people and programs; problems to standard error for whoever reads the timer's mail.
pub(super) fn tell(
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
                log::log!(level_of(one, problem), "{}: {}", one.target.name(), problem.text);
            }
            log::info!("{}", line_of(one));
        }
    }
    for (one, written) in outcome.collected.iter().zip(outcome.targets()) {
        if written.stored == Stored::Already {
            log::warn!("{}: a snapshot of this very moment is stored already; it was kept", one.target.name());
        }
    }
    Ok(exit)
}

/// A target that did not answer is an error, and so is a login that is refused, for that costs all lists of
/// nodes until a person mends it; whatever else a target lacks is a warning.
fn level_of(one: &Collected, problem: &Problem) -> log::Level {
    if !one.failed() && !problem.grave { log::Level::Warn } else { log::Level::Error }
}

fn line_of(one: &Collected) -> String {
    let took = words::took(one.harvest.took);
    format!(
        "{:<4}  {}  {took:>7}  {}",
        one.word(),
        one.target.name(),
        words::count(one.harvest.samples_seen() as usize, "sample")
    )
}

/// One line a target, what went wrong underneath, then the sum.
fn for_people(outcome: &Outcome, loaded: &Loaded) -> String {
    let mut text = String::new();
    let width = outcome.collected.iter().map(|one| one.target.name().chars().count()).max().unwrap_or(0);
    let words_width = outcome.collected.iter().map(|one| one.word().len()).max().unwrap_or(0).max(4);
    for one in &outcome.collected {
        let word = one.word();
        let samples = words::count(one.harvest.samples_seen() as usize, "sample");
        let took = words::took(one.harvest.took);
        let _ = writeln!(text, "{word:<words_width$}  {:<width$}  {took:>7}  {samples}", one.target.name());
        for problem in &one.harvest.problems {
            let _ = writeln!(text, "  {:words_width$}{}", "", problem.text);
        }
    }
    let answered = outcome.collected.iter().filter(|one| one.answered()).count();
    let size = size_on_disk(database(loaded));
    let kinds: Vec<Kind> = outcome.collected.iter().map(|one| one.target.kind()).collect();
    let noun = match kinds.first() {
        Some(kind) if kinds.iter().all(|other| other == kind) => kind.name(),
        _ => "target",
    };
    let all = words::count(outcome.collected.len(), noun);
    let took = words::took(outcome.took);
    let ended = match outcome.collected.iter().filter(|one| one.harvest.ended).count() {
        0 => String::new(),
        count => format!(" {count} ended,"),
    };
    if outcome.collected.is_empty() {
        text.push_str("nothing was due\n");
    } else {
        let _ = writeln!(text, "{answered} of {all} answered,{ended} stored in {took} (db {})", words::bytes(size));
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
    let failed = outcome.collected.iter().filter(|one| one.failed()).count();
    let samples: u64 = outcome.collected.iter().map(|one| one.harvest.samples_seen()).sum();
    let (ok, took) = (outcome.collected.len() - failed, outcome.took.as_secs_f64());
    let level = if failed > 0 { log::Level::Warn } else { log::Level::Info };
    let run = outcome.written.as_ref().map_or_else(String::new, |written| format!(" run={}", written.run_id));
    log::log!(level, "collect-once{run} ok={ok} failed={failed} samples={samples} took={took:.2}s exit={}", exit as u8);
    for (index, one) in outcome.collected.iter().enumerate() {
        let written = outcome.targets().get(index);
        let failed = written.filter(|_| one.failed()).map_or_else(String::new, |written| {
            let wait = written.next_try.map_or(0, |next| (next - outcome.collected_at).max(0) / 1000);
            format!(" streak={} next_try={wait}s", written.failures)
        });
        for problem in &one.harvest.problems {
            let quoted = problem.text.replace('\\', "\\\\").replace('"', "\\\"");
            log::log!(
                level_of(one, problem),
                "collect-once{run} target={} error=\"{quoted}\"{failed}",
                one.target.name()
            );
        }
    }
}

fn as_json(outcome: &Outcome, catalogue: &Catalogue, exit: Exit) -> serde_json::Value {
    let (mut clusters, mut applications) = (Vec::new(), Vec::new());
    for (index, one) in outcome.collected.iter().enumerate() {
        let mut about = json!({
            one.target.kind().name(): one.target.name(),
            "answered": one.answered(),
            "stored": outcome.targets().get(index).is_some_and(|written| written.stored == Stored::Snapshot),
            "took_seconds": one.harvest.took.as_secs_f64(),
            "samples": one.harvest.samples_seen(),
            "problems": one.harvest.problems.iter().map(|problem| &problem.text).collect::<Vec<_>>(),
        });
        match &one.figures {
            Figures::Cluster(rows) => {
                let nodes = one.harvest.nodes.iter().map(|node| {
                    let unmeasured = vec![None; catalogue.stored(Subject::Node).count()];
                    let row = rows.nodes.get(&node.key).unwrap_or(&unmeasured);
                    json!({
                        "node": node.key,
                        "instance": node.instance,
                        "role": node.role,
                        "version": node.version,
                        "metrics": report::json::metrics(catalogue, Subject::Node, row),
                    })
                });
                about["metrics"] = report::json::metrics(catalogue, Subject::Cluster, &rows.cluster);
                about["nodes"] = nodes.collect();
                clusters.push(about);
            }
            Figures::Application(batches) => {
                let rows = batches.rows.iter().map(|(batch, row)| {
                    // Of the application as a whole nobody asks it.
                    let idle = (*batch != Batch::default()).then(|| batches.idle.contains(batch));
                    json!({
                        "database": &*batch.database,
                        "table": &*batch.table,
                        "test_name": &*batch.test_name,
                        "idle": idle,
                        "metrics": report::json::metrics(catalogue, Subject::Batch, row),
                    })
                });
                about["ended"] = one.harvest.ended.into();
                about["generation"] = batches.generation.clone().into();
                about["batches"] = rows.collect();
                applications.push(about);
            }
        }
    }
    json!({
        "schema": 1,
        "enabled": true,
        "collected_at_unix_ms": outcome.collected_at,
        "took_seconds": outcome.took.as_secs_f64(),
        "exit": exit as u8,
        "clusters": clusters,
        "applications": applications,
    })
}
