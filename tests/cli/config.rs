//! `stellar config check | show | metrics`: whole outputs.

use std::process::Command;

use crate::common::replay::{Cluster, Rights, START, demo_cluster};
use crate::program::{Ended, Stage, block, ended, masked};
use crate::snapshot;

const SHOP: &str = "[[clusters]]\nname = \"shop\"\nfrontends = [\"http://fe1:8030\", \"http://fe2:8030\"]\n";

fn check(rest: &str) -> Ended {
    Stage::new(rest).run(START, &["config", "check"])
}

#[test]
fn a_good_file_is_called_ok_in_one_line() {
    let expected = "DIR/config.toml: ok — 1 cluster, every 30 s, keep 7 d\n";
    assert_eq!(check(SHOP), ended(0, expected, ""));
}

#[test]
fn what_the_environment_changed_is_said() {
    let stage = Stage::new(&format!("[metrics]\nretention_days = \"7d\"\n\n{SHOP}"));
    let mut command = stage.command(START, &["config", "check"]);
    command.env("APP_METRICS_RETENTION_DAYS", "14d").env("APP_METRICS_ENABLED", "false");
    let expected = "DIR/config.toml: ok — 1 cluster, every 30 s, keep 14 d, switched off (APP_METRICS_ENABLED=false \
                    overrides the default true; APP_METRICS_RETENTION_DAYS=14d overrides \"7d\" at line 5)\n";
    assert_eq!(stage.ended(command.output().expect("the program starts")), ended(0, expected, ""));
}

#[test]
fn a_password_that_everyone_can_read_is_a_finding_and_a_warning_goes_to_standard_error() {
    let cluster = format!("{SHOP}user = \"monitor\"\npassword = \"hunter2\"\n");
    let stage = Stage::new(&cluster);
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(stage.path("config.toml"), readable).expect("permissions");
    let exposed = "DIR/config.toml holds a password and everyone can read it; run: chmod 0640 DIR/config.toml";
    let found = format!("DIR/config.toml: ok — 1 cluster, every 30 s, keep 7 d\nfinding: {exposed}\n");
    assert_eq!(stage.run(START, &["config", "check"]), ended(1, found, ""));
    let collected = stage.run(START, &["collect-once", "--dry-run"]);
    assert_eq!(collected.stderr.matches(&format!("warning: {exposed}\n")).count(), 1, "{collected:?}");
    // A timer would say it every 30 s.
    let by_timer = stage.run(START, &["collect-once", "--dry-run", "--if-due"]);
    assert!(!by_timer.stderr.contains("everyone"), "{by_timer:?}");
}

#[test]
fn what_collect_once_refuses_is_a_finding() {
    let found = "DIR/config.toml: nothing to collect — 0 clusters, every 30 s, keep 7 d\n\
                 finding: there are no [[clusters]] or [[applications]], so collect-once refuses to run; add one with name \
                 and frontends, or with name and url\n";
    assert_eq!(check(""), ended(1, found, ""));
    assert_eq!(Stage::new("").run(START, &["collect-once"]).code, 2);
}

#[test]
fn a_program_for_a_password_that_cannot_be_run_is_a_finding() {
    let commands = [
        "[\"./here\", \"x\"]",
        "[\"./there\"]",
        "[\"./config.toml\"]",
        "[\"here\"]",
        "[\"there\"]",
        "[\"pass show shop\"]",
    ];
    let cluster = |(index, command): (usize, &&str)| {
        let urls = [format!("http://fe{index}:8030")];
        block(&format!("c{index}"), &urls, &format!("user = \"u\"\npassword_command = {command}\n"))
    };
    let stage = Stage::new(&commands.iter().enumerate().map(cluster).collect::<String>());
    stage.write("here", "");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(stage.path("here"), executable).expect("permissions");
    let mut command = stage.command(START, &["config", "check", "--quiet"]);
    let command = command.env("PATH", format!("/nowhere:{}", stage.folder().display()));
    let found = "finding: `password_command` of cluster `c1`: there is no program `DIR/there`\n\
                 finding: `password_command` of cluster `c2`: `DIR/config.toml` is no program that may be run\n\
                 finding: `password_command` of cluster `c4`: there is no program `there` in $PATH\n\
                 finding: `password_command` of cluster `c5`: there is no program `pass` in $PATH; write its arguments as texts of their own\n";
    assert_eq!(stage.ended(command.output().expect("the program starts")), ended(1, found, ""));
}

