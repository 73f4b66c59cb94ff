//! Conditions of every kind, alone and together.

use std::sync::Arc;

use crate::support::*;
use policy::address::{Address, Chain};
use policy::amount::Decimals;
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::{CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds, Range};
use policy::expression::{Expression, Units};
use policy::group::Counterparty;
use policy::list::{AddedOn, AddressList, Age, Entry};
use policy::local_time::{Day, Hours, TimeOfDay};
use policy::method::Method;
use policy::pattern::Pattern;
use policy::request::{CallerProof, Stage};
use policy::share::Share;
use policy::time::{Length, Time, Zone};
use policy::usd::Usd;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample;

/// Seconds; long enough that one entry of [`aged`] is older, and another younger.
pub const HOUR: u64 = 3600;

/// The address of the samples, listed for two hours, and just now under tag 7; another that nobody dated.
pub fn aged(at_least: Option<u64>, less_than: Option<u64>) -> DestinationMatcher {
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

pub fn conditions_of_all_kinds() -> impl Strategy<Value = Conditions> {
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
pub fn conditions() -> impl Strategy<Value = Conditions> {
    (conditions_of_all_kinds(), 0..9_u8).prop_map(|(all, kept)| match kept {
        0..3 => Conditions { destinations: all.destinations, ..Conditions::default() },
        3..6 => Conditions { caller: all.caller, circumstances: all.circumstances, ..Conditions::default() },
        _ => all,
    })
}

/// What can be asked of the caller.
pub fn callers() -> Vec<CallerConditions> {
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
pub fn of_caller((asked, not): (CallerConditions, bool)) -> CallerConditions {
    let tenants = asked.tenants.map(|tenants| choice(tenants.alternatives().clone(), not));
    CallerConditions { tenants, ..asked }
}

pub const OPERATIONS: [&str; 4] = ["TRANSFER", "CONTRACT_CALL", "TYPED_MESSAGE", "RAW"];

pub fn choice<T>(alternatives: T, not: bool) -> Choice<T> {
    if not { Choice::NoneOf(alternatives) } else { Choice::OneOf(alternatives) }
}

pub fn of_all_operations() -> Conditions {
    Conditions { operations: one_of(OPERATIONS.map(str::to_owned).into()), ..Conditions::default() }
}

/// What destinations can be asked for, each field alone and together with others.
pub fn destinations() -> Vec<Vec<DestinationMatcher>> {
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
pub fn circumstances() -> Vec<CircumstanceConditions> {
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
pub fn expressions() -> impl Iterator<Item = Option<Expression>> {
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
pub fn either((asked, not): (CircumstanceConditions, bool)) -> CircumstanceConditions {
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
