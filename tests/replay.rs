//! The replay server itself, asked over plain sockets: what other tests rely on when they talk to it.

#[path = "common/replay/mod.rs"]
mod replay;

use replay::{Answer, Application, Behaviour, Cluster, Node, Page, Rights, Row, demo_cluster, life, recorded};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const ROOT: &str = "authorization: Basic cm9vdDo=\r\n";
const SQL: &str = "/api/v1/catalogs/default_catalog/sql";

fn open(node: &Node) -> TcpStream {
    let stream = TcpStream::connect(node.address()).expect("the node listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

fn ask_raw(node: &Node, request: &str) -> Vec<u8> {
    let mut stream = open(node);
    stream.write_all(request.as_bytes()).expect("the request is taken");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer and the end");
    bytes
}

fn get(node: &Node, target: &str, headers: &str) -> String {
    let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\n{headers}connection: close\r\n\r\n");
    String::from_utf8_lossy(&ask_raw(node, &request)).into_owned()
}

fn sql(node: &Node, headers: &str, statement: &str) -> String {
    let body = format!("{{\"query\":\"{statement}\"}}");
    let length = body.len();
    let head = format!("POST {SQL} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    String::from_utf8_lossy(&ask_raw(node, &(head + &body))).into_owned()
}

/// The body of a chunked answer put together again.
fn unchunked(answer: &str) -> String {
    let (head, mut rest) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.ends_with("transfer-encoding: chunked"), "{head}");
    let mut body = String::new();
    loop {
        let (length, after) = rest.split_once("\r\n").expect("a chunk");
        let length = usize::from_str_radix(length, 16).expect("a length");
        body += &after[..length];
        rest = &after[length + 2..];
        if length == 0 {
            return body;
        }
    }
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("a head").1
}

fn ok() -> Node {
    Node::start(|_| Answer::page(&b"up 1\n"[..]))
}

const PLAIN: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nup 1\n";

#[test]
fn a_node_answers_and_remembers_what_it_was_asked() {
    let node = ok();
    assert_eq!(get(&node, "/metrics?path=%2Fa+b", ROOT), PLAIN);
    let requests = node.requests();
    assert_eq!(node.asked(), ["GET /metrics?path=%2Fa+b"]);
    assert_eq!(requests[0].query("path").as_deref(), Some("/a b"));
    assert_eq!(requests[0].login(), Some(("root".to_owned(), String::new())));
    assert_eq!(requests[0].header("connection"), Some("close"));
    node.forget();
    assert_eq!(node.requests(), []);
}

#[test]
fn one_connection_takes_several_requests() {
    let node = ok();
    let mut stream = open(&node);
    let expected = PLAIN.replace("connection: close", "connection: keep-alive");
    for _ in 0..2 {
        stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").expect("the request is taken");
        let mut bytes = vec![0; expected.len()];
        stream.read_exact(&mut bytes).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
    }
    assert_eq!(node.requests().iter().map(|request| request.connection).collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn a_stopped_node_refuses_and_closes_what_was_open_until_it_is_revived() {
    let node = ok();
    let mut waiting = open(&node);
    node.stop();
    assert_eq!(waiting.read(&mut [0]).ok(), Some(0));
    let refused = TcpStream::connect(node.address()).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    node.revive();
    assert_eq!(get(&node, "/metrics", ""), PLAIN);
}

#[test]
fn a_hanging_node_takes_the_request_and_says_nothing() {
    let node = ok();
    node.behave(Behaviour::Hang);
    let mut stream = open(&node);
    stream.set_read_timeout(Some(Duration::from_millis(150))).expect("a timeout");
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").expect("the request is taken");
    let silence = stream.read(&mut [0]).expect_err("nothing comes");
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    assert_eq!(node.asked(), ["GET /metrics"]);
}

#[test]
fn a_slow_node_answers_late_or_drop_by_drop() {
    let node = ok();
    node.behave(Behaviour::Delay(Duration::from_millis(120)));
    let begin = Instant::now();
    assert_eq!(get(&node, "/metrics", ""), PLAIN);
    assert!(begin.elapsed() >= Duration::from_millis(120));

    node.behave(Behaviour::Drip { bytes: 1, pause: Duration::from_millis(40) });
    let begin = Instant::now();
    assert_eq!(get(&node, "/metrics", ""), PLAIN);
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_truncated_answer_ends_before_its_length() {
    let node = ok();
    node.behave(Behaviour::Truncate { missing: 3 });
    assert_eq!(get(&node, "/metrics", ""), PLAIN.strip_suffix(" 1\n").expect("the end of the page"));
}

#[test]
fn wrong_answers_garbage_and_nothing_at_all() {
    let node = ok();
    node.behave(Behaviour::Fixed(Answer::html(503, "<h1>busy</h1>")));
    let busy = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 13\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n<h1>busy</h1>";
    assert_eq!(get(&node, "/metrics", ""), busy);
    node.behave(Behaviour::Garbage(vec![0, 255, 7]));
    assert_eq!(ask_raw(&node, "GET /metrics HTTP/1.1\r\n\r\n"), [0, 255, 7]);
    node.behave(Behaviour::Close);
    assert_eq!(ask_raw(&node, "GET /metrics HTTP/1.1\r\n\r\n"), b"");
    node.behave(Behaviour::Answer);
    assert_eq!(get(&node, "/metrics", ""), PLAIN);
}

#[test]
fn an_endless_page_goes_on_until_the_reader_has_enough() {
    let node = ok();
    node.behave(Behaviour::Endless);
    let mut stream = open(&node);
    stream.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").expect("the request is taken");
    let mut bytes = vec![0; 3_000_000];
    stream.read_exact(&mut bytes).expect("more than any page");
    stream.shutdown(Shutdown::Both).expect("enough");
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nendless_page 1\nendless_page 1\n";
    assert_eq!(&bytes[..head.len()], head.as_bytes());
}

#[test]
fn a_behaviour_can_be_of_one_path_only() {
    let node = ok();
    node.behave_on("/api", Behaviour::Fixed(Answer::html(401, "")));
    assert_eq!(get(&node, "/metrics", ""), PLAIN);
    assert_eq!(get(&node, "/api/health", "").lines().next(), Some("HTTP/1.1 401 Unauthorized"));
}

#[test]
fn a_frontend_compresses_metrics_and_then_everything_on_that_connection() {
    let cluster = Cluster::start(1, 0);
    cluster.edit(|world| world.gzip = true);
    cluster.edit(|world| world.frontends[0].page = b"up 1\n"[..].into());
    let mut stream = open(&cluster.frontends[0]);
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x05\0\xfa\xffup 1\n\x72\x90\xea\x82\x05\0\0\0";
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 28\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\nconnection: keep-alive\r\n\r\n";
    let head = b"GET /metrics HTTP/1.1\r\naccept-encoding: gzip\r\n\r\n";
    stream.write_all(head).expect("the request is taken");
    let mut bytes = vec![0; page.len() + gzip.len()];
    stream.read_exact(&mut bytes).expect("an answer");
    assert_eq!(bytes, [page.as_bytes(), gzip].concat(), "{}", String::from_utf8_lossy(&bytes));
    stream.write_all(b"GET /api/health HTTP/1.1\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n").expect("taken");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("an answer and the end");
    assert!(String::from_utf8_lossy(&rest).contains("content-encoding: gzip\r\n"));
}

#[test]
fn show_answers_are_the_recorded_ones_with_the_ports_of_the_replay() {
    let cluster = Cluster::start(3, 3);
    let port = cluster.backends[0].address().port().to_string();
    let mut expected = String::from_utf8(recorded("20_live_t0/sql_show_backends.body")).expect("text");
    for old in ["12103", "12107", "12111"] {
        expected = expected.replace(&format!("\"HttpPort\":\"{old}\""), &format!("\"HttpPort\":\"{port}\""));
    }
    assert_eq!(unchunked(&sql(&cluster.frontends[0], ROOT, "show  backends ;")), expected);

    // The same rows over the older way, without load figures from one that does not lead unless it forwards.
    let rows =
        |node: &Node, target: &str| -> Vec<Row> { serde_json::from_str(body(&get(node, target, ROOT))).expect("rows") };
    let leaders = rows(&cluster.frontends[0], "/api/show_proc?path=/backends");
    assert_eq!(leaders.len(), 3);
    assert_eq!(leaders[0]["CpuUsedPct"], "27.3 %");
    assert_eq!(rows(&cluster.frontends[1], "/api/show_proc?path=/backends&forward=true"), leaders);
    assert_eq!(rows(&cluster.frontends[1], "/api/show_proc?path=/backends")[0]["CpuUsedPct"], "0.0 %");

    let frontends = rows(&cluster.frontends[2], "/api/show_proc?path=/frontends");
    let seen: Vec<_> =
        frontends.iter().map(|row| format!("{} {} {}", row["IP"], row["Role"], row["HttpPort"])).collect();
    let port = cluster.frontends[0].address().port();
    let expected = [("127.0.0.3", "OBSERVER"), ("127.0.0.1", "LEADER"), ("127.0.0.2", "FOLLOWER")];
    assert_eq!(seen, expected.map(|(ip, role)| format!("\"{ip}\" \"{role}\" \"{port}\"")));
    assert_eq!(cluster.named(&format!("http://127.0.0.2:{port}/metrics")), "http://127.0.0.2:18030/metrics");
}

#[test]
fn logins_and_privileges_are_told_apart_as_the_real_one_does() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| {
        world.allow("m_op", "x", Rights::Operate);
        world.allow("m_none", "x", Rights::Nothing);
    });
    let node = &cluster.frontends[0];
    let proc = "/api/show_proc?path=/backends";
    let no_login = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 96\r\nwww-authenticate: Basic realm=\"\"\r\n\
        content-type: text/html\r\nconnection: close\r\n\r\n\
        {\"status\":\"FAILED\",\"code\":\"1\",\"msg\":\"Need auth information.\",\"message\":\"Need auth information.\"}";
    assert_eq!(get(node, proc, ""), no_login);
    assert_eq!(sql(node, "", "SHOW BACKENDS"), no_login);

    let status = |answer: String| answer.split(' ').nth(1).map(str::to_owned).unwrap_or_default();
    let (wrong, operate, nothing) = ("cm9vdDp3cm9uZw==", "bV9vcDp4", "bV9ub25lOng=");
    let seen = [wrong, operate, nothing].map(|login| {
        let header = format!("authorization: Basic {login}\r\n");
        [
            status(get(node, "/metrics", &header)),
            status(get(node, proc, &header)),
            status(sql(node, &header, "SHOW BACKENDS")),
        ]
    });
    assert_eq!(seen, [["200", "401", "401"], ["200", "401", "200"], ["200", "401", "500"]]);
}

#[test]
fn an_older_frontend_has_no_sql_endpoint_and_a_broken_statement_is_500() {
    let cluster = Cluster::start(1, 1);
    let node = &cluster.frontends[0];
    let syntax = sql(node, ROOT, "selec");
    assert_eq!(syntax.lines().next(), Some("HTTP/1.1 500 Internal Server Error"));
    assert_eq!(body(&syntax).as_bytes(), recorded("20_live_t0/sql_syntax_error.body"));
    cluster.edit(|world| world.sql = false);
    assert_eq!(sql(node, ROOT, "SHOW BACKENDS").lines().next(), Some("HTTP/1.1 404 Not Found"));
    assert_eq!(sql(node, "", "SHOW BACKENDS").lines().next(), Some("HTTP/1.1 401 Unauthorized"));
    assert_eq!(body(&get(node, "/api/show_proc?path=/nosuch", ROOT)), "[]");
}

#[test]
fn without_a_leader_survivors_answer_for_themselves_and_forwarding_fails_with_200() {
    let cluster = Cluster::start(3, 1);
    cluster.edit(|world| world.lose_quorum());
    assert!(TcpStream::connect(cluster.frontends[0].address()).is_err());
    let survivor = &cluster.frontends[1];
    let failed = get(survivor, "/api/show_proc?path=/backends&forward=true", ROOT);
    assert_eq!(failed.lines().next(), Some("HTTP/1.1 200 OK"));
    assert_eq!(body(&failed), "Failed to forward stmt: show proc '/backends'");
    let answer = unchunked(&sql(survivor, ROOT, "SHOW FRONTENDS"));
    let counts = ["LEADER", "\"Alive\":\"true\"", "\"Join\":\"false\""].map(|text| answer.matches(text).count());
    assert_eq!(counts, [0, 3, 3]);
}

#[test]
fn show_can_come_as_lines_of_json() {
    let cluster = Cluster::start(1, 0);
    cluster.edit(|world| {
        world.ndjson = true;
        world.frontends[0].row.retain(|column, _| column == "Id" || column == "IP");
    });
    let port = cluster.frontends[0].address().port();
    let column = |name: &str| format!("{{\"name\":\"{name}\",\"type\":\"varchar(30)\"}}");
    let expected = [
        "{\"connectionId\":16777223}".to_owned(),
        format!("{{\"meta\":[{},{},{}]}}", column("Id"), column("IP"), column("HttpPort")),
        format!("{{\"data\":[\"1\",\"127.0.0.1\",\"{port}\"]}}"),
        "{\"statistics\":{\"scanRows\":0,\"scanBytes\":0,\"returnRows\":1}}\n".to_owned(),
    ];
    assert_eq!(unchunked(&sql(&cluster.frontends[0], ROOT, "SHOW FRONTENDS")), expected.join("\n"));
}

/// One line a moment: for each frontend queries and nodes alive, for each backend what the leader says and what its own
/// page says; `-` is a port that refuses.
fn story() -> Vec<String> {
    let demo = demo_cluster();
    let line = |index: usize| {
        let at = demo.step(index);
        let mut words = vec![replay::printed(at, 0)[11..].to_owned()];
        let page = |node: &Node| node.is_up().then(|| Page::parse(body(&get(node, "/metrics", "")).as_bytes()));
        let text = |page: &Page, series: &str| page.text(series).unwrap_or("?").to_owned();
        for node in &demo.cluster.frontends {
            words.push(page(node).map_or("-".to_owned(), |page| text(&page, "starrocks_fe_query_total")));
        }
        let rows = unchunked(&sql(&demo.cluster.frontends[0], ROOT, "SHOW BACKENDS"));
        let answer: serde_json::Value = serde_json::from_str(&rows).expect("one object");
        for (node, row) in demo.cluster.backends.iter().zip(answer["data"].as_array().expect("rows")) {
            let beat = row["LastHeartbeat"].as_str().expect("a time");
            let own = page(node).map_or("-".to_owned(), |page| text(&page, "starrocks_be_fragment_requests_total"));
            words.push(format!("{}@{}:{own}", row["Alive"].as_str().expect("a word"), &beat[14..]));
        }
        words.join(" ")
    };
    (0..demo.len()).map(line).collect()
}

#[test]
fn the_demo_tells_its_story() {
    let expected = [
        "02:28:58 2 0 0 true@28:55:4321 true@28:55:4321 true@28:55:4321",
        "02:29:23 52 25 12 true@29:20:4681 true@29:20:4771 true@29:20:4861",
        "02:29:48 102 50 25 true@29:45:5041 true@29:45:5221 true@29:45:5401",
        "02:30:13 127 62 31 true@30:10:5401 true@30:10:5671 true@30:10:5941",
        "02:30:38 177 87 43 true@30:35:5761 true@30:35:6121 true@30:35:6481",
        "02:31:03 227 112 56 true@31:00:6121 true@30:50:- true@31:00:7021",
        "02:31:28 277 137 68 true@31:25:6481 false@30:50:- true@31:25:7561",
        "02:31:53 327 162 81 true@31:50:6841 false@30:50:- true@31:50:8101",
        "02:32:18 352 175 87 true@32:15:7201 true@32:15:180 true@32:15:8642",
        "02:32:43 352 - 87 true@32:40:7561 true@32:40:630 true@32:40:9182",
        "02:33:08 352 0 87 true@33:05:7921 true@33:05:1080 true@33:05:9722",
        "02:33:33 352 0 87 true@33:30:8281 true@33:30:1530 true@33:30:10262",
    ];
    assert_eq!(story(), expected);
}

#[test]
fn a_restarted_backend_counts_from_zero_while_its_host_goes_on() {
    let demo = demo_cluster();
    let page = |moment: usize| Page::parse(&demo.moments[moment].backends[1].page);
    let seen = |moment: usize| {
        let series = ["process_uptime", "starrocks_be_query_scan_bytes", "starrocks_be_cpu{mode=\"user\"}"];
        series.map(|series| page(moment).text(series).map(str::to_owned).unwrap_or_default())
    };
    assert_eq!(seen(4), ["3700", "174897117", "386922"]);
    assert_eq!(seen(8), ["10", "5144032", "421922"]);
    assert_eq!(demo.moments[8].backends[1].row["LastStartTime"], "2026-11-22 02:32:08");
}

#[test]
fn an_application_refuses_answers_its_recorded_pages_and_refuses_again() {
    // Looks at each generation, and those among them that it answered.
    let counted = ["A", "B", "C"].map(|generation| {
        let looks = life(generation);
        let answered = looks.iter().filter(|look| look.page.is_some()).count();
        assert!(looks[0].page.is_none() && looks.last().is_some_and(|look| look.page.is_none()), "{generation}");
        (looks.len(), answered)
    });
    assert_eq!(counted, [(30, 28), (53, 49), (53, 49)]);

    let application = Application::of_generation("C");
    let refused = || TcpStream::connect(application.node.address()).map(drop).map_err(|error| error.kind());
    assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
    assert_eq!(application.step(1), 1_795_313_490);
    let answer = get(&application.node, "/metrics", "");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8; escaping=values\r\n\
                transfer-encoding: chunked";
    assert_eq!(answer.split_once("\r\n\r\n").expect("a head").0, head);
    let recorded = application.looks()[1].page.clone().expect("a page").body;
    assert_eq!(unchunked(&answer).as_bytes(), &*recorded);
    let zipped = get(&application.node, "/metrics", "accept-encoding: gzip\r\n");
    assert!(zipped.starts_with("HTTP/1.1 200 OK") && zipped.contains("content-encoding: gzip\r\n"), "{zipped}");
    let others = [("GET", "/health"), ("GET", "/metrics/"), ("GET", "/"), ("HEAD", "/metrics"), ("POST", "/metrics")];
    let status = |(method, target): (&str, &str)| {
        let answer = ask_raw(&application.node, &format!("{method} {target} HTTP/1.1\r\nconnection: close\r\n\r\n"));
        String::from_utf8_lossy(&answer[9..12]).into_owned()
    };
    assert_eq!(others.map(status), ["200", "301", "404", "404", "404"]);
    application.edit(|answering| answering.login = Some(("prom".to_owned(), "pw".to_owned())));
    assert!(get(&application.node, "/metrics", "").starts_with("HTTP/1.1 401"));
    assert!(get(&application.node, "/metrics", "authorization: Basic cHJvbTpwdw==\r\n").starts_with("HTTP/1.1 200"));
    application.step(52);
    assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
}
