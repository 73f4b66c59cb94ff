//! Who may ask what (decision model, section 8): identities of certificates, and what is granted to each. Pure: it
//! knows neither files nor connections.

pub mod certificate;
pub mod identity;
mod subject;
mod error;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use error::IdentityError;
pub use identity::Identity;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Ask for decisions: `Decide`, `DecideConfigChange`.
    Decide,
    /// Look at the record: `GetDecision`.
    Read,
    /// Nothing yet: it is for the services of `countersign.admin.v1`.
    Administer,
}

/// For whose sake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenants {
    /// Of every tenant there is or will be.
    All,
    /// Of these.
    These(BTreeSet<String>),
}

/// What one identity may do: each of these verbs for each of these tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// For whom.
    pub tenants: Tenants,
    /// Which calls it may make.
    pub verbs: BTreeSet<Verb>,
}

/// All grants. The default grants nothing to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants(BTreeMap<Identity, Grant>);

/// What is missing where something is not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing is granted to any identity of the caller.
    Identity,
    /// Nothing is granted for this tenant.
    Tenant,
    /// Something is granted for this tenant, but not this verb.
    Verb,
}

impl Grants {
    /// Of one grant for each identity.
    pub fn new(grants: BTreeMap<Identity, Grant>) -> Self {
        Self(grants)
    }

    /// Whether a caller with these identities may do this: one grant of one of them must cover both tenant and verb.
    ///
    /// # Errors
    /// None does.
    pub fn permit(&self, caller: &[Identity], tenant: &str, verb: Verb) -> Result<(), Missing> {
        let mut missing = Missing::Identity;
        for grant in caller.iter().filter_map(|identity| self.0.get(identity)) {
            missing = match (grant.tenants.has(tenant), grant.verbs.contains(&verb)) {
                (true, true) => return Ok(()),
                (true, false) => Missing::Verb,
                (false, _) if missing == Missing::Verb => Missing::Verb,
                (false, _) => Missing::Tenant,
            };
        }
        Err(missing)
    }

    /// Whether anything is granted to a caller with these identities.
    pub fn knows(&self, caller: &[Identity]) -> bool {
        caller.iter().any(|identity| self.0.contains_key(identity))
    }

    /// For whom anybody may do this.
    pub fn tenants_of(&self, verb: Verb) -> Tenants {
        let mut names = BTreeSet::new();
        for grant in self.0.values().filter(|grant| grant.verbs.contains(&verb)) {
            match &grant.tenants {
                Tenants::All => return Tenants::All,
                Tenants::These(tenants) => names.extend(tenants.iter().cloned()),
            }
        }
        Tenants::These(names)
    }
}

impl Tenants {
    /// Whether this is one of them.
    pub fn has(&self, tenant: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(tenants) => tenants.contains(tenant),
        }
    }
}
