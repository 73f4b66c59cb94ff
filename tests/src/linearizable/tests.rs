use proptest::prelude::*;

use super::*;

const MAX: u128 = 10;

/// Asked, answered, amount, found.
fn added(asked: u64, at: u64, amount: u128, used: u128) -> Operation {
    Operation { asked, amount, outcome: Outcome::Answered { at, used, effect: Effect::Added } }
}

fn refused(asked: u64, at: u64, amount: u128, used: u128) -> Operation {
    Operation { asked, amount, outcome: Outcome::Answered { at, used, effect: Effect::HadNoRoom } }
}

fn looked(asked: u64, at: u64, used: u128) -> Operation {
    Operation { asked, amount: 1, outcome: Outcome::Answered { at, used, effect: Effect::Looked } }
}

fn unanswered(asked: u64, amount: u128) -> Operation {
    Operation { asked, amount, outcome: Outcome::Unknown }
}

#[test]
fn histories_that_can_have_come_about_are_believed() {
    for (what, history) in [
        ("nothing", vec![]),
        ("one after the other", vec![added(0, 1, 4, 0), added(2, 3, 6, 4), refused(4, 5, 1, 10)]),
        ("at once, in either order", vec![added(0, 9, 4, 6), added(0, 9, 6, 0), refused(0, 9, 5, 6)]),
        ("answered late, though first", vec![added(0, 9, 4, 0), added(2, 3, 6, 4)]),
        ("an unanswered one happened", vec![unanswered(0, 4), added(1, 2, 6, 4)]),
        ("an unanswered one did not happen", vec![unanswered(0, 4), added(1, 2, 10, 0)]),
        ("the earlier of two happened", vec![unanswered(5, 4), unanswered(0, 4), added(1, 2, 6, 4)]),
        ("looked in between", vec![added(0, 3, 4, 0), looked(1, 4, 4), looked(1, 4, 0)]),
        (
            "nothing was added",
            vec![added(0, 1, 0, 0), added(0, 1, 0, 0), added(0, 1, 10, 0), added(2, 3, 0, 10)],
        ),
    ] {
        assert_eq!(check(&history, MAX), Ok(()), "{what}");
    }
}

#[test]
fn histories_that_cannot_have_come_about_are_refused_and_it_is_said_why() {
    for (what, history, why) in [
        (
            "over the max",
            vec![added(0, 1, 6, 0), added(2, 3, 5, 6)],
            Impossible::OverMax { total: 11, max: 10 },
        ),
        (
            "one unit was given twice",
            vec![added(0, 9, 6, 0), added(0, 9, 6, 0)],
            Impossible::TwoSteps { used: 0 },
        ),
        (
            "refused though it had room",
            vec![added(0, 1, 4, 0), refused(2, 3, 6, 4)],
            Impossible::HadRoom { amount: 6, used: 4 },
        ),
        ("a decision was lost", vec![added(0, 1, 4, 0), added(2, 3, 4, 0)], Impossible::TwoSteps { used: 0 }),
        ("a charge of nobody", vec![added(0, 1, 4, 1)], Impossible::NeverAt { used: 1 }),
        ("half a charge was seen", vec![added(0, 9, 4, 0), looked(0, 9, 2)], Impossible::NeverAt { used: 2 }),
        (
            "too few unanswered ones",
            vec![unanswered(0, 4), added(1, 2, 1, 8)],
            Impossible::NeverAt { used: 8 },
        ),
        (
            "a stale look",
            vec![added(0, 1, 4, 0), looked(2, 3, 0), looked(0, 1, 4)],
            Impossible::TooEarly { used: 4, answered: 1, asked: 2 },
        ),
        (
            "a stale refusal",
            vec![added(0, 1, 4, 0), added(0, 3, 6, 4), refused(4, 5, 7, 4)],
            Impossible::TooEarly { used: 4, answered: 3, asked: 4 },
        ),
        (
            "it found what was asked for later",
            vec![added(5, 6, 4, 0), added(0, 4, 6, 4)],
            Impossible::TooEarly { used: 4, answered: 4, asked: 5 },
        ),
        (
            "an unanswered one came before it was asked",
            vec![unanswered(5, 4), added(1, 2, 6, 4)],
            Impossible::TooEarly { used: 4, answered: 2, asked: 5 },
        ),
    ] {
        // A stale look is told where the clock of the counter is found to go back, whichever answer that is.
        match (check(&history, MAX), &why) {
            (Err(Impossible::TooEarly { .. }), Impossible::TooEarly { .. }) => {}
            (told, _) => assert_eq!(told, Err(why), "{what}"),
        }
    }
}

/// Every order of the operations, with and without those that nobody answered.
fn some_order(left: &[Operation], counter: u128, now: u64) -> bool {
    if left.iter().all(|operation| operation.outcome == Outcome::Unknown) {
        return true;
    }
    (0..left.len()).any(|next| {
        let mut rest = left.to_vec();
        let operation = rest.remove(next);
        let at = now.max(operation.asked);
        let after = counter + operation.amount;
        match operation.outcome {
            Outcome::Unknown => after <= MAX && some_order(&rest, after, at),
            Outcome::Answered { at: until, .. } if at > until => false,
            Outcome::Answered { used, .. } if used != counter => false,
            Outcome::Answered { effect: Effect::Added, .. } => after <= MAX && some_order(&rest, after, at),
            Outcome::Answered { effect: Effect::HadNoRoom, .. } => {
                after > MAX && some_order(&rest, counter, at)
            }
            Outcome::Answered { effect: Effect::Looked, .. } => some_order(&rest, counter, at),
        }
    })
}

fn operation() -> impl Strategy<Value = Operation> {
    let at = (0_u64..8, 0_u64..4);
    (
        at,
        prop_oneof![Just(3_u128), Just(6), Just(1)],
        prop_oneof![Just(0_u128), Just(3), Just(6), Just(9), Just(10)],
        0..6,
    )
        .prop_map(|((asked, lasts), amount, used, kind)| match kind {
            0 => unanswered(asked, 3),
            1 => refused(asked, asked + lasts, amount, used),
            2 => looked(asked, asked + lasts, used),
            _ => added(asked, asked + lasts, amount, used),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn it_agrees_with_trying_every_order(history in prop::collection::vec(operation(), 0..5)) {
        prop_assert_eq!(check(&history, MAX).is_ok(), some_order(&history, 0, 0), "{:?}", history);
    }
}

/// As a real ledger would answer: each question stands at its own moment.
#[test]
fn thousands_of_operations_are_checked_at_once() {
    let count: u128 = 50_000;
    let mut history: Vec<Operation> = (0..count)
        .map(|number| {
            let moment = u64::try_from(number).unwrap() * 10 + 1_000;
            added(moment - 1_000, moment + 990, 1, number)
        })
        .collect();
    history.reverse();
    assert_eq!(check(&history, count), Ok(()));
    assert_eq!(check(&history, count - 1), Err(Impossible::OverMax { total: count, max: count - 1 }));
    history[7].asked += 2_000;
    assert!(check(&history, count).is_err());
}
