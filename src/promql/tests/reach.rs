use std::collections::BTreeSet;

use super::super::{Expression, Selector};

/// `a` and `b` have the labels x, y and le; nothing is known of `other`.
fn labels(text: &str) -> String {
    let known = |selector: &Selector| match selector.name.as_deref() {
        Some("a" | "b") => Some(BTreeSet::from(["x", "y", "le"].map(str::to_owned))),
        _ => None,
    };
    let labels = Expression::parse(text).expect("PromQL").labels(&known);
    labels.map_or_else(|| "any".to_owned(), |labels| labels.into_iter().collect::<Vec<_>>().join(" "))
}

#[test]
fn the_labels_of_what_an_expression_gives_are_told_from_its_text() {
    for (text, expected) in [
        ("a", "le x y"),
        ("other", "any"),
        ("rate(a[5m]) > 1", "le x y"),
        ("1 - a", "le x y"),
        ("-a", "le x y"),
        ("sum(other)", ""),
        ("sum by (x, z) (a)", "x"),
        ("sum by (x) (other)", "x"),
        ("sum without (x) (a)", "le y"),
        ("sum without (x) (other)", "any"),
        ("topk(1, a)", "le x y"),
        ("a / on (x) b", "x"),
        ("a / ignoring (x) b", "le y"),
        ("sum by (x) (a) * on (x) group_left (z) b", "x z"),
        ("sum by (x) (a) * on (x) group_right (z) b", "le x y z"),
        ("sum by (x) (a) or sum by (y) (b)", "x y"),
        ("sum by (x) (a) unless other", "x"),
        ("label_replace(sum(a), \"z\", \"\", \"x\", \"\")", "z"),
        ("count_values(\"v\", a)", "v"),
        ("absent(a{x=\"1\", y=~\".+\"})", "x"),
        ("vector(time())", ""),
        ("1", ""),
    ] {
        assert_eq!(labels(text), expected, "{text}");
    }
}

#[test]
fn a_zero_that_is_divided_by_is_found_where_it_is_written() {
    let divides = |text: &str| Expression::parse(text).expect("PromQL").divides_by_zero();
    assert!(["a / 0", "sum(a % 0) > 1", "abs(1 / (a / 0.0))", "b or a / (0)"].iter().all(|text| divides(text)));
    assert!(!["0 / a", "a / b", "a / 0.5", "a - 0", "a / (b > 0)"].iter().any(|text| divides(text)));
}
