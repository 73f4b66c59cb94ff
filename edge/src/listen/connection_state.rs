//! One connection from its handshake to its end: who is on it, how much it may send, and when it has to end.

use std::{
    fmt::Display,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::time::{Duration, Instant};

use super::{
    connection_table::ConnectionSlot,
    listener_state::{ListenerState, Peer},
};
use crate::telemetry::{
    Shed,
    metrics::{ConnectionEnd, Unserved},
};

/// What a connection may send beside bodies: so much once, and so much for each request. It is many times what any
/// real caller sends, and ends floods of frames that carry no request.
const OVERHEAD_BYTES: u64 = 1 << 20;
const OVERHEAD_BYTES_PER_REQUEST: u64 = 64 << 10;
/// Of `head_since`: no head is being received.
const NO_HEAD: u64 = u64::MAX;

/// What is known of one open connection.
#[derive(Debug)]
pub(super) struct ConnectionState {
    pub(super) listener: Arc<ListenerState>,
    pub(super) peer: Peer,
    pub(super) http2: bool,
    pub(super) slot: ConnectionSlot,
    began: Instant,
    requests: AtomicU64,
    in_flight: AtomicUsize,
    /// Times are in milliseconds since the connection began. Since when no request is in flight:
    quiet_since: AtomicU64,
    /// Since when there are bytes that belong to no request yet.
    head_since: AtomicU64,
    bytes: AtomicU64,
    body_bytes: AtomicU64,
}

/// What to do when the timer of a connection fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerAction {
    /// Nothing yet: set the timer to this time.
    WaitUntil(Instant),
    /// It has reached its age: let it end when its requests in flight have ended.
    Retire,
    /// End it at once, for this reason.
    End(ConnectionEnd),
}

/// A request on a connection, from its headers until it is answered and its body is over.
#[derive(Debug)]
pub(super) struct BegunRequest(Arc<ConnectionState>);

impl BegunRequest {
    pub(super) fn begin(connection: &Arc<ConnectionState>) -> Arc<Self> {
        connection.begin_request();
        Arc::new(Self(Arc::clone(connection)))
    }
}

impl Deref for BegunRequest {
    type Target = ConnectionState;

    fn deref(&self) -> &ConnectionState {
        &self.0
    }
}

impl Drop for BegunRequest {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

impl ConnectionState {
    pub(super) fn begin(
        listener: Arc<ListenerState>,
        peer: Peer,
        http2: bool,
        slot: ConnectionSlot,
    ) -> Arc<Self> {
        Arc::new(Self {
            listener,
            peer,
            http2,
            slot,
            began: Instant::now(),
            requests: AtomicU64::default(),
            in_flight: AtomicUsize::default(),
            quiet_since: AtomicU64::default(),
            // The first head has begun.
            head_since: AtomicU64::default(),
            bytes: AtomicU64::default(),
            body_bytes: AtomicU64::default(),
        })
    }

    /// Notes that the library asks for bytes. Over HTTP/1.1 it does so while a request is in flight only when it has
    /// nothing left: whatever else it has then begins the next head, or belongs to a body.
    pub(super) fn note_read(&self) {
        if !self.http2 && self.in_flight.load(Ordering::Relaxed) > 0 {
            self.head_since.store(NO_HEAD, Ordering::Relaxed);
        }
    }

    /// Counts bytes that came. Whether the overhead beside bodies is still within its bound.
    pub(super) fn count_bytes(&self, bytes: usize) -> bool {
        if !self.http2 && self.head_since.load(Ordering::Relaxed) == NO_HEAD {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
        let bytes = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed).saturating_add(bytes as u64);
        let requests = self.requests.load(Ordering::Relaxed);
        let overhead = bytes.saturating_sub(self.body_bytes.load(Ordering::Relaxed));
        overhead <= OVERHEAD_BYTES.saturating_add(requests.saturating_mul(OVERHEAD_BYTES_PER_REQUEST))
    }

    /// Counts bytes that belong to a body: they are no overhead.
    pub(super) fn count_body_bytes(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes that the headers of a request are in. Over HTTP/1.1 there may be more behind them already.
    fn begin_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if self.http2 {
            self.head_since.store(NO_HEAD, Ordering::Relaxed);
        }
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that a request was answered, or given up.
    fn end_request(&self) {
        self.quiet_since.store(self.now(), Ordering::Relaxed);
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether it should end after the current answer: no request may come over it once the port is closed.
    pub(super) fn is_over(&self) -> bool {
        self.listener.is_leaving() || self.began.elapsed() >= self.listener.limits.max_connection_age
    }

    /// Counts that one of its requests met a limit.
    pub(super) fn count_shed(&self, shed: Shed) {
        self.listener.metrics.count_shed(shed, self.peer.address);
    }

    /// Counts and logs a request that was refused for its head, by the library or by us.
    pub(super) fn report_refused_head(&self, why: Unserved, reason: &dyn Display) {
        self.listener.report_refused_head(self.peer.address, why, reason);
    }

    /// What to do now that the timer has fired; `retired`: it was told to end already.
    pub(super) fn timer_action(&self, retired: bool) -> TimerAction {
        let (limits, now) = (&self.listener.limits, Instant::now());
        let retires = self.began + limits.max_connection_age;
        let retirement = (self.http2 && !retired).then_some(retires);
        if retirement.is_some_and(|due| due <= now) {
            return TimerAction::Retire;
        }
        // Until the caller has noticed that the connection ends, it may go on sending requests.
        let end = retired.then_some(retires + limits.request_timeout);
        if end.is_some_and(|due| due <= now) {
            return TimerAction::End(ConnectionEnd::Age);
        }
        match self.patience() {
            Some((due, reason)) if due <= now => TimerAction::End(reason),
            // A head that begins from now on has `header_timeout`, so look again by then.
            patience => {
                let dues = patience.map(|(due, _)| due).into_iter().chain(retirement).chain(end);
                TimerAction::WaitUntil(dues.fold(now + limits.header_timeout, Instant::min))
            }
        }
    }

    /// Until when to wait for a request, and which limit says so; `None` while one is in flight.
    fn patience(&self) -> Option<(Instant, ConnectionEnd)> {
        let limits = &self.listener.limits;
        let at = |millis, timeout| self.began + Duration::from_millis(millis) + timeout;
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let quiet_since = self.quiet_since.load(Ordering::Relaxed);
        Some(match self.head_since.load(Ordering::Relaxed) {
            NO_HEAD => (at(quiet_since, limits.idle_timeout), ConnectionEnd::IdleTimeout),
            // One that came ahead of an answer could not be read before it.
            since => (at(since.max(quiet_since), limits.header_timeout), ConnectionEnd::HeaderTimeout),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NO_HEAD - 1)
    }
}
