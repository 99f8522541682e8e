//! What the help of `stellar rules` says besides flags.

use super::Section;

pub const ALL: &[&Section] = &[&EXAMPLES, &EXIT_CODES];
pub const CHECK: &[&Section] = &[&CHECK_EXAMPLES, &EXIT_CODES];
pub const TEST: &[&Section] = &[&TEST_EXAMPLES, &TEST_EXIT_CODES];
pub const LIST: &[&Section] = &[&LIST_EXAMPLES, &LIST_EXIT_CODES];

const EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar rules list", "which rules are there?"),
        ("stellar rules check", "what is wrong with those in use?"),
        ("stellar rules test alert_tests.yml", "do they fire when they should?"),
    ],
};

const CHECK_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar rules check", "the rules in use: shipped, configured, of rule_files"),
        ("stellar rules check alert_rules.yml", "a file of Prometheus's, before it is in use"),
    ],
};

const TEST_EXAMPLES: Section =
    Section { title: "Examples", entries: &[("stellar rules test tests/*.yml", "what promtool test rules would run")] };

const LIST_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar rules list", "one line a rule"),
        ("stellar rules list --json", "with labels and annotations, for programs"),
    ],
};

const EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "nothing is wrong"),
        ("1", "there are findings"),
        ("2", "usage or configuration, or a file that cannot be read"),
    ],
};

const TEST_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "every test passed"),
        ("1", "a test failed, or its file or rules have faults"),
        ("2", "usage, or a file that cannot be read"),
    ],
};

const LIST_EXIT_CODES: Section =
    Section { title: "Exit codes", entries: &[("0", "done"), ("2", "usage or configuration")] };
