//! JSON in one form for all ways of writing it: who puts the members of an object in another order says the same.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::members;

/// How deep it is put in order; what is nested deeper counts as it is written. Each level reads again what is below it.
const MAX_DEPTH: usize = 16;

/// Members in the order of their names, nothing between the tokens, text with no escapes but those it needs, and numbers
/// as they are written: none is taken for another. What is no JSON, or has a name twice in an object, stays as it is.
pub fn canonical(text: &str) -> Cow<'_, str> {
    in_form(text, Nulls::Kept)
}

/// The same without the members that are null, which is the same as missing.
pub fn canonical_without_nulls(text: &str) -> Cow<'_, str> {
    in_form(text, Nulls::LeftOut)
}

/// What becomes of members that are null.
#[derive(Clone, Copy, PartialEq)]
enum Nulls {
    Kept,
    LeftOut,
}

fn in_form(text: &str, nulls: Nulls) -> Cow<'_, str> {
    let mut form = String::with_capacity(text.len());
    let value = serde_json::from_str::<&RawValue>(text).ok();
    match value.and_then(|value| write(&mut form, value, nulls, MAX_DEPTH)) {
        Some(()) => Cow::Owned(form),
        None => Cow::Borrowed(text),
    }
}

/// `None`: it has no such form.
fn write(form: &mut String, value: &RawValue, nulls: Nulls, depth: usize) -> Option<()> {
    let text = value.get();
    let below = depth.checked_sub(1);
    match (text.as_bytes().first(), below) {
        (Some(b'{'), Some(below)) => write_object(form, text, nulls, below),
        (Some(b'['), Some(below)) => write_list(form, text, nulls, below),
        (Some(b'"'), _) => write_text(form, &serde_json::from_str::<String>(text).ok()?),
        _ => {
            form.push_str(text);
            Some(())
        }
    }
}

fn write_object(form: &mut String, text: &str, nulls: Nulls, depth: usize) -> Option<()> {
    let Members(members) = serde_json::from_str(text).ok()?;
    form.push('{');
    let says_something = |value: &RawValue| nulls == Nulls::Kept || value.get() != "null";
    let members = members.into_iter().filter(|(_, value)| says_something(value));
    for (number, (name, value)) in members.enumerate() {
        if number > 0 {
            form.push(',');
        }
        write_text(form, &name)?;
        form.push(':');
        write(form, value, nulls, depth)?;
    }
    form.push('}');
    Some(())
}

fn write_list(form: &mut String, text: &str, nulls: Nulls, depth: usize) -> Option<()> {
    let entries: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    form.push('[');
    for (number, entry) in entries.into_iter().enumerate() {
        if number > 0 {
            form.push(',');
        }
        write(form, entry, nulls, depth)?;
    }
    form.push(']');
    Some(())
}

fn write_text(form: &mut String, text: &str) -> Option<()> {
    form.push_str(&serde_json::to_string(text).ok()?);
    Some(())
}

/// Of an object in which no name is given twice.
struct Members<'t>(BTreeMap<String, &'t RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachOnce)
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Members<'de>, A::Error> {
        members(entries).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize, inner: &str) -> String {
        format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn what_is_written_in_two_ways_has_one_form() {
        for (one, other) in [
            (r#"{"a":1,"b":2}"#, r#" { "b" : 2 , "a" : 1 } "#),
            (r#"{"x":[{"n":null,"m":true}],"y":""}"#, r#"{"y":"","x":[ {"m":true,"n":null} ]}"#),
            (r#"{"a":"/\u00e9\"\n"}"#, r#"{"\u0061":"\/é\u0022\u000a"}"#),
            ("{}", " { } "),
            (&nested(15, r#"{"a":1,"b":2}"#), &nested(15, r#"{"b":2,"a":1}"#)),
        ] {
            assert_eq!(canonical(one), canonical(other));
        }
        assert_eq!(canonical(r#"{ "b":[ "x",1.50 ],"a":{} }"#), r#"{"a":{},"b":["x",1.50]}"#);
    }

    #[test]
    fn members_that_are_null_are_missing_where_that_is_asked() {
        for (text, without) in [
            (r#"{"x":null}"#, "{}"),
            (r#"{"b": null, "a": [null, {"n": null}], "c": "null"}"#, r#"{"a":[null,{}],"c":"null"}"#),
            ("null", "null"),
            (r#"{"a":null,"a":null}"#, r#"{"a":null,"a":null}"#),
        ] {
            assert_eq!(canonical_without_nulls(text), without);
        }
        assert_eq!(canonical(r#"{"x":null}"#), r#"{"x":null}"#);
    }

    #[test]
    fn what_differs_keeps_a_form_of_its_own() {
        let forms = [
            r#"{"a":1}"#,
            r#"{"a":1.0}"#,
            r#"{"a":10000000000000000000001}"#,
            r#"{"a":10000000000000000000002}"#,
            r#"{"a":"1"}"#,
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":null}"#,
            "{}",
            r#"{"A":1}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":2,"a":1}"#,
            "",
            "{",
            r#"{"a":"\ud800"}"#,
            &nested(16, r#"{"a":1,"b":2}"#),
            &nested(16, r#"{"b":2,"a":1}"#),
            &nested(100_000, "1"),
        ];
        let distinct: std::collections::BTreeSet<_> = forms.iter().map(|text| canonical(text)).collect();
        assert_eq!(distinct.len(), forms.len());
    }
}
