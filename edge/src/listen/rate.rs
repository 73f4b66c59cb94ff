//! Rates: how often something may happen.

use std::num::NonZeroU32;

use governor::{
    Quota, RateLimiter,
    clock::MonotonicClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

/// A rate per second; a second's worth may be taken at once.
#[derive(Debug)]
pub struct Meter(RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>);

impl Meter {
    /// A rate of which nothing is used up yet.
    #[must_use]
    pub fn new(per_second: NonZeroU32) -> Self {
        Self(RateLimiter::direct_with_clock(Quota::per_second(per_second), MonotonicClock))
    }

    /// Takes one from the rate. Whether there was one left.
    #[must_use]
    pub fn try_take(&self) -> bool {
        self.0.check().is_ok()
    }
}
