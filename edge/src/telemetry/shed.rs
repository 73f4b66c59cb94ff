//! What was turned away because there was too much of it: counted each time, logged now and then.

use std::{array, net::IpAddr, time::Duration};

use super::{log_throttle::LogThrottle, metrics::Shed};

/// Shortest time between two log lines with the same reason: a flood must not become one of log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How often each limit was met since it was logged last, in the order of [`Shed::ALL`].
#[derive(Debug)]
pub(super) struct ShedLog([LogThrottle; Shed::ALL.len()]);

impl Default for ShedLog {
    fn default() -> Self {
        Self(array::from_fn(|_| LogThrottle::every(LOG_INTERVAL)))
    }
}

impl ShedLog {
    /// Notes that a limit was met, and logs it with the caller's address where the last line is long enough ago.
    pub(super) fn note(&self, shed: Shed, address: IpAddr) {
        if let Some(left_out) = self.0.get(shed as usize).and_then(LogThrottle::try_log) {
            let count = left_out.saturating_add(1);
            tracing::warn!(reason = shed.as_str(), %address, count, "shedding: a limit of the listener is met");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_flood_is_not_one_of_log_lines() {
        let (note, start) = (LogThrottle::every(LOG_INTERVAL), Instant::now());
        let told = [7, 8, 10_006, 10_007, 10_008, 20_007]
            .map(|millis| note.at(start + Duration::from_millis(millis)).map(|left_out| left_out + 1));
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }

    #[test]
    fn each_limit_has_its_own_note() {
        for (index, shed) in Shed::ALL.iter().copied().enumerate() {
            assert_eq!(shed as usize, index, "{}", shed.as_str());
        }
    }
}
