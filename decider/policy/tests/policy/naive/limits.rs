//! What a limit says of a charge, counted again from every other charge.

use super::counted::{Counted, Sum, counted};
use super::history::Charge;
use super::keys::Key;
use super::model::{PlainCap, PlainLimit};

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
    let doubt = others.iter().any(|each| {
        each.doubts.iter().any(|known| known.iter().all(|(part, value)| line.key.get(part) == Some(value)))
            || each.sums.get(&line.key).is_some_and(|sum| sum.unpriced)
    });
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
