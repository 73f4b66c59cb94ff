//! How much of a transaction counts, and where: the decision model, sections 4 and 5.

use crate::support::desk::Desk;
use crate::support::*;
use policy::address::Chain;
use policy::caller::CallerConditions;
use policy::condition::{Conditions, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Limit};
use policy::list::AddressList;
use policy::prices::Prices;
use policy::request::{CallerProof, DestinationText, Request, Stage};
use policy::settle::Settlement;
use policy::usd::Usd;
use policy::verdict::{ReasonCode, Verdict};

/// Open for the operations that must be named, too.
fn open_to_calls() -> Policy {
    let mut policy = open();
    policy.allow.push(rule(
        "calls",
        Conditions {
            operations: one_of(["CONTRACT_CALL".into(), "RAW".into(), "TYPED_MESSAGE".into()].into()),
            ..Conditions::default()
        },
    ));
    policy
}

fn decide(limits: Vec<Limit>, request: &Request) -> Settlement {
    NaiveLedger::new(&Policy { limits, ..open_to_calls() }).decide(request, START)
}

fn code(settlement: &Settlement) -> ReasonCode {
    settlement.reason.code
}

fn dollars(text: &str) -> Usd {
    Usd::parse_exact(text).unwrap()
}

fn usd(max: &str, key: &[KeyPart]) -> Limit {
    limit("usd", Conditions::default(), key, Cap::Usd(dollars(max)), 3600)
}

fn count(key: &[KeyPart]) -> Limit {
    limit("count", Conditions::default(), key, Cap::Count(1), 3600)
}

/// What each sum of the one limit is asked for.
fn requested(settlement: &Settlement) -> Vec<String> {
    settlement.limits.iter().map(|status| status.requested.to_string()).collect()
}

/// 0.9 arrives of 1, in two parts.
fn fee_taken_off() -> Request {
    let mut request = two_destinations();
    request.amount = text("0.9");
    request.destinations[0].amount = text("0.3");
    request
}

// The larger amount.

#[test]
fn the_larger_of_net_and_requested_amount_is_charged() {
    let mut request = transfer("a", "0.99");
    request.requested_amount = text("1");
    let mut ledger =
        NaiveLedger::new(&Policy { limits: vec![eth_limit("hour", &[], "1", 3600)], ..open_to_calls() });
    let first = ledger.decide(&request, START);
    assert_eq!((first.verdict, first.limits[0].requested), (Verdict::Allow, eth("1")));
    assert_eq!(code(&ledger.decide(&transfer("b", "0.01"), START)), ReasonCode::LimitExceeded);

    request.amount = text("1.5");
    let exceeded = decide(vec![eth_limit("hour", &[], "1.4", 3600)], &request);
    assert_eq!(code(&exceeded), ReasonCode::FieldsDisagree, "0.99 is neither");
    request.destinations[0].amount = text("1");
    let exceeded = decide(vec![eth_limit("hour", &[], "1.4", 3600)], &request);
    assert_eq!(code(&exceeded), ReasonCode::LimitExceeded, "the net amount is the larger");
}

#[test]
fn what_is_above_the_sum_counts_wherever_it_might_belong() {
    let together = decide(vec![eth_limit("all", &[], "5", 3600)], &fee_taken_off());
    assert_eq!(requested(&together), [eth("1").to_string()], "once, where they share a sum");
    let apart = decide(vec![eth_limit("each", &[KeyPart::Destination], "5", 3600)], &fee_taken_off());
    assert_eq!(requested(&apart), [eth("0.4").to_string(), eth("0.7").to_string()]);
    let counted = decide(vec![count(&[])], &fee_taken_off());
    assert_eq!(requested(&counted), ["1"]);
}

