//! What a request says beside its intent. Rules look at it each time; it is not charged, and may differ between
//! the stages of a transaction.

use crate::amount::Amount;
use crate::applicability::{call_applies, messages_apply};
use crate::asset::{Assets, fee_asset};
use crate::json::Json;
use crate::method::Method;
use crate::request::{Request, given};
use crate::time::Time;

/// The circumstances of one request. `None` is missing or unusable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// When it is asked.
    pub at: Time,
    /// What the network is paid.
    pub fee: Option<Fee>,
    /// The method that is called.
    pub method: Option<Method>,
    /// The type of each message that is signed.
    pub message_types: Option<Vec<Option<String>>>,
    /// Note by the creator of the transaction: not trustworthy.
    pub note: Option<String>,
    /// Why the value lacks a price that is believed, where that is known.
    pub price_doubt: Option<String>,
    /// The client's own id.
    pub external_tx_id: Option<String>,
}

/// A fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// The asset it is paid in.
    pub asset: String,
    /// How much, in base units of that asset.
    pub amount: Amount,
}

impl Circumstances {
    /// The circumstances of a request at the time it is asked.
    pub fn of(request: &Request, assets: &Assets, at: Time) -> Self {
        let operation = given(&request.operation).unwrap_or_default();
        let extra = request.extra_parameters.as_deref();
        // What is not asked of an operation is not read: it may be a megabyte.
        let extra =
            extra.filter(|_| call_applies(operation) || messages_apply(operation)).and_then(Json::object);
        let owned = |text| given(text).map(str::to_owned);
        Self {
            at,
            fee: fee(request, assets),
            method: extra.as_ref().and_then(method),
            message_types: extra.as_ref().and_then(message_types),
            note: owned(&request.note),
            price_doubt: None,
            external_tx_id: owned(&request.external_tx_id),
        }
    }
}

fn fee(request: &Request, assets: &Assets) -> Option<Fee> {
    let (id, asset) = fee_asset(assets, given(&request.asset)?)?;
    let amount = Amount::parse(given(&request.fee)?, asset.decimals).ok()?;
    Some(Fee { asset: id.to_owned(), amount })
}

/// The first bytes of `contractCallData` (callback protocol, section 4.1).
fn method(extra: &Json) -> Option<Method> {
    Method::of_data(extra.text("contractCallData")?)
}

/// The type of every entry of `rawMessageData.messages` (callback protocol, section 4.1); none at all is missing.
fn message_types(extra: &Json) -> Option<Vec<Option<String>>> {
    let messages = extra.member("rawMessageData")?.list("messages")?;
    let kind = |message: &Json| message.text("type").filter(|text| !text.is_empty()).map(str::to_owned);
    (!messages.is_empty()).then(|| messages.iter().map(kind).collect())
}

#[cfg(test)]
mod tests;
