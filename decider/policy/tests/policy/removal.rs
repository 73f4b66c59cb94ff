//! The property of the decision model, section 1: with stage, operation, request id and transaction id held
//! fixed, removing any field that applies, or making it unusable, never turns a refusal into an ALLOW.

use std::sync::Arc;

use crate::support::*;
use policy::address::{Address, Chain};
use policy::amount::Decimals;
use policy::asset::TagRule;
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::{CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds, Range};
use policy::document::Policy;
use policy::evaluate::{RuleResult, evaluate};
use policy::explain::{ExplainedRule, Holds, explain};
use policy::expression::{Expression, Units};
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::list::{AddedOn, AddressList, Age, Entry};
use policy::local_time::{Day, Hours, TimeOfDay};
use policy::method::Method;
use policy::pattern::Pattern;
use policy::policy_test::TimedRequest;
use policy::prices::{Price, PriceTerms, Prices, UnitPrice};
use policy::request::{CallerProof, Request, Stage};
use policy::share::Share;
use policy::time::{Calendar, CalendarUnit, Length, Time, Window, Zone};
use policy::truth::Truth;
use policy::usd::Usd;
use policy::verdict::Verdict;
use policy::vocabulary::{ACCOUNT_TYPES, ADDRESS_TYPES};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample;
use proptest::strategy::ValueTree as _;

/// A field that can be taken away, and spoilt where it has values that cannot be used.
struct FieldOf {
    name: &'static str,
    spoils: fn(&str) -> bool,
    slot: fn(&mut Request) -> Option<&mut Option<String>>,
}

/// Names, ids and text: each value is one that could be used.
const fn name(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |with| with.is_empty(), slot }
}

/// Every text is a tag, and empty is known to be none.
const fn tag(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |_| false, slot }
}

/// One of a few words: any other says nothing that anybody knows.
const fn word(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |with| !ACCOUNT_TYPES.contains(&with) && !ADDRESS_TYPES.contains(&with), slot }
}

/// Amounts, addresses and raw transactions.
const fn value(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |_| true, slot }
}

const FIELDS: [FieldOf; 35] = [
    name("signerId", |r| Some(&mut r.signer)),
    word("sourceType", |r| Some(&mut r.source.kind)),
    name("sourceId", |r| Some(&mut r.source.id)),
    name("source subtype", |r| Some(&mut r.source.subtype)),
    word("destType", |r| Some(&mut r.declared.account.kind)),
    name("destId", |r| Some(&mut r.declared.account.id)),
    value("destAddress", |r| Some(&mut r.declared.address)),
    word("destAddressType", |r| Some(&mut r.declared.address_type)),
    name("asset", |r| Some(&mut r.asset)),
    value("amountStr", |r| Some(&mut r.amount)),
    value("requestedAmountStr", |r| Some(&mut r.requested_amount)),
    // Nothing is a fee that could be paid.
    FieldOf { name: "fee", spoils: |with| with != "0", slot: |r| Some(&mut r.fee) },
    name("note", |r| Some(&mut r.note)),
    name("externalTxId", |r| Some(&mut r.external_tx_id)),
    value("extraParameters", |r| Some(&mut r.extra_parameters)),
    word("[0].dstType", |r| Some(&mut r.destinations.get_mut(0)?.account.kind)),
    name("[0].dstId", |r| Some(&mut r.destinations.get_mut(0)?.account.id)),
    word("[0].dstSubType", |r| Some(&mut r.destinations.get_mut(0)?.account.subtype)),
    value("[0].amountNativeStr", |r| Some(&mut r.destinations.get_mut(0)?.amount)),
    value("[0].amountUSD", |r| Some(&mut r.destinations.get_mut(0)?.amount_usd)),
    value("[0].dstAddress", |r| Some(&mut r.destinations.get_mut(0)?.address)),
    value("[0].displayDstAddress", |r| Some(&mut r.destinations.get_mut(0)?.display_address)),
    word("[0].dstAddressType", |r| Some(&mut r.destinations.get_mut(0)?.address_type)),
    tag("[0].tag", |r| Some(&mut r.destinations.get_mut(0)?.tag)),
    word("[1].dstType", |r| Some(&mut r.destinations.get_mut(1)?.account.kind)),
    name("[1].dstId", |r| Some(&mut r.destinations.get_mut(1)?.account.id)),
    name("[1].dstSubType", |r| Some(&mut r.destinations.get_mut(1)?.account.subtype)),
    value("[1].amountNativeStr", |r| Some(&mut r.destinations.get_mut(1)?.amount)),
    value("[1].amountUSD", |r| Some(&mut r.destinations.get_mut(1)?.amount_usd)),
    value("[1].dstAddress", |r| Some(&mut r.destinations.get_mut(1)?.address)),
    value("[1].displayDstAddress", |r| Some(&mut r.destinations.get_mut(1)?.display_address)),
    word("[1].dstAddressType", |r| Some(&mut r.destinations.get_mut(1)?.address_type)),
    tag("[1].tag", |r| Some(&mut r.destinations.get_mut(1)?.tag)),
    value("rawTx[0].rawTx", |r| Some(&mut r.raw_transactions.get_mut(0)?.raw)),
    value("rawTx[0].payload", |r| Some(&mut r.raw_transactions.get_mut(0)?.payload)),
];

