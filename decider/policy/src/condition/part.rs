//! Conditions one by one: what decides is all of them together, what explains is each.

use crate::truth::Truth;

/// One condition of a rule, and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedCondition {
    /// The field of `when`.
    pub field: Field,
    /// Whether it holds. What is not asked holds.
    pub truth: Truth,
}

/// The fields of `when`. `chains` and `classes` come down to assets, `contracts` are destinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `tenant`.
    Tenant,
    /// `caller_proof`.
    CallerProof,
    /// `signers`.
    Signers,
    /// `stages`.
    Stages,
    /// `operations`.
    Operations,
    /// What an allow rule asks that names no operation.
    PlainTransfer,
    /// `assets`, `chains` and `classes`.
    Assets,
    /// `source`.
    Source,
    /// `amount`.
    Amount,
    /// `amount_usd`.
    AmountUsd,
    /// `fee`.
    Fee,
    /// `fee_share`.
    FeeShare,
    /// `methods` of `call`.
    Methods,
    /// `messages`.
    Messages,
    /// `times`.
    Times,
    /// `note`.
    Note,
    /// `external_tx_id`.
    ExternalTxId,
    /// `condition`.
    Condition,
    /// `destination`, and `contracts` of `call`.
    Destination,
}

impl Field {
    /// Its name in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::CallerProof => "caller_proof",
            Self::Signers => "signers",
            Self::Stages => "stages",
            Self::Operations | Self::PlainTransfer => "operations",
            Self::Assets => "assets",
            Self::Source => "source",
            Self::Amount => "amount",
            Self::AmountUsd => "amount_usd",
            Self::Fee => "fee",
            Self::FeeShare => "fee_share",
            Self::Methods => "call",
            Self::Messages => "messages",
            Self::Times => "times",
            Self::Note => "note",
            Self::ExternalTxId => "external_tx_id",
            Self::Condition => "condition",
            Self::Destination => "destination",
        }
    }
}

impl CheckedCondition {
    /// All of them together.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Truth {
        Truth::all(parts.into_iter().map(|part| part.truth))
    }
}

impl From<(Field, Truth)> for CheckedCondition {
    fn from((field, truth): (Field, Truth)) -> Self {
        Self { field, truth }
    }
}
