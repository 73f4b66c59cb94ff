//! How far something has come, told where somebody looks at a terminal and waits.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Duration;

use crate::clock::Clock;

/// Nothing is told of what takes less.
const QUIET_FOR: Duration = Duration::from_secs(2);

/// From one word to the next.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// How far something has come.
pub struct Progress<'a> {
    clock: &'a dyn Clock,
    what: &'static str,
    done: u64,
    /// When the next word is due; `None`: nobody looks.
    next: Option<Duration>,
    told: bool,
}

impl<'a> Progress<'a> {
    /// Of something that begins now.
    pub fn of(what: &'static str, clock: &'a dyn Clock) -> Self {
        let next = stderr().is_terminal().then(|| clock.monotonic().saturating_add(QUIET_FOR));
        Self { clock, what, done: 0, next, told: false }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.done = self.done.saturating_add(1);
        let Some(next) = self.next else { return };
        let now = self.clock.monotonic();
        if now >= next {
            self.next = Some(now.saturating_add(TOLD_EVERY));
            self.told = true;
            let _ = write!(stderr(), "\r{} {}", self.done, self.what);
            let _ = stderr().flush();
        }
    }
}

/// The line is wiped: what comes next stands alone.
impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.told {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::testing::ManualClock;
    use crate::store::suite::fixture::START;

    #[test]
    fn nothing_is_told_of_what_is_short_and_nothing_where_nobody_looks() {
        let clock = ManualClock::at(START);
        let next = Some(QUIET_FOR);
        let mut looked_at = Progress { clock: &clock, what: "records", done: 0, next, told: false };
        let mut piped = Progress { clock: &clock, what: "records", done: 0, next: None, told: false };
        looked_at.step();
        assert!(!looked_at.told);
        clock.advance(QUIET_FOR);
        looked_at.step();
        piped.step();
        assert_eq!((looked_at.told, looked_at.done, piped.told, piped.done), (true, 2, false, 1));
    }
}
