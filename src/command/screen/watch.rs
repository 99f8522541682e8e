//! `--watch`: the same report again and again, in place on a terminal, one after the other on a pipe.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Error, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::super::{World, explain, print};
use super::keys::{Key, PERIODS};
use super::terminal::{self, Event, Terminal};
use super::{Frame, Render, Size, is_screen, paint, size};
use crate::clock::Clock;
use crate::failure::{Exit, Failure};
use crate::sample::Millis;
use crate::settings::durations;
use crate::settings::words::printable;

/// Of a terminal that does not know its size.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// Shows what `render` makes, anew every `period`, until the person or the reader has seen enough. What goes wrong at
/// first ends it, for it is wrong with the words on the command line or with the installation; later it is told, and the
/// next report may be better.
pub fn watch(period: Duration, zone: &TimeZone, world: &World, render: &mut Render<'_>) -> Result<Exit> {
    match is_screen(world) {
        true => on_a_terminal(period, zone, world, render),
        false => one_after_the_other(period, world, render),
    }
}

fn one_after_the_other(period: Duration, world: &World, render: &mut Render<'_>) -> Result<Exit> {
    let clock = world.clock()?;
    let mut frame = Frame { now: clock.now(), width: world.width, height: None };
    let mut due = Instant::now();
    print(&render(&frame)?)?;
    loop {
        due = next(due, period);
        if !reader_stays(due)? {
            return Ok(Exit::Done);
        }
        frame.now = clock.now();
        match render(&frame) {
            Ok(text) => print(&format!("\n{text}"))?,
            // The code of a program that goes on is nobody's.
            Err(error) => drop(explain(&error, world)),
        }
    }
}

/// Waits, unless the reader of standard output goes away before.
fn reader_stays(until: Instant) -> Result<bool> {
    let stdout = io::stdout();
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(rest).ok();
        // Without a wish it tells errors and hang-ups only.
        match poll(&mut [PollFd::new(&stdout, PollFlags::empty())], timeout.as_ref()) {
            Ok(0) => return Ok(true),
            Ok(_) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
    }
}

/// The next moment of a rhythm. Where a report takes longer than a period, the machine gets a period's rest after it.
fn next(last: Instant, period: Duration) -> Instant {
    let now = Instant::now();
    if last + period > now { last + period } else { now + period }
}

fn on_a_terminal(period: Duration, zone: &TimeZone, world: &World, render: &mut Render<'_>) -> Result<Exit> {
    let mut shown = Shown {
        world,
        zone,
        clock: world.clock()?,
        period,
        paused: false,
        size: size(world).unwrap_or(USUAL),
        text: String::new(),
        made: 0,
        error: None,
        top: 0,
        started: Instant::now(),
        due: Instant::now() + period,
    };
    let frame = shown.frame();
    shown.text = render(&frame)?;
    shown.made = frame.now;
    let mut terminal = Terminal::take()?;
    loop {
        shown.draw()?;
        match terminal.wait((!shown.paused).then_some(shown.due))? {
            Event::Due => shown.refresh(render),
            Event::Key(Key::Quit) | Event::Gone => return Ok(Exit::Done),
            Event::Key(Key::Refresh) => shown.refresh(render),
            Event::Key(key) => shown.press(key),
            Event::Changed => shown.fit(render),
            Event::Stop => {
                terminal.stop()?;
                shown.fit(render);
            }
            Event::End(signal) => {
                terminal.end_by(signal)?;
                return Ok(Exit::Done);
            }
        }
    }
}

/// What stands on the screen.
struct Shown<'w> {
    world: &'w World,
    zone: &'w TimeZone,
    clock: Clock,
    period: Duration,
    paused: bool,
    size: Size,
    text: String,
    /// When the text was made.
    made: Millis,
    /// Why it is not newer.
    error: Option<String>,
    /// The first line of the text that is seen.
    top: usize,
    /// When the last report was begun, and when the next one is.
    started: Instant,
    due: Instant,
}

