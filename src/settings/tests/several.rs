//! `config.d`: several files that are one configuration.

use super::super::load::{LoadError, Loaded};
use super::super::{show, summary};
use super::{Place, nothing};

const MAIN: &str = "[metrics]\nretention_days = '7d'\nexclude = ['network_*']\n\n[collection]\nretries = 2\n\n\
                    [[clusters]]\nname = 'shop'\nfrontends = ['http://shop']\n";

/// A main file and files of `config.d`.
fn load(files: &[(&str, &str)]) -> (Place, Result<Loaded, LoadError>) {
    let place = Place::new();
    for (name, text) in files {
        place.write(&format!("config.d/{name}"), text);
    }
    let loaded = place.load(MAIN, &nothing);
    (place, loaded)
}

fn faults(files: &[(&str, &str)]) -> String {
    let (place, loaded) = load(files);
    place.plain(&loaded.expect_err("faults").render())
}

#[test]
fn lists_of_tables_are_appended_and_other_values_replaced_in_the_order_of_the_names() {
    let lab = "[[clusters]]\nname = 'lab'\nfrontends = ['http://lab']\nlabels = { a = 'b' }\n\
               [clusters.pages]\nruntime_info = false\n\n\
               [[metric]]\nname = 'mine'\nexpr = 'sum(up)'\nunit = 'count'\n";
    let (place, loaded) = load(&[
        ("20-late.toml", "metrics.retention_days = '3d'\nmetrics.exclude = []\n"),
        ("10-lab.toml", &format!("{lab}[metrics]\nretention_days = '14d'\ninterval_secs = 60\n")),
    ]);
    let loaded = loaded.expect("no faults");
    let expected = "# config.toml and 2 files of config.d\n\
\nrule_files = []  # default\n\
\n[metrics]\n\
enabled              = true      # default\n\
interval_secs        = \"1m\"      # config.d/10-lab.toml:14\n\
retention_days       = \"3d\"      # config.d/20-late.toml:1\n\
daily_retention_days = \"730d\"    # default\n\
max_size             = \"off\"     # default\n\
thin_after           = \"off\"     # default\n\
thin_to              = \"5m\"      # default\n\
timezone             = \"system\"  # default\n\
exclude              = []        # config.d/20-late.toml:2\n\
\n[database]\n\
path = \"/var/lib/stellar/stellar.db\"  # default\n\
\n[collection]\n\
max_concurrency = 128    # default\n\
timeout         = \"10s\"  # default\n\
deadline        = \"25s\"  # default\n\
retries         = 2      # config.toml:6\n\
stagger         = \"0s\"   # default\n\
\n[alerting]\n\
alertmanagers   = []     # default\n\
timeout         = \"10s\"  # [collection]\n\
command_timeout = \"10s\"  # default\n\
\n[[clusters]]\n\
name          = \"shop\"           # config.toml:9\n\
frontends     = [\"http://shop\"]  # config.toml:10\n\
backends      = []               # default\n\
compute_nodes = []               # default\n\
timeout       = \"10s\"            # [collection]\n\
labels        = {}               # default\n\
interval_secs = \"1m\"             # [metrics]\n\
\n[clusters.pages]\n\
runtime_info       = true   # default\n\
table_metrics      = false  # default\n\
materialized_views = false  # default\n\
blacklist          = false  # default\n\
statistic          = \"off\"  # default\n\
transactions       = \"off\"  # default\n\
\n[[clusters]]\n\
name          = \"lab\"           # config.d/10-lab.toml:2\n\
frontends     = [\"http://lab\"]  # config.d/10-lab.toml:3\n\
backends      = []              # default\n\
compute_nodes = []              # default\n\
timeout       = \"10s\"           # [collection]\n\
labels        = { a = \"b\" }     # config.d/10-lab.toml:4\n\
interval_secs = \"1m\"            # [metrics]\n\
\n[clusters.pages]\n\
runtime_info       = false  # config.d/10-lab.toml:6\n\
table_metrics      = false  # default\n\
materialized_views = false  # default\n\
blacklist          = false  # default\n\
statistic          = \"off\"  # default\n\
transactions       = \"off\"  # default\n\
\n[[metric]]\n\
name     = \"mine\"     # config.d/10-lab.toml:9\n\
expr     = \"sum(up)\"  # config.d/10-lab.toml:10\n\
unit     = \"count\"    # config.d/10-lab.toml:11\n\
category = \"custom\"   # default\n\
per      = \"cluster\"  # default\n\
daily    = []         # default\n\
help     = \"\"         # default\n";
    assert_eq!(place.plain(&show(&loaded)), expected);
    let line = "config.toml and 2 files of config.d: ok — 2 clusters, 1 metric of your own, every 1 m, keep 3 d";
    assert_eq!(place.plain(&summary(&loaded)), line);
}

