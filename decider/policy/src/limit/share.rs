//! Shares: where and how much one charge counts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cap::Cap;
use super::key::{Bucket, Key, KeyPart, destination_key, key_value};
use super::terms::Limit;
use crate::amount::Amount;
use crate::applicability::{amount_applies, destination_applies};
use crate::charge::{Charge, ChargePart};
use crate::group::Groups;
use crate::intent::{Destination, Intent};
use crate::list::Reading;
use crate::time::Time;
use crate::truth::Truth;

/// What one charge adds to one sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Where it counts.
    pub bucket: Bucket,
    /// How much.
    pub quantity: Quantity,
    /// When it counts.
    pub at: Time,
}

/// How much a share is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// Base units, micro-dollars or transactions.
    Known(Amount),
    /// It counts, but nobody can say how much.
    Unknown,
    /// These destinations, by their keys: what they add depends on what the sum holds already.
    Destinations(BTreeSet<String>),
}

impl Quantity {
    /// Whether it takes no room, wherever it counts.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Known(amount) => amount.is_zero(),
            Self::Unknown => false,
            Self::Destinations(names) => names.is_empty(),
        }
    }
}

/// Where and how much one charge counts against one limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    /// The sums it counts in.
    pub known: Vec<Share>,
    /// Where it counts in some sum that cannot be named.
    pub unknown: Vec<Unplaced>,
}

/// What one charge adds to a sum that cannot be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// When it counts.
    pub at: Time,
    /// What is missing.
    pub missing: String,
    /// The parts of the key that are known of it: in a sum that differs in one of them it cannot count.
    pub key: Key,
}

impl Unplaced {
    /// Whether the sum with this key may be the one.
    pub fn may_be_in(known: &Key, key: &Key) -> bool {
        known.iter().all(|(part, value)| key.get(part) == Some(value))
    }
}

impl Limit {
    /// Where a charge counts against this limit. Selectors and keys act per destination; destinations with the
    /// same key are one share; with the signer in the key the charge counts once for each signer.
    pub fn shares_of(&self, charge: &Charge, groups: Groups<'_>) -> Shares {
        let mut shares = Shares::default();
        let intent = charge.intent.restated(groups.assets).intent;
        for (part, at) in self.counted_parts(charge) {
            self.add_shares(&mut shares, &allowed_by(part, &intent), at, groups);
        }
        shares
    }

