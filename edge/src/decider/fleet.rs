//! The deciders that are known now: what the addresses resolve to, looked up periodically.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{
    address::Address,
    choose::{EndpointSet, MAX_ENDPOINTS},
    config::Config,
    endpoint::Endpoint,
    fleet_name::FleetName,
    health::Health,
    identity::{ClientIdentity, IdentityFiles},
    members::{Member, Members},
    resolve::Resolve,
};
use crate::telemetry::metrics::{FleetMetrics, ReloadOutcome};

/// Pause between lookups: how late a new decider is noticed.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(5);
/// The same while none is healthy.
const LOST_LOOKUP_INTERVAL: Duration = Duration::from_secs(1);
/// The largest jitter is this part of the interval.
const LOOKUP_JITTER_SHARE: u32 = 4;
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often we look for deciders that are not asked. The first look is late enough for the others to be healthy.
const TELL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a new identity may take until one decider is healthy with it.
const PROOF_TIMEOUT: Duration = Duration::from_secs(3);
const PROOF_POLL: Duration = Duration::from_millis(10);

/// The deciders, and what keeps them up to date.
#[derive(Debug)]
pub(super) struct Fleet {
    name: FleetName,
    members: ArcSwap<Members>,
    addresses: Vec<Address>,
    identity: ArcSwap<ClientIdentity>,
    files: IdentityFiles,
    resolver: Arc<dyn Resolve>,
    changed: Arc<Notify>,
    metrics: Arc<FleetMetrics>,
}

impl Fleet {
    pub(super) fn new(config: Config, resolver: Arc<dyn Resolve>, metrics: Arc<FleetMetrics>) -> Self {
        let Config { fleet: name, addresses, identity, files, .. } = config;
        metrics.set_certificate_end(name.field(), identity.certificate().not_after_seconds);
        Self {
            name,
            members: ArcSwap::default(),
            addresses,
            identity: ArcSwap::from_pointee(identity),
            files,
            resolver,
            changed: Arc::default(),
            metrics,
        }
    }

    pub(super) fn members(&self) -> Arc<Members> {
        self.members.load_full()
    }

    /// The place of one that was not asked yet.
    pub(super) fn choose(&self, members: &Members, asked: EndpointSet) -> Option<usize> {
        members.choose(asked, fastrand::u64(..))
    }

    /// Keeps members and health up to date for as long as it is polled.
    pub(super) async fn watch(&self, health: &Health) {
        tokio::join!(self.follow_addresses(), self.follow_health(health), self.log_unready());
    }

    async fn follow_health(&self, health: &Health) {
        loop {
            let ready = self.members().is_ready();
            self.metrics.set_ready(ready);
            if health.note(ready) {
                tracing::info!(fleet = self.name.as_str(), ready, "decider readiness changed");
            }
            self.changed.notified().await;
        }
    }

    async fn log_unready(&self) {
        loop {
            sleep(TELL_INTERVAL).await;
            self.members().log_unready();
        }
    }

    async fn follow_addresses(&self) {
        let mut known = vec![Vec::new(); self.addresses.len()];
        loop {
            self.look_up(&mut known).await;
            self.renew(&known).await;
            let interval = if self.members().is_ready() { LOOKUP_INTERVAL } else { LOST_LOOKUP_INTERVAL };
            sleep(jittered(interval)).await;
        }
    }

    /// Looks up all addresses. Where a lookup fails, what is known stays.
    async fn look_up(&self, known: &mut [Vec<SocketAddr>]) {
        let mut lookups = JoinSet::new();
        for (index, address) in self.addresses.iter().enumerate() {
            let resolving = timeout(LOOKUP_TIMEOUT, self.resolver.resolve(address.host(), address.port()));
            lookups.spawn(async move { (index, resolving.await) });
        }
        while let Some(Ok((index, resolved))) = lookups.join_next().await {
            let host = self.addresses.get(index).map_or("", Address::host);
            match (resolved, known.get_mut(index)) {
                // At once: a slow lookup must not delay the others.
                (Ok(Ok(found)), Some(place)) if !found.is_empty() => {
                    *place = found;
                    self.update(known);
                }
                (Ok(Err(error)), _) => tracing::warn!(host, %error, "the decider's name cannot be looked up"),
                _ => tracing::warn!(host, "the decider's name is not looked up in time, or has no address"),
            }
        }
    }