#[test]
fn values_are_those_of_the_larger_amount() {
    let mut request = transfer("a", "1");
    request.requested_amount = text("3");
    request.destinations[0].amount_usd = text("10");
    assert_eq!(requested(&decide(vec![usd("30", &[])], &request)), ["30000000"]);
    assert_eq!(code(&decide(vec![usd("29.999999", &[])], &request)), ReasonCode::LimitExceeded);

    let mut capped = open_to_calls();
    capped.allow[0].when.usd = Range { max: Some(dollars("29.999999")), over: None };
    assert!(matches!(
        evaluate(&capped, &request, &Prices::NONE, START).before_limits,
        BeforeLimits::Denied(_)
    ));
    capped.allow[0].when.usd.max = Some(dollars("30"));
    assert!(matches!(
        evaluate(&capped, &request, &Prices::NONE, START).before_limits,
        BeforeLimits::Covered(_)
    ));

    let mut thirds = transfer("b", "3");
    thirds.requested_amount = text("3.000000000000000001");
    assert_eq!(requested(&decide(vec![usd("100", &[])], &thirds)), ["10000001"], "it rounds up");
}

#[test]
fn of_nothing_that_arrives_no_value_is_known() {
    let mut request = transfer("a", "0");
    request.requested_amount = text("3");
    request.destinations[0].amount_usd = text("0");
    assert_eq!(code(&decide(vec![usd("30", &[])], &request)), ReasonCode::LimitIndeterminate);
    assert_eq!(requested(&decide(vec![eth_limit("e", &[], "5", 60)], &request)), [eth("3").to_string()]);
}

/// What the payload says of a call is 0, and a larger amount beside it is more, not nothing.
#[test]
fn what_is_asked_for_above_nothing_is_worth_nobody_knows_what() {
    let mut call = call_sample();
    call.destinations[0].amount_usd = text("5000");
    assert_eq!(code(&decide(vec![usd("100", &[])], &call)), ReasonCode::LimitExceeded);
    call.requested_amount = text("3");
    assert_eq!(code(&decide(vec![usd("100", &[])], &call)), ReasonCode::LimitIndeterminate);
    assert_eq!(requested(&decide(vec![eth_limit("e", &[], "5", 60)], &call)), [eth("3").to_string()]);
    let message = Request { amount: text("0"), requested_amount: text("3"), ..message_sample() };
    assert_eq!(code(&decide(vec![usd("100", &[])], &message)), ReasonCode::LimitIndeterminate);
    let of_nothing = Request { amount: text("0"), requested_amount: text("0"), ..message_sample() };
    assert_eq!(requested(&decide(vec![usd("100", &[])], &of_nothing)), ["0"]);
}

/// One cap for each vault would be as many as there are spellings of its type.
#[test]
fn the_sum_of_a_source_of_a_type_that_nobody_knows_cannot_be_told() {
    for part in [KeyPart::Source, KeyPart::SourceGroup] {
        let groups =
            vec![SourceGroup { name: "hot".into(), accounts: vec![matcher("VAULT", Some("9"))].into() }];
        let policy = Policy { source_groups: groups, limits: vec![count(&[part])], ..open_to_calls() };
        let from = |kind| Request { source: account(kind, "7"), ..transfer("a", "1") };
        let mut ledger = NaiveLedger::new(&policy);
        assert_eq!(code(&ledger.decide(&from("VAULT"), START)), ReasonCode::Allowed);
        for kind in ["VAULT_ACCOUNT", "vault", "VAULT "] {
            let held = ledger.decide(&Request { tx_id: text("b"), ..from(kind) }, START);
            assert_eq!(code(&held), ReasonCode::LimitIndeterminate, "{part:?} {kind}");
            assert!(held.reason.text.contains("the source's type is none that is known"), "{part:?}");
        }
    }
}

/// One tenant leaves the signer out; a limit that comes later keeps tenants apart.
#[test]
fn what_cannot_be_told_of_one_tenant_holds_no_other() {
    let mut desk = Desk::new(open_to_calls(), START);
    let of = |tenant: &str, signer: Option<&str>, id: &str| Request {
        tenant: tenant.into(),
        signer: signer.map(str::to_owned),
        ..transfer(id, "1")
    };
    assert_eq!(code(&desk.decide(&of("a", None, "a-1"))), ReasonCode::Allowed);
    let each = limit("each", Conditions::default(), &[KeyPart::Tenant, KeyPart::Signer], Cap::Count(5), 3600);
    desk.adopt(Policy { limits: vec![each], ..open_to_calls() });
    assert_eq!(code(&desk.decide(&of("b", Some("s-1"), "b-1"))), ReasonCode::Allowed);
    assert_eq!(code(&desk.decide(&of("a", Some("s-1"), "a-2"))), ReasonCode::LimitIndeterminate);
}

