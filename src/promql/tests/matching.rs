use super::*;

fn cluster() -> Memory {
    now(&[
        ("used", &[("disk", "1"), ("node", "a")], 10.0),
        ("used", &[("disk", "2"), ("node", "a")], 30.0),
        ("used", &[("disk", "1"), ("node", "b")], 5.0),
        ("total", &[("disk", "1"), ("node", "a")], 40.0),
        ("total", &[("disk", "2"), ("node", "a")], 60.0),
        ("total", &[("disk", "1"), ("node", "c")], 50.0),
        ("leader", &[("node", "a"), ("rack", "r1")], 1.0),
        ("leader", &[("node", "b"), ("rack", "r2")], 0.0),
        ("twice", &[("node", "a"), ("v", "1")], 1.0),
        ("twice", &[("node", "a"), ("v", "2")], 2.0),
    ])
}

#[test]
fn one_to_one_pairs_equal_labels_and_leaves_out_the_rest() {
    check(
        &cluster(),
        &[
            ("used / total", "{disk=\"1\", node=\"a\"} 0.25\n{disk=\"2\", node=\"a\"} 0.5"),
            ("sum by (node) (used) / on(node) sum by (node) (total)", "{node=\"a\"} 0.4"),
            ("sum by (node) (used) * ignoring(rack) leader", "{node=\"a\"} 40\n{node=\"b\"} 0"),
            ("sum(used) - on() sum(total)", "{} -105"),
            ("used / nothing", ""),
        ],
    );
}

#[test]
fn a_filter_between_vectors_keeps_the_left_value_and_mostly_its_name() {
    check(
        &cluster(),
        &[
            ("used > total - 31", "used{disk=\"1\", node=\"a\"} 10\nused{disk=\"2\", node=\"a\"} 30"),
            ("used == total", ""),
            ("leader < ignoring(rack) sum by (node) (used)", "leader{node=\"a\"} 1\nleader{node=\"b\"} 0"),
            // With `on`, only what it names is left.
            ("leader < on(node) sum by (node) (used)", "{node=\"a\"} 1\n{node=\"b\"} 0"),
            ("leader == on(node, __name__) leader", "leader{node=\"a\"} 1\nleader{node=\"b\"} 0"),
            ("used >= bool total", "{disk=\"1\", node=\"a\"} 0\n{disk=\"2\", node=\"a\"} 0"),
            (
                "used > on(node) group_left() leader * 5",
                "used{disk=\"1\", node=\"a\"} 10\nused{disk=\"2\", node=\"a\"} 30\nused{disk=\"1\", node=\"b\"} 5",
            ),
        ],
    );
}

#[test]
fn grouping_lets_many_meet_one_and_takes_labels_along() {
    check(
        &cluster(),
        &[
            (
                "used * on(node) group_left() leader",
                "{disk=\"1\", node=\"a\"} 10\n{disk=\"2\", node=\"a\"} 30\n{disk=\"1\", node=\"b\"} 0",
            ),
            (
                "used + on(node) group_left(rack) leader",
                "{disk=\"1\", node=\"a\", rack=\"r1\"} 11\n{disk=\"2\", node=\"a\", rack=\"r1\"} 31\n\
                 {disk=\"1\", node=\"b\", rack=\"r2\"} 5",
            ),
            (
                "leader - on(node) group_right() used{disk=\"1\"}",
                "{disk=\"1\", node=\"a\"} -9\n{disk=\"1\", node=\"b\"} -5",
            ),
            // A label that the one side lacks is taken away.
            ("used{node=\"b\"} + on(node) group_left(disk) leader", "{node=\"b\"} 5"),
            ("leader < on(node) group_right() used{disk=\"2\"}", "used{disk=\"2\", node=\"a\"} 1"),
        ],
    );
}

#[test]
fn series_that_cannot_be_told_apart_are_errors_that_name_the_labels() {
    check(
        &cluster(),
        &[
            (
                "leader + on(node) twice",
                "error: several series on the right side have the labels {node=\"a\"} that are compared: \
                 twice{node=\"a\", v=\"1\"}, twice{node=\"a\", v=\"2\"}; one side must be unique, so aggregate it or \
                 name more labels",
            ),
            (
                "used * on(node) leader",
                "error: several series on the left side match the labels {node=\"a\"} on the right; write \
                 `group_left` or `group_right` if that is meant",
            ),
            (
                "twice * on(node) group_right() used",
                "error: several series on the left side have the labels {node=\"a\"} that are compared: \
                 twice{node=\"a\", v=\"1\"}, twice{node=\"a\", v=\"2\"}; one side must be unique, so aggregate it or \
                 name more labels",
            ),
            (
                "used + on(node) group_left(disk) leader",
                "error: the result would have two series with the labels {node=\"a\"}; aggregate, or keep a label \
                 that tells them apart",
            ),
            (
                "sum by (__name__) (leader or twice) * on(__name__) sum by (__name__) (leader or twice)",
                "error: the result would have two series with the labels {}; aggregate, or keep a label that tells \
                 them apart",
            ),
        ],
    );
}

#[test]
fn duplicates_matter_only_where_something_meets() {
    check(
        &cluster(),
        &[
            // Prometheus does not look at the right side when the left one is empty.
            ("nothing + on(node) twice", ""),
            // A filter that drops all but one of them leaves nothing to confuse.
            ("used > on(node) leader * 20", "{node=\"a\"} 30\n{node=\"b\"} 5"),
        ],
    );
}

#[test]
fn set_operators_keep_names_values_and_every_element() {
    check(
        &cluster(),
        &[
            ("used and total", "used{disk=\"1\", node=\"a\"} 10\nused{disk=\"2\", node=\"a\"} 30"),
            ("used and on(node) leader == 1", "used{disk=\"1\", node=\"a\"} 10\nused{disk=\"2\", node=\"a\"} 30"),
            ("used unless on(node) twice", "used{disk=\"1\", node=\"b\"} 5"),
            (
                "used unless (nothing and nothing)",
                "used{disk=\"1\", node=\"a\"} 10\nused{disk=\"2\", node=\"a\"} 30\nused{disk=\"1\", node=\"b\"} 5",
            ),
            (
                "leader or on(node) total",
                "leader{node=\"a\", rack=\"r1\"} 1\nleader{node=\"b\", rack=\"r2\"} 0\ntotal{disk=\"1\", node=\"c\"} 50",
            ),
            (
                "twice or ignoring(v) leader",
                "twice{node=\"a\", v=\"1\"} 1\ntwice{node=\"a\", v=\"2\"} 2\nleader{node=\"a\", rack=\"r1\"} 1\nleader{node=\"b\", rack=\"r2\"} 0",
            ),
            ("nothing or vector(0)", "{} 0"),
            ("max(used and on(node) leader == 1)", "{} 30"),
        ],
    );
}
