//! `stellar doctor`: looks at everything that can be looked at without asking the targets, and changes nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde_json::{Map, json};

use super::judge::verdict;
use super::{World, print, print_json, progress, zone};
use crate::catalogue::Catalogue;
use crate::cli::{Doctor, Global};
use crate::doctor::timers::{self, Done};
use crate::doctor::{self, Check, applications, database};
use crate::failure::{Exit, Failure};
use crate::report::{self, Expected, Style};
use crate::sample::{Millis, lapse};
use crate::settings::{self, LoadError, Loaded, Settings};
use crate::store::daily::{self, Selection, Why};
use crate::store::disk::Disk;
use crate::store::{self, alerts, health, read};
use crate::words;

/// What is asked of the runs: those of the last week.
const WEEK: Millis = 7 * 86_400_000;
/// The timer aggregates at seven minutes past midnight; a day may wait so long.
const AGGREGATED_BY: Millis = 2 * 3_600_000;
/// Rules may be checked as rarely as this.
const CHECKED_WITHIN: Duration = Duration::from_secs(3600);
/// systemd answers at once or not at all.
const SYSTEMD_PATIENCE: Duration = Duration::from_secs(5);

/// What is known when no configuration could be read.
struct Settled {
    settings: Settings,
    zone: TimeZone,
    /// Whether it says which targets there should be.
    is_configured: bool,
}

pub fn run(global: &Global, arguments: &Doctor, world: &World) -> Result<Exit> {
    let now = world.clock()?.now();
    let mut checks = Vec::new();
    let settled = configuration(global, world, &mut checks)?;
    let catalogue = catalogue(&settled.settings, &mut checks)?;
    let style = Style { zone: settled.zone.clone(), colour: world.colour, width: world.width };
    let path = settled.settings.database.path.clone();

    let mut facts = Map::new();
    let mut done = Done::default();
    match store::open_read_only(&path) {
        Err(failure) => {
            let todo = failure.hint.unwrap_or_else(|| "stellar restore FILE, when there is a backup".to_owned());
            checks.push(Check::finding("database", failure.what, todo));
            checks.push(disk_alone(&path));
        }
        Ok(connection) => {
            let patient = Looking;
            let looked =
                progress::shown(world, global.quiet, &patient, || health::look(&connection, &path, &catalogue));
            match looked {
                Err(failure) => {
                    let todo =
                        failure.hint.unwrap_or_else(|| "stellar restore FILE, when there is a backup".to_owned());
                    checks.push(Check::finding("database", failure.what, todo));
                }
                Ok(health) => {
                    let disk = Disk::of(&path);
                    checks.extend(database::file(&health, &path, now, &style));
                    checks.push(database::disk(&health, disk.as_ref(), settled.settings.metrics.retention));
                    facts = database::facts(&health, disk.as_ref());
                    if health.damage.is_none() {
                        let ask = || history(&connection, &health, &settled, &catalogue, (now, &style));
                        let (more, seen) = ask().map_err(|error| store::explain(&path, &error))?;
                        checks.extend(more);
                        done = seen;
                    }
                }
            }
        }
    }
    let place = checks.iter().position(|check| check.about.starts_with("target ") || check.about == "days");
    let timers = timer_checks(world, done);
    let place = place.unwrap_or(checks.len());
    checks.splice(place..place, timers);

    if arguments.json {
        facts.insert("database".to_owned(), json!(path));
        print_json(&doctor::document(&checks, facts, now))?;
    } else {
        print(&doctor::render(&checks, now, &style))?;
    }
    Ok(if doctor::findings(&checks) == 0 { Exit::Done } else { Exit::Partly })
}

/// The line while SQLite looks at every page.
struct Looking;

impl progress::Line for Looking {
    const TEMPLATE: &str = "reading every page of the database  {elapsed}";

    fn update(&self, _: &ProgressBar) {}
}

