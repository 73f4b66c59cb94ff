//! A payload that is authentic: what is decoded is what any other reader of JSON would read.

use callback::{Bounds, RequestId, decode_config_change, decode_transaction};
use serde_json::Value;

/// Both kinds of request.
pub fn holds_for(bytes: &[u8]) {
    match decode_transaction(bytes, &Bounds::default()) {
        Ok(transaction) => {
            let read = parsed(bytes);
            assert_eq!(text(&read, "requestId"), Some(transaction.request_id.as_str()));
        }
        Err(error) => answerable(bytes, error.request_id.as_ref()),
    }
    match decode_config_change(bytes, &Bounds::default()) {
        Ok(change) => {
            let read = parsed(bytes);
            assert_eq!(text(&read, "requestId"), Some(change.request_id.as_str()));
        }
        Err(error) => answerable(bytes, error.request_id.as_ref()),
    }
}

/// A refusal goes to the request that was read, or to nobody.
fn answerable(bytes: &[u8], request_id: Option<&RequestId>) {
    if let (Some(id), Ok(read)) = (request_id, serde_json::from_slice::<Value>(bytes)) {
        assert_eq!(text(&read, "requestId"), Some(id.as_str()));
    }
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("what is decoded is JSON")
}

fn text<'v>(read: &'v Value, name: &str) -> Option<&'v str> {
    read.get(name).and_then(Value::as_str)
}
