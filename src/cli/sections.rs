//! What help says besides flags: examples, exit codes, files, environment. Written once; `--help` and the manual pages are
//! both made of it.

mod alerting;
mod lint;
mod rules;

pub use lint::SHORT as LINT_SHORT;

/// One part, such as the exit codes of a command.
#[derive(Debug)]
pub struct Section {
    /// As in help: `Exit codes`.
    pub title: &'static str,
    /// Each what is typed or seen, and what it means.
    pub entries: &'static [(&'static str, &'static str)],
}

/// Columns that help never exceeds by itself: the narrowest terminal that is usual.
const WIDTH: usize = 80;
/// A longer term gets a line of its own.
const WIDEST_TERM: usize = 44;

/// The sections as help prints them.
pub fn help(sections: &[&Section]) -> String {
    sections.iter().map(|section| one(section)).collect::<Vec<_>>().join("\n\n")
}

fn one(section: &Section) -> String {
    let terms = section.entries.iter().map(|(term, _)| term.chars().count());
    let column = terms.filter(|width| *width <= WIDEST_TERM).max().unwrap_or_default() + 4;
    let mut lines = vec![format!("{}:", section.title)];
    for (term, text) in section.entries {
        let mut texts = wrapped(text, WIDTH - column).into_iter();
        if term.chars().count() + 4 > column {
            lines.push(format!("  {term}"));
        } else {
            let first = texts.next().unwrap_or_default();
            lines.push(format!("  {term:<width$}{first}", width = column - 2).trim_end().to_owned());
        }
        lines.extend(texts.map(|text| format!("{:column$}{text}", "")));
    }
    lines.join("\n")
}

/// Lines of at most `width` columns; a word is never broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The sections of a command by its name on the command line without `stellar`: `""`, `config check`.
pub fn of(command: &str) -> &'static [&'static Section] {
    match command {
        "" => &[&EXAMPLES, &EXIT_CODES, &FILES, &ENVIRONMENT],
        "collect-once" => &[&COLLECT_EXAMPLES, &COLLECT_EXIT_CODES],
        "aggregate-daily" => &[&AGGREGATE_EXAMPLES, &AGGREGATE_EXIT_CODES],
        "cleanup" => &[&CLEANUP_EXAMPLES, &CLEANUP_EXIT_CODES],
        "report" => &[&REPORT_EXAMPLES, &REPORT_SIGNS, &REPORT_EXIT_CODES],
        "query" => &[&QUERY_EXAMPLES, &QUERY_EXIT_CODES],
        "check" => alerting::CHECK,
        "mute" => alerting::MUTE,
        "lint" => lint::ALL,
        "rules" => rules::ALL,
        "rules check" => rules::CHECK,
        "rules test" => rules::TEST,
        "rules list" => rules::LIST,
        "backup" => &[&BACKUP_EXAMPLES, &BACKUP_EXIT_CODES],
        "restore" => &[&RESTORE_EXAMPLES, &RESTORE_EXIT_CODES],
        "doctor" => &[&DOCTOR_EXAMPLES, &DOCTOR_WORDS, &DOCTOR_EXIT_CODES],
        "systemd" => &[&SYSTEMD_EXAMPLES, &SYSTEMD_EXIT_CODES],
        "config" => &[&CONFIG_EXAMPLES, &CONFIG_EXIT_CODES],
        "config check" => &[&CHECK_EXAMPLES, &CHECK_WORDS, &CHECK_EXIT_CODES],
        "config show" => &[&SHOW_EXIT_CODES],
        "completions" => &[&COMPLETIONS_EXAMPLES, &COMPLETIONS_EXIT_CODES],
        "config metrics" => &[&METRICS_EXAMPLES, &SHOW_EXIT_CODES],
        _ => &[],
    }
}

pub const EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar config check --probe", "is the configuration right, who answers?"),
        ("stellar collect-once", "collect every cluster now"),
        ("stellar report", "one line a target, worst first"),
    ],
};

/// Of every command; what each command's own codes mean is said there.
pub const EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "done; a dead node of a cluster that answered is data, not a failure"),
        ("1", "some clusters failed as a whole, the others are stored; or a check found something"),
        ("2", "usage or configuration; nothing was touched"),
        ("3", "the database, or a file of samples: cannot be opened, locked, of a newer version, disk full"),
        ("4", "every cluster failed"),
        ("5", "another stellar is collecting; nothing was done"),
    ],
};

const FILES: Section = Section {
    title: "Files",
    entries: &[
        ("/etc/stellar/config.toml", "the configuration, see stellar.toml(5)"),
        ("/etc/stellar/config.d/*.toml", "more of it, read after it by name"),
        ("conf/config.toml", "the configuration, if there is none in /etc"),
        ("/var/lib/stellar/stellar.db", "the history, unless [database] path or --db say otherwise"),
    ],
};

