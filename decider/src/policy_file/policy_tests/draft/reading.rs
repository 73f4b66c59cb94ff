//! Reading the request of a test.

use std::collections::BTreeSet;

use policy::request::{CallerProof, Stage};

use super::{Draft, OWN_FIELDS, REQUEST_FIELDS};
use crate::policy_file::callers::read_tenant;
use crate::policy_file::policy_tests::destination::{read_destination, read_raw, read_source};
use crate::policy_file::policy_tests::known::Known;
use crate::policy_file::policy_tests::moment::{AtOrAgo, MOMENT_FIELDS, read_moment};
use crate::policy_file::policy_tests::named::Requests;
use crate::policy_file::policy_tests::prices;
use crate::policy_file::policy_tests::words::{text, word};
use crate::yaml::names::unknown;
use crate::yaml::{Fields, Node, Reader};

const LIKE: &str = "like";
const WITHOUT: &str = "without";
/// What must have come out of an entry of a history.
const EXPECT: &str = "expect";
const STAGES: [&str; 2] = ["APPROVAL", "SIGNING"];

/// An entry of a history, as it is written.
pub struct Past<'n> {
    pub draft: Draft,
    /// When it was asked, where that could be read.
    pub moment: Option<AtOrAgo>,
    /// What must have come out, if anything is said.
    pub expected: Option<&'n Node>,
}

impl Draft {
    /// A request that others can be like.
    pub fn of_named(reader: &mut Reader<'_>, node: &Node, known: &Known<'_>) -> Option<Self> {
        let fields = Fields::of(reader, node, "a request that others are like", &shared_fields())?;
        Some(Self::read(reader, &fields, known))
    }

    /// The request of a test.
    pub fn of_request(
        reader: &mut Reader<'_>,
        node: &Node,
        known: &Known<'_>,
        requests: &Requests,
    ) -> Option<Self> {
        let fields = Fields::of(reader, node, "a request", &REQUEST_FIELDS)?;
        let draft = Self::read_like(reader, &fields, known, requests);
        if let Some(without) = fields.optional(reader, WITHOUT)
            && !fields.has(LIKE)
        {
            reader.mistake(without.at, "without needs like beside it: leave the fields out instead");
        }
        Some(draft.over(&Self::default()))
    }

    /// An entry of a history.
    pub fn of_history<'n>(
        reader: &mut Reader<'_>,
        node: &'n Node,
        known: &Known<'_>,
        requests: &Requests,
    ) -> Option<Past<'n>> {
        let fields = Fields::of(
            reader,
            node,
            "an entry of a history",
            &[MOMENT_FIELDS.as_slice(), &REQUEST_FIELDS, &[EXPECT]].concat(),
        )?;
        Some(Past {
            draft: Self::read_like(reader, &fields, known, requests),
            moment: read_moment(reader, &fields),
            expected: fields.optional(reader, EXPECT),
        })
    }

    fn read_like(
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        known: &Known<'_>,
        requests: &Requests,
    ) -> Self {
        let like = fields.optional(reader, LIKE).and_then(|node| requests.draft(reader, node));
        Self {
            like: like.map(Box::new),
            without: read_without(reader, fields),
            tx_id: text(reader, fields, "tx_id"),
            request_id: text(reader, fields, "request_id"),
            ..Self::read(reader, fields, known)
        }
    }

    fn read(reader: &mut Reader<'_>, fields: &Fields<'_>, known: &Known<'_>) -> Self {
        let source = fields.optional(reader, "source");
        let draft = Self {
            signer: text(reader, fields, "signer"),
            stage: word(reader, fields, "stage", &STAGES),
            operation: fields
                .optional(reader, "operation")
                .and_then(|node| known.names.operation(reader, node)),
            source: source.and_then(|node| read_source(reader, node)),
            asset: text(reader, fields, "asset"),
            amount: text(reader, fields, "amount"),
            requested_amount: text(reader, fields, "requested_amount"),
            amount_usd: text(reader, fields, "amount_usd"),
            prices: prices::read(reader, fields, known),
            to: read_list(reader, fields, "to", read_destination),
            fee: text(reader, fields, "fee"),
            note: text(reader, fields, "note"),
            external_tx_id: text(reader, fields, "external_tx_id"),
            call_data: text(reader, fields, "call_data"),
            messages: read_list(reader, fields, "messages", |reader, node| {
                reader.text(node, "a message's type").map(str::to_owned)
            }),
            raw_transactions: read_list(reader, fields, "raw_transactions", read_raw),
            tenant: fields.optional(reader, "tenant").and_then(|node| read_tenant(reader, node)),
            caller_proof: word(reader, fields, "caller_proof", &CallerProof::ALL.map(|(name, _)| name)),
            ..Self::default()
        };
        draft.check_stage(reader, fields);
        draft
    }

    /// Evidence of signing wins over what is said (decision model, the table of words).
    fn check_stage(&self, reader: &mut Reader<'_>, fields: &Fields<'_>) {
        if self.stage != Some(Stage::Approval) {
            return;
        }
        for name in self.evidence_of_signing() {
            let Some(node) = fields.optional(reader, name) else { continue };
            let what = if name == "to" { "display_address" } else { name };
            let message =
                format!("{what} is there at signing alone: a request that has it is not for APPROVAL");
            reader.mistake(node.at, message);
        }
    }
}

/// What requests can have alike.
fn shared_fields() -> Vec<&'static str> {
    REQUEST_FIELDS.into_iter().filter(|name| !OWN_FIELDS.contains(name)).collect()
}

/// Fields that are left out of what a request is like.
fn read_without(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeSet<String> {
    let Some(node) = fields.optional(reader, WITHOUT) else { return BTreeSet::new() };
    let mut without = BTreeSet::new();
    for entry in reader.some(node, WITHOUT, "so that nothing is left out").unwrap_or_default() {
        let Some(name) = reader.text(entry, "a field") else { continue };
        if !shared_fields().contains(&name) {
            reader.mistake(entry.at, unknown("field", name, shared_fields()));
        } else if fields.has(name) {
            reader.mistake(entry.at, format!("{name} is given beside this: it cannot be left out, too"));
        } else if !without.insert(name.to_owned()) {
            reader.mistake(entry.at, "this is in without already");
        }
    }
    without
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
