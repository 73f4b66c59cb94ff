//! What holds a transaction, who may resolve it, and which reason is told: the decision model, sections 1, 2 and 4.

use crate::support::*;
use policy::condition::{Conditions, Range};
use policy::document::Policy;
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::request::{Request, Stage};
use policy::rule::Rule;
use policy::settle::Settlement;
use policy::usd::Usd;
use policy::verdict::{Action, ReasonCode, Verdict};
use proptest::prelude::*;

/// Full from the start.
fn full(id: &str, on_exceed: OnExceed) -> Limit {
    Limit { on_exceed, ..limit(id, Conditions::default(), &[], Cap::Count(0), 3600) }
}

/// Indeterminate for a transaction without a price.
fn priced(id: &str) -> Limit {
    limit(id, Conditions::default(), &[], Cap::Usd(Usd::parse_exact("1000").unwrap()), 3600)
}

fn left(limit: Limit) -> Limit {
    Limit { leave_to_console: true, ..limit }
}

/// A deny rule that is indeterminate for a transaction without a price.
fn dear(id: &str, leave_to_console: bool) -> Rule {
    let usd = Range { max: None, over: Some(Usd::parse_exact("1000").unwrap()) };
    Rule { leave_to_console, ..rule(id, Conditions { usd, ..Conditions::default() }) }
}

fn unpriced(stage: Stage) -> Request {
    let mut request = Request { stage, ..transfer("a", "1") };
    request.destinations[0].amount_usd = None;
    if stage == Stage::Signing {
        request.destinations[0].display_address = text(ETH_ADDRESS);
    }
    request
}

fn decide(deny: Vec<Rule>, limits: Vec<Limit>, request: &Request) -> Settlement {
    let mut ledger = NaiveLedger::new(&Policy { deny, limits, ..open() });
    let settlement = ledger.decide(request, START);
    assert_eq!(settlement.verdict == Verdict::Allow, !ledger.charges.is_empty(), "a hold charges nothing");
    settlement
}

fn told(settlement: &Settlement) -> (Verdict, Action, ReasonCode) {
    (settlement.verdict, settlement.action, settlement.reason.code)
}

#[test]
fn a_limit_that_is_exceeded_denies_unless_it_holds() {
    let asked = transfer("a", "1");
    let denied = decide(vec![], vec![full("full", OnExceed::default())], &asked);
    assert_eq!(told(&denied), (Verdict::Deny, Action::Reject, ReasonCode::LimitExceeded));
    assert!(denied.limits[0].exceeded && !denied.limits[0].hold);
    let held = decide(vec![], vec![full("full", OnExceed::Hold)], &asked);
    assert_eq!(told(&held), (Verdict::Hold, Action::Reject, ReasonCode::LimitExceeded));
    assert!(held.limits[0].exceeded && held.limits[0].hold);
    insta::assert_snapshot!(held.reason.text, @"limit full: 0 transactions left of 0 transactions, 1 transactions asked");
}

#[test]
fn deny_outweighs_hold_and_hold_outweighs_allow() {
    let asked = transfer("a", "1");
    let roomy = || eth_limit("roomy", &[], "5", 3600);
    let both = vec![left(full("a-holds", OnExceed::Hold)), full("b-denies", OnExceed::Deny), roomy()];
    let denied = decide(vec![], both, &asked);
    assert_eq!(told(&denied), (Verdict::Deny, Action::Reject, ReasonCode::LimitExceeded));
    assert!(denied.reason.text.starts_with("limit b-denies"), "{}", denied.reason.text);
    let held = decide(vec![], vec![roomy(), full("holds", OnExceed::Hold)], &asked);
    assert_eq!(held.verdict, Verdict::Hold);
    let by_rule =
        decide(vec![rule("no", Conditions::default())], vec![full("holds", OnExceed::Hold)], &asked);
    assert_eq!(told(&by_rule), (Verdict::Deny, Action::Reject, ReasonCode::DenyRule));
}

