//! One transaction over stages, signers and request ids: the decision model, section 3.

use std::collections::BTreeSet;
use std::convert::Infallible;

use crate::support::*;
use policy::address::Chain;
use policy::charge::{Charge, ChargeKey};
use policy::condition::{Conditions, Range};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::ledger::{Ledger, Used};
use policy::limit::{Bucket, Cap, KeyPart, Limit};
use policy::prices::Prices;
use policy::request::{DestinationText, Request, Stage};
use policy::settle::{Settlement, settle};
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::usd::Usd;
use policy::verdict::{ReasonCode, Verdict};

fn limited(limits: Vec<Limit>) -> NaiveLedger {
    NaiveLedger::new(&Policy { limits, ..open() })
}

fn now_limited(ledger: &mut NaiveLedger, limits: Vec<Limit>) {
    ledger.policy = Policy { limits, ..open() }.into();
}

fn after(seconds: i64) -> Time {
    Time::from_micros(START.as_micros() + seconds * SECOND)
}

fn allowed(settlement: &Settlement) -> bool {
    assert_eq!(settlement.verdict == Verdict::Allow, settlement.charge.is_some());
    settlement.verdict == Verdict::Allow
}

fn code(settlement: &Settlement) -> ReasonCode {
    settlement.reason.code
}

fn signing(request: Request) -> Request {
    Request { stage: Stage::Signing, fee: text("0.001"), ..request }
}

fn with_address(mut request: Request, address: &str) -> Request {
    request.destinations.iter_mut().for_each(|each| each.display_address = text(address));
    request
}

fn to_wallet(id: &str, address: Option<&str>) -> Request {
    let mut request = transfer(id, "1");
    request.destinations[0].account = account("UNMANAGED", "w-1");
    request.destinations[0].address = address.map(str::to_owned);
    request
}

fn usd(dollars: &str) -> Limit {
    limit("usd", Conditions::default(), &[], Cap::Usd(Usd::parse_exact(dollars).unwrap()), 3600)
}

// Which charge.

#[test]
fn each_request_id_signs_on_its_own_charge_in_any_order() {
    let item = |id: &str, amount| Request { callback_request_id: id.into(), ..transfer("tx", amount) };
    for order in [["tx", "other"], ["other", "tx"]] {
        let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
        let amount = |id| if id == "tx" { "0.4" } else { "0.5" };
        assert!(allowed(&ledger.decide(&item("tx", "0.4"), START)));
        assert!(allowed(&ledger.decide(&item("other", "0.5"), START)), "charged again");
        for id in order {
            let signed = ledger.decide(&with_address(signing(item(id, amount(id))), ETH_ADDRESS), after(1));
            assert!(allowed(&signed), "{order:?} {id}: {signed:?}");
        }
        assert_eq!(ledger.charges.len(), 2);
        assert!(ledger.charges.iter().all(|charge| charge.at == after(1)));
        let swapped = item("tx", "0.5");
        assert_eq!(code(&ledger.decide(&signing(swapped), after(2))), ReasonCode::IntentChanged);
    }
}

#[test]
fn each_request_id_keeps_its_charge_for_every_signer() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    let by = |signer: &str, id: &str| Request {
        callback_request_id: id.into(),
        signer: text(signer),
        ..transfer("tx", "0.5")
    };
    for (signer, id) in [("s1", "x"), ("s2", "y"), ("s1", "y")] {
        assert!(allowed(&ledger.decide(&by(signer, id), START)), "{signer} {id}");
    }
    for (signer, id) in [("s1", "y"), ("s1", "x")] {
        let signed = ledger.decide(&with_address(signing(by(signer, id)), ETH_ADDRESS), after(1));
        assert!(allowed(&signed), "{signer} {id}");
    }
    assert_eq!(ledger.charges.len(), 2);
}

