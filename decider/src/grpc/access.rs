//! Who gets in and what is granted to whom, as it is now: read by every handshake and every call, and replaced as a
//! whole.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tonic::Status;

use super::generations::CallGenerations;
use super::metrics::Metrics;
use super::shares::{Share, Shares};
use super::status::{self, NAMELESS, short};
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

/// The access in force. Clones share it.
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
    /// The first of its names, the one that it is called by in logs: SPIFFE ID, host name or subject.
    pub name: Arc<str>,
    /// What it may take of the room for calls, over all its connections.
    pub share: Arc<Share>,
    /// Its calls over this connection.
    pub generations: Arc<CallGenerations>,
    identities: Vec<Identity>,
    peer: Option<SocketAddr>,
    /// Whether anything is granted to it.
    known: AtomicBool,
    access: CurrentAccess,
    metrics: Arc<Metrics>,
}

impl Caller {
    /// Who showed this certificate, in DER, from this address.
    pub fn of(
        certificate: &[u8],
        peer: Option<SocketAddr>,
        shares: &Shares,
        access: CurrentAccess,
        metrics: Arc<Metrics>,
    ) -> Self {
        let identities = certificate::identities(certificate);
        let name = Arc::from(identities.first().map_or_else(|| NAMELESS.to_owned(), short));
        let (share, generations) = (shares.get_or_create(&name), Arc::default());
        let caller =
            Self { name, share, generations, identities, peer, known: false.into(), access, metrics };
        caller.look_again();
        caller
    }

    /// Where it comes from.
    pub fn peer(&self) -> String {
        self.peer.map(|peer| peer.to_string()).unwrap_or_default()
    }

    /// Whether anything is granted to it, by the grants as they were looked at last.
    pub fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// Looks at the grants of now.
    pub fn look_again(&self) {
        let known = self.access.load().grants.knows(&self.identities);
        self.known.store(known, Ordering::Relaxed);
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
        self.metrics.count_denied(verb);
        status::not_granted(&self.identities, missing, verb, tenant)
    }
}
