//! Named address lists: membership by meaning, per chain.

use std::collections::{BTreeSet, HashMap};

use crate::address::{Address, Chain};
use crate::truth::Truth;

/// How an entry without a tag is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// For allowing: the address without a tag, and nothing else. At an exchange another tag is another customer.
    Narrow,
    /// For denying and for counting: the address with any tag.
    Wide,
}

impl Reading {
    /// The reading under a negation: what must not be on a list is read the other way round.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Narrow => Self::Wide,
            Self::Wide => Self::Narrow,
        }
    }
}

/// A named set of addresses of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressList {
    /// Name in the policy.
    pub name: String,
    /// The chain of every entry.
    pub chain: Chain,
    entries: HashMap<Address, Tags>,
}

/// The tags under which an address is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Tags {
    untagged: bool,
    tagged: BTreeSet<String>,
}

impl AddressList {
    /// A list of nothing.
    pub fn new(name: impl Into<String>, chain: Chain) -> Self {
        Self { name: name.into(), chain, entries: HashMap::new() }
    }

    /// Adds an entry; false where it was there already.
    pub fn insert(&mut self, address: Address, tag: Option<String>) -> bool {
        let tags = self.entries.entry(address).or_default();
        match tag.filter(|tag| !tag.is_empty()) {
            None => !std::mem::replace(&mut tags.untagged, true),
            Some(tag) => tags.tagged.insert(tag),
        }
    }

    /// The addresses, in no order.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.entries.keys()
    }

    /// How many addresses it holds.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether address and tag are listed.
    ///
    /// `tag`: `None` is missing, `Some("")` is known to be none. A missing tag is unknown where the asset
    /// requires one, and wherever the list knows this address under tags.
    pub fn contains(
        &self,
        address: &Address,
        tag: Option<&str>,
        tag_required: bool,
        reading: Reading,
    ) -> Truth {
        let Some(tags) = self.entries.get(address) else { return Truth::False };
        if reading == Reading::Wide && tags.untagged {
            return Truth::True;
        }
        match tag {
            None if tag_required || !tags.tagged.is_empty() => {
                Truth::unknown(format!("the destination's tag is missing for list {}", self.name))
            }
            None | Some("") => tags.untagged.into(),
            Some(tag) => tags.tagged.contains(tag).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