#[test]
fn a_hold_is_left_to_the_console_only_if_everything_that_holds_says_so() {
    let full = |id| full(id, OnExceed::Hold);
    for (name, deny, limits, action) in [
        ("a limit", vec![], vec![left(full("l"))], Action::Ignore),
        ("a limit that does not say it", vec![], vec![full("l")], Action::Reject),
        ("one of two limits", vec![], vec![left(full("a")), full("b")], Action::Reject),
        ("both limits", vec![], vec![left(full("a")), left(full("b"))], Action::Ignore),
        ("an indeterminate limit", vec![], vec![left(priced("l"))], Action::Ignore),
        ("an indeterminate one of two", vec![], vec![priced("a"), left(full("b"))], Action::Reject),
        ("a deny rule", vec![dear("d", true)], vec![], Action::Ignore),
        ("a deny rule that does not say it", vec![dear("d", false)], vec![], Action::Reject),
        ("one of two deny rules", vec![dear("d", true), dear("e", false)], vec![], Action::Reject),
        ("a deny rule and a limit", vec![dear("d", true)], vec![left(priced("l"))], Action::Ignore),
        ("a deny rule, not the limit", vec![dear("d", true)], vec![full("l")], Action::Reject),
        ("a limit, not the deny rule", vec![dear("d", false)], vec![left(full("l"))], Action::Reject),
        (
            "beside a limit with room",
            vec![],
            vec![left(full("a")), eth_limit("b", &[], "5", 60)],
            Action::Ignore,
        ),
    ] {
        let at = |stage| decide(deny.clone(), limits.clone(), &unpriced(stage));
        let approval = at(Stage::Approval);
        assert_eq!((approval.verdict, approval.action), (Verdict::Hold, action), "{name}");
        let signing = at(Stage::Signing);
        assert_eq!((signing.verdict, signing.action), (Verdict::Hold, Action::Reject), "{name}, at signing");
    }
}

#[test]
fn what_is_denied_is_left_to_nobody() {
    let limits = vec![left(full("denies", OnExceed::Deny)), left(full("holds", OnExceed::Hold))];
    assert_eq!(decide(vec![], limits, &transfer("a", "1")).action, Action::Reject);
    let mut uncovered = open();
    uncovered.allow.clear();
    uncovered.deny = vec![dear("d", true)];
    uncovered.limits = vec![left(full("holds", OnExceed::Hold))];
    let denied = NaiveLedger::new(&uncovered).decide(&unpriced(Stage::Approval), START);
    assert_eq!(told(&denied), (Verdict::Deny, Action::Reject, ReasonCode::NoAllowRule));
}

#[test]
fn what_the_transaction_holds_already_is_not_held_again() {
    let one =
        |on_exceed| Limit { on_exceed, ..limit("one", Conditions::default(), &[], Cap::Count(1), 3600) };
    let mut ledger = NaiveLedger::new(&Policy { limits: vec![one(OnExceed::Hold)], ..open() });
    assert_eq!(ledger.decide(&transfer("a", "1"), START).verdict, Verdict::Allow);
    assert_eq!(ledger.decide(&transfer("b", "1"), START).verdict, Verdict::Hold);
    let mut signing = Request { stage: Stage::Signing, ..transfer("a", "1") };
    signing.destinations[0].display_address = text(ETH_ADDRESS);
    assert_eq!(ledger.decide(&signing, START).verdict, Verdict::Allow);
}

// Distinct destinations.

fn to(id: &str, vaults: &[&str]) -> Request {
    let mut request = transfer(id, "1");
    let one = request.destinations.remove(0);
    request.destinations = vaults
        .iter()
        .map(|vault| policy::request::DestinationText { account: account("VAULT", vault), ..one.clone() })
        .collect();
    let sum = vaults.len().to_string();
    (request.amount, request.requested_amount) = (text(&sum), text(&sum));
    request
}

fn destinations(max: u64, key: &[KeyPart]) -> Limit {
    limit("payees", Conditions::default(), key, Cap::Destinations(max), 3600)
}

#[test]
fn a_known_destination_needs_no_room() {
    let mut ledger = NaiveLedger::new(&Policy { limits: vec![destinations(3, &[])], ..open() });
    for (id, vaults, allowed, requested) in [
        ("a", &["1", "2"][..], true, "2"),
        ("b", &["2", "1", "2"][..], true, "0"),
        ("c", &["1", "3", "4"][..], false, "2"),
        ("d", &["3"][..], true, "1"),
        ("e", &["4"][..], false, "1"),
        ("f", &["1", "2", "3"][..], true, "0"),
    ] {
        let settlement = ledger.decide(&to(id, vaults), START);
        assert_eq!(settlement.verdict == Verdict::Allow, allowed, "{id}");
        assert_eq!(settlement.limits[0].requested.to_string(), requested, "{id}");
    }
    let full = ledger.decide(&to("g", &["5", "6"]), START);
    insta::assert_snapshot!(full.reason.text, @"limit payees: 0 destinations left of 3 destinations, 2 destinations asked");
}

