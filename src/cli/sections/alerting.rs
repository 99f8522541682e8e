//! What help says of the commands around alerts.

use super::Section;

pub const CHECK: &[&Section] = &[&CHECK_EXAMPLES, &CHECK_EXIT_CODES];
pub const MUTE: &[&Section] = &[&MUTE_EXAMPLES, &MUTE_EXIT_CODES];

const CHECK_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar check", "everything; for a timer or a monitoring system"),
        ("stellar check --cluster shop", "the answer for one cluster"),
        ("stellar check --dry-run --json", "what would fire, for a script"),
        ("stellar check --history --since 1d", "what fired since yesterday"),
    ],
};

const CHECK_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "OK: no alert fires"),
        ("1", "WARNING: the worst alert that fires is a warning"),
        ("2", "CRITICAL"),
        ("3", "UNKNOWN: no data, a rule that cannot be evaluated, the database, usage"),
    ],
};

const MUTE_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar mute StarRocksDiskFull --cluster shop --for 2h", "nobody is told for two hours"),
        ("stellar mute '*' --for 30m --comment upgrade", "silence everything"),
        ("stellar mute StarRocksDiskFull --cluster shop --off", "end it"),
        ("stellar mute", "what is muted"),
    ],
};

const MUTE_EXIT_CODES: Section =
    Section { title: "Exit codes", entries: &[("0", "done"), ("2", "usage or configuration"), ("3", "the database")] };
