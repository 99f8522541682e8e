//! What somebody who cannot log in could do to the figures: a frontend prints the names of failed logins unescaped into
//! its page, so a name can hold whole lines. Every name that the catalogue reads is tried, in every form a line can take.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use stellar::catalogue::Catalogue;
use stellar::catalogue::collection::{Collection, Scrape};
use stellar::catalogue::evaluate::evaluate;
use stellar::collect::http::{Answer, Reply};
use stellar::collect::page;
use stellar::promql::{MatchOperator, Selector};
use stellar::sample::{Labels, Point, Series};
use stellar::settings::{self, Kind};

const AT: i64 = 1_795_314_538_000;

fn recorded(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/starrocks").join(file);
    String::from_utf8(std::fs::read(path).expect("a recorded page")).expect("recorded pages are UTF-8")
}

/// The recorded page with another user name where the recorded injection stands: in the midst of the users.
fn with_user(name: &str) -> String {
    let recorded = recorded("12_label_injection/metrics.body");
    let page = recorded.replace("x\"} 1\nstarrocks_fe_query_total 999999\nevil{a=\"b", name);
    assert_ne!(page, recorded);
    page
}

/// The same with the name as the last of all users.
fn with_last_user(name: &str) -> String {
    with_user("x").replace("user=\"mon\"}", &format!("user=\"{name}\"}}"))
}

struct House {
    catalogue: Catalogue,
    backend: Scrape,
}

/// A metric of the cluster, or of a node behind its name.
type Figures = BTreeMap<String, Option<f64>>;

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config.toml");
        let text =
            "[database]\npath = \"stellar.db\"\n[[clusters]]\nname = \"shop\"\nfrontends = [\"http://fe:8030\"]\n";
        std::fs::write(&config, text).expect("the configuration is written");
        let loaded = settings::load(Some(&config), &|_| None).unwrap_or_else(|error| panic!("{}", error.render()));
        let catalogue = Catalogue::load(&loaded.settings).expect("the catalogue");
        let backend = Self::scrape_by(&catalogue, ("be", "be:8040"), &recorded("be_metrics_1.txt"), AT);
        Self { catalogue, backend }
    }

    fn scrape(&self, node: (&str, &str), body: &str, at: i64) -> Scrape {
        Self::scrape_by(&self.catalogue, node, body, at)
    }

    fn scrape_by(catalogue: &Catalogue, (job, instance): (&str, &str), body: &str, at: i64) -> Scrape {
        let answer = Answer {
            body: body.as_bytes().to_vec(),
            content_type: "text/plain".to_owned(),
            date: None,
            chunked: false,
        };
        let reply = Reply { at, took: Duration::from_millis(20), answer: Ok(answer) };
        let source = format!("{job}@{instance}").into();
        let uses = catalogue.uses(Kind::Cluster);
        page::read(&reply, page::Asked { job, instance, source, uses, prefix: None }).scrape
    }

    /// All figures after two collections half a minute apart.
    fn figures(&self, before: &str, now: &str) -> Figures {
        let at_once = |frontend: &str, at: i64| {
            [self.scrape(("fe", "fe:8030"), frontend, at), Scrape { at, ..self.backend.clone() }]
        };
        let remembered = at_once(before, AT - 30_000).into_iter().flat_map(|scrape| {
            let at = scrape.at;
            scrape.samples.into_iter().map(move |one| (at, one))
        });
        let remembered =
            remembered.filter(|(_, one)| self.catalogue.uses(Kind::Cluster).remembers(&one.name, &one.labels));
        let past = remembered.map(|(at, one)| Series {
            name: one.name,
            labels: one.labels,
            points: vec![Point { at, value: one.value }],
        });
        let collection = Collection::new(&at_once(now, AT), past.collect());
        let name_node = |labels: &Labels| labels.get("instance").map(ToString::to_string);
        let rows = evaluate(&self.catalogue, &collection, AT, &name_node);
        let mut figures = Figures::new();
        for (subject, row) in
            std::iter::once((None, &rows.cluster)).chain(rows.nodes.iter().map(|(n, row)| (Some(n), row)))
        {
            let per = match subject {
                None => settings::metric_entry::Subject::Cluster,
                Some(_) => settings::metric_entry::Subject::Node,
            };
            for (metric, value) in self.catalogue.stored(per).zip(row) {
                let name =
                    subject.map_or_else(|| metric.name().to_owned(), |node| format!("{} of {node}", metric.name()));
                figures.insert(name, *value);
            }
        }
        figures
    }

    fn selectors(&self) -> BTreeMap<String, Vec<Selector>> {
        let mut selectors: BTreeMap<String, Vec<Selector>> = BTreeMap::new();
        for selector in self.catalogue.metrics().iter().flat_map(|metric| metric.entry.expr.selectors()) {
            let name = selector.name.as_ref().expect("the catalogue names what it reads").to_string();
            selectors.entry(name).or_default().push(selector);
        }
        selectors
    }
}

/// Label sets that the selector accepts, as they would stand on a page.
fn accepted(selector: &Selector) -> Vec<String> {
    let mut labels = Vec::new();
    for matcher in &selector.matchers {
        let value = match matcher.operator {
            MatchOperator::Equal => matcher.value.to_string(),
            MatchOperator::Matches => matcher.value.split('|').next().unwrap_or_default().to_owned(),
            MatchOperator::NotEqual | MatchOperator::MatchesNot => "z".to_owned(),
        };
        let label = matcher.label.strip_prefix("exported_").unwrap_or(&matcher.label);
        labels.push(format!("{label}=\"{value}\""));
    }
    let own = labels.join(",");
    let more = format!("{own}{}zz=\"1\"", if own.is_empty() { "" } else { "," });
    let named = format!("{own}{}name=\"z\"", if own.is_empty() { "" } else { "," });
    vec![own, more, named]
}

