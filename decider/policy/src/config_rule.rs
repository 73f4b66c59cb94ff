//! Rules over configuration changes: a name, and what is done to what.

mod wallet;

use crate::asset::Assets;
use crate::caller::CallerConditions;
use crate::request::ConfigChange;
use crate::truth::Truth;

pub use wallet::{ListedWallet, WalletConditions};

/// One rule over configuration changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigRule {
    /// Name in the policy, unique among its rules and limits.
    pub id: String,
    /// Of whom: who asks.
    pub caller: CallerConditions,
    /// What it does, to what.
    pub does: ConfigEffect,
}

/// What a rule does. Only what can be checked can be approved: there is no way to say more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigEffect {
    /// Approves that an address goes on the allowlist which is on a list of the policy.
    ApproveWallet(ListedWallet),
    /// Rejects that an address goes on the allowlist.
    RejectWallet(WalletConditions),
    /// Rejects every change of this kind.
    Reject(String),
}

impl ConfigRule {
    /// Whether it approves what it matches; otherwise it rejects.
    pub fn approves(&self) -> bool {
        matches!(self.does, ConfigEffect::ApproveWallet(_))
    }

    /// Whether it matches; the assets say how addresses are read.
    pub fn matches(&self, assets: &Assets, change: &ConfigChange) -> Truth {
        let done = match &self.does {
            ConfigEffect::ApproveWallet(wallet) => wallet.matches(assets, change),
            ConfigEffect::RejectWallet(wallet) => wallet.matches(assets, change),
            ConfigEffect::Reject(kind) => is_of_kind(change, kind),
        };
        Truth::all([self.caller.hold(&change.tenant, change.caller_proof), done])
    }
}

/// Without a kind it could be any.
fn is_of_kind(change: &ConfigChange, kind: &str) -> Truth {
    match change.kind.as_deref().filter(|kind| !kind.is_empty()) {
        Some(given) => (given == kind).into(),
        None => Truth::unknown("the type is missing"),
    }
}
