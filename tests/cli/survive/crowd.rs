//! Many at once: of one command one works and the others say so, different ones do not disturb each other.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::{AFTERWARDS, assert_sound, days, history};
use crate::common::replay::{Answer, Cluster, Node, START, recorded};
use crate::program::{Ended, Stage, silent};

fn start(stage: &Stage, now: i64, words: &[&str]) -> Child {
    stage.command(now, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// A frontend that answers while its gate is open.
fn gated() -> (Node, Arc<(Mutex<bool>, Condvar)>) {
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let (page, own) = (recorded("21_live_series/metrics_01.body"), Arc::clone(&gate));
    let node = Node::start(move |_| {
        let open = own.1.wait_while(own.0.lock().expect("a gate"), |open| !*open);
        drop(open.expect("a gate"));
        Answer::page(page.clone())
    });
    (node, gate)
}

fn set(gate: &(Mutex<bool>, Condvar), open: bool) {
    *gate.0.lock().expect("a gate") = open;
    gate.1.notify_all();
}

#[test]
fn of_five_collectors_started_at_once_one_stores_and_four_say_so_fifty_times() {
    const TIMES: i64 = 50;
    let (frontend, gate) = gated();
    let stage = Stage::new(&crate::program::block("shop", &[frontend.url()], ""));
    let message = regex::Regex::new(
        r"^error: another stellar is running: collect-once, pid (\d+), started 0 s ago \(lock DIR/stellar\.db\.collect-once\.lock\)
hint: --wait 20s waits for it\. Nothing was done\n$",
    )
    .expect("a pattern");
    for time in 0..TIMES {
        set(&gate, false);
        let mut started: Vec<Child> = (0..5).map(|_| start(&stage, START + time * 30, &["collect-once"])).collect();
        let mut told = Vec::new();
        // The one that has the lock waits for its frontend.
        while told.len() < 4 {
            let over = started.iter_mut().position(|child| child.try_wait().expect("its state").is_some());
            match over {
                Some(index) => {
                    let ended = stage.ended(started.remove(index).wait_with_output().expect("it ended"));
                    assert_eq!((ended.code, ended.stdout.as_str()), (5, ""), "{ended:?}");
                    let pid = message.captures(&ended.stderr).unwrap_or_else(|| panic!("{ended:?}"))[1].to_owned();
                    told.push(pid);
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        set(&gate, true);
        let first = started.remove(0);
        assert_eq!(told, vec![first.id().to_string(); 4]);
        assert_eq!(stage.ended(first.wait_with_output().expect("it ends")), silent());
    }
    assert_sound(&stage.open());
    let slots =
        "SELECT count(*), count(DISTINCT collected_at / 30000), (SELECT count(*) FROM runs) FROM metrics_snapshots";
    assert_eq!(stage.rows(slots), format!("{TIMES}|{TIMES}|{TIMES}\n"));
}

#[test]
fn collections_days_and_cleanups_go_on_at_once_while_others_read() {
    const ROUNDS: i64 = 10;
    let cluster = Cluster::start(1, 1);
    let stage = history();
    let configuration = crate::program::block("lab", &cluster.urls(), "user = \"root\"");
    stage.configure(&configuration);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for words in [["report"].as_slice(), &["report", "--gaps"]] {
            let (stage, over) = (&stage, &over);
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    let read = stage.run(AFTERWARDS, words);
                    assert!(read.code == 0 && read.stderr.is_empty(), "{words:?} {read:?}");
                    assert_sound(&stage.open());
                }
            });
        }
        let mut made = None;
        for round in 0..ROUNDS {
            let now = AFTERWARDS + round * 30;
            // A part of a day goes in every round. Days are not folded while their snapshots go: one of the two waits.
            let retention = format!("{}h", 6 * 24 - 5 * round);
            let all = [
                ["collect-once"].as_slice(),
                &["aggregate-daily", "--recompute", "--wait", "60s"],
                &["cleanup", "--force", "--wait", "60s", "--retention", &retention],
            ]
            .map(|words| start(&stage, now, words));
            let [collected, aggregated, cleaned] =
                all.map(|child| stage.ended(child.wait_with_output().expect("it ends")));
            let quiet = |run: &Ended| run.code == 0 && run.stderr.is_empty();
            let good = collected == silent() && quiet(&aggregated) && quiet(&cleaned);
            // What the days are made of does not change: neither do they, but for when and after which run they were made.
            let names = crate::program::columns(&stage.open(), "daily_snapshots", &["run_id", "aggregated_at"]);
            let stored = (stage.rows(&format!("SELECT {names} FROM daily_snapshots")), days(&stage.open()).len());
            let same = *made.get_or_insert(stored.clone()) == stored;
            // The readers must not go on for ever.
            over.store(!good || !same || round + 1 == ROUNDS, Ordering::SeqCst);
            assert!(good, "{collected:?} {aggregated:?} {cleaned:?}");
            assert!(same && stored.1 == 5, "{stored:?}");
        }
    });
    assert_eq!(stage.rows("SELECT count(*) FROM snapshots WHERE cluster = 'lab'"), format!("{ROUNDS}\n"));
    let oldest = AFTERWARDS + (ROUNDS - 1) * 30 - (6 * 24 - 5 * (ROUNDS - 1)) * 3600;
    let left = format!("SELECT count(*) > 0, min(collected_at) >= {oldest}000 FROM snapshots WHERE cluster = 'shop'");
    assert_eq!(stage.rows(&left), "1|1\n");
}

#[test]
fn a_database_is_made_while_others_look_for_it() {
    let cluster = Cluster::start(1, 1);
    for _ in 0..5 {
        let stage = Stage::of(&cluster, "shop", "user = \"root\"");
        let collecting = start(&stage, START, &["collect-once"]);
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        let read = stage.run(START, &["report"]);
                        let early = read.stderr.contains("there is no database")
                            || read.stderr.contains("there is nothing in it yet");
                        assert!((read.code == 0 && read.stderr.is_empty()) || (read.code == 3 && early), "{read:?}");
                    }
                });
            }
            let collected = stage.ended(collecting.wait_with_output().expect("it ends"));
            over.store(true, Ordering::SeqCst);
            assert_eq!(collected, silent());
        });
        assert_sound(&stage.open());
    }
}
