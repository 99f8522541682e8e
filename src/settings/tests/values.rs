use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::super::{
    Access, Cluster, Collection, Database, Endpoint, Keeping, Login, Metrics, Pages, Password, Proxies, Secret,
    Settings,
};
use super::settings;

fn endpoint(base: &str, instance: &str) -> Endpoint {
    Endpoint { base: base.into(), instance: instance.into(), https: base.starts_with("https") }
}

#[test]
fn every_option_reaches_the_settings() {
    let text = r#"
rule_files = ["alert_rules.yml", "/srv/rules/*.toml"]
[metrics]
enabled = false
interval_secs = "5m"
retention_days = 14
daily_retention_days = "off"
max_size = "10GB"
thin_after = "2d"
thin_to = "10m"
timezone = "asia/shanghai"
exclude = ["network_*"]
[database]
path = "data/s.db"
[collection]
max_concurrency = 8
timeout = "500ms"
deadline = 20
retries = 0
stagger = "2s"
[[clusters]]
name = "shop"
frontends = ["http://fe1:8030", "https://gate/fe2/", "https://gate/fe3"]
backends = ["http://[::1]:8040"]
compute_nodes = ["http://cn1"]
user = "monitor"
password = "hunter2"
labels = { stage = "live", region = "north" }
interval_secs = "1h"
timeout = "5s"
[clusters.pages]
runtime_info = false
table_metrics = true
materialized_views = true
blacklist = true
statistic = "10m"
transactions = 300
"#;
    let (seconds, milliseconds) = (Duration::from_secs, Duration::from_millis);
    let expected = Settings {
        metrics: Metrics {
            enabled: false,
            interval: seconds(300),
            retention: seconds(14 * 86_400),
            keeping: Keeping {
                daily: None,
                max_size: Some(10_000_000_000),
                thin_after: Some(seconds(2 * 86_400)),
                thin_to: seconds(600),
            },
            timezone: Some("Asia/Shanghai".into()),
            exclude: vec!["network_*".into()],
        },
        database: Database { path: PathBuf::from("/etc/stellar/data/s.db") },
        collection: Collection {
            proxies: Default::default(),
            max_concurrency: 8,
            timeout: milliseconds(500),
            deadline: seconds(20),
            retries: 0,
            stagger: seconds(2),
        },
        clusters: vec![Cluster {
            name: "shop".into(),
            frontends: vec![
                endpoint("http://fe1:8030", "fe1:8030"),
                endpoint("https://gate/fe2", "gate:443/fe2"),
                endpoint("https://gate/fe3", "gate:443/fe3"),
            ],
            backends: vec![endpoint("http://[::1]:8040", "[::1]:8040")],
            compute_nodes: vec![endpoint("http://cn1", "cn1:80")],
            access: Access {
                login: Some(Login {
                    user: "monitor".into(),
                    password: Password::Known(Secret::new("hunter2".into())),
                    password_origin: "c.toml:27".into(),
                    file: None,
                }),
                ca_file: None,
                client_cert: None,
                client_key: None,
                proxies: Proxies::default(),
                timeout: seconds(5),
            },
            labels: BTreeMap::from([("region".into(), "north".into()), ("stage".into(), "live".into())]),
            interval: seconds(3_600),
            pages: Pages {
                runtime_info: false,
                table_metrics: true,
                materialized_views: true,
                blacklist: true,
                statistic: Some(seconds(600)),
                transactions: Some(seconds(300)),
            },
        }],
        applications: vec![],
        stages: vec![],
        // It has a test of its own.
        alerting: settings(text).alerting,
        metric_entries: vec![],
        rule_entries: vec![],
        rule_files: vec!["/etc/stellar/alert_rules.yml".into(), "/srv/rules/*.toml".into()],
    };
    assert_eq!(settings(text), expected);
}

#[test]
fn a_cluster_takes_the_interval_and_the_timeout_of_all_unless_it_has_its_own() {
    let text = "metrics.interval_secs = 60\ncollection.timeout = 3\n\
                [[clusters]]\nname = 'a'\nfrontends = ['http://a']\n\
                [[clusters]]\nname = 'b'\nfrontends = ['http://b']\ninterval_secs = 90\ntimeout = 4\n";
    let found: Vec<(u64, u64)> = settings(text)
        .clusters
        .iter()
        .map(|cluster| (cluster.interval.as_secs(), cluster.access.timeout.as_secs()))
        .collect();
    assert_eq!(found, [(60, 3), (90, 4)]);
}
