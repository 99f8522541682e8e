//! `stellar lint`: whole outputs on recorded pages of every kind, over HTTP, and on pages with every fault.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::replay::{Answer, Behaviour, Node, Request, START};
use crate::program::{Ended, Stage, block, ended, masked};
use crate::snapshot;

const PAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/");

fn lint(stage: &Stage, words: &[&str]) -> Ended {
    stage.run(START, &[&["lint"], words].concat())
}

/// The pages by their names below `tests/pages`.
fn recorded(words: &[&str]) -> Ended {
    let stage = Stage::new("");
    let mut command = stage.command(START, &["lint"]);
    command.args(words).current_dir(PAGES);
    stage.ended(command.output().expect("it starts"))
}

#[test]
fn the_pages_of_an_application_are_judged_in_every_generation() {
    let mut shown = String::new();
    for words in [
        &["batchsql/genA-b3c2fdd-t100.body"][..],
        // The label that grows is named.
        &["--growth", "batchsql/guide-43ce6e2-default-t060.body.gz", "batchsql/guide-43ce6e2-default-t100.body.gz"],
        &[
            "--growth",
            "batchsql/head-default-t025.body",
            "batchsql/head-default-t055.body",
            "batchsql/head-default-t100.body",
        ],
        &["--ignore", "abbreviated-unit", "batchsql/head-default-t025.body"],
    ] {
        shown += &format!("$ stellar lint {}\n{:?}\n\n", words.join(" "), recorded(words));
    }
    snapshot::is("lint/batchsql.txt", &shown);
}

#[test]
fn the_pages_of_a_cluster_are_judged() {
    let mut shown = String::new();
    for words in [
        &["starrocks/21_live_series/metrics_05.body", "starrocks/be_metrics_1.txt"][..],
        &["--growth", "starrocks/31_restart/metrics_before.body", "starrocks/31_restart/metrics_after_1.body"],
        // Somebody wrote quotes into a page.
        &[
            "--all",
            "--ignore",
            "counter-without-total",
            "--ignore",
            "no-help",
            "starrocks/50_mv_rg_tables/metrics_rg_quote.body",
        ],
    ] {
        shown += &format!("$ stellar lint {}\n{:?}\n\n", words.join(" "), recorded(words));
    }
    snapshot::is("lint/starrocks.txt", &shown);
}

