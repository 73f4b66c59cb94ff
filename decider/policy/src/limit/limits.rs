//! All limits of a policy, as they look at charges.

use super::terms::Limit;
use crate::charge::Charge;
use crate::condition_index::ConditionIndex;
use crate::group::Groups;

/// The limits of a policy, with what they see a charge by.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// Each of them, in the order of the policy.
    pub all: &'a [Limit],
    /// What they see a charge by.
    pub groups: Groups<'a>,
    /// How those are found that may count a charge. Without it each of them is asked.
    pub index: Option<&'a ConditionIndex>,
}

impl<'a> Limits<'a> {
    /// Those that may count a charge, in their order: any other has no share of it, not even an unknown one.
    pub fn that_may_count(&self, charge: &Charge) -> Vec<&'a Limit> {
        let all = self.all;
        match self.index {
            Some(index) => {
                let intent = charge.intent.restated(self.groups.assets).intent;
                let signers = charge.parts.iter().map(|part| &part.signer);
                let positions = index.candidates(&intent, signers).into_iter();
                positions.filter_map(|position| all.get(position)).collect()
            }
            None => all.iter().collect(),
        }
    }
}
