//! What an operator should know of a collection, in words: once for each cause.

use std::collections::BTreeMap;

use super::fault::Lack;
use super::show::{LEADER, List, ListAnswer};
use crate::catalogue::collection::{Sample, Scrape};
use crate::exposition::PageReport;
use crate::sample::{Labels, Millis};
use crate::settings::Endpoint;

/// One thing that an operator should know; it names its endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    pub text: String,
    /// A login is refused: everything behind it is missing until a person mends it.
    pub grave: bool,
}

impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self { text, grave: false }
    }
}

/// A page that says "I lead" may be of yesterday, or somebody wrote it there by a failed login; the list of frontends
/// knows better. Rows of a frontend that does not lead hold zeros for what only the leader is told.
pub(super) fn unmask(lists: &mut BTreeMap<List, ListAnswer>, configured: &[Endpoint]) -> Option<String> {
    let leader = lists.get(&List::Frontends)?.rows.iter().find(|row| row.get("Role") == Some(LEADER))?;
    let leader = leader.instance.clone()?;
    // Behind a gate the list names addresses that nobody configured: they cannot be compared.
    configured.iter().find(|endpoint| endpoint.instance == leader)?;
    let mut told = None;
    for list in lists.values_mut() {
        if let Some(pretender) = list.claims.take_if(|claims| *claims != leader) {
            list.from_leader = false;
            told = Some(format!(
                "{pretender} calls itself the leader, but {leader} is: its lists are not taken for the leader's"
            ));
        }
    }
    told
}

/// One line for all lists that the same reason keeps from us.
pub(super) fn unlisted(mut lists: Vec<(String, Problem, List)>) -> Vec<Problem> {
    lists.sort();
    let same = lists.chunk_by(|left, right| left.0 == right.0 && left.1 == right.1);
    same.filter_map(|group| {
        let (base, reason, _) = group.first()?;
        let statements: Vec<&str> = group.iter().map(|(_, _, list)| list.statement().trim_end_matches(';')).collect();
        Some(Problem { text: format!("{base} {}: {}", statements.join(", "), reason.text), grave: reason.grave })
    })
    .collect()
}

/// What the login was refused for lack of a right is 1, what it was given 0; nothing is known of the rest.
pub(super) fn denied(
    lists: &BTreeMap<List, ListAnswer>,
    denied: &BTreeMap<&'static str, Lack>,
    at: Millis,
) -> Option<Scrape> {
    let sample = |list: &str, lack: Lack, value| Sample {
        name: "show_denied".into(),
        labels: Labels::of([("list", list), ("lacks", lack.name())]),
        value,
    };
    let given = lists.keys().map(|list| sample(list.name(), Lack::Operate, 0.0));
    let samples: Vec<Sample> = given.chain(denied.iter().map(|(list, lack)| sample(list, *lack, 1.0))).collect();
    let scrape = Scrape { source: "show_denied".into(), common: Labels::empty(), at, samples, periodic: false };
    (!scrape.samples.is_empty()).then_some(scrape)
}

/// What of a page did not count, in words.
pub(super) fn of_page(report: &PageReport) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(first) = report.first_bad.first() {
        let lines = match report.bad_lines {
            1 => "a bad line,".to_owned(),
            many => format!("{many} bad lines, the first is"),
        };
        problems.push(format!("{lines} line {}: {}", first.line, first.reason));
    }
    if !report.suspect.is_empty() {
        let names = report.suspect.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        problems.push(format!(
            "nothing counts of {names}: announced twice or torn apart; somebody may have written into the page"
        ));
    }
    if report.undeclared > 0 {
        let samples = match report.undeclared {
            1 => "a sample of a family without a TYPE line does not count".to_owned(),
            many => format!("{many} samples of families without a TYPE line do not count"),
        };
        problems.push(samples);
    }
    problems
}
