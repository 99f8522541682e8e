//! Who is due: each target's interval is honoured by slots that start at whole multiples of it, so that a timer that
//! fires a little early or late never stores a slot twice; targets that fail are asked less and less often.

use std::time::Duration;

use crate::sample::Millis;

/// A failing target waits at most this many intervals.
const LONGEST_BACKOFF: u32 = 10;

/// What is known of a target's past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// The moment of the last snapshot: of the last run, which after a clock was set back is not the greatest.
    pub last: Option<Millis>,
    pub next_try: Option<Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Now,
    /// The slot is stored already.
    Stored,
    /// Waits after failures until this moment.
    Backoff(Millis),
}

/// The slot that `now` lies in: `[start, end)` in unix milliseconds.
pub fn slot(now: Millis, interval: Duration) -> (Millis, Millis) {
    let length = millis(interval);
    let start = now.div_euclid(length) * length;
    (start, start + length)
}

pub fn decide(now: Millis, interval: Duration, past: Past) -> Due {
    if past.last.is_some_and(|last| slot(last, interval) == slot(now, interval)) {
        return Due::Stored;
    }
    match past.next_try {
        // A moment that lies further away than any backoff is a clock that was set back: no reason to wait.
        Some(next) if next > now && next - now <= millis(interval) * Millis::from(LONGEST_BACKOFF) => {
            Due::Backoff(next)
        }
        _ => Due::Now,
    }
}

/// When a target that failed `failures` times in a row is asked again: after 1, 2, 4, 8, 10, 10, … intervals, counted in
/// slots so that the timer's jitter does not add one.
pub fn next_try(now: Millis, interval: Duration, failures: u32) -> Millis {
    let intervals =
        1u32.checked_shl(failures.saturating_sub(1)).map_or(LONGEST_BACKOFF, |wait| wait.clamp(1, LONGEST_BACKOFF));
    slot(now, interval).0 + millis(interval) * Millis::from(intervals)
}

fn millis(interval: Duration) -> Millis {
    crate::sample::millis(interval).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    #[test]
    fn a_slot_starts_at_a_whole_multiple_of_the_interval() {
        assert_eq!(slot(1_795_314_538_000, INTERVAL), (1_795_314_510_000, 1_795_314_540_000));
        assert_eq!(slot(1_795_314_540_000, INTERVAL).0, 1_795_314_540_000);
    }

    #[test]
    fn a_stored_slot_is_never_due_again() {
        let past = |last| Past { last: Some(last), next_try: None };
        assert_eq!(decide(59_999, INTERVAL, past(30_000)), Due::Stored);
        assert_eq!(decide(60_000, INTERVAL, past(59_999)), Due::Now);
        assert_eq!(decide(0, INTERVAL, Past::default()), Due::Now);
    }

    #[test]
    fn a_clock_set_back_collects_again_at_once() {
        let past = Past { last: Some(3_600_000), next_try: None };
        assert_eq!(decide(60_000, INTERVAL, past), Due::Now);
    }

    #[test]
    fn failures_double_the_wait_up_to_ten_intervals() {
        let waits: Vec<Millis> = (1..=40).map(|failures| (next_try(15_000, INTERVAL, failures)) / 30_000).collect();
        assert_eq!(waits[..6], [1, 2, 4, 8, 10, 10]);
        assert!(waits[4..].iter().all(|wait| *wait == 10));
    }

    #[test]
    fn a_clock_set_back_does_not_silence_a_failing_target() {
        let past = |next| Past { last: None, next_try: Some(next) };
        assert_eq!(decide(1_000_000, INTERVAL, past(1_060_000)), Due::Backoff(1_060_000));
        assert_eq!(decide(1_000_000, INTERVAL, past(9_000_000)), Due::Now);
        assert_eq!(decide(1_000_000, INTERVAL, past(1_000_000)), Due::Now);
    }
}
