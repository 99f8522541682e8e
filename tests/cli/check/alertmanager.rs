//! A real Alertmanager with a receiver behind it: who hears what, how often, and after what went wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{collect, page};
use crate::common::peers::peer;
use crate::common::replay::{Application, Node, START};
use crate::program::Stage;

/// What a webhook receiver heard: status, alert and its start.
pub type Heard = Arc<Mutex<Vec<(String, String, String)>>>;

/// Ends with the value.
pub struct Alertmanager {
    process: Child,
    port: u16,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// A receiver that takes every webhook.
pub fn receiver() -> (u16, Heard) {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    let heard = Heard::default();
    let own = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in socket.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let document: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            for alert in document["alerts"].as_array().into_iter().flatten() {
                let one = (text(&alert["status"]), text(&alert["labels"]["alertname"]), text(&alert["startsAt"]));
                own.lock().expect("what was heard").push(one);
            }
            let _ = reader.into_inner().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (port, heard)
}

pub fn start(program: &Path, folder: &Path, port: u16, webhook: u16) -> Alertmanager {
    let config = folder.join("alertmanager.yml");
    let text = format!(
        "route: {{ receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }}\n\
         receivers: [{{ name: hook, webhook_configs: [{{ url: 'http://127.0.0.1:{webhook}/', send_resolved: true }}] }}]\n"
    );
    std::fs::write(&config, text).expect("its configuration");
    let process = Command::new(program)
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", folder.join("am").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .arg("--cluster.listen-address=")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let started = Alertmanager { process, port };
    let ready = || ureq::get(format!("http://127.0.0.1:{port}/-/ready")).call().is_ok();
    wait_for("an Alertmanager that is ready", ready);
    started
}

pub fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "waited for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[allow(clippy::disallowed_methods, reason = "an Alertmanager knows no other time than that of the machine")]
pub fn today() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    now.as_secs() as i64
}

/// Status and name of what was heard, in its order.
pub fn heard(heard: &Heard) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (status, alert, _) in heard.lock().expect("what was heard").iter() {
        all.push((status.clone(), alert.clone()));
    }
    all
}

#[test]
fn firing_and_its_end_arrive_once_each_and_what_is_pending_never() {
    let Some(program) = peer("prometheus-alertmanager") else { return };
    let (webhook, told) = receiver();
    let application = Application::with_page(page("10"));
    let port = free_port();
    let begin = today() - 400;
    let stage = Stage::new(&format!(
        "[alerting]\nalertmanagers = [\"http://127.0.0.1:{port}\"]\n\n[[applications]]\nname = \"etl\"\nurl = \"{}\"\n",
        application.url()
    ));
    let at = |second: i64| begin - START + second;
    let run = |second: i64| stage.run(begin + second, &["check"]);
    collect(&stage, at(0), at(270));
    // Pending: nobody is asked, so it does not matter that nobody is there.
    assert_eq!((run(271).code, run(272).stderr.as_str()), (0, ""));
    collect(&stage, at(300), at(330));
    // It fires, and the Alertmanager is dead.
    let dead = run(331);
    assert_eq!(dead.code, 1, "{dead:?}");
    assert!(
        dead.stderr.contains("alerts were not delivered: ") && dead.stderr.contains("connection refused"),
        "{dead:?}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let running = start(&program, folder.path(), port, webhook);
    assert_eq!(running.port, port);
    assert_eq!((run(340).code, run(345).stderr.as_str()), (1, ""));
    wait_for("the alert", || !heard(&told).is_empty());
    application.show(page("5000"));
    collect(&stage, at(360), at(360));
    assert_eq!((run(361).code, run(365).stderr.as_str()), (0, ""));
    wait_for("its end", || heard(&told).iter().any(|(status, _)| status == "resolved"));
    let once = [("firing", "BatchSQLLowPerformance"), ("resolved", "BatchSQLLowPerformance")];
    let once = once.map(|(status, alert)| (status.to_owned(), alert.to_owned()));
    assert_eq!(heard(&told), once);
    let starts: Vec<String> = told.lock().expect("what was heard").iter().map(|one| one.2.clone()).collect();
    assert_eq!(starts[0], starts[1]);
}

#[test]
fn one_alert_that_is_refused_does_not_hide_the_others() {
    // An Alertmanager refuses a whole post for one bad alert; which one it is shows one by one.
    let bodies: Arc<Mutex<Vec<usize>>> = Arc::default();
    let own = Arc::clone(&bodies);
    let manager = Node::start(move |request| {
        let alerts: Vec<serde_json::Value> = serde_json::from_slice(&request.body).unwrap_or_default();
        own.lock().expect("the bodies").push(alerts.len());
        let is_bad = |alert: &serde_json::Value| alert["labels"]["test_name"] == "bad";
        match alerts.iter().any(is_bad) {
            true => crate::common::replay::Answer::new(400, "application/json", *b"{}"),
            false => crate::common::replay::Answer::json("{}"),
        }
    });
    let names: Vec<String> =
        (0..70).map(|index| if index == 3 { "bad".to_owned() } else { format!("t{index}") }).collect();
    let lines = names.iter().map(|name| format!("batchsql_current_rps{{database=\"mysql\",test_name=\"{name}\"}} 1\n"));
    let body = format!("# TYPE batchsql_current_rps gauge\n{}", lines.collect::<String>());
    let application = Application::with_page(body.into_bytes());
    let stage = Stage::new(&format!(
        "[alerting]\nalertmanagers = [\"{}\"]\n\n[[applications]]\nname = \"etl\"\nurl = \"{}\"\n",
        manager.url(),
        application.url()
    ));
    collect(&stage, 0, 300);
    let run = stage.run(START + 301, &["check"]);
    assert!(run.stderr.contains("alerts were not delivered: "), "{run:?}");
    assert_eq!(stage.rows("SELECT count(firing_at), count(error) FROM alert_deliveries"), "69|1\n");
    let posts = bodies.lock().expect("the bodies").clone();
    assert_eq!((posts.first().copied(), posts.iter().filter(|count| **count == 1).count()), (Some(64), 64));
}
