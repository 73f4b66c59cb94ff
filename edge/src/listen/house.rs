//! What all connections of a listener share, and what they share out.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::{net::TcpStream, sync::Semaphore, time::timeout};

use super::{
    config::{Config, Limits},
    fence::{Fence, LetIn, Refused},
    seats::Seats,
    supply::Supply,
};
use crate::telemetry::{Seldom, Shed, metrics::Metrics};

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
    /// `None`: callers prove who they are.
    fence: Option<Arc<Fence>>,
    /// Connections at the fence at a time: those of proxies, which say for whom they come.
    entering: Semaphore,
    refusals: Seldom,
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
            fence: config.fence.clone(),
            entering: Semaphore::new(limits.max_handshakes),
            refusals: Seldom::default(),
        }
    }

    /// Lets a connection in, or not. Before it has a seat, which are by address: only a proxy of the list is waited for.
    pub(super) async fn let_in(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<Entered> {
        let Some(fence) = &self.fence else {
            return Some(Entered { address: peer.ip().to_canonical(), let_in: None });
        };
        let Ok(_turn) = self.entering.try_acquire() else {
            self.metrics.shed(Shed::Handshakes);
            return None;
        };
        match timeout(self.limits.handshake_timeout, fence.admit(stream, peer)).await {
            Ok(Ok(let_in)) => Some(Entered { address: let_in.peer().ip(), let_in: Some(let_in) }),
            Ok(Err(refused)) => {
                self.refused(refused);
                None
            }
            Err(_) => {
                self.metrics.failed_handshakes.inc();
                None
            }
        }
    }

    fn refused(&self, refused: Refused) {
        self.metrics.refused_connection(refused.reason());
        if let Some(left_out) = self.refusals.now() {
            tracing::warn!(reason = %refused, left_out, "a connection was refused");
        }
    }
}
