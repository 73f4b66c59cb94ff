//! A transaction in the project's own words.

use crate::{request_id::RequestId, stage::Stage};

/// One transaction to approve or sign. Texts are as received; `None` is missing or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The Co-signer's id of the request.
    pub request_id: RequestId,
    /// The step that asks, by the evidence in the payload.
    pub stage: Stage,
    /// API user that would sign.
    pub signer_id: Option<String>,
    /// The custody system's id of the transaction.
    pub tx_id: Option<String>,
    /// The client's own id.
    pub external_tx_id: Option<String>,
    /// `TRANSFER`, `CONTRACT_CALL` and so on. Open set.
    pub operation: Option<String>,
    /// Where it is paid from.
    pub source: Peer,
    /// The destination as declared beside the list.
    pub declared_destination: DeclaredDestination,
    /// Asset.
    pub asset_id: Option<String>,
    /// `amountStr`: what moves, as decimal text.
    pub amount: Option<String>,
    /// `requestedAmountStr`: what was asked for, as decimal text.
    pub requested_amount: Option<String>,
    /// Fee in the fee asset, as decimal text. Stage evidence.
    pub fee: Option<String>,
    /// All destinations.
    pub destinations: Vec<Destination>,
    /// What is about to be signed, one per input. Stage evidence.
    pub raw_transactions: Vec<RawTransaction>,
    /// Participants of the signature. Stage evidence.
    pub players: Vec<String>,
    /// Free text by the creator of the transaction.
    pub note: Option<String>,
    /// `extraParameters` as JSON text.
    pub extra_parameters_json: Option<String>,
    /// Everything that is not read, as one JSON object: unknown fields, the outcome of the customer's own
    /// policy, and the deprecated amounts that are floats.
    pub unread_fields_json: Option<String>,
}

/// An account, by type and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// `VAULT`, `EXCHANGE` and so on. Open set.
    pub kind: Option<String>,
    /// Account id.
    pub id: Option<String>,
    /// `EXTERNAL`, an exchange's name and so on.
    pub subtype: Option<String>,
}

/// The destination as the top level of the payload names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredDestination {
    /// Account.
    pub peer: Peer,
    /// Address.
    pub address: Option<String>,
    /// `WHITELISTED` or `ONE_TIME`.
    pub address_type: Option<String>,
}

/// One entry of `destinations`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// Account.
    pub peer: Peer,
    /// `amountNativeStr`, as decimal text.
    pub amount: Option<String>,
    /// `amountUSD` as the number was written; one with an exponent written out, where that is not too long.
    pub amount_usd: Option<String>,
    /// `dstAddress`.
    pub address: Option<String>,
    /// `displayDstAddress`. Stage evidence.
    pub display_address: Option<String>,
    /// `WHITELISTED` or `ONE_TIME`.
    pub address_type: Option<String>,
    /// Label.
    pub name: Option<String>,
}

/// One entry of `rawTx`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawTransaction {
    /// Key derivation path, text that looks like a list.
    pub key_derivation_path: Option<String>,
    /// Unsigned transaction or signature-hash preimage, hexadecimal.
    pub raw: Option<String>,
    /// The hash to be signed, hexadecimal.
    pub payload: Option<String>,
}
