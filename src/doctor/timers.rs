//! What systemd says of our timers. cron cannot be asked.

use std::collections::HashMap;

use super::Check;

/// The timers that ship, and what is missing without each.
pub const TIMERS: [&str; 4] = [COLLECT, "stellar-aggregate", "stellar-cleanup", CHECK];
const COLLECT: &str = "stellar-collect";
const CHECK: &str = "stellar-check";

/// What `systemctl show` is asked for.
pub const PROPERTIES: &str = "Id,LoadState,UnitFileState,ActiveState,Result,ExecMainStatus,LastTriggerUSec,\
                              NextElapseUSecRealtime,NextElapseUSecMonotonic";

/// The properties of one unit.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    properties: HashMap<String, String>,
}

impl Unit {
    fn get(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }
}

/// The units in the output of `systemctl show`: blocks of `Name=value` with an empty line between them.
pub fn parse(shown: &str) -> Vec<Unit> {
    let blocks = shown.split("\n\n").filter(|block| !block.trim().is_empty());
    let unit = |block: &str| {
        let pairs = block.lines().filter_map(|line| line.split_once('='));
        Unit { properties: pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect() }
    };
    blocks.map(unit).collect()
}

/// What is done as often as it should be, by whomever it is started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    pub collections: bool,
    pub checks: bool,
}

/// One check a timer.
pub fn judge(units: &[Unit], done: Done) -> Vec<Check> {
    let find = |id: String| units.iter().find(|unit| unit.get("Id") == id);
    let mut checks = Vec::new();
    for name in TIMERS {
        let (timer, service) = (find(format!("{name}.timer")), find(format!("{name}.service")));
        let about = format!("timer {}", name.trim_start_matches("stellar-"));
        let Some(timer) = timer.filter(|timer| timer.get("LoadState") == "loaded") else {
            checks.push(match name {
                COLLECT if done.collections => {
                    Check::ok(&about, "not installed; something else collects, such as cron")
                }
                COLLECT => Check::finding(
                    &about,
                    format!("{name}.timer is not installed"),
                    "stellar systemd prints it, and a line for cron",
                ),
                CHECK if done.checks => Check::ok(&about, "not installed; something else checks the rules"),
                CHECK => Check::unknown(&about, format!("{name}.timer is not installed: nobody is told of alerts")),
                _ => Check::unknown(&about, format!("{name}.timer is not installed; cron cannot be asked")),
            });
            continue;
        };
        if timer.get("ActiveState") != "active" {
            let what = format!("{name}.timer is installed and {}", or(timer.get("ActiveState"), "not active"));
            checks.push(Check::finding(&about, what, format!("systemctl enable --now {name}.timer")));
            continue;
        }
        let last = or(timer.get("LastTriggerUSec"), "never");
        let next = match (timer.get("NextElapseUSecRealtime"), timer.get("NextElapseUSecMonotonic")) {
            ("" | "n/a", "" | "n/a" | "infinity") => "when the last one has ended".to_owned(),
            ("" | "n/a", monotonic) => format!("at {monotonic} of uptime"),
            (realtime, _) => realtime.to_owned(),
        };
        let when = format!("last run {last}, next {next}");
        if timer.get("UnitFileState") == "disabled" {
            let what = format!("{when}; it will not be started at the next boot");
            checks.push(Check::finding(&about, what, format!("systemctl enable {name}.timer")));
            continue;
        }
        let result = service.map_or("", |service| service.get("Result"));
        let code = service.map_or("", |service| service.get("ExecMainStatus"));
        checks.push(match (result, code) {
            ("" | "success", "5") => {
                Check::ok(&about, format!("{when}; the last run found another one still running and did nothing"))
            }
            ("" | "success", _) => Check::ok(&about, when),
            (result, code) => Check::finding(
                &about,
                format!("{when}; the last run failed ({result}, exit code {code})"),
                format!("journalctl --unit {name}.service --lines 20"),
            ),
        });
    }
    checks
}

fn or<'t>(text: &'t str, otherwise: &'t str) -> &'t str {
    if text.is_empty() || text == "n/a" { otherwise } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    /// As systemd 252 prints it.
    fn shown(timer: &str, service: &str) -> Vec<Unit> {
        parse(&format!(
            "Id=stellar-collect.timer\nLoadState=loaded\n{timer}\n\nId=stellar-collect.service\nLoadState=loaded\n{service}\n\n\
             Id=stellar-aggregate.timer\nLoadState=not-found\nActiveState=inactive\n"
        ))
    }

    fn first(timer: &str, service: &str) -> String {
        let check = judge(&shown(timer, service), Done { collections: true, checks: true }).remove(0);
        let todo = check.todo.map_or_else(String::new, |todo| format!(" | {todo}"));
        format!("{:?}: {}{todo}", check.state, check.what)
    }

    const RUNS: &str = "LastTriggerUSec=Sun 2026-11-22 10:16:00 CST\nNextElapseUSecRealtime=Sun 2026-11-22 10:16:30 CST\n\
                        NextElapseUSecMonotonic=n/a\nActiveState=active";
    const WHEN: &str = "last run Sun 2026-11-22 10:16:00 CST, next Sun 2026-11-22 10:16:30 CST";

    #[test]
    fn a_timer_that_runs_is_told_with_its_last_and_next_run() {
        let good = "Result=success\nExecMainStatus=0";
        assert_eq!(first(&format!("{RUNS}\nUnitFileState=enabled"), good), format!("Ok: {WHEN}"));
        let disabled = first(&format!("{RUNS}\nUnitFileState=disabled"), good);
        assert_eq!(
            disabled,
            format!(
                "Finding: {WHEN}; it will not be started at the next boot | systemctl enable stellar-collect.timer"
            )
        );
        let monotonic = "ActiveState=active\nUnitFileState=enabled\nLastTriggerUSec=n/a\nNextElapseUSecRealtime=\n\
                         NextElapseUSecMonotonic=1h 2min";
        assert_eq!(first(monotonic, good), "Ok: last run never, next at 1h 2min of uptime");
    }

    #[test]
    fn a_timer_that_does_not_is_a_finding() {
        assert_eq!(
            first("ActiveState=inactive\nUnitFileState=enabled", ""),
            "Finding: stellar-collect.timer is installed and inactive | systemctl enable --now stellar-collect.timer"
        );
        let enabled = format!("{RUNS}\nUnitFileState=enabled");
        assert_eq!(
            first(&enabled, "Result=exit-code\nExecMainStatus=3"),
            format!(
                "Finding: {WHEN}; the last run failed (exit-code, exit code 3) | journalctl --unit stellar-collect.service --lines 20"
            )
        );
        assert!(first(&enabled, "Result=success\nExecMainStatus=5").contains("still running"));
    }

    #[test]
    fn without_a_timer_it_depends_on_whether_somebody_does_its_work() {
        let states = |collections, checks| -> Vec<State> {
            judge(&[], Done { collections, checks }).iter().map(|check| check.state).collect()
        };
        assert_eq!(states(true, true), [State::Ok, State::Unknown, State::Unknown, State::Ok]);
        assert_eq!(states(false, false), [State::Finding, State::Unknown, State::Unknown, State::Unknown]);
    }
}