/// What a sender could put into a field instead.
const SPOILT: [Option<&str>; 10] = [
    None,
    Some(""),
    Some("-1"),
    Some("1e5"),
    Some("\u{0}"),
    Some("0"),
    Some("１"),
    Some("null"),
    Some(" "),
    Some("vault"),
];

/// One address in every place that gives it: removing all of them is removing the address.
fn spoil_address(request: &mut Request, with: Option<&str>) {
    let with = with.map(str::to_owned);
    request.declared.address = with.clone();
    for destination in &mut request.destinations {
        destination.address = with.clone();
        destination.display_address = with.clone();
    }
}

/// Seconds; long enough that one entry of [`aged`] is older, and another younger.
const HOUR: u64 = 3600;

/// The address of the samples, listed for two hours, and just now under tag 7; another that nobody dated.
fn aged(at_least: Option<u64>, less_than: Option<u64>) -> DestinationMatcher {
    let mut list = AddressList::new("dated", Chain::Evm);
    let address = Address::parse(Chain::Evm, ETH_ADDRESS).unwrap();
    let two_hours_ago = Time::from_micros(START.as_micros() - 7_200_000_000);
    for (tag, added) in [(None, two_hours_ago), (Some("7"), START)] {
        list.add(&address, Entry { tag, added: AddedOn::from_time(added), label: None }).unwrap();
    }
    list.add(&Address::parse(Chain::Evm, OTHER_ADDRESS).unwrap(), Entry::default()).unwrap();
    let window = |seconds: Option<u64>| seconds.and_then(Length::from_seconds);
    let age = Age { at_least: window(at_least), less_than: window(less_than) };
    DestinationMatcher { list: Some(Arc::new(list)), age, ..DestinationMatcher::default() }
}

fn conditions_of_all_kinds() -> impl Strategy<Value = Conditions> {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let signers = weighted(0.3, (prop_oneof![Just("api-user-1"), Just("other")], any::<bool>()));
    let source = weighted(0.3, (prop_oneof![Just("0"), Just("9")], any::<bool>()));
    let to = weighted(0.6, (sample::select(destinations()), any::<bool>()));
    let operation = weighted(0.5, (sample::subsequence(OPERATIONS.to_vec(), 1..3), any::<bool>()));
    let contracts = weighted(0.2, Just(friends));
    let circumstances = (sample::select(circumstances()), any::<bool>());
    let caller = weighted(0.3, (sample::select(callers()), any::<bool>()));
    let stage = weighted(0.2, prop_oneof![Just(Stage::Approval), Just(Stage::Signing)]);
    let range = |dust: &'static str, lots: &'static str| {
        prop_oneof![
            4 => Just((None, None)),
            1 => Just((Some(lots), None)),
            1 => Just((Some(dust), None)),
            1 => Just((None, Some(dust))),
            1 => Just((None, Some(lots))),
        ]
    };
    let amount = range("0.001", "100");
    let usd = range("1", "100000");
    let bounds = (amount, usd);
    (caller, signers, source, to, stage, operation, contracts, circumstances, bounds).prop_map(
        |(caller, signer, source, to, stage, operation, contracts, circumstances, (amount, usd))| {
            let dollars = |text: &str| Usd::parse_exact(text).unwrap();
            Conditions {
                caller: caller.map(of_caller).unwrap_or_default(),
                signers: signer.map(|(signer, not)| choice([signer.to_owned()].into(), not)),
                stages: stage.map(|stage| [stage].into()),
                operations: operation
                    .map(|(names, not)| choice(names.into_iter().map(str::to_owned).collect(), not)),
                sources: source.map(|(id, not)| choice(vec![matcher("VAULT", Some(id))].into(), not)),
                destinations: to.map(|(to, not)| choice(to, not)),
                contracts,
                amount: Range { max: amount.0.map(eth), over: amount.1.map(eth) },
                usd: Range { max: usd.0.map(dollars), over: usd.1.map(dollars) },
                circumstances: either(circumstances),
                ..Conditions::default()
            }
        },
    )
}

