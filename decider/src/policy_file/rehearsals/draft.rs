//! The request of a test as it is written: what is left out of a history is taken from the test's own request.

use policy::applicability::raw_transaction_applies;
use policy::document::Policy;
use policy::raw_transaction::made_up;
use policy::request::{
    AccountText, DeclaredDestination, DestinationText, RawTransactionText, Request, Stage,
};
use serde_json::json;

use super::destination::{read_destination, read_raw, read_source};
use super::words::{text, time, word};
use crate::policy_file::names::Names;
use crate::yaml::{Fields, Node, Reader, span};

pub const REQUEST_FIELDS: [&str; 18] = [
    "signer",
    "stage",
    "operation",
    "source",
    "asset",
    "amount",
    "requested_amount",
    "amount_usd",
    "to",
    "fee",
    "note",
    "external_tx_id",
    "call_data",
    "messages",
    "raw_transactions",
    "tenant",
    "tx_id",
    "request_id",
];
/// What an entry of the history has beside them.
pub const MOMENT_FIELDS: [&str; 2] = ["ago", "at"];

const STAGES: [&str; 2] = ["APPROVAL", "SIGNING"];
const MICROS_PER_SECOND: i64 = 1_000_000;

/// When an entry of the history was asked.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    /// At this time.
    At(policy::time::Time),
    /// So many microseconds before the test's own request.
    Ago(i64),
}

/// What is said of a request. `None` is left out.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    signer: Option<String>,
    stage: Option<Stage>,
    operation: Option<String>,
    source: Option<AccountText>,
    asset: Option<String>,
    amount: Option<String>,
    requested_amount: Option<String>,
    amount_usd: Option<String>,
    to: Option<Vec<DestinationText>>,
    fee: Option<String>,
    note: Option<String>,
    external_tx_id: Option<String>,
    call_data: Option<String>,
    messages: Option<Vec<String>>,
    raw_transactions: Option<Vec<RawTransactionText>>,
    tenant: Option<String>,
    tx_id: Option<String>,
    request_id: Option<String>,
}