#[test]
fn the_next_step_joins_under_whatever_id_it_comes() {
    let by = |signer: &str, id: &str| Request {
        callback_request_id: id.into(),
        signer: text(signer),
        ..transfer("tx", "0.6")
    };
    let steps = [by("s2", "y"), with_address(signing(by("s1", "z")), ETH_ADDRESS)];
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&by("s1", "x"), START)));
    for step in steps {
        assert!(allowed(&ledger.decide(&step, after(1))), "{step:?}");
    }
    assert_eq!(ledger.charges.len(), 1);
}

#[test]
fn no_request_id_slips_into_the_charge_of_another() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    let by = |signer: &str, id: &str| Request {
        callback_request_id: id.into(),
        signer: text(signer),
        ..transfer("tx", "0.4")
    };
    assert!(allowed(&ledger.decide(&by("s1", "tx"), START)));
    assert!(allowed(&ledger.decide(&by("s1", "other"), START)));
    let crafted = by("s2", "tx\u{1f}again other");
    assert_eq!(
        code(&ledger.decide(&crafted, START)),
        ReasonCode::LimitExceeded,
        "an item of its own: 1.2 of 1"
    );
}

#[test]
fn requests_without_a_signer_are_apart_like_those_with_one() {
    let mut ledger = limited(vec![eth_limit("hour", &[], "1", 3600)]);
    let nameless =
        |id: &str| Request { callback_request_id: id.into(), signer: None, ..transfer("tx", "0.6") };
    assert!(allowed(&ledger.decide(&nameless("a"), START)));
    assert!(!allowed(&ledger.decide(&nameless("b"), START)));
}

#[test]
fn tenants_have_their_own_ledger() {
    let mut ledger = limited(vec![eth_limit("hour", &[KeyPart::Tenant], "1", 3600)]);
    let of = |tenant: &str| Request { tenant: tenant.into(), ..transfer("tx", "1") };
    assert!(allowed(&ledger.decide(&of("a"), START)));
    assert!(allowed(&ledger.decide(&of("b"), START)));
    assert_eq!(ledger.charges.len(), 2);
}

#[test]
fn a_changed_intent_outweighs_a_hold() {
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&to_wallet("a", Some(ETH_ADDRESS)), START)));
    let mut holding = open();
    let bad = list("bad", Chain::Evm, &[OTHER_ADDRESS]);
    holding.deny =
        vec![rule("bad", Conditions { destinations: one_of(vec![to_list(&bad)]), ..Conditions::default() })];
    ledger.policy = holding.into();
    let unseen = ledger.decide(&signing(to_wallet("a", None)), after(1));
    assert_eq!((unseen.verdict, code(&unseen)), (Verdict::Deny, ReasonCode::IntentChanged));
}

#[test]
fn rules_run_again_under_the_policy_of_now() {
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&transfer("a", "1"), START)));
    let mut stricter = open();
    stricter.allow[0].when.amount = Range { max: Some(eth("0.5")), over: None };
    ledger.policy = stricter.into();
    assert_eq!(code(&ledger.decide(&signing(transfer("a", "1")), after(1))), ReasonCode::NoAllowRule);
    assert_eq!(ledger.charges.len(), 1, "a signing DENY leaves the charge");
}

// What it holds already.

#[test]
fn an_address_that_is_filled_in_is_not_held_against_its_own_transaction() {
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&to_wallet("a", None), START)));
    let each = || vec![eth_limit("each", &[KeyPart::Destination], "1", 3600)];
    now_limited(&mut ledger, each());
    let signed = ledger.decide(&signing(to_wallet("a", Some(ETH_ADDRESS))), after(1));
    assert!(allowed(&signed), "{signed:?}");
    assert_eq!(signed.limits[0].used.to_string(), "0");

    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&to_wallet("a", None), START)));
    assert!(allowed(&ledger.decide(&to_wallet("b", None), START)));
    now_limited(&mut ledger, each());
    let doubted = ledger.decide(&signing(to_wallet("a", Some(ETH_ADDRESS))), after(1));
    assert_eq!(code(&doubted), ReasonCode::LimitIndeterminate, "b could be to the same");
}

