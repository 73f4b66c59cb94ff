//! Addresses that are compared letter by letter, where another spelling would go past.

use policy::address::Chain;
use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::limit::{KeyPart, Limit};
use policy::list::AddressList;
use policy::rule::Rule;

/// A deny rule is passed by whoever is spelled otherwise than on the list.
pub fn of_deny(rule: &Rule) -> Option<String> {
    let list = folded(asked_for(&rule.when)?)?;
    Some(told(&format!("deny rule {}", rule.id), "asks for", &list))
}

/// An allow rule that rules a list out covers them.
pub fn of_allow(rule: &Rule) -> Option<String> {
    let Choice::NoneOf(ruled_out) = rule.when.destinations.as_ref()? else { return None };
    let list = folded(ruled_out)?;
    Some(told(&format!("allow rule {}", rule.id), "rules out", &list))
}

/// A limit does not count them, or keeps a sum for each spelling.
pub fn of_limit(policy: &Policy, limit: &Limit) -> Option<String> {
    let named = format!("limit {}", limit.id);
    if let Some(list) = asked_for(&limit.when).and_then(|asked| folded(asked)) {
        return Some(told(&named, "asks for", &list));
    }
    let is_exact = |id: &str| policy.assets.get(id).is_some_and(|asset| asset.chain == Chain::Exact);
    let asset = policy.assets.keys().find(|id| limit.when.covers_asset(id) && is_exact(id))?;
    limit.key.contains(&KeyPart::Destination).then(|| {
        format!("{named} has a sum for each spelling of an address of {asset}: on chain exact another spelling is another address. Where its addresses are bech32, say chain: bech32")
    })
}

fn asked_for(when: &Conditions) -> Option<&Vec<DestinationMatcher>> {
    when.destinations.as_ref()?.one_of()
}

/// A list that is compared letter by letter, with an address that has letters, all in one case. Base58 has both, and
/// each of its spellings is another address anyway.
struct Folded {
    list: String,
    address: String,
}

fn folded(matchers: &[DestinationMatcher]) -> Option<Folded> {
    let mut lists = matchers.iter().flat_map(|matcher| {
        let receiver = matcher.counterparty.iter().flat_map(|each| &each.lists);
        matcher.list.iter().chain(receiver)
    });
    lists.find_map(|list| Some(Folded { list: list.name.clone(), address: address_of_one_case(list)? }))
}

fn address_of_one_case(list: &AddressList) -> Option<String> {
    let mut exact =
        list.entries().filter(|_| list.chain == Chain::Exact).map(|(address, _)| address.to_string());
    exact.find(|text| {
        let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
        has(u8::is_ascii_lowercase) != has(u8::is_ascii_uppercase)
    })
}

fn told(named: &str, does: &str, Folded { list, address }: &Folded) -> String {
    format!(
        "{named} {does} list {list}, and on chain exact another spelling is another address: {address} in other letters goes past it. Where its addresses are bech32, say chain: bech32"
    )
}
