use super::*;
use crate::promql::Position;

fn refusal(text: &str) -> String {
    Expression::parse(text).map_or_else(|error| error.to_string(), |_| "accepted".into())
}

#[test]
fn what_is_not_supported_is_refused_when_it_is_parsed() {
    for (text, expected) in [
        ("sum(limitk(5, x))", "column 5: the aggregation `limitk` is experimental in Prometheus and not supported"),
        ("1 + histogram_sum(x)", "column 5: `histogram_sum` reads native histograms, which are not supported"),
        ("max_over_time(rate(x[5m])[1h:1m])", "column 29: subqueries (`[range:step]`) are not supported"),
        ("max_over_time(x[1h:])", "column 19: subqueries (`[range:step]`) are not supported"),
        ("x{a=\"1\" or b=\"2\"}", "column 9: `or` between matchers is not supported; join two selectors with `or`"),
        (
            "x + fill(0) y",
            "column 5: `fill`, `fill_left` and `fill_right` are experimental in Prometheus and not supported",
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn a_faulty_text_is_refused_with_its_place() {
    for (text, expected) in [
        ("", "no expression found in input"),
        ("sum(x", "column 4: `(` is never closed"),
        ("sum(x))", "column 7: `)` closes nothing"),
        ("sum(x}", "column 6: `}` closes nothing"),
        ("x{a=\"b}", "column 5: the string that starts here is never closed"),
        ("rate(x[5m)", "column 7: `[` is never closed"),
        ("sum(a b)", "column 7: `b` does not continue the expression before it"),
        ("sum(a.5)", "column 6: `.` does not continue the expression before it"),
        ("a + ", "column 4: the expression breaks off; something must follow"),
        ("a == bool", "column 10: the expression breaks off; something must follow"),
        ("a and # nothing", "column 16: the expression breaks off; something must follow"),
        ("-", "column 2: the expression breaks off; something must follow"),
        ("a == == b", "column 3: `==` does not continue the expression before it"),
        ("sum(a)\n  by job", "line 2, column 3: `by` takes labels in brackets: `by (job)`"),
        ("sum(a) by", "column 8: `by` takes labels in brackets: `by (job)`"),
        ("sum without job (a)", "column 5: `without` takes labels in brackets: `without (job)`"),
        ("a * on job b", "column 5: `on` takes labels in brackets: `on (job)`"),
        (
            "x{a=\"\u{e9}\" b}",
            "column 9: `b` does not continue the matchers before it; they are like `job=\"fe\", path=~\"/a.*\"`",
        ),
        (
            "x{a=\"b\" \"c\"}",
            "column 9: `\"c\"` does not continue the matchers before it; they are like `job=\"fe\", path=~\"/a.*\"`",
        ),
        ("frob(x)", "column 1: unknown function with name `frob`"),
        ("x + \u{e9}", "column 5: unexpected character: `\u{e9}`"),
        ("1 + rate(x)", "column 5: `rate` takes a range of samples like `x[5m]`, and here is a vector"),
        (
            "abs(x[5m])",
            "column 1: `abs` takes a vector, and here is a range of samples; leave the range out, or put a function like \
             `max_over_time` around it",
        ),
        (
            "topk(x, 2)",
            "an aggregation takes a vector, and here is a number; a number or text stands before the vector, as in \
             `topk(5, x)`, `quantile(0.9, x)` and `count_values(\"label\", x)`",
        ),
        (
            "sum(x[5m])",
            "an aggregation takes a vector, and here is a range of samples; put a function like `rate` around it",
        ),
        (
            "rate(x[5m]) @ end()",
            "column 13: `@` stands directly behind a selector or its range, as in `rate(x[5m] @ end())`",
        ),
        (
            "sum(x) offset 1h",
            "column 8: `offset` stands directly behind a selector or its range, as in `rate(x[5m] offset 1h)`",
        ),
        (
            "rate(sum(x)[5m])",
            "column 12: a range stands directly behind a selector; write `sum(rate(x[5m]))` for what \
             `rate(sum(x)[5m])` means",
        ),
        ("x[5m] * 2", "an operator takes numbers and vectors; put a function like `rate` around a range of samples"),
        ("1 > 2", "comparisons between scalars must use BOOL modifier"),
        (
            "x[5m]",
            "column 1: a range of samples is not a value; put a function like `rate` or `max_over_time` around it",
        ),
        ("x{a=~\"(\"}", "column 6: `(` is not a regular expression that is understood, or it is too large"),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn durations_are_checked_before_the_parser_sees_them() {
    for (text, expected) in [
        ("rate(x[])", "column 7: the range is empty; write a duration like `[5m]`"),
        ("rate(x[ 5 ])", "accepted"),
        ("rate(x[0s])", "column 8: the duration `0s` must be greater than zero"),
        ("rate(x[m5])", "column 8: `m5` is not a duration; write one like `5m` or `1h30m`"),
        ("rate(x[5s1m])", "column 8: `5s1m` is not a duration; write one like `5m` or `1h30m`"),
        ("rate(x[101y])", "column 8: the duration `101y` is longer than 100 years"),
        ("rate(x[99999999999999999999s])", "column 8: the duration `99999999999999999999s` is longer than 100 years"),
        ("rate(x[$__rate_interval])", "column 8: `$__rate_interval` is not a duration; write one like `5m` or `1h30m`"),
        ("x offset $__interval", "column 10: `$__interval` stands only in range brackets: `[$__interval]`"),
        ("x offset inf", "column 10: `inf` is not a duration; write one like `5m`"),
        ("x offset # far\n -1e+300", "line 2, column 3: the duration `1e+300` is longer than 100 years"),
        ("x offset .9e300", "column 10: the duration `.9e300` is longer than 100 years"),
        ("sum by (offset) (x) + inf", "accepted"),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn texts_that_would_overrun_the_stack_are_refused() {
    let nested = |depth: usize| "(".repeat(depth) + "x" + &")".repeat(depth);
    assert_eq!(refusal(&nested(100)), "accepted");
    assert_eq!(refusal(&nested(101)), "column 101: brackets nest deeper than 100 levels");
    let chain = |length: usize| "-".repeat(length) + "x";
    assert_eq!(refusal(&chain(250)), "accepted");
    assert_eq!(refusal(&chain(251)), "column 251: the expression has more than 250 operators");
    assert_eq!(refusal(&"x and ".repeat(251)), "column 1503: the expression has more than 250 operators");
    let long = |length: usize| format!("{:1$}", "x", length);
    assert_eq!(refusal(&long(8192)), "accepted");
    assert_eq!(refusal(&long(8193)), "column 8193: the expression has 8193 bytes; at most 8192 are taken");
}

#[test]
fn brackets_and_signs_in_strings_and_comments_do_not_count() {
    for text in ["x{a=\"(((\"}", "x{a='\\'@$'} # ((( $ @ \"", "x{a=`\\`}", "x{\n# } \"\na=\"b\"}"] {
        assert_eq!(refusal(text), "accepted", "{text}");
    }
}

#[test]
fn a_position_counts_bytes_and_characters() {
    let error = Expression::parse("x{a=\"\u{e9}\u{e9}\"}\n+ limitk(1, x)").unwrap_err();
    assert_eq!(error.position, Some(Position { offset: 14, line: 2, column: 3 }));
}

#[test]
fn a_range_function_around_an_operator_is_told_with_what_was_meant() {
    let told = |text: &str, place: usize, meant: &str| {
        let expected =
            format!("column {place}: an operator takes numbers and vectors, not ranges of samples; write `{meant}`");
        assert_eq!(refusal(text), expected, "{text}");
        assert!(Expression::parse(meant).is_ok(), "{meant}");
    };
    told("rate(a[5m] + b[5m])", 6, "rate(a[5m]) + rate(b[5m])");
    told(" increase( a[5m] * 8 ) # bits", 11, " (increase(a[5m]) * 8) # bits");
    told(
        "1 / rate (a{x=\"1 + 2\"}[5m] offset 1m - b[5m] - c[5m])",
        11,
        "1 / (rate(a{x=\"1 + 2\"}[5m] offset 1m) - rate(b[5m]) - rate(c[5m]))",
    );
    told(
        "sum(rate(a[5m] + b[5m])) / sum(rate(a[5m] / b[5m]))",
        10,
        "sum((rate(a[5m]) + rate(b[5m]))) / sum((rate(a[5m]) / rate(b[5m])))",
    );
    // What is not that mistake alone.
    for text in ["rate(a[5m] + )", "rate(-a[5m] + b[5m])", "quantile_over_time(0.5, a[5m] + b[5m])", "a[5m] + b[5m]"] {
        assert!(!refusal(text).contains("write"), "{text}: {}", refusal(text));
    }
}

#[test]
fn a_function_of_templates_is_none_of_expressions() {
    for (text, meant) in [
        ("humanizeBytes(x)", "; write `x`"),
        ("1 - humanizePercentage( a / b )", "; write `1 - (a / b)`"),
        ("sum(humanize1024(a)) + (humanize1024(b))", "; write `sum(a) + (b)`"),
        ("humanize(x", ""),
    ] {
        let told = refusal(text);
        assert!(meant.is_empty() != told.contains("templates") && told.ends_with(meant), "{text}: {told}");
    }
    assert_eq!(
        refusal("2 * humanizeBytes(x)"),
        "column 5: `humanizeBytes` is for templates of annotations, not for expressions; write `2 * x`"
    );
}
