//! With which login a cluster is asked for its nodes, what happens without one, and that no secret gets out.

use crate::common::replay::{Cluster, Rights, START};
use crate::program::{Stage, block, ended, silent};

const SECRET: &str = "Pa55-nobody-may-see";
/// base64 of `monitor:` and the secret, as a header would have it.
const ENCODED: &str = "bW9uaXRvcjpQYTU1LW5vYm9keS1tYXktc2Vl";

const NODES: &str = "SELECT node, instance, role, alive, reachable FROM node_snapshots ORDER BY node";

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

#[test]
fn a_wrong_password_is_told_and_not_tried_again_and_pages_without_login_are_stored() {
    let cluster = Cluster::start(3, 1);
    cluster.edit(|world| world.allow("monitor", "another", Rights::Operate));
    let stage = Stage::of(&cluster, "shop", &format!("user = \"monitor\"\npassword = \"{SECRET}\""));
    stage.configure(&format!(
        "[collection]\nretries = 5\n{}",
        block("shop", &cluster.urls(), &format!("user = \"monitor\"\npassword = \"{SECRET}\""))
    ));
    let told = stage.run(START, &["collect-once"]).named(&cluster);
    assert_eq!(told, ended(0, "", "?"));
    assert_eq!(asked(&cluster).len(), 9);
    assert_eq!(
        stage.rows("SELECT frontends_reachable, frontends_leader, backends, tablet_replicas FROM metrics_snapshots"),
        ""
    );
    assert_no_secret(&stage, &[&told.stdout, &told.stderr]);
}

#[test]
fn a_wrong_password_for_the_pages_fails_the_cluster() {
    let cluster = Cluster::start(2, 1);
    cluster.edit(|world| world.metrics_login = true);
    let stage = Stage::of(&cluster, "shop", &format!("user = \"monitor\"\npassword = \"{SECRET}\""));
    let told = stage.run(START, &["collect-once"]).named(&cluster);
    assert_eq!(told, ended(4, "", "?"));
    assert_no_secret(&stage, &[&told.stdout, &told.stderr]);
}

#[test]
fn pages_that_want_a_login_say_so_when_there_is_none() {
    let cluster = Cluster::start(1, 0);
    cluster.edit(|world| world.metrics_login = true);
    let stage = Stage::of(&cluster, "shop", "");
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(4, "", "?"));
}

#[test]
fn a_missing_privilege_is_told_with_the_grant_that_mends_it() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.allow("m_none", "", Rights::Nothing));
    let stage = Stage::of(&cluster, "shop", "user = \"m_none\"");
    assert_eq!(stage.run(START, &["collect-once"]).named(&cluster), ended(0, "", "?"));
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
    assert_eq!(cluster.named(&stage.rows(NODES)), "");
}

#[test]
fn a_version_without_the_sql_endpoint_is_asked_for_its_lists_in_the_old_way() {
    let cluster = Cluster::start(3, 2);
    cluster.edit(|world| world.sql = false);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(asked(&cluster), [""; 0]);
    assert_eq!(cluster.named(&stage.rows(NODES)), "");
}

#[test]
fn frontends_beside_the_leader_forward_to_it() {
    let cluster = Cluster::start(3, 2);
    let stage = Stage::of(&cluster, "shop", "");
    // The leader is not among the configured frontends.
    stage.configure(&block("shop", &cluster.urls()[1..], "user = \"root\""));
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(asked(&cluster), [""; 0]);
    assert_eq!(cluster.named(&stage.rows(NODES)), "");
    assert_eq!(stage.rows("SELECT frontends, frontends_leader, be_cpu_used_ratio_max FROM metrics_snapshots"), "");
}

#[test]
fn a_survivor_without_a_leader_gives_its_own_rows_and_nothing_that_only_a_leader_knows() {
    let cluster = Cluster::start(3, 2);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    cluster.edit(|world| world.lose_quorum());
    assert_eq!(stage.run(START + 25, &["collect-once"]).named(&cluster), ended(0, "", "?"));
    assert_eq!(
        stage.rows("SELECT frontends, frontends_alive, frontends_leader, frontends_reachable, backends, be_cpu_used_ratio_max, be_cpu_cores, fe_journal_written, compaction_score_max FROM metrics_snapshots"),
        ""
    );
    assert_eq!(stage.rows("SELECT node, cpu_used_ratio, queries_running, alive FROM node_snapshots WHERE node LIKE 'be:%' ORDER BY collected_at, node"), "");
}

#[test]
fn a_leader_whose_sql_hangs_is_asked_in_the_old_way() {
    use crate::common::replay::Behaviour;
    let cluster = Cluster::start(2, 1);
    cluster.frontends[0].behave_on("/api/v1", Behaviour::Hang);
    let stage = Stage::of(&cluster, "shop", "user = \"root\"\ntimeout = \"1s\"");
    assert_eq!(stage.run(START, &["collect-once"]), silent());
    assert_eq!(cluster.named(&stage.rows(NODES)), "");
}
