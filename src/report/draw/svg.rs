//! A chart as SVG: a file that stands alone, or a part of a page, which has the style and the title itself.

mod legend;

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::escape::escaped;
use super::pieces::{drawable, holes, pieces};
use super::scale::{self, Scale};
use super::strokes::{Room, strokes};
use super::{Chart, Dot, Kind, Mark, Summary, times};
use crate::settings::words::columns;
use crate::words;

/// Colours, for light and dark, and how each part is drawn.
pub const STYLE: &str = include_str!("style.css");

/// How large, and where it will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub width: u16,
    pub height: u16,
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// By itself: with style, title and figures.
    File,
    /// In a page, whose script reads the values.
    Page,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 960, height: 320, place: Place::File }
    }
}

/// Letters of the labels, about.
const LETTER: f64 = 6.2;
/// Two values in so many units: closer together they run into one.
const COLUMN: i64 = 3;
/// Of more than 300 values nobody sees the difference.
const MOST_COLUMNS: i64 = 145;
const COLOURS: usize = 8;
const DASHES: usize = 4;

/// Where the values are drawn.
struct Frame {
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

pub fn svg(chart: &Chart, zone: &TimeZone, options: Options) -> String {
    let lines: Vec<Vec<Dot>> = chart.lines.iter().map(|line| drawable(line, chart)).collect();
    let (whole_width, is_file) = (i64::from(options.width.max(240)), options.place == Place::File);
    let height = i64::from(options.height.max(120));
    let caption = scale::caption(chart.unit);
    let mut top = if is_file { 48 } else { 10 };
    if !caption.is_empty() {
        top += 12;
    }
    let marks = marks(chart, whole_width);
    if !marks.is_empty() {
        top += 4;
    }
    let values = || lines.iter().flatten().map(|dot| dot.value);
    let most = usize::try_from((height - top - 24) / 26).unwrap_or(2).clamp(2, 6);
    let mut scale = Scale::of(values(), chart.unit, zone, most);
    if values().next().is_none() {
        // Figures beside nothing would look measured.
        scale.ticks.clear();
    }
    let widest = scale.ticks.iter().map(|tick| wide(&tick.label)).fold(0.0, f64::max);
    let x = 13 + widest.ceil() as i64;
    let width = whole_width - x - 12;
    let missing = holes(&lines, chart);
    let legend = legend::legend(chart, &lines, &missing, whole_width - 8);
    let frame = Frame { x, y: top, width, height: (height - top - 22 - if is_file { 6 } else { 0 }).max(40) };
    let whole_height = frame.y + frame.height + 22 + legend.height + if is_file { 8 } else { 0 };

    let mut out = opened(chart, zone, &lines, (whole_width, whole_height), &frame, options);
    if is_file {
        let _ = write!(out, r#"<rect width="{whole_width}" height="{whole_height}" fill="var(--card)"/>"#);
        heading(&mut out, chart, &lines, x, whole_width);
    }
    if !caption.is_empty() {
        let y = top - if marks.is_empty() { 7 } else { 11 };
        let _ = write!(out, r#"<text x="{x}" y="{y}">{caption}</text>"#);
    }
    draw_holes(&mut out, &missing, chart, &frame);
    draw_axes(&mut out, &scale, chart, zone, &frame, whole_width);
    draw_lines(&mut out, &lines, chart, &scale, &frame, options);
    draw_marks(&mut out, &marks, chart, zone, &frame);
    if values().next().is_none() {
        let (x, y) = (frame.x + frame.width / 2, frame.y + frame.height / 2 + 4);
        let _ = write!(out, r#"<text class="e" x="{x}" y="{y}">no values in this range</text>"#);
    }
    out.push_str(&legend.markup(frame.y + frame.height + 22));
    out.push_str("</svg>");
    if is_file {
        out.push('\n');
    }
    out
}

/// About how wide a label is.
fn wide(text: &str) -> f64 {
    text.chars().map(columns).sum::<usize>() as f64 * LETTER
}

/// Title, range and figures of each line in one sentence, for those who cannot see the picture.
pub fn told(chart: &Chart, zone: &TimeZone) -> String {
    let lines: Vec<Vec<Dot>> = chart.lines.iter().map(|line| drawable(line, chart)).collect();
    sentence(chart, zone, &lines)
}

fn sentence(chart: &Chart, zone: &TimeZone, lines: &[Vec<Dot>]) -> String {
    const MOST: usize = 8;
    let form = "%Y-%m-%d %H:%M %:z";
    let range = format!("{} to {}", times::told(chart.since, zone, form), times::told(chart.until, zone, form));
    let mut text = format!("Line chart, {range}.");
    for (line, dots) in chart.lines.iter().zip(lines).take(MOST) {
        let figures = Figures::of(chart, dots).in_one_line();
        let name = if chart.lines.len() > 1 { format!("{}: ", line.name) } else { String::new() };
        let _ = write!(text, " {name}{figures}.");
    }
    if chart.lines.len() > MOST {
        let _ = write!(text, " And {} more lines.", chart.lines.len() - MOST);
    }
    for kind in Kind::ALL {
        let number = chart.marks.iter().filter(|mark| mark.kind == kind).count();
        if number > 0 {
            let _ = write!(text, " Marked: {number} × {}.", kind.word());
        }
    }
    text
}

/// What a line comes to, as people read it.
#[derive(Debug, Default)]
pub struct Figures {
    /// "now 1.2k", or "last" where the newest value is not of now.
    pub last: String,
    /// "min 88", "avg 611", "max 1.6k".
    pub rest: Vec<String>,
    /// "99% of 1,440 values".
    pub coverage: String,
}

impl Figures {
    pub fn of(chart: &Chart, dots: &[Dot]) -> Self {
        let (Some(all), Some(last)) = (Summary::of(dots), dots.last()) else {
            return Self { last: "no values".to_owned(), ..Self::default() };
        };
        let shown = |value| words::value(value, chart.unit);
        let is_now = chart.until.saturating_sub(last.at) <= chart.step.saturating_mul(2);
        let slots = chart.slots().max(all.values);
        let share = words::share(all.values as i64, slots as i64);
        Self {
            last: format!("{} {}", if is_now { "now" } else { "last" }, shown(all.last)),
            rest: [("min", all.min), ("avg", all.avg), ("max", all.max)]
                .map(|(name, value)| format!("{name} {}", shown(value)))
                .to_vec(),
            coverage: format!("{share} of {}", words::count(slots, "value")),
        }
    }

    pub fn in_one_line(&self) -> String {
        let parts = std::iter::once(&self.last).chain(&self.rest).chain(Some(&self.coverage));
        parts.filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn opened(
    chart: &Chart,
    zone: &TimeZone,
    lines: &[Vec<Dot>],
    (width, height): (i64, i64),
    frame: &Frame,
    options: Options,
) -> String {
    let (title, said) = (escaped(&chart.title), escaped(&sentence(chart, zone, lines)));
    match options.place {
        Place::File => format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"stellar chart\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\
             <title id=\"title\">{title}</title><desc id=\"desc\">{said}</desc><style>{STYLE}</style>"
        ),
        Place::Page => {
            let Frame { x, y, width: w, height: h } = frame;
            let Chart { since, until, step, .. } = chart;
            let unit = chart.unit.name();
            format!(
                "<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}. {said}\" \
                 data-g=\"{x} {y} {w} {h} {since} {until} {step}\" data-u=\"{unit}\">"
            )
        }
    }
}

fn heading(out: &mut String, chart: &Chart, lines: &[Vec<Dot>], x: i64, width: i64) {
    let room = ((width - x) as f64 / (LETTER * 1.35)) as usize;
    let title = super::super::table::cut(&chart.title, room);
    let _ = write!(out, r#"<text class="t n" x="{x}" y="22">{}</text>"#, escaped(&title));
    let under = match lines {
        [one] => Figures::of(chart, one).in_one_line(),
        _ => chart.help.clone(),
    };
    let room = ((width - x) as f64 / LETTER) as usize;
    let under = super::super::table::cut(&under, room);
    let _ = write!(out, r#"<text class="n" x="{x}" y="38">{}</text>"#, escaped(&under));
}

fn draw_holes(out: &mut String, missing: &[(i64, i64)], chart: &Chart, frame: &Frame) {
    let room = Room { width: frame.width as f64, height: 0.0 };
    let mut path = String::new();
    let mut done = 0;
    for (from, to) in missing {
        let (left, right) = (room.x(*from, chart).max(done), room.x(*to, chart));
        if right > left {
            let _ = write!(path, "M{} {}h{}v{}h{}z", frame.x + left, frame.y, right - left, frame.height, left - right);
            done = right;
        }
    }
    if !path.is_empty() {
        let _ = write!(out, r#"<path class="h" d="{path}"/>"#);
    }
}

fn draw_axes(out: &mut String, scale: &Scale, chart: &Chart, zone: &TimeZone, frame: &Frame, whole: i64) {
    let Frame { x, y, width, height } = *frame;
    let room = Room { width: width as f64, height: height as f64 };
    let (mut grid, mut labels) = (String::new(), String::new());
    for tick in &scale.ticks {
        let at = y + room.y(tick.value, scale);
        let _ = write!(grid, "M{x} {at}h{width}");
        let _ = write!(labels, r#"<text x="{}" y="{}">{}</text>"#, x - 5, at + 4, tick.label);
    }
    let bottom = y + height;
    let mut below = String::new();
    let most = usize::try_from(width / 38).unwrap_or(1).max(2);
    for tick in times::ticks(chart.since, chart.until, zone, most) {
        let at = x + room.x(tick.at, chart);
        let half = (wide(&tick.label) / 2.0).ceil() as i64;
        let _ = write!(grid, "M{at} {y}v{height}");
        let label = at.clamp(half, (whole - half).max(half));
        let _ = write!(below, r#"<text x="{label}" y="{}">{}</text>"#, bottom + 15, tick.label);
    }
    let _ = write!(out, r#"<path class="g" d="{grid}"/><g class="y">{labels}</g><g class="x">{below}</g>"#);
    let base = y + room.y(if scale.has_zero() { 0.0 } else { scale.low }, scale);
    if scale.has_zero() {
        let _ = write!(out, r#"<path class="b" d="M{x} {base}h{width}"/>"#);
    }
}

fn draw_lines(out: &mut String, lines: &[Vec<Dot>], chart: &Chart, scale: &Scale, frame: &Frame, options: Options) {
    let room = Room { width: frame.width as f64 * 10.0, height: frame.height as f64 * 10.0 };
    let with_values = options.place == Place::Page;
    let columns = usize::try_from((frame.width / COLUMN).min(MOST_COLUMNS)).unwrap_or(1);
    // A tenth of a unit tells half minutes of a day apart; of longer ranges the moments stand beside the values.
    let is_coarse = chart.until.saturating_sub(chart.since) as f64 / room.width > 30_000.0;
    let _ = write!(out, r#"<g transform="translate({} {})scale(.1)">"#, frame.x, frame.y);
    for (index, (line, dots)) in chart.lines.iter().zip(lines).enumerate() {
        let strokes = strokes(&pieces(dots, chart, columns), chart, scale, room);
        let (colour, dash) = (index % COLOURS, index / COLOURS % DASHES);
        let _ = write!(out, r#"<g class="c{colour} d{dash}""#);
        if with_values && chart.lines.len() > 1 {
            let _ = write!(out, r#" data-n="{}""#, escaped(&line.name));
        }
        out.push('>');
        for (class, stroke) in [("l", &strokes.joined), ("p", &strokes.single)] {
            if stroke.path.is_empty() {
                continue;
            }
            let _ = write!(out, r#"<path class="{class}" d="{}""#, stroke.path);
            if with_values {
                let _ = write!(out, r#" data-v="{}""#, stroke.values);
            }
            if with_values && is_coarse {
                let _ = write!(out, r#" data-t="{}""#, stroke.minutes);
            }
            out.push_str("/>");
        }
        for (x, y) in strokes.open {
            let _ = write!(out, r#"<circle class="o" cx="{x}" cy="{y}" r="30"/>"#);
        }
        out.push_str("</g>");
    }
    out.push_str("</g>");
}

/// Marks in the order of time; those that would cover each other are one.
fn marks(chart: &Chart, width: i64) -> Vec<Vec<&Mark>> {
    let near = chart.until.saturating_sub(chart.since) / width.max(1) * 6;
    let mut all: Vec<&Mark> = chart.marks.iter().filter(|m| (chart.since..=chart.until).contains(&m.at)).collect();
    all.sort_by_key(|mark| mark.at);
    let mut drawn: Vec<Vec<&Mark>> = Vec::new();
    for mark in all {
        let close = |group: &&mut Vec<&Mark>| {
            group.first().is_some_and(|first| first.kind == mark.kind && mark.at - first.at <= near)
        };
        match drawn.iter_mut().rev().take(Kind::ALL.len()).find(close) {
            Some(group) => group.push(mark),
            None => drawn.push(vec![mark]),
        }
    }
    drawn
}

fn draw_marks(out: &mut String, marks: &[Vec<&Mark>], chart: &Chart, zone: &TimeZone, frame: &Frame) {
    const MOST: usize = 3;
    let room = Room { width: frame.width as f64, height: 0.0 };
    for group in marks {
        let Some(first) = group.first() else { continue };
        let mut said: Vec<String> = group.iter().take(MOST).map(|mark| marked(mark, zone)).collect();
        if group.len() > MOST {
            said.push(format!("and {} more", group.len() - MOST));
        }
        let (class, sign) = legend::sign(first.kind);
        let (x, y) = (frame.x + room.x(first.at, chart), frame.y);
        let _ = write!(
            out,
            r#"<g class="{class}" transform="translate({x} {y})"><title>{}</title><path d="M0 0v{}"/>{sign}</g>"#,
            escaped(&said.join("; ")),
            frame.height
        );
    }
}

/// "05:00:12 restart: counters fell".
pub fn marked(mark: &Mark, zone: &TimeZone) -> String {
    let colon = if mark.text.is_empty() { "" } else { ": " };
    format!("{} {}{colon}{}", times::told(mark.at, zone, "%m-%d %H:%M:%S"), mark.kind.word(), mark.text)
}