/// Many conditions in one rule seldom hold together: two of three rules ask for one thing alone.
fn conditions() -> impl Strategy<Value = Conditions> {
    (conditions_of_all_kinds(), 0..9_u8).prop_map(|(all, kept)| match kept {
        0..3 => Conditions { destinations: all.destinations, ..Conditions::default() },
        3..6 => Conditions { caller: all.caller, circumstances: all.circumstances, ..Conditions::default() },
        _ => all,
    })
}

/// What can be asked of the caller.
fn callers() -> Vec<CallerConditions> {
    let tenants = |tenants: &[&str]| one_of(tenants.iter().map(|name| (*name).to_owned()).collect());
    let proofs = |proofs: &[CallerProof]| Some(proofs.iter().copied().collect());
    let (proven, unproven) = (CallerProof::CosignerSignature, CallerProof::Unproven);
    let any = CallerConditions::default;
    vec![
        CallerConditions { tenants: tenants(&["default"]), ..any() },
        CallerConditions { proofs: proofs(&[proven]), ..any() },
        CallerConditions { proofs: proofs(&[unproven]), ..any() },
        CallerConditions { proofs: proofs(&[proven, unproven]), ..any() },
        CallerConditions { tenants: tenants(&["other"]), proofs: proofs(&[unproven]) },
        CallerConditions { tenants: tenants(&["default", "other"]), proofs: proofs(&[proven]) },
    ]
}

/// The same, with the tenants ruled out instead.
fn of_caller((asked, not): (CallerConditions, bool)) -> CallerConditions {
    let tenants = asked.tenants.map(|tenants| choice(tenants.alternatives().clone(), not));
    CallerConditions { tenants, ..asked }
}

const OPERATIONS: [&str; 4] = ["TRANSFER", "CONTRACT_CALL", "TYPED_MESSAGE", "RAW"];

fn choice<T>(alternatives: T, not: bool) -> Choice<T> {
    if not { Choice::NoneOf(alternatives) } else { Choice::OneOf(alternatives) }
}

fn of_all_operations() -> Conditions {
    Conditions { operations: one_of(OPERATIONS.map(str::to_owned).into()), ..Conditions::default() }
}

