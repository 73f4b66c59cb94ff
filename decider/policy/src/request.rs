//! One request as it reaches the decider: text where the wire has text, nothing read into it yet.

use serde::{Deserialize, Serialize};

/// The step of a transaction's life that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    /// Before the transaction is serialised.
    Approval,
    /// The signature itself.
    Signing,
}

/// What was proven of the caller of a callback handler. A client need not say it: then it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallerProof {
    /// A Co-signer has signed the request.
    CosignerSignature,
    /// Nothing: anybody in a network that may ask has sent it.
    Unproven,
}

impl CallerProof {
    /// Both, by the word that policies, records and logs have for it.
    pub const ALL: [(&'static str, Self); 2] =
        [("COSIGNER_SIGNATURE", Self::CosignerSignature), ("UNPROVEN", Self::Unproven)];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CosignerSignature => "COSIGNER_SIGNATURE",
            Self::Unproven => "UNPROVEN",
        }
    }
}

/// A transaction that somebody asks to approve or sign. `None` is missing; null and absent are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose policy and ledger.
    pub tenant: String,
    /// What was proven of the caller.
    pub caller_proof: Option<CallerProof>,
    /// The Co-signer's `requestId`.
    pub callback_request_id: String,
    /// API user that would sign.
    pub signer: Option<String>,
    /// Stage; doubt was resolved to signing (decision model, the table of words).
    pub stage: Stage,
    /// The custody system's transaction id.
    pub tx_id: Option<String>,
    /// The client's own id.
    pub external_tx_id: Option<String>,
    /// Operation, such as `TRANSFER`.
    pub operation: Option<String>,
    /// Where it is paid from.
    pub source: AccountText,
    /// Destination as declared beside the list.
    pub declared: DeclaredDestination,
    /// Asset id.
    pub asset: Option<String>,
    /// Amount that moves, decimal text.
    pub amount: Option<String>,
    /// Amount that was requested, decimal text.
    pub requested_amount: Option<String>,
    /// Fee in the fee asset, decimal text.
    pub fee: Option<String>,
    /// Every destination.
    pub destinations: Vec<DestinationText>,
    /// What is about to be signed.
    pub raw_transactions: Vec<RawTransactionText>,
    /// Note by the creator of the transaction.
    pub note: Option<String>,
    /// Contract data and messages: JSON text as received.
    pub extra_parameters: Option<String>,
}

/// One change of the workspace's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChange {
    /// Whose policy.
    pub tenant: String,
    /// What was proven of the caller.
    pub caller_proof: Option<CallerProof>,
    /// The path it came in by.
    pub path: String,
    /// The Co-signer's `requestId`.
    pub callback_request_id: String,
    /// Kind of change; open set.
    pub kind: Option<String>,
    /// Digest of the details as received. Empty: none were given.
    pub details: Vec<u8>,
    /// The details as JSON text, without secrets.
    pub details_json: Option<String>,
}

/// One end of a transaction as text. Empty text is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountText {
    /// Account type, such as `VAULT`.
    pub kind: Option<String>,
    /// Account id.
    pub id: Option<String>,
    /// Account subtype.
    pub subtype: Option<String>,
}

/// The destination as the top level of a callback names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredDestination {
    /// Type and id.
    pub account: AccountText,
    /// Address text.
    pub address: Option<String>,
    /// `WHITELISTED` or `ONE_TIME`.
    pub address_type: Option<String>,
}

/// One destination as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationText {
    /// Type, id and subtype.
    pub account: AccountText,
    /// Decimal text.
    pub amount: Option<String>,
    /// US dollars, the number as it was written.
    pub amount_usd: Option<String>,
    /// Address text.
    pub address: Option<String>,
    /// Address as shown to people at signing.
    pub display_address: Option<String>,
    /// Tag or memo. Empty: known to have none.
    pub tag: Option<String>,
    /// `WHITELISTED` or `ONE_TIME`.
    pub address_type: Option<String>,
}

/// One raw transaction as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawTransactionText {
    /// Hexadecimal bytes.
    pub raw: Option<String>,
    /// Hexadecimal hash that would be signed.
    pub payload: Option<String>,
}

/// The text, unless it is missing or empty.
pub fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}
