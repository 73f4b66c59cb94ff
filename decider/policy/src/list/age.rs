//! How long an address has been on a list: for a cool-off after it was added.

use crate::address::Address;
use crate::time::{Length, Time};
use crate::truth::Truth;

use super::{AddedOn, AddressList, Reading};

/// How old an entry must be. Nothing asked is any age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Age {
    /// Listed at least that long.
    pub at_least: Option<Length>,
    /// Listed for less than that. An entry of a time to come counts, too.
    pub less_than: Option<Length>,
}

impl Age {
    /// Whether any age will do.
    pub fn is_any(self) -> bool {
        self == Self::default()
    }

    fn of_entry(self, added: Option<AddedOn>, now: Time) -> Option<bool> {
        if self.is_any() {
            return Some(true);
        }
        let added = added?.time();
        let old = self.at_least.is_none_or(|length| !length.reaches(added, now));
        Some(old && self.less_than.is_none_or(|length| length.reaches(added, now)))
    }
}

impl AddressList {
    /// Whether an entry that lists address and tag is of an age at `now`. Said of what is listed: without such an
    /// entry it is true, because [`AddressList::contains`] has the say.
    pub fn is_of_age(
        &self,
        age: Age,
        address: &Address,
        tag: Option<&str>,
        reading: Reading,
        now: Time,
    ) -> Truth {
        let tagged = tag.filter(|tag| !tag.is_empty());
        let untagged =
            (reading == Reading::Wide || tagged.is_none()).then(|| self.entry(address, None)).flatten();
        let entries = [untagged, tagged.and_then(|tag| self.entry(address, Some(tag)))];
        let known = entries.iter().flatten().map(|entry| match age.of_entry(entry.added.map(AddedOn), now) {
            Some(holds) => holds.into(),
            None => Truth::unknown(format!("the date of an address on list {} is missing", self.name)),
        });
        // The entry of a tag that is not given may be of any age.
        let hidden = (tag.is_none() && !age.is_any() && self.holds_under_tags(address))
            .then(|| Truth::unknown(format!("the destination's tag is missing for list {}", self.name)));
        let truths: Vec<Truth> = known.chain(hidden).collect();
        if truths.is_empty() { Truth::True } else { Truth::any(truths) }
    }
}
