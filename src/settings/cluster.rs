//! `[[clusters]]`: what is watched, with whose login and how.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::access::{Access, Surroundings};
use super::durations::{INTERVAL, spoken};
use super::endpoint::{self, Endpoint};
use super::fault::Place;
use super::forms::{Flag, OrOff, Pairs, SOME_TEXT, Text};
use super::reader::{Reader, Section};
use super::words::quoted;

/// One StarRocks cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 64 bytes; unique.
    pub name: String,
    /// At least one.
    pub frontends: Vec<Endpoint>,
    /// Empty: found by asking the frontends.
    pub backends: Vec<Endpoint>,
    pub compute_nodes: Vec<Endpoint>,
    /// Without a login only pages that need none are asked for.
    pub access: Access,
    /// Added to everything that is shipped or alerted about this cluster.
    pub labels: BTreeMap<String, String>,
    pub interval: Duration,
    pub pages: Pages,
}

/// Pages that cost the cluster something.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages {
    pub runtime_info: bool,
    pub table_metrics: bool,
    pub materialized_views: bool,
    pub blacklist: bool,
    /// How often; None is never.
    pub statistic: Option<Duration>,
    pub transactions: Option<Duration>,
}

/// What walks all tablets or asks for every database is hardly meant to be asked for more often.
const LEAST_PERIOD: Duration = Duration::from_secs(60);

/// All clusters of the file, and where their names stand. Those with faults may be missing; the faults are with the
/// reader.
pub fn read_all(
    reader: &Reader<'_>,
    root: &Section<'_, '_>,
    around: &Surroundings<'_>,
) -> (Vec<Cluster>, HashMap<String, Place>) {
    let mut clusters = Vec::new();
    let mut names: HashMap<String, Place> = HashMap::new();
    let mut nodes: HashMap<String, (String, Place)> = HashMap::new();
    for section in root.tables("clusters", "[[clusters]]") {
        let (name, cluster) = read(reader, &section, around);
        if let Some(name) = &name {
            let place = section.place_of("name");
            match names.get(name) {
                Some(first) => {
                    let hint = format!("first defined at {}; rename one", first.seen_from(&place));
                    reader.fault(place, format!("cluster `{name}` is defined twice"), hint);
                }
                None => drop(names.insert(name.clone(), place)),
            }
        }
        let Some(mut cluster) = cluster else { continue };
        for (key, list) in [
            ("frontends", &mut cluster.frontends),
            ("backends", &mut cluster.backends),
            ("compute_nodes", &mut cluster.compute_nodes),
        ] {
            for (index, node) in list.iter().enumerate() {
                let place = section.place_of_item(key, index);
                match nodes.get(&node.identity()) {
                    Some((owner, first)) => {
                        let message = format!("`{key}` has {}, which is a node of `{owner}` already", node.base);
                        let hint = format!("first named at {}; remove one", first.seen_from(&place));
                        reader.fault(place, message, hint);
                    }
                    None => drop(nodes.insert(node.identity(), (cluster.name.clone(), place))),
                }
            }
            endpoint::tell_apart(list);
        }
        clusters.push(cluster);
    }
    (clusters, names)
}