#[test]
fn one_destination_without_a_price_leaves_the_sum_unknown() {
    let mut request = two_destinations();
    request.destinations[1].amount_usd = text("0");
    assert_eq!(code(&decide(vec![usd("1000000", &[])], &request)), ReasonCode::LimitIndeterminate);
    let both = decide(vec![usd("1000000", &[KeyPart::Destination])], &request);
    assert_eq!(both.limits.iter().filter(|status| status.indeterminate.is_some()).count(), 1);
    let huge = "9".repeat(70);
    let mut overflowing = two_destinations();
    overflowing.destinations.iter_mut().for_each(|each| each.amount_usd = text(&huge));
    assert_eq!(code(&decide(vec![usd("1000000", &[])], &overflowing)), ReasonCode::LimitExceeded);
    let top = "115792089237316195423570985008687907853269984665640564039457584007913129.639935";
    overflowing.destinations.iter_mut().for_each(|each| each.amount_usd = text(top));
    assert_eq!(code(&decide(vec![usd("1000000", &[])], &overflowing)), ReasonCode::LimitIndeterminate);
}

// Zeros and negatives.

#[test]
fn a_pair_that_adds_up_to_nothing_is_refused() {
    let mut pair = two_destinations();
    (pair.amount, pair.requested_amount) = (text("0"), text("0"));
    pair.destinations[0].amount = text("1");
    pair.destinations[1].amount = text("-1");
    assert_eq!(code(&decide(vec![], &pair)), ReasonCode::FieldInvalid);
    pair.destinations[1].amount = text("1");
    assert_eq!(code(&decide(vec![], &pair)), ReasonCode::FieldsDisagree);
    pair.destinations[0].amount = text("-0");
    assert_eq!(code(&decide(vec![], &pair)), ReasonCode::FieldInvalid);
}

#[test]
fn moving_nothing_takes_no_room_and_counts_as_one() {
    let mut ledger = NaiveLedger::new(&Policy {
        limits: vec![eth_limit("hour", &[], "0", 3600), Limit { cap: Cap::Count(2), ..count(&[]) }],
        ..open_to_calls()
    });
    assert_eq!(ledger.decide(&transfer("a", "0"), START).verdict, Verdict::Allow);
    assert_eq!(ledger.decide(&transfer("b", "0"), START).verdict, Verdict::Allow);
    assert_eq!(code(&ledger.decide(&transfer("c", "0"), START)), ReasonCode::LimitExceeded);
}

#[test]
fn the_same_destination_twice_is_one_sum() {
    let mut twice = two_destinations();
    twice.destinations[1] = DestinationText { amount: text("0.6"), ..twice.destinations[0].clone() };
    let each = |max: &str| vec![eth_limit("each", &[KeyPart::Destination], max, 3600)];
    assert_eq!(requested(&decide(each("1"), &twice)), [eth("1").to_string()]);
    assert_eq!(code(&decide(each("0.999999999999999999"), &twice)), ReasonCode::LimitExceeded);
}

#[test]
fn payments_are_counted_one_by_one_where_the_destination_is_in_the_key() {
    let mut twice = two_destinations();
    twice.destinations[1] = DestinationText { amount: text("0.6"), ..twice.destinations[0].clone() };
    let of = |key: &[KeyPart]| requested(&decide(vec![count(key)], &twice));
    assert_eq!(of(&[KeyPart::Destination]), ["2"]);
    assert_eq!(of(&[KeyPart::Destination, KeyPart::Source]), ["2"]);
    assert_eq!(of(&[]), ["1"], "a transaction");
    assert_eq!(of(&[KeyPart::Counterparty]), ["1"], "a transaction");
    let refused = decide(vec![count(&[KeyPart::Destination])], &twice);
    assert_eq!(code(&refused), ReasonCode::LimitExceeded);
    insta::assert_snapshot!(refused.reason.text, @"limit count: 1 payments left of 1 payments, 2 payments asked");
}