#[test]
fn every_fault_names_its_own_file_and_they_come_in_the_order_of_the_files() {
    let expected = "\
error: config.d/a.toml:3:17: `interval_secs` must be an interval, not true or false
    3 | interval_secs = true
      |                 ^^^^ write \"30s\" or \"5m\"
error: config.d/a.toml:4:1: unknown key `retension_days` in [metrics]
    4 | retension_days = ***
      | ^^^^^^^^^^^^^^ did you mean `retention_days`?
error: config.d/b.toml:1:9: unclosed table header
    1 | [metrics
      |         ^ write `]` here
error: config.d/c.toml:2:8: cluster `shop` is defined twice
    2 | name = 'shop'
      |        ^^^^^^ first defined at config.toml:9; rename one
error: config.d/c.toml:3:14: `frontends` has http://shop, which is a node of `shop` already
    3 | frontends = ['http://shop']
      |              ^^^^^^^^^^^^^ first named at config.toml:10; remove one
error: config.d/c.toml:5:8: cluster `two` is defined twice
    5 | name = 'two'
      |        ^^^^^ first defined at config.d/a.toml:6; rename one
";
    let found = faults(&[
        (
            "a.toml",
            "\n[metrics]\ninterval_secs = true\nretension_days = '7d'\n[[clusters]]\nname = 'two'\nfrontends = ['http://a']\n",
        ),
        ("b.toml", "[metrics\n"),
        (
            "c.toml",
            "[[clusters]]\nname = 'shop'\nfrontends = ['http://shop']\n[[clusters]]\nname = 'two'\nfrontends = ['http://c']\n",
        ),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn a_metric_that_two_files_define_is_told_with_both_places() {
    let metric = "[[metric]]\nname = 'mine'\nexpr = 'sum(up)'\nunit = 'count'\n";
    let expected = "error: config.d/b.toml:3:8: metric `mine` is defined twice\n    3 | name = 'mine'\n      \
                    |        ^^^^^^ first defined at config.d/a.toml:2; rename one\n";
    assert_eq!(faults(&[("a.toml", metric), ("b.toml", &format!("\n{metric}"))]), expected);
}

#[test]
fn a_secret_in_any_file_is_hidden() {
    let text = "[[clusters]]\nname = 'x'\nfrontends = ['http://x']\nuser = 'u'\npassword = 'hunter2' x\n";
    let found = faults(&[("a.toml", "# 1\n"), ("b.toml", text)]);
    assert!(found.starts_with("error: config.d/b.toml:5:") && found.contains("password = ***"), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn what_editors_and_package_managers_leave_is_not_read() {
    let names = ["a.toml~", ".a.toml", "#a.toml#", "a.toml.bak", "a.toml.dpkg-dist", "README", ".a.toml.swp", "toml"];
    let (_place, loaded) = load(&names.map(|name| (name, "= not TOML")));
    assert_eq!(loaded.expect("no faults").drop_ins, [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn a_drop_in_that_cannot_be_read_is_an_error() {
    let place = Place::new();
    place.write("config.d/a.toml/file", "");
    let error = place.load(MAIN, &nothing).expect_err("a folder").render();
    let expected = "error: config.d/a.toml: is a folder, not a file\nhint: name a TOML file of at most 1 MiB\n";
    assert_eq!(place.plain(&error), expected);

    let place = Place::new();
    std::os::unix::fs::symlink("/nowhere", place.write("config.d/x", "").with_file_name("a.toml")).expect("a link");
    let error = place.load(MAIN, &nothing).expect_err("a link to nothing").render();
    let expected = "error: config.d/a.toml: no such file\nhint: check the path, or leave it out\n";
    assert_eq!(place.plain(&error), expected);

    let place = Place::new();
    place.write("config.d", "");
    let error = place.load(MAIN, &nothing).expect_err("a file").render();
    assert!(place.plain(&error).starts_with("error: config.d: is a file, not a folder\n"), "{error}");
}

#[test]
fn relative_paths_count_from_the_folder_of_the_main_file() {
    let cluster = "[[clusters]]\nname = 'x'\nfrontends = ['http://x']\nuser = 'u'\npassword_file = 'x.password'\n";
    let place = Place::new();
    place.write("config.d/x.toml", cluster);
    place.write("x.password", "hunter2\n");
    let loaded = place.load("", &nothing).expect("no faults");
    let login = loaded.settings.clusters[0].access.login.as_ref().expect("a login");
    assert_eq!(super::known(&login.password), "hunter2");
}
