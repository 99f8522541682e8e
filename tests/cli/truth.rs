//! What StarRocks hides is shown as what it is: each is a reason of the report that names the node and says what to do.

use crate::common::replay::{Answer, Behaviour, Cluster, Node, Page, Request, Rights, START, demo_cluster, recorded};
use crate::program::{Stage, block};

const LATER: i64 = START + 25;
const LOGIN: &str = "user = \"root\"\ntimeout = \"1s\"";

/// Collects at a moment, whatever is told of it.
fn collect(stage: &Stage, at: i64) {
    let run = stage.run(at, &["collect-once", "--quiet"]);
    assert_eq!(run.code, 0, "{run:?}");
}

/// The reasons that the report gives right after a moment, also those that are pending, without how long.
fn reasons(stage: &Stage, cluster: &Cluster, at: i64) -> Vec<String> {
    let whole = told(stage, cluster, at);
    whole.iter().map(|reason| reason.split(PENDING).next().unwrap_or_default().to_owned()).collect()
}

const PENDING: &str = " (pending: ";

/// The reasons as they are told. Left out are failed queries: the recorded clients sent broken SQL.
fn told(stage: &Stage, cluster: &Cluster, at: i64) -> Vec<String> {
    let run = stage.run(at, &["report", "--json"]).named(cluster);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let reasons = document["clusters"][0]["reasons"].as_array().expect("reasons");
    let reasons = reasons.iter().map(|reason| reason.as_str().expect("a text").to_owned());
    reasons.filter(|reason| !reason.contains("of the queries failed (warn 5%)")).collect()
}

/// The reasons after one good collection, a change, and another collection.
fn reasons_after(cluster: &Cluster, more: &str, change: impl FnOnce(&Cluster)) -> Vec<String> {
    let stage = Stage::of(cluster, "shop", more);
    cluster.edit(|world| world.tick(START));
    collect(&stage, START);
    assert_eq!(reasons(&stage, cluster, START), [""; 0]);
    cluster.edit(|world| world.tick(LATER));
    change(cluster);
    collect(&stage, LATER);
    reasons(&stage, cluster, LATER)
}

fn set(row: &mut crate::common::replay::Row, column: &str, value: &str) {
    row.insert(column.to_owned(), serde_json::Value::from(value));
}

#[test]
fn a_healthy_cluster_gives_no_reason_from_its_first_collection_on() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "demo", LOGIN);
    for moment in 0..5 {
        let at = timeline.step(moment);
        collect(&stage, at);
        // Some of the recorded loads failed, for less than the five minutes that matter.
        let mut told = told(&stage, &timeline.cluster, at);
        told.retain(|reason| !reason.contains(PENDING));
        assert_eq!(told, [""; 0], "moment {moment}");
    }
}

#[test]
fn a_lost_quorum_is_told_though_every_survivor_calls_every_frontend_alive() {
    let cluster = Cluster::start(3, 1);
    assert_eq!(
        reasons_after(&cluster, LOGIN, |cluster| cluster.edit(|world| world.lose_quorum())),
        [
            "lost quorum: no frontend leads and nothing is written, whatever SHOW FRONTENDS calls alive; no answer from \
             127.0.0.1:18030",
            "http://127.0.0.1:18030/metrics: connection refused",
        ]
    );
}

#[test]
fn a_frozen_backend_is_told_by_name() {
    let cluster = Cluster::start(1, 3);
    assert_eq!(
        reasons_after(&cluster, LOGIN, |cluster| cluster.backends[1].behave(Behaviour::Hang)),
        [
            "no answer though connected: 127.0.0.11:18040; frozen, stopped or out of memory? Look at the process there; \
             SHOW may call it alive",
            "http://127.0.0.11:18040/metrics: no whole answer after 1 s",
        ]
    );
}

#[test]
fn a_backend_that_is_alive_by_show_and_cannot_be_reached_is_told_by_name() {
    let cluster = Cluster::start(1, 3);
    assert_eq!(
        reasons_after(&cluster, LOGIN, |cluster| cluster.backends[2].stop()),
        [
            "alive by SHOW, but its page cannot be read: 127.0.0.12:18040; all sums are partial. Does it run, and is its \
             port open from here?",
            "http://127.0.0.12:18040/metrics: connection refused",
        ]
    );
}

