//! What one charge counts against one limit.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::of_charge;
use super::destinations::is_chosen;
use super::history::Charge;
use super::keys::{Key, destination, key_of};
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
}

pub fn counted(limit: &PlainLimit, charge: &Charge, now: i64) -> Counted {
    let mut counted = Counted::default();
    for (signer, at) in signers(limit, charge) {
        if is_inside(&limit.window, at, now) {
            let facts = Facts { signer, ..charge.facts.clone() };
            count(limit, &facts, &mut counted);
        }
    }
    counted
}

/// Each that allowed it where they are told apart; else it counts once, if any of them is one the limit asks for,
/// from the moment on that the first of those allowed it.
fn signers(limit: &PlainLimit, charge: &Charge) -> Vec<(Option<String>, i64)> {
    let mut latest: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for part in &charge.parts {
        let at = latest.entry(part.signer.clone()).or_insert(part.at);
        *at = part.at.max(*at);
    }
    if limit.key.contains(&"signer") {
        return latest.into_iter().collect();
    }
    let asked = |signer: &Option<String>| match &limit.when.signers {
        None => Some(true),
        Some(pick) => signer.as_deref().map(|signer| pick.of.contains(&signer) != pick.not),
    };
    for wanted in [Some(true), None, Some(false)] {
        let mut parts: Vec<_> = charge.parts.iter().filter(|part| asked(&part.signer) == wanted).collect();
        parts.sort_by_key(|part| part.at);
        if let Some(part) = parts.first() {
            return vec![(part.signer.clone(), charge.at.max(part.at))];
        }
    }
    Vec::new()
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
            None => counted.unplaced += 1,
            Some(true) => match key_of(limit, facts, payee).zip(part_of(limit, facts, payee)) {
                None => counted.unplaced += 1,
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
            PlainCap::Count(_) => sum.units = 1,
            PlainCap::Amount(_) => sum.units += facts.amount.saturating_sub(paid),
            PlainCap::Usd(_) | PlainCap::Destinations(_) => {}
        }
        counted.sums.insert(key, sum);
    }
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
        PlainCap::Amount(_) => part.units = payee.map_or(0, |payee| payee.amount),
        PlainCap::Usd(_) => {
            let Some(payee) = payee else { return Some(part) };
            let worthless = payee.amount == 0 && !moves_its_amount(&facts.operation);
            part.unpriced = payee.usd.is_none() && !worthless;
            part.units = payee.usd.unwrap_or(0);
        }
    }
    Some(part)
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
