//! How long it is kept what a decision came out of (decision model, section 3). Decisions and charges stay for ever, so
//! that a request that comes again gets the recorded answer, and no sum over any window depends on this.

use std::fmt;
use std::time::Duration;

use policy::time::Time;

/// The shortest time, and the one that counts where nothing is said.
pub const SHORTEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Units of a configuration in milliseconds, the longest first.
const UNITS: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];

/// How long payload and evidence of a decision are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// Nothing is ever pruned.
    Forever,
    /// At least so long.
    For(Duration),
}

/// As a configuration has it.
impl fmt::Display for Retention {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::For(kept) = self else { return out.write_str("forever") };
        let millis = kept.as_millis();
        let (count, unit) = UNITS
            .iter()
            .find(|(unit, _)| millis % unit == 0)
            .map_or((millis, "ms"), |(unit, name)| (millis.checked_div(*unit).unwrap_or_default(), *name));
        write!(out, "{count}{unit}")
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::For(SHORTEST)
    }
}

impl Retention {
    /// What was decided before this may be pruned now. `None`: nothing may.
    pub fn ends_before(self, now: Time) -> Option<Time> {
        let Self::For(kept) = self else { return None };
        let micros = i64::try_from(kept.as_micros()).ok()?;
        now.as_micros().checked_sub(micros).map(Time::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_as_it_is_configured() {
        for (seconds, told) in
            [(30 * 86_400, "30d"), (721 * 3_600, "721h"), (2_592_060, "43201m"), (2_592_001, "2592001s")]
        {
            assert_eq!(Retention::For(Duration::from_secs(seconds)).to_string(), told);
        }
        assert_eq!(Retention::For(Duration::from_millis(2_592_000_001)).to_string(), "2592000001ms");
        assert_eq!(Retention::Forever.to_string(), "forever");
    }

    #[test]
    fn what_is_as_old_as_retention_is_still_kept() {
        let (day, now) = (Duration::from_secs(86_400), Time::from_micros(1_700_000_000_000_000));
        let micros = |retention: Retention| retention.ends_before(now).map(Time::as_micros);
        assert_eq!(micros(Retention::default()), Some(1_697_408_000_000_000));
        assert_eq!(micros(Retention::For(day * 31)), Some(1_697_321_600_000_000));
        assert_eq!(micros(Retention::Forever), None);
        assert_eq!(micros(Retention::For(Duration::MAX)), None, "more than times can tell is for ever");
        assert_eq!(Retention::default().ends_before(Time::MIN), None);
    }
}