fn blacklist(ids: &[&str]) -> (String, Answer) {
    let rows = ids.iter().map(|id| serde_json::json!({"BackendId": id, "AddBlackListType": "AUTO"}));
    let answer = serde_json::json!({"meta": [{"name": "BackendId"}], "data": rows.collect::<Vec<_>>()});
    ("SHOW BACKEND BLACKLIST".to_owned(), Answer::json(&answer.to_string()))
}

#[test]
fn a_blacklisted_backend_is_told_though_it_is_alive() {
    let cluster = Cluster::start(2, 3);
    cluster.edit(|world| world.instead = vec![blacklist(&[])]);
    let more = format!("{LOGIN}\n[clusters.pages]\nblacklist = true");
    let told = reasons_after(&cluster, &more, |cluster| {
        cluster.edit(|world| world.instead = vec![blacklist(&["100002"])]);
    });
    assert_eq!(
        told,
        [
            "alive, but gets no queries: 127.0.0.11:18040 is on the blacklist of a frontend; see SHOW BACKEND BLACKLIST there"
        ]
    );
}

#[test]
fn a_login_that_may_not_see_the_blacklist_is_told_what_it_lacks() {
    let cluster = Cluster::start(1, 1);
    let message = "Access denied; you need (at least one of) the BLACKLIST privilege(s) on SYSTEM for this operation.";
    let refusal = serde_json::json!({"status": "FAILED", "msg": message}).to_string();
    let refusal = Answer::new(500, "application/json", refusal.into_bytes());
    cluster.edit(|world| {
        world.allow("my-monitor", "", Rights::Operate);
        world.instead = vec![("SHOW BACKEND BLACKLIST".to_owned(), refusal)];
        world.tick(START);
    });
    let stage = Stage::of(&cluster, "shop", "user = \"my-monitor\"\n[clusters.pages]\nblacklist = true");
    collect(&stage, START);
    assert_eq!(
        reasons(&stage, &cluster, START),
        [
            "the login may not see the blacklist; run: GRANT BLACKLIST ON SYSTEM TO USER 'my-monitor'".to_owned(),
            format!(
                "http://127.0.0.1:18030/api/v1/catalogs/default_catalog/sql#SHOW BACKEND BLACKLIST: HTTP status 500: {}",
                message.trim_end_matches('.')
            ),
        ]
    );
}

#[test]
fn a_login_that_may_not_see_the_nodes_is_told_the_grant() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.allow("m_none", "", Rights::Nothing));
    let stage = Stage::of(&cluster, "shop", "user = \"m_none\"");
    collect(&stage, START);
    let told = reasons(&stage, &cluster, START);
    assert_eq!(told[0], "the login may not see the nodes; run: GRANT OPERATE ON SYSTEM TO USER m_none");
    assert_eq!(stage.rows("SELECT privileges_missing, roles_missing FROM metrics_snapshots"), "3|0\n");
}

#[test]
fn a_login_that_lacks_the_roles_for_show_proc_is_told_them() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| {
        world.allow("m_none", "", Rights::Operate);
        world.sql = false;
    });
    let stage = Stage::of(&cluster, "shop", "user = \"m_none\"");
    collect(&stage, START);
    let told = reasons(&stage, &cluster, START);
    let grant = "the login gets no lists over show_proc, or pages without their tables; run: GRANT db_admin, user_admin TO \
                 USER m_none";
    assert_eq!(told[0], grant);
}

#[test]
fn a_page_without_the_tables_that_were_asked_for_is_a_missing_role() {
    let cluster = Cluster::start(1, 1);
    // As recorded: a login without the roles gets 200 and a page without them.
    let page = |name: &str| recorded(&format!("50_mv_rg_tables/{name}.body")).into();
    cluster.edit(|world| {
        world.allow("monitor", "", Rights::Operate);
        world.frontends[0].page = page("metrics_table_all");
    });
    let more = "user = \"monitor\"\n[clusters.pages]\ntable_metrics = true";
    let told = reasons_after(&cluster, more, |cluster| {
        cluster.edit(|world| world.frontends[0].page = page("metrics_rg_quote"));
    });
    assert_eq!(
        told,
        [
            "the login gets no lists over show_proc, or pages without their tables; run: GRANT db_admin, user_admin TO USER \
          monitor"
        ]
    );
}

#[test]
fn frontends_that_nobody_asks_make_the_figures_partial() {
    let cluster = Cluster::start(3, 1);
    let stage = Stage::new(&block("shop", &cluster.urls()[..2], LOGIN));
    cluster.edit(|world| world.tick(START));
    collect(&stage, START);
    assert_eq!(
        reasons(&stage, &cluster, START),
        ["1 of 3 frontends have no URL in the configuration: queries, errors and latencies are partial; add them to \
          `frontends`"]
    );
}

