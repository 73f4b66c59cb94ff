//! What each condition means to an allow rule and to a deny rule: asked for and ruled out, given and missing.

use std::sync::Arc;

use crate::support::*;
use policy::address::Chain;
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::{CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::group::Counterparty;
use policy::limit::{Cap, KeyPart};
use policy::local_time::{Day, Hours, TimeOfDay};
use policy::method::Method;
use policy::pattern::Pattern;
use policy::prices::Prices;
use policy::request::{CallerProof, Request, Stage};
use policy::share::Share;
use policy::time::{DATA_VERSION, Time, Zone};
use policy::verdict::{ReasonCode, Verdict};

/// How a condition comes out, as its rule shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    Matches,
    Fails,
    Unknown,
}

use Comes::{Fails, Matches, Unknown};

/// As the only thing that an allow rule asks, and as the only thing that a deny rule does.
fn comes(when: &Conditions, request: &Request, at: Time) -> (Comes, Comes) {
    comes_of(&policy(), when, request, at)
}

fn comes_of(policy: &Policy, when: &Conditions, request: &Request, at: Time) -> (Comes, Comes) {
    let open = || {
        let every = ["TRANSFER", "CONTRACT_CALL", "APPROVE", "RAW", "TYPED_MESSAGE"];
        let operations = one_of(every.map(str::to_owned).into());
        Policy { allow: vec![rule("all", Conditions { operations, ..any() })], ..policy.clone() }
    };
    let operations = when.operations.clone().or_else(|| open().allow[0].when.operations.clone());
    let asking = Policy { allow: vec![rule("asks", Conditions { operations, ..when.clone() })], ..open() };
    let allow = match evaluate(&asking, request, &Prices::NONE, at) {
        evaluation if matches!(evaluation.before_limits, BeforeLimits::Covered(_)) => Matches,
        evaluation if evaluation.rules.is_empty() => Fails,
        _ => Unknown,
    };
    let denying = Policy { deny: vec![rule("asks", when.clone())], ..open() };
    let deny = match evaluate(&denying, request, &Prices::NONE, at).before_limits {
        BeforeLimits::Denied(reason) if reason.code == ReasonCode::DenyRule => Matches,
        BeforeLimits::Held(_) => Unknown,
        BeforeLimits::Covered(_) => Fails,
        BeforeLimits::Denied(reason) => panic!("{reason:?}"),
    };
    (allow, deny)
}

/// Where both kinds of rules agree.
fn both(when: &Conditions, request: &Request) -> Comes {
    let (allow, deny) = comes(when, request, START);
    assert_eq!(allow, deny, "{when:?}");
    allow
}

fn any() -> Conditions {
    Conditions::default()
}

fn asks(circumstances: CircumstanceConditions) -> Conditions {
    Conditions { circumstances, ..any() }
}

fn to(destinations: Option<Choice<Vec<DestinationMatcher>>>) -> Conditions {
    Conditions { destinations, ..any() }
}

/// One destination, a wallet.
fn wallet(change: fn(&mut policy::request::DestinationText)) -> Request {
    let mut request = rich_sample();
    request.destinations.truncate(1);
    request.destinations[0].amount = text("1");
    change(&mut request.destinations[0]);
    request
}

#[test]
fn ruling_out_is_the_opposite_of_asking_for_and_missing_is_neither() {
    let by = |signer: Option<&str>| Request { signer: signer.map(str::to_owned), ..transfer("t", "1") };
    let alice = |choice: fn(_) -> _| Conditions { signers: choice(["alice".to_owned()].into()), ..any() };
    let from = |choice: fn(_) -> _| Conditions {
        sources: choice(vec![matcher("VAULT", Some("0"))].into()),
        ..any()
    };
    assert_eq!(
        (both(&alice(one_of), &by(Some("alice"))), both(&alice(none_of), &by(Some("alice")))),
        (Matches, Fails)
    );
    assert_eq!(
        (both(&alice(one_of), &by(Some("bob"))), both(&alice(none_of), &by(Some("bob")))),
        (Fails, Matches)
    );
    assert_eq!((both(&alice(one_of), &by(None)), both(&alice(none_of), &by(None))), (Unknown, Unknown));
    assert_eq!((both(&from(one_of), &by(None)), both(&from(none_of), &by(None))), (Matches, Fails));
}

