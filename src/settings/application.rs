//! `[[applications]]`: BatchSQL applications that are watched. Most live for minutes, and some leak series.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::access::{Access, Surroundings};
use super::cluster::{LABELS, NAME};
use super::durations::INTERVAL;
use super::endpoint::{self, Endpoint};
use super::fault::Place;
use super::forms::{Flag, Whole};
use super::reader::{Reader, Section};
use super::stage::{OneOfThese, Stage};

/// One BatchSQL application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// As that of a cluster; no cluster has the same.
    pub name: String,
    /// Its `base` is the URL of the page itself.
    pub page: Endpoint,
    pub environment: Option<String>,
    /// What stands before the names of its metrics; may be empty.
    pub metrics_prefix: String,
    pub access: Access,
    /// Its own, and those of its environment that it does not set itself.
    pub labels: BTreeMap<String, String>,
    pub interval: Duration,
    /// A refused connection means that it has ended, not that it failed.
    pub ephemeral: bool,
    /// Whether label sets under which nothing ever ran count.
    pub include_idle: bool,
    /// How many series of it are read at most.
    pub max_series: usize,
}

/// All applications of the file. `names` are those that clusters have.
pub fn read_all(
    reader: &Reader<'_>,
    root: &Section<'_, '_>,
    around: &Surroundings<'_>,
    stages: &[Stage],
    mut names: HashMap<String, Place>,
) -> Vec<Application> {
    let mut applications: Vec<Application> = Vec::new();
    let mut pages: HashMap<String, (String, Place)> = HashMap::new();
    for section in root.tables("applications", "[[applications]]") {
        let Some(application) = read(reader, &section, around, stages) else { continue };
        let place = section.place_of("name");
        if let Some(first) = names.get(&application.name) {
            let hint = format!("first used at {}; rename one", first.seen_from(&place));
            reader.fault(place, format!("`{}` is the name of another target already", application.name), hint);
            continue;
        }
        names.insert(application.name.clone(), place);
        let url_place = section.place_of("url");
        let page = application.page.identity();
        if let Some((owner, first)) = pages.get(&page) {
            let message = format!("`url` is {}, the page of `{owner}` already", application.page.base);
            let hint = format!("first named at {}; remove one", first.seen_from(&url_place));
            reader.fault(url_place.clone(), message, hint);
        }
        pages.insert(page, (application.name.clone(), url_place));
        applications.push(application);
    }
    applications
}

fn read(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
    stages: &[Stage],
) -> Option<Application> {
    let name = section.required("name", &NAME, "how the application is called in reports and in the database");
    let page = section.required("url", &endpoint::PAGE, "the URL of its metrics; /metrics is added to a host alone");
    let environment =
        section.optional("environment", &OneOfThese(stages), "which of the [[environments]] it belongs to");
    let gates = page.clone().map(|page| vec![page]);
    let access = Access::read(reader, section, around, ("application", name.as_deref()), &gates);
    let mut labels = section.value("labels", &LABELS, BTreeMap::new(), "labels for everything about this application");
    let interval =
        section.inherited("interval_secs", &INTERVAL, around.interval, "[metrics]", "how often it is collected");
    let ephemeral = section.value(
        "ephemeral",
        &Flag,
        true,
        "whether it lives for a run only: a refused connection means that it has ended, not that it failed",
    );
    let include_idle = section.value(
        "include_idle",
        &Flag,
        false,
        "whether label sets under which nothing ever ran count in averages, days, alerts and reports",
    );
    let most = Whole { least: 1, most: 1_000_000 };
    let max_series = section.value("max_series", &most, 10_000, "how many series of it are read at most") as usize;
    let stage = stages.iter().find(|stage| environment.as_deref() == Some(&stage.name));
    for (label, value) in stage.iter().flat_map(|stage| &stage.labels) {
        labels.entry(label.clone()).or_insert_with(|| value.clone());
    }
    let metrics_prefix = stage.map(|stage| stage.metrics_prefix.clone()).unwrap_or_default();
    let (name, page) = (name?, page?);
    Some(Application {
        name,
        page,
        environment,
        metrics_prefix,
        access,
        labels,
        interval,
        ephemeral,
        include_idle,
        max_series,
    })
}