#[test]
fn a_wallet_is_one_receiver_under_every_name() {
    let mut request = two_destinations();
    request.destinations[1].account = account("ONE_TIME_ADDRESS", "");
    request.destinations[1].address = text(&ETH_ADDRESS.to_lowercase());
    let each = decide(vec![eth_limit("each", &[KeyPart::Destination], "1", 3600)], &request);
    assert_eq!(requested(&each), [eth("1").to_string()]);
    request.destinations[1].tag = text("7");
    let each = decide(vec![eth_limit("each", &[KeyPart::Destination], "1", 3600)], &request);
    assert_eq!(requested(&each), [eth("1").to_string()], "an address of this chain has no tags");
    request.destinations[1].address = None;
    let each = decide(vec![eth_limit("each", &[KeyPart::Destination], "1", 3600)], &request);
    assert_eq!(code(&each), ReasonCode::LimitIndeterminate);
}

// Operations that name nobody.

#[test]
fn what_is_staked_for_nobody_counts_by_its_total() {
    let stake = |id: &str, amount: &str| Request {
        operation: text("STAKE"),
        destinations: Vec::new(),
        ..transfer(id, amount)
    };
    let staking = Conditions { operations: one_of(["STAKE".into()].into()), ..Conditions::default() };
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let to_friends = Conditions { destinations: one_of(vec![to_list(&friends)]), ..staking.clone() };
    let with = |when: Conditions, limits: Vec<Limit>| {
        NaiveLedger::new(&Policy { allow: vec![rule("staking", when)], limits, ..open() })
    };
    let mut ledger = with(staking.clone(), vec![eth_limit("hour", &[], "2", 3600)]);
    assert_eq!(ledger.decide(&stake("a", "1.5"), START).verdict, Verdict::Allow);
    assert_eq!(code(&ledger.decide(&stake("b", "1"), START)), ReasonCode::LimitExceeded);
    assert_eq!(ledger.decide(&stake("c", "0.5"), START).verdict, Verdict::Allow);
    let alone = |when: Conditions, limits| code(&with(when, limits).decide(&stake("a", "1"), START));
    assert_eq!(alone(to_friends, vec![]), ReasonCode::NoAllowRule);
    assert_eq!(alone(staking.clone(), vec![usd("1000000", &[])]), ReasonCode::LimitIndeterminate);
    let to_each = eth_limit("each", &[KeyPart::Destination], "2", 3600);
    assert_eq!(alone(staking.clone(), vec![to_each]), ReasonCode::LimitIndeterminate);
    let bounded = Conditions { amount: Range { max: Some(eth("0.5")), over: None }, ..staking };
    assert_eq!(alone(bounded, vec![]), ReasonCode::NoAllowRule);
}

// Operations that do not say what they move.

#[test]
fn calls_and_messages_are_counted() {
    let mut call = transfer("call", "0");
    call.operation = text("CONTRACT_CALL");
    call.destinations[0].amount_usd = None;
    let raw =
        |operation: &str| Request { operation: text(operation), ..request(operation, "ETH", Stage::Signing) };
    for request in [call.clone(), raw("RAW"), raw("TYPED_MESSAGE")] {
        let mut ledger =
            NaiveLedger::new(&Policy { limits: vec![count(&[]), usd("0", &[])], ..open_to_calls() });
        assert_eq!(ledger.decide(&request, START).verdict, Verdict::Allow, "{request:?}");
        let second = Request { callback_request_id: "2".into(), tx_id: text("2"), ..request };
        assert_eq!(code(&ledger.decide(&second, START)), ReasonCode::LimitExceeded);
    }
}

#[test]
fn what_a_call_pays_counts_all_the_same() {
    let mut call = transfer("call", "0.5");
    call.operation = text("CONTRACT_CALL");
    let hour = || vec![eth_limit("hour", &[], "0.4", 3600)];
    assert_eq!(code(&decide(hour(), &call)), ReasonCode::LimitExceeded);
    call.requested_amount = None;
    assert_eq!(code(&decide(hour(), &call)), ReasonCode::LimitExceeded);
    call.amount = None;
    assert_eq!(code(&decide(hour(), &call)), ReasonCode::FieldsDisagree, "0.5 of nothing");
    call.destinations[0].amount_usd = None;
    call.amount = text("0.5");
    assert_eq!(code(&decide(vec![usd("1000", &[])], &call)), ReasonCode::LimitIndeterminate);
}

