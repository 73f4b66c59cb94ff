//! What is told of rules from their conditions alone holds in whatever is asked: one that can never match never does,
//! and whoever is covered by a rule within another is matched by the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::naive::build::World;
use crate::naive::generate::{case, policies};
use crate::naive::model::{Plain, PlainRule, When};
use crate::naive::random::Random;
use crate::support::*;
use policy::address::Chain;
use policy::amount::Decimals;
use policy::condition::{Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::expression::{Expression, Units};
use policy::group::Counterparty;
use policy::list::Age;
use policy::prices::Prices;
use policy::reach::{is_within, never};
use policy::rule::{Effect, Rule};
use policy::time::{Length, Time};

const CASES: u64 = 1_500;

/// Rules of both effects, and what is asked of them.
struct Asked {
    policy: Policy,
    /// The rules that matched, of each request.
    matched: Vec<BTreeSet<String>>,
}

/// The same conditions as deny and as allow rules: some of them made of others by asking more.
fn asked(world: &World, seed: u64) -> Asked {
    let (case, random) = (case(seed), &mut Random::new(seed.wrapping_mul(31)));
    let rules = case.plain.deny.iter().chain(&case.plain.allow);
    let mut whens: Vec<When> = rules.map(|rule| rule.when.clone()).collect();
    let more: Vec<When> = whens.iter().map(|when| narrowed(random, when)).collect();
    whens.extend(more);
    let named = |effect: &str| -> Vec<PlainRule> {
        let rule = |(number, when): (usize, &When)| PlainRule {
            id: format!("{effect}-{number}"),
            when: when.clone(),
            to_console: false,
        };
        whens.iter().enumerate().map(rule).collect()
    };
    let mut policy =
        world.policy(&Plain { deny: named("deny"), allow: named("allow"), limits: Vec::new(), gone: None });
    let expressions: Vec<Option<Expression>> = whens.iter().map(|_| expression(random)).collect();
    for rules in [&mut policy.deny, &mut policy.allow] {
        for (rule, expression) in rules.iter_mut().zip(&expressions) {
            rule.when.circumstances.expression.clone_from(expression);
        }
    }
    let matched = case.steps.iter().map(|step| {
        let rules = evaluate(&policy, &step.request, &Prices::NONE, Time::from_micros(step.at)).rules;
        rules.into_iter().filter(|rule| rule.matched).map(|rule| rule.rule_id).collect()
    });
    Asked { matched: matched.collect(), policy }
}

/// Half of the rules have none; many of the others ask too much of one variable.
fn expression(random: &mut Random) -> Option<Expression> {
    const COMPARISONS: [&str; 30] = [
        "signer == 's1'",
        "signer == 's2'",
        "signer in ['s1', 's2']",
        "signer != 's1'",
        "signer.startsWith('s')",
        "signer.endsWith('1')",
        "signer.endsWith('2')",
        "signer.contains('1')",
        "note.startsWith('pay')",
        "note.startsWith('rent')",
        "note.startsWith('pay-1')",
        "note.contains('pay')",
        "note == 'rent'",
        "stage == 'SIGNING'",
        "stage == 'APPROVAL'",
        "stage != 'APPROVAL'",
        "caller_proof == 'UNPROVEN'",
        "caller_proof != 'UNPROVEN'",
        "caller_proof == 'COSIGNER_SIGNATURE'",
        "destinations.count == 1",
        "destinations.count < 1",
        "destinations.count > 1",
        "destinations.count <= 2",
        "amount.more_than('1')",
        "amount.at_most('1')",
        "amount.less_than('2')",
        "usd.at_least('100')",
        "usd.less_than('100')",
        "fee.more_than('0.01')",
        "fee.at_most('0.01')",
    ];
    let mut text = random.percent(50).then(|| random.one(&COMPARISONS).to_owned())?;
    for _ in 0..random.below(4) {
        let not = random.one(&["", "", "!"]);
        let join = random.one(&["&&", "&&", "||"]);
        text = format!("{not}({text}) {join} {}({})", random.one(&["", "!"]), random.one(&COMPARISONS));
    }
    let ether = Some(("ETH".to_owned(), Decimals::EIGHTEEN));
    Some(Expression::parse(&text, &Units { amount: ether.clone(), fee: ether }).unwrap())
}

/// What asks at least as much: other conditions beside its own, and fewer alternatives.
fn narrowed(random: &mut Random, when: &When) -> When {
    let (mut less, more) = (when.clone(), policies::rule(random));
    less.signers = less.signers.or(more.signers);
    less.stages = less.stages.or(more.stages);
    less.operations = less.operations.or(more.operations);
    less.sources = less.sources.or(more.sources);
    less.to = less.to.or(more.to);
    less.contracts = less.contracts.or(more.contracts);
    less.assets = less.assets.or(more.assets);
    less.chains = less.chains.or(more.chains);
    less.amount = (less.amount.0.or(more.amount.0), less.amount.1.or(more.amount.1));
    less.usd = (less.usd.0.or(more.usd.0), less.usd.1.or(more.usd.1));
    less.fee = less.fee.or(more.fee);
    less.fee_share = (less.fee_share.0.or(more.fee_share.0), less.fee_share.1.or(more.fee_share.1));
    less.methods = less.methods.or(more.methods);
    less.messages = less.messages.or(more.messages);
    less.times = less.times.or(more.times);
    less.note = less.note.or(more.note);
    less.external = less.external.or(more.external);
    if let Some(to) = less.to.as_mut().filter(|_| random.percent(50)) {
        let extra = to.of[0].clone();
        to.of[0].tag = extra.tag.or(random.percent(70).then_some("7"));
        to.of[0].subtype = extra.subtype.or(random.percent(30).then_some("EXTERNAL"));
        to.of.truncate(1);
    }
    less
}

#[test]
fn a_rule_that_can_never_match_never_does() {
    let world = World::new();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..CASES {
        let Asked { policy, matched } = asked(&world, seed);
        let rules =
            |rules: &[Rule], effect| rules.iter().map(move |rule| (rule.clone(), effect)).collect::<Vec<_>>();
        for (rule, effect) in
            rules(&policy.deny, Effect::Deny).into_iter().chain(rules(&policy.allow, Effect::Allow))
        {
            let Some(why) = never(&rule.when, effect, &policy.assets) else { continue };
            let matches = matched.iter().any(|matched| matched.contains(&rule.id));
            assert!(!matches, "seed {seed}, {why}: {rule:?}");
            let kind = format!("{why:?}");
            *seen.entry(kind.split(['(', ' ', '{']).next().unwrap().to_owned()).or_default() += 1;
        }
    }
    // Each kind must have been tried often enough, that holding says something; the lists of the small world are not empty.
    let kinds: Vec<&str> =
        seen.iter().filter(|(_, count)| **count >= 20).map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["Contradiction", "NoHour", "NoOperation", "NoTags", "NobodyUnderTag", "OtherChain"],
        "{seen:?}"
    );
}

