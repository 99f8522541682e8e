//! How much one transaction does: as much as takes a fraction of what a collection may wait, on this machine, at this load.

use std::time::Duration;

/// A collection that has to wait for two of them, one after the other, still waits less than 100 ms.
const AIM: Duration = Duration::from_millis(30);

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
        assert_eq!([after(30), after(20), after(0), after(0), after(0)], [100, 150, 300, 600, 1000]);
        assert_eq!([after(60), after(3000), after(3000)], [500, 250, 125]);
        for _ in 0..20 {
            after(3000);
        }
        assert_eq!(after(3000), 1);
    }
}
