//! The settings: file, then environment, then flags; every value knows where it comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

mod access;
mod alerting;
mod application;
mod cluster;
pub mod document;
pub mod durations;
mod endpoint;
mod exposed;
mod familiar;
pub mod fault;
mod files;
pub(crate) mod forms;
mod harmless;
pub mod identity;
mod keeping;
mod load;
pub mod login;
mod mask;
pub mod metric_entry;
pub mod moments;
mod no_proxy;
pub mod prometheus_duration;
pub mod prometheus_rules;
mod proxy;
pub(crate) mod reader;
pub mod rule_entry;
mod secret;
mod show;
pub mod sizes;
mod source;
mod stage;
mod syntax;
mod target;
pub mod words;
mod yaml;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use alerting::Alerting;
pub use application::Application;
pub use cluster::{Cluster, Pages};
pub use endpoint::{Endpoint, of_page as page_url};
pub use keeping::Keeping;
pub use load::{LoadError, Loaded, SHIPPED, load, load_without_secrets};
pub use login::{Login, Password};
pub use metric_entry::MetricEntry;
pub use proxy::{Proxies, Proxy};
pub use reader::{Environment, Origin, Shown, Stated};
pub use rule_entry::RuleEntry;
pub use secret::Secret;
pub use show::{example, reference, show, summary};
pub use stage::Stage;
pub use target::{Kind, Target};

use access::Surroundings;
use document::{Document, Node, Value};
use durations::{INTERVAL, PAUSE, RETENTION, WAIT};
use forms::{FilePath, Flag, Form, ListOf, Refusal, Text, Whole};
use reader::{Reader, Report, Section};
use words::{closest, fits, quoted, toml_text};

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub metrics: Metrics,
    pub database: Database,
    pub collection: Collection,
    pub clusters: Vec<Cluster>,
    pub applications: Vec<Application>,
    pub stages: Vec<Stage>,
    pub alerting: Alerting,
    /// The user's own metrics; they join those of the catalogue.
    pub metric_entries: Vec<MetricEntry>,
    /// The user's own rules, and what is otherwise than shipped in ours.
    pub rule_entries: Vec<RuleEntry>,
    /// Files of rules: paths, and patterns of paths.
    pub rule_files: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    pub enabled: bool,
    pub interval: Duration,
    /// Of snapshots and remembered counters.
    pub retention: Duration,
    pub keeping: Keeping,
    /// A name of the time zone database; None is the system's zone.
    pub timezone: Option<String>,
    /// Names of metrics that are not recorded; `*` stands for any letters.
    pub exclude: Vec<String>,
}

impl Metrics {
    /// What of `exclude` is hardly meant, in words; `names` are those of all metrics there are.
    pub fn odd_excludes(&self, names: &[&str]) -> Vec<String> {
        let idle = self.exclude.iter().filter(|pattern| !names.iter().any(|name| fits(pattern, name)));
        let mut odd: Vec<String> =
            idle.map(|pattern| format!("`exclude` has {}, which fits no metric", quoted(pattern))).collect();
        if names.iter().all(|name| self.excludes(name)) {
            odd.push("`exclude` fits every metric: nothing is recorded".to_owned());
        }
        odd
    }

    /// Whether a pattern of `exclude` fits the whole name.
    pub fn excludes(&self, name: &str) -> bool {
        self.exclude.iter().any(|pattern| fits(pattern, name))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Database {
    pub path: PathBuf,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Requests at once.
    pub max_concurrency: usize,
    /// Of one request.
    pub timeout: Duration,
    /// Of a whole run; never shorter than a timeout.
    pub deadline: Duration,
    pub retries: u32,
    /// The time over which a run spreads its first requests.
    pub stagger: Duration,
    /// Of clusters that name none.
    pub proxies: Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self::read(&Document::parse("", ""), &|_| None, Path::new(""), false).0
    }
}

impl Settings {
    /// Everything that is watched: clusters, then applications, in their order.
    pub fn targets(&self) -> impl Iterator<Item = Target<'_>> {
        self.clusters.iter().map(Target::Cluster).chain(self.applications.iter().map(Target::Application))
    }

    /// How often a target is collected; of one that is not configured, how often others are.
    pub fn interval_of(&self, name: &str) -> Duration {
        self.targets().find(|target| target.name() == name).map_or(self.metrics.interval, Target::interval)
    }

    /// How often the quickest target is collected, and so how often a timer has to fire.
    pub fn shortest_interval(&self) -> Duration {
        self.targets().map(Target::interval).min().unwrap_or(self.metrics.interval)
    }

    /// Reads what the document and the environment say. The settings hold only if the report has no faults.
    fn read(document: &Document, environment: &Environment<'_>, folder: &Path, secrets: bool) -> (Self, Report) {
        let reader = Reader::new(document, environment);
        let root = reader.root();
        let files = ListOf {
            inner: FilePath(folder),
            what: "a list of files",
            example: "[\"alert_rules.yml\", \"rules/*.toml\"]",
            may_be_empty: true,
        };
        let rule_files = root.value(
            "rule_files",
            &files,
            Vec::new(),
            "files of alerting rules: those of Prometheus as they are, and files of [[rule]]; * stands for any letters of a name",
        );
        let metrics = Metrics::read(&reader, &root.table("metrics", "[metrics]"));
        let database = Database::read(&root.table("database", "[database]"), folder);
        let section = root.table("collection", "[collection]");
        let collection = Collection::read(&reader, &section, secrets);
        let around = Surroundings {
            folder,
            secrets,
            proxies: &collection.proxies,
            interval: metrics.interval,
            timeout: collection.timeout,
            deadline: collection.deadline,
        };
        let alerting = Alerting::read(&reader, &root.table("alerting", "[alerting]"), &around);
        let (clusters, names) = cluster::read_all(&reader, &root, &around);
        let stages = stage::read_all(&reader, &root);
        let applications = application::read_all(&reader, &root, &around, &stages, names);
        let metric_entries = metric_entry::read_all(&reader, &root);
        let rule_entries = rule_entry::read_all(&reader, &root);
        let settings = Self {
            metrics,
            database,
            collection,
            clusters,
            applications,
            stages,
            metric_entries,
            alerting,
            rule_entries,
            rule_files,
        };
        let (deadline, shortest) = (settings.collection.deadline, settings.shortest_interval());
        if deadline > shortest {
            let (deadline, interval) = (durations::spoken(deadline), durations::spoken(shortest));
            reader.warn(format!(
                "a run may take {deadline} (`deadline`), longer than the interval of {interval}: the run after it is skipped"
            ));
        }
        (settings, reader.finish())
    }
}

