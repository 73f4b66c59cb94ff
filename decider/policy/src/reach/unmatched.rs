//! Destinations that nobody can be.

use std::collections::BTreeSet;

use super::why::Never;
use crate::address::Chain;
use crate::asset::Assets;
use crate::condition::{Conditions, DestinationMatcher};
use crate::group::Counterparty;
use crate::list::{AddressList, Reading};
use crate::rule::Effect;
use crate::vocabulary::is_matched_by_address;

/// The destinations that conditions name and nobody can be, asked for or ruled out: why, for each.
pub fn unmatched(when: &Conditions, effect: Effect, assets: &Assets) -> Vec<Never> {
    let Some(choice) = &when.destinations else { return Vec::new() };
    let asked = match effect {
        Effect::Allow => Reading::Narrow,
        Effect::Deny => Reading::Wide,
    };
    let reading = if choice.one_of().is_some() { asked } else { asked.opposite() };
    let chains = chains(when, assets);
    choice.alternatives().iter().filter_map(|matcher| why(matcher, &chains, reading)).collect()
}

/// The chains of the assets that conditions can meet: those of the addresses, too.
pub(super) fn chains(when: &Conditions, assets: &Assets) -> BTreeSet<Chain> {
    assets.iter().filter(|(id, _)| when.covers_asset(id)).map(|(_, asset)| asset.chain).collect()
}

/// Why no address can be on a list.
pub(super) fn unmatched_list(list: &AddressList, chains: &BTreeSet<Chain>) -> Option<Never> {
    let name = || list.name.clone();
    match list.is_empty() {
        true => Some(Never::EmptyList(name())),
        false if chains.contains(&list.chain) => None,
        false => Some(Never::OtherChain { list: name(), chain: list.chain.name() }),
    }
}

fn why(matcher: &DestinationMatcher, chains: &BTreeSet<Chain>, reading: Reading) -> Option<Never> {
    let list = matcher.list.as_deref();
    list.and_then(|list| unmatched_list(list, chains))
        .or_else(|| undated(list?, matcher))
        .or_else(|| nobody_under_tag(list?, matcher.tag.as_deref()?, reading))
        .or_else(|| without_tags(matcher, chains))
        .or_else(|| nobody_of(matcher.counterparty.as_deref()?, matcher, chains))
}

fn undated(list: &AddressList, matcher: &DestinationMatcher) -> Option<Never> {
    let asked = !matcher.age.is_any();
    let dated = || list.entries().any(|(_, entry)| entry.added.is_some());
    (asked && !dated()).then(|| Never::Undated(list.name.clone()))
}

/// Of who is not paid at an address, a tag is read as it is given, whatever the chain.
fn without_tags(matcher: &DestinationMatcher, chains: &BTreeSet<Chain>) -> Option<Never> {
    let tag = matcher.tag.as_ref().filter(|_| !chains.iter().any(|chain| chain.has_tags()))?;
    let listed = matcher.list.is_some();
    let at_address = matcher.account.as_ref().is_some_and(|account| is_matched_by_address(&account.kind));
    (listed || at_address).then(|| Never::NoTags(tag.clone()))
}

/// For denying, an address without a tag stands for it under every tag.
fn nobody_under_tag(list: &AddressList, tag: &str, reading: Reading) -> Option<Never> {
    let meant = |listed: Option<&str>| {
        listed == Some(tag) || listed.is_none() && (tag.is_empty() || reading == Reading::Wide)
    };
    let nobody = !list.entries().any(|(_, entry)| meant(entry.tag));
    nobody.then(|| Never::NobodyUnderTag { list: list.name.clone(), tag: tag.to_owned() })
}

fn nobody_of(
    receiver: &Counterparty,
    matcher: &DestinationMatcher,
    chains: &BTreeSet<Chain>,
) -> Option<Never> {
    let listed = receiver.lists.iter().any(|list| unmatched_list(list, chains).is_none());
    if listed {
        return None;
    }
    if receiver.accounts.is_empty() {
        return Some(Never::NobodyOfCounterparty(receiver.name.clone()));
    }
    let account = matcher.account.as_ref()?;
    let another = !receiver.accounts.may_be(account);
    another.then(|| Never::NotOfCounterparty(receiver.name.clone()))
}
