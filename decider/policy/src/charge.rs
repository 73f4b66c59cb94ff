//! The ledger entry of an allowed transaction, and what a later request does to it.

mod merge;
mod pairing;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::asset::Assets;
use crate::intent::{Intent, Restated};
use crate::request::{CallerProof, Request, Stage, given};
use crate::time::Time;

pub use merge::Changed;

/// Identity of what is charged: one transaction, or one item of a batch (decision model, section 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeKey {
    /// Whose ledger.
    pub tenant: String,
    /// Transaction id.
    pub tx_id: String,
    /// What follows the transaction id in a request id that starts with it; else what tells a second charge of
    /// the same transaction apart. Empty for the plain case.
    pub suffix: String,
}

impl ChargeKey {
    /// The key a request names; `None` without a transaction id.
    pub fn of(request: &Request) -> Option<Self> {
        let tx_id = given(&request.tx_id)?;
        let suffix = request.callback_request_id.strip_prefix(tx_id).unwrap_or_default();
        // A batch suffix that begins like the mark gets one more, so that no request id can name the charge of
        // another.
        let escape = if suffix.starts_with(AGAIN) { String::from(AGAIN) } else { String::new() };
        Some(Self { tenant: request.tenant.clone(), tx_id: tx_id.to_owned(), suffix: escape + suffix })
    }

    /// The key of a request that says the same transaction once more under an unrelated id.
    pub fn again(&self, callback_request_id: &str) -> Self {
        Self { suffix: format!("{AGAIN}again {callback_request_id}"), ..self.clone() }
    }

    /// As one text for people: tenant, transaction id and suffix; two keys never look alike.
    pub fn as_text(&self) -> String {
        format!("{}/{:?}/{:?}", self.tenant, self.tx_id, self.suffix)
    }
}

/// Begins the suffix of what is charged again. One of these alone begins no batch suffix.
const AGAIN: char = '\u{1f}';

/// What an allowed transaction holds against every limit, whether or not one looks at it today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Which transaction.
    pub key: ChargeKey,
    /// What it does, with every field that any request for it has given so far.
    pub intent: Intent,
    /// When it counts: the first ALLOW, or the latest that was a signing or filled something in.
    pub at: Time,
    /// Who allowed it, each time under which request id.
    pub parts: Vec<ChargePart>,
}

/// One ALLOW that a charge stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargePart {
    /// API user; `None` where the request named none.
    pub signer: Option<String>,
    /// What was proven of the caller. Charges older than this field have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_proof: Option<CallerProof>,
    /// Stage.
    pub stage: Stage,
    /// Request id.
    pub callback_request_id: String,
    /// When it counts for this signer.
    pub at: Time,
}

impl Charge {
    /// The charge of a transaction that has none yet.
    pub fn first(key: ChargeKey, intent: Intent, callback_request_id: &str, now: Time) -> Self {
        let part = part_of(&intent, callback_request_id, now);
        Self { key, intent, at: now, parts: vec![part] }
    }

    /// The same charge by what `assets` say of its asset now.
    ///
    /// # Errors
    /// An address in it was read as one of another chain, and cannot be compared with any of this one.
    pub fn restated(&self, assets: &Assets) -> Result<Cow<'_, Self>, Changed> {
        match self.intent.restated(assets) {
            Restated { lost: true, .. } => Err(Changed::of_another_chain()),
            Restated { intent: Cow::Owned(intent), .. } => Ok(Cow::Owned(Self { intent, ..self.clone() })),
            Restated { intent: Cow::Borrowed(_), .. } => Ok(Cow::Borrowed(self)),
        }
    }

    /// Whether all that was allowed on this charge came under that one request id.
    pub fn is_only_of(&self, callback_request_id: &str) -> bool {
        self.parts.iter().all(|part| part.callback_request_id == callback_request_id)
    }

    /// Whether the same signer already allowed the same stage under another request id: then this is not the
    /// same transaction's next step, and it is charged again (decision model, section 3: when in doubt, count).
    pub fn is_taken_by_another(
        &self,
        signer: &Option<String>,
        stage: Stage,
        callback_request_id: &str,
    ) -> bool {
        self.parts.iter().any(|part| {
            part.signer == *signer && part.stage == stage && part.callback_request_id != callback_request_id
        })
    }

    /// The charge after a further ALLOW of the same transaction. The pinned value stays; at signing the charge
    /// counts from now. So it does where something is filled in: a limit may begin to see it by that, and would take
    /// it for one that has left its window long ago.
    ///
    /// # Errors
    /// The name of the field that differs from what was charged, or that is missing now.
    pub fn joined_by(&self, intent: Intent, callback_request_id: &str, now: Time) -> Result<Self, Changed> {
        let mut joined = self.clone();
        joined.intent = merge::merge(&self.intent, &intent)?;
        joined.parts.push(part_of(&intent, callback_request_id, now));
        if intent.stage == Stage::Signing || joined.intent != self.intent {
            joined.at = joined.at.max(now);
            joined.parts.iter_mut().for_each(|part| part.at = part.at.max(now));
        }
        Ok(joined)
    }
}

fn part_of(intent: &Intent, callback_request_id: &str, now: Time) -> ChargePart {
    ChargePart {
        signer: intent.signer.clone(),
        caller_proof: intent.caller_proof,
        stage: intent.stage,
        callback_request_id: callback_request_id.to_owned(),
        at: now,
    }
}
