//! Named address lists: membership by meaning, per chain.
//!
//! A list may hold a million addresses: it keeps their bytes one after the other, with a hash index over them, and
//! no allocation for each.

mod age;
mod key;
mod table;

#[cfg(test)]
mod tests;

use crate::address::{Address, Chain};
use crate::time::{MICROS_PER_SECOND, Time};
use crate::truth::Truth;
pub use age::Age;
use key::{Key, KeyKind};
use table::{Row, Table};

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
#[derive(Clone)]
pub struct AddressList {
    /// Name in the policy.
    pub name: String,
    /// The chain of every entry.
    pub chain: Chain,
    /// How many addresses there are, under whatever tags.
    addresses: usize,
    /// Whether any of them is listed with a tag. Most lists know no tags and need not look for them.
    knows_tags: bool,
    table: Table,
}

/// What a list says of an address and a tag. Equal entries name the same receiver and say the same of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry<'a> {
    /// The tag that belongs to it; empty is none.
    pub tag: Option<&'a str>,
    /// When it was added, where that is known.
    pub added: Option<AddedOn>,
    /// What people call it; empty is nothing.
    pub label: Option<&'a str>,
}

/// Where an entry stands in its list. Those that were added later come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(usize);

/// When an entry was added: whole seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddedOn(u32);

impl AddedOn {
    /// Parts of a second count as a whole one: no entry seems older than it is. `None`: before 1970, or after 2106.
    pub fn from_time(time: Time) -> Option<Self> {
        let whole =
            time.as_micros().checked_add(MICROS_PER_SECOND - 1)?.checked_div_euclid(MICROS_PER_SECOND)?;
        u32::try_from(whole).ok().map(Self)
    }

    /// As a point in time.
    pub fn time(self) -> Time {
        Time::from_micros(i64::from(self.0).saturating_mul(MICROS_PER_SECOND))
    }
}

impl AddressList {
    /// A list of nothing.
    pub fn new(name: impl Into<String>, chain: Chain) -> Self {
        Self { name: name.into(), chain, addresses: 0, knows_tags: false, table: Table::default() }
    }

    /// Adds an entry of which nothing else is known; false where it was there already.
    pub fn insert(&mut self, address: Address, tag: Option<String>) -> bool {
        self.add(&address, Entry { tag: tag.as_deref(), ..Entry::default() }).is_ok()
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// Address and tag were there already, whatever else is said of them: where.
    pub fn add(&mut self, address: &Address, entry: Entry<'_>) -> Result<Position, Position> {
        let key = Key::of_entry(address, entry.tag);
        let label = entry.label.filter(|label| !label.is_empty());
        let added = self.table.insert(&Row { key: key.bytes(), added: entry.added.map(|at| at.0), label });
        let is_new = match key.kind() {
            KeyKind::Tagged => self.add_under_tags(address) && !self.holds(KeyKind::Untagged, address),
            _ => added.is_ok() && !self.holds_under_tags(address),
        };
        self.addresses = self.addresses.saturating_add(usize::from(is_new));
        added.map(Position).map_err(Position)
    }

    /// Notes that an address is listed with some tag; false where that was known.
    fn add_under_tags(&mut self, address: &Address) -> bool {
        self.knows_tags = true;
        let under_tags = Key::new(KeyKind::UnderTags, address, "");
        self.table.insert(&Row { key: under_tags.bytes(), added: None, label: None }).is_ok()
    }

    /// Gives back memory that was taken for entries to come.
    pub fn shrink_to_fit(&mut self) {
        self.table.shrink_to_fit();
    }

    /// The memory its entries take, in bytes, with what is reserved for more.
    pub fn memory_bytes(&self) -> usize {
        self.table.memory_bytes()
    }

    /// Every entry with its address, in the order in which they were added.
    pub fn entries(&self) -> impl Iterator<Item = (Address, Entry<'_>)> {
        self.table.records().filter_map(|record| {
            let key = Key::read(record.key)?;
            let tag = match key.kind {
                KeyKind::Untagged => None,
                KeyKind::Tagged => Some(key.tag),
                KeyKind::UnderTags => return None,
            };
            Some((key.address()?, Entry { tag, added: record.added.map(AddedOn), label: record.label }))
        })
    }

    /// How many addresses it holds.
    pub fn len(&self) -> usize {
        self.addresses
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.addresses == 0
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
        let untagged = self.holds(KeyKind::Untagged, address);
        if reading == Reading::Wide && untagged {
            return Truth::True;
        }
        let under_tags = self.holds_under_tags(address);
        match tag {
            _ if !untagged && !under_tags => Truth::False,
            None if tag_required || under_tags => {
                Truth::unknown(format!("the destination's tag is missing for list {}", self.name))
            }
            None | Some("") => untagged.into(),
            Some(tag) => self.table.get(Key::new(KeyKind::Tagged, address, tag).bytes()).is_some().into(),
        }
    }

    /// When address and tag were added, where they are listed and that is known. Without a tag, or with an empty
    /// one, the entry without a tag is meant.
    pub fn added(&self, address: &Address, tag: Option<&str>) -> Option<Time> {
        self.entry(address, tag)?.added.map(|seconds| AddedOn(seconds).time())
    }

    /// What people call address and tag, where they are listed with a label.
    pub fn label(&self, address: &Address, tag: Option<&str>) -> Option<&str> {
        self.entry(address, tag)?.label
    }

    /// An address that is on both lists, so that some destination would be on both.
    pub fn overlap(&self, other: &Self) -> Option<Address> {
        let (small, large) = if self.len() <= other.len() { (self, other) } else { (other, self) };
        let shared = small.entries().find(|(address, entry)| match entry.tag {
            None => large.lists(address),
            tag => large.holds(KeyKind::Untagged, address) || large.entry(address, tag).is_some(),
        });
        shared.map(|(address, _)| address)
    }

    /// Whether it holds the address, under whatever tag.
    fn lists(&self, address: &Address) -> bool {
        self.holds(KeyKind::Untagged, address) || self.holds_under_tags(address)
    }

    fn holds_under_tags(&self, address: &Address) -> bool {
        self.knows_tags && self.holds(KeyKind::UnderTags, address)
    }

    fn holds(&self, kind: KeyKind, address: &Address) -> bool {
        self.table.get(Key::new(kind, address, "").bytes()).is_some()
    }

    fn entry(&self, address: &Address, tag: Option<&str>) -> Option<Row<'_>> {
        self.table.get(Key::of_entry(address, tag).bytes())
    }
}

/// The same name, chain and entries, in whatever order.
impl PartialEq for AddressList {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.chain == other.chain
            && self.table.len() == other.table.len()
            && self.table.records().all(|record| other.table.get(record.key) == Some(record))
    }
}

impl Eq for AddressList {}

/// In short: a list may hold a million addresses.
impl std::fmt::Debug for AddressList {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({} {} addresses)", self.name, self.addresses, self.chain)
    }
}
