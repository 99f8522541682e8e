//! Whole answers in all three forms.

use jiff::tz::TimeZone;

use super::*;
use crate::promql::Element;
use crate::report::Style;

const AT: Millis = 1_795_313_725_597;

fn style() -> Style {
    Style { zone: TimeZone::get("Asia/Shanghai").expect("a zone"), colour: false, width: None }
}

fn element(name: Option<&str>, labels: &[(&str, &str)], value: f64) -> Element {
    Element { name: name.map(Into::into), labels: Labels::of(labels.iter().copied()), at: 1, value }
}

fn vector(elements: Vec<Element>) -> Answer {
    Answer::At(AT, Value::Vector(elements))
}

fn two() -> Answer {
    vector(vec![
        element(Some("up"), &[("job", "fe"), ("Zone", "北京")], 1.0),
        element(None, &[("name", "a \"b\",\nc")], f64::NEG_INFINITY),
    ])
}

fn range() -> Answer {
    let series = |name: Option<&str>, labels: &[(&str, &str)], values: &[f64]| OverTime {
        name: name.map(Into::into),
        labels: Labels::of(labels.iter().copied()),
        points: (0..).zip(values).map(|(step, value)| Point { at: AT + 15_000 * step, value: *value }).collect(),
    };
    let steps = Steps { since: AT, until: AT + 59_403, step: 15_000 };
    let series =
        vec![series(None, &[], &[0.1, 0.2, 0.3]), series(Some("up"), &[("job", "fe")], &[1.0, f64::NAN, -2.0, 1e21])];
    Answer::Over(steps, series)
}

