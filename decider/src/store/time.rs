//! The store's time: never back behind what it has recorded, never forward by a leap (decision model,
//! section 4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use policy::time::Time;

use super::bounds::MAX_FORWARD_JUMP;
use super::error::StoreError;
use super::metrics::Metrics;
use crate::clock::Clock;

/// The wall clock, as long as it keeps pace with the monotonic one, and the latest time that was given out. Shared
/// by the writer and those who ask: the reference does not change, so that a clock that was set right is believed
/// again, without a request to try it.
pub struct Watch {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    wall_at_start: Time,
    monotonic_at_start: Duration,
    alarmed: AtomicBool,
    mark_micros: AtomicI64,
}

impl Watch {
    /// Takes the clocks' present readings as the reference.
    pub fn start(clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        let (wall_at_start, monotonic_at_start) = (clock.wall(), clock.monotonic());
        let (alarmed, mark_micros) = (AtomicBool::new(false), AtomicI64::new(i64::MIN));
        Self { clock, metrics, wall_at_start, monotonic_at_start, alarmed, mark_micros }
    }

    /// The wall clock's time.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`] while it is too far ahead; logged once for each jump.
    pub fn wall(&self) -> Result<Time, StoreError> {
        let wall = self.clock.wall();
        let ahead = self.ahead(wall);
        let jumped = ahead > MAX_FORWARD_JUMP;
        if self.alarmed.swap(jumped, Ordering::Relaxed) != jumped {
            self.announce(jumped, ahead);
        }
        if jumped { Err(StoreError::ClockJumped { ahead }) } else { Ok(wall) }
    }

    /// Now: the larger of the wall clock and the mark, which this does not move.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`]
    pub fn now(&self) -> Result<Time, StoreError> {
        let mark = Time::from_micros(self.mark_micros.load(Ordering::Relaxed));
        Ok(self.wall()?.max(mark))
    }

    /// Moves the mark up to a time, and says where it stands then.
    fn raise(&self, time: Time) -> Time {
        let before = self.mark_micros.fetch_max(time.as_micros(), Ordering::Relaxed);
        time.max(Time::from_micros(before))
    }

    fn ahead(&self, wall: Time) -> Duration {
        let passed = self.clock.monotonic().saturating_sub(self.monotonic_at_start);
        let moved = wall.as_micros().saturating_sub(self.wall_at_start.as_micros());
        Duration::from_micros(u64::try_from(moved).unwrap_or_default()).saturating_sub(passed)
    }

    fn announce(&self, jumped: bool, ahead: Duration) {
        if jumped {
            self.metrics.clock_jumps.inc();
            tracing::error!(ahead_ms = ahead.as_millis(), "the wall clock jumped forward: deciding nothing");
        } else {
            tracing::warn!(
                ahead_ms = ahead.as_millis(),
                "the wall clock is back within bounds: deciding again"
            );
        }
    }
}

/// Time as the writer reads it, once it holds the ledger: it stands still rather than step back.
pub struct StoreTime {
    watch: Arc<Watch>,
}

impl StoreTime {
    /// Time that never falls behind `mark`, the latest time on record.
    pub fn since(watch: Arc<Watch>, mark: Option<Time>) -> Self {
        if let Some(mark) = mark {
            watch.raise(mark);
        }
        Self { watch }
    }

    /// Now: the larger of the wall clock and the mark.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`]
    pub fn now(&mut self) -> Result<Time, StoreError> {
        Ok(self.watch.raise(self.watch.wall()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::ManualClock;

    const START: i64 = 1_700_000_000_000_000;

    fn at(micros: i64) -> Time {
        Time::from_micros(START + micros)
    }

    fn store_time(mark: Option<Time>) -> (Arc<ManualClock>, StoreTime, Arc<Metrics>) {
        let clock = Arc::new(ManualClock::at(at(0)));
        let metrics = Arc::new(Metrics::default());
        let watch = Arc::new(Watch::start(clock.clone(), metrics.clone()));
        (clock, StoreTime::since(watch, mark), metrics)
    }

    #[test]
    fn it_follows_the_wall_clock_and_stands_still_when_that_steps_back() {
        let (clock, mut time, _) = store_time(None);
        assert_eq!(time.now(), Ok(at(0)));
        clock.advance(Duration::from_micros(5));
        assert_eq!(time.now(), Ok(at(5)));
        clock.set_wall(at(-3_600_000_000));
        assert_eq!(time.now(), Ok(at(5)));
        clock.set_wall(at(6));
        assert_eq!(time.now(), Ok(at(6)));
    }

    #[test]
    fn it_does_not_start_behind_what_is_on_record() {
        let (clock, mut time, _) = store_time(Some(at(1_000)));
        assert_eq!(time.now(), Ok(at(1_000)));
        clock.advance(Duration::from_micros(1_001));
        assert_eq!(time.now(), Ok(at(1_001)));
    }

    #[test]
    fn who_asks_before_deciding_gets_no_earlier_time_and_moves_nothing() {
        let (clock, mut time, _) = store_time(Some(at(1_000)));
        assert_eq!(time.watch.now(), Ok(at(1_000)), "not behind what is on record");
        clock.set_wall(at(5_000));
        assert_eq!(time.watch.now(), Ok(at(5_000)));
        clock.set_wall(at(2_000));
        assert_eq!((time.watch.now(), time.now()), (Ok(at(2_000)), Ok(at(2_000))), "5000 was never recorded");
        clock.set_wall(at(0));
        assert_eq!(time.watch.now(), Ok(at(2_000)));
        clock.set_wall(at(3_600_000_000));
        assert!(matches!(time.watch.now(), Err(StoreError::ClockJumped { .. })));
    }

    #[test]
    fn a_leap_is_refused_to_the_microsecond_until_the_clock_is_set_right() {
        let (clock, mut time, metrics) = store_time(None);
        clock.advance(Duration::from_secs(3_600));
        let bound = 3_600_000_000 + 60_000_000;
        clock.set_wall(at(bound));
        assert_eq!(time.now(), Ok(at(bound)));
        clock.set_wall(at(bound + 1));
        let ahead = MAX_FORWARD_JUMP + Duration::from_micros(1);
        assert_eq!(time.now(), Err(StoreError::ClockJumped { ahead }));
        assert_eq!(time.now(), Err(StoreError::ClockJumped { ahead }));
        assert_eq!(metrics.clock_jumps.get(), 1);
        clock.set_wall(at(3_600_000_000));
        assert_eq!(time.now(), Ok(at(bound)));
    }

    #[test]
    fn a_jump_tells_people_what_to_do() {
        insta::assert_snapshot!(StoreError::ClockJumped { ahead: Duration::from_secs(3600) }, @"the wall clock is 3600s ahead of the time that passed since the start; up to 60s is believed. Set it right, or restart the decider if it is right now");
    }
}
