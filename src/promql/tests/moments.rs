use super::*;
use crate::promql::Moment;

/// One sample every 10 s, its value the seconds before the evaluation.
fn counting() -> Memory {
    let samples: Vec<(Millis, f64)> = (-20..=60).rev().map(|index| (index * 10_000, (index * 10) as f64)).collect();
    history(&samples)
}

#[test]
fn a_pinned_selector_looks_from_its_own_moment() {
    check(
        &counting(),
        &[
            ("x @ 900", "x{i=\"1\"} 100 100000 ms ago"),
            ("x @ 905.5", "x{i=\"1\"} 100 100000 ms ago"),
            ("x @ 1100", "x{i=\"1\"} -100 -100000 ms ago"),
            // The offset counts from there, in whichever order they stand.
            ("x @ 900 offset 50s", "x{i=\"1\"} 150 150000 ms ago"),
            ("x offset 50s @ 900", "x{i=\"1\"} 150 150000 ms ago"),
            ("x @ 900 offset -50s", "x{i=\"1\"} 50 50000 ms ago"),
            ("max_over_time(x[1m] @ 900)", "{i=\"1\"} 150"),
            ("rate(x[1m] @ 900)", "{i=\"1\"} 12"),
            ("delta(x[1m] @ 900)", "{i=\"1\"} -60"),
            ("timestamp(x @ 900)", "{i=\"1\"} 900"),
            ("time() + 0 * x @ 900", "{i=\"1\"} 1000"),
            ("x @ 0", ""),
            ("x @ -1e3", ""),
            ("absent(x{i=\"2\"} @ 900)", "{i=\"2\"} 1"),
        ],
    );
}

#[test]
fn a_prediction_goes_from_the_evaluation_not_from_the_end_of_the_window() {
    // The value falls by one a second and is zero at the evaluation.
    for (text, expected) in [
        ("predict_linear(x[1m], 60)", "{i=\"1\"} -60"),
        ("predict_linear(x[1m] offset 2m, 60)", "{i=\"1\"} -60"),
        ("predict_linear(x[1m] @ 900, 60)", "{i=\"1\"} -60"),
    ] {
        assert_eq!(answer(&counting(), text), expected, "{text}");
    }
}

#[test]
fn the_start_and_the_end_are_those_of_the_range_of_evaluations() {
    let value = |text: &str, moment: Moment| {
        let expression = Expression::parse(text).unwrap();
        match evaluate(&expression, &counting(), moment).unwrap() {
            Value::Vector(elements) => elements.iter().map(|element| element.value).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    let moment = Moment { at: NOW, start: NOW - 60_000, end: NOW + 60_000 };
    assert_eq!(value("x @ start()", moment), [60.0]);
    assert_eq!(value("x @ end()", moment), [-60.0]);
    assert_eq!(value("x @ end() offset 30s", moment), [-30.0]);
    assert_eq!(value("min_over_time(x[30s] @ start())", moment), [60.0]);
    assert_eq!(value("x - x @ start()", moment), [-60.0]);
    // Evaluated once, both are the moment of evaluation.
    assert_eq!(value("x @ start() + x @ end()", NOW.into()), [0.0]);
}

#[test]
fn a_selector_tells_its_moment() {
    let shown = |text: &str| Expression::parse(text).unwrap().selectors()[0].to_string();
    assert_eq!(shown("x @ 900.5 offset 5m"), "x @ 900.500 offset 5m");
    assert_eq!(shown("rate(x{a=\"b\"}[5m] offset -1h @ start())"), "x{a=\"b\"}[5m] @ start() offset -1h");
    assert_eq!(shown("x @ end()"), "x @ end()");
}
