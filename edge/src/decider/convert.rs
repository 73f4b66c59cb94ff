//! What was decoded, in the words of the contract with the decider. Texts move; nothing is interpreted.

use callback::{ConfigChange, DeclaredDestination, Destination, Peer, RawTransaction, Stage, Transaction};
use proto::decider::v1 as wire;
use sha2::{Digest as _, Sha256};

/// A transaction as the decider is asked about it.
#[must_use]
pub fn transaction(tenant: &str, transaction: Transaction, proof: wire::CallerProof) -> wire::DecideRequest {
    wire::DecideRequest {
        tenant: tenant.to_owned(),
        callback_request_id: transaction.request_id.into(),
        signer_id: transaction.signer_id,
        stage: stage(transaction.stage).into(),
        tx_id: transaction.tx_id,
        external_tx_id: transaction.external_tx_id,
        operation: transaction.operation,
        source: peer(transaction.source),
        declared_destination: declared_destination(transaction.declared_destination),
        asset_id: transaction.asset_id,
        amount: transaction.amount,
        requested_amount: transaction.requested_amount,
        fee: transaction.fee,
        destinations: transaction.destinations.into_iter().map(destination).collect(),
        raw_transactions: transaction.raw_transactions.into_iter().map(raw_transaction).collect(),
        players: transaction.players,
        note: transaction.note,
        extra_parameters_json: transaction.extra_parameters_json,
        unread_fields_json: transaction.unread_fields_json,
        caller_proof: proof.into(),
    }
}

/// A configuration change that came in by `path`, as the decider is asked about it.
#[must_use]
pub fn config_change(
    tenant: &str,
    path: &str,
    change: ConfigChange,
    proof: wire::CallerProof,
) -> wire::DecideConfigChangeRequest {
    let digest = |received: String| Sha256::digest(received).to_vec();
    wire::DecideConfigChangeRequest {
        tenant: tenant.to_owned(),
        path: path.to_owned(),
        callback_request_id: change.request_id.into(),
        r#type: change.kind,
        extra_info_json: change.extra_info_json,
        extra_info_digest: change.extra_info_received.map(digest).unwrap_or_default(),
        caller_proof: proof.into(),
        unread_fields_json: change.unread_fields_json,
    }
}

const fn stage(stage: Stage) -> wire::Stage {
    match stage {
        Stage::Approval => wire::Stage::Approval,
        Stage::Signing => wire::Stage::Signing,
    }
}

