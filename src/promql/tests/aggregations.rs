use super::*;

fn nodes() -> Memory {
    now(&[
        ("x", &[("job", "fe"), ("node", "a")], 1.0),
        ("x", &[("job", "be"), ("node", "b")], 4.0),
        ("x", &[("job", "fe"), ("node", "c")], 2.5),
        ("x", &[("job", "be"), ("node", "d")], -3.0),
        ("x", &[("node", "e")], 10.0),
    ])
}

#[test]
fn each_aggregation_over_everything() {
    check(
        &nodes(),
        &[
            ("sum(x)", "{} 14.5"),
            ("avg(x)", "{} 2.9"),
            ("min(x)", "{} -3"),
            ("max(x)", "{} 10"),
            ("count(x)", "{} 5"),
            ("group(x)", "{} 1"),
        ],
    );
}

#[test]
fn groups_come_by_the_labels_named_or_without_them() {
    let jobs = "{job=\"fe\"} 3.5\n{job=\"be\"} 1\n{} 10";
    check(
        &nodes(),
        &[
            ("sum by (job) (x)", jobs),
            ("sum(x) by (job)", jobs),
            ("sum by (job, rack, job) (x)", jobs),
            ("sum without (node) (x)", jobs),
            ("sum without (node, job) (x)", "{} 14.5"),
            ("sum by () (x)", "{} 14.5"),
            ("count without () (x{job=\"fe\"})", "{job=\"fe\", node=\"a\"} 1\n{job=\"fe\", node=\"c\"} 1"),
            ("max by (__name__) (x)", "x{} 10"),
            ("max by (job, __name__) (x{node=~\"a|c\"})", "x{job=\"fe\"} 2.5"),
        ],
    );
}

#[test]
fn the_aggregate_of_nothing_is_nothing() {
    check(&nodes(), &[("sum(y)", ""), ("count(y)", ""), ("count(x > 100)", ""), ("sum(y) or vector(0)", "{} 0")]);
}

#[test]
fn nan_is_the_least_and_the_most_only_where_there_is_nothing_else() {
    let mixed = now(&[("x", &[("i", "1")], f64::NAN), ("x", &[("i", "2")], 2.0), ("x", &[("i", "3")], f64::NAN)]);
    check(
        &mixed,
        &[
            ("min(x)", "{} 2"),
            ("max(x)", "{} 2"),
            ("max(x{i!=\"2\"})", "{} NaN"),
            ("sum(x)", "{} NaN"),
            ("avg(x)", "{} NaN"),
            ("count(x)", "{} 3"),
        ],
    );
}

#[test]
fn small_values_survive_beside_large_ones() {
    let x = now(&[
        ("x", &[("i", "1")], 1e16),
        ("x", &[("i", "2")], 1.0),
        ("x", &[("i", "3")], -1e16),
        ("x", &[("i", "4")], 1.0),
    ]);
    check(&x, &[("sum(x)", "{} 2"), ("avg(x)", "{} 0.5")]);
}

#[test]
fn a_mean_does_not_overflow_and_a_sum_does() {
    let x = now(&[("x", &[("i", "1")], 1.6e308), ("x", &[("i", "2")], 1.6e308)]);
    check(&x, &[("avg(x) / 1.6e308", "{} 1"), ("sum(x)", "{} inf")]);
    let infinite = now(&[("x", &[("i", "1")], f64::INFINITY), ("x", &[("i", "2")], 1.0)]);
    check(&infinite, &[("avg(x)", "{} inf"), ("sum(x)", "{} inf")]);
    let both = now(&[("x", &[("i", "1")], f64::INFINITY), ("x", &[("i", "2")], f64::NEG_INFINITY)]);
    check(&both, &[("avg(x)", "{} NaN"), ("sum(x)", "{} NaN")]);
}
