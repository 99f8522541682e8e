//! Answers that are made to hurt: wrong codings, endless or torn bodies, redirects, lists that lie about addresses. None
//! costs another node's values, none reaches a host that nobody named, none steers a terminal.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::common::replay::{Answer, Behaviour, Cluster, Node, START};
use crate::faults::Case;
use crate::program::{Stage, ended, silent};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    coder.write_all(body).expect("memory takes it");
    coder.finish().expect("memory takes it")
}

fn coded(coding: &str, body: Vec<u8>) -> Behaviour {
    Behaviour::Fixed(Answer::page(body).header("content-encoding", coding))
}

/// The whole answer as it goes over the wire, then the end of the connection.
fn raw(head: &str, body: &[u8]) -> Behaviour {
    Behaviour::Garbage([format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), body].concat())
}

fn page_of(case: &Case) -> Vec<u8> {
    case.cluster.world().backends[1].page.to_vec()
}

#[test]
fn a_coding_that_nobody_asked_for_is_named() {
    for coding in ["deflate", "zstd", "gzip, gzip"] {
        let problem = format!("the answer is compressed with `{coding}`, which nobody asked for");
        Case::new("").backend(coded(coding, vec![0x78, 0x9c, 3, 0]), &problem);
    }
}

#[test]
fn gzip_is_read_though_nobody_asked_for_it() {
    let case = Case::new("");
    case.cluster.backends[1].behave(coded("gzip", gzip(&page_of(&case))));
    assert_eq!(case.run(), silent());
    assert_eq!(Case::node_rows(&case.stage), case.good);
}

#[test]
fn damaged_gzip_is_no_page() {
    let case = Case::new("");
    let mut damaged = gzip(&page_of(&case));
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    case.backend(coded("gzip", damaged), "the answer's compression is damaged");
    Case::new("").backend(coded("gzip", b"no gzip at all".to_vec()), "the answer's compression is damaged");
}

#[test]
fn gzip_that_ends_early_is_no_page() {
    let case = Case::new("");
    let mut cut = gzip(&page_of(&case));
    cut.truncate(cut.len() / 2);
    case.backend(coded("gzip", cut), "the answer's compression is damaged");
}

#[test]
fn a_gzip_bomb_is_given_up_at_the_limit_of_what_it_becomes() {
    let bomb = gzip(&b"starrocks_be_process_mem_bytes 1\n".repeat(3 << 20));
    assert!(bomb.len() < 1 << 20, "{} bytes", bomb.len());
    Case::new("timeout = \"25s\"").backend(coded("gzip", bomb), "the answer is larger than 64 MiB");
}

#[test]
fn chunks_without_an_end_are_no_page() {
    let case = Case::new("");
    let page = page_of(&case);
    let body = [format!("{:x}\r\n", page.len()).as_bytes(), &page, b"\r\n"].concat();
    let head = "content-type: text/plain\r\ntransfer-encoding: chunked\r\n";
    case.backend(raw(head, &body), "the connection ended before the answer was whole");
}

#[test]
fn a_page_without_a_length_that_ends_in_a_number_is_no_page() {
    let case = Case::new("");
    let page = page_of(&case);
    let line = b"\nstarrocks_be_process_mem_bytes ";
    let start = page.windows(line.len()).position(|window| window == line).expect("the line is on the page");
    // `123` of what was once `123456`.
    let cut = &page[..start + line.len() + 3];
    let problem = "the page ends in the middle: it was cut off on its way";
    case.backend(raw("content-type: text/plain\r\nconnection: close\r\n", cut), problem);
}

#[test]
fn an_endless_head_is_given_up() {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    (0..100_000).for_each(|number| head.extend(format!("x-{number}: y\r\n").bytes()));
    let case = Case::new("timeout = \"5s\"");
    case.backend(Behaviour::Garbage(head), "not an HTTP answer: too many headers; is this an https:// port?");
}

#[test]
fn carriage_returns_and_a_hundred_thousand_lines_of_others_change_nothing() {
    let case = Case::new("timeout = \"25s\"");
    let mut page = String::from_utf8(page_of(&case)).expect("text").replace('\n', "\r\n");
    page.push_str("# TYPE starrocks_be_table_scan_rows counter\r\n");
    (0..100_000).for_each(|id| page.push_str(&format!("starrocks_be_table_scan_rows{{table_id=\"{id}\"}} 1\r\n")));
    case.cluster.backends[1].behave(Behaviour::Fixed(Answer::page(page.into_bytes())));
    assert_eq!(case.run(), silent());
    let without_count = |rows: &[String]| rows.iter().map(|row| row.replace("|100699|", "|699|")).collect::<Vec<_>>();
    assert_eq!(without_count(&Case::node_rows(&case.stage)), without_count(&case.good));
}