#[test]
fn what_is_hardly_meant_is_a_warning_and_quiet_leaves_it_and_the_good_news_out() {
    let pages = "user = \"u\"\npages = { statistic = \"1s\", transactions = \"1m\" }\n";
    let stage = Stage::new(&format!("[metrics]\nexclude = [\"nosuch_*\", \"*\"]\n\n{SHOP}{pages}"));
    let told = |words: &[&str]| {
        let mut command = stage.command(START, words);
        let command = command.env("HTTP_PROXY", "proxy:3128").env("NO_PROXY", "fe1,fe2,10.0.0.0/99 [x");
        stage.ended(command.output().expect("the program starts"))
    };
    let warnings = "warning: $NO_PROXY has \"10.0.0.0/99\", which is no host, address or network: it fits nothing\n\
                    warning: $NO_PROXY has \"[x\", which is no host, address or network: it fits nothing\n\
                    warning: cluster `shop`: `statistic` every 1 s costs the cluster much; 1 m or more is usual\n\
                    warning: `exclude` has \"nosuch_*\", which fits no metric\n\
                    warning: `exclude` fits every metric: nothing is recorded\n";
    let good = "DIR/config.toml: ok — 1 cluster, every 30 s, keep 7 d\n";
    assert_eq!(told(&["config", "check"]), ended(0, good, warnings));
    assert_eq!(told(&["config", "check", "--quiet"]), ended(0, "", ""));
}

#[test]
fn faults_of_metrics_among_each_other_are_told_with_all_others() {
    let metric = |name: &str, expr: &str, unit: &str| {
        format!("\n[[metric]]\nname = \"{name}\"\nexpr = '{expr}'\nunit = \"{unit}\"\n")
    };
    let text =
        [metric("mine", "1", "parsec"), metric("frontends", "2", "count"), metric("late", "up offset 5m", "count")];
    snapshot::is_run("config/fault_two_kinds.txt", &check(&format!("{SHOP}{}", text.concat())));
    let single = "\n[metric]\nname = \"mine\"\nexpr = 'up offset 5m'\nunit = \"parsec\"\n";
    snapshot::is_run("config/fault_single_table.txt", &check(&format!("{SHOP}{single}")));
}

#[test]
fn what_the_metrics_mean_is_told_without_a_configuration() {
    let stage = Stage::new("");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stellar"));
    command.env_clear().args(["config", "metrics"]).current_dir(stage.folder());
    let told = stage.ended(command.output().expect("the program starts"));
    assert_eq!(told, ended(0, include_str!("../../METRICS.md"), ""));
}

#[test]
fn all_faults_are_told_in_one_go() {
    let text = format!(
        "[metrics]\ninterval_secs = \"30x\"\nretension_days = \"7d\"\n\n{SHOP}timeout = \"1M\"\n\n[[clusters]]\nname = \"shop\"\n\
         frontends = [\"fe3:8030\"]\n\n[[metric]]\nname = \"frontends\"\nexpr = 'sum(up'\nunit = \"number\"\n"
    );
    snapshot::is_run("config/faults.txt", &check(&text));
}

#[test]
fn a_fault_in_the_promql_of_a_metric_of_ones_own_is_pointed_at() {
    let metric = "\n[[metric]]\nname = \"mine\"\nexpr = 'sum(rate(a[5m]) by (x)'\nunit = \"count\"\n";
    snapshot::is_run("config/fault_promql.txt", &check(&format!("{SHOP}{metric}")));
}