/// What destinations can be asked for, each field alone and together with others.
fn destinations() -> Vec<Vec<DestinationMatcher>> {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let payees = list("payees", Chain::Bitcoin, &[BTC_ADDRESS]);
    let any = DestinationMatcher::default;
    let acme = Counterparty {
        name: "acme".into(),
        accounts: vec![matcher("EXCHANGE", Some("e-1"))].into(),
        lists: vec![friends.clone()],
    };
    let acme = Some(Arc::new(acme));
    vec![
        vec![to_list(&friends)],
        vec![to_list(&payees)],
        vec![aged(Some(HOUR), None)],
        vec![aged(None, Some(HOUR))],
        vec![DestinationMatcher { tag: text("7"), ..aged(Some(HOUR), None) }],
        vec![aged(None, Some(HOUR)), aged(Some(3 * HOUR), None)],
        vec![to_account("VAULT", Some("1"))],
        vec![to_account("VAULT", None), to_list(&friends)],
        vec![to_account("UNMANAGED", None)],
        vec![to_account("UNMANAGED", Some("w-9"))],
        vec![to_account("EXCHANGE", Some("e-1"))],
        vec![DestinationMatcher { subtype: text("EXTERNAL"), ..any() }],
        vec![DestinationMatcher { subtype: text("BINANCE"), ..to_account("EXCHANGE", Some("e-1")) }],
        vec![DestinationMatcher { address_type: text("WHITELISTED"), ..any() }],
        vec![DestinationMatcher { address_type: text("ONE_TIME"), ..to_account("VAULT", None) }],
        vec![DestinationMatcher { tag: text("7"), ..any() }],
        vec![DestinationMatcher { tag: text("8"), ..to_account("EXCHANGE", None) }, to_list(&friends)],
        vec![DestinationMatcher { counterparty: acme.clone(), ..any() }],
        vec![DestinationMatcher { counterparty: acme, subtype: text("INTERNAL"), ..any() }],
    ]
}

/// What a request can be asked beside its intent, mostly nothing.
fn circumstances() -> Vec<CircumstanceConditions> {
    let any = CircumstanceConditions::default;
    let fee = |max: Option<&str>, over: Option<&str>| {
        let range = Range { max: max.map(eth), over: over.map(eth) };
        CircumstanceConditions { fee: Some(FeeBounds { asset: "ETH".into(), range }), ..any() }
    };
    let share = |text: &str| Share::parse(text).unwrap();
    let method = |text: &str| one_of([Method::parse(text).unwrap()].into());
    let pattern = |text: &str| one_of(vec![Pattern::parse(text).unwrap()]);
    let hours = |from: &str, to: &str| {
        let (from, to) = (TimeOfDay::parse(from).unwrap(), TimeOfDay::parse(to).unwrap());
        let days = Day::ALL.map(|(_, day)| day).into();
        one_of(vec![Hours { zone: Zone::named("UTC").unwrap(), days, from, to }])
    };
    vec![
        any(),
        any(),
        any(),
        any(),
        any(),
        any(),
        fee(Some("0.005"), None),
        fee(None, Some("0.005")),
        CircumstanceConditions { fee_share: Range { max: Some(share("0.02")), over: None }, ..any() },
        CircumstanceConditions { fee_share: Range { max: None, over: Some(share("0.02")) }, ..any() },
        CircumstanceConditions { methods: method("transfer(address,uint256)"), ..any() },
        CircumstanceConditions { methods: method("approve(address,uint256)"), ..any() },
        CircumstanceConditions { messages: one_of(["EIP712".to_owned()].into()), ..any() },
        CircumstanceConditions { messages: one_of(["EIP712".to_owned(), "EIP191".into()].into()), ..any() },
        CircumstanceConditions { times: hours("00:00", "12:00"), ..any() },
        CircumstanceConditions { times: hours("12:00", "00:00"), ..any() },
        CircumstanceConditions { note: pattern("payroll-.*"), ..any() },
        CircumstanceConditions { external_tx_id: pattern("pay-[0-9]+"), ..any() },
        CircumstanceConditions { external_tx_id: pattern("other"), note: pattern(".*"), ..any() },
    ]
    .into_iter()
    .chain(expressions().map(|expression| CircumstanceConditions { expression, ..any() }))
    .collect()
}

