//! A cluster collected moment by moment by the real program, and the samples of each moment as the library gives them:
//! what Prometheus is to work out the same figures from.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use stellar::catalogue::Catalogue;
use stellar::catalogue::collection::{Sample, Scrape};
use stellar::clock::Clock;
use stellar::collect::{self, Harvest, Progress, Remembered, Toolbox};
use stellar::exposition::{Format, Reading, Wanted, parse};
use stellar::sample::{Labels, Point, Text};
use stellar::settings::{self, Settings, Target};
use tempfile::TempDir;

/// All samples of a page, with the labels that a scrape adds.
pub fn samples_of_page(page: &[u8], job: &str, instance: &str) -> Vec<Sample> {
    let page = parse(page, Format::Prometheus, &Wanted::everything());
    let common = [("job", job), ("instance", instance)];
    let sample = |reading: &Reading<'_>| {
        let own = reading.labels.iter().map(|(name, value)| match common.iter().any(|(taken, _)| taken == name) {
            true => (format!("exported_{name}"), value.to_string()),
            false => ((*name).to_owned(), value.to_string()),
        });
        let own: Vec<(String, String)> = own.collect();
        let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Sample { name: reading.name.into(), labels: Labels::of(common.into_iter().chain(own)), value: reading.value }
    };
    page.readings.iter().map(sample).collect()
}

/// One series at a moment that has it, and its sample before that, whatever its age.
pub struct Present {
    pub name: Text,
    pub labels: Labels,
    pub present: Point,
    pub previous: Option<Point>,
}

pub struct Moment {
    pub what: String,
    /// Unix seconds.
    pub at: i64,
    pub series: Vec<Present>,
    /// The cluster's entry of `collect-once --json`.
    pub collected: Value,
}

pub struct Story {
    pub catalogue: Catalogue,
    pub moments: Vec<Moment>,
    settings: Settings,
    config: PathBuf,
    /// The last sample of every series that was ever there.
    last: HashMap<(Text, Labels), Point>,
    /// What the library is to know of the collection before.
    periodic: Vec<Scrape>,
    nodes: Vec<collect::Node>,
    _folder: TempDir,
}

impl Story {
    /// `more` stands under `[[clusters]]`, behind its frontends.
    pub fn begin(frontends: &[String], more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config.toml");
        let text = format!(
            "[metrics]\ninterval_secs = 25\n\n[database]\npath = \"stellar.db\"\n\n\
             [[clusters]]\nname = \"shop\"\nfrontends = {frontends:?}\n{more}"
        );
        fs::write(&config, text).expect("the configuration is written");
        let loaded = settings::load(Some(&config), &|_| None);
        let settings = loaded.unwrap_or_else(|error| panic!("{}", error.render())).settings;
        let catalogue =
            Catalogue::load(&settings).unwrap_or_else(|faults| panic!("{}", settings::fault::render(&faults)));
        let (last, periodic, nodes) = (HashMap::new(), Vec::new(), Vec::new());
        Self { catalogue, moments: Vec::new(), settings, config, last, periodic, nodes, _folder: folder }
    }

    /// The file that the program fills.
    pub fn database(&self) -> PathBuf {
        self.config.with_file_name("stellar.db")
    }

    /// Collects twice at the same moment: by the program, and by the library for the samples.
    pub fn collect(&mut self, what: &str, at: i64) {
        let collected = self.program(at);
        let scrapes = self.scrapes(at);
        let mut series: HashMap<(Text, Labels), Present> = HashMap::new();
        for (scrape, sample) in scrapes.iter().flat_map(|scrape| scrape.samples.iter().map(move |one| (scrape, one))) {
            let key = (sample.name.clone(), sample.labels.clone());
            let present = Point { at: scrape.at, value: sample.value };
            let previous = self.last.get(&key).copied().filter(|point| point.at < present.at);
            let (name, labels) = key.clone();
            series.entry(key).or_insert(Present { name, labels, present, previous });
        }
        self.last.extend(series.iter().map(|(key, one)| (key.clone(), one.present)));
        self.periodic = scrapes.into_iter().filter(|scrape| scrape.periodic).collect();
        let series = series.into_values().collect();
        self.moments.push(Moment { what: what.to_owned(), at, series, collected });
    }

    fn program(&self, at: i64) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_stellar"))
            .args(["collect-once", "--json", "--config"])
            .arg(&self.config)
            .env_clear()
            .env("STELLAR_NOW", at.to_string())
            .output()
            .expect("the program runs");
        let document: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(document["clusters"][0]["stored"], true, "{document:#}");
        document["clusters"][0].clone()
    }

    fn scrapes(&mut self, at: i64) -> Vec<Scrape> {
        let (clock, progress) = (Clock::frozen_at(at * 1000), Progress::default());
        let tools = Toolbox { catalogue: &self.catalogue, clock: &clock, progress: &progress };
        let remembered = Remembered { periodic: self.periodic.clone(), nodes: self.nodes.clone() };
        let asked = [(Target::Cluster(&self.settings.clusters[0]), remembered)];
        let mut harvests = collect::fetch(&asked, &self.settings.collection, tools).expect("threads");
        let Harvest { mut scrapes, nodes, .. } = harvests.remove(0);
        self.nodes = nodes;
        scrapes.iter_mut().for_each(|scrape| self.with_whole_page(scrape));
        scrapes
    }

    /// What of a page is wanted is for the library to find out, and not for the test to believe: the samples become all
    /// those of the page whose name stands anywhere in the catalogue.
    fn with_whole_page(&self, scrape: &mut Scrape) {
        if !scrape.samples.iter().any(|sample| *sample.name == *"up" && sample.value == 1.0) {
            return;
        }
        let (job, instance) = (&scrape.common.get("job"), &scrape.common.get("instance"));
        let (Some(job), Some(instance)) = (job, instance) else { panic!("{scrape:?} is of no node") };
        let page = ureq::get(format!("http://{instance}/metrics")).call();
        let page = page.and_then(|mut page| page.body_mut().read_to_vec()).expect("a page");
        scrape.samples.retain(|sample| *sample.name == *"up" || sample.name.starts_with("scrape_"));
        let expressions = || self.catalogue.metrics().iter().map(|metric| metric.entry.expr.text());
        let own = samples_of_page(&page, job, instance).into_iter();
        scrape.samples.extend(own.filter(|sample| expressions().any(|text| text.contains(&*sample.name))));
    }
}

impl Moment {
    /// What the program made of a metric of the cluster; none is NULL.
    pub fn of_cluster(&self, metric: &str) -> Option<f64> {
        number(&self.collected["metrics"], metric)
    }

    /// The nodes that have a value of this metric.
    pub fn of_nodes(&self, metric: &str) -> BTreeMap<String, f64> {
        let nodes = self.nodes().map(|node| (node["node"].as_str(), number(&node["metrics"], metric)));
        nodes.filter_map(|(node, value)| Some((node?.to_owned(), value?))).collect()
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Value> {
        self.collected["nodes"].as_array().expect("nodes").iter()
    }
}

fn number(metrics: &Value, metric: &str) -> Option<f64> {
    let value = metrics.get(metric).unwrap_or_else(|| panic!("no metric `{metric}`"));
    (!value.is_null()).then(|| value.as_f64().expect("a number or null"))
}
