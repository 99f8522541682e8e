//! `stellar doctor`: what is wrong and what to do about it, as pure functions from facts to a page.

pub mod applications;
pub mod database;
pub mod timers;

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::report::{Assessed, Status, Style, hanging};
use crate::sample::{Millis, lapse};
use crate::words;

/// Raised when a key of the JSON changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// A snapshot this far ahead of now, in milliseconds, was made by another clock.
const AHEAD: Millis = 60_000;
const ASK_CLOCK: &str = "timedatectl: is the time right, and is it synchronized?";

/// What came of a look at something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    /// It cannot be known here; nothing is wrong with that.
    Unknown,
    Finding,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Finding => "finding",
        }
    }
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub state: State,
    /// `config`, `database`, `timers`, `target demo`.
    pub about: String,
    pub what: String,
    /// What to do; every finding has it.
    pub todo: Option<String>,
}

impl Check {
    pub fn ok(about: &str, what: impl Into<String>) -> Self {
        Self { state: State::Ok, about: about.to_owned(), what: what.into(), todo: None }
    }

    pub fn unknown(about: &str, what: impl Into<String>) -> Self {
        Self { state: State::Unknown, ..Self::ok(about, what) }
    }

    pub fn finding(about: &str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { state: State::Finding, todo: Some(todo.into()), ..Self::ok(about, what) }
    }

    /// A sentence that may end in what to do: `…; run: GRANT …`, `…; try: stellar …`, `…; give every frontend's own URL`.
    pub fn told(about: &str, sentence: &str, otherwise: &str) -> Self {
        const VERBS: [&str; 5] = ["add ", "give ", "name ", "see ", "set "];
        let command = || ["; run: ", "; try: "].into_iter().find_map(|mark| sentence.rsplit_once(mark));
        let request = || sentence.rsplit_once("; ").filter(|(_, end)| VERBS.iter().any(|verb| end.starts_with(verb)));
        match command().or_else(request) {
            Some((what, todo)) => Self::finding(about, what, todo),
            None => Self::finding(about, sentence, otherwise),
        }
    }
}

/// How many of them are findings.
pub fn findings(checks: &[Check]) -> usize {
    checks.iter().filter(|check| check.state == State::Finding).count()
}

/// The page.
pub fn render(checks: &[Check], now: Millis, style: &Style) -> String {
    let words = checks.iter().map(|check| check.state.word().len()).max().unwrap_or(0);
    let abouts = checks.iter().map(|check| check.about.chars().count()).max().unwrap_or(0);
    let mut text = format!("stellar {}   {}\n\n", env!("CARGO_PKG_VERSION"), style.moment(now));
    for check in checks {
        let word = check.state.word();
        let line = hanging(&format!("  {word:<words$}  {:<abouts$}  ", check.about), &check.what, style.width);
        text.push_str(&match (check.state, style.colour) {
            (State::Finding, true) => line.replacen(word, &format!("\x1b[1;31m{word}\x1b[0m"), 1),
            (State::Ok, true) => line.replacen(word, &format!("\x1b[32m{word}\x1b[0m"), 1),
            _ => line,
        });
        if let Some(todo) = &check.todo {
            let lead = format!("  {:words$}  {:abouts$}  do: ", "", "");
            text.push_str(&hanging(&lead, todo, style.width));
        }
    }
    let _ = match findings(checks) {
        0 => writeln!(text, "\nnothing is wrong"),
        many => writeln!(text, "\n{}", words::count(many, "finding")),
    };
    text
}

/// The same for programs; `facts` are numbers in base units.
pub fn document(checks: &[Check], facts: Map<String, Value>, now: Millis) -> Value {
    let listed: Vec<Value> = checks
        .iter()
        .map(|check| json!({ "state": check.state, "about": check.about, "what": check.what, "do": check.todo }))
        .collect();
    json!({
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "generated_at_unix_ms": now,
        "findings": findings(checks),
        "checks": listed,
        "facts": facts,
    })
}

/// Each target as the report judges it, one check a reason. Those that are not among `configured` are history, not findings;
/// without a configuration nobody can say whether they are collected as they should be.
pub fn targets(assessed: &[Assessed], configured: Option<&Vec<&str>>, now: Millis) -> Vec<Check> {
    let mut checks = Vec::new();
    for one in assessed {
        let cluster = &one.cluster;
        let about = format!("target {}", cluster.name);
        let ago = |at: Millis| words::age(lapse(now - at));
        let answer = match cluster.last_answer {
            Some(at) => format!("last answer {} ago", ago(at)),
            None => "never answered".to_owned(),
        };
        if configured.is_none() && one.status == Status::NoData {
            checks.push(Check::unknown(
                &about,
                format!("{answer}; no configuration says how often it should be collected"),
            ));
        } else if configured.is_some_and(|names| !names.contains(&cluster.name.as_str())) {
            checks.push(Check::ok(&about, format!("no longer in the configuration; {answer}")));
        } else if one.status == Status::Ok {
            checks.push(Check::ok(&about, answer));
        } else {
            let otherwise = match one.status {
                Status::NoData => {
                    "systemctl status stellar-collect.timer, or look whether cron runs stellar collect-once".to_owned()
                }
                _ if cluster.collected_at.is_some_and(|at| at - now > AHEAD) => ASK_CLOCK.to_owned(),
                _ if one.current && cluster.failed_fetches.is_empty() => {
                    format!("stellar report --cluster {} shows every metric and node", cluster.name)
                }
                _ => "stellar config check --probe asks every endpoint now".to_owned(),
            };
            checks.extend(one.reasons.iter().map(|reason| {
                // The report asks; here it is what to do.
                let reason = reason.split("; is the timer running?").next().unwrap_or_default();
                Check::told(&about, &format!("{}: {reason}", one.status.word()), &otherwise)
            }));
        }
    }
    checks
}
