//! Threads for work that waits: one for each piece of work under way, up to a bound. A thread is started only when work
//! comes and none is idle, and an idle one sleeps until it is woken: pools made for work that computes start all their
//! threads at once and let them look for something to do, which costs more than reading the pages.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, Scope};

/// A request and the reading of its page need far less.
const STACK: usize = 1 << 20;

type Work<'scope, 'env> = Box<dyn FnOnce(&Pool<'scope, 'env>) + Send + 'scope>;

/// Takes work, also from work that is under way.
pub struct Pool<'scope, 'env: 'scope> {
    scope: &'scope Scope<'scope, 'env>,
    most: usize,
    shared: Arc<Shared<'scope, 'env>>,
}

struct Shared<'scope, 'env> {
    state: Mutex<State<'scope, 'env>>,
    changed: Condvar,
}

struct State<'scope, 'env> {
    /// First come, first served.
    waiting: VecDeque<Work<'scope, 'env>>,
    under_way: usize,
    threads: usize,
    idle: usize,
}

/// Runs what `start` adds and what that adds in turn, on at most `most` threads; returns when all is done.
///
/// # Errors
/// When not even one thread can be started.
pub fn run<'env>(most: usize, start: impl for<'scope> FnOnce(&Pool<'scope, 'env>)) -> io::Result<()> {
    thread::scope(|scope| {
        let state = State { waiting: VecDeque::new(), under_way: 0, threads: 0, idle: 0 };
        let shared = Shared { state: Mutex::new(state), changed: Condvar::new() };
        let pool = Pool { scope, most, shared: Arc::new(shared) };
        // Nobody goes home while work may still be added.
        pool.state().under_way = 1;
        let _starting = UnderWay(&pool);
        pool.add_thread()?;
        start(&pool);
        Ok(())
    })
}

impl<'scope, 'env> Pool<'scope, 'env> {
    pub fn add(&self, work: impl FnOnce(&Self) + Send + 'scope) {
        let mut state = self.state();
        state.waiting.push_back(Box::new(work));
        let all_taken = state.waiting.len() > state.idle;
        let more = all_taken && state.threads < self.most;
        drop(state);
        if more {
            // With the threads there are it takes longer, and that is all.
            if let Err(error) = self.add_thread() {
                log::debug!("no further thread: {}", crate::words::io_reason(&error));
            }
        } else {
            self.shared.changed.notify_one();
        }
    }

    fn add_thread(&self) -> io::Result<()> {
        let pool = Self { scope: self.scope, most: self.most, shared: Arc::clone(&self.shared) };
        let mut state = self.state();
        state.threads += 1;
        let name = format!("fetch-{}", state.threads);
        drop(state);
        let started = Builder::new().name(name).stack_size(STACK).spawn_scoped(self.scope, move || pool.work());
        started.map(drop).inspect_err(|_| self.state().threads -= 1)
    }

    fn work(&self) {
        while let Some(work) = self.next() {
            let _under_way = UnderWay(self);
            work(self);
        }
    }

    /// `None` when nothing waits and nothing is under way that could add to it.
    fn next(&self) -> Option<Work<'scope, 'env>> {
        let mut state = self.state();
        loop {
            if let Some(work) = state.waiting.pop_front() {
                state.under_way += 1;
                return Some(work);
            }
            if state.under_way == 0 {
                return None;
            }
            state.idle += 1;
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Nothing panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State<'scope, 'env>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work under way; it ends also by a panic.
struct UnderWay<'p, 'scope, 'env>(&'p Pool<'scope, 'env>);

impl Drop for UnderWay<'_, '_, '_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.under_way -= 1;
        if state.under_way == 0 {
            self.0.shared.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn add<'scope>(pool: &Pool<'scope, '_>, left: usize, done: &'scope AtomicUsize) {
        for _ in 0..left {
            pool.add(move |pool| {
                add(pool, left - 1, done);
                done.fetch_add(1, Ordering::SeqCst);
            });
        }
    }

    #[test]
    fn work_that_work_adds_is_done_before_the_end() {
        let done = AtomicUsize::new(0);
        run(3, |pool| add(pool, 4, &done)).unwrap();
        assert_eq!(done.into_inner(), 4 + 4 * 3 + 4 * 3 * 2 + 4 * 3 * 2);
    }

    #[test]
    fn as_much_as_the_bound_allows_is_under_way_at_once_and_no_more() {
        let (together, now, most) = (Barrier::new(4), AtomicUsize::new(0), AtomicUsize::new(0));
        run(4, |pool| {
            for _ in 0..12 {
                pool.add(|_| {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // Without four at once nobody passes.
                    together.wait();
                    now.fetch_sub(1, Ordering::SeqCst);
                });
            }
        })
        .unwrap();
        assert_eq!(most.into_inner(), 4);
    }

    #[test]
    fn work_starts_in_the_order_in_which_it_was_added() {
        let order = Mutex::new(Vec::new());
        run(1, |pool| {
            for number in 0..9 {
                let order = &order;
                pool.add(move |_| order.lock().unwrap().push(number));
            }
        })
        .unwrap();
        assert_eq!(order.into_inner().unwrap(), (0..9).collect::<Vec<_>>());
    }
}
