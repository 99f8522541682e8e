//! What an expression sees of stored samples, moment by moment, and what a text file gives.

use std::io::{self, Read};

use super::text::{FileReport, read};
use super::*;
use crate::exposition::Format;
use crate::promql::{Expression, Value, evaluate};

fn parsed(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn of(text: &str, expression: &str) -> (History, FileReport) {
    match read(text.as_bytes(), &parsed(expression).selectors(), true) {
        Ok(read) => read,
        Err(error) => panic!("{text}: {error:?}"),
    }
}

/// The elements at a moment, `name{labels} value`.
fn at(history: &History, expression: &str, at: Millis) -> String {
    match evaluate(&parsed(expression), history, at) {
        Ok(Value::Vector(elements)) => {
            let line = |one: &crate::promql::Element| {
                format!("{}{} {}", one.name.as_deref().unwrap_or_default(), one.labels, one.value)
            };
            elements.iter().map(line).collect::<Vec<_>>().join("; ")
        }
        other => format!("{other:?}"),
    }
}

/// All points of a file, by time.
fn points(text: &str) -> String {
    let (history, _) = of(text, "x");
    let line = |series: &Series| {
        let points = series.points.iter().map(|point| format!(" {}@{}", point.value, point.at));
        format!("{}{}", series.labels, points.collect::<String>())
    };
    history.selected(&parsed("x").selectors()[0]).map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_series_is_present_for_five_minutes_and_not_at_the_very_end() {
    let (history, _) = of("x 1 1000\nx 2 61000\n", "x");
    for (moment, expected) in
        [(999, ""), (1_000, "x{} 1"), (60_999, "x{} 1"), (61_000, "x{} 2"), (360_999, "x{} 2"), (361_000, "")]
    {
        assert_eq!(at(&history, "x", moment), expected, "{moment}");
    }
    // The sample at the very beginning of a range is outside.
    let counts = [60_999, 61_000, 61_001].map(|moment| at(&history, "count_over_time(x[1m])", moment));
    assert_eq!(counts, ["{} 1", "{} 1", "{} 1"]);
    assert_eq!(at(&history, "count_over_time(x[61s])", 61_000), "{} 2");
    assert_eq!(at(&history, "x offset 5m", 360_999), "x{} 1");
}

#[test]
fn a_stale_marker_ends_a_series_until_its_next_sample() {
    let mut filling = Filling::default();
    let place = filling.insert("x", &[("a", "1".into())]);
    for (at, value) in [(1_000, 1.0), (2_000, f64::from_bits(STALE)), (4_000, 3.0), (3_000, f64::NAN)] {
        filling.add(place, Point { at, value });
    }
    let (history, duplicates) = filling.finish(LOOKBACK, |at| at);
    assert_eq!(duplicates, 0);
    let seen = [1_999, 2_000, 2_999, 3_000, 4_000].map(|moment| at(&history, "x", moment));
    // A NaN that is measured is a value.
    assert_eq!(seen, ["x{a=\"1\"} 1", "", "", "x{a=\"1\"} NaN", "x{a=\"1\"} 3"]);
    assert_eq!(at(&history, "count_over_time(x[1m])", 4_000), "{a=\"1\"} 3");
    assert_eq!(at(&history, "count_over_time(x[1s])", 2_500), "");
}

#[test]
fn the_previous_sample_may_be_of_any_age_and_the_present_one_may_not() {
    let (history, _) = of("x 1 1000\nx 5 1000000\n", "x");
    assert_eq!(at(&history, "increase(x[$__interval])", 1_000_000), "{} 4");
    assert_eq!(at(&history, "increase(x[$__interval])", 1_299_999), "{} 4");
    assert_eq!(at(&history, "increase(x[$__interval])", 1_300_000), "");
    assert_eq!(at(&history, "increase(x[$__interval])", 999_999), "");
}

#[test]
fn many_scrapes_in_one_text_are_one_history() {
    let text = "\
# HELP x About x.
# TYPE x counter
# UNIT x seconds
x{a=\"1\",b=\"\"} 1 10.5 # {trace=\"abc\"} 0.5 10.4
x_created{a=\"1\"} 1 10.5
other 1
# EOF
# HELP x About x.
# TYPE x counter
x{b=\"2\",a=\"1\"} 3 +1.15e1
x{a=\"1\"} 2 11.5
# EOF
";
    assert_eq!(points(text), "{a=\"1\"} 1@10500 2@11500; {a=\"1\", b=\"2\"} 3@11500");
    // Without `# EOF` the same numbers are milliseconds.
    assert_eq!(points("x 1 1500\r\n  x 2 1501\r\n\r\nx 3 1502"), "{} 1@1500 2@1501 3@1502");
    let (_, report) = of("x 1 1500\ny 1 1700\n", "x");
    let expected =
        FileReport { format: Format::Prometheus, newest: 1700, duplicates: 0, bad_lines: 0, first_bad: Vec::new() };
    assert_eq!(report, expected);
}

#[test]
fn samples_in_any_order_are_sorted_and_of_two_of_one_time_the_first_counts() {
    let (history, report) = of("x 3 3000\nx 1 1000\nx 9 3000\nx 2 2000\nx 3 3000\n", "x");
    assert_eq!(report.duplicates, 2);
    assert_eq!(at(&history, "x", 3_000), "x{} 3");
    assert_eq!(at(&history, "x offset 1s", 3_000), "x{} 2");
}

#[test]
fn only_what_the_selectors_ask_for_is_kept() {
    let text = "x{a=\"1\"} 1 1000\nx{a=\"2\"} 2 1000\ny{a=\"1\"} 3 1000\n";
    let (history, _) = of(text, "x{a=~\"1.*\"} + z");
    assert_eq!(history.series.values().flatten().count(), 1);
    assert_eq!(at(&history, "x", 1_000), "x{a=\"1\"} 1");
}

#[test]
fn a_writer_that_escapes_nothing_is_understood_in_both_formats() {
    assert_eq!(points("x{a=\"b\"c\",d=\"e\\\"} 1 1500\n"), "{a=\"b\\\"c\", d=\"e\\\\\"} 1@1500");
    assert_eq!(points("x{a=\"b\"c\"} 1 2\n# EOF\n"), "{a=\"b\\\"c\"} 1@2000");
}

#[test]
fn lines_that_cannot_be_read_are_counted_and_the_rest_is_kept() {
    let text = b"x 1 1000\nx{ 2 2000\nx nine 3000\n9x 1 4000\nother{ 1 5000\nx{a=\"\xff\"} 1 1000\n\x1b[2J\nx 4 4000\n";
    let (history, report) = read(&text[..], &parsed("x").selectors(), true).expect("a history");
    let bad: Vec<String> = report.first_bad.iter().map(ToString::to_string).collect();
    let expected = [
        "line 2 `x{ 2 2000`: no `name=\"value\"` where a label or `}` should be",
        "line 3 `x nine 3000`: the value is not a number",
        "line 4 `9x 1 4000`: no metric name where the line begins",
        "line 5 `other{ 1 5000`: no `name=\"value\"` where a label or `}` should be",
        "line 6 `x{a=\"\u{fffd}\"} 1 1000`: not UTF-8",
    ];
    assert_eq!((bad, report.bad_lines), (expected.map(str::to_owned).to_vec(), 6));
    assert_eq!((at(&history, "x", 4_000), report.newest), ("x{} 4".to_owned(), 4_000));
}

#[test]
fn without_the_newest_sample_a_text_is_looked_at_until_it_shows_samples() {
    let text = "one two\ny 1 1000\nother{ 1 5000\nx 4 4000\ny 9 9000\n";
    let (history, report) = read(text.as_bytes(), &parsed("x").selectors(), false).expect("a history");
    let bad: Vec<String> = report.first_bad.iter().map(ToString::to_string).collect();
    assert_eq!((bad, report.newest), (vec!["line 1 `one two`: the value is not a number".to_owned()], 4_000));
    assert_eq!(at(&history, "x", 4_000), "x{} 4");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let text = "\u{feff}x 1 1000\nx 2 2000\n";
    assert_eq!(points(text), "{} 1@1000 2@2000");
    let (history, report) = read(Drops(text.as_bytes()), &parsed("x").selectors(), true).expect("a history");
    assert_eq!((at(&history, "count_over_time(x[5m])", 2_000), report.bad_lines), ("{} 2".to_owned(), 0));
    // Anywhere else it is a letter like others.
    assert_eq!(of("x 1 1000\n\u{feff}x 2 2000\n", "x").1.bad_lines, 1);
}

fn refusal(text: &[u8]) -> String {
    match read(text, &parsed("x").selectors(), true) {
        Ok((_, report)) => format!("{report:?}"),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn a_sample_without_a_usable_time_is_refused_with_its_line() {
    for (text, expected) in [
        ("y 1\nx 1 1000\nx 1\n", "NoTimestamp(3)"),
        ("x 1 1000\nx 1 1000.5\n", "Fraction(2)"),
        ("x 1 -1\n", "OutOfTime(1)"),
        ("x 1 1795313000000\n# EOF\n", "OutOfTime(1)"),
        ("y 1 253402300800\n# EOF\n", "OutOfTime(1)"),
        ("x 1 253402300800000\n", "OutOfTime(1)"),
    ] {
        assert_eq!(refusal(text.as_bytes()), expected, "{text}");
    }
    assert!(refusal(b"<html>\n").starts_with("NoSample(Some("), "{}", refusal(b"<html>\n"));
    assert!(refusal(b"hello world\n").starts_with("NoSample(Some("), "{}", refusal(b"hello world\n"));
    assert_eq!([b"".as_slice(), b"# EOF\n"].map(refusal), ["NoSample(None)", "NoSample(None)"]);
    // Not even of a name that nobody asks for.
    assert_eq!(refusal(b"<html>\ny 1\n"), "NoTimestamp(2)");
}

/// Gives one byte a read.
struct Drops<'b>(&'b [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (Some((first, rest)), Some(place)) = (self.0.split_first(), buffer.first_mut()) else { return Ok(0) };
        *place = *first;
        self.0 = rest;
        Ok(1)
    }
}

#[test]
fn the_blocks_in_which_a_text_comes_make_no_difference() {
    let text = |lines: i64| -> String {
        (0..lines).map(|number| format!("x{{n=\"{}\"}} {number} {number}\n", number % 7)).collect()
    };
    // More than one block.
    let (history, report) = of(&text(150_000), "x");
    assert_eq!((at(&history, "sum(count_over_time(x[5m]))", 149_999), report.bad_lines), ("{} 150000".to_owned(), 0));
    assert_eq!(at(&history, "sum(sum_over_time(x[5m]))", 149_999), "{} 11249925000");

    let text = text(1_000);
    let (whole, whole_report) = of(&text, "x");
    let (by_drops, report) = read(Drops(text.as_bytes()), &parsed("x").selectors(), true).expect("a history");
    assert_eq!((whole.series, whole_report), (by_drops.series, report));
}

#[test]
fn a_line_without_an_end_costs_itself_only() {
    for length in [1 << 20, (1 << 20) + 2, 5 << 20] {
        let mut text = b"x 1 1000\nx{a=\"".to_vec();
        text.resize(length, b'b');
        text.extend(b"\nx 2 2000\nx\n");
        let (history, report) = read(&text[..], &parsed("x").selectors(), true).expect("a history");
        assert_eq!(at(&history, "x", 2_000), "x{} 2");
        let lines: Vec<u64> = report.first_bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [2, 4], "{length}");
    }
    // A file that is one line.
    assert!(refusal(&[b'x'; 3 << 20]).contains("longer than 1 MiB"));
}

#[test]
fn a_text_cut_anywhere_gives_what_stands_before_the_cut_or_a_reason() {
    let text = "x{a=\"\\\"b\",c=\"d\"} 1.5 1000.5 # {t=\"x\"} 1 2\n# EOF\nx 2 1001\n# EOF\n";
    let whole = points(text);
    let (mut answered, mut refused) = (0, 0);
    for cut in 0..=text.len() {
        let part = text.get(..cut).expect("ASCII");
        match read(part.as_bytes(), &parsed("x").selectors(), true) {
            Ok((history, _)) => answered += history.selected(&parsed("x").selectors()[0]).count(),
            Err(_) => refused += 1,
        }
    }
    assert_eq!(whole, "{} 2@1001000; {a=\"\\\"b\", c=\"d\"} 1.5@1000500");
    assert!(answered > 20 && refused > 20, "{answered} answered, {refused} refused");
}

fn over(text: &str, expression: &str, steps: (Millis, Millis, Millis)) -> String {
    let (since, until, step) = steps;
    let (history, _) = of(text, expression);
    let answer = evaluate_over_time(&parsed(expression), &history, Steps { since, until, step }).expect("an answer");
    let line = |one: &OverTime| {
        let points = one.points.iter().map(|point| format!(" {}@{}", point.value, point.at));
        format!("{}{}{}", one.name.as_deref().unwrap_or_default(), one.labels, points.collect::<String>())
    };
    answer.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_range_has_a_point_where_there_is_a_value_and_its_end_is_a_step() {
    let text = "x{a=\"2\"} 1 1000\nx{a=\"1\"} 5 2000\nx{a=\"2\"} 2 3000\n";
    assert_eq!(over(text, "x", (0, 3_000, 1_000)), "x{a=\"1\"} 5@2000 5@3000; x{a=\"2\"} 1@1000 1@2000 2@3000");
    assert_eq!(over(text, "x > 1", (0, 3_999, 2_000)), "x{a=\"1\"} 5@2000");
    assert_eq!(over(text, "2 * 2", (0, 1_000, 1_000)), "{} 4@0 4@1000");
    assert_eq!(over(text, "nothing", (0, 1_000, 1_000)), "");
    // The name is a label among others: after capitals, before small letters.
    assert_eq!(
        over("x{A=\"1\"} 1 1000\nx{a=\"1\"} 2 1000\n", "x or vector(4)", (1_000, 1_000, 1)),
        "{} 4@1000; x{A=\"1\"} 1@1000; x{a=\"1\"} 2@1000"
    );
}

#[test]
fn a_range_without_a_step_gets_one_that_people_can_count_in() {
    let usual = |seconds: i64| Steps::usual_step(0, seconds * 1000) / 1000;
    let found = [0, 59, 60, 61, 240, 3_600, 7_200, 86_400, 604_800, 31_536_000, 315_360_000].map(usual);
    assert_eq!(found, [1, 1, 1, 2, 5, 60, 120, 1_800, 10_800, 604_800, 5_443_200]);
}

#[test]
fn the_least_step_that_is_offered_is_accepted_and_none_below() {
    for until in [11_000_000, 11_001_000, 12_000_000, 86_400_000, 1_795_313_725_597] {
        let step = Steps::least_step(0, until);
        assert!(!Steps { since: 0, until, step }.are_too_many(), "{until}");
        assert!(step == 1_000 || Steps { since: 0, until, step: step - 1_000 }.are_too_many(), "{until}");
    }
    assert!(!Steps { since: 0, until: 11_000_000, step: 1_000 }.are_too_many());
    assert!(Steps { since: 0, until: 11_001_000, step: 1_000 }.are_too_many());
}

#[test]
fn a_selector_without_a_name_reads_every_name() {
    let text = "x{a=\"1\"} 1 1000\nother{a=\"1\"} 2 1000\nthird{a=\"2\"} 3 1000\n";
    let one = |expression: &str| at(&of(text, expression).0, expression, 2_000);
    assert_eq!(one("{a=\"1\"}"), "other{a=\"1\"} 2; x{a=\"1\"} 1");
    assert_eq!(one("{__name__=~\"x|third\"}"), "third{a=\"2\"} 3; x{a=\"1\"} 1");
    assert_eq!(one("x - on(a) {__name__!=\"x\", a=~\".+\"}"), "{a=\"1\"} -1");
}

#[test]
fn start_and_end_are_those_of_the_whole_range() {
    let (history, _) = of("x 1 1000\nx 2 2000\nx 3 3000\nx 4 4000\n", "x");
    let steps = Steps { since: 2_000, until: 3_500, step: 1_000 };
    let values = |expression: &str| {
        let answer = evaluate_over_time(&parsed(expression), &history, steps).expect("a value");
        answer[0].points.iter().map(|point| (point.at, point.value)).collect::<Vec<_>>()
    };
    assert_eq!(values("x"), [(2_000, 2.0), (3_000, 3.0)]);
    assert_eq!(values("x @ start()"), [(2_000, 2.0), (3_000, 2.0)]);
    assert_eq!(values("x - x @ end()"), [(2_000, -1.0), (3_000, 0.0)]);
    assert_eq!(values("x @ 4"), [(2_000, 4.0), (3_000, 4.0)]);
}