/// Two looks that break every rule but those of HTTP.
fn broken() -> [String; 2] {
    let mut first = String::from(
        "# HELP app_requests_total Requests.
# TYPE app_requests_total counter
app_requests_total{code=\"200\"} 100
app_requests_total{code=\"500\"} 7
# HELP app_done_total Done.
# TYPE app_done_total counter
app_done_total{batch_size=\"1\"} 1
",
    );
    let second = String::from(
        "# HELP app_requests_total Requests.
# TYPE app_requests_total counter
app_requests_total{code=\"200\"} 110
app_requests_total{code=\"500\"} 3
app_requests_total{code=\"200\"} 111
# HELP app_done_total Done.
# TYPE app_done_total counter
app_done_total{batch_size=\"1\"} 1
app_done_total{batch_size=\"2\"} 1
app_done_total{batch_size=\"3\"} 1
app_done_total{batch_size=\"4\"} 1
# HELP app_lost_total Lost.
# TYPE app_lost_total counter
app_lost_total -1
# TYPE app_lost_total counter
# HELP app_wait_seconds How long it waited.
# TYPE app_wait_seconds histogram
app_wait_seconds_bucket{db=\"a\",le=\"0.1\"} 5
app_wait_seconds_bucket{db=\"a\",le=\"1\"} 4
app_wait_seconds_bucket{db=\"a\",le=\"+Inf\"} 6
app_wait_seconds_sum{db=\"a\"} 1.5
app_wait_seconds_count{db=\"a\"} 7
app_wait_seconds_bucket{db=\"b\"} 6
app_wait_seconds_bucket{db=\"b\",le=\"wide\"} 6
app_wait_seconds{db=\"b\"} 6
# HELP app_run_seconds How long it ran.
# TYPE app_run_seconds summary
app_run_seconds{quantile=\"99\"} 1
app_run_seconds 1
# HELP app_run_seconds_sum A metric of its own.
# TYPE app_run_seconds_sum gauge
app_run_seconds_sum 1
# HELP app_open Open things.
# TYPE app_open gauge
app_open{job=\"x\",instance=\"y\",__z=\"1\",le=\"2\"} 1 1795313400
app_open{session=\"550e8400-e29b-41d4-a716-446655440000\"} 1
app_open{session=\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"} 1
app_open{client=\"10.0.0.7:53124\",since=\"1795313400\"} 1
app_open{client=\"10.0.0.7:53125\",user=\"ann@shop.example\"} 1
# HELP app_build_info One id is not many.
# TYPE app_build_info gauge
app_build_info{revision=\"0123456789abcdef0123456789abcdef01234567\"} 1
# HELP app_time_milliseconds Time.
# TYPE app_time_milliseconds gauge
app_time_milliseconds 1
# HELP app_size_mb Size.
# TYPE app_size_mb gauge
app_size_mb 1
app_open{torn=\"1\"} 1
# HELP app_full_percent How full.
# TYPE app_full_percent gauge
app_full_percent 1
# HELP app_delay_millis Delay.
# TYPE app_delay_millis gauge
app_delay_millis 1
# HELP app_bytes_free Free.
# TYPE app_bytes_free gauge
app_bytes_free 1
# HELP app_done A counter.
# TYPE app_done counter
app_done 1
# HELP app_all_total A gauge.
# TYPE app_all_total gauge
app_all_total 1
# HELP app_counter_state Type in name.
# TYPE app_counter_state gauge
app_counter_state 1
# HELP app:rule A colon.
# TYPE app:rule gauge
app:rule 1
# HELP app_camelCase Camel.
# TYPE app_camelCase gauge
app_camelCase{labelName=\"x\"} 1
# TYPE odd_one gauge
odd_one 1
app_untyped 1
app_bad{label=\"C:\\dir\"x\"} 1
app_worse{label=\"x} 1
app_evil{label=\"\u{1b}[2J\"} one
",
    );
    // As many as a family of buckets by batch size has.
    let many: String = (0..=1000).map(|number| format!("app_many{{n=\"{number}\",a=\"b\"}} 1\n")).collect();
    first += "app_untyped 1\n";
    [first, format!("{second}# HELP app_many Many.\n# TYPE app_many gauge\n{many}app_end 1")]
}

/// The names of the rules in a document.
fn rules_of(document: &str, key: &str) -> BTreeSet<String> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap_or_else(|_| panic!("{document}"));
    let list = if key == "rules" { &document["rules"] } else { &document["pages"][0]["findings"] };
    list.as_array().expect("a list").iter().map(|one| one["rule"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn every_rule_is_broken_by_a_page_and_told_with_what_to_do() {
    let stage = Stage::new("");
    let [first, second] = broken();
    stage.write("first.prom", &first);
    stage.write("second.prom", &second);
    snapshot::is_run("lint/broken.txt", &lint(&stage, &["--all", "--growth", "first.prom", "second.prom"]));

    let run = lint(&stage, &["--json", "--growth", "first.prom", "second.prom"]);
    let found = rules_of(&run.stdout, "findings");
    let all = rules_of(&lint(&stage, &["--list-rules", "--json"]).stdout, "rules");
    let others: Vec<&str> = all.difference(&found).map(String::as_str).collect();
    // Those of HTTP, and of a page without a sample.
    assert_eq!(others, ["content-type", "no-answer", "no-samples", "not-compressed", "slow-page"]);
}

#[test]
fn an_ignored_rule_finds_nothing_and_a_clean_page_is_clean() {
    let stage = Stage::new("");
    let page = "# HELP app_ratio How full.\n# TYPE app_ratio gauge\napp_ratio 0.5\n";
    stage.write("clean.prom", page);
    let clean = "clean.prom\n  3 lines, 1 family, 1 sample\n\nnothing is wrong\n";
    assert_eq!(lint(&stage, &["clean.prom"]), ended(0, clean, ""));
    stage.write("clean.prom", &page.replace("# HELP app_ratio How full.\n", ""));
    assert_eq!(lint(&stage, &["clean.prom"]).code, 1);
    assert_eq!(lint(&stage, &["--ignore", "no-help", "clean.prom"]).code, 0);
    stage.write(
        "open.om",
        "# TYPE app_done counter\n# HELP app_done Done.\napp_done_total 1 # {id=\"x\"} 1\napp_done_created 1\n# EOF\n",
    );
    assert_eq!(
        lint(&stage, &["open.om"]),
        ended(0, "open.om\n  5 lines, 1 family, 2 samples\n\nnothing is wrong\n", "")
    );
}

fn from_stdin(stage: &Stage, bytes: &[u8]) -> Ended {
    let mut command = stage.command(START, &["lint", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    child.stdin.take().expect("its input").write_all(bytes).expect("it reads");
    stage.ended(child.wait_with_output().expect("it ends"))
}

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(text).expect("memory takes everything");
    zipped.finish().expect("memory takes everything")
}

#[test]
fn standard_input_is_read_plain_and_compressed() {
    let stage = Stage::new("");
    let page = b"\xef\xbb\xbf# HELP app_open Open.\n# TYPE app_open gauge\napp_open 1\n";
    let clean = "standard input\n  3 lines, 1 family, 1 sample\n\nnothing is wrong\n";
    assert_eq!(from_stdin(&stage, page), ended(0, clean, ""));
    assert_eq!(from_stdin(&stage, &zipped(page)), ended(0, clean, ""));
    snapshot::is_run("lint/empty.txt", &from_stdin(&stage, b""));
}

#[test]
fn what_cannot_be_read_or_asked_is_refused_with_exit_code_2() {
    let stage = Stage::new("");
    stage.write("page.prom", "a 1\n");
    stage.write("bad.toml", "[metrics]\nretension_days = 7\n");
    std::fs::write(stage.path("cut.gz"), b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b").expect("the file is written");
    let mut shown = String::new();
    for words in [
        &[][..],
        &["page.prom", "nowhere.prom"],
        &["."],
        &["cut.gz"],
        &["--ignore", "no-halp", "page.prom"],
        &["--growth", "page.prom"],
        &["--growth", "page.prom", "http://127.0.0.1:9/metrics"],
        &["-", "-"],
        &["http://root:hunter2@127.0.0.1:9/metrics"],
        &["http://127.0.0.1:99999/metrics"],
        &["http://127.0.0.1:9/a b"],
        &["--wait", "soon", "http://127.0.0.1:9"],
        &["--list-rules", "page.prom"],
        &["-c", "bad.toml", "http://127.0.0.1:9"],
    ] {
        let run = lint(&stage, words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?} {run:?}");
        shown += &format!("$ stellar lint {}\n{}\n", words.join(" "), run.stderr);
    }
    assert!(!shown.replace("root:hunter2@127", "").contains("hunter2"));
    snapshot::is("lint/refused.txt", &shown);
}

/// A node whose page is another one at every look.
fn node(looks: Vec<Answer>) -> Node {
    let asked = AtomicUsize::new(0);
    Node::start(move |_: &Request| {
        let look = asked.fetch_add(1, Ordering::SeqCst).min(looks.len() - 1);
        looks[look].clone()
    })
}

fn over_http(looks: Vec<Answer>, words: &[&str]) -> String {
    let (stage, node) = (Stage::new(""), node(looks));
    let url = format!("{}/metrics", node.url());
    let run = lint(&stage, &[&["--wait", "1ms", &url], words].concat());
    format!("{run:?}\n\n").replace(&node.instance(), "NODE")
}

fn page_of(text: &str) -> Answer {
    Answer::new(200, "text/plain; version=0.0.4; charset=utf-8", text.as_bytes())
}

#[test]
fn a_url_is_looked_at_twice_and_told_with_how_it_was_answered() {
    let [first, second] = broken();
    let some = ["--ignore", "no-help", "--ignore", "app"];
    let compressed = |text: &str| {
        Answer::new(200, "text/plain; version=0.0.4", zipped(text.as_bytes())).header("content-encoding", "gzip")
    };
    let large = format!("# HELP app_x X.\n# TYPE app_x gauge\n{}app_x 1\n", "# filled\n".repeat(20_000));
    let mut shown = String::new();
    shown += &over_http(vec![compressed(&first).chunked(), compressed(&second)], &some[..2]);
    shown += &over_http(vec![page_of(&large).chunked()], &[]);
    shown += &over_http(vec![compressed(&large).chunked()], &[]);
    shown += &over_http(vec![Answer::html(200, "<html>\n</html>\n")], &[]);
    shown += &over_http(vec![Answer { headers: Vec::new(), ..page_of("# HELP a A.\n# TYPE a gauge\na 1\n") }], &[]);
    shown += &over_http(vec![Answer::html(404, "not found")], &[]);
    shown += &over_http(vec![page_of("# HELP a A.\n# TYPE a gauge\na 1\n"), Answer::html(503, "busy")], &[]);
    let regex = regex::Regex::new(r"(200 in|within) \d+(\.\d+)? m?s").expect("a pattern");
    snapshot::is("lint/http.txt", &masked(&regex.replace_all(&shown, "$1 # ms")));
}

#[test]
fn the_document_has_every_finding_and_every_look() {
    let text = "# TYPE app_open gauge\napp_open 1\n";
    let shown = over_http(vec![page_of(text)], &["--json"]);
    let regex = regex::Regex::new(r#""(took_seconds|wire_bytes)": [\d.e-]+"#).expect("a pattern");
    let shown = regex.replace_all(&shown, "\"$1\": #").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    snapshot::is("lint/json.txt", &shown);
}

#[test]
fn one_look_is_enough_when_nobody_wants_to_wait() {
    let (stage, node) = (Stage::new(""), node(vec![page_of("# HELP a A.\n# TYPE a gauge\na 1\n")]));
    assert_eq!(lint(&stage, &["--wait", "0", &node.url()]).code, 0);
    let asked: Vec<String> = node.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(asked, ["/metrics"]);
}

#[test]
fn a_node_that_does_not_answer_is_a_finding_and_the_others_are_judged() {
    let (stage, gone) = (Stage::new(""), node(vec![page_of("")]));
    gone.behave(Behaviour::Close);
    stage.write("page.prom", "# HELP a A.\n# TYPE a gauge\na 1\n");
    let run = lint(&stage, &[&gone.url(), "page.prom"]);
    let said = format!("{run:?}\n").replace(&gone.instance(), "NODE");
    snapshot::is("lint/no_answer.txt", &said);
    // Nobody waits for a second look at what gave no first one.
    assert_eq!(gone.requests().len(), 1);
}

#[test]
fn the_login_of_a_configured_target_goes_to_its_frontends_or_its_page_and_to_nobody_else() {
    let page = || node(vec![page_of("# HELP a A.\n# TYPE a gauge\na 1\n")]);
    let (frontend, backend, stranger, application) = (page(), page(), page(), page());
    let more = format!("user = \"monitor\"\npassword = \"hunter2\"\nbackends = [\"{}\"]", backend.url());
    let etl = format!(
        "[[applications]]\nname = \"etl\"\nurl = \"{}/page\"\nuser = \"other\"\npassword = \"hunter3\"\n",
        application.url()
    );
    let stage = Stage::new(&(block("shop", &[frontend.url()], &more) + &etl));
    let urls = [&frontend, &backend, &stranger].map(|node| format!("{}/metrics?type=core", node.url()));
    let run = lint(&stage, &[&["--wait", "0"][..], &urls.each_ref().map(String::as_str)].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let run = lint(&stage, &["--wait", "0", &format!("{}/page", application.url())]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(application.requests()[0].login(), Some(("other".to_owned(), "hunter3".to_owned())));
    let logins = [&frontend, &backend, &stranger].map(|node| node.requests()[0].login());
    assert_eq!(logins, [Some(("monitor".to_owned(), "hunter2".to_owned())), None, None]);
}

#[test]
fn the_rules_are_listed() {
    let stage = Stage::new("");
    snapshot::is_run("lint/rules.txt", &lint(&stage, &["--list-rules"]));
}