#[test]
fn a_metric_that_is_there_already_or_bears_the_name_of_a_column_is_refused() {
    let metric =
        |name: &str, expr: &str| format!("\n[[metric]]\nname = \"{name}\"\nexpr = '{expr}'\nunit = \"count\"\n");
    let taken = [metric("frontends", "1"), metric("cluster_id", "2"), metric("mine", "3")].concat();
    snapshot::is_run("config/fault_taken_names.txt", &check(&format!("{SHOP}{taken}")));
    let twice = [metric("mine", "3"), metric("mine", "4")].concat();
    snapshot::is_run("config/fault_twice.txt", &check(&format!("{SHOP}{twice}")));
}

#[test]
fn a_metric_that_reads_a_later_one_is_told_so() {
    let text = "\n[[metric]]\nname = \"mine\"\nexpr = 'mine + 1'\nunit = \"count\"\n";
    snapshot::is_run("config/fault_reads_itself.txt", &check(&format!("{SHOP}{text}")));
}

#[test]
fn a_file_that_was_named_and_is_not_there_is_an_error() {
    let stage = Stage::new("");
    std::fs::remove_file(stage.path("config.toml")).expect("the file is there");
    let expected = "error: DIR/config.toml: no such file (named by --config)\nhint: check the path, or leave it out\n";
    assert_eq!(stage.run(START, &["config", "check"]), ended(2, "", expected));
}

#[test]
fn without_any_file_all_places_are_named() {
    let stage = Stage::new("");
    let mut command = Command::new(env!("CARGO_BIN_EXE_stellar"));
    command.env_clear().args(["config", "check"]).current_dir(stage.folder());
    let expected = "error: no configuration file: looked at --config (not given), $STELLAR_CONFIG (not set), \
                    /etc/stellar/config.toml (no such file), conf/config.toml (no such file)\n\
                    hint: write /etc/stellar/config.toml; this is enough for a first one:\n\n    \
                    [[clusters]]\n    name = \"shop\"\n    frontends = [\"http://10.20.0.1:8030\"]\n    user = \"monitor\"\n    \
                    password_file = \"shop.password\"\n\n\
                    then run: stellar config check --probe; man stellar.toml has every option. Reports need none: stellar \
                    --db FILE report\n";
    assert_eq!(stage.ended(command.output().expect("the program starts")), ended(2, "", expected));
}

/// The probe's output with the cluster's ports and all durations made equal, and the padding of durations with them.
fn probe(cluster: &Cluster, stage: &Stage) -> Ended {
    let run = stage.run(START, &["config", "check", "--probe"]);
    let stdout = cluster.named(&run.stdout);
    let lines = stdout.lines().map(|line| {
        let masked = masked(line);
        let blanks = regex::Regex::new(r"(ok|fail)  +#").expect("a pattern");
        blanks.replace(&masked, "$1  #").into_owned() + "\n"
    });
    Ended { stdout: lines.collect(), ..run }
}

#[test]
fn a_probe_of_a_good_cluster_finds_nothing() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "shop", "user = \"root\"\n");
    snapshot::is_run("config/probe_good.txt", &probe(&timeline.cluster, &stage));
    assert!(!stage.database().exists(), "a probe stores nothing");
}

#[test]
fn a_probe_finds_the_dead_node() {
    let timeline = demo_cluster();
    timeline.step(6);
    let stage = Stage::of(&timeline.cluster, "shop", "user = \"root\"\n");
    snapshot::is_run("config/probe_dead_node.txt", &probe(&timeline.cluster, &stage));
}

#[test]
fn a_probe_finds_the_wrong_password_and_says_where_it_came_from() {
    let timeline = demo_cluster();
    timeline.cluster.edit(|world| world.allow("monitor", "right", Rights::Operate));
    let stage = Stage::of(&timeline.cluster, "shop", "user = \"monitor\"\npassword_file = \"secret\"\n");
    stage.write("secret", "hunter2\n");
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(stage.path("secret"), readable).expect("permissions");
    let found = probe(&timeline.cluster, &stage);
    assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    snapshot::is_run("config/probe_wrong_password.txt", &found);
}

