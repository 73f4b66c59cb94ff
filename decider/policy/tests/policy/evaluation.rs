//! What the rules say: a table over the decision model, sections 1 and 5.

use std::sync::Arc;

use crate::support::*;
use policy::address::{Address, Chain};
use policy::asset::TagRule;
use policy::condition::{Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::list::{AddedOn, AddressList, Age, Entry};
use policy::prices::Prices;
use policy::request::{AccountText, DestinationText, RawTransactionText, Request, Stage};
use policy::time::{Length, Time};
use policy::usd::Usd;
use policy::verdict::ReasonCode;

fn code(policy: &Policy, request: &Request) -> Result<String, ReasonCode> {
    match evaluate(policy, request, &Prices::NONE, START).before_limits {
        BeforeLimits::Covered(rule) => Ok(rule),
        BeforeLimits::Held(reason) | BeforeLimits::Denied(reason) => Err(reason.code),
    }
}

fn is_held(policy: &Policy, request: &Request) -> bool {
    matches!(evaluate(policy, request, &Prices::NONE, START).before_limits, BeforeLimits::Held(_))
}

fn deny(policy: &mut Policy, when: Conditions) {
    policy.deny.push(rule("never", when));
}

fn any() -> Conditions {
    Conditions::default()
}

#[test]
fn the_samples_are_covered() {
    for (name, request) in samples() {
        assert!(
            code(&policy(), &request).is_ok(),
            "{name}: {:?}",
            evaluate(&policy(), &request, &Prices::NONE, START)
        );
    }
}

#[test]
fn an_empty_policy_denies() {
    assert_eq!(code(&Policy::default(), &ethereum_sample()), Err(ReasonCode::AssetUnknown));
    let known = Policy { assets: policy().assets, ..Policy::default() };
    assert_eq!(code(&known, &ethereum_sample()), Err(ReasonCode::NoAllowRule));
}

#[test]
fn deny_outweighs_allow() {
    let mut policy = policy();
    deny(&mut policy, Conditions { assets: only("ETH"), ..any() });
    assert_eq!(code(&policy, &ethereum_sample()), Err(ReasonCode::DenyRule));
    assert!(code(&policy, &bitcoin_sample()).is_ok());
}

#[test]
fn one_denied_destination_denies_all_of_it_and_one_uncovered_uncovers_all_of_it() {
    let mut denying = policy();
    let bad = list("bad", Chain::Evm, &[ETH_ADDRESS]);
    deny(&mut denying, Conditions { destinations: one_of(vec![to_list(&bad)]), ..any() });
    assert_eq!(code(&denying, &two_destinations()), Err(ReasonCode::DenyRule));

    let mut other = two_destinations();
    other.destinations[1].account.id = text("2");
    assert_eq!(code(&policy(), &other), Err(ReasonCode::NoAllowRule));
}

#[test]
fn an_indeterminate_deny_rule_holds_and_an_indeterminate_allow_rule_does_not_match() {
    let mut holding = policy();
    deny(&mut holding, Conditions { signers: one_of(["mallory".into()].into()), ..any() });
    assert!(is_held(&holding, &ethereum_sample()), "the sample names no signer");
    assert!(code(&holding, &two_destinations()).is_ok());

    let mut asking = policy();
    asking.allow[0].when.signers = one_of(["alice".into()].into());
    assert_eq!(code(&asking, &ethereum_sample()), Err(ReasonCode::NoAllowRule));
}

#[test]
fn a_denied_listed_address_is_denied_at_the_stage_that_shows_it() {
    let mut policy = policy();
    let bad = list("bad", Chain::Evm, &[ETH_ADDRESS]);
    deny(&mut policy, Conditions { destinations: one_of(vec![to_list(&bad)]), ..any() });
    assert_eq!(code(&policy, &ethereum_sample()), Err(ReasonCode::DenyRule));

    let mut unseen = ethereum_sample();
    unseen.destinations[0].display_address = None;
    unseen.declared.address = None;
    assert!(is_held(&policy, &unseen), "at signing an address applies to a vault too");
    unseen.stage = Stage::Approval;
    assert!(code(&policy, &unseen).is_ok(), "before that it does not");
}

#[test]
fn operations_beyond_a_transfer_must_be_named() {
    for operation in ["CONTRACT_CALL", "RAW", "TYPED_MESSAGE", "STAKE", "SOMETHING_NEW", "transfer"] {
        let mut request = ethereum_sample();
        request.operation = text(operation);
        let mut policy = policy();
        assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule), "{operation}");
        policy
            .allow
            .push(rule("named", Conditions { operations: one_of([operation.to_owned()].into()), ..any() }));
        assert_eq!(code(&policy, &request), Ok("named".into()), "{operation}");
    }
}

