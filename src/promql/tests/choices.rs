use super::*;

fn nodes() -> Memory {
    now(&[
        ("x", &[("job", "fe"), ("node", "a")], 1.0),
        ("x", &[("job", "be"), ("node", "b")], 4.0),
        ("x", &[("job", "fe"), ("node", "c")], 2.5),
        ("x", &[("job", "be"), ("node", "d")], f64::NAN),
        ("x", &[("job", "fe"), ("node", "e")], 4.0),
    ])
}

#[test]
fn the_largest_and_the_smallest_keep_their_names_and_labels() {
    let [a, b, c, d, e] = [
        "x{job=\"fe\", node=\"a\"} 1",
        "x{job=\"be\", node=\"b\"} 4",
        "x{job=\"fe\", node=\"c\"} 2.5",
        "x{job=\"be\", node=\"d\"} NaN",
        "x{job=\"fe\", node=\"e\"} 4",
    ];
    let lines = |lines: &[&str]| lines.join("\n");
    check(
        &nodes(),
        &[
            ("topk(3, x)", &lines(&[b, e, c])),
            // Of equal ones the first, and NaN last.
            ("topk(1, x)", b),
            ("topk(100, x)", &lines(&[b, e, c, a, d])),
            ("bottomk(2, x)", &lines(&[a, c])),
            ("bottomk(100, x)", &lines(&[a, c, b, e, d])),
            ("topk by (job) (1, x)", &lines(&[e, b])),
            ("topk(1, x) without (node)", &lines(&[e, b])),
            ("bottomk by (job) (1, x)", &lines(&[a, b])),
            ("topk by (job) (2, x{job=\"be\"})", &lines(&[b, d])),
            // How many may be computed; parts of one count for nothing.
            ("topk(scalar(count(x)) / 2.5 + 0.9, x)", &lines(&[b, e])),
            ("topk(0.99, x)", ""),
            ("topk(-Inf, x)", ""),
            ("topk(5, y)", ""),
            ("topk(NaN, x)", "error: `topk` was asked for NaN elements, which is no number of them"),
            (
                "bottomk(1e19, x)",
                "error: `bottomk` was asked for 10000000000000000000 elements, which is no number of them",
            ),
            ("timestamp(topk(1, x))", "{job=\"be\", node=\"b\"} 1000"),
            ("topk(1, abs(x))", "{job=\"be\", node=\"b\"} 4"),
        ],
    );
}

#[test]
fn a_quantile_lies_between_the_two_nearest_values() {
    let x = now(&[
        ("x", &[("i", "1")], 4.0),
        ("x", &[("i", "2")], 1.0),
        ("x", &[("i", "3")], 2.0),
        ("x", &[("i", "4")], 8.0),
    ]);
    check(
        &x,
        &[
            ("quantile(0.5, x)", "{} 3"),
            ("quantile(0, x)", "{} 1"),
            ("quantile(1, x)", "{} 8"),
            ("quantile(0.1, x)", "{} 1.3"),
            ("quantile(-0.1, x)", "{} -inf"),
            ("quantile(1.1, x)", "{} inf"),
            ("quantile(NaN, x)", "{} NaN"),
            ("quantile(scalar(count(x)) / 4, x)", "{} 8"),
            ("quantile by (i) (0.5, x{i=~\"1|2\"})", "{i=\"1\"} 4\n{i=\"2\"} 1"),
            ("quantile(0.5, y)", ""),
        ],
    );
    // A NaN counts as the least.
    check(&nodes(), &[("quantile(0, x)", "{} NaN"), ("quantile(0.5, x)", "{} 2.5"), ("quantile(1, x)", "{} 4")]);
}

#[test]
fn the_spread_is_that_of_the_values_themselves() {
    let x = now(&[
        ("x", &[("i", "1")], 2.0),
        ("x", &[("i", "2")], 4.0),
        ("x", &[("i", "3")], 4.0),
        ("x", &[("i", "4")], 6.0),
        ("y", &[], 1e9),
        ("z", &[("i", "1")], f64::INFINITY),
        ("z", &[("i", "2")], 1.0),
    ]);
    check(
        &x,
        &[
            ("stdvar(x)", "{} 2"),
            ("stddev(x)", "{} 1.4142135623730951"),
            ("stdvar by (i) (x{i=\"1\"})", "{i=\"1\"} 0"),
            // Far from zero small differences are not lost.
            ("round(stdvar(x + on() group_left() y), 0.0001)", "{} 2"),
            ("stddev(y)", "{} 0"),
            ("stddev(z)", "{} NaN"),
            ("stdvar(z{i=\"1\"})", "{} NaN"),
            ("stddev(none)", ""),
        ],
    );
    check(
        &nodes(),
        &[("stddev(x)", "{} NaN"), ("group(x)", "{} 1"), ("group by (job) (x)", "{job=\"fe\"} 1\n{job=\"be\"} 1")],
    );
}

#[test]
fn values_are_counted_by_how_they_are_written() {
    let x = now(&[
        ("x", &[("job", "fe"), ("i", "1")], 1e21),
        ("x", &[("job", "fe"), ("i", "2")], 0.000001),
        ("x", &[("job", "be"), ("i", "3")], 1e21),
        ("x", &[("job", "be"), ("i", "4")], f64::NEG_INFINITY),
        ("x", &[("job", "be"), ("i", "5")], f64::NAN),
    ]);
    check(
        &x,
        &[
            (
                "count_values(\"v\", x)",
                "{v=\"1000000000000000000000\"} 2\n{v=\"0.000001\"} 1\n{v=\"-Inf\"} 1\n{v=\"NaN\"} 1",
            ),
            (
                "count_values by (job) (\"v\", x{i=~\"1|3\"})",
                "{job=\"fe\", v=\"1000000000000000000000\"} 1\n{job=\"be\", v=\"1000000000000000000000\"} 1",
            ),
            ("count_values without (i, job) (\"v\", x{i=~\"1|3\"})", "{v=\"1000000000000000000000\"} 2"),
            // The label may be there already, and `without` may take it away again.
            ("count_values by (job) (\"job\", x{i=~\"2|4\"})", "{job=\"0.000001\"} 1\n{job=\"-Inf\"} 1"),
            ("count_values without (i, v) (\"v\", x)", "{job=\"fe\"} 2\n{job=\"be\"} 3"),
            ("count_values without () (\"i\", x{i=\"4\"})", "{i=\"-Inf\", job=\"be\"} 1"),
            ("count_values(\"__name__\", x{i=~\"[24]\"})", "0.000001{} 1\n-Inf{} 1"),
            ("count_values((\"v\"), y)", ""),
            ("count_values(\"\", x)", "refused: column 1: the label of `count_values` has no name"),
            (
                "count_values(1, x)",
                "refused: an aggregation takes a text in quotes, and here is a number; a number or text stands before the vector, as in `topk(5, x)`, \
                 `quantile(0.9, x)` and `count_values(\"label\", x)`",
            ),
            (
                "topk(\"1\", x)",
                "refused: an aggregation takes a number, and here is a text in quotes; a number or text stands before the vector, as in `topk(5, x)`, \
                 `quantile(0.9, x)` and `count_values(\"label\", x)`",
            ),
        ],
    );
}
