//! `[[applications]]` and `[[environments]]`: what is wrong with them, and what comes of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{show, summary};
use super::{Place, nothing, settings};

const BAD: &str = r#"
[[environments]]
name = "production"
metrics_prefix = "1_"
alertmanagers = ["host:9093", "http://u:hunter2@h:9093", "http://h:9093", "http://H:9093/"]
grafana_url = "grafana"
labels = { 1a = "x" }

[[environments]]
name = "production"

[[environments]]
metrics_prefix = "prod-"
colour = "red"

[[clusters]]
name = "shop"
frontends = ["http://fe"]

[[applications]]
name = "shop"
url = "http://app"

[[applications]]
name = "etl"
url = "ftp://app"
environment = "producton"
ephemeral = "no"
include_idle = 1
max_series = 0
labels = { application = "x" }
interval_secs = 0.5
timeout = "1h"
password = "hunter2"
frontends = ["http://fe"]

[[applications]]
name = "web"
url = "http://app:80/metrics"
environment = 3
max_series = "many"

[[applications]]
name = "web"
url = "http://other"

[[applications]]
name = "web3"
url = "http://APP/"

[[applications]]
name = "web2"
url = "http://u:hunter2@app"
ephemerl = true

[[applications]]
url = "http://other/?q=1"
"#;

#[test]
fn every_fault_is_told_at_its_place_with_what_to_do() {
    let faults = Place::new().faults(BAD, &nothing);
    assert!(!faults.contains("hunter"), "{faults}");
    assert_eq!(faults, include_str!("applications.txt"));
}

#[test]
fn every_option_reaches_the_settings_and_an_environment_gives_labels_and_prefix() {
    let read = settings(
        r#"
metrics.interval_secs = 60
collection.timeout = 3
[[environments]]
name = "production"
metrics_prefix = "prod_"
alertmanagers = ["http://am1:9093/", "https://gate/am2"]
grafana_url = "https://grafana.example.com/d/"
labels = { stage = "live", team = "ops" }
[[applications]]
name = "etl"
url = "http://app:8080"
environment = "production"
ephemeral = false
include_idle = true
max_series = 500
labels = { team = "data" }
interval_secs = 5
timeout = "500ms"
[[applications]]
name = "web"
url = "https://gate/web/stats"
"#,
    );
    let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let of = |index: usize| {
        let application = &read.applications[index];
        let page = (application.page.base.as_str(), application.page.instance.as_str());
        let flags = (application.ephemeral, application.include_idle, application.max_series);
        let times = (application.interval, application.access.timeout);
        (application.name.as_str(), page, flags, times, application.metrics_prefix.as_str(), application.labels.clone())
    };
    assert_eq!(
        of(0),
        (
            "etl",
            ("http://app:8080/metrics", "app:8080"),
            (false, true, 500),
            (Duration::from_secs(5), Duration::from_millis(500)),
            "prod_",
            labels(&[("stage", "live"), ("team", "data")]),
        )
    );
    assert_eq!(
        of(1),
        (
            "web",
            ("https://gate/web/stats", "gate:443"),
            (true, false, 10_000),
            (Duration::from_secs(60), Duration::from_secs(3)),
            "",
            labels(&[]),
        )
    );
    let stage = &read.stages[0];
    let alertmanagers: Vec<&str> = stage.alertmanagers.iter().map(|one| one.base.as_str()).collect();
    assert_eq!(alertmanagers, ["http://am1:9093", "https://gate/am2"]);
    assert_eq!(stage.grafana_url.as_ref().map(|url| url.base.as_str()), Some("https://grafana.example.com/d"));
}

#[test]
fn what_is_shown_has_every_value_with_its_origin_and_no_secret() {
    let text = "[[environments]]\nname = 'production'\nmetrics_prefix = 'prod_'\n\
                [[applications]]\nname = 'etl'\nurl = 'http://app:8080'\nenvironment = 'production'\n\
                user = 'prom'\npassword = 'hunter2'\n";
    let place = Place::new();
    let loaded = place.load(text, &nothing).expect("no faults");
    let shown = place.plain(&show(&loaded));
    let (_, applications) = shown.split_once("retries").expect("the options of collecting");
    let expected = "         = 1      # default
stagger         = \"0s\"   # default

[alerting]
alertmanagers   = []     # default
timeout         = \"10s\"  # [collection]
command_timeout = \"10s\"  # default

[[environments]]
name           = \"production\"  # config.toml:2
metrics_prefix = \"prod_\"       # config.toml:3
alertmanagers  = []            # default
labels         = {}            # default

[[applications]]
name          = \"etl\"                      # config.toml:5
url           = \"http://app:8080/metrics\"  # config.toml:6
environment   = \"production\"               # config.toml:7
user          = \"prom\"                     # config.toml:8
password      = \"***\"                      # config.toml:9
timeout       = \"10s\"                      # [collection]
labels        = {}                         # default
interval_secs = \"30s\"                      # [metrics]
ephemeral     = true                       # default
include_idle  = false                      # default
max_series    = 10000                      # default
";
    assert_eq!(applications, expected);
    assert_eq!(place.plain(&summary(&loaded)), "config.toml: ok — 0 clusters, 1 application, every 30 s, keep 7 d");
}
