//! What the rows of an application must be, worked out from its pages by themselves: no PromQL, no parser of ours, nothing
//! from the catalogue.

use std::collections::{BTreeMap, BTreeSet};

/// Database, table and test name.
pub type Key = [String; 3];

/// What a row says: by key and metric.
pub type Figures = BTreeMap<(Key, &'static str), f64>;

/// The series of a page and their values.
pub type Page = BTreeMap<Series, f64>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    name: String,
    labels: BTreeMap<String, String>,
}

impl Series {
    fn label(&self, name: &str) -> String {
        self.labels.get(name).cloned().unwrap_or_default()
    }
}

/// No label value of the recorded pages has a quote, a comma or a backslash in it.
pub fn page(text: &[u8]) -> Page {
    let text = std::str::from_utf8(text).expect("a text");
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
        let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect();
        (Series { name: name.to_owned(), labels }, value.parse().expect("a number"))
    };
    text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

/// Two pages of one application in a row.
struct Pages<'p> {
    now: &'p Page,
    before: Option<&'p Page>,
}

type Chosen<'c> = &'c dyn Fn(&Series) -> bool;
type By = fn(&Series) -> Key;
type Groups = BTreeMap<Key, f64>;

const ALL: Chosen<'static> = &|_| true;

fn by_test(series: &Series) -> Key {
    [series.label("database"), String::new(), series.label("test_name")]
}

fn by_database(series: &Series) -> Key {
    [series.label("database"), String::new(), String::new()]
}

/// Of generation C: the table stands where the test name belongs.
fn by_table(series: &Series) -> Key {
    [series.label("database"), series.label("test_name"), String::new()]
}

/// Of generation A.
fn by_case(series: &Series) -> Key {
    [series.label("database"), series.label("table"), series.label("test_case")]
}

impl Pages<'_> {
    /// Sums of what the series say now.
    fn now(&self, name: &str, chosen: Chosen, by: By) -> Groups {
        let mut groups = Groups::new();
        for (series, value) in self.now.iter().filter(|(series, _)| series.name == name && chosen(series)) {
            *groups.entry(by(series)).or_default() += value;
        }
        groups
    }

    /// Sums of what was added since the page before; a series that was not on it adds nothing, and gives nothing.
    fn since(&self, name: &str, chosen: Chosen, by: By) -> Groups {
        let mut groups = Groups::new();
        for (series, value) in self.now.iter().filter(|(series, _)| series.name == name && chosen(series)) {
            if let Some(before) = self.before.and_then(|before| before.get(series)) {
                *groups.entry(by(series)).or_default() += if value < before { *value } else { value - before };
            }
        }
        groups
    }

    /// A quantile of what was added to a histogram: straight lines between the bounds of its buckets.
    fn quantile(&self, share: f64, name: &str, by: By) -> Groups {
        let name = format!("{name}_bucket");
        let mut bounds: Vec<(f64, String)> = Vec::new();
        for series in self.now.keys().filter(|series| series.name == name) {
            let text = series.label("le");
            if !bounds.iter().any(|(_, own)| *own == text) {
                bounds.push((text.parse().expect("a bound"), text));
            }
        }
        bounds.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut counts: BTreeMap<Key, Vec<(f64, f64)>> = BTreeMap::new();
        for (bound, text) in &bounds {
            for (key, count) in self.since(&name, &|series| series.label("le") == *text, by) {
                counts.entry(key).or_default().push((*bound, count));
            }
        }
        let of = |buckets: &[(f64, f64)]| {
            let (_, all) = *buckets.last()?;
            let rank = share * all;
            let at = buckets.iter().position(|(_, count)| *count >= rank).filter(|_| all > 0.0)?;
            let (upper, count) = buckets[at];
            let (lower, below) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
            let within = lower + (upper - lower) * (rank - below) / (count - below);
            Some(if upper.is_finite() { within } else { lower })
        };
        counts.into_iter().filter_map(|(key, buckets)| Some((key, of(&buckets)?))).collect()
    }
}