const ENVIRONMENT: Section = Section {
    title: "Environment",
    entries: &[
        ("STELLAR_CONFIG", "the configuration file, unless --config is given"),
        ("APP_METRICS_ENABLED", "stands above [metrics] enabled"),
        ("APP_METRICS_INTERVAL_SECS", "stands above [metrics] interval_secs"),
        ("APP_METRICS_RETENTION_DAYS", "stands above [metrics] retention_days"),
        ("STELLAR_LOG", "error, warn (the default), info or debug; -q and -v come before it"),
        ("STELLAR_NOW", "freezes the clock: unix seconds or RFC 3339"),
        ("HTTPS_PROXY, HTTP_PROXY", "the proxy to nodes, unless `proxy` is set"),
        ("NO_PROXY", "hosts without one: names, .domains, addresses, networks"),
        ("CREDENTIALS_DIRECTORY", "where systemd puts passwords, one file a cluster"),
        ("COLUMNS", "how wide reports on a terminal may be"),
        ("PAGER", "shows what is taller than the terminal; less if unset, none if empty or cat"),
        ("LESS", "options of less, FRX if unset"),
        ("NO_COLOR, CLICOLOR_FORCE", "colours off, colours on, unless --color says so"),
    ],
};

const COLLECT_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar collect-once", "all clusters, now"),
        ("stellar collect-once --cluster shop --json", "one cluster, the result as JSON"),
        ("stellar collect-once --dry-run", "fetch and show, store nothing"),
        ("stellar collect-once --if-due", "what the timer runs"),
        ("stellar collect-once --if-due --upkeep", "when it is the only timer"),
    ],
};

const COLLECT_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "stored, or nothing was due; dead nodes are in the report"),
        ("1", "some clusters failed as a whole: none of their frontends answered"),
        ("2", "usage or configuration; nothing was fetched"),
        ("3", "the database; nothing was stored"),
        ("4", "every cluster failed"),
        ("5", "another collection is running; nothing was fetched"),
    ],
};

const AGGREGATE_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar aggregate-daily", "every finished day that is missing; what the timer runs"),
        ("stellar aggregate-daily --day 2026-11-21 --recompute", "one day anew"),
        ("stellar aggregate-daily --dry-run", "what is missing"),
    ],
};

const AGGREGATE_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "stored, or nothing was to be done"),
        ("2", "usage or configuration; nothing was stored"),
        ("3", "the database; a day is stored whole or not at all"),
        ("5", "another stellar aggregates; nothing was done"),
    ],
};

const CLEANUP_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar cleanup --dry-run", "what would go, what is held and why"),
        ("stellar cleanup --aggregate", "what the timer runs"),
        ("stellar cleanup --retention 2w --max-size 10GB", "other limits than the configuration's"),
        ("stellar cleanup --vacuum", "and give all free space back"),
    ],
};

const CLEANUP_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "done, or nothing was to be done; held days are no failure"),
        ("1", "the file stays larger than its limit; or the clock is in doubt and nothing was removed"),
        ("2", "usage or configuration; nothing was removed"),
        ("3", "the database; what was removed until then is removed, the rest is left for the next run"),
        ("5", "another stellar cleans up or aggregates; nothing was done"),
    ],
};

const REPORT_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar report", "all targets, one line each, reasons underneath"),
        ("stellar report --cluster shop --since yesterday", "its metrics over that time, its nodes, its alerts"),
        ("stellar report --cluster shop --metric 'quer*' --step 1h --csv", "an hour a line, for a spreadsheet"),
        ("stellar report --daily --since 30d", "a day a line"),
        ("stellar report --html /var/www/stellar.html", "one page with charts"),
        ("stellar report --svg qps.svg --metric queries_per_second", "one chart, a line a cluster"),
        ("stellar --db copy.db report", "of any database, also without a configuration"),
    ],
};

const REPORT_SIGNS: Section = Section {
    title: "Signs",
    entries: &[
        ("OK WARN CRIT", "what the rules say; see stellar rules list"),
        ("(pending: …)", "a rule holds, but not yet for as long as it asks for"),
        ("UNKNOWN", "a rule could not be evaluated, or a share is outside 0..1"),
        ("NODATA", "never collected, not for three intervals, or no answer"),
        ("–", "not measured, or not current; a measured zero is 0"),
        ("·", "no sample in that slot of time"),
        ("~", "average over a gap: nobody saw what happened in it"),
    ],
};

pub(super) const REPORT_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "shown, whatever the status, also when there is nothing"),
        ("1", "nothing to show, with --fail-empty; or the output could not be written"),
        ("2", "usage or configuration, or FILE cannot be written"),
        ("3", "the database"),
    ],
};

const QUERY_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar query 'topk(3, stellar_queries_per_second)'", "the three busiest clusters now"),
        (
            "stellar query --since 24h --step 1m --csv 'sum by (cluster) (stellar_node_reachable)'",
            "a day, for a spreadsheet",
        ),
        ("zstdcat day.zst | stellar query --openmetrics - --json 'max(x)'", "of a file, for programs"),
    ],
};

const QUERY_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "answered, also when there is no series"),
        ("1", "the answer could not be written"),
        ("2", "usage or configuration; series that cannot be told apart"),
        ("3", "the database; a file that cannot be read, or has no sample or no time"),
    ],
};