#[test]
fn an_allow_rule_that_rules_operations_out_names_none() {
    let but_raw = Conditions { operations: none_of(["RAW".to_owned()].into()), ..any() };
    let policy = Policy { allow: vec![rule("but-raw", but_raw)], ..policy() };
    let covered = |request: &Request| {
        matches!(evaluate(&policy, request, &Prices::NONE, START).before_limits, BeforeLimits::Covered(_))
    };
    assert!(covered(&transfer("t", "1")));
    assert!(!covered(&call_sample()) && !covered(&message_sample()));
}

#[test]
fn a_destination_is_all_that_an_alternative_says_of_it() {
    let external = || DestinationMatcher { subtype: text("EXTERNAL"), ..to_account("UNMANAGED", None) };
    let words = || DestinationMatcher { address_type: text("WHITELISTED"), ..external() };
    assert_eq!(both(&to(one_of(vec![words()])), &wallet(|_| {})), Matches);
    assert_eq!(both(&to(one_of(vec![words()])), &wallet(|each| each.address_type = text("ONE_TIME"))), Fails);
    assert_eq!(both(&to(one_of(vec![words()])), &wallet(|each| each.address_type = None)), Unknown);
    assert_eq!(
        both(&to(one_of(vec![external()])), &wallet(|each| each.account.subtype = text("INTERNAL"))),
        Fails
    );
    assert_eq!(both(&to(one_of(vec![external()])), &wallet(|each| each.account.subtype = text(""))), Unknown);
    assert_eq!(both(&to(none_of(vec![external()])), &wallet(|each| each.account.subtype = None)), Unknown);
    let spelled = wallet(|each| each.account.subtype = text("external"));
    let wallets = || DestinationMatcher { subtype: text("EXTERNAL"), ..DestinationMatcher::default() };
    for choice in [one_of(vec![external()]), none_of(vec![external()]), one_of(vec![wallets()])] {
        assert_eq!(both(&to(choice), &spelled), Unknown, "of a wallet there are three");
    }
}

#[test]
fn a_tag_is_asked_of_addresses_that_can_have_one() {
    let seven = || DestinationMatcher { tag: text("7"), ..to_account("UNMANAGED", None) };
    let of = |chain, choice, tag: Option<&str>, address: Option<&str>| {
        let mut policy = policy();
        policy.assets.insert("ETH".into(), asset(chain, 18));
        let mut request = wallet(|_| {});
        request.declared = Default::default();
        request.destinations[0].tag = tag.map(str::to_owned);
        request.destinations[0].address = address.map(str::to_owned);
        comes_of(&policy, &to(choice), &request, START).0
    };
    let (one, none) = (|| one_of(vec![seven()]), || none_of(vec![seven()]));
    let there = Some(ETH_ADDRESS);
    for (chain, has_tags) in [(Chain::Exact, true), (Chain::Evm, false)] {
        let or_not = |comes| if has_tags { comes } else { Fails };
        assert_eq!(of(chain, one(), Some("7"), there), or_not(Matches), "{chain}");
        assert_eq!(of(chain, none(), Some("8"), there), or_not(Matches), "{chain}");
        assert_eq!(of(chain, one(), Some(""), there), Fails, "{chain}: known to be none");
        assert_eq!(of(chain, one(), None, there), or_not(Unknown), "{chain}");
        assert_eq!(of(chain, none(), None, there), or_not(Unknown), "{chain}");
        assert_eq!(of(chain, one(), Some("7"), None), or_not(Matches), "{chain}");
        assert_eq!(of(chain, one(), None, None), or_not(Unknown), "{chain}");
    }
}

/// Whatever the address is that was left out, it is one of the asset's chain.
#[test]
fn a_missing_address_is_on_no_list_of_another_chain() {
    let mut unsaid = wallet(|each| each.address = None);
    unsaid.declared = Default::default();
    let mut call = call_sample();
    call.destinations[0].address = None;
    call.declared = Default::default();
    for (chain, unknown_or) in [(Chain::Evm, [Unknown, Unknown]), (Chain::Exact, [Fails, Unknown])] {
        let elsewhere = list("elsewhere", chain, &[OTHER_ADDRESS]);
        let on = |choice: fn(_) -> _| both(&to(choice(vec![to_list(&elsewhere)])), &unsaid);
        assert_eq!([on(one_of), on(none_of)], unknown_or, "{chain}");
        let called = Conditions { contracts: Some(elsewhere), ..any() };
        assert_eq!(both(&called, &call), unknown_or[0], "{chain}");
    }
}