/// Where both are and the divisor is not zero.
fn divided(left: &Groups, right: &Groups) -> Groups {
    let pairs = left.iter().filter_map(|(key, value)| Some((key.clone(), value / right.get(key)?)));
    pairs.filter(|(_, value)| value.is_finite()).collect()
}

fn times(factor: f64, groups: Groups) -> Groups {
    groups.into_iter().map(|(key, value)| (key, value * factor)).collect()
}

/// The first, and of the second what the first has not.
fn or(first: Groups, second: Groups) -> Groups {
    second.into_iter().chain(first).collect()
}

/// What a page of a generation gives, with the page before it where there was one.
pub fn figures(generation: &str, now: &Page, before: Option<&Page>) -> Figures {
    let pages = Pages { now, before };
    let found = match generation {
        "A" => of_a(&pages),
        "B" => of_b(&pages),
        _ => of_c(&pages),
    };
    found.into_iter().flat_map(|(metric, groups)| groups.into_iter().map(move |(k, v)| ((k, metric), v))).collect()
}

fn is(label: &'static str, value: &'static str) -> impl Fn(&Series) -> bool {
    move |series| series.label(label) == value
}

fn of_a(pages: &Pages) -> Vec<(&'static str, Groups)> {
    let (seconds, size) = ("batchsql_batch_execution_duration_seconds", "batchsql_batch_size");
    let (success, fail) = (is("status", "success"), is("status", "fail"));
    let executed = pages.since("batchsql_batch_execution_total", ALL, by_case);
    let failed = or(
        pages.since("batchsql_batch_execution_total", &fail, by_case),
        times(0.0, pages.since("batchsql_batch_execution_total", &success, by_case)),
    );
    vec![
        ("batchsql_records_processed_total", pages.now("batchsql_records_processed_total", ALL, by_case)),
        ("batchsql_records_processed", pages.since("batchsql_records_processed_total", ALL, by_case)),
        ("batchsql_current_rps", pages.now("batchsql_test_rps", ALL, by_case)),
        ("batchsql_data_integrity_rate", times(0.01, pages.now("batchsql_test_data_integrity_rate", ALL, by_case))),
        ("batchsql_error_rate", divided(&failed, &executed)),
        ("batchsql_batch_success_total", pages.now("batchsql_batch_execution_total", &success, by_case)),
        ("batchsql_batch_failed_total", pages.now("batchsql_batch_execution_total", &fail, by_case)),
        ("batchsql_memory_usage_bytes", memory(pages, by_case)),
    ]
    .into_iter()
    .chain(durations(pages, seconds, by_case))
    .chain(sizes(pages, size, by_case))
    .collect()
}

fn of_b(pages: &Pages) -> Vec<(&'static str, Groups)> {
    let (records, runs) = ("batchsql_records_processed_total", "batchsql_tests_run_total");
    let (success, processed) = (is("status", "success"), is("status", "processed"));
    let (good, bad) = (is("result", "success"), is("result", "fail"));
    let fails = or(pages.since(runs, &bad, by_test), times(0.0, pages.since(runs, &good, by_test)));
    let batches = pages.since(runs, &|series| good(series) || bad(series), by_test);
    let more = vec![
        (records, or(pages.now(records, &success, by_test), pages.now(records, &processed, by_test))),
        (
            "batchsql_records_processed",
            or(pages.since(records, &success, by_test), pages.since(records, &processed, by_test)),
        ),
        ("batchsql_error_rate", divided(&fails, &batches)),
        ("batchsql_batch_success_total", pages.now(runs, &good, by_test)),
        ("batchsql_batch_failed_total", pages.now(runs, &bad, by_test)),
    ];
    let durations = durations(pages, "batchsql_batch_process_duration_seconds", by_database);
    of_b_and_c(pages).into_iter().chain(more).chain(durations).collect()
}

