//! The language against a real Prometheus: expressions put together at random, and by hand what chance would miss. Of the
//! ways in which a Prometheus of version 2 differs all keep clear: the edges of ranges, young counters, and `atan2`, which
//! left a metric its name until 2.47.

use std::collections::BTreeMap;
use std::fmt::Write;

use stellar::promql::{Element, Expression, Moment, Value, evaluate};

use crate::by_hand::{BY_HAND, OF_HISTOGRAMS, PIECES, SUPPORTED};
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
