//! Assets the policy knows. What it does not know is denied, never skipped.

use serde::{Deserialize, Serialize};

use crate::address::Chain;
use crate::amount::Decimals;

/// What the policy says of one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The chain its addresses belong to.
    pub chain: Chain,
    /// Decimals of its base unit.
    pub decimals: Decimals,
    /// Whether a destination of it is complete without a tag or memo.
    pub tag: TagRule,
}

/// Whether addresses of an asset need a tag or memo to name one receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TagRule {
    /// A missing tag means that there is none.
    #[default]
    Optional,
    /// A missing tag makes the address match indeterminate (decision model, section 5).
    Required,
}