impl Metrics {
    fn read(reader: &Reader<'_>, section: &Section<'_, '_>) -> Self {
        let names = ListOf { inner: PATTERN, what: "a list of names", example: "[\"network_*\"]", may_be_empty: true };
        let enabled = section.value_or("enabled", "APP_METRICS_ENABLED", &Flag, true, "whether anything is collected");
        let interval = section.value_or(
            "interval_secs",
            "APP_METRICS_INTERVAL_SECS",
            &INTERVAL,
            Duration::from_secs(30),
            "how often every cluster is collected",
        );
        let retention = section.value_or(
            "retention_days",
            "APP_METRICS_RETENTION_DAYS",
            &RETENTION,
            Duration::from_secs(7 * 86_400),
            "how long snapshots are kept; `stellar cleanup` removes those that are older",
        );
        Self {
            enabled,
            interval,
            retention,
            keeping: Keeping::read(reader, section, retention),
            timezone: section.value("timezone", &Zone, None, "where days begin and what reports show"),
            exclude: section.value(
                "exclude",
                &names,
                Vec::new(),
                "metrics that are not recorded; * stands for any letters",
            ),
        }
    }
}

impl Database {
    fn read(section: &Section<'_, '_>, folder: &Path) -> Self {
        let path = PathBuf::from("/var/lib/stellar/stellar.db");
        Self { path: section.value("path", &FilePath(folder), path, "the SQLite file") }
    }
}

impl Collection {
    fn read(reader: &Reader<'_>, section: &Section<'_, '_>, secrets: bool) -> Self {
        let many = Whole { least: 1, most: 4096 };
        let few = Whole { least: 0, most: 10 };
        let seconds = Duration::from_secs;
        let collection = Self {
            max_concurrency: section.value("max_concurrency", &many, 128, "requests at once") as usize,
            timeout: section.value("timeout", &WAIT, seconds(10), "how long one request may take"),
            deadline: section.value(
                "deadline",
                &WAIT,
                seconds(25),
                "how long a run may take; what is late is given up",
            ),
            retries: section.value("retries", &few, 1, "how often a failed request is tried again"),
            stagger: section.value("stagger", &PAUSE, seconds(0), "spreads the first requests over this time"),
            proxies: proxy::of_collection(reader, section, secrets),
        };
        let deadline = WAIT.show(collection.deadline);
        for (key, length) in [("timeout", collection.timeout), ("stagger", collection.stagger)] {
            if length > collection.deadline {
                let key_at_fault = if section.node(key).is_some() { key } else { "deadline" };
                let message = format!("`{key}` ({}) is longer than `deadline` ({deadline})", WAIT.show(length));
                let hint = format!("shorten `{key}` or raise `deadline`");
                reader.fault(section.place_of(key_at_fault), message, hint);
            }
        }
        collection
    }
}

/// A time zone's name; `"system"` is the zone of the machine.
struct Zone;

impl Form for Zone {
    type Value = Option<String>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        let example = "write \"system\" or a name like \"Asia/Shanghai\"";
        let Value::Text(name) = &node.value else {
            return Err(vec![Refusal::kind(node, "a time zone in quotes", example)]);
        };
        let zones = jiff::tz::db();
        if name == "system" {
            return Ok(None);
        }
        if let Ok(zone) = zones.get(name) {
            // The database finds names whatever their case; the canonical one is what SQL and reports should show.
            return Ok(Some(zone.iana_name().unwrap_or(name).to_owned()));
        }
        let known: Vec<String> = zones.available().map(|zone| zone.as_str().to_owned()).collect();
        let hint = match closest(name, known.iter().map(String::as_str)) {
            _ if known.is_empty() => "this machine has no time zone database; install the package tzdata".to_owned(),
            Some(zone) => format!("did you mean {}?", quoted(zone)),
            None => example.to_owned(),
        };
        Err(vec![Refusal::new(node, format!("is {}, an unknown time zone", quoted(name)), hint)])
    }

    fn show(&self, value: &Self::Value) -> String {
        toml_text(value.as_deref().unwrap_or("system"))
    }

    fn kind(&self) -> String {
        "\"system\" or the name of a time zone: \"Asia/Shanghai\"".into()
    }
}

const PATTERN: Text = Text {
    what: "a list of names in quotes",
    check: |pattern| {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_*".contains(letter);
        match !pattern.is_empty() && pattern.chars().all(plain) {
            true => Ok(()),
            false => {
                let message = format!("has {}, which no metric's name can fit", quoted(pattern));
                Err((message, "use a-z, 0-9, _ and * for any letters".into()))
            }
        }
    },
};
