//! The figures against a real Prometheus: what the parser reads, what every metric of the catalogue is worth, what fixed
//! ranges give after several runs of the program, and what expressions of every kind give.

#[path = "prometheus/applications.rs"]
mod applications;
#[path = "prometheus/by_hand.rs"]
mod by_hand;
#[path = "prometheus/expressions.rs"]
mod expressions;
#[path = "prometheus/history.rs"]
mod history;
#[path = "prometheus/language.rs"]
mod language;
#[path = "common/peers.rs"]
mod peers;
#[path = "prometheus/ranges.rs"]
mod ranges;
#[path = "prometheus/remote.rs"]
mod remote;
#[path = "common/replay/mod.rs"]
mod replay;
#[path = "prometheus/server.rs"]
mod server;
#[path = "prometheus/stories.rs"]
mod stories;
#[path = "prometheus/story.rs"]
mod story;
#[path = "prometheus/translate.rs"]
mod translate;

use std::collections::BTreeMap;

use replay::{Answer, Node, Page, demo_cluster, recorded};
use server::{Found, Programs, Prometheus, until};
use stellar::catalogue::collection::Sample;
use stellar::exposition::{Format, Wanted, parse};
use stellar::sample::Labels;
use stellar::settings::Kind;
use stellar::settings::metric_entry::Subject;
use story::{Moment, Story, samples_of_page};

/// Recorded pages of all sorts, besides those of the replayed cluster.
const PAGES: [&str; 7] = [
    "21_live_series/metrics_12.body",
    "31_restart/metrics_after_1.body",
    "32_3fe_leader/metrics.body",
    "50_mv_rg_tables/metrics_mv_all.body",
    "50_mv_rg_tables/metrics_rg_quote.body",
    "50_mv_rg_tables/metrics_table_all.body",
    "be_metrics_2.txt",
];

/// Labels with the name among them, and the bits of the value: NaN is NaN.
type Samples = BTreeMap<BTreeMap<String, String>, u64>;

