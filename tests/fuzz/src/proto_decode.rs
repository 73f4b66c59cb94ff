//! A call of a decider as it comes over the wire: a breach of the contract is told, anything else is content.

use decider::grpc::convert;
use prost::Message as _;
use proto::decider::v1::{DecideConfigChangeRequest, DecideRequest, GetDecisionRequest};

/// As each of the three requests.
pub fn holds_for(bytes: &[u8]) {
    if let Ok(request) = DecideRequest::decode(bytes) {
        let id = request.callback_request_id.clone();
        assert_eq!(DecideRequest::decode(&request.encode_to_vec()[..]).as_ref(), Ok(&request));
        if convert::transaction(request).is_ok() {
            assert!(!id.is_empty(), "a request that nobody can ask for again");
        }
    }
    if let Ok(request) = DecideConfigChangeRequest::decode(bytes) {
        let _ = convert::config_change(request);
    }
    if let Ok(request) = GetDecisionRequest::decode(bytes) {
        let _ = convert::lookup(request);
    }
}