#[test]
fn a_maximum_covers_no_operation_whose_amount_says_nothing() {
    let mut policy = policy();
    policy.allow[0].when.operations = one_of(["CONTRACT_CALL".into()].into());
    let mut call = ethereum_sample();
    call.operation = text("CONTRACT_CALL");
    call.amount = text("0");
    call.requested_amount = text("0");
    call.destinations[0].amount = text("0");
    assert_eq!(code(&policy, &call), Err(ReasonCode::NoAllowRule));
    policy.allow[0].when.amount = Range::default();
    assert!(code(&policy, &call).is_ok());
}

#[test]
fn maxima_are_on_the_larger_total_and_inclusive() {
    let mut policy = policy();
    let at_most = |max: &str| Range { max: Some(eth(max)), over: None };
    policy.allow[0].when.amount = at_most("1");
    assert!(code(&policy, &two_destinations()).is_ok());
    policy.allow[0].when.amount = at_most("0.999999999999999999");
    assert_eq!(code(&policy, &two_destinations()), Err(ReasonCode::NoAllowRule));

    let mut gross = transfer("g", "1");
    gross.requested_amount = text("1.1");
    policy.allow[0].when.amount = at_most("1");
    assert_eq!(code(&policy, &gross), Err(ReasonCode::NoAllowRule), "the requested amount is the larger");
}

#[test]
fn over_means_strictly_more() {
    let mut policy = policy();
    deny(&mut policy, Conditions { amount: Range { max: None, over: Some(eth("1")) }, ..any() });
    assert!(code(&policy, &two_destinations()).is_ok());
    assert_eq!(code(&policy, &transfer("x", "1.000000000000000001")), Err(ReasonCode::DenyRule));
}

#[test]
fn unpriced_is_unknown_not_zero() {
    let mut policy = policy();
    policy.allow[0].when.usd.max = Some(Usd::parse_exact("2000").unwrap());
    assert!(code(&policy, &two_destinations()).is_ok());
    for unusable in [None, text("0"), text("0.00"), text("-1"), text("1e3"), text(""), text("NaN")] {
        let mut request = two_destinations();
        request.destinations[1].amount_usd = unusable.clone();
        assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule), "{unusable:?}");
    }
    let mut deny_large = self::policy();
    let over = Range { max: None, over: Some(Usd::parse_exact("1000000").unwrap()) };
    deny(&mut deny_large, Conditions { usd: over, ..any() });
    let mut request = two_destinations();
    request.destinations[0].amount_usd = None;
    assert!(is_held(&deny_large, &request));
}

#[test]
fn usd_values_round_up() {
    let mut policy = policy();
    policy.allow[0].when.usd.max = Some(Usd::parse_exact("10").unwrap());
    let mut request = transfer("r", "1");
    request.destinations[0].amount_usd = text("10.0000000");
    assert!(code(&policy, &request).is_ok());
    request.destinations[0].amount_usd = text("10.0000001");
    assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule));
}

#[test]
fn wallets_are_matched_by_address_and_never_by_id() {
    let by_id = |kind: &str| {
        let mut policy = policy();
        policy.allow[0].when.destinations = one_of(vec![to_account(kind, Some("w-1"))]);
        let mut request = transfer("w", "1");
        request.destinations[0].account = account(kind, "w-1");
        request.destinations[0].address = text(ETH_ADDRESS);
        code(&policy, &request)
    };
    assert_eq!(by_id("UNMANAGED"), Err(ReasonCode::NoAllowRule));
    assert_eq!(by_id("ONE_TIME_ADDRESS"), Err(ReasonCode::NoAllowRule));
    assert!(by_id("EXCHANGE").is_ok());
}