    /// The ALLOWs that the charge counts for, each with its time: one of each signer where the limit tells signers
    /// apart, else one of all. Of several it is one that the limit asks for, and it counts from the first of those on:
    /// dated by another's it might have left the window already, untested.
    fn counted_parts<'c>(&self, charge: &'c Charge) -> Vec<(&'c ChargePart, Time)> {
        if self.key.contains(&KeyPart::Signer) {
            return self.parts_of_each(charge);
        }
        let first = charge.parts.iter().min_by_key(|part| (self.rank(part), part.at));
        first.map(|part| (part, charge.at.max(part.at))).into_iter().collect()
    }

    /// One of each signer, with the latest time of his.
    fn parts_of_each<'c>(&self, charge: &'c Charge) -> Vec<(&'c ChargePart, Time)> {
        let mut counted: BTreeMap<&Option<String>, (&ChargePart, Time)> = BTreeMap::new();
        for part in &charge.parts {
            let (best, at) = counted.entry(&part.signer).or_insert((part, part.at));
            if self.rank(part) < self.rank(best) {
                *best = part;
            }
            *at = part.at.max(*at);
        }
        counted.into_values().collect()
    }

    /// What the limit asks for comes first, then that of which nobody can tell.
    fn rank(&self, part: &ChargePart) -> u8 {
        let proof = self.when.caller.of_proof(part.caller_proof);
        match Truth::all([self.when.of_signer(part.signer.as_ref()), proof]) {
            Truth::True => 0,
            Truth::Indeterminate(_) => 1,
            Truth::False => 2,
        }
    }

    fn add_shares(&self, shares: &mut Shares, intent: &Intent, at: Time, groups: Groups<'_>) {
        let mut sums: BTreeMap<Key, Quantity> = BTreeMap::new();
        for destination in counted_destinations(intent) {
            match self.selects(intent, destination) {
                Truth::False => continue,
                Truth::Indeterminate(phrases) => {
                    let missing = phrases.join(", ");
                    shares.unknown.push(self.unplaced(intent, destination, groups, at, missing));
                    continue;
                }
                Truth::True => {}
            }
            match self.part_of(intent, destination, groups) {
                Err(missing) => {
                    shares.unknown.push(self.unplaced(intent, destination, groups, at, missing));
                }
                Ok((key, part)) => {
                    let sum = match sums.remove(&key) {
                        Some(sum) => self.add(sum, part),
                        None => part,
                    };
                    sums.insert(key, sum);
                }
            }
        }
        let excess = self.excess_of(intent);
        shares.known.extend(sums.into_iter().map(|(key, sum)| Share {
            bucket: Bucket { limit_id: self.id.clone(), key },
            quantity: sum.plus(excess),
            at,
        }));
    }

    /// The larger of net and requested amount is charged, whichever the destinations add up to (decision model,
    /// section 5). Nobody knows to which of them the rest belongs: each sum may only over-count. Values have it
    /// in them.
    fn excess_of(&self, intent: &Intent) -> Amount {
        match self.cap {
            Cap::Amount(_) => intent.excess(),
            Cap::Usd(_) | Cap::Count(_) | Cap::Destinations(_) => Amount::ZERO,
        }
    }

    fn selects(&self, intent: &Intent, destination: Option<&Destination>) -> Truth {
        let to = match (&self.when.destinations, destination) {
            (None, _) => Truth::True,
            // No limit asks how long an address has been listed, so that its time is nobody's.
            (Some(_), Some(destination)) => {
                self.when.of_destination(intent, destination, Reading::Wide, Time::default())
            }
            (Some(_), None) if destination_applies(&intent.operation) => {
                Truth::unknown("the destination is missing")
            }
            (Some(_), None) => Truth::False,
        };
        Truth::all([self.when.of_transaction(intent), to])
    }

    fn unplaced(
        &self,
        intent: &Intent,
        destination: Option<&Destination>,
        groups: Groups<'_>,
        at: Time,
        missing: String,
    ) -> Unplaced {
        let known = |part: &KeyPart| Some((*part, key_value(*part, intent, destination, groups).ok()?));
        Unplaced { at, missing, key: self.key.iter().filter_map(known).collect() }
    }

    /// Where one destination counts, and how much.
    fn part_of(
        &self,
        intent: &Intent,
        destination: Option<&Destination>,
        groups: Groups<'_>,
    ) -> Result<(Key, Quantity), String> {
        let values = self.key.iter().map(|part| Ok((*part, key_value(*part, intent, destination, groups)?)));
        let key = values.collect::<Result<Key, String>>()?;
        self.check_units(intent)?;
        Ok((key, self.quantity_of(intent, destination)?))
    }

    /// # Errors
    /// The sum is in units of one asset, and these are of another, which the policy does not know any more.
    fn check_units(&self, intent: &Intent) -> Result<(), String> {
        let of_one = matches!(self.cap, Cap::Amount(_)) && !self.key.contains(&KeyPart::Asset);
        if of_one && !self.when.covers_asset(&intent.asset) {
            return Err(format!("the policy does not know asset {} any more", intent.asset));
        }
        Ok(())
    }

    /// # Errors
    /// What is missing to tell destinations apart.
    fn quantity_of(&self, intent: &Intent, destination: Option<&Destination>) -> Result<Quantity, String> {
        Ok(match (&self.cap, destination) {
            (Cap::Count(_), _) => Quantity::Known(Amount::from_u64(1)),
            (Cap::Destinations(_), None) if !destination_applies(&intent.operation) => {
                Quantity::Destinations(BTreeSet::new())
            }
            (Cap::Destinations(_), _) => {
                Quantity::Destinations([destination_key(intent, destination)?].into())
            }
            // Without a destination there is no value either.
            (Cap::Usd(_), None) if !intent.amount.is_zero() => Quantity::Unknown,
            (Cap::Amount(_) | Cap::Usd(_), None) => Quantity::Known(Amount::ZERO),
            (Cap::Amount(_), Some(destination)) => Quantity::Known(destination.amount),
            (Cap::Usd(_), Some(destination)) => match destination.usd {
                Some(value) => Quantity::Known(value.micros()),
                None if says_nothing(intent, destination) => Quantity::Known(Amount::ZERO),
                None => Quantity::Unknown,
            },
        })
    }

    /// A count is one per transaction and key, however many destinations share it, unless it counts payments.
    fn add(&self, sum: Quantity, part: Quantity) -> Quantity {
        match (&self.cap, sum, part) {
            (Cap::Count(_), sum, _) if !self.counts_payments() => sum,
            (_, sum, Quantity::Known(amount)) => sum.plus(amount),
            (_, Quantity::Destinations(mut all), Quantity::Destinations(more)) => {
                all.extend(more);
                Quantity::Destinations(all)
            }
            _ => Quantity::Unknown,
        }
    }
}

/// The intent as it was allowed by this part: nearly always that is what it says already, and every limit asks of
/// every charge.
fn allowed_by<'c>(part: &ChargePart, intent: &'c Intent) -> Cow<'c, Intent> {
    if intent.signer == part.signer && intent.caller_proof == part.caller_proof {
        return Cow::Borrowed(intent);
    }
    Cow::Owned(Intent { signer: part.signer.clone(), caller_proof: part.caller_proof, ..intent.clone() })
}

/// Whether it is an operation that states no amount, and says none of it.
fn says_nothing(intent: &Intent, destination: &Destination) -> bool {
    let nothing = destination.amount.is_zero() && intent.excess().is_zero();
    nothing && !amount_applies(&intent.operation)
}

impl Quantity {
    fn plus(self, amount: Amount) -> Self {
        match self {
            Self::Known(sum) => sum.checked_add(amount).map_or(Self::Unknown, Self::Known),
            other => other,
        }
    }
}

/// Every destination; one nameless entry for a transaction that has none, so that counts see it.
fn counted_destinations(intent: &Intent) -> Vec<Option<&Destination>> {
    if intent.destinations.is_empty() { vec![None] } else { intent.destinations.iter().map(Some).collect() }
}
