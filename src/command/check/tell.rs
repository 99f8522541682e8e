//! What a check tells: the line of a Nagios plugin with its figures, one line an alert, or JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use crate::alert::check::firing;
use crate::alert::rule::{ALERTNAME, SEVERITY, Severity};
use crate::alert::sources::{self, RuleFault};
use crate::alert::state::Active;
use crate::alert::told::summary;
use crate::cli::Check;
use crate::command::judge::Judged;
use crate::command::{World, database, print, print_json, zone};
use crate::failure::Exit;
use crate::report::sheet::Range;
use crate::report::{Status, Style, WIDEST, cut, forms, harmless, patience, views};
use crate::sample::{Labels, Millis, lapse};
use crate::settings::Loaded;
use crate::store::alerts::{Fired, Mute};
use crate::store::read::StoredTarget;
use crate::words;

/// Columns of a part of the first line: monitoring systems cut a plugin's answer after a few thousand.
const WIDEST_OF_FIRST: usize = 240;
/// Lines of the alerts of one rule. A rule that raises more tells nothing new with them.
const MOST_OF_RULE: usize = 100;

pub struct Told<'t> {
    pub(super) judged: &'t [Judged<'t>],
    pub mutes: &'t [Mute],
    pub targets: &'t [StoredTarget],
    pub findings: &'t [RuleFault],
    /// Why some receivers were not told.
    pub undelivered: &'t [String],
    pub last_run: Option<Millis>,
    pub now: Millis,
}

/// How things stand, in the words of monitoring plugins.
fn word(standing: Status) -> &'static str {
    match standing {
        Status::Warn => "WARNING",
        Status::Crit => "CRITICAL",
        other => other.word(),
    }
}

/// A plugin has four codes; they are the numbers of these exits.
fn exit(standing: Status) -> Exit {
    match standing {
        Status::Ok => Exit::Done,
        Status::Warn => Exit::Partly,
        Status::Crit => Exit::Usage,
        Status::NoData | Status::Unknown => Exit::Database,
    }
}

/// An alert that fires, with what a line says of it.
struct Shown<'t> {
    alert: &'t Active,
    rule: &'t str,
    target: String,
    standing: Status,
    muted: bool,
}

/// What an alert is about: `shop`, `etl/mysql/nightly`.
fn about(labels: &Labels) -> String {
    plain(&views::alerts::about(labels))
}

/// A text of others as a part of a line. The bar begins the figures of a plugin.
fn plain(text: &str) -> String {
    harmless(text).replace('|', "/")
}

fn target_of(labels: &Labels) -> String {
    let known = ["cluster", "application"].into_iter().find_map(|label| labels.get(label));
    known.map_or_else(|| "stellar".to_owned(), ToString::to_string)
}

fn text_of(alert: &Active) -> String {
    cut(&plain(summary(alert)), WIDEST)
}

