//! One file a subcommand; each reads as the table of contents of what it does. This one holds what they share: the world
//! they run in, how settings and catalogue are loaded, how errors are told.

mod aggregate_daily;
mod backup;
mod check;
mod cleanup;
mod collect_once;
mod completions;
mod config;
mod doctor;
mod gaps;
mod judge;
mod lint;
mod mute;
mod progress;
mod query;
mod report;
mod restore;
mod rules;
mod screen;
mod systemd;
mod written;

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;

use anyhow::{Error, Result};
use clap::CommandFactory;
use jiff::tz::TimeZone;

use crate::catalogue::Catalogue;
use crate::cli::{Cli, Command, Global};
use crate::clock::{Clock, FREEZE_VARIABLE};
use crate::failure::{Exit, Failure};
use crate::sample::Millis;
use crate::settings::durations::Refused;
use crate::settings::moments::Calendar;
use crate::settings::{self, LoadError, Loaded, fault};
use crate::store;
use crate::words;

/// Reads one environment variable.
pub type Variables = Box<dyn Fn(&str) -> Option<String>>;

/// What a command is told about the world, so that it never asks for it itself.
pub struct World {
    pub environment: Variables,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
    /// Standard error goes to journald, which wants priorities.
    pub journal: bool,
    pub colour: bool,
    /// Columns of the terminal on stdout; `None` when it is none.
    pub width: Option<usize>,
    /// The same for stderr.
    pub stderr_width: Option<usize>,
}

impl World {
    pub fn of_this_process(global: &Global) -> Self {
        let environment = variable;
        let stdout_is_terminal = io::stdout().is_terminal();
        let colour = screen::colour::wanted(global.color, &environment, stdout_is_terminal);
        let width = if stdout_is_terminal { terminal_width(&environment, io::stdout()) } else { None };
        let stderr_is_terminal = io::stderr().is_terminal();
        let stderr_width = if stderr_is_terminal { terminal_width(&environment, io::stderr()) } else { None };
        Self {
            environment: Box::new(environment),
            stdout_is_terminal,
            stderr_is_terminal,
            journal: environment("JOURNAL_STREAM").is_some_and(|stream| is_stderr(&stream)),
            colour,
            width,
            stderr_width,
        }
    }

