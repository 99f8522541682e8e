//! What is a fault of an application, and what is only its end.

use super::{FEW, PAGE, block, collected, rows};
use crate::common::replay::{Answer, Application, Behaviour, START};
use crate::program::{Stage, ended, silent};

/// What it is asked once an interval, with a short patience and no second try.
const ONCE: &str = "[collection]\nretries = 0\n";

fn failed(why: &str) -> crate::program::Ended {
    ended(4, "", format!("error: etl: http://127.0.0.1:18080/metrics: {why}\n"))
}

#[test]
fn whatever_is_not_a_refused_connection_is_a_failure_and_no_end() {
    let application = Application::with_page(PAGE.as_bytes());
    let more = "timeout = \"300ms\"\ninterval_secs = 30";
    let stage = Stage::new(&(ONCE.to_owned() + FEW + &block("etl", &application, more)));
    assert_eq!(collected(&application, &stage, START), silent());
    let status = |status: u16| Behaviour::Fixed(Answer::html(status, "<html>no</html>"));
    let html = "not a page of metrics (text/html); is this the address of the node itself?";
    let faults = [
        (status(500), "HTTP status 500"),
        (status(503), "HTTP status 503"),
        (status(404), "404 Not Found"),
        (status(200), html),
        (Behaviour::Hang, "no whole answer after 300 ms"),
        (Behaviour::Close, "the connection ended before the answer was whole"),
        (Behaviour::Truncate { missing: 40 }, "the connection ended before the answer was whole"),
        (
            Behaviour::Fixed(Answer::page(&PAGE.as_bytes()[..200])),
            "the page ends in the middle: it was cut off on its way",
        ),
        (Behaviour::Fixed(Answer::page(*b"")), "an empty page: the node is still starting"),
    ];
    let mut at = START;
    for (behaviour, why) in faults {
        at += 30;
        application.node.behave(behaviour);
        assert_eq!(collected(&application, &stage, at), failed(why));
        let about = "SELECT ended_at, last_error LIKE '%' || last_error, answered, batchsql_current_rps FROM targets
                     JOIN batch_snapshots ON id = application_id AND collected_at = last_collected_at";
        assert_eq!(stage.rows(about), "NULL|1|0|NULL\n", "{why}");
    }
    assert_eq!(stage.rows("SELECT failures, last_answer / 1000 FROM applications"), format!("9|{START}\n"));
    // It counts on from where it was, however long it was silent.
    application.node.behave(Behaviour::Answer);
    application.show(PAGE.replace(" 1000\n", " 1600\n").into_bytes());
    assert_eq!(collected(&application, &stage, at + 30), silent());
    let counted = "SELECT batchsql_records_processed, answered, failures FROM batch_snapshots JOIN applications
                   ON id = application_id WHERE collected_at = last_answer ORDER BY database";
    assert_eq!(stage.rows(counted), "NULL|1|0\n600|NULL|0\nNULL|NULL|0\n");
}

#[test]
fn one_that_is_meant_to_stay_fails_when_it_refuses_and_is_asked_less_and_less() {
    let application = Application::with_page(PAGE.as_bytes());
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "ephemeral = false")));
    assert_eq!(collected(&application, &stage, START), silent());
    application.node.stop();
    for slot in 1..=15 {
        let run = stage.run(START + 30 * slot, &["collect-once", "--if-due"]);
        assert!(run.code == 0 && run.stderr.is_empty() || run == stage_failed(&application), "{run:?}");
    }
    let tried =
        format!("SELECT (collected_at / 1000 - {START}) / 30 FROM batch_snapshots WHERE answered = 0 ORDER BY 1");
    assert_eq!(stage.rows(&tried), "1\n2\n4\n8\n");
    let about =
        "SELECT failures, (next_try / 1000 - last_collected_at / 1000) / 30 > 0, last_error, ended_at FROM targets";
    let refused = format!("4|1|{}: connection refused|NULL\n", application.url());
    assert_eq!(stage.rows(about), refused);
    application.node.revive();
    assert_eq!(collected(&application, &stage, START + 600), silent());
    assert_eq!(stage.rows(about), "0|NULL|NULL|NULL\n");
}

fn stage_failed(application: &Application) -> crate::program::Ended {
    ended(4, "", format!("error: etl: {}: connection refused\n", application.url()))
}