/// All that Prometheus holds of one page; `scrape_samples_scraped` is kept of what it adds itself.
fn held(prometheus: &Prometheus, job: &str, instance: &str) -> Samples {
    let found = prometheus.query(&format!("{{job={job:?}, instance={instance:?}}}"), None).expect("a vector");
    let own = ["up", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling", "scrape_series_added"];
    let found = found.into_iter().filter(|one| !own.contains(&one.labels["__name__"].as_str()));
    found.map(|one| (one.labels, one.value.to_bits())).collect()
}

/// The same by our parser.
fn read(page: &[u8], job: &str, instance: &str) -> Samples {
    let count = parse(page, Format::Prometheus, &Wanted::everything()).report.samples as f64;
    let labels = Labels::of([("job", job), ("instance", instance)]);
    let added = Sample { name: "scrape_samples_scraped".into(), labels, value: count };
    let mut samples = Samples::new();
    for sample in samples_of_page(page, job, instance).into_iter().chain([added]) {
        let labels = sample.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let labels = labels.chain([("__name__".to_owned(), sample.name.to_string())]).collect();
        assert_eq!(samples.insert(labels, sample.value.to_bits()), None, "{sample:?} twice");
    }
    samples
}

/// With the bare quotes in label values escaped: for one of them Prometheus throws the whole page away, and we do not.
fn with_quotes_escaped(page: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(page.to_vec()).expect("a text");
    text.replace("\"a\"b", "\"a\\\"b").replace("\"rg\"1", "\"rg\\\"1").into_bytes()
}

fn fetched(node: &Node) -> Vec<u8> {
    let answer = ureq::get(format!("{}/metrics", node.url())).call();
    answer.and_then(|mut answer| answer.body_mut().read_to_vec()).expect("a page")
}

#[test]
fn the_parser_reads_what_prometheus_reads() {
    let Some(programs) = Programs::find() else { return };
    let demo = demo_cluster();
    demo.step(3);
    let served = |name: &str| {
        let page = with_quotes_escaped(&recorded(name));
        Node::start(move |_| Answer::page(page.clone()))
    };
    let others = PAGES.map(served);
    let jobs = [("fe", &demo.cluster.frontends[..]), ("be", &demo.cluster.backends), ("other", &others)];
    let names = |nodes: &[Node]| nodes.iter().map(Node::instance).collect::<Vec<_>>();
    let prometheus = Prometheus::scraping(&programs, &jobs.map(|(job, nodes)| (job, names(nodes))));
    until("every page is scraped", || {
        let up = prometheus.query("up == 1", None).expect("a vector").len();
        (up == 6 + PAGES.len()).then_some(())
    });

    // The recorded pages ours reads as they were recorded.
    let whole = others.iter().zip(PAGES).map(|(node, name)| (node.instance(), recorded(name)));
    let whole: BTreeMap<String, Vec<u8>> = whole.collect();
    for (job, node) in jobs.iter().flat_map(|(job, nodes)| nodes.iter().map(move |node| (*job, node))) {
        let instance = node.instance();
        let page = whole.get(&instance).cloned().unwrap_or_else(|| fetched(node));
        let (expected, seen) = (held(&prometheus, job, &instance), read(&page, job, &instance));
        let only = |left: &Samples, right: &Samples| {
            let only = left.iter().filter(|(labels, value)| right.get(*labels) != Some(value));
            only.map(|(labels, value)| format!("{labels:?} {}", f64::from_bits(*value))).collect::<Vec<_>>()
        };
        assert_eq!(only(&seen, &expected), only(&expected, &seen), "{job} {instance}");
        // Ours and Prometheus's cannot both have lost the same lines: these are all there are.
        assert_eq!(seen.len(), Page::parse(&page).samples().count() + 1, "{job} {instance}");
    }
}

/// Which node the labels of an element of Prometheus's mean, by the program's own list of nodes.
fn node_of(moment: &Moment, labels: &BTreeMap<String, String>) -> String {
    let job = &labels["job"];
    if let Some(identity) = labels.get("id").or_else(|| labels.get("name")) {
        return format!("{job}:{identity}");
    }
    let is_it = |node: &&serde_json::Value| {
        node["instance"] == labels["instance"] && node["node"].as_str().is_some_and(|key| key.starts_with(job))
    };
    let node = moment.nodes().find(is_it).unwrap_or_else(|| panic!("no node has the labels {labels:?}"));
    node["node"].as_str().expect("a name").to_owned()
}

/// Wall time is another one at every fetch, so of these only the nodes that have a value are compared.
const OF_THE_FETCH: [&str; 3] = ["scrape_seconds", "clock_difference_seconds", "node_clock_difference_seconds_max"];

/// Whose figure it is, the node or the cluster, and the figure.
type Figures = BTreeMap<String, f64>;

/// Compares every metric of the catalogue at every moment. The names of those that never had a value, for of them
/// nothing is known.
fn compare(programs: &Programs, story: &Story) -> Vec<String> {
    let prometheus = Prometheus::holding(programs, &translate::in_open_metrics(&story.moments));
    let questions = translate::questions(&story.catalogue, Kind::Cluster);
    let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect::<Vec<_>>();
    let asked = names(&mut questions.iter().map(|question| question.name.as_str()));
    let of_clusters = story.catalogue.metrics().iter().filter(|metric| metric.per() != Subject::Batch);
    assert_eq!(asked, names(&mut of_clusters.map(|metric| metric.name())));

    let (mut unmeasured, mut differences) = (Vec::new(), Vec::new());
    for question in &questions {
        let mut measured = false;
        for (index, moment) in story.moments.iter().enumerate() {
            let (expression, at) = question.at(index, moment);
            let theirs = prometheus.query(&expression, Some(at)).map(|found| figures(question.per, moment, found));
            let ours = match question.per {
                Subject::Cluster => {
                    moment.of_cluster(&question.name).map(|value| ("cluster".to_owned(), value)).into_iter().collect()
                }
                Subject::Node | Subject::Batch => moment.of_nodes(&question.name),
            };
            measured |= !ours.is_empty();
            let exactly = !OF_THE_FETCH.contains(&question.name.as_str());
            if !theirs.as_ref().is_ok_and(|theirs| agree(&ours, theirs, exactly)) {
                let (name, what) = (&question.name, &moment.what);
                differences.push(format!("{name}, {what}: ours {ours:?}, theirs {theirs:?} by {expression}"));
            }
        }
        if !measured {
            let of_node = if question.per == Subject::Node { "node " } else { "" };
            unmeasured.push(format!("{of_node}{}", question.name));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    unmeasured
}

/// An empty answer, NaN and infinities are NULL.
fn figures(per: Subject, moment: &Moment, found: Vec<Found>) -> Figures {
    let finite = found.into_iter().filter(|one| one.value.is_finite());
    let named = finite.map(|one| match per {
        // A label that is left over makes it another name than ours.
        Subject::Cluster if one.labels.is_empty() => ("cluster".to_owned(), one.value),
        Subject::Cluster => (format!("{:?}", one.labels), one.value),
        Subject::Node | Subject::Batch => (node_of(moment, &one.labels), one.value),
    });
    named.collect()
}

fn agree(ours: &Figures, theirs: &Figures, exactly: bool) -> bool {
    let near = |left: f64, right: f64| {
        left == right || left.is_nan() && right.is_nan() || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
    };
    ours.keys().eq(theirs.keys())
        && ours.values().zip(theirs.values()).all(|(left, right)| !exactly || near(*left, *right))
}

/// What neither the demo nor its frontends have; `with_everything_on` has it.
const NOT_IN_THE_DEMO: [&str; 37] = [
    "query_latency_window_p50_seconds",
    "queries_unfinished",
    "mv_refreshes_failed",
    "query_latency_window_p95_seconds",
    "query_latency_window_p99_seconds",
    "query_latency_window_mean_seconds",
    "datacache_disk_used_bytes",
    "datacache_disk_quota_bytes",
    "jvm_old_gc_mean_seconds",
    "tablets_on_compute_nodes",
    "tablets_unhealthy",
    "tablets_inconsistent",
    "tablets_error_state",
    "tablets_cloning",
    "tablet_meta_read_mean_seconds",
    "tablet_meta_write_mean_seconds",
    "lake_publish_version_queued",
    "lake_publish_version_queued_max",
    "lake_publish_versions_failed",
    "lake_metacache_used_ratio",
    "lake_metadata_cache_misses_last_minute",
    "lake_txn_log_cache_misses_last_minute",
    "lake_delvec_cache_misses_last_minute",
    "lake_segment_cache_misses_last_minute",
    "lake_vacuum_deletes_failed",
    "lake_tablet_metadata_gets",
    "lake_txn_log_gets",
    "lake_tablet_metadata_puts",
    "lake_txn_log_puts",
    "txn_running_all",
    "routine_load_lag_max",
    "backends_blacklisted",
    "blacklist_denied",
    "node_clock_difference_seconds_max",
    "node unlisted",
    "node clock_difference_seconds",
    "node blacklisted_by",
];

#[test]
fn every_metric_has_the_value_that_prometheus_gives_it() {
    let Some(programs) = Programs::find() else { return };
    assert_eq!(compare(&programs, &stories::demo_and_lost_quorum()), NOT_IN_THE_DEMO);
}

#[test]
fn metrics_that_are_off_by_default_have_the_value_that_prometheus_gives_them() {
    let Some(programs) = Programs::find() else { return };
    let unmeasured = compare(&programs, &stories::with_everything_on());
    // One frontend that does nothing but refresh views.
    let expected = [
        "query_error_ratio",
        "query_latency_p75_seconds",
        "query_latency_p95_seconds",
        "query_latency_p99_seconds",
        "query_latency_mean_seconds",
        "query_internal_error_ratio",
        "query_latency_p98_seconds",
        "query_latency_p999_seconds",
        "fe_journal_replay_lag",
        "fe_edit_log_write_latency_p99_seconds",
        "txn_failed_ratio",
        "node query_latency_p99_seconds",
    ];
    assert_eq!(unmeasured, expected);
}

#[test]
fn metrics_fall_back_without_a_login_as_they_do_in_prometheus() {
    let Some(programs) = Programs::find() else { return };
    let unmeasured = compare(&programs, &stories::without_a_login());
    // Besides what is not in the demo: what only rows of SHOW tell.
    let expected = [
        "frontends_follower",
        "frontends_observer",
        "frontends_electable",
        "frontends_electable_alive",
        "node_heartbeat_age_seconds",
        "node_restarts",
        "fe_journal_replay_lag",
        "node_versions_distinct",
        "be_cpu_cores",
        "be_cpu_cores_used",
        "be_cpu_used_ratio_avg",
        "be_cpu_used_ratio_max",
        "be_memory_used_ratio_avg",
        "be_memory_used_ratio_max",
        "be_memory_limit_bytes",
        "tablet_replicas",
        "tablets_per_node_max",
        "frontend_urls_unknown",
        "nodes_alive_unreachable",
        "privileges_missing",
        "roles_missing",
        "clock_difference_seconds",
        "node alive",
        "node started_at",
        "node cpu_used_ratio",
        "node memory_used_ratio",
        "node disk_used_ratio",
        "node tablets",
        "node queries_running",
        "node heartbeat_age_seconds",
        "node restarted",
    ];
    let unmeasured: Vec<_> = unmeasured.iter().filter(|name| !NOT_IN_THE_DEMO.contains(&name.as_str())).collect();
    assert_eq!(unmeasured, expected);
}

/// Ranges that no sample is exactly as old as (a Prometheus of version 2 counts that one and we, as version 3, do not),
/// and of counters, which are stretched to where they would have been zero in another way there, old ones only.
const RANGES: [&str; 16] = [
    "avg(avg_over_time(jvm_heap_size_bytes{type=\"used\"}[2m]))",
    "max(max_over_time(starrocks_be_process_mem_bytes[1m]))",
    "min(min_over_time(starrocks_be_process_mem_bytes[3m30s]))",
    "sum(sum_over_time(jvm_thread{type=\"count\"}[1m]))",
    "sum(count_over_time(up[3m30s]))",
    "min(avg_over_time(up[1m]))",
    "sum(last_over_time(starrocks_be_process_mem_bytes[1m]))",
    "sum(changes(show_backends_last_start_time[2m]))",
    "sum(changes(show_backends_alive[3m30s]))",
    "sum(resets(process_uptime[1m]))",
    "max(delta(starrocks_fe_max_journal_id[90s]))",
    "max(idelta(starrocks_fe_max_journal_id[1m]))",
    "sum(irate(starrocks_be_network_send_bytes{device!=\"lo\"}[1m]))",
    "sum(rate(starrocks_be_network_send_bytes{device!=\"lo\"}[2m]))",
    "sum(increase(starrocks_be_network_send_bytes{device!=\"lo\"}[3m30s]))",
    "sum(rate(starrocks_fe_query_total[2m]))",
];

#[test]
fn fixed_ranges_over_several_runs_give_what_prometheus_gives() {
    let Some(programs) = Programs::find() else { return };
    let story = stories::with_metrics(&RANGES);
    let prometheus = Prometheus::holding(&programs, &translate::as_it_was(&story.moments));
    let end = story.moments.last().expect("moments");
    let unmeasured = (0..RANGES.len()).filter(|index| end.of_cluster(&stories::name_of(*index)).is_none());
    assert_eq!(unmeasured.count(), 0, "{:#}", end.collected);
    let mut differences = Vec::new();
    for (index, expression) in RANGES.iter().enumerate() {
        for moment in &story.moments {
            let theirs = prometheus.query(expression, Some(moment.at)).expect("a value");
            let theirs = figures(Subject::Cluster, moment, theirs);
            let ours = moment
                .of_cluster(&stories::name_of(index))
                .map(|value| ("cluster".to_owned(), value))
                .into_iter()
                .collect();
            if !agree(&ours, &theirs, true) {
                differences.push(format!("{}: ours {ours:?}, theirs {theirs:?} by {expression}", moment.what));
            }
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}
