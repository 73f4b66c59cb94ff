//! What keeps sums apart.

use std::collections::BTreeMap;

use super::conditions::is_source;
use super::destinations::{Ask, is_receiver};
use super::logic::{Known, any};
use super::model::{PlainLimit, RECEIVERS, SOURCE_GROUPS};
use super::read::{Facts, Payee, by_address, pays};

pub type Key = BTreeMap<String, String>;

pub fn key_of(limit: &PlainLimit, facts: &Facts, payee: Option<&Payee>) -> Option<Key> {
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
pub fn destination(facts: &Facts, payee: Option<&Payee>) -> Option<String> {
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