#[test]
fn the_declared_address_type_is_that_of_the_only_destination() {
    let called = to(one_of(vec![DestinationMatcher {
        address_type: text("ONE_TIME"),
        ..DestinationMatcher::default()
    }]));
    let mut request = wallet(|each| each.address_type = None);
    request.declared.address_type = text("ONE_TIME");
    assert_eq!(both(&called, &request), Matches);
    request.declared.account.subtype = text("INTERNAL");
    let evaluation = evaluate(&policy(), &request, &Prices::NONE, START);
    assert!(
        matches!(evaluation.before_limits, BeforeLimits::Denied(reason) if reason.code == ReasonCode::FieldsDisagree)
    );
}

/// A subtype does not apply to a vault, nor an address before signing: whichever way it is asked, false.
#[test]
fn what_does_not_apply_is_neither_matched_nor_ruled_out() {
    let friends = list("friends", Chain::Evm, &[OTHER_ADDRESS]);
    let subtype = DestinationMatcher { subtype: text("EXTERNAL"), ..DestinationMatcher::default() };
    for alternative in [subtype, to_list(&friends)] {
        for choice in [one_of, none_of] {
            assert_eq!(
                both(&to(choice(vec![alternative.clone()])), &transfer("t", "1")),
                Fails,
                "{alternative:?}"
            );
        }
    }
    let other_vault =
        to(none_of(vec![DestinationMatcher { list: Some(friends), ..to_account("VAULT", Some("9")) }]));
    assert_eq!(
        both(&other_vault, &transfer("t", "1")),
        Matches,
        "it is not that vault, whatever its address"
    );
}

/// An entry without a tag: for allowing the address without one, for denying the address with any; ruled out, the
/// other way round.
#[test]
fn ruling_a_list_out_turns_over_how_its_entries_are_read() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let tagged = wallet(|each| each.tag = text("7"));
    let plain = wallet(|each| each.tag = text(""));
    let on = to(one_of(vec![to_list(&friends)]));
    let off = to(none_of(vec![to_list(&friends)]));
    assert_eq!(comes(&on, &tagged, START), (Fails, Matches));
    assert_eq!(comes(&off, &tagged, START), (Fails, Matches));
    assert_eq!((comes(&on, &plain, START), comes(&off, &plain, START)), ((Matches, Matches), (Fails, Fails)));
}

#[test]
fn a_counterparty_is_read_as_narrowly_as_a_list_where_it_allows() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let accounts = vec![matcher("EXCHANGE", Some("e-1"))].into();
    let acme = Arc::new(Counterparty { name: "acme".into(), accounts, lists: vec![friends] });
    let acme = |choice: fn(_) -> _| {
        to(choice(vec![DestinationMatcher {
            counterparty: Some(acme.clone()),
            ..DestinationMatcher::default()
        }]))
    };
    let tagged = wallet(|each| each.tag = text("7"));
    assert_eq!(comes(&acme(one_of), &tagged, START), (Fails, Matches));
    assert_eq!(comes(&acme(none_of), &tagged, START), (Fails, Matches));
    let mut whole = rich_sample();
    whole.destinations[1].address = text(OTHER_ADDRESS);
    assert_eq!(both(&acme(one_of), &whole), Matches);
    whole.destinations[1].account.id = text("e-2");
    assert_eq!(comes(&acme(one_of), &whole, START), (Fails, Matches), "all for allowing, one for denying");
    assert_eq!(comes(&acme(none_of), &whole, START), (Fails, Matches));
}

fn fee(max: Option<&str>, over: Option<&str>) -> Conditions {
    let range = Range { max: max.map(eth), over: over.map(eth) };
    asks(CircumstanceConditions { fee: Some(FeeBounds { asset: "ETH".into(), range }), ..Default::default() })
}

#[test]
fn a_fee_is_bounded_at_signing() {
    let paid = |fee: &str| Request { fee: text(fee), ..rich_sample() };
    assert_eq!(both(&fee(Some("0.01"), None), &paid("0.01")), Matches, "reaching it passes");
    assert_eq!(both(&fee(Some("0.01"), None), &paid("0.010000000000000001")), Fails);
    assert_eq!(both(&fee(None, Some("0.01")), &paid("0.01")), Fails);
    assert_eq!(both(&fee(None, Some("0.01")), &paid("0.010000000000000001")), Matches);
    assert_eq!(both(&fee(Some("0.01"), None), &Request { fee: None, ..rich_sample() }), Unknown);
    assert_eq!(both(&fee(Some("0.01"), None), &transfer("t", "1")), Fails, "before signing there is none");
    let other = Request { asset: text("BTC"), ..bitcoin_sample() };
    assert_eq!(both(&fee(Some("0.01"), None), &other), Unknown, "in another asset");
}

