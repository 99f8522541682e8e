//! Which nodes a cluster has, and by which address each is fetched.

use serde_json::Value;

use crate::common::replay::{Answer, Cluster, Node, Rights, Row, START};
use crate::program::{Stage, block, ended, silent};

const NODES: &str =
    "SELECT node, instance, role, alive, reachable, process_memory_bytes IS NOT NULL FROM node_snapshots
                     WHERE node NOT LIKE 'fe%' ORDER BY collected_at, node";

fn set(row: &mut Row, cells: &[(&str, &str)]) {
    for (column, value) in cells {
        row.insert((*column).to_owned(), Value::from(*value));
    }
}

#[test]
fn compute_nodes_are_found_and_fetched_like_backends() {
    let cluster = Cluster::start(1, 1);
    let page = cluster.world().backends[0].page.clone();
    let compute_node = Node::start(move |_| Answer::page(page.clone()));
    cluster.edit(|world| {
        let mut row = world.backends[0].row.clone();
        row.remove("BackendId");
        let port = compute_node.address().port().to_string();
        set(&mut row, &[("ComputeNodeId", "200001"), ("IP", "127.0.0.1"), ("HttpPort", &port)]);
        world.compute_nodes.push(row);
    });
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(compute_node.asked(), ["GET /metrics"]);
    let instance = compute_node.instance();
    assert_eq!(
        cluster.named(&stage.rows(NODES)),
        format!("be:100001|127.0.0.10:18040|BACKEND|1|1|1\ncn:200001|{instance}|COMPUTE NODE|1|1|1\n")
    );
    let columns = "backends, backends_alive, compute_nodes, compute_nodes_alive, nodes_reachable";
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")), "1|1|1|1|2\n");
}

#[test]
fn a_backend_that_never_reported_has_a_row_and_is_not_asked() {
    let cluster = Cluster::start(1, 2);
    cluster.edit(|world| {
        let row = &mut world.backends[1].row;
        let never = [
            ("HttpPort", "-1"),
            ("BePort", "-1"),
            ("BrpcPort", "-1"),
            ("LastStartTime", "\\N"),
            ("LastHeartbeat", "\\N"),
        ];
        set(row, &never);
        set(row, &[("Alive", "false"), ("TabletNum", "0"), ("ErrMsg", "java.net.ConnectException")]);
        world.recount();
    });
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(cluster.backends[1].asked(), [""; 0]);
    assert_eq!(
        cluster.named(&stage.rows(NODES)),
        "be:100001|127.0.0.10:18040|BACKEND|1|1|1\nbe:100002|NULL|BACKEND|0|NULL|0\n"
    );
    assert_eq!(
        stage.rows("SELECT backends, backends_alive, backends_dead, nodes_reachable FROM metrics_snapshots"),
        "2|1|1|1\n"
    );
}

#[test]
fn configured_backends_stand_above_the_addresses_of_the_list() {
    let cluster = Cluster::start(1, 2);
    // A gate before the first backend; the second is not configured, so nobody asks it.
    let page = cluster.world().backends[0].page.clone();
    let gate = Node::start(move |_| Answer::page(page.clone()));
    cluster.edit(|world| set(&mut world.backends[0].row, &[("IP", "127.0.0.1")]));
    let more = format!("user = \"root\"\nbackends = [\"{}/be1\"]", gate.url());
    let stage = Stage::of(&cluster, "shop", &more);
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(gate.asked(), ["GET /be1/metrics"]);
    assert_eq!((cluster.backends[0].asked(), cluster.backends[1].asked()), (vec![], vec![]));
    let rows = cluster.named(&stage.rows(NODES)).replace(&gate.instance(), "GATE");
    assert_eq!(rows, "be:100001|GATE|BACKEND|1|1|1\nbe:100002|127.0.0.11:18040|BACKEND|1|NULL|0\n");
}

#[test]
fn a_leader_that_is_gone_before_another_is_elected_costs_its_own_page_only() {
    let cluster = Cluster::start(3, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    // Another frontend leads from now on, as its page and the list say.
    cluster.edit(|world| {
        world.frontends[1].page = world.frontends[0].page.clone();
        set(&mut world.frontends[0].row, &[("Role", "FOLLOWER"), ("Alive", "false")]);
        set(&mut world.frontends[1].row, &[("Role", "LEADER")]);
        world.frontends[0].down = true;
        world.leader = Some(1);
    });
    let told = "warning: shop: http://127.0.0.1:18030/metrics: connection refused\n";
    assert_eq!(stage.run(START + 25, &["collect-once"]).named(&cluster), ended(0, "", told));
    let columns = "frontends_leader, frontends_alive, frontends_reachable, backends_alive, be_cpu_used_ratio_max";
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")), "1|3|3|1|0.273\n1|2|2|1|0.273\n");
}

#[test]
fn answers_as_lines_of_json_are_read_like_one_document() {
    let cluster = Cluster::start(3, 2);
    cluster.edit(|world| {
        world.gzip = true;
        world.allow("monitor", "", Rights::Operate);
    });
    let rows = || {
        let stage = Stage::of(&cluster, "shop", "user = \"monitor\"");
        assert_eq!(stage.run(START, &["collect-once"]), silent());
        stage.rows("SELECT node, instance, role, version, alive, tablets FROM node_snapshots ORDER BY 1")
    };
    let one_document = rows();
    cluster.edit(|world| world.ndjson = true);
    assert_eq!(rows(), one_document);
    assert_eq!(one_document.lines().count(), 5);
}

#[test]
fn two_clusters_keep_their_nodes_apart() {
    let (shop, lab) = (Cluster::start(1, 1), Cluster::start(1, 2));
    let blocks = [block("shop", &shop.urls(), "user = \"root\""), block("lab", &lab.urls(), "user = \"root\"")];
    let stage = Stage::new(&blocks.concat());
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(
        stage.rows("SELECT cluster, node FROM nodes_latest WHERE node LIKE 'be%' ORDER BY 1, 2"),
        "lab|be:100001\nlab|be:100002\nshop|be:100001\n"
    );
    assert_eq!(stage.rows("SELECT cluster, backends FROM clusters_latest ORDER BY 1"), "lab|2\nshop|1\n");
}