#[test]
fn a_price_that_is_filled_in_is_not_held_against_its_own_transaction() {
    let unpriced = |id: &str| {
        let mut request = transfer(id, "1");
        request.destinations[0].amount_usd = None;
        request
    };
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&unpriced("a"), START)));
    now_limited(&mut ledger, vec![usd("10")]);
    assert_eq!(code(&ledger.decide(&signing(unpriced("a")), after(1))), ReasonCode::LimitIndeterminate);
    assert!(allowed(&ledger.decide(&signing(transfer("a", "1")), after(1))));
    assert_eq!(ledger.charges[0].intent.usd(), Usd::parse_exact("10").ok());
    assert_eq!(code(&ledger.decide(&transfer("b", "1"), after(2))), ReasonCode::LimitExceeded);
}

#[test]
fn a_vault_is_selected_by_its_address_from_the_signing_on() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let to_friends = Conditions { destinations: one_of(vec![to_list(&friends)]), ..Conditions::default() };
    let friendly =
        limit("friends", to_friends, &[], Cap::Amount([("ETH".to_owned(), eth("1"))].into()), 3600);
    let mut ledger = limited(vec![friendly]);
    for id in ["a", "b"] {
        let approved = ledger.decide(&transfer(id, "1"), START);
        assert!(allowed(&approved) && approved.limits.is_empty(), "the address does not apply yet");
    }
    assert_eq!(code(&ledger.decide(&signing(transfer("a", "1")), after(1))), ReasonCode::LimitIndeterminate);
    assert!(allowed(&ledger.decide(&with_address(signing(transfer("a", "1")), ETH_ADDRESS), after(1))));
    let full = ledger.decide(&with_address(signing(transfer("b", "1")), ETH_ADDRESS), after(2));
    assert_eq!(code(&full), ReasonCode::LimitExceeded);
    assert!(allowed(&ledger.decide(&with_address(signing(transfer("b", "1")), OTHER_ADDRESS), after(2))));
}

#[test]
fn a_signature_is_tested_in_the_sum_of_every_signer_that_allowed_it() {
    let by = |signer: &str, id: &str| Request { signer: text(signer), ..transfer(id, "1") };
    let mut ledger = limited(vec![eth_limit("signer", &[KeyPart::Signer], "1", 3600)]);
    assert!(allowed(&ledger.decide(&by("s1", "a"), START)));
    assert!(allowed(&ledger.decide(&by("s1", "b"), after(3600))), "a has left");
    let signed = ledger.decide(&with_address(signing(by("s2", "a")), ETH_ADDRESS), after(3601));
    assert_eq!(code(&signed), ReasonCode::LimitExceeded, "it would count for s1 again");
}

#[test]
fn a_signer_that_a_limit_asks_for_makes_it_count() {
    let by = |signer: &str, id: &str| Request { signer: text(signer), ..transfer(id, "1") };
    let asked = Conditions { signers: one_of(["s2".to_owned()].into()), ..Conditions::default() };
    let of_s2 = limit("s2", asked, &[], Cap::Count(1), 3600);
    let mut ledger = limited(vec![of_s2]);
    assert!(allowed(&ledger.decide(&by("s1", "a"), START)));
    assert!(allowed(&ledger.decide(&by("s1", "b"), START)));
    assert!(allowed(&ledger.decide(&by("s2", "a"), START)));
    assert_eq!(code(&ledger.decide(&by("s2", "b"), START)), ReasonCode::LimitExceeded);
    assert!(allowed(&ledger.decide(&by("s1", "c"), START)));
    let nameless = ledger.decide(&Request { signer: None, ..by("", "d") }, START);
    assert_eq!(code(&nameless), ReasonCode::LimitIndeterminate);
}

