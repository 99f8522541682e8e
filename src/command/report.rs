//! `stellar report`: the newest rows, judged and shown.

use anyhow::Result;
use rusqlite::Connection;

use super::judge::verdict;
use super::screen::{self, Frame, Reader};
use super::{Secrets, World, database, gaps, load_catalogue, load_settings, range, refuse_unknown, zone};
use crate::catalogue::Catalogue;
use crate::cli::{Global, Report};
use crate::failure::{Exit, Failure};
use crate::report::{self, Assessed, Expected, Style, batchsql, metrics};
use crate::sample::Millis;
use crate::settings::moments::Calendar;
use crate::settings::{Application, Kind, Loaded};
use crate::store::{self, read};

pub fn run(global: &Global, arguments: &Report, world: &World) -> Result<Exit> {
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let catalogue = load_catalogue(&loaded)?;
    let reader = if arguments.json { Reader::Program } else { Reader::Person };
    let mut text = |frame: &Frame| text(&loaded, &catalogue, arguments, frame, world);
    screen::shown(&arguments.screen, reader, &zone(&loaded, arguments.utc), world, &mut text)
}

/// The report at a moment. The database is opened anew for each: it may have been replaced meanwhile.
fn text(loaded: &Loaded, catalogue: &Catalogue, arguments: &Report, frame: &Frame, world: &World) -> Result<String> {
    let now = frame.now;
    let path = database(loaded);
    let connection = store::open_read_only(path)?;
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    if arguments.batchsql {
        return show_batches(&connection, loaded, catalogue, arguments, frame, world);
    }
    if arguments.gaps {
        return show_gaps(&connection, loaded, arguments, frame, world);
    }
    let stored = read::latest(&connection, catalogue).map_err(explain)?;
    let last_run = read::last_run(&connection).map_err(explain)?;

    let expected: Vec<Expected> = match loaded.path {
        // Without a configuration nobody knows what is expected: what is stored is taken at the default interval.
        None => {
            let interval = loaded.settings.metrics.interval;
            stored.iter().map(|cluster| Expected { name: cluster.name.clone(), interval }).collect()
        }
        Some(_) => loaded.settings.clusters.iter().map(Expected::from).collect(),
    };
    if !arguments.application.is_empty() && !arguments.metrics {
        let what = "--application goes with --batchsql, --metrics or --gaps";
        return Err(Failure::new(Exit::Usage, what).with_hint("add one of them").into());
    }
    let verdict = verdict(&connection, &loaded.settings, catalogue, now).map_err(explain)?;
    let mut assessed = report::assess(stored, &expected, catalogue, &verdict, now);
    let known: Vec<&str> = assessed.iter().map(|one| one.cluster.name.as_str()).collect();
    refuse_unknown(&arguments.cluster, &known, "cluster")?;
    if !arguments.cluster.is_empty() {
        assessed.retain(|one| arguments.cluster.contains(&one.cluster.name));
    }

    let style = Style { zone: zone(loaded, arguments.utc), colour: world.colour, width: frame.width };
    if arguments.metrics {
        let mut applications = read::applications::latest(&connection, catalogue).map_err(explain)?;
        let known: Vec<&str> = applications.iter().map(|one| one.name.as_str()).collect();
        refuse_unknown(&arguments.application, &known, "application")?;
        // Who names targets of one kind means these alone.
        let named = !arguments.application.is_empty() || !arguments.cluster.is_empty();
        applications.retain(|one| !named || arguments.application.contains(&one.name));
        assessed.retain(|one| !named || arguments.cluster.contains(&one.cluster.name));
        let clusters = assessed.iter().map(|one| metrics::Target::cluster(one, catalogue));
        let applications = applications.iter().map(|one| metrics::Target::application(one, catalogue));
        let targets: Vec<metrics::Target> = clusters.chain(applications).collect();
        return Ok(match arguments.json {
            true => json(&metrics::document(&targets, catalogue, now, &style)),
            false => metrics::render(&targets, catalogue, &style),
        });
    }
    Ok(if arguments.json {
        json(&report::json::document(&assessed, &verdict.faults, catalogue, now, last_run, &style))
    } else if arguments.cluster.is_empty() {
        report::render_overview(&assessed, &verdict.faults, catalogue, now, last_run, &style)
    } else {
        let whole: Vec<String> =
            assessed.iter().map(|one: &Assessed| report::render_cluster(one, catalogue, &style)).collect();
        whole.join("\n")
    })
}

