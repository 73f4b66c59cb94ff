//! A decision as it is kept, read: what was asked, what was answered, what was seen.

use policy::config_change::ConfigChange;
use policy::evidence::Evidence;
use policy::identity::{self, Digest};
use policy::request::{CallerProof, Request};
use prost::Message as _;
use proto::decider::v1 as wire;
use uuid::Uuid;

use crate::grpc::convert;
use crate::store::archive::DecisionRow;
use crate::store::encoding::parse;
use crate::store::{Decision, RequestKind};

/// A decision with everything that it came out of.
pub struct RecordedDecision {
    pub decision: Decision,
    pub evidence: Evidence,
    pub asked: RecordedRequest,
}

/// What was asked.
#[derive(Clone)]
pub enum RecordedRequest {
    Transaction(Box<Request>),
    ConfigChange(Box<ConfigChange>),
}

/// The version of the ids.
const UUID_VERSION: usize = 7;

impl RecordedDecision {
    /// From what is kept, with what it came out of.
    ///
    /// # Errors
    /// What of it cannot be read.
    pub fn read(row: &DecisionRow, payload: &[u8], evidence: &str) -> Result<Self, String> {
        let decision: Decision =
            parse(&row.body, || "the answer".into()).map_err(|error| error.to_string())?;
        let evidence = parse(evidence, || "the evidence".into()).map_err(|error| error.to_string())?;
        let asked = RecordedRequest::read(row.kind, payload)?;
        Ok(Self { decision, evidence, asked })
    }

    /// What is filed under other words than it says itself.
    pub fn misfiled(&self, row: &DecisionRow) -> Vec<&'static str> {
        let Decision { id, tenant, callback_request_id, policy_hash, at, .. } = &self.decision;
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
            (self.asked.key() != row.identity.key, "the idempotency key"),
            (!self.asked.says(row.identity.content), "the digest of the content"),
            (self.decision.caller_proof != self.asked.caller_proof(), "what was proven of the caller"),
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

impl RecordedRequest {
    fn read(kind: RequestKind, payload: &[u8]) -> Result<Self, String> {
        let unreadable = |error: prost::DecodeError| format!("the request: {error}");
        let breach = |breaches| format!("the request breaks the contract: {breaches}");
        match kind {
            RequestKind::Transaction => {
                let request = wire::DecideRequest::decode(payload).map_err(unreadable)?;
                let request = convert::transaction(request).map_err(breach)?;
                Ok(Self::Transaction(Box::new(request)))
            }
            RequestKind::ConfigChange => {
                let request = wire::DecideConfigChangeRequest::decode(payload).map_err(unreadable)?;
                let change = convert::config_change(request).map_err(breach)?;
                Ok(Self::ConfigChange(Box::new(change)))
            }
        }
    }

    fn tenant_and_id(&self) -> (&String, &String) {
        match self {
            Self::Transaction(request) => (&request.tenant, &request.callback_request_id),
            Self::ConfigChange(change) => (&change.tenant, &change.callback_request_id),
        }
    }

    /// What was proven of the caller.
    fn caller_proof(&self) -> Option<CallerProof> {
        match self {
            Self::Transaction(request) => request.caller_proof,
            Self::ConfigChange(change) => change.caller_proof,
        }
    }

    /// The idempotency key.
    fn key(&self) -> Digest {
        match self {
            Self::Transaction(request) => identity::of_transaction(request),
            Self::ConfigChange(change) => change.identity(),
        }
    }

    /// Whether that is its content. Before rules could ask what was proven of the caller, the content was the same
    /// whatever was: that of a Co-signer's signature.
    fn says(&self, content: Digest) -> bool {
        content == self.content() || content == self.signed().content()
    }

    fn content(&self) -> Digest {
        match self {
            Self::Transaction(request) => identity::content_of_transaction(request),
            Self::ConfigChange(change) => change.content(),
        }
    }

    /// The same, as signed by a Co-signer.
    fn signed(&self) -> Self {
        let mut signed = self.clone();
        let caller_proof = match &mut signed {
            Self::Transaction(request) => &mut request.caller_proof,
            Self::ConfigChange(change) => &mut change.caller_proof,
        };
        *caller_proof = Some(CallerProof::CosignerSignature);
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(proof: wire::CallerProof) -> wire::DecideRequest {
        wire::DecideRequest {
            tenant: "default".into(),
            callback_request_id: "r-1".into(),
            caller_proof: proof.into(),
            ..Default::default()
        }
    }

    /// Whether a record of one that asked so may stand under the content of one that asked otherwise.
    fn may_stand_under(proof: wire::CallerProof, other: wire::CallerProof) -> bool {
        let content = identity::content_of_transaction(&convert::transaction(asked(other)).unwrap());
        RecordedRequest::read(RequestKind::Transaction, &asked(proof).encode_to_vec()).unwrap().says(content)
    }

    #[test]
    fn records_of_before_the_proof_was_content_are_no_damage_and_other_content_is() {
        use wire::CallerProof::{CosignerSignature, Unproven, Unspecified};
        for proof in [CosignerSignature, Unproven, Unspecified] {
            assert!(may_stand_under(proof, proof) && may_stand_under(proof, CosignerSignature), "{proof:?}");
        }
        assert!(!may_stand_under(CosignerSignature, Unproven) && !may_stand_under(Unspecified, Unproven));
        assert!(!may_stand_under(CosignerSignature, Unspecified) && !may_stand_under(Unproven, Unspecified));
    }
}
