//! Reading the intent of a request: every value parses, and the declared fields agree with each other
//! (decision model, sections 1 and 5). What does not is denied with its place.

mod declared;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::amount::{Amount, AmountError, Decimals};
use crate::applicability::{amount_applies, raw_transaction_applies};
use crate::asset::{Asset, TagRule, fee_asset};
use crate::document::Policy;
use crate::intent::{Account, Destination, Intent};
use crate::json::canonical_without_nulls;
use crate::prices::Quote;
use crate::raw_transaction::{self, Proof, RawTransactionError};
use crate::request::{AccountText, DestinationText, Request, given};
use crate::usd::Usd;
use crate::verdict::{Reason, ReasonCode};
use crate::vocabulary::TRANSFER;
use declared::agree_with_declared;

/// What the request would do, with its value by `quote`.
///
/// # Errors
/// Why it is denied without asking any rule: the first field, in the order of the request, that is missing,
/// unusable, or contradicts another.
pub fn read_intent(policy: &Policy, request: &Request, quote: &Quote) -> Result<Intent, Reason> {
    required(&request.tx_id, "txId")?;
    let operation = required(&request.operation, "operation")?;
    let asset_id = required(&request.asset, "asset")?;
    let asset = policy.assets.get(asset_id).ok_or_else(|| unknown_asset(asset_id))?;
    let totals = Totals::read(request, operation, asset)?;
    let destinations = read_destinations(request, operation, asset)?;
    let sum = check_sum(&totals, operation, &destinations)?;
    let destinations =
        if amount_applies(operation) { priced(destinations, quote, asset) } else { destinations };
    let destinations = priced_in_full(destinations, sum, totals.larger());
    check_fee(policy, request, asset_id)?;
    check_raw_transactions(policy, request, asset)?;
    Ok(Intent {
        tenant: request.tenant.clone(),
        caller_proof: request.caller_proof,
        stage: request.stage,
        operation: operation.to_owned(),
        signer: given(&request.signer).map(str::to_owned),
        source: account(&request.source),
        asset: asset_id.to_owned(),
        decimals: Some(asset.decimals),
        chain: Some(asset.chain),
        tag_required: asset.tag == TagRule::Required,
        amount: totals.larger(),
        net_amount: totals.net,
        requested_amount: totals.requested,
        destinations,
        contract_data: contract_data(request),
    })
}

/// Net and requested amount.
struct Totals {
    net: Option<Amount>,
    requested: Option<Amount>,
}

impl Totals {
    /// Both are needed where amounts apply: with one missing, the larger is not known.
    fn read(request: &Request, operation: &str, asset: &Asset) -> Result<Self, Reason> {
        let needed = amount_applies(operation);
        Ok(Self {
            net: read_amount(&request.amount, "amountStr", asset, needed)?,
            requested: read_amount(&request.requested_amount, "requestedAmountStr", asset, needed)?,
        })
    }

    fn larger(&self) -> Amount {
        self.net.max(self.requested).unwrap_or_default()
    }

    fn has(&self, sum: Amount) -> bool {
        [self.net, self.requested].contains(&Some(sum))
            || (self.net.or(self.requested)).is_none() && sum.is_zero()
    }
}

fn read_amount(
    text: &Option<String>,
    field: &str,
    asset: &Asset,
    needed: bool,
) -> Result<Option<Amount>, Reason> {
    match text {
        None if needed => Err(missing(field)),
        None => Ok(None),
        Some(text) => Amount::parse(text, asset.decimals).map(Some).map_err(|error| invalid(field, &error)),
    }
}

fn read_destinations(request: &Request, operation: &str, asset: &Asset) -> Result<Vec<Destination>, Reason> {
    if request.destinations.is_empty() && operation == TRANSFER {
        return Err(Reason::new(
            ReasonCode::NoDestination,
            "destinations is empty: nothing is paid to anybody",
        ));
    }
    let destinations = request
        .destinations
        .iter()
        .enumerate()
        .map(|(index, text)| read_destination(text, &format!("destinations[{index}]"), operation, asset));
    let destinations: Vec<Destination> = destinations.collect::<Result<_, _>>()?;
    agree_with_declared(destinations, request, asset)
}

fn read_destination(
    text: &DestinationText,
    place: &str,
    operation: &str,
    asset: &Asset,
) -> Result<Destination, Reason> {
    let amount =
        read_amount(&text.amount, &format!("{place}.amountNativeStr"), asset, amount_applies(operation))?;
    let shown = read_address(&text.display_address, &format!("{place}.displayDstAddress"), asset)?;
    let address = read_address(&text.address, &format!("{place}.dstAddress"), asset)?;
    if let (Some(shown), Some(address)) = (&shown, &address) {
        agree(shown == address, &format!("{place}.displayDstAddress"), &format!("{place}.dstAddress"))?;
    }
    Ok(Destination {
        account: account(&text.account),
        address: shown.or(address),
        tag: text.tag.clone(),
        address_type: given(&text.address_type).map(str::to_owned),
        amount: amount.unwrap_or_default(),
        usd: read_usd(text, amount.unwrap_or_default()),
    })
}

/// The value, where there is one: a price of zero for something is no price (decision model, section 5).
fn read_usd(text: &DestinationText, amount: Amount) -> Option<Usd> {
    let value = Usd::parse_rounding_up(text.amount_usd.as_deref()?).ok()?;
    (!value.is_zero() || amount.is_zero()).then_some(value)
}

