//! Which field of the payload becomes what.

use super::shape::{DeclaredDestination, Destination, Peer, RawTransaction, Transaction};
use crate::{bounds::*, members::Members, refusal::Refusal, stage::Stage, strict};

pub(super) fn transaction(bytes: &[u8]) -> Result<Transaction, Refusal> {
    let mut members = strict::object(bytes)?;
    let evidence = has_evidence(&members);
    let destinations = members.objects("destinations", MAX_DESTINATIONS, destination)?;
    let displayed = destinations.iter().any(|destination| destination.display_address.is_some());
    let mut transaction = Transaction {
        request_id: members.request_id()?,
        stage: if evidence || displayed { Stage::Signing } else { Stage::Approval },
        signer_id: members.text("signerId", MAX_ID_BYTES)?,
        tx_id: members.text("txId", MAX_ID_BYTES)?,
        external_tx_id: members.text("externalTxId", MAX_LABEL_BYTES)?,
        operation: members.text("operation", MAX_WORD_BYTES)?,
        source: peer(&mut members, "sourceType", "sourceId", None)?,
        declared_destination: declared_destination(&mut members)?,
        asset_id: members.text("asset", MAX_WORD_BYTES)?,
        amount: members.text("amountStr", MAX_NUMBER_BYTES)?,
        requested_amount: members.text("requestedAmountStr", MAX_NUMBER_BYTES)?,
        fee: members.text("fee", MAX_NUMBER_BYTES)?,
        destinations,
        raw_transactions: members.objects("rawTx", MAX_RAW_TRANSACTIONS, raw_transaction)?,
        players: members.texts("players", MAX_PLAYERS, MAX_PLAYER_BYTES)?,
        note: members.text("note", MAX_NOTE_BYTES)?,
        extra_parameters_json: members.object_text("extraParameters", MAX_EXTRA_BYTES)?.map(str::to_owned),
        unread_fields_json: None,
    };
    transaction.unread_fields_json = unread(members)?;
    Ok(transaction)
}

fn unread(members: Members<'_>) -> Result<Option<String>, Refusal> {
    match members.into_unread() {
        Some(json) if json.len() > MAX_UNREAD_BYTES => {
            Err(Refusal::new("", format!("the fields that are not read exceed {MAX_UNREAD_BYTES} bytes")))
        }
        unread => Ok(unread),
    }
}

fn peer(members: &mut Members<'_>, kind: &str, id: &str, subtype: Option<&str>) -> Result<Peer, Refusal> {
    Ok(Peer {
        kind: members.text(kind, MAX_WORD_BYTES)?,
        id: members.text(id, MAX_ID_BYTES)?,
        subtype: subtype.map_or(Ok(None), |subtype| members.text(subtype, MAX_WORD_BYTES))?,
    })
}

fn declared_destination(members: &mut Members<'_>) -> Result<DeclaredDestination, Refusal> {
    Ok(DeclaredDestination {
        peer: peer(members, "destType", "destId", None)?,
        address: members.text("destAddress", MAX_ADDRESS_BYTES)?,
        address_type: members.text("destAddressType", MAX_WORD_BYTES)?,
    })
}

fn destination(members: &mut Members<'_>) -> Result<Destination, Refusal> {
    Ok(Destination {
        peer: peer(members, "dstType", "dstId", Some("dstSubType"))?,
        amount: members.text("amountNativeStr", MAX_NUMBER_BYTES)?,
        amount_usd: members.number("amountUSD", MAX_NUMBER_BYTES)?,
        address: members.text("dstAddress", MAX_ADDRESS_BYTES)?,
        display_address: members.text("displayDstAddress", MAX_ADDRESS_BYTES)?,
        address_type: members.text("dstAddressType", MAX_WORD_BYTES)?,
        name: members.text("dstName", MAX_LABEL_BYTES)?,
    })
}

fn raw_transaction(members: &mut Members<'_>) -> Result<RawTransaction, Refusal> {
    Ok(RawTransaction {
        key_derivation_path: members.text("keyDerivationPath", MAX_DERIVATION_PATH_BYTES)?,
        raw: members.text("rawTx", MAX_RAW_TRANSACTION_BYTES)?,
        payload: members.text("payload", MAX_RAW_PAYLOAD_BYTES)?,
    })
}

/// Fields that only a signing request has: present with any value but null, an empty list included
/// (callback protocol, section 4.4). `displayDstAddress` belongs to a destination; at the top level it would
/// still be a sign of signing.
fn has_evidence(members: &Members<'_>) -> bool {
    ["rawTx", "players", "fee", "displayDstAddress"].iter().any(|name| members.has(name))
}

/// The stage of a payload that is otherwise unusable: signing, unless nothing in it says so.
pub(super) fn readable_stage(bytes: &[u8]) -> Stage {
    let approval = || {
        let mut members = Members::parse(std::str::from_utf8(bytes).ok()?, "").ok()?;
        let displays = members
            .objects("destinations", MAX_DESTINATIONS, |entry| Ok(entry.has("displayDstAddress")))
            .ok()?;
        (!has_evidence(&members) && !displays.contains(&true)).then_some(Stage::Approval)
    };
    approval().unwrap_or(Stage::Signing)
}
