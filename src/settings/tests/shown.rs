use std::path::Path;

use super::super::load::load_from;
use super::super::{Loaded, show, summary};
use super::{Place, known, nothing};

const TEXT: &str = r#"[metrics]
interval_secs = 30
retention_days = "7d"
exclude = ["network_*"]

[[clusters]]
name = "shop-bj"
frontends = ["http://10.20.0.1:8030", "http://10.20.0.2:8030", "http://10.20.0.3:8030"]
user = "monitor"
password = "hunter2"
labels = { region = "north" }

[[clusters]]
name = "lab"
frontends = ["https://gate/lab"]
user = "root"
timeout = "500ms"
[clusters.pages]
statistic = "10m"

[[metric]]
name = "x"
expr = 'sum(a{b="c"})'
unit = "count"
"#;

fn environment(name: &str) -> Option<String> {
    (name == "APP_METRICS_RETENTION_DAYS").then(|| "14d".to_owned())
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let place = Place::new();
    let mut loaded = place.load(TEXT, &environment).expect("no faults");
    loaded.override_database(Path::new("x.db"));
    let expected = r##"# config.toml

rule_files = []  # default

[metrics]
enabled              = true           # default
interval_secs        = "30s"          # config.toml:2
retention_days       = "2w"           # $APP_METRICS_RETENTION_DAYS
daily_retention_days = "730d"         # default
max_size             = "off"          # default
thin_after           = "off"          # default
thin_to              = "5m"           # default
timezone             = "system"       # default
exclude              = ["network_*"]  # config.toml:4

[database]
path = "x.db"  # --db

[collection]
max_concurrency = 128    # default
timeout         = "10s"  # default
deadline        = "25s"  # default
retries         = 1      # default
stagger         = "0s"   # default

[alerting]
alertmanagers   = []     # default
timeout         = "10s"  # [collection]
command_timeout = "10s"  # default

[[clusters]]
name          = "shop-bj"             # config.toml:7
frontends     = ["http://10.20.0.1:8030", "http://10.20.0.2:8030", "http://10.20.0.3:8030"]  # config.toml:8
backends      = []                    # default
compute_nodes = []                    # default
user          = "monitor"             # config.toml:9
password      = "***"                 # config.toml:10
timeout       = "10s"                 # [collection]
labels        = { region = "north" }  # config.toml:11
interval_secs = "30s"                 # [metrics]

[clusters.pages]
runtime_info       = true   # default
table_metrics      = false  # default
materialized_views = false  # default
blacklist          = false  # default
statistic          = "off"  # default
transactions       = "off"  # default

[[clusters]]
name          = "lab"                 # config.toml:14
frontends     = ["https://gate/lab"]  # config.toml:15
backends      = []                    # default
compute_nodes = []                    # default
user          = "root"                # config.toml:16
password      = ""                    # default
timeout       = "500ms"               # config.toml:17
labels        = {}                    # default
interval_secs = "30s"                 # [metrics]

[clusters.pages]
runtime_info       = true   # default
table_metrics      = false  # default
materialized_views = false  # default
blacklist          = false  # default
statistic          = "10m"  # config.toml:19
transactions       = "off"  # default

[[metric]]
name     = "x"                # config.toml:22
expr     = "sum(a{b=\"c\"})"  # config.toml:23
unit     = "count"            # config.toml:24
category = "custom"           # default
per      = "cluster"          # default
daily    = []                 # default
help     = ""                 # default
"##;
    assert_eq!(place.plain(&show(&loaded)), expected);
}

#[test]
fn what_is_shown_loads_to_the_same_settings() {
    let place = Place::new();
    let text =
        TEXT.replace("user = \"monitor\"\npassword = \"hunter2\"\n", "").replace("[[metric]]\n", "[[metric]]\n\n");
    let text = &text[..text.find("[[metric]]").expect("metrics")];
    let first = place.load(text, &environment).expect("no faults");
    let second = place.load(&show(&first), &nothing).expect("no faults");
    let plain = |loaded: &Loaded| {
        let mut settings = loaded.settings.clone();
        settings.clusters.iter_mut().filter_map(|cluster| cluster.access.login.as_mut()).for_each(|login| {
            login.password_origin.clear();
        });
        settings
    };
    assert_eq!(plain(&second), plain(&first));
}

