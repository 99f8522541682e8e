//! The threads that fetch. The work is waiting, so there are as many as requests can be under way (up to
//! `max_concurrency`), never one a core; they serve in the order of asking.

use anyhow::{Context, Result};
pub use rayon::ScopeFifo as Pool;

/// A request and the reading of its page need far less.
const STACK: usize = 1 << 20;

/// Runs what `start` spawns, and what that spawns in turn, on `threads` threads; returns when all is done.
///
/// # Errors
/// When the threads cannot be started.
pub fn run<'s>(threads: usize, start: impl FnOnce(&Pool<'s>) + Send) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .thread_name(|index| format!("fetch-{index}"))
        .stack_size(STACK)
        .build()
        .context("cannot start the threads that fetch; is the machine's process limit too low?")?;
    pool.in_place_scope_fifo(start);
    Ok(())
}
