//! What a limit says of a charge, counted again from every other charge.

use std::collections::{BTreeMap, BTreeSet};

use super::conditions::{is_source, of_charge};
use super::destinations::{Ask, is_chosen, is_receiver};
use super::history::Charge;
use super::logic::{Known, all, any};
use super::model::{PlainCap, PlainLimit, PlainWindow, RECEIVERS, SOURCE_GROUPS};
use super::read::{Facts, Payee, by_address, moves_its_amount, pays};

pub type Key = BTreeMap<String, String>;

/// One line of what a limit says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub limit: String,
    pub key: Key,
    pub used: u128,
    pub requested: u128,
    pub max: u128,
    pub headroom: u128,
    pub exceeded: bool,
    pub unknown: bool,
}

/// What counts in one sum.
#[derive(Debug, Clone, Default)]
struct Sum {
    units: u128,
    names: BTreeSet<String>,
    unpriced: bool,
}

/// What one charge adds inside the window: to which sums, and how often to nobody knows which.
#[derive(Default)]
struct Counted {
    sums: BTreeMap<Key, Sum>,
    unplaced: usize,
}

/// The lines of a limit for a charge as it will be; `before` as it was.
pub fn lines(
    limit: &PlainLimit,
    charges: &[Charge],
    before: Option<&Charge>,
    after: &Charge,
    now: i64,
) -> Vec<Line> {
    let asked = counted(limit, after, now);
    let held = before.map(|before| counted(limit, before, now)).unwrap_or_default();
    let others: Vec<Counted> = charges
        .iter()
        .filter(|charge| charge.name != after.name)
        .map(|charge| counted(limit, charge, now))
        .collect();
    let nothing = Line {
        limit: limit.id.clone(),
        key: Key::new(),
        used: 0,
        requested: 0,
        max: max_of(limit, after.facts.asset),
        headroom: 0,
        exceeded: false,
        unknown: true,
    };
    let mut lines = vec![nothing.clone(); asked.unplaced];
    for (key, sum) in &asked.sums {
        let line = Line { key: key.clone(), ..nothing.clone() };
        lines.push(line_of(line, sum, held.sums.get(key), &others));
    }
    lines
}

fn line_of(line: Line, asked: &Sum, held: Option<&Sum>, others: &[Counted]) -> Line {
    let doubt = others
        .iter()
        .any(|each| each.unplaced > 0 || each.sums.get(&line.key).is_some_and(|sum| sum.unpriced));
    let mut used = Sum::default();
    for sum in others.iter().filter_map(|each| each.sums.get(&line.key)) {
        if !sum.unpriced {
            used.units += sum.units;
        }
        used.names.extend(sum.names.clone());
    }
    let adds = |sum: &Sum| match sum.unpriced {
        true => 0,
        false => sum.units + sum.names.difference(&used.names).count() as u128,
    };
    let requested = adds(asked);
    let more = requested > held.map_or(0, adds);
    let used = used.units + used.names.len() as u128;
    Line {
        used,
        requested,
        headroom: line.max.saturating_sub(used),
        exceeded: more && used + requested > line.max,
        unknown: asked.unpriced || more && doubt,
        ..line
    }
}

fn max_of(limit: &PlainLimit, asset: &str) -> u128 {
    match &limit.cap {
        PlainCap::Amount(each) => each.iter().find(|(id, _)| *id == asset).map_or(0, |(_, max)| *max),
        PlainCap::Usd(max) | PlainCap::Count(max) | PlainCap::Destinations(max) => *max,
    }
}

fn counted(limit: &PlainLimit, charge: &Charge, now: i64) -> Counted {
    let mut counted = Counted::default();
    for (signer, at) in signers(limit, charge) {
        if is_inside(&limit.window, at, now) {
            let facts = Facts { signer, ..charge.facts.clone() };
            count(limit, &facts, &mut counted);
        }
    }
    counted
}

/// Each that allowed it where they are told apart; else it counts once, if any of them is one the limit asks for.
fn signers(limit: &PlainLimit, charge: &Charge) -> Vec<(Option<String>, i64)> {
    let mut latest: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for part in &charge.parts {
        let at = latest.entry(part.signer.clone()).or_insert(part.at);
        *at = part.at.max(*at);
    }
    if limit.key.contains(&"signer") {
        return latest.into_iter().collect();
    }
    let asked = |signer: &Option<String>| {
        let pick = limit.when.signers.as_ref();
        signer.as_deref().map(|signer| pick.is_none_or(|pick| pick.of.contains(&signer) != pick.not))
    };
    let best = [Some(true), None, Some(false)];
    let known = best.iter().find_map(|wanted| latest.keys().find(|signer| asked(signer) == *wanted));
    known.map(|signer| (signer.clone(), charge.at)).into_iter().collect()
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

fn key_of(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Option<Key> {
    let mut key = Key::new();
    for part in &limit.key {
        let value = match *part {
            "tenant" => Some(facts.tenant.clone()),
            "signer" => facts.signer.clone(),
            "source" => account(&facts.source.0, &facts.source.1),
            "source_group" => first_group(SOURCE_GROUPS.iter().map(|(name, accounts)| {
                (*name, any(accounts.iter().map(|account| is_source(account, &facts.source))))
            })),
            "destination" => destination(facts, payee),
            "counterparty" => counterparty(facts, payee),
            "asset" => Some(facts.asset.to_owned()),
            "operation" => Some(facts.operation.clone()),
            other => panic!("{other}"),
        };
        key.insert((*part).to_owned(), value?);
    }
    Some(key)
}

fn account(kind: &Option<String>, id: &Option<String>) -> Option<String> {
    Some(format!("{}:{}", kind.as_ref()?, id.as_ref()?))
}

/// An address with its tag, where that is what names the destination.
fn destination(facts: &Facts, payee: Option<&Payee>) -> Option<String> {
    let Some(payee) = payee else { return nobody(facts) };
    if !by_address(payee.kind.as_deref()?) {
        return account(&payee.kind, &payee.id);
    }
    let address = payee.address.clone()?;
    match payee.tag.as_deref() {
        None if facts.tag_required => None,
        None | Some("") => Some(address),
        Some(tag) => Some(format!("{address}#{tag}")),
    }
}

fn counterparty(facts: &Facts, payee: Option<&Payee>) -> Option<String> {
    let Some(payee) = payee else { return nobody(facts) };
    let ask = Ask { any_tag: true, under_not: false, now_micros: 0 };
    first_group(RECEIVERS.iter().map(|each| (each.name, is_receiver(each, facts, payee, ask))))
}

fn nobody(facts: &Facts) -> Option<String> {
    (!pays(&facts.operation)).then(|| "(none)".to_owned())
}

/// Unknown where one that might come first cannot be told.
fn first_group(groups: impl Iterator<Item = (&'static str, Known)>) -> Option<String> {
    for (name, known) in groups {
        if known? {
            return Some(name.to_owned());
        }
    }
    Some("(none)".to_owned())
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
