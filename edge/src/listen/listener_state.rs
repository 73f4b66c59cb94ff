//! What all connections of a listener share.

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
    connection_table::ConnectionTable,
    fence::{Fence, LetIn, Refused, behind},
    proxied::ProxyHeaderError,
    shared_budget::SharedBudget,
    sources::Networks,
};
use crate::telemetry::{
    LogThrottle, Shed,
    metrics::{Metrics, Unserved},
};

/// What to check when TLS handshakes fail.
const HINT: &str = "check that the caller trusts our certificate (root, pin, name, dates) and, where client_ca is set, that it \
                    sends one";

/// Where a caller is (behind the proxy, if there is one), and proof that the fence let it in (if there is one).
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) address: IpAddr,
    pub(super) let_in: Option<LetIn>,
}

/// What all connections of a listener share, from its limits to the logs.
#[derive(Debug)]
pub(super) struct ListenerState {
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) connections: Arc<ConnectionTable>,
    pub(super) requests: SharedBudget,
    pub(super) body_memory: SharedBudget,
    proxies: Networks,
    /// Permits for proxies' connections whose PROXY header has not come yet.
    entering: Semaphore,
    /// `None`: JWT mode, where callers prove who they are.
    fence: Option<Arc<Fence>>,
    accept_log: LogThrottle,
    refusal_log: LogThrottle,
    handshake_log: LogThrottle,
    head_log: LogThrottle,
    leaving: AtomicBool,
}

impl ListenerState {
    pub(super) fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        let limits = config.limits;
        Self {
            connections: ConnectionTable::new(limits, Arc::clone(&metrics)),
            requests: SharedBudget::new(limits.max_requests),
            body_memory: SharedBudget::new(limits.max_body_memory),
            limits,
            metrics,
            proxies: config.proxies.clone(),
            entering: Semaphore::new(limits.max_handshakes),
            fence: config.fence.clone(),
            accept_log: LogThrottle::default(),
            refusal_log: LogThrottle::default(),
            handshake_log: LogThrottle::default(),
            head_log: LogThrottle::default(),
            leaving: AtomicBool::default(),
        }
    }

    /// Logs that the machine cannot accept: callers can keep it so, by holding all that it has.
    pub(super) fn report_failed_accept(&self, error: &io::Error) {
        if let Some(left_out) = self.accept_log.try_log() {
            tracing::warn!(listener = self.name(), %error, left_out, "cannot accept a connection");
        }
    }

    /// Lets a connection in, or refuses it. It has no slot yet, as those are counted by the caller's address, which a
    /// proxy has yet to name.
    pub(super) async fn let_in(&self, stream: &mut TcpStream, from: SocketAddr) -> Option<Peer> {
        let peer = match self.proxies.contains(from.ip()) {
            true => self.behind(stream, from).await?,
            false => from,
        };
        let address = peer.ip().to_canonical();
        match self.fence.as_ref().map(|fence| fence.admit(peer)).transpose() {
            Ok(let_in) => Some(Peer { address, let_in }),
            Err(refused) => self.refuse(refused),
        }
    }

    /// The caller behind a proxy.
    async fn behind(&self, stream: &mut TcpStream, proxy: SocketAddr) -> Option<SocketAddr> {
        let Ok(_permit) = self.entering.try_acquire() else {
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
        self.metrics.count_refused_connection(refused.into());
        if let Some(left_out) = self.refusal_log.try_log() {
            tracing::warn!(reason = %refused, left_out, "a connection was refused");
        }
        None
    }

    /// Logs why TLS failed: a caller that rejects our certificate leaves no other trace here.
    pub(super) fn report_failed_handshake(&self, address: IpAddr, error: &io::Error) {
        if let Some(left_out) = self.handshake_log.try_log() {
            let (listener, hint) = (self.name(), HINT);
            tracing::warn!(listener, %address, reason = %error, left_out, hint, "a TLS handshake failed");
        }
    }

    /// Counts and logs a request that was refused before its path was known.
    pub(super) fn report_refused_head(&self, address: IpAddr, why: Unserved, reason: &dyn Display) {
        self.metrics.count_unserved(why);
        if let Some(left_out) = self.head_log.try_log() {
            let (listener, outcome) = (self.name(), why.as_str());
            tracing::warn!(listener, %address, outcome, %reason, left_out, "a request was refused by its head");
        }
    }

    /// Notes that the port closes soon.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Relaxed)
    }

    /// Its section in the configuration: JSON mode is the one with a fence.
    fn name(&self) -> &'static str {
        if self.fence.is_some() { "json.listen" } else { "listen" }
    }
}
