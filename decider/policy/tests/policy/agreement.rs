//! Two evaluators that share no code say the same of every request.

use std::collections::BTreeMap;

use crate::naive::build::World;
use crate::naive::decide::{Answer, Why, decide};
use crate::naive::generate::{Case, STEPS, case};
use crate::naive::limits::Line;
use crate::naive::model::ASSETS;
use crate::support::desk::Desk;
use policy::evaluate::{Evaluation, evaluate};
use policy::prices::Prices;
use policy::request::Request;
use policy::rule::Effect;
use policy::settle::{LimitStatus, Settlement};
use policy::time::Time;
use policy::verdict::{Action, ReasonCode, Verdict};

/// A case is a policy, a request, and the history before it.
const CASES: u64 = 100_000;
/// Where hours are given instead of a minute.
const SOAK_CASES: u64 = 10_000_000;
/// Threads that share the cases.
const THREADS: u64 = 2;

#[test]
fn the_naive_evaluator_agrees() {
    // How long a test runs is no part of what it tests: the one thing that is read of the environment.
    let cases = if std::env::var_os("SOAK").is_some() { SOAK_CASES } else { CASES };
    let histories = cases / STEPS as u64;
    let seen: BTreeMap<String, u64> = std::thread::scope(|scope| {
        let run = |thread| move || agree_over((thread..histories).step_by(THREADS as usize));
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(run(thread))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).fold(BTreeMap::new(), add)
    });
    let total: u64 = seen.values().sum();
    assert_eq!(total, cases);
    for (kind, per_mille) in LEAST {
        let count = seen.get(kind).copied().unwrap_or_default();
        assert!(count * 1000 >= total * per_mille, "{kind} is too rare to be tested: {seen:?}");
    }
}

/// How many of a thousand cases must end so, that agreeing says something.
const LEAST: [(&str, u64); 9] = [
    ("Allowed", 200),
    ("DenyRule", 80),
    ("LimitExceeded DENY", 40),
    ("NoAllowRule", 50),
    ("DenyRuleUnknown", 20),
    ("LimitExceeded HOLD", 10),
    ("LimitUnknown", 10),
    ("IntentChanged", 10),
    ("Unreadable", 10),
];

fn add(mut all: BTreeMap<String, u64>, more: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    more.into_iter().for_each(|(kind, count)| *all.entry(kind).or_default() += count);
    all
}

/// Seeds are numbers from 0, so that a run can be said again.
fn agree_over(seeds: impl Iterator<Item = u64>) -> BTreeMap<String, u64> {
    let world = World::new();
    let mut seen = BTreeMap::new();
    for seed in seeds {
        let case = case(seed);
        match compare(&world, &case) {
            Ok(answers) => answers.iter().for_each(|answer| *seen.entry(kind_of(answer)).or_default() += 1),
            Err(_) => {
                let least = shrunk(&world, case);
                panic!("seed {seed}: {}\n{least:?}", compare(&world, &least).unwrap_err());
            }
        }
    }
    seen
}

fn kind_of(answer: &Answer) -> String {
    let why = format!("{:?}", answer.why);
    let word = why.split('(').next().unwrap().to_owned();
    if word == "LimitExceeded" { format!("{word} {}", answer.verdict) } else { word }
}

/// What the naive evaluator says of each step; or how they differ.
fn compare(world: &World, case: &Case) -> Result<Vec<Answer>, String> {
    let mut desk = Desk::new(world.policy(&case.plain_at(0)), Time::from_micros(case.steps[0].at));
    let mut charges = Vec::new();
    let mut answers = Vec::new();
    for (number, step) in case.steps.iter().enumerate() {
        if number == case.first {
            desk.adopt(world.policy(&case.plain));
        }
        desk.set(Time::from_micros(step.at));
        let evaluation = evaluate(&desk.policy, &step.request, &Prices::NONE, desk.now());
        let settlement = desk.decide(&step.request);
        let expected = decide(&case.plain_at(number), &mut charges, &step.request, step.at);
        let said = answer_of(&evaluation, &settlement, &expected.why, on_evm(&step.request));
        if said != expected {
            return Err(format!("step {number}:\n{said:#?}\nis not what was expected:\n{expected:#?}"));
        }
        answers.push(expected);
    }
    Ok(answers)
}

