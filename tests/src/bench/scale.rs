//! How much is measured.

use std::time::Duration;

/// Rounds, and what each of them holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Rounds of each measurement, with the first, which is dropped.
    pub rounds: usize,
    /// Requests to the edge in one round. CPU time is told in ticks of 10 ms: a round must use a second of it.
    pub round_trips: usize,
    /// TLS handshakes in one round.
    pub handshakes: usize,
    /// Questions to a decider in one round where CPU is compared.
    pub decisions: usize,
    /// Questions to a decider in one round where rates are compared.
    pub durable_decisions: usize,
    /// Decisions in one round that are a transaction each.
    pub plain_transactions: usize,
    /// Questions to a decider in one round where two sizes of a policy are compared.
    pub compared_decisions: usize,
    /// Decisions of each measurement of tenants.
    pub tenant_decisions: usize,
    /// How often instructions are counted, with the first count, which is dropped like a round.
    pub counts: usize,
    /// Requests to a server that has just started, before it is measured.
    pub warm_up: usize,
    /// For how long questions are asked at one rate in one round.
    pub open_loop: Duration,
    /// For how long appends are synced in one round.
    pub syncing: Duration,
    /// Starts of each service.
    pub starts: usize,
    /// Rest before the memory of an idle service is read.
    pub idle: Duration,
}

impl Scale {
    /// A few minutes.
    pub const FULL: Self = Self {
        rounds: 8,
        round_trips: 6_000,
        handshakes: 6_000,
        decisions: 80_000,
        durable_decisions: 30_000,
        plain_transactions: 4_000,
        compared_decisions: 30_000,
        tenant_decisions: 100_000,
        counts: 4,
        warm_up: 1_000,
        open_loop: Duration::from_secs(3),
        syncing: Duration::from_millis(500),
        starts: 11,
        idle: Duration::from_secs(2),
    };

    /// A few seconds.
    pub const QUICK: Self = Self {
        rounds: 3,
        round_trips: 300,
        handshakes: 300,
        decisions: 5_000,
        durable_decisions: 2_000,
        plain_transactions: 500,
        compared_decisions: 2_000,
        tenant_decisions: 2_000,
        counts: 2,
        warm_up: 50,
        open_loop: Duration::from_millis(200),
        syncing: Duration::from_millis(50),
        starts: 3,
        idle: Duration::from_millis(200),
    };

    /// Too little for figures that mean something.
    pub fn is_quick(&self) -> bool {
        self.round_trips < Self::FULL.round_trips
    }
}
