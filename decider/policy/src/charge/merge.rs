//! What a later request for a charged transaction may say: field by field, absent before and present now fills in
//! and is pinned; different, or missing where it applies, is a change (decision model, section 3).

use std::collections::BTreeMap;

use super::pairing::{Fit, pair};
use crate::applicability::{address_applies, address_type_applies, amount_applies, subtype_applies};
use crate::intent::{Account, Destination, Intent};

/// A field in which a later request differs from what was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {how}")]
pub struct Changed {
    field: &'static str,
    how: &'static str,
}

impl Changed {
    pub(super) fn of_another_chain() -> Self {
        Self { field: "a destination's address", how: "was read as one of another chain" }
    }
}

/// What was charged, with its gaps filled by what is asked now.
pub(super) fn merge(before: &Intent, now: &Intent) -> Result<Intent, Changed> {
    check_transaction(before, now)?;
    let mut merged = before.clone();
    merged.stage = before.stage.max(now.stage);
    merged.decimals = before.decimals.or(now.decimals);
    merged.chain = now.chain.or(before.chain);
    merged.tag_required = before.tag_required || now.tag_required;
    merged.net_amount = before.net_amount.or(now.net_amount);
    merged.requested_amount = before.requested_amount.or(now.requested_amount);
    merged.source = filled_account(&before.source, &now.source);
    merged.destinations = merge_destinations(before, now)?;
    merged.contract_data = merge_contract_data(&before.contract_data, &now.contract_data)?;
    Ok(merged)
}

fn check_transaction(before: &Intent, now: &Intent) -> Result<(), Changed> {
    let stated = amount_applies(&now.operation);
    same("the operation", &before.operation, &now.operation)?;
    same("the asset", &before.asset, &now.asset)?;
    unchanged("the requested amount", &before.requested_amount, &now.requested_amount, stated)?;
    not_above("the amount", &before.amount, &now.amount)?;
    if let (Some(before), Some(now)) = (&before.net_amount, &now.net_amount) {
        not_above("the net amount", before, now)?;
    }
    unchanged("the source's type", &before.source.kind, &now.source.kind, true)?;
    unchanged("the source's id", &before.source.id, &now.source.id, true)
}

fn merge_contract_data(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Changed> {
    for (field, digest) in before {
        unchanged("what the operation carries", &Some(digest), &now.get(field), true)?;
    }
    Ok(now.clone())
}

/// As multisets: their order says nothing. The result has the order of before, so that another one fills nothing in.
fn merge_destinations(before: &Intent, now: &Intent) -> Result<Vec<Destination>, Changed> {
    if before.destinations.len() != now.destinations.len() {
        return Err(Changed { field: "the number of destinations", how: "changed" });
    }
    let pairs =
        pair(&before.destinations, &now.destinations, |before, destination| {
            match check_destination(before, destination, now) {
                Err(_) => Fit::Never,
                Ok(()) if says_the_same(before, destination) => Fit::Same,
                Ok(()) => Fit::FillsIn,
            }
        });
    let values = Values::between(before, now);
    match pairs {
        Some(pairs) => Ok(pairs.into_iter().map(|(before, now)| filled(before, now, values)).collect()),
        None => Err(first_change(before, now)),
    }
}

/// What to tell of destinations that do not pair: the first that differs from the one in its place.
fn first_change(before: &Intent, now: &Intent) -> Changed {
    let each = before.destinations.iter().zip(&now.destinations);
    let changed =
        each.filter_map(|(before, destination)| check_destination(before, destination, now).err()).next();
    changed.unwrap_or(Changed { field: "a destination", how: "changed" })
}

fn check_destination(before: &Destination, now: &Destination, intent: &Intent) -> Result<(), Changed> {
    let kind = now.account.kind.as_deref();
    let applies = address_applies(&intent.operation, kind, intent.stage);
    not_above("a destination's amount", &before.amount, &now.amount)?;
    unchanged("a destination's type", &before.account.kind, &now.account.kind, true)?;
    unchanged("a destination's id", &before.account.id, &now.account.id, true)?;
    unchanged("a destination's address", &before.address, &now.address, applies)?;
    unchanged("a destination's tag", &before.tag, &now.tag, applies)?;
    let typed = address_type_applies(&intent.operation);
    unchanged("a destination's address type", &before.address_type, &now.address_type, typed)?;
    // Where a subtype says nothing, it is kept, and not compared.
    match subtype_applies(&intent.operation, kind) {
        true => unchanged("a destination's subtype", &before.account.subtype, &now.account.subtype, true),
        false => Ok(()),
    }
}

/// Nothing is filled in, so that no other has to fit instead.
fn says_the_same(before: &Destination, now: &Destination) -> bool {
    before.address == now.address
        && before.tag == now.tag
        && before.address_type == now.address_type
        && before.account.subtype == now.account.subtype
}

fn filled(before: &Destination, now: &Destination, values: Values) -> Destination {
    Destination {
        account: filled_account(&before.account, &now.account),
        address: before.address.as_ref().or(now.address.as_ref()).cloned(),
        tag: before.tag.as_ref().or(now.tag.as_ref()).cloned(),
        address_type: before.address_type.as_ref().or(now.address_type.as_ref()).cloned(),
        amount: before.amount,
        usd: before.usd.or(now.usd.filter(|_| values.are_of_all(before, now))),
    }
}

/// A value that was not known at the first ALLOW is pinned when it is: unless it is of less than what is charged.
#[derive(Clone, Copy)]
struct Values {
    same_total: bool,
    one_destination: bool,
}

impl Values {
    fn between(before: &Intent, now: &Intent) -> Self {
        Self { same_total: before.amount == now.amount, one_destination: now.destinations.len() == 1 }
    }

    /// A value has its share of what the total is above the destinations: with one alone it is that of the total,
    /// whatever of it is the fee.
    fn are_of_all(self, before: &Destination, now: &Destination) -> bool {
        self.same_total && (self.one_destination || now.amount == before.amount)
    }
}

fn filled_account(before: &Account, now: &Account) -> Account {
    let fill = |before: &Option<String>, now: &Option<String>| before.as_ref().or(now.as_ref()).cloned();
    Account {
        kind: fill(&before.kind, &now.kind),
        id: fill(&before.id, &now.id),
        subtype: fill(&before.subtype, &now.subtype),
    }
}

/// Missing now is a change where the field applies now: else leaving a changed field out would pass where sending
/// it does not.
fn unchanged<T: PartialEq>(
    field: &'static str,
    before: &Option<T>,
    now: &Option<T>,
    applies: bool,
) -> Result<(), Changed> {
    match (before, now) {
        (Some(before), Some(now)) => same(field, before, now),
        (Some(_), None) if applies => Err(Changed { field, how: "is missing now" }),
        _ => Ok(()),
    }
}

fn same<T: PartialEq>(field: &'static str, before: &T, now: &T) -> Result<(), Changed> {
    if before == now { Ok(()) } else { Err(Changed { field, how: "changed" }) }
}

fn not_above<T: PartialOrd>(field: &'static str, before: &T, now: &T) -> Result<(), Changed> {
    if now <= before { Ok(()) } else { Err(Changed { field, how: "rose" }) }
}
