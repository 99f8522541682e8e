//! What happens to the clusters whose every figure is compared.

use serde_json::{Value, json};

use crate::replay::{
    Answer, BackendPages, Cluster, Node, Page, Row, START, STEP, World, demo_cluster, printed, recorded,
};
use crate::story::Story;

const LEADER: &str = "node_info{type=\"is_master\"}";

/// The demo's dozen moments (a backend dies and comes back, a frontend restarts); then the leader is lost, and with it
/// the quorum; the survivors speak no SQL and cannot forward; another leads; the lost one comes back.
pub fn demo_and_lost_quorum() -> Story {
    let demo = demo_cluster();
    let cluster = &demo.cluster;
    let mut story = Story::begin(&cluster.urls(), "user = \"root\"\n");
    for index in 0..demo.len() {
        let at = demo.step(index);
        story.collect(&format!("moment {index}"), at);
    }
    let mut next = START + demo.len() as i64 * STEP;
    let mut then = |what: &str, change: &dyn Fn(&mut World, i64)| {
        cluster.edit(|world| change(world, next));
        story.collect(what, next);
        next += STEP;
    };
    then("the leader is lost", &|world, _| world.lose_quorum());
    then("nobody forwards", &|world, _| world.sql = false);
    then("another leads", &|world, now| {
        world.leader = Some(1);
        set(&mut world.frontends[0].row, "Alive", "false");
        set(&mut world.frontends[1].row, "Role", "LEADER");
        world.frontends[1..].iter_mut().for_each(|frontend| set(&mut frontend.row, "Join", "true"));
        world.frontends[1].page = with_line(&world.frontends[1].page, &format!("{LEADER} 1")).into();
        world.recount();
        world.tick(now);
    });
    then("the lost one is back", &|world, now| {
        let lost = &mut world.frontends[0];
        lost.down = false;
        set(&mut lost.row, "Alive", "true");
        set(&mut lost.row, "Join", "true");
        set(&mut lost.row, "StartTime", &printed(now - 10, 0));
        let mut page = Page::parse(&recorded("31_restart/metrics_after_2.body"));
        page.remove(LEADER);
        lost.page = page.render().into();
        world.recount();
        world.tick(now);
    });
    then("SQL is back", &|world, now| {
        world.sql = true;
        world.tick(now);
    });
    story
}

/// Pages alone: backends from the configuration, no lists; the leader goes, then every frontend.
pub fn without_a_login() -> Story {
    let demo = demo_cluster();
    let backends: Vec<String> = demo.cluster.backends.iter().map(Node::url).collect();
    let mut story = Story::begin(&demo.cluster.urls(), &format!("backends = {backends:?}\n"));
    // Among these the follower goes and comes back.
    for index in (0..2).chain(8..11) {
        let at = demo.step(index);
        story.collect(&format!("moment {index}"), at);
    }
    let mut next = START + 11 * STEP;
    for down in [1, 3] {
        demo.cluster.edit(|world| world.frontends[..down].iter_mut().for_each(|frontend| frontend.down = true));
        story.collect(&format!("{down} of the frontends down"), next);
        next += STEP;
    }
    demo.step(11);
    story.collect("all are back", next);
    story
}

/// The demo with metrics of the user's own, collected less regularly: moments 3 and 7 are left out.
pub fn with_metrics(expressions: &[&str]) -> Story {
    let demo = demo_cluster();
    let entries = expressions.iter().enumerate().map(|(index, expression)| {
        format!("[[metric]]\nname = \"{}\"\nexpr = '{expression}'\nunit = \"count\"\n", name_of(index))
    });
    let mut story = Story::begin(&demo.cluster.urls(), &format!("user = \"root\"\n{}", entries.collect::<String>()));
    for index in (0..demo.len()).filter(|index| ![3, 7].contains(index)) {
        let at = demo.step(index);
        story.collect(&format!("moment {index}"), at);
    }
    story
}