fn peer(peer: Peer) -> Option<wire::Peer> {
    (peer != Peer::default()).then_some(wire::Peer { r#type: peer.kind, id: peer.id, subtype: peer.subtype })
}

fn declared_destination(declared: DeclaredDestination) -> Option<wire::DeclaredDestination> {
    (declared != DeclaredDestination::default()).then(|| wire::DeclaredDestination {
        peer: peer(declared.peer),
        address: declared.address,
        address_type: declared.address_type,
    })
}

fn destination(destination: Destination) -> wire::Destination {
    wire::Destination {
        peer: peer(destination.peer),
        amount: destination.amount,
        amount_usd: destination.amount_usd,
        address: destination.address,
        display_address: destination.display_address,
        // No known field of the callback carries a tag (callback protocol, section 4.1).
        tag: None,
        address_type: destination.address_type,
        name: destination.name,
    }
}

fn raw_transaction(raw: RawTransaction) -> wire::RawTransaction {
    wire::RawTransaction { key_derivation_path: raw.key_derivation_path, raw: raw.raw, payload: raw.payload }
}

#[cfg(test)]
mod tests {
    use callback::{Bounds, decode_config_change, decode_transaction};

    use super::*;

    /// Every field that is read, each with a value of its own, is found again where the contract has it.
    #[test]
    fn every_field_arrives() {
        let json = r#"{"requestId":"r","signerId":"s","txId":"t","externalTxId":"e","operation":"o",
            "sourceType":"st","sourceId":"si","destType":"dt","destId":"di","destAddress":"da","destAddressType":"dat",
            "asset":"a","amountStr":"1","requestedAmountStr":"2","fee":"3","note":"n","players":["p1","p2"],
            "destinations":[{"dstType":"xt","dstId":"xi","dstSubType":"xs","amountNativeStr":"4","amountUSD":5.0,
              "dstAddress":"xa","displayDstAddress":"xd","dstAddressType":"xat","dstName":"xn"},{"dstId":"second"}],
            "rawTx":[{"keyDerivationPath":"k","rawTx":"02","payload":"77"}],
            "extraParameters":{"contractCallData":"0x"},"amlInfo":1}"#;
        let some = |text: &str| Some(text.to_owned());
        let of = |kind, id, subtype| Some(wire::Peer { r#type: some(kind), id: some(id), subtype });
        let expected = wire::DecideRequest {
            tenant: "acme".to_owned(),
            callback_request_id: "r".to_owned(),
            signer_id: some("s"),
            stage: wire::Stage::Signing.into(),
            tx_id: some("t"),
            external_tx_id: some("e"),
            operation: some("o"),
            source: of("st", "si", None),
            declared_destination: Some(wire::DeclaredDestination {
                peer: of("dt", "di", None),
                address: some("da"),
                address_type: some("dat"),
            }),
            asset_id: some("a"),
            amount: some("1"),
            requested_amount: some("2"),
            fee: some("3"),
            destinations: vec![
                wire::Destination {
                    peer: of("xt", "xi", some("xs")),
                    amount: some("4"),
                    amount_usd: some("5.0"),
                    address: some("xa"),
                    display_address: some("xd"),
                    tag: None,
                    address_type: some("xat"),
                    name: some("xn"),
                },
                wire::Destination {
                    peer: Some(wire::Peer { r#type: None, id: some("second"), subtype: None }),
                    ..wire::Destination::default()
                },
            ],
            raw_transactions: vec![wire::RawTransaction {
                key_derivation_path: some("k"),
                raw: some("02"),
                payload: some("77"),
            }],
            players: vec!["p1".to_owned(), "p2".to_owned()],
            note: some("n"),
            extra_parameters_json: some(r#"{"contractCallData":"0x"}"#),
            unread_fields_json: some(r#"{"amlInfo":1}"#),
            caller_proof: wire::CallerProof::Unproven.into(),
        };
        let decoded = decode_transaction(json.as_bytes(), &Bounds::default()).expect("well-formed");
        assert_eq!(transaction("acme", decoded, wire::CallerProof::Unproven), expected);
    }

    #[test]
    fn what_is_missing_stays_missing() {
        let decoded = decode_transaction(br#"{"requestId":"r","destinations":[{}]}"#, &Bounds::default())
            .expect("well-formed");
        let expected = wire::DecideRequest {
            tenant: "acme".to_owned(),
            callback_request_id: "r".to_owned(),
            stage: wire::Stage::Approval.into(),
            destinations: vec![wire::Destination::default()],
            caller_proof: wire::CallerProof::CosignerSignature.into(),
            ..wire::DecideRequest::default()
        };
        assert_eq!(transaction("acme", decoded, wire::CallerProof::CosignerSignature), expected);
    }

    #[test]
    fn a_configuration_change_carries_the_digest_of_what_was_received() {
        let json = br#"{"requestId":"r","type":"EXCHANGE","extraInfo":{"apiKey":"k"},"by":"admin"}"#;
        let proof = wire::CallerProof::Unproven;
        let change = config_change(
            "acme",
            "/hot",
            decode_config_change(json, &Bounds::default()).expect("well-formed"),
            proof,
        );
        assert_eq!(change.caller_proof(), proof);
        assert_eq!(change.extra_info_json.as_deref(), Some(r#"{"apiKey":""}"#));
        assert_eq!(change.extra_info_digest, Sha256::digest(br#"{"apiKey":"k"}"#).to_vec());
        assert_eq!(change.unread_fields_json.as_deref(), Some(r#"{"by":"admin"}"#));
        assert_eq!((change.path.as_str(), change.r#type.as_deref()), ("/hot", Some("EXCHANGE")));
        let bare = decode_config_change(br#"{"requestId":"r"}"#, &Bounds::default()).expect("well-formed");
        assert!(config_change("acme", "", bare, proof).extra_info_digest.is_empty());
    }
}
