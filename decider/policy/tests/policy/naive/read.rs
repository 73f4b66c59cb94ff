//! What a request says, or that it contradicts itself.

use policy::request::{CallerProof, DestinationText, Request, Stage};

use super::model::{ASSETS, EVM_ADDRESSES, EXTRAS, PlainAsset};

#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub tenant: String,
    pub proof: Option<&'static str>,
    pub stage: Stage,
    pub operation: String,
    pub signer: Option<String>,
    pub source: (Option<String>, Option<String>),
    pub asset: &'static str,
    /// Whether the policy of now does not know it.
    pub gone: bool,
    pub tag_required: bool,
    pub amount: u128,
    pub net: Option<u128>,
    pub requested: Option<u128>,
    pub payees: Vec<Payee>,
    pub extra: Option<String>,
    /// The asset it is paid in, and how much.
    pub fee: Option<(&'static str, u128)>,
    pub note: Option<String>,
    pub external: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Payee {
    pub kind: Option<String>,
    pub id: Option<String>,
    pub subtype: Option<String>,
    pub address: Option<String>,
    pub tag: Option<String>,
    pub address_type: Option<String>,
    pub amount: u128,
    pub usd: Option<u128>,
}

pub fn moves_its_amount(operation: &str) -> bool {
    let states = [
        "TRANSFER",
        "BURN",
        "MINT",
        "STAKE",
        "UNSTAKE",
        "WITHDRAW",
        "REDEEM_FROM_COMPOUND",
        "SUPPLY_TO_COMPOUND",
    ];
    states.contains(&operation)
}

pub fn pays(operation: &str) -> bool {
    operation != "RAW" && operation != "TYPED_MESSAGE"
}

pub fn calls(operation: &str) -> bool {
    operation == "CONTRACT_CALL" || operation == "APPROVE"
}

/// Whether somebody may be paid there whose address nobody knows yet: of all others it is missed.
pub fn by_id(kind: &str) -> bool {
    let paid_by_id =
        ["VAULT", "EXCHANGE", "NETWORK_CONNECTION", "FIAT_ACCOUNT", "CONNECTED_ACCOUNT", "OEC_PARTNER"];
    paid_by_id.contains(&kind)
}

pub fn by_address(kind: &str) -> bool {
    kind == "UNMANAGED" || kind == "ONE_TIME_ADDRESS"
}

/// `None`: something that must be there is not, cannot be used, or contradicts something else.
pub fn read(request: &Request, gone: Option<&str>) -> Option<Facts> {
    given(&request.tx_id)?;
    let operation = given(&request.operation)?;
    let asset_id = given(&request.asset)?;
    let asset = ASSETS.iter().find(|asset| asset.id == asset_id && gone != Some(asset.id))?;
    let states = moves_its_amount(&operation);
    let net = amount(&request.amount, asset, states)?;
    let requested = amount(&request.requested_amount, asset, states)?;
    if operation == "TRANSFER" && request.destinations.is_empty() {
        return None;
    }
    let mut payees = Vec::new();
    for destination in &request.destinations {
        payees.push(payee(destination, asset, states)?);
    }
    declared(request, asset, &mut payees)?;
    let sum: u128 = payees.iter().map(|payee| payee.amount).sum();
    let total = net.unwrap_or(0).max(requested.unwrap_or(0));
    let unsaid = if states { payees.is_empty() } else { (net, requested, sum) == (None, None, 0) };
    let agrees = net == Some(sum) || requested == Some(sum) || unsaid;
    if !agrees {
        return None;
    }
    for payee in &mut payees {
        if total > sum {
            payee.usd = payee.usd.filter(|_| sum > 0).map(|usd| (usd * total).div_ceil(sum));
        }
    }
    Some(Facts {
        tenant: request.tenant.clone(),
        proof: proof(request),
        stage: request.stage,
        signer: given(&request.signer),
        source: (given(&request.source.kind), given(&request.source.id)),
        asset: asset.id,
        gone: false,
        tag_required: asset.tag_required,
        amount: total,
        net,
        requested,
        payees,
        // Nothing in it is the same as none of it.
        extra: request.extra_parameters.clone().filter(|extra| extra != "{}"),
        fee: fee(request, asset)?,
        note: given(&request.note),
        external: given(&request.external_tx_id),
        operation,
    })
}

/// The word for it.
pub fn proof(request: &Request) -> Option<&'static str> {
    Some(match request.caller_proof? {
        CallerProof::CosignerSignature => "COSIGNER_SIGNATURE",
        CallerProof::Unproven => "UNPROVEN",
    })
}