    pub fn clock(&self) -> Result<Clock> {
        let freeze = (self.environment)(FREEZE_VARIABLE);
        Clock::new(freeze.as_deref()).map_err(|error| Failure::new(Exit::Usage, error.to_string()).into())
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the one place that asks for the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// `$JOURNAL_STREAM` is device:inode of the stream that journald reads; programs started by others inherit it, too.
fn is_stderr(stream: &str) -> bool {
    rustix::fs::fstat(io::stderr()).is_ok_and(|stderr| stream == format!("{}:{}", stderr.st_dev, stderr.st_ino))
}

fn terminal_width(environment: &dyn Fn(&str) -> Option<String>, terminal: impl AsFd) -> Option<usize> {
    let told = environment("COLUMNS").and_then(|columns| columns.parse().ok());
    told.or_else(|| rustix::termios::tcgetwinsize(terminal).ok().map(|size| usize::from(size.ws_col)))
        .filter(|width| *width > 0)
}

pub fn run(cli: &Cli, world: &World) -> Result<Exit> {
    match &cli.command {
        Command::CollectOnce(arguments) => collect_once::run(&cli.global, arguments, world),
        Command::AggregateDaily(arguments) => aggregate_daily::run(&cli.global, arguments, world),
        Command::Cleanup(arguments) => cleanup::run(&cli.global, arguments, world),
        Command::Report(arguments) => report::run(&cli.global, arguments, world),
        Command::Query(arguments) => query::run(&cli.global, arguments, world),
        Command::Check(arguments) => check::run(&cli.global, arguments, world),
        Command::Mute(arguments) => mute::run(&cli.global, arguments, world),
        Command::Lint(arguments) => lint::run(&cli.global, arguments, world),
        Command::Rules(arguments) => rules::run(&cli.global, arguments, world),
        Command::Backup(arguments) => backup::run(&cli.global, arguments, world),
        Command::Restore(arguments) => restore::run(&cli.global, arguments, world),
        Command::Doctor(arguments) => doctor::run(&cli.global, arguments, world),
        Command::Systemd(arguments) => systemd::run(&cli.global, arguments, world),
        Command::Config(arguments) => config::run(&cli.global, arguments, world),
        Command::Completions(arguments) => completions::run(arguments),
    }
}

/// Prints what the command line's reader says: help, the version, or a mistake. Of a mistake a monitoring plugin has
/// another code than the other commands.
pub fn misread(error: &clap::Error) -> std::process::ExitCode {
    // Nobody is left to be told when the streams are closed.
    let _ = error.print();
    let commands: Vec<String> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut words = std::env::args_os().skip(1).filter_map(|word| word.into_string().ok());
    let command = words.find(|word| commands.contains(word));
    match (error.use_stderr(), command.as_deref() == Some("check")) {
        (false, _) => Exit::Done.into(),
        (true, true) => Exit::Database.into(),
        (true, false) => Exit::Usage.into(),
    }
}

/// Messages on standard error: plain words for people, `<4>` before them for journald.
pub fn start_log(global: &Global, world: &World) {
    use log::LevelFilter;
    let default = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::Error,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, _) => LevelFilter::Debug,
    };
    let mut builder = env_logger::Builder::new();
    // What the libraries say of a connection is in its attempt, too.
    builder.filter_level(LevelFilter::Off).filter_module("stellar", default);
    let wish = (world.environment)("STELLAR_LOG").filter(|wish| !wish.trim().is_empty());
    let wish = wish.filter(|_| !global.quiet && global.verbose == 0);
    let level: Option<LevelFilter> = wish.as_ref().and_then(|wish| wish.trim().parse().ok());
    if let Some(level) = level {
        builder.filter_module("stellar", level);
    }
    let (journal, width) = (world.journal, world.stderr_width);
    builder.format(move |out, record| {
        let (priority, word) = match record.level() {
            log::Level::Error => (3, "error: "),
            log::Level::Warn => (4, "warning: "),
            log::Level::Info => (6, ""),
            log::Level::Debug | log::Level::Trace => (7, ""),
        };
        let (priority, word) = if journal { (format!("<{priority}>"), "") } else { (String::new(), word) };
        writeln!(out, "{}", words::folded(&format!("{priority}{word}{}", record.args()), width))
    });
    // Started twice only by a program that embeds us; the first log stands.
    let _ = builder.try_init();
    // Not a reason to leave a timer's collection out.
    if let (Some(wish), None) = (wish, level) {
        let wish = settings::words::quoted(wish.trim());
        log::warn!("$STELLAR_LOG is {wish}, which is no level: write error, warn, info or debug; it counts as warn");
    }
}

/// Says what ended the command, on standard error, and what to do about it.
pub fn explain(error: &Error, world: &World) -> Exit {
    // `stellar report | head`: the reader has seen enough.
    if error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe))
    {
        return Exit::Done;
    }
    let priority = if world.journal { "<3>" } else { "" };
    let mut text = String::new();
    let exit = match error.downcast_ref::<Failure>() {
        Some(failure) if failure.what.starts_with("error: ") => {
            text.push_str(&failure.what);
            failure.exit
        }
        Some(failure) => {
            text.push_str(&format!("error: {}\n", failure.what));
            if let Some(hint) = &failure.hint {
                text.push_str(&format!("hint: {hint}\n"));
            }
            failure.exit
        }
        None => {
            text.push_str(&format!("error: {error:#}\n"));
            Exit::Partly
        }
    };
    let text = words::folded(&text, world.stderr_width);
    let lines: String = text.lines().map(|line| format!("{priority}{line}\n")).collect();
    // Nobody is left to be told when standard error is closed.
    let _ = io::stderr().write_all(lines.as_bytes());
    exit
}

/// Whether a command talks to the clusters, and so needs their passwords and certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Needed,
    NotNeeded,
}

/// Settings from file and environment, with the flags that stand above them.
fn load_settings(global: &Global, world: &World, secrets: Secrets) -> Result<Loaded> {
    let explicit = global.config.as_deref();
    let loaded = match secrets {
        Secrets::Needed => settings::load(explicit, &*world.environment),
        Secrets::NotNeeded => settings::load_without_secrets(explicit, &*world.environment),
    };
    match (&loaded, &global.db) {
        // With --db a report needs no configuration.
        (Err(LoadError::NotFound(_)), Some(_)) if secrets == Secrets::NotNeeded => load_or_defaults(global, world),
        _ => usable(loaded, global),
    }
}

