//! Whether what was answered over one limit's key can have come about one after the other, each answer at some moment
//! between its question and itself.
//!
//! The limit is a counter that only grows, as long as nothing leaves its window. Each answer says what it found the
//! counter at, which leaves nothing to search for but what became of questions that nobody answered: an answer that adds
//! is the one step from the value it found, a refusal stands at the value it found, and a gap between two steps is of
//! unanswered questions. What is left is time: the steps' moments must rise.

use std::collections::BTreeMap;

/// One request, however often it was asked, as those saw it who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// When it was first asked, by any clock that is the same for all and never steps.
    pub asked: u64,
    /// What it would add.
    pub amount: u128,
    /// What is known of it.
    pub outcome: Outcome,
}

/// What is known of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// When the first answer was there.
        at: u64,
        /// What it found the counter at.
        used: u128,
        /// What it did.
        effect: Effect,
    },
    /// It was not: it may have been allowed, and it may still be.
    Unknown,
}

/// What an answer did to the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It added its amount.
    Added,
    /// Nothing, because this limit had no room for it.
    HadNoRoom,
    /// Nothing, for another reason: it only looked.
    Looked,
}

/// Why a history cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// More than the max was allowed.
    #[error("{total} are counted, and the max is {max}")]
    OverMax {
        /// Counted by all steps.
        total: u128,
        /// The max.
        max: u128,
    },
    /// A refusal for want of room, and there was room.
    #[error("one of {amount} was refused at {used}: there was room")]
    HadRoom {
        /// Asked for.
        amount: u128,
        /// Found.
        used: u128,
    },
    /// Two steps from one value: each saw the counter without the other.
    #[error("two were added to {used}")]
    TwoSteps {
        /// The value.
        used: u128,
    },
    /// A value that the counter never had.
    #[error("one found {used}, which the counter was never at")]
    NeverAt {
        /// The value.
        used: u128,
    },
    /// An answer was there before the question after which it must stand.
    #[error(
        "the answer that found {used} was there at {answered}, and rests on one that was asked at {asked}"
    )]
    TooEarly {
        /// What it found.
        used: u128,
        /// When it was there.
        answered: u64,
        /// The latest question it rests on.
        asked: u64,
    },
}

/// Whether there is an order: none of the answers may be left out.
///
/// # Errors
/// Why there is none.
pub fn check(history: &[Operation], max: u128) -> Result<(), Impossible> {
    let (values, mut unknown) = (by_value(history)?, unknown(history));
    let (mut counter, mut now) = (0_u128, 0_u64);
    for (used, here) in values {
        now = now.max(fill(counter, used, &mut unknown)?);
        for operation in here.looks {
            stands(operation, used, max)?;
            now = moment(operation, used, now)?;
        }
        counter = used;
        if let Some(step) = here.step {
            now = moment(step, used, now)?;
            counter = used.saturating_add(step.amount);
        }
        if counter > max {
            return Err(Impossible::OverMax { total: counter, max });
        }
    }
    Ok(())
}

/// What was answered at one value of the counter.
#[derive(Default)]
struct Here<'a> {
    /// In the order of their questions.
    looks: Vec<&'a Operation>,
    step: Option<&'a Operation>,
}

fn by_value(history: &[Operation]) -> Result<BTreeMap<u128, Here<'_>>, Impossible> {
    let mut values: BTreeMap<u128, Here<'_>> = BTreeMap::new();
    for operation in history {
        let Outcome::Answered { used, effect, .. } = operation.outcome else { continue };
        let here = values.entry(used).or_default();
        match effect {
            // Nothing added changes nothing: it may stand anywhere at this value.
            Effect::Added if operation.amount > 0 => {
                if here.step.replace(operation).is_some() {
                    return Err(Impossible::TwoSteps { used });
                }
            }
            _ => here.looks.push(operation),
        }
    }
    values.values_mut().for_each(|here| here.looks.sort_by_key(|operation| operation.asked));
    Ok(values)
}

fn stands(operation: &Operation, used: u128, max: u128) -> Result<(), Impossible> {
    let amount = operation.amount;
    let refused = matches!(operation.outcome, Outcome::Answered { effect: Effect::HadNoRoom, .. });
    if refused && used.saturating_add(amount) <= max {
        return Err(Impossible::HadRoom { amount, used });
    }
    Ok(())
}

/// The earliest moment at which it can stand, after `now`.
fn moment(operation: &Operation, used: u128, now: u64) -> Result<u64, Impossible> {
    let asked = now.max(operation.asked);
    match operation.outcome {
        Outcome::Answered { at, .. } if at < asked => Err(Impossible::TooEarly { used, answered: at, asked }),
        _ => Ok(asked),
    }
}

/// Questions without an answer, the latest first: their amounts and when they were asked.
fn unknown(history: &[Operation]) -> BTreeMap<u128, Vec<u64>> {
    let mut unknown: BTreeMap<u128, Vec<u64>> = BTreeMap::new();
    for operation in history.iter().filter(|operation| operation.outcome == Outcome::Unknown) {
        unknown.entry(operation.amount).or_default().push(operation.asked);
    }
    for asked in unknown.values_mut() {
        asked.sort_unstable_by(|one, other| other.cmp(one));
    }
    unknown
}

/// Takes unanswered questions for the gap between two values, each time the earliest of an amount: it can stand wherever
/// a later one can. When the last of them was asked. What they add up to must be plain: one amount for a gap.
fn fill(from: u128, to: u128, unknown: &mut BTreeMap<u128, Vec<u64>>) -> Result<u64, Impossible> {
    let never = Impossible::NeverAt { used: to };
    let gap = to.checked_sub(from).ok_or(never.clone())?;
    if gap == 0 {
        return Ok(0);
    }
    let fits = |amount: u128, left: &Vec<u64>| {
        amount > 0
            && gap % amount == 0
            && usize::try_from(gap / amount).is_ok_and(|count| count <= left.len())
    };
    let (amount, left) = unknown.iter_mut().find(|(amount, left)| fits(**amount, left)).ok_or(never)?;
    let count = usize::try_from(gap / amount).unwrap_or_default();
    let taken = left.split_off(left.len().saturating_sub(count));
    Ok(taken.into_iter().max().unwrap_or_default())
}

#[cfg(test)]
mod tests;
