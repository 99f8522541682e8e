//! The rows of the demo's timeline hold what the recorded pages say. The expected numbers are worked out here from the
//! pages and rows themselves, by plain sums over plain lists: no PromQL, no parser of the program.

use std::collections::HashMap;

use crate::common::replay::{Moment, Page, Timeline, demo_cluster};
use crate::program::{Stage, or_null, plain, silent};

/// The pages that answer at a moment, each with a name of its node.
fn pages(moment: &Moment, kind: &str) -> Vec<(String, Page)> {
    let frontends = moment.frontends.iter().map(|node| ("fe", &node.page, node.down));
    let backends = moment.backends.iter().map(|node| ("be", &node.page, node.down));
    let all = frontends.enumerate().chain(backends.enumerate());
    all.filter(|(_, (own, _, down))| *own == kind && !down)
        .map(|(index, (own, page, _))| (format!("{own}{index}"), Page::parse(page)))
        .collect()
}

/// The values of all samples whose printed series `wanted` accepts.
fn values(page: &Page, wanted: impl Fn(&str) -> bool) -> Vec<(String, f64)> {
    let samples = page.samples().filter(|(series, _)| wanted(series));
    samples.map(|(series, value)| (series.to_owned(), value.parse().expect("a number"))).collect()
}

/// What was read of each series last, and when.
type Last = HashMap<String, (i64, f64)>;

/// Growth since the last reading of that series, whatever its age, and the seconds between; of a counter that stepped
/// back all it has counted. A series seen for the first time has none.
fn growth(last: &mut Last, key: String, at: i64, value: f64) -> Option<(f64, f64)> {
    let before = last.insert(key, (at, value));
    before.map(|(then, was)| (if value < was { value } else { value - was }, (at - then) as f64))
}

fn sum(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
}

fn max(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().fold(None, |max: Option<f64>, value| Some(max.map_or(value, |max| max.max(value))))
}

/// A column of the rows of `SHOW`, of nodes for which `of` is true.
fn shown(rows: &[&serde_json::Map<String, serde_json::Value>], column: &str, alive_only: bool) -> Vec<f64> {
    let text = |row: &serde_json::Map<String, serde_json::Value>, column: &str| {
        row[column].as_str().expect("a text").trim_end_matches(" %").to_owned()
    };
    let rows = rows.iter().filter(|row| !alive_only || text(row, "Alive") == "true");
    rows.map(|row| match text(row, column).as_str() {
        "true" => 1.0,
        "false" => 0.0,
        number => number.parse().expect("a number"),
    })
    .collect()
}

const COLUMNS: &str = "frontends, frontends_alive, frontends_leader, frontends_reachable, backends, backends_alive, nodes_reachable, \
     endpoints_down, queries, queries_per_second, query_total, query_latency_p95_seconds, connections, \
     jvm_heap_used_bytes, be_process_memory_bytes, network_sent_bytes, network_received_bytes_per_second, load_bytes, \
     compaction_score_max, tablet_replicas, be_cpu_used_ratio_max, node_restarts";

/// The row of a moment, in the order of `COLUMNS`.
fn expected(moment: &Moment, before: Option<&Moment>, last: &mut Last) -> String {
    let at = moment.at;
    let (fe, be) = (pages(moment, "fe"), pages(moment, "be"));
    let frontend_rows: Vec<_> = moment.frontends.iter().map(|node| &node.row).collect();
    let backend_rows: Vec<_> = moment.backends.iter().map(|node| &node.row).collect();
    let one = |page: &Page, series: &str| page.value(series);
    let of_all = |pages: &[(String, Page)], series: &str| sum(pages.iter().filter_map(|(_, page)| one(page, series)));

    let mut grown = |pages: &[(String, Page)], wanted: &dyn Fn(&str) -> bool| -> Vec<(String, f64, f64)> {
        let mut all = Vec::new();
        for (node, page) in pages {
            for (series, value) in values(page, wanted) {
                let found = growth(last, format!("{node} {series}"), at, value);
                all.extend(found.map(|(growth, seconds)| (node.clone(), growth, seconds)));
            }
        }
        all
    };
    let queries = grown(&fe, &|series| series == "starrocks_fe_query_total");
    let finished = grown(&fe, &|series| series == "starrocks_fe_query_latency_ms_count");
    let device = |name: &'static str| {
        move |series: &str| {
            series.starts_with(&format!("starrocks_be_network_{name}_bytes{{")) && !series.contains("\"lo\"")
        }
    };
    let sent = grown(&be, &device("send"));
    let received = grown(&be, &device("receive"));
    let loaded = grown(&be, &|series| series == "starrocks_be_load_bytes");

    let latencies = fe.iter().filter(|(node, _)| finished.iter().any(|(own, growth, _)| own == node && *growth > 0.0));
    let latencies = latencies
        .filter_map(|(_, page)| one(page, "starrocks_fe_query_latency_ms{quantile=\"0.95\"}"))
        .map(|ms| ms / 1000.0);
    let started = |moment: &Moment| -> Vec<String> {
        let frontends = moment.frontends.iter().map(|node| node.row["StartTime"].to_string());
        frontends.chain(moment.backends.iter().map(|node| node.row["LastStartTime"].to_string())).collect()
    };
    let restarts = before
        .map(|before| started(before).iter().zip(started(moment)).filter(|(was, is)| **was != *is).count() as f64);
    let connections =
        fe.iter().flat_map(|(_, page)| values(page, |series| series.starts_with("starrocks_fe_connection_total")));

    let cells = [
        Some(frontend_rows.len() as f64),
        sum(shown(&frontend_rows, "Alive", false)),
        Some(frontend_rows.iter().filter(|row| row["Role"] == "LEADER").count() as f64),
        Some(fe.len() as f64),
        Some(backend_rows.len() as f64),
        sum(shown(&backend_rows, "Alive", false)),
        Some(be.len() as f64),
        Some((6 - fe.len() - be.len()) as f64),
        sum(queries.iter().map(|(_, growth, _)| *growth)),
        sum(queries.iter().map(|(_, growth, seconds)| growth / seconds)),
        of_all(&fe, "starrocks_fe_query_total"),
        max(latencies),
        sum(connections.map(|(_, value)| value)),
        of_all(&fe, "jvm_heap_size_bytes{type=\"used\"}"),
        of_all(&be, "starrocks_be_process_mem_bytes"),
        sum(sent.iter().map(|(_, growth, _)| *growth)),
        sum(received.iter().map(|(_, growth, seconds)| growth / seconds)),
        sum(loaded.iter().map(|(_, growth, _)| *growth)),
        one(&fe[0].1, "starrocks_fe_max_tablet_compaction_score"),
        sum(shown(&backend_rows, "TabletNum", false)),
        max(shown(&backend_rows, "CpuUsedPct", true).into_iter().map(|per_cent| per_cent / 100.0)),
        restarts,
    ];
    cells.map(or_null).join("|") + "\n"
}