/// Of a metric that `with_metrics` defines.
pub fn name_of(index: usize) -> String {
    format!("over_a_range_{index}")
}

/// What the other clusters do not have: a compute node, the pages that are off by default, series that only busy or
/// differently configured frontends print, a URL that is none of the frontends.
pub fn with_everything_on() -> Story {
    let cluster = Cluster::start(1, 2);
    let compute_node = Node::start(|_| Answer::page(Vec::new()));
    let pages = BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt"));
    let gate = Node::start(|_| Answer::page(recorded("32_3fe_follower/metrics.body")));
    let more = "user = \"root\"\n[clusters.pages]\ntable_metrics = true\nmaterialized_views = true\n\
                blacklist = true\nstatistic = \"40s\"\ntransactions = \"25s\"\n";
    let mut story = Story::begin(&[cluster.urls(), vec![gate.url()]].concat(), more);
    for moment in 0..7 {
        let at = START + moment * STEP;
        // The compute node dies at 2, is dropped from the list at 3, joins again at 4 and begins anew at 6.
        let (down, dropped) = ((2..4).contains(&moment), moment == 3);
        let restarted = (moment >= 4).then_some(START + if moment >= 6 { 6 } else { 4 } * STEP - 10);
        if down {
            compute_node.stop();
        } else {
            compute_node.revive();
        }
        let since_restart = restarted.map(|restarted| (at - restarted) as f64);
        let page = shared_data_page(&pages.at((moment * STEP) as f64, 1.5, since_restart), moment);
        // It tells the same time at every moment: at first ahead of ours, then behind.
        let date = "Sun, 22 Nov 2026 02:30:00 GMT";
        compute_node.handle(move |_| Answer::page(page.clone()).header("date", date));
        cluster.edit(|world| {
            let listed = compute_node_row(&compute_node, at, !down, restarted.unwrap_or(START - 3600));
            world.compute_nodes = if dropped { Vec::new() } else { vec![listed] };
            set(&mut world.statistic[2], "UnhealthyTabletNum", &(moment * 3).to_string());
            world.transactions = vec![row(&[("DbId", "10004"), ("DbName", "shop")])];
            let counts = json!([{"State": "running", "Number": (moment + 2).to_string()}, {"State": "finished", "Number": "40"}]);
            let counts = json!({"meta": [{"name": "State"}, {"name": "Number"}], "data": counts}).to_string();
            let listed = if moment < 3 { json!([]) } else { json!([{"BackendId": "100002", "AddBlackListType": "AUTO"}]) };
            let blacklist = json!({"meta": [{"name": "BackendId"}], "data": listed}).to_string();
            world.instead = vec![
                ("SHOW PROC '/TRANSACTIONS/10004'".to_owned(), Answer::json(&counts)),
                ("SHOW BACKEND BLACKLIST".to_owned(), Answer::json(&blacklist)),
            ];
            world.frontends[0].page = busy_page(moment).into();
            world.recount();
            world.tick(at);
        });
        story.collect(&format!("moment {moment}"), at);
    }
    story
}

/// A recorded page with table and view metrics; a view's refreshes fail, for two moments its series are not there, and
/// the switches for query details are on.
fn busy_page(moment: i64) -> Vec<u8> {
    let mut page = Page::parse(&recorded("50_mv_rg_tables/metrics_mv_all.body"));
    let failed = "starrocks_fe_mv_refresh_total_failed_jobs{db_name=\"shop\", mv_name=\"mv1\", mv_id=\"10627\"}";
    page.set(failed, moment * 2);
    if (2..4).contains(&moment) {
        page.remove("starrocks_fe_mv_refresh");
    }
    for (index, kind) in ["50_quantile", "95_quantile", "99_quantile", "mean"].into_iter().enumerate() {
        let series = format!("starrocks_fe_query_latency{{type=\"{kind}\"}}");
        page.set(&series, (12.5 + index as f64) * moment as f64);
    }
    for (kind, each) in [("young", 3), ("old", 1)] {
        page.set(&format!("jvm_{kind}_gc{{type=\"count\"}}"), 20 + moment * each);
        page.set(&format!("jvm_{kind}_gc{{type=\"time\"}}"), 900 + moment * each * 35);
    }
    let page = with_family(&page.render(), "starrocks_fe_unfinished_query", &[("", moment + 1)]);
    let lags = [("{job_name=\"orders\"}", 40 * moment), ("{job_name=\"clicks\"}", 90)];
    with_family(&page, "starrocks_fe_routine_load_max_lag_of_partition", &lags)
}

