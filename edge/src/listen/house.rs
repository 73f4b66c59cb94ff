//! What all connections of a listener share, and what they share out.

use std::{
    fmt::Display,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{net::TcpStream, sync::Semaphore, time::timeout};

use super::{
    config::{Config, Limits},
    fence::{Fence, LetIn, Refused, behind},
    proxied::ProxyHeaderError,
    seats::Seats,
    sources::Networks,
    supply::Supply,
};
use crate::telemetry::{
    Seldom, Shed,
    metrics::{Metrics, RequestLabels},
};

/// What to look at when TLS does not come about.
const HINT: &str = "does the caller believe our certificate (root, pin, name, dates), and where client_ca is, does it show one?";

/// Where a caller is, behind the proxy where there is one, and that the fence has let him in, where there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entered {
    pub(super) address: IpAddr,
    pub(super) let_in: Option<LetIn>,
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct House {
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) seats: Arc<Seats>,
    pub(super) requests: Supply,
    pub(super) body_memory: Supply,
    proxies: Networks,
    /// Connections at a time of proxies that have not said yet for whom they come.
    entering: Semaphore,
    /// `None`: callers prove who they are.
    fence: Option<Arc<Fence>>,
    refusals: Seldom,
    failures: Seldom,
    heads: Seldom,
    leaving: AtomicBool,
}

impl House {
    pub(super) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        let limits = config.limits;
        Self {
            seats: Seats::new(limits, Arc::clone(&metrics)),
            requests: Supply::new(limits.max_requests),
            body_memory: Supply::new(limits.max_body_memory),
            limits,
            metrics,
            proxies: config.proxies.clone(),
            entering: Semaphore::new(limits.max_handshakes),
            fence: config.fence.clone(),
            refusals: Seldom::default(),
            failures: Seldom::default(),
            heads: Seldom::default(),
            leaving: AtomicBool::default(),
        }
    }

    /// Lets a connection in, or not. Before it has a seat, which are by address: only a proxy of the list is waited for.
    pub(super) async fn let_in(&self, stream: &mut TcpStream, from: SocketAddr) -> Option<Entered> {
        let peer = match self.proxies.contains(from.ip()) {
            true => self.behind(stream, from).await?,
            false => from,
        };
        let address = peer.ip().to_canonical();
        match self.fence.as_ref().map(|fence| fence.admit(peer)).transpose() {
            Ok(let_in) => Some(Entered { address, let_in }),
            Err(refused) => self.refuse(refused),
        }
    }

    /// Who is behind a proxy.
    async fn behind(&self, stream: &mut TcpStream, proxy: SocketAddr) -> Option<SocketAddr> {
        let Ok(_turn) = self.entering.try_acquire() else {
            self.metrics.count_shed(Shed::Handshakes, proxy.ip().to_canonical());
            return None;
        };
        match timeout(self.limits.handshake_timeout, behind(stream, proxy)).await {
            Ok(Ok(peer)) => Some(peer),
            Ok(Err(refused)) => self.refuse(refused),
            Err(_) => self.refuse(Refused::Proxy(proxy.ip().to_canonical(), ProxyHeaderError::Late)),
        }
    }

    fn refuse<T>(&self, refused: Refused) -> Option<T> {
        self.metrics.count_refused_connection(refused.reason());
        if let Some(left_out) = self.refusals.now() {
            tracing::warn!(reason = %refused, left_out, "a connection was refused");
        }
        None
    }

    /// Why TLS did not come about: of a certificate that the caller does not believe nothing else is seen here.
    pub(super) fn report_failed_handshake(&self, address: IpAddr, error: &io::Error) {
        if let Some(left_out) = self.failures.now() {
            let (listener, hint) = (self.name(), HINT);
            tracing::warn!(listener, %address, reason = %error, left_out, hint, "a TLS handshake failed");
        }
    }

    /// What comes before any path is known is told here.
    pub(super) fn report_refused_head(&self, address: IpAddr, outcome: &'static str, reason: &dyn Display) {
        self.metrics.count_request(&RequestLabels { endpoint: "none", outcome });
        if let Some(left_out) = self.heads.now() {
            let listener = self.name();
            tracing::warn!(listener, %address, outcome, %reason, left_out, "a request was refused by its head");
        }
    }

    /// The port closes soon.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// As the configuration calls it: JSON mode is the one with a fence.
    fn name(&self) -> &'static str {
        if self.fence.is_some() { "json.listen" } else { "listen" }
    }
}
