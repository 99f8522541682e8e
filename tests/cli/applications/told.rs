//! What a collection of applications tells, and how they are named and checked.

use std::os::unix::fs::MetadataExt;

use super::{FEW, PAGE, block, collected, named};
use crate::common::replay::{Answer, Application, Behaviour, Cluster, START};
use crate::program::{self, Stage, ended, masked, silent};
use crate::snapshot;

fn two() -> (Application, Application, Stage) {
    let [etl, web] = [(); 2].map(|()| Application::with_page(PAGE.as_bytes()));
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &etl, "") + &block("web", &web, "")));
    (etl, web, stage)
}

#[test]
fn only_the_targets_that_are_named_are_collected() {
    let (etl, web, stage) = two();
    let cluster = Cluster::start(1, 0);
    let both = FEW.to_owned()
        + &block("etl", &etl, "")
        + &block("web", &web, "")
        + &program::block("shop", &cluster.urls(), "");
    stage.configure(&both);
    let asked = || {
        let asked = [etl.node.asked().len(), web.node.asked().len(), cluster.frontends[0].asked().len()];
        [&etl, &web].iter().for_each(|application| application.node.forget());
        cluster.forget();
        asked.map(|count| count > 0)
    };
    assert_eq!(stage.run(START, &["collect-once", "--application", "web"]), silent());
    assert_eq!(asked(), [false, true, false]);
    assert_eq!(stage.run(START + 30, &["collect-once", "--cluster", "shop", "--application", "etl"]), silent());
    assert_eq!(asked(), [true, false, true]);
    assert_eq!(stage.run(START + 60, &["collect-once"]), silent());
    assert_eq!(asked(), [true, true, true]);
    let near = "error: there is no application `webb`\nhint: did you mean `web`?\n";
    assert_eq!(stage.run(START, &["collect-once", "--application", "webb"]), ended(2, "", near));
    let other = "error: there is no application `shop`\nhint: known: etl, web\n";
    assert_eq!(stage.run(START, &["collect-once", "--application", "shop"]), ended(2, "", other));
}

#[test]
fn the_result_as_json_tells_rows_generation_and_end() {
    let (etl, web, stage) = two();
    let run = |at: i64| named(&etl, named(&web, stage.run(at, &["collect-once", "--json"])));
    assert_eq!(run(START).code, 0);
    etl.show(PAGE.replace(" 1000\n", " 1300\n").into_bytes());
    web.node.stop();
    snapshot::is_run("applications/ended.json.txt", &run(START + 30));
}

#[test]
fn on_a_journal_an_end_is_no_failure_and_a_failure_has_a_priority() {
    let (etl, web, stage) = two();
    let run = |at: i64, words: &[&str]| {
        // The journal is told from a terminal that inherited the variable by what standard error is.
        let path = stage.path("journal");
        let journal = std::fs::File::create(&path).expect("a file");
        let facts = journal.metadata().expect("its numbers");
        let stream = format!("{}:{}", facts.dev(), facts.ino());
        let mut output =
            stage.command(at, words).env("JOURNAL_STREAM", stream).stderr(journal).output().expect("it starts");
        output.stderr = std::fs::read(&path).expect("what was written");
        named(&etl, stage.ended(output))
    };
    assert_eq!(run(START, &["collect-once"]), silent());
    web.node.stop();
    let told = "<6>collect-once run=2 ok=2 failed=0 samples=5 took=#s exit=0\n";
    assert_eq!(run(START + 30, &["collect-once", "-v"]), ended(0, "", told));
    etl.node.behave(Behaviour::Fixed(Answer::html(500, "")));
    let told = "<4>collect-once run=3 ok=1 failed=1 samples=0 took=#s exit=1\n\
                <3>collect-once run=3 target=etl error=\"http://127.0.0.1:18080/metrics: HTTP status 500\" streak=1 next_try=2s\n";
    assert_eq!(run(START + 60, &["collect-once"]), ended(1, "", told));
}

