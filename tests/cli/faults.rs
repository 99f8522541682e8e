//! One endpoint that is dead, slow, silent, cut off, endless or lying never costs another's values, and is told in words.

use std::time::Duration;

use crate::common::replay::{Answer, Behaviour, Cluster, Page, START, recorded};
use crate::program::{Ended, Stage, block, columns, ended, silent};

const LATER: i64 = START + 25;
/// The follower, and the second backend.
const FOLLOWER: usize = 1;
const BACKEND: usize = 1;

/// Three frontends and three backends that were collected once and have worked on since.
pub struct Case {
    pub cluster: Cluster,
    pub stage: Stage,
    /// The rows of the others, from a run in which all is well.
    pub good: Vec<String>,
}

impl Case {
    /// `limits` are lines of [collection].
    pub fn new(limits: &str) -> Self {
        let cluster = Cluster::start(3, 3);
        let block = block("shop", &cluster.urls(), "user = \"root\"");
        let config = format!("[collection]\n{limits}\n{block}");
        // The same moments twice: once as they should be, once with the fault.
        let (well, stage) = (Stage::new(&config), Stage::new(&config));
        for stage in [&well, &stage] {
            assert_eq!(stage.run(START, &["collect-once"]), silent());
        }
        cluster.edit(|world| {
            world.tick(LATER);
            world.frontends[0].page = recorded("21_live_series/metrics_02.body").into();
        });
        assert_eq!(well.run(LATER, &["collect-once"]), silent());
        let good = Self::node_rows(&well);
        assert_eq!(good.len(), 6);
        cluster.forget();
        Self { cluster, stage, good }
    }

    /// Every column of every node at the later moment, but for the time it took.
    pub fn node_rows(stage: &Stage) -> Vec<String> {
        let columns = columns(&stage.open(), "node_snapshots", &["cluster_id", "scrape_seconds"]);
        let rows =
            stage.rows(&format!("SELECT {columns} FROM node_snapshots WHERE collected_at = {LATER}000 ORDER BY node"));
        rows.lines().map(str::to_owned).collect()
    }

    pub fn run(&self) -> Ended {
        self.stage.run(LATER, &["collect-once"]).named(&self.cluster)
    }

    /// Runs with the fault: the message, and all other nodes as if nothing had happened.
    pub fn told(&self, faulty: &str, reachable: u8, problem: &str) {
        assert_eq!(self.run(), ended(0, "", format!("warning: shop: {problem}\n")));
        let others = |rows: &[String]| -> Vec<String> {
            let mut rows = rows.to_vec();
            rows.retain(|row| !row.contains(faulty));
            assert_eq!(rows.len(), 5, "{faulty} is not among them");
            rows
        };
        let now = Self::node_rows(&self.stage);
        assert_eq!(others(&now), others(&self.good));
        assert_eq!(
            self.stage.rows(&format!(
                "SELECT frontends_reachable + nodes_reachable, frontends_alive, backends_alive, tablet_replicas IS NOT NULL,
                 queries IS NOT NULL, be_process_memory_bytes IS NOT NULL FROM metrics_snapshots WHERE collected_at = {LATER}000"
            )),
            format!("{reachable}|3|3|1|1|1\n")
        );
    }

    pub fn backend(&self, behaviour: Behaviour, problem: &str) {
        self.cluster.backends[BACKEND].behave(behaviour);
        self.told("127.0.0.11:", 5, &format!("http://127.0.0.11:18040/metrics: {problem}"));
    }

    pub fn frontend(&self, behaviour: Behaviour, problem: &str) {
        self.cluster.frontends[FOLLOWER].behave_on("/metrics", behaviour);
        self.told("127.0.0.2:", 5, &format!("http://127.0.0.2:18030/metrics: {problem}"));
    }

    pub fn asked_backend(&self) -> usize {
        self.cluster.backends[BACKEND].requests().len()
    }
}

#[test]
fn a_dead_backend() {
    let case = Case::new("");
    case.cluster.backends[BACKEND].stop();
    case.told("127.0.0.11:", 5, "http://127.0.0.11:18040/metrics: connection refused");
}

#[test]
fn a_dead_follower() {
    let case = Case::new("");
    case.cluster.frontends[FOLLOWER].stop();
    case.told("127.0.0.2:", 5, "http://127.0.0.2:18030/metrics: connection refused");
}

#[test]
fn a_slow_node_is_waited_for() {
    let case = Case::new("timeout = \"20s\"");
    case.cluster.backends[BACKEND].behave(Behaviour::Delay(Duration::from_millis(1500)));
    assert_eq!(case.run(), silent());
    assert_eq!(Case::node_rows(&case.stage), case.good);
}

#[test]
fn a_hanging_backend() {
    Case::new("timeout = \"1s\"").backend(Behaviour::Hang, "no whole answer after 1 s");
}

#[test]
fn a_hanging_follower() {
    Case::new("timeout = \"1s\"").frontend(Behaviour::Hang, "no whole answer after 1 s");
}