#[test]
fn one_that_was_never_there_leaves_no_rows_and_no_alarm_and_is_asked_every_time() {
    let application = Application::with_page(PAGE.as_bytes());
    application.node.stop();
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    for at in [START, START + 30, START + 60] {
        assert_eq!(stage.run(at, &["collect-once", "--if-due"]), silent());
    }
    let shown = stage.run(START + 60, &["collect-once", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let one = &document["applications"][0];
    assert_eq!((&one["ended"], &one["stored"], &document["exit"]), (&true.into(), &false.into(), &0.into()));
    assert_eq!(rows(&stage, START), "");
    assert_eq!(stage.rows("SELECT count(*) FROM fetches"), "4\n");
    let about = "SELECT name, generation, last_answer, failures, next_try, last_error FROM applications";
    assert_eq!(stage.rows(about), "etl|NULL|NULL|0|NULL|NULL\n");
    application.node.revive();
    assert_eq!(stage.run(START + 90, &["collect-once", "--if-due"]), silent());
    assert_eq!(
        rows(&stage, START),
        "90||||1|NULL|NULL\n90|mysql|orders|nightly|NULL|NULL|250.5\n90|redis|orders|nightly|NULL|1|0\n"
    );
}

#[test]
fn one_that_comes_and_goes_leaves_one_row_of_each_end() {
    let application = Application::with_page(PAGE.as_bytes());
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    for (slot, is_there) in [true, false, false, true, false, false, false].into_iter().enumerate() {
        if is_there {
            application.node.revive()
        } else {
            application.node.stop()
        }
        assert_eq!(collected(&application, &stage, START + 30 * slot as i64), silent());
    }
    let ends = format!(
        "SELECT collected_at / 1000 - {START}, answered FROM batch_snapshots WHERE answered NOTNULL ORDER BY 1"
    );
    assert_eq!(stage.rows(&ends), "0|1\n30|0\n90|1\n120|0\n");
    assert_eq!(stage.rows(&format!("SELECT ended_at / 1000 - {START} FROM applications")), "120\n");
    // What had ended and then fails had begun again, though nobody saw it.
    application.node.revive();
    application.node.behave(Behaviour::Fixed(Answer::html(500, "")));
    assert_eq!(collected(&application, &stage, START + 210), failed("HTTP status 500"));
    assert_eq!(stage.rows("SELECT ended_at, failures FROM applications"), "NULL|1\n");
    application.node.stop();
    assert_eq!(collected(&application, &stage, START + 240), silent());
    assert_eq!(stage.rows(&ends), "0|1\n30|0\n90|1\n120|0\n210|0\n240|0\n");
    assert_eq!(stage.rows("SELECT failures, next_try, last_error FROM applications"), "0|NULL|NULL\n");
}

#[test]
fn a_login_is_used_and_a_wrong_one_is_told_without_the_password() {
    let application = Application::with_page(PAGE.as_bytes());
    application.edit(|answering| answering.login = Some(("prom".to_owned(), "hunter2".to_owned())));
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    assert_eq!(
        collected(&application, &stage, START),
        failed("401 Unauthorized: set `user` and a password for this target")
    );
    let with = |more: &str| stage.configure(&(FEW.to_owned() + &block("etl", &application, more)));
    with("user = \"prom\"\npassword_file = \"secret\"");
    stage.write("secret", "hunter3\n");
    let told = failed("401 Unauthorized for user `prom` (password from the file DIR/secret)");
    assert_eq!(collected(&application, &stage, START + 30), told);
    assert_eq!(stage.rows("SELECT count(*) FROM targets WHERE last_error LIKE '%hunter%'"), "0\n");
    stage.write("secret", "hunter2\n");
    assert_eq!(collected(&application, &stage, START + 60), silent());
    // systemd's credential has the name of the application.
    with("user = \"prom\"");
    stage.write("etl", "hunter2\n");
    let mut command = stage.command(START + 90, &["collect-once"]);
    let output = command.env("CREDENTIALS_DIRECTORY", stage.folder()).output().expect("it starts");
    assert_eq!(stage.ended(output), silent());
    let shown = stage.run(START, &["config", "show"]);
    assert!(shown.code == 0 && !shown.stdout.contains("hunter"), "{shown:?}");
}

#[test]
fn two_collections_by_hand_at_the_very_same_moment_keep_the_first() {
    let application = Application::with_page(PAGE.as_bytes());
    let stage = Stage::new(&(FEW.to_owned() + &block("etl", &application, "")));
    assert_eq!(collected(&application, &stage, START), silent());
    let first = rows(&stage, START);
    application.show(PAGE.replace(" 250.5\n", " 900\n").into_bytes());
    let told = "warning: etl: a snapshot of this very moment is stored already; it was kept\n";
    assert_eq!(collected(&application, &stage, START), ended(0, "", told));
    assert_eq!(rows(&stage, START), first);
}