    /// Adds new deciders and removes old ones; the others keep their state.
    fn update(&self, known: &[Vec<SocketAddr>]) {
        let before = self.members();
        let members = self.members_at(known, &before, &self.identity.load_full());
        for gone in before.0.iter().filter(|member| !members.0.iter().any(|kept| kept.is_at(member))) {
            tracing::info!(endpoint = %gone.endpoint.address, "a decider is no longer known");
        }
        for new in members.0.iter().filter(|member| !before.0.iter().any(|kept| kept.is_at(member))) {
            tracing::info!(endpoint = %new.endpoint.address, "a decider is known");
        }
        self.members.store(Arc::new(members));
        self.changed.notify_one();
    }

    /// Takes a new identity where the files hold one: new channels, which take over when one of them is healthy.
    async fn renew(&self, known: &[Vec<SocketAddr>]) {
        let renewed = match self.files.read().await {
            Ok(identity) if identity.is_same(&self.identity.load()) => return,
            Ok(identity) => self.try_identity(Arc::new(identity), known).await,
            Err(error) => Err(error.to_string()),
        };
        let fleet = self.name.as_str();
        let outcome = match renewed {
            Ok(()) => {
                tracing::info!(fleet, "deciders are asked as somebody new");
                ReloadOutcome::Taken
            }
            Err(error) => {
                tracing::error!(fleet, error, "the new files of the decider's client are not used");
                ReloadOutcome::Refused
            }
        };
        self.metrics.count_identity_reload(outcome);
        self.changed.notify_one();
    }

    /// Uses a new identity once a decider is healthy with it. Deciders may reject it: then the old one stays.
    async fn try_identity(
        &self,
        identity: Arc<ClientIdentity>,
        known: &[Vec<SocketAddr>],
    ) -> Result<(), String> {
        let members = Arc::new(self.members_at(known, &Members::default(), &identity));
        let begun = Instant::now();
        while !members.is_ready() && begun.elapsed() < PROOF_TIMEOUT {
            sleep(PROOF_POLL).await;
        }
        if !members.is_ready() && self.members().is_ready() {
            let cause = members.cause().unwrap_or_else(|| "none is known".to_owned());
            return Err(format!("no decider is healthy with them, and with the old ones some are: {cause}"));
        }
        self.metrics.set_certificate_end(self.name.field(), identity.certificate().not_after_seconds);
        self.identity.store(identity);
        self.members.store(members);
        Ok(())
    }

    fn members_at(
        &self,
        known: &[Vec<SocketAddr>],
        before: &Members,
        identity: &Arc<ClientIdentity>,
    ) -> Members {
        let members = wanted(known).into_iter().filter_map(|(address, at)| {
            let is = |member: &&Arc<Member>| member.address == address && member.endpoint.address == at;
            before.0.iter().find(is).cloned().or_else(|| self.join(address, at, identity))
        });
        Members(members.collect())
    }

    fn join(&self, address: usize, at: SocketAddr, identity: &ClientIdentity) -> Option<Arc<Member>> {
        let channel = identity.channel(self.addresses.get(address)?, at);
        let channel = channel
            .inspect_err(|error| tracing::error!(endpoint = %at, %error, "a decider cannot be asked"))
            .ok()?;
        let (changed, metrics) = (Arc::clone(&self.changed), Arc::clone(&self.metrics));
        Some(Arc::new(Member::new(address, Endpoint::new(at, channel, changed, metrics))))
    }
}

/// `interval`, or up to a quarter more, so that edges do not look up at the same time.
fn jittered(interval: Duration) -> Duration {
    const STEPS: u32 = 1 << 10;
    interval + interval / LOOKUP_JITTER_SHARE * fastrand::u32(..STEPS) / STEPS
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