#[test]
fn destinations_do_not_apply_where_nobody_is_paid() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let to_friends = Conditions { destinations: one_of(vec![to_list(&friends)]), ..Conditions::default() };
    let mut raw = Request { operation: text("RAW"), ..request("raw", "ETH", Stage::Signing) };
    let selected = limit("friends", to_friends.clone(), &[], Cap::Count(0), 60);
    assert_eq!(decide(vec![selected.clone()], &raw).verdict, Verdict::Allow);
    assert_eq!(requested(&decide(vec![count(&[KeyPart::Destination])], &raw)), ["1"]);
    assert_eq!(requested(&decide(vec![count(&[KeyPart::Counterparty])], &raw)), ["1"]);

    let mut narrow = open_to_calls();
    narrow.allow[2].when.destinations = to_friends.destinations;
    assert!(
        matches!(evaluate(&narrow, &raw, &Prices::NONE, START).before_limits, BeforeLimits::Denied(_)),
        "a list covers no message"
    );

    raw.operation = text("CONTRACT_CALL");
    assert_eq!(code(&decide(vec![selected], &raw)), ReasonCode::LimitIndeterminate, "a call pays somebody");
    assert_eq!(code(&decide(vec![count(&[KeyPart::Destination])], &raw)), ReasonCode::LimitIndeterminate);
    assert_eq!(code(&decide(vec![count(&[KeyPart::Counterparty])], &raw)), ReasonCode::LimitIndeterminate);
}

// Keys.

#[test]
fn every_part_of_a_key_tells_sums_apart() {
    let mut groups = open_to_calls();
    groups.source_groups =
        vec![SourceGroup { name: "hot".into(), accounts: vec![matcher("VAULT", Some("0"))].into() }];
    groups.counterparties = vec![Counterparty {
        name: "acme".into(),
        accounts: vec![matcher("VAULT", Some("1"))].into(),
        lists: vec![],
    }];
    groups.allow[0].when.operations = one_of(["TRANSFER".into(), "BURN".into()].into());
    type Change = fn(&mut Request);
    let others: [(KeyPart, Change, &str); 8] = [
        (KeyPart::Tenant, |r| r.tenant = "other".into(), "other"),
        (KeyPart::Signer, |r| r.signer = text("s2"), "s2"),
        (KeyPart::Source, |r| r.source.kind = text("EXCHANGE"), "EXCHANGE:0"),
        (KeyPart::SourceGroup, |r| r.source.id = text("7"), "(none)"),
        (KeyPart::Destination, |r| r.destinations[0].account.id = text("2"), "VAULT:2"),
        (KeyPart::Counterparty, |r| r.destinations[0].account.id = text("2"), "(none)"),
        (KeyPart::Asset, |r| r.asset = text("BTC"), "BTC"),
        (KeyPart::Operation, |r| r.operation = text("BURN"), "BURN"),
    ];
    for (part, change, value) in others {
        let mut ledger = NaiveLedger::new(&Policy { limits: vec![count(&[part])], ..groups.clone() });
        assert_eq!(ledger.decide(&transfer("a", "1"), START).verdict, Verdict::Allow, "{part:?}");
        assert_eq!(code(&ledger.decide(&transfer("b", "1"), START)), ReasonCode::LimitExceeded, "{part:?}");
        let mut other = transfer("c", "1");
        change(&mut other);
        let apart = ledger.decide(&other, START);
        assert_eq!(apart.verdict, Verdict::Allow, "{part:?}: {apart:?}");
        assert_eq!(apart.limits[0].key[&part], value);
    }
}

