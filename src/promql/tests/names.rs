use super::*;

fn several() -> Memory {
    now(&[
        ("up", &[("job", "fe")], 1.0),
        ("up", &[("job", "be")], 2.0),
        ("uptime", &[("job", "fe")], 3.0),
        ("a.b", &[("job", "fe"), ("c d", "e")], 4.0),
    ])
}

#[test]
fn a_selector_may_ask_for_several_names_or_for_none() {
    let [fe, be, time, dot] = [
        "up{job=\"fe\"} 1 1000 ms ago",
        "up{job=\"be\"} 2 1000 ms ago",
        "uptime{job=\"fe\"} 3 1000 ms ago",
        "a.b{c d=\"e\", job=\"fe\"} 4 1000 ms ago",
    ];
    check(
        &several(),
        &[
            ("{job=\"fe\"}", &format!("{fe}\n{time}\n{dot}")),
            ("{__name__=~\"up.*\"}", &format!("{fe}\n{be}\n{time}")),
            ("{__name__=~\"up.*\", __name__!=\"up\"}", time),
            ("{__name__=~\"up|a.b\", job!=\"be\"}", &format!("{fe}\n{dot}")),
            ("{__name__!~\"up.*\", job=~\".+\"}", dot),
            ("{__name__=\"up\", __name__=\"uptime\"}", ""),
            ("{__name__=\"\", job=\"fe\"}", ""),
            ("count({__name__=~\".+\"})", "{} 4"),
            ("count by (__name__) ({job=~\"fe|be\"})", "up{} 2\nuptime{} 1\na.b{} 1"),
            ("sum without (job) ({job=~\"fe|be\"})", "{} 6\n{c d=\"e\"} 4"),
            ("max_over_time({__name__=~\"up\"}[5m])", "{job=\"fe\"} 1\n{job=\"be\"} 2"),
            ("last_over_time({job=\"be\"}[5m])", "up{job=\"be\"} 2"),
            ("{job=\"be\"} + on(job) {job=\"be\"}", "{job=\"be\"} 4"),
        ],
    );
}

#[test]
fn names_of_all_letters_stand_in_quotes() {
    check(
        &several(),
        &[
            ("{\"a.b\"}", "a.b{c d=\"e\", job=\"fe\"} 4 1000 ms ago"),
            ("{\"a.b\", \"c d\"=\"e\"}", "a.b{c d=\"e\", job=\"fe\"} 4 1000 ms ago"),
            ("{\"a.b\", \"c d\"!=\"e\"}", ""),
            ("{'up', job=\"be\"}", "up{job=\"be\"} 2 1000 ms ago"),
            ("sum by (\"c d\") ({\"a.b\"})", "{c d=\"e\"} 4"),
            ("up{\"a.b\"}", "refused: column 1: metric name must not be set twice: `up` or `a.b`"),
        ],
    );
    let shown = |text: &str| Expression::parse(text).unwrap().selectors()[0].to_string();
    for text in
        ["{\"a.b\"}", "{\"a.b\", \"c d\"=\"e\"}", "{__name__=~\"a|b\", c!=\"d\"}[5m]", "{a=\"b\"}", "x:y{a!~\"b\"}"]
    {
        let text = if text.ends_with(']') { format!("rate({text})") } else { text.to_owned() };
        let own = text.trim_start_matches("rate(").trim_end_matches(')');
        assert_eq!(shown(&text), own);
    }
}

#[test]
fn a_selector_of_everything_is_refused() {
    for text in ["{}", "{job=~\".*\"}", "{__name__=\"\"}", "{job!=\"x\"}"] {
        let refusal = "refused: vector selector must contain at least one non-empty matcher";
        assert_eq!(answer(&several(), text), refusal, "{text}");
    }
}

#[test]
fn series_of_several_names_are_an_error_where_only_the_names_told_them_apart() {
    let error = "error: the result would have two series with the labels {job=\"fe\"}; aggregate, or keep a label that \
                 tells them apart";
    for text in [
        "abs({__name__=~\"up.*\"})",
        "-{__name__=~\"up.*\"}",
        "max_over_time({__name__=~\"up.*\"}[5m])",
        "{__name__=~\"up.*\"} + 1",
        "{__name__=~\"up.*\"} > bool 0",
        "timestamp({__name__=~\"up.*\"})",
    ] {
        assert_eq!(answer(&several(), text), error, "{text}");
    }
    check(
        &several(),
        &[
            ("+{__name__=~\"up.*\", job=\"fe\"}", "up{job=\"fe\"} 1\nuptime{job=\"fe\"} 3"),
            ("{__name__=~\"up.*\", job=\"fe\"} > 2", "uptime{job=\"fe\"} 3"),
            ("sort_desc({__name__=~\"up.*\", job=\"fe\"})", "uptime{job=\"fe\"} 3\nup{job=\"fe\"} 1"),
        ],
    );
}

#[test]
fn the_name_of_the_one_side_may_be_taken_along() {
    check(
        &several(),
        &[
            ("up * on(job) group_left(__name__) uptime", "uptime{job=\"fe\"} 3"),
            ("up < on(job) group_left(__name__) uptime", "uptime{job=\"fe\"} 1"),
            ("uptime / on(job) group_right(__name__) up", "uptime{job=\"fe\"} 3"),
            ("up * on(job) group_left(__name__) abs(uptime)", "{job=\"fe\"} 3"),
        ],
    );
}
