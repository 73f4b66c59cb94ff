//! How busy an endpoint is: the slowest of its recent answers, fading, times the calls it has in hand (peak-EWMA).
//!
//! Of our own and in whole numbers: tower's is tied to a service that wraps the channel, and counts a fast refusal
//! as a fast answer, which would draw all load to an endpoint that refuses.

use std::time::Duration;

use tokio::time::Instant;

/// In this time half of what a slow answer weighs is forgotten.
const HALF_LIFE: Duration = Duration::from_secs(5);

/// Faster than this is as fast as this. Or a question at a time would always go to the one that was a bit faster
/// once, and no other would ever be heard of.
const LEAST: Duration = Duration::from_millis(10);

/// How long an endpoint takes to answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    nanos: u64,
    at: Instant,
}

impl Latency {
    /// That of one answer.
    pub(super) fn new(took: Duration, now: Instant) -> Self {
        Self { nanos: nanos(took), at: now }
    }

    /// Notes an answer. A slower one than before takes effect at once, a faster one as time goes by.
    pub(super) fn note_answer(&mut self, took: Duration, now: Instant) {
        let took = nanos(took);
        let above = self.nanos.saturating_sub(took);
        *self = Self { nanos: took.saturating_add(faded(above, now.duration_since(self.at))), at: now };
    }

    /// Notes that a call got no answer in this time: an answer takes at least that.
    pub(super) fn note_wait(&mut self, so_long: Duration, now: Instant) {
        if nanos(so_long) > self.read(now) {
            *self = Self::new(so_long, now);
        }
    }

    /// What an answer is expected to take, in nanoseconds. It fades while the endpoint is not asked, so that one that
    /// was slow is tried again.
    pub(super) fn read(&self, now: Instant) -> u64 {
        faded(self.nanos, now.duration_since(self.at))
    }
}

/// What a call would have to wait for, in nanoseconds, behind `in_flight` others.
pub(super) fn cost(latency_nanos: u64, in_flight: u32) -> u128 {
    u128::from(latency_nanos.max(nanos(LEAST))) * (u128::from(in_flight) + 1)
}

/// Halved for each half-life, and in a straight line between: an exponential to within some percent.
fn faded(value: u64, elapsed: Duration) -> u64 {
    let (elapsed, half_life) = (nanos(elapsed), nanos(HALF_LIFE));
    let halvings = u32::try_from(elapsed / half_life).unwrap_or(u32::MAX);
    let whole = value.checked_shr(halvings).unwrap_or(0);
    let part = u128::from(whole) * u128::from(elapsed % half_life) / (2 * u128::from(half_life));
    whole.saturating_sub(u64::try_from(part).unwrap_or(u64::MAX))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MS: u64 = 1_000_000;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_slow_answer_counts_at_once_and_is_forgotten_by_halves() {
        let start = Instant::now();
        let mut latency = Latency::new(ms(2), start);
        latency.note_answer(ms(100), start + ms(1));
        let slow = start + ms(1);
        assert_eq!(latency.read(slow), 100 * MS);
        assert_eq!(latency.read(slow + HALF_LIFE / 2), 75 * MS);
        assert_eq!(latency.read(slow + HALF_LIFE), 50 * MS);
        assert_eq!(latency.read(slow + 2 * HALF_LIFE), 25 * MS);
        assert_eq!(latency.read(slow + 100 * HALF_LIFE), 0);
    }

    #[test]
    fn fast_answers_bring_it_down_only_with_time() {
        let start = Instant::now();
        let mut latency = Latency::new(ms(100), start);
        for _ in 0..1000 {
            latency.note_answer(ms(2), start);
        }
        assert_eq!(latency.read(start), 100 * MS);
        latency.note_answer(ms(2), start + HALF_LIFE);
        assert_eq!(latency.read(start + HALF_LIFE), 51 * MS);
    }

    #[test]
    fn waiting_in_vain_counts_only_where_it_is_the_slowest() {
        let start = Instant::now();
        let mut latency = Latency::new(ms(50), start);
        latency.note_wait(ms(1), start);
        assert_eq!(latency.read(start), 50 * MS);
        latency.note_wait(ms(3000), start);
        assert_eq!(latency.read(start), 3000 * MS);
    }

    #[test]
    fn calls_in_hand_multiply_it() {
        assert_eq!(cost(20 * MS, 0), 20_000_000);
        assert_eq!(cost(20 * MS, 3), 80_000_000);
        assert!(cost(0, 5) > cost(0, 4));
        assert!(cost(u64::MAX, u32::MAX) > cost(u64::MAX, u32::MAX - 1));
    }

    #[test]
    fn fast_and_a_bit_faster_are_the_same() {
        assert_eq!(cost(0, 2), cost(10 * MS, 2));
        assert!(cost(11 * MS, 2) > cost(10 * MS, 2));
    }

    proptest! {
        /// Nothing overflows, nothing grows by waiting, and no answer is estimated faster than it was.
        #[test]
        fn it_only_fades(value: u64, one in 0..u64::MAX / 4, more in 0..u64::MAX / 4, took in 0..u64::MAX / 2) {
            let (early, late) = (Duration::from_nanos(one), Duration::from_nanos(one + more));
            prop_assert!(faded(value, early) <= value);
            prop_assert!(faded(value, late) <= faded(value, early));
            let now = Instant::now();
            let mut latency = Latency { nanos: value, at: now };
            latency.note_answer(Duration::from_nanos(took), now);
            prop_assert_eq!(latency.read(now), value.max(took));
        }
    }
}
