//! Assets the policy knows. What it does not know is denied, never skipped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Chain;
use crate::amount::Decimals;

/// The assets a policy knows, by id.
pub type Assets = BTreeMap<String, Asset>;

/// What the policy says of one asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The chain its addresses belong to.
    pub chain: Chain,
    /// Decimals of its base unit.
    pub decimals: Decimals,
    /// Whether a destination of it is complete without a tag or memo.
    pub tag: TagRule,
    /// The asset its fees are paid in, known to the policy; `None` is itself, unless the policy forgot to say.
    pub fee_asset: Option<String>,
}

/// The asset that fees of this one are paid in, with its id.
pub fn fee_asset<'a>(assets: &'a Assets, id: &'a str) -> Option<(&'a str, &'a Asset)> {
    let id = assets.get(id)?.fee_asset.as_deref().unwrap_or(id);
    Some((id, assets.get(id)?))
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
