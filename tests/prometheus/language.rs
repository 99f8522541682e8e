//! The language against a real Prometheus: expressions put together at random, and by hand what chance would miss. Of the
//! ways in which a Prometheus of version 2 differs all keep clear: the edges of ranges, young counters, and `atan2`, which
//! left a metric its name until 2.47.

use std::collections::BTreeMap;
use std::fmt::Write;

use stellar::promql::{Element, Expression, Moment, Value, evaluate};

use crate::expressions::{Dice, History};
use crate::server::{Programs, Prometheus};
use crate::story::samples_of_page;
use crate::{Figures, agree, stories, translate};

/// The elements by their labels, the name among them; a number is one without labels.
fn elements(value: &Value) -> Figures {
    let labels = |element: &Element| {
        let own = element.labels.iter().map(|(label, value)| (label.to_string(), value.to_string()));
        let name = element.name.iter().map(|name| ("__name__".to_owned(), name.to_string()));
        format!("{:?}", own.chain(name).collect::<BTreeMap<_, _>>())
    };
    match value {
        Value::Scalar(number) => Figures::from([("{}".to_owned(), *number)]),
        Value::Vector(elements) => elements.iter().map(|element| (labels(element), element.value)).collect(),
        Value::String(text) => panic!("the text {text}"),
    }
}

/// What ours and theirs say, the values in their order.
struct Answers {
    ours: Result<(Figures, Vec<f64>), String>,
    theirs: Result<(Figures, Vec<f64>), String>,
}

impl Answers {
    fn to(text: &str, at: i64, prometheus: &Prometheus, history: &History) -> Self {
        let theirs = prometheus.query(text, Some(at)).map(|found| {
            let order = found.iter().map(|one| one.value).collect();
            (found.into_iter().map(|one| (format!("{:?}", one.labels), one.value)).collect(), order)
        });
        // Refused when it is parsed or when it is evaluated: which of them is no matter.
        let ours = Expression::parse(text).map_err(|error| error.to_string()).and_then(|expression| {
            let value = evaluate(&expression, history, at * 1000).map_err(|error| error.to_string())?;
            let order = match &value {
                Value::Vector(elements) => elements.iter().map(|element| element.value).collect(),
                _ => Vec::new(),
            };
            Ok((elements(&value), order))
        });
        Self { ours, theirs }
    }

    fn agree(&self) -> bool {
        match (&self.ours, &self.theirs) {
            (Ok((ours, _)), Ok((theirs, _))) => agree(ours, theirs, true),
            (ours, theirs) => ours.is_err() && theirs.is_err(),
        }
    }

    fn refused(&self) -> bool {
        self.ours.is_err()
    }

    fn empty(&self) -> bool {
        self.ours.as_ref().is_ok_and(|(figures, _)| figures.is_empty())
    }

    fn difference(&self, text: &str, at: i64) -> String {
        let shown = |answer: &Result<(Figures, Vec<f64>), String>| match answer {
            Ok((figures, _)) => format!("{figures:?}"),
            Err(error) => error.clone(),
        };
        format!("{text} at {at}:\n    ours {}\n  theirs {}", shown(&self.ours), shown(&self.theirs))
    }
}

