//! `stellar config check | show | metrics`: what is configured, whether it is right, and what it means.

use std::fmt::Write;

use anyhow::Result;

use super::{Secrets, World, load_catalogue, load_or_defaults, load_settings, print, progress};
use crate::alert;
use crate::catalogue::{Catalogue, Metric, reference};
use crate::cli::{Config, ConfigCommand, Global};
use crate::collect::{self, Attempt, Progress, Remembered, Toolbox};
use crate::failure::Exit;
use crate::settings::{self, Loaded, Password, Target};
use crate::words;

pub fn run(global: &Global, arguments: &Config, world: &World) -> Result<Exit> {
    match &arguments.command {
        ConfigCommand::Check { probe } => check(global, *probe, world),
        ConfigCommand::Show => {
            print(&settings::show(&load_settings(global, world, Secrets::NotNeeded)?))?;
            Ok(Exit::Done)
        }
        ConfigCommand::Metrics => {
            let loaded = load_or_defaults(global, world)?;
            print(&reference::markdown(&load_catalogue(&loaded)?))?;
            Ok(Exit::Done)
        }
    }
}

fn check(global: &Global, wants_probe: bool, world: &World) -> Result<Exit> {
    let loaded = load_settings(global, world, Secrets::Needed)?;
    let catalogue = load_catalogue(&loaded)?;
    for warning in loaded.warnings.iter().chain(&odd_excludes(&loaded)?) {
        log::warn!("{warning}");
    }
    let findings = findings(&loaded, world).iter().map(|finding| format!("finding: {finding}\n")).collect::<String>();
    let summary = if global.quiet { String::new() } else { format!("{}\n", settings::summary(&loaded)) };
    print(&words::folded(&format!("{summary}{findings}"), world.width))?;
    let is_clean = !wants_probe || probe(&loaded, &catalogue, global, world)?;
    Ok(if is_clean && findings.is_empty() { Exit::Done } else { Exit::Partly })
}

/// What is right as it is written, and would not do what it is there for.
fn findings(loaded: &Loaded, world: &World) -> Vec<String> {
    let mut found = loaded.exposed.clone();
    found.extend(loaded.nothing_to_collect());
    let path = (world.environment)("PATH");
    for target in loaded.settings.targets() {
        if let Some(Password::Command(words)) = target.access().login.as_ref().map(|login| &login.password)
            && let Some(missing) = settings::login::missing_program(words, path.as_deref())
        {
            let (kind, name) = (target.kind().name(), target.name());
            found.push(format!("`password_command` of {kind} `{name}`: {missing}"));
        }
    }
    // Notes are for those who ask for them: a file of Prometheus may have rules that say nothing here.
    let rules = alert::sources::load(&loaded.settings).findings.into_iter();
    found.extend(rules.filter(|finding| finding.kind != alert::sources::Kind::Note).map(|finding| {
        let name = finding.alert.map(|name| format!("rule `{name}`: ")).unwrap_or_default();
        let fault = finding.fault;
        format!("{}: {name}{}; see: stellar rules check", fault.place, fault.message)
    }));
    found
}

/// Patterns of `exclude` are held against the names of all metrics, excluded or not.
fn odd_excludes(loaded: &Loaded) -> Result<Vec<String>> {
    let mut whole = loaded.clone();
    whole.settings.metrics.exclude.clear();
    let catalogue = load_catalogue(&whole)?;
    let names: Vec<&str> = catalogue.metrics().iter().map(Metric::name).collect();
    Ok(loaded.settings.metrics.odd_excludes(&names))
}

/// Asks every endpoint once and tells what came back, and whether all is well; stores nothing.
fn probe(loaded: &Loaded, catalogue: &Catalogue, global: &Global, world: &World) -> Result<bool> {
    let asked: Vec<(Target, Remembered)> =
        loaded.settings.targets().map(|target| (target, Remembered::default())).collect();
    let clock = world.clock()?;
    let progress = Progress::default();
    let tools = Toolbox { catalogue, clock: &clock, progress: &progress };
    let harvests =
        progress::shown(world, global.quiet, &progress, || collect::fetch(&asked, &loaded.settings.collection, tools))?;
    let mut text = String::new();
    let mut clean = true;
    for ((target, _), harvest) in asked.iter().zip(&harvests) {
        let _ = writeln!(text, "\n{}", target.name());
        let mut attempts: Vec<&Attempt> = harvest.attempts.iter().collect();
        let kind = |attempt: &Attempt| ["fe", "be", "cn", "app"].iter().position(|job| *job == attempt.job);
        attempts.sort_by(|left, right| kind(left).cmp(&kind(right)).then_with(|| left.url.cmp(&right.url)));
        for attempt in &attempts {
            let took = words::took(attempt.took);
            let (word, outcome) = match &attempt.error {
                None => ("ok", words::count(attempt.samples as usize, "sample")),
                Some(error) if !attempt.mended => ("fail", error.clone()),
                // Another frontend had what this one did not give.
                Some(error) => ("note", error.clone()),
            };
            let _ = writeln!(text, "  {word:<4}  {took:>7}  {}  {outcome}", attempt.url);
        }
        clean &= harvest.problems.is_empty();
        let told = |problem: &str| {
            attempts.iter().filter_map(|attempt| attempt.error.as_deref()).any(|error| problem.ends_with(error))
        };
        let mut untold: Vec<&String> =
            harvest.problems.iter().map(|problem| &problem.text).filter(|text| !told(text)).collect();
        untold.sort();
        for problem in untold {
            let _ = writeln!(text, "  finding: {problem}");
        }
        if let Target::Cluster(cluster) = target
            && cluster.access.login.is_none()
            && cluster.backends.is_empty()
            && cluster.compute_nodes.is_empty()
        {
            clean = false;
            let _ =
                writeln!(text, "  finding: no `user` and no `backends`: the nodes behind the frontends are not known");
        }
    }
    print(&text)?;
    Ok(clean)
}
