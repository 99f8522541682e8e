//! `[alerting]`: who hears of alerts.

use std::time::Duration;

use super::access::{Access, Surroundings};
use super::durations::WAIT;
use super::endpoint::{self, Endpoint};
use super::login::CommandLine;
use super::reader::{Reader, Section};

#[derive(Clone, Debug, PartialEq)]
pub struct Alerting {
    /// Base URLs of the Alertmanagers that hear of everything for which no environment names its own.
    pub alertmanagers: Vec<Endpoint>,
    /// How Alertmanagers are reached, those of environments too.
    pub access: Access,
    /// A program and its arguments, run once for each alert that fires or ends, which it reads as JSON.
    pub command: Option<Vec<String>>,
    pub command_timeout: Duration,
}

impl Alerting {
    pub fn read(reader: &Reader<'_>, section: &Section<'_, '_>, around: &Surroundings<'_>) -> Self {
        let alertmanagers = section.value(
            "alertmanagers",
            &endpoint::list("[\"http://host:9093\"]", true),
            Vec::new(),
            "the URLs of the Alertmanagers that hear of alerts",
        );
        let gates = Some(alertmanagers.clone());
        let access = Access::read(reader, section, around, ("alerting", Some("alertmanager")), &gates);
        let program = CommandLine { folder: around.folder, example: "write [\"/usr/local/bin/tell-us\", \"--chat\"]" };
        let command = section.optional(
            "command",
            &program,
            "a program, and its arguments, that is run for each alert that fires or ends; the alert is JSON on its input, \
             once more after a check that was killed: with the same `id`, `startsAt` and `status`",
        );
        let command_timeout = section.value(
            "command_timeout",
            &WAIT,
            Duration::from_secs(10),
            "how long the program of `command` may take",
        );
        Self { alertmanagers, access, command, command_timeout }
    }
}