#[test]
fn a_dripping_backend() {
    let drip = Behaviour::Drip { bytes: 10, pause: Duration::from_millis(100) };
    Case::new("timeout = \"1s\"").backend(drip, "no whole answer after 1 s");
}

#[test]
fn the_deadline_of_the_run_ends_what_the_timeout_would_still_allow() {
    let case = Case::new("timeout = \"2s\"\ndeadline = \"2s\"");
    case.backend(Behaviour::Hang, "no whole answer by the run's deadline");
}

#[test]
fn a_truncated_page_is_asked_for_again_and_then_given_up() {
    let case = Case::new("");
    case.backend(Behaviour::Truncate { missing: 3 }, "the connection ended before the answer was whole");
    assert_eq!(case.asked_backend(), 2);
}

#[test]
fn an_endless_page() {
    let case = Case::new("timeout = \"25s\"");
    case.backend(Behaviour::Endless, "the answer is larger than 64 MiB");
    assert_eq!(case.asked_backend(), 1);
}

#[test]
fn garbage_instead_of_http() {
    Case::new("").backend(
        Behaviour::Garbage(b"\x16\x03\x01 no http at all\r\n\r\n".to_vec()),
        "not an HTTP answer: invalid HTTP version; is this an https:// port?",
    );
}

#[test]
fn a_connection_that_is_closed_without_a_byte() {
    Case::new("").backend(Behaviour::Close, "the connection ended before the answer was whole");
}

#[test]
fn a_page_for_people_with_status_200() {
    let page = Answer::html(200, "<html><body>welcome to the proxy</body></html>");
    Case::new("")
        .backend(Behaviour::Fixed(page), "not a page of metrics (text/html); is this the address of the node itself?");
}

#[test]
fn a_login_page_that_redirects() {
    let redirect = Answer::html(302, "").header("location", "http://127.0.0.1:1/login");
    let case = Case::new("");
    case.backend(Behaviour::Fixed(redirect), "302: redirected elsewhere; give the address of the node itself");
    assert_eq!(case.asked_backend(), 1);
}

#[test]
fn a_refusal_is_not_asked_again() {
    let case = Case::new("retries = 3");
    let refusal = Answer::html(401, "");
    case.backend(
        Behaviour::Fixed(refusal),
        "401 Unauthorized, though a backend asks nobody for a login; is this its address?",
    );
    assert_eq!(case.asked_backend(), 1);
}

#[test]
fn a_busy_gateway_is_asked_once_more() {
    let case = Case::new("");
    case.backend(Behaviour::Fixed(Answer::html(503, "")), "HTTP status 503");
    assert_eq!(case.asked_backend(), 2);
}

#[test]
fn without_retries_a_busy_gateway_is_asked_once() {
    let case = Case::new("retries = 0");
    case.backend(Behaviour::Fixed(Answer::html(503, "")), "HTTP status 503");
    assert_eq!(case.asked_backend(), 1);
}

#[test]
fn a_fault_that_a_second_try_cures_is_not_told() {
    let case = Case::new("");
    let (page, times) = (case.cluster.world().backends[BACKEND].page.clone(), std::sync::atomic::AtomicU8::new(0));
    case.cluster.backends[BACKEND].handle(move |_| match times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Answer::html(503, ""),
        _ => Answer::page(page.clone()),
    });
    assert_eq!(case.run(), silent());
    assert_eq!(Case::node_rows(&case.stage), case.good);
}

#[test]
fn a_starting_frontend_answers_with_nothing() {
    Case::new("").frontend(Behaviour::Fixed(Answer::page(&b""[..])), "an empty page: the node is still starting");
}

#[test]
fn what_a_failed_login_wrote_into_a_page_does_not_count() {
    let case = Case::new("");
    // Recorded: the user name of a failed login held a whole second line `starrocks_fe_query_total 999999`.
    let mut page = Page::parse(&recorded("12_label_injection/metrics.body"));
    page.remove("node_info{type=\"is_master\"}");
    case.cluster.edit(|world| world.frontends[FOLLOWER].page = page.render().into());
    case.told(
        "127.0.0.2:",
        6,
        "http://127.0.0.2:18030/metrics: a sample of a family without a TYPE line does not count\n\
         warning: shop: http://127.0.0.2:18030/metrics: nothing counts of `starrocks_fe_connection_total`: announced twice or \
         torn apart; somebody may have written into the page",
    );
    // 2 → 52 on the leader, 0 → 30 on this follower, 0 → 0 on the observer.
    assert_eq!(
        case.stage.rows(&format!("SELECT queries, query_total FROM metrics_snapshots WHERE collected_at = {LATER}000")),
        "80|82\n"
    );
    assert_eq!(
        case.stage.rows("SELECT rejected FROM fetches WHERE url LIKE '%127.0.0.2%/metrics' ORDER BY run_id"),
        "0\n13\n"
    );
}
