//! What the number of rules costs an evaluation, in instructions: they are counted, so that no other load of the
//! machine is in them.
//!
//! Callgrind counts inside one function only, and of two counts for different numbers of evaluations the difference
//! is taken. The seeds of hash tables cannot be fixed, so that every count is made several times.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use decider::grpc::convert;
use policy::address::Chain;
use policy::amount::{Amount, Decimals};
use policy::asset::{Asset, TagRule};
use policy::choice::Choice;
use policy::condition::{AccountMatcher, Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::prices::Prices;
use policy::request::Request;
use policy::rule::Rule;
use policy::time::Time;

use super::error::Error;
use super::load::as_float;
use super::policies::{FEW_RULES, MANY_RULES, Many, vault};
use super::report::{Goal, Row, Unit, progress};
use super::rounds::Pairs;

/// Of the instructions with few rules.
const GOAL: f64 = 1.5;

/// Evaluations of the two counts that are subtracted.
const TIMES: [usize; 2] = [200, 1_200];

const VALGRIND: &str = "valgrind";
/// The function that is counted, as callgrind matches names.
const COUNTED: &str = "*evaluate_in_turn*";

/// What the child process is told.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How many rules
    #[arg(long)]
    rules: usize,
    /// How many evaluations
    #[arg(long)]
    times: usize,
}

/// Evaluates in this process: what callgrind looks at.
pub fn run(arguments: &Arguments) -> Result<(), Error> {
    let (policy, many) = (policy_of(arguments.rules), Many::Rules(arguments.rules));
    let requests: Vec<Request> = (0..arguments.times)
        .map(|index| convert::transaction(many.question(index)))
        .collect::<Result<_, _>>()
        .map_err(|_| Error::Key("a question of the bench".to_owned()))?;
    let covered = evaluate_in_turn(&policy, &requests);
    if covered == requests.len() { Ok(()) } else { Err(Error::NotAllowed(format!("{covered} were covered"))) }
}

/// What the decider makes of [`Many::Rules`], without the reading: under valgrind that takes a minute.
fn policy_of(rules: usize) -> Policy {
    let asset =
        Asset { chain: Chain::Evm, decimals: Decimals::EIGHTEEN, tag: TagRule::Optional, fee_asset: None };
    let assets = [("ETH".to_owned(), asset)].into();
    Policy { assets, allow: (0..rules).map(rule).collect(), ..Policy::default() }.indexed()
}

fn rule(number: usize) -> Rule {
    let account = |id| AccountMatcher { kind: "VAULT".to_owned(), id };
    let to = vault(number);
    let id = format!("to-{to}");
    let destination =
        DestinationMatcher { account: Some(account(Some(to))), ..DestinationMatcher::default() };
    let when = Conditions {
        sources: Some(Choice::OneOf(vec![account(None)].into())),
        destinations: Some(Choice::OneOf(vec![destination])),
        assets: Some(Arc::new(BTreeSet::from(["ETH".to_owned()]))),
        amount: Range { max: Some(Amount::from_u64(1_000_000_000_000_000_000)), over: None },
        ..Conditions::default()
    };
    Rule { id, when, leave_to_console: false }
}

/// Each once. Never inlined: callgrind finds it by its name.
#[inline(never)]
fn evaluate_in_turn(policy: &Policy, requests: &[Request]) -> usize {
    let at = Time::from_micros(1_800_000_000_000_000);
    let evaluated = requests.iter().map(|request| evaluate(policy, request, &Prices::NONE, at));
    evaluated.filter(|each| matches!(each.before_limits, BeforeLimits::Covered(_))).count()
}

/// Instructions of an evaluation with many rules over that with few.
pub fn measure(counts: usize) -> Result<Row, Error> {
    let (what, against) = ("evaluation with 10,000 rules, instructions", "10 rules");
    if !valgrind_is_there() {
        return Ok(Row::not_measured(what, against, Goal::AtMost(GOAL), "install valgrind"));
    }
    let mut pairs = Pairs::default();
    for round in 1..=counts {
        progress(what, round, counts);
        pairs.push(instructions(MANY_RULES)?, instructions(FEW_RULES)?)?;
    }
    Ok(Row {
        what: what.to_owned(),
        against: against.to_owned(),
        goal: Goal::AtMost(GOAL),
        figure: pairs.ratio()?,
        unit: Unit::Times,
        detail: format!(
            "{:.0} instructions against {:.0}, by callgrind; hash seeds differ between runs",
            pairs.ours()?,
            pairs.reference()?
        ),
    })
}

/// Instructions of one evaluation.
fn instructions(rules: usize) -> Result<f64, Error> {
    let [few, many] = TIMES.map(|times| Ok::<_, Error>((as_float(times), count(rules, times)?)));
    let ((few, of_few), (many, of_many)) = (few?, many?);
    Ok((of_many - of_few) / (many - few))
}

/// Instructions of so many evaluations.
fn count(rules: usize, times: usize) -> Result<f64, Error> {
    let program = std::env::current_exe().map_err(Error::io("cannot find the bench itself"))?;
    let output = Command::new(VALGRIND)
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(program)
        .args(["evaluate", "--rules", &rules.to_string(), "--times", &times.to_string()])
        .output()
        .map_err(Error::io("cannot start valgrind"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = collected(&said).filter(|count| output.status.success() && *count > 0.0);
    counted.ok_or_else(|| Error::Child(format!("valgrind counts nothing: {}", last_line(&said))))
}

fn valgrind_is_there() -> bool {
    Command::new(VALGRIND).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// `==123== Collected : 456`.
fn collected(said: &str) -> Option<f64> {
    let count = said.lines().find_map(|line| line.split_once("Collected :"))?.1;
    count.trim().parse().ok()
}

fn last_line(said: &str) -> &str {
    said.lines().next_back().unwrap_or("it says nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read() {
        assert_eq!(
            collected("==7== \n==7== Events    : Ir\n==7== Collected : 16542190\n"),
            Some(16_542_190.0)
        );
        assert_eq!(collected("==7== Collected :\n"), None);
        assert_eq!(collected("no such tool"), None);
    }

    #[test]
    fn every_evaluation_that_is_counted_is_covered() {
        let arguments = |rules| Arguments { rules, times: 40 };
        run(&arguments(20)).unwrap();
        assert!(matches!(run(&arguments(0)), Err(Error::NotAllowed(_))));
    }

    #[test]
    fn the_rules_are_those_that_the_decider_reads() {
        let read = decider::policy_file::read("policy.yaml", &Many::Rules(20).policy()).unwrap().policy;
        let made = policy_of(20);
        assert_eq!((&read.allow, &read.deny, &read.assets), (&made.allow, &made.deny, &made.assets));
    }
}