#[test]
fn what_a_limit_begins_to_see_is_not_dated_back_to_when_nobody_saw_it() {
    let by = |signer: &str, id: &str| Request { signer: text(signer), ..transfer(id, "1") };
    let asked = Conditions { signers: one_of(["s2".to_owned()].into()), ..Conditions::default() };
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let to_friends = Conditions { destinations: one_of(vec![to_list(&friends)]), ..Conditions::default() };
    let key = [KeyPart::Signer];
    let limits = [
        (limit("s2", asked, &[], Cap::Count(1), 3600), None),
        (limit("friends", to_friends.clone(), &[], Cap::Count(1), 3600), Some(ETH_ADDRESS)),
        (limit("friends of each", to_friends, &key, Cap::Count(1), 3600), Some(ETH_ADDRESS)),
    ];
    for (limit, address) in limits {
        let mut ledger = limited(vec![limit.clone()]);
        for id in ["a", "b"] {
            assert!(allowed(&ledger.decide(&by("s1", id), START)), "{}", limit.id);
        }
        // An hour later nothing of that is in the window any more.
        let again = |id: &str| match address {
            Some(address) => with_address(by("s2", id), address),
            None => by("s2", id),
        };
        assert!(allowed(&ledger.decide(&again("a"), after(3660))), "{}", limit.id);
        let other = ledger.decide(&again("b"), after(3661));
        assert_eq!(code(&other), ReasonCode::LimitExceeded, "{}", limit.id);
        assert!(allowed(&ledger.decide(&again("b"), after(7260))), "{}: a has left", limit.id);
    }
}

#[test]
fn another_approval_that_says_the_same_dates_nothing_anew() {
    let by = |signer: &str, id: &str| Request { signer: text(signer), ..transfer(id, "1") };
    let mut ledger = limited(vec![eth_limit("all", &[], "1", 3600)]);
    assert!(allowed(&ledger.decide(&by("s1", "a"), START)));
    assert!(allowed(&ledger.decide(&by("s2", "a"), after(3000))));
    assert!(allowed(&ledger.decide(&by("s1", "b"), after(3600))), "a has left");
}

// What a second request may leave out.

/// A first request that gives everything, with two destinations to tell apart.
fn everything() -> Request {
    let destination = |kind: &str, id: &str, address: &str, amount: &str| DestinationText {
        account: account(kind, id),
        amount: text(amount),
        amount_usd: text("10"),
        address: text(address),
        tag: text("7"),
        ..DestinationText::default()
    };
    let mut request = transfer("all", "3");
    request.extra_parameters = text("{\"a\":1}");
    request.destinations = vec![
        destination("UNMANAGED", "w-1", ETH_ADDRESS, "1"),
        destination("EXCHANGE", "e-1", OTHER_ADDRESS, "2"),
    ];
    request
}

type Change = fn(&mut Request);

/// For each field that applies at signing: another value, and none.
const CHANGES: [(&str, Change, Change); 10] = [
    ("operation", |r| r.operation = text("BURN"), |r| r.operation = None),
    ("asset", |r| r.asset = text("BTC"), |r| r.asset = None),
    ("requestedAmountStr", |r| r.requested_amount = text("4"), |r| r.requested_amount = None),
    ("sourceType", |r| r.source.kind = text("EXCHANGE"), |r| r.source.kind = None),
    ("sourceId", |r| r.source.id = text("9"), |r| r.source.id = text("")),
    ("extraParameters", |r| r.extra_parameters = text("{\"a\":2}"), |r| r.extra_parameters = None),
    (
        "dstType",
        |r| r.destinations[0].account.kind = text("VAULT"),
        |r| r.destinations[0].account.kind = None,
    ),
    ("dstId", |r| r.destinations[1].account.id = text("e-2"), |r| r.destinations[1].account.id = None),
    ("dstAddress", |r| r.destinations[1].address = text(ETH_ADDRESS), |r| r.destinations[1].address = None),
    ("tag", |r| r.destinations[1].tag = text("8"), |r| r.destinations[1].tag = None),
];

