use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::time::Length;

fn address(text: &str) -> Address {
    Address::parse(Chain::Exact, text).unwrap()
}

fn list(entries: &[(&str, Option<&str>)]) -> AddressList {
    let mut list = AddressList::new("payees", Chain::Exact);
    for (text, tag) in entries {
        list.insert(address(text), tag.map(str::to_owned));
    }
    list
}

fn evm(number: u64) -> Address {
    Address::parse(
        Chain::Evm,
        &format!("0x{:040x}", u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
    )
    .unwrap()
}

fn on(seconds: i64) -> Option<AddedOn> {
    AddedOn::from_time(Time::from_micros(seconds * 1_000_000))
}

#[test]
fn what_a_list_takes_is_known_and_little() {
    const COUNT: u64 = 10_000;
    let mut list = AddressList::new("payees", Chain::Evm);
    for number in 0..COUNT {
        list.add(&evm(number), Entry { added: on(1_700_000_000), ..Entry::default() }).unwrap();
    }
    list.shrink_to_fit();
    let each = list.memory_bytes() / usize::try_from(COUNT).unwrap();
    assert!((20..=64).contains(&each), "{each} bytes for an address of 20");
}

#[test]
fn tags_are_part_of_the_destination() {
    let list = list(&[("plain", None), ("shared", Some("7"))]);
    let narrow = |a: &str, tag| list.contains(&address(a), tag, false, Reading::Narrow);
    assert_eq!(narrow("plain", None), Truth::True);
    assert_eq!(narrow("plain", Some("")), Truth::True);
    assert_eq!(narrow("plain", Some("9")), Truth::False);
    assert_eq!(narrow("shared", Some("7")), Truth::True);
    assert_eq!(narrow("shared", Some("8")), Truth::False);
    assert_eq!(narrow("shared", Some("")), Truth::False);
    assert!(matches!(narrow("shared", None), Truth::Indeterminate(_)));
    assert_eq!(narrow("other", None), Truth::False);
}

#[test]
fn a_denied_address_is_denied_under_every_tag() {
    let list = list(&[("plain", None)]);
    assert_eq!(list.contains(&address("plain"), Some("9"), true, Reading::Wide), Truth::True);
    assert_eq!(list.contains(&address("plain"), None, true, Reading::Wide), Truth::True);
}

#[test]
fn a_required_tag_that_is_missing_is_unknown() {
    let list = list(&[("plain", None)]);
    let truth = list.contains(&address("plain"), None, true, Reading::Narrow);
    assert!(matches!(truth, Truth::Indeterminate(_)));
}

#[test]
fn inserting_twice_says_so() {
    let mut list = list(&[("a", None)]);
    assert!(!list.insert(address("a"), Some(String::new())));
    assert!(list.insert(address("a"), Some("1".into())));
    assert!(!list.insert(address("a"), Some("1".into())));
    assert_eq!(list.len(), 1);
}

/// An address that ends as a tag begins is another receiver.
#[test]
fn addresses_and_tags_do_not_run_together() {
    let list = list(&[("ab", Some("c")), ("x", None)]);
    let narrow = |a: &str, tag| list.contains(&address(a), tag, false, Reading::Narrow);
    assert_eq!(narrow("a", Some("bc")), Truth::False);
    assert_eq!(narrow("abc", None), Truth::False);
    assert_eq!(narrow("abc", Some("")), Truth::False);
    assert_eq!(narrow("x", Some("x")), Truth::False);
}

#[test]
fn an_address_of_another_chain_is_another_address() {
    let solana = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T";
    let mut list = AddressList::new("payees", Chain::Exact);
    list.insert(address(solana), None);
    let other = Address::parse(Chain::Solana, solana).unwrap();
    assert_eq!(list.contains(&other, None, false, Reading::Wide), Truth::False);
}

#[test]
fn dates_and_labels_belong_to_an_address_with_its_tag() {
    let mut list = AddressList::new("payees", Chain::Exact);
    let entry = |tag, added, label| Entry { tag, added, label };
    let first = list.add(&address("a"), entry(Some("7"), on(1_000), Some("seven"))).unwrap();
    assert!(list.add(&address("a"), entry(None, None, Some("all"))).unwrap() > first);
    let empty = list.add(&address("b"), entry(Some(""), on(0), Some("")));
    assert_eq!(list.add(&address("b"), entry(None, on(5), Some("later"))), Err(empty.unwrap()));
    assert_eq!(list.add(&address("a"), entry(Some("7"), None, None)), Err(first));
    let added = |a: &str, tag| list.added(&address(a), tag).map(Time::as_micros);
    assert_eq!(added("a", Some("7")), Some(1_000_000_000));
    assert_eq!((added("a", None), added("a", Some("")), added("a", Some("8"))), (None, None, None));
    assert_eq!((added("b", None), added("b", Some("")), added("c", None)), (Some(0), Some(0), None));
    assert_eq!(list.label(&address("a"), Some("7")), Some("seven"));
    assert_eq!((list.label(&address("a"), None), list.label(&address("b"), None)), (Some("all"), None));
    assert_eq!(list.len(), 2);
}

#[test]
fn an_entry_never_seems_older_than_it_is() {
    let whole = |micros| AddedOn::from_time(Time::from_micros(micros)).map(|at| at.time().as_micros());
    assert_eq!(whole(1), Some(1_000_000));
    assert_eq!(whole(1_000_000), Some(1_000_000));
    assert_eq!(whole(1_000_001), Some(2_000_000));
    assert_eq!(whole(0), Some(0));
    assert_eq!(whole(-1_000_000), None);
    assert_eq!(whole(i64::from(u32::MAX) * 1_000_000), Some(i64::from(u32::MAX) * 1_000_000));
    assert_eq!(whole(i64::from(u32::MAX) * 1_000_000 + 1), None);
    assert_eq!((whole(i64::MAX), whole(i64::MIN)), (None, None));
}

#[test]
fn lists_overlap_where_a_destination_would_be_on_both() {
    let overlaps = |one: &[(&str, Option<&str>)], other: &[(&str, Option<&str>)]| {
        let (one, other) = (list(one), list(other));
        assert_eq!(one.overlap(&other).is_some(), other.overlap(&one).is_some());
        one.overlap(&other).map(|address| address.to_string())
    };
    assert_eq!(overlaps(&[("a", None)], &[("b", None), ("a", None)]).as_deref(), Some("a"));
    assert_eq!(overlaps(&[("a", None)], &[("b", None), ("a", Some("1"))]).as_deref(), Some("a"));
    assert_eq!(overlaps(&[("a", Some("1"))], &[("b", None), ("a", Some("1"))]).as_deref(), Some("a"));
    assert_eq!(overlaps(&[("a", Some("1"))], &[("a", Some("2"))]), None);
    assert_eq!(overlaps(&[("a", None)], &[("b", None)]), None);
    assert_eq!(overlaps(&[], &[("b", None)]), None);
}

#[test]
fn lists_of_the_same_entries_are_equal_in_whatever_order() {
    let one = list(&[("a", None), ("b", Some("1")), ("b", Some("2"))]);
    assert_eq!(one, list(&[("b", Some("2")), ("a", None), ("b", Some("1"))]));
    assert_ne!(one, list(&[("a", None), ("b", Some("1")), ("b", Some("3"))]));
    assert_ne!(one, list(&[("a", None), ("b", Some("1"))]));
    let mut dated = list(&[("b", Some("1")), ("b", Some("2"))]);
    dated.add(&address("a"), Entry { added: on(1), ..Entry::default() }).unwrap();
    assert_ne!(one, dated);
    assert_eq!(format!("{one:?}"), "payees (2 exact addresses)");
}

#[test]
fn the_age_of_an_entry_is_that_of_its_tag() {
    let day = Length::from_seconds(86_400);
    let now = Time::from_micros(1_000_000_000_000_000);
    let (old, exact, young, ahead) =
        (on(1_000_000_000 - 86_401), on(1_000_000_000 - 86_400), on(999_999_999), on(1_000_000_001));
    let mut list = AddressList::new("payees", Chain::Exact);
    let mut add =
        |text: &str, tag, added| list.add(&address(text), Entry { tag, added, label: None }).unwrap();
    add("old", None, old);
    add("exact", None, exact);
    add("young", None, young);
    add("ahead", None, ahead);
    add("unknown", None, None);
    add("mixed", None, old);
    add("mixed", Some("7"), young);
    let of = |age: Age, text: &str, tag, reading| list.is_of_age(age, &address(text), tag, reading, now);
    let listed_for = Age { at_least: day, less_than: None };
    let listed_within = Age { at_least: None, less_than: day };
    for reading in [Reading::Narrow, Reading::Wide] {
        for tag in [None, Some("")] {
            for (text, old) in [("old", true), ("exact", true), ("young", false), ("ahead", false)] {
                assert_eq!(of(listed_for, text, tag, reading), Truth::from(old), "{text}");
                assert_eq!(of(listed_within, text, tag, reading), Truth::from(!old), "{text}");
            }
            for age in [listed_for, listed_within] {
                assert!(matches!(of(age, "unknown", tag, reading), Truth::Indeterminate(_)));
                assert_eq!(
                    of(age, "absent", tag, reading),
                    Truth::True,
                    "whether it is listed is not asked here"
                );
            }
            assert_eq!(of(Age::default(), "unknown", tag, reading), Truth::True);
        }
    }
    assert_eq!(of(listed_for, "mixed", Some("7"), Reading::Narrow), Truth::False);
    assert_eq!(of(listed_for, "mixed", Some(""), Reading::Narrow), Truth::True);
    assert_eq!(
        of(listed_within, "mixed", Some("7"), Reading::Wide),
        Truth::True,
        "one of the two that list it"
    );
    assert_eq!(of(listed_within, "mixed", Some("8"), Reading::Wide), Truth::False);
    assert!(
        matches!(of(listed_within, "mixed", None, Reading::Wide), Truth::Indeterminate(_)),
        "the tag may be 7"
    );
    let between = Age { at_least: Length::from_seconds(1), less_than: day };
    assert_eq!(of(between, "young", None, Reading::Narrow), Truth::True);
    assert_eq!(of(between, "exact", None, Reading::Narrow), Truth::False);
}

/// The most memory that an address may take, in bytes: what a list of a million is planned with.
const MAX_BYTES_AN_ADDRESS: usize = 64;

/// Counted from the capacities of the two things that a list allocates, just after its slots have doubled.
#[test]
fn a_large_list_is_small_in_memory() {
    const ADDRESSES: u64 = 100_000;
    let mut list = AddressList::new("payees", Chain::Evm);
    for number in 0..ADDRESSES {
        list.add(&evm(number), Entry { added: on(1_700_000_000), ..Entry::default() }).unwrap();
    }
    list.shrink_to_fit();
    assert!(list.memory_bytes() <= list.len() * MAX_BYTES_AN_ADDRESS, "{}", list.memory_bytes() / list.len());
    assert!(!list.is_empty() && AddressList::new("none", Chain::Evm).is_empty());
    let holds = |number| list.contains(&evm(number), None, false, Reading::Narrow);
    assert!((0..ADDRESSES).all(|number| holds(number) == Truth::True));
    assert!((ADDRESSES..ADDRESSES + 10_000).all(|number| holds(number) == Truth::False));
}

/// The list as it was first written: a map of addresses to their tags.
#[derive(Debug, Default)]
struct Naive(HashMap<Address, (bool, BTreeSet<String>)>);

impl Naive {
    fn insert(&mut self, address: Address, tag: Option<&str>) -> bool {
        let (untagged, tagged) = self.0.entry(address).or_default();
        match tag.filter(|tag| !tag.is_empty()) {
            None => !std::mem::replace(untagged, true),
            Some(tag) => tagged.insert(tag.to_owned()),
        }
    }

    fn contains(&self, address: &Address, tag: Option<&str>, tag_required: bool, reading: Reading) -> Truth {
        let Some((untagged, tagged)) = self.0.get(address) else { return Truth::False };
        if reading == Reading::Wide && *untagged {
            return Truth::True;
        }
        match tag {
            None if tag_required || !tagged.is_empty() => {
                Truth::unknown("the destination's tag is missing for list payees")
            }
            None | Some("") => (*untagged).into(),
            Some(tag) => tagged.contains(tag).into(),
        }
    }
}

/// Few characters, so that addresses and tags meet.
fn some_address() -> impl Strategy<Value = Address> {
    prop_oneof![
        "[ab]{1,3}".prop_map(|text| address(&text)),
        (0_u64..20).prop_map(evm),
        "x{127,130}".prop_map(|text| address(&text)),
    ]
}

fn some_tag() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), "[ab]{0,2}".prop_map(Some), "y{127,129}".prop_map(Some)]
}

