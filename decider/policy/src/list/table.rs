//! A set of keys, each with a date and a label where it has them: records one after the other, and a hash index
//! over them. Looking a key up reads one place of the index and, where its mark fits, one record.

use std::hash::{BuildHasher, RandomState};

/// Of the slots, as many are used at most.
const MAX_LOAD: (usize, usize) = (3, 4);
const MIN_SLOTS: usize = 8;

/// The bits of a slot below its mark: where the record starts, plus 1.
const START_BITS: u32 = 48;
const START_MASK: u64 = (1 << START_BITS) - 1;
const EMPTY: u64 = 0;

const HAS_DATE: u8 = 1;
const HAS_LABEL: u8 = 2;

/// The set.
#[derive(Clone, Default)]
pub(super) struct Table {
    /// Where records start, found by the hash of their keys; the upper bits are a mark, other bits of the hash, so
    /// that another key's record is hardly ever looked at. Its length is a power of two.
    slots: Vec<u64>,
    records: Vec<u8>,
    len: usize,
    /// Seeded for each table: nobody can choose addresses whose hashes meet.
    seed: RandomState,
}

/// A key and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'t> {
    pub key: &'t [u8],
    pub added: Option<u32>,
    pub label: Option<&'t str>,
}

impl Table {
    pub const fn len(&self) -> usize {
        self.len
    }

    pub fn get(&self, key: &[u8]) -> Option<Row<'_>> {
        Some(self.find(self.seed.hash_one(key), key)?.1)
    }

    /// Where a key's record starts, and the record.
    fn find(&self, hash: u64, key: &[u8]) -> Option<(usize, Row<'_>)> {
        let slots = self.way(hash).map_while(|position| self.slots.get(position).copied());
        let mut marked = slots.take_while(|slot| *slot != EMPTY).filter(|slot| mark(*slot) == mark(hash));
        marked.find_map(|slot| {
            let start = start(slot);
            self.record_at(start).filter(|record| record.key == key).map(|record| (start, record))
        })
    }

    /// Adds a record, and says where it starts; or where the one of its key is.
    pub fn insert(&mut self, record: &Row<'_>) -> Result<usize, usize> {
        let hash = self.seed.hash_one(record.key);
        if let Some((start, _)) = self.find(hash, record.key) {
            return Err(start);
        }
        self.len = self.len.saturating_add(1);
        if self.len.saturating_mul(MAX_LOAD.1) > self.slots.len().saturating_mul(MAX_LOAD.0) {
            self.grow();
        }
        let start = self.records.len();
        self.index(hash, start);
        write(&mut self.records, record);
        Ok(start)
    }

    /// Every record, in the order in which they were added.
    pub fn records(&self) -> impl Iterator<Item = Row<'_>> {
        let mut rest = self.records.as_slice();
        std::iter::from_fn(move || {
            let (record, after) = read(rest)?;
            rest = after;
            Some(record)
        })
    }

    pub fn shrink_to_fit(&mut self) {
        self.records.shrink_to_fit();
    }

    pub const fn memory_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<u64>()).saturating_add(self.records.capacity())
    }

    fn record_at(&self, start: usize) -> Option<Row<'_>> {
        Some(read(self.records.get(start..)?)?.0)
    }

    /// Twice the slots, all of them filled anew.
    fn grow(&mut self) {
        let slots = self.slots.len().saturating_mul(2).max(MIN_SLOTS);
        self.slots = vec![EMPTY; slots];
        let mut start = 0;
        while let Some((record, rest)) = self.records.get(start..).and_then(read) {
            let hash = self.seed.hash_one(record.key);
            let next = self.records.len().saturating_sub(rest.len());
            self.index(hash, start);
            start = next;
        }
    }

    /// Puts a record's start into the first free slot on its way; there always is one.
    fn index(&mut self, hash: u64, start: usize) {
        let free = self.way(hash).find(|position| self.slots.get(*position) == Some(&EMPTY));
        if let Some(slot) = free.and_then(|position| self.slots.get_mut(position)) {
            *slot = mark(hash) << START_BITS | (start as u64).saturating_add(1);
        }
    }

    /// The slots in the order in which a key of this hash is looked for.
    fn way(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let slots = self.slots.len();
        let last = slots.saturating_sub(1);
        (0..slots).map(move |step| (hash as usize).wrapping_add(step) & last)
    }
}

/// The upper bits of a hash, or of a slot.
const fn mark(bits: u64) -> u64 {
    bits >> START_BITS
}

const fn start(slot: u64) -> usize {
    ((slot & START_MASK) as usize).saturating_sub(1)
}

fn write(records: &mut Vec<u8>, record: &Row<'_>) {
    write_length(records, record.key.len());
    records.extend_from_slice(record.key);
    let label = record.label.unwrap_or_default();
    let has = |bit, there| if there { bit } else { 0 };
    records.push(has(HAS_DATE, record.added.is_some()) | has(HAS_LABEL, !label.is_empty()));
    if let Some(added) = record.added {
        records.extend(added.to_le_bytes());
    }
    if !label.is_empty() {
        write_length(records, label.len());
        records.extend_from_slice(label.as_bytes());
    }
}

/// The record at the start of these bytes, and what comes after it.
fn read(bytes: &[u8]) -> Option<(Row<'_>, &[u8])> {
    let (length, bytes) = read_length(bytes)?;
    let (key, bytes) = bytes.split_at_checked(length)?;
    let (has, bytes) = bytes.split_first()?;
    let (added, bytes) = match has & HAS_DATE {
        0 => (None, bytes),
        _ => bytes.split_first_chunk().map(|(added, rest)| (Some(u32::from_le_bytes(*added)), rest))?,
    };
    let (label, bytes) = match has & HAS_LABEL {
        0 => (None, bytes),
        _ => {
            let (length, bytes) = read_length(bytes)?;
            let (label, rest) = bytes.split_at_checked(length)?;
            (Some(std::str::from_utf8(label).ok()?), rest)
        }
    };
    Some((Row { key, added, label }, bytes))
}

/// Seven bits a byte, the lowest first; the upper bit says that more follow.
pub(super) fn write_length(bytes: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
}

/// A length that [`write_length`] wrote, and what comes after it.
pub(super) fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (written, rest) = bytes.split_at_checked(last.checked_add(1)?)?;
    let length = written
        .iter()
        .rev()
        .try_fold(0_usize, |length, byte| length.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7f)))?;
    Some((length, rest))
}
