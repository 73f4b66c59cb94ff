//! A decision as it is kept, read: what was asked, what was answered, what was seen.

use policy::config_change::ConfigChange;
use policy::evidence::Evidence;
use policy::identity::{self, Digest};
use policy::request::Request;
use prost::Message as _;
use proto::decider::v1 as wire;
use uuid::Uuid;

use crate::grpc::convert;
use crate::store::archive::DecisionRow;
use crate::store::encoding::parse;
use crate::store::{CallerProof, Decision, Kind};

/// A decision with everything that it came out of.
pub struct Record {
    pub decision: Decision,
    pub evidence: Evidence,
    pub asked: Asked,
    caller_proof: CallerProof,
}

/// What was asked.
pub enum Asked {
    Transaction(Box<Request>),
    ConfigChange(Box<ConfigChange>),
}

/// The version of the ids.
const UUID_VERSION: usize = 7;

impl Record {
    /// From what is kept, with what it came out of.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn read(row: &DecisionRow, payload: &[u8], evidence: &str) -> Result<Self, String> {
        let decision: Decision =
            parse(&row.body, || "the answer".into()).map_err(|error| error.to_string())?;
        let evidence = parse(evidence, || "the evidence".into()).map_err(|error| error.to_string())?;
        let (asked, caller_proof) = Asked::read(row.kind, payload)?;
        Ok(Self { decision, evidence, asked, caller_proof })
    }

    /// What is filed under other words than it says itself.
    pub fn misfiled(&self, row: &DecisionRow) -> Vec<&'static str> {
        let Decision { id, tenant, callback_request_id, policy_hash, at, .. } = &self.decision;
        let (key, content) = self.asked.digests();
        let (asked_tenant, asked_id) = self.asked.tenant_and_id();
        let wrong = [
            (*id != row.id || !is_an_id(id), "the id"),
            (*tenant != row.identity.tenant || tenant != asked_tenant, "the tenant"),
            (
                *callback_request_id != row.identity.callback_request_id || callback_request_id != asked_id,
                "the request id",
            ),
            (*policy_hash != row.policy_hash, "the policy's hash"),
            (at.as_micros() != row.decided_us, "the time"),
            (key != row.identity.key, "the idempotency key"),
            (content != row.identity.content, "the digest of the content"),
            (self.decision.caller_proof != self.caller_proof, "what was proven of the caller"),
        ];
        wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what).collect()
    }
}

/// What of a pruned decision is filed under other words than its answer says.
///
/// # Errors
/// The answer cannot be read.
pub fn misfiled_answer(row: &DecisionRow) -> Result<Vec<&'static str>, String> {
    let decision: Decision = parse(&row.body, || "the answer".into()).map_err(|error| error.to_string())?;
    let Decision { id, tenant, callback_request_id, policy_hash, at, .. } = &decision;
    let wrong = [
        (*id != row.id || !is_an_id(id), "the id"),
        (*tenant != row.identity.tenant, "the tenant"),
        (*callback_request_id != row.identity.callback_request_id, "the request id"),
        (*policy_hash != row.policy_hash, "the policy's hash"),
        (at.as_micros() != row.decided_us, "the time"),
    ];
    Ok(wrong.into_iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what).collect())
}

fn is_an_id(id: &str) -> bool {
    Uuid::parse_str(id).map(|id| id.get_version_num()) == Ok(UUID_VERSION)
}

impl Asked {
    /// With what was proven of who asked.
    fn read(kind: Kind, payload: &[u8]) -> Result<(Self, CallerProof), String> {
        let unreadable = |error: prost::DecodeError| format!("the request: {error}");
        let breach = |breaches| format!("the request breaks the contract: {breaches}");
        match kind {
            Kind::Transaction => {
                let request = wire::DecideRequest::decode(payload).map_err(unreadable)?;
                let proof = convert::caller_proof(request.caller_proof());
                let request = convert::transaction(request).map_err(breach)?;
                Ok((Self::Transaction(Box::new(request)), proof))
            }
            Kind::ConfigChange => {
                let request = wire::DecideConfigChangeRequest::decode(payload).map_err(unreadable)?;
                let proof = convert::caller_proof(request.caller_proof());
                let change = convert::config_change(request).map_err(breach)?;
                Ok((Self::ConfigChange(Box::new(change)), proof))
            }
        }
    }

    fn tenant_and_id(&self) -> (&String, &String) {
        match self {
            Self::Transaction(request) => (&request.tenant, &request.callback_request_id),
            Self::ConfigChange(change) => (&change.tenant, &change.callback_request_id),
        }
    }

    /// Idempotency key and content.
    fn digests(&self) -> (Digest, Digest) {
        match self {
            Self::Transaction(request) => {
                (identity::of_transaction(request), identity::content_of_transaction(request))
            }
            Self::ConfigChange(change) => (change.identity(), change.content()),
        }
    }
}
