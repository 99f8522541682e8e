//! Whole pictures, each in a file that can be looked at.

use std::fs;
use std::path::Path;

use stellar::report::draw::svg::{Options, Place, svg};
use stellar::report::draw::{Chart, Kind, Mark};
use stellar::report::html;
use stellar::settings::metric_entry::Unit;

use super::made::{HOSTILE, MINUTE, chart, charts, line, nodes, noise, page, zone};

const WRITE: &str = "STELLAR_SNAPSHOTS=write cargo test --test pictures";
const SMALL: Options = Options { width: 480, height: 220, place: Place::File };

#[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
fn writes() -> bool {
    std::env::var_os("STELLAR_SNAPSHOTS").is_some_and(|value| value == "write")
}

fn is(name: &str, chart: &Chart, zone_name: &str) {
    let text = svg(chart, &zone(zone_name), SMALL);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/svg").join(name);
    if writes() {
        fs::write(&file, &text).expect("the picture is written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == text,
        "this is not tests/pictures/svg/{name}; when it should be, run: {WRITE}\n--- expected\n{expected}--- found\n{text}---"
    );
}

/// 20 minutes at one minute each.
fn short(title: &str, unit: Unit, values: &[f64]) -> Chart {
    let mut chart = chart(title, unit, "2026-11-22T02:00:00Z", "2026-11-22T02:20:00Z", MINUTE);
    let line = line(&chart, "", values);
    chart.lines.push(line);
    chart
}

#[test]
fn gaps_are_open_and_an_average_over_one_is_an_open_circle() {
    let none = f64::NAN;
    let values = [12.0, 15.0, none, none, 9.0, none, 14.0, 13.0, none, none, none, 11.0, 16.0, 18.0, 17.0];
    let mut chart = short("Queries per second", Unit::PerSecond, &values);
    chart.lines[0].points[11].over_gap = true;
    let mark = |minute: i64, kind, text: &str| Mark { at: chart.since + minute * MINUTE, kind, text: text.into() };
    chart.marks = vec![
        mark(11, Kind::Restart, "counters fell"),
        mark(14, Kind::Alert, "too few"),
        mark(3, Kind::Clock, "1h00m back"),
        mark(500, Kind::Alert, "not in the range"),
    ];
    is("gaps.svg", &chart, "Asia/Shanghai");
}

#[test]
fn one_value_is_a_dot_and_none_is_said() {
    is("one.svg", &short("JVM heap", Unit::Bytes, &[8.7e9]), "Asia/Shanghai");
    is("none.svg", &short("JVM heap", Unit::Bytes, &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]), "Asia/Shanghai");
    let mut nothing = short("JVM heap", Unit::Bytes, &[]);
    is("none.svg", &nothing, "Asia/Shanghai");
    nothing.lines.clear();
    assert!(svg(&nothing, &zone("UTC"), SMALL).contains("no values in this range"));
}

#[test]
fn zero_is_drawn_and_so_is_what_lies_below() {
    is("zero.svg", &short("Query errors", Unit::Ratio, &[0.0; 20]), "UTC");
    let wave: Vec<f64> = (0..20).map(|minute| f64::from(minute % 7) - 3.0).collect();
    is("negative.svg", &short("Clock against ours", Unit::Seconds, &wave), "UTC");
}

#[test]
fn the_day_on_which_the_clocks_go_back_has_25_hours() {
    let mut chart = chart("Compaction score", Unit::Score, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 30 * MINUTE);
    let values: Vec<f64> = (0..50).map(|half_hour| (40.0 + 30.0 * noise(3, half_hour)).round()).collect();
    let line = line(&chart, "", &values);
    chart.lines.push(line);
    is("clocks_back.svg", &chart, "Europe/Berlin");
}

#[test]
fn lines_differ_by_more_than_their_colour() {
    let names: Vec<String> = (10_001..10_027).map(|id| format!("be:{id}")).collect();
    let mut chart = nodes(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for line in &mut chart.lines {
        line.points = line.points.iter().step_by(90).copied().collect();
    }
    chart.step = 90 * MINUTE;
    is("many.svg", &chart, "Asia/Shanghai");
}

#[test]
fn names_of_others_are_texts() {
    let mut chart = nodes(&HOSTILE);
    chart.title = HOSTILE[0].into();
    chart.lines.iter_mut().for_each(|line| line.points.truncate(4));
    chart.marks = vec![Mark { at: chart.since + 100 * MINUTE, kind: Kind::Clock, text: HOSTILE[1].into() }];
    is("hostile.svg", &chart, "UTC");
    for place in [Place::File, Place::Page] {
        let text = svg(&chart, &zone("UTC"), Options { place, ..SMALL });
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn a_line_of_any_length_is_a_short_text() {
    let mut chart = chart("Queries", Unit::Count, "2026-08-22T00:00:00Z", "2026-11-22T00:00:00Z", MINUTE / 2);
    let values: Vec<f64> = (0..264_960).map(|index| (noise(1, index) * 1e4).round()).collect();
    let line = line(&chart, "", &values);
    chart.lines.push(line);
    let text = svg(&chart, &zone("UTC"), Options { place: Place::Page, ..SMALL });
    assert!(text.len() < 7_000, "{}", text.len());
}

#[test]
fn no_range_and_no_number_breaks_a_picture() {
    let strange = [f64::MAX, f64::MIN, 1e299, -1e299, f64::MIN_POSITIVE, -0.0, 1e17, 1e17 + 16.0];
    for (since, until, step) in [(0, 0, 0), (i64::MIN, i64::MAX, i64::MAX), (5, -5, -1), (i64::MAX, i64::MAX, 1)] {
        for unit in
            ["count", "bytes", "seconds", "ratio", "timestamp", "bool"].map(|n| Unit::of_name(n).expect("a unit"))
        {
            let mut chart = short("x", unit, &strange);
            (chart.since, chart.until, chart.step) = (since, until, step);
            for dot in &mut chart.lines[0].points {
                dot.at = since;
            }
            chart.marks = vec![Mark { at: since, kind: Kind::Alert, text: String::new() }];
            let (whole, size) = (svg(&chart, &zone("UTC"), SMALL), html::page(&page_of(chart), &zone("UTC")).len());
            assert!(whole.ends_with("</svg>\n") && size < 40_000, "{size}");
        }
    }
}

fn page_of(chart: Chart) -> html::Page {
    let mut page = page(3);
    page.sections.truncate(1);
    page.sections[0].charts = vec![chart];
    page
}

#[test]
fn a_page_of_twenty_clusters_is_less_than_two_megabytes() {
    let (model, begin) = (page(20), std::time::Instant::now());
    let text = html::page(&model, &zone("Asia/Shanghai"));
    println!("{} bytes in {:?}", text.len(), begin.elapsed());
    assert!(text.len() < 2_000_000, "{}", text.len());
    assert!(charts(0).len() == 12 && text.matches("<figure>").count() == 240);
}
