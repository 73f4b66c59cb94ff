//! Requests as a Co-signer would send them: consistent in themselves, with ids of their own.

use serde_json::{Value, json};

/// The cloud signers that take part in every signature: their presence marks the signing stage.
const PLAYERS: [&str; 2] = ["21926ecc-4a8a-4614-bbac-7c591aa7efdd", "27900737-46f6-4097-a169-d0ff45649ed5"];

/// Where a transfer pays to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `VAULT`, `UNMANAGED`, `ONE_TIME_ADDRESS`.
    pub kind: String,
    /// Account id; empty for a one-time address.
    pub id: String,
    /// Address text.
    pub address: String,
    /// Amount: decimal text in units of the asset.
    pub amount: String,
    /// Value in US dollars, decimal text. `None`: null on the wire.
    pub usd: Option<String>,
}

impl Destination {
    /// A vault account of the same workspace.
    pub fn vault(id: &str, address: &str, amount: &str) -> Self {
        Self::new("VAULT", id, address, amount)
    }

    /// An address that is in no address book.
    pub fn one_time(address: &str, amount: &str) -> Self {
        Self::new("ONE_TIME_ADDRESS", "", address, amount)
    }

    /// A wallet of the workspace's address book.
    pub fn unmanaged(id: &str, address: &str, amount: &str) -> Self {
        Self::new("UNMANAGED", id, address, amount)
    }

    fn new(kind: &str, id: &str, address: &str, amount: &str) -> Self {
        let text = |text: &str| text.to_owned();
        Self { kind: text(kind), id: text(id), address: text(address), amount: text(amount), usd: None }
    }

    /// With a price.
    pub fn usd(mut self, usd: &str) -> Self {
        self.usd = Some(usd.to_owned());
        self
    }

    fn address_type(&self) -> &'static str {
        if self.id.is_empty() { "ONE_TIME" } else { "WHITELISTED" }
    }
}

/// A transfer request. What is not said here is as in the official examples; `rawTx` is absent, as in a workspace
/// where raw data is not enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Echoed by the reply. Equal to `tx_id` unless set otherwise.
    pub request_id: String,
    /// The transaction.
    pub tx_id: String,
    /// API user that would sign.
    pub signer_id: Option<String>,
    /// Asset id.
    pub asset: String,
    /// Vault account that pays.
    pub source: String,
    /// Total: decimal text.
    pub amount: String,
    /// At least one.
    pub destinations: Vec<Destination>,
    /// Signing stage (fee, players, display addresses) or approval stage (none of them).
    pub signing: bool,
}

impl Transfer {
    /// A signing request from vault 0 to one destination, with a fresh id.
    pub fn new(asset: &str, destination: Destination) -> Self {
        let id = fresh_id();
        Self {
            request_id: id.clone(),
            tx_id: id,
            signer_id: None,
            asset: asset.to_owned(),
            source: "0".to_owned(),
            amount: destination.amount.clone(),
            destinations: vec![destination],
            signing: true,
        }
    }

    /// Paid from this vault account.
    pub fn from_vault(mut self, id: &str) -> Self {
        self.source = id.to_owned();
        self
    }

    /// With this transaction and request id.
    pub fn with_id(mut self, id: &str) -> Self {
        (self.request_id, self.tx_id) = (id.to_owned(), id.to_owned());
        self
    }

    /// Asked for this API user.
    pub fn signed_by(mut self, signer_id: &str) -> Self {
        self.signer_id = Some(signer_id.to_owned());
        self
    }

    /// As the approval stage asks: nothing of the signing stage is known yet.
    pub fn at_approval(mut self) -> Self {
        self.signing = false;
        self
    }

    /// The request's fields, for a test to change.
    pub fn fields(&self) -> Value {
        let destination = self.destinations.first();
        let mut fields = json!({
            "txId": self.tx_id,
            "operation": "TRANSFER",
            "sourceType": "VAULT",
            "sourceId": self.source,
            "destType": destination.map(|d| &d.kind),
            "destId": destination.map(|d| &d.id),
            "asset": self.asset,
            "amountStr": self.amount,
            "requestedAmountStr": self.amount,
            "destAddressType": destination.map(Destination::address_type),
            "destAddress": destination.map(|d| &d.address),
            "destinations": self.destinations.iter().map(|d| self.destination(d)).collect::<Vec<_>>(),
            "requestId": self.request_id,
        });
        set(&mut fields, "signerId", self.signer_id.clone().map(Value::from));
        set(&mut fields, "fee", self.signing.then(|| "0.000441".into()));
        set(&mut fields, "players", self.signing.then(|| PLAYERS.into()));
        fields
    }