fn read(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
) -> (Option<String>, Option<Cluster>) {
    let name = section.required("name", &NAME, "how the cluster is called in reports and in the database");
    let one_frontend = endpoint::list("[\"http://host:8030\"]", false);
    let frontends =
        section.required("frontends", &one_frontend, "the URLs of its frontends, [\"http://host:8030\", …]");
    let backends = section.value(
        "backends",
        &endpoint::list("[\"http://host:8040\"]", true),
        Vec::new(),
        "the URLs of its backends; left out, the frontends are asked for them",
    );
    let compute_nodes = section.value(
        "compute_nodes",
        &endpoint::list("[\"http://host:8040\"]", true),
        Vec::new(),
        "the URLs of its compute nodes; left out, the frontends are asked for them",
    );
    let access = Access::read(reader, section, around, ("cluster", name.as_deref()), &frontends);
    let labels = section.value("labels", &LABELS, BTreeMap::new(), "labels for everything about this cluster");
    let interval =
        section.inherited("interval_secs", &INTERVAL, around.interval, "[metrics]", "how often it is collected");
    let pages = pages(section);
    let expensive = [
        (pages.table_metrics, "table_metrics"),
        (pages.materialized_views, "materialized_views"),
        (pages.blacklist, "blacklist"),
        (pages.statistic.is_some(), "statistic"),
        (pages.transactions.is_some(), "transactions"),
    ];
    if let (Some(name), None) = (&name, &access.login) {
        for (_, page) in expensive.iter().filter(|(on, _)| *on) {
            reader.warn(format!("cluster `{name}`: the page `{page}` needs a `user`; without one it stays empty"));
        }
    }
    for (key, period) in [("statistic", pages.statistic), ("transactions", pages.transactions)] {
        if let (Some(name), Some(period)) = (&name, period.filter(|period| *period < LEAST_PERIOD)) {
            let (period, least) = (spoken(period), spoken(LEAST_PERIOD));
            reader.warn(format!(
                "cluster `{name}`: `{key}` every {period} costs the cluster much; {least} or more is usual"
            ));
        }
    }
    let cluster = match (&name, frontends) {
        (Some(name), Some(frontends)) => {
            Some(Cluster { name: name.clone(), frontends, backends, compute_nodes, access, labels, interval, pages })
        }
        _ => None,
    };
    (name, cluster)
}

fn pages(cluster: &Section<'_, '_>) -> Pages {
    let section = cluster.table("pages", "[clusters.pages]");
    let period = OrOff(INTERVAL);
    Pages {
        runtime_info: section.value("runtime_info", &Flag, true, "memory of each frontend's JVM; cheap"),
        table_metrics: section.value(
            "table_metrics",
            &Flag,
            false,
            "series of every table; large pages, needs a login",
        ),
        materialized_views: section.value(
            "materialized_views",
            &Flag,
            false,
            "series of every materialized view; takes locks, needs a login",
        ),
        blacklist: section.value(
            "blacklist",
            &Flag,
            false,
            "the backends that each frontend sends no queries to, from 3.3; needs GRANT BLACKLIST ON SYSTEM",
        ),
        statistic: section.value(
            "statistic",
            &period,
            None,
            "how often tablets are counted by database, \"10m\"; walks every tablet under locks, needs a login",
        ),
        transactions: section.value(
            "transactions",
            &period,
            None,
            "how often transactions are counted, \"5m\"; one request a database, needs a login",
        ),
    }
}

/// The name of a target.
pub(super) const NAME: Text = Text {
    what: "a name in quotes",
    check: |name| {
        let inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        if name.len() > 64 {
            return Err(("is longer than 64 letters".into(), "shorten it".into()));
        }
        if !name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) || !name.chars().all(inner) {
            let message = format!("is {}, which is not a name", quoted(name));
            return Err((message, "use A-Z, a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit".into()));
        }
        Ok(())
    },
};

/// Labels of a target.
pub(super) const LABELS: Pairs = Pairs {
    check: |name| {
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !plain || name.starts_with(|letter: char| letter.is_ascii_digit()) || name.is_empty() {
            let message = format!("has {}, which is not the name of a label", quoted(name));
            return Err((message, "use a-z, A-Z, 0-9 and _, not beginning with a digit".into()));
        }
        if name.starts_with("__")
            || matches!(name, "cluster" | "application" | "environment" | "job" | "instance" | "node")
        {
            return Err((format!("has `{name}`, a label that stellar sets itself"), "choose another name".into()));
        }
        Ok(())
    },
    value: SOME_TEXT,
    example: "{ region = \"north\" }",
};