/// The settings, or as much of them as can be had; a file that was named and is not there is a mistake of whoever typed it.
fn configuration(global: &Global, world: &World, checks: &mut Vec<Check>) -> Result<Settled> {
    let about = "config";
    let explicit = global.config.as_deref();
    let whole = settings::load(explicit, &*world.environment);
    let without_secrets = settings::load_without_secrets(explicit, &*world.environment);
    let mut loaded = match (whole, without_secrets) {
        (Ok(loaded), _) => {
            checks.push(configured(&loaded));
            checks.extend(
                loaded
                    .warnings
                    .iter()
                    .chain(&loaded.exposed)
                    .chain(&loaded.nothing_to_collect())
                    .map(|warning| Check::told(about, warning, "man stellar.toml says what the option means")),
            );
            Some(loaded)
        }
        // Only passwords and certificates are missing, which are for the collector.
        (Err(LoadError::Faults(faulty)), Ok(loaded)) => {
            checks.push(configured(&loaded));
            checks.extend(faulty.faults.into_iter().map(|fault| {
                let what = format!("{}: {}", fault.place, fault.message);
                // What the collector is given, other people mostly are not.
                let is_private =
                    fault.message.ends_with("permission denied") || fault.message.starts_with("`password_env`: ");
                match is_private {
                    true => Check::unknown(about, format!("{what}; only the user who collects can tell")),
                    false => Check::finding(about, what, fault.hint),
                }
            }));
            Some(loaded)
        }
        (Err(error @ LoadError::Unreadable { named_by: Some(_), .. }), _) => {
            return Err(Failure::new(Exit::Usage, error.render()).into());
        }
        (Err(LoadError::NotFound(_)), _) if global.db.is_some() => {
            checks.push(Check::unknown(about, "no configuration file, and none is needed with --db"));
            None
        }
        (Err(error), _) => {
            let what = error.to_string();
            let todo = match error {
                LoadError::NotFound(_) => "write one: man stellar.toml; or name it with --config",
                LoadError::Faults(_) => "stellar config check shows each with its place",
                LoadError::Unreadable { .. } => "let this user read it, or run as the user who collects",
            };
            checks.push(Check::finding(about, what, todo));
            None
        }
    };
    if let (Some(loaded), Some(path)) = (&mut loaded, &global.db) {
        loaded.override_database(path);
    }
    Ok(match loaded {
        Some(loaded) => Settled { zone: zone(&loaded, false), settings: loaded.settings, is_configured: true },
        None => {
            let mut settings = Settings::default();
            if let Some(path) = &global.db {
                settings.database.path = path.clone();
            }
            Settled { settings, zone: TimeZone::system(), is_configured: false }
        }
    })
}

fn configured(loaded: &Loaded) -> Check {
    Check::ok("config", settings::summary(loaded).replacen(": ok — ", ": ", 1))
}

fn catalogue(settings: &Settings, checks: &mut Vec<Check>) -> Result<Catalogue> {
    match Catalogue::load(settings) {
        Ok(catalogue) => Ok(catalogue),
        Err(faults) => {
            checks.extend(
                faults
                    .into_iter()
                    .map(|fault| Check::finding("config", format!("{}: {}", fault.place, fault.message), fault.hint)),
            );
            Catalogue::load(&Settings::default())
                .map_err(|faults| Failure::new(Exit::Usage, settings::fault::render(&faults)).into())
        }
    }
}

fn disk_alone(path: &Path) -> Check {
    match Disk::of(path) {
        Some(disk) => Check::ok("disk", disk.to_string()),
        None => Check::unknown("disk", "the folder of the database is not there, or the system does not say"),
    }
}

/// What the rows say of clock, runs, targets and days; and whether the newest collection is as recent as it should be.
fn history(
    connection: &Connection,
    health: &health::Health,
    settled: &Settled,
    catalogue: &Catalogue,
    (now, style): (Millis, &Style),
) -> rusqlite::Result<(Vec<Check>, Done)> {
    let settings = &settled.settings;
    let interval = settings.shortest_interval();
    let rhythm = health::rhythm(connection, now.saturating_sub(WEEK), interval)?;
    let mut checks = vec![database::clock(health, Some(&rhythm), now, style), database::overlaps(&rhythm, interval)];

    let stored = read::latest(connection, catalogue)?;
    let expected: Vec<Expected> = match settled.is_configured {
        true => settings.clusters.iter().map(Expected::from).collect(),
        // Without a configuration nobody knows what is expected: what is stored is.
        false => stored.iter().map(|cluster| Expected { name: cluster.name.clone(), interval }).collect(),
    };
    let verdict = verdict(connection, settings, catalogue, now)?;
    let assessed = report::assess(stored, &expected, catalogue, &verdict, now);
    let names: Vec<&str> = expected.iter().map(|target| target.name.as_str()).collect();
    checks.extend(doctor::targets(&assessed, settled.is_configured.then_some(&names), now));
    let configured = settled.is_configured.then_some(settings.applications.as_slice());
    checks.extend(applications::judge(&read::applications::latest(connection, catalogue)?, configured, now));
    checks.push(days(connection, health, settled, catalogue, now)?);
    checks.extend(missing_days(connection, &settled.zone, now)?);

    let last = read::last_run(connection)?;
    let collections = last.is_some_and(|last| lapse(now.saturating_sub(last)) <= report::patience(interval));
    let checked = if health.schema < health.newest_schema { None } else { alerts::last_check(connection)? };
    let checks_go_on = checked.is_some_and(|at| lapse(now.saturating_sub(at)) <= CHECKED_WITHIN);
    Ok((checks, Done { collections, checks: checks_go_on }))
}

