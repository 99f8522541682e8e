//! With which login a cluster is asked for its nodes, what happens without one, and that no secret gets out.

use std::time::Duration;

use crate::common::replay::{Behaviour, Cluster, Rights, START};
use crate::program::{Stage, block, ended, silent};

const SECRET: &str = "Pa55-nobody-may-see";
/// base64 of `monitor:` and the secret, as a header would have it.
const ENCODED: &str = "bW9uaXRvcjpQYTU1LW5vYm9keS1tYXktc2Vl";

const NODES: &str = "SELECT node, instance, role, alive, reachable FROM node_snapshots ORDER BY node";

const THREE_AND_TWO: &str = "be:100001|127.0.0.10:18040|BACKEND|1|1
be:100002|127.0.0.11:18040|BACKEND|1|1
fe:127.0.0.1_19010_1795314647872|127.0.0.1:18030|LEADER|1|1
fe:127.0.0.2_19010_1795314719392|127.0.0.2:18030|FOLLOWER|1|1
fe:127.0.0.3_19010_1795314719352|127.0.0.3:18030|OBSERVER|1|1
";

/// Requests of all frontends as `GET /metrics`, sorted; statements instead of the path of the SQL endpoint.
fn asked(cluster: &Cluster) -> Vec<String> {
    let mut asked: Vec<String> = Vec::new();
    for (index, node) in cluster.frontends.iter().enumerate() {
        for request in node.requests() {
            let what = match request.method.as_str() {
                "POST" => request.text(),
                _ => request.target.clone(),
            };
            asked.push(format!("{index} {what}"));
        }
    }
    asked.sort();
    asked
}

fn logins(cluster: &Cluster) -> Vec<Option<(String, String)>> {
    let mut logins: Vec<_> = cluster.frontends.iter().flat_map(|node| node.requests()).map(|one| one.login()).collect();
    logins.sort();
    logins.dedup();
    logins
}

/// Neither the password nor the header in anything that was printed or stored.
fn assert_no_secret(stage: &Stage, printed: &[&str]) {
    let mut places: Vec<(String, Vec<u8>)> =
        printed.iter().map(|text| ("the output".to_owned(), text.as_bytes().to_vec())).collect();
    for file in std::fs::read_dir(stage.folder()).expect("the folder") {
        let path = file.expect("a file").path();
        if !path.ends_with("config.toml") {
            places.push((path.display().to_string(), std::fs::read(&path).expect("its bytes")));
        }
    }
    assert!(places.iter().any(|(name, bytes)| name.ends_with("stellar.db") && bytes.len() > 8192));
    for secret in [SECRET, ENCODED] {
        for (name, bytes) in &places {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {name}");
        }
    }
}

