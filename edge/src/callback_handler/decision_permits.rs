//! Permits to ask the decider: a number at a time, and a rate for each Co-signer's key.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::path::{CallbackPath, SubPath};
use crate::{
    authenticate::KeyNumber,
    listen::{Limits, Meter},
    telemetry::Shed,
};

/// The permits of one fleet's paths at one listener. They outlive configurations: a key that has used up its rate must
/// not get a new one because a path changed. Both limits need a restart.
#[derive(Debug)]
pub struct DecisionPermits {
    decisions: Semaphore,
    rate_per_key: NonZeroU32,
    rates: Mutex<HashMap<RateOf, Arc<Meter>>>,
}

/// A path and the public key of one of its Co-signers; none in JSON mode, where there is one rate for all.
type RateOf = (SubPath, Option<Vec<u8>>);

/// The rates of one path's keys.
#[derive(Debug)]
pub(super) struct KeyRates(Vec<Arc<Meter>>);

impl DecisionPermits {
    /// All of them free.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            decisions: Semaphore::new(limits.max_decisions),
            rate_per_key: limits.request_rate_per_key,
            rates: Mutex::default(),
        }
    }

    /// The rates of these paths, which replace all others. A key that a path had before keeps its rate.
    pub(super) fn rates_of(&self, paths: &[CallbackPath]) -> Vec<KeyRates> {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = std::mem::take(&mut *rates);
        let mut meter = |of: RateOf| {
            let meter = known.get(&of).cloned().unwrap_or_else(|| Arc::new(Meter::new(self.rate_per_key)));
            Arc::clone(rates.entry(of).or_insert(meter))
        };
        paths.iter().map(|path| KeyRates(metered(path).into_iter().map(&mut meter).collect())).collect()
    }

    /// A permit for a request signed by this key, until it is dropped.
    pub(super) fn take(&self, rates: &KeyRates, key: KeyNumber) -> Result<SemaphorePermit<'_>, Shed> {
        if !rates.try_take(key) {
            return Err(Shed::KeyRate);
        }
        self.decisions.try_acquire().map_err(|_| Shed::Decisions)
    }
}

/// What has a rate of its own on a path, in the order of its keys.
fn metered(path: &CallbackPath) -> Vec<RateOf> {
    let of = |key| (path.sub_path.clone(), key);
    match path.mode.keys() {
        Some(keys) => keys.cosigner_keys.iter().map(|key| of(Some(key.public_key().to_vec()))).collect(),
        None => vec![of(None)],
    }
}

impl KeyRates {
    fn try_take(&self, key: KeyNumber) -> bool {
        self.0.get(key.0).is_some_and(|meter| meter.try_take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authenticate::CosignerKey,
        callback_handler::{PathKeys, WireMode},
        respond::ReplyKey,
    };

    fn permits(per_second: u32, max_decisions: usize) -> DecisionPermits {
        let request_rate_per_key = NonZeroU32::new(per_second).expect("a rate");
        DecisionPermits::new(&Limits { request_rate_per_key, max_decisions, ..Limits::default() })
    }

    fn json(sub_path: &str) -> CallbackPath {
        path(sub_path, WireMode::Json)
    }

    fn path(sub_path: &str, mode: WireMode) -> CallbackPath {
        let text = |text: &str| text.to_owned();
        CallbackPath {
            sub_path: text(sub_path).try_into().expect(sub_path),
            tenant: text("t").try_into().expect("a tenant"),
            mode,
            signer_ids: None,
        }
    }

    /// Of these Co-signers.
    fn jwt(keys: &[&CosignerKey]) -> CallbackPath {
        let reply = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        let reply_key = ReplyKey::from_pem(reply.as_bytes()).expect("a key");
        let cosigner_keys = keys.iter().map(|key| (*key).clone()).collect();
        path("", WireMode::Jwt(PathKeys { cosigner_keys, reply_key }))
    }

    fn cosigner() -> CosignerKey {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).expect("a key");
        CosignerKey::from_pem(key.public_key_pem().as_bytes()).expect("a key")
    }

    /// Takes all permits that this key can have now.
    fn use_up(permits: &DecisionPermits, rates: &KeyRates, key: usize) -> usize {
        std::iter::repeat_with(|| permits.take(rates, KeyNumber(key))).take_while(Result::is_ok).count()
    }

    #[test]
    fn each_key_has_its_own_rate() {
        let (permits, path) = (permits(3, 1000), jwt(&[&cosigner(), &cosigner()]));
        let rates = permits.rates_of(&[path]);
        for key in [KeyNumber(0), KeyNumber(1)] {
            for _ in 0..3 {
                assert!(permits.take(&rates[0], key).is_ok());
            }
            assert_eq!(permits.take(&rates[0], key).err(), Some(Shed::KeyRate));
        }
        assert_eq!(permits.take(&rates[0], KeyNumber(2)).err(), Some(Shed::KeyRate), "there is no third key");
    }

    #[test]
    fn a_key_keeps_its_rate_whatever_comes_and_goes_beside_it() {
        let (permits, one, other) = (permits(3, 1000), cosigner(), cosigner());
        let before = permits.rates_of(&[jwt(&[&one]), json("/a")]);
        assert_eq!([use_up(&permits, &before[0], 0), use_up(&permits, &before[1], 0)], [3, 3]);
        let after = permits.rates_of(&[json("/b"), json("/a"), jwt(&[&other, &one])]);
        assert_eq!(use_up(&permits, &after[2], 1), 0, "in another place");
        assert_eq!(use_up(&permits, &after[1], 0), 0);
        assert_eq!([use_up(&permits, &after[0], 0), use_up(&permits, &after[2], 0)], [3, 3], "new ones");
        assert_eq!(use_up(&permits, &before[0], 0), 0, "a request of before");
        permits.rates_of(&[]);
        assert_eq!(permits.rates.lock().expect("unpoisoned").len(), 0, "those that are gone are forgotten");
    }

    #[test]
    fn a_permit_that_is_dropped_is_free_again() {
        let permits = permits(1000, 2);
        let rates = &permits.rates_of(&[json("")])[0];
        let (first, second) = (permits.take(rates, KeyNumber(0)), permits.take(rates, KeyNumber(0)));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(permits.take(rates, KeyNumber(0)).err(), Some(Shed::Decisions));
        drop(first);
        assert!(permits.take(rates, KeyNumber(0)).is_ok());
    }
}