fn days(
    connection: &Connection,
    health: &health::Health,
    settled: &Settled,
    catalogue: &Catalogue,
    now: Millis,
) -> rusqlite::Result<Check> {
    let about = "days";
    if health.schema < health.newest_schema {
        return Ok(Check::unknown(
            about,
            "this schema may have none; the next command that writes brings it up to date",
        ));
    }
    let selection =
        Selection { zone: &settled.zone, now: now.saturating_sub(AGGREGATED_BY), between: None, recompute: false };
    let pending = daily::pending(connection, &selection, catalogue)?;
    let missing: Vec<&jiff::civil::Date> = pending
        .days
        .iter()
        .filter(|(_, works)| works.iter().any(|work| work.why == Why::New))
        .map(|(date, _)| date)
        .collect();
    Ok(match missing.first() {
        None => Check::ok(about, "every finished day is aggregated"),
        Some(oldest) => Check::finding(
            about,
            format!("{} not aggregated, the oldest is {oldest}", is_or_are(missing.len())),
            "stellar aggregate-daily; stellar-aggregate.timer does it every night",
        ),
    })
}

/// Nothing brings them back: it is told and no finding.
fn missing_days(connection: &Connection, zone: &TimeZone, now: Millis) -> rusqlite::Result<Option<Check>> {
    let missing = health::days_without_runs(connection, now.saturating_sub(WEEK), now, zone)?;
    let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
    Ok((!names.is_empty()).then(|| {
        let days = words::count(names.len(), "day");
        let what = format!("nothing was collected on {days} of the last week: {}", names.join(", "));
        Check::ok("days", format!("{what}; stellar report --gaps says why"))
    }))
}

fn is_or_are(days: usize) -> String {
    format!("{} {}", words::count(days, "finished day"), if days == 1 { "is" } else { "are" })
}

/// What systemd says of the timers, when there is a systemd.
fn timer_checks(world: &World, done: Done) -> Vec<Check> {
    match systemctl(world) {
        Ok(shown) => timers::judge(&timers::parse(&shown), done),
        Err(why) if done.collections => vec![Check::ok("timers", format!("{why}; something collects, such as cron"))],
        Err(why) => vec![Check::unknown("timers", format!("{why}; cron cannot be asked"))],
    }
}

fn systemctl(world: &World) -> Result<String, &'static str> {
    let folders = (world.environment)("PATH").unwrap_or_else(|| "/usr/bin:/bin".to_owned());
    let program =
        std::env::split_paths(&folders).map(|folder: PathBuf| folder.join("systemctl")).find(|file| file.is_file());
    let program = program.ok_or("this machine has no systemd")?;
    let units = timers::TIMERS.iter().flat_map(|name| [format!("{name}.timer"), format!("{name}.service")]);
    let mut command = Command::new(program);
    command.args(["show", "--no-pager", "--property", timers::PROPERTIES]).args(units);
    // Whatever the language of this machine is: the output is read by a program.
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|_| "systemctl cannot be started")?;
    let give_up = Instant::now() + SYSTEMD_PATIENCE;
    // A few hundred bytes fit into the pipe: it ends without being read.
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if Instant::now() >= give_up {
            let _ = child.kill();
            let _ = child.wait();
            return Err("systemd does not answer");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().map_err(|_| "systemd does not answer")?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err("systemd does not run here"),
    }
}