#[test]
fn every_part_of_a_key_that_is_missing_is_in_doubt() {
    type Remove = fn(&mut Request);
    let removals: [(KeyPart, Remove); 7] = [
        (KeyPart::Signer, |r| r.signer = None),
        (KeyPart::Source, |r| r.source.kind = None),
        (KeyPart::Source, |r| r.source.id = text("")),
        (KeyPart::Destination, |r| r.destinations[0].account.kind = None),
        (KeyPart::Destination, |r| r.destinations[0].account.id = None),
        (KeyPart::Destination, |r| r.destinations[0].account.kind = text("OF_TOMORROW")),
        (KeyPart::Destination, |r| r.destinations[0].account = account("UNMANAGED", "w")),
    ];
    for (part, remove) in removals {
        let mut request = transfer("a", "1");
        remove(&mut request);
        assert_eq!(code(&decide(vec![count(&[part])], &request)), ReasonCode::LimitIndeterminate, "{part:?}");
    }
}

#[test]
fn a_tag_that_the_chain_does_not_have_makes_no_other_destination() {
    let mut policy = open_to_calls();
    policy.limits = vec![count(&[KeyPart::Destination])];
    let mut ledger = NaiveLedger::new(&policy);
    let mut pay = |id: &str, tag: &str| {
        let mut request = transfer(id, "1");
        request.destinations[0].account = account("ONE_TIME_ADDRESS", "");
        request.destinations[0].address = text(ETH_ADDRESS);
        request.destinations[0].tag = text(tag);
        ledger.decide(&request, START)
    };
    assert_eq!(pay("a", "1").verdict, Verdict::Allow);
    assert_eq!(code(&pay("b", "2")), ReasonCode::LimitExceeded);
}

/// On a chain whose addresses are any text, one can look like that of another chain, like an account, or like an address
/// with its tag.
#[test]
fn what_only_looks_like_another_destination_is_counted_as_itself() {
    let mut policy = open_to_calls();
    policy.assets.insert("XRP".into(), asset(Chain::Exact, 6));
    policy.allow[0].when = Conditions::default();
    let pairs = [
        [("ETH", "ONE_TIME_ADDRESS", ETH_ADDRESS, None), ("XRP", "ONE_TIME_ADDRESS", ETH_ADDRESS, None)],
        [("XRP", "ONE_TIME_ADDRESS", "rX", Some("104")), ("XRP", "ONE_TIME_ADDRESS", "rX#104", None)],
        [("XRP", "ONE_TIME_ADDRESS", "rX%23104", None), ("XRP", "ONE_TIME_ADDRESS", "rX#104", None)],
        [("XRP", "ONE_TIME_ADDRESS", "rX", Some("1#2")), ("XRP", "ONE_TIME_ADDRESS", "rX#1", Some("2"))],
        [("XRP", "VAULT", "1", None), ("XRP", "ONE_TIME_ADDRESS", "VAULT:1", None)],
    ];
    let one = limit("one", Conditions::default(), &[], Cap::Destinations(1), 3600);
    for each in [one, count(&[KeyPart::Destination])] {
        for [first, second] in pairs {
            let mut ledger = NaiveLedger::new(&Policy { limits: vec![each.clone()], ..policy.clone() });
            let mut pay = |id: &str, (coin, kind, whom, tag): (&str, &str, &str, Option<&str>)| {
                let mut request = Request { asset: text(coin), ..transfer(id, "1") };
                let to = &mut request.destinations[0];
                to.tag = tag.map(str::to_owned);
                (to.account, to.address) = match kind {
                    "VAULT" => (account(kind, whom), None),
                    _ => (account(kind, ""), text(whom)),
                };
                ledger.decide(&request, START).verdict
            };
            assert_eq!(pay("a", first), Verdict::Allow);
            let different = if each.key.is_empty() { Verdict::Deny } else { Verdict::Allow };
            assert_eq!(pay("b", second), different, "{first:?} {second:?}");
        }
    }
}

fn joined(
    accounts: Vec<policy::condition::AccountMatcher>,
    lists: Vec<std::sync::Arc<AddressList>>,
) -> Counterparty {
    Counterparty { name: String::new(), accounts: accounts.into(), lists }
}