/// Every variable of an expression, alone, under a negation, and where another settles it.
fn expressions() -> impl Iterator<Item = Option<Expression>> {
    let decimals = Decimals::new(18).unwrap();
    let units = Units { amount: Some(("ETH".into(), decimals)), fee: Some(("ETH".into(), decimals)) };
    let texts = [
        r#"signer == "api-user-1""#,
        r#"signer != "api-user-1""#,
        r#"source.type == "VAULT" && source.id in ["0", "1"]"#,
        r#"!(source.id == "0")"#,
        r#"source.type != "VAULT""#,
        r#"!source.type.startsWith("VAULT")"#,
        r#"asset == "ETH" || note.startsWith("payroll")"#,
        r#"!note.contains("roll")"#,
        r#"external_tx_id.endsWith("-7") || !(operation == "TRANSFER")"#,
        r#"destinations.count > 1"#,
        r#"!(destinations.count > 1)"#,
        r#"amount.at_most("0.5")"#,
        r#"!amount.at_most("0.5")"#,
        r#"usd.at_most("100") || signer == "api-user-1""#,
        r#"!usd.at_most("100")"#,
        r#"usd.more_than("100") && !(stage == "SIGNING")"#,
        r#"fee.at_most("0.005")"#,
        r#"!fee.at_most("0.005") && !fee.less_than("0.001")"#,
        r#"caller_proof == "COSIGNER_SIGNATURE""#,
        r#"caller_proof != "COSIGNER_SIGNATURE""#,
        r#"caller_proof != "UNPROVEN" || usd.more_than("100")"#,
        r#"tenant == "default" && !(caller_proof in ["UNPROVEN"])"#,
    ];
    texts.into_iter().map(move |text| Some(Expression::parse(text, &units).unwrap()))
}

/// The same, with what is asked for ruled out instead.
fn either((asked, not): (CircumstanceConditions, bool)) -> CircumstanceConditions {
    fn turn<T>(asked: Option<Choice<T>>, not: bool) -> Option<Choice<T>> {
        asked.map(|asked| match asked {
            Choice::OneOf(alternatives) => choice(alternatives, not),
            ruled_out @ Choice::NoneOf(_) => ruled_out,
        })
    }
    CircumstanceConditions {
        methods: turn(asked.methods, not),
        messages: turn(asked.messages, not),
        times: turn(asked.times, not),
        note: turn(asked.note, not),
        external_tx_id: turn(asked.external_tx_id, not),
        ..asked
    }
}

fn key() -> impl Strategy<Value = Vec<KeyPart>> {
    sample::subsequence(KeyPart::ALL.map(|(_, part)| part).to_vec(), 0..4)
}

