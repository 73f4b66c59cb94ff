//! From the wire to the domain. A breach of the contract is an error; a bad value is content, and stays as it
//! was written for the evaluation to deny.

use policy::config_change::ConfigChange;
use policy::request::{
    AccountText, CallerProof, DeclaredDestination, DestinationText, RawTransactionText, Request, Stage,
};
use proto::decider::v1 as wire;

use super::bounds::{DIGEST_BYTES, MAX_DATA_BYTES, MAX_ID_BYTES, MAX_UNREAD_BYTES, MAX_WORD_BYTES};
use super::breaches::{check_tenant, check_transaction};
use super::violations::Violations;
use crate::store::Lookup;

/// A transaction.
///
/// # Errors
/// Every breach of the contract.
pub fn transaction(request: wire::DecideRequest) -> Result<Request, Violations> {
    let mut violations = Violations::default();
    check_transaction(&mut violations, &request);
    let stage = stage(&mut violations, &request);
    let caller_proof = caller_proof(&mut violations, request.caller_proof);
    violations.note_tenant(&request.tenant);
    violations.finish(Request {
        stage,
        tenant: request.tenant,
        caller_proof,
        callback_request_id: request.callback_request_id,
        signer: request.signer_id,
        tx_id: request.tx_id,
        external_tx_id: request.external_tx_id,
        operation: request.operation,
        source: account(request.source),
        declared: declared(request.declared_destination),
        asset: request.asset_id,
        amount: request.amount,
        requested_amount: request.requested_amount,
        fee: request.fee,
        destinations: request.destinations.into_iter().map(destination).collect(),
        raw_transactions: request.raw_transactions.into_iter().map(raw_transaction).collect(),
        note: request.note,
        extra_parameters: request.extra_parameters_json,
    })
}

/// A configuration change.
///
/// # Errors
/// Every breach of the contract.
pub fn config_change(request: wire::DecideConfigChangeRequest) -> Result<ConfigChange, Violations> {
    let mut violations = Violations::default();
    check_tenant(&mut violations, &request.tenant);
    violations.at_most("path", &request.path, MAX_ID_BYTES);
    violations.required_at_most("callback_request_id", &request.callback_request_id, MAX_ID_BYTES);
    violations.optional_at_most("type", request.r#type.as_ref(), MAX_WORD_BYTES);
    violations.optional_at_most("extra_info_json", request.extra_info_json.as_ref(), MAX_DATA_BYTES);
    let unread = request.unread_fields_json.as_ref();
    violations.optional_at_most("unread_fields_json", unread, MAX_UNREAD_BYTES);
    let caller_proof = caller_proof(&mut violations, request.caller_proof);
    let digest = request.extra_info_digest;
    if !digest.is_empty() && digest.len() != DIGEST_BYTES {
        violations.add("extra_info_digest", format!("has {} bytes: {DIGEST_BYTES}, or none", digest.len()));
    }
    violations.note_tenant(&request.tenant);
    violations.finish(ConfigChange {
        tenant: request.tenant,
        caller_proof,
        path: request.path,
        callback_request_id: request.callback_request_id,
        kind: request.r#type,
        details: digest,
        details_json: request.extra_info_json,
    })
}

/// Whose record, and which.
///
/// # Errors
/// Every breach of the contract.
pub fn lookup(request: wire::GetDecisionRequest) -> Result<(String, Lookup), Violations> {
    let mut violations = Violations::default();
    check_tenant(&mut violations, &request.tenant);
    violations.at_most("decision_id", &request.decision_id, MAX_ID_BYTES);
    violations.at_most("callback_request_id", &request.callback_request_id, MAX_ID_BYTES);
    if request.decision_id.is_empty() && request.callback_request_id.is_empty() {
        violations.add("decision_id", "is required where callback_request_id is empty");
    }
    violations.note_tenant(&request.tenant);
    let lookup = if request.decision_id.is_empty() {
        Lookup::RequestId(request.callback_request_id)
    } else {
        Lookup::Id(request.decision_id)
    };
    violations.finish((request.tenant, lookup))
}

/// Evidence of signing wins over what the caller says; the other way round the caller is believed (decision
/// model, the table of words).
fn stage(violations: &mut Violations, request: &wire::DecideRequest) -> Stage {
    let evidence = !request.raw_transactions.is_empty()
        || !request.players.is_empty()
        || request.fee.is_some()
        || request.destinations.iter().any(|destination| destination.display_address.is_some());
    match wire::Stage::try_from(request.stage) {
        Ok(wire::Stage::Signing) => Stage::Signing,
        Ok(wire::Stage::Approval | wire::Stage::Unspecified) if !evidence => Stage::Approval,
        Ok(wire::Stage::Approval | wire::Stage::Unspecified) => Stage::Signing,
        Err(_) => {
            violations.add("stage", format!("{} is not a stage of this version", request.stage));
            Stage::Signing
        }
    }
}

/// What was proven of the caller. One that would be taken for something else is not taken.
fn caller_proof(violations: &mut Violations, number: i32) -> Option<CallerProof> {
    match wire::CallerProof::try_from(number) {
        Ok(wire::CallerProof::Unspecified) => None,
        Ok(wire::CallerProof::CosignerSignature) => Some(CallerProof::CosignerSignature),
        Ok(wire::CallerProof::Unproven) => Some(CallerProof::Unproven),
        Err(_) => {
            violations.add("caller_proof", format!("{number} is not a caller_proof of this version"));
            None
        }
    }
}

fn account(peer: Option<wire::Peer>) -> AccountText {
    let peer = peer.unwrap_or_default();
    AccountText { kind: peer.r#type, id: peer.id, subtype: peer.subtype }
}

fn declared(declared: Option<wire::DeclaredDestination>) -> DeclaredDestination {
    let wire::DeclaredDestination { peer, address, address_type } = declared.unwrap_or_default();
    DeclaredDestination { account: account(peer), address, address_type }
}

fn destination(destination: wire::Destination) -> DestinationText {
    DestinationText {
        account: account(destination.peer),
        amount: destination.amount,
        amount_usd: destination.amount_usd,
        address: destination.address,
        display_address: destination.display_address,
        tag: destination.tag,
        address_type: destination.address_type,
    }
}

fn raw_transaction(raw: wire::RawTransaction) -> RawTransactionText {
    RawTransactionText { raw: raw.raw, payload: raw.payload }
}

#[cfg(test)]
mod tests;
