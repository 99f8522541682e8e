//! What reports show of applications, whole outputs over recorded lives.

use super::{PAGE, block};
use crate::common::replay::{Application, START};
use crate::program::{Stage, silent};
use crate::snapshot;

const OFTEN: &str = "interval_secs = 5\nenvironment = \"production\"";
const ENVIRONMENT: &str = "[[environments]]\nname = \"production\"\ngrafana_url = \"https://grafana.example.com\"\n\n";
/// Seconds of its life that are collected, every five.
const LENGTH: usize = 20;

/// Twenty looks at three generations side by side, in the time of the first.
struct Lives {
    applications: [(&'static str, Application); 3],
    stage: Stage,
    now: i64,
}

fn lives() -> Lives {
    let applications = [("old", "A"), ("leaky", "B"), ("new", "C")]
        .map(|(name, generation)| (name, Application::of_generation(generation)));
    let blocks = applications.iter().map(|(name, application)| block(name, application, OFTEN)).collect::<String>();
    let stage = Stage::new(&format!("{ENVIRONMENT}{blocks}"));
    let mut now = 0;
    for look in 0..LENGTH {
        now = START + 5 * look as i64;
        for (_, application) in &applications {
            application.step(look);
        }
        assert_eq!(stage.run(now, &["collect-once"]), silent());
    }
    Lives { applications, stage, now }
}

impl Lives {
    fn shown(&self, words: &[&str]) -> String {
        let run = self.stage.run(self.now + 1, words);
        let text = self.applications.iter().fold(run.stdout, |text, (_, application)| application.named(&text));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        text
    }
}

#[test]
fn three_generations_are_shown_side_by_side_and_say_what_is_wrong() {
    let lives = lives();
    snapshot::is("applications/report.txt", &lives.shown(&["report", "--batchsql"]));
    snapshot::is(
        "applications/report.json.txt",
        &lives.shown(&["report", "--batchsql", "--json", "--application", "new"]),
    );
    snapshot::is("applications/metrics.txt", &lives.shown(&["report", "--metrics", "--application", "new"]));
    snapshot::is(
        "applications/metrics.json.txt",
        &lives.shown(&["report", "--metrics", "--json", "--application", "old"]),
    );
}

#[test]
fn a_share_that_is_none_is_unknown_and_what_is_not_there_has_no_data() {
    let [percent, gone, never] = [(); 3].map(|()| Application::with_page(PAGE.as_bytes()));
    percent.show(PAGE.replace("0.975", "97.5").into_bytes());
    never.node.stop();
    let blocks = block("percent", &percent, "") + &block("gone", &gone, "") + &block("never", &never, "");
    let stage = Stage::new(&format!("{blocks}\n[[applications]]\nname = \"unasked\"\nurl = \"http://127.0.0.1:9\"\n"));
    let ask = ["collect-once", "--application", "percent", "--application", "gone", "--application", "never"];
    assert_eq!(stage.run(START, &ask), silent());
    gone.node.stop();
    assert_eq!(stage.run(START + 30, &ask), silent());
    let shown = stage.run(START + 40, &["report", "--batchsql"]);
    assert_eq!((shown.code, shown.stderr.as_str()), (0, ""));
    snapshot::is("applications/nothing.txt", &shown.stdout);
    let doubted = stage.run(START + 40, &["doctor"]);
    let lines: Vec<&str> = doubted.stdout.lines().filter(|line| line.contains("never answered")).collect();
    assert_eq!(lines.len(), 1, "{doubted:?}");
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let application = Application::with_page(PAGE.as_bytes());
    let stage = Stage::new(&block("etl", &application, ""));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    for words in [
        &["report", "--batchsql", "--cluster", "x"][..],
        &["report", "--application", "etl"],
        &["report", "--batchsql", "--application", "elt"],
        &["report", "--batchsql", "--metrics"],
    ] {
        let run = stage.run(START, words);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{words:?}: {run:?}");
    }
}