#[test]
fn parameters_that_say_nothing_are_missing() {
    let nothing = [None, text("{}"), text(r#"{"x":null}"#), text(r#"{ "x": null, "y": null }"#)];
    for (first, second) in nothing.iter().flat_map(|first| nothing.iter().map(move |second| (first, second)))
    {
        let of = |extra: &Option<String>| Request { extra_parameters: extra.clone(), ..transfer("a", "1") };
        let mut ledger = limited(vec![]);
        assert!(allowed(&ledger.decide(&of(first), START)));
        let signed = ledger.decide(&signing(with_address(of(second), ETH_ADDRESS)), after(1));
        assert_eq!(code(&signed), ReasonCode::Allowed, "{first:?} {second:?}");
    }
    let mut ledger = limited(vec![]);
    let says = Request { extra_parameters: text(r#"{"x":0,"y":null}"#), ..transfer("a", "1") };
    assert!(allowed(&ledger.decide(&says, START)));
    let emptied = Request { extra_parameters: text(r#"{"x":null}"#), ..says };
    assert_eq!(code(&ledger.decide(&signing(emptied), after(1))), ReasonCode::IntentChanged);
}

#[test]
fn leaving_a_changed_field_out_is_no_way_around_it() {
    let mut policy = open();
    policy.allow[0].when.operations = one_of(["TRANSFER".into(), "BURN".into()].into());
    let mut ledger = NaiveLedger::new(&policy);
    assert!(allowed(&ledger.decide(&everything(), START)));
    assert!(allowed(&ledger.clone().decide(&signing(everything()), after(1))), "said again");
    let respelled = Request { extra_parameters: text("{ \"\\u0061\": 1 }"), ..signing(everything()) };
    assert!(allowed(&ledger.clone().decide(&respelled, after(1))), "said in another spelling");
    for (name, change, remove) in CHANGES {
        for (how, alter) in [("changed", change), ("removed", remove)] {
            let mut second = signing(everything());
            alter(&mut second);
            let refused = ledger.clone().decide(&second, after(1));
            assert!(!allowed(&refused), "{name} {how}");
        }
    }
}

#[test]
fn destinations_may_come_in_another_order() {
    let mut ledger = limited(vec![eth_limit("each", &[KeyPart::Destination], "2", 3600)]);
    assert!(allowed(&ledger.decide(&everything(), START)));
    let mut turned = signing(everything());
    turned.destinations.reverse();
    assert!(allowed(&ledger.decide(&turned, after(1))));
    let mut swapped = signing(everything());
    swapped.destinations[0].amount = text("2");
    swapped.destinations[1].amount = text("1");
    assert_eq!(code(&ledger.decide(&swapped, after(2))), ReasonCode::IntentChanged);
}

#[test]
fn a_net_amount_may_fall_and_not_rise_again() {
    let net = |net: &str, stage| {
        let mut request = Request { stage, ..transfer("a", net) };
        request.requested_amount = text("1");
        request.destinations[0].amount = text("1");
        request
    };
    let mut ledger = limited(vec![]);
    assert!(allowed(&ledger.decide(&net("0.5", Stage::Approval), START)));
    assert!(allowed(&ledger.clone().decide(&net("0.4", Stage::Signing), after(1))));
    let risen = ledger.decide(&net("0.6", Stage::Signing), after(1));
    assert_eq!(code(&risen), ReasonCode::IntentChanged);
}

/// A ledger that does not add up everything at each question.
struct Indexed {
    policy: Policy,
    charge: Option<Charge>,
    index: UsageIndex,
}

impl Indexed {
    fn decide(&mut self, request: &Request, now: Time) -> Settlement {
        let policy = self.policy.clone();
        let evaluation = evaluate(&policy, request, &Prices::NONE, START);
        let mut ledger = self.index.over(|_| Ok::<_, Infallible>(self.charge.clone()));
        let settlement = settle(&policy, request, &evaluation, &mut ledger, now).unwrap();
        if let Some(change) = &settlement.charge {
            self.index.record(policy.limits(), change.before.as_ref(), &change.after);
            self.charge = Some(change.after.clone());
        }
        settlement
    }
}

/// A ledger that breaks at one of its answers.
struct Broken {
    ledger: NaiveLedger,
    answers_left: usize,
}

impl Broken {
    fn answer(&mut self) -> Result<(), &'static str> {
        self.answers_left = self.answers_left.checked_sub(1).ok_or("broken")?;
        Ok(())
    }
}

impl Ledger for Broken {
    type Error = &'static str;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, Self::Error> {
        self.answer().map(|()| self.ledger.charge(key).unwrap())
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, Self::Error> {
        self.answer().map(|()| self.ledger.used(limit, bucket, asked, now).unwrap())
    }
}

#[test]
fn where_the_ledger_cannot_be_read_nothing_is_decided() {
    let limits = vec![eth_limit("hour", &[], "5", 3600), eth_limit("day", &[], "5", 86_400)];
    let mut ledger = limited(limits);
    let request = |id: &str| Request { callback_request_id: id.into(), ..transfer("tx", "1") };
    assert!(allowed(&ledger.decide(&request("a"), START)));
    let policy = ledger.policy.clone();
    for answers_left in 0..5 {
        let mut broken = Broken { ledger: ledger.clone(), answers_left };
        let evaluation = evaluate(&policy, &request("b"), &Prices::NONE, START);
        let settled = settle(&policy, &request("b"), &evaluation, &mut broken, after(1));
        assert_eq!(settled.is_ok(), answers_left == 4, "two charges and two sums are read: {settled:?}");
    }
}

fn to_many(count: u32) -> Request {
    let sum = u64::from(count) * u64::from(count + 1) / 2;
    let destination = |number: u32| DestinationText {
        account: account("VAULT", &number.to_string()),
        amount: text(&number.to_string()),
        amount_usd: text("1"),
        ..DestinationText::default()
    };
    let destinations = (1..=count).map(destination).collect();
    Request { destinations, ..transfer("many", &sum.to_string()) }
}

fn indexed(count: u32) -> Indexed {
    let each = eth_limit("each", &[KeyPart::Destination], &count.to_string(), 3600);
    let limits = vec![each, usd(&count.to_string())];
    Indexed { policy: Policy { limits, ..open() }, charge: None, index: UsageIndex::default() }
}

#[test]
fn a_thousand_destinations_may_come_in_any_order() {
    let mut ledger = indexed(1000);
    let approved = ledger.decide(&to_many(1000), START);
    assert!(allowed(&approved), "{:?}", approved.reason);
    assert_eq!(approved.limits.len(), 1001);
    let mut turned = with_address(signing(to_many(1000)), ETH_ADDRESS);
    turned.destinations.reverse();
    assert!(allowed(&ledger.decide(&turned, after(1))));
    assert_eq!(ledger.index.len(), 1001);
}

/// The one writer of a store waits for this: eight times the destinations may not take sixty-four times as long.
#[test]
fn a_second_request_takes_time_in_proportion_to_its_destinations() {
    let (few, many) = (time_of_signing(250), time_of_signing(2000));
    assert!(many < few * 24, "{few:?} for 250, {many:?} for 2000");
}

/// The better of two, to leave out what else the machine did.
fn time_of_signing(destinations: u32) -> std::time::Duration {
    let once = || {
        let mut ledger = indexed(destinations);
        assert!(allowed(&ledger.decide(&to_many(destinations), START)));
        let started = std::time::Instant::now();
        assert!(allowed(&ledger.decide(&signing(to_many(destinations)), after(1))));
        started.elapsed()
    };
    once().min(once())
}