#[test]
fn no_redirect_is_followed_and_no_login_leaves_the_cluster() {
    let cluster = Cluster::start(2, 1);
    let stranger = Node::start(|_| Answer::page(&b"starrocks_fe_query_total 1\n"[..]));
    for (node, status) in cluster.nodes().zip([302, 307, 301]) {
        let target = format!("{}/metrics", stranger.url());
        node.behave(Behaviour::Fixed(Answer::html(status, "").header("location", &target)));
    }
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    let line = |host: u8, status: u16| {
        format!(
            "error: shop: http://127.0.0.{host}:18030/metrics: {status}: redirected elsewhere; give the address of the node itself\n"
        )
    };
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(4, "", line(1, 302) + &line(2, 307)));
    assert_eq!(stranger.asked(), [""; 0]);
}

#[test]
fn a_redirect_of_the_lists_takes_the_login_nowhere() {
    let cluster = Cluster::start(1, 1);
    let stranger = Node::start(|_| Answer::json("[]"));
    let redirect = Answer::html(307, "").header("location", &stranger.url());
    cluster.frontends[0].behave_on("/api", Behaviour::Fixed(redirect));
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\npages = { runtime_info = false }");
    let told = "warning: shop: http://127.0.0.1:18030 SHOW FRONTENDS, SHOW BACKENDS, SHOW COMPUTE NODES: 307: redirected \
                elsewhere; give the address of the node itself\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", told));
    assert_eq!(stranger.asked(), [""; 0]);
}

/// A cluster of one frontend and two backends whose list of backends is this.
fn with_backends(rows: impl FnOnce(&[serde_json::Value]) -> String) -> (Cluster, Stage) {
    let cluster = Cluster::start(1, 2);
    cluster.edit(|world| {
        let honest: Vec<serde_json::Value> = world.backends.iter().map(|node| json!(node.row)).collect();
        let answer = Answer::json(&rows(&honest));
        world.instead.push(("SHOW BACKENDS".to_owned(), answer));
    });
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    (cluster, stage)
}

#[test]
fn a_list_of_nodes_sends_a_plain_question_without_a_login_or_none_at_all() {
    let stranger = Node::start(|_| Answer::html(404, ""));
    let port = stranger.address().port().to_string();
    let addresses =
        ["127.0.0.1:1/x?", "root@127.0.0.1", "127.0.0.1#", "127.0.0.1/", "a b", "127.0.0.1\r\nx: y", "127.0.0.1"];
    let (cluster, stage) = with_backends(|_| {
        let row = |(id, ip): (usize, &&str)| json!({"BackendId": id.to_string(), "IP": ip, "HttpPort": port, "Alive": "true"});
        json!({"data": addresses.iter().enumerate().map(row).collect::<Vec<_>>()}).to_string()
    });
    let told = format!("warning: shop: {}/metrics: 404 Not Found\n", stranger.url());
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", told));
    assert_eq!(stranger.asked(), ["GET /metrics"]);
    assert!(stranger.requests().iter().all(|request| request.login().is_none()));
    assert_eq!(
        stage.rows("SELECT node, instance IS NULL FROM node_snapshots WHERE node LIKE 'be:%' ORDER BY node"),
        "be:0|1\nbe:1|1\nbe:2|1\nbe:3|1\nbe:4|1\nbe:5|1\nbe:6|0\n"
    );
}

