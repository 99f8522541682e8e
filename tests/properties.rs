//! Whatever is written by the book is read as it was meant, and nothing at all makes a reader stumble.

#[path = "fuzz/exposition.rs"]
mod exposition;
#[path = "fuzz/promql.rs"]
mod promql;
#[path = "fuzz/show.rs"]
mod show;

use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;
use stellar::collect::show::{List, Row, from_show_proc, from_sql, samples};
use stellar::exposition::{Format, PageReport, Wanted, parse};
use stellar::settings::durations::WAIT;

/// Labels, value, timestamp.
type Sample = (Vec<(String, String)>, f64, Option<i64>);

/// A family of each kind with its labels and values, as a page would have it.
#[derive(Clone, Debug)]
struct Family {
    kind: &'static str,
    series: Vec<Sample>,
}

fn families() -> impl Strategy<Value = Vec<Family>> {
    let value =
        prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), (0..1_000_000_u64).prop_map(|n| n as f64)];
    let labels = btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,8}", any::<String>(), 0..4);
    let series = (labels, value, proptest::option::of(any::<i64>()));
    let family = (prop_oneof![Just("gauge"), Just("counter"), Just("untyped")], vec(series, 0..6));
    let family = family.prop_map(|(kind, series)| {
        // A label of its own tells each series from the others.
        let numbered = series.into_iter().enumerate().map(|(number, (labels, value, stamp))| {
            let own = labels.into_iter().filter(|(name, _)| name != "__name__" && name != "n");
            (own.chain([("n".to_owned(), number.to_string())]).collect(), value, stamp)
        });
        Family { kind, series: numbered.collect() }
    });
    vec(family, 1..6)
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn rendered(families: &[Family]) -> String {
    let mut page = String::new();
    for (number, family) in families.iter().enumerate() {
        let _ = writeln!(page, "# HELP f{number} x\n# TYPE f{number} {}", family.kind);
        for (labels, value, stamp) in &family.series {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let stamp = stamp.map(|stamp| format!(" {stamp}")).unwrap_or_default();
            let _ = writeln!(page, "f{number}{{{}}} {value}{stamp}", labels.join(","));
        }
    }
    page
}

fn recorded(file: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/starrocks").join(file))
        .expect("a recorded page")
}

/// A change of some bytes at a place given as a part of the whole.
type Damage = Vec<(f64, usize, Vec<u8>)>;

fn damage(longest: usize) -> impl Strategy<Value = Damage> {
    let signs = proptest::sample::select(b"\"\\{}[]=,:# \t\r\n\0\xff\xc3_0189eE+-.%naN".to_vec());
    vec((0.0..1.0, 0..longest, vec(prop_oneof![signs, any::<u8>()], 0..6)), 1..8)
}

fn damaged(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, length, instead) in damage {
        let start = (bytes.len() as f64 * place) as usize;
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, instead.iter().copied());
    }
    bytes
}

