//! The live line of a run that takes longer than a second: on a terminal only, on standard error, wiped at the end.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::World;
use crate::collect::Progress;
use crate::store::copy::Steps;

const QUIET_FOR: Duration = Duration::from_secs(1);
const REPEAT: Duration = Duration::from_secs(30);
const REDRAW: Duration = Duration::from_millis(100);

/// What the line says.
pub trait Line: Sync {
    /// In the language of indicatif.
    const TEMPLATE: &str;

    fn update(&self, bar: &ProgressBar);
}

impl Line for Progress {
    const TEMPLATE: &str = "collecting  {bar:20}  {pos}/{len}  {elapsed}  {wide_msg}";

    fn update(&self, bar: &ProgressBar) {
        bar.set_length(self.asked.load(Ordering::Relaxed) as u64);
        bar.set_position(self.answered.load(Ordering::Relaxed) as u64);
        bar.set_message(match self.waiting_for().as_slice() {
            few @ ([] | [_] | [_, _] | [_, _, _]) => few.join(", "),
            many => format!("{} clusters", many.len()),
        });
    }
}

impl Line for Steps {
    const TEMPLATE: &str = "{msg:<9}  {bar:20}  {percent}%  {elapsed}";

    fn update(&self, bar: &ProgressBar) {
        bar.set_length(self.of.load(Ordering::Relaxed));
        bar.set_position(self.pages.load(Ordering::Relaxed));
        bar.set_message(if self.checking.load(Ordering::Relaxed) { "comparing" } else { "copying" });
    }
}

/// Does `work`, drawing `progress` meanwhile.
pub fn shown<T, L: Line>(world: &World, quiet: bool, progress: &L, work: impl FnOnce() -> T) -> T {
    if !world.stderr_is_terminal || quiet {
        return work();
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let drawer = scope.spawn(|| draw(progress, &done));
        let _end = End { done: &done, drawer: drawer.thread() };
        work()
    })
}

/// Does `work`, saying meanwhile that it goes on: one line that is wiped at the end on a terminal, elsewhere one every 30 s.
pub fn timed<T>(world: &World, quiet: bool, what: &str, work: impl FnOnce() -> T) -> T {
    if quiet {
        return work();
    }
    let done = AtomicBool::new(false);
    let (terminal, journal) = (world.stderr_is_terminal, world.journal);
    std::thread::scope(|scope| {
        let teller = scope.spawn(|| if terminal { spin(what, &done) } else { repeat(what, journal, &done) });
        let _end = End { done: &done, drawer: teller.thread() };
        work()
    })
}

fn spin(what: &str, done: &AtomicBool) {
    let Some(started) = slow(QUIET_FOR, done) else { return };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(started.elapsed());
    if let Ok(style) = ProgressStyle::with_template("{msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    while !done.load(Ordering::Acquire) {
        bar.tick();
        std::thread::park_timeout(REDRAW);
    }
    bar.finish_and_clear();
}

fn repeat(what: &str, journal: bool, done: &AtomicBool) {
    let started = Instant::now();
    while slow(REPEAT, done).is_some() {
        let priority = if journal { "<5>" } else { "" };
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{priority}{what}: {} so far", crate::words::age(started.elapsed()));
    }
}

/// When it began to wait; None when the work was done before the time was over.
fn slow(time: Duration, done: &AtomicBool) -> Option<Instant> {
    let started = Instant::now();
    while started.elapsed() < time {
        if done.load(Ordering::Acquire) {
            return None;
        }
        std::thread::park_timeout(time.saturating_sub(started.elapsed()));
    }
    Some(started)
}

/// Ends the drawing however the work ends: the scope waits for it.
struct End<'w> {
    done: &'w AtomicBool,
    drawer: &'w Thread,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        self.drawer.unpark();
    }
}

fn draw<L: Line>(progress: &L, done: &AtomicBool) {
    let Some(started) = slow(QUIET_FOR, done) else { return };
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(started.elapsed());
    // A template that indicatif does not like leaves its own line.
    if let Ok(style) = ProgressStyle::with_template(L::TEMPLATE) {
        bar.set_style(style.progress_chars("█▌░"));
    }
    while !done.load(Ordering::Acquire) {
        progress.update(&bar);
        bar.tick();
        std::thread::park_timeout(REDRAW);
    }
    bar.finish_and_clear();
}
