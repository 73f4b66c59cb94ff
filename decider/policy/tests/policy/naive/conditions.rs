//! Conditions over the transaction, and whether rules match.

use policy::request::Stage;

use super::destinations::{holds, is_chosen, same, unaddressed};
use super::keys::KNOWN;
use super::logic::{Known, all, any, not};
use super::model::{ASSETS, Bounds, Pick, PlainAccount, PlainHours, Text, When};
use super::read::{Facts, Payee, calls, moves_its_amount, pays};

/// One destination and one message are enough to deny.
pub fn denies(when: &When, facts: &Facts, now_micros: i64) -> Known {
    matches(when, facts, now_micros, true)
}

/// Every destination and every message must be covered, by a rule that names the operation, or of a transfer.
pub fn covers(when: &When, facts: &Facts, now_micros: i64) -> Known {
    let named = when.operations.as_ref().is_some_and(|pick| !pick.not);
    all([Some(named || facts.operation == "TRANSFER"), matches(when, facts, now_micros, false)])
}

fn matches(when: &When, facts: &Facts, now_micros: i64, one_is_enough: bool) -> Known {
    all([
        of_charge(when, facts),
        Some(when.stages.as_ref().is_none_or(|stages| stages.contains(&facts.stage))),
        amount(when.amount, facts),
        usd(when.usd, facts),
        fee(when, facts),
        fee_share(when.fee_share, facts),
        method(when, facts),
        messages(when, facts, one_is_enough),
        when.times.as_ref().map_or(Some(true), |pick| times(pick, now_micros)),
        when.note.as_ref().map_or(Some(true), |pick| texts(pick, &facts.note)),
        when.external.as_ref().map_or(Some(true), |pick| texts(pick, &facts.external)),
        destinations(when, facts, now_micros, one_is_enough),
    ])
}

/// What limits can ask, too.
pub fn of_charge(when: &When, facts: &Facts) -> Known {
    all([
        when.tenants.as_ref().map_or(Some(true), |pick| word(pick, Some(&facts.tenant))),
        when.proofs.as_ref().map_or(Some(true), |proofs| facts.proof.map(|proof| proofs.contains(&proof))),
        when.signers.as_ref().map_or(Some(true), |pick| word(pick, facts.signer.as_deref())),
        when.operations.as_ref().map_or(Some(true), |pick| word(pick, Some(&facts.operation))),
        when.assets.as_ref().map_or(Some(true), |pick| word(pick, Some(facts.asset))),
        when.chains.as_ref().map_or(Some(true), |pick| chain(pick, facts)),
        when.sources.as_ref().map_or(Some(true), |pick| {
            let one = any(pick.of.iter().map(|account| is_source(account, &facts.source, pick.not)));
            if pick.not { not(one) } else { one }
        }),
    ])
}

/// What the ids of a type that nobody knows tell apart, nobody knows: under `not` they rule nothing out.
pub fn is_source(
    (kind, id): &PlainAccount,
    source: &(Option<String>, Option<String>),
    under_not: bool,
) -> Known {
    if source.0.as_deref().is_some_and(|kind| !KNOWN.contains(&kind)) {
        let other = id.is_some_and(|id| same(id, &source.1) == Some(false));
        return if other && !under_not { Some(false) } else { None };
    }
    all([same(kind, &source.0), id.map_or(Some(true), |id| same(id, &source.1))])
}

fn word(pick: &Pick<Text>, given: Option<&str>) -> Known {
    given.map(|given| pick.of.contains(&given) != pick.not)
}

/// Of what the policy does not know nobody can tell.
fn chain(pick: &Pick<bool>, facts: &Facts) -> Known {
    let asset = ASSETS.iter().find(|asset| asset.id == facts.asset)?;
    (!facts.gone).then(|| pick.of.contains(&asset.evm) != pick.not)
}

fn inside((max, over): Bounds, value: u128) -> bool {
    max.is_none_or(|max| value <= max) && over.is_none_or(|over| value > over)
}

fn amount(bounds: Bounds, facts: &Facts) -> Known {
    if bounds == (None, None) {
        return Some(true);
    }
    Some(moves_its_amount(&facts.operation) && inside(bounds, facts.amount))
}

