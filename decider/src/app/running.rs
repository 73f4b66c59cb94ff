//! A decider that serves: from an open store to a drained listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::access::AccessWatch;
use crate::admin::{self, Admin, AdminError, AdminState};
use crate::clock::Clock;
use crate::config::Config;
use crate::decide::{self, Decider};
use crate::grpc::{self, CurrentAccess, ServeError, Server};
use crate::policy_file::PolicyFile;
use crate::prices::CurrentPrices;
use crate::reload::{self, Reload};
use crate::store::{self, OpenError, Setting, StoreError};
use crate::telemetry;

/// After the store failed: for the answers that say so to leave.
const FATAL_GRACE: Duration = Duration::from_millis(200);

/// Why it does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store.
    #[error("the store cannot be opened: {0}")]
    Store(#[from] OpenError),
    /// The admin port.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The gRPC listener.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The store failed while it served.
    #[error("{0}; a decider that cannot record must not decide")]
    StoreFailed(StoreError),
    /// A task ended that must not.
    #[error("a task ended that must not: a fault of this program")]
    Fault,
}

/// A decider that serves.
pub struct Running {
    /// Where decisions are asked for.
    pub grpc: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
    looks: Looks,
    drain: CancellationToken,
    server: JoinHandle<Result<(), ServeError>>,
    admin_task: AbortOnDropHandle<()>,
    store_failed: StoreFailed,
    /// What was heard of that.
    failed: Option<StoreError>,
}

/// Has the files on disk looked at.
#[derive(Debug, Clone, Default)]
pub struct Looks {
    policy: Arc<Notify>,
    access: Arc<Notify>,
}

impl Looks {
    /// Everything that can change without a restart is read now, and adopted at once: the operator has just put it there.
    pub fn look_now(&self) {
        self.policy.notify_one();
        self.access.notify_one();
    }
}

/// Binds the admin port, opens the store, binds the other port and serves.
///
/// # Errors
/// One of them cannot be done.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let Config { grpc, access, sources, admin, policy, reload, store, retention } = config;
    let interval = reload.interval;
    let listener = admin::bind(admin).await?;
    let (admin, told) = (listener.local_addr().unwrap_or(admin.address), Admin::default());
    let admin_task = AbortOnDropHandle::new(tokio::spawn(admin::serve(listener, told.clone())));
    tracing::info!(%admin, "the store is being opened, and its sums are built from the ledger");
    let opening = open(store, retention, policy, reload, Arc::clone(&clock));
    let Opened { decider, reload, mut registry, store_failed } = opening.await?;
    let metrics = Arc::new(grpc::Metrics::default());
    metrics.register(&mut registry);
    let access = CurrentAccess::new(access);
    let watch = AccessWatch::new(sources, interval, access.clone(), Arc::clone(&metrics), clock);
    let server = Server::bind(grpc, access, metrics).await?;
    let grpc = server.address();
    tracing::info!(%grpc, %admin, policy = decider.store.policy().hash, "the decider serves");
    let Admin { opened, drain } = told;
    let _ = opened.set(AdminState { decider: Arc::clone(&decider), registry });
    let looks = Looks::default();
    tokio::spawn(drain.clone().run_until_cancelled_owned(reload.run(Arc::clone(&looks.policy))));
    tokio::spawn(drain.clone().run_until_cancelled_owned(watch.run(Arc::clone(&looks.access))));
    let server = tokio::spawn(server.serve(decider, drain.clone()));
    Ok(Running { grpc, admin, looks, drain, server, admin_task, store_failed, failed: None })
}

/// What hears of the store's end.
type StoreFailed = oneshot::Receiver<StoreError>;

/// A decider over an open store, with everything it counts.
struct Opened {
    decider: Arc<Decider>,
    reload: Reload,
    registry: Registry,
    store_failed: StoreFailed,
}

/// On a thread of its own, which nobody waits for: a start may be told to end before the sums are made.
async fn open(
    store: store::Config,
    retention: store::Retention,
    file: PolicyFile,
    reload: reload::Config,
    clock: Arc<dyn Clock>,
) -> Result<Opened, StartError> {
    let (done, opened) = oneshot::channel();
    let thread = std::thread::Builder::new().name("store-opening".into());
    let work = move || drop(done.send(open_now(store, retention, file, reload, clock)));
    thread.spawn(work).map_err(OpenError::Thread)?;
    opened.await.unwrap_or(Err(StartError::Fault))
}

fn open_now(
    store: store::Config,
    retention: store::Retention,
    file: PolicyFile,
    reload: reload::Config,
    clock: Arc<dyn Clock>,
) -> Result<Opened, StartError> {
    let mut registry = Registry::with_prefix("countersign_decider");
    let store_metrics = Arc::new(store::Metrics::default());
    let (metrics, reload_metrics) =
        (Arc::new(decide::Metrics::default()), Arc::new(reload::Metrics::default()));
    store_metrics.register(&mut registry);
    metrics.register(&mut registry);
    reload_metrics.register(&mut registry);
    telemetry::register(&mut registry);
    let (fatal, store_failed) = oneshot::channel();
    let setting = Setting {
        policy: Arc::clone(&file.policy),
        document: file.document.clone(),
        retention,
        clock: Arc::clone(&clock),
        metrics: store_metrics,
        on_fatal: Box::new(move |error| drop(fatal.send(error.clone()))),
    };
    let store = store::open(&store, setting)?;
    let prices = CurrentPrices::default();
    let reload = Reload::new(reload, &file, Arc::clone(&store), Arc::clone(&prices), reload_metrics);
    Ok(Opened {
        decider: Arc::new(Decider { store, prices, clock, metrics }),
        reload,
        registry,
        store_failed,
    })
}

impl Running {
    /// Waits for an end that nobody asked for.
    ///
    /// # Errors
    /// Always: why it ended.
    pub async fn ended(&mut self) -> Result<(), StartError> {
        tokio::select! {
            Ok(error) = &mut self.store_failed => {
                // Whoever is told to end meanwhile does not wait for us.
                self.failed = Some(error.clone());
                tokio::time::sleep(FATAL_GRACE).await;
                Err(StartError::StoreFailed(error))
            }
            served = &mut self.server => match served {
                Ok(Err(error)) => Err(error.into()),
                Ok(Ok(())) | Err(_) => Err(StartError::Fault),
            }
        }
    }

    /// Has the files on disk looked at, once they are complete.
    pub fn looks(&self) -> Looks {
        self.looks.clone()
    }

    /// Takes no new calls, answers those that are left, and closes the store.
    ///
    /// # Errors
    /// The store failed before or on the way, or the listener broke.
    pub async fn stop(mut self) -> Result<(), StartError> {
        tracing::info!("the decider drains");
        self.drain.cancel();
        let served = self.server.await;
        self.admin_task.abort();
        // The last reference to the store goes with the admin task: what was begun is on disk before we end.
        let _ = self.admin_task.await;
        if let Some(error) = self.failed.or_else(|| self.store_failed.try_recv().ok()) {
            return Err(StartError::StoreFailed(error));
        }
        match served {
            Ok(served) => Ok(served?),
            Err(_) => Err(StartError::Fault),
        }
    }
}
