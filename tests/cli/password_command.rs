//! `password_command`: when it is run, what becomes of its output, and what a failure of it costs.

use std::os::unix::fs::PermissionsExt;

use crate::common::replay::{Cluster, Rights, START};
use crate::program::{Ended, Stage, block, ended, silent};

const SECRET: &str = "Pa55-nobody-may-see";

/// Two clusters of one frontend each, whose passwords come from scripts that note each run in the file `runs`.
struct Setting {
    shop: Cluster,
    lab: Cluster,
    stage: Stage,
}

impl Setting {
    fn new(script: &str) -> Self {
        let cluster = || {
            let cluster = Cluster::start(1, 1);
            cluster.edit(|world| world.allow("monitor", SECRET, Rights::Operate));
            cluster
        };
        let (shop, lab) = (cluster(), cluster());
        let more = |name: &str| format!("user = \"monitor\"\npassword_command = [\"./secret\", \"a b\", \"{name}\"]\n");
        let stage =
            Stage::new(&(block("shop", &shop.urls(), &more("shop")) + &block("lab", &lab.urls(), &more("lab"))));
        stage.write("secret", &format!("#!/bin/sh\ncd \"${{0%/*}}\"\necho \"$@\" >> runs\n{script}\n"));
        let mode = std::fs::Permissions::from_mode(0o750);
        std::fs::set_permissions(stage.path("secret"), mode).expect("its mode can be set");
        Self { shop, lab, stage }
    }

    /// The runs of the script so far, in alphabetical order.
    fn runs(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.stage.path("runs")).unwrap_or_default();
        let mut runs: Vec<String> = text.lines().map(str::to_owned).collect();
        runs.sort();
        runs
    }

    /// A run of the program, which finds `sh` and `echo` by its path.
    fn run(&self, words: &[&str]) -> Ended {
        let mut command = self.stage.command(START, words);
        let ended = self.stage.ended(command.env("PATH", "/usr/bin:/bin").output().expect("the program starts"));
        assert!(!format!("{ended:?}").contains(SECRET), "{ended:?}");
        ended.named(&self.shop).named(&self.lab)
    }
}

#[test]
fn it_is_run_once_for_each_cluster_that_is_collected_and_for_nothing_else() {
    let setting = Setting::new(&format!("echo {SECRET}"));
    assert_eq!(setting.run(&["config", "check"]).code, 0);
    let shown = setting.run(&["config", "show"]);
    assert!(shown.stdout.contains("password_command = [\"DIR/secret\", \"***\", \"***\"]"), "{shown:?}");
    assert_eq!(setting.runs(), [""; 0]);
    assert_eq!(setting.run(&["collect-once", "--cluster", "lab", "--if-due"]), silent());
    assert_eq!(setting.runs(), ["a b lab"]);
    // The slot of lab is stored; only shop is due.
    assert_eq!(setting.run(&["collect-once", "--if-due"]), silent());
    assert_eq!(setting.runs(), ["a b lab", "a b shop"]);
    assert_eq!(setting.run(&["report"]).code, 0);
    assert_eq!(setting.runs(), ["a b lab", "a b shop"]);
    let logins: Vec<_> = setting.shop.frontends[0].requests().iter().map(|request| request.login()).collect();
    assert!(logins.len() > 3, "{logins:?}");
    assert!(logins.iter().all(|login| *login == Some(("monitor".to_owned(), SECRET.to_owned()))), "{logins:?}");
    assert_eq!(setting.run(&["config", "check", "--probe"]).code, 0);
    assert_eq!(setting.runs(), ["a b lab", "a b lab", "a b shop", "a b shop"]);
}

#[test]
fn a_failure_is_told_without_what_was_printed_and_costs_only_what_needs_the_login() {
    let setting = Setting::new(&format!("echo {SECRET}; case $2 in lab) echo 'no use of {SECRET}' >&2; exit 2;; esac"));
    let run = setting.run(&["collect-once", "--if-due"]);
    let reason = "no password: the command `DIR/secret` failed with exit code 2; run it as this user to see why";
    let lists = "SHOW FRONTENDS, SHOW BACKENDS, SHOW COMPUTE NODES";
    let expected = format!("error: lab: http://127.0.0.1:18030 {lists}: {reason}\n");
    assert_eq!(run, ended(0, "", expected));
    assert_eq!(setting.runs(), ["a b lab", "a b shop"]);
    // The page that needs no login is asked without one.
    let asked = setting.lab.frontends[0].requests();
    let asked: Vec<_> = asked.iter().map(|request| (request.target.as_str(), request.login())).collect();
    assert_eq!(asked, [("/metrics", None)]);
    let rows = "SELECT c.name, s.frontends_reachable, s.jvm_threads IS NOT NULL FROM clusters c \
                JOIN metrics_snapshots s ON s.cluster_id = c.id ORDER BY c.name";
    assert_eq!(setting.stage.rows(rows), "lab|1|1\nshop|1|1\n");
    let stored = std::fs::read(setting.stage.path("stellar.db")).expect("the database");
    assert!(!stored.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    setting.run(&["report", "--json"]);
}

#[test]
fn the_script_beside_a_configuration_that_is_named_without_its_folder_is_run() {
    let setting = Setting::new(&format!("echo {SECRET}"));
    // Another program of the same name is in the path.
    std::fs::create_dir(setting.stage.path("bin")).expect("a folder");
    setting.stage.write("bin/secret", "#!/bin/sh\necho another\n");
    let mode = std::fs::Permissions::from_mode(0o750);
    std::fs::set_permissions(setting.stage.path("bin/secret"), mode).expect("its mode can be set");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_stellar"));
    command.args(["-c", "config.toml", "collect-once"]).current_dir(setting.stage.folder());
    command.env_clear().env("STELLAR_NOW", START.to_string()).env("PATH", setting.stage.path("bin"));
    let ended = setting.stage.ended(command.output().expect("the program starts"));
    assert_eq!(ended, silent());
    assert_eq!(setting.runs(), ["a b lab", "a b shop"]);
}

#[test]
fn pages_of_tables_are_left_out_when_there_is_no_password() {
    let cluster = Cluster::start(1, 0);
    cluster.edit(|world| world.allow("monitor", SECRET, Rights::Operate));
    let more = "user = \"monitor\"\npassword_command = [\"/nowhere/secret\"]\npages = { table_metrics = true }\n";
    let stage = Stage::of(&cluster, "shop", more);
    let run = stage.run(START, &["collect-once", "--if-due"]);
    assert!(
        run.stderr.contains("no password: the command `/nowhere/secret` cannot be started: no such file"),
        "{run:?}"
    );
    let asked: Vec<String> = cluster.frontends[0].requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!((run.code, asked), (0, vec!["/metrics".to_owned()]));
}

#[test]
fn it_may_take_as_long_as_a_request() {
    let cluster = Cluster::start(1, 0);
    let more = "user = \"monitor\"\ntimeout = \"300ms\"\npassword_command = [\"/bin/sleep\", \"600\"]\n";
    let stage = Stage::of(&cluster, "shop", more);
    let run = stage.run(START, &["collect-once", "--if-due"]).named(&cluster);
    assert!(run.stderr.contains("no password: the command `/bin/sleep` did not end within 300 ms"), "{run:?}");
}