fn usd(bounds: Bounds, facts: &Facts) -> Known {
    if bounds == (None, None) {
        return Some(true);
    }
    if !moves_its_amount(&facts.operation) {
        return Some(false);
    }
    facts.usd().map(|value| inside(bounds, value))
}

fn fee(when: &When, facts: &Facts) -> Known {
    let Some((asset, bounds)) = when.fee else { return Some(true) };
    if facts.stage != Stage::Signing || facts.operation == "TYPED_MESSAGE" {
        return Some(false);
    }
    let (paid_in, units) = facts.fee?;
    (paid_in == asset).then(|| inside(bounds, units))
}

/// In thousandths; of nothing, any fee is more than any share.
fn fee_share((max, over): Bounds, facts: &Facts) -> Known {
    if (max, over) == (None, None) {
        return Some(true);
    }
    if facts.stage != Stage::Signing || !moves_its_amount(&facts.operation) {
        return Some(false);
    }
    let (paid_in, units) = facts.fee?;
    let more_than = |share: u128| units * 1000 > share * facts.amount;
    (paid_in == facts.asset).then(|| !max.is_some_and(more_than) && over.is_none_or(more_than))
}

fn method(when: &When, facts: &Facts) -> Known {
    let Some(pick) = &when.methods else { return Some(true) };
    if !calls(&facts.operation) {
        return Some(false);
    }
    word(pick, facts.method())
}

fn messages(when: &When, facts: &Facts, one_is_enough: bool) -> Known {
    let Some(pick) = &when.messages else { return Some(true) };
    if pays(&facts.operation) {
        return Some(false);
    }
    let is_known = |kind: &str| ["EIP712", "EIP191"].contains(&kind) || pick.of.contains(&kind);
    let each = facts.messages()?.iter().map(|kind| word(pick, kind.filter(|kind| is_known(kind))));
    if one_is_enough { any(each) } else { all(each) }
}

/// Read off seconds since 1970, which began on a Thursday.
fn times(pick: &Pick<PlainHours>, now_micros: i64) -> Known {
    let mut inside = false;
    for hours in &pick.of {
        let local = now_micros.div_euclid(1_000_000) + hours.zone.1;
        let (day, second) = ((local.div_euclid(86_400) + 3) % 7, local.rem_euclid(86_400));
        let (from, to) = (second_of(hours.from), second_of(hours.to));
        let on = |day: i64| hours.days.contains(&day.rem_euclid(7));
        inside |= match from < to {
            true => on(day) && from <= second && second < to,
            false => on(day) && from <= second || on(day - 1) && second < to,
        };
    }
    Some(inside != pick.not)
}

fn second_of(time: &str) -> i64 {
    let (hours, minutes) = time.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 3600 + minutes.parse::<i64>().unwrap() * 60
}

/// The only patterns here are whole texts, and beginnings.
fn texts(pick: &Pick<Text>, given: &Option<String>) -> Known {
    let given = given.as_ref()?;
    let fits = |pattern: &Text| match pattern.strip_suffix(".*") {
        Some(begin) => given.starts_with(begin),
        None => given == pattern,
    };
    Some(pick.of.iter().any(fits) != pick.not)
}

fn destinations(when: &When, facts: &Facts, now_micros: i64, one_is_enough: bool) -> Known {
    if when.to.is_none() && when.contracts.is_none() {
        return Some(true);
    }
    if !pays(&facts.operation) || (when.contracts.is_some() && !calls(&facts.operation)) {
        return Some(false);
    }
    if facts.payees.is_empty() {
        return None;
    }
    let each = facts.payees.iter().map(|payee| {
        let to = when
            .to
            .as_ref()
            .map_or(Some(true), |pick| is_chosen(pick, facts, payee, one_is_enough, now_micros));
        let contract = when.contracts.map_or(Some(true), |list| contract(list, facts, payee, one_is_enough));
        all([to, contract])
    });
    if one_is_enough { any(each) } else { all(each) }
}

fn contract(list: usize, facts: &Facts, payee: &Payee, any_tag: bool) -> Known {
    if !calls(&facts.operation) {
        return Some(false);
    }
    if payee.address.is_none() {
        return unaddressed(list, facts);
    }
    holds(list, facts, payee, any_tag)
}