fn of_c(pages: &Pages) -> Vec<(&'static str, Groups)> {
    let (records, errors) = ("batchsql_records_processed_total", "batchsql_errors_total");
    let (seconds, size) = ("batchsql_execute_duration_seconds", "batchsql_batch_size");
    let processed = is("status", "processed");
    let last = |series: &Series| series.label("error_type").starts_with("final:");
    let executed = pages.since(&format!("{seconds}_count"), ALL, by_database);
    let failed = or(pages.since(errors, &last, by_database), times(0.0, executed.clone()));
    let rate = divided(&failed, &executed).into_iter().map(|(key, rate)| (key, rate.min(1.0))).collect();
    let more = vec![
        (records, pages.now(records, &processed, by_test)),
        ("batchsql_records_processed", pages.since(records, &processed, by_test)),
        ("batchsql_error_rate", rate),
        ("batchsql_batch_failed_total", pages.now(errors, &last, by_test)),
    ];
    let durations = durations(pages, seconds, by_table);
    of_b_and_c(pages).into_iter().chain(more).chain(durations).chain(sizes(pages, size, by_database)).collect()
}

fn of_b_and_c(pages: &Pages) -> Vec<(&'static str, Groups)> {
    let whole: By = |_| Key::default();
    vec![
        ("batchsql_current_rps", pages.now("batchsql_current_rps", ALL, by_test)),
        ("batchsql_data_integrity_rate", pages.now("batchsql_data_integrity_rate", ALL, by_test)),
        ("batchsql_errors", pages.since("batchsql_errors_total", ALL, by_test)),
        ("batchsql_memory_usage_bytes", memory(pages, by_test)),
        ("batchsql_active_connections", pages.now("batchsql_active_connections", ALL, by_database)),
        ("batchsql_process_memory_bytes", pages.now("process_resident_memory_bytes", ALL, whole)),
    ]
}

fn memory(pages: &Pages, by: By) -> Groups {
    times(1_048_576.0, pages.now("batchsql_memory_usage_mb", &is("type", "alloc"), by))
}

fn durations(pages: &Pages, seconds: &str, by: By) -> Vec<(&'static str, Groups)> {
    let millis = |share: f64| times(1000.0, pages.quantile(share, seconds, by));
    let [sum, count] = ["sum", "count"].map(|part| pages.since(&format!("{seconds}_{part}"), ALL, by));
    vec![
        ("batchsql_batch_execution_duration_ms_p50", millis(0.5)),
        ("batchsql_batch_execution_duration_ms_p95", millis(0.95)),
        ("batchsql_batch_execution_duration_ms_p99", millis(0.99)),
        ("batchsql_batch_execution_duration_ms_mean", times(1000.0, divided(&sum, &count))),
        ("batchsql_batch_execution_duration_ms_count", pages.now(&format!("{seconds}_count"), ALL, by)),
        ("batchsql_batches", count),
    ]
}

fn sizes(pages: &Pages, size: &str, by: By) -> Vec<(&'static str, Groups)> {
    let [sum, count] = ["sum", "count"].map(|part| pages.since(&format!("{size}_{part}"), ALL, by));
    vec![
        ("batchsql_batch_size_p50", pages.quantile(0.5, size, by)),
        ("batchsql_batch_size_p95", pages.quantile(0.95, size, by)),
        ("batchsql_batch_size_p99", pages.quantile(0.99, size, by)),
        ("batchsql_batch_size_mean", divided(&sum, &count)),
        ("batchsql_batch_size_count", pages.now(&format!("{size}_count"), ALL, by)),
    ]
}

/// All rows that are expected: those of the figures, and that of the application as a whole.
pub fn keys(figures: &Figures) -> BTreeSet<Key> {
    figures.keys().map(|(key, _)| key.clone()).chain([Key::default()]).collect()
}

/// Under which nothing ever ran in any of the recorded runs: they announce these databases, and all of them used sqlite3.
pub fn is_idle(key: &Key) -> bool {
    ["mysql", "postgres", "redis", "sqlite"].contains(&key[0].as_str())
}