/// Collects the whole timeline; each run must be silent and good but for what `problems` expects on standard error.
fn collected(timeline: &Timeline, stage: &Stage) {
    for index in 0..timeline.len() {
        let now = timeline.step(index);
        let mut ended = stage.run(now, &["collect-once"]);
        // What is told of dead nodes is another test's matter.
        ended.stderr.clear();
        assert_eq!(ended, silent(), "moment {index}");
    }
}

#[test]
fn every_row_of_the_demo_holds_what_the_recorded_pages_say() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "demo", "user = \"root\"");
    collected(&timeline, &stage);

    let mut last = Last::new();
    let mut rows = String::new();
    for (index, moment) in timeline.moments.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| &timeline.moments[before]);
        rows += &format!("{}|{}", moment.at * 1000, expected(moment, before, &mut last));
    }
    assert_eq!(stage.rows(&format!("SELECT collected_at, {COLUMNS} FROM metrics_snapshots ORDER BY 1")), rows);
    // The story is in the figures: the expected rows are not a list of NULLs.
    assert_eq!(
        stage.rows("SELECT frontends_reachable, backends_alive, nodes_reachable, node_restarts FROM metrics_snapshots"),
        "3|3|3|NULL\n3|3|3|0\n3|3|3|0\n3|3|3|0\n3|3|3|0\n3|3|2|0\n3|2|2|0\n3|2|2|0\n3|3|3|1\n2|3|3|0\n3|3|3|1\n3|3|3|0\n"
    );
}

#[test]
fn every_node_has_a_row_at_every_moment_and_a_dead_one_keeps_what_the_leader_knows() {
    let timeline = demo_cluster();
    let stage = Stage::of(&timeline.cluster, "demo", "user = \"root\"");
    collected(&timeline, &stage);

    let mut last = Last::new();
    let mut expected = Vec::new();
    for moment in &timeline.moments {
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        for (index, node) in moment.frontends.iter().enumerate() {
            let rate = (!node.down)
                .then(|| Page::parse(&node.page).value("starrocks_fe_query_total"))
                .flatten()
                .and_then(|value| growth(&mut last, format!("{index}"), moment.at, value))
                .map(|(growth, seconds)| growth / seconds);
            let (name, role) = (text(&node.row["Name"]), text(&node.row["Role"]));
            let instance = timeline.cluster.frontends[index].instance();
            let (alive, up) = (u8::from(node.row["Alive"] == "true"), u8::from(!node.down));
            expected.push(format!(
                "{}|fe:{name}|{instance}|{role}|{alive}|{up}|{}|NULL|NULL\n",
                moment.at * 1000,
                or_null(rate)
            ));
        }
        for (index, node) in moment.backends.iter().enumerate() {
            let memory =
                (!node.down).then(|| Page::parse(&node.page).value("starrocks_be_process_mem_bytes")).flatten();
            let instance = timeline.cluster.backends[index].instance();
            let (alive, up) = (u8::from(node.row["Alive"] == "true"), u8::from(!node.down));
            let tablets: f64 = text(&node.row["TabletNum"]).parse().expect("a number");
            expected.push(format!(
                "{}|be:{}|{instance}|BACKEND|{alive}|{up}|NULL|{}|{}\n",
                moment.at * 1000,
                text(&node.row["BackendId"]),
                plain(tablets),
                or_null(memory),
            ));
        }
    }
    expected.sort();
    let rows = stage.rows(
        "SELECT collected_at, node, instance, role, alive, reachable, queries_per_second, tablets, process_memory_bytes
         FROM node_snapshots ORDER BY 1, 2",
    );
    assert_eq!(rows, expected.concat());
}
