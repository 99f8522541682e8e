//! Lines and rules, one by one; whole recorded pages are in `tests/exposition.rs`.

use super::*;

/// `name{label="value"} value @timestamp` of each reading, the values quoted as Rust quotes them.
fn shown(page: &Page<'_>) -> Vec<String> {
    let show = |reading: &Reading<'_>| {
        let labels: Vec<String> = reading.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let stamp = reading.timestamp.map(|stamp| format!(" @{stamp}")).unwrap_or_default();
        format!("{}{labels} {}{stamp}", reading.name, reading.value)
    };
    page.readings.iter().map(show).collect()
}

fn read_as(format: Format, page: &[u8]) -> (Vec<String>, PageReport) {
    let page = parse(page, format, &Wanted::everything());
    (shown(&page), page.report)
}

/// The readings of a page on which nothing is amiss.
#[track_caller]
fn clean(format: Format, page: &[u8]) -> Vec<String> {
    let (readings, report) = read_as(format, page);
    assert_eq!(report, PageReport { samples: readings.len() as u64, ..PageReport::default() });
    readings
}

fn prometheus(page: &str) -> Vec<String> {
    clean(Format::Prometheus, page.as_bytes())
}

/// The reason why each line is bad, every line being so.
fn reasons(format: Format, lines: &[&[u8]]) -> Vec<String> {
    let reason = |line: &&[u8]| {
        let (readings, mut report) = read_as(format, line);
        assert!(readings.is_empty() && report.samples == 0, "{readings:?}");
        assert_eq!((report.bad_lines, report.first_bad.len()), (1, 1), "{}", String::from_utf8_lossy(line));
        report.first_bad.remove(0).reason
    };
    lines.iter().map(reason).collect()
}

#[test]
fn blanks_tabs_carriage_returns_and_a_missing_last_line_break_do_no_harm() {
    let page = "\u{20}\t\r\n\na 1\r\n\tb\t2\t \n  c {x=\"1\"}  3 \r\nd{ x = \"1\" ,\ty=\"2\" , }4\ne{} 5\nf{ } 6\n\
                # HELP  g two blanks\n#no comment that matters\ng 7";
    let expected = ["a 1", "b 2", "c{x=\"1\"} 3", "d{x=\"1\",y=\"2\"} 4", "e 5", "f 6", "g 7"];
    assert_eq!(prometheus(page), expected);
}

#[test]
fn values_are_all_that_the_formats_write() {
    let page = "a 1.0E10\nb +Inf\nc -Inf\nd NaN\ne nan\nf inf\ng -0.5\nh +3\ni 1e-3\nj .5\nk 5.\nl 0.750000\nm Infinity\n\
                n 18446744073709551615";
    let expected = [
        "a 10000000000",
        "b inf",
        "c -inf",
        "d NaN",
        "e NaN",
        "f inf",
        "g -0.5",
        "h 3",
        "i 0.001",
        "j 0.5",
        "k 5",
        "l 0.75",
        "m inf",
        "n 18446744073709552000",
    ];
    assert_eq!(prometheus(page), expected);
}

#[test]
fn timestamps_are_milliseconds_in_the_one_format_and_seconds_in_the_other() {
    assert_eq!(prometheus("a 1 1795313485577\nb{x=\"y\"} 2 -1\r\n"), ["a 1 @1795313485577", "b{x=\"y\"} 2 @-1"]);
    let page = b"a 1 1795313485.577\nb 2 -1.5\nc 3 1.7953134855774e9\nd 4 0\n# EOF\n";
    let expected = ["a 1 @1795313485577", "b 2 @-1500", "c 3 @1795313485577", "d 4 @0"];
    assert_eq!(clean(Format::OpenMetrics, page), expected);
    let bad = ["the timestamp is not a number"; 3];
    assert_eq!(reasons(Format::Prometheus, &[b"a 1 1.5", b"a 1 x", b"a 1 99999999999999999999"]), bad);
    assert_eq!(reasons(Format::OpenMetrics, &[b"a 1 NaN", b"a 1 1e300", b"a 1 -Inf"]), bad);
}

#[test]
fn escapes_are_resolved_and_other_backslashes_stay() {
    let page = r#"a{x="q\"uote",y="back\\slash",z="two\nlines"} 1
b{x="back\slash",y="\\n",z="C:\\\"",w=""} 2
c{x="a\"}b"} 3
d{x="\\"} 4
e{x=", y=\"1\"} "} 5"#;
    let expected = [
        r#"a{x="q\"uote",y="back\\slash",z="two\nlines"} 1"#,
        r#"b{x="back\\slash",y="\\n",z="C:\\\"",w=""} 2"#,
        r#"c{x="a\"}b"} 3"#,
        r#"d{x="\\"} 4"#,
        r#"e{x=", y=\"1\"} "} 5"#,
    ];
    assert_eq!(prometheus(page), expected);
}

