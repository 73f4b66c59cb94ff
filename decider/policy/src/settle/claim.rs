//! The charge that a request would leave: the first of its transaction, or one that joins it.

use crate::asset::Assets;
use crate::charge::{Charge, ChargeKey};
use crate::intent::Intent;
use crate::ledger::Ledger;
use crate::time::Time;

/// A charge as it was and as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeChange {
    /// `None` for a first charge.
    pub before: Option<Charge>,
    /// What to write.
    pub after: Charge,
}

/// A request that would be charged.
pub struct Claim<'a> {
    pub callback_request_id: &'a str,
    pub intent: &'a Intent,
    /// What is known of the assets of charges.
    pub assets: &'a Assets,
    pub now: Time,
}

/// What a claim comes to.
#[allow(clippy::large_enum_variant, reason = "there is one for each request, and it is taken apart at once")]
pub enum Claimed {
    /// This change of a charge, if every limit has room.
    Change(ChargeChange),
    /// Nothing: it differs from what was charged before, and how.
    Differs(String),
}

impl Claim<'_> {
    /// A charge that this request id has to itself comes before the one that all ids of the transaction share.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn change<L: Ledger>(&self, key: &ChargeKey, ledger: &mut L) -> Result<Claimed, L::Error> {
        let id = self.callback_request_id;
        let Some(shared) = ledger.charge(key)? else { return Ok(self.first(key.clone())) };
        if shared.is_only_of(id) {
            return Ok(self.join(shared));
        }
        let taken = shared.is_taken_by_another(&self.intent.signer, self.intent.stage, id);
        let again = key.again(id);
        Ok(match ledger.charge(&again)? {
            Some(own) => self.join(own),
            None if taken => self.first(again),
            None => self.join(shared),
        })
    }

    fn first(&self, key: ChargeKey) -> Claimed {
        let after = Charge::first(key, self.intent.clone(), self.callback_request_id, self.now);
        Claimed::Change(ChargeChange { before: None, after })
    }

    fn join(&self, known: Charge) -> Claimed {
        let joined = known
            .restated(self.assets)
            .and_then(|restated| restated.joined_by(self.intent.clone(), self.callback_request_id, self.now));
        match joined {
            Ok(after) => Claimed::Change(ChargeChange { before: Some(known), after }),
            Err(changed) => {
                Claimed::Differs(format!("another request of this transaction was allowed before: {changed}"))
            }
        }
    }
}
