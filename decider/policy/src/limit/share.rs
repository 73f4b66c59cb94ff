//! Shares: where and how much one charge counts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cap::Cap;
use super::key::{Bucket, Key, KeyPart, destination_key, key_value};
use super::terms::Limit;
use crate::amount::Amount;
use crate::applicability::{amount_applies, destination_applies};
use crate::charge::{Charge, Part};
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

/// Where and how much one charge counts against one limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shares {
    /// The sums it counts in.
    pub known: Vec<Share>,
    /// Times at which it counts in some sum that cannot be named, each with what is missing.
    pub unknown: Vec<(Time, String)>,
}

impl Limit {
    /// Where a charge counts against this limit. Selectors and keys act per destination; destinations with the
    /// same key are one share; with the signer in the key the charge counts once for each signer.
    pub fn shares_of(&self, charge: &Charge, groups: Groups<'_>) -> Shares {
        let mut shares = Shares::default();
        for (signer, at) in self.counted_signers(charge) {
            self.add_shares(&mut shares, &signed_by(signer, &charge.intent), at, groups);
        }
        shares
    }

    /// Each signer the charge counts for: every one that allowed it where the limit tells signers apart, else
    /// the charge once, under any signer that the limit asks for. For such a limit it counts from that one's ALLOW on:
    /// dated by another's it might have left the window already, untested.
    fn counted_signers<'c>(&self, charge: &'c Charge) -> Vec<(&'c Option<String>, Time)> {
        if self.key.contains(&KeyPart::Signer) {
            let mut latest: BTreeMap<&Option<String>, Time> = BTreeMap::new();
            for part in &charge.parts {
                let at = latest.entry(&part.signer).or_insert(part.at);
                *at = part.at.max(*at);
            }
            return latest.into_iter().collect();
        }
        let first_of = |counts: &dyn Fn(&Part) -> bool| {
            charge.parts.iter().filter(|part| counts(part)).min_by_key(|part| part.at)
        };
        let asked = |part: &Part| self.when.of_signer(part.signer.as_ref()) == Truth::True;
        let counted = first_of(&asked).or_else(|| first_of(&|part| part.signer.is_none()));
        let counted = counted.or_else(|| first_of(&|_| true));
        counted.map(|part| (&part.signer, charge.at.max(part.at))).into_iter().collect()
    }

    fn add_shares(&self, shares: &mut Shares, intent: &Intent, at: Time, groups: Groups<'_>) {
        let mut sums: BTreeMap<Key, Quantity> = BTreeMap::new();
        for destination in counted_destinations(intent) {
            match self.selects(intent, destination) {
                Truth::False => continue,
                Truth::Indeterminate(phrases) => {
                    shares.unknown.push((at, phrases.join(", ")));
                    continue;
                }
                Truth::True => {}
            }
            match self.part_of(intent, destination, groups) {
                Err(missing) => shares.unknown.push((at, missing)),
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

    /// Where one destination counts, and how much.
    fn part_of(
        &self,
        intent: &Intent,
        destination: Option<&Destination>,
        groups: Groups<'_>,
    ) -> Result<(Key, Quantity), String> {
        let values = self.key.iter().map(|part| Ok((*part, key_value(*part, intent, destination, groups)?)));
        let key = values.collect::<Result<Key, String>>()?;
        Ok((key, self.quantity_of(intent, destination)?))
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
            (Cap::Amount(_) | Cap::Usd(_), None) => Quantity::Known(Amount::ZERO),
            (Cap::Amount(_), Some(destination)) => Quantity::Known(destination.amount),
            (Cap::Usd(_), Some(destination)) => match destination.usd {
                Some(value) => Quantity::Known(value.micros()),
                None if destination.amount.is_zero() && !amount_applies(&intent.operation) => {
                    Quantity::Known(Amount::ZERO)
                }
                None => Quantity::Unknown,
            },
        })
    }

    /// A count is one per transaction and key, however many destinations share it.
    fn add(&self, sum: Quantity, part: Quantity) -> Quantity {
        match (&self.cap, sum, part) {
            (Cap::Count(_), sum, _) => sum,
            (_, sum, Quantity::Known(amount)) => sum.plus(amount),
            (_, Quantity::Destinations(mut all), Quantity::Destinations(more)) => {
                all.extend(more);
                Quantity::Destinations(all)
            }
            _ => Quantity::Unknown,
        }
    }
}

/// The intent under this signer: nearly always it has that one already, and every limit asks of every charge.
fn signed_by<'c>(signer: &Option<String>, intent: &'c Intent) -> Cow<'c, Intent> {
    if intent.signer == *signer {
        return Cow::Borrowed(intent);
    }
    Cow::Owned(Intent { signer: signer.clone(), ..intent.clone() })
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
