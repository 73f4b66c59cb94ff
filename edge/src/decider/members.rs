//! The deciders that are known at one moment, and which of them may be asked.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::{
    choose::{EndpointSet, choose},
    endpoint::Endpoint,
    health::probe,
};

/// The deciders that are known at one moment. Their places in the list do not change.
#[derive(Debug, Default)]
pub(super) struct Members(pub(super) Vec<Arc<Member>>);

/// A decider that is probed for as long as it is a member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its index in the list of addresses.
    pub(super) address: usize,
    pub(super) endpoint: Arc<Endpoint>,
    _probe: AbortOnDropHandle<()>,
}

impl Member {
    /// Needs a tokio runtime, for its probes.
    pub(super) fn new(address: usize, endpoint: Endpoint) -> Self {
        let endpoint = Arc::new(endpoint);
        let probe = tokio::spawn(probe(Arc::clone(&endpoint)));
        Self { address, endpoint, _probe: AbortOnDropHandle::new(probe) }
    }

    /// Whether both are the same decider.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        self.address == other.address && self.endpoint.address == other.endpoint.address
    }
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Arc<Endpoint>> {
        self.0.get(place).map(|member| &member.endpoint)
    }

    /// Those that can be asked and were not yet: the healthy ones, or all where none is healthy.
    pub(super) fn candidates(&self, asked: EndpointSet) -> EndpointSet {
        let healthy: EndpointSet = self.places(|endpoint| endpoint.is_healthy());
        if healthy.is_empty() { self.places(|_| true).without(asked) } else { healthy.without(asked) }
    }

    fn places(&self, are: impl Fn(&Endpoint) -> bool) -> EndpointSet {
        let members = self.0.iter().enumerate();
        members.filter(|(_, member)| are(&member.endpoint)).map(|(place, _)| place).collect()
    }

    /// The place of one that was not asked yet, as `random` draws.
    pub(super) fn choose(&self, asked: EndpointSet, random: u64) -> Option<usize> {
        let now = Instant::now();
        let cost = |place| self.get(place).map_or(u128::MAX, |endpoint| endpoint.cost(now));
        choose(self.candidates(asked), random, cost)
    }

    /// Logs of each that is not asked why, where that is news. Not of an address family of a name that never answers
    /// while the other one does.
    pub(super) fn log_unready(&self) {
        let is_reached =
            |address| self.0.iter().any(|other| other.address == address && other.endpoint.is_healthy());
        for Member { address, endpoint, .. } in self.0.iter().map(AsRef::as_ref) {
            let is_expected = endpoint.is_healthy() || (endpoint.is_unreached() && is_reached(*address));
            if !is_expected {
                endpoint.log_unready();
            }
        }
    }

    /// The first known cause why one of them is not asked.
    pub(super) fn cause(&self) -> Option<String> {
        self.0.iter().find_map(|member| member.endpoint.cause())
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.places(Endpoint::is_healthy).is_empty()
    }
}