#[test]
fn a_fee_that_is_no_amount_is_denied_and_one_of_an_unstated_coin_is_unknown() {
    let denied = |policy: &Policy, fee: &str| {
        let standing =
            evaluate(policy, &Request { fee: text(fee), ..bitcoin_sample() }, &Prices::NONE, START)
                .before_limits;
        matches!(standing, BeforeLimits::Denied(reason) if reason.code == ReasonCode::FieldInvalid)
    };
    for fee in ["-1", "1e-5", "0x1", "1,5", " 1"] {
        assert!(denied(&policy(), fee), "{fee}");
    }
    assert!(!denied(&policy(), "0.0000000001"), "it may be in a coin the policy does not name");
    let mut stated = policy();
    stated.assets.get_mut("BTC").unwrap().fee_asset = text("BTC");
    assert!(denied(&stated, "0.0000000001"));
    let finer = Request { fee: text("0.0000000001"), ..bitcoin_sample() };
    assert_eq!(both(&fee(Some("1"), None), &finer), Unknown);
}

#[test]
fn a_fee_is_a_share_of_the_larger_total() {
    let share = |text: &str| Some(Share::parse(text).unwrap());
    let at_most = |text: &str| {
        let fee_share = Range { max: share(text), over: None };
        asks(CircumstanceConditions { fee_share, ..Default::default() })
    };
    let over = |text: &str| {
        let fee_share = Range { max: None, over: share(text) };
        asks(CircumstanceConditions { fee_share, ..Default::default() })
    };
    assert_eq!(
        (both(&at_most("0.01"), &rich_sample()), both(&over("0.01"), &rich_sample())),
        (Matches, Fails)
    );
    let more = Request { fee: text("0.010000000000000001"), ..rich_sample() };
    assert_eq!((both(&at_most("0.01"), &more), both(&over("0.01"), &more)), (Fails, Matches));
    let gross = Request { requested_amount: text("2"), ..more };
    assert_eq!(both(&at_most("0.01"), &gross), Matches);
    assert_eq!(both(&at_most("0.01"), &call_sample()), Fails, "a call states no amount");
    assert_eq!(both(&over("0.01"), &Request { fee: None, ..rich_sample() }), Unknown);
}

