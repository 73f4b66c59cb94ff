//! `config_change_sign_request` (callback protocol, section 5).

use crate::{
    blank,
    bounds::Bounds,
    error::{DecodeError, readable_request_id},
    members::too_long,
    refusal::Refusal,
    request_id::RequestId,
    strict,
};

/// One change of the workspace's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// The Co-signer's id of the request.
    pub request_id: RequestId,
    /// Kind of change, such as `UNMANAGED_WALLET`. Open set. `None`: missing.
    pub kind: Option<String>,
    /// Details as JSON text, `apiKey` and `addresses` blanked. `None`: missing.
    pub extra_info_json: Option<String>,
    /// Details as received, for their digest only: they may hold secrets. `None`: missing.
    pub extra_info_received: Option<String>,
    /// Everything else as one JSON object, blanked alike. `None`: nothing.
    pub unread_fields_json: Option<String>,
}

/// Decodes a configuration change from bytes that may be read: whose signature holds, or that came in JSON mode.
pub fn decode_config_change(bytes: &[u8], bounds: &Bounds) -> Result<ConfigChange, DecodeError> {
    read(bytes, bounds).map_err(|refusal| DecodeError { request_id: readable_request_id(bytes), refusal })
}

fn read(bytes: &[u8], bounds: &Bounds) -> Result<ConfigChange, Refusal> {
    let mut members = strict::object(bytes, bounds.max_depth)?;
    let request_id = members.request_id()?;
    let kind = members.text("type", bounds.max_word_bytes)?;
    let extra_info = members.object_text("extraInfo", bounds.max_extra_bytes)?;
    Ok(ConfigChange {
        request_id,
        kind,
        extra_info_json: extra_info.map(|json| blanked_extra_info(json, bounds)).transpose()?,
        extra_info_received: extra_info.map(str::to_owned),
        unread_fields_json: blank::unread(members, bounds.max_unread_bytes)?,
    })
}

fn blanked_extra_info(json: &str, bounds: &Bounds) -> Result<String, Refusal> {
    let max_bytes = bounds.max_extra_bytes;
    blank::blank_within(max_bytes, json, || Refusal::new("extraInfo", too_long(max_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_details_for_the_digest_and_blanks_them_for_everything_else() {
        let json = r#"{"type":"EXCHANGE","extraInfo":{"apiKey":"secret", "accountName":"x"},"requestId":"r1","new":{"apiKey":"secret"}}"#;
        let change = decode_config_change(json.as_bytes(), &Bounds::default()).expect("well-formed");
        assert_eq!(change.request_id.as_str(), "r1");
        assert_eq!(change.kind.as_deref(), Some("EXCHANGE"));
        assert_eq!(change.extra_info_json.as_deref(), Some(r#"{"apiKey":"","accountName":"x"}"#));
        assert_eq!(change.extra_info_received.as_deref(), Some(r#"{"apiKey":"secret", "accountName":"x"}"#));
        assert_eq!(change.unread_fields_json.as_deref(), Some(r#"{"new":{"apiKey":""}}"#));
    }

    #[test]
    fn missing_and_null_are_the_same() {
        for json in [r#"{"requestId":"r1"}"#, r#"{"requestId":"r1","type":null,"extraInfo":null}"#] {
            let change = decode_config_change(json.as_bytes(), &Bounds::default()).expect("well-formed");
            assert_eq!((change.kind, change.extra_info_json, change.extra_info_received), (None, None, None));
        }
    }

    #[test]
    fn refuses_with_the_request_id_where_it_can_be_read() {
        let cases = [
            (r#"{"requestId":"r1","type":1}"#, Some("r1"), "type: must be text"),
            (r#"{"requestId":"r1","extraInfo":"x"}"#, Some("r1"), "extraInfo: must be an object"),
            (r#"{"requestId":"r1","extraInfo":{"a":1,"a":2}}"#, Some("r1"), "extraInfo.a: is given twice"),
            (r#"{"type":"X"}"#, None, "requestId: is missing"),
            (r#"{"requestId":"r1","requestId":"r1"}"#, None, "requestId: is given twice"),
            (r#"{"requestId":""}"#, None, "requestId: must not be empty"),
            (r#"{"requestId":7}"#, None, "requestId: must be text"),
        ];
        for (json, id, reason) in cases {
            let error = decode_config_change(json.as_bytes(), &Bounds::default()).expect_err(json);
            assert_eq!(error.request_id.as_ref().map(RequestId::as_str), id, "{json}");
            assert_eq!(error.to_string(), reason, "{json}");
        }
    }

    /// What is sent on is never longer than what it was measured by.
    #[test]
    fn is_measured_without_its_secrets_as_well() {
        let filler = |bytes: usize| "x".repeat(bytes);
        let bounds = Bounds { max_extra_bytes: 100, max_unread_bytes: 100, ..Bounds::default() };
        let extra =
            |bytes| format!(r#"{{"requestId":"r","extraInfo":{{"apiKey":1,"n":"{}"}}}}"#, filler(bytes));
        let unread = |bytes| format!(r#"{{"requestId":"r","apiKey":1,"n":"{}"}}"#, filler(bytes));
        let read = |json: String| decode_config_change(json.as_bytes(), &bounds);
        let most = 100 - r#"{"apiKey":"","n":""}"#.len();
        let json = read(extra(most)).expect("fits").extra_info_json;
        assert_eq!(json.map(|json| json.len()), Some(100));
        let json = read(unread(most)).expect("fits").unread_fields_json;
        assert_eq!(json.map(|json| json.len()), Some(100));
        let refused = |json| read(json).expect_err("it is longer by a byte").to_string();
        insta::assert_snapshot!(refused(extra(most + 1)), @"extraInfo: is longer than 100 bytes");
        insta::assert_snapshot!(refused(unread(most + 1)), @"the fields that are not read exceed 100 bytes");
    }
}