#[test]
fn the_login_goes_with_every_request_to_a_frontend_and_with_none_to_a_backend() {
    let cluster = Cluster::start(3, 3);
    cluster.edit(|world| world.allow("monitor", SECRET, Rights::Operate));
    cluster.edit(|world| world.metrics_login = true);
    let stage = Stage::of(&cluster, "shop", &format!("user = \"monitor\"\npassword = \"{SECRET}\""));
    let ended = stage.run(START, &["collect-once", "-vv", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(logins(&cluster), [Some(("monitor".to_owned(), SECRET.to_owned()))]);
    for backend in &cluster.backends {
        assert_eq!(backend.requests().iter().map(|request| request.login()).collect::<Vec<_>>(), [None]);
    }
    assert_eq!(
        asked(&cluster),
        [
            "0 /api/show_runtime_info",
            "0 /metrics",
            "0 {\"query\":\"SHOW BACKENDS;\"}",
            "0 {\"query\":\"SHOW COMPUTE NODES;\"}",
            "0 {\"query\":\"SHOW FRONTENDS;\"}",
            "1 /api/show_runtime_info",
            "1 /metrics",
            "2 /api/show_runtime_info",
            "2 /metrics",
        ]
    );
    assert_no_secret(&stage, &[&ended.stdout, &ended.stderr]);
}

#[test]
fn a_user_without_a_password_sends_an_empty_one() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(logins(&cluster), [Some(("root".to_owned(), String::new()))]);
    assert_eq!(
        cluster.named(&stage.rows(NODES)),
        "be:100001|127.0.0.10:18040|BACKEND|1|1\nfe:127.0.0.1_19010_1795314647872|127.0.0.1:18030|LEADER|1|1\n"
    );
}

fn monitor() -> String {
    format!("user = \"monitor\"\npassword = \"{SECRET}\"")
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again_and_pages_without_login_are_stored() {
    let cluster = Cluster::start(3, 1);
    cluster.edit(|world| world.allow("monitor", "another", Rights::Operate));
    let stage = Stage::new(&format!("[collection]\nretries = 5\n{}", block("shop", &cluster.urls(), &monitor())));
    let told = stage.run(START, &["collect-once"]).named(&cluster);
    let refused = "error: shop: http://127.0.0.1:18030 SHOW FRONTENDS, SHOW BACKENDS, SHOW COMPUTE NODES: 401 \
                   Unauthorized for user `monitor` (password from DIR/config.toml:10): Access denied for \
                   monitor@127.0.0.1\n";
    assert_eq!(told, ended(0, "", refused));
    // Two pages of each frontend, and each list once.
    assert_eq!(asked(&cluster).len(), 9);
    // Under cron, quiet, somebody is mailed.
    assert_eq!(stage.run(START + 30, &["collect-once", "--quiet"]).named(&cluster), ended(0, "", refused));
    let folded = "  WARN  shop  http://127.0.0.1:18030/api/v1/catalogs/default_catalog/sql#SHOW BACKENDS, SHOW COMPUTE NODES, \
                  SHOW FRONTENDS: 401 Unauthorized for user `monitor` (password from DIR/config.toml:10): Access denied for \
                  monitor@127.0.0.1\n";
    let report = stage.run(START + 30, &["report"]).named(&cluster);
    assert!(report.stdout.contains(folded), "{report:?}");
    assert_eq!(
        stage.rows("SELECT frontends_reachable, frontends_leader, backends, tablet_replicas FROM metrics_snapshots"),
        "3|1|1|NULL\n3|1|1|NULL\n"
    );
    assert_no_secret(&stage, &[&told.stdout, &told.stderr]);
}

#[test]
fn a_wrong_password_for_the_pages_fails_the_cluster() {
    let cluster = Cluster::start(2, 1);
    cluster.edit(|world| world.metrics_login = true);
    let stage = Stage::of(&cluster, "shop", &monitor());
    let told = stage.run(START, &["collect-once"]).named(&cluster);
    let line = |host: u8| {
        format!(
            "error: shop: http://127.0.0.{host}:18030/metrics: 401 Unauthorized for user `monitor` (password from \
             DIR/config.toml:8): Access denied for monitor@127.0.0.1\n"
        )
    };
    assert_eq!(told, ended(4, "", line(1) + &line(2)));
    assert_eq!(asked(&cluster).iter().filter(|one| one.ends_with("/metrics")).count(), 2);
    assert_no_secret(&stage, &[&told.stdout, &told.stderr]);
}

#[test]
fn pages_that_want_a_login_say_so_when_there_is_none() {
    let cluster = Cluster::start(1, 0);
    cluster.edit(|world| world.metrics_login = true);
    let stage = Stage::of(&cluster, "shop", "");
    let told =
        "error: shop: http://127.0.0.1:18030/metrics: 401 Unauthorized: set `user` and a password for this target\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(4, "", told));
}

#[test]
fn a_missing_privilege_is_told_with_the_grant_that_mends_it() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.allow("m_none", "", Rights::Nothing));
    let stage = Stage::of(&cluster, "shop", "user = \"m_none\"");
    let denied = "warning: shop: http://127.0.0.1:18030 SHOW FRONTENDS, SHOW BACKENDS, SHOW COMPUTE NODES: HTTP status \
                  500: Access denied; you need (at least one of) the OPERATE OR NODE privilege(s) on SYSTEM for this \
                  operation. Please ask the admin to grant permission(s) or try activating existing roles using <set \
                  [defaul…; run: GRANT OPERATE ON SYSTEM TO USER m_none\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", denied));
}