/// Else leaving out the account would move the charge into the sum of the next that matches; and what is in two would pass
/// the cap of one in the sum of the other.
#[test]
fn a_group_that_cannot_be_told_is_not_passed_over_and_nobody_is_in_two() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let mut policy = open_to_calls();
    policy.limits = vec![eth_limit("each", &[KeyPart::Counterparty], "1", 3600)];
    policy.counterparties = vec![
        Counterparty { name: "first".into(), ..joined(vec![matcher("VAULT", Some("1"))], vec![]) },
        Counterparty { name: "second".into(), ..joined(vec![], vec![friends]) },
    ];
    let mut ledger = NaiveLedger::new(&policy);
    let first = ledger.decide(&transfer("a", "1"), START);
    assert_eq!(first.limits[0].key[&KeyPart::Counterparty], "first");
    assert_eq!(code(&ledger.decide(&transfer("b", "1"), START)), ReasonCode::LimitExceeded);
    let mut second = transfer("c", "1");
    second.destinations[0].address = text(ETH_ADDRESS);
    for remove in [
        |_: &mut Request| {},
        |r: &mut Request| r.destinations[0].account.kind = None,
        |r: &mut Request| {
            r.destinations[0].account.id = None;
        },
    ] {
        let whole = second.clone();
        remove(&mut second);
        assert_eq!(code(&ledger.decide(&second, START)), ReasonCode::LimitIndeterminate);
        second = whole;
    }
    second.destinations[0].account = account("UNMANAGED", "w");
    assert_eq!(ledger.decide(&second, START).limits[0].key[&KeyPart::Counterparty], "second");
}

#[test]
fn a_cap_that_knows_no_maximum_for_the_asset_lets_nothing_pass() {
    let bitcoin = Cap::Amount([("BTC".to_owned(), eth("1"))].into());
    let wrong = limit("btc", Conditions::default(), &[KeyPart::Asset], bitcoin, 60);
    assert_eq!(code(&decide(vec![wrong], &transfer("a", "0.000000000000000001"))), ReasonCode::LimitExceeded);
}

#[test]
fn a_denied_list_holds_every_tag_and_a_limit_counts_every_tag() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let to_friends = Conditions { destinations: one_of(vec![to_list(&friends)]), ..Conditions::default() };
    let mut tagged = transfer("a", "1");
    tagged.destinations[0] = DestinationText {
        account: account("UNMANAGED", "w"),
        address: text(ETH_ADDRESS),
        tag: text("7"),
        ..tagged.destinations[0].clone()
    };
    let counted = decide(vec![limit("f", to_friends.clone(), &[], Cap::Count(0), 60)], &tagged);
    assert_eq!(code(&counted), ReasonCode::LimitExceeded);
    let mut denying = open_to_calls();
    denying.deny = vec![rule("never", to_friends)];
    assert_eq!(code(&NaiveLedger::new(&denying).decide(&tagged, START)), ReasonCode::DenyRule);
}

// What the top level declares.

#[test]
fn an_address_that_only_the_top_level_gives_is_checked_with_several_destinations_too() {
    let bad = list("bad", Chain::Evm, &[OTHER_ADDRESS]);
    let mut denying = open_to_calls();
    denying.deny =
        vec![rule("bad", Conditions { destinations: one_of(vec![to_list(&bad)]), ..Conditions::default() })];
    let standing = |request: &Request| match evaluate(&denying, request, &Prices::NONE, START).before_limits {
        BeforeLimits::Denied(reason) | BeforeLimits::Held(reason) => Err(reason.code),
        BeforeLimits::Covered(rule) => Ok(rule),
    };
    let mut request = two_destinations();
    assert!(standing(&request).is_ok());
    request.declared.account = account("VAULT", "1");
    request.declared.address = text(OTHER_ADDRESS);
    assert_eq!(standing(&request), Err(ReasonCode::DenyRule));
    request.declared.account = account("UNMANAGED", "w-1");
    assert_eq!(standing(&request), Err(ReasonCode::FieldsDisagree), "the wallet has another");
    request.declared.address = text(ETH_ADDRESS);
    assert!(standing(&request).is_ok());

    let vault = request.destinations[1].clone();
    request.destinations[0] = DestinationText { account: account("VAULT", "2"), ..vault };
    request.destinations[0].amount = text("0.4");
    request.declared.account = account("VAULT", "");
    request.declared.address = text(OTHER_ADDRESS);
    assert_eq!(standing(&request), Err(ReasonCode::FieldsDisagree), "of which of the two?");
    request.destinations[0].account.id = text("1");
    assert_eq!(standing(&request), Err(ReasonCode::DenyRule), "both are one account");
}

