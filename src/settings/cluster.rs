//! `[[clusters]]`: what is watched, with whose login and how.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::durations::{INTERVAL, WAIT, spoken};
use super::endpoint::{self, Endpoint};
use super::fault::Place;
use super::files::read_text;
use super::forms::{FilePath, Flag, OrOff, Pairs, Text};
use super::identity;
use super::login::{self, Login};
use super::proxy::{self, Proxies};
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
    /// None: only pages that need no login.
    pub login: Option<Login>,
    pub ca_file: Option<PathBuf>,
    /// The certificate to show, and its key: both or none.
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub proxies: Proxies,
    /// Added to everything that is shipped or alerted about this cluster.
    pub labels: BTreeMap<String, String>,
    pub interval: Duration,
    /// Of one request.
    pub timeout: Duration,
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

/// What a cluster's options depend on.
pub struct Surroundings<'a> {
    /// The folder from which relative paths count.
    pub folder: &'a Path,
    /// Whether password files and certificates are opened; reports do without.
    pub secrets: bool,
    /// Of clusters that name none.
    pub proxies: &'a Proxies,
    pub interval: Duration,
    pub timeout: Duration,
    pub deadline: Duration,
}

/// All clusters of the file. Those with faults may be missing; the faults are with the reader.
pub fn read_all(reader: &Reader<'_>, root: &Section<'_, '_>, around: &Surroundings<'_>) -> Vec<Cluster> {
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
    clusters
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
    let login = login::read(reader, section, around, name.as_deref());
    let ca_file = section.optional("ca_file", &FilePath(around.folder), "certificates (PEM) to trust for https://");
    if let (true, Some(path)) = (around.secrets, &ca_file)
        && let Err(reason) = read_text(path).and_then(certificates)
    {
        let hint = "name a file of PEM certificates that this user can read";
        reader.fault(section.place_of("ca_file"), format!("`ca_file` {}: {reason}", path.display()), hint);
    }
    let (client_cert, client_key) = identity::read(reader, section, around).unzip();
    let proxies = proxy::of_cluster(section, around.proxies);
    let labels = section.value("labels", &LABELS, BTreeMap::new(), "labels for everything about this cluster");
    let interval =
        section.inherited("interval_secs", &INTERVAL, around.interval, "[metrics]", "how often it is collected");
    let timeout = section.inherited("timeout", &WAIT, around.timeout, "[collection]", "how long one request may take");
    if timeout > around.deadline && section.node("timeout").is_some() {
        let (timeout, deadline) = (WAIT.show(timeout), WAIT.show(around.deadline));
        let message = format!("`timeout` ({timeout}) is longer than the `deadline` of a run ({deadline})");
        reader.fault(section.place_of("timeout"), message, "shorten it, or raise `deadline` in [collection]");
    }
    let pages = pages(section);
    let expensive = [
        (pages.table_metrics, "table_metrics"),
        (pages.materialized_views, "materialized_views"),
        (pages.blacklist, "blacklist"),
        (pages.statistic.is_some(), "statistic"),
        (pages.transactions.is_some(), "transactions"),
    ];
    if let (Some(name), None) = (&name, &login) {
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
    if let (Some(name), Some(_), Some(frontends)) = (&name, &login, &frontends) {
        let proxy = frontends.iter().find_map(|node| proxies.of_endpoint(node).filter(|_| !node.https));
        if let Some(proxy) = proxy {
            let (url, origin) = (proxy.url(), &proxy.origin);
            reader.warn(format!(
                "cluster `{name}`: its login goes unencrypted through the proxy {url} (from {origin}); use https://, or proxy = \"\""
            ));
        }
    }
    let cluster = match (&name, frontends) {
        (Some(name), Some(frontends)) => Some(Cluster {
            name: name.clone(),
            frontends,
            backends,
            compute_nodes,
            login,
            ca_file,
            client_cert,
            client_key,
            proxies,
            labels,
            interval,
            timeout,
            pages,
        }),
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

/// What is no certificate is told before anything is asked; whether it is a good one shows when it is used.
fn certificates(text: String) -> Result<String, String> {
    if text.contains("-----BEGIN CERTIFICATE-----") { Ok(text) } else { Err("holds no certificate in PEM form".into()) }
}

const NAME: Text = Text {
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

const LABELS: Pairs = Pairs {
    check: |name| {
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !plain || name.starts_with(|letter: char| letter.is_ascii_digit()) || name.is_empty() {
            let message = format!("has {}, which is not the name of a label", quoted(name));
            return Err((message, "use a-z, A-Z, 0-9 and _, not beginning with a digit".into()));
        }
        if name.starts_with("__") || matches!(name, "cluster" | "job" | "instance" | "node") {
            return Err((format!("has `{name}`, a label that stellar sets itself"), "choose another name".into()));
        }
        Ok(())
    },
};
