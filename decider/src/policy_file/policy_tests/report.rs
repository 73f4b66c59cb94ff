//! What became of the tests, in words.

use policy::document::Policy;
use policy::policy_test::{Expectation, Failure, Outcome};
use policy::verdict::ReasonCode;

use super::PlacedTest;
use crate::telemetry::word;
use crate::yaml::{Mistake, Place};

/// What became of one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// What people call it.
    pub name: String,
    /// What came out otherwise, with its place; `None`: it passed.
    pub failure: Option<Mistake>,
}

/// Plays a test through; what is wrong with it stands at a place of the policy's files.
pub fn failure(placed: &PlacedTest, policy: &Policy) -> Option<(Place, String)> {
    let PlacedTest { name, test, .. } = placed;
    match test.run(policy).err()? {
        Failure::History(number, outcome) => {
            let at = placed.history.get(number).copied().unwrap_or(placed.at);
            let before = test.history.get(number).map(|before| &before.expected);
            Some((at, format!("test {name}: {}", of_history(before, &outcome))))
        }
        Failure::Asked(outcome) => {
            let expected = &test.expected;
            let got = came_out(&outcome, expected.action.is_some());
            let hint = hint(expected, &outcome);
            Some((placed.at, format!("test {name}: expected {}; got {got}{hint}", in_words(expected))))
        }
    }
}

/// What is wrong with an entry of a history.
fn of_history(expected: Option<&Expectation>, outcome: &Outcome) -> String {
    match expected.filter(|expected| **expected != Expectation::allowed()) {
        Some(expected) => {
            let got = came_out(outcome, expected.action.is_some());
            let hint = hint(expected, outcome);
            format!("in the history, expected {}; got {got}{hint}", in_words(expected))
        }
        None => {
            let got = came_out(outcome, true);
            format!("what stands in the history must come out ALLOW, or say what it expects; got {got}")
        }
    }
}

fn in_words(expected: &Expectation) -> String {
    let mut words = word(&expected.verdict).to_owned();
    if let Some(reason) = expected.reason {
        words = format!("{words} {}", word(&reason));
    }
    if let Some(rule) = &expected.rule {
        words = format!("{words} by {rule}");
    }
    if let Some(limit) = &expected.limit {
        words = format!("{words} by limit {limit}");
    }
    if let Some(part) = &expected.says {
        words = format!("{words}, saying \"{part}\"");
    }
    match expected.action {
        Some(action) => format!("{words}, told as {}", word(&action)),
        None => words,
    }
}

fn came_out(outcome: &Outcome, with_action: bool) -> String {
    let settlement = &outcome.settlement;
    let (verdict, code) = (word(&settlement.verdict), word(&settlement.reason.code));
    let told = if with_action { format!(", told as {}", word(&settlement.action)) } else { String::new() };
    match settlement.reason.code {
        ReasonCode::Allowed => {
            let rules: Vec<&str> = outcome.deciding_rules().collect();
            format!("{verdict} by {}{told}", rules.join(", "))
        }
        _ => format!("{verdict} {code}{told}: {}", settlement.reason.text),
    }
}

/// Why a verdict that is the expected one is not enough.
fn hint(expected: &Expectation, outcome: &Outcome) -> &'static str {
    let unread = outcome.evaluation.intent.is_none() && expected.reason.is_none();
    if unread && expected.verdict == outcome.settlement.verdict {
        " (no rule had a look at it: where that is meant, expect the reason, too)"
    } else {
        ""
    }
}
