//! `check`, killed while it evaluates, writes and tells: people trust that a silence means that nothing is wrong, and that
//! an alert that is over is taken back. So the next check stands where an undisturbed one does, and everybody hears of every
//! beginning and of every end; an Alertmanager as often as it likes, since equal labels and an equal start are one alert to
//! it, a program once more for each kill at most.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use super::{copy, killed, length, moments};
use crate::check::alertmanager::{self as peers, free_port, heard, receiver, today, wait_for};
use crate::check::{collect, page};
use crate::common::peers::peer;
use crate::common::replay::{Answer, Application, Behaviour, Node, START};
use crate::history::{self, assert_whole};
use crate::program::{Stage, rows};

const FILE: &[&str] = &["stellar.db"];
const CHECK: &[&str] = &["check"];
/// Seconds since START: a check that finds alerts, one that finds their end, and what Alertmanagers are told of that end.
const FIRED: i64 = 331;
const ENDED: i64 = 361;
const END: &str = "2026-11-22T02:34:58.000Z";

/// Keeps what it reads, one line in one write. Where a file `kill` has the number of lines that there are then, it kills the
/// check that runs it: after it told, before that can be noted. It ends a little later than it told, as mail does.
const PROGRAM: &str = r#"IFS= read -r line; printf '%s\n' "$line" >> told
[ ! -e kill ] || [ "$(wc -l < told)" != "$(cat kill)" ] || kill -9 $PPID
sleep 0.02"#;

/// Low rates of three tests since START and of one since shortly before the first check, which so is pending only.
struct World {
    application: Application,
    manager: Node,
    base: Stage,
}

fn rates(tests: &[(&str, u32)]) -> Vec<u8> {
    let mut page = "# TYPE batchsql_current_rps gauge\n".to_owned();
    for (test, rate) in tests {
        let _ = writeln!(page, "batchsql_current_rps{{database=\"mysql\",test_name=\"{test}\"}} {rate}");
    }
    page.into_bytes()
}

impl World {
    fn new() -> Self {
        let low = |late| rates(&[("hourly", 10), ("nightly", 20), ("weekly", 30), ("late", late)]);
        let application = Application::with_page(low(5000));
        let manager = Node::start(|_| Answer::json("{}"));
        manager.behave(Behaviour::Delay(Duration::from_millis(15)));
        let base = Stage::new(&format!(
            "[alerting]\nalertmanagers = [\"{}\"]\ncommand = [\"/bin/sh\", \"-c\", '''{PROGRAM}''']\n\n\
             [[applications]]\nname = \"etl\"\nurl = \"{}\"\n",
            manager.url(),
            application.url()
        ));
        // A rule that was never looked at would look no further back than its own time.
        collect(&base, 0, 0);
        assert_eq!(base.run(START + 1, CHECK).code, 0);
        collect(&base, 30, 270);
        application.show(low(10));
        collect(&base, 300, 330);
        history::change(&base, "PRAGMA wal_checkpoint(TRUNCATE)");
        application.show(rates(&[("hourly", 5000), ("nightly", 5000), ("weekly", 5000), ("late", 5000)]));
        Self { application, manager, base }
    }

    /// A stage of its own and an Alertmanager that has heard nothing.
    fn stage(&self) -> Stage {
        self.manager.forget();
        copy(&self.base, FILE)
    }

    fn heard(&self) -> Vec<Value> {
        let requests = self.manager.requests().into_iter();
        requests.flat_map(|request| serde_json::from_slice::<Vec<Value>>(&request.body).expect("alerts")).collect()
    }

    /// What the Alertmanager heard, and how often: status, labels, start.
    fn posted(&self) -> BTreeMap<String, usize> {
        let mut posted = BTreeMap::new();
        for alert in self.heard() {
            let status = if alert["endsAt"] == END { "resolved" } else { "firing" };
            *posted.entry(format!("{status} {} {}", alert["labels"], alert["startsAt"])).or_default() += 1;
        }
        posted
    }

    /// When at the latest the Alertmanager takes the alerts for over by itself, if it hears no more.
    fn until(&self) -> Option<String> {
        self.heard().iter().filter_map(|alert| alert["endsAt"].as_str().map(str::to_owned)).max()
    }
}

/// What the program heard, in its order. A check that was killed right after it started it leaves an empty line.
fn told(stage: &Stage) -> Vec<Value> {
    let text = std::fs::read_to_string(stage.path("told")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).expect("an alert a line")).collect()
}

