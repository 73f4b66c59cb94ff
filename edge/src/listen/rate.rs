//! How often something may happen.

use std::num::NonZeroU32;

use governor::{
    Quota, RateLimiter,
    clock::MonotonicClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};

/// So often a second, all of a second's worth at once if need be.
#[derive(Debug)]
pub struct Meter(RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>);

impl Meter {
    /// None before the first second, so its whole worth is there.
    #[must_use]
    pub fn new(per_second: NonZeroU32) -> Self {
        Self(RateLimiter::direct_with_clock(Quota::per_second(per_second), MonotonicClock))
    }

    /// Whether it may happen once more now; then it counts.
    #[must_use]
    pub fn try_take(&self) -> bool {
        self.0.check().is_ok()
    }
}