#[test]
fn a_probe_without_a_login_finds_that_the_backends_are_not_known() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "shop", "");
    snapshot::is_run("config/probe_no_login.txt", &probe(&timeline.cluster, &stage));
}

#[test]
fn a_probe_of_several_clusters_tells_each_and_finds_the_silent_one() {
    let timeline = demo_cluster();
    let good = block("good", &timeline.cluster.urls(), "user = \"root\"\n");
    let silent = block("silent", &["http://127.0.0.1:9".to_owned()], "user = \"root\"\n");
    let stage = Stage::new(&(good + &silent));
    snapshot::is_run("config/probe_two_clusters.txt", &probe(&timeline.cluster, &stage));
}

#[test]
fn every_value_is_shown_with_its_origin_and_secrets_are_hidden() {
    let stage = Stage::new(&format!(
        "[metrics]\nretention_days = 14\nexclude = [\"network_*\"]\n\n{SHOP}user = \"monitor\"\npassword = \"hunter2\"\n"
    ));
    let mut command = stage.command(START, &["--db", "other.db", "config", "show"]);
    command.env("APP_METRICS_INTERVAL_SECS", "1m");
    snapshot::is_run("config/show.txt", &stage.ended(command.output().expect("the program starts")));
}

#[test]
fn files_of_config_d_join_and_each_fault_names_its_own() {
    let stage = Stage::new(SHOP);
    std::fs::create_dir(stage.path("config.d")).expect("a folder");
    stage.write("config.d/lab.toml", "[[clusters]]\nname = \"lab\"\nfrontends = [\"http://lab\"]\n");
    let expected = "DIR/config.toml and 1 file of config.d: ok — 2 clusters, every 30 s, keep 7 d\n";
    assert_eq!(stage.run(START, &["config", "check"]), ended(0, expected, ""));
    let metric = "[[metric]]\nname = \"mine\"\nexpr = 'sum(mine'\nunit = \"count\"\n\n[[clusters]]\nname = \"shop\"\nfrontends = [\"http://x\"]\n";
    stage.write("config.d/more.toml", metric);
    snapshot::is_run("config/fault_drop_in.txt", &stage.run(START, &["config", "check"]));
}

#[test]
fn a_level_of_the_log_that_is_none_is_told() {
    let stage = Stage::new(SHOP);
    let told = |level: &str, words: &[&str]| {
        let mut command = stage.command(START, words);
        stage.ended(command.env("STELLAR_LOG", level).output().expect("the program starts")).stderr
    };
    let expected = "warning: $STELLAR_LOG is \"verbose\", which is no level: write error, warn, info or debug; it counts as warn\n";
    assert_eq!(told("verbose", &["config", "check"]), expected);
    assert_eq!(told("verbose", &["config", "check", "--quiet"]), "");
    for level in ["error", "WARN", " info ", "debug", ""] {
        assert_eq!(told(level, &["config", "check"]), "", "{level}");
    }
}

#[test]
fn the_reference_has_the_metrics_of_ones_own_and_not_the_excluded() {
    let shipped = Stage::new(SHOP).run(START, &["config", "metrics"]);
    let committed = include_str!("../../METRICS.md");
    assert_eq!(shipped, ended(0, committed, ""));
    let metric = "\n[[metric]]\nname = \"mine\"\nexpr = 'sum(up)'\nunit = \"count\"\ndaily = [\"avg\"]\nhelp = \"Targets that answer\"\n";
    let own = Stage::new(&format!("[metrics]\nexclude = [\"network_*\"]\n\n{SHOP}{metric}"))
        .run(START, &["config", "metrics"]);
    let added = "#### `mine`\n\nTargets that answer.\n\n- unit: count\n- a day keeps: avg\n- from: what fetching the pages showed\n- NULL when: no such node was asked\n\n```promql\nsum(up)\n```\n";
    assert_eq!((own.code, own.stderr.as_str()), (0, ""));
    assert!(own.stdout.contains(added) && !committed.contains(added), "{}", own.stdout);
    assert!(!own.stdout.contains("network_sent_bytes`\n") && committed.contains("network_sent_bytes`\n"));
}
