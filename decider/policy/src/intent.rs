//! What would happen on chain, read from a request whose fields agree with each other.

mod restated;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Chain};
use crate::amount::{Amount, Decimals};
use crate::request::{CallerProof, Stage};
use crate::usd::Usd;

pub use restated::Restated;

/// One transaction as the rules, the limits and the ledger see it.
///
/// `None` is "not given"; whether that matters is the applicability table's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The tenant that it is for.
    pub tenant: String,
    /// What was proven of the caller. Charges older than this field have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_proof: Option<CallerProof>,
    /// Stage that asks.
    pub stage: Stage,
    /// Operation.
    pub operation: String,
    /// API user that would sign.
    pub signer: Option<String>,
    /// Where it is paid from.
    pub source: Account,
    /// Asset id, known to the policy.
    pub asset: String,
    /// Decimals that its amounts were read with. Charges older than this field have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<Decimals>,
    /// Chain of its asset. Charges older than this field have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// Whether a missing tag leaves the receiver unnamed.
    pub tag_required: bool,
    /// The larger of net and requested amount: what is compared with a rule's maximum, and charged.
    pub amount: Amount,
    /// Amount that moves (net), where given.
    pub net_amount: Option<Amount>,
    /// Amount requested (gross), where given.
    pub requested_amount: Option<Amount>,
    /// Each destination, in the order of the request.
    pub destinations: Vec<Destination>,
    /// Digests of what the operation carries beyond amounts, by field.
    pub contract_data: BTreeMap<String, String>,
}

impl Intent {
    /// What the larger of net and requested amount is above the destinations' sum: it leaves the source, too, and
    /// the request does not say for whom.
    pub fn excess(&self) -> Amount {
        let sum = Amount::checked_sum(self.destinations.iter().map(|destination| destination.amount));
        sum.map_or(Amount::ZERO, |sum| self.amount.saturating_sub(sum))
    }

    /// Whether its chain is known, and another: then so are the addresses that it leaves out.
    pub fn is_of_another_chain(&self, chain: Chain) -> bool {
        self.chain.is_some_and(|own| own != chain)
    }

    /// The value in micro-dollars; `None` where any destination is unpriced, which makes the whole unpriced.
    pub fn usd(&self) -> Option<Usd> {
        if self.destinations.is_empty() {
            return None;
        }
        self.destinations.iter().try_fold(Usd::ZERO, |sum, destination| sum.checked_add(destination.usd?))
    }
}

/// One end of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Account type, such as `VAULT`.
    pub kind: Option<String>,
    /// Account id.
    pub id: Option<String>,
    /// Account subtype.
    pub subtype: Option<String>,
}

/// One place it pays to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Type, id and subtype.
    pub account: Account,
    /// The address all of the request's fields agree on.
    pub address: Option<Address>,
    /// Tag or memo; `Some("")` is known to be none.
    pub tag: Option<String>,
    /// `WHITELISTED` or `ONE_TIME`. Charges older than this field have none.
    #[serde(default)]
    pub address_type: Option<String>,
    /// What it receives, in base units.
    pub amount: Amount,
    /// Its value, where it is priced, with its share of what the total is above the destinations' sum.
    pub usd: Option<Usd>,
}
