//! `stellar rules`: whole outputs on files with every fault, on the rules of a configuration, on unit tests.

use crate::common::replay::START;
use crate::program::{Ended, Stage};
use crate::snapshot;

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules");

/// With the files by their names below `tests/rules`.
fn in_rules(words: &[&str]) -> Ended {
    let stage = Stage::new("");
    let mut command = stage.command(START, &["rules"]);
    command.args(words).current_dir(RULES);
    stage.ended(command.output().expect("it starts"))
}

#[test]
fn files_of_rules_are_checked_and_one_bad_rule_hides_no_other() {
    snapshot::is_run("rules/check_guide.txt", &in_rules(&["check", "guide.yml"]));
    snapshot::is_run("rules/check_faults.txt", &in_rules(&["check", "faults.yml", "guide.yml"]));
    snapshot::is_run("rules/check_faults.json", &in_rules(&["check", "--json", "guide.yml"]));
}

#[test]
fn what_rules_cannot_do_here_is_told() {
    snapshot::is_run("rules/check_here.txt", &in_rules(&["check", "here.toml"]));
}

#[test]
fn the_rules_that_ship_are_clean_and_listed() {
    let stage = Stage::new("");
    assert_eq!(stage.run(START, &["rules", "check"]), crate::program::ended(0, "52 rules: nothing is wrong\n", ""));
    snapshot::is_run("rules/list.txt", &stage.run(START, &["rules", "list"]));
}

#[test]
fn rules_of_the_configuration_are_used_and_a_slip_is_told() {
    let stage = Stage::new(
        "[[clusters]]\nname = 'shop'\nfrontends = ['http://127.0.0.1:1']\n\
         [[rule]]\nalert = 'StarRocksDiskFull'\ndisabled = true\n\
         [[rule]]\nalert = 'StarRocksDiskFilling'\nexpr = 'stellar_disk_used_ratio_max > 0.8'\n\
         [[rule.target]]\ncluster = 'shop'\nfor = '1h'\n\
         [[rule.target]]\ncluster = 'shopp'\ndisabled = true\n\
         [[rule]]\nalert = 'Slip'\nexpr = 'stellar_backends > '\n\
         [[rule]]\nalert = 'Mine'\nexpr = 'stellar_backends < 3'\nlabels = { severity = 'info' }\n",
    );
    stage.write("rules.yml", &std::fs::read_to_string(format!("{RULES}/guide.yml")).expect("the guide's rules"));
    let with_files = std::fs::read_to_string(stage.path("config.toml")).expect("the configuration");
    stage.write("config.toml", &format!("rule_files = ['*.yml', 'none.yml']\n{with_files}"));
    snapshot::is_run("rules/check_configured.txt", &stage.run(START, &["rules", "check"]));
    let listed = stage.run(START, &["rules", "list", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let own = document["rules"].as_array().expect("rules").iter().filter(|rule| {
        let ships = rule["file"].as_str().is_some_and(|file| file.starts_with("conf/rules/"));
        !ships
    });
    let own: Vec<_> = own.collect();
    snapshot::is("rules/list_configured.json", &format!("{:#}\n{}", serde_json::json!(own), listed.stderr));
    snapshot::is_run("rules/config_check.txt", &stage.run(START, &["config", "check"]));
}

#[test]
fn unit_tests_are_run_and_what_differs_is_told() {
    let words = ["test", "unit/good.yml", "unit/bad.yml", "unit/same.yml", "guide.yml"];
    snapshot::is_run("rules/test.txt", &in_rules(&words));
    snapshot::is_run("rules/test.json", &in_rules(&["test", "--json", "unit/good.yml", "unit/bad.yml"]));
    assert_eq!(in_rules(&["test", "unit/good.yml"]).code, 0);
}

#[test]
fn a_file_that_cannot_be_read_is_exit_code_2() {
    let told = |words: &[&str]| in_rules(words).stderr;
    assert_eq!(told(&["check", "none.yml"]), "error: none.yml: no such file\n");
    assert_eq!(told(&["test", "none.yml"]), "error: none.yml: no such file\n");
    let codes = [&["check", "none.yml"][..], &["test", "none.yml"], &["test"]].map(|words| in_rules(words).code);
    assert_eq!(codes, [2, 2, 2]);
}