/// The page of a compute node of a shared-data cluster, with names of the second part of the page, which no recorded one
/// has.
fn shared_data_page(page: &Page, moment: i64) -> Vec<u8> {
    let mut page = page.clone();
    for (kind, each) in [("read", 7), ("write", 4)] {
        page.set(&format!("starrocks_be_meta_request_total{{type=\"{kind}\"}}"), moment * each);
        page.set(&format!("starrocks_be_meta_request_duration{{type=\"{kind}\"}}"), moment * each * 120);
    }
    let figures = [
        ("lake_publish_version_queued_tasks", 3 + moment),
        ("lake_publish_version_failed_tasks", 2 * moment),
        ("lake_metacache_capacity", 2_000_000_000),
        ("lake_metacache_usage", 500_000_000 + moment),
        ("lake_metadata_cache_miss_minute", 12),
        ("lake_txn_log_cache_miss_minute", 5 * moment),
        ("lake_delvec_cache_miss_minute", 0),
        ("lake_segment_cache_miss_minute", 7),
        ("lake_vacuum_del_file_fails", moment / 2),
        ("lake_get_tablet_metadata_count", 40 * moment),
        ("lake_put_tablet_metadata_count", 30 * moment),
        ("lake_get_txn_log_count", 20 * moment),
        ("lake_put_txn_log_count", 10 * moment),
    ];
    figures.into_iter().fold(page.render(), |page, (name, value)| with_family(&page, name, &[("", value)]))
}

fn compute_node_row(node: &Node, now: i64, alive: bool, started: i64) -> Row {
    let port = node.address().port().to_string();
    let heartbeat = printed(if alive { now - 3 } else { now - 28 }, 0);
    row(&[
        ("ComputeNodeId", "100009"),
        ("IP", "127.0.0.1"),
        ("HttpPort", &port),
        ("LastStartTime", &printed(started, 0)),
        ("LastHeartbeat", &heartbeat),
        ("Alive", if alive { "true" } else { "false" }),
        ("SystemDecommissioned", "false"),
        ("ClusterDecommissioned", "false"),
        ("Version", "4.0.1-other"),
        ("CpuCores", "32"),
        ("MemLimit", "60.000GB"),
        ("NumRunningQueries", "7"),
        ("MemUsedPct", "40.75 %"),
        ("CpuUsedPct", "81.3 %"),
        ("TabletNum", "12"),
        ("DataCacheMetrics", "Status: Normal, DiskUsage: 5.10GB/20.00GB, MemUsage: 0.25GB/1.00GB"),
    ])
}

/// Adds a family of gauges: labels as printed, and values.
fn with_family(page: &[u8], name: &str, samples: &[(&str, i64)]) -> Vec<u8> {
    let announced = with_line(page, &format!("# TYPE {name} gauge"));
    samples.iter().fold(announced, |page, (labels, value)| with_line(&page, &format!("{name}{labels} {value}")))
}

fn with_line(page: &[u8], line: &str) -> Vec<u8> {
    [page, line.as_bytes(), b"\n"].concat()
}

fn row(columns: &[(&str, &str)]) -> Row {
    columns.iter().map(|(title, value)| ((*title).to_owned(), Value::from(*value))).collect()
}

fn set(row: &mut Row, column: &str, value: &str) {
    row.insert(column.to_owned(), Value::from(value));
}
