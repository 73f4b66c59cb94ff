//! What of a request breaks the contract: too long, too many, or missing where it must not be.

use std::fmt::Display;

use policy::tenant::is_plain;
use proto::decider::v1 as wire;

use super::bounds::{
    MAX_AMOUNT_BYTES, MAX_DATA_BYTES, MAX_DESTINATIONS, MAX_ID_BYTES, MAX_LABEL_BYTES, MAX_NOTE_BYTES,
    MAX_PLAYERS, MAX_RAW_TRANSACTIONS, MAX_TENANT_BYTES, MAX_UNREAD_BYTES, MAX_WORD_BYTES,
};
use super::violations::Violations;

/// Every text and list of a transaction.
pub fn check_transaction(violations: &mut Violations, request: &wire::DecideRequest) {
    check_tenant(violations, &request.tenant);
    violations.required_at_most("callback_request_id", &request.callback_request_id, MAX_ID_BYTES);
    violations.optional_at_most("signer_id", request.signer_id.as_ref(), MAX_ID_BYTES);
    violations.optional_at_most("tx_id", request.tx_id.as_ref(), MAX_ID_BYTES);
    violations.optional_at_most("external_tx_id", request.external_tx_id.as_ref(), MAX_LABEL_BYTES);
    violations.optional_at_most("operation", request.operation.as_ref(), MAX_WORD_BYTES);
    check_peer(violations, "source", request.source.as_ref());
    check_declared(violations, request.declared_destination.as_ref());
    violations.optional_at_most("asset_id", request.asset_id.as_ref(), MAX_WORD_BYTES);
    violations.optional_at_most("amount", request.amount.as_ref(), MAX_AMOUNT_BYTES);
    violations.optional_at_most("requested_amount", request.requested_amount.as_ref(), MAX_AMOUNT_BYTES);
    violations.optional_at_most("fee", request.fee.as_ref(), MAX_AMOUNT_BYTES);
    check_lists(violations, request);
    violations.optional_at_most("note", request.note.as_ref(), MAX_NOTE_BYTES);
    violations.optional_at_most(
        "extra_parameters_json",
        request.extra_parameters_json.as_ref(),
        MAX_DATA_BYTES,
    );
    violations.optional_at_most("unread_fields_json", request.unread_fields_json.as_ref(), MAX_UNREAD_BYTES);
}

fn check_lists(violations: &mut Violations, request: &wire::DecideRequest) {
    violations.count_at_most("destinations", request.destinations.len(), MAX_DESTINATIONS);
    for (index, destination) in request.destinations.iter().take(MAX_DESTINATIONS).enumerate() {
        check_destination(violations, format_args!("destinations[{index}]"), destination);
    }
    violations.count_at_most("raw_transactions", request.raw_transactions.len(), MAX_RAW_TRANSACTIONS);
    for (index, raw) in request.raw_transactions.iter().take(MAX_RAW_TRANSACTIONS).enumerate() {
        check_raw_transaction(violations, format_args!("raw_transactions[{index}]"), raw);
    }
    violations.count_at_most("players", request.players.len(), MAX_PLAYERS);
    for (index, player) in request.players.iter().take(MAX_PLAYERS).enumerate() {
        violations.at_most(format_args!("players[{index}]"), player, MAX_WORD_BYTES);
    }
}

/// A tenant is a short plain word.
pub fn check_tenant(violations: &mut Violations, tenant: &str) {
    violations.required_at_most("tenant", tenant, MAX_TENANT_BYTES);
    if !is_plain(tenant) {
        violations.add("tenant", "has characters other than a-z, 0-9, \"-\" and \"_\"");
    }
}

fn check_peer(violations: &mut Violations, place: impl Display + Copy, peer: Option<&wire::Peer>) {
    let Some(peer) = peer else { return };
    violations.optional_at_most(format_args!("{place}.type"), peer.r#type.as_ref(), MAX_WORD_BYTES);
    violations.optional_at_most(format_args!("{place}.id"), peer.id.as_ref(), MAX_ID_BYTES);
    violations.optional_at_most(format_args!("{place}.subtype"), peer.subtype.as_ref(), MAX_WORD_BYTES);
}

fn check_declared(violations: &mut Violations, declared: Option<&wire::DeclaredDestination>) {
    let Some(declared) = declared else { return };
    check_peer(violations, "declared_destination.peer", declared.peer.as_ref());
    violations.optional_at_most("declared_destination.address", declared.address.as_ref(), MAX_ID_BYTES);
    violations.optional_at_most(
        "declared_destination.address_type",
        declared.address_type.as_ref(),
        MAX_WORD_BYTES,
    );
}

fn check_destination(
    violations: &mut Violations,
    place: impl Display + Copy,
    destination: &wire::Destination,
) {
    check_peer(violations, format_args!("{place}.peer"), destination.peer.as_ref());
    let fields = [
        ("amount", &destination.amount, MAX_AMOUNT_BYTES),
        ("amount_usd", &destination.amount_usd, MAX_AMOUNT_BYTES),
        ("address", &destination.address, MAX_ID_BYTES),
        ("display_address", &destination.display_address, MAX_ID_BYTES),
        ("tag", &destination.tag, MAX_ID_BYTES),
        ("address_type", &destination.address_type, MAX_WORD_BYTES),
        ("name", &destination.name, MAX_LABEL_BYTES),
    ];
    for (name, text, max_bytes) in fields {
        violations.optional_at_most(format_args!("{place}.{name}"), text.as_ref(), max_bytes);
    }
}

fn check_raw_transaction(
    violations: &mut Violations,
    place: impl Display + Copy,
    raw: &wire::RawTransaction,
) {
    let fields = [
        ("key_derivation_path", &raw.key_derivation_path, MAX_ID_BYTES),
        ("raw", &raw.raw, MAX_DATA_BYTES),
        ("payload", &raw.payload, MAX_DATA_BYTES),
    ];
    for (name, text, max_bytes) in fields {
        violations.optional_at_most(format_args!("{place}.{name}"), text.as_ref(), max_bytes);
    }
}