const BACKUP_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar backup /backup/stellar.db", "a file that is there is left as it is"),
        ("stellar backup --force /backup/stellar.db", "replaced when the new one is whole"),
        ("stellar --db /backup/stellar.db report", "look into a backup"),
    ],
};

const BACKUP_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "copied and compared"),
        ("2", "usage or configuration, or FILE is there already; nothing was done"),
        ("3", "the database is damaged or cannot be read, or FILE cannot be written; nothing was kept"),
        ("5", "another backup is writing FILE; nothing was done"),
    ],
};

const RESTORE_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar restore /backup/stellar.db", "in the place of the configured database"),
        ("stellar --db copy.db restore /backup/stellar.db", "in the place of another one"),
    ],
};

const RESTORE_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "restored; the replaced database is beside it"),
        ("2", "usage or configuration; nothing was done"),
        ("3", "FILE is refused, or the database cannot be written; nothing was changed"),
        ("5", "another stellar did not end in time; nothing was done"),
    ],
};

const DOCTOR_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar doctor", "when something seems wrong, and after an installation"),
        ("stellar doctor --json", "the same for programs"),
        ("stellar --db copy.db doctor", "look at a copy"),
    ],
};

const DOCTOR_WORDS: Section = Section {
    title: "Words",
    entries: &[
        ("ok", "looked at, nothing wrong"),
        ("finding", "wrong; what to do is below"),
        ("unknown", "it cannot be known here, which is not a fault"),
    ],
};

const DOCTOR_EXIT_CODES: Section =
    Section { title: "Exit codes", entries: &[("0", "nothing is wrong"), ("1", "there are findings"), ("2", "usage")] };

const SYSTEMD_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar systemd", "for the shortest interval of the configuration"),
        ("stellar systemd --interval 45s | less", "for another one"),
    ],
};

const SYSTEMD_EXIT_CODES: Section =
    Section { title: "Exit codes", entries: &[("0", "printed"), ("2", "usage, or faults in the configuration")] };

const CONFIG_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar config check --probe", "every mistake, then every endpoint"),
        ("stellar config show", "each value and where it comes from"),
        ("stellar config metrics", "what every metric means, your own included"),
    ],
};

const CONFIG_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "no fault"),
        ("1", "check found something that works, but not as it should"),
        ("2", "usage, or faults in the configuration"),
    ],
};

const CHECK_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar config check", "before the timer reads it"),
        ("stellar -c new.toml config check --probe", "a file that is not in use yet, on the real clusters"),
    ],
};

const CHECK_WORDS: Section = Section {
    title: "Words",
    entries: &[
        ("error:", "a fault: no command would run with it; exit code 2"),
        ("finding:", "it would run and not do what it is for, or shows a secret; exit code 1"),
        ("warning:", "it is right, but hardly meant; does not change the exit code"),
        ("ok, fail", "of --probe: what an endpoint answered; fail gives exit code 1"),
        ("note", "of --probe: it failed, but another frontend gave the same; exit code 0"),
    ],
};

const CHECK_EXIT_CODES: Section = Section {
    title: "Exit codes",
    entries: &[
        ("0", "no fault"),
        ("1", "a finding: no cluster, a secret that everyone can read, an endpoint that does not answer as it should"),
        ("2", "usage, or faults in the configuration"),
    ],
};

const METRICS_EXAMPLES: Section = Section {
    title: "Examples",
    entries: &[
        ("stellar config metrics | less", "read it; without a configuration, the metrics that stellar brings"),
        ("stellar config metrics > METRICS.md", "keep it"),
    ],
};

/// Where each shell looks by itself; the folders of a user need no rights.
const COMPLETIONS_EXAMPLES: Section = Section {
    title: "Install",
    entries: &[
        ("bash", "stellar completions bash > ~/.local/share/bash-completion/completions/stellar"),
        ("zsh", "stellar completions zsh > /usr/local/share/zsh/site-functions/_stellar"),
        ("fish", "stellar completions fish > ~/.config/fish/completions/stellar.fish"),
        ("elvish", "stellar completions elvish > ~/.config/elvish/lib/stellar.elv, and `use stellar` in rc.elv"),
        ("powershell", "stellar completions powershell >> $PROFILE"),
    ],
};

const COMPLETIONS_EXIT_CODES: Section = Section { title: "Exit codes", entries: &[("0", "printed"), ("2", "usage")] };

const SHOW_EXIT_CODES: Section =
    Section { title: "Exit codes", entries: &[("0", "shown"), ("2", "usage, or faults in the configuration")] };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_texts_stand_in_columns_and_long_texts_wrap() {
        let section = Section {
            title: "Files",
            entries: &[
                ("a", "short"),
                (
                    "longer",
                    "a text that is longer than the rest of the line has to go on below the place where it began, like this",
                ),
                ("a term of more columns than a term may have beside a text", "below"),
                ("bare", ""),
            ],
        };
        let expected = "\
Files:
  a       short
  longer  a text that is longer than the rest of the line has to go on below the
          place where it began, like this
  a term of more columns than a term may have beside a text
          below
  bare";
        assert_eq!(help(&[&section]), expected);
    }
}
