//! What was turned away because there was too much of it: counted each time, logged now and then.

use std::{net::IpAddr, time::Duration};

use super::log_throttle::LogThrottle;

/// Shortest time between two log lines with the same reason: a flood must not become one of log lines.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The limit that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// New connections of one address, a second.
    ConnectionRate,
    /// Open connections of one address.
    ConnectionsOfAddress,
    /// TLS handshakes at a time.
    Handshakes,
    /// Open connections.
    Connections,
    /// Requests of one address that has proven nothing, a second.
    RequestRate,
    /// Requests at a time.
    Requests,
    /// Memory of all bodies.
    BodyMemory,
    /// Authentic requests of one key, a second.
    KeyRate,
    /// Authentic requests at a time.
    Decisions,
}

impl Shed {
    pub(super) const ALL: [Self; 9] = [
        Self::ConnectionRate,
        Self::ConnectionsOfAddress,
        Self::Handshakes,
        Self::Connections,
        Self::RequestRate,
        Self::Requests,
        Self::BodyMemory,
        Self::KeyRate,
        Self::Decisions,
    ];

    /// A stable word for metrics.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ConnectionRate => "connection_rate",
            Self::ConnectionsOfAddress => "connections_of_address",
            Self::Handshakes => "handshakes",
            Self::Connections => "connections",
            Self::RequestRate => "request_rate",
            Self::Requests => "requests",
            Self::BodyMemory => "body_memory",
            Self::KeyRate => "key_rate",
            Self::Decisions => "decisions",
        }
    }
}

/// How often each limit was met since it was logged last.
#[derive(Debug)]
pub(super) struct ShedLog([LogThrottle; Shed::ALL.len()]);

impl Default for ShedLog {
    fn default() -> Self {
        Self(Shed::ALL.map(|_| LogThrottle::every(LOG_INTERVAL)))
    }
}

impl ShedLog {
    /// Notes it of a caller, and logs it with his address where that was long enough ago.
    pub(super) fn note(&self, shed: Shed, address: IpAddr) {
        if let Some(left_out) = self.0.get(shed as usize).and_then(LogThrottle::try_log) {
            let count = left_out.saturating_add(1);
            tracing::warn!(reason = shed.reason(), %address, count, "shedding: a limit of the listener is met");
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
        for (index, shed) in Shed::ALL.into_iter().enumerate() {
            assert_eq!(shed as usize, index, "{}", shed.reason());
        }
    }
}