/// A gate on an address that no frontend has, which hands each request to the frontend that `choose` names.
fn balancer(cluster: &Cluster, choose: impl Fn(&Request) -> usize + Send + Sync + 'static) -> Node {
    let urls = cluster.urls();
    let gate = Node::start_on_one_port(&[std::net::Ipv4Addr::new(127, 0, 0, 77)]).remove(0);
    gate.handle(move |request| {
        let url = format!("{}{}", urls[choose(request)], request.target);
        let login = request.header("authorization").unwrap_or_default();
        let answer = match request.method.as_str() {
            "POST" => ureq::post(&url).header("authorization", login).send(&request.body[..]),
            _ => ureq::get(&url).header("authorization", login).call(),
        };
        let body = answer.and_then(|mut answer| answer.body_mut().read_to_vec()).expect("the frontend answers");
        Answer::new(200, "text/plain", body)
    });
    gate
}

#[test]
fn a_load_balancer_before_the_frontends_is_told_for_what_it_is() {
    let cluster = Cluster::start(3, 1);
    cluster.edit(|world| world.tick(START));
    let gate = balancer(&cluster, |_| 0);
    let stage = Stage::new(&block("shop", &[gate.url()], LOGIN));
    collect(&stage, START);
    let told = reasons(&stage, &cluster, START).join("\n").replace(&gate.instance(), "GATE");
    assert_eq!(
        told,
        "GATE is none of the frontends that SHOW FRONTENDS lists: a load balancer? Queries, errors and latencies are \
         partial; give every frontend's own URL in `frontends`"
    );
    let doctor = stage.run(START, &["doctor"]).stdout.replace(&gate.instance(), "GATE");
    let finding = "  finding  target shop  WARN: GATE is none of the frontends that SHOW FRONTENDS lists: a load balancer? Queries, \
                   errors and latencies are partial\n\
                   \x20                       do: give every frontend's own URL in `frontends`\n";
    assert!(doctor.contains(finding), "{doctor}");
    assert_eq!(
        stage.rows("SELECT frontends, frontends_not_asked, frontend_urls_unknown FROM metrics_snapshots"),
        "3|2|1\n"
    );
}

#[test]
fn a_gate_before_the_only_frontend_is_no_load_balancer() {
    let cluster = Cluster::start(1, 1);
    cluster.edit(|world| world.tick(START));
    let gate = balancer(&cluster, |_| 0);
    let stage = Stage::new(&block("shop", &[gate.url()], LOGIN));
    collect(&stage, START);
    assert_eq!(reasons(&stage, &cluster, START), [""; 0]);
}

#[test]
fn counters_that_step_back_without_a_restart_are_those_of_another_frontend() {
    let cluster = Cluster::start(2, 1);
    let counters = |page: &[u8], requests: u32, collections: u32| {
        let mut page = Page::parse(page);
        page.set("starrocks_fe_request_total", requests);
        page.set("jvm_young_gc{type=\"count\"}", collections);
        page.render().into()
    };
    cluster.edit(|world| {
        world.frontends[0].page = counters(&world.frontends[0].page, 9000, 40);
        world.frontends[1].page = counters(&world.frontends[1].page, 200, 90);
        world.tick(START);
    });
    // Every second page comes from the other frontend; what else is asked goes to the leader.
    let pages = std::sync::atomic::AtomicUsize::new(0);
    let gate = balancer(&cluster, move |request| match request.path() {
        "/metrics" => pages.fetch_add(1, std::sync::atomic::Ordering::SeqCst) % 2,
        _ => 0,
    });
    let stage = Stage::new(&block("shop", &[gate.url()], LOGIN));
    collect(&stage, START);
    cluster.edit(|world| world.tick(LATER));
    collect(&stage, LATER);
    let told = reasons(&stage, &cluster, LATER).join("\n").replace(&gate.instance(), "GATE");
    let stepped = "counters of GATE stepped back though no frontend restarted: a load balancer? Rates are wrong; give every \
                   frontend's own URL in `frontends`";
    assert!(told.lines().any(|line| line == stepped), "{told}");
    assert_eq!(stage.rows("SELECT frontend_counters_stepped_back FROM metrics_snapshots"), "NULL\n1\n");
}