#[test]
fn expressions_of_all_kinds_give_what_prometheus_gives() {
    let Some(programs) = Programs::find() else { return };
    let story = stories::demo_and_lost_quorum();
    let prometheus = Prometheus::holding(&programs, &translate::as_it_was(&story.moments));
    let history = History::of(&story.moments);
    let mut dice = Dice::new(20_261_122);
    // The follower is down; nobody leads, and the samples are three seconds old.
    let times = [story.moments[9].at, story.moments[13].at + 3];
    let pinned = story.moments[6].at.to_string();
    let (mut refused, mut empty, mut differences) = (0, 0, Vec::new());
    for index in 0..1_500 {
        let text = dice.vector(1 + index % 4).replace("PINNED", &pinned);
        for at in times {
            let answers = Answers::to(&text, at, &prometheus, &history);
            refused += usize::from(answers.refused());
            empty += usize::from(answers.empty());
            if !answers.agree() {
                differences.push(answers.difference(&text, at));
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    // Of the 3,000 answers most are to say something.
    assert!(refused + empty < 1_500, "{refused} refused, {empty} empty");
}

/// Every function and aggregation once at least, and what of their rules chance would not meet.
const BY_HAND: &str = r#"
    abs(starrocks_fe_connection_total - 1e9)
    absent(nothing{a="1", b!="2", c=~"3"})
    absent(up)
    absent_over_time(nothing{a="1", a="2", b="3"}[5m])
    absent_over_time(up[5m])
    acos(up / 2)
    acosh(up + 1)
    asin(up / 2)
    asinh(up - 0.5)
    atan(up)
    atanh(up / 2)
    avg_over_time(jvm_heap_size_bytes[1m])
    ceil(up / 3)
    changes(show_backends_last_start_time[6m])
    clamp(jvm_thread, 10, 20)
    clamp(jvm_thread, NaN, 20)
    clamp_max(jvm_thread, 20)
    clamp_min(jvm_thread, 20)
    cos(up)
    cosh(up)
    count_over_time(up[6m])
    day_of_month()
    day_of_month(vector(-86401))
    day_of_week()
    day_of_week(vector(951782400))
    day_of_year()
    day_of_year(vector(951782400))
    days_in_month()
    days_in_month(vector(951782400))
    deg(up)
    delta(jvm_heap_size_bytes[6m])
    deriv(jvm_heap_size_bytes[6m])
    deriv(up[30s])
    exp(up)
    floor(up / 3)
    hour()
    hour(vector(-1))
    idelta(jvm_heap_size_bytes[6m])
    increase(starrocks_be_disk_bytes_written[2m])
    irate(starrocks_be_disk_bytes_written[2m])
    label_join(up, "joined", "-", "job", "nowhere", "instance")
    label_join(up, "job", "")
    label_join(up, "joined", ",", "__name__", "job")
    label_replace(up, "host", "$1", "instance", "(.*):.*")
    label_replace(up, "__name__", "down_$1", "job", "(.*)")
    label_replace(up, "__name__", "", "job", ".*")
    label_replace(up, "job", "$1", "job", "f|b")
    label_replace(up, "a", "${x}-$x-$1x-$01-$-$$1-${1", "job", "(?P<x>.).*")
    label_replace(up, "instance", "all", "instance", ".*")
    last_over_time(up[6m])
    ln(jvm_thread)
    log10(jvm_thread)
    log2(jvm_thread)
    max_over_time(jvm_heap_size_bytes[6m])
    min_over_time(jvm_heap_size_bytes[6m])
    minute()
    minute(vector(59.9))
    month()
    month(vector(-1))
    pi()
    pi() * up
    predict_linear(jvm_heap_size_bytes[6m], 3600)
    predict_linear(jvm_heap_size_bytes[6m] offset 1m, 3600)
    predict_linear(jvm_heap_size_bytes[6m] @ PINNED, time() - PINNED)
    present_over_time(up[6m])
    quantile_over_time(0.3, jvm_heap_size_bytes[6m])
    quantile_over_time(scalar(sum(up)) / 10, jvm_heap_size_bytes[6m])
    rad(up)
    rate(starrocks_be_network_send_bytes{device!="lo"}[2m])
    resets(process_uptime[6m])
    round(jvm_heap_size_bytes, 1e6)
    round(up / 3, 0.1)
    scalar(sum(up))
    scalar(up)
    sgn(jvm_thread - 20)
    sin(up)
    sinh(up)
    sort(jvm_heap_size_bytes)
    sort_desc(jvm_heap_size_bytes)
    sqrt(jvm_thread)
    stddev_over_time(jvm_heap_size_bytes[6m])
    stdvar_over_time(jvm_heap_size_bytes[6m])
    sum_over_time(jvm_heap_size_bytes[6m])
    tan(up)
    tanh(up)
    time()
    timestamp(up)
    timestamp((up))
    timestamp(+up)
    timestamp(up @ PINNED)
    timestamp(up offset 1m)
    timestamp(sum(up))
    vector(1.5)
    year()
    year(vector(-62135596801))
    year(vector(1e15))
    year(-vector(1e15))
    sum(jvm_thread)
    avg by (type) (jvm_thread)
    min without (instance) (jvm_thread)
    max by (job, nowhere) (jvm_thread)
    count(jvm_thread)
    group by (job) (jvm_thread)
    stddev by (type) (jvm_heap_size_bytes)
    stdvar(jvm_heap_size_bytes)
    quantile by (type) (0.25, jvm_heap_size_bytes)
    quantile(NaN, jvm_heap_size_bytes)
    quantile(-0.1, jvm_heap_size_bytes)
    quantile(1.1, jvm_heap_size_bytes)
    count_values("value", up)
    count_values by (job) ("job", up)
    count_values without (instance) ("value", up / 0)
    count_values without (value) ("value", up)
    count_values by (__name__) ("job", up)
    count_values(("value"), up * 1e21)
    count_values("value", up * 1e-7)
    topk(3, starrocks_be_network_send_bytes)
    topk by (instance) (1, starrocks_be_network_send_bytes)
    topk(scalar(count(up)) / 2, starrocks_be_network_send_bytes)
    topk(0.9, up)
    topk(NaN, up)
    topk(Inf, up)
    bottomk(3, starrocks_be_network_send_bytes > 0)
    bottomk without (device) (1, starrocks_be_network_send_bytes > 0)
    bottomk(9223372036854775807, up)
    count(topk(100, up / 0) > 0)
    up + on(instance) group_left(role) show_frontends_info
    (up == 1) + on(instance) group_left(__name__) count by (instance, __name__) (show_frontends_alive)
    (up == 1) == on(instance) group_left(__name__) count by (instance, __name__) (show_frontends_alive)
    up * on(instance) +show_frontends_alive
    up * ignoring(name, id) -up
    +up
    - + - up
    --up
    -up ^ 2
    +up ^ +2
    2 ^ -1
    -2 ^ 2
    2 ^ 3 ^ 2
    1 + 2 * 3 % 2 atan2 1
    sum(up) by (job) - sum(up) by (job)
    -(up atan2 up)
    -(1 atan2 up)
    3 == bool 3
    up > bool on(instance, job) up
    up == 1 or up != 1 and up
    up unless on(job) show_frontends_alive
    {__name__=~"up|jvm_thread", job="fe"}
    {job="fe", __name__!="up", __name__=~"u.*"}
    abs({__name__=~"show_(back|front)ends_alive"})
    rate({__name__=~"starrocks_be_network_send_bytes|starrocks_be_disk_bytes_written", instance!=""}[2m])
    max_over_time({job="be", mode="idle"}[2m])
    up @ PINNED
    up @ start()
    up offset 1m @ end()
    up @ -1
    max_over_time(jvm_thread[6m] @ PINNED offset -30s)
    sum(rate(starrocks_be_cpu[1m] @ PINNED)) + time()
    0755 + 0x1F + 1e3 + .5 + 08
    "text" == "text"
    -"text"
    +"text"
    max_over_time(+up[5m])
    exp(1)
    ln(NaN)
    exp(Inf)
    up + on(a) 1
    up + on() 1
    on + up
    by + 1
    sum by (on, bool, by) (up)
    "#;

/// The names of all functions and aggregations that are supported, as they begin in the list above.
const SUPPORTED: &str = "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp \
    clamp_max clamp_min cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp \
    floor hour idelta increase irate label_join label_replace last_over_time ln log10 log2 max_over_time min_over_time \
    minute month pi predict_linear present_over_time quantile_over_time rad rate resets round scalar sgn sin sinh sort \
    sort_desc sqrt stddev_over_time stdvar_over_time sum_over_time tan tanh time timestamp vector year sum avg min max \
    count group stddev stdvar quantile count_values topk bottomk";

#[test]
fn every_function_and_aggregation_gives_what_prometheus_gives() {
    let Some(programs) = Programs::find() else { return };
    let story = stories::demo_and_lost_quorum();
    let prometheus = Prometheus::holding(&programs, &translate::as_it_was(&story.moments));
    let history = History::of(&story.moments);
    let times = [story.moments[8].at + 1, story.moments[15].at + 2];
    let pinned = story.moments[6].at.to_string();
    let expressions = || BY_HAND.lines().map(str::trim).filter(|line| !line.is_empty());
    let unasked = SUPPORTED.split_whitespace().filter(|name| {
        !expressions().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', ' '])))
    });
    assert_eq!(unasked.collect::<Vec<_>>(), Vec::<&str>::new());
    let mut differences = Vec::new();
    for (text, at) in expressions().flat_map(|text| times.map(|at| (text.replace("PINNED", &pinned), at))) {
        let answers = Answers::to(&text, at, &prometheus, &history);
        let ordered = ["sort", "topk(", "bottomk("].iter().any(|name| text.starts_with(name));
        let in_order = match (&answers.ours, &answers.theirs) {
            (Ok((_, ours)), Ok((_, theirs))) => !ordered || ours == theirs,
            _ => true,
        };
        if !answers.agree() || !in_order {
            differences.push(answers.difference(&text, at));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

/// Pages of an application with histograms, and the milliseconds of their reading.
const HISTOGRAMS: [(&str, i64); 5] = [
    ("head-default-t025", 1_795_313_510_594),
    ("head-default-t035", 1_795_313_520_606),
    ("head-default-t055", 1_795_313_540_587),
    ("head-default-t100", 1_795_313_585_587),
    ("head-default-t105", 1_795_313_590_606),
];

/// `Q` stands for the quantile, `B` for each of the histograms. A rate is that of old counters only.
const OF_HISTOGRAMS: &str = r#"
    histogram_quantile(Q, B)
    histogram_quantile(Q, delta(B[85s]))
    histogram_quantile(Q, irate(B[85s]))
    histogram_quantile(Q, rate(B[85s]) and count_over_time(B[85s]) == 5)
    histogram_quantile(Q, sum by (le) (B))
    histogram_quantile(Q, sum by (le, test_name) (B))
    histogram_quantile(Q, sum without (test_name, table) (delta(B[85s])))
    histogram_quantile(Q, B{le!="+Inf"})
    histogram_quantile(Q, B{le=~"[+]Inf"})
    histogram_quantile(Q, B{le=~"0.1|[+]Inf"})
    histogram_quantile(Q, label_replace(B, "le", "wide", "le", "0.1"))
    histogram_quantile(Q, label_replace(B, "le", "1", "le", "0.5"))
    histogram_quantile(Q, label_replace(B, "le", "-$1", "le", "(0.*)"))
    histogram_quantile(Q, -B)
    histogram_quantile(Q, B - ignoring(le) group_left() B{le="+Inf"})
    histogram_quantile(Q, B * 0)
    histogram_quantile(Q, B * NaN)
    histogram_quantile(Q, {__name__=~".*_bucket"})
    histogram_quantile(Q, 1000 - B)
    "#;

#[test]
fn quantiles_of_recorded_histograms_are_those_that_prometheus_gives() {
    let Some(programs) = Programs::find() else { return };
    let mut text = String::new();
    let mut samples = Vec::new();
    for (page, at) in HISTOGRAMS {
        let path = format!("{}/tests/pages/batchsql/{page}.body", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        for sample in samples_of_page(&page, "app", "demo:9091") {
            let labels: Vec<String> = sample.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let (seconds, millis) = (at / 1000, at % 1000);
            let _ = writeln!(text, "{}{{{}}} {} {seconds}.{millis:03}", sample.name, labels.join(","), sample.value);
            samples.push((sample, at));
        }
    }
    let prometheus = Prometheus::holding(&programs, &(text + "# EOF\n"));
    let history = History::of_samples(samples);
    let at = 1_795_313_593;
    let (mut numbers, mut differences) = (0, Vec::new());
    for form in OF_HISTOGRAMS.lines().map(str::trim).filter(|line| !line.is_empty()) {
        for histogram in [
            "execute_duration_seconds",
            "batch_process_duration_seconds",
            "batch_size",
            "batch_assemble_duration_seconds",
        ] {
            for quantile in ["0", "0.01", "0.5", "0.95", "0.999", "1", "-0.1", "1.5", "NaN", "scalar(sum(up))"] {
                let text = form.replace('Q', quantile).replace('B', &format!("batchsql_{histogram}_bucket"));
                let answers = Answers::to(&text, at, &prometheus, &history);
                let finite = |(figures, _): &(Figures, _)| figures.values().filter(|value| value.is_finite()).count();
                numbers += answers.ours.as_ref().map_or(0, finite);
                if !answers.agree() {
                    differences.push(answers.difference(&text, at));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert!(numbers > 300, "{numbers} numbers");
}

#[test]
fn a_range_of_evaluations_begins_and_ends_where_prometheus_has_it() {
    let Some(programs) = Programs::find() else { return };
    let story = stories::demo_and_lost_quorum();
    let prometheus = Prometheus::holding(&programs, &translate::as_it_was(&story.moments));
    let history = History::of(&story.moments);
    let (start, end, step) = (story.moments[4].at + 1, story.moments[12].at + 1, 50);
    let mut differences = Vec::new();
    for text in [
        "up @ start()",
        "timestamp(up @ end())",
        "jvm_thread - jvm_thread @ start()",
        "max_over_time(jvm_thread[1m] @ end() offset 1m)",
        "topk(2, sum by (device) (starrocks_be_network_send_bytes @ end()))",
        "time() + 0 * sum(up @ start())",
    ] {
        let theirs = prometheus.query_range(text, start, end, step).expect("a matrix");
        let expression = Expression::parse(text).expect("an expression");
        let mut ours: BTreeMap<i64, Figures> = BTreeMap::new();
        for at in (start..=end).step_by(step as usize) {
            let moment = Moment { at: at * 1000, start: start * 1000, end: end * 1000 };
            let figures = elements(&evaluate(&expression, &history, moment).expect("a value"));
            if !figures.is_empty() {
                ours.insert(at, figures);
            }
        }
        let all = ours.len() == theirs.len()
            && ours
                .iter()
                .zip(&theirs)
                .all(|((at, ours), (their_at, theirs))| at == their_at && agree(ours, theirs, true));
        if !all {
            differences.push(format!("{text}: ours {ours:?}, theirs {theirs:?}"));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
}

/// Pieces of the language, so put that one in some hundreds of random rows of them is an expression. Left out is what
/// Prometheus of version 2 did not take yet: durations as numbers and the other way round, underscores in numbers, names in quotes.
const PIECES: &str = r#"x v up sum count topk and or unless atan2 by without on ignoring bool start end group_left
    ( ( ( ) ) ) ( ) , , { } {a="b"} {a="b",d!=""} {} {a=""} {__name__="x"} {__name__!~"x"} [5m] [0s] + - * / % ^ == !=
    <= < = =~ 1 0x1F 08 0755 .5 1e3 1e 1..2 Inf nan "a" 'b' `c` "\x41" "\q" @ @ 5 -5 start() end() rate( abs( time() pi()
    exp( vector( scalar( label_join( timestamp( absent( (a) (a,b) (a,) (,) x:y :x x{ # e9 offset~5m a[ ] a_b $ ! ~ é 5q"#;

#[test]
fn what_is_an_expression_to_prometheus_is_one_to_us() {
    let Some(programs) = Programs::find() else { return };
    let prometheus = Prometheus::holding(&programs, "x{a=\"b\"} 1 1\n# EOF\n");
    let mut dice = Dice::new(3);
    let (mut accepted, mut differences) = (0, Vec::new());
    for index in 0..6_000 {
        let mut text = String::new();
        for _ in 0..1 + index % 9 {
            text += &dice.one_of(PIECES).replace('~', " ");
            text += ["", " "][dice.roll(2)];
        }
        let theirs = prometheus.understands(&text);
        let ours = Expression::parse(&text);
        accepted += usize::from(ours.is_ok());
        if ours.is_ok() != theirs {
            differences.push(format!("{text:?}: ours {ours:?}, theirs {theirs}"));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert!(accepted > 300, "{accepted} accepted");
}