fn show_batches(
    connection: &Connection,
    loaded: &Loaded,
    catalogue: &Catalogue,
    arguments: &Report,
    frame: &Frame,
    world: &World,
) -> Result<String> {
    let now = frame.now;
    let path = database(loaded);
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    let columns = batchsql::view::columns().map_err(anyhow::Error::msg)?;
    let mut stored = read::applications::latest(connection, catalogue).map_err(explain)?;
    let settings = &loaded.settings;
    let mut configured: Vec<Application> = settings.applications.clone();
    let known: Vec<&str> =
        stored.iter().map(|one| one.name.as_str()).chain(configured.iter().map(|one| one.name.as_str())).collect();
    refuse_unknown(&arguments.application, &known, "application")?;
    if !arguments.application.is_empty() {
        stored.retain(|one| arguments.application.contains(&one.name));
        configured.retain(|one| arguments.application.contains(&one.name));
    }
    let (drawn, plain): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column.drawn.is_some());
    let of_columns = |columns: &[&batchsql::view::Column]| {
        columns.iter().flat_map(|column| column.expression.selectors()).collect::<Vec<_>>()
    };
    let history = store::samples::history(connection, &of_columns(&plain), now, now).map_err(explain)?;
    let longest = drawn.iter().filter_map(|column| column.drawn).map(|slots| slots.over).max().unwrap_or(0);
    let before = store::samples::history(connection, &of_columns(&drawn), now - longest, now).map_err(explain)?;
    let report = batchsql::assess(batchsql::Asked {
        columns: &columns,
        verdict: &verdict(connection, settings, catalogue, now).map_err(explain)?,
        history: &history,
        before: &before,
        stored,
        configured: loaded.path.is_some().then_some(configured.as_slice()),
        stages: &settings.stages,
        now,
    })
    .map_err(|error| anyhow::anyhow!("{error}"))?;
    let last_run = read::last_run(connection).map_err(explain)?;
    let style = Style { zone: zone(loaded, arguments.utc), colour: world.colour, width: frame.width };
    Ok(match arguments.json {
        true => json(&batchsql::json::document(&report, &columns, catalogue, now, last_run, &style)),
        false => batchsql::render(&report, &columns, now, last_run, &style),
    })
}

/// A week is what people look back on.
const LOOK_BACK: Millis = 7 * 86_400_000;

fn show_gaps(
    connection: &Connection,
    loaded: &Loaded,
    arguments: &Report,
    frame: &Frame,
    world: &World,
) -> Result<String> {
    let now = frame.now;
    let path = database(loaded);
    let explain = |error: rusqlite::Error| store::explain(path, &error);
    store::refuse_old(connection, path)?;
    let mut targets = store::tables::targets(connection).map_err(explain)?;
    let wanted = [(Kind::Cluster, &arguments.cluster), (Kind::Application, &arguments.application)];
    for (kind, names) in wanted {
        let known: Vec<&str> =
            targets.iter().filter(|target| target.kind == kind).map(|target| target.name.as_str()).collect();
        refuse_unknown(names, &known, kind.name())?;
    }
    if wanted.iter().any(|(_, names)| !names.is_empty()) {
        targets
            .retain(|target| wanted.iter().any(|(kind, names)| *kind == target.kind && names.contains(&target.name)));
    }
    let calendar = Calendar { now, zone: zone(loaded, arguments.utc) };
    let (since, until) = range(arguments.since.as_deref(), arguments.until.as_deref(), &calendar)?;
    let until = until.unwrap_or(now);
    let since = since.unwrap_or(until - LOOK_BACK);
    if since >= until {
        return Err(Failure::new(Exit::Usage, "--since is not before --until").with_hint("swap them").into());
    }
    let found = gaps::find(connection, loaded, &targets, (since, until), now).map_err(explain)?;
    let style = Style { zone: zone(loaded, arguments.utc), colour: world.colour, width: frame.width };
    Ok(match arguments.json {
        true => json(&report::gaps::document(&found, &style)),
        false => report::gaps::render(&found, &style),
    })
}

fn json(document: &serde_json::Value) -> String {
    format!("{document:#}\n")
}
