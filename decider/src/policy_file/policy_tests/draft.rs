//! The request of a test as it is written: what is left out is taken from what it is like.

mod reading;

use std::collections::BTreeSet;

use policy::applicability::raw_transaction_applies;
use policy::document::Policy;
use policy::prices::Prices;
use policy::raw_transaction::made_up;
use policy::request::{
    AccountText, CallerProof, DeclaredDestination, DestinationText, RawTransactionText, Request, Stage,
};
use policy::time::Time;
use serde_json::json;

pub use reading::Past;

use super::prices::Table;
use crate::yaml::{Node, Reader};

/// What can be said of a request.
pub const REQUEST_FIELDS: [&str; 22] = [
    "like",
    "without",
    "signer",
    "stage",
    "operation",
    "source",
    "asset",
    "amount",
    "requested_amount",
    "amount_usd",
    "prices",
    "to",
    "fee",
    "note",
    "external_tx_id",
    "call_data",
    "messages",
    "raw_transactions",
    "tenant",
    "caller_proof",
    "tx_id",
    "request_id",
];
/// What of it is said of one request alone: which it is, and what it is like.
pub const OWN_FIELDS: [&str; 4] = ["like", "without", "tx_id", "request_id"];

/// What is said of a request. `None` is left out.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What it is like where it says nothing; without it that is the test's own request.
    like: Option<Box<Self>>,
    /// What it leaves out of what it is like, by field.
    without: BTreeSet<String>,
    signer: Option<String>,
    stage: Option<Stage>,
    operation: Option<String>,
    source: Option<AccountText>,
    asset: Option<String>,
    amount: Option<String>,
    requested_amount: Option<String>,
    amount_usd: Option<String>,
    prices: Option<Table>,
    to: Option<Vec<DestinationText>>,
    fee: Option<String>,
    note: Option<String>,
    external_tx_id: Option<String>,
    call_data: Option<String>,
    messages: Option<Vec<String>>,
    raw_transactions: Option<Vec<RawTransactionText>>,
    tenant: Option<String>,
    caller_proof: Option<CallerProof>,
    tx_id: Option<String>,
    request_id: Option<String>,
}