/// Prints nothing but JSON when `quiet`: the exit code says it.
pub(super) fn tell(told: &Told, loaded: &Loaded, arguments: &Check, quiet: bool) -> Result<Exit> {
    let is_meant = |target: &str| {
        let named = arguments.cluster.iter().chain(&arguments.application);
        (arguments.cluster.is_empty() && arguments.application.is_empty())
            || named.into_iter().any(|name| name == target)
    };
    let rule_is_meant = |name: &str| arguments.rule.is_empty() || arguments.rule.iter().any(|own| own == name);
    let mut shown: Vec<Shown> = Vec::new();
    let mut unknown: Vec<String> = Vec::new();
    for one in told.judged.iter().filter(|one| rule_is_meant(&one.rule.alert)) {
        for alert in firing(&one.memory) {
            let labels = &alert.raised.labels;
            let standing = Status::of_severity(Severity::of(labels.get(SEVERITY).map_or("", |word| word)));
            let muted = told.mutes.iter().any(|mute| mute.covers(labels));
            shown.push(Shown { alert, rule: &one.rule.id, target: target_of(labels), standing, muted });
        }
        if let Some(error) = &one.checked.error {
            unknown.push(harmless(&format!("the rule {} cannot be evaluated: {error}", one.rule.id)));
        }
    }
    shown.retain(|one| is_meant(&one.target));
    shown.sort_by(|left, right| right.standing.cmp(&left.standing).then_with(|| left.target.cmp(&right.target)));
    if arguments.rule.is_empty() {
        let faults = told.findings.iter().filter(|finding| finding.kind == sources::Kind::LeftOut);
        unknown.extend(faults.map(|finding| {
            let whole = finding.fault.to_string();
            let fault = whole.lines().next().unwrap_or_default();
            match &finding.alert {
                Some(alert) => harmless(&format!("the rule {alert} is left out: {fault}")),
                None => fault.to_owned(),
            }
        }));
    }

    let mut standings: BTreeMap<&str, Status> = BTreeMap::new();
    let mut silent: Vec<String> = Vec::new();
    for target in loaded.settings.targets().filter(|target| is_meant(target.name())) {
        let stored = told.targets.iter().find(|stored| stored.name == target.name());
        let age = stored.and_then(|stored| stored.collected_at).map(|at| lapse(told.now - at));
        let ended = stored.is_some_and(|stored| stored.ended);
        let standing = match age {
            _ if ended => Status::Ok,
            Some(age) if age <= patience(target.interval()) => Status::Ok,
            Some(age) => {
                silent.push(format!("{} not collected for {}", target.name(), words::age(age)));
                Status::NoData
            }
            None => {
                silent.push(format!("{} never collected", target.name()));
                Status::NoData
            }
        };
        standings.insert(target.name(), standing);
    }
    for one in shown.iter().filter(|one| !one.muted) {
        if let Some(standing) = standings.get_mut(one.target.as_str()) {
            *standing = one.standing.max(*standing);
        }
    }
    let loud = || shown.iter().filter(|one| !one.muted);
    let unknown_standing = (!unknown.is_empty()).then_some(Status::Unknown);
    let all = loud().map(|one| one.standing).chain(standings.values().copied()).chain(unknown_standing);
    let standing = all.max().unwrap_or(Status::Ok);
    for error in told.undelivered {
        log::error!("alerts were not delivered: {error}");
    }
    if arguments.json {
        print_json(&document(told, &shown, &standings, &unknown, standing))?;
        return Ok(exit(standing));
    }
    if quiet {
        return Ok(exit(standing));
    }
    let mut parts: Vec<String> =
        loud().map(|one| format!("{} {}", about(&one.alert.raised.labels), text_of(one.alert))).collect();
    parts.extend(silent.iter().cloned());
    parts.extend(unknown.iter().map(|line| plain(line)));
    const MOST: usize = 3;
    let more = parts.len().saturating_sub(MOST);
    parts.truncate(MOST);
    parts.iter_mut().for_each(|part| *part = cut(part, WIDEST_OF_FIRST));
    if more > 0 {
        parts.push(format!("and {} more", words::grouped(more as u64)));
    }
    if parts.is_empty() {
        parts.push(format!("{}, no alert fires", words::count(standings.len(), "target")));
    }
    let first = word(if standing == Status::NoData { Status::Unknown } else { standing });
    let mut text = format!("STELLAR {first} - {} | {}\n", parts.join("; "), figures(told, loaded, &standings));
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &shown {
        let count = lines.entry(one.rule).or_default();
        *count += 1;
        if *count > MOST_OF_RULE {
            continue;
        }
        let muted = if one.muted { " (muted)" } else { "" };
        let about = about(&one.alert.raised.labels);
        text.push_str(&format!("{about}: {} {}{muted}\n", word(one.standing), text_of(one.alert)));
    }
    for (rule, count) in lines {
        if let Some(more) = count.checked_sub(MOST_OF_RULE).filter(|more| *more > 0) {
            let more = words::grouped(more as u64);
            text.push_str(&format!("{more} more of the rule {}; --json has all\n", plain(rule)));
        }
    }
    for line in silent {
        text.push_str(&format!("{line}: NODATA\n"));
    }
    for line in unknown {
        text.push_str(&format!("stellar: UNKNOWN {}\n", plain(&line)));
    }
    print(&text)?;
    Ok(exit(standing))
}