    /// The payload that a Co-signer signs.
    pub fn payload(&self) -> Vec<u8> {
        self.fields().to_string().into_bytes()
    }

    fn destination(&self, destination: &Destination) -> Value {
        let mut fields = json!({
            "amountNativeStr": destination.amount,
            "amountUSD": destination.usd.as_ref().and_then(|usd| usd.parse::<serde_json::Number>().ok()),
            "dstAddressType": destination.address_type(),
            "dstId": destination.id,
            "dstType": destination.kind,
        });
        let approval_shows_it = destination.kind != "VAULT";
        set(&mut fields, "dstAddress", approval_shows_it.then(|| destination.address.clone().into()));
        set(&mut fields, "displayDstAddress", self.signing.then(|| destination.address.clone().into()));
        fields
    }
}

/// A change of the address book, with a fresh id.
pub fn address_book_change() -> Vec<u8> {
    let change = json!({
        "type": "UNMANAGED_WALLET",
        "extraInfo": {
            "subType": "EXTERNAL",
            "walletName": "counterparty-1",
            "walletId": fresh_id(),
            "asset": "ETH",
            "address": "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8",
            "tag": "",
        },
        "requestId": fresh_id(),
    });
    change.to_string().into_bytes()
}

/// An id that no request had before.
pub fn fresh_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

fn set(fields: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (fields.as_object_mut(), value) {
        object.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosigner::request::{Endpoint, Head};

    const ADDRESS: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";

    fn transfer() -> Transfer {
        Transfer::new("ETH", Destination::vault("1", ADDRESS, "0.3").usd("540.25"))
    }

    #[test]
    fn a_signing_request_is_consistent_and_says_its_stage() {
        insta::assert_snapshot!(transfer().with_id("t-1").signed_by("s-1").fields(), @r#"{"amountStr":"0.3","asset":"ETH","destAddress":"0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8","destAddressType":"WHITELISTED","destId":"1","destType":"VAULT","destinations":[{"amountNativeStr":"0.3","amountUSD":540.25,"displayDstAddress":"0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8","dstAddressType":"WHITELISTED","dstId":"1","dstType":"VAULT"}],"fee":"0.000441","operation":"TRANSFER","players":["21926ecc-4a8a-4614-bbac-7c591aa7efdd","27900737-46f6-4097-a169-d0ff45649ed5"],"requestId":"t-1","requestedAmountStr":"0.3","signerId":"s-1","sourceId":"0","sourceType":"VAULT","txId":"t-1"}"#);
    }

    #[test]
    fn an_approval_request_shows_nothing_of_the_signing_stage() {
        let fields = transfer().at_approval().fields();
        for name in ["fee", "players", "rawTx"] {
            assert!(fields.get(name).is_none(), "{name}");
        }
        assert!(fields["destinations"][0].get("displayDstAddress").is_none());
    }

    #[test]
    fn a_one_time_address_has_no_id() {
        let fields = Transfer::new("BTC", Destination::one_time("1A1z", "1")).at_approval().fields();
        assert_eq!(fields["destId"], "");
        assert_eq!(fields["destAddressType"], "ONE_TIME");
        assert_eq!(fields["destinations"][0]["dstAddress"], "1A1z");
        assert_eq!(fields["destinations"][0]["amountUSD"], Value::Null);
    }

    #[test]
    fn ids_are_fresh_and_requests_find_their_endpoint() {
        assert_ne!(transfer().request_id, transfer().request_id);
        assert_eq!(Head::read(&transfer().payload()).unwrap().endpoint, Endpoint::Transaction);
        assert_eq!(Head::read(&address_book_change()).unwrap().endpoint, Endpoint::ConfigChange);
    }
}
