//! Which field of the payload becomes what.

use super::shape::{DeclaredDestination, Destination, Peer, RawTransaction, Transaction};
use crate::{
    blank, bounds::Bounds, members::Members, plain_number::plain, refusal::Refusal, stage::Stage, strict,
};

pub(super) fn transaction(bytes: &[u8], bounds: &Bounds) -> Result<Transaction, Refusal> {
    let mut members = strict::object(bytes, bounds.max_depth)?;
    let evidence = has_evidence(&members);
    let destinations =
        members.objects("destinations", bounds.max_destinations, |entry| destination(entry, bounds))?;
    let displayed = destinations.iter().any(|destination| destination.display_address.is_some());
    let shown = members.text("displayDstAddress", bounds.max_address_bytes)?;
    let mut transaction = Transaction {
        request_id: members.request_id()?,
        stage: if evidence || displayed { Stage::Signing } else { Stage::Approval },
        signer_id: members.text("signerId", bounds.max_id_bytes)?,
        tx_id: members.text("txId", bounds.max_id_bytes)?,
        external_tx_id: members.text("externalTxId", bounds.max_label_bytes)?,
        operation: members.text("operation", bounds.max_word_bytes)?,
        source: peer(&mut members, bounds, "sourceType", "sourceId", None)?,
        declared_destination: declared_destination(&mut members, bounds)?,
        asset_id: members.text("asset", bounds.max_word_bytes)?,
        amount: members.text("amountStr", bounds.max_number_bytes)?,
        requested_amount: members.text("requestedAmountStr", bounds.max_number_bytes)?,
        fee: members.text("fee", bounds.max_number_bytes)?,
        destinations,
        raw_transactions: members
            .objects("rawTx", bounds.max_raw_transactions, |entry| raw_transaction(entry, bounds))?,
        players: members.texts("players", bounds.max_players, bounds.max_player_bytes)?,
        note: members.text("note", bounds.max_note_bytes)?,
        extra_parameters_json: members
            .object_text("extraParameters", bounds.max_extra_bytes)?
            .map(str::to_owned),
        unread_fields_json: None,
    };
    let says_something = |shown: &String| !shown.is_empty();
    shown.filter(says_something).map_or(Ok(()), |shown| show(&mut transaction, &shown))?;
    transaction.unread_fields_json = blank::unread(members, bounds.max_unread_bytes)?;
    Ok(transaction)
}

/// An address that the top level shows is that of the one destination, or of the declared one: where that place is free
/// it is held against the others there, by what it means.
fn show(transaction: &mut Transaction, shown: &str) -> Result<(), Refusal> {
    let only = match transaction.destinations.as_mut_slice() {
        [only] => Some(&mut only.display_address),
        _ => None,
    };
    let places = only.into_iter().chain([&mut transaction.declared_destination.address]);
    for place in places {
        if place.get_or_insert_with(|| shown.to_owned()) == shown {
            return Ok(());
        }
    }
    Err(Refusal::new("displayDstAddress", "contradicts the address of the destination"))
}

fn peer(
    members: &mut Members<'_>,
    bounds: &Bounds,
    kind: &str,
    id: &str,
    subtype: Option<&str>,
) -> Result<Peer, Refusal> {
    Ok(Peer {
        kind: members.text(kind, bounds.max_word_bytes)?,
        id: members.text(id, bounds.max_id_bytes)?,
        subtype: subtype.map_or(Ok(None), |subtype| members.text(subtype, bounds.max_word_bytes))?,
    })
}

fn declared_destination(members: &mut Members<'_>, bounds: &Bounds) -> Result<DeclaredDestination, Refusal> {
    Ok(DeclaredDestination {
        peer: peer(members, bounds, "destType", "destId", None)?,
        address: members.text("destAddress", bounds.max_address_bytes)?,
        address_type: members.text("destAddressType", bounds.max_word_bytes)?,
    })
}

fn destination(members: &mut Members<'_>, bounds: &Bounds) -> Result<Destination, Refusal> {
    Ok(Destination {
        peer: peer(members, bounds, "dstType", "dstId", Some("dstSubType"))?,
        amount: members.text("amountNativeStr", bounds.max_number_bytes)?,
        amount_usd: members
            .number("amountUSD", bounds.max_number_bytes)?
            .map(|number| plain(number, bounds.max_number_bytes)),
        address: members.text("dstAddress", bounds.max_address_bytes)?,
        display_address: members.text("displayDstAddress", bounds.max_address_bytes)?,
        address_type: members.text("dstAddressType", bounds.max_word_bytes)?,
        name: members.text("dstName", bounds.max_label_bytes)?,
    })
}

fn raw_transaction(members: &mut Members<'_>, bounds: &Bounds) -> Result<RawTransaction, Refusal> {
    Ok(RawTransaction {
        key_derivation_path: members.text("keyDerivationPath", bounds.max_derivation_path_bytes)?,
        raw: members.text("rawTx", bounds.max_raw_transaction_bytes)?,
        payload: members.text("payload", bounds.max_raw_payload_bytes)?,
    })
}

/// Fields that only a signing request has: present with any value but null, an empty list included
/// (callback protocol, section 4.4). `displayDstAddress` belongs to a destination; at the top level it is
/// as much a sign of signing.
fn has_evidence(members: &Members<'_>) -> bool {
    ["rawTx", "players", "fee", "displayDstAddress"].iter().any(|name| members.has(name))
}