fn read_address(text: &Option<String>, field: &str, asset: &Asset) -> Result<Option<Address>, Reason> {
    let parse = |text| Address::parse(asset.chain, text).map_err(|error| invalid(field, &error));
    given(text).map(parse).transpose()
}

fn agree(agrees: bool, one: &str, other: &str) -> Result<(), Reason> {
    if agrees {
        return Ok(());
    }
    Err(Reason::new(ReasonCode::FieldsDisagree, format!("{one} contradicts {other}")))
}

/// The destinations add up to the net or the requested amount, exactly. What is staked or minted may name none: then the
/// total alone says what moves.
fn check_sum(totals: &Totals, operation: &str, destinations: &[Destination]) -> Result<Amount, Reason> {
    if destinations.is_empty() && amount_applies(operation) {
        return Ok(Amount::ZERO);
    }
    let sum = Amount::checked_sum(destinations.iter().map(|destination| destination.amount));
    let sum = sum.ok_or_else(|| {
        Reason::new(ReasonCode::FieldInvalid, "the destinations' amounts add up to more than 256 bits hold")
    })?;
    agree(totals.has(sum), "the sum of destinations[].amountNativeStr", "amountStr and requestedAmountStr")?;
    Ok(sum)
}

/// What each destination receives is worth what the request says and what the table says, whichever is more.
fn priced(mut destinations: Vec<Destination>, quote: &Quote, asset: &Asset) -> Vec<Destination> {
    for destination in &mut destinations {
        destination.usd = quote.value(destination.usd, destination.amount, asset.decimals);
    }
    destinations
}

/// The destinations are priced for what they add up to; what counts is the larger total. A total of which nothing
/// has a price has none.
fn priced_in_full(mut destinations: Vec<Destination>, sum: Amount, total: Amount) -> Vec<Destination> {
    if total > sum {
        for destination in &mut destinations {
            destination.usd = destination.usd.and_then(|value| value.in_proportion(total, sum));
        }
    }
    destinations
}

/// A fee is decimal text of the asset it is paid in. Where the policy does not say which that is, the decimals are
/// not held against it: a token would be refused for what its network's own coin costs.
fn check_fee(policy: &Policy, request: &Request, asset_id: &str) -> Result<(), Reason> {
    let Some(text) = given(&request.fee) else { return Ok(()) };
    let stated = policy.assets.get(asset_id).is_some_and(|asset| asset.fee_asset.is_some());
    let decimals = fee_asset(&policy.assets, asset_id).map_or(Decimals::ZERO, |(_, asset)| asset.decimals);
    match Amount::parse(text, decimals) {
        Err(AmountError::TooManyDecimals { .. }) if !stated => Ok(()),
        Err(error) => Err(invalid("fee", &error)),
        Ok(_) => Ok(()),
    }
}

/// Each raw transaction hashes to what would be signed (callback protocol, section 4.6).
fn check_raw_transactions(policy: &Policy, request: &Request, asset: &Asset) -> Result<(), Reason> {
    let required = policy.raw_transactions_required && raw_transaction_applies(request.stage);
    let all = &request.raw_transactions;
    if required && (all.is_empty() || all.iter().any(|each| given(&each.raw).is_none())) {
        return Err(Reason::new(
            ReasonCode::RawTransactionMissing,
            "rawTx is missing, and the policy requires it at signing",
        ));
    }
    for (index, raw) in request.raw_transactions.iter().enumerate() {
        // A chain whose digest is not known proves nothing, and `decider check` says so.
        let _: Proof = raw_transaction::check(asset.chain, raw).map_err(|error| raw_reason(index, &error))?;
    }
    Ok(())
}

fn raw_reason(index: usize, error: &RawTransactionError) -> Reason {
    let code = match error {
        RawTransactionError::Mismatch { .. } => ReasonCode::RawTransactionMismatch,
        _ => ReasonCode::FieldInvalid,
    };
    Reason::new(code, format!("rawTx[{index}]: {error}"))
}

/// What the operation carries beyond amounts, as digests: two intents differ where these do. Null is missing, and so is
/// what has no members.
fn contract_data(request: &Request) -> BTreeMap<String, String> {
    let extra = request.extra_parameters.as_deref().map(canonical_without_nulls);
    let extra = extra
        .filter(|text| !["{}", "null"].contains(&text.as_ref()))
        .map(|text| hex::encode(Sha256::digest(text.as_bytes())));
    extra.map(|digest| ("extraParameters".to_owned(), digest)).into_iter().collect()
}

fn account(text: &AccountText) -> Account {
    let owned = |text| given(text).map(str::to_owned);
    Account { kind: owned(&text.kind), id: owned(&text.id), subtype: owned(&text.subtype) }
}

fn required<'a>(text: &'a Option<String>, field: &str) -> Result<&'a str, Reason> {
    given(text).ok_or_else(|| missing(field))
}

fn missing(field: &str) -> Reason {
    Reason::new(ReasonCode::FieldMissing, format!("{field} is missing"))
}

fn invalid(field: &str, error: &dyn std::fmt::Display) -> Reason {
    Reason::new(ReasonCode::FieldInvalid, format!("{field}: {error}"))
}

fn unknown_asset(id: &str) -> Reason {
    let shown: String = id.chars().take(MAX_SHOWN_ASSET_CHARS).flat_map(char::escape_debug).collect();
    Reason::new(ReasonCode::AssetUnknown, format!("the policy does not know asset {shown}"))
}

/// How much of an unknown asset id a reason repeats, in characters.
const MAX_SHOWN_ASSET_CHARS: usize = 40;
