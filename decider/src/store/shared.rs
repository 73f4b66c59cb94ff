//! What the one thread that writes shares with those who ask.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use policy::document::Policy;

use super::error::StoreError;
use super::metrics::Metrics;
use super::pace::Pace;

/// What the writer shares with those who ask.
pub struct Shared {
    /// What the store counts.
    pub metrics: Arc<Metrics>,
    /// How fast it works.
    pub pace: Pace,
    /// Set once the store has failed. From then on its sums may be ahead of its file: it decides nothing.
    pub failed: OnceLock<StoreError>,
    /// Set while the journal cannot be used. Until it is back and the sums are made anew, nothing is decided.
    pub(super) away: ArcSwapOption<StoreError>,
    /// Set while somebody else holds the ledger. It is tried all the same; nobody is to be sent here meanwhile.
    held: AtomicBool,
    /// Set while an operator has not stated what was lost with what the journal was before.
    frozen: ArcSwapOption<StoreError>,
    /// The policy that decides.
    pub policy: ArcSwap<Policy>,
}

impl Shared {
    /// Of a store that decides by `policy`.
    pub fn new(metrics: Arc<Metrics>, policy: Arc<Policy>) -> Self {
        let (failed, away, frozen) = (OnceLock::new(), ArcSwapOption::empty(), ArcSwapOption::empty());
        let held = AtomicBool::new(false);
        Self { metrics, pace: Pace::new(), failed, away, held, frozen, policy: ArcSwap::new(policy) }
    }

    /// Whether it decides. What is on record is told either way.
    pub fn decides(&self) -> Result<(), StoreError> {
        self.check()?;
        self.frozen.load_full().map_or(Ok(()), |frozen| Err(StoreError::clone(&frozen)))
    }

    /// Whether it would decide what is asked next, as far as is known.
    pub fn is_ready(&self) -> Result<(), StoreError> {
        self.decides()?;
        if self.is_held() { Err(StoreError::Busy) } else { Ok(()) }
    }

    /// Whether somebody else held the ledger when it was tried last.
    pub fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes in whether somebody else holds the ledger; whether that turned.
    pub fn note_held(&self, held: bool) -> bool {
        self.held.swap(held, Ordering::Relaxed) != held
    }

    /// Takes in what the journal says; told once, when it turns.
    pub fn observe(&self, frozen: Option<Arc<str>>) {
        let frozen = frozen.map(|why| Arc::new(StoreError::Frozen(why)));
        self.metrics.frozen.set(i64::from(frozen.is_some()));
        match (self.frozen.swap(frozen.clone()), frozen) {
            (None, Some(error)) => tracing::error!(%error, "the store was restored: nothing is decided"),
            (Some(_), None) => tracing::warn!("the store was released: deciding again"),
            _ => {}
        }
    }

    /// Whether it answers.
    pub fn check(&self) -> Result<(), StoreError> {
        let error = self.failed.get().cloned();
        error.or_else(|| self.away().map(|error| StoreError::clone(&error))).map_or(Ok(()), Err)
    }

    /// Why it does not answer now, though it may later.
    pub fn away(&self) -> Option<Arc<StoreError>> {
        self.away.load_full()
    }
}