/// The same for what needs no configuration: the defaults when there is none.
fn load_or_defaults(global: &Global, world: &World) -> Result<Loaded> {
    let loaded = match settings::load_without_secrets(global.config.as_deref(), &*world.environment) {
        Err(LoadError::NotFound(_)) => Loaded::without_file(&*world.environment),
        loaded => loaded,
    };
    usable(loaded, global)
}

fn usable(loaded: Result<Loaded, LoadError>, global: &Global) -> Result<Loaded> {
    let loaded = loaded.map_err(|mut error| {
        // Those of metrics among each other are told in the same go.
        if let LoadError::Faults(faulty) = &mut error
            && let Err(more) = Catalogue::load(&faulty.settings)
        {
            faulty.join(more);
        }
        error
    });
    // The rendering has its own `error:` before each fault.
    let mut loaded = loaded.map_err(|error| Failure::new(Exit::Usage, error.render()))?;
    if let Some(path) = &global.db {
        loaded.override_database(path);
    }
    Ok(loaded)
}

fn load_catalogue(loaded: &Loaded) -> Result<Catalogue> {
    Catalogue::load(&loaded.settings).map_err(|faults| Failure::new(Exit::Usage, fault::render(&faults)).into())
}

/// Refuses names that are not among `known`, with the nearest one that is.
fn refuse_unknown(wanted: &[String], known: &[&str], what: &str) -> Result<()> {
    for name in wanted {
        if !known.contains(&name.as_str()) {
            let failure = Failure::new(Exit::Usage, format!("there is no {what} `{name}`"));
            let hint = match settings::words::closest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("there is no {what} at all"),
                None => format!("known: {}", known.join(", ")),
            };
            return Err(failure.with_hint(hint).into());
        }
    }
    Ok(())
}

/// The configured zone, or the machine's.
fn zone(loaded: &Loaded, utc: bool) -> TimeZone {
    if utc {
        return TimeZone::UTC;
    }
    let configured = loaded.settings.metrics.timezone.as_deref().and_then(|name| TimeZone::get(name).ok());
    configured.unwrap_or_else(TimeZone::system)
}

/// The moment that a flag names.
fn moment(flag: &str, text: &str, calendar: &Calendar) -> Result<Millis, Failure> {
    calendar.parse(text).map_err(|refused| misused(flag, refused))
}

/// The range from --since to --until, as far as somebody named its ends.
fn range(
    since: Option<&str>,
    until: Option<&str>,
    calendar: &Calendar,
) -> Result<(Option<Millis>, Option<Millis>), Failure> {
    let since = since.map(|text| moment("--since", text, calendar)).transpose()?;
    let until = match (until, since) {
        // A time of day is then the next one.
        (Some(text), Some(since)) => {
            calendar.parse_end(text, since).map(Some).map_err(|one| misused("--until", one))?
        }
        (until, _) => until.map(|text| moment("--until", text, calendar)).transpose()?,
    };
    Ok((since, until))
}

/// What a flag was given is not what it takes.
fn misused(flag: &str, refused: Refused) -> Failure {
    Failure::new(Exit::Usage, format!("{flag} {}", refused.message)).with_hint(refused.hint)
}

/// A moment as people read it: `2026-11-22 10:16:30 +08:00`.
fn said(at: Millis, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| "in another age".to_owned(),
        |stamp| stamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string(),
    )
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::from(error),
        _ => Failure::new(Exit::Partly, format!("standard output: {}", crate::settings::words::system_reason(&error)))
            .into(),
    })
}

fn print_json(document: &serde_json::Value) -> Result<()> {
    print(&format!("{document:#}\n"))
}

/// Opens the database for writing by `open`. What brings a large one of an older schema up to date takes a while, and says so.
fn opened<T>(
    path: &Path,
    global: &Global,
    world: &World,
    open: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    match store::is_due(path) {
        true => progress::timed(world, global.quiet, "bringing the database up to date", open),
        false => open(),
    }
}

/// The database of the settings.
fn database(loaded: &Loaded) -> &Path {
    &loaded.settings.database.path
}
