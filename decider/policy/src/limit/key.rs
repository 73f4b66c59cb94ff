//! Keys: what keeps sums apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::{Address, Chain};
use crate::applicability::destination_applies;
use crate::group::{Counterparty, Groups, SourceGroup};
use crate::intent::{Account, Destination, Intent};
use crate::matcher::is_known_source;
use crate::truth::Truth;
use crate::vocabulary::{is_account_type, is_matched_by_address};

/// A dimension that sums can be kept apart by (decision model, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPart {
    /// Each tenant.
    Tenant,
    /// Each API user that allowed it.
    Signer,
    /// Each source account.
    Source,
    /// Each named group of sources; sources of no group share one sum.
    SourceGroup,
    /// Each destination: an account, or an address with its tag.
    Destination,
    /// Each named counterparty; destinations of none share one sum.
    Counterparty,
    /// Each asset.
    Asset,
    /// Each operation.
    Operation,
}

impl KeyPart {
    /// Every part, by the name it has in a policy file.
    pub const ALL: [(&'static str, Self); 8] = [
        ("tenant", Self::Tenant),
        ("signer", Self::Signer),
        ("source", Self::Source),
        ("source_group", Self::SourceGroup),
        ("destination", Self::Destination),
        ("counterparty", Self::Counterparty),
        ("asset", Self::Asset),
        ("operation", Self::Operation),
    ];

    /// Its name in a policy file.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }
}

/// One sum of one limit: the values of its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bucket {
    /// The limit.
    pub limit_id: String,
    /// A value for each part of its key.
    pub key: Key,
}

/// A value for each part of a limit's key.
pub type Key = BTreeMap<KeyPart, String>;

/// The key value of a source or destination that belongs to no group.
const NO_GROUP: &str = "(none)";
/// Between an address and its tag.
const TAG_MARK: char = '#';

pub(super) fn key_value(
    part: KeyPart,
    intent: &Intent,
    destination: Option<&Destination>,
    groups: Groups<'_>,
) -> Result<String, String> {
    match part {
        KeyPart::Tenant => Ok(intent.tenant.clone()),
        KeyPart::Signer => intent.signer.clone().ok_or_else(|| "the signer is missing".into()),
        KeyPart::Source | KeyPart::SourceGroup if !is_known_source(&intent.source) => {
            Err("the source's type is none that is known".into())
        }
        KeyPart::Source => account_key(&intent.source).ok_or_else(|| "the source is missing".into()),
        KeyPart::SourceGroup => group_of_source(&intent.source, groups.sources),
        KeyPart::Destination => destination_key(intent, destination),
        KeyPart::Counterparty => counterparty_of(intent, destination, groups.counterparties),
        KeyPart::Asset => Ok(intent.asset.clone()),
        KeyPart::Operation => Ok(intent.operation.clone()),
    }
}

fn account_key(account: &Account) -> Option<String> {
    Some(format!("{}:{}", account.kind.as_ref()?, account.id.as_ref()?))
}

/// An address with its tag where the type is matched by address, else type and id: so that a wallet listed
/// twice, or used once as a one-time address, is one destination. A tag that the chain does not have makes no other one
/// of it, and of a type that nobody knows yet, nobody knows what its ids tell apart.
pub(super) fn destination_key(intent: &Intent, destination: Option<&Destination>) -> Result<String, String> {
    let Some(destination) = destination else {
        return if destination_applies(&intent.operation) {
            Err("the destination is missing".into())
        } else {
            Ok(NO_GROUP.into())
        };
    };
    let kind = destination.account.kind.as_deref().ok_or("a destination's type is missing")?;
    if !is_account_type(kind) {
        return Err("a destination's type is none that is known".into());
    }
    if !is_matched_by_address(kind) {
        return account_key(&destination.account).ok_or_else(|| "a destination's id is missing".into());
    }
    let address = destination.address.as_ref().ok_or("a destination's address is missing")?;
    match destination.tag.as_deref() {
        None if intent.tag_required => Err("a destination's tag is missing".into()),
        Some(tag) if !tag.is_empty() && address.chain().has_tags() => {
            Ok(format!("{}{TAG_MARK}{tag}", address_key(address)))
        }
        _ => Ok(address_key(address)),
    }
}

/// No two destinations have the same: an address that is any text, or one of any network, could be that of another
/// chain, an account, or an address with its tag.
fn address_key(address: &Address) -> String {
    match address.chain() {
        Chain::Exact | Chain::Bech32 => {
            String::from(address.clone()).replace('%', "%25").replace(TAG_MARK, "%23")
        }
        Chain::Evm | Chain::Bitcoin | Chain::BitcoinTestnet | Chain::Solana => address.to_string(),
    }
}

fn group_of_source(source: &Account, groups: &[SourceGroup]) -> Result<String, String> {
    let truths: Vec<Truth> = groups.iter().map(|group| group.contains(source)).collect();
    name_of_match(groups.iter().map(|group| &group.name).zip(truths))
}

fn counterparty_of(
    intent: &Intent,
    destination: Option<&Destination>,
    counterparties: &[Counterparty],
) -> Result<String, String> {
    let Some(destination) = destination else { return destination_key(intent, None) };
    let truths: Vec<Truth> = counterparties.iter().map(|each| each.contains(intent, destination)).collect();
    name_of_match(counterparties.iter().map(|each| &each.name).zip(truths))
}

/// The one group that matches; none only where every one certainly does not. What is in two, by its account and by its
/// address, would pass one cap in the sum of the other; where a group cannot be told, leaving out what it goes by would.
fn name_of_match<'a>(groups: impl Iterator<Item = (&'a String, Truth)>) -> Result<String, String> {
    let mut found = None;
    for (name, truth) in groups {
        match (truth, found) {
            (Truth::True, None) => found = Some(name),
            (Truth::True, Some(other)) => return Err(format!("it is in both {other} and {name}")),
            (Truth::Indeterminate(phrases), _) => return Err(phrases.join(", ")),
            (Truth::False, _) => {}
        }
    }
    Ok(found.cloned().unwrap_or_else(|| NO_GROUP.into()))
}
