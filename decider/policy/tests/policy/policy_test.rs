//! A policy's own tests come out as decisions do.

use crate::support::*;
use policy::amount::Amount;
use policy::condition::Conditions;
use policy::document::Policy;
use policy::limit::{Cap, Limit};
use policy::policy_test::{
    Before, Expectation, Failure, PolicyTest, TestRun, TimedRequest, can_be_told, can_be_why,
};
use policy::prices::Prices;
use policy::request::{Request, Stage};
use policy::time::Time;
use policy::usd::Usd;
use policy::verdict::{Action, ReasonCode, Verdict};

fn asked(request: Request, seconds: i64) -> TimedRequest {
    TimedRequest {
        request,
        prices: Prices::NONE,
        at: Time::from_micros(START.as_micros() + seconds * SECOND),
    }
}

fn expect(verdict: Verdict) -> Expectation {
    Expectation { verdict, ..Expectation::default() }
}

fn run(
    policy: &Policy,
    history: Vec<TimedRequest>,
    asked: TimedRequest,
    expected: Expectation,
) -> Result<(), Failure> {
    let allowed = |asked| Before { asked, expected: Expectation::allowed() };
    PolicyTest { history: history.into_iter().map(allowed).collect(), asked, expected }.run(policy)
}

fn at_most(count: u64) -> Limit {
    limit("per-hour", Conditions::default(), &[], Cap::Count(count), 3_600)
}

/// Another transaction like it.
fn another(id: &str) -> Request {
    Request { callback_request_id: id.into(), tx_id: text(id), ..two_destinations() }
}

#[test]
fn what_comes_out_is_held_against_what_is_expected() {
    let policy = policy();
    let run = |expected| run(&policy, vec![], asked(two_destinations(), 0), expected).is_ok();
    assert!(run(expect(Verdict::Allow)));
    for verdict in [Verdict::Deny, Verdict::Hold, Verdict::Undecided] {
        assert!(!run(expect(verdict)), "{verdict:?}");
    }
    let allow = || expect(Verdict::Allow);
    let rule = policy.allow.first().unwrap().id.clone();
    assert!(run(Expectation { rule: Some(rule), ..allow() }));
    assert!(run(Expectation { action: Some(Action::Approve), reason: Some(ReasonCode::Allowed), ..allow() }));
    assert!(!run(Expectation { rule: text("another"), ..allow() }));
    assert!(!run(Expectation { limit: text("another"), ..allow() }));
    assert!(!run(Expectation { action: Some(Action::Reject), ..allow() }));
    assert!(!run(Expectation { reason: Some(ReasonCode::DenyRule), ..allow() }));
}

#[test]
fn each_rule_that_matches_is_one_that_decided() {
    let mut policy = policy();
    let again = policy.allow.iter().map(|each| rule(&format!("{}-again", each.id), each.when.clone()));
    policy.allow.extend(again.collect::<Vec<_>>());
    let covering = |rule: &str| Expectation { rule: text(rule), ..expect(Verdict::Allow) };
    let first = policy.allow.first().unwrap().id.clone();
    for name in [first.clone(), format!("{first}-again")] {
        assert_eq!(run(&policy, vec![], asked(two_destinations(), 0), covering(&name)), Ok(()), "{name}");
    }
    policy.deny.push(rule("never", Conditions::default()));
    let denied = |rule: &str| Expectation { rule: text(rule), ..expect(Verdict::Deny) };
    assert_eq!(run(&policy, vec![], asked(two_destinations(), 0), denied("never")), Ok(()));
    assert!(run(&policy, vec![], asked(two_destinations(), 0), denied(&first)).is_err(), "it did not decide");
}

#[test]
fn the_history_is_charged_and_time_goes_by() {
    let policy = Policy { limits: vec![at_most(1)], ..policy() };
    let history = || vec![asked(another("a"), 0)];
    let run = |seconds, expected| run(&policy, history(), asked(another("b"), seconds), expected);
    let denied = Expectation { limit: text("per-hour"), ..expect(Verdict::Deny) };
    assert_eq!(run(3_599, denied.clone()), Ok(()));
    assert_eq!(run(3_600, expect(Verdict::Allow)), Ok(()));
    assert!(run(3_600, denied).is_err());
}

