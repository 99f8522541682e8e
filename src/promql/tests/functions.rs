use super::*;

#[test]
fn rounding_and_clamping_follow_prometheus() {
    let x = now(&[("x", &[], -2.5)]);
    check(
        &x,
        &[
            ("abs(x)", "{} 2.5"),
            ("ceil(x)", "{} -2"),
            ("floor(x)", "{} -3"),
            // Halves go up, also below zero.
            ("round(x)", "{} -2"),
            ("round(x * 1.1, 0.5)", "{} -2.5"),
            ("round(x * 1.304, 0.1)", "{} -3.3"),
            ("clamp(x, -1, 1)", "{} -1"),
            ("clamp(x, -3, 1)", "{} -2.5"),
            ("clamp(x, 1, -1)", ""),
            ("clamp(x, NaN, 1)", "{} NaN"),
            ("clamp_min(x, 0)", "{} 0"),
            ("clamp_max(x, -7)", "{} -7"),
            ("clamp_max(x, NaN)", "{} NaN"),
            ("clamp_max(x / 0, NaN)", "{} -inf"),
            ("clamp_min(x, scalar(x) + 1)", "{} -1.5"),
        ],
    );
}

#[test]
fn scalar_of_anything_but_one_element_is_nan() {
    let source = now(&[("one", &[("i", "1")], 5.0), ("two", &[("i", "1")], 1.0), ("two", &[("i", "2")], 2.0)]);
    check(
        &source,
        &[
            ("scalar(one)", "scalar 5"),
            ("scalar(two)", "scalar NaN"),
            ("scalar(none)", "scalar NaN"),
            ("one + scalar(none)", "{i=\"1\"} NaN"),
            ("vector(scalar(one) / 2)", "{} 2.5"),
        ],
    );
}

#[test]
fn time_is_the_evaluations_and_timestamp_the_samples() {
    let x = now(&[("x", &[("i", "1")], 5.0)]);
    check(
        &x,
        &[
            ("time()", "scalar 1000"),
            ("timestamp(x)", "{i=\"1\"} 999"),
            ("timestamp((x))", "{i=\"1\"} 999"),
            ("time() - timestamp(x)", "{i=\"1\"} 1"),
            // What an operator or a function gives is of the moment of evaluation.
            ("timestamp(x > 0)", "{i=\"1\"} 1000"),
            ("timestamp(x and x)", "{i=\"1\"} 1000"),
            ("timestamp(abs(x))", "{i=\"1\"} 1000"),
            ("timestamp(sum(x))", "{} 1000"),
            ("timestamp(last_over_time(x[5m]))", "{i=\"1\"} 1000"),
        ],
    );
}

#[test]
fn absent_has_the_labels_that_were_asked_for() {
    let x = now(&[("x", &[("i", "1")], 5.0)]);
    check(
        &x,
        &[
            ("absent(x)", ""),
            (r#"absent(x{i="2", j!="3", k=~"4"})"#, r#"{i="2"} 1"#),
            (r#"absent(x{i="2", i="3"})"#, "{} 1"),
            (r#"absent(x{i="2", i!="3"})"#, "{} 1"),
            (r#"absent(x{i!="3", i="2"})"#, r#"{i="2"} 1"#),
            (r#"absent((x{i="2"}))"#, r#"{i="2"} 1"#),
            (r#"absent(sum(x{i="2"}))"#, "{} 1"),
        ],
    );
}

#[test]
fn functions_drop_the_metric_name_and_last_over_time_keeps_it() {
    let x = now(&[("x", &[("i", "1")], 4.0)]);
    check(
        &x,
        &[
            ("x", "x{i=\"1\"} 4 1000 ms ago"),
            ("abs(x)", "{i=\"1\"} 4"),
            ("-x", "{i=\"1\"} -4"),
            ("max_over_time(x[5m])", "{i=\"1\"} 4"),
            ("last_over_time(x[5m])", "x{i=\"1\"} 4"),
        ],
    );
}

#[test]
fn series_that_only_their_names_told_apart_are_an_error_without_them() {
    let source = now(&[("x", &[("i", "1")], 4.0), ("y", &[], 5.0)]);
    let named = "sum by (__name__) (x or y)";
    check(
        &source,
        &[
            (named, "x{} 4\ny{} 5"),
            (&format!("{named} > 4"), "y{} 5"),
            (
                &format!("abs({named})"),
                "error: the result would have two series with the labels {}; aggregate, or keep a label that tells \
                 them apart",
            ),
        ],
    );
}

#[test]
fn literals_stand_for_themselves() {
    let empty = now(&[]);
    check(
        &empty,
        &[
            ("\"a\\n\\\"b\"", "string a\n\"b"),
            ("`a\\n\"b`", "string a\\n\"b"),
            ("0x1F", "scalar 31"),
            ("1e3", "scalar 1000"),
            ("-.5", "scalar -0.5"),
            ("-Inf", "scalar -inf"),
            ("nan", "scalar NaN"),
            ("5m", "scalar 300"),
            ("1 # one (\n+ 2", "scalar 3"),
        ],
    );
}
