//! When two requests are the same one (decision model, section 3).

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::json::canonical;
use crate::request::{AccountText, CallerProof, Request, Stage, given};

/// Names the encoding below: any change to what it covers needs a new name, or old records stop matching.
const CONTENT_VERSION: &str = "content-v1";

/// A SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

/// Identity of an answer: tenant, endpoint, request id, signer and stage.
pub fn of_transaction(request: &Request) -> Digest {
    of_answer(&request.tenant, &request.callback_request_id, given(&request.signer), request.stage)
}

/// The same from the parts that make it; `None`: no signer was named.
pub fn of_answer(tenant: &str, callback_request_id: &str, signer: Option<&str>, stage: Stage) -> Digest {
    let stage = match stage {
        Stage::Approval => "approval",
        Stage::Signing => "signing",
    };
    Fields::default()
        .text("transaction")
        .text(tenant)
        .text(callback_request_id)
        .optional(&signer.map(str::to_owned))
        .text(stage)
        .digest()
}

/// Identity of the answer to a configuration change: tenant, path and request id. The type and the details are
/// its content.
pub fn of_config_change(tenant: &str, path: &str, callback_request_id: &str) -> Digest {
    Fields::default().text("config-change").text(tenant).text(path).text(callback_request_id).digest()
}

/// What a configuration change says: its type and the digest of its details, and what was proven of who asks.
pub fn content_of_config_change(kind: &Option<String>, details: &[u8], proof: Option<CallerProof>) -> Digest {
    Fields::default().text(CONTENT_VERSION).optional(kind).bytes(details).proof(proof).digest()
}

/// What a request says: every field an evaluation may read, except those that may drift between repeats (USD
/// values, names, players, unread fields).
pub fn content_of_transaction(request: &Request) -> Digest {
    let declared = &request.declared;
    let mut fields = Fields::default();
    fields
        .text(CONTENT_VERSION)
        .optional(&request.tx_id)
        .optional(&request.external_tx_id)
        .optional(&request.operation)
        .account(&request.source)
        .account(&declared.account)
        .optional(&declared.address)
        .optional(&declared.address_type)
        .optional(&request.asset)
        .optional(&request.amount)
        .optional(&request.requested_amount)
        .optional(&request.fee)
        .optional(&request.note)
        .optional(&request.extra_parameters.as_deref().map(|text| canonical(text).into_owned()));
    add_destinations(&mut fields, request);
    add_raw_transactions(&mut fields, request);
    fields.proof(request.caller_proof).digest()
}

fn add_destinations(fields: &mut Fields, request: &Request) {
    fields.count(request.destinations.len());
    for destination in &request.destinations {
        fields
            .account(&destination.account)
            .optional(&destination.amount)
            .optional(&destination.address)
            .optional(&destination.display_address)
            .optional(&destination.tag)
            .optional(&destination.address_type);
    }
}

fn add_raw_transactions(fields: &mut Fields, request: &Request) {
    fields.count(request.raw_transactions.len());
    for raw in &request.raw_transactions {
        fields.optional(&raw.raw).optional(&raw.payload);
    }
}

/// Feeds fields to the hash so that no two different sequences look alike: each has its length before it, and
/// missing differs from empty.
#[derive(Default)]
struct Fields(Sha256);

impl Fields {
    fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update([1]);
        self.count(bytes.len());
        self.0.update(bytes);
        self
    }

    fn optional(&mut self, text: &Option<String>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => {
                self.0.update([0]);
                self
            }
        }
    }

    fn account(&mut self, account: &AccountText) -> &mut Self {
        self.optional(&account.kind).optional(&account.id).optional(&account.subtype)
    }

    /// An answer to whom much was proven of is none for whom nothing was. A Co-signer's signature adds nothing: so the
    /// requests are still known that came through an edge before rules could ask for it.
    fn proof(&mut self, proof: Option<CallerProof>) -> &mut Self {
        match proof {
            Some(CallerProof::CosignerSignature) => self,
            Some(proof @ CallerProof::Unproven) => self.text(proof.name()),
            None => self.optional(&None),
        }
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.0.update((count as u64).to_be_bytes());
        self
    }

    fn digest(&mut self) -> Digest {
        Digest(std::mem::take(&mut self.0).finalize().into())
    }
}
