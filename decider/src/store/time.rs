//! The store's time: never back behind what it has recorded, never forward by a leap (decision model,
//! section 4). It is told by the journal's clock, where that has one, else by ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use policy::time::Time;

use super::bounds::MAX_FORWARD_JUMP;
use super::error::StoreError;
use super::journal::JournalTime;
use super::metrics::Metrics;
use crate::clock::Clock;

/// The clock that decides, as long as it keeps pace with the monotonic one, and the latest time that was given out. Shared
/// by the writer and those who ask: the reference does not change, so that a clock that was set right is believed
/// again, without a request to try it.
pub struct Watch {
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    /// What the journal's clock shows at the zero of the monotonic one. `None`: our wall clock counts.
    journal_zero_micros: Option<AtomicI64>,
    wall_at_start: Time,
    monotonic_at_start: Duration,
    alarmed: AtomicBool,
    /// The latest time that was given out.
    given_out_micros: AtomicI64,
}

impl Watch {
    /// Takes the clocks' present readings as the reference; time never falls behind the latest on record. Of a
    /// journal with a clock, that is the reference where it is later: others have gone by it already.
    pub fn start(clock: Arc<dyn Clock>, metrics: Arc<Metrics>, moment: JournalTime) -> Self {
        let latest = moment.latest.unwrap_or(Time::MIN);
        let monotonic_at_start = clock.monotonic();
        let wall_at_start = moment.clock.map_or_else(|| clock.wall(), |time| time.max(latest));
        let journal_zero_micros = moment.clock.map(|time| AtomicI64::new(zero(time, monotonic_at_start)));
        let (alarmed, given_out_micros) = (AtomicBool::new(false), AtomicI64::new(latest.as_micros()));
        Self {
            clock,
            metrics,
            journal_zero_micros,
            wall_at_start,
            monotonic_at_start,
            alarmed,
            given_out_micros,
        }
    }

    /// Takes in what the journal says of the time.
    pub fn observe(&self, moment: JournalTime) {
        if let (Some(journal_zero), Some(time)) = (&self.journal_zero_micros, moment.clock) {
            journal_zero.store(zero(time, self.clock.monotonic()), Ordering::Relaxed);
        }
        if let Some(latest) = moment.latest {
            self.raise(latest);
        }
    }

    /// The time of the clock that decides. A journal's is read now and then, and goes on with the monotonic one between;
    /// it counts together with what others have recorded, as they may have believed a leap.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`] while it is too far ahead; logged once for each jump.
    pub fn wall(&self) -> Result<Time, StoreError> {
        let wall = match &self.journal_zero_micros {
            None => self.clock.wall(),
            Some(zero) => self.shown(zero.load(Ordering::Relaxed)).max(self.given_out()),
        };
        let ahead = self.ahead(wall);
        let jumped = ahead > MAX_FORWARD_JUMP;
        if self.alarmed.swap(jumped, Ordering::Relaxed) != jumped {
            self.announce(jumped, ahead);
        }
        if jumped { Err(StoreError::ClockJumped { ahead }) } else { Ok(wall) }
    }

    /// Now: the later of the wall clock and the latest time that was given out, which this does not move.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`]
    pub fn now(&self) -> Result<Time, StoreError> {
        Ok(self.wall()?.max(self.given_out()))
    }

    fn given_out(&self) -> Time {
        Time::from_micros(self.given_out_micros.load(Ordering::Relaxed))
    }

    fn shown(&self, zero_micros: i64) -> Time {
        let passed = i64::try_from(self.clock.monotonic().as_micros()).unwrap_or(i64::MAX);
        Time::from_micros(zero_micros.saturating_add(passed))
    }

    /// Raises the latest time that was given out to this one, and returns it.
    fn raise(&self, time: Time) -> Time {
        let before = self.given_out_micros.fetch_max(time.as_micros(), Ordering::Relaxed);
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
    /// Of the latest decision on record that is known of.
    latest: Option<Time>,
}

impl StoreTime {
    /// Time as a watch has it.
    pub fn of(watch: Arc<Watch>) -> Self {
        Self { watch, latest: None }
    }

    /// Now: the later of the clock and the latest time that was given out, after what the journal says.
    ///
    /// # Errors
    /// [`StoreError::ClockJumped`]
    pub fn now(&mut self, moment: JournalTime) -> Result<Time, StoreError> {
        self.watch.observe(moment);
        self.latest = self.latest.max(moment.latest);
        Ok(self.watch.raise(self.watch.wall()?))
    }

    /// Takes in that a decision of this time is on record.
    pub fn note_decision(&mut self, at: Time) {
        self.latest = self.latest.max(Some(at));
    }

