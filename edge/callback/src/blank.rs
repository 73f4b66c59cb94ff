//! Blanking of what must not be kept or logged.

use serde_json::value::RawValue;

use crate::{
    members::{Entries, Kind, kind, push_member},
    refusal::Refusal,
};

/// Members whose values are secrets or third parties' address books (decision model, section 9).
const SECRETS: [&str; 2] = ["apiKey", "addresses"];

/// `json` with the value of every secret member, at any depth, replaced by the empty text.
pub(crate) fn blank_secrets(json: &str) -> Result<String, Refusal> {
    let mut blanked = String::with_capacity(json.len());
    match serde_json::from_str::<&RawValue>(json).and_then(|value| copy(value, &mut blanked)) {
        Ok(()) => Ok(blanked),
        Err(_) => Err(Refusal::new("extraInfo", "is not well-formed JSON")),
    }
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
        // Another letter case is no documented member, and no reason to let a secret through.
        if SECRETS.iter().any(|secret| key.eq_ignore_ascii_case(secret)) {
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
        insta::assert_snapshot!(blank_secrets(json).expect("well-formed"), @r#"{"apiKey":"","a":[{"addresses":"","n":1.50},7],"b":{"APIKEY":""},"t":"a\"b"}"#);
    }
}
