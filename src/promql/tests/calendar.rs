use super::*;

/// `f(vector(seconds))` for each part of the date.
#[track_caller]
fn parts(seconds: &str, expected: [&str; 8]) {
    let names = ["year", "month", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute"];
    for (name, expected) in names.into_iter().zip(expected) {
        let text = format!("{name}(vector({seconds}))");
        assert_eq!(answer(&now(&[]), &text), format!("{{}} {expected}"), "{text}");
    }
}

#[test]
fn dates_are_those_of_the_calendar_in_utc() {
    // 2024-02-29 23:59:59.9, a Thursday; a second before the epoch; 1900 was no leap year and 2000 was one.
    parts("1709251199.9", ["2024", "2", "29", "4", "60", "29", "23", "59"]);
    parts("-1", ["1969", "12", "31", "3", "365", "31", "23", "59"]);
    parts("-0.5", ["1970", "1", "1", "4", "1", "31", "0", "0"]);
    parts("-2203891201", ["1900", "2", "28", "3", "59", "28", "23", "59"]);
    parts("951782400", ["2000", "2", "29", "2", "60", "29", "0", "0"]);
    // Beyond the years with four digits, in both directions.
    parts("1e15", ["31690708", "7", "5", "0", "187", "31", "1", "46"]);
    parts("-62135596801", ["0", "12", "31", "0", "366", "31", "23", "59"]);
}

#[test]
fn what_is_no_moment_has_no_date() {
    for seconds in ["NaN", "Inf", "-Inf", "1e300"] {
        parts(seconds, ["NaN"; 8]);
    }
}

#[test]
fn without_an_argument_dates_are_those_of_the_evaluation() {
    let x = now(&[("x", &[("i", "1")], 86_400.0)]);
    check(
        &x,
        &[
            ("year()", "{} 1970"),
            ("minute()", "{} 16"),
            ("hour() + 0 * minute()", "{} 0"),
            ("day_of_month(x)", "{i=\"1\"} 2"),
            ("days_in_month(vector(time()))", "{} 31"),
        ],
    );
}
