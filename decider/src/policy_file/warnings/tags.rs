//! Tags that nobody asks for.

use policy::asset::{Asset, TagRule};
use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::list::AddressList;
use policy::rule::{Effect, Rule};

/// A tag that is not known is taken for none where none is required; and of what comes through the edge none is known.
pub fn any_tag(policy: &Policy, rule: &Rule) -> Option<String> {
    let asked = rule.when.destinations.as_ref().and_then(Choice::one_of);
    let by_address = |matcher: &&DestinationMatcher| {
        matcher.tag.is_none() && matcher.account.as_ref().is_none_or(|account| account.id.is_none())
    };
    let mut lists = asked.into_iter().flatten().filter(by_address).flat_map(|matcher| {
        let receiver = matcher.counterparty.iter().flat_map(|each| &each.lists);
        matcher.list.iter().chain(receiver)
    });
    let (list, asset) = lists.find_map(|list| Some((list, asset_of_any_tag(policy, rule, list)?)))?;
    let (id, list) = (&rule.id, &list.name);
    Some(format!(
        "allow rule {id} allows an address of list {list} under any tag: the edge reads no tags, and at an exchange another is another customer. Where {asset} has tags, say tag: required"
    ))
}

/// A condition over a tag: of what comes through the edge it cannot be told, wherever there are tags.
pub fn never_said(policy: &Policy, named: &str, when: &Conditions, effect: Effect) -> Option<String> {
    let asked = when.destinations.iter().flat_map(Choice::alternatives).any(|matcher| matcher.tag.is_some());
    let mut assets =
        policy.assets.iter().filter(|(id, asset)| when.covers_asset(id) && asset.chain.has_tags());
    let (asset, _) = assets.next().filter(|_| asked)?;
    let comes = match effect {
        Effect::Deny => {
            "it holds what comes through the edge, whatever tag that has, where the rest of it fits"
        }
        Effect::Allow => "it covers nothing that comes through the edge",
    };
    Some(format!("{named} asks for a tag, and the edge never says one: of {asset} {comes}"))
}

/// An asset of the rule that may be paid to an address of the list without that its tag is known.
fn asset_of_any_tag<'p>(policy: &'p Policy, rule: &Rule, list: &AddressList) -> Option<&'p String> {
    let untold = |asset: &Asset| asset.chain == list.chain && asset.tag == TagRule::Optional;
    let mut assets = policy.assets.iter().filter(|(id, asset)| rule.when.covers_asset(id) && untold(asset));
    let (id, _) = assets.next().filter(|_| list.chain.has_tags())?;
    list.entries().any(|(_, entry)| entry.tag.is_none()).then_some(id)
}
