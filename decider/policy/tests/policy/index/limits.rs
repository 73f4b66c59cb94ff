//! The same of limits: of a thousand those are asked that may count the charge, and what the others hold stays known.

use super::*;
use policy::address::Chain;
use policy::charge::{Charge, ChargeKey, ChargePart};
use policy::condition::Unlisted;
use policy::evaluate::evaluate;
use policy::limit::{Cap, Limit};
use policy::settle::settle;
use policy::usage::UsageIndex;
use policy::verdict::Verdict;

use crate::support::desk::Desk;

const DAY_SECONDS: u64 = 86_400;

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let when = (conditions(), any::<bool>()).prop_map(|(when, gone)| Conditions {
        unlisted: gone.then(|| Unlisted { known: Arc::default(), by_kind: true }),
        ..when
    });
    proptest::collection::vec(when, 0..12).prop_map(|all| {
        (0..).zip(all).map(|(number, when)| counted(&format!("limit-{number}"), when)).collect()
    })
}

fn counted(id: &str, when: Conditions) -> Limit {
    limit(id, when, &[], Cap::Count(1), DAY_SECONDS)
}

/// What every signer of these is charged for a request that can be read.
fn charge(mut request: Request, signers: &[Option<&str>]) -> Option<Charge> {
    let address = text(if request.asset == text("ETH") { ETH_ADDRESS } else { BTC_ADDRESS });
    request.destinations.iter_mut().for_each(|each| each.address.clone_from(&address));
    let intent = evaluate(&open(), &request, &Prices::NONE, START).intent?;
    let key = ChargeKey { tenant: request.tenant.clone(), tx_id: "x".into(), suffix: String::new() };
    let mut charge = Charge::first(key, intent, "x", START);
    let first = charge.parts[0].clone();
    charge.parts.extend(
        signers.iter().map(|signer| ChargePart { signer: signer.map(str::to_owned), ..first.clone() }),
    );
    Some(charge)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whoever_counts_a_charge_is_found(
        limits in limits(), request in requests(),
        signers in proptest::collection::vec(weighted(0.8, select(vec!["a", "b", "c", "d"])), 0..3),
        moved in any::<bool>(),
    ) {
        let mut policy = Policy { limits, ..open() };
        if moved {
            // On another chain the address of then is nobody's, and its receiver may be anybody.
            policy.assets.insert("ETH".to_owned(), asset(Chain::Bitcoin, 18));
        }
        let policy = policy.indexed();
        let Some(charge) = charge(request, &signers) else { return Ok(()) };
        let found: Vec<&str> = policy.limits().that_may_count(&charge).iter().map(|limit| &*limit.id).collect();
        let in_order = policy.limits.iter().map(|limit| &*limit.id).filter(|id| found.contains(id));
        prop_assert_eq!(in_order.collect::<Vec<_>>(), found.clone());
        for limit in policy.limits.iter().filter(|limit| !found.contains(&&*limit.id)) {
            let shares = limit.shares_of(&charge, policy.groups());
            prop_assert!(shares.known.is_empty() && shares.unknown.is_empty(), "{}: {shares:?}", limit.id);
        }
    }
}

/// A limit for each of many vaults: what a team writes that gives each of its clients one.
fn one_for_each_vault(count: usize) -> Policy {
    let from = |number: usize| Conditions {
        sources: one_of(vec![matcher("VAULT", Some(&number.to_string()))].into()),
        ..Conditions::default()
    };
    let limits = (0..count).map(|number| counted(&format!("of-{number}"), from(number))).collect();
    Policy { limits, ..open() }.indexed()
}

#[test]
fn a_limit_that_saw_nothing_yet_is_known_to_be_empty() {
    let mut desk = Desk::new(one_for_each_vault(20), START);
    let from = |source: &str, id: &str| {
        let mut request = transfer(id, "0.1");
        request.source.id = text(source);
        request
    };
    for (source, id, verdict) in
        [("7", "a", Verdict::Allow), ("8", "b", Verdict::Allow), ("7", "c", Verdict::Deny)]
    {
        let settlement = desk.decide(&from(source, id));
        let asked: Vec<&str> = settlement.limits.iter().map(|limit| &*limit.limit_id).collect();
        assert_eq!((settlement.verdict, asked), (verdict, vec![&*format!("of-{source}")]), "{id}");
    }
}

/// Whatever it is that each of them names.
#[test]
fn of_many_that_name_different_values_one_is_found() {
    let name: [fn(usize, &mut Conditions); 6] = [
        |number, when| when.caller.tenants = Some(Choice::OneOf([number.to_string()].into())),
        |number, when| when.signers = Some(Choice::OneOf([number.to_string()].into())),
        |number, when| when.operations = Some(Choice::OneOf([number.to_string()].into())),
        |number, when| when.assets = Some(Arc::new([number.to_string()].into())),
        |number, when| when.sources = one_of(vec![matcher("VAULT", Some(&number.to_string()))].into()),
        |number, when| when.destinations = one_of(vec![to_account("VAULT", Some(&number.to_string()))]),
    ];
    for name in name {
        let limits = (0..20).map(|number| {
            let mut when = Conditions::default();
            name(number, &mut when);
            counted(&number.to_string(), when)
        });
        let policy = Policy { limits: limits.collect(), ..open() }.indexed();
        let mut charge = charge(transfer("x", "0.1"), &[]).unwrap();
        let account = charge.intent.destinations[0].account.clone();
        let seven = policy::intent::Account { id: text("7"), ..account };
        charge.parts[0].signer = text("7");
        charge.intent.tenant = "7".into();
        charge.intent.operation = "7".into();
        charge.intent.asset = "7".into();
        charge.intent.source = seven.clone();
        charge.intent.destinations[0].account = seven;
        let found: Vec<&str> =
            policy.limits().that_may_count(&charge).iter().map(|limit| &*limit.id).collect();
        assert_eq!(found, ["7"]);
    }
}

#[test]
fn ten_thousand_limits_take_hardly_longer_than_ten() {
    let request = transfer("x", "0.1");
    let decide = |policy: &Policy| {
        let evaluation = evaluate(policy, &request, &Prices::NONE, START);
        let mut index = UsageIndex::default();
        let mut ledger = index.over(|_| Ok::<_, std::convert::Infallible>(None));
        settle(policy, &request, &evaluation, &mut ledger, START).unwrap()
    };
    let (few, lots) = (one_for_each_vault(10), one_for_each_vault(10_000));
    for policy in [&few, &lots] {
        assert_eq!(decide(policy).limits.len(), 1);
    }
    let (few, lots) = fastest(|| drop(decide(&few)), || drop(decide(&lots)));
    assert!(lots < few * 3, "{lots:?} against {few:?}");
}