#[test]
fn the_destinations_of_the_same_transaction_are_not_counted_twice() {
    let mut ledger = NaiveLedger::new(&Policy { limits: vec![destinations(2, &[])], ..open() });
    let signing = |request: Request| {
        let mut request = Request { stage: Stage::Signing, ..request };
        request.destinations.iter_mut().for_each(|each| each.display_address = text(ETH_ADDRESS));
        request
    };
    assert_eq!(ledger.decide(&to("a", &["1", "2"]), START).verdict, Verdict::Allow);
    let signed = ledger.decide(&signing(to("a", &["1", "2"])), START);
    assert_eq!(signed.verdict, Verdict::Allow);
    let status = &signed.limits[0];
    assert_eq!((status.used.to_string(), status.requested.to_string()), ("0".into(), "2".into()));
    ledger.policy = Policy { limits: vec![destinations(1, &[])], ..open() }.into();
    let lowered = ledger.decide(&Request { signer: text("s2"), ..signing(to("a", &["1", "2"])) }, START);
    assert_eq!(lowered.verdict, Verdict::Allow, "a lowered cap does not refuse what it holds");
    assert_eq!(ledger.decide(&to("b", &["1"]), START).verdict, Verdict::Allow, "nothing new");
    assert_eq!(ledger.decide(&to("c", &["3"]), START).verdict, Verdict::Deny);
}

#[test]
fn a_destination_without_a_name_holds() {
    let mut nameless = to("a", &["1", "2"]);
    nameless.destinations[1].account.id = None;
    let held = decide(vec![], vec![destinations(9, &[])], &nameless);
    assert_eq!(told(&held), (Verdict::Hold, Action::Reject, ReasonCode::LimitIndeterminate));
    let mut ledger = NaiveLedger::new(&open());
    assert_eq!(ledger.decide(&nameless, START).verdict, Verdict::Allow);
    ledger.policy = Policy { limits: vec![destinations(9, &[])], ..open() }.into();
    let after = ledger.decide(&to("b", &["1"]), START);
    assert_eq!(
        told(&after),
        (Verdict::Allow, Action::Approve, ReasonCode::Allowed),
        "1 is known: nothing is added"
    );
    let after = ledger.decide(&to("c", &["3"]), START);
    assert_eq!(told(&after), (Verdict::Hold, Action::Reject, ReasonCode::LimitIndeterminate));
}

#[test]
fn what_pays_nobody_has_no_destination() {
    let mut policy = open();
    policy.allow[0].when.operations = Some(policy::choice::Choice::OneOf(["RAW".to_owned()].into()));
    policy.limits = vec![destinations(0, &[])];
    let raw = Request { operation: text("RAW"), destinations: vec![], ..transfer("a", "0") };
    let allowed = NaiveLedger::new(&policy).decide(&raw, START);
    assert_eq!(allowed.verdict, Verdict::Allow, "{:?}", allowed.reason);
    policy.limits = vec![limit("count", Conditions::default(), &[], Cap::Count(0), 3600)];
    assert_eq!(NaiveLedger::new(&policy).decide(&raw, START).verdict, Verdict::Deny);
}

fn some_limit(number: usize) -> impl Strategy<Value = Limit> {
    let kind = prop_oneof![
        Just(full("", OnExceed::Deny)),
        Just(full("", OnExceed::Hold)),
        Just(priced("")),
        Just(eth_limit("", &[], "5", 60)),
        Just(Limit { on_exceed: OnExceed::Hold, ..destinations(0, &[KeyPart::Source]) }),
        Just(limit("", Conditions::default(), &[KeyPart::Signer], Cap::Count(1), 60)),
    ];
    (kind, any::<bool>()).prop_map(move |(limit, leave_to_console)| Limit {
        id: format!("limit-{number}"),
        leave_to_console,
        ..limit
    })
}

proptest! {
    #![proptest_config(cases(500))]

    /// Verdict, action and the reason with the name in it.
    #[test]
    fn the_order_of_limits_tells_nothing(
        limits in (some_limit(0), some_limit(1), some_limit(2), some_limit(3)), turns in 0..4_usize,
        with_price in any::<bool>(), signer in any::<bool>(), rule in prop::option::of(any::<bool>()),
    ) {
        let limits = vec![limits.0, limits.1, limits.2, limits.3];
        let mut turned = limits.clone();
        turned.reverse();
        turned.rotate_left(turns);
        let mut request = if with_price { transfer("a", "1") } else { unpriced(Stage::Approval) };
        request.signer = request.signer.filter(|_| signer);
        let deny: Vec<Rule> = rule.into_iter().map(|leaves| dear("dear", leaves)).collect();
        let (one, other) = (decide(deny.clone(), limits, &request), decide(deny, turned, &request));
        prop_assert_eq!((told(&one), one.reason.text), (told(&other), other.reason.text));
    }
}
