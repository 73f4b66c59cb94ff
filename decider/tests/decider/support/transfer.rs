//! A request that most tests begin with.

use proto::decider::v1 as wire;

/// A transfer of ETH from vault 0 to vault 1 that the policy allows.
pub fn transfer(id: &str, amount: &str) -> wire::DecideRequest {
    let vault =
        |id: &str| wire::Peer { r#type: Some("VAULT".into()), id: Some(id.into()), ..Default::default() };
    wire::DecideRequest {
        tenant: "default".into(),
        callback_request_id: id.into(),
        signer_id: Some("signer".into()),
        tx_id: Some(id.into()),
        operation: Some("TRANSFER".into()),
        source: Some(vault("0")),
        asset_id: Some("ETH".into()),
        amount: Some(amount.into()),
        requested_amount: Some(amount.into()),
        destinations: vec![wire::Destination {
            peer: Some(vault("1")),
            amount: Some(amount.into()),
            ..Default::default()
        }],
        ..Default::default()
    }
}