#[test]
fn an_answer_that_is_no_list_is_no_empty_list() {
    let nested = format!("{{\"data\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let columns: String = (0..1_001).map(|number| format!("\"c{number}\":\"1\",")).collect();
    let wide = format!("{{\"data\":[{{{columns}\"BackendId\":\"1\"}}]}}");
    type MakeAnswer<'a> = &'a dyn Fn(&[serde_json::Value]) -> String;
    let cases: [(MakeAnswer, &str); 7] = [
        (&|_| "Failed to forward stmt".to_owned(), "the SQL answer is not whole JSON"),
        (&|_| nested.clone(), "the SQL answer is not whole JSON"),
        (&|_| wide.clone(), "the answer has more than 100000 rows or 1000 columns"),
        (&|_| "{\"data\":[1,2]}".to_owned(), "the SQL answer's rows have an unknown form"),
        (&|_| "[]".to_owned(), "the SQL answer has no rows and no column titles"),
        (
            &|rows| json!({"data": &rows[..1], "statistics": {"returnRows": 2}}).to_string(),
            "the SQL answer has 1 of 2 rows",
        ),
        (
            &|rows| {
                let whole = json!({"data": rows}).to_string();
                whole[..whole.len() / 2].to_owned()
            },
            "the SQL answer is not whole JSON",
        ),
    ];
    for (answer, problem) in cases {
        let (cluster, stage) = with_backends(|rows| answer(rows));
        // Nor does the old way answer.
        cluster.edit(|world| world.instead.push(("/api/show_proc".to_owned(), Answer::json("[[]]"))));
        let told = format!("warning: shop: http://127.0.0.1:18030 SHOW BACKENDS: {problem}\n");
        assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", told));
        // The frontend's page still knows how many there are; nobody knows their tablets.
        assert_eq!(
            stage.rows("SELECT backends, tablet_replicas, frontends_alive FROM metrics_snapshots"),
            "2|NULL|1\n"
        );
    }
}

#[test]
fn cells_of_wrong_types_double_keys_and_huge_texts_are_read_as_far_as_they_mean_something() {
    let (cluster, stage) = with_backends(|rows| {
        let mut rows = rows.to_vec();
        rows[0]["TabletNum"] = json!(["1", {"x": 2}]);
        rows[0]["CpuCores"] = json!(16);
        rows[0]["MemLimit"] = json!("9".repeat(1_000_000));
        rows[0]["Rows"] = json!("77");
        rows[0]["Info"] = json!("78");
        rows[0]["tablet-num"] = json!("5");
        rows[0]["Instance"] = json!("127.0.0.99:1");
        rows[1]["Version"] = json!("x".repeat(1_000_000));
        json!({"data": rows}).to_string().replace("\"Alive\":\"true\"", "\"Alive\":\"false\",\"Alive\":true")
    });
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), silent());
    assert_eq!(
        stage.rows("SELECT backends, backends_alive, tablet_replicas, be_cpu_cores FROM metrics_snapshots"),
        "2|2|5|32\n"
    );
    assert_eq!(
        stage.rows("SELECT node, length(version), tablets FROM node_snapshots WHERE node LIKE 'be:%' ORDER BY node"),
        "be:100001|13|5\nbe:100002|1000|0\n"
    );
}

#[test]
fn what_a_node_calls_itself_steers_no_terminal() {
    let (cluster, stage) = with_backends(|rows| {
        let mut rows = rows.to_vec();
        rows[0]["Version"] = json!("\u{1b}[2J\u{202e}4.0\u{7}\n<script>'; DROP TABLE x; --");
        rows[0]["BackendId"] = json!("1\u{1b}]0;owned\u{7}\r\n\u{2066}2");
        json!({"data": rows}).to_string()
    });
    cluster.edit(|world| {
        let refusal = json!({"status": "FAILED", "msg": "Access\u{1b}[31m \u{202e}denied\nerror: all is lost"});
        world.instead.push(("SHOW COMPUTE NODES".to_owned(), Answer::json(&refusal.to_string())));
        world.instead.push(("/api/show_proc".to_owned(), Answer::html(200, "\u{1b}[2J")));
    });
    let told = "warning: shop: http://127.0.0.1:18030 SHOW COMPUTE NODES: Access [31m  denied error: all is lost\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", told));
    for words in [&["report"][..], &["report", "--cluster", "shop"], &["report", "--json"], &["collect-once", "--json"]]
    {
        let shown = stage.run(START + 30, words);
        let steers = |letter: char| (letter.is_control() && letter != '\n') || "\u{202e}\u{2066}".contains(letter);
        assert!(!shown.stdout.contains(steers) && !shown.stderr.contains(steers), "{shown:?}");
    }
    assert_eq!(
        stage.rows("SELECT DISTINCT node, version FROM node_snapshots WHERE version LIKE '%script%'"),
        "be:1 ]0;owned    2| [2J 4.0  <script>'; DROP TABLE x; --\n"
    );
}