#[test]
fn json_is_the_data_object_of_prometheus() {
    for (answer, expected) in [
        (
            two(),
            r#"{"resultType":"vector","result":[{"metric":{"Zone":"北京","__name__":"up","job":"fe"},"value":[1795313725.597,"1"]},{"metric":{"name":"a \"b\",\nc"},"value":[1795313725.597,"-Inf"]}]}"#,
        ),
        (vector(Vec::new()), r#"{"resultType":"vector","result":[]}"#),
        (
            Answer::At(AT - 597, Value::Scalar(0.1 + 0.2)),
            r#"{"resultType":"scalar","result":[1795313725,"0.30000000000000004"]}"#,
        ),
        (Answer::At(AT, Value::String("a\tb".into())), r#"{"resultType":"string","result":[1795313725.597,"a\tb"]}"#),
        (
            range(),
            r#"{"resultType":"matrix","result":[{"metric":{},"values":[[1795313725.597,"0.1"],[1795313740.597,"0.2"],[1795313755.597,"0.3"]]},{"metric":{"__name__":"up","job":"fe"},"values":[[1795313725.597,"1"],[1795313740.597,"NaN"],[1795313755.597,"-2"],[1795313770.597,"1e+21"]]}]}"#,
        ),
    ] {
        assert_eq!(json(&answer), format!("{expected}\n"));
    }
}

#[test]
fn csv_has_a_column_a_label_and_quotes_where_they_are_needed() {
    for (answer, expected) in [
        (
            two(),
            "__name__,Zone,job,name,time,value\r\n\
             up,北京,fe,,2026-11-22T10:15:25.597+08:00,1\r\n\
             ,,,\"a \"\"b\"\",\nc\",2026-11-22T10:15:25.597+08:00,-Inf\r\n",
        ),
        (vector(Vec::new()), "time,value\r\n"),
        (
            vector(vec![element(Some("up"), &[("time", "noon"), ("value", "x")], 2.0)]),
            "__name__,label.time,label.value,time,value\r\nup,noon,x,2026-11-22T10:15:25.597+08:00,2\r\n",
        ),
        (vector(vec![element(None, &[], 2.0)]), "time,value\r\n2026-11-22T10:15:25.597+08:00,2\r\n"),
        (Answer::At(AT - 597, Value::Scalar(1.0)), "time,value\r\n2026-11-22T10:15:25+08:00,1\r\n"),
        (Answer::At(AT, Value::String("a,b".into())), "time,value\r\n2026-11-22T10:15:25.597+08:00,\"a,b\"\r\n"),
        (
            range(),
            "__name__,job,time,value\r\n\
             ,,2026-11-22T10:15:25.597+08:00,0.1\r\n\
             ,,2026-11-22T10:15:40.597+08:00,0.2\r\n\
             ,,2026-11-22T10:15:55.597+08:00,0.3\r\n\
             up,fe,2026-11-22T10:15:25.597+08:00,1\r\n\
             up,fe,2026-11-22T10:15:40.597+08:00,NaN\r\n\
             up,fe,2026-11-22T10:15:55.597+08:00,-2\r\n\
             up,fe,2026-11-22T10:16:10.597+08:00,1e+21\r\n",
        ),
    ] {
        assert_eq!(csv(&answer, &style(), false), expected);
    }
}

#[test]
fn a_table_has_the_numbers_first_and_says_when() {
    for (answer, note, expected) in [
        (
            vector(vec![element(Some("up"), &[], 12.5), element(None, &[("a", "1")], 3.0), element(None, &[], 0.0)]),
            " (the newest sample)",
            "2026-11-22 10:15:25.597 +08:00 (the newest sample): 3 series\n\n  \
             VALUE  SERIES\n   12.5  up\n      3  {a=\"1\"}\n      0  {}\n",
        ),
        (vector(Vec::new()), "", "2026-11-22 10:15:25.597 +08:00: no series\n"),
        (Answer::At(AT - 597, Value::Scalar(1.5)), "", "2026-11-22 10:15:25 +08:00\n\n  1.5\n"),
        (Answer::At(AT, Value::String("a\u{1b}[2J".into())), "", "2026-11-22 10:15:25.597 +08:00\n\n  a\u{fffd}[2J\n"),
        (
            range(),
            " (the newest sample)",
            "2026-11-22 10:15:25.597 +08:00 .. 2026-11-22 10:16:25 +08:00 (the newest sample) every 15s, 4 moments: 2 series\n\n  \
             POINTS  MIN  AVG    MAX   LAST  SERIES\n       \
             3  0.1  0.2    0.3    0.3  {}\n       \
             4   -2  NaN  1e+21  1e+21  up{job=\"fe\"}\n",
        ),
    ] {
        assert_eq!(table(&answer, note, &style()), expected);
    }
}

/// Every number has more digits than anyone reads, the series is longer than a narrow terminal is wide.
#[test]
fn a_table_fits_the_terminal() {
    let labels = [("instance", "10.20.0.1:8030"), ("job", "fe"), ("path", "/a, \"b\"/c")];
    let points = |values: &[f64]| (0..).zip(values).map(|(step, value)| Point { at: step, value: *value }).collect();
    let series = OverTime {
        name: Some("starrocks_fe_query_latency_ms".into()),
        labels: Labels::of(labels),
        points: points(&[0.123456789012345, 1234567.890123, 0.000012345678, 17179869184.0]),
    };
    let answer = Answer::Over(Steps { since: AT, until: AT + 45_000, step: 15_000 }, vec![series]);
    let shown = |width: usize| table(&answer, " (the newest sample)", &Style { width: Some(width), ..style() });
    for (width, expected) in [
        (
            100,
            "\
2026-11-22 10:15:25.597 +08:00 .. 2026-11-22 10:16:10.597 +08:00 (the newest sample)
every 15s, 4 moments: 1 series

  POINTS           MIN         AVG          MAX         LAST  SERIES
       4  0.0000123457  4295275938  17179869184  17179869184  starrocks_fe_query_latency_ms
                                                              {instance=\"10.20.0.1:8030\", job=\"fe\",
                                                              path=\"/a, \\\"b\\\"/c\"}
",
        ),
        (
            60,
            "\
2026-11-22 10:15:25.597 +08:00
.. 2026-11-22 10:16:10.597 +08:00 (the newest sample)
every 15s, 4 moments: 1 series

  POINTS           MIN         AVG          MAX         LAST
    SERIES
       4  0.0000123457  4295275938  17179869184  17179869184
    starrocks_fe_query_latency_ms{instance=\"10.20.0.1:8030\",
    job=\"fe\", path=\"/a, \\\"b\\\"/c\"}
",
        ),
    ] {
        assert_eq!(shown(width), expected);
    }
}

#[test]
fn what_steers_a_terminal_does_not_reach_it() {
    let hostile = vector(vec![element(Some("x"), &[("a", "\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\r\nb")], 1.0)]);
    let is_harmless = |text: &str, ends: &[char]| {
        !text.chars().any(|letter| !ends.contains(&letter) && crate::settings::words::printable(letter) != letter)
    };
    let text = json(&hostile);
    assert!(is_harmless(&text, &['\n']) && text.trim_end().lines().count() == 1, "{text:?}");
    // The value itself is what it was.
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read["result"][0]["metric"]["a"], "\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\r\nb");
    let text = table(&hostile, "", &style());
    assert!(is_harmless(&text, &['\n']) && text.lines().count() == 4, "{text:?}");
    let text = csv(&hostile, &style(), true);
    assert!(is_harmless(&text, &['\r', '\n']) && text.lines().count() == 2, "{text:?}");
    // For a program, CSV is the text itself.
    assert!(csv(&hostile, &style(), false).contains("\u{1b}]0;t\u{7}\u{9b}2J\u{202e}\r\nb"));
}
