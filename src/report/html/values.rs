//! The table beside a chart, for those who cannot see it and for those who want a figure to copy.

use std::fmt::Write;

use jiff::tz::TimeZone;

use crate::report::NOT_MEASURED;
use crate::report::draw::escape::escaped;
use crate::report::draw::svg::marked;
use crate::report::draw::{Chart, Dot, Summary, pieces, times};
use crate::sample::Millis;
use crate::words;

const ROWS: usize = 48;
/// A table of many lines has fewer rows.
const CELLS: usize = 288;
const LEAST_ROWS: usize = 8;

/// No sample in that slot, as in the lines of letters.
const NONE: &str = "·";

pub fn values(out: &mut String, chart: &Chart, zone: &TimeZone) {
    let lines: Vec<Vec<Dot>> = chart.lines.iter().map(|line| pieces::drawable(line, chart)).collect();
    out.push_str("<details><summary>Table</summary>");
    let (rows, thinned) = rows(chart, &lines, zone);
    let mut notes = vec![if thinned { "Averages from each time to the next." } else { "All values." }];
    let mut body = String::new();
    let mut day = String::new();
    for (at, cells) in &rows {
        let seconds = at.rem_euclid(60_000) != 0 && !thinned;
        let moment = times::told(*at, zone, if seconds { "%m-%d %H:%M:%S" } else { "%m-%d %H:%M" });
        let (date, time) = moment.split_once(' ').unwrap_or(("", &moment));
        let shown = if date == day { time } else { &moment };
        let _ = write!(body, "<tr><th>{shown}");
        day = date.to_owned();
        for cell in cells {
            let _ = write!(body, "<td>{cell}");
        }
    }
    if body.contains(NONE) {
        notes.push("· = no value.");
    }
    if body.contains('*') {
        notes.push("* = average over a gap.");
    }
    let title = escaped(&chart.title);
    let _ = write!(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{title}\"><table><caption>{}</caption><thead><tr><th>Time",
        notes.join(" ")
    );
    for line in &chart.lines {
        let name = if line.name.is_empty() { &chart.title } else { &line.name };
        let _ = write!(out, "<th><bdi>{}</bdi>", escaped(name));
    }
    let _ = write!(out, "</thead><tbody>{body}</tbody><tfoot>");
    let summaries: Vec<Option<Summary>> = lines.iter().map(|dots| Summary::of(dots)).collect();
    figure(out, "min", summaries.iter().map(|all| all.map(|all| all.min)), chart);
    figure(out, "avg", summaries.iter().map(|all| all.map(|all| all.avg)), chart);
    figure(out, "max", summaries.iter().map(|all| all.map(|all| all.max)), chart);
    out.push_str("</table></div>");
    marks(out, chart, zone);
    out.push_str("</details>");
}

/// One row below the table: a figure of each line.
fn figure(out: &mut String, name: &str, figures: impl Iterator<Item = Option<f64>>, chart: &Chart) {
    let _ = write!(out, "<tr><th>{name}");
    for figure in figures {
        let shown = figure.map(|figure| words::value(figure, chart.unit));
        let _ = write!(out, "<td>{}", escaped(shown.as_deref().unwrap_or(NOT_MEASURED)));
    }
}

fn marks(out: &mut String, chart: &Chart, zone: &TimeZone) {
    let within = |at: Millis| (chart.since..=chart.until).contains(&at);
    let mut marks: Vec<_> = chart.marks.iter().filter(|mark| within(mark.at)).collect();
    if marks.is_empty() {
        return;
    }
    marks.sort_by_key(|mark| mark.at);
    out.push_str("<ul>");
    for mark in marks.iter().take(ROWS) {
        let _ = write!(out, "<li><bdi>{}</bdi>", escaped(&marked(mark, zone)));
    }
    if marks.len() > ROWS {
        let _ = write!(out, "<li>and {} more", marks.len() - ROWS);
    }
    out.push_str("</ul>");
}

/// Every moment that has a value or, if those are too many, round slots; and whether it is slots.
fn rows(chart: &Chart, lines: &[Vec<Dot>], zone: &TimeZone) -> (Vec<(Millis, Vec<String>)>, bool) {
    let most = (CELLS / lines.len().max(1)).clamp(LEAST_ROWS, ROWS);
    let mut times: Vec<Millis> = lines.iter().flatten().map(|dot| dot.at).collect();
    times.sort_unstable();
    times.dedup();
    let thinned = times.len() > most;
    if thinned {
        times = times::ticks(chart.since, chart.until, zone, most).into_iter().map(|tick| tick.at).collect();
        if times.first().is_none_or(|first| *first > chart.since) {
            times.insert(0, chart.since);
        }
    }
    let ends = times.iter().skip(1).copied().chain([chart.until.saturating_add(1)]);
    let mut rest: Vec<&[Dot]> = lines.iter().map(Vec::as_slice).collect();
    let mut rows = Vec::with_capacity(times.len());
    for (from, to) in times.iter().zip(ends) {
        let mut cells = Vec::with_capacity(rest.len());
        for dots in &mut rest {
            let (own, later) = dots.split_at(dots.partition_point(|dot| dot.at < to));
            *dots = later;
            let over_gap = if own.iter().any(|dot| dot.over_gap) { "*" } else { "" };
            let average = Summary::of(own).map(|summary| escaped(&words::value(summary.avg, chart.unit)) + over_gap);
            cells.push(average.unwrap_or_else(|| NONE.to_owned()));
        }
        rows.push((*from, cells));
    }
    // The last slot begins where the range ends.
    let is_empty = |row: &(Millis, Vec<String>)| row.0 >= chart.until && row.1.iter().all(|cell| cell == NONE);
    rows.pop_if(|row| is_empty(row));
    (rows, thinned)
}
