//! From the domain to the wire: records.

use policy::charge::Charge;
use policy::intent::{Account, Destination};
use prost::Message as _;
use proto::decider::v1 as wire;
use wire::decision_record::{Answer as WireAnswer, Request as WireRequest};

use super::answer;
use crate::store::{Answer, Kind, Record};

/// A record with what was asked, what was answered and what is charged.
///
/// # Errors
/// The request in the record is not one of this contract.
pub fn record(record: Record) -> Result<wire::DecisionRecord, prost::DecodeError> {
    let Record { decision, payload, kind, charges, .. } = record;
    let answer = Answer { decision, recorded_earlier: true };
    let payload = payload.as_slice();
    let (request, answer) = match kind {
        Kind::Transaction => (
            WireRequest::Transaction(wire::DecideRequest::decode(payload)?),
            WireAnswer::TransactionAnswer(answer::transaction(answer)),
        ),
        Kind::ConfigChange => (
            WireRequest::ConfigChange(wire::DecideConfigChangeRequest::decode(payload)?),
            WireAnswer::ConfigChangeAnswer(answer::config_change(answer)),
        ),
    };
    let charges = charges.iter().flat_map(lines).collect();
    Ok(wire::DecisionRecord { request: Some(request), answer: Some(answer), charges })
}

/// One line per destination.
fn lines(charge: &Charge) -> Vec<wire::Charge> {
    charge.intent.destinations.iter().map(|destination| line(charge, destination)).collect()
}

fn line(charge: &Charge, destination: &Destination) -> wire::Charge {
    let signers = charge.parts.iter().map(|part| wire::ChargeSigner {
        signer_id: part.signer.clone().unwrap_or_default(),
        charged_time: Some(answer::timestamp(part.at)),
    });
    wire::Charge {
        charge_key: format!("{}{}", charge.key.tx_id, charge.key.suffix),
        source: Some(peer(&charge.intent.source)),
        destination: Some(peer(&destination.account)),
        address: destination.address.as_ref().map(ToString::to_string),
        tag: destination.tag.clone(),
        asset_id: charge.intent.asset.clone(),
        operation: charge.intent.operation.clone(),
        amount: destination.amount.to_string(),
        usd_micros: destination.usd.map(|value| value.micros().to_string()),
        signers: signers.collect(),
        charged_time: Some(answer::timestamp(charge.at)),
    }
}

fn peer(account: &Account) -> wire::Peer {
    wire::Peer { r#type: account.kind.clone(), id: account.id.clone(), subtype: account.subtype.clone() }
}
