//! Starting and ending: nothing serves before everything is bound, and requests in flight may end before the process
//! does.

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
    clock::SystemClock,
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
        /// Its section in the configuration.
        what: &'static str,
        /// The address and port that were to be bound.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// No threads for signing.
    #[error("the threads that sign replies cannot be started: {0}")]
    Threads(io::Error),
}

/// A running service.
#[derive(Debug)]
pub struct Started {
    /// The address and port that callbacks are taken at.
    pub address: SocketAddr,
    /// The same of JSON mode, if it is on.
    pub json_address: Option<SocketAddr>,
    /// The address and port of the admin port.
    pub admin_address: SocketAddr,
    readiness: Arc<Readiness>,
    look_now: Arc<Notify>,
    stop: CancellationToken,
    stop_admin: CancellationToken,
    serving: Vec<(&'static str, JoinHandle<bool>)>,
}

/// Binds all ports, serves, and follows the files of the configuration.
///
/// # Errors
/// A port cannot be bound, or threads cannot be started.
pub async fn start(config: Config) -> Result<Started, StartError> {
    let metrics = Arc::new(Metrics::new());
    let clients = fleet_clients(&config, &metrics);
    let healths = clients.iter().map(|client| (client.name.clone(), Arc::clone(&client.health)));
    let readiness = Arc::new(Readiness::new(healths.collect()));
    let ports = bind_all(&config, &readiness, &metrics).await?;
    let service = Service {
        deciders: clients.iter().map(|client| (client.name.clone(), client.decider.clone())).collect(),
        listen: ports.listen.handle.clone(),
        json: ports.json.as_ref().map(|json| json.handle.clone()),
        threads: SigningThreads::start().map_err(StartError::Threads)?,
        clock: Arc::new(SystemClock),
        metrics,
    };
    service.apply(&config);
    // Whatever can fail has been done: from here on there are tasks, which would outlive a failed start.
    Ok(spawn(config, service, clients, ports, readiness))
}

/// The ports, bound and not serving yet.
struct Ports {
    listen: Bound,
    json: Option<Bound>,
    admin: Admin,
    admin_address: SocketAddr,
}

/// A listener that is bound and does not serve yet.
struct Bound {
    listener: Listener,
    address: SocketAddr,
    handle: ListenerHandle,
}

async fn bind_all(
    config: &Config,
    readiness: &Arc<Readiness>,
    metrics: &Arc<Metrics>,
) -> Result<Ports, StartError> {
    let listeners = [Some(&config.listen), config.json.as_ref()];
    listen::suffice_for(listeners.iter().flatten().map(|listener| listener.limits.max_connections).sum());
    let listen = bind("listen", &config.listen, &config.fleets, metrics).await?;
    let json = match &config.json {
        Some(json) => Some(bind("json.listen", json, &config.fleets, metrics).await?),
        None => None,
    };
    let address = config.admin.address;
    let admin = Admin::bind(config.admin, Arc::clone(readiness), Arc::clone(metrics))
        .await
        .map_err(|error| StartError::Bind { what: "admin", address, error })?;
    let admin_address = admin.address().unwrap_or(address);
    Ok(Ports { listen, json, admin, admin_address })
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

/// Starts all tasks; none of this can fail.
fn spawn(
    config: Config,
    service: Service,
    clients: Vec<FleetClient>,
    ports: Ports,
    readiness: Arc<Readiness>,
) -> Started {
    let Ports { listen, json, admin, admin_address } = ports;
    let (address, json_address) = (listen.address, json.as_ref().map(|json| json.address));
    let (stop, stop_admin) = (CancellationToken::new(), CancellationToken::new());
    clients.into_iter().for_each(|client| client.watch(stop_admin.clone()));
    let look_now = Arc::<Notify>::default();
    let reload = Reload::new(config, service).run(Arc::clone(&look_now));
    tokio::spawn(stop.clone().run_until_cancelled_owned(reload));
    let bound = [Some(("listen", listen)), json.map(|json| ("json.listen", json))].into_iter().flatten();
    let serving = bound.map(|(name, Bound { listener, handle, .. })| {
        (name, tokio::spawn(listener.serve(handle.routes, stop.clone())))
    });
    let serving = serving.collect();
    tokio::spawn(admin.serve(stop_admin.clone()));
    readiness.set_serving(true);
    let json_shown = json_address.map(tracing::field::display);
    tracing::info!(%address, json_address = json_shown, %admin_address, version = env!("CARGO_PKG_VERSION"), "serving");
    Started { address, json_address, admin_address, readiness, look_now, stop, stop_admin, serving }
}

/// The client of one fleet, and what is known of the fleet's health.
struct FleetClient {
    name: FleetName,
    decider: Decider,
    health: Arc<Health>,
}

fn fleet_clients(config: &Config, metrics: &Metrics) -> Vec<FleetClient> {
    let client = |fleet: &Fleet| FleetClient {
        name: fleet.decider.fleet.clone(),
        decider: Decider::new(fleet.decider.clone(), Arc::new(SystemResolver), metrics),
        health: Arc::default(),
    };
    config.fleets.iter().map(client).collect()
}

impl FleetClient {
    /// Watches its deciders until `stop`.
    fn watch(self, stop: CancellationToken) {
        tokio::spawn(async move { stop.run_until_cancelled(self.decider.watch(&self.health)).await });
    }
}

impl Started {
    /// Has the files of the configuration read now, and taken as they are: SIGHUP says that they are complete.
    pub fn look_now(&self) {
        self.look_now.notify_one();
    }

    /// Ends the service: not ready first, after `drain_notice` no new connections, then what is in flight, then the
    /// admin port.
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

/// SIGHUP, from as early on as there is anything to reload. It is listened for by itself: what is to end the process
/// must not have to wait for a start that hangs.
#[derive(Debug)]
pub struct HangUps(Signal);

impl HangUps {
    /// Listens for them, from here on.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn listen() -> io::Result<Self> {
        signal(SignalKind::hangup()).map(Self)
    }
}

/// The signals of the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_ups: HangUps,
}

impl Signals {
    /// Listens for those that end the process, too, from here on.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn listen(hang_ups: HangUps) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_ups,
        })
    }

    /// Waits until the process is told to end, by SIGTERM or Ctrl-C. On SIGHUP the files of the configuration are read.
    pub async fn wait_for_end(&mut self, started: &Started) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_ups.0.recv() => started.look_now(),
            }
        }
    }
}