#[test]
fn declared_address_types_agree() {
    let mut request = ethereum_sample();
    request.declared.address_type = text("ONE_TIME");
    assert_eq!(code(&decide(vec![], &request)), ReasonCode::FieldsDisagree);
    request.destinations[0].address_type = None;
    assert_eq!(decide(vec![], &request).verdict, Verdict::Allow);
    request.declared.address_type = text("");
    request.destinations[0].address_type = text("ONE_TIME");
    assert_eq!(decide(vec![], &request).verdict, Verdict::Allow);
}

const PROVEN: Option<CallerProof> = Some(CallerProof::CosignerSignature);
const UNPROVEN: Option<CallerProof> = Some(CallerProof::Unproven);

fn by(caller_proof: Option<CallerProof>, id: &str) -> Request {
    Request { caller_proof, ..transfer(id, "1") }
}

/// One transaction an hour for those of whom nothing is proven.
fn of_unproven(key: &[KeyPart]) -> Desk {
    let proofs = Some([CallerProof::Unproven].into());
    let caller = CallerConditions { proofs, ..CallerConditions::default() };
    let when = Conditions { caller, ..Conditions::default() };
    Desk::new(Policy { limits: vec![limit("unproven", when, key, Cap::Count(1), 3600)], ..open() }, START)
}

#[test]
fn a_limit_over_unproven_callers_counts_what_they_were_allowed_alone() {
    let mut desk = of_unproven(&[]);
    let mut verdict = |proof, id: &str| desk.decide(&by(proof, id)).verdict;
    assert_eq!([verdict(PROVEN, "a"), verdict(PROVEN, "b")], [Verdict::Allow; 2]);
    assert_eq!([verdict(UNPROVEN, "c"), verdict(UNPROVEN, "d")], [Verdict::Allow, Verdict::Deny]);
    assert_eq!(verdict(PROVEN, "e"), Verdict::Allow, "what others are allowed is no business of the limit");
    assert_eq!(verdict(None, "f"), Verdict::Hold, "nobody can tell whether it counts");
}

/// What was approved for a Co-signer and is signed for nobody knows whom was allowed to the latter, too.
#[test]
fn a_charge_counts_for_each_proof_that_one_of_its_allows_had() {
    for key in [&[][..], &[KeyPart::Signer]] {
        let mut desk = of_unproven(key);
        let sign = |request: Request| Request { stage: Stage::Signing, fee: text("0"), ..request };
        assert_eq!(desk.decide(&by(PROVEN, "a")).verdict, Verdict::Allow);
        assert_eq!(desk.decide(&sign(by(UNPROVEN, "a"))).verdict, Verdict::Allow);
        assert_eq!(desk.decide(&by(UNPROVEN, "b")).verdict, Verdict::Deny);
        let mut full = of_unproven(key);
        assert_eq!(full.decide(&by(UNPROVEN, "b")).verdict, Verdict::Allow);
        assert_eq!(full.decide(&by(PROVEN, "a")).verdict, Verdict::Allow);
        assert_eq!(full.decide(&sign(by(UNPROVEN, "a"))).verdict, Verdict::Deny);
    }
}

/// As those are that were made before charges kept it.
#[test]
fn a_charge_of_which_nobody_says_what_was_proven_leaves_the_limit_in_doubt() {
    let mut desk = Desk::new(open(), START);
    assert_eq!(desk.decide(&by(None, "old")).verdict, Verdict::Allow);
    desk.adopt(Policy::clone(&of_unproven(&[]).policy));
    assert_eq!(desk.decide(&by(UNPROVEN, "new")).verdict, Verdict::Hold);
    assert_eq!(desk.decide(&by(PROVEN, "another")).verdict, Verdict::Allow);
}

#[test]
fn a_charge_of_before_it_was_kept_is_read_and_one_without_it_is_written_as_before() {
    let charge = Desk::new(open(), START).decide(&by(None, "a")).charge.unwrap().after;
    let written = serde_json::to_string(&charge).unwrap();
    assert!(!written.contains("caller_proof"), "{written}");
    assert_eq!(serde_json::from_str::<policy::charge::Charge>(&written).unwrap(), charge);
}
