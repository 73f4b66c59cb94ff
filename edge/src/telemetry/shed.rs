//! What was turned away because there was too much of it: counted each time, logged now and then.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

/// Shortest time between two log lines with the same reason: a flood must not become one of log lines.
const LOG_INTERVAL_MILLIS: u64 = 10_000;

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

/// How often each limit was met since it was logged last, and when that was.
#[derive(Debug)]
pub(super) struct Told {
    begun: Instant,
    notes: [Note; Shed::ALL.len()],
}

#[derive(Debug, Default)]
struct Note {
    count: AtomicU64,
    /// Milliseconds since the beginning at which it may be logged again.
    again: AtomicU64,
}

impl Default for Told {
    fn default() -> Self {
        Self { begun: Instant::now(), notes: Default::default() }
    }
}

impl Told {
    /// Notes it, and logs it where that was long enough ago.
    pub(super) fn note(&self, shed: Shed) {
        if let Some(count) = self.notes.get(shed as usize).and_then(|note| note.due(self.millis())) {
            tracing::warn!(reason = shed.reason(), count, "shedding: a limit of the listener is met");
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Note {
    /// How often it was met since it was logged last, if it is to be logged now.
    fn due(&self, now: u64) -> Option<u64> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let again = self.again.load(Ordering::Relaxed);
        let next = now.saturating_add(LOG_INTERVAL_MILLIS);
        // Of several at once only one gets to log it.
        let mine = || self.again.compare_exchange(again, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        (now >= again && mine()).then(|| self.count.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_not_one_of_log_lines() {
        let note = Note::default();
        let told = [7, 8, 10_006, 10_007, 10_008, 20_007].map(|now| note.due(now));
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }

    #[test]
    fn each_limit_has_its_own_note() {
        for (index, shed) in Shed::ALL.into_iter().enumerate() {
            assert_eq!(shed as usize, index, "{}", shed.reason());
        }
    }
}
