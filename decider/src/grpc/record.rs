//! From the domain to the wire: records.

use policy::charge::Charge;
use policy::intent::{Account, Destination};
use prost::Message as _;
use proto::decider::v1 as wire;
use wire::decision_record::{Answer as WireAnswer, Request as WireRequest};

use super::answer;
use crate::store::{Answer, Origin, Record, RequestKind};

/// A record with what was asked, what was answered and what is charged.
///
/// # Errors
/// The request in the record is not one of this contract.
pub fn record(record: Record) -> Result<wire::DecisionRecord, prost::DecodeError> {
    let Record { decision, kind, origin, charges } = record;
    let caller_proof = answer::caller_proof(decision.caller_proof).into();
    let answer = Answer { decision, recorded_earlier: true };
    let answer = match kind {
        RequestKind::Transaction => WireAnswer::TransactionAnswer(answer::transaction(answer)),
        RequestKind::ConfigChange => WireAnswer::ConfigChangeAnswer(answer::config_change(answer)),
    };
    let (request, pruned_time) = match origin {
        Origin::Kept { payload, .. } => (Some(request(kind, &payload)?), None),
        Origin::Pruned { at, .. } => (None, Some(answer::timestamp(at))),
    };
    let charges = charges.iter().flat_map(lines).collect();
    Ok(wire::DecisionRecord { request, answer: Some(answer), charges, pruned_time, caller_proof })
}

fn request(kind: RequestKind, payload: &[u8]) -> Result<WireRequest, prost::DecodeError> {
    Ok(match kind {
        RequestKind::Transaction => WireRequest::Transaction(wire::DecideRequest::decode(payload)?),
        RequestKind::ConfigChange => {
            WireRequest::ConfigChange(wire::DecideConfigChangeRequest::decode(payload)?)
        }
    })
}

/// One line per destination.
fn lines(charge: &Charge) -> Vec<wire::Charge> {
    charge.intent.destinations.iter().map(|destination| line(charge, destination)).collect()
}

fn line(charge: &Charge, destination: &Destination) -> wire::Charge {
    let signers = charge.parts.iter().map(|part| wire::ChargeSigner {
        signer_id: part.signer.clone().unwrap_or_default(),
        charged_time: Some(answer::timestamp(part.at)),
        caller_proof: answer::caller_proof(part.caller_proof).into(),
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

#[cfg(test)]
mod tests {
    use policy::request::CallerProof;

    use super::*;
    use crate::store::suite::fixture::{Desk, START, config_change, policy, request as transfer};

    #[tokio::test]
    async fn a_pruned_record_answers_with_everything_that_is_left_and_says_when_the_rest_went() {
        let desk = Desk::in_memory(policy(vec![]));
        let allowed = desk.allow(&transfer("tx-1")).await;
        let changed = desk.change(&config_change("c-1", b"")).await.decision;
        for decision in [allowed, changed] {
            let mut kept = desk.record(&decision).await;
            kept.decision.caller_proof = Some(CallerProof::Unproven);
            let origin = Origin::Pruned { at: START, charges: kept.origin.charge_keys() };
            let pruned = record(Record { origin, ..kept.clone() }).unwrap();
            assert_eq!((pruned.request, pruned.pruned_time), (None, Some(answer::timestamp(START))));
            let kept =
                Record { origin: Origin::Kept { payload: vec![], evidence: Default::default() }, ..kept };
            let kept = record(kept).unwrap();
            assert!(kept.request.is_some() && kept.pruned_time.is_none());
            assert_eq!(
                (pruned.answer, pruned.charges, pruned.caller_proof),
                (kept.answer, kept.charges, wire::CallerProof::Unproven.into())
            );
        }
    }
}
