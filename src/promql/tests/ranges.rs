use super::*;

/// Asks `f(x[range])` for each function.
#[track_caller]
fn each(source: &Memory, range: &str, cases: &[(&str, &str)]) {
    for (function, expected) in cases {
        let text = format!("{function}(x[{range}])");
        let element = if function == &"last_over_time" { "x{i=\"1\"} " } else { "{i=\"1\"} " };
        let answer = answer(source, &text);
        assert_eq!(answer.strip_prefix(element).unwrap_or(&answer), *expected, "{text}");
    }
}

const ALL: [&str; 13] = [
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "changes",
    "resets",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
];

#[test]
fn over_the_interval_nothing_is_extrapolated() {
    // 20 s between the scrapes, the older sample out of sight, hours since the previous one being no matter.
    each(
        &history(&[(9_020_000, 5.0), (21_000, 10.0), (1_000, 40.0)]),
        "$__interval",
        &[
            ("rate", "1.5"),
            ("increase", "30"),
            ("delta", "30"),
            ("irate", "1.5"),
            ("idelta", "30"),
            ("changes", "1"),
            ("resets", "0"),
            ("avg_over_time", "25"),
            ("min_over_time", "10"),
            ("max_over_time", "40"),
            ("sum_over_time", "50"),
            ("count_over_time", "2"),
            ("last_over_time", "40"),
        ],
    );
    each(&history(&[(7_201_000, 10.0), (1_000, 40.0)]), "$__interval", &[("increase", "30")]);
}

#[test]
fn over_the_interval_a_counter_that_stepped_back_counts_in_full() {
    each(
        &history(&[(21_000, 40.0), (1_000, 10.0)]),
        "$__interval",
        &[
            ("rate", "0.5"),
            ("increase", "10"),
            ("delta", "-30"),
            ("irate", "0.5"),
            ("idelta", "-30"),
            ("changes", "1"),
            ("resets", "1"),
        ],
    );
    each(
        &history(&[(21_000, 40.0), (1_000, 40.0)]),
        "$__interval",
        &[("rate", "0"), ("changes", "0"), ("resets", "0")],
    );
}

#[test]
fn over_the_interval_one_point_gives_nothing_at_all() {
    let nothing = ALL.map(|function| (function, ""));
    each(&history(&[(1_000, 40.0)]), "$__interval", &nothing);
}

#[test]
fn over_the_interval_a_clock_that_did_not_advance_gives_nothing() {
    let nothing = ALL.map(|function| (function, ""));
    each(&history(&[(1_000, 40.0), (1_000, 41.0)]), "$__interval", &nothing);
    each(&history(&[(1_000, 40.0), (21_000, 41.0)]), "$__interval", &nothing);
}

#[test]
fn a_fixed_range_is_stretched_to_edges_that_are_near() {
    // Four points 15 s apart in a minute, 5 s from its start and 10 s from its end: 30 in 45 s, stretched to 60 s.
    each(
        &history(&[(55_000, 100.0), (40_000, 110.0), (25_000, 120.0), (10_000, 130.0)]),
        "1m",
        &[("increase", "40"), ("delta", "40"), ("rate", "0.6666666666666666")],
    );
}

#[test]
fn a_fixed_range_is_stretched_by_half_a_distance_where_the_edge_is_far() {
    // Points 15 s apart, so 16.5 s are far. The end is: half a distance. The start is 16.4 s away: 20 × 53.9 / 30.
    let apart = history(&[(61_400, 1000.0), (46_400, 1010.0), (31_400, 1020.0)]);
    each(&apart, "77800ms", &[("delta", "35.93333333333333")]);
    // And 16.5 s away: 20 × 45 / 30.
    each(&apart, "77900ms", &[("delta", "30")]);
    each(
        &history(&[(45_000, 1000.0), (30_000, 1010.0), (15_000, 1020.0)]),
        "5m",
        // 255 s from the start: half a distance of 7.5 s instead; 15 s to the end: all of it. 20 × 52.5 / 30.
        &[("delta", "35"), ("increase", "35")],
    );
}

#[test]
fn a_counter_is_not_stretched_to_before_its_zero() {
    // It grew by 20 in 30 s from 2, so it was zero 3 s before the first point; a gauge does not care.
    let young = history(&[(45_000, 2.0), (30_000, 12.0), (15_000, 22.0)]);
    each(&young, "1m", &[("increase", "32"), ("delta", "40"), ("rate", "0.5333333333333333")]);
    // Further than 1.1 distances from the start it is half a distance or the zero point, whichever is nearer.
    each(&young, "5m", &[("increase", "32"), ("delta", "35")]);
    each(&history(&[(45_000, 8.0), (30_000, 18.0), (15_000, 28.0)]), "5m", &[("increase", "35")]);
}

#[test]
fn every_reset_in_a_fixed_range_adds_what_was_there_before_it() {
    let restarts = history(&[(60_000, 100.0), (45_000, 10.0), (30_000, 20.0), (15_000, 5.0), (0, 8.0)]);
    each(
        &restarts,
        "61s",
        &[
            // 8 - 100 + 100 + 20 = 28 in 60 s, stretched by 1 s.
            ("increase", "28.466666666666665"),
            ("delta", "-93.53333333333333"),
            ("irate", "0.2"),
            ("idelta", "3"),
            ("changes", "4"),
            ("resets", "2"),
        ],
    );
}

#[test]
fn a_fixed_range_excludes_its_start_and_includes_its_end() {
    each(
        &history(&[(60_000, 1.0), (30_000, 2.0), (0, 4.0)]),
        "1m",
        &[("count_over_time", "2"), ("sum_over_time", "6"), ("idelta", "2"), ("delta", "4")],
    );
}

#[test]
fn one_point_in_a_fixed_range_is_enough_for_what_needs_no_step() {
    each(
        &history(&[(90_000, 1.0), (30_000, 7.0)]),
        "1m",
        &[
            ("rate", ""),
            ("increase", ""),
            ("delta", ""),
            ("irate", ""),
            ("idelta", ""),
            ("changes", "0"),
            ("resets", "0"),
            ("avg_over_time", "7"),
            ("min_over_time", "7"),
            ("max_over_time", "7"),
            ("sum_over_time", "7"),
            ("count_over_time", "1"),
            ("last_over_time", "7"),
        ],
    );
    each(&history(&[(90_000, 1.0)]), "1m", &ALL.map(|function| (function, "")));
}

#[test]
fn nan_is_no_smallest_value_and_no_change_to_itself() {
    each(
        &history(&[(50_000, f64::NAN), (40_000, f64::NAN), (30_000, 2.0), (20_000, f64::NAN), (10_000, 3.0)]),
        "1m",
        &[
            ("min_over_time", "2"),
            ("max_over_time", "3"),
            ("sum_over_time", "NaN"),
            ("avg_over_time", "NaN"),
            ("changes", "3"),
            ("resets", "0"),
            ("increase", "NaN"),
        ],
    );
}

#[test]
fn means_and_sums_over_time_lose_no_small_values() {
    let samples = history(&[(40_000, 1e16), (30_000, 1.0), (20_000, -1e16), (10_000, 1.0)]);
    each(&samples, "1m", &[("sum_over_time", "2"), ("avg_over_time", "0.5")]);
    let huge = history(&[(40_000, 1.6e308), (30_000, 1.6e308)]);
    assert_eq!(answer(&huge, "sum_over_time(x[1m])"), "{i=\"1\"} inf");
    assert_eq!(answer(&huge, "avg_over_time(x[1m]) / 1.6e308"), "{i=\"1\"} 1");
}
