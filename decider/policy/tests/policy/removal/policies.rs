//! Policies of such conditions, with limits and prices.

use crate::support::*;
use policy::address::Chain;
use policy::asset::TagRule;
use policy::condition::{CircumstanceConditions, Conditions, Range};
use policy::document::Policy;
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::prices::{Price, PriceTerms, Prices, UnitPrice};
use policy::time::{Calendar, CalendarUnit, Length, Time, Window, Zone};
use policy::usd::Usd;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample;

use super::conditions::*;

pub fn key() -> impl Strategy<Value = Vec<KeyPart>> {
    sample::subsequence(KeyPart::ALL.map(|(_, part)| part).to_vec(), 0..4)
}

pub fn policies() -> impl Strategy<Value = Policy> {
    let rules = |most| proptest::collection::vec(conditions(), 0..=most);
    let limits = proptest::collection::vec((conditions(), key(), 0..6_u8, 0..4_u8, any::<bool>()), 0..3);
    let prices = weighted(0.5, sample::select(price_terms()));
    (rules(2), rules(2), limits, any::<bool>(), any::<bool>(), any::<bool>(), prices).prop_map(
        |(deny, allow, limits, raw_required, tag_required, covered, prices)| {
            let mut policy = Policy { prices, ..policy() };
            // Without the rules that cover every sample, what is refused is refused for want of a rule.
            if covered {
                policy.allow.push(rule("all", of_all_operations()));
            } else {
                policy.allow.clear();
            }
            policy.deny = deny.into_iter().map(|when| rule("deny", when)).collect();
            policy.allow.extend(allow.into_iter().map(|when| rule("allow", when)));
            policy.raw_transactions_required = raw_required;
            if tag_required {
                policy.assets.get_mut("ETH").unwrap().tag = TagRule::Required;
            }
            policy.limits = limits
                .into_iter()
                .map(|(when, key, kind, window, lenient)| some_limit(when, &key, kind, window, lenient))
                .collect();
            give_groups(&mut policy);
            policy
        },
    )
}

/// What a destination is by its account and what it is by its address are apart.
pub fn give_groups(policy: &mut Policy) {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let of = |name: &str, accounts: Vec<_>, lists| Counterparty {
        name: name.into(),
        accounts: accounts.into(),
        lists,
    };
    policy.counterparties =
        vec![of("vault", vec![matcher("VAULT", Some("1"))], vec![]), of("friends", vec![], vec![friends])];
    policy.source_groups =
        vec![SourceGroup { name: "hot".into(), accounts: vec![matcher("VAULT", Some("0"))].into() }];
}

pub fn some_limit(when: Conditions, key: &[KeyPart], kind: u8, window: u8, lenient: bool) -> Limit {
    let when = Conditions {
        stages: None,
        amount: Range::default(),
        usd: Range::default(),
        contracts: None,
        circumstances: CircumstanceConditions::default(),
        ..when
    };
    let dollars = |text: &str| Usd::parse_exact(text).unwrap();
    let cap = match kind {
        0 => Cap::Usd(dollars("1")),
        1 => Cap::Usd(dollars("1000000")),
        2 => Cap::Count(0),
        3 => Cap::Destinations(0),
        4 => Cap::Destinations(1),
        _ => Cap::Amount([("ETH".to_owned(), eth("0.001")), ("BTC".to_owned(), eth("1"))].into()),
    };
    let zone = || Zone::named("Europe/Berlin").unwrap();
    Limit {
        window: match window {
            0 => Window::Calendar(Calendar { unit: CalendarUnit::Day, zone: zone() }),
            1 => Window::Lifetime,
            2 => Window::InFlight,
            _ => Window::from_seconds(3600).unwrap(),
        },
        on_exceed: if lenient { OnExceed::Hold } else { OnExceed::Deny },
        leave_to_console: lenient,
        ..limit("limit", when, key, cap, 3600)
    }
}

/// Assets priced beside the request's value, alone, and not, by prices that are believed and by prices that are not.
pub fn price_terms() -> Vec<PriceTerms> {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let terms = |seconds, beside: &[&str], alone: &[&str]| PriceTerms {
        max_age: Length::from_seconds(seconds).unwrap(),
        beside: ids(beside),
        alone: ids(alone),
    };
    vec![
        terms(HOUR, &["ETH"], &["BTC"]),
        terms(HOUR, &["BTC"], &["ETH"]),
        terms(HOUR, &["ETH", "BTC"], &[]),
        terms(60, &["ETH"], &["BTC"]),
        terms(60, &["BTC"], &["ETH"]),
    ]
}

/// A minute and a second old. Ether is worth more than the samples say, and bitcoin less.
pub fn table() -> Prices {
    let at = Time::from_micros(START.as_micros() - 61 * SECOND);
    let price = |usd: &str| Price { usd: UnitPrice::parse(usd).unwrap(), at };
    let by_asset = [("ETH".to_owned(), price("500000")), ("BTC".to_owned(), price("0.5"))].into();
    Prices { hash: "table".into(), by_asset }
}