    /// From when the age of what is kept counts: `now`, but no later than the latest decision. A clock that leapt before
    /// the start looks like one that is right, and what is let go by it does not come back.
    pub fn known_of(&self, now: Time) -> Time {
        self.latest.map_or(now, |latest| latest.min(now))
    }
}

/// What a clock that shows `time` showed when the monotonic one began.
fn zero(time: Time, monotonic: Duration) -> i64 {
    time.as_micros().saturating_sub(i64::try_from(monotonic.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::ManualClock;

    const START: i64 = 1_700_000_000_000_000;

    /// What a journal without a clock says.
    const OURS: JournalTime = JournalTime { clock: None, latest: None };

    fn at(micros: i64) -> Time {
        Time::from_micros(START + micros)
    }

    fn store_time(latest: Option<Time>) -> (Arc<ManualClock>, StoreTime, Arc<Metrics>) {
        let clock = Arc::new(ManualClock::at(at(0)));
        let metrics = Arc::new(Metrics::default());
        let moment = JournalTime { clock: None, latest };
        let watch = Arc::new(Watch::start(clock.clone(), metrics.clone(), moment));
        (clock, StoreTime::of(watch), metrics)
    }

    #[test]
    fn it_follows_the_wall_clock_and_stands_still_when_that_steps_back() {
        let (clock, mut time, _) = store_time(None);
        assert_eq!(time.now(OURS), Ok(at(0)));
        clock.advance(Duration::from_micros(5));
        assert_eq!(time.now(OURS), Ok(at(5)));
        clock.set_wall(at(-3_600_000_000));
        assert_eq!(time.now(OURS), Ok(at(5)));
        clock.set_wall(at(6));
        assert_eq!(time.now(OURS), Ok(at(6)));
    }

    #[test]
    fn it_does_not_start_behind_what_is_on_record() {
        let (clock, mut time, _) = store_time(Some(at(1_000)));
        assert_eq!(time.now(OURS), Ok(at(1_000)));
        clock.advance(Duration::from_micros(1_001));
        assert_eq!(time.now(OURS), Ok(at(1_001)));
    }

    #[test]
    fn who_asks_before_deciding_gets_no_earlier_time_and_moves_nothing() {
        let (clock, mut time, _) = store_time(Some(at(1_000)));
        assert_eq!(time.watch.now(), Ok(at(1_000)), "not behind what is on record");
        clock.set_wall(at(5_000));
        assert_eq!(time.watch.now(), Ok(at(5_000)));
        clock.set_wall(at(2_000));
        assert_eq!(
            (time.watch.now(), time.now(OURS)),
            (Ok(at(2_000)), Ok(at(2_000))),
            "5000 was never recorded"
        );
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
        assert_eq!(time.now(OURS), Ok(at(bound)));
        clock.set_wall(at(bound + 1));
        let ahead = MAX_FORWARD_JUMP + Duration::from_micros(1);
        assert_eq!(time.now(OURS), Err(StoreError::ClockJumped { ahead }));
        assert_eq!(time.now(OURS), Err(StoreError::ClockJumped { ahead }));
        assert_eq!(metrics.clock_jumps.get(), 1);
        clock.set_wall(at(3_600_000_000));
        assert_eq!(time.now(OURS), Ok(at(bound)));
    }

    #[test]
    fn a_jump_tells_people_what_to_do() {
        insta::assert_snapshot!(StoreError::ClockJumped { ahead: Duration::from_secs(3600) }, @"the wall clock is 3600s ahead of the time that passed since the start; up to 60s is believed. Set it right, or restart the decider if it is right now");
    }

    /// A watch over a journal's clock that shows `clock`, with `latest` on record.
    fn journal_time(clock: i64, latest: Option<i64>) -> (Arc<ManualClock>, StoreTime, Arc<Metrics>) {
        let ours = Arc::new(ManualClock::at(at(-77_000_000_000)));
        ours.advance(Duration::from_secs(7));
        let metrics = Arc::new(Metrics::default());
        let watch = Watch::start(ours.clone(), metrics.clone(), journal(clock, latest));
        (ours, StoreTime::of(Arc::new(watch)), metrics)
    }

    fn journal(clock: i64, latest: Option<i64>) -> JournalTime {
        JournalTime { clock: Some(at(clock)), latest: latest.map(at) }
    }

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_journals_clock_counts_and_goes_on_between_two_looks_whatever_ours_shows() {
        let (ours, mut time, _) = journal_time(0, None);
        assert_eq!(time.now(journal(3, None)), Ok(at(3)));
        ours.advance(Duration::from_micros(5));
        assert_eq!(time.watch.now(), Ok(at(8)));
        ours.set_wall(at(900 * SECOND));
        assert_eq!(time.watch.now(), Ok(at(8)));
        assert_eq!(time.now(journal(9, Some(20))), Ok(at(20)), "another decider was later");
        assert_eq!(time.now(journal(-SECOND, Some(20))), Ok(at(20)));
    }

    #[test]
    fn a_leap_of_the_journals_clock_or_of_what_others_recorded_is_refused_until_it_is_caught_up() {
        for leap in [journal(61 * SECOND, None), journal(0, Some(61 * SECOND))] {
            let (ours, mut time, metrics) = journal_time(0, None);
            assert_eq!(time.now(leap), Err(StoreError::ClockJumped { ahead: Duration::from_secs(61) }));
            assert!(time.watch.wall().is_err(), "readiness");
            assert_eq!(metrics.clock_jumps.get(), 1);
            ours.advance(Duration::from_secs(1));
            assert!(time.now(journal(SECOND, None)).is_ok());
        }
    }

    #[test]
    fn a_journal_that_is_behind_its_own_record_stands_still_and_may_catch_up() {
        let day = 86_400 * SECOND;
        let (_, mut time, metrics) = journal_time(0, Some(day));
        assert_eq!(time.now(journal(1, Some(day))), Ok(at(day)));
        assert_eq!(time.now(journal(day + 2, Some(day))), Ok(at(day + 2)), "its clock was set right");
        assert_eq!(metrics.clock_jumps.get(), 0);
    }
}
