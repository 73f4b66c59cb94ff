//! Alternatives, or everything but them; and how the alternatives are then asked.

use std::collections::BTreeSet;

use crate::list::Reading;
use crate::truth::Truth;

/// One of several, or none of them: `[a, b]` and `{not: [a, b]}` in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice<T> {
    /// One of these.
    OneOf(T),
    /// None of these.
    NoneOf(T),
}

/// How one of the alternatives is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// Whether it is asked for, or ruled out.
    pub sense: Sense,
    /// How an entry without a tag is read.
    pub reading: Reading,
}

/// Whether a condition asks for its alternatives or rules them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// One of them it must be.
    Is,
    /// None of them it may be.
    IsNot,
}

impl<T> Choice<T> {
    /// What is asked for or ruled out.
    pub fn alternatives(&self) -> &T {
        match self {
            Self::OneOf(alternatives) | Self::NoneOf(alternatives) => alternatives,
        }
    }

    /// What is asked for; `None` where it is ruled out.
    pub fn one_of(&self) -> Option<&T> {
        match self {
            Self::OneOf(alternatives) => Some(alternatives),
            Self::NoneOf(_) => None,
        }
    }

    /// The same choice among something else.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Choice<U> {
        match self {
            Self::OneOf(alternatives) => Choice::OneOf(turn(alternatives)),
            Self::NoneOf(alternatives) => Choice::NoneOf(turn(alternatives)),
        }
    }

    /// Whether the choice holds, where `is_one` says whether it is one of the alternatives.
    pub fn holds(&self, reading: Reading, is_one: impl FnOnce(&T, Asking) -> Truth) -> Truth {
        match self {
            Self::OneOf(alternatives) => is_one(alternatives, Asking { sense: Sense::Is, reading }),
            Self::NoneOf(alternatives) => {
                // What is allowed because it is on no list may be on it neither under its own tag nor without one, and
                // what is denied because it is not on a list is spared only where it is under its own: the reading
                // turns over with the sense.
                !is_one(alternatives, Asking { sense: Sense::IsNot, reading: reading.opposite() })
            }
        }
    }
}

impl<T: Ord> Choice<BTreeSet<T>> {
    /// Whether a value is chosen. A missing one is unknown under either sense; `what` names it.
    pub fn has(&self, given: Option<&T>, what: &str) -> Truth {
        let Some(given) = given else { return Truth::unknown(format!("{what} is missing")) };
        self.includes(given).into()
    }

    /// Whether a value is chosen.
    pub fn includes(&self, value: &T) -> bool {
        match self {
            Self::OneOf(values) => values.contains(value),
            Self::NoneOf(values) => !values.contains(value),
        }
    }
}

impl Sense {
    /// The sense under a negation.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Is => Self::IsNot,
            Self::IsNot => Self::Is,
        }
    }

    /// What a part that does not apply is taken for: whatever makes the whole condition false (decision model,
    /// section 1).
    pub fn not_applicable(self) -> Truth {
        match self {
            Self::Is => Truth::False,
            Self::IsNot => Truth::True,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_unknown_under_either_sense() {
        let values = || BTreeSet::from(["a"]);
        for (choice, a, b) in [
            (Choice::OneOf(values()), Truth::True, Truth::False),
            (Choice::NoneOf(values()), Truth::False, Truth::True),
        ] {
            assert_eq!((choice.has(Some(&"a"), "x"), choice.has(Some(&"b"), "x")), (a, b));
            assert_eq!(choice.has(None, "x"), Truth::unknown("x is missing"));
        }
    }

    #[test]
    fn what_does_not_apply_makes_the_condition_false_under_either_sense() {
        for choice in [Choice::OneOf(()), Choice::NoneOf(())] {
            let truth = choice.holds(Reading::Wide, |(), asking| asking.sense.not_applicable());
            assert_eq!(truth, Truth::False, "{choice:?}");
        }
    }

    #[test]
    fn the_reading_turns_over_with_the_sense() {
        for reading in [Reading::Wide, Reading::Narrow] {
            let read = |choice: Choice<()>| {
                let mut read = None;
                choice.holds(reading, |(), asking| {
                    read = Some(asking.reading);
                    Truth::True
                });
                read.unwrap()
            };
            assert_eq!(read(Choice::OneOf(())), reading);
            assert_eq!(read(Choice::NoneOf(())), reading.opposite());
        }
    }
}
