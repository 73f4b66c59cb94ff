//! The order of a policy decides nothing, and more of what denies, or of what is asked for, never allows more.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod support;

use policy::condition::Conditions;
use policy::evaluate::{Standing, evaluate};
use support::*;

/// The reason that a transfer is given by a policy of these deny and allow rules.
fn reason(deny: &[(&str, Conditions)], allow: &[(&str, Conditions)]) -> String {
    let rules = |rules: &[(&str, Conditions)]| {
        rules.iter().map(|(id, when)| rule(id, when.clone())).collect::<Vec<_>>()
    };
    let policy = policy::document::Policy { deny: rules(deny), allow: rules(allow), ..policy() };
    match evaluate(&policy, &transfer("tx", "1"), START).standing {
        Standing::Denied(reason) | Standing::Held(reason) => reason.text,
        Standing::Covered(rule) => rule,
    }
}

#[test]
fn a_person_is_told_of_the_first_rule_by_name() {
    let all = Conditions::default;
    let noted = || {
        let note = one_of(vec![policy::pattern::Pattern::parse("x").unwrap()]);
        let circumstances = policy::condition::CircumstanceConditions { note, ..Default::default() };
        Conditions { circumstances, ..all() }
    };
    let [x, y] = ["x", "y"];
    for (one, other) in [(x, y), (y, x)] {
        let matching = [(one, all()), (other, all())];
        let unknown = [(one, noted()), (other, noted())];
        assert_eq!(reason(&matching, &[("z", all())]), "deny rule x matches");
        assert_eq!(reason(&unknown, &[("z", all())]), "deny rule x: the note is missing");
        assert_eq!(reason(&[], &matching), "x");
        assert_eq!(reason(&[], &unknown), "no allow rule covers it; x cannot tell: the note is missing");
    }
}