proptest! {
    #[test]
    fn it_answers_as_a_map_would(
        entries in prop::collection::vec((some_address(), some_tag(), any::<Option<u32>>(), "[a-c]{0,2}"), 0..120),
        asked in prop::collection::vec((some_address(), some_tag(), any::<bool>()), 40),
    ) {
        let (mut list, mut naive) = (AddressList::new("payees", Chain::Exact), Naive::default());
        for (address, tag, added, label) in &entries {
            let entry = Entry { tag: tag.as_deref(), added: added.map(AddedOn), label: Some(label) };
            prop_assert_eq!(list.add(address, entry).is_ok(), naive.insert(address.clone(), tag.as_deref()));
        }
        prop_assert_eq!(list.len(), naive.0.len());
        let known = entries.iter().map(|(address, tag, ..)| (address.clone(), tag.clone(), true));
        for (address, tag, required) in known.chain(asked) {
            for reading in [Reading::Narrow, Reading::Wide] {
                prop_assert_eq!(
                    list.contains(&address, tag.as_deref(), required, reading),
                    naive.contains(&address, tag.as_deref(), required, reading)
                );
            }
        }
    }

    /// The first entry of an address and tag stands, with its date and label.
    #[test]
    fn what_was_added_comes_out_in_its_order(
        entries in prop::collection::vec((some_address(), some_tag(), any::<Option<u32>>(), "[a-cé]{0,3}"), 0..120),
    ) {
        let mut list = AddressList::new("payees", Chain::Exact);
        let mut kept = Vec::new();
        for (address, tag, added, label) in &entries {
            let entry = Entry { tag: tag.as_deref(), added: added.map(AddedOn), label: Some(label) };
            if list.add(address, entry).is_ok() {
                kept.push((address.clone(), tag.clone().filter(|tag| !tag.is_empty()), *added, label.clone()));
            }
        }
        list.shrink_to_fit();
        let read: Vec<_> = list
            .entries()
            .map(|(address, entry)| {
                let label = entry.label.unwrap_or_default().to_owned();
                (address, entry.tag.map(str::to_owned), entry.added.map(|at| at.0), label)
            })
            .collect();
        prop_assert_eq!(&read, &kept);
        for (address, tag, added, _) in &kept {
            prop_assert_eq!(list.added(address, tag.as_deref()), added.map(|at| AddedOn(at).time()));
        }
    }
}
