use super::*;
use crate::promql::{MatchOperator, ValueType};

fn disks() -> Memory {
    now(&[
        ("disk", &[("host", "a"), ("path", "/data1")], 1.0),
        ("disk", &[("host", "a"), ("path", "/data22")], 2.0),
        ("disk", &[("host", "b")], 3.0),
        ("disks", &[("host", "a")], 4.0),
    ])
}

#[test]
fn each_kind_of_matcher_selects_its_series() {
    let all = "disk{host=\"a\", path=\"/data1\"} 1 1000 ms ago\n\
               disk{host=\"a\", path=\"/data22\"} 2 1000 ms ago\n\
               disk{host=\"b\"} 3 1000 ms ago";
    let [one, two, bare] = all.lines().collect::<Vec<_>>()[..] else { panic!("three lines") };
    check(
        &disks(),
        &[
            ("disk", all),
            (r#"disk{path="/data1"}"#, one),
            (r#"disk{path!="/data1"}"#, &format!("{two}\n{bare}")),
            (r#"disk{path=~"/data[0-9]"}"#, one),
            (r#"disk{path!~"/data[0-9]"}"#, &format!("{two}\n{bare}")),
            (r#"disk{host="a", path!="/data1"}"#, two),
            (r#"{__name__="disk", host="b"}"#, bare),
            (r#"nothing{host="b"}"#, ""),
        ],
    );
}

#[test]
fn an_absent_label_is_an_empty_one() {
    check(
        &disks(),
        &[
            (r#"disk{path=""}"#, "disk{host=\"b\"} 3 1000 ms ago"),
            (r#"count(disk{path!=""})"#, "{} 2"),
            (r#"count(disk{path=~".*"})"#, "{} 3"),
            (r#"count(disk{path=~".+"})"#, "{} 2"),
            (r#"count(disk{path=~"|/data1"})"#, "{} 2"),
            (r#"count(disk{rack!="x"})"#, "{} 3"),
        ],
    );
}

#[test]
fn regular_expressions_mean_what_they_mean_in_prometheus() {
    let texts = now(&[
        ("t", &[("v", "line\nbreak")], 1.0),
        ("t", &[("v", "\u{663}")], 2.0),
        ("t", &[("v", "a{b}")], 3.0),
        ("t", &[("v", "[&")], 4.0),
        ("t", &[("v", "ab")], 5.0),
    ]);
    let numbers = |text: &str| answer(&texts, &format!("sum(t{{v=~{text}}})"));
    // The whole value, a dot for any character, digits and words of ASCII alone, literal braces, no set operators.
    assert_eq!(numbers("\"a\""), "");
    assert_eq!(numbers("\"line.break\""), "{} 1");
    assert_eq!(numbers(r#""\\d""#), "");
    assert_eq!(numbers(r"`[^\d\w\s]`"), "{} 2");
    assert_eq!(numbers(r#""a{b}""#), "{} 3");
    assert_eq!(numbers(r"`[\[][a&&b]`"), "{} 4");
    assert_eq!(numbers(r#""a|ab""#), "{} 5");
}

#[test]
fn an_offset_is_subtracted_before_the_source_is_asked() {
    let history = history(&[(400_000, 1.0), (120_000, 2.0), (60_000, 3.0), (-30_000, 4.0)]);
    check(
        &history,
        &[
            ("x", "x{i=\"1\"} 3 60000 ms ago"),
            ("x offset 1m", "x{i=\"1\"} 3 60000 ms ago"),
            ("x offset 61s", "x{i=\"1\"} 2 120000 ms ago"),
            ("x offset 5m", "x{i=\"1\"} 1 400000 ms ago"),
            ("x offset -1m", "x{i=\"1\"} 4 -30000 ms ago"),
            ("x offset 700s", ""),
            ("count_over_time(x[3m] offset 1m)", "{i=\"1\"} 2"),
        ],
    );
}

#[test]
fn an_expression_tells_every_selector_it_reads() {
    let text =
        r#"max(a{q="0.95", b!~"x.*"} and on(i) increase(b[$__interval]) > 0) / rate(c[1h30m] offset 5m) + time()"#;
    let expression = Expression::parse(text).unwrap();
    let selectors = expression.selectors();
    let shown: Vec<String> = selectors.iter().map(ToString::to_string).collect();
    assert_eq!(shown, [r#"a{q="0.95", b!~"x.*"}"#, "b[$__interval]", "c[1h30m] offset 5m"]);
    let windows: Vec<Window> = selectors.iter().map(|selector| selector.window).collect();
    assert_eq!(windows, [Window::Instant, Window::Interval, Window::Range(5_400_000)]);
    assert_eq!(selectors[2].offset, 300_000);
    assert_eq!(selectors[0].matchers[1].operator, MatchOperator::MatchesNot);
    assert_eq!(expression.text(), text);
}

#[test]
fn the_type_of_the_answer_is_known_from_the_text() {
    let types = ["1 + time()", "scalar(a) * 2", "\"a\"", "a", "1 - a", "rate(a[5m])", "sum(a)", "a or b", "vector(1)"]
        .map(|text| Expression::parse(text).unwrap().value_type());
    use ValueType::{Scalar, String, Vector};
    assert_eq!(types, [Scalar, Scalar, String, Vector, Vector, Vector, Vector, Vector, Vector]);
}

#[test]
fn ranges_may_be_written_in_every_way_prometheus_takes() {
    let windows = |text: &str| Expression::parse(text).unwrap().selectors()[0].window;
    assert_eq!(windows("rate(x[1y2w3d4h5m6s7ms])"), Window::Range(33_019_506_007));
    assert_eq!(windows("rate(x[ 5m ])"), Window::Range(300_000));
    assert_eq!(windows("rate(x[90])"), Window::Range(90_000));
    assert_eq!(windows("rate(x[0.5])"), Window::Range(500));
    assert_eq!(windows("rate((x[ $__interval ]))"), Window::Interval);
}
