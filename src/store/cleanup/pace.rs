//! How much one transaction does, as much as takes a fraction of what a collection may wait on this machine at this load; and
//! the pauses in which a collection that waits comes in.

use std::time::{Duration, Instant};

/// Two of them and a pause are less than the 100 ms that a collection may wait.
const AIM: Duration = Duration::from_millis(20);

/// SQLite knows no queue: who waits looks again after 1, 2, 5, 10, 15, 20, then 25 ms. Without pauses it would look, again and
/// again, while the next transaction is open already, and find the file free after seconds or never.
const PAUSE: Duration = Duration::from_millis(26);

#[derive(Debug)]
pub struct Pace {
    amount: u32,
    most: u32,
}

impl Pace {
    /// Begins with `amount` and never does more than `most` at once.
    pub fn new(amount: u32, most: u32) -> Self {
        Self { amount, most }
    }

    /// At least one.
    pub fn amount(&self) -> u32 {
        self.amount
    }

    /// The last transaction did `amount` in `took`; twice as much or half as much is the largest change.
    pub fn took(&mut self, took: Duration) {
        let share = AIM.as_secs_f64() / took.as_secs_f64().max(1e-6);
        let amount = f64::from(self.amount) * share.clamp(0.5, 2.0);
        self.amount = (amount as u32).clamp(1, self.most);
    }
}

/// Lets others in between two transactions.
#[derive(Debug)]
pub struct Courtesy {
    since: Instant,
}

impl Courtesy {
    pub fn new() -> Self {
        Self { since: Instant::now() }
    }

    /// Called when no transaction is open.
    pub fn let_others_in(&mut self) {
        if self.since.elapsed() >= AIM {
            std::thread::sleep(PAUSE);
            self.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_follows_the_time_it_takes_within_its_bounds() {
        let mut pace = Pace::new(100, 1000);
        let mut after = |milliseconds| {
            pace.took(Duration::from_millis(milliseconds));
            pace.amount()
        };
        assert_eq!([after(20), after(10), after(0), after(0), after(0)], [100, 200, 400, 800, 1000]);
        assert_eq!([after(40), after(3000), after(3000)], [500, 250, 125]);
        for _ in 0..20 {
            after(3000);
        }
        assert_eq!(after(3000), 1);
    }
}
