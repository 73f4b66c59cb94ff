mod fields;
mod identity;
mod pairing;

use super::*;
use crate::address::{Address, Chain};
use crate::amount::Amount;
use crate::intent::{Account, Destination};
use crate::request::{AccountText, DeclaredDestination};
use crate::usd::Usd;

fn request(tx_id: Option<&str>, callback_request_id: &str) -> Request {
    Request {
        tenant: "t".into(),
        caller_proof: None,
        callback_request_id: callback_request_id.into(),
        signer: None,
        stage: Stage::Approval,
        tx_id: tx_id.map(str::to_owned),
        external_tx_id: None,
        operation: None,
        source: AccountText::default(),
        declared: DeclaredDestination::default(),
        asset: None,
        amount: None,
        requested_amount: None,
        fee: None,
        destinations: Vec::new(),
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    }
}

fn key(tx_id: &str, callback_request_id: &str) -> ChargeKey {
    ChargeKey::of(&request(Some(tx_id), callback_request_id)).unwrap()
}

fn at(seconds: i64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

fn account(kind: &str, id: &str) -> Account {
    let given = |text: &str| (text != "-").then(|| text.to_owned());
    Account { kind: given(kind), id: given(id), subtype: None }
}

/// `-` is missing.
fn to(kind: &str, id: &str, address: &str, tag: &str, amount: u64) -> Destination {
    Destination {
        account: account(kind, id),
        address: (address != "-").then(|| Address::parse(Chain::Exact, address).unwrap()),
        tag: (tag != "-").then(|| tag.to_owned()),
        address_type: None,
        amount: Amount::from_u64(amount),
        usd: None,
    }
}

fn intent(stage: Stage, destinations: Vec<Destination>) -> Intent {
    let amount = Amount::checked_sum(destinations.iter().map(|each| each.amount)).unwrap();
    Intent {
        tenant: "t".into(),
        caller_proof: None,
        stage,
        operation: "TRANSFER".into(),
        signer: Some("s".into()),
        source: account("VAULT", "0"),
        asset: "ETH".into(),
        decimals: None,
        chain: None,
        tag_required: false,
        amount,
        net_amount: Some(amount),
        requested_amount: Some(amount),
        destinations,
        contract_data: [("extraParameters".to_owned(), "d1".to_owned())].into(),
    }
}

fn charge(intent: Intent) -> Charge {
    Charge::first(key("tx", "tx"), intent, "tx", at(1))
}

fn join(before: Vec<Destination>, now: Vec<Destination>) -> Result<Vec<Destination>, String> {
    let mut second = intent(Stage::Signing, now);
    let first = intent(Stage::Approval, before);
    second.requested_amount = first.requested_amount;
    let joined = charge(first).joined_by(second, "tx", at(2));
    joined.map(|joined| joined.intent.destinations).map_err(|changed| changed.to_string())
}