#[test]
fn clocks_that_differ_are_told() {
    let cluster = Cluster::start(1, 1);
    let told = |ahead: i64| {
        let stage = Stage::of(&cluster, "shop", LOGIN);
        // In a zone eight hours east, to be told apart from the clock.
        cluster.edit(|world| {
            world.zone = 8 * 3600;
            world.tick(START + ahead);
        });
        collect(&stage, START);
        reasons(&stage, &cluster, START)
    };
    let differ = |by: &str| {
        format!(
            "the clocks of the leader and of this machine differ by {by}, or heartbeats have stopped; is NTP running on both?"
        )
    };
    assert_eq!(told(5), [""; 0]);
    assert_eq!(told(125), [differ("2m02s")]);
    assert_eq!(told(-125), [differ("2m08s")]);
    // So far that no time of the cluster can be read for certain.
    assert_eq!(told(-400), [differ("6m43s")]);
}

#[test]
fn a_backend_whose_clock_differs_is_told_by_name() {
    let cluster = Cluster::start(1, 2);
    cluster.edit(|world| world.tick(START));
    let pages = cluster.world().backends;
    // Behind, not ahead: what is certain of a clock ahead depends on how long the answer took.
    for (node, (backend, date)) in cluster
        .backends
        .iter()
        .zip(pages.into_iter().zip(["Sun, 22 Nov 2026 02:28:58 GMT", "Sun, 22 Nov 2026 02:27:46 GMT"]))
    {
        node.handle(move |_| Answer::page(backend.page.clone()).header("date", date));
    }
    let stage = Stage::of(&cluster, "shop", LOGIN);
    collect(&stage, START);
    let told = reasons(&stage, &cluster, START);
    assert_eq!(
        told,
        ["the clock there and that of this machine differ by up to 1m11s: 127.0.0.11:18040; is NTP running on both?"]
    );
}

#[test]
fn a_leader_change_names_both() {
    let cluster = Cluster::start(3, 1);
    let told = reasons_after(&cluster, LOGIN, |cluster| {
        cluster.edit(|world| {
            world.frontends[1].page = world.frontends[0].page.clone();
            let mut page = Page::parse(&world.frontends[0].page);
            page.remove("node_info{type=\"is_master\"}");
            world.frontends[0].page = page.render().into();
            set(&mut world.frontends[0].row, "Role", "FOLLOWER");
            set(&mut world.frontends[1].row, "Role", "LEADER");
            world.leader = Some(1);
        });
    });
    assert_eq!(told, ["the leader changed from 127.0.0.1:18030 to 127.0.0.2:18030"]);
}

#[test]
fn without_a_login_a_leader_change_is_seen_on_the_pages() {
    let cluster = Cluster::start(3, 1);
    let told = reasons_after(&cluster, "", |cluster| {
        cluster.edit(|world| {
            let page = world.frontends[0].page.clone();
            world.frontends[0].page = world.frontends[1].page.clone();
            world.frontends[1].page = page;
        });
    });
    assert!(told.contains(&"the leader changed from 127.0.0.1:18030 to 127.0.0.2:18030".to_owned()), "{told:?}");
}

#[test]
fn an_election_after_a_lost_quorum_names_the_new_leader() {
    let cluster = Cluster::start(3, 1);
    let stage = Stage::of(&cluster, "shop", LOGIN);
    cluster.edit(|world| world.tick(START));
    collect(&stage, START);
    cluster.edit(|world| world.lose_quorum());
    collect(&stage, LATER);
    cluster.edit(|world| {
        set(&mut world.frontends[1].row, "Role", "LEADER");
        set(&mut world.frontends[0].row, "Alive", "false");
        world.frontends[1].page = world.frontends[0].page.clone();
        world.leader = Some(1);
        world.tick(LATER + 25);
    });
    collect(&stage, LATER + 25);
    let told = reasons(&stage, &cluster, LATER + 25);
    assert_eq!(
        told,
        [
            "127.0.0.2:18030 leads now; at the previous collection no frontend did",
            "2 of 3 frontends alive",
            "http://127.0.0.1:18030/metrics: connection refused",
        ]
    );
}

#[test]
fn a_restart_names_the_node() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "demo", LOGIN);
    for moment in [7, 8] {
        collect(&stage, timeline.step(moment));
    }
    let told = reasons(&stage, &timeline.cluster, timeline.moments[8].at);
    assert!(told.contains(&"restarted since the previous collection: 127.0.0.11:18040".to_owned()), "{told:?}");
}
