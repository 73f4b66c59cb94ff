//! A policy on its way in. Its limits are views over the ledger, so their sums are made of the past first, a piece at
//! a time between rounds: nobody who asks for a decision waits for all of it. Until then the policy before it
//! decides; from then on no decision is made by both.

use std::sync::Arc;

use policy::document::Policy;
use policy::settle::ChargeChange;
use policy::time::Time;
use policy::usage::UsageIndex;

use super::bounds::{MAX_CHARGES_A_PIECE, MAX_LOOKS_A_PIECE, MIN_CHARGES_A_PIECE};
use super::journal::{Journal, JournalError};

/// A policy that decides, with the sums of its limits over the ledger.
pub struct AdoptedPolicy {
    /// The policy.
    pub policy: Arc<Policy>,
    /// What its limits have counted.
    pub index: UsageIndex,
}

/// Adopts a policy, reading all of the past at once. One without limits reads nothing.
///
/// # Errors
/// The past could not be read: sums made of a part of it would have too much room.
pub fn adopt_at_once(
    journal: &mut impl Journal,
    policy: Arc<Policy>,
    now: Time,
) -> Result<AdoptedPolicy, JournalError> {
    let mut adoption = Adoption::of(policy, now);
    while !adoption.read_on(journal)? {}
    Ok(adoption.finish())
}

/// Lets go of sums on a thread of its own: to free those of a million charges takes seconds, and nobody who asks is to
/// wait for that.
pub fn let_go<T: Send + 'static>(sums: T) {
    // Where no thread can be had, they are freed here.
    let _ = std::thread::Builder::new().name("old-sums".into()).spawn(move || drop(sums));
}

/// Sums in the making.
pub struct Adoption {
    policy: Arc<Policy>,
    index: UsageIndex,
    /// Where the next piece begins; `None`: the past was read.
    next: Option<Time>,
}

impl Adoption {
    /// Of a policy whose windows are asked about from `now` on. Nothing was read yet.
    pub fn of(policy: Arc<Policy>, now: Time) -> Self {
        let next = policy.limits.iter().map(|limit| limit.window.opening(now)).min();
        Self { policy, index: UsageIndex::default(), next }
    }

    /// Reads one more piece of the past. Whether that was the last.
    ///
    /// # Errors
    /// It could not be read: sums made of the rest would have too much room.
    pub fn read_on(&mut self, journal: &mut impl Journal) -> Result<bool, JournalError> {
        let Some(start) = self.next else { return Ok(true) };
        let (index, policy) = (&mut self.index, &self.policy);
        let charges = charges_a_piece(policy.limits.len());
        self.next = journal.charges_since(start, charges, &mut |charge| {
            index.record(policy.limits(), None, charge);
        })?;
        Ok(self.next.is_none())
    }

    /// Takes in what is charged meanwhile. A charge that a later piece hands over again counts once.
    pub fn record(&mut self, change: &ChargeChange) {
        self.index.record(self.policy.limits(), change.before.as_ref(), &change.after);
    }

    /// The policy, with its sums.
    pub fn finish(self) -> AdoptedPolicy {
        AdoptedPolicy { policy: self.policy, index: self.index }
    }
}

fn charges_a_piece(limits: usize) -> usize {
    let charges = MAX_LOOKS_A_PIECE.checked_div(limits).unwrap_or(MAX_CHARGES_A_PIECE);
    charges.clamp(MIN_CHARGES_A_PIECE, MAX_CHARGES_A_PIECE)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, ThreadId};

    use super::*;

    #[test]
    fn many_limits_look_at_fewer_charges_at_a_time() {
        let pieces = [0, 1, 32, 33, 100, 512, 2_000].map(charges_a_piece);
        assert_eq!(pieces, [256, 256, 256, 248, 81, 16, 16]);
    }

    struct Told(Sender<ThreadId>);

    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }

    #[test]
    fn sums_are_freed_where_nobody_waits() {
        let (freed, heard) = channel();
        let_go(Told(freed));
        assert_ne!(heard.recv().unwrap(), thread::current().id());
    }
}
