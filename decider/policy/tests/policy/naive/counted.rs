//! What one charge counts against one limit.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::of_charge;
use super::destinations::is_chosen;
use super::history::Charge;
use super::keys::{Key, destination, key_of, known_of_key};
use super::logic::{Known, all};
use super::model::{PlainCap, PlainLimit, PlainWindow};
use super::read::{Facts, Payee, moves_its_amount, pays};

/// What counts in one sum.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    pub units: u128,
    pub names: BTreeSet<String>,
    pub unpriced: bool,
}

/// What one charge adds inside the window: to which sums, and how often to nobody knows which.
#[derive(Default)]
pub struct Counted {
    pub sums: BTreeMap<Key, Sum>,
    pub unplaced: usize,
    /// What is known of the keys of those sums.
    pub doubts: Vec<Key>,
}

pub fn counted(limit: &PlainLimit, charge: &Charge, now: i64) -> Counted {
    let mut counted = Counted::default();
    for ((signer, proof), at) in allowers(limit, charge) {
        if is_inside(&limit.window, at, now) {
            let facts = Facts { signer, proof, ..charge.facts.clone() };
            count(limit, &facts, &mut counted);
        }
    }
    counted
}

/// Whose ALLOW it was, and what was proven of him.
type Allower = (Option<String>, Option<&'static str>);

/// Each signer that allowed it where they are told apart; else it counts once, if any ALLOW is one the limit asks for,
/// from the moment of the first of those on.
fn allowers(limit: &PlainLimit, charge: &Charge) -> Vec<(Allower, i64)> {
    let allowers: Vec<Allower> = charge.parts.iter().map(|part| (part.signer.clone(), part.proof)).collect();
    if !limit.key.contains(&"signer") {
        let wanted = wanted(limit, &allowers);
        let times = charge.parts.iter().zip(&allowers).filter(|(_, each)| wanted.as_ref() == Some(*each));
        let first = times.map(|(part, _)| part.at).min();
        return wanted
            .zip(first)
            .map(|(allower, first)| (allower, charge.at.max(first)))
            .into_iter()
            .collect();
    }
    let signers: BTreeSet<Option<String>> = charge.parts.iter().map(|part| part.signer.clone()).collect();
    let each = signers.into_iter().filter_map(|signer| {
        let own: Vec<Allower> = allowers.iter().filter(|(name, _)| *name == signer).cloned().collect();
        let at = charge.parts.iter().filter(|part| part.signer == signer).map(|part| part.at).max()?;
        Some((wanted(limit, &own)?, at))
    });
    each.collect()
}

/// The one that the limit asks for, or else of whom nobody can tell, or else any.
fn wanted(limit: &PlainLimit, allowers: &[Allower]) -> Option<Allower> {
    let asked = |(signer, proof): &Allower| {
        let signer =
            limit.when.signers.as_ref().map_or(Some(true), |pick| {
                signer.as_deref().map(|signer| pick.of.contains(&signer) != pick.not)
            });
        let proofs = limit.when.proofs.as_ref();
        let proof = proofs.map_or(Some(true), |proofs| proof.map(|proof| proofs.contains(&proof)));
        all([signer, proof])
    };
    let best = [Some(true), None, Some(false)];
    best.iter().find_map(|wanted| allowers.iter().find(|each| asked(each) == *wanted)).cloned()
}

fn count(limit: &PlainLimit, facts: &Facts, counted: &mut Counted) {
    let mut payees: Vec<Option<&Payee>> = facts.payees.iter().map(Some).collect();
    if payees.is_empty() {
        payees.push(None);
    }
    let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
    for payee in payees {
        match selects(limit, facts, payee) {
            Some(false) => {}
            None => doubt(limit, facts, payee, counted),
            Some(true) => match key_of(limit, facts, payee).zip(part_of(limit, facts, payee)) {
                None => doubt(limit, facts, payee, counted),
                Some((key, part)) => {
                    let sum = sums.entry(key).or_default();
                    sum.units += part.units;
                    sum.names.extend(part.names);
                    sum.unpriced |= part.unpriced;
                }
            },
        }
    }
    let paid: u128 = facts.payees.iter().map(|payee| payee.amount).sum();
    for (key, mut sum) in sums {
        match limit.cap {
            PlainCap::Count(_) if limit.key.contains(&"destination") => {}
            PlainCap::Count(_) => sum.units = 1,
            PlainCap::Amount(_) => sum.units += facts.amount.saturating_sub(paid),
            PlainCap::Usd(_) | PlainCap::Destinations(_) => {}
        }
        counted.sums.insert(key, sum);
    }
}

fn doubt(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>, counted: &mut Counted) {
    counted.unplaced += 1;
    counted.doubts.push(known_of_key(limit, facts, payee));
}

fn selects(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Known {
    let to = match (&limit.when.to, payee) {
        (None, _) => Some(true),
        (Some(pick), Some(payee)) => is_chosen(pick, facts, payee, true, 0),
        (Some(_), None) if pays(&facts.operation) => None,
        (Some(_), None) => Some(false),
    };
    all([of_charge(&limit.when, facts), to])
}

fn part_of(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Option<Sum> {
    let mut part = Sum::default();
    match &limit.cap {
        PlainCap::Count(_) => part.units = 1,
        PlainCap::Destinations(_) if payee.is_none() && !pays(&facts.operation) => {}
        PlainCap::Destinations(_) => part.names = [destination(facts, payee)?].into(),
        PlainCap::Amount(_) if other_units(limit, facts) => return None,
        PlainCap::Amount(_) => part.units = payee.map_or(0, |payee| payee.amount),
        PlainCap::Usd(_) => {
            let Some(payee) = payee else {
                part.unpriced = facts.amount > 0;
                return Some(part);
            };
            let paid: u128 = facts.payees.iter().map(|payee| payee.amount).sum();
            let nothing = payee.amount == 0 && facts.amount <= paid;
            let worthless = nothing && !moves_its_amount(&facts.operation);
            part.unpriced = payee.usd.is_none() && !worthless;
            part.units = payee.usd.unwrap_or(0);
        }
    }
    Some(part)
}

/// Whether units of one asset are asked for, and these are of one that nobody knows any more.
fn other_units(limit: &PlainLimit, facts: &Facts) -> bool {
    let asked = limit.when.assets.is_some() || limit.when.chains.is_some();
    asked && facts.gone && !limit.key.contains(&"asset")
}

/// What is dated after now counts always.
fn is_inside(window: &PlainWindow, at: i64, now: i64) -> bool {
    match window {
        PlainWindow::Seconds(seconds) => at > now - seconds * 1_000_000,
        PlainWindow::Calendar(unit, zone) => {
            at > now || number(unit, zone.1, at) == number(unit, zone.1, now)
        }
        PlainWindow::Lifetime | PlainWindow::InFlight => true,
    }
}

/// Which hour, day, week or month it is, where clocks are `ahead` of UTC by that many seconds.
fn number(unit: &str, ahead: i64, at: i64) -> i64 {
    let seconds = at.div_euclid(1_000_000) + ahead;
    let days = seconds.div_euclid(86_400);
    match unit {
        "hour" => seconds.div_euclid(3600),
        "day" => days,
        "iso_week" => (days + 3).div_euclid(7),
        _ => month(days),
    }
}

/// Months since 1970, by taking off the days of one after the other.
fn month(mut days: i64) -> i64 {
    for month in 0.. {
        let (year, leap) =
            (1970 + month / 12, |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0);
        let february = if leap(year) { 29 } else { 28 };
        let length = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][(month % 12) as usize];
        if days < length {
            return month;
        }
        days -= length;
    }
    unreachable!()
}
