//! One connection from its handshake to its end: who is on it, what it may take, and when it has had its time.

use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::time::{Duration, Instant};

use super::{
    house::{Entered, House},
    seats::Seat,
};
use crate::telemetry::Shed;

/// What a connection may send beside bodies: so much once, and so much for each request. It is many times what any
/// caller in earnest sends, and ends floods of frames that ask for nothing.
const OVERHEAD_BYTES: u64 = 1 << 20;
const OVERHEAD_BYTES_PER_REQUEST: u64 = 64 << 10;
/// Of `head_since`: no head is being received.
const NO_HEAD: u64 = u64::MAX;

/// Who is on a connection, and what happens on it.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) house: Arc<House>,
    pub(super) entered: Entered,
    pub(super) http2: bool,
    pub(super) seat: Seat,
    began: Instant,
    requests: AtomicU64,
    in_hand: AtomicUsize,
    /// Times are in milliseconds since the connection began.
    quiet_since: AtomicU64,
    head_since: AtomicU64,
    bytes: AtomicU64,
    body_bytes: AtomicU64,
}

/// What is to be done about a connection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing. Look again at this time.
    Again(Instant),
    /// It is old enough: let it end when what is in flight has ended.
    Retire,
    /// End it at once, for this reason.
    End(&'static str),
}

impl Conversation {
    pub(super) fn begin(house: Arc<House>, entered: Entered, http2: bool, seat: Seat) -> Arc<Self> {
        Arc::new(Self {
            house,
            entered,
            http2,
            seat,
            began: Instant::now(),
            requests: AtomicU64::default(),
            in_hand: AtomicUsize::default(),
            quiet_since: AtomicU64::default(),
            // The first head has begun.
            head_since: AtomicU64::default(),
            bytes: AtomicU64::default(),
            body_bytes: AtomicU64::default(),
        })
    }

    /// Notes bytes that came. Whether that is still reasonable.
    pub(super) fn count_bytes(&self, bytes: usize) -> bool {
        let begins = !self.http2
            && self.in_hand.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == NO_HEAD;
        if begins {
            self.head_since.store(self.now(), Ordering::Relaxed);
        }
        let bytes = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed).saturating_add(bytes as u64);
        let requests = self.requests.load(Ordering::Relaxed);
        let overhead = bytes.saturating_sub(self.body_bytes.load(Ordering::Relaxed));
        overhead <= OVERHEAD_BYTES.saturating_add(requests.saturating_mul(OVERHEAD_BYTES_PER_REQUEST))
    }

    /// Notes bytes of a body, which had to come.
    pub(super) fn count_body_bytes(&self, bytes: usize) {
        self.body_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request has come as far as its headers.
    pub(super) fn begin_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.head_since.store(NO_HEAD, Ordering::Relaxed);
        self.in_hand.fetch_add(1, Ordering::Relaxed);
    }

    /// One that had has been answered, or given up.
    pub(super) fn end_request(&self) {
        self.quiet_since.store(self.now(), Ordering::Relaxed);
        self.in_hand.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether it should end after the answer that is being given: nobody is to ask on it when the port is closed.
    pub(super) fn is_over(&self) -> bool {
        self.house.is_leaving() || self.began.elapsed() >= self.house.limits.max_connection_age
    }

    /// One of its requests is turned away, or ends, for a limit.
    pub(super) fn count_shed(&self, shed: Shed) {
        self.house.metrics.count_shed(shed, self.entered.address);
    }

    /// The head of a request is none of ours, as the library told the caller or as we do.
    pub(super) fn report_refused_head(&self, outcome: &'static str, reason: &dyn Display) {
        self.house.report_refused_head(self.entered.address, outcome, reason);
    }

    /// What is to be done about it now.
    pub(super) fn look(&self, retired: bool) -> Look {
        let (limits, now) = (&self.house.limits, Instant::now());
        let retires = self.began + limits.max_connection_age;
        let retirement = (self.http2 && !retired).then_some(retires);
        if retirement.is_some_and(|due| due <= now) {
            return Look::Retire;
        }
        // A caller may ask on for as long as it does not take note of the end.
        let end = retired.then_some(retires + limits.request_timeout);
        if end.is_some_and(|due| due <= now) {
            return Look::End("age");
        }
        match self.patience() {
            Some((due, reason)) if due <= now => Look::End(reason),
            // A head that begins from now on is not due before that.
            patience => {
                let dues = patience.map(|(due, _)| due).into_iter().chain(retirement).chain(end);
                Look::Again(dues.fold(now + limits.header_timeout, Instant::min))
            }
        }
    }

    /// Until when to wait for a request, and which limit says so; `None` while one is in hand.
    fn patience(&self) -> Option<(Instant, &'static str)> {
        let limits = &self.house.limits;
        let at = |millis, timeout| self.began + Duration::from_millis(millis) + timeout;
        if self.in_hand.load(Ordering::Relaxed) > 0 {
            return None;
        }
        Some(match self.head_since.load(Ordering::Relaxed) {
            NO_HEAD => (at(self.quiet_since.load(Ordering::Relaxed), limits.idle_timeout), "idle_timeout"),
            since => (at(since, limits.header_timeout), "header_timeout"),
        })
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NO_HEAD - 1)
    }
}
