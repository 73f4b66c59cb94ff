//! What keeps sums apart.

use std::collections::BTreeMap;

use super::conditions::is_source;
use super::destinations::{Ask, is_receiver};
use super::logic::{Known, any};
use super::model::{PlainLimit, RECEIVERS, SOURCE_GROUPS};
use super::read::{Facts, Payee, by_address, pays};

/// Those that are ever asked about: nothing is known of what the ids of others tell apart.
pub const KNOWN: [&str; 4] = ["VAULT", "EXCHANGE", "UNMANAGED", "ONE_TIME_ADDRESS"];

pub type Key = BTreeMap<String, String>;

pub fn key_of(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Option<Key> {
    let known = known_of_key(limit, facts, payee);
    limit.key.iter().all(|part| known.contains_key(*part)).then_some(known)
}

pub fn known_of_key(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Key {
    let mut key = Key::new();
    for part in &limit.key {
        let value = match *part {
            "tenant" => Some(facts.tenant.clone()),
            "signer" => facts.signer.clone(),
            "source" | "source_group" if source_is_unknown(facts) => None,
            "source" => account(&facts.source.0, &facts.source.1),
            "source_group" => only_group(SOURCE_GROUPS.iter().map(|(name, accounts)| {
                (*name, any(accounts.iter().map(|account| is_source(account, &facts.source, false))))
            })),
            "destination" => destination(facts, payee),
            "counterparty" => counterparty(facts, payee),
            "asset" => Some(facts.asset.to_owned()),
            "operation" => Some(facts.operation.clone()),
            other => panic!("{other}"),
        };
        key.extend(value.map(|value| ((*part).to_owned(), value)));
    }
    key
}

fn source_is_unknown(facts: &Facts) -> bool {
    facts.source.0.as_deref().is_some_and(|kind| !KNOWN.contains(&kind))
}

fn account(kind: &Option<String>, id: &Option<String>) -> Option<String> {
    Some(format!("{}:{}", kind.as_ref()?, id.as_ref()?))
}

/// An address with its tag, where that is what names the destination.
pub fn destination(facts: &Facts, payee: Option<&Payee>) -> Option<String> {
    let Some(payee) = payee else { return nobody(facts) };
    let kind = payee.kind.as_deref().filter(|kind| KNOWN.contains(kind))?;
    if !by_address(kind) {
        return account(&payee.kind, &payee.id);
    }
    let address = payee.address.clone()?;
    match payee.tag.as_deref() {
        None if facts.tag_required => None,
        _ if facts.asset != "XRP" => Some(address),
        Some(tag) if !tag.is_empty() => Some(format!("exact:{address}#{tag}")),
        _ => Some(format!("exact:{address}")),
    }
}

fn counterparty(facts: &Facts, payee: Option<&Payee>) -> Option<String> {
    let Some(payee) = payee else { return nobody(facts) };
    let ask = Ask { any_tag: true, under_not: false, now_micros: 0 };
    only_group(RECEIVERS.iter().map(|each| (each.name, is_receiver(each, facts, payee, ask))))
}

fn nobody(facts: &Facts) -> Option<String> {
    (!pays(&facts.operation)).then(|| "(none)".to_owned())
}

/// Unknown where one cannot be told, or there are two.
fn only_group(groups: impl Iterator<Item = (&'static str, Known)>) -> Option<String> {
    let told: Option<Vec<_>> = groups.map(|(name, known)| known.map(|known| (name, known))).collect();
    let held: Vec<_> = told?.into_iter().filter(|(_, known)| *known).collect();
    match held[..] {
        [] => Some("(none)".to_owned()),
        [(name, _)] => Some(name.to_owned()),
        _ => None,
    }
}