/// Whether its asset is one whose addresses are numbers. On other chains an address may look like one and is not.
fn on_evm(request: &Request) -> bool {
    ASSETS.iter().any(|asset| asset.evm && request.asset.as_deref() == Some(asset.id))
}

fn answer_of(evaluation: &Evaluation, settlement: &Settlement, expected: &Why, on_evm: bool) -> Answer {
    let rules = evaluation.rules.iter();
    let mut lines: Vec<Line> = settlement.limits.iter().map(|status| line_of(status, on_evm)).collect();
    lines.sort();
    Answer {
        verdict: match settlement.verdict {
            Verdict::Allow => "ALLOW",
            Verdict::Hold => "HOLD",
            Verdict::Deny => "DENY",
            Verdict::Undecided => "UNDECIDED",
        },
        action: match settlement.action {
            Action::Approve => "APPROVE",
            Action::Reject => "REJECT",
            Action::Ignore => "IGNORE",
            Action::Retry | Action::Undecided => "NEITHER",
        },
        why: why_of(settlement, expected),
        rules: rules.map(|rule| (rule.rule_id.clone(), rule.effect == Effect::Deny, rule.matched)).collect(),
        lines,
    }
}

fn why_of(settlement: &Settlement, expected: &Why) -> Why {
    let text = &settlement.reason.text;
    let name = |before: &str| {
        let rest = text.strip_prefix(before).unwrap_or_else(|| panic!("{text}"));
        rest.split([' ', ':']).next().unwrap().to_owned()
    };
    match settlement.reason.code {
        ReasonCode::DenyRule => Why::DenyRule(name("deny rule ")),
        ReasonCode::DenyRuleIndeterminate => Why::DenyRuleUnknown(name("deny rule ")),
        ReasonCode::NoAllowRule => Why::NoAllowRule,
        ReasonCode::LimitExceeded => Why::LimitExceeded(name("limit ")),
        ReasonCode::LimitIndeterminate => Why::LimitUnknown(name("limit ")),
        ReasonCode::Allowed => Why::Allowed(name("allow rule ")),
        ReasonCode::IntentChanged => Why::IntentChanged,
        ReasonCode::FieldMissing
        | ReasonCode::FieldInvalid
        | ReasonCode::FieldsDisagree
        | ReasonCode::AssetUnknown
        | ReasonCode::NoDestination => Why::Unreadable,
        other => panic!("{other:?}, and not {expected:?}"),
    }
}

fn line_of(status: &LimitStatus, on_evm: bool) -> Line {
    let units = |amount: policy::amount::Amount| amount.to_string().parse().unwrap();
    Line {
        limit: status.limit_id.clone(),
        key: status.key.iter().map(|(part, value)| (part.name().to_owned(), plain(value, on_evm))).collect(),
        used: units(status.used),
        requested: units(status.requested),
        max: units(status.max),
        headroom: units(status.headroom),
        exceeded: status.exceeded,
        unknown: status.indeterminate.is_some(),
    }
}

/// An EVM address is shown with its checksum.
fn plain(value: &str, on_evm: bool) -> String {
    if on_evm && value.starts_with("0x") { value.to_lowercase() } else { value.to_owned() }
}

/// Without every rule, limit and step that the difference does without.
fn shrunk(world: &World, mut case: Case) -> Case {
    loop {
        let less = smaller(&case).into_iter().find(|less| compare(world, less).is_err());
        match less {
            Some(less) => case = less,
            None => return case,
        }
    }
}

fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut without = |count: usize, take: &dyn Fn(&mut Case, usize)| {
        for index in 0..count {
            let mut less = case.clone();
            take(&mut less, index);
            if !less.steps.is_empty() {
                all.push(less);
            }
        }
    };
    without(case.steps.len(), &|case, index| {
        case.steps.remove(index);
        case.first -= usize::from(index < case.first);
    });
    without(case.first_limits.len(), &|case, index| drop(case.first_limits.remove(index)));
    without(case.plain.deny.len(), &|case, index| drop(case.plain.deny.remove(index)));
    without(case.plain.allow.len(), &|case, index| drop(case.plain.allow.remove(index)));
    without(case.plain.limits.len(), &|case, index| drop(case.plain.limits.remove(index)));
    all
}
