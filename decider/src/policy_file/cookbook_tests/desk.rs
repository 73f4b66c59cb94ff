//! A policy with a ledger, asked at times that are written down.

use policy::document::Policy;
use policy::rehearsal::{self, Asked};
use policy::time::Time;
use policy::verdict::{Action, Verdict};

use super::ask::Ask;

pub struct Desk<'a>(rehearsal::Desk<'a>);

impl<'a> Desk<'a> {
    pub fn of(policy: &'a Policy) -> Self {
        Self(rehearsal::Desk::new(policy))
    }

    /// The verdict with its reason; `at` as RFC 3339 has it.
    pub fn answer(&mut self, number: usize, at: &str, ask: &Ask) -> String {
        let at: jiff::Timestamp = at.parse().unwrap();
        let at = Time::from_micros(at.as_microsecond());
        let settlement = self.0.ask(&Asked { request: ask.request(number), at }).settlement;
        let verdict = match (settlement.verdict, settlement.action) {
            (Verdict::Allow, Action::Approve) => "ALLOW",
            (Verdict::Deny, Action::Reject) => "DENY",
            (Verdict::Hold, Action::Ignore) => "HOLD, left to the console",
            (Verdict::Hold, Action::Reject) => "HOLD",
            other => panic!("{other:?}"),
        };
        format!("{verdict}: {}", settlement.reason.text)
    }
}