/// The same with what tells a program that it heard it before, and how often that was.
fn announced(stage: &Stage) -> BTreeMap<String, usize> {
    let mut announced = BTreeMap::new();
    for alert in told(stage) {
        let status = alert["status"].as_str().expect("a status");
        let key = format!("{status} {} {} {}", alert["id"], alert["labels"], alert["startsAt"]);
        *announced.entry(key).or_default() += 1;
    }
    announced
}

/// The numbers of the alerts with the first letter of what was said of them.
fn short(stage: &Stage) -> String {
    let words = told(stage).into_iter().map(|alert| {
        let status = alert["status"].as_str().expect("a status").to_owned();
        format!("{}{}", alert["id"], &status[..1])
    });
    words.collect::<Vec<_>>().join(" ")
}

/// All that checks keep: what they made of the rules, and who was told.
fn content(stage: &Stage, tables: &[&str]) -> String {
    let connection = stage.open();
    let all = tables.iter().map(|table| rows(&connection, &format!("SELECT * FROM {table} ORDER BY 1, 2")));
    all.collect::<Vec<_>>().join("--\n")
}

const JUDGED: &[&str] = &["rule_checks", "alerts_active", "alerts_fired"];
const ALL: &[&str] = &["rule_checks", "alerts_active", "alerts_fired", "alert_deliveries", "info"];

/// An ordinary check that tells everybody.
fn check(stage: &Stage, second: i64) {
    let run = stage.run(START + second, CHECK);
    assert_eq!((run.code, run.stderr.as_str()), (i32::from(second < ENDED), ""), "{run:?}");
}

fn starts(heard: &BTreeMap<String, usize>, status: &str) -> BTreeSet<String> {
    heard.keys().filter_map(|key| key.strip_prefix(status)).map(str::to_owned).collect()
}

#[test]
fn killed_at_any_moment_it_is_made_up_for_by_the_next_one() {
    let world = World::new();
    let twin = world.stage();
    let whole = length(|| check(&twin, FIRED));
    let fired = content(&twin, ALL);
    collect(&twin, 360, 360);
    check(&twin, ENDED);
    let (ended, heard, posted) = (content(&twin, ALL), announced(&twin), world.posted());
    // Three begin and end; of the fourth, which was pending, nobody hears.
    assert_eq!((heard.len(), posted.len(), heard.values().sum::<usize>()), (6, 6, 6), "{heard:?} {posted:?}");
    assert!(fired.contains("late") && !posted.keys().chain(heard.keys()).any(|key| key.contains("late")));

    let mut in_the_middle = 0;
    for moment in moments() {
        let stage = world.stage();
        for (second, after) in [(FIRED, &fired), (ENDED, &ended)] {
            let before = content(&stage, ALL);
            killed(stage.command(START + second, CHECK), whole.mul_f64(moment));
            assert_whole(&stage);
            let left = content(&stage, ALL);
            in_the_middle += usize::from(left != before && left != *after);
            check(&stage, second);
            assert_eq!(content(&stage, ALL), *after, "{second} at {moment}");
            assert_whole(&stage);
            if second == FIRED {
                collect(&stage, 360, 360);
            }
        }
        assert!(world.posted().keys().eq(posted.keys()), "{:?} at {moment}", world.posted());
        let now = announced(&stage);
        assert!(now.keys().eq(heard.keys()), "{now:?} at {moment}");
        assert!(now.values().sum::<usize>() <= 6 + 2, "a kill repeats one at most: {now:?} at {moment}");
    }
    println!("{in_the_middle} were killed between their first and their last row");
}

#[test]
fn killed_at_any_moment_before_the_alerts_end_it_leaves_nobody_with_one_that_does_not() {
    let world = World::new();
    let twin = world.stage();
    let whole = length(|| check(&twin, FIRED));
    collect(&twin, 360, 360);
    check(&twin, ENDED);
    for moment in moments() {
        let stage = world.stage();
        killed(stage.command(START + FIRED, CHECK), whole.mul_f64(moment));
        assert_whole(&stage);
        collect(&stage, 360, 360);
        check(&stage, ENDED);
        assert_eq!(content(&stage, JUDGED), content(&twin, JUDGED), "at {moment}");
        for heard in [announced(&stage), world.posted()] {
            assert!(starts(&heard, "firing").is_subset(&starts(&heard, "resolved")), "{heard:?} at {moment}");
        }
    }
}

