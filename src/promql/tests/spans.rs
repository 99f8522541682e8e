//! Functions over ranges that look at all of the points.

use super::*;

/// A straight line from 10 to 50, one step of 10 every 10 s, and a sample before the range.
fn rising() -> Memory {
    history(&[(70_000, 1000.0), (45_000, 10.0), (35_000, 20.0), (25_000, 30.0), (15_000, 40.0), (5_000, 50.0)])
}

#[test]
fn a_straight_line_through_the_points_gives_its_slope_and_goes_on() {
    check(
        &rising(),
        &[
            ("deriv(x[1m])", "{i=\"1\"} 1"),
            ("predict_linear(x[1m], 60)", "{i=\"1\"} 115"),
            ("predict_linear(x[1m], 0)", "{i=\"1\"} 55"),
            ("predict_linear(x[1m], -scalar(x))", "{i=\"1\"} 5"),
            // One point is no line.
            ("deriv(x[10s])", ""),
            ("predict_linear(x[10s], 60)", ""),
        ],
    );
    // The least squares: of 0, 3, 3 at 0, 10 and 20 s the line rises by 3 in 20 s and is 3.5 at the last.
    let bent = history(&[(20_000, 0.0), (10_000, 3.0), (0, 3.0)]);
    check(&bent, &[("deriv(x[30s])", "{i=\"1\"} 0.15"), ("predict_linear(x[30s], 10)", "{i=\"1\"} 5")]);
}

#[test]
fn a_constant_has_no_slope_at_all() {
    let constant = |value: f64| history(&[(40_000, value), (33_333, value), (10_001, value)]);
    check(&constant(0.1), &[("deriv(x[1m])", "{i=\"1\"} 0"), ("predict_linear(x[1m], 1e9)", "{i=\"1\"} 0.1")]);
    check(
        &constant(f64::INFINITY),
        &[("deriv(x[1m])", "{i=\"1\"} NaN"), ("predict_linear(x[1m], 1)", "{i=\"1\"} NaN")],
    );
    check(&constant(f64::NAN), &[("deriv(x[1m])", "{i=\"1\"} NaN")]);
}

#[test]
fn spread_and_quantile_over_time() {
    check(
        &rising(),
        &[
            ("stdvar_over_time(x[1m])", "{i=\"1\"} 200"),
            ("stddev_over_time(x[1m])", "{i=\"1\"} 14.142135623730951"),
            ("stddev_over_time(x[10s])", "{i=\"1\"} 0"),
            ("quantile_over_time(0.5, x[1m])", "{i=\"1\"} 30"),
            ("quantile_over_time(0.9, x[1m])", "{i=\"1\"} 46"),
            ("quantile_over_time(scalar(x) / 100, x[1m])", "{i=\"1\"} 30"),
            ("quantile_over_time(-1, x[1m])", "{i=\"1\"} -inf"),
            ("quantile_over_time(2, x[1m])", "{i=\"1\"} inf"),
            ("quantile_over_time(NaN, x[1m])", "{i=\"1\"} NaN"),
            ("quantile_over_time(0.5, x[1s])", ""),
        ],
    );
    let far = history(&[(30_000, 1e15 + 1.0), (20_000, 1e15 + 3.0), (10_000, 1e15 + 5.0)]);
    check(&far, &[("stdvar_over_time(x[1m])", "{i=\"1\"} 2.6666666666666665")]);
    let some = history(&[(30_000, f64::NAN), (20_000, 3.0), (10_000, 5.0)]);
    check(
        &some,
        &[
            ("stddev_over_time(x[1m])", "{i=\"1\"} NaN"),
            ("quantile_over_time(1, x[1m])", "{i=\"1\"} 5"),
            ("quantile_over_time(0.5, x[1m])", "{i=\"1\"} 3"),
            ("quantile_over_time(0, x[1m])", "{i=\"1\"} NaN"),
        ],
    );
}

#[test]
fn presence_and_absence_over_time() {
    check(
        &rising(),
        &[
            ("present_over_time(x[1m])", "{i=\"1\"} 1"),
            ("present_over_time(x[1s])", ""),
            ("absent_over_time(x[1m])", ""),
            ("absent_over_time(x[1s])", "{} 1"),
            (r#"absent_over_time(x{i="2", j!="3", k="4"}[1m])"#, r#"{i="2", k="4"} 1"#),
            (r#"absent_over_time((y{i="2", i="3"}[1m] offset 1h))"#, "{} 1"),
            ("absent_over_time({__name__=~\"y.*\", a=\"b\"}[1m])", "{a=\"b\"} 1"),
        ],
    );
}

#[test]
fn over_the_interval_they_see_the_previous_sample_and_the_present_one() {
    let pair = history(&[(9_020_000, 5.0), (41_000, 30.0), (1_000, 10.0)]);
    check(
        &pair,
        &[
            // A fall is a fall to these.
            ("deriv(x[$__interval])", "{i=\"1\"} -0.5"),
            // 9.5 by now, and half of one less every second.
            ("predict_linear(x[$__interval], 20)", "{i=\"1\"} -0.5"),
            ("stdvar_over_time(x[$__interval])", "{i=\"1\"} 100"),
            ("stddev_over_time(x[$__interval])", "{i=\"1\"} 10"),
            ("quantile_over_time(0.25, x[$__interval])", "{i=\"1\"} 15"),
            ("present_over_time(x[$__interval])", "{i=\"1\"} 1"),
            ("absent_over_time(x[$__interval])", ""),
        ],
    );
    let alone = history(&[(1_000, 10.0)]);
    check(
        &alone,
        &[
            ("deriv(x[$__interval])", ""),
            ("predict_linear(x[$__interval], 20)", ""),
            ("stddev_over_time(x[$__interval])", ""),
            ("quantile_over_time(0.25, x[$__interval])", ""),
            ("present_over_time(x[$__interval])", ""),
            ("absent_over_time(x{i=\"1\"}[$__interval])", "{i=\"1\"} 1"),
        ],
    );
    let back = history(&[(1_000, 10.0), (2_000, 11.0)]);
    check(&back, &[("present_over_time(x[$__interval])", ""), ("absent_over_time(x[$__interval])", "{} 1")]);
}