#[test]
fn the_summary_names_what_the_environment_changed() {
    let place = Place::new();
    let line = |text: &str, environment: &super::Environment<'_>| {
        place.plain(&summary(&place.load(text, environment).expect("no faults")))
    };
    assert_eq!(
        line(TEXT, &environment),
        "config.toml: ok — 2 clusters, 1 metric of your own, every 30 s, keep 14 d \
         (APP_METRICS_RETENTION_DAYS=14d overrides \"7d\" at line 3)"
    );
    let off = |name: &str| match name {
        "APP_METRICS_ENABLED" => Some("no".to_owned()),
        "APP_METRICS_INTERVAL_SECS" => Some("90".to_owned()),
        "APP_METRICS_RETENTION_DAYS" => Some(" ".to_owned()),
        _ => None,
    };
    assert_eq!(
        line("", &off),
        "config.toml: nothing to collect — 0 clusters, every 1 m 30 s, keep 7 d, switched off (APP_METRICS_ENABLED=no overrides the \
         default true; APP_METRICS_INTERVAL_SECS=90 overrides the default \"30s\")"
    );
}

#[test]
fn a_report_needs_no_file() {
    let loaded = Loaded::without_file(&environment).expect("no faults");
    assert_eq!((loaded.path.clone(), loaded.warnings.len()), (None, 0));
    assert_eq!(
        summary(&loaded),
        "no configuration file: nothing to collect — 0 clusters, every 30 s, keep 14 d (APP_METRICS_RETENTION_DAYS=14d overrides the \
         default \"7d\")"
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let place = Place::new();
    place.write("file", "hunter2\n");
    place.write("credentials/c", "hunter2");
    let folder = place.0.path().join("credentials").display().to_string();
    let environment = |name: &str| match name {
        "SHOP" => Some("hunter2".to_owned()),
        "CREDENTIALS_DIRECTORY" => Some(folder.clone()),
        _ => None,
    };
    let cluster = |name: &str, line: &str| {
        format!("[[clusters]]\nname = '{name}'\nfrontends = ['http://{name}']\nuser = 'u'\n{line}\n")
    };
    let good = cluster("a", "password = 'hunter2'")
        + &cluster("b", "password_file = 'file'")
        + &cluster("c", "")
        + &cluster("d", "password_env = 'SHOP'");
    let loaded = place.load(&good, &environment).expect("no faults");
    let passwords: Vec<&str> = loaded
        .settings
        .clusters
        .iter()
        .flat_map(|cluster| &cluster.access.login)
        .map(|login| known(&login.password))
        .collect();
    assert_eq!(passwords, ["hunter2"; 4]);
    let login = loaded.settings.clusters[0].access.login.clone().expect("a login");
    let everything = format!("{loaded:?}{loaded:#?}{}{}{:?}", show(&loaded), summary(&loaded), login.password);
    assert!(!everything.contains("hunter2"), "{everything}");

    for bad in [
        "password = \"hunter2",
        "password = hunter2",
        "password = 'hunter2' 'hunter2'",
        "password = ['hunter2']",
        "password = { a = 'hunter2' }",
        "passwd = 'hunter2'",
        "pasword = \"\"\"\nhunter2\"\"\" x",
        "password = 'a'\npassword = 'hunter2'",
        "password_env = 'hunter2!'",
        "backends = ['http://root:hunter2@b']",
        "backends = ['ftp://root:hunter2@b/x']",
        "backends = 'http://root:hunter2@b'",
        "password = 'hunter2'\npassword_file = 'file'",
        "password = 'hunter2' \\",
        "x = 1, password = 'hunter2'",
    ] {
        let path = place.write("config.toml", &cluster("a", bad));
        let error = load_from(Some(&path), &environment, &[], true).expect_err("a fault");
        let everything = format!("{error}{error:?}{}", error.render());
        assert!(!everything.contains("hunter2"), "{bad}: {everything}");
    }
}
