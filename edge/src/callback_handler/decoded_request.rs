//! A request as it was decoded, and in the decider's words.

use callback::{
    Action, Bounds, ConfigChange, RequestId, Transaction, decode_config_change, decode_transaction,
};
use proto::decider::v1::{CallerProof, DecideConfigChangeRequest, DecideRequest};

use super::{
    path::{CallbackPath, WireMode},
    stop::Stop,
};
use crate::{
    decider::convert,
    respond::{Answer, edge_reason},
    telemetry::{metrics::CallbackKind, shown},
};

/// The fixed end of an endpoint's path (callback protocol, section 2.1).
pub(super) const fn path_suffix(kind: CallbackKind, mode: &WireMode) -> &'static str {
    match (mode, kind) {
        (WireMode::Jwt(_), CallbackKind::Transaction) => "/v2/tx_sign_request",
        (WireMode::Jwt(_), CallbackKind::ConfigChange) => "/v2/config_change_sign_request",
        (WireMode::Json, CallbackKind::Transaction) => "/tx_sign_request",
        (WireMode::Json, CallbackKind::ConfigChange) => "/config_change_sign_request",
    }
}

/// A decoded request.
pub(super) enum DecodedRequest {
    Transaction(Box<Transaction>),
    ConfigChange(ConfigChange),
}

/// A request in the decider's words.
pub(super) enum Question {
    Transaction(Box<DecideRequest>),
    ConfigChange(DecideConfigChangeRequest),
}

impl DecodedRequest {
    /// Decodes a payload. One that cannot be decoded is answered at once, if it has an id to answer to.
    pub(super) fn decode(kind: CallbackKind, payload: &[u8], bounds: &Bounds) -> Result<Self, Stop> {
        let decoded = match kind {
            CallbackKind::Transaction => decode_transaction(payload, bounds)
                .map(|transaction| Self::Transaction(Box::new(transaction))),
            CallbackKind::ConfigChange => decode_config_change(payload, bounds).map(Self::ConfigChange),
        };
        decoded.map_err(|error| Stop::malformed(error, kind))
    }

    /// The API user that asks. `None`: it does not say. A configuration change never does (callback protocol, section
    /// 5).
    pub(super) fn signer_id(&self) -> Option<&str> {
        match self {
            Self::Transaction(transaction) => transaction.signer_id.as_deref(),
            Self::ConfigChange(_) => None,
        }
    }

    /// The answer on a path that lists API users where the request's is not listed. A configuration change does not say
    /// whose it is, so people decide.
    pub(super) fn not_of_this_path(&self) -> Answer {
        let (request_id, action, reason) = match self {
            Self::Transaction(transaction) => (&transaction.request_id, Action::Reject, self.wrong_signer()),
            Self::ConfigChange(change) => (
                &change.request_id,
                Action::Ignore,
                "a configuration change does not say whose it is, and this path is for some API users only (signer_ids)"
                    .to_owned(),
            ),
        };
        let (request_id, reason_code) = (request_id.clone(), edge_reason::SIGNER_NOT_ON_PATH);
        Answer { request_id, action, reason_code, reason, decision_id: None }
    }

    fn wrong_signer(&self) -> String {
        match self.signer_id() {
            Some(id) => format!("API user {} (signerId) is not one of this path", shown(id)),
            None => "no API user (signerId) is named, and this path is for some only".to_owned(),
        }
    }

    /// The same in the decider's words, and to whom the answer goes.
    pub(super) fn normalise(self, path: &CallbackPath, proof: CallerProof) -> (RequestId, Question) {
        let tenant = path.tenant.as_str();
        match self {
            Self::Transaction(transaction) => {
                let request_id = transaction.request_id.clone();
                let question = convert::transaction(tenant, *transaction, proof);
                (request_id, Question::Transaction(Box::new(question)))
            }
            Self::ConfigChange(change) => {
                let request_id = change.request_id.clone();
                let question = convert::config_change(tenant, path.sub_path.as_str(), change, proof);
                (request_id, Question::ConfigChange(question))
            }
        }
    }
}
