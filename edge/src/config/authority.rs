//! An authority that a configuration names.

use super::mistake::{Mistake, Spot};
use crate::certificate::Certificate;

/// Whose certificates are believed, and where it is named.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(super) at: Spot,
    pub(super) certificate: Certificate,
}

impl Authority {
    /// What somebody should look at, at this time.
    pub(super) fn warning(&self, now_seconds: i64) -> Option<Mistake> {
        let concern = self.certificate.concern_of_authority(now_seconds)?;
        let problem = format!("{} {concern}", self.certificate.subject);
        Some(Mistake { at: self.at.clone(), problem })
    }
}