#[test]
fn addresses_compare_by_meaning_and_lists_by_chain() {
    let sent = |address: &str| {
        let mut request = transfer("a", "1");
        request.destinations[0].account = account("UNMANAGED", "w-1");
        request.destinations[0].address = text(address);
        code(&policy(), &request)
    };
    assert!(sent(ETH_ADDRESS).is_ok());
    assert!(sent(&ETH_ADDRESS.to_lowercase()).is_ok());
    assert_eq!(sent("0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f9"), Err(ReasonCode::FieldInvalid), "checksum");
    assert_eq!(sent("0x0000000000000000000000000000000000000001"), Err(ReasonCode::NoAllowRule));
    assert_eq!(sent(BTC_ADDRESS), Err(ReasonCode::FieldInvalid), "of another chain");
}

#[test]
fn a_required_tag_that_is_missing_leaves_the_receiver_unknown() {
    let mut policy = policy();
    policy.assets.get_mut("ETH").unwrap().tag = TagRule::Required;
    let mut request = transfer("t", "1");
    request.destinations[0].account = account("UNMANAGED", "w-1");
    request.destinations[0].address = text(ETH_ADDRESS);
    assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule));
    request.destinations[0].tag = text("");
    assert!(code(&policy, &request).is_ok());
    request.destinations[0].tag = text("7");
    assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule), "another tag is another receiver");
}

#[test]
fn account_and_list_in_one_matcher_must_both_hold() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let both = DestinationMatcher { list: Some(friends), ..to_account("UNMANAGED", None) };
    let mut policy = policy();
    policy.allow[0].when.destinations = one_of(vec![both]);
    let mut request = transfer("b", "1");
    request.destinations[0].address = text(ETH_ADDRESS);
    assert_eq!(code(&policy, &request), Err(ReasonCode::NoAllowRule), "a vault at a listed address");
    request.destinations[0].account = account("UNMANAGED", "w");
    assert!(code(&policy, &request).is_ok());
}

#[test]
fn declared_fields_must_agree() {
    type Change = fn(&mut Request);
    let contradictions: [(&str, Change); 8] = [
        ("destType", |r| r.declared.account.kind = text("EXCHANGE")),
        ("destId", |r| r.declared.account.id = text("2")),
        ("destAddress", |r| r.declared.address = text("0x0000000000000000000000000000000000000001")),
        ("dstAddress", |r| r.destinations[0].address = text("0x0000000000000000000000000000000000000001")),
        ("amountNativeStr", |r| r.destinations[0].amount = text("0.02")),
        ("amounts", |r| {
            r.amount = text("0.02");
            r.requested_amount = text("0.03");
        }),
        ("one more destination", |r| r.destinations.push(r.destinations[0].clone())),
        ("a dust less", |r| r.destinations[0].amount = text("0.009999999999999999")),
    ];
    for (name, contradict) in contradictions {
        let mut request = ethereum_sample();
        contradict(&mut request);
        assert_eq!(code(&policy(), &request), Err(ReasonCode::FieldsDisagree), "{name}");
    }
}

#[test]
fn of_several_destinations_one_is_the_declared() {
    let mut request = two_destinations();
    request.declared.account = account("VAULT", "1");
    assert!(code(&policy(), &request).is_ok());
    request.declared.account = account("VAULT", "9");
    assert_eq!(code(&policy(), &request), Err(ReasonCode::FieldsDisagree));
}

#[test]
fn the_sum_may_be_the_net_or_the_requested_amount() {
    let mut request = transfer("n", "0.99");
    request.requested_amount = text("1");
    assert!(code(&policy(), &request).is_ok(), "net");
    request.destinations[0].amount = text("1");
    assert!(code(&policy(), &request).is_ok(), "requested");
    request.destinations[0].amount = text("0.995");
    assert_eq!(code(&policy(), &request), Err(ReasonCode::FieldsDisagree), "between");
}

#[test]
fn what_must_be_there_is_missed() {
    type Change = fn(&mut Request);
    let gaps: [(&str, Change, ReasonCode); 8] = [
        ("txId", |r| r.tx_id = None, ReasonCode::FieldMissing),
        ("empty txId", |r| r.tx_id = text(""), ReasonCode::FieldMissing),
        ("operation", |r| r.operation = None, ReasonCode::FieldMissing),
        ("asset", |r| r.asset = None, ReasonCode::FieldMissing),
        ("amount", |r| r.amount = None, ReasonCode::FieldMissing),
        ("requested amount", |r| r.requested_amount = None, ReasonCode::FieldMissing),
        ("a destination's amount", |r| r.destinations[0].amount = None, ReasonCode::FieldMissing),
        ("destinations", |r| r.destinations.clear(), ReasonCode::NoDestination),
    ];
    for (name, remove, expected) in gaps {
        let mut request = ethereum_sample();
        remove(&mut request);
        assert_eq!(code(&policy(), &request), Err(expected), "{name}");
    }
}