fn policies() -> impl Strategy<Value = Policy> {
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
fn give_groups(policy: &mut Policy) {
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

fn some_limit(when: Conditions, key: &[KeyPart], kind: u8, window: u8, lenient: bool) -> Limit {
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
fn price_terms() -> Vec<PriceTerms> {
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
fn table() -> Prices {
    let at = Time::from_micros(START.as_micros() - 61 * SECOND);
    let price = |usd: &str| Price { usd: UnitPrice::parse(usd).unwrap(), at };
    let by_asset = [("ETH".to_owned(), price("500000")), ("BTC".to_owned(), price("0.5"))].into();
    Prices { hash: "table".into(), by_asset }
}

fn allows(policy: &Policy, request: &Request) -> bool {
    NaiveLedger::priced(policy, table()).decide(request, START).verdict == Verdict::Allow
}

/// Where none is required, a missing tag is known to be none. Then that is another receiver, who may be on a list that the
/// one with the tag is not on: a rule for whoever is on none is not for him.
fn is_another_receiver(policy: &Policy, field: &FieldOf) -> bool {
    let rules_out = |when: &Conditions| matches!(when.destinations, Some(Choice::NoneOf(_)));
    let whens =
        policy.deny.iter().map(|rule| &rule.when).chain(policy.limits.iter().map(|limit| &limit.when));
    field.name.ends_with(".tag")
        && policy.assets.values().all(|asset| asset.tag == TagRule::Optional)
        && whens.into_iter().any(rules_out)
}

/// What need not be there for the refused request to be allowed; nothing, if all is well.
fn widened_by_less(policy: &Policy, whole: &Request, spoilt: Option<&str>) -> Option<&'static str> {
    let mut less: Vec<(&'static str, Request)> = Vec::new();
    let mut without = |name, change: &dyn Fn(&mut Request)| {
        let mut request = whole.clone();
        change(&mut request);
        less.push((name, request));
    };
    for field in FIELDS.iter().filter(|field| !is_another_receiver(policy, field)) {
        // Making unusable is not changing into another usable value.
        let unusable = spoilt.is_none_or(field.spoils);
        if unusable && (field.slot)(&mut whole.clone()).is_some_and(|slot| slot.is_some()) {
            without(field.name, &|request| {
                (field.slot)(request).into_iter().for_each(|slot| *slot = spoilt.map(str::to_owned));
            });
        }
    }
    if whole.destinations.iter().any(|each| each.address.is_some()) || whole.stage == Stage::Signing {
        without("any address", &|request| spoil_address(request, spoilt));
    }
    without("caller_proof", &|request| request.caller_proof = None);
    without("destinations", &|request| request.destinations.clear());
    if policy.raw_transactions_required {
        without("raw transactions", &|request| request.raw_transactions.clear());
    }
    less.into_iter().find(|(_, request)| allows(policy, request)).map(|(name, _)| name)
}

/// Every condition alone, asked for and ruled out, as all that the one deny rule or the one allow rule asks: what
/// chance seldom puts together.
#[test]
fn each_condition_alone_never_allows_more_of_less() {
    let whens = [false, true].into_iter().flat_map(|not| {
        let to = destinations().into_iter().map(move |to| Some(choice(to, not)));
        let to = to.map(|destinations| Conditions { destinations, ..Conditions::default() });
        let beside = circumstances().into_iter().map(move |asked| either((asked, not)));
        let beside = beside.map(|circumstances| Conditions { circumstances, ..Conditions::default() });
        let caller = callers().into_iter().map(move |asked| of_caller((asked, not)));
        let caller = caller.map(|caller| Conditions { caller, ..Conditions::default() });
        to.chain(beside).chain(caller)
    });
    let samples = all_samples();
    for when in whens {
        let allowing = Conditions { operations: of_all_operations().operations, ..when.clone() };
        let allow = Policy { allow: vec![rule("allow", allowing)], ..policy() };
        let all = vec![rule("all", of_all_operations())];
        let deny = Policy { deny: vec![rule("deny", when)], allow: all, ..policy() };
        for (policy, (sample, whole)) in
            [&allow, &deny].into_iter().flat_map(|policy| samples.iter().map(move |s| (policy, s)))
        {
            let refused = !allows(policy, whole);
            for spoilt in [None, Some(""), Some("\u{0}")].into_iter().filter(|_| refused) {
                let widened = widened_by_less(policy, whole, spoilt);
                assert_eq!(widened, None, "{sample} ({spoilt:?}): {:?} {:?}", policy.deny, policy.allow);
            }
        }
    }
}

/// Bounds on the value alone, with every way of pricing it: a value that is left out could have been the larger one.
#[test]
fn a_value_that_is_left_out_never_allows_more_whatever_the_table_says() {
    let dollars = |text: &str| Some(Usd::parse_exact(text).unwrap());
    let mut refusals = 0;
    for bound in ["1", "100", "1500", "100000"] {
        let over = Conditions { usd: Range { max: None, over: dollars(bound) }, ..Conditions::default() };
        let most = Conditions { usd: Range { max: dollars(bound), over: None }, ..Conditions::default() };
        let limits = vec![limit("usd", Conditions::default(), &[], Cap::Usd(dollars(bound).unwrap()), 3600)];
        for prices in price_terms().into_iter().map(Some).chain([None]) {
            let policies = [
                Policy { deny: vec![rule("deny", over.clone())], ..open() },
                Policy { deny: vec![rule("deny", most.clone())], ..open() },
                Policy { allow: vec![rule("allow", most.clone())], ..open() },
                Policy { allow: vec![rule("allow", over.clone())], ..open() },
                Policy { limits: limits.clone(), ..open() },
            ];
            for policy in policies.map(|policy| Policy { prices: prices.clone(), ..policy }) {
                for (sample, whole) in all_samples() {
                    for spoilt in SPOILT.into_iter().filter(|_| !allows(&policy, &whole)) {
                        refusals += 1;
                        assert_eq!(
                            widened_by_less(&policy, &whole, spoilt),
                            None,
                            "{sample} {spoilt:?} {policy:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(refusals > 1_000, "{refusals}");
}

type Change = fn(&mut Request);

/// What was charged first, beside what is asked now.
const FIRST: [Change; 19] = [
    |_| {},
    |r| r.caller_proof = None,
    |r| r.caller_proof = Some(CallerProof::CosignerSignature),
    |r| r.caller_proof = Some(CallerProof::Unproven),
    |r| r.source.id = text("7"),
    |r| r.signer = None,
    |r| r.extra_parameters = text("{}"),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.tag = text("7")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.account.id = text("8")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.account.subtype = text("INTERNAL")),
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.address_type = text("OTHER")),
    |r| r.destinations.reverse(),
    // Of the last, so that those that pair are not those in the same place.
    |r| r.destinations.iter_mut().rev().take(1).for_each(|each| each.account.subtype = text("INTERNAL")),
    |r| r.destinations.iter_mut().for_each(|each| each.account.subtype = None),
    |r| r.destinations.iter_mut().rev().take(1).for_each(|each| each.account.subtype = None),
    // Whether a subtype is compared depends on a type that was not known then.
    |r| {
        r.destinations.iter_mut().for_each(|each| {
            each.account.kind = None;
            each.account.subtype = text("INTERNAL");
        })
    },
    |r| r.destinations.iter_mut().take(1).for_each(|each| each.tag = None),
    |r| {
        r.destinations.iter_mut().take(1).for_each(|each| each.account.subtype = text("INTERNAL"));
        r.destinations.reverse();
    },
    |r| {
        let other = "0x0000000000000000000000000000000000000001";
        spoil_address(
            r,
            Some(if r.asset == text("BTC") { "1BoatSLRHtKNngkdXEeobR76b53LETtpyT" } else { other }),
        );
    },
];

fn after(seconds: i64) -> Time {
    Time::from_micros(START.as_micros() + seconds * SECOND)
}

/// A ledger on which the first request of the transaction was allowed by a policy that allows everything.
fn charged_before(whole: &Request, change: Change, policy: &Policy) -> Option<NaiveLedger> {
    let mut open = Policy { assets: policy.assets.clone(), ..Policy::default() };
    open.allow = vec![rule("all", of_all_operations())];
    let mut ledger = NaiveLedger::priced(&open, table());
    let mut first = Request { stage: Stage::Approval, ..whole.clone() };
    change(&mut first);
    let charged = ledger.decide(&first, START).verdict == Verdict::Allow;
    ledger.policy = policy.clone().into();
    charged.then_some(ledger)
}

fn truth(holds: Holds) -> Truth {
    match holds.holds {
        Some(holds) => holds.into(),
        None => Truth::Indeterminate(holds.missing),
    }
}

fn as_result(rule: &ExplainedRule) -> RuleResult {
    RuleResult {
        rule_id: rule.id.clone(),
        effect: rule.effect,
        matched: rule.holds.holds == Some(true),
        indeterminate: rule.holds.missing.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn less_input_never_allows_more(policy in policies(), spoilt in sample::select(SPOILT.to_vec())) {
        for (sample, whole) in all_samples() {
            if !allows(&policy, &whole) {
                let widened = widened_by_less(&policy, &whole, spoilt);
                prop_assert!(widened.is_none(), "{sample}: without {widened:?} ({spoilt:?}) it is allowed");
            }
        }
    }

    /// As above, for a transaction of which something is charged already, perhaps something else.
    #[test]
    fn less_input_never_allows_more_of_what_was_charged(
        policy in policies(), first in sample::select(FIRST.to_vec()), spoilt in sample::select(SPOILT.to_vec()),
    ) {
        for (sample, whole) in all_samples() {
            let Some(ledger) = charged_before(&whole, first, &policy) else { continue };
            let allows = |request: &Request| {
                ledger.clone().decide(request, after(1)).verdict == Verdict::Allow
            };
            if allows(&whole) {
                continue;
            }
            for field in &FIELDS {
                let mut less = whole.clone();
                let Some(slot) = (field.slot)(&mut less) else { continue };
                if spoilt.is_some_and(|spoilt| !(field.spoils)(spoilt)) || slot.is_none() {
                    continue;
                }
                *slot = spoilt.map(str::to_owned);
                prop_assert!(!allows(&less), "{sample}: without {} ({spoilt:?}) it is allowed", field.name);
            }
            let unsaid = Request { caller_proof: None, ..whole.clone() };
            prop_assert!(!allows(&unsaid), "{sample}: without caller_proof it is allowed");
            let mut less = whole.clone();
            spoil_address(&mut less, spoilt);
            let applies = whole.stage == Stage::Signing || whole.destinations.iter().any(|each| each.address.is_some());
            prop_assert!(!applies || !allows(&less), "{sample}: without any address ({spoilt:?}) it is allowed");
        }
    }

    #[test]
    fn the_order_of_rules_and_limits_decides_nothing(policy in policies(), seed in any::<usize>()) {
        let mut turned = policy.clone();
        turned.allow.reverse();
        turned.deny.reverse();
        turned.limits.reverse();
        let turns = seed % turned.allow.len().max(1);
        turned.allow.rotate_left(turns);
        for (sample, request) in all_samples() {
            let verdict = |policy: &Policy| NaiveLedger::new(policy).decide(&request, START).verdict;
            prop_assert_eq!(verdict(&policy), verdict(&turned), "{}", sample);
        }
    }

    /// And what is not told of a rule holds.
    #[test]
    fn what_is_explained_is_what_is_decided(
        policy in policies(), field in 0..FIELDS.len(), spoilt in sample::select(SPOILT.to_vec()),
    ) {
        for (sample, mut request) in all_samples() {
            (FIELDS[field].slot)(&mut request).into_iter().for_each(|slot| *slot = spoilt.map(str::to_owned));
            let mut ledger = NaiveLedger::new(&policy);
            let asked = TimedRequest { request: request.clone(), at: START, prices: Prices::NONE };
            let explained = explain(&policy, &asked, &mut ledger).unwrap();
            prop_assert_eq!(&explained.outcome.settlement, &ledger.decide(&request, START), "{}", sample);
            let evaluation = evaluate(&policy, &request, &Prices::NONE, START);
            let read = evaluation.intent.is_some();
            prop_assert_eq!(explained.rules.len(), if read { policy.deny.len() + policy.allow.len() } else { 0 });
            let told = explained.rules.iter().filter(|rule| rule.holds.holds != Some(false));
            let told: Vec<RuleResult> = told.map(as_result).collect();
            prop_assert_eq!(told, evaluation.rules, "{}", sample);
            for rule in explained.rules {
                let conditions = Truth::all(rule.conditions.into_iter().map(|each| truth(each.holds)));
                prop_assert_eq!(conditions, truth(rule.holds), "{}: {}", sample, rule.id);
            }
        }
    }

    #[test]
    fn one_more_deny_rule_never_allows_more(policy in policies(), when in conditions()) {
        let mut stricter = policy.clone();
        stricter.deny.push(rule("one more", when));
        for (sample, request) in all_samples() {
            prop_assert!(allows(&policy, &request) || !allows(&stricter, &request), "{}", sample);
        }
    }
}

/// Else what is said of entries under tags is said of nothing.
#[test]
fn a_request_meets_a_young_entry_by_its_tag_and_one_without_a_date() {
    let denied_by = |to: DestinationMatcher, whole: &Request| {
        let when = Conditions { destinations: one_of(vec![to]), ..Conditions::default() };
        let all = vec![rule("all", of_all_operations())];
        let policy = Policy { deny: vec![rule("deny", when)], allow: all, ..policy() };
        NaiveLedger::new(&policy).decide(whole, START).verdict
    };
    let mut known = tagged_sample();
    known.destinations.truncate(1);
    (known.amount, known.requested_amount) = (text("0.3"), text("0.3"));
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Deny);
    known.destinations[0].tag = text("");
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Allow);
    known.destinations[0].tag = None;
    assert_eq!(denied_by(aged(None, Some(HOUR)), &known), Verdict::Hold);
    assert_eq!(denied_by(aged(Some(3 * HOUR), None), &tagged_sample()), Verdict::Hold, "without a date");
}

#[test]
fn the_property_is_not_empty() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut allowed, mut refused) = (0, 0);
    for _ in 0..200 {
        let policy = policies().new_tree(&mut runner).unwrap().current();
        for (_, request) in all_samples() {
            if allows(&policy, &request) { allowed += 1 } else { refused += 1 }
        }
    }
    assert!(allowed > 30 && refused > 100, "allowed {allowed}, refused {refused}");
}