/// Every text with which a user name could try to say `VALUE` for a metric of this name.
fn attacks(name: &str, selectors: &[Selector]) -> Vec<String> {
    let mut sets: BTreeSet<String> = selectors.iter().flat_map(accepted).collect();
    for line in with_user("x").lines().filter(|line| line.starts_with(&format!("{name}{{"))) {
        let inside = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).expect("labels").0;
        sets.insert(inside.to_owned());
        sets.insert(format!("{inside}, zz=\"1\""));
        // The same labels, the last with a value that nobody has.
        sets.insert(format!("{}zz\"", inside.strip_suffix('"').expect("a quoted value")));
    }
    let lines: String = sets.iter().map(|set| format!("{name}{{{set}}} VALUE\n")).collect();
    let types = ["gauge", "summary"].map(|kind| format!("# HELP {name} x\n# TYPE {name} {kind}\n{lines}"));
    let family = name.rsplit_once('_').map_or(name, |(family, _)| family);
    let ends = ["# ", "starrocks_fe_connection_total{user=\"z"];
    let mut texts = vec![lines.clone(), format!("# TYPE {family} summary\n{lines}")];
    texts.extend(types);
    let with_ends = texts.iter().flat_map(|text| ends.map(|end| format!("x\"}} 1\n{text}{end}")));
    // Ends as a sample of its own family: the one form that leaves no trace.
    let quiet = texts.iter().map(|text| format!("x\"}} 1\n{text}{name}{{zz=\"y"));
    with_ends.chain(quiet).collect()
}

/// The metrics of which the attacks make another number than the honest one.
fn falsified(place: fn(&str) -> String, which: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let house = House::new();
    let honest = house.figures(&place("x"), &place("x"));
    let mut falsified = BTreeSet::new();
    for (name, selectors) in house.selectors().iter().filter(|(name, _)| which(name)) {
        // What is suspect counts as not there, and the next best source is asked.
        let without = place("x").replace(&format!("\n{name}"), "\nz").replace(&format!(" {name} "), " z ");
        let without = house.figures(&without, &without);
        for attack in attacks(name, selectors) {
            let page = |value: &str| place(&attack.replace("VALUE", value));
            for (metric, value) in house.figures(&page("1e9"), &page("7e9")) {
                if value.is_some() && [&honest, &without].iter().all(|known| known.get(&metric) != Some(&value)) {
                    falsified.insert(metric.split(" of ").next().unwrap_or_default().to_owned());
                }
            }
        }
    }
    falsified
}

/// Whether the recorded page has samples of this name.
fn printed(name: &str) -> bool {
    with_user("x").lines().any(|line| line.starts_with(name) && line[name.len()..].starts_with(['{', ' ']))
}

/// Figures of open connections: the names of users are their labels, so whoever writes a name writes a figure.
const CONNECTIONS: [&str; 3] = ["connections", "connections of fe:8030", "connections_per_user_max"];

#[test]
fn the_recorded_injection_reaches_no_metric() {
    let house = House::new();
    let page = recorded("12_label_injection/metrics.body");
    let (honest, now) = (house.figures(&with_user("x"), &with_user("x")), house.figures(&page, &page));
    let changed: Vec<&String> = now.keys().filter(|metric| now.get(*metric) != honest.get(*metric)).collect();
    assert_eq!(changed, CONNECTIONS.iter().collect::<Vec<_>>());
    assert!(CONNECTIONS.iter().all(|metric| now[*metric].is_none()));
}

#[test]
fn no_failed_login_can_falsify_what_the_page_itself_says() {
    let falsified = falsified(with_user, printed);
    let of_the_cluster = CONNECTIONS.into_iter().filter(|name| !name.contains(" of ")).collect::<Vec<_>>();
    assert_eq!(falsified.iter().map(String::as_str).collect::<Vec<_>>(), of_the_cluster);
}

#[test]
fn what_a_failed_login_can_make_up_is_known() {
    // Neither what other nodes print nor what the lists say; but of families that this version does not print, no trace
    // tells that it was not the frontend who announced them.
    let falsified = falsified(with_last_user, |name| !printed(name));
    assert_eq!(
        falsified.iter().map(String::as_str).collect::<Vec<_>>(),
        ["mv_refreshes_failed", "queries_unfinished", "routine_load_lag_max", "tablets_per_node_max"]
    );
}

#[test]
fn of_a_page_cut_at_any_byte_no_sample_is_another_than_on_the_whole_page() {
    let house = House::new();
    let page = with_user("x");
    let ours = |name: &str| name == "up" || name.starts_with("scrape_");
    let own = |scrape: Scrape| scrape.samples.into_iter().filter(|one| !ours(&one.name)).collect::<Vec<_>>();
    let whole = own(house.scrape(("fe", "fe:8030"), &page, AT));
    assert!(whole.len() > 100, "{} samples", whole.len());
    let first = page.find("jvm_heap_size_bytes").expect("a family that is read");
    let line_ends = page.match_indices('\n').map(|(at, _)| at + 1);
    let places: BTreeSet<usize> = line_ends.chain(first..first + 1_000).chain(page.len() - 300..page.len()).collect();
    for end in places {
        let Some(cut) = page.get(..end) else { continue };
        let samples = own(house.scrape(("fe", "fe:8030"), cut, AT));
        assert!(samples.is_empty() || cut.ends_with('\n'), "{end}");
        assert!(samples.iter().all(|sample| whole.contains(sample)), "{end}");
    }
}
