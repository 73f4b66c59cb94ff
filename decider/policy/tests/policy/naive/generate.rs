//! Random policies, and histories of requests in which they have something to say.

pub mod policies;
pub mod requests;

use policy::request::Request;

use super::model::{Plain, PlainLimit, START, Text, When};
use super::random::Random;

/// A policy, and what is asked of it one after the other.
#[derive(Debug, Clone)]
pub struct Case {
    pub plain: Plain,
    /// The limits of the first steps: those of the policy come later, and look at charges that they did not hold up.
    pub first_limits: Vec<PlainLimit>,
    /// How many steps those are.
    pub first: usize,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone)]
pub struct Step {
    /// Microseconds since 1970.
    pub at: i64,
    pub request: Request,
}

/// Decisions of one history.
pub const STEPS: usize = 10;

/// How far the clock moves between two requests, in seconds.
const MOVES: [i64; 10] = [0, 0, 1, 60, 600, 1800, 3600, 7200, 86_400, 259_200];

pub fn case(seed: u64) -> Case {
    let random = &mut Random::new(seed);
    let plain = policies::policy(random);
    let first_limits = (0..random.below(2)).map(|number| policies::limit(random, number)).collect();
    let first = random.below(STEPS);
    let gone = gone(random, &plain);
    let mut at = START * 1_000_000;
    let mut steps: Vec<Step> = Vec::new();
    for _ in 0..STEPS {
        // To the microsecond at which what came before leaves a window, or one beside it.
        at += random.one(&MOVES) * 1_000_000;
        if random.percent(10) {
            at += random.below(3) as i64 - 1;
        }
        let at_least = steps.last().map_or(START * 1_000_000, |step| step.at);
        at = at.max(at_least);
        let request = requests::request(random, &steps);
        steps.push(Step { at, request });
    }
    Case { plain: Plain { gone, ..plain }, first_limits, first, steps }
}

/// An asset that is taken out of the policy after the first steps. One that is named cannot be, and neither can the one
/// that the fees of others are paid in.
fn gone(random: &mut Random, plain: &Plain) -> Option<Text> {
    let gone = random.percent(20).then(|| random.one(&["USDC", "XRP"]))?;
    let rules = plain.deny.iter().chain(&plain.allow).map(|rule| &rule.when);
    let mut whens = rules.chain(plain.limits.iter().map(|limit| &limit.when));
    let is_named = |when: &When| {
        when.assets.as_ref().is_some_and(|pick| pick.of.contains(&gone))
            || when.fee.is_some_and(|(asset, _)| asset == gone)
    };
    (!whens.any(is_named)).then_some(gone)
}

impl Case {
    /// The policy at a step.
    pub fn plain_at(&self, step: usize) -> Plain {
        let mut plain = self.plain.clone();
        if step < self.first {
            plain.gone = None;
            plain.limits.clone_from(&self.first_limits);
        }
        plain
    }
}
