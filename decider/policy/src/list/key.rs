//! What an entry is found by: the bytes of its address and tag.

use crate::address::{Address, Chain};

use super::table::{read_length, write_length};

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// The address without a tag is listed.
    Untagged,
    /// The address with this tag is listed.
    Tagged,
    /// The address is listed with some tag.
    UnderTags,
}

const KINDS: [KeyKind; 3] = [KeyKind::Untagged, KeyKind::Tagged, KeyKind::UnderTags];

/// A key as bytes: kind, chain, the address's length, the address, the tag. The length keeps an address that
/// ends like a tag apart from one that does not.
pub(super) struct Key {
    kind: KeyKind,
    bytes: Vec<u8>,
}

/// A key that was read back.
pub(super) struct Parts<'k> {
    pub kind: KeyKind,
    pub tag: &'k str,
    chain: Chain,
    canonical: &'k [u8],
}

impl Key {
    pub fn of_entry(address: &Address, tag: Option<&str>) -> Self {
        match tag {
            None | Some("") => Self::new(KeyKind::Untagged, address, ""),
            Some(tag) => Self::new(KeyKind::Tagged, address, tag),
        }
    }

    pub fn new(kind: KeyKind, address: &Address, tag: &str) -> Self {
        let canonical = address.canonical();
        let mut bytes =
            Vec::with_capacity(MAX_HEAD_BYTES.saturating_add(canonical.len()).saturating_add(tag.len()));
        bytes.extend([position(&KINDS, kind), position(&Chain::ALL, address.chain())]);
        write_length(&mut bytes, canonical.len());
        bytes.extend_from_slice(canonical);
        bytes.extend_from_slice(tag.as_bytes());
        Self { kind, bytes }
    }

    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes a key of [`Key::bytes`] apart.
    pub fn read(bytes: &[u8]) -> Option<Parts<'_>> {
        let ([kind, chain], rest) = bytes.split_first_chunk::<2>()?;
        let (length, rest) = read_length(rest)?;
        let (canonical, tag) = rest.split_at_checked(length)?;
        let kind = *KINDS.get(usize::from(*kind))?;
        let chain = *Chain::ALL.get(usize::from(*chain))?;
        Some(Parts { kind, tag: std::str::from_utf8(tag).ok()?, chain, canonical })
    }
}

impl Parts<'_> {
    pub fn address(&self) -> Option<Address> {
        Address::from_canonical(self.chain, self.canonical)
    }
}

/// Kind, chain, and a length of at most two bytes.
const MAX_HEAD_BYTES: usize = 4;

fn position<T: PartialEq>(all: &[T], one: T) -> u8 {
    let position = all.iter().position(|each| *each == one);
    position.and_then(|position| u8::try_from(position).ok()).unwrap_or(u8::MAX)
}
