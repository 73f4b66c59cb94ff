//! Limits: caps over charges. One function says where a charge counts, for the charge that is asked for and
//! for every charge of the past alike, so that the two can never disagree.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::applicability::{amount_applies, destination_applies};
use crate::charge::Charge;
use crate::condition::Conditions;
use crate::group::{Counterparty, Groups, SourceGroup};
use crate::intent::{Account, Destination, Intent};
use crate::list::Reading;
use crate::time::{Time, Window};
use crate::truth::Truth;
use crate::usd::Usd;
use crate::vocabulary::is_matched_by_address;

/// A cap over the charges that share a key inside a rolling window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Name in the policy, unique among its rules and limits.
    pub id: String,
    /// Which destinations of which transactions it counts. Stages and totals are not asked.
    pub when: Conditions,
    /// What keeps sums apart.
    pub key: BTreeSet<KeyPart>,
    /// How much, of what.
    pub cap: Cap,
    /// Over how long.
    pub window: Window,
}

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

/// The most that may be inside the window. Reaching it passes; passing it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cap {
    /// Base units, for each asset the limit can meet.
    Amount(BTreeMap<String, Amount>),
    /// Value.
    Usd(Usd),
    /// Transactions; with the destination in the key, transactions to it.
    Count(u64),
}

/// What the numbers of a limit count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The smallest unit of this asset.
    BaseUnits(String),
    /// Millionths of a US dollar.
    UsdMicros,
    /// Transactions.
    Transactions,
}

/// One sum of one limit: the values of its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bucket {
    /// The limit.
    pub limit_id: String,
    /// A value for each part of its key.
    pub key: BTreeMap<KeyPart, String>,
}

/// What one charge adds to one sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Where it counts.
    pub bucket: Bucket,
    /// How much: base units, micro-dollars or transactions. `None`: it counts, but nobody can say how much.
    pub quantity: Option<Amount>,
    /// When it counts.
    pub at: Time,
}

/// Where and how much one charge counts against one limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    /// The sums it counts in.
    pub known: Vec<Share>,
    /// Times at which it counts in some sum that cannot be named, each with what is missing.
    pub unknown: Vec<(Time, String)>,
}

/// The key value of a source or destination that belongs to no group.
const NO_GROUP: &str = "(none)";

impl Limit {
    /// Where a charge counts against this limit. Selectors and keys act per destination; destinations with the
    /// same key are one share; with the signer in the key the charge counts once for each signer.
    pub fn shares_of(&self, charge: &Charge, groups: Groups<'_>) -> Shares {
        let mut shares = Shares::default();
        for (signer, at) in self.counted_signers(charge) {
            let intent = Intent { signer, ..charge.intent.clone() };
            self.add_shares(&mut shares, &intent, at, groups);
        }
        shares
    }

    /// The most that may be in a sum. `None`: the cap says nothing of the key's asset, so nothing passes.
    pub fn max_of(&self, intent: &Intent) -> Option<Amount> {
        match &self.cap {
            Cap::Amount(by_asset) => by_asset.get(&intent.asset).copied(),
            Cap::Usd(max) => Some(max.micros()),
            Cap::Count(max) => Some(Amount::from_u64(*max)),
        }
    }

    /// The unit of its numbers.
    pub fn unit_of(&self, intent: &Intent) -> Unit {
        match &self.cap {
            Cap::Amount(_) => Unit::BaseUnits(intent.asset.clone()),
            Cap::Usd(_) => Unit::UsdMicros,
            Cap::Count(_) => Unit::Transactions,
        }
    }

    /// Each signer the charge counts for: every one that allowed it where the limit tells signers apart, else
    /// the charge once, under any signer that the limit asks for.
    fn counted_signers(&self, charge: &Charge) -> Vec<(Option<String>, Time)> {
        let mut latest: BTreeMap<&Option<String>, Time> = BTreeMap::new();
        for part in &charge.parts {
            let at = latest.entry(&part.signer).or_insert(part.at);
            *at = part.at.max(*at);
        }
        let each = latest.into_iter().map(|(signer, at)| (signer.clone(), at));
        if self.key.contains(&KeyPart::Signer) {
            return each.collect();
        }
        let asked = |signer: &Option<String>| self.when.of_signer(signer.as_ref()) == Truth::True;
        let signers: Vec<Option<String>> = each.map(|(signer, _)| signer).collect();
        let counted =
            signers.iter().find(|signer| asked(signer)).or_else(|| signers.iter().find(|s| s.is_none()));
        counted.or_else(|| signers.first()).map(|signer| (signer.clone(), charge.at)).into_iter().collect()
    }

