//! `[[environments]]`: production, staging and the like, with what the applications of each have in common.

use std::collections::{BTreeMap, HashMap};

use super::cluster::{LABELS, NAME};
use super::document::{Node, Value};
use super::endpoint::{self, Endpoint};
use super::fault::Place;
use super::forms::{Form, Refusal, Text};
use super::reader::{Reader, Section};
use super::words::{closest, quoted, toml_text};

/// An environment; not that of the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// As a target's name.
    pub name: String,
    /// What its applications put before the names of their metrics, such as `prod_`; may be empty.
    pub metrics_prefix: String,
    /// Base URLs of the Alertmanagers that hear of its alerts.
    pub alertmanagers: Vec<Endpoint>,
    /// Where its dashboards are.
    pub grafana_url: Option<Endpoint>,
    /// For all its applications.
    pub labels: BTreeMap<String, String>,
}

/// All environments of the file, each name once.
pub fn read_all(reader: &Reader<'_>, root: &Section<'_, '_>) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut names: HashMap<String, Place> = HashMap::new();
    for section in root.tables("environments", "[[environments]]") {
        let name = section.required("name", &NAME, "how the environment is called: production, staging, …");
        let metrics_prefix = section.value(
            "metrics_prefix",
            &PREFIX,
            String::new(),
            "what its applications put before the names of their metrics",
        );
        let alertmanagers = section.value(
            "alertmanagers",
            &endpoint::list("[\"http://host:9093\"]", true),
            Vec::new(),
            "the URLs of the Alertmanagers that hear of its alerts",
        );
        let grafana_url = section.optional("grafana_url", &endpoint::ONE, "where its dashboards are, to link to");
        let labels = section.value("labels", &LABELS, BTreeMap::new(), "labels for everything about its applications");
        let Some(name) = name else { continue };
        let place = section.place_of("name");
        if let Some(first) = names.get(&name) {
            let hint = format!("first defined at {}; rename one", first.seen_from(&place));
            reader.fault(place, format!("environment `{name}` is defined twice"), hint);
            continue;
        }
        names.insert(name.clone(), place);
        stages.push(Stage { name, metrics_prefix, alertmanagers, grafana_url, labels });
    }
    stages
}

/// The name of an environment of the file.
pub struct OneOfThese<'s>(pub &'s [Stage]);

impl Form for OneOfThese<'_> {
    type Value = String;

    fn read(&self, node: &Node) -> Result<String, Vec<Refusal>> {
        let Value::Text(text) = &node.value else {
            return Err(vec![Refusal::kind(node, "the name of an environment in quotes", "write \"production\"")]);
        };
        let names = self.0.iter().map(|stage| stage.name.as_str());
        if names.clone().any(|name| name == text) {
            return Ok(text.clone());
        }
        let hint = match closest(text, names.clone()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if self.0.is_empty() => format!("add [[environments]] with name = {}", toml_text(text)),
            None => format!("one of {}", names.collect::<Vec<_>>().join(", ")),
        };
        Err(vec![Refusal::new(node, format!("is {}, which is none of the [[environments]]", quoted(text)), hint)])
    }

    fn show(&self, value: &String) -> String {
        toml_text(value)
    }

    fn kind(&self) -> String {
        "the name of one of the [[environments]]".into()
    }
}

const PREFIX: Text = Text {
    what: "the beginning of a name in quotes",
    check: |prefix| {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        match prefix.chars().all(plain) && !prefix.starts_with(|letter: char| letter.is_ascii_digit()) {
            true => Ok(()),
            false => {
                let message = format!("is {}, with which no metric's name can begin", quoted(prefix));
                Err((message, "use a-z, A-Z, 0-9 and _, not beginning with a digit: \"prod_\"".into()))
            }
        }
    },
};
