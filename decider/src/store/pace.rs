//! How long a question would wait: the rounds that come before its answer, at the time that a round takes now.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::bounds::MAX_BATCH;

/// A round's share in the measured time, one in so many: a single slow one is half forgotten after five.
const SHARE: u64 = 8;

/// The writer's pace, measured while it works.
#[derive(Debug)]
pub struct Pace {
    started: Instant,
    round_micros: AtomicU64,
    /// When the round began that is on its way, in microseconds since the start; 0 where none is.
    begun_micros: AtomicU64,
}

impl Pace {
    /// Nothing was measured yet: nobody waits.
    pub fn new() -> Self {
        Self { started: Instant::now(), round_micros: AtomicU64::new(0), begun_micros: AtomicU64::new(0) }
    }

    /// A round begins that somebody waits for.
    pub fn begin(&self) {
        self.begun_micros.store(self.now_micros().max(1), Ordering::Relaxed);
    }

    /// It ended.
    pub fn end(&self) {
        let begun = self.begun_micros.swap(0, Ordering::Relaxed);
        if begun == 0 {
            return;
        }
        let took = self.now_micros().saturating_sub(begun);
        let before = self.round_micros.load(Ordering::Relaxed);
        self.round_micros.store(measured(before, took), Ordering::Relaxed);
    }

    /// How long a question would wait for its answer behind so many others.
    pub fn wait(&self, queued: usize) -> Duration {
        let begun = self.begun_micros.load(Ordering::Relaxed);
        let running = (begun > 0).then(|| self.now_micros().saturating_sub(begun));
        Duration::from_micros(wait_micros(queued, self.round_micros.load(Ordering::Relaxed), running))
    }

    fn now_micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// The first counts whole.
fn measured(before: u64, took: u64) -> u64 {
    if before == 0 {
        return took;
    }
    (before / SHARE).saturating_mul(SHARE.saturating_sub(1)).saturating_add(took / SHARE)
}

/// What is left of the round on its way, those that are full before ours, and ours. A round that already takes longer
/// than the measured ones is the measure: a disk that hangs is noticed before it is done. An idle writer is never
/// waited for, however slow it was: else nobody would find out that it is not any more.
fn wait_micros(queued: usize, round: u64, running: Option<u64>) -> u64 {
    if queued == 0 && running.is_none() {
        return 0;
    }
    let running = running.unwrap_or(round);
    let rounds = u64::try_from(queued / MAX_BATCH).unwrap_or(u64::MAX).saturating_add(1);
    round.saturating_sub(running).saturating_add(rounds.saturating_mul(round.max(running)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_writer_is_not_waited_for() {
        assert_eq!(wait_micros(0, 9_000_000, None), 0);
        assert_eq!(Pace::new().wait(0), Duration::ZERO);
    }

    #[test]
    fn those_before_us_are_waited_for_by_the_batch() {
        let table = [
            // queued, a round, the one on its way: wait
            (0, 1000, Some(0), 2000),
            (0, 1000, Some(600), 1400),
            (MAX_BATCH - 1, 1000, Some(1000), 1000),
            (MAX_BATCH, 1000, Some(1000), 2000),
            (MAX_BATCH * 10, 1000, Some(500), 11_500),
            (5, 1000, None, 1000),
            // One that hangs is the measure of those to come.
            (0, 1000, Some(3_000_000), 3_000_000),
            (MAX_BATCH, 1000, Some(3_000_000), 6_000_000),
            (usize::MAX, u64::MAX, Some(0), u64::MAX),
        ];
        for (queued, round, running, wait) in table {
            assert_eq!(wait_micros(queued, round, running), wait, "{queued} {round} {running:?}");
        }
    }

    #[test]
    fn a_slow_round_is_forgotten() {
        let mut round = measured(0, 10_000_000);
        for _ in 0..60 {
            round = measured(round, 1000);
        }
        assert!((900..10_000).contains(&round), "{round}");
        assert_eq!(measured(0, 700), 700);
    }

    #[test]
    fn a_round_is_measured_while_it_runs() {
        let pace = Pace::new();
        pace.begin();
        std::thread::sleep(Duration::from_millis(20));
        assert!(pace.wait(0) >= Duration::from_millis(20));
        pace.end();
        assert_eq!(pace.wait(0), Duration::ZERO);
        assert!(pace.wait(1) >= Duration::from_millis(20), "the next takes as long");
    }
}
