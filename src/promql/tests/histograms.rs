use super::*;

/// A histogram `h` by its buckets, bound and count.
fn buckets(buckets: &[(&str, f64)]) -> Memory {
    let labels: Vec<[(&str, &str); 2]> = buckets.iter().map(|(bound, _)| [("i", "1"), ("le", *bound)]).collect();
    let series: Vec<Given<'_>> =
        buckets.iter().zip(&labels).map(|((_, count), labels)| ("h", &labels[..], *count)).collect();
    now(&series)
}

/// Asks for `histogram_quantile(q, h)` for each q.
#[track_caller]
fn quantiles(source: &Memory, cases: &[(&str, &str)]) {
    for (quantile, expected) in cases {
        let text = format!("histogram_quantile({quantile}, h)");
        assert_eq!(answer(source, &text), format!("{{i=\"1\"}} {expected}"), "{text}");
    }
}

#[test]
fn a_quantile_lies_in_its_bucket_in_proportion() {
    // 10 up to 1, 30 up to 2, 10 up to 4, 50 above.
    let h = buckets(&[("+Inf", 100.0), ("1", 10.0), ("4", 50.0), ("2", 40.0)]);
    quantiles(
        &h,
        &[
            ("0", "0"),
            ("0.05", "0.5"),
            ("0.1", "1"),
            ("0.25", "1.5"),
            ("0.45", "3"),
            ("0.5", "4"),
            // Of what lies above the last bound only that is known.
            ("0.51", "4"),
            ("1", "4"),
            ("-0.1", "-inf"),
            ("1.1", "inf"),
            ("NaN", "NaN"),
        ],
    );
}

/// Asks for `histogram_fraction(lower, upper, h)` for each pair.
#[track_caller]
fn fractions(source: &Memory, cases: &[(&str, &str)]) {
    for (bounds, expected) in cases {
        let text = format!("histogram_fraction({bounds}, h)");
        assert_eq!(answer(source, &text), format!("{{i=\"1\"}} {expected}"), "{text}");
    }
}

#[test]
fn a_fraction_counts_the_buckets_between_two_values_in_proportion() {
    // 10 up to 1, 30 up to 2, 10 up to 4, 50 above.
    let h = buckets(&[("+Inf", 100.0), ("1", 10.0), ("4", 50.0), ("2", 40.0)]);
    fractions(
        &h,
        &[
            ("0, 1", "0.1"),
            ("0, 0.5", "0.05"),
            ("-Inf, 1.5", "0.25"),
            ("0.5, 3", "0.4"),
            ("1, 2", "0.3"),
            // Of what lies above the last bound nothing is known but that it does.
            ("0, 1000", "0.5"),
            ("4, +Inf", "0.5"),
            ("-Inf, +Inf", "1"),
            ("-3, -1", "0"),
            ("2, 2", "0"),
            ("3, 1", "0"),
            ("NaN, 1", "NaN"),
            ("0, NaN", "NaN"),
        ],
    );
    let below = buckets(&[("-1", 5.0), ("3", 10.0), ("+Inf", 10.0)]);
    fractions(&below, &[("-Inf, -1", "0.5"), ("-1, 1", "0.25"), ("-1, +Inf", "0.5"), ("-Inf, 1", "0.75")]);
    fractions(&buckets(&[("+Inf", 10.0)]), &[("0, 1", "0"), ("0, +Inf", "1")]);
    fractions(&buckets(&[("1", 5.0), ("1.0", 5.0), ("+Inf", 20.0)]), &[("0, 1", "0.5")]);
    fractions(&buckets(&[("1", 0.0), ("+Inf", 0.0)]), &[("0, 1", "NaN")]);
    fractions(&buckets(&[("1", 5.0), ("2", 10.0)]), &[("0, 1", "NaN")]);
}

#[test]
fn the_first_bucket_begins_at_zero_unless_it_ends_below() {
    quantiles(&buckets(&[("-1", 5.0), ("3", 10.0), ("+Inf", 10.0)]), &[("0.25", "-1"), ("0.75", "1")]);
    quantiles(&buckets(&[("0", 5.0), ("3", 10.0), ("+Inf", 10.0)]), &[("0.25", "0"), ("1", "3")]);
}

#[test]
fn nothing_is_known_of_a_histogram_without_its_last_bucket_or_without_observations() {
    quantiles(&buckets(&[("1", 5.0), ("2", 10.0)]), &[("0.5", "NaN")]);
    quantiles(&buckets(&[("+Inf", 10.0)]), &[("0.5", "NaN")]);
    quantiles(&buckets(&[("1", 0.0), ("+Inf", 0.0)]), &[("0.5", "NaN")]);
    quantiles(&buckets(&[("1", f64::NAN), ("+Inf", f64::NAN)]), &[("0.5", "1")]);
}

#[test]
fn counts_that_fall_are_lifted_to_the_count_before() {
    // Read as 10, 20, 20, 25: of 25 the half, 12.5, is a quarter into the second bucket.
    quantiles(&buckets(&[("1", 10.0), ("2", 20.0), ("3", 15.0), ("+Inf", 25.0)]), &[("0.5", "1.25"), ("0.9", "3")]);
    // The last one, too: 20 in all.
    quantiles(&buckets(&[("1", 10.0), ("2", 20.0), ("+Inf", 5.0)]), &[("0.75", "1.5"), ("1", "2")]);
}

#[test]
fn differences_in_the_last_digits_are_none() {
    // Without this the whole of the rank 10.000000000001 would be looked for in the bucket from 1 to 1000.
    let h = buckets(&[("1", 10.0), ("1000", 10.000000000001), ("+Inf", 10.000000000001)]);
    quantiles(&h, &[("1", "1")]);
    quantiles(&buckets(&[("1", 10.0), ("1000", 10.001), ("+Inf", 10.001)]), &[("1", "1000")]);
}

#[test]
fn bounds_that_are_equal_are_one_and_those_that_are_none_are_left_out() {
    quantiles(&buckets(&[("1", 5.0), ("1.0", 5.0), ("2", 10.0), ("+Inf", 10.0)]), &[("0.5", "0.5")]);
    quantiles(&buckets(&[("1", 5.0), ("many", 7.0), ("", 8.0), ("1e999", 9.0), ("Inf", 5.0)]), &[("0.5", "0.5")]);
    check(&buckets(&[("many", 7.0)]), &[("histogram_quantile(0.5, h)", "")]);
}

#[test]
fn histograms_are_told_apart_by_their_other_labels_and_their_names() {
    let two = now(&[
        ("h", &[("le", "1"), ("i", "1")], 1.0),
        ("h", &[("le", "1"), ("i", "2")], 3.0),
        ("h", &[("le", "+Inf"), ("i", "1")], 2.0),
        ("h", &[("le", "+Inf"), ("i", "2")], 3.0),
        ("g", &[("le", "1"), ("i", "1")], 4.0),
        ("g", &[("le", "+Inf"), ("i", "1")], 4.0),
    ]);
    check(
        &two,
        &[
            ("histogram_quantile(0.5, h)", "{i=\"1\"} 1\n{i=\"2\"} 0.5"),
            ("histogram_quantile(0.5, sum by (le) (h))", "{} 0.625"),
            ("histogram_quantile(scalar(count(h)) / 8, h{i=\"2\"})", "{i=\"2\"} 0.5"),
            (
                "histogram_quantile(0.5, {__name__=~\"g|h\"})",
                "error: the result would have two series with the labels {i=\"1\"}; aggregate, or keep a label that \
                 tells them apart",
            ),
        ],
    );
}