#[test]
fn before_the_sql_endpoint_a_login_without_admin_roles_is_told_what_it_lacks() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| {
        world.allow("m_none", "", Rights::Operate);
        world.sql = false;
    });
    let stage = Stage::of(&cluster, "shop", "user = \"m_none\"");
    let denied = "warning: shop: http://127.0.0.1:18030 SHOW FRONTENDS, SHOW BACKENDS, SHOW COMPUTE NODES: 401 \
                  Unauthorized for user `m_none` (no password is set): Access denied \
                  for user 'm_none'@'%'. Please ask the admin to grant permission(s) or try activating existing roles \
                  using <set [default] role>. Current role(s): []. Inactivated role(s): []; before 3.2 the lists need the \
                  roles db_admin and user_admin: GRANT db_admin, user_admin TO USER m_none\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", denied));
}

#[test]
fn without_a_user_no_list_is_asked_for_and_static_backends_are() {
    let cluster = Cluster::start(3, 2);
    let backends: Vec<String> = cluster.backends.iter().map(|node| format!("\"{}\"", node.url())).collect();
    let stage = Stage::of(&cluster, "shop", &format!("backends = [{}]", backends.join(", ")));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let pages = ["/api/show_runtime_info", "/metrics"];
    let expected: Vec<String> = (0..3).flat_map(|own| pages.map(|page| format!("{own} {page}"))).collect();
    assert_eq!(asked(&cluster), expected);
    assert_eq!(logins(&cluster), [None]);
    assert_eq!(
        cluster.named(&stage.rows(NODES)),
        "be@127.0.0.10:18040|127.0.0.10:18040|BACKEND|NULL|1\n\
         be@127.0.0.11:18040|127.0.0.11:18040|BACKEND|NULL|1\n\
         fe@127.0.0.1:18030|127.0.0.1:18030|LEADER|NULL|1\n\
         fe@127.0.0.2:18030|127.0.0.2:18030|NULL|NULL|1\n\
         fe@127.0.0.3:18030|127.0.0.3:18030|NULL|NULL|1\n"
    );
}

#[test]
fn a_version_without_the_sql_endpoint_is_asked_for_its_lists_in_the_old_way() {
    let cluster = Cluster::start(3, 2);
    cluster.edit(|world| world.sql = false);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(
        asked(&cluster).into_iter().filter(|one| one.starts_with("0 ")).collect::<Vec<_>>(),
        [
            "0 /api/show_proc?path=/backends",
            "0 /api/show_proc?path=/compute_nodes",
            "0 /api/show_proc?path=/frontends",
            "0 /api/show_runtime_info",
            "0 /metrics",
            "0 {\"query\":\"SHOW BACKENDS;\"}",
            "0 {\"query\":\"SHOW COMPUTE NODES;\"}",
            "0 {\"query\":\"SHOW FRONTENDS;\"}",
        ]
    );
    assert_eq!(cluster.named(&stage.rows(NODES)), THREE_AND_TWO);
}

#[test]
fn frontends_beside_the_leader_forward_to_it() {
    let cluster = Cluster::start(3, 2);
    // The leader is not among the configured frontends.
    let stage = Stage::new(&block("shop", &cluster.urls()[1..], "user = \"root\""));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let lists = asked(&cluster).into_iter().filter(|one| one.contains("show_proc") || one.contains("query"));
    let lists: Vec<String> = lists.map(|one| one[2..].to_owned()).collect();
    assert_eq!(
        lists,
        [
            "/api/show_proc?path=/backends&forward=true",
            "/api/show_proc?path=/compute_nodes&forward=true",
            "/api/show_proc?path=/frontends&forward=true",
        ]
    );
    // The leader is known from the list, though nobody asked it.
    assert_eq!(
        cluster.named(&stage.rows(NODES)),
        THREE_AND_TWO.replace("127.0.0.1:18030|LEADER|1|1", "127.0.0.1:18030|LEADER|1|NULL")
    );
    let columns = "frontends, frontends_reachable, frontends_leader, be_cpu_used_ratio_max";
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")), "3|2|1|0.273\n");
}

