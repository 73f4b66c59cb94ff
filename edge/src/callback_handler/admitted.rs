//! What may be read of a request, and what is proven of who wrote it.

use callback::check_time_claims;
use proto::decider::v1::CallerProof;

use super::{path::PathKeys, stop::Stop};
use crate::{
    authenticate::{KeyNumber, NotAuthentic, SignedPayload, authenticate},
    clock::Clock,
    listen::{LetIn, Limits},
};

/// A payload that may be read.
#[derive(Debug)]
pub(super) enum AdmittedPayload {
    /// A Co-signer of the path has signed it.
    Proven(SignedPayload),
    /// It came from a listed network, and anybody there may have written it.
    Unproven(Vec<u8>),
}

impl AdmittedPayload {
    /// By the Co-signer's signature.
    pub(super) fn by_signature(
        body: &[u8],
        keys: &PathKeys,
        limits: &Limits,
        clock: &dyn Clock,
    ) -> Result<Self, Stop> {
        Ok(Self::Proven(authenticate(body, &keys.cosigner_keys, limits.max_token_header_bytes, clock)?))
    }

    /// By the network alone. Only a fence lets connections in, so nothing is read that came by a listener without one.
    /// A time claim has to hold here, too (decision model, section 1): its writer wanted the request to expire.
    pub(super) fn by_network(body: &[u8], let_in: Option<LetIn>, clock: &dyn Clock) -> Result<Self, Stop> {
        let_in.ok_or(Stop::NotLetIn)?;
        check_time_claims(body, clock.unix_seconds()).map_err(NotAuthentic::from)?;
        Ok(Self::Unproven(body.to_vec()))
    }

    /// As the record has it.
    pub(super) const fn caller_proof(&self) -> CallerProof {
        match self {
            Self::Proven(_) => CallerProof::CosignerSignature,
            Self::Unproven(_) => CallerProof::Unproven,
        }
    }

    /// Which of the path's keys has signed it. In JSON mode all requests count as one key's.
    pub(super) fn key(&self) -> KeyNumber {
        match self {
            Self::Proven(proven) => proven.key(),
            Self::Unproven(_) => KeyNumber(0),
        }
    }

    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Proven(proven) => proven.payload(),
            Self::Unproven(body) => body,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::{clock::SystemClock, telemetry::metrics::Outcome};

    #[test]
    fn without_a_fence_nothing_is_admitted_by_its_network() {
        let stop = AdmittedPayload::by_network(b"{}", None, &SystemClock).expect_err("not let in");
        assert_eq!(
            (stop.outcome(), stop.response().status()),
            (Outcome::NotAuthentic, StatusCode::UNAUTHORIZED)
        );
    }
}
