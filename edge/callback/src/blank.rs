//! Blanking of what must not be kept or logged.

use serde_json::value::RawValue;

use crate::{
    members::{Entries, Kind, Members, kind, push_member},
    refusal::Refusal,
    secret::is_secret,
};

/// What nobody took of a payload, to be kept without its secrets; `None` where all was taken.
pub(crate) fn unread(members: Members<'_>, max_bytes: usize) -> Result<Option<String>, Refusal> {
    let too_long = || Refusal::new("", format!("the fields that are not read exceed {max_bytes} bytes"));
    members.into_unread().map(|json| blank_within(max_bytes, &json, too_long)).transpose()
}

/// `json` without its secrets, or `too_long`. It is measured afterwards as well: `1` becomes `""`.
pub(crate) fn blank_within(
    max_bytes: usize,
    json: &str,
    too_long: impl Fn() -> Refusal,
) -> Result<String, Refusal> {
    if json.len() > max_bytes {
        return Err(too_long());
    }
    let blanked = blank_secrets(json)?;
    if blanked.len() > max_bytes { Err(too_long()) } else { Ok(blanked) }
}

/// `json` with the value of every secret member, at any depth, replaced by the empty text.
fn blank_secrets(json: &str) -> Result<String, Refusal> {
    if !may_hold_secrets(json) {
        return Ok(json.to_owned());
    }
    let mut blanked = String::with_capacity(json.len());
    match serde_json::from_str::<&RawValue>(json).and_then(|value| copy(value, &mut blanked)) {
        Ok(()) => Ok(blanked),
        Err(_) => Err(Refusal::new("", "is not well-formed JSON")),
    }
}

/// Nearly nothing does, and to take it apart costs as much as all else that is read. A letter that is written by its code
/// may spell one; other escapes stand for no letter of one.
fn may_hold_secrets(json: &str) -> bool {
    json.contains("\\u") || json.split('"').any(is_secret)
}

fn copy(value: &RawValue, out: &mut String) -> Result<(), serde_json::Error> {
    match kind(value) {
        Kind::Object => copy_object(value, out),
        Kind::List => copy_list(value, out),
        _ => {
            out.push_str(value.get());
            Ok(())
        }
    }
}

fn copy_object(value: &RawValue, out: &mut String) -> Result<(), serde_json::Error> {
    let Entries(entries) = serde_json::from_str(value.get())?;
    let mut object = String::from("{");
    for (key, value) in entries {
        let mut member = String::new();
        if is_secret(&key) {
            member.push_str("\"\"");
        } else {
            copy(value, &mut member)?;
        }
        push_member(&mut object, &key, &member);
    }
    object.push('}');
    out.push_str(&object);
    Ok(())
}

fn copy_list(value: &RawValue, out: &mut String) -> Result<(), serde_json::Error> {
    let items: Vec<&RawValue> = serde_json::from_str(value.get())?;
    out.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        copy(item, out)?;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_at_any_depth_and_nothing_else() {
        let json = r#"{ "apiKey":"k1", "a":[ {"addresses":"{\"BTC\":\"1x\"}","n":1.50}, 7 ], "b":{"APIKEY":{"deep":"k2"}}, "t":"a\"b" }"#;
        let escaped = r#"{"\u0061piKey":"k1"}"#;
        insta::assert_snapshot!(blank_secrets(escaped).expect("well-formed"), @r#"{"apiKey":""}"#);
        insta::assert_snapshot!(blank_secrets(json).expect("well-formed"), @r#"{"apiKey":"","a":[{"addresses":"","n":1.50},7],"b":{"APIKEY":""},"t":"a\"b"}"#);
    }
}
