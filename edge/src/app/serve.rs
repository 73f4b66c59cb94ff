//! Starting and ending: nothing is bound before the configuration is whole, and nothing is cut off at the end.

use std::{io, net::SocketAddr, sync::Arc};

use thiserror::Error;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    admin::{Admin, Readiness},
    clock::{Clock, SystemClock},
    config::{Config, Fleet},
    decider::{Decider, FleetName, Health, SystemResolver},
    listen::{self, Listener},
    reload::{ListenerHandle, Reload, Service},
    respond::SigningThreads,
    telemetry::metrics::Metrics,
};

/// A start that failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("cannot listen on {address} ({what}): {error}. Is something else running there?")]
    Bind {
        /// Which listener.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// No threads for signing.
    #[error("the threads that sign replies cannot be started: {0}")]
    Threads(io::Error),
}

/// A running service.
#[derive(Debug)]
pub struct Started {
    /// Where callbacks are taken.
    pub address: SocketAddr,
    /// Where those of JSON mode are taken, if it is on.
    pub json_address: Option<SocketAddr>,
    /// Where the admin port is.
    pub admin_address: SocketAddr,
    readiness: Arc<Readiness>,
    look_now: Arc<Notify>,
    stop: CancellationToken,
    stop_admin: CancellationToken,
    serving: Vec<(&'static str, JoinHandle<bool>)>,
}

/// Binds all ports, serves, and follows what becomes of the configuration's files.
///
/// # Errors
/// A port cannot be bound, or threads cannot be started.
pub async fn start(config: Config) -> Result<Started, StartError> {
    let (metrics, clock): (_, Arc<dyn Clock>) = (Arc::new(Metrics::new()), Arc::new(SystemClock));
    let asked = asked(&config, &metrics);
    let healths = asked.iter().map(|FleetClient { name, health, .. }| (name.clone(), Arc::clone(health)));
    let readiness = Arc::new(Readiness::new(healths.collect()));
    let listeners = [Some(&config.listen), config.json.as_ref()];
    listen::suffice_for(listeners.iter().flatten().map(|listener| listener.limits.max_connections).sum());
    let listen = bind("listen", &config.listen, &config.fleets, &metrics).await?;
    let json = match &config.json {
        Some(json) => Some(bind("json.listen", json, &config.fleets, &metrics).await?),
        None => None,
    };
    let admin = config.admin.address;
    let admin_port = Admin::bind(config.admin, Arc::clone(&readiness), Arc::clone(&metrics))
        .await
        .map_err(|error| StartError::Bind { what: "admin", address: admin, error })?;
    let admin_address = admin_port.address().unwrap_or(admin);
    let (address, json_address) = (listen.address, json.as_ref().map(|json| json.address));
    let service = Service {
        deciders: asked
            .iter()
            .map(|FleetClient { name, decider, .. }| (name.clone(), decider.clone()))
            .collect(),
        listen: listen.handle.clone(),
        json: json.as_ref().map(|json| json.handle.clone()),
        threads: SigningThreads::start().map_err(StartError::Threads)?,
        clock: Arc::clone(&clock),
        metrics: Arc::clone(&metrics),
    };
    service.put(&config);
    // Nothing runs before all that can fail has not: it would fail under the end, and be told as if it were the cause.
    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    asked.into_iter().for_each(|asked| asked.watch(stop_admin.clone()));
    let look_now = Arc::<Notify>::default();
    let reload = Reload::new(config, service, clock, metrics).run(Arc::clone(&look_now));
    tokio::spawn(stop.clone().run_until_cancelled_owned(reload));
    let bound = [Some(("listen", listen)), json.map(|json| ("json.listen", json))].into_iter().flatten();
    let serving = bound.map(|(name, Bound { listener, handle, .. })| {
        (name, tokio::spawn(listener.serve(handle.routes, stop.clone())))
    });
    let serving = serving.collect();
    tokio::spawn(admin_port.serve(stop_admin.clone()));
    readiness.set_serving(true);
    let json_told = json_address.map(tracing::field::display);
    tracing::info!(%address, json_address = json_told, %admin_address, version = env!("CARGO_PKG_VERSION"), "serving");
    Ok(Started { address, json_address, admin_address, readiness, look_now, stop, stop_admin, serving })
}

/// A listener that is bound and does not serve yet.
struct Bound {
    listener: Listener,
    address: SocketAddr,
    handle: ListenerHandle,
}

async fn bind(
    what: &'static str,
    config: &listen::Config,
    fleets: &[Fleet],
    metrics: &Arc<Metrics>,
) -> Result<Bound, StartError> {
    let listener = Listener::bind(config, Arc::clone(metrics)).await;
    let listener = listener.map_err(|error| StartError::Bind { what, address: config.address, error })?;
    let address = listener.address().unwrap_or(config.address);
    Ok(Bound { listener, address, handle: ListenerHandle::new(config, fleets) })
}

/// A fleet that is asked, and what is known of its health.
struct FleetClient {
    name: FleetName,
    decider: Decider,
    health: Arc<Health>,
}

fn asked(config: &Config, metrics: &Metrics) -> Vec<FleetClient> {
    let asked = |fleet: &Fleet| FleetClient {
        name: fleet.decider.fleet.clone(),
        decider: Decider::new(fleet.decider.clone(), Arc::new(SystemResolver), metrics),
        health: Arc::default(),
    };
    config.fleets.iter().map(asked).collect()
}

impl FleetClient {
    /// Keeps track of its deciders until `stop`.
    fn watch(self, stop: CancellationToken) {
        tokio::spawn(async move { stop.run_until_cancelled(self.decider.watch(&self.health)).await });
    }
}

impl Started {
    /// The files of the configuration are looked at now, and taken as they are: whoever says so has just put them there.
    pub fn look_now(&self) {
        self.look_now.notify_one();
    }

    /// Ends the service: not ready first, after `drain_notice` no new connections, then what is in flight, then the admin
    /// port.
    pub async fn end(self) {
        tracing::info!("draining");
        self.readiness.set_serving(false);
        self.stop.cancel();
        for (listener, serving) in self.serving {
            match serving.await {
                Ok(true) => tracing::info!(listener, "all requests ended"),
                Ok(false) => {
                    tracing::warn!(listener, "drain_timeout passed; requests in flight end with the process");
                }
                Err(error) => tracing::error!(listener, %error, "the listener failed"),
            }
        }
        self.stop_admin.cancel();
    }
}

/// What the process is told by signals.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens for them, from here on.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Returns when the process is told to end: SIGTERM, or Ctrl-C. SIGHUP has it look at its files.
    pub async fn wait_for_end(&mut self, started: &Started) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => started.look_now(),
            }
        }
    }
}