#[test]
fn what_was_not_allowed_is_no_history() {
    let policy = Policy { limits: vec![at_most(1)], ..policy() };
    let history = vec![asked(another("a"), 0), asked(another("b"), 1), asked(another("c"), 2)];
    let failure = run(&policy, history, asked(another("d"), 3), expect(Verdict::Deny)).unwrap_err();
    let Failure::History(number, outcome) = failure else { panic!("{failure:?}") };
    assert_eq!((number, outcome.settlement.reason.code), (1, ReasonCode::LimitExceeded));
    assert_eq!(outcome.deciding_limits().collect::<Vec<_>>(), ["per-hour"]);
}

#[test]
fn a_limit_that_cannot_be_told_is_one_that_decided() {
    let cap = Cap::Usd(Usd::from_micros(Amount::from_u64(9_000_000_000)));
    let in_dollars = limit("usd-per-hour", Conditions::default(), &[], cap, 3_600);
    let policy = Policy { limits: vec![at_most(2), in_dollars], ..policy() };
    let mut unpriced = two_destinations();
    unpriced.destinations.iter_mut().for_each(|each| each.amount_usd = None);
    let run = |limit: &str| {
        let held = Expectation { reason: Some(ReasonCode::LimitIndeterminate), ..expect(Verdict::Hold) };
        run(&policy, vec![], asked(unpriced.clone(), 0), Expectation { limit: text(limit), ..held })
    };
    assert_eq!(run("usd-per-hour"), Ok(()));
    assert!(run("per-hour").is_err(), "it has room");
}

#[test]
fn a_request_that_cannot_be_read_is_denied_by_its_reason_alone() {
    let policy = policy();
    let mistyped = || asked(Request { asset: text("EHT"), ..two_destinations() }, 0);
    assert!(run(&policy, vec![], mistyped(), expect(Verdict::Deny)).is_err());
    let meant = Expectation { reason: Some(ReasonCode::AssetUnknown), ..expect(Verdict::Deny) };
    assert_eq!(run(&policy, vec![], mistyped(), meant), Ok(()));
}

#[test]
fn a_request_that_comes_again_gets_its_answer_and_is_charged_once() {
    let policy = Policy { limits: vec![at_most(2)], ..policy() };
    let mut run = TestRun::new(&policy);
    let first = run.ask(&asked(another("a"), 0));
    assert_eq!(run.ask(&asked(another("a"), 1)), first);
    assert_eq!(run.ask(&asked(another("b"), 2)).settlement.verdict, Verdict::Allow);
    assert_eq!(run.ask(&asked(another("c"), 3)).settlement.reason.code, ReasonCode::LimitExceeded);
    let changed = Request { note: text("another"), ..another("a") };
    assert_eq!(run.ask(&asked(changed, 4)).settlement.reason.code, ReasonCode::ContentChanged);
}

#[test]
fn what_can_never_come_out_is_known() {
    use Stage::{Approval, Signing};
    for (verdict, action, stage, possible) in [
        (Verdict::Allow, Action::Approve, Signing, true),
        (Verdict::Allow, Action::Reject, Signing, false),
        (Verdict::Deny, Action::Ignore, Approval, false),
        (Verdict::Hold, Action::Reject, Signing, true),
        (Verdict::Hold, Action::Ignore, Signing, false),
        (Verdict::Hold, Action::Ignore, Approval, true),
        (Verdict::Hold, Action::Retry, Approval, false),
    ] {
        assert_eq!(can_be_told(verdict, action, stage), possible, "{verdict:?} {action:?} {stage:?}");
    }
    assert!(
        can_be_why(Verdict::Allow, ReasonCode::Allowed) && !can_be_why(Verdict::Deny, ReasonCode::Allowed)
    );
    assert!(can_be_why(Verdict::Hold, ReasonCode::LimitExceeded));
    assert!(!can_be_why(Verdict::Hold, ReasonCode::DenyRule));
    assert!(!can_be_why(Verdict::Deny, ReasonCode::ConfigChangeRule));
}
