use super::*;

fn nodes() -> Memory {
    now(&[("x", &[("host", "a:1"), ("job", "fe")], 1.0), ("x", &[("host", "b:2")], 2.0)])
}

#[test]
fn a_label_is_replaced_where_the_whole_value_matches() {
    check(
        &nodes(),
        &[
            (
                r#"label_replace(x, "port", "$1", "host", ".*:(.*)")"#,
                "x{host=\"a:1\", job=\"fe\", port=\"1\"} 1\nx{host=\"b:2\", port=\"2\"} 2",
            ),
            (
                r#"label_replace(x, "job", "node $2 of $1", "host", "(a):(\\d)")"#,
                "x{host=\"a:1\", job=\"node 1 of a\"} 1\nx{host=\"b:2\"} 2",
            ),
            // Only a part matches, so nothing happens.
            (r#"label_replace(x, "host", "", "host", "a")"#, "x{host=\"a:1\", job=\"fe\"} 1\nx{host=\"b:2\"} 2"),
            // A label that is not there is an empty text, and an empty text takes a label away.
            (
                r#"label_replace(x, "job", "none", "job", "")"#,
                "x{host=\"a:1\", job=\"fe\"} 1\nx{host=\"b:2\", job=\"none\"} 2",
            ),
            (r#"label_replace(x, "job", "", "job", "fe")"#, "x{host=\"a:1\"} 1\nx{host=\"b:2\"} 2"),
            (r#"label_replace(x{job="fe"}, "a.b", "c", "", "")"#, "x{a.b=\"c\", host=\"a:1\", job=\"fe\"} 1"),
        ],
    );
}

#[test]
fn a_template_names_groups_as_in_go() {
    let template = |template: &str| {
        let text = format!(r#"label_replace(x{{job="fe"}}, "r", "{template}", "host", "(?P<name>a):(1)")"#);
        let answer = answer(&nodes(), &text);
        answer.split_once("r=\"").map_or("", |(_, rest)| rest.trim_end_matches("\"} 1")).to_owned()
    };
    assert_eq!(template("$name/${name}/$2/${2}"), "a/a/1/1");
    // The longest name counts, and a group that there is not is empty.
    assert_eq!(template("<$1x><$3><$nobody><$02>"), "<><><><>");
    // What is no reference stays.
    assert_eq!(template("$$1 $ ${ ${1 ${a b} $- 100$"), "$1 $ ${ ${1 ${a b} $- 100$");
    assert_eq!(template("$0"), "a:1");
}

#[test]
fn labels_are_joined_with_what_stands_between_them() {
    check(
        &nodes(),
        &[
            (
                r#"label_join(x, "both", "-", "job", "host")"#,
                "x{both=\"fe-a:1\", host=\"a:1\", job=\"fe\"} 1\nx{both=\"-b:2\", host=\"b:2\"} 2",
            ),
            (r#"label_join(x, "job", "-")"#, "x{host=\"a:1\"} 1\nx{host=\"b:2\"} 2"),
            (r#"label_join(x{job="fe"}, "n", "", "__name__")"#, "x{host=\"a:1\", job=\"fe\", n=\"x\"} 1"),
        ],
    );
}

#[test]
fn the_name_is_a_label_to_both() {
    check(
        &nodes(),
        &[
            (
                r#"label_replace(x, "__name__", "${1}_total", "__name__", "(.*)")"#,
                "x_total{host=\"a:1\", job=\"fe\"} 1\nx_total{host=\"b:2\"} 2",
            ),
            (r#"label_join(x{job="fe"}, "__name__", "", "job")"#, "fe{host=\"a:1\", job=\"fe\"} 1"),
            (r#"label_replace(x{job="fe"}, "__name__", "", "", "")"#, "{host=\"a:1\", job=\"fe\"} 1"),
        ],
    );
}

#[test]
fn series_that_become_the_same_are_an_error() {
    let error = "error: the result would have two series with the labels {host=\"all\"}; aggregate, or keep a label that \
                 tells them apart";
    let text = r#"label_replace(label_replace(x, "job", "", "job", ".*"), "host", "all", "host", ".*")"#;
    check(&nodes(), &[(text, error)]);
    assert_eq!(answer(&nodes(), r#"timestamp(label_join(x{job="fe"}, "job", ""))"#), "{host=\"a:1\"} 1000");
}

#[test]
fn labels_and_patterns_are_checked_when_the_text_is_parsed() {
    check(
        &nodes(),
        &[
            (r#"label_replace(x, "", "a", "b", "c")"#, "refused: column 1: a label of `label_replace` has no name"),
            (r#"label_join(x, "a", ",", "")"#, "refused: column 1: a label of `label_join` has no name"),
            (
                r#"label_replace(x, "a", "b", "c", "(")"#,
                "refused: column 33: `(` is not a regular expression that is understood, or it is too large",
            ),
            (
                r#"label_replace(x, "a", "b", "c")"#,
                "refused: column 1: expected 5 argument(s) in call to `label_replace`, got 4",
            ),
            (
                r#"label_join(x, "a", 1)"#,
                "refused: column 1: `label_join` takes a text in quotes, and here is a number",
            ),
        ],
    );
}
