//! Everything that Prometheus knows by name, and what becomes of it here.

use super::*;

/// A call of every function of Prometheus 3.5, and of later ones that the parser knows.
const SUPPORTED: [&str; 72] = [
    "abs(x)",
    "absent(x)",
    "absent_over_time(x[5m])",
    "acos(x)",
    "acosh(x)",
    "asin(x)",
    "asinh(x)",
    "atan(x)",
    "atanh(x)",
    "avg_over_time(x[5m])",
    "ceil(x)",
    "changes(x[5m])",
    "clamp(x, 1, 2)",
    "clamp_max(x, 1)",
    "clamp_min(x, 1)",
    "cos(x)",
    "cosh(x)",
    "count_over_time(x[5m])",
    "day_of_month(x)",
    "day_of_week(x)",
    "day_of_year(x)",
    "days_in_month(x)",
    "deg(x)",
    "delta(x[5m])",
    "deriv(x[5m])",
    "exp(x)",
    "floor(x)",
    "histogram_fraction(0, 1, x)",
    "histogram_quantile(0.5, x)",
    "hour(x)",
    "idelta(x[5m])",
    "increase(x[5m])",
    "irate(x[5m])",
    "label_join(x, \"a\", \"b\", \"c\")",
    "label_replace(x, \"a\", \"b\", \"c\", \"d\")",
    "last_over_time(x[5m])",
    "ln(x)",
    "log10(x)",
    "log2(x)",
    "max_over_time(x[5m])",
    "min_over_time(x[5m])",
    "minute(x)",
    "month(x)",
    "pi()",
    "predict_linear(x[5m], 1)",
    "present_over_time(x[5m])",
    "quantile_over_time(0.5, x[5m])",
    "rad(x)",
    "rate(x[5m])",
    "resets(x[5m])",
    "round(x)",
    "round(x, 1)",
    "scalar(x)",
    "sgn(x)",
    "sin(x)",
    "sinh(x)",
    "sort(x)",
    "sort_desc(x)",
    "sqrt(x)",
    "stddev_over_time(x[5m])",
    "stdvar_over_time(x[5m])",
    "sum_over_time(x[5m])",
    "tan(x)",
    "tanh(x)",
    "time()",
    "timestamp(x)",
    "vector(1)",
    "year(x)",
    "year()",
    "hour()",
    "minute()",
    "days_in_month()",
];

const REFUSED: [(&str, &str); 30] = [
    ("histogram_avg(x)", NATIVE),
    ("histogram_count(x)", NATIVE),
    ("histogram_stddev(x)", NATIVE),
    ("histogram_stdvar(x)", NATIVE),
    ("histogram_sum(x)", NATIVE),
    ("double_exponential_smoothing(x[5m], 0.5, 0.5)", EXPERIMENTAL),
    ("end()", EXPERIMENTAL),
    ("first_over_time(x[5m])", EXPERIMENTAL),
    ("histogram_quantiles(x, \"q\", 0.5, 0.9)", EXPERIMENTAL),
    ("info(x)", EXPERIMENTAL),
    ("integral(x[5m])", EXPERIMENTAL),
    ("mad_over_time(x[5m])", EXPERIMENTAL),
    ("max_of(1, 2)", EXPERIMENTAL),
    ("min_of(1, 2)", EXPERIMENTAL),
    ("range()", EXPERIMENTAL),
    ("sort_by_label(x, \"a\")", EXPERIMENTAL),
    ("sort_by_label_desc(x, \"a\")", EXPERIMENTAL),
    ("start()", EXPERIMENTAL),
    ("start_timestamp(x)", EXPERIMENTAL),
    ("step()", EXPERIMENTAL),
    ("ts_of_first_over_time(x[5m])", EXPERIMENTAL),
    ("ts_of_last_over_time(x[5m])", EXPERIMENTAL),
    ("ts_of_max_over_time(x[5m])", EXPERIMENTAL),
    ("ts_of_min_over_time(x[5m])", EXPERIMENTAL),
    ("limitk(1, x)", "the aggregation `limitk` is experimental in Prometheus and not supported"),
    ("limit_ratio(0.1, x)", "the aggregation `limit_ratio` is experimental in Prometheus and not supported"),
    (
        "holt_winters(x[5m], 0.5, 0.5)",
        "`holt_winters` is `double_exponential_smoothing` since Prometheus 3, which is experimental there and not \
         supported",
    ),
    ("x + fill(0) y", "`fill`, `fill_left` and `fill_right` are experimental in Prometheus and not supported"),
    ("x[5m] smoothed", NEWER),
    ("rate(x[5m] anchored)", NEWER),
];

const NEWER: &str = "`anchored` and `smoothed` are newer than Prometheus 3.5, and not supported";
const NATIVE: &str = "`{}` reads native histograms, which are not supported";
const EXPERIMENTAL: &str = "`{}` is experimental or newer than Prometheus 3.5, and not supported";

#[test]
fn every_function_of_prometheus_is_supported_or_refused_with_its_place_and_a_reason() {
    for text in SUPPORTED {
        assert!(!answer(&now(&[]), text).starts_with("refused"), "{text}");
        // Inside of others, too.
        assert_eq!(Expression::parse(&format!("1 + ({text})")).map(|_| ()), Ok(()), "{text}");
    }
    for (text, reason) in REFUSED {
        let name = text.split('(').next().unwrap_or(text);
        let error = Expression::parse(&format!("1 +\n {text}")).unwrap_err();
        assert_eq!(error.reason, reason.replace("{}", name), "{text}");
        let position = error.position.expect(text);
        assert_eq!(position.line, 2, "{text}");
        assert!(position.column == 2 || !reason.contains("{}"), "{text} at {position}");
    }
}

#[test]
fn every_aggregation_of_prometheus_is_supported() {
    for name in ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"] {
        assert_eq!(refused(&format!("{name}(x) + {name} by (a) (x) + {name}(x) without (a)")), None, "{name}");
    }
    for name in ["topk", "bottomk", "quantile"] {
        assert_eq!(refused(&format!("{name}(1, x) + {name} by (a) (scalar(x), x)")), None, "{name}");
    }
    assert_eq!(refused("count_values(\"a\", x) + count_values by (b) (\"a\", x)"), None);
}

#[test]
fn functions_take_vectors_where_prometheus_takes_vectors() {
    for (text, expected) in [
        ("exp(NaN)", "column 1: `exp` takes a vector; write `exp(vector(…))` for a number"),
        ("1 + ln(-1)", "column 5: `ln` takes a vector; write `ln(vector(…))` for a number"),
        ("abs(1)", "column 1: `abs` takes a vector; write `abs(vector(…))` for a number"),
        ("rate(x)", "column 1: `rate` takes a range of samples like `x[5m]`, and here is a vector"),
        (
            "quantile_over_time(x[5m], 1)",
            "column 1: `quantile_over_time` takes a number, and here is a range of samples like `x[5m]`",
        ),
        ("year(1)", "column 1: `year` takes a vector; write `year(vector(…))` for a number"),
        ("pi(1)", "column 1: expected 0 argument(s) in call to `pi`, got 1"),
        (
            "sort(x[5m])",
            "column 1: `sort` takes a vector, and here is a range of samples; leave the range out, or put a function \
             like `max_over_time` around it",
        ),
    ] {
        assert_eq!(refused(text).as_deref(), Some(expected), "{text}");
    }
}

fn refused(text: &str) -> Option<String> {
    Expression::parse(text).err().map(|error| error.to_string())
}