impl Facts {
    /// What an extra is known to say.
    pub fn method(&self) -> Option<&'static str> {
        EXTRAS.iter().find(|extra| Some(extra.0) == self.extra.as_deref())?.1
    }

    pub fn messages(&self) -> Option<&'static [Option<&'static str>]> {
        EXTRAS.iter().find(|extra| Some(extra.0) == self.extra.as_deref())?.2
    }

    /// Unknown as soon as one price is.
    pub fn usd(&self) -> Option<u128> {
        let prices: Option<Vec<u128>> = self.payees.iter().map(|payee| payee.usd).collect();
        prices.filter(|prices| !prices.is_empty()).map(|prices| prices.iter().sum())
    }
}

fn payee(text: &DestinationText, asset: &PlainAsset, states: bool) -> Option<Payee> {
    let units = amount(&text.amount, asset, states)?.unwrap_or(0);
    let (shown, plain) = (address(&text.display_address, asset)?, address(&text.address, asset)?);
    if shown.is_some() && plain.is_some() && shown != plain {
        return None;
    }
    let usd = text.amount_usd.as_deref().and_then(|text| decimal(text, 6));
    Some(Payee {
        kind: given(&text.account.kind),
        id: given(&text.account.id),
        subtype: given(&text.account.subtype),
        address: shown.or(plain),
        tag: text.tag.clone(),
        address_type: given(&text.address_type),
        amount: units,
        usd: usd.filter(|usd| *usd > 0 || units == 0),
    })
}

/// Beside one destination the declared address is its own; beside several none is ever generated.
fn declared(request: &Request, asset: &PlainAsset, payees: &mut [Payee]) -> Option<()> {
    let declared = address(&request.declared.address, asset)?;
    if let ([only], Some(declared)) = (payees, declared) {
        if only.address.as_ref().is_some_and(|address| *address != declared) {
            return None;
        }
        only.address = Some(declared);
    }
    Some(())
}

/// Outside: it cannot be used. Inside: it is not there, or too fine for an asset that may not be the one it is in.
fn fee(request: &Request, asset: &PlainAsset) -> Option<Option<(&'static str, u128)>> {
    let Some(text) = given(&request.fee) else { return Some(None) };
    let paid_in = ASSETS.iter().find(|each| each.id == asset.fee_asset.unwrap_or(asset.id))?;
    match decimal(&text, paid_in.decimals) {
        Some(units) => Some(Some((paid_in.id, units))),
        None if asset.fee_asset.is_none() && decimal(&text, 30).is_some() => Some(None),
        None => None,
    }
}

fn amount(text: &Option<String>, asset: &PlainAsset, needed: bool) -> Option<Option<u128>> {
    match text {
        None if needed => None,
        None => Some(None),
        Some(text) => decimal(text, asset.decimals).map(Some),
    }
}

/// In units of 10^-decimals; `None` where it is not decimal text, or finer.
fn decimal(text: &str, decimals: u32) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals as usize {
        return None;
    }
    format!("{whole}{fraction:0<width$}", width = decimals as usize).parse().ok()
}

/// EVM addresses are the same in any case that they may be written in; all others are text without blanks.
fn address(text: &Option<String>, asset: &PlainAsset) -> Option<Option<String>> {
    let Some(text) = given(text) else { return Some(None) };
    if !asset.evm {
        return (!text.contains(' ')).then_some(Some(text));
    }
    EVM_ADDRESSES.contains(&text.as_str()).then(|| Some(text.to_lowercase()))
}

fn given(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}
