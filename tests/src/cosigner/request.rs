//! The little that a Co-signer must know of a request to send it: where to, and whose answer to expect.

use std::fmt::Display;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Error;

/// The two paths of a handler (callback protocol, section 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// A transaction, to approve or to sign.
    Transaction,
    /// A change of the workspace's configuration.
    ConfigChange,
}

impl Endpoint {
    /// The fixed suffix below the base URL.
    pub fn path(self) -> &'static str {
        match self {
            Self::Transaction => "/v2/tx_sign_request",
            Self::ConfigChange => "/v2/config_change_sign_request",
        }
    }

    /// The same in JSON mode.
    pub fn plain_path(self) -> &'static str {
        match self {
            Self::Transaction => "/tx_sign_request",
            Self::ConfigChange => "/config_change_sign_request",
        }
    }
}

/// Where a request goes and what names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Echoed by the reply.
    pub request_id: String,
    /// A configuration change has `type` or `extraInfo` and no `txId`.
    pub endpoint: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    request_id: Option<String>,
    tx_id: Option<IgnoredAny>,
    r#type: Option<IgnoredAny>,
    extra_info: Option<IgnoredAny>,
}

impl Head {
    /// Reads what names a request; the rest of it may be anything.
    pub fn read(payload: &[u8]) -> Result<Self, Error> {
        let malformed =
            |why: &dyn Display| Error::Request(format!("it is not a JSON object with a requestId: {why}"));
        // A list would be read as the fields in their order.
        if payload.trim_ascii_start().first() == Some(&b'[') {
            return Err(malformed(&"it is a list"));
        }
        let fields: Fields = serde_json::from_slice(payload).map_err(|error| malformed(&error))?;
        let request_id = fields
            .request_id
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Error::Request("its requestId is missing or empty".into()))?;
        let changes_configuration =
            fields.tx_id.is_none() && (fields.r#type.is_some() || fields.extra_info.is_some());
        let endpoint = if changes_configuration { Endpoint::ConfigChange } else { Endpoint::Transaction };
        Ok(Self { request_id, endpoint })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    fn endpoint(json: &str) -> Endpoint {
        Head::read(json.as_bytes()).unwrap().endpoint
    }

    #[test]
    fn the_fields_say_where_a_request_goes() {
        let change = vectors::read("synthetic_request_config_change.payload.json").unwrap();
        assert_eq!(Head::read(&change).unwrap().endpoint, Endpoint::ConfigChange);
        assert_eq!(Head::read(vectors::ETHEREUM_REQUEST).unwrap().endpoint, Endpoint::Transaction);
        assert_eq!(endpoint(r#"{"requestId":"r","extraInfo":{}}"#), Endpoint::ConfigChange);
        assert_eq!(endpoint(r#"{"requestId":"r","txId":"t","type":"x"}"#), Endpoint::Transaction);
        assert_eq!(endpoint(r#"{"requestId":"r"}"#), Endpoint::Transaction);
    }

    #[test]
    fn what_has_no_request_id_is_not_sent() {
        let why = |json: &str| Head::read(json.as_bytes()).unwrap_err().to_string();
        insta::assert_snapshot!(why(r#"{"txId":"t"}"#), @"cannot send this request: its requestId is missing or empty");
        insta::assert_snapshot!(why(r#"{"requestId":""}"#), @"cannot send this request: its requestId is missing or empty");
        for list in ["[]", r#" ["r",null,null,null]"#] {
            assert!(why(list).contains("not a JSON object"), "{list}");
        }
    }
}