#[test]
fn a_writer_that_escapes_nothing_is_understood_where_only_one_reading_is_possible() {
    let page = r#"a{name="rg"1"} 1
b{db="shop", tbl_name="a"b\c", tbl_id="10034"} 2
c{user="comma, x=1}"} 3
d{user="ends with \"} 4
e{tbl="ends with \", id="5"} 5 1000
f{user="}"} 6
g{user="a",b"} 7
h{user="x"} 1"} 8
i{user=""", b = """} 9
j{user="ünï"cødé", } 10"#;
    let expected = [
        r#"a{name="rg\"1"} 1"#,
        r#"b{db="shop",tbl_name="a\"b\\c",tbl_id="10034"} 2"#,
        r#"c{user="comma, x=1}"} 3"#,
        r#"d{user="ends with \\"} 4"#,
        r#"e{tbl="ends with \\",id="5"} 5 @1000"#,
        r#"f{user="}"} 6"#,
        r#"g{user="a\",b"} 7"#,
        r#"h{user="x\"} 1"} 8"#,
        r#"i{user="\"",b="\""} 9"#,
        r#"j{user="ünï\"cødé"} 10"#,
    ];
    assert_eq!(prometheus(page), expected);
    // Those who write OpenMetrics escape, and what may be an exemplar is not swallowed.
    assert_eq!(
        reasons(Format::OpenMetrics, &[br#"a{name="rg"1"} 1"#]),
        ["a label value is not followed by `,` or `}`"]
    );
    assert_eq!(
        reasons(Format::Prometheus, &[br##"a{x="q"q"} 1 # {t="b"} 2"##]),
        ["a label value is not followed by `,` or `}`"]
    );
}

#[test]
fn exemplars_are_passed_over() {
    let page = br##"# TYPE a histogram
# UNIT a seconds
a_bucket{le="1"} 1 # {trace="x y",b="}"} 0.5 1795313485.5
a_bucket{le="+Inf"} 2 17.25 #{} 0.5
a_count 2 # {t="#"} 1
# EOF
"##;
    let expected = ["a_bucket{le=\"1\"} 1", "a_bucket{le=\"+Inf\"} 2 @17250", "a_count 2"];
    assert_eq!(clean(Format::OpenMetrics, page), expected);
    assert_eq!(reasons(Format::OpenMetrics, &[b"a 1 # b", b"a 1 #"]), ["what follows the value is no exemplar"; 2]);
}

#[test]
fn every_kind_of_bad_line_is_refused_with_its_reason() {
    let cases: &[(&[u8], &str)] = &[
        (b"a", "no value"),
        (b"a{x=\"1\"}", "no value"),
        (b"a 0x1p-2", "the value is not a number"),
        (b"a 1_000", "the value is not a number"),
        (b"a 1,5", "the value is not a number"),
        (b"a \xc3\xbc", "the value is not a number"),
        (b"a 1e400", "the value is not a number"),
        (b"a -2e308", "the value is not a number"),
        (b"a 1 2 3", "more than a value and a timestamp"),
        (b"9a 1", "no metric name where the line begins"),
        (b"a-b 1", "no metric name where the line begins"),
        (b"{x=\"1\"} 1", "no metric name where the line begins"),
        (b"\xff 1", "no metric name where the line begins"),
        (b"a{x=\"\xff\"} 1", "not UTF-8"),
        (b"a{x=\"1} 1", "a label value has no closing quote"),
        (b"a{x=\"1\\", "a label value has no closing quote"),
        (b"a{x=\"1\"", "a label value is not followed by `,` or `}`"),
        (b"a{x=1} 1", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{,} 1", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{x=\"1\",,} 1", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{1x=\"1\"} 1", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{x} 1", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{", "no `name=\"value\"` where a label or `}` should be"),
        (b"a{x=\"1\",x=\"2\"} 1", "the label `x` comes twice"),
        (b"a{__name__=\"b\"} 1", "the label `__name__` is reserved"),
        (b"# TYPE", "no metric name after `# TYPE`"),
        (b"# TYPE a-b gauge", "no metric name after `# TYPE`"),
        (b"# TYPE a", "no known type after the name in `# TYPE`"),
        (b"# TYPE a Gauge", "no known type after the name in `# TYPE`"),
    ];
    let (lines, expected): (Vec<&[u8]>, Vec<&str>) = cases.iter().copied().unzip();
    // A line of letters after `TYPE` alone is a comment.
    let lines: Vec<Vec<u8>> =
        lines.iter().map(|line| if *line == b"# TYPE" { b"# TYPE ".to_vec() } else { line.to_vec() }).collect();
    let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    assert_eq!(reasons(Format::Prometheus, &lines), expected);
}

#[test]
fn a_bad_line_never_loses_the_page() {
    let mut page = b"a 1\n".to_vec();
    for number in 0..7 {
        page.extend_from_slice(format!("b{{x=\"\x1b[2J\u{fc}{number}\"}} {}\n", "x".repeat(200)).as_bytes());
    }
    page.extend_from_slice(b"c{x=\"\xff\"} 1\nd 4\n");
    let (readings, report) = read_as(Format::Prometheus, &page);
    assert_eq!(readings, ["a 1", "d 4"]);
    let bad = |number: u64| BadLine {
        line: number + 2,
        text: format!("b{{x=\"\\u{{1b}}[2Jü{number}\"}} {}…", "x".repeat(81)),
        reason: "the value is not a number".into(),
    };
    let expected = PageReport { samples: 2, bad_lines: 8, first_bad: (0..5).map(bad).collect(), ..Default::default() };
    assert_eq!(report, expected);
}

#[test]
fn endless_lines_and_label_sets_are_bad_lines() {
    let labels: String = (0..65).map(|number| format!("l{number}=\"\",")).collect();
    let mut page = format!("a{{{labels}}} 1\nb{{{}}} 2\nc{{x=\"", labels.trim_end_matches("l64=\"\","));
    page.push_str(&"\",\"}".repeat(300_000));
    page.push_str("\"} 3\nd 4\n# ");
    page.push_str(&"x".repeat(2_000_000));
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!((readings.len(), report.samples, report.bad_lines), (2, 2, 3));
    let reasons: Vec<&str> = report.first_bad.iter().map(|bad| bad.reason.as_str()).collect();
    assert_eq!(reasons, ["more than 64 labels", "longer than 1 MiB", "longer than 1 MiB"]);
    assert!(report.first_bad.iter().all(|bad| bad.text.chars().count() == 101));
}

#[test]
fn lines_of_quotes_and_braces_take_linear_time() {
    // Quadratic work on any of these lines would be 10^11 steps.
    for filling in ["\"", "\"}", "\",", "\",a", "\\", "\\\"", "\" ", "\"\t}", "# {", "a=\"", "\",a=\"", "{", " "] {
        let line = format!("a{{x=\"{}\"}} 1\n", filling.repeat(1_000_000 / filling.len()));
        let (readings, report) = read_as(Format::Prometheus, line.as_bytes());
        assert_eq!(readings.len() as u64 + report.bad_lines, 1, "{filling}");
    }
}

#[test]
fn of_two_readings_of_a_series_the_first_counts() {
    let page = "a{x=\"1\",y=\"2\"} 1\nb 2\na{y=\"2\",x=\"1\"} 3\na{x=\"1\"} 4\nb 5 1000\na{x=\"1\",y=\"\"} 6\na 7\na{z=\"\"} 8\n";
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!(readings, ["a{x=\"1\",y=\"2\"} 1", "b 2", "a{x=\"1\"} 4", "a 7"]);
    assert_eq!(report, PageReport { samples: 8, duplicates: 4, ..Default::default() });
}

#[test]
fn samples_of_families_that_a_page_does_not_announce_before_them_are_not_returned() {
    let page = "early 1\nearly 1\na 1\n# HELP b only helped\n# TYPE a gauge\na 2\n# TYPE odd gauge\nb 3\nlate{x=\"1\"} 4\n\
                odd 9\n# TYPE late counter\na 5\nlate{x=\"1\"} 6\n# TYPE odder gauge\na_sum 7\na_total 8\n";
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!(readings, ["a 2", "late{x=\"1\"} 6"]);
    // In whose midst they stand is suspect too.
    let suspect = vec!["odd".into(), "odder".into()];
    let expected =
        PageReport { samples: 11, duplicates: 1, undeclared: 7, suspect, suspect_samples: 1, ..Default::default() };
    assert_eq!(report, expected);
}

#[test]
fn samples_bear_the_suffixes_that_fit_their_familys_type() {
    let families = [
        ("c", "counter"),
        ("g", "gauge"),
        ("s", "summary"),
        ("h", "histogram"),
        ("i", "info"),
        ("gh", "gaugehistogram"),
        ("st", "stateset"),
        ("u", "unknown"),
    ];
    let suffixes = ["", "_total", "_created", "_sum", "_count", "_bucket", "_gsum", "_gcount", "_info", "_x", "_"];
    let fitting = |format: Format| {
        let mut fitting = Vec::new();
        for ((family, kind), suffix) in families.iter().flat_map(|one| suffixes.map(|suffix| (one, suffix))) {
            let page = format!("# TYPE {family} {kind}\n{family}{suffix} 1\n");
            let page = parse(page.as_bytes(), format, &Wanted::everything());
            assert_eq!((page.report.samples, page.readings.len() as u64 + page.report.undeclared), (1, 1));
            fitting.extend(page.readings.iter().map(|reading| reading.name.to_owned()));
        }
        fitting.join(" ")
    };
    assert_eq!(fitting(Format::Prometheus), "c g s s_sum s_count h h_sum h_count h_bucket i gh st u");
    assert_eq!(
        fitting(Format::OpenMetrics),
        "c c_total c_created g s s_created s_sum s_count h h_created h_sum h_count h_bucket i i_info \
         gh gh_bucket gh_gsum gh_gcount st u"
    );
}

#[test]
fn a_family_announced_twice_loses_all_its_samples_and_no_other_does() {
    let page = "# TYPE a summary\na{q=\"1\"} 1\na_sum 2\n# TYPE b gauge\nb 3\na_count 4\na_count 5\n# TYPE a summary\n\
                a{q=\"2\"} 6\nb 7\nb{x=\"1\"} 8\n";
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!(readings, ["b 3", "b{x=\"1\"} 8"]);
    let expected =
        PageReport { samples: 8, duplicates: 1, suspect: vec!["a".into()], suspect_samples: 5, ..Default::default() };
    assert_eq!(report, expected);
}

/// The readings and the suspect families of a page.
fn judged(page: &str) -> (Vec<String>, Vec<String>) {
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!(report.bad_lines, 0);
    (readings, report.suspect)
}

#[test]
fn a_family_with_a_series_added_far_from_its_announcement_loses_all_its_samples() {
    let announced = "# TYPE total counter\ntotal 30\n# TYPE heap gauge\nheap{type=\"used\"} 5\n# TYPE time summary\n\
                     time_sum 7\n# TYPE users gauge\n";
    let with_user = |name: &str| judged(&format!("{announced}users{{user=\"{name}\"}} 0\nusers{{user=\"root\"}} 1\n"));
    let all = ["total 30", "heap{type=\"used\"} 5", "time_sum 7", "users{user=\"x\"} 1", "users{user=\"root\"} 1"];
    let expected = |lost: &[&str]| {
        let kept = all.iter().filter(|reading| !lost.iter().any(|name| reading.starts_with(name)));
        (kept.map(ToString::to_string).collect::<Vec<_>>(), lost.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(with_user("x\"} 1\ntotal{a=\"b"), expected(&["total"]));
    assert_eq!(with_user("x\"} 1\nheap{type=\"x"), expected(&["heap"]));
    assert_eq!(with_user("x\"} 1\nheap{type=\"used\", a=\"x"), expected(&["heap"]));
    assert_eq!(with_user("x\"} 1\ntime{quantile=\"0.99"), expected(&["time"]));
    // A second reading of a series that is there is a duplicate wherever it stands.
    assert_eq!(with_user("x\"} 1\nheap{type=\"used"), expected(&[]));
    assert_eq!(with_user("x\"} 1\ntotal{a=\""), expected(&[]));
    // A family of the writer's own before it does not open the way.
    let (readings, suspect) = with_user("x\"} 1\n# TYPE evil gauge\nevil{type=\"x\"} 1\nheap{type=\"z");
    assert_eq!(suspect, ["heap"]);
    assert!(!readings.iter().any(|reading| reading.starts_with("heap")), "{readings:?}");
}

#[test]
fn counters_and_gauges_may_be_printed_in_turns() {
    let page = "# TYPE total counter\ntotal 1\n# TYPE size gauge\nsize{db=\"d\", t=\"1\"} 1\n# TYPE load counter\n\
                load{kind=\"a\", db=\"d\", t=\"1\"} 2\nload{kind=\"b\", db=\"d\", t=\"1\"} 3\n# HELP err x\n# TYPE err counter\n\
                err{t=\"1\"} 4\nsize{db=\"d\", t=\"2\"} 5\nload{kind=\"a\", db=\"d\", t=\"2\"} 6\nerr{t=\"2\"} 7\n";
    let (readings, suspect) = judged(page);
    assert_eq!((readings.len(), suspect), (8, vec![]));
    // But each with its own labels.
    let more = format!("{page}size{{t=\"3\"}} 1\nload{{kind=\"a\",db=\"e\",t=\"3\"}} 1\ntotal{{t=\"1\"}} 1\n");
    assert_eq!(judged(&more).1, ["total", "size"]);
}

#[test]
fn a_family_called_like_a_sample_of_another_makes_both_suspect() {
    let page = "# TYPE a_count gauge\na_count 9\n# TYPE b gauge\nb 1\n# TYPE a summary\na_sum 1\na_count 2\n\
                # TYPE b_count gauge\nb_count 3\n";
    let (readings, report) = read_as(Format::Prometheus, page.as_bytes());
    assert_eq!(readings, ["b 1", "b_count 3"]);
    let expected = PageReport {
        samples: 5,
        suspect: vec!["a_count".into(), "a".into()],
        suspect_samples: 3,
        ..Default::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn an_announcement_without_a_known_type_is_bad_and_announces_all_the_same() {
    let (readings, report) = read_as(Format::Prometheus, b"# TYPE a curve\na 1\nb 2\n");
    assert_eq!(readings, [""; 0]);
    assert_eq!((report.bad_lines, report.undeclared, report.suspect), (1, 1, vec!["a".to_owned()]));
    assert_eq!(read_as(Format::Prometheus, b"# TYPE a curve\na 1\n").0, ["a 1"]);
}

#[test]
fn an_openmetrics_page_ends_with_eof() {
    let (readings, report) = read_as(Format::OpenMetrics, b"a 1\n# EOF\nb 2\n\n# TYPE a gauge\n");
    assert_eq!(readings, ["a 1"]);
    let reasons: Vec<(u64, &str)> = report.first_bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(reasons, [(3, "after `# EOF`"), (5, "after `# EOF`")]);
    assert_eq!(report.first_bad[0].to_string(), "line 3 `b 2`: after `# EOF`");
    assert!(!report.missing_eof);
    assert!(read_as(Format::OpenMetrics, b"a 1\n").1.missing_eof);
    assert_eq!(prometheus("a 1\n# EOF\nb 2\n"), ["a 1", "b 2"]);
}

#[test]
fn only_wanted_names_are_returned_and_the_others_are_not_looked_into() {
    let page =
        "# TYPE b summary\nb_sum 2\nb_sum x\nb{broken 3\nb_count 5\n# TYPE a gauge\na{x=\"1} nonsense\na 1\nab 4\n";
    let page = parse(page.as_bytes(), Format::Prometheus, &Wanted::new(["b_sum", "ab", "never"]));
    assert_eq!(shown(&page), ["b_sum 2"]);
    let reasons: Vec<(u64, &str)> = page.report.first_bad.iter().map(|bad| (bad.line, bad.reason.as_str())).collect();
    assert_eq!(reasons, [(3, "the value is not a number")]);
    assert_eq!((page.report.samples, page.report.undeclared, page.report.bad_lines), (6, 1, 1));
}

#[test]
fn a_filter_sees_name_and_labels_of_wanted_readings_and_drops_what_it_refuses() {
    let page = b"a{x=\"1\"} 1\na{x=\"2\",y=\"\\n\"} 2\nb{x=\"2\"} 3\na{x=\"1\"} 4\nc 5\na{x=\"2\",y=\"\\n\"} 6\n";
    let asked = std::cell::RefCell::new(Vec::new());
    let page = parse_filtered(page, Format::Prometheus, &Wanted::new(["a", "c"]), |name, labels| {
        asked.borrow_mut().push(format!("{name} {labels:?}"));
        labels.iter().any(|(name, value)| *name == "x" && value == "2")
    });
    assert_eq!(shown(&page), ["a{x=\"2\",y=\"\\n\"} 2"]);
    assert_eq!(page.report, PageReport { samples: 6, duplicates: 1, ..Default::default() });
    let expected = [
        "a [(\"x\", \"1\")]",
        "a [(\"x\", \"2\"), (\"y\", \"\\n\")]",
        "a [(\"x\", \"1\")]",
        "c []",
        "a [(\"x\", \"2\"), (\"y\", \"\\n\")]",
    ];
    assert_eq!(*asked.borrow(), expected);
}

#[test]
fn an_empty_page_and_a_page_that_is_no_metrics_give_nothing() {
    assert_eq!(read_as(Format::Prometheus, b""), (vec![], PageReport::default()));
    let (readings, report) = read_as(Format::Prometheus, b"<html>\n<body>no</body>\n</html>\n");
    assert_eq!((readings.len(), report.samples, report.bad_lines), (0, 0, 3));
}
