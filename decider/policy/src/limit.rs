//! Limits: caps over charges. One function says where a charge counts, for the charge that is asked for and
//! for every charge of the past alike, so that the two can never disagree.

mod share;

mod key;

mod cap;

use std::collections::BTreeSet;

use crate::amount::Amount;
use crate::charge::Charge;
use crate::condition::Conditions;
use crate::group::Groups;
use crate::intent::Intent;
use crate::time::Window;

pub use cap::{Cap, Unit};
pub use key::{Bucket, Key, KeyPart};
pub use share::{Quantity, Share, Shares};

/// A cap over the charges that share a key inside a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Name in the policy, unique among its rules and limits.
    pub id: String,
    /// Which destinations of which transactions it counts. Stages and totals are not asked.
    pub when: Conditions,
    /// What keeps sums apart.
    pub key: BTreeSet<KeyPart>,
    /// How much, of what.
    pub cap: Cap,
    /// Over how long.
    pub window: Window,
    /// What becomes of a transaction that does not fit.
    pub on_exceed: OnExceed,
    /// Whether people may decide at the console over what it holds.
    pub leave_to_console: bool,
}

/// What a limit does with a transaction that it has no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExceed {
    /// Denies it.
    #[default]
    Deny,
    /// Holds it.
    Hold,
}

impl Limit {
    /// Where a charge counts against this limit. Selectors and keys act per destination; destinations with the
    /// same key are one share; with the signer in the key the charge counts once for each signer.
    pub fn shares_of(&self, charge: &Charge, groups: Groups<'_>) -> Shares {
        share::of(self, charge, groups)
    }

    /// The most that may be in a sum. `None`: the cap says nothing of the key's asset, so nothing passes.
    pub fn max_of(&self, intent: &Intent) -> Option<Amount> {
        self.cap.max(&intent.asset)
    }

    /// The unit of its numbers.
    pub fn unit_of(&self, intent: &Intent) -> Unit {
        self.cap.unit(&intent.asset)
    }
}
