//! `stellar query`: whole outputs, every way in and every refusal.

use std::io::Write;
use std::process::Stdio;

use crate::program::{Ended, Stage, ended};
use crate::snapshot;

/// Three scrapes of one page.
const SCRAPES: &str = "\
# HELP up Whether it answers.
# TYPE up gauge
up{job=\"fe\",instance=\"a:8030\"} 1 1795313400
up{job=\"be\",instance=\"b:8040\"} 1 1795313400
# TYPE queries counter
queries_total{instance=\"a:8030\"} 100 1795313400 # {trace=\"x\"} 1
# EOF
# HELP up Whether it answers.
# TYPE up gauge
up{job=\"fe\",instance=\"a:8030\"} 1 1795313430.5
up{job=\"be\",instance=\"b:8040\"} 0 1795313430.5
queries_total{instance=\"a:8030\"} 130.5 1795313430.5
# EOF
up{job=\"fe\",instance=\"a:8030\"} 1 1795313460
queries_total{instance=\"a:8030\"} 160 1795313460
# EOF
";

/// Ten minutes after the last scrape, in UTC.
const NOW: &str = "2026-11-22T02:21:00Z";

fn stage() -> Stage {
    let stage = Stage::new("");
    stage.write("scrapes.om", SCRAPES);
    stage
}

fn query(stage: &Stage, words: &[&str]) -> Ended {
    stage.run(NOW, &[&["query", "--openmetrics", "scrapes.om"], words].concat())
}

#[test]
fn a_query_is_shown_as_a_table_as_json_and_as_csv() {
    let stage = stage();
    let range = ["--since", "02:10", "--until=@1795313460.5", "--step", "15s"];
    let mut shown = String::new();
    for words in [
        &["up"][..],
        &["--json", "up"],
        &["--csv", "up"],
        &["--time", "@1795313430.5", "--tz", "Asia/Shanghai", "sum by (job) (up)"],
        &["--json", "scalar(sum(up))"],
        &[&range[..], &["rate(queries_total[1m])"]].concat(),
        &[&range[..], &["--json", "sum(up)"]].concat(),
        &[&range[..], &["--csv", "--utc", "up == 0"]].concat(),
        &["--since", "2026-11-22 02:10", "up"],
        &["nothing"],
        &["--json", "up > 1"],
        &["--time", "now", "up or nothing"],
        &["--time", "@1795313399", "--json", "up"],
        &["--since", "02:00", "--until", "02:09", "up"],
        // Half past: the hour is not over.
        &["--since", "02:00", "--until", "03:00", "--step", "10m", "up"],
        &["--since", "23:00", "--until", "2:30", "--step", "1h", "count(up)"],
        &["--since", "13m", "--step", "1m", "--json", "count(up)"],
        &["up[5m]"],
        &["--json", "(up{job=\"fe\"}[45s] offset 15s)"],
        &["--csv", "--utc", "{__name__=~\"up|queries.*\",instance=\"a:8030\"}[31s]"],
        &["--time", "yesterday 14:00", "up[5m]"],
        &["-count(up)"],
        &["--json", "-count(up) - 1"],
        &["--csv", "-up"],
    ] {
        shown += &format!("$ stellar query {}\n{:?}\n\n", words.join(" "), query(&stage, words));
    }
    snapshot::is("query/shown.txt", &shown);
}

#[test]
fn what_cannot_be_asked_is_refused_with_exit_code_2() {
    let stage = stage();
    let mut shown = String::new();
    for words in [
        &["sum(up"][..],
        &["rate(up)\n  + frob(up)"],
        &["rate(queries_total[5m] + up)"],
        &["up{job=\"\u{1b}[2J\"} @@"],
        &["up + on(nowhere) up"],
        &["--time", "soon", "up"],
        &["--time", "1795313400", "up"],
        &["--since", "1h", "--time", "now", "up"],
        &["--until", "now", "up"],
        &["--since", "2h", "--until", "3h", "up"],
        &["--since", "-5m", "up"],
        &["--since", "30d", "--until", "now", "--step", "1s", "up"],
        &["--since", "1h", "--step", "0", "up"],
        &["--since", "1h", "--until", "now", "\"a text\""],
        &["--since", "1h", "--until", "now", "up[5m]"],
        &["up[$__interval]"],
        &["up[5m] offset 1h + 1"],
        &["sum(up) by"],
        &["--tz", "Mars", "up"],
        &["--tz", "", "up"],
        &["--time", "22.11.2026 08:00", "up"],
        &["--time", "2pm", "up"],
        &["--time", "@1795313400000", "up"],
        &["rate(queries_total[$__interval])"],
        &["--josn", "up"],
        &["up", "--josn"],
        &["sum", "by", "(job)", "(up)"],
        &["--json", "--csv", "up"],
        &[],
    ] {
        let run = query(&stage, words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}");
        shown += &format!("$ stellar query {}\n{}\n", words.join(" ").replace('\u{1b}', "ESC"), run.stderr);
    }
    snapshot::is("query/refused.txt", &shown);
}

#[test]
fn a_file_that_cannot_be_read_ends_with_exit_code_3() {
    let stage = stage();
    stage.write("page.txt", "up 1\n");
    stage.write("seconds.txt", "up 1 1795313400.5\n");
    stage.write("milliseconds.om", "up 1 1795313400000\n# EOF\n");
    stage.write("page.html", "<html>\n</html>\n");
    std::fs::write(stage.path("cut.gz"), b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b").expect("the file is written");
    let mut shown = String::new();
    stage.write("words.txt", "hello world\n");
    stage.write("empty.txt", "");
    stage.write("none.om", "# TYPE up gauge\n# EOF\n");
    for file in [
        "page.txt",
        "seconds.txt",
        "milliseconds.om",
        "page.html",
        "words.txt",
        "empty.txt",
        "none.om",
        "cut.gz",
        "missing.om",
        ".",
    ] {
        let run = stage.run(NOW, &["query", "--openmetrics", file, "up"]);
        assert_eq!((run.code, run.stdout.as_str()), (3, ""), "{file}: {}", run.stderr);
        shown += &run.stderr;
        // Whatever is asked for and when.
        let run = stage.run(NOW, &["query", "--openmetrics", file, "--time", "now", "other"]);
        assert!(["seconds.txt"].contains(&file) || run.code == 3, "{file}: {}", run.stderr);
    }
    snapshot::is("query/files.txt", &shown);
}

#[test]
fn a_doubtful_file_is_answered_with_a_warning() {
    let stage = stage();
    stage.write("doubtful.txt", "up 1 1795313400\nup 2 1795313400\nup{ 3 1795313401\n");
    let run = stage.run(NOW, &["query", "--openmetrics", "doubtful.txt", "--csv", "up"]);
    let said = "\
warning: doubtful.txt: 1 line left out that cannot be read; the first is line 3 `up{ 3 1795313401`: no `name=\"value\"` where a label or `}` should be
warning: doubtful.txt: 1 sample left out, for an earlier line has the same series and time
warning: doubtful.txt: the newest sample is of 1970-01-21 18:41:53 +00:00; if timestamps are seconds, as in OpenMetrics, the text has to end with `# EOF`
";
    let csv = "__name__,time,value\r\nup,1970-01-21T18:41:53.4+00:00,1\r\n";
    assert_eq!(run, ended(0, csv, said));
    let quiet = stage.run(NOW, &["query", "--openmetrics", "doubtful.txt", "--csv", "--quiet", "up"]);
    assert_eq!(quiet, ended(0, csv, ""));
}

/// The answer over what comes on standard input.
fn from_stdin(stage: &Stage, input: &[u8]) -> Ended {
    let mut command = stage.command(NOW, &["query", "--openmetrics", "-", "--json", "sum(up)"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    child.stdin.take().expect("its standard input").write_all(input).expect("the text is taken");
    stage.ended(child.wait_with_output().expect("the program ends"))
}

#[test]
fn standard_input_and_gzip_are_read_as_well() {
    let stage = stage();
    let answer = "{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1795313460,\"1\"]}]}\n";
    assert_eq!(from_stdin(&stage, SCRAPES.as_bytes()), ended(0, answer, ""));
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    zipped.write_all(SCRAPES.as_bytes()).expect("memory takes everything");
    let zipped = zipped.finish().expect("memory takes everything");
    assert_eq!(from_stdin(&stage, &zipped), ended(0, answer, ""));
    // As `cat` joins them.
    assert_eq!(from_stdin(&stage, &[zipped.as_slice(), &zipped].concat()).stdout, answer);
}

#[test]
fn neither_a_configuration_nor_a_database_is_needed() {
    let stage = stage();
    stage.write("config.toml", "this is no TOML");
    assert_eq!(
        query(&stage, &["--json", "1"]),
        ended(0, "{\"resultType\":\"scalar\",\"result\":[1795313460,\"1\"]}\n", "")
    );
}
