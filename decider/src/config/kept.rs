//! Of a configuration what says where decisions are kept, and how long: whoever looks after a store on another machine, or
//! while somebody mends a policy, needs neither the decider's keys nor a policy without mistakes.

use std::path::{Path, PathBuf};

use super::{FIELDS, read_file, read_path, store, tenants};
use crate::grants::Tenants;
use crate::policy_file::{self, PolicyFile};
use crate::store::{Config as Store, Retention};
use crate::yaml::{Fields, Mistakes};

/// Where decisions are kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The store.
    pub store: Store,
    /// How long it keeps what decisions came out of.
    pub retention: Retention,
    /// Whose ledger it has.
    pub tenants: Tenants,
    policy: PathBuf,
}

impl Kept {
    /// The policy, read and checked.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn policy(&self) -> Result<PolicyFile, Mistakes> {
        policy_file::load(&self.policy)
    }
}

/// Reads it. What the configuration names beside it is not looked at.
///
/// # Errors
/// Every mistake in it.
pub fn kept(path: &Path) -> Result<Kept, Mistakes> {
    read_file(path, |reader, node, base| {
        let fields = Fields::of(reader, node, "a configuration", &FIELDS)?;
        let tenants = tenants::read(reader, &fields);
        let policy = fields.required(reader, "policy").and_then(|node| read_path(reader, node, base));
        let store = fields.required(reader, "store").and_then(|node| store::read(reader, node, base));
        let (store, retention) = store?;
        Some(Kept { store, retention, tenants: tenants?, policy: policy? })
    })
}
