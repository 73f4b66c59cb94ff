//! Who gets in and what is granted to whom, as it is now: read by every handshake and every call, and replaced as a
//! whole.

use std::sync::Arc;

use tokio::sync::watch;
use tonic::Status;

use super::metrics::Metrics;
use super::status;
use super::tls::Tls;
use crate::grants::{Grants, Identity, Missing, Verb, certificate};

/// Who we are, whose certificates we take, and what is granted.
#[derive(Debug, Clone)]
pub struct Access {
    /// Certificates.
    pub tls: Tls,
    /// Grants.
    pub grants: Grants,
}

/// The access of the time. Clones are the same one.
#[derive(Clone)]
pub struct CurrentAccess(Arc<watch::Sender<Arc<Access>>>);

impl CurrentAccess {
    /// This, until it is replaced.
    pub fn new(access: Access) -> Self {
        Self(Arc::new(watch::Sender::new(Arc::new(access))))
    }

    /// As it is now.
    pub fn load(&self) -> Arc<Access> {
        Arc::clone(&self.0.borrow())
    }

    /// From here on this.
    pub fn replace(&self, access: Access) {
        self.0.send_replace(Arc::new(access));
    }

    /// To be told of what replaces it.
    pub fn changes(&self) -> watch::Receiver<Arc<Access>> {
        self.0.subscribe()
    }
}

/// Who is at the other end of a connection. Found out once, when it is made.
pub struct Caller {
    identities: Vec<Identity>,
    access: CurrentAccess,
    metrics: Arc<Metrics>,
}

impl Caller {
    /// Who showed this certificate, in DER.
    pub fn of(certificate: &[u8], access: CurrentAccess, metrics: Arc<Metrics>) -> Self {
        Self { identities: certificate::identities(certificate), access, metrics }
    }

    /// Whether it may do this for this tenant, by the grants of now.
    ///
    /// # Errors
    /// PERMISSION_DENIED.
    pub fn permit(&self, verb: Verb, tenant: &str) -> Result<(), Status> {
        let permitted = self.access.load().grants.permit(&self.identities, tenant, verb);
        permitted.map_err(|missing| self.denied(missing, verb, tenant))
    }

    fn denied(&self, missing: Missing, verb: Verb, tenant: &str) -> Status {
        self.metrics.denied(verb);
        status::not_granted(&self.identities, missing, verb, tenant)
    }
}