impl Draft {
    /// Its stage: the one at which nothing is left to anybody, where none is named.
    pub fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Signing)
    }

    /// The same, with what it leaves out taken from what it is like, or else from another; but a transaction of its
    /// own.
    pub fn over(mut self, base: &Self) -> Self {
        let like = self.like.take();
        let base = like.as_deref().unwrap_or(base).clone().lacking(&self.without);
        let signing = self.evidence_of_signing().next().map(|_| Stage::Signing);
        let stage = self.stage.or(signing).or(base.stage);
        let at_signing = stage != Some(Stage::Approval);
        Self {
            like: None,
            without: BTreeSet::new(),
            stage,
            signer: self.signer.or(base.signer),
            operation: self.operation.or(base.operation),
            source: self.source.or(base.source),
            asset: self.asset.or(base.asset),
            requested_amount: self
                .requested_amount
                .or(base.requested_amount.filter(|_| self.amount.is_none())),
            amount: self.amount.or(base.amount),
            amount_usd: self.amount_usd.or(base.amount_usd),
            prices: self.prices.or(base.prices),
            to: self.to.or(base.to),
            fee: self.fee.or(base.fee.filter(|_| at_signing)),
            note: self.note.or(base.note),
            external_tx_id: self.external_tx_id.or(base.external_tx_id),
            call_data: self.call_data.or(base.call_data),
            messages: self.messages.or(base.messages),
            raw_transactions: self.raw_transactions.or(base.raw_transactions.filter(|_| at_signing)),
            tenant: self.tenant.or(base.tenant),
            caller_proof: self.caller_proof.or(base.caller_proof),
            tx_id: self.tx_id,
            request_id: self.request_id,
        }
    }

    /// The fields of it that are there at signing alone.
    fn evidence_of_signing(&self) -> impl Iterator<Item = &'static str> {
        let shown = |to: &Vec<DestinationText>| to.iter().any(|each| each.display_address.is_some());
        let evidence = [
            ("fee", self.fee.is_some()),
            ("raw_transactions", self.raw_transactions.as_ref().is_some_and(|raw| !raw.is_empty())),
            ("to", self.to.as_ref().is_some_and(shown)),
        ];
        evidence.into_iter().filter_map(|(name, is_there)| is_there.then_some(name))
    }

    /// The same without some of its fields.
    fn lacking(self, fields: &BTreeSet<String>) -> Self {
        fn keep<T>(name: &str, value: Option<T>, fields: &BTreeSet<String>) -> Option<T> {
            value.filter(|_| !fields.contains(name))
        }
        Self {
            signer: keep("signer", self.signer, fields),
            stage: keep("stage", self.stage, fields),
            operation: keep("operation", self.operation, fields),
            source: keep("source", self.source, fields),
            asset: keep("asset", self.asset, fields),
            amount: keep("amount", self.amount, fields),
            requested_amount: keep("requested_amount", self.requested_amount, fields),
            amount_usd: keep("amount_usd", self.amount_usd, fields),
            prices: keep("prices", self.prices, fields),
            to: keep("to", self.to, fields),
            fee: keep("fee", self.fee, fields),
            note: keep("note", self.note, fields),
            external_tx_id: keep("external_tx_id", self.external_tx_id, fields),
            call_data: keep("call_data", self.call_data, fields),
            messages: keep("messages", self.messages, fields),
            raw_transactions: keep("raw_transactions", self.raw_transactions, fields),
            tenant: keep("tenant", self.tenant, fields),
            caller_proof: keep("caller_proof", self.caller_proof, fields),
            ..self
        }
    }

    /// The request as it would reach the decider; `id` is that of its transaction where none is given.
    pub fn request(&self, reader: &mut Reader<'_>, node: &Node, policy: &Policy, id: &str) -> Request {
        let tx_id = self.tx_id.clone().unwrap_or_else(|| id.to_owned());
        Request {
            tenant: self.tenant.clone().unwrap_or_else(|| "default".into()),
            caller_proof: self.caller_proof,
            callback_request_id: self.request_id.clone().unwrap_or_else(|| tx_id.clone()),
            signer: self.signer.clone(),
            stage: self.stage(),
            tx_id: Some(tx_id),
            external_tx_id: self.external_tx_id.clone(),
            operation: Some(self.operation.clone().unwrap_or_else(|| policy::vocabulary::TRANSFER.into())),
            source: self.source.clone().unwrap_or_default(),
            declared: DeclaredDestination::default(),
            asset: self.asset.clone(),
            amount: self.amount.clone(),
            requested_amount: self.requested_amount.clone().or_else(|| self.amount.clone()),
            fee: self.fee.clone(),
            destinations: self.destinations(reader, node),
            raw_transactions: self.raw_transactions.clone().unwrap_or_else(|| self.made_up(policy)),
            note: self.note.clone(),
            extra_parameters: self.extra_parameters(),
        }
    }

    /// The price table when it is asked.
    pub fn prices(&self, at: Time) -> Prices {
        self.prices.as_ref().map_or(Prices::NONE, |table| table.at(at))
    }

    /// One destination gets what the request says of the whole.
    fn destinations(&self, reader: &mut Reader<'_>, node: &Node) -> Vec<DestinationText> {
        let mut destinations = self.to.clone().unwrap_or_default();
        match destinations.as_mut_slice() {
            [only] => {
                only.amount = only.amount.take().or_else(|| self.amount.clone());
                only.amount_usd = only.amount_usd.take().or_else(|| self.amount_usd.clone());
            }
            several => {
                let unstated = several.iter().any(|each| each.amount.is_none()) && self.amount.is_some();
                if several.len() > 1 && (unstated || self.amount_usd.is_some()) {
                    let message = "several destinations: write amount and amount_usd at each of them, amount at the request, too, and no amount_usd there";
                    reader.mistake(node.at, message);
                }
            }
        }
        destinations
    }

    fn made_up(&self, policy: &Policy) -> Vec<RawTransactionText> {
        let asset = self.asset.as_ref().and_then(|id| policy.assets.get(id));
        let required = policy.raw_transactions_required && raw_transaction_applies(self.stage());
        asset.filter(|_| required).map(|asset| made_up(asset.chain)).into_iter().collect()
    }

    fn extra_parameters(&self) -> Option<String> {
        let mut extra = serde_json::Map::new();
        if let Some(data) = &self.call_data {
            extra.insert("contractCallData".into(), json!(data));
        }
        if let Some(types) = &self.messages {
            let messages: Vec<_> = types.iter().map(|kind| json!({"type": kind})).collect();
            extra.insert("rawMessageData".into(), json!({"messages": messages}));
        }
        (!extra.is_empty()).then(|| serde_json::Value::Object(extra).to_string())
    }
}