#[test]
fn amounts_are_strict_everywhere() {
    let bad = [
        "-1",
        "+1",
        "1e5",
        "1E5",
        " 1",
        "1 ",
        "",
        ".5",
        "5.",
        "1,0",
        "1_0",
        "0x10",
        "１",
        "٣",
        "NaN",
        "inf",
        "0.0000000000000000001",
        "--1",
        "1.0.0",
        "115792089237316195423570985008687907853269984665640564039458",
        &"9".repeat(80),
    ];
    for text in bad {
        for place in 0..3 {
            let mut request = ethereum_sample();
            let field = match place {
                0 => &mut request.amount,
                1 => &mut request.requested_amount,
                _ => &mut request.destinations[0].amount,
            };
            *field = Some(text.to_owned());
            assert_eq!(code(&policy(), &request), Err(ReasonCode::FieldInvalid), "{text:?} at {place}");
        }
    }
    let mut zeros = ethereum_sample();
    zeros.amount = text("0.0100000000000000000000");
    assert!(code(&policy(), &zeros).is_ok(), "decimals beyond the asset's that are zero say nothing");
}

#[test]
fn netting_by_negatives_and_overflow_are_refused() {
    let mut netting = two_destinations();
    netting.destinations[0].amount = text("1.4");
    netting.destinations[1].amount = text("-0.4");
    assert_eq!(code(&policy(), &netting), Err(ReasonCode::FieldInvalid));

    let huge = "115792089237316195423570985008687907853269984665640564039457";
    let mut overflow = two_destinations();
    overflow.destinations.iter_mut().for_each(|destination| destination.amount = text(huge));
    assert_eq!(code(&policy(), &overflow), Err(ReasonCode::FieldInvalid));
}

#[test]
fn raw_transactions_must_hash_to_their_payload() {
    let mut request = ethereum_sample();
    request.raw_transactions[0].raw =
        request.raw_transactions[0].raw.as_ref().map(|raw| raw.replace("ef01", "ef02"));
    assert_eq!(code(&policy(), &request), Err(ReasonCode::RawTransactionMismatch));
    request.raw_transactions[0].raw = None;
    assert_eq!(code(&policy(), &request), Err(ReasonCode::FieldInvalid));

    let mut required = policy();
    required.raw_transactions_required = true;
    assert!(code(&required, &ethereum_sample()).is_ok());
    assert_eq!(code(&required, &bitcoin_sample()), Err(ReasonCode::RawTransactionMissing));
    assert!(code(&required, &transfer("approval", "1")).is_ok(), "there is none before signing");
}

/// Nobody knows what it must hash to, or how such a chain's is written, but it can be there.
#[test]
fn a_raw_transaction_is_required_on_every_chain() {
    let mut required = open();
    required.raw_transactions_required = true;
    for chain in [Chain::Solana, Chain::Bech32, Chain::Exact] {
        required.assets.insert("ETH".into(), asset(chain, 18));
        let signing = |raw: &[(&str, &str)]| Request {
            stage: Stage::Signing,
            raw_transactions: raw
                .iter()
                .map(|(raw, payload)| RawTransactionText { raw: text(raw), payload: text(payload) })
                .collect(),
            ..transfer("a", "1")
        };
        let code = |raw: &[(&str, &str)]| code(&required, &signing(raw)).err();
        assert_eq!(code(&[]), Some(ReasonCode::RawTransactionMissing), "{chain}");
        assert_eq!(code(&[("", "00")]), Some(ReasonCode::RawTransactionMissing), "{chain}");
        assert_eq!(code(&[("00", "00"), ("", "")]), Some(ReasonCode::RawTransactionMissing), "{chain}");
        assert_eq!(code(&[("0102", ""), ("AQID", "0405")]), None, "{chain}");
        required.raw_transactions_required = false;
        let optional =
            |raw: &[(&str, &str)]| evaluate(&required, &signing(raw), &Prices::NONE, START).before_limits;
        assert!(
            matches!(optional(&[]), BeforeLimits::Covered(_))
                && matches!(optional(&[("", "")]), BeforeLimits::Covered(_))
        );
        required.raw_transactions_required = true;
    }
}