#[test]
fn a_survivor_without_a_leader_gives_its_own_rows_and_nothing_that_only_a_leader_knows() {
    let cluster = Cluster::start(3, 2);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.edit(|world| world.lose_quorum());
    let told = "warning: shop: http://127.0.0.1:18030/metrics: connection refused\n";
    assert_eq!(stage.run(START + 25, &["collect-once"]).named(&cluster), ended(0, "", told));
    let columns = "frontends, frontends_alive, frontends_leader, frontends_reachable, backends, be_cpu_cores, \
                   be_cpu_used_ratio_max, be_memory_used_ratio_max, node_heartbeat_age_seconds, compaction_score_max";
    let led = "3|3|1|3|2|32|0.273|0.3241|3|0\n";
    assert_eq!(
        stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")),
        format!("{led}3|3|0|2|2|32|NULL|NULL|NULL|NULL\n")
    );
    let columns = "node, alive, cpu_used_ratio, queries_running IS NULL";
    assert_eq!(
        stage.rows(&format!("SELECT {columns} FROM node_snapshots WHERE node LIKE 'be:%' ORDER BY collected_at, node")),
        "be:100001|1|0.273|0\nbe:100002|1|0.262|0\nbe:100001|1|NULL|1\nbe:100002|1|NULL|1\n"
    );
}

#[test]
fn a_lost_quorum_is_seen_by_a_user_who_may_only_operate() {
    let cluster = Cluster::start(3, 2);
    cluster.edit(|world| world.allow("monitor", SECRET, Rights::Operate));
    let stage = Stage::of(&cluster, "shop", &monitor());
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.edit(|world| world.lose_quorum());
    let told = "warning: shop: http://127.0.0.1:18030/metrics: connection refused\n";
    assert_eq!(stage.run(START + 25, &["collect-once"]).named(&cluster), ended(0, "", told));
    let columns = "frontends, frontends_leader, backends, be_cpu_used_ratio_max";
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")), "3|1|2|0.273\n3|0|2|NULL\n");
}

#[test]
fn a_leader_that_hangs_altogether_costs_no_backend() {
    let cluster = Cluster::start(3, 2);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\ntimeout = \"1s\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.frontends[0].behave(Behaviour::Hang);
    let told = "warning: shop: http://127.0.0.1:18030/metrics: no whole answer after 1 s\n";
    assert_eq!(stage.run(START + 25, &["collect-once"]).named(&cluster), ended(0, "", told));
    let columns = "frontends, frontends_reachable, backends, nodes_reachable";
    assert_eq!(stage.rows(&format!("SELECT {columns} FROM metrics_snapshots")), "3|3|2|2\n3|2|2|2\n");
}

#[test]
fn a_frontend_that_wrongly_calls_itself_the_leader_gives_no_zeros_for_figures() {
    let cluster = Cluster::start(3, 2);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    // The follower prints the page of a leader, and before the leader does.
    cluster.edit(|world| world.frontends[1].page = world.frontends[0].page.clone());
    cluster.frontends[0].behave_on("/metrics", Behaviour::Delay(Duration::from_millis(700)));
    let told = "warning: shop: 127.0.0.2:18030 calls itself the leader, but 127.0.0.1:18030 is: its lists are not taken for the leader's\n";
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", told));
    assert_eq!(
        stage.rows("SELECT frontends_leader, frontends_claiming_leader, backends_alive, be_cpu_used_ratio_max FROM metrics_snapshots"),
        "1|2|2|NULL\n"
    );
}

#[test]
fn a_leader_whose_sql_hangs_is_asked_in_the_old_way() {
    let cluster = Cluster::start(2, 1);
    cluster.frontends[0].behave_on("/api/v1", Behaviour::Hang);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\ntimeout = \"1s\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    let leader = "be:100001|127.0.0.10:18040|BACKEND|1|1\nfe:127.0.0.1_19010_1795314647872|127.0.0.1:18030|LEADER|1|1\n\
                  fe:127.0.0.2_19010_1795314719392|127.0.0.2:18030|FOLLOWER|1|1\n";
    assert_eq!(cluster.named(&stage.rows(NODES)), leader);
}
