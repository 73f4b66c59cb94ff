//! What a failure means: of one question, of the store until the journal is back, or of the store for good.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Writer;
use crate::store::error::StoreError;
use crate::store::journal::{Journal, JournalError};
use crate::store::shared::Shared;

impl<J: Journal> Writer<J> {
    /// Keeps a failure of the store as a whole: from here on everybody gets it for an answer, for good or until the
    /// journal is back.
    pub(super) fn note(&self, error: &StoreError) {
        let away = || self.shared.away.swap(Some(Arc::new(error.clone()))).is_none();
        match error {
            StoreError::Failed(_) if self.shared.failed.set(error.clone()).is_ok() => {
                self.shared.metrics.failures.inc();
                tracing::error!(%error, "the store failed: nothing is answered any more, and the process has to end");
            }
            StoreError::Unavailable(_) if away() => {
                self.shared.metrics.failures.inc();
                tracing::error!(%error, "the store cannot be used: nothing is decided until it can");
            }
            StoreError::Busy => {
                self.shared.metrics.failures.inc();
                if self.shared.note_held(true) {
                    tracing::error!(%error, "nothing is decided until the ledger is let go");
                }
            }
            _ => {}
        }
    }

    pub(super) fn note_one(&self, error: &JournalError) {
        if matches!(error, JournalError::Unreadable(_)) {
            self.shared.metrics.failures.inc();
            tracing::error!(%error, "a record cannot be read; the request that needs it is not decided");
        }
    }
}

/// A panic is a fault of this program. What it leaves behind is not used again: the store has failed.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked = |_| Err(StoreError::Failed("a fault of this program: its writer panicked".into()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Whatever went wrong: after it, nobody knows what was written. Where the journal can be taken up again, it will be.
pub(super) fn broken(error: JournalError) -> StoreError {
    match error {
        JournalError::Lost(_) => error.into(),
        _ => StoreError::Failed(error.to_string().into()),
    }
}

/// The ledger could be had.
pub(super) fn note_free(shared: &Shared) {
    if shared.note_held(false) {
        tracing::warn!("the ledger was let go: deciding again");
    }
}