impl Draft {
    /// The request of a test.
    pub fn of_request(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<Self> {
        let fields = Fields::of(reader, node, "a request", &REQUEST_FIELDS)?;
        Some(Self::read(reader, &fields, names))
    }

    /// An entry of a history, and when it was asked where that could be read.
    pub fn of_history(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<(Self, Option<Moment>)> {
        let known = [MOMENT_FIELDS.as_slice(), &REQUEST_FIELDS].concat();
        let fields = Fields::of(reader, node, "an entry of a history", &known)?;
        Some((Self::read(reader, &fields, names), read_moment(reader, &fields)))
    }

    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &Names) -> Self {
        let source = fields.optional(reader, "source");
        let draft = Self {
            signer: text(reader, fields, "signer"),
            stage: word(reader, fields, "stage", &STAGES),
            operation: fields.optional(reader, "operation").and_then(|node| names.operation(reader, node)),
            source: source.and_then(|node| read_source(reader, node)),
            asset: text(reader, fields, "asset"),
            amount: text(reader, fields, "amount"),
            requested_amount: text(reader, fields, "requested_amount"),
            amount_usd: text(reader, fields, "amount_usd"),
            to: read_list(reader, fields, "to", read_destination),
            fee: text(reader, fields, "fee"),
            note: text(reader, fields, "note"),
            external_tx_id: text(reader, fields, "external_tx_id"),
            call_data: text(reader, fields, "call_data"),
            messages: read_list(reader, fields, "messages", |reader, node| {
                reader.text(node, "a message's type").map(str::to_owned)
            }),
            raw_transactions: read_list(reader, fields, "raw_transactions", read_raw),
            tenant: text(reader, fields, "tenant"),
            tx_id: text(reader, fields, "tx_id"),
            request_id: text(reader, fields, "request_id"),
        };
        draft.check_stage(reader, fields);
        draft
    }

    /// Evidence of signing wins over what is said (decision model, the table of words).
    fn check_stage(&self, reader: &mut Reader<'_>, fields: &Fields<'_>) {
        let evidence = [
            ("fee", self.fee.is_some()),
            ("raw_transactions", self.raw_transactions.as_ref().is_some_and(|raw| !raw.is_empty())),
        ];
        for (name, is_there) in evidence {
            if self.stage == Some(Stage::Approval)
                && is_there
                && let Some(node) = fields.optional(reader, name)
            {
                let message =
                    format!("{name} is there at signing alone: a request that has it is not for APPROVAL");
                reader.mistake(node.at, message);
            }
        }
    }

    /// Its stage: the one at which nothing is left to anybody, where none is named.
    pub fn stage(&self) -> Stage {
        self.stage.unwrap_or(Stage::Signing)
    }

    /// The same, with what it leaves out taken from another; but a transaction of its own.
    pub fn over(self, base: &Self) -> Self {
        let stage = self.stage.or(base.stage);
        let at_signing = stage != Some(Stage::Approval);
        Self {
            stage,
            signer: self.signer.or_else(|| base.signer.clone()),
            operation: self.operation.or_else(|| base.operation.clone()),
            source: self.source.or_else(|| base.source.clone()),
            asset: self.asset.or_else(|| base.asset.clone()),
            requested_amount: self
                .requested_amount
                .or_else(|| base.requested_amount.clone().filter(|_| self.amount.is_none())),
            amount: self.amount.or_else(|| base.amount.clone()),
            amount_usd: self.amount_usd.or_else(|| base.amount_usd.clone()),
            to: self.to.or_else(|| base.to.clone()),
            fee: self.fee.or_else(|| base.fee.clone().filter(|_| at_signing)),
            note: self.note.or_else(|| base.note.clone()),
            external_tx_id: self.external_tx_id.or_else(|| base.external_tx_id.clone()),
            call_data: self.call_data.or_else(|| base.call_data.clone()),
            messages: self.messages.or_else(|| base.messages.clone()),
            raw_transactions: self
                .raw_transactions
                .or_else(|| base.raw_transactions.clone().filter(|_| at_signing)),
            tenant: self.tenant.or_else(|| base.tenant.clone()),
            tx_id: self.tx_id,
            request_id: self.request_id,
        }
    }

    /// The request as it would reach the decider; `id` is that of its transaction where none is given.
    pub fn request(&self, reader: &mut Reader<'_>, node: &Node, policy: &Policy, id: &str) -> Request {
        let tx_id = self.tx_id.clone().unwrap_or_else(|| id.to_owned());
        Request {
            tenant: self.tenant.clone().unwrap_or_else(|| "default".into()),
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
        let chain = asset.map(|asset| asset.chain);
        let chain = chain.filter(|chain| {
            policy.raw_transactions_required && raw_transaction_applies(*chain, self.stage())
        });
        chain.and_then(made_up).into_iter().collect()
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

fn read_list<T>(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    name: &str,
    mut read: impl FnMut(&mut Reader<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    let node = fields.optional(reader, name)?;
    let entries = reader.list(node, name)?;
    Some(entries.iter().filter_map(|entry| read(reader, entry)).collect())
}

fn read_moment(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Moment> {
    match (fields.optional(reader, "ago"), fields.optional(reader, "at")) {
        (Some(node), None) => {
            let text = reader.text(node, "ago")?;
            let seconds =
                reader.check(node.at, span::seconds(text).map_err(|error| format!("ago: {error}")))?;
            let micros =
                i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(MICROS_PER_SECOND));
            Some(Moment::Ago(micros.unwrap_or(i64::MAX)))
        }
        (None, Some(node)) => time(reader, node).map(Moment::At),
        (ago, at) => {
            if ago.is_some() == at.is_some() && (ago.is_some() || !fields.has("ago") && !fields.has("at")) {
                let message = "an entry of a history says when it was asked: either ago, such as 2h, or at";
                reader.mistake(fields.at, message);
            }
            None
        }
    }
}
