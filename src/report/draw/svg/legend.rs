//! What the colours, dashes and signs of a picture mean, in rows below it.

use std::fmt::Write;

use super::super::escape::escaped;
use super::super::{Chart, Dot, Kind};
use super::{COLOURS, DASHES, wide};
use crate::report::table::cut;

/// Rows of entries, placed.
#[derive(Debug, Default)]
pub struct Legend {
    entries: Vec<Entry>,
    pub height: i64,
}

/// Drawn to the right of (0, 0) and around its height, and how wide it is with the room behind it.
#[derive(Debug)]
struct Sign {
    markup: String,
    width: i64,
}

#[derive(Debug)]
struct Entry {
    x: i64,
    y: i64,
    sign: Sign,
    name: String,
}

const ROW: i64 = 17;
/// The first entry, whatever room the labels of the axis take.
const LEFT: i64 = 10;
/// Of more lines the rest are counted: the table beside the picture names them all.
const MOST: usize = 24;

/// The class and the sign of a kind of mark; forms differ, so that colour is not needed to tell them apart.
pub fn sign(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Restart => ("m", r#"<path class="f" d="M-4-7h8L0 0z"/>"#),
        Kind::Alert => ("m ma", r#"<path class="f" d="M0-9l4.5 4.5L0 0l-4.5-4.5z"/>"#),
        Kind::Clock => ("m mc", r#"<circle class="f" cy="-4" r="3.5"/>"#),
    }
}

/// Nothing for a single line that says all itself.
pub fn legend(chart: &Chart, lines: &[Vec<Dot>], missing: &[(i64, i64)], width: i64) -> Legend {
    let long = |markup: String| Sign { markup, width: 24 };
    let small = |markup: String| Sign { markup, width: 13 };
    let mut entries: Vec<(Sign, String)> = Vec::new();
    if chart.lines.len() > 1 {
        for (index, line) in chart.lines.iter().enumerate().take(MOST) {
            let (colour, dash) = (index % COLOURS, index / COLOURS % DASHES);
            let sign =
                format!(r#"<g class="c{colour} d{dash}" transform="scale(.1)"><path class="l" d="M0-40h180"/></g>"#);
            entries.push((long(sign), cut(&line.name, 40)));
        }
        if chart.lines.len() > MOST {
            entries.push((Sign { markup: String::new(), width: 0 }, format!("and {} more", chart.lines.len() - MOST)));
        }
    }
    let drawn = |kind| chart.marks.iter().any(|m| m.kind == kind && (chart.since..=chart.until).contains(&m.at));
    for kind in Kind::ALL.into_iter().filter(|kind| drawn(*kind)) {
        let (class, sign) = sign(kind);
        let sign = format!(r#"<g class="{class}" transform="translate(5 0)">{sign}</g>"#);
        entries.push((small(sign), kind.word().to_owned()));
    }
    let has_values = lines.iter().any(|dots| !dots.is_empty());
    if has_values && !missing.is_empty() {
        entries.push((long(r#"<path class="h" d="M0-9h18v10h-18z"/>"#.to_owned()), "no values".to_owned()));
    }
    if lines.iter().flatten().any(|dot| dot.over_gap) {
        let sign = r#"<g class="c0" transform="translate(5 -4)scale(.1)"><circle class="o" r="30"/></g>"#;
        entries.push((small(sign.to_owned()), "average over a gap".to_owned()));
    }
    placed(entries, width)
}

fn placed(entries: Vec<(Sign, String)>, width: i64) -> Legend {
    let mut legend = Legend::default();
    let (mut x, mut y) = (LEFT, ROW);
    for (sign, name) in entries {
        let room = sign.width + wide(&name).ceil() as i64;
        if x > LEFT && x + room > width {
            x = LEFT;
            y += ROW;
        }
        legend.entries.push(Entry { x, y, sign, name });
        legend.height = y + 2;
        x += room + 12;
    }
    legend
}

impl Legend {
    /// Below `top`.
    pub fn markup(&self, top: i64) -> String {
        let mut out = String::new();
        for Entry { x, y, sign, name } in &self.entries {
            let _ = write!(
                out,
                r#"<g transform="translate({x} {})">{}<text class="n" x="{}">{}</text></g>"#,
                top + y - 4,
                sign.markup,
                sign.width,
                escaped(name)
            );
        }
        out
    }
}
