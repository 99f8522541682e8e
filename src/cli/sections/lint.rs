//! What the help of `stellar lint` says besides flags: its rules, too, out of the table that the checks use.

use super::Section;
use crate::lint::rules::{RULES, Severity};

pub const ALL: &[&Section] = &[&EXAMPLES, &WORDS, &ERRORS, &WARNINGS, &HINTS, &EXIT_CODES];

/// Where there is no room for every rule.
pub const SHORT: &[&Section] = &[&EXAMPLES, &EXIT_CODES];

const EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar lint http://10.30.0.7:8080/metrics", "a running program, looked at twice"),
        ("stellar lint --wait 10m --json http://10.30.0.7:8080/metrics", "does it grow? for programs"),
        ("curl -s http://10.30.0.7:8080/metrics | stellar lint -", "a page from somewhere else"),
        ("stellar lint --growth monday.prom tuesday.prom", "two looks that were kept"),
        ("stellar lint --ignore no-help --all page.prom", "every finding but those of a rule"),
    ],
};

const WORDS: Section = Section {
    title: "Words",
    entries: &[
        ("error", "a Prometheus refuses the page, or reads something else than was meant"),
        ("warning", "it works, and misleads whoever asks questions of it, or costs too much"),
        ("hint", "a custom that is not kept"),
    ],
};

const EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "nothing is wrong"),
        ("1", "there are findings; a URL that gives no page is one"),
        ("2", "usage or configuration, or a file that cannot be read; nothing was judged"),
    ],
};

const ERRORS: Section =
    Section { title: "Rules that find errors", entries: &rules::<{ many(Severity::Error) }>(Severity::Error) };
const WARNINGS: Section =
    Section { title: "Rules that warn", entries: &rules::<{ many(Severity::Warning) }>(Severity::Warning) };
const HINTS: Section =
    Section { title: "Rules that give hints", entries: &rules::<{ many(Severity::Hint) }>(Severity::Hint) };

const fn many(severity: Severity) -> usize {
    let (mut place, mut many) = (0, 0);
    while place < RULES.len() {
        many += (RULES[place].severity as u8 == severity as u8) as usize;
        place += 1;
    }
    many
}

/// Names of rules and what they find, out of the one table.
const fn rules<const MANY: usize>(severity: Severity) -> [(&'static str, &'static str); MANY] {
    let mut entries = [("", ""); MANY];
    let (mut place, mut filled) = (0, 0);
    while place < RULES.len() {
        if RULES[place].severity as u8 == severity as u8 {
            entries[filled] = (RULES[place].name, RULES[place].finds);
            filled += 1;
        }
        place += 1;
    }
    entries
}
