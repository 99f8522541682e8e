//! The live line of a run that takes longer than a second: on a terminal only, on standard error, wiped at the end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::World;
use crate::collect::Progress;
use crate::store::copy::Steps;

const QUIET_FOR: Duration = Duration::from_secs(1);
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
    let started = std::time::Instant::now();
    while started.elapsed() < QUIET_FOR {
        if done.load(Ordering::Acquire) {
            return;
        }
        std::thread::park_timeout(QUIET_FOR.saturating_sub(started.elapsed()));
    }
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