impl Shown<'_> {
    fn frame(&self) -> Frame {
        // What somebody told is a limit; the terminal may be narrower by now.
        let told = (self.world.environment)("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = told.filter(|columns| *columns > 0).map_or(self.size.columns, |told| self.size.columns.min(told));
        Frame { now: self.clock.now(), width: Some(width), height: Some(paint::room(self.size)) }
    }

    fn refresh(&mut self, render: &mut Render<'_>) {
        self.started = Instant::now();
        let frame = self.frame();
        match render(&frame) {
            Ok(text) => {
                self.text = text;
                self.made = frame.now;
                self.error = None;
            }
            Err(error) => self.error = Some(in_short(&error)),
        }
        self.due = next(self.started, self.period);
    }

    /// The terminal may have another size. A pause keeps its text, cut where it does not fit.
    fn fit(&mut self, render: &mut Render<'_>) {
        let size = size(self.world).unwrap_or(USUAL);
        let other = std::mem::replace(&mut self.size, size) != size;
        let late = Instant::now() >= self.due;
        if !self.paused && (other || late) {
            self.refresh(render);
        }
    }

    fn press(&mut self, key: Key) {
        let room = paint::room(self.size);
        // A line of the page before stays, to go on from.
        let page = room.saturating_sub(1).max(1);
        match key {
            Key::Pause => self.paused = !self.paused,
            Key::Period(period) => self.every(period),
            Key::Longer => self.every(*PERIODS.iter().find(|one| **one > self.period).unwrap_or(&self.period)),
            Key::Shorter => self.every(*PERIODS.iter().rfind(|one| **one < self.period).unwrap_or(&self.period)),
            Key::Up => self.top = self.top.saturating_sub(1),
            Key::Down => self.top += 1,
            Key::PageUp => self.top = self.top.saturating_sub(page),
            Key::PageDown => self.top += page,
            Key::Top => self.top = 0,
            Key::Bottom => self.top = usize::MAX,
            Key::Quit | Key::Refresh | Key::Redraw => {}
        }
        self.top = self.top.min(self.lowest());
    }

    fn every(&mut self, period: Duration) {
        self.period = period;
        self.due = self.started + period;
    }

    /// The lowest line that can be the first one.
    fn lowest(&self) -> usize {
        self.text.lines().count().saturating_sub(paint::room(self.size))
    }

    fn draw(&mut self) -> Result<()> {
        // The new text may be shorter.
        self.top = self.top.min(self.lowest());
        let lines: Vec<&str> = self.text.lines().collect();
        let status = self.status(lines.len());
        let screen = paint::screen(&lines, self.top, self.size, &status, self.world.colour);
        terminal::write(&screen).map_err(Error::from)
    }

    /// Its letters are ASCII: the last line is the same with --ascii.
    fn status(&self, lines: usize) -> String {
        let made = Timestamp::from_millisecond(self.made);
        let made = made.map(|made| made.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string());
        let made = made.unwrap_or_default();
        let room = paint::room(self.size);
        let scrolls = lines > room;
        let position = format!("{}-{} of {lines}", self.top + 1, (self.top + room).min(lines));
        let told = self.error.as_ref().map(|error| format!("error: {error}"));
        let period = durations::show(self.period);
        let parts = [
            if self.paused { format!("paused ({period})") } else { format!("every {period}") },
            made,
            told.unwrap_or_default(),
            if scrolls { position } else { String::new() },
            "q quit".to_owned(),
            (if self.paused { "space go on" } else { "space pause" }).to_owned(),
            "+/- period".to_owned(),
            "r refresh".to_owned(),
            if scrolls { "j/k scroll".to_owned() } else { String::new() },
        ];
        paint::status(&parts, self.size.columns)
    }
}

/// The first line of an error, without what a terminal would act upon.
fn in_short(error: &Error) -> String {
    let text = error.downcast_ref::<Failure>().map_or_else(|| format!("{error:#}"), |failure| failure.what.clone());
    let text = text.trim_start_matches("error: ");
    text.lines().next().unwrap_or_default().chars().map(printable).collect()
}
