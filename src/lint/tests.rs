//! What tests over HTTP cannot wait for or cannot see: a slow answer, a narrow terminal, colours.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::*;
use crate::report::Style;

fn answered(text: &str, took: Duration) -> Look {
    let shape = Shape { status: 200, content_type: "text/plain".to_owned(), ..Shape::default() };
    Look { text: text.as_bytes().to_vec(), answer: Some(Answer { at: 0, took, outcome: Ok(shape) }) }
}

fn shown(look: Look, width: usize, colour: bool) -> String {
    let judgement = judge("http://10.30.0.7:8080/metrics".to_owned(), vec![look], |_| false);
    tell::render(&[judgement], false, &Style { zone: TimeZone::UTC, colour, width: Some(width) })
}

const PAGE: &str = "# HELP app_size_mb Size.\n# TYPE app_size_mb gauge\napp_size_mb 1\n";

#[test]
fn a_page_fits_a_narrow_terminal() {
    let expected = "\
http://10.30.0.7:8080/metrics
  200 in 6.00 s; 64 B; text/plain
  3 lines, 1 family, 1 sample

warning  abbreviated-unit  an abbreviated unit in the name,
                           such as ms or mb
    do: write the base unit in full: _seconds and _bytes,
        and divide or multiply the value
    line 2  app_size_mb: mb

warning  slow-page  the answer took more than 5 s
    do: make the page cheaper: Prometheus gives up after 10
        s unless it is told otherwise
    it took 6.00 s

2 warnings
";
    let text = shown(answered(PAGE, Duration::from_secs(6)), 60, false);
    assert_eq!(text, expected.replace("line 2", "line 1").replace("64 B", &format!("{} B", PAGE.len())));
}

#[test]
fn only_the_severity_is_coloured() {
    let text = shown(answered(PAGE, Duration::ZERO), 80, true);
    assert!(text.contains("\n\x1b[1;33mwarning\x1b[0m  abbreviated-unit  an abbreviated unit"), "{text}");
    assert_eq!(text.replace("\x1b[1;33m", "").replace("\x1b[0m", ""), shown(answered(PAGE, Duration::ZERO), 80, false));
}

#[test]
fn a_page_that_took_its_time_is_told_once_however_often_it_is_looked_at() {
    let looks = vec![answered(PAGE, Duration::from_secs(6)), answered(PAGE, Duration::from_secs(7))];
    let judgement = judge("x".to_owned(), looks, |_| false);
    let slow = judgement.findings.iter().filter(|finding| finding.rule == rules::SLOW_PAGE);
    assert_eq!(slow.map(|finding| finding.what.as_str()).collect::<Vec<_>>(), ["it took 6.00 s"]);
}

#[test]
fn counters_that_all_fell_are_those_of_a_restarted_process() {
    let page =
        |value: u32| (0..10).map(|n| format!("# TYPE c{n}_total counter\nc{n}_total {value}\n")).collect::<String>();
    let look = |text: String| Look { text: text.into_bytes(), answer: None };
    let fell = |looks: Vec<Look>| {
        let judgement = judge("x".to_owned(), looks, |_| false);
        let fell = judgement.findings.iter().filter(|finding| finding.rule == rules::COUNTER_FELL).count();
        (judgement.restarted, fell)
    };
    assert_eq!(fell(vec![look(page(5)), look(page(1))]), (true, 0));
    assert_eq!(fell(vec![look(page(5)), look(page(5).replace("c3_total 5", "c3_total 4"))]), (false, 1));
    assert_eq!(fell(vec![look(page(5)), look(page(6))]), (false, 0));
}