#[test]
fn with_v_each_application_has_its_line_and_one_that_ended_says_so() {
    let (etl, web, stage) = two();
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    web.node.stop();
    let mut told = named(&etl, stage.run(START + 30, &["collect-once", "-v"]));
    let figures = regex::Regex::new(r" +[0-9.,]+ (ms|s|samples)\b").expect("a pattern");
    told.stderr = figures.replace_all(&told.stderr, " # $1").into_owned();
    assert_eq!(told, ended(0, "", "ok    etl # ms # samples\nended  web # ms # samples\n"));
}

#[test]
fn a_dry_run_shows_what_is_measured_and_leaves_no_file() {
    let (etl, web, stage) = two();
    web.node.stop();
    let shown = "etl  ok  generation guide\n  \
                 mysql / orders / nightly  batchsql_records_processed_total  1.0k\n  \
                 mysql / orders / nightly  batchsql_current_rps  250\n  \
                 mysql / orders / nightly  batchsql_data_integrity_rate  98%\n\n\
                 web  ended  generation unknown\n\n\
                 dry run: nothing was stored\n";
    assert_eq!(named(&etl, stage.run(START, &["collect-once", "--dry-run"])), ended(0, shown, ""));
    assert!(!stage.database().exists());
}

#[test]
fn a_name_is_that_of_one_target_in_the_file_and_in_the_database() {
    let application = Application::with_page(PAGE.as_bytes());
    let cluster = Cluster::start(1, 0);
    let shop = program::block("shop", &cluster.urls(), "");
    let stage = Stage::new(&(shop.clone() + &block("shop", &application, "")));
    let told = "error: DIR/config.toml:9:8: `shop` is the name of another target already\n    \
                9 | name = \"shop\"\n      |        ^^^^^^ first used at line 5; rename one\n";
    assert_eq!(stage.run(START, &["collect-once"]), ended(2, "", told));

    stage.configure(&shop);
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    stage.configure(&block("shop", &application, ""));
    let told = "error: `shop` is the name of a cluster in the database\n\
                hint: choose another name for the application, or another file with [database] path\n";
    assert_eq!(stage.run(START + 30, &["collect-once"]), ended(2, "", told));
    stage.configure(&block("etl", &application, ""));
    assert_eq!(collected(&application, &stage, START + 30), silent());
    stage.configure(&program::block("etl", &cluster.urls(), ""));
    let told = "error: `etl` is the name of an application in the database\n\
                hint: choose another name for the cluster, or another file with [database] path\n";
    assert_eq!(stage.run(START + 60, &["collect-once"]), ended(2, "", told));
    assert_eq!(application.node.asked().len(), 1);
}

#[test]
fn a_probe_tells_of_each_application_what_came_back() {
    let (etl, web, stage) = two();
    web.node.stop();
    let probe = || {
        let run = stage.run(START, &["config", "check", "--probe"]);
        let blanks = regex::Regex::new(r"(ok|fail|note)  +#").expect("a pattern");
        let text = masked(&etl.named(&run.stdout).replace(&web.node.instance(), "127.0.0.1:18081"));
        ended(run.code, blanks.replace_all(&text, "$1  #"), run.stderr)
    };
    let head = "DIR/config.toml: ok — 0 clusters, 2 applications, every # s, keep 7 d\n\n";
    let found = "etl\n  ok  # ms  http://127.0.0.1:18080/metrics  5 samples\n\n\
                 web\n  note  # ms  http://127.0.0.1:18081/metrics  connection refused\n";
    assert_eq!(probe(), ended(0, format!("{head}{found}"), ""));
    etl.node.behave(Behaviour::Fixed(Answer::html(503, "")));
    let found = found.replace("ok  # ms", "fail  # ms").replace("5 samples", "HTTP status 503");
    assert_eq!(probe(), ended(1, format!("{head}{found}"), ""));
    assert!(!stage.database().exists(), "a probe stores nothing");
}
