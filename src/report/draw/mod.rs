//! Pictures of values over time: one model that whoever reads the store fills in, and what all its forms share. An SVG
//! file, a page and the line of letters of a terminal then agree on what is high, what is a gap and what is not drawn.

pub mod escape;
pub mod pieces;
pub mod scale;
mod strokes;
pub mod svg;
pub mod times;

use crate::sample::Millis;
use crate::settings::metric_entry::Unit;

/// One picture: lines in one unit over one range of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: String,
    pub unit: Unit,
    /// One sentence on what is drawn; may be empty.
    pub help: String,
    pub since: Millis,
    pub until: Millis,
    /// How far apart two values are when none is missing.
    pub step: Millis,
    pub lines: Vec<Line>,
    pub marks: Vec<Mark>,
}

/// The values of one subject, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub name: String,
    pub points: Vec<Dot>,
}

/// One value. What was not measured has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub at: Millis,
    pub value: f64,
    /// The average over the gap before it, such as the rate since the last value before.
    pub over_gap: bool,
}

/// Something that happened, drawn across all lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub at: Millis,
    pub kind: Kind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process began anew: counters count from zero.
    Restart,
    Alert,
    /// The clock was set.
    Clock,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Restart, Self::Alert, Self::Clock];

    pub fn word(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Alert => "alert",
            Self::Clock => "clock set",
        }
    }
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub min: f64,
    pub avg: f64,
    pub max: f64,
    pub last: f64,
    pub values: usize,
}

impl Summary {
    /// Of values that can be drawn; `None` of none.
    pub fn of(dots: &[Dot]) -> Option<Self> {
        let (min, max) = scale::extent(dots.iter().map(|dot| dot.value))?;
        let last = dots.last()?.value;
        // Each a share of the mean: no sum of many large values leaves what a number can hold.
        let count = dots.len() as f64;
        let avg = dots.iter().map(|dot| dot.value / count).sum::<f64>().clamp(min, max);
        Some(Self { min, avg, max, last, values: dots.len() })
    }
}

impl Chart {
    /// How many values a line has when none is missing.
    pub fn slots(&self) -> usize {
        let slots = self.until.saturating_sub(self.since).max(0) / self.step.max(1);
        usize::try_from(slots).unwrap_or(usize::MAX)
    }
}