/// Stretches of recorded pages, short enough for damage to be dense.
static STRETCHES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files = ["12_label_injection/metrics.body", "50_mv_rg_tables/metrics_rg_quote.body", "be_metrics_1.txt"];
    let pages = files.map(recorded);
    pages
        .iter()
        .flat_map(|page| {
            page.split_inclusive(|b| *b == b'\n')
                .collect::<Vec<_>>()
                .chunks(40)
                .map(<[&[u8]]>::concat)
                .collect::<Vec<_>>()
        })
        .collect()
});
static LISTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let files =
        ["20_live_t0/sql_show_backends.body", "32_3fe_leader/sql_show_frontends.body", "40_be_down/backends_3.body"];
    files.map(recorded).into()
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_written_by_the_book_is_read_as_it_was_meant(families in families()) {
        let text = rendered(&families);
        let page = parse(text.as_bytes(), Format::Prometheus, &Wanted::everything());
        let samples = families.iter().map(|family| family.series.len() as u64).sum();
        prop_assert_eq!(&page.report, &PageReport { samples, ..PageReport::default() });
        let meant = families.iter().enumerate().flat_map(|(number, family)| family.series.iter().map(move |one| (number, one)));
        for (reading, (number, (labels, value, stamp))) in page.readings.iter().zip(meant) {
            prop_assert_eq!(reading.name, format!("f{number}"));
            let own: Vec<(String, String)> = reading.labels.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
            prop_assert_eq!(&own, labels);
            prop_assert!(reading.value == *value || (reading.value.is_nan() && value.is_nan()));
            prop_assert_eq!(&reading.timestamp, stamp);
        }
    }

    #[test]
    fn no_damage_to_a_real_page_makes_the_reader_stumble(which in any::<proptest::sample::Index>(), damage in damage(40)) {
        exposition::check(&damaged(which.get::<Vec<u8>>(&STRETCHES), &damage));
    }

    #[test]
    fn no_damage_to_a_real_list_makes_the_reader_stumble(which in any::<proptest::sample::Index>(), damage in damage(200)) {
        show::check(&damaged(which.get::<Vec<u8>>(&LISTS), &damage));
    }

    #[test]
    fn any_cells_give_figures_that_are_finite_and_texts_that_can_be_shown(
        row in btree_map(any::<String>(), any::<String>(), 0..8),
        more in vec(("[A-Z][a-zA-Z]{0,12}", "(-?[0-9]{1,20}(\\.[0-9]{1,9})?)( ?[KMGTP]?B| ?%|[eE][+-]?[0-9]{1,4})?"), 0..8),
    ) {
        let row: serde_json::Map<_, _> = row.into_iter().chain(more).map(|(title, cell)| (title, json!(cell))).collect();
        show::check(json!([row]).to_string().as_bytes());
        show::check(json!({"data": [row]}).to_string().as_bytes());
    }

    #[test]
    fn rows_are_the_same_in_all_forms_in_which_they_are_sent(
        rows in vec(vec("[ -~ü]{0,20}", 3), 1..5),
    ) {
        let titles = ["BackendId", "Alive", "CpuUsedPct"];
        let object = |row: &Vec<String>| titles.iter().zip(row).map(|(title, cell)| ((*title).to_owned(), json!(cell))).collect::<serde_json::Map<_, _>>();
        let objects: Vec<_> = rows.iter().map(object).collect();
        let mut lines = json!({"meta": titles.map(|title| json!({"name": title}))}).to_string();
        rows.iter().for_each(|row| { let _ = write!(lines, "\n{}", json!({"data": row})); });
        let table = from_show_proc(&json!(objects).to_string());
        prop_assert!(table.is_ok());
        prop_assert_eq!(&from_sql(&json!({"data": objects}).to_string()), &table);
        prop_assert_eq!(&from_sql(&lines), &table);
    }

    #[test]
    fn numbers_in_cells_are_what_they_say(number in -1e15..1e15_f64, bytes in 0..1_u64 << 50) {
        let row = |title: &str, cell: String| Row { columns: vec![(title.to_owned(), cell)], instance: None };
        let value = |row: Row| samples(List::Backends, &[row], Some(0)).get(1).map(|sample| sample.value);
        prop_assert_eq!(value(row("X", number.to_string())), Some(number));
        prop_assert_eq!(value(row("X", format!("{bytes} B"))), Some(bytes as f64));
        let ratio = value(row("X", format!("{number} %"))).unwrap_or(f64::NAN);
        prop_assert!((ratio - number / 100.0).abs() <= number.abs() * 1e-15);
    }

    #[test]
    fn any_text_is_an_expression_or_refused(text in any::<String>(), words in vec(word(), 0..12)) {
        promql::check(&text);
        promql::check(&words.join(" "));
        promql::check(&words.concat());
    }

    #[test]
    fn a_duration_is_read_as_it_is_shown(milliseconds in 1..=86_400_000_u64) {
        let duration = Duration::from_millis(milliseconds);
        prop_assert_eq!(WAIT.parse(&WAIT.show(duration)), Ok(duration));
    }

    #[test]
    fn any_text_is_a_duration_or_refused_in_words(
        text in any::<String>(),
        close in "[0-9]{0,21} ?(ms|s|m|h|d|w|weeks|M|y|µ|)[0-9]{0,3} ?[a-z]{0,3}",
    ) {
        for text in [&text, &close] {
            if let Err(refused) = WAIT.parse(text) {
                prop_assert!(!refused.message.is_empty() && !refused.hint.is_empty());
                prop_assert!(!refused.message.contains(char::is_control), "{}", refused.message);
            }
        }
    }
}

/// Pieces from which most expressions are made, right and wrong.
fn word() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "b:c",
        "1",
        "0",
        "1e3",
        ".5",
        "NaN",
        "Inf",
        "\"x\"",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ",",
        "{job=\"fe\"}",
        "{job=~\"f.*\"}",
        "[5m]",
        "[$__interval]",
        "offset",
        "1m",
        "@",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "==",
        "!=",
        ">",
        "<=",
        "bool",
        "and",
        "or",
        "unless",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "by",
        "without",
        "(job)",
        "(instance, le)",
        "sum",
        "topk",
        "quantile",
        "count_values",
        "rate",
        "increase",
        "delta",
        "max_over_time",
        "histogram_quantile",
        "label_replace",
        "absent",
        "vector",
        "scalar",
        "time()",
        "timestamp",
        "round",
        "clamp_max",
        "sum(a)",
        "rate(a[5m])",
        "sum by (job) (rate(a[$__interval]))",
        "histogram_quantile(0.9, a)",
        "a{job=\"fe\"} and on(instance) b:c",
        "# x\n",
    ];
    proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
}