#[test]
fn a_call_is_named_by_contract_and_method() {
    let methods = |choice: fn(_) -> _, text: &str| {
        let methods = choice([Method::parse(text).unwrap()].into());
        asks(CircumstanceConditions { methods, ..Default::default() })
    };
    let transfers = "transfer(address,uint256)";
    assert_eq!(both(&methods(one_of, transfers), &call_sample()), Matches);
    assert_eq!(both(&methods(none_of, transfers), &call_sample()), Fails);
    assert_eq!(both(&methods(one_of, "approve(address,uint256)"), &call_sample()), Fails);
    assert_eq!(both(&methods(none_of, transfers), &transfer("t", "1")), Fails, "a transfer calls nothing");
    for extra in [None, Some("{}"), Some("null"), Some(r#"{"contractCallData":"0x"}"#)] {
        let silent = Request { extra_parameters: extra.map(str::to_owned), ..call_sample() };
        for choice in [one_of, none_of] {
            assert_eq!(both(&methods(choice, transfers), &silent), Unknown, "{extra:?}");
        }
    }
    let on = |address: &str| Conditions { contracts: Some(list("c", Chain::Evm, &[address])), ..any() };
    assert_eq!(
        (both(&on(ETH_ADDRESS), &call_sample()), both(&on(OTHER_ADDRESS), &call_sample())),
        (Matches, Fails)
    );
    assert_eq!(both(&on(ETH_ADDRESS), &transfer("t", "1")), Fails);
    let mut nowhere = Request { stage: Stage::Approval, ..call_sample() };
    nowhere.destinations[0].account.kind = text("CONTRACT");
    nowhere.destinations[0].address = None;
    assert_eq!(both(&on(ETH_ADDRESS), &nowhere), Unknown, "a call always goes somewhere");
    nowhere.destinations.clear();
    assert_eq!(both(&on(ETH_ADDRESS), &nowhere), Unknown);
    for operation in ["STAKE", "MINT", "ENABLE_ASSET", "PROGRAM_CALL"] {
        let operations = one_of([operation.to_owned()].into());
        let allow = vec![rule("it", Conditions { operations, ..any() })];
        let policy = Policy { deny: vec![rule("calls", on(ETH_ADDRESS))], allow, ..open() };
        let calls_nothing = Request { operation: text(operation), ..nowhere.clone() };
        let evaluation = evaluate(&policy, &calls_nothing, &Prices::NONE, START);
        assert_eq!(evaluation.before_limits, BeforeLimits::Covered("it".into()), "{operation}");
    }
}

#[test]
fn every_message_must_be_allowed_and_one_is_enough_to_deny() {
    let types = |choice: fn(_) -> _, types: &[&str]| {
        let messages = choice(types.iter().map(|each| (*each).to_owned()).collect());
        asks(CircumstanceConditions { messages, ..Default::default() })
    };
    let messages = message_sample();
    assert_eq!(both(&types(one_of, &["EIP712", "EIP191"]), &messages), Matches);
    assert_eq!(comes(&types(one_of, &["EIP712"]), &messages, START), (Fails, Matches));
    assert_eq!(comes(&types(none_of, &["EIP712"]), &messages, START), (Fails, Matches));
    assert_eq!(both(&types(none_of, &["OTHER"]), &messages), Matches);
    assert_eq!(both(&types(one_of, &["EIP712"]), &call_sample()), Fails);
    let strange = text(r#"{"rawMessageData":{"messages":[{"type":"eip712"}]}}"#);
    let strange = Request { extra_parameters: strange, ..message_sample() };
    for choice in [one_of, none_of] {
        assert_eq!(both(&types(choice, &["EIP712"]), &strange), Unknown, "whatever it stands for");
    }
    assert_eq!(both(&types(one_of, &["eip712"]), &strange), Matches, "it is named");
    assert_eq!(both(&types(none_of, &["eip712"]), &strange), Fails);
    let untyped = text(r#"{"rawMessageData":{"messages":[{"content":"00"}]}}"#);
    assert_eq!(
        both(&types(one_of, &["EIP712"]), &Request { extra_parameters: untyped, ..message_sample() }),
        Unknown
    );
    assert_eq!(
        both(&types(none_of, &["X"]), &Request { extra_parameters: None, ..message_sample() }),
        Unknown
    );
}

#[test]
fn rules_go_by_the_time_that_was_asked_at() {
    // START is 2026-09-21, a Monday, 14:13:20 UTC: 16:13:20 in Berlin.
    let berlin = |from: &str, to: &str| Hours {
        zone: Zone::named("Europe/Berlin").unwrap(),
        days: [Day::Mon].into(),
        from: TimeOfDay::parse(from).unwrap(),
        to: TimeOfDay::parse(to).unwrap(),
    };
    let times = |times| asks(CircumstanceConditions { times, ..Default::default() });
    let request = transfer("t", "1");
    assert_eq!(both(&times(one_of(vec![berlin("09:00", "16:14")])), &request), Matches);
    assert_eq!(both(&times(one_of(vec![berlin("09:00", "16:13")])), &request), Fails);
    assert_eq!(both(&times(none_of(vec![berlin("09:00", "16:13")])), &request), Matches);
    let beyond = Time::from_micros(i64::MAX);
    assert_eq!(comes(&times(none_of(vec![berlin("09:00", "16:13")])), &request, beyond), (Unknown, Unknown));
}

#[test]
fn the_record_says_when_it_was_asked_and_by_which_time_zones() {
    let zone = Zone::named("UTC").unwrap();
    let always =
        Hours { zone, days: Day::ALL.map(|(_, day)| day).into(), from: TimeOfDay::START, to: TimeOfDay::END };
    let times = one_of(vec![always]);
    let mut policy = policy();
    let evidence = |policy: &Policy| NaiveLedger::new(policy).decide(&transfer("t", "1"), START).evidence;
    assert_eq!((evidence(&policy).asked_at, evidence(&policy).time_zone_data), (Some(START), None));
    policy.deny.push(rule("never", asks(CircumstanceConditions { times, ..Default::default() })));
    assert_eq!(evidence(&policy).time_zone_data.as_deref(), Some(DATA_VERSION));
    let old: policy::evidence::Evidence = serde_json::from_str(r#"{"charges":[],"used":[]}"#).unwrap();
    assert_eq!((old.asked_at, old.time_zone_data), (None, None));
}

#[test]
fn texts_are_matched_whole_and_missed() {
    let note = |choice: fn(_) -> _| {
        let note = choice(vec![Pattern::parse("payroll-[0-9]").unwrap()]);
        asks(CircumstanceConditions { note, ..Default::default() })
    };
    let noted = |note: Option<&str>| Request { note: note.map(str::to_owned), ..rich_sample() };
    assert_eq!(
        (both(&note(one_of), &noted(Some("payroll-1"))), both(&note(none_of), &noted(Some("payroll-1")))),
        (Matches, Fails)
    );
    assert_eq!(
        (both(&note(one_of), &noted(Some("payroll-12"))), both(&note(none_of), &noted(Some("payroll-12")))),
        (Fails, Matches)
    );
    for missing in [None, Some("")] {
        assert_eq!(
            (both(&note(one_of), &noted(missing)), both(&note(none_of), &noted(missing))),
            (Unknown, Unknown)
        );
    }
    let id = one_of(vec![Pattern::parse("pay-.").unwrap()]);
    let id = asks(CircumstanceConditions { external_tx_id: id, ..Default::default() });
    assert_eq!(both(&id, &rich_sample()), Matches);
    assert_eq!(both(&id, &Request { external_tx_id: None, ..rich_sample() }), Unknown);
}

/// A selector that rules out counts whatever it cannot be sure of.
#[test]
fn a_limit_counts_what_it_does_not_rule_out() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let strangers = Conditions {
        signers: none_of(["trusted".to_owned()].into()),
        ..to(none_of(vec![to_list(&friends)]))
    };
    let mut policy = policy();
    policy.allow = vec![rule("all", any())];
    policy.limits = vec![limit("strangers", strangers, &[KeyPart::Asset], Cap::Count(0), 3600)];
    let verdict = |request: &Request| NaiveLedger::new(&policy).decide(request, START).verdict;
    assert_eq!(verdict(&wallet(|each| each.tag = text(""))), Verdict::Allow, "a friend");
    assert_eq!(
        verdict(&wallet(|each| each.tag = text("7"))),
        Verdict::Deny,
        "a friend's address, but not his tag"
    );
    assert_eq!(verdict(&wallet(|each| each.address = text(OTHER_ADDRESS))), Verdict::Deny);
    assert_eq!(verdict(&wallet(|each| each.address = None)), Verdict::Hold);
    let trusted = Request { signer: text("trusted"), ..wallet(|each| each.address = text(OTHER_ADDRESS)) };
    assert_eq!(verdict(&trusted), Verdict::Allow);
    assert_eq!(verdict(&Request { signer: None, ..trusted }), Verdict::Hold);
}

fn asked_of(caller: CallerConditions) -> Conditions {
    Conditions { caller, ..any() }
}

fn proofs(proofs: &[CallerProof]) -> Conditions {
    let proofs = Some(proofs.iter().copied().collect());
    asked_of(CallerConditions { proofs, ..CallerConditions::default() })
}

#[test]
fn what_is_proven_of_the_caller_is_one_of_two_and_not_known_of_who_does_not_say() {
    let by = |caller_proof| Request { caller_proof, ..rich_sample() };
    let (proven, unproven) = (CallerProof::CosignerSignature, CallerProof::Unproven);
    for (asked, of_proven, of_unproven) in [
        (&[proven][..], Matches, Fails),
        (&[unproven], Fails, Matches),
        (&[proven, unproven], Matches, Matches),
    ] {
        assert_eq!(both(&proofs(asked), &by(Some(proven))), of_proven, "{asked:?}");
        assert_eq!(both(&proofs(asked), &by(Some(unproven))), of_unproven, "{asked:?}");
        assert_eq!(both(&proofs(asked), &by(None)), Unknown, "{asked:?}");
    }
}

#[test]
fn a_tenant_is_asked_for_or_ruled_out_and_settles_what_is_missing() {
    let by = |tenant: &str| Request { tenant: tenant.into(), caller_proof: None, ..rich_sample() };
    let json = || ["json".to_owned()].into();
    let tenant = |tenants| CallerConditions { tenants, ..CallerConditions::default() };
    let (asked, ruled_out) = (asked_of(tenant(one_of(json()))), asked_of(tenant(none_of(json()))));
    assert_eq!((both(&asked, &by("json")), both(&asked, &by("default"))), (Matches, Fails));
    assert_eq!((both(&ruled_out, &by("json")), both(&ruled_out, &by("default"))), (Fails, Matches));
    let mut unproven = asked;
    unproven.caller.proofs = Some([CallerProof::Unproven].into());
    assert_eq!((both(&unproven, &by("json")), both(&unproven, &by("default"))), (Unknown, Fails));
}