#[test]
fn whoever_is_within_another_rule_is_matched_by_it() {
    let world = World::new();
    let mut held = BTreeMap::new();
    for seed in 0..CASES {
        let Asked { policy, matched } = asked(&world, seed);
        let indexed = policy.clone().indexed();
        for rule in &policy.allow {
            for (others, effect) in [(&policy.deny, Effect::Deny), (&policy.allow, Effect::Allow)] {
                let found = indexed.around(effect, rule);
                for other in others.iter().filter(|other| is_within(rule, other, effect, &policy.assets)) {
                    assert!(
                        found.iter().any(|(_, found)| found.id == other.id),
                        "seed {seed}: {rule:#?}\nis not found within\n{other:#?}"
                    );
                    for matched in matched.iter().filter(|matched| matched.contains(&rule.id)) {
                        assert!(
                            matched.contains(&other.id),
                            "seed {seed}: {rule:#?}\nis not within\n{other:#?}"
                        );
                        let alike = rule.when == other.when;
                        *held
                            .entry(format!("{effect:?} {}", if alike { "alike" } else { "wider" }))
                            .or_insert(0_u64) += 1;
                    }
                }
            }
        }
    }
    // How often it must have been tried, that holding says something.
    for kind in ["Deny alike", "Deny wider", "Allow wider"] {
        assert!(held.get(kind).is_some_and(|count| *count > 1_000), "{held:?}");
    }
}

/// The other way round nothing is said.
#[test]
fn a_receiver_who_is_one_of_others_is_known_to_be() {
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    let (accounts, lists) = (vec![matcher("EXCHANGE", Some("e-1"))].into(), vec![friends.clone()]);
    let acme = Some(Arc::new(Counterparty { name: "acme".into(), accounts, lists }));
    let listed = |least: Option<u64>, less: Option<u64>| {
        let age = Age {
            at_least: least.and_then(Length::from_seconds),
            less_than: less.and_then(Length::from_seconds),
        };
        DestinationMatcher { age, ..to_list(&friends) }
    };
    let of_acme = || DestinationMatcher { counterparty: acme.clone(), ..DestinationMatcher::default() };
    let pairs = [
        (to_account("EXCHANGE", Some("e-1")), of_acme()),
        (to_list(&friends), of_acme()),
        (DestinationMatcher { tag: text("7"), ..of_acme() }, of_acme()),
        (listed(Some(2), None), listed(Some(1), None)),
        (listed(None, Some(1)), listed(None, Some(2))),
        (listed(Some(1), None), to_list(&friends)),
    ];
    let paid = |to: &DestinationMatcher| {
        let destinations = one_of(vec![to.clone()]);
        rule("paid", Conditions { destinations, ..Conditions::default() })
    };
    for (one, all) in pairs {
        let within = |one, other| is_within(&paid(one), &paid(other), Effect::Deny, &BTreeMap::new());
        assert_eq!((within(&one, &all), within(&all, &one)), (true, false), "{one:?} of {all:?}");
    }
}
