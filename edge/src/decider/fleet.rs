//! The deciders that are known now: what the addresses resolve to, looked up again and again.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    choose::{Dice, MAX_ENDPOINTS, Seats, choose},
    config::{Address, Identity},
    endpoint::Endpoint,
    health::{Health, probe},
    resolve::Resolve,
};
use crate::telemetry::metrics::Metrics;

/// Pause between lookups: how late a new decider is noticed.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(5);
/// The same while none is healthy.
const LOST_LOOKUP_INTERVAL: Duration = Duration::from_secs(1);
/// Up to a quarter more, so that edges do not look up at the same time.
const LOOKUP_JITTER_SHARE: u32 = 4;
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// The deciders, and what keeps them up to date.
#[derive(Debug)]
pub(super) struct Fleet {
    members: ArcSwap<Members>,
    addresses: Vec<Address>,
    identity: Identity,
    resolver: Arc<dyn Resolve>,
    changed: Arc<Notify>,
    dice: Dice,
    metrics: Arc<Metrics>,
}

/// The deciders at one moment. Their places do not change.
#[derive(Debug, Default)]
pub(super) struct Members(Vec<Arc<Member>>);

/// A decider that is probed for as long as it is a member.
#[derive(Debug)]
pub(super) struct Member {
    /// Where it stands in the list of addresses.
    address: usize,
    pub(super) endpoint: Arc<Endpoint>,
    _probe: AbortOnDropHandle<()>,
}

impl Members {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, place: usize) -> Option<&Arc<Endpoint>> {
        self.0.get(place).map(|member| &member.endpoint)
    }

    /// Those to ask beside those that were asked: the healthy ones; where none is, any, rather than nobody.
    pub(super) fn candidates(&self, asked: Seats) -> Seats {
        let healthy: Seats = self.places(|endpoint| endpoint.is_healthy());
        if healthy.is_empty() { self.places(|_| true).without(asked) } else { healthy.without(asked) }
    }

    fn places(&self, are: impl Fn(&Endpoint) -> bool) -> Seats {
        let members = self.0.iter().enumerate();
        members.filter(|(_, member)| are(&member.endpoint)).map(|(place, _)| place).collect()
    }

    fn cost(&self, place: usize, now: Instant) -> u128 {
        self.get(place).map_or(u128::MAX, |endpoint| endpoint.cost(now))
    }

    fn is_ready(&self) -> bool {
        !self.places(Endpoint::is_healthy).is_empty()
    }
}

impl Fleet {
    pub(super) fn new(
        addresses: Vec<Address>,
        identity: Identity,
        resolver: Arc<dyn Resolve>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
        Self {
            members: ArcSwap::default(),
            addresses,
            identity,
            resolver,
            changed: Arc::default(),
            dice: Dice::new(seed),
            metrics,
        }
    }

    pub(super) fn members(&self) -> Arc<Members> {
        self.members.load_full()
    }

    /// The place of one to ask beside those that were asked.
    pub(super) fn choose(&self, members: &Members, asked: Seats) -> Option<usize> {
        let now = Instant::now();
        choose(members.candidates(asked), self.dice.throw(), |place| members.cost(place, now))
    }

    /// Keeps members and health up to date for as long as it is polled.
    pub(super) async fn watch(&self, health: &Health) {
        tokio::join!(self.keep_known(), self.keep_health(health));
    }

    async fn keep_health(&self, health: &Health) {
        loop {
            let ready = self.members().is_ready();
            self.metrics.decider_ready.set(ready.into());
            if health.note(ready) {
                tracing::info!(ready, "decider readiness changed");
            }
            self.changed.notified().await;
        }
    }

    async fn keep_known(&self) {
        let mut known = vec![Vec::new(); self.addresses.len()];
        loop {
            self.look_up(&mut known).await;
            self.update(&known);
            let interval = if self.members().is_ready() { LOOKUP_INTERVAL } else { LOST_LOOKUP_INTERVAL };
            sleep(self.jittered(interval)).await;
        }
    }

    /// Looks up all addresses. One that cannot be looked up stays what is known of it.
    async fn look_up(&self, known: &mut [Vec<SocketAddr>]) {
        let mut lookups = JoinSet::new();
        for (index, address) in self.addresses.iter().enumerate() {
            let resolving = timeout(LOOKUP_TIMEOUT, self.resolver.resolve(address.host(), address.port()));
            lookups.spawn(async move { (index, resolving.await) });
        }
        while let Some(Ok((index, resolved))) = lookups.join_next().await {
            let host = self.addresses.get(index).map_or("", Address::host);
            match (resolved, known.get_mut(index)) {
                (Ok(Ok(found)), Some(known)) if !found.is_empty() => *known = found,
                (Ok(Err(error)), _) => tracing::warn!(host, %error, "the decider's name cannot be looked up"),
                _ => tracing::warn!(host, "the decider's name is not looked up in time, or has no address"),
            }
        }
    }

    /// Those that are known stay with all that is known of them; the others come and go.
    fn update(&self, known: &[Vec<SocketAddr>]) {
        let before = self.members();
        let wanted = wanted(known);
        let is = |member: &Member, (address, at)| member.address == address && member.endpoint.address == at;
        let members = wanted.iter().filter_map(|wanted| {
            let kept = before.0.iter().find(|member| is(member, *wanted)).cloned();
            kept.or_else(|| self.join(*wanted))
        });
        let members = Members(members.collect());
        for gone in before.0.iter().filter(|member| !wanted.iter().any(|wanted| is(member, *wanted))) {
            tracing::info!(endpoint = %gone.endpoint.address, "a decider is no longer known");
        }
        self.members.store(Arc::new(members));
        self.changed.notify_one();
    }

    fn join(&self, (address, at): (usize, SocketAddr)) -> Option<Arc<Member>> {
        let channel = self.identity.channel(self.addresses.get(address)?, at);
        let channel = channel
            .inspect_err(|error| tracing::error!(endpoint = %at, %error, "a decider cannot be asked"))
            .ok()?;
        let (changed, metrics) = (Arc::clone(&self.changed), Arc::clone(&self.metrics));
        let endpoint = Arc::new(Endpoint::new(at, channel, changed, metrics));
        let probe = AbortOnDropHandle::new(tokio::spawn(probe(Arc::clone(&endpoint))));
        tracing::info!(endpoint = %at, "a decider is known");
        Some(Arc::new(Member { address, endpoint, _probe: probe }))
    }

    fn jittered(&self, interval: Duration) -> Duration {
        const STEPS: u32 = 1 << 10;
        let step = u32::try_from(self.dice.throw() % u64::from(STEPS)).unwrap_or_default();
        interval + interval / LOOKUP_JITTER_SHARE * step / STEPS
    }
}

/// Every address once, in an order that stays, and not more than are kept.
fn wanted(known: &[Vec<SocketAddr>]) -> Vec<(usize, SocketAddr)> {
    let mut wanted: Vec<(usize, SocketAddr)> = Vec::new();
    for (address, found) in known.iter().enumerate() {
        let mut found = found.clone();
        found.sort_unstable();
        for at in found {
            if !wanted.iter().any(|(_, known)| *known == at) {
                wanted.push((address, at));
            }
        }
    }
    if wanted.len() > MAX_ENDPOINTS {
        tracing::warn!(found = wanted.len(), kept = MAX_ENDPOINTS, "more deciders than are kept");
        wanted.truncate(MAX_ENDPOINTS);
    }
    wanted
}
