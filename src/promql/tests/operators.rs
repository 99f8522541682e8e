use super::*;

fn x() -> Memory {
    now(&[("x", &[("i", "1")], 7.0), ("x", &[("i", "2")], -2.0), ("x", &[("i", "3")], f64::NAN)])
}

#[test]
fn precedence_and_direction_are_prometheuss() {
    check(
        &now(&[]),
        &[
            ("1 + 2 * 3 ^ 2", "scalar 19"),
            ("2 ^ 3 ^ 2", "scalar 512"),
            ("-2 ^ 2", "scalar -4"),
            ("1 - 1 - 1", "scalar -1"),
            ("10 % 4 * 2", "scalar 4"),
            ("(1 + 2) * -(3)", "scalar -9"),
            ("1 > bool 2 == bool 0", "scalar 1"),
        ],
    );
}

#[test]
fn numbers_follow_ieee_rules() {
    check(
        &now(&[]),
        &[
            ("1 / 0", "scalar inf"),
            ("-1 / 0", "scalar -inf"),
            ("0 / 0", "scalar NaN"),
            ("-7 % 3", "scalar -1"),
            ("5 % 0", "scalar NaN"),
            ("-8 ^ (1 / 3)", "scalar -2"),
            ("(-8) ^ (1 / 3)", "scalar NaN"),
            ("NaN ^ 0", "scalar 1"),
            ("NaN == bool NaN", "scalar 0"),
            ("NaN != bool NaN", "scalar 1"),
            ("1 >= bool NaN", "scalar 0"),
        ],
    );
}

#[test]
fn arithmetic_with_a_number_drops_the_name() {
    check(
        &x(),
        &[
            ("x * 2", "{i=\"1\"} 14\n{i=\"2\"} -4\n{i=\"3\"} NaN"),
            ("1 - x", "{i=\"1\"} -6\n{i=\"2\"} 3\n{i=\"3\"} NaN"),
            ("x / 0", "{i=\"1\"} inf\n{i=\"2\"} -inf\n{i=\"3\"} NaN"),
        ],
    );
}

#[test]
fn comparing_with_a_number_filters_and_keeps_name_and_value() {
    check(
        &x(),
        &[
            ("x > 0", "x{i=\"1\"} 7"),
            ("0 < x", "x{i=\"1\"} 7"),
            ("x <= -2", "x{i=\"2\"} -2"),
            ("x == 7", "x{i=\"1\"} 7"),
            ("x != 7", "x{i=\"2\"} -2\nx{i=\"3\"} NaN"),
            ("x >= NaN", ""),
        ],
    );
}

#[test]
fn bool_gives_one_or_zero_and_drops_the_name() {
    check(
        &x(),
        &[
            ("x > bool 0", "{i=\"1\"} 1\n{i=\"2\"} 0\n{i=\"3\"} 0"),
            ("0 > bool x", "{i=\"1\"} 0\n{i=\"2\"} 1\n{i=\"3\"} 0"),
            ("x == bool x", "{i=\"1\"} 1\n{i=\"2\"} 1\n{i=\"3\"} 0"),
        ],
    );
}
