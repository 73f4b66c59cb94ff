//! The strict reading of a whole payload, before any field of it is looked at.
//!
//! Parsers disagree about what is only nearly JSON: of two members with one name some take the first and some
//! the last. What the policy reads another reader could read differently, so it is refused, even in fields
//! that are not used.

use std::{borrow::Cow, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{
    members::{Key, Members},
    refusal::Refusal,
    secret::is_secret,
};

/// What the library says of a number that no float can hold, before it tells the place. A whole number may be as long, and
/// is turned into a float as well.
const OUT_OF_RANGE: &str = "number out of range";
/// Most bytes of a name that a refusal repeats.
const MAX_SHOWN_NAME_BYTES: usize = 64;

/// The members of a payload that is one well-formed JSON object in UTF-8, nothing before or after it, no name
/// twice in any object, no deeper than `max_depth`.
pub(crate) fn object(bytes: &[u8], max_depth: usize) -> Result<Members<'_>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::new("", "the payload is not UTF-8 text"))?;
    check(text, max_depth)?;
    Members::parse(text, "").map_err(|_| Refusal::new("", "the payload must be an object"))
}

fn check(text: &str, max_depth: usize) -> Result<(), Refusal> {
    let mut trail = Trail::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let walk = Walk { levels_left: max_depth, trail: &mut trail };
    match walk.deserialize(&mut json).and_then(|()| json.end()) {
        Ok(()) => Ok(()),
        Err(error) => Err(trail.into_refusal(&error)),
    }
}

/// Where the walk failed: the place is put together on the way out, so that success costs nothing.
#[derive(Default)]
struct Trail {
    what: Option<&'static str>,
    place: String,
}

impl Trail {
    fn prepend(&mut self, step: &str) {
        let joint = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{step}{joint}{}", self.place);
    }

    /// The same out of the member `name`. Below a secret names are part of it, as the assets of an address book are.
    fn leave(&mut self, name: &str) {
        if is_secret(name) {
            self.place.clear();
        }
        self.prepend(shown(name));
    }

    fn into_refusal(self, error: &serde_json::Error) -> Refusal {
        let malformed = || match error.to_string().starts_with(OUT_OF_RANGE) {
            true => "is a number that is too large to be read",
            false => "is not well-formed JSON",
        };
        Refusal::new(self.place, self.what.unwrap_or_else(malformed))
    }
}

/// Visits every value below one; keeps none of them. That numbers are turned into floats here only shows that
/// they are numbers; those that are too large for that are refused, for other readers may make infinities of them.
struct Walk<'t> {
    levels_left: usize,
    trail: &'t mut Trail,
}

impl Walk<'_> {
    fn deeper<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if let Some(left) = self.levels_left.checked_sub(1) {
            self.levels_left = left;
            return Ok(());
        }
        self.trail.what = Some("is nested too deeply");
        Err(E::custom("depth"))
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        self.deeper()?;
        for index in 0_usize.. {
            match list.next_element_seed(Walk { levels_left: self.levels_left, trail: self.trail }) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    self.trail.prepend(&format!("[{index}]"));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.deeper()?;
        let mut names = Vec::new();
        while let Some(Key(name)) = map.next_key::<Key<'de>>()? {
            if let Err(error) = map.next_value_seed(Walk { levels_left: self.levels_left, trail: self.trail })
            {
                self.trail.leave(&name);
                return Err(error);
            }
            names.push(name);
        }
        if let Some(name) = given_twice(names) {
            self.trail.what = Some("is given twice");
            self.trail.prepend(shown(&name));
            return Err(A::Error::custom("duplicate"));
        }
        Ok(())
    }
}

/// Sorted, because a caller who chose names that hash alike could make a table of them slow.
fn given_twice(mut names: Vec<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    names.sort_unstable();
    let twice = names.array_windows().position(|[name, next]| name == next);
    twice.map(|index| names.swap_remove(index))
}

fn shown(name: &str) -> &str {
    name.get(..name.floor_char_boundary(MAX_SHOWN_NAME_BYTES)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_DEPTH: usize = 32;

    fn refusal(json: &str) -> String {
        check(json, MAX_DEPTH).expect_err("must be refused").to_string()
    }

    #[test]
    fn says_where_and_what() {
        insta::assert_snapshot!(refusal(r#"{"a":1,"a":1}"#), @"a: is given twice");
        insta::assert_snapshot!(refusal(r#"{"x":{"y":[0,{"z":1,"z":2}]}}"#), @"x.y[1].z: is given twice");
        insta::assert_snapshot!(refusal(r#"{"a":1,"\u0061":1}"#), @"a: is given twice");
        insta::assert_snapshot!(refusal(r#"{"x":["\ud800"]}"#), @"x[0]: is not well-formed JSON");
        insta::assert_snapshot!(refusal(r#"{"x":NaN}"#), @"x: is not well-formed JSON");
        insta::assert_snapshot!(refusal("{} {}"), @"is not well-formed JSON");
        insta::assert_snapshot!(refusal("\u{feff}{}"), @"is not well-formed JSON");
        insta::assert_snapshot!(refusal(r#"{"x":01}"#), @"x: is not well-formed JSON");
        insta::assert_snapshot!(refusal(r#"{"x":1,}"#), @"is not well-formed JSON");
    }

    /// It may well be JSON, so that is not what is wrong with it.
    #[test]
    fn a_number_beyond_every_float_is_told_as_that() {
        insta::assert_snapshot!(refusal(r#"{"amount":1e400}"#), @"amount: is a number that is too large to be read");
        insta::assert_snapshot!(refusal(r#"{"x":[0,-1e400]}"#), @"x[1]: is a number that is too large to be read");
        let long = refusal(&format!(r#"{{"amount":{}}}"#, "9".repeat(400)));
        insta::assert_snapshot!(long, @"amount: is a number that is too large to be read");
        for number in ["1e308", "1e-400", &"9".repeat(300), &format!("0.{}", "9".repeat(400))] {
            assert_eq!(check(&format!(r#"{{"amount":{number}}}"#), MAX_DEPTH), Ok(()), "{number}");
        }
    }

    #[test]
    fn names_nothing_below_a_secret() {
        insta::assert_snapshot!(refusal(r#"{"x":{"addresses":{"BTC":{"1a":1,"1a":1}}}}"#), @"x.addresses: is given twice");
        insta::assert_snapshot!(refusal(r#"{"APIKEY":[{"k":"\ud800"}]}"#), @"APIKEY: is not well-formed JSON");
        insta::assert_snapshot!(refusal(r#"{"x":[{"apiKey":1,"apiKey":2}]}"#), @"x[0].apiKey: is given twice");
    }

    #[test]
    fn bounds_depth() {
        let nested = |depth: usize| format!("{}0{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(check(&nested(MAX_DEPTH), MAX_DEPTH), Ok(()));
        assert!(refusal(&nested(MAX_DEPTH + 1)).ends_with("is nested too deeply"));
        assert!(refusal(&nested(100_000)).ends_with("is nested too deeply"));
    }

    #[test]
    fn object_wants_utf8_and_an_object() {
        let what = |bytes: &[u8]| object(bytes, MAX_DEPTH).err().map(|refusal| refusal.to_string());
        assert_eq!(what(b"{\"a\":\"\xff\"}").as_deref(), Some("the payload is not UTF-8 text"));
        assert_eq!(what(b"[]").as_deref(), Some("the payload must be an object"));
        assert_eq!(what(b" {} "), None);
    }
}