    fn add_shares(&self, shares: &mut Shares, intent: &Intent, at: Time, groups: Groups<'_>) {
        let mut sums: BTreeMap<BTreeMap<KeyPart, String>, Option<Amount>> = BTreeMap::new();
        for destination in counted_destinations(intent) {
            match self.selects(intent, destination) {
                Truth::False => continue,
                Truth::Indeterminate(phrases) => {
                    shares.unknown.push((at, phrases.join(", ")));
                    continue;
                }
                Truth::True => {}
            }
            match self.key_of(intent, destination, groups) {
                Err(missing) => shares.unknown.push((at, missing)),
                Ok(key) => {
                    let quantity = self.quantity_of(intent, destination);
                    let sum = sums.entry(key).or_insert(Some(Amount::ZERO));
                    *sum = sum.and_then(|sum| self.add(sum, quantity?));
                }
            }
        }
        let excess = self.excess_of(intent);
        shares.known.extend(sums.into_iter().map(|(key, sum)| Share {
            bucket: Bucket { limit_id: self.id.clone(), key },
            quantity: sum.and_then(|sum| sum.checked_add(excess)),
            at,
        }));
    }

    /// The larger of net and requested amount is charged, whichever the destinations add up to (decision model,
    /// section 5). Nobody knows to which of them the rest belongs: each sum may only over-count. Values have it
    /// in them.
    fn excess_of(&self, intent: &Intent) -> Amount {
        match self.cap {
            Cap::Amount(_) => intent.excess(),
            Cap::Usd(_) | Cap::Count(_) => Amount::ZERO,
        }
    }

    fn selects(&self, intent: &Intent, destination: Option<&Destination>) -> Truth {
        let to = match (&self.when.destinations, destination) {
            (None, _) => Truth::True,
            (Some(_), Some(destination)) => self.when.of_destination(intent, destination, Reading::Wide),
            (Some(_), None) if destination_applies(&intent.operation) => {
                Truth::unknown("the destination is missing")
            }
            (Some(_), None) => Truth::False,
        };
        Truth::all([self.when.of_transaction(intent), to])
    }

    /// `None`: the destination has no known quantity in the limit's unit.
    fn quantity_of(&self, intent: &Intent, destination: Option<&Destination>) -> Option<Amount> {
        match (&self.cap, destination) {
            (Cap::Count(_), _) => Some(Amount::from_u64(1)),
            (Cap::Amount(_) | Cap::Usd(_), None) => Some(Amount::ZERO),
            (Cap::Amount(_), Some(destination)) => Some(destination.amount),
            (Cap::Usd(_), Some(destination)) => match destination.usd {
                Some(value) => Some(value.micros()),
                None if destination.amount.is_zero() && !amount_applies(&intent.operation) => {
                    Some(Amount::ZERO)
                }
                None => None,
            },
        }
    }

    /// A count is one per transaction and key, however many destinations share it.
    fn add(&self, sum: Amount, quantity: Amount) -> Option<Amount> {
        match self.cap {
            Cap::Count(_) => Some(quantity),
            Cap::Amount(_) | Cap::Usd(_) => sum.checked_add(quantity),
        }
    }

    fn key_of(
        &self,
        intent: &Intent,
        destination: Option<&Destination>,
        groups: Groups<'_>,
    ) -> Result<BTreeMap<KeyPart, String>, String> {
        self.key.iter().map(|part| Ok((*part, key_value(*part, intent, destination, groups)?))).collect()
    }
}

/// Every destination; one nameless entry for a transaction that has none, so that counts see it.
fn counted_destinations(intent: &Intent) -> Vec<Option<&Destination>> {
    if intent.destinations.is_empty() { vec![None] } else { intent.destinations.iter().map(Some).collect() }
}

fn key_value(
    part: KeyPart,
    intent: &Intent,
    destination: Option<&Destination>,
    groups: Groups<'_>,
) -> Result<String, String> {
    match part {
        KeyPart::Tenant => Ok(intent.tenant.clone()),
        KeyPart::Signer => intent.signer.clone().ok_or_else(|| "the signer is missing".into()),
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
/// twice, or used once as a one-time address, is one destination.
fn destination_key(intent: &Intent, destination: Option<&Destination>) -> Result<String, String> {
    let Some(destination) = destination else {
        return if destination_applies(&intent.operation) {
            Err("the destination is missing".into())
        } else {
            Ok(NO_GROUP.into())
        };
    };
    let kind = destination.account.kind.as_deref().ok_or("a destination's type is missing")?;
    if !is_matched_by_address(kind) {
        return account_key(&destination.account).ok_or_else(|| "a destination's id is missing".into());
    }
    let address = destination.address.as_ref().ok_or("a destination's address is missing")?;
    match destination.tag.as_deref() {
        None if intent.tag_required => Err("a destination's tag is missing".into()),
        None | Some("") => Ok(address.to_string()),
        Some(tag) => Ok(format!("{address}#{tag}")),
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

/// The first group that matches; none only where every one certainly does not. One that cannot be told before it
/// might be the first: else leaving out what it goes by would move a charge into the sum of another.
fn name_of_match<'a>(groups: impl Iterator<Item = (&'a String, Truth)>) -> Result<String, String> {
    for (name, truth) in groups {
        match truth {
            Truth::True => return Ok(name.clone()),
            Truth::Indeterminate(phrases) => return Err(phrases.join(", ")),
            Truth::False => {}
        }
    }
    Ok(NO_GROUP.into())
}