#[test]
fn reasons_read_well() {
    let reason = |request: &Request| match evaluate(&policy(), request, &Prices::NONE, START).before_limits {
        BeforeLimits::Denied(reason) | BeforeLimits::Held(reason) => reason.text,
        BeforeLimits::Covered(rule) => panic!("covered by {rule}"),
    };
    let mut request = ethereum_sample();
    request.amount = text("1e5");
    insta::assert_snapshot!(reason(&request), @"amountStr: the amount is not decimal text at character 2: expected digits and at most one point between them, such as 0 or 12.5");
    let mut request = ethereum_sample();
    request.asset = text("DOGE\n");
    insta::assert_snapshot!(reason(&request), @r"the policy does not know asset DOGE\n");
    let mut request = ethereum_sample();
    request.declared.account = AccountText { id: text("7"), ..AccountText::default() };
    insta::assert_snapshot!(reason(&request), @"destId contradicts destinations[0].dstId");
    let mut request = transfer("x", "1");
    request.destinations[0] =
        DestinationText { account: account("UNMANAGED", "w"), ..request.destinations[0].clone() };
    insta::assert_snapshot!(reason(&request), @"no allow rule covers it; sweep cannot tell: a destination's address is missing for list friends");
}

/// A cool-off: an address that was just added is on the list, and not yet allowed.
#[test]
fn an_address_is_allowed_once_it_has_been_listed_long_enough() {
    let mut friends = AddressList::new("friends", Chain::Evm);
    let address = Address::parse(Chain::Evm, ETH_ADDRESS).unwrap();
    let added = AddedOn::from_time(START);
    friends.add(&address, Entry { added, ..Entry::default() }).unwrap();
    let age = |at_least, less_than| Age { at_least, less_than };
    let to = |age| DestinationMatcher {
        list: Some(Arc::new(friends.clone())),
        age,
        ..DestinationMatcher::default()
    };
    let day = Length::from_seconds(86_400);
    let when = |age| Conditions { destinations: one_of(vec![to(age)]), ..Conditions::default() };
    let cooled = Policy { allow: vec![rule("cooled", when(age(day, None)))], deny: vec![], ..policy() };
    let fresh = Policy {
        allow: vec![rule("any", when(age(None, None)))],
        deny: vec![rule("fresh", when(age(None, day)))],
        ..policy()
    };
    let mut request = transfer("b", "1");
    request.destinations[0].account = account("UNMANAGED", "w");
    request.destinations[0].address = text(ETH_ADDRESS);
    let later = |seconds: i64| Time::from_micros(START.as_micros() + seconds * 1_000_000);
    for policy in [cooled, fresh] {
        let allows = |at| {
            matches!(evaluate(&policy, &request, &Prices::NONE, at).before_limits, BeforeLimits::Covered(_))
        };
        assert_eq!(
            [0, 86_399, 86_400, 90_000].map(|seconds| allows(later(seconds))),
            [false, false, true, true]
        );
    }
}

/// The tag that is left out may be the one that was just added.
#[test]
fn leaving_the_tag_out_does_not_make_an_entry_older() {
    let mut friends = AddressList::new("friends", Chain::Evm);
    let address = Address::parse(Chain::Evm, ETH_ADDRESS).unwrap();
    for (tag, added) in [(None, Time::from_micros(0)), (Some("7"), START)] {
        friends.add(&address, Entry { tag, added: AddedOn::from_time(added), label: None }).unwrap();
    }
    let age = Age { at_least: None, less_than: Length::from_seconds(86_400) };
    let fresh = DestinationMatcher { list: Some(Arc::new(friends)), age, ..DestinationMatcher::default() };
    let mut policy = Policy { allow: vec![rule("any", any())], deny: vec![], ..policy() };
    deny(&mut policy, Conditions { destinations: one_of(vec![fresh]), ..any() });
    let mut request = transfer("b", "1");
    request.destinations[0].account = account("UNMANAGED", "w");
    request.destinations[0].address = text(ETH_ADDRESS);
    let mut with = |tag: Option<&str>| {
        request.destinations[0].tag = tag.map(str::to_owned);
        code(&policy, &request)
    };
    assert_eq!(with(Some("7")), Err(ReasonCode::DenyRule));
    assert_eq!(with(None), Err(ReasonCode::DenyRuleIndeterminate));
    assert!(with(Some("8")).is_ok());
}
