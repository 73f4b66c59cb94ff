//! Fields and words of the schema are those that the loader knows, and each field says what it means.

use std::collections::BTreeSet;

use policy::vocabulary::{ACCOUNT_TYPES, CALLS, OPERATIONS, PAYS_NOBODY};
use policy::vocabulary::{has_subtype, is_matched_by_address, states_its_amount};
use serde_json::{Value, json};

use super::PARSED;
use super::mutants::{mistakes_of, replaced, walk};
use super::places::{self, Step};
use super::samples::everything;

/// What the loader knows in the place of a name that it does not know, as it says so.
fn offered(message: &str) -> Option<BTreeSet<&str>> {
    let offers = [": expected ", " must be ", "a stage is "];
    let (_, words) = offers.into_iter().find_map(|offer| message.split_once(offer))?;
    let words = words.split(" (").next()?;
    Some(words.split([',', ' ']).filter(|word| !word.is_empty() && *word != "or").collect())
}

/// What the sample adds to the operations that are known today.
const OWN_OPERATION: &str = "SWAP";

/// Whether the loader offers these words where something unknown stands at a place of the whole sample.
fn offers(whole: &Value, path: &[Step], unknown: Value, words: &BTreeSet<&str>) -> bool {
    let messages = mistakes_of(&everything(), "policy.yaml", &replaced(whole, path, unknown));
    messages.iter().any(|message| {
        offered(message).is_some_and(|mut offered| {
            offered.remove(OWN_OPERATION);
            offered == *words
        })
    })
}

#[test]
fn every_field_is_known_to_the_loader_and_every_field_of_the_loader_is_there() {
    let (_, whole) = everything().files().next().unwrap();
    let mut met = 0;
    walk(&whole, &mut Vec::new(), &mut |path, value| {
        let (Value::Object(fields), Some(known)) = (value, places::fields(path)) else { return };
        let mut with = fields.clone();
        with.insert("zzzzzz".into(), json!("zzzzzz"));
        assert!(offers(&whole, path, Value::Object(with), &known), "{path:?}: {known:?}");
        met += 1;
    });
    assert!(met > 50, "{met}");
}

#[test]
fn every_word_is_known_to_the_loader_and_every_word_of_the_loader_is_there() {
    let (_, whole) = everything().files().next().unwrap();
    let mut met = 0;
    walk(&whole, &mut Vec::new(), &mut |path, _| {
        let words = places::words(path);
        if !words.is_empty() {
            assert!(offers(&whole, path, json!("zzzzzz"), &words), "{path:?}: {words:?}");
            met += 1;
        }
    });
    assert!(met > 50, "{met}");
}

#[test]
fn every_field_is_in_the_sample_of_everything() {
    let (_, whole) = everything().files().next().unwrap();
    let mut met = BTreeSet::new();
    walk(&whole, &mut Vec::new(), &mut |path, _| {
        met.extend(places::about(path).into_iter().map(std::ptr::from_ref));
    });
    each_field(&PARSED, &mut |name, field| {
        assert!(field.is_boolean() || met.contains(&std::ptr::from_ref(field)), "{name}: {field}");
    });
}

#[test]
fn every_field_says_what_it_means() {
    each_field(&PARSED, &mut |name, field| {
        let said = field.get("description").or_else(|| {
            let named = field.get("$ref")?.as_str()?;
            PARSED.pointer(named.trim_start_matches('#'))?.get("description")
        });
        let said = said.and_then(Value::as_str).unwrap_or_default();
        assert!(field.is_boolean() || said.ends_with('.'), "{name}: {field}");
    });
}

/// Beside a reference nothing else counts in this draft.
#[test]
fn references_stand_alone() {
    each_part(&PARSED, &mut |part| {
        assert!(part.get("$ref").is_none() || part.as_object().unwrap().len() == 1, "{part}");
    });
}

fn each_part(part: &'static Value, each: &mut impl FnMut(&'static Value)) {
    each(part);
    match part {
        Value::Object(fields) => fields.values().for_each(|inner| each_part(inner, each)),
        Value::Array(entries) => entries.iter().for_each(|inner| each_part(inner, each)),
        _ => {}
    }
}

/// Calls for each field of each mapping.
fn each_field(part: &'static Value, each: &mut impl FnMut(&'static str, &'static Value)) {
    each_part(part, &mut |part| {
        let closed = part.get("additionalProperties") == Some(&Value::Bool(false));
        let fields = part.get("properties").filter(|_| closed).and_then(Value::as_object);
        fields.into_iter().flatten().for_each(|(name, field)| each(name, field));
    });
}

pub fn words_at(pointer: &str) -> BTreeSet<&'static str> {
    let words = PARSED.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer}"));
    words.iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn what_depends_on_an_operation_or_a_type_is_what_the_vocabulary_says() {
    let operations = |holds: fn(&str) -> bool| OPERATIONS.into_iter().filter(|name| holds(name)).collect();
    let types = |holds: fn(&str) -> bool| ACCOUNT_TYPES.into_iter().filter(|name| holds(name)).collect();
    let by_amount = "/definitions/overStatedAmounts/properties/operations/items/enum";
    let by_call = "/definitions/conditions/dependencies/call/properties/operations/items/enum";
    let without_subtype = "/definitions/destinationEntry/allOf/1/if/properties/type/enum";
    assert_eq!(words_at(by_amount), operations(states_its_amount));
    assert_eq!(words_at(by_call), CALLS.into());
    assert_eq!(words_at("/definitions/paysNobody/enum"), PAYS_NOBODY.into());
    assert_eq!(words_at("/definitions/matchedById/if/properties/type/enum"), types(is_matched_by_address));
    assert_eq!(words_at(without_subtype), types(|name| !has_subtype(name)));
}