#[test]
fn killed_between_telling_and_noting_it_repeats_that_one_alert_and_takes_back_what_may_have_been_heard() {
    let world = World::new();
    let kill = |stage: &Stage, second: i64, lines: &str| {
        stage.write("kill", lines);
        assert_eq!(stage.run(START + second, CHECK).code, 128 + 9);
        assert_whole(stage);
    };
    // The second of three has just been told.
    let stage = world.stage();
    kill(&stage, FIRED, "2");
    let until = world.until();
    world.manager.forget();
    check(&stage, FIRED);
    assert_eq!(short(&stage), "1f 2f 2f 3f");
    // The one that was killed is not the last one, by whose age the next is expected.
    assert!(until.is_some() && world.until() == until, "{:?} after {until:?}", world.until());
    collect(&stage, 360, 360);
    kill(&stage, ENDED, "5");
    check(&stage, ENDED);
    assert_eq!(short(&stage), "1f 2f 2f 3f 1r 1r 2r 3r");
    check(&stage, ENDED + 1);
    assert_eq!(told(&stage).len(), 8);

    // They end before the next check: who was never told of the third is not told that it ended.
    let stage = world.stage();
    kill(&stage, FIRED, "2");
    collect(&stage, 360, 360);
    check(&stage, ENDED);
    assert_eq!(short(&stage), "1f 2f 1r 2r");

    // The Alertmanager has heard and does not answer; the program was not run yet.
    let stage = world.stage();
    world.manager.behave(Behaviour::Hang);
    let mut command = stage.command(START + FIRED, CHECK);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    wait_for("a post", || !world.manager.asked().is_empty());
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    world.manager.behave(Behaviour::Answer);
    assert_whole(&stage);
    collect(&stage, 360, 360);
    check(&stage, ENDED);
    let posted = world.posted();
    assert_eq!((posted.len(), starts(&posted, "firing")), (6, starts(&posted, "resolved")), "{posted:?}");
    assert_eq!(short(&stage), "");
    drop(world.application);
}

#[test]
fn killed_again_and_again_it_lets_a_real_alertmanager_tell_a_beginning_and_an_end_once_each() {
    let Some(program) = peer("prometheus-alertmanager") else { return };
    let (webhook, told) = receiver();
    let application = Application::with_page(page("10"));
    let port = free_port();
    let folder = tempfile::tempdir().expect("a folder");
    let _running = peers::start(&program, folder.path(), port, webhook);
    let configuration = |url: &str| {
        format!(
            "[alerting]\nalertmanagers = [\"{url}\"]\n\n[[applications]]\nname = \"etl\"\nurl = \"{}\"\n",
            application.url()
        )
    };
    let stage = Stage::new(&configuration(&format!("http://127.0.0.1:{port}")));
    // The end must have come by its clock, and what fires must not be over by itself before that: it is for four minutes.
    let begin = today() - ENDED - 60;
    let at = |second: i64| begin - START + second;
    let moments = moments();
    // Kills at every third moment, then the check that is left alone.
    let phase = |first: usize, second: i64, code: i32| {
        let undisturbed = copy(&stage, FILE);
        let silent = Node::start(|_| Answer::json("{}"));
        undisturbed.configure(&configuration(&silent.url()));
        let whole = length(|| assert_eq!(undisturbed.run(begin + second, CHECK).code, code));
        for moment in moments.iter().skip(first).step_by(3) {
            killed(stage.command(begin + second, CHECK), whole.mul_f64(*moment));
            assert_whole(&stage);
        }
        let run = stage.run(begin + second, CHECK);
        assert_eq!((run.code, run.stderr.as_str()), (code, ""), "{run:?}");
        assert_eq!(content(&stage, JUDGED), content(&undisturbed, JUDGED));
    };
    collect(&stage, at(0), at(270));
    phase(0, 271, 0);
    assert_eq!(heard(&told), []);
    collect(&stage, at(300), at(330));
    phase(1, FIRED, 1);
    wait_for("the alert", || !heard(&told).is_empty());
    application.show(page("5000"));
    collect(&stage, at(360), at(360));
    phase(2, ENDED, 0);
    wait_for("its end", || heard(&told).iter().any(|(status, _)| status == "resolved"));
    // Nothing more can only be waited for by time: twice that after which the Alertmanager looks at a group again.
    std::thread::sleep(Duration::from_secs(2));
    let once = ["firing", "resolved"].map(|status| (status.to_owned(), "BatchSQLLowPerformance".to_owned()));
    assert_eq!(heard(&told), once);
    let starts: Vec<String> = told.lock().expect("what was heard").iter().map(|one| one.2.clone()).collect();
    assert_eq!(starts[0], starts[1]);
}
