//! Who may go on to a decider: so many at a time, and each Co-signer so often.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::path::WireMode;
use crate::{
    authenticate::KeyNumber,
    listen::{Limits, Meter},
    telemetry::Shed,
};

/// The turns of one fleet's paths.
#[derive(Debug)]
pub(super) struct Turns(Semaphore);

/// The rates of one path's keys.
#[derive(Debug)]
pub(super) struct KeyRates(Vec<Meter>);

impl Turns {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Semaphore::new(limits.max_decisions))
    }

    /// A turn for whoever signed by this key, until it is dropped.
    pub(super) fn take(&self, rates: &KeyRates, key: KeyNumber) -> Result<SemaphorePermit<'_>, Shed> {
        if !rates.admit(key) {
            return Err(Shed::KeyRate);
        }
        self.0.try_acquire().map_err(|_| Shed::Decisions)
    }
}

impl KeyRates {
    /// In JSON mode there is one rate for all.
    pub(super) fn new(limits: &Limits, mode: &WireMode) -> Self {
        Self::of(limits, mode.keys().map_or(1, |keys| keys.cosigner_keys.len()))
    }

    fn of(limits: &Limits, keys: usize) -> Self {
        Self((0..keys).map(|_| Meter::new(limits.request_rate_per_key)).collect())
    }

    fn admit(&self, key: KeyNumber) -> bool {
        self.0.get(key.0).is_some_and(Meter::admits)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn limits(per_second: u32, max_decisions: usize) -> Limits {
        let request_rate_per_key = NonZeroU32::new(per_second).expect("a rate");
        Limits { request_rate_per_key, max_decisions, ..Limits::default() }
    }

    #[test]
    fn each_key_has_its_own_rate() {
        let limits = limits(3, 1000);
        let (turns, rates) = (Turns::new(&limits), KeyRates::of(&limits, 2));
        for key in [KeyNumber(0), KeyNumber(1)] {
            for _ in 0..3 {
                assert!(turns.take(&rates, key).is_ok());
            }
            assert_eq!(turns.take(&rates, key).err(), Some(Shed::KeyRate));
        }
    }

    #[test]
    fn a_turn_that_ends_is_free_again() {
        let limits = limits(1000, 2);
        let (turns, rates) = (Turns::new(&limits), KeyRates::of(&limits, 1));
        let (first, second) = (turns.take(&rates, KeyNumber(0)), turns.take(&rates, KeyNumber(0)));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(turns.take(&rates, KeyNumber(0)).err(), Some(Shed::Decisions));
        drop(first);
        assert!(turns.take(&rates, KeyNumber(0)).is_ok());
    }
}
