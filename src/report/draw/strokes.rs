//! A line as the short text of a path, and its values as short numbers beside it: a page has hundreds of lines.

use std::fmt::Write;

use super::pieces::Piece;
use super::scale::Scale;
use super::{Chart, Dot};
use crate::settings::metric_entry::Unit;

/// The room for the values, in tenths of the picture's unit: whole numbers are short and fine enough.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub width: f64,
    pub height: f64,
}

impl Room {
    pub fn x(self, at: i64, chart: &Chart) -> i64 {
        let span = chart.until.saturating_sub(chart.since).max(1) as f64;
        (at.saturating_sub(chart.since) as f64 / span * self.width).round() as i64
    }

    pub fn y(self, value: f64, scale: &Scale) -> i64 {
        ((1.0 - scale.height(value)) * self.height).round() as i64
    }
}

/// What is drawn of one line.
#[derive(Debug, Default)]
pub struct Strokes {
    pub joined: Stroke,
    /// Values that stand alone.
    pub single: Stroke,
    /// Where an average over a gap is.
    pub open: Vec<(i64, i64)>,
}

#[derive(Debug, Default)]
pub struct Stroke {
    pub path: String,
    /// What each place of the path is worth, in the same order; `*` after an average over a gap.
    pub values: String,
    /// When that was: minutes since the one before, the first since the beginning of the range.
    pub minutes: String,
    minute: i64,
}

pub fn strokes(pieces: &[Piece], chart: &Chart, scale: &Scale, room: Room) -> Strokes {
    let mut strokes = Strokes::default();
    for piece in pieces {
        let place = |dot: &Dot| (room.x(dot.at, chart), room.y(dot.value, scale));
        let Some(first) = piece.first() else { continue };
        let (mut x, mut y) = place(first);
        if first.over_gap {
            strokes.open.push((x, y));
        }
        let is_single = piece.len() == 1;
        let stroke = if is_single { &mut strokes.single } else { &mut strokes.joined };
        let _ = write!(stroke.path, "M{x} {y}");
        stroke.path.push_str(if is_single { "h0" } else { "l" });
        let start = stroke.path.len();
        for dot in piece.iter().skip(1) {
            let (next_x, next_y) = place(dot);
            for number in [next_x - x, next_y - y] {
                if number >= 0 && stroke.path.len() > start {
                    stroke.path.push(' ');
                }
                let _ = write!(stroke.path, "{number}");
            }
            (x, y) = (next_x, next_y);
        }
        piece.iter().for_each(|dot| stroke.tell(dot, chart));
    }
    strokes
}

impl Stroke {
    fn tell(&mut self, dot: &Dot, chart: &Chart) {
        const MINUTE: i64 = 60_000;
        let minute = dot.at.div_euclid(MINUTE).saturating_sub(chart.since.div_euclid(MINUTE));
        if !self.values.is_empty() {
            self.values.push(' ');
            self.minutes.push(' ');
        }
        let _ = write!(self.values, "{}{}", short(dot.value, chart.unit), if dot.over_gap { "*" } else { "" });
        let _ = write!(self.minutes, "{}", minute - self.minute);
        self.minute = minute;
    }
}

/// Four figures, which is one more than anything shows; a ratio below one stays below.
pub fn short(value: f64, unit: Unit) -> String {
    let rounded: f64 = match unit {
        Unit::Timestamp => value.round(),
        Unit::Ratio if value != 0.0 => {
            let size = 10f64.powf(3.0 - value.abs().log10().floor());
            (value * size * (1.0 + 1e-9)).trunc() / size
        }
        _ => format!("{value:.3e}").parse().unwrap_or(value),
    };
    // `-0` and what the division left of a very small ratio.
    let rounded = if rounded == 0.0 || !rounded.is_finite() { value + 0.0 } else { rounded };
    let (plain, power) = (format!("{rounded}"), format!("{rounded:e}"));
    let plain = plain.replacen("0.", ".", usize::from(rounded.abs() < 1.0));
    if plain.len() <= power.len() { plain } else { power }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_a_false_zero_or_whole() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1234.0, "1234"),
            (9_341_553_868.0, "9.342e9"),
            (412_806.0, "412800"),
            (0.084, ".084"),
            (-0.5, "-.5"),
            (1e-12, "1e-12"),
            (10.0, "10"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value, Unit::Count), expected);
        }
        assert_eq!(short(0.999_96, Unit::Ratio), ".9999");
        assert_eq!(short(0.9, Unit::Ratio), ".9");
        assert_eq!(short(1.0, Unit::Ratio), "1");
        assert_eq!(short(1e-310, Unit::Ratio).parse(), Ok(1e-310));
        assert_eq!(short(1_795_313_001.0, Unit::Timestamp), "1795313001");
    }
}
