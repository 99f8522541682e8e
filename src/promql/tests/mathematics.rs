use super::*;

/// `f(vector(value))`, to six digits.
#[track_caller]
fn each(cases: &[(&str, &str, &str)]) {
    for (function, value, expected) in cases {
        let text = format!("{function}(vector({value}))");
        let answer = answer(&now(&[]), &text);
        let number: f64 = answer.strip_prefix("{} ").and_then(|number| number.parse().ok()).expect(&answer);
        let digits = if number.is_finite() { format!("{number:.6}") } else { number.to_string() };
        assert_eq!(digits, *expected, "{text}");
    }
}

#[test]
fn logarithms_powers_and_signs() {
    each(&[
        ("exp", "1", "2.718282"),
        ("exp", "710", "inf"),
        ("exp", "-Inf", "0.000000"),
        ("ln", "10", "2.302585"),
        ("ln", "0", "-inf"),
        ("ln", "-1", "NaN"),
        ("log2", "8", "3.000000"),
        ("log10", "1000", "3.000000"),
        ("log10", "Inf", "inf"),
        ("sqrt", "2", "1.414214"),
        ("sqrt", "-1", "NaN"),
        ("sgn", "-3", "-1.000000"),
        ("sgn", "0", "0.000000"),
        ("sgn", "Inf", "1.000000"),
        ("sgn", "NaN", "NaN"),
    ]);
}

#[test]
fn angles_and_their_functions() {
    each(&[
        ("sin", "pi() / 6", "0.500000"),
        ("cos", "pi() / 3", "0.500000"),
        ("tan", "pi() / 4", "1.000000"),
        ("asin", "0.5", "0.523599"),
        ("acos", "0.5", "1.047198"),
        ("acos", "1.1", "NaN"),
        ("atan", "Inf", "1.570796"),
        ("sinh", "1", "1.175201"),
        ("cosh", "1", "1.543081"),
        ("tanh", "1", "0.761594"),
        ("asinh", "1", "0.881374"),
        ("asinh", "-1.7e308", "-710.419984"),
        ("acosh", "2", "1.316958"),
        ("acosh", "1.7e308", "710.419984"),
        ("acosh", "0.9", "NaN"),
        ("atanh", "0.5", "0.549306"),
        ("atanh", "-1", "-inf"),
        ("deg", "pi()", "180.000000"),
        ("rad", "90", "1.570796"),
    ]);
    check(&now(&[]), &[("pi()", "scalar 3.141592653589793"), ("1 atan2 -1", "scalar 2.356194490192345")]);
}

#[test]
fn sorting_puts_nan_last_and_leaves_equal_ones_where_they_are() {
    let x = now(&[
        ("x", &[("i", "1")], 2.0),
        ("x", &[("i", "2")], f64::NAN),
        ("x", &[("i", "3")], -1.0),
        ("x", &[("i", "4")], 2.0),
    ]);
    check(
        &x,
        &[
            ("sort(x)", "x{i=\"3\"} -1\nx{i=\"1\"} 2\nx{i=\"4\"} 2\nx{i=\"2\"} NaN"),
            ("sort_desc(x)", "x{i=\"1\"} 2\nx{i=\"4\"} 2\nx{i=\"3\"} -1\nx{i=\"2\"} NaN"),
        ],
    );
}

#[test]
fn a_plus_keeps_all_but_the_moment_of_the_sample() {
    let x = now(&[("x", &[("i", "1")], 5.0)]);
    check(
        &x,
        &[
            ("+x", "x{i=\"1\"} 5"),
            ("-x", "{i=\"1\"} -5"),
            ("--x", "{i=\"1\"} 5"),
            ("- + # and a remark\n - x", "{i=\"1\"} 5"),
            ("+ + + x", "x{i=\"1\"} 5"),
            ("-+-+-x", "{i=\"1\"} -5"),
            ("+(+x)", "x{i=\"1\"} 5"),
            ("timestamp(x)", "{i=\"1\"} 999"),
            ("timestamp(+x)", "{i=\"1\"} 1000"),
            ("absent(y{i=\"1\"})", "{i=\"1\"} 1"),
            ("absent(+y{i=\"1\"})", "{} 1"),
            ("x * on(i) +x", "{i=\"1\"} 25"),
            ("x * ignoring(i) -x", "{} -25"),
            ("x == bool +x", "{i=\"1\"} 1"),
            ("sum(x) by (i) + x", "{i=\"1\"} 10"),
            ("sum by (i) (+x) - -x", "{i=\"1\"} 10"),
            ("+x ^ +2", "{i=\"1\"} 25"),
            ("-x ^ -1 * +10", "{i=\"1\"} -2"),
            ("x and +x", "x{i=\"1\"} 5"),
            ("and or +x", "x{i=\"1\"} 5"),
            ("{__name__=\"x\"} - +x", "{i=\"1\"} 0"),
            ("x offset -1s", "x{i=\"1\"} 5 1000 ms ago"),
            ("clamp(x, +1, -+-3)", "{i=\"1\"} 3"),
            (
                "+\"text\"",
                "refused: unary expression only allowed on expressions of type scalar or vector, got: string",
            ),
            (
                "rate(+x[5m])",
                "refused: unary expression only allowed on expressions of type scalar or vector, got: matrix",
            ),
        ],
    );
}