/// As monitoring plugins print them: `label=value;warn;crit;least`.
fn figures(told: &Told, loaded: &Loaded, standings: &BTreeMap<&str, Status>) -> String {
    let count = |wanted: Status| standings.values().filter(|standing| **standing == wanted).count();
    let mut figures = vec![format!("targets={}", standings.len())];
    for (name, standing) in
        [("ok", Status::Ok), ("warn", Status::Warn), ("crit", Status::Crit), ("nodata", Status::NoData)]
    {
        figures.push(format!("{name}={}", count(standing)));
    }
    if let Some(last) = told.last_run {
        let interval = loaded.settings.shortest_interval().as_secs();
        let age = lapse(told.now - last).as_secs();
        figures.push(format!("age={age}s;{};{};0", interval * 3, interval * 4));
    }
    if let Ok(file) = std::fs::metadata(database(loaded)) {
        figures.push(format!("db={}B;;;0", file.len()));
    }
    figures.join(" ")
}

fn document(
    told: &Told,
    shown: &[Shown],
    standings: &BTreeMap<&str, Status>,
    unknown: &[String],
    standing: Status,
) -> Value {
    let alerts = shown.iter().map(|one| {
        let raised = &one.alert.raised;
        let labels: BTreeMap<&str, &str> = raised.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        let annotations: BTreeMap<&str, &str> =
            raised.annotations.iter().map(|(name, text)| (&**name, text.as_str())).collect();
        json!({
            "rule": one.rule,
            "target": one.target,
            "status": word(one.standing),
            "muted": one.muted,
            "value": raised.value,
            "labels": labels,
            "annotations": annotations,
            "active_since_unix_ms": one.alert.since,
            "fired_at_unix_ms": one.alert.fired,
        })
    });
    let pending = told.judged.iter().flat_map(|one| one.memory.active.values()).filter(|alert| !alert.is_firing());
    json!({
        "schema": 1,
        "status": word(standing),
        "exit": exit(standing) as u8,
        "checked_at_unix_ms": told.now,
        "targets": standings.iter().map(|(name, standing)| json!({"target": name, "status": word(*standing)})).collect::<Vec<_>>(),
        "alerts": alerts.collect::<Vec<_>>(),
        "pending": pending.count(),
        "faults": unknown,
        "undelivered": told.undelivered,
    })
}

/// What fired, when, and for how long.
pub(super) fn history(
    fired: Vec<Fired>,
    range: Range,
    arguments: &Check,
    now: Millis,
    loaded: &Loaded,
    world: &World,
) -> Result<Exit> {
    let zone = zone(loaded, arguments.utc);
    let named = arguments.cluster.iter().chain(&arguments.application).collect::<Vec<_>>();
    let is_meant = |one: &Fired| {
        let name = one.labels.get(ALERTNAME).map_or("", |name| name);
        (named.is_empty() || named.iter().any(|target| **target == target_of(&one.labels)))
            && (arguments.rule.is_empty() || arguments.rule.iter().any(|rule| rule == name))
    };
    let fired: Vec<Fired> = fired.into_iter().filter(is_meant).collect();
    if arguments.json {
        let alerts = fired.iter().map(|one| {
            let labels: BTreeMap<&str, &str> = one.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            json!({
                "rule": one.rule,
                "severity": one.severity,
                "labels": labels,
                "active_since_unix_ms": one.since,
                "fired_at_unix_ms": one.fired_at,
                "resolved_at_unix_ms": one.resolved_at,
            })
        });
        print_json(&json!({ "schema": 1, "alerts": alerts.collect::<Vec<_>>() }))?;
        return Ok(Exit::Done);
    }
    let style = Style { zone, colour: world.colour, width: world.width };
    print(&forms::text(&views::alerts::sheet(&fired, range, now), &style))?;
    Ok(Exit::Done)
}
