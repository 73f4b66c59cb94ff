//! `countersign.decider.v1.DecisionService`: convert ▸ decide ▸ answer.

use std::sync::Arc;
use std::time::Duration;

use prost::Message as _;
use proto::decider::v1 as wire;
use proto::decider::v1::decision_service_server::DecisionService;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status};
use tracing::{Instrument as _, Span};

use super::access::Caller;
use super::call::Call;
use super::metrics::{Metrics, ShedReason};
use super::{answer, convert, deadline, record, status};
use crate::decide::Decider;
use crate::grants::{Missing, Tenants, Verb};
use crate::store::{Answer, StoreError};
use crate::telemetry::rpc;

/// Lookups at once, until their answers are sent: they wait for the same store as decisions, and a record is as long as
/// a request.
const MAX_READS: usize = 8;

/// The service.
pub struct Service {
    decider: Arc<Decider>,
    metrics: Arc<Metrics>,
    tenants: Tenants,
    reads: Arc<Semaphore>,
}

/// The permit of a lookup, out of its caller's and out of all. It goes with the answer.
#[derive(Clone)]
pub struct ReadPermit {
    _all: Arc<OwnedSemaphorePermit>,
    _own: Arc<OwnedSemaphorePermit>,
}

/// A decision under way. Its task goes on without its caller: what has begun is recorded, counted and logged whether or
/// not somebody still waits.
struct Deciding {
    deadline: Duration,
    task: JoinHandle<Result<Answer, StoreError>>,
}

impl Service {
    /// Of a decider over the ledger of these tenants.
    pub fn new(decider: Arc<Decider>, metrics: Arc<Metrics>, tenants: Tenants) -> Self {
        Self { decider, metrics, tenants, reads: Arc::new(Semaphore::new(MAX_READS)) }
    }

    /// Before anything else happens: granted to who asks, and for a tenant whose ledger this is. In another ledger none
    /// of its charges would be counted.
    fn admit(&self, caller: Option<&Caller>, verb: Verb, tenant: &str) -> Result<(), Status> {
        permit(caller, verb, tenant)?;
        if self.tenants.has(tenant) {
            return Ok(());
        }
        self.metrics.elsewhere.inc();
        Err(status::tenant_elsewhere(tenant))
    }

    /// Sheds what could not be answered in time: the store would do its work, and nobody would be there any more.
    fn answerable_within(&self, deadline: Duration) -> Result<(), Status> {
        let wait = self.decider.store.expected_wait();
        if wait <= deadline {
            return Ok(());
        }
        self.metrics.count_shed(ShedReason::Deadline);
        Err(status::would_be_late(wait))
    }

    /// The store did not decide. What it sheds is counted with the rest.
    fn undecided(&self, error: &StoreError) -> Status {
        if *error == StoreError::Overloaded {
            self.metrics.count_shed(ShedReason::Queue);
        }
        status::of_store(error)
    }

    fn begin_transaction(
        &self,
        request: Request<wire::DecideRequest>,
        call: &Call,
    ) -> Result<Deciding, Status> {
        let deadline = deadline::read(request.metadata())?;
        let request = request.into_inner();
        let payload = request.encode_to_vec();
        let request = convert::transaction(request).map_err(status::invalid)?;
        self.admit(call.caller.as_deref(), Verb::Decide, &request.tenant)?;
        let decider = Arc::clone(&self.decider);
        self.begin(deadline, &call.span, async move { decider.decide(request, payload).await })
    }

    fn begin_config_change(
        &self,
        request: Request<wire::DecideConfigChangeRequest>,
        call: &Call,
    ) -> Result<Deciding, Status> {
        let deadline = deadline::read(request.metadata())?;
        let request = request.into_inner();
        let payload = request.encode_to_vec();
        let change = convert::config_change(request).map_err(status::invalid)?;
        self.admit(call.caller.as_deref(), Verb::Decide, &change.tenant)?;
        let decider = Arc::clone(&self.decider);
        self.begin(deadline, &call.span, async move { decider.decide_config_change(change, payload).await })
    }

    fn begin(
        &self,
        deadline: Duration,
        span: &Span,
        decision: impl Future<Output = Result<Answer, StoreError>> + Send + 'static,
    ) -> Result<Deciding, Status> {
        self.answerable_within(deadline)?;
        Ok(Deciding { deadline, task: tokio::spawn(decision.instrument(span.clone())) })
    }

    /// The answer within the deadline, or why there is none.
    async fn answer(&self, deciding: Result<Deciding, Status>) -> Result<Answer, Status> {
        let Deciding { deadline, task } = deciding?;
        match tokio::time::timeout(deadline, task).await {
            Ok(Ok(decided)) => decided.map_err(|error| self.undecided(&error)),
            Ok(Err(_)) => Err(status::fault("deciding failed: a fault of this program")),
            Err(_) => Err(status::deadline_exceeded()),
        }
    }

    async fn find(
        &self,
        request: Request<wire::GetDecisionRequest>,
        caller: Option<&Caller>,
    ) -> Result<Response<wire::GetDecisionResponse>, Status> {
        let within = deadline::longest(request.metadata().as_ref());
        let (tenant, lookup) = convert::lookup(request.into_inner()).map_err(status::invalid)?;
        self.admit(caller, Verb::Read, &tenant)?;
        let found = async {
            let permit = self.read_permit(caller).await?;
            self.answerable_within(within)?;
            let found = self.decider.find(tenant, lookup).await.map_err(|error| self.undecided(&error))?;
            Ok((permit, found.ok_or_else(status::not_found)?))
        };
        let found = tokio::time::timeout(within, found).await;
        let (permit, found) = found.unwrap_or_else(|_| Err(status::deadline_exceeded()))?;
        let found =
            record::record(found).map_err(|_| status::fault("the record's request cannot be read"))?;
        let mut answer = Response::new(wire::GetDecisionResponse { decision: Some(found) });
        answer.extensions_mut().insert(permit);
        Ok(answer)
    }

    /// First in the caller's own queue, so that a caller with many lookups does not hold up others.
    async fn read_permit(&self, caller: Option<&Caller>) -> Result<ReadPermit, Status> {
        let acquire =
            async |semaphore: &Arc<Semaphore>| Arc::clone(semaphore).acquire_owned().await.map(Arc::new);
        let closed = |_| status::fault("lookups have ended: a fault of this program");
        let own = caller.map_or(&self.reads, |caller| &caller.share.reads);
        let own = acquire(own).await.map_err(closed)?;
        Ok(ReadPermit { _all: acquire(&self.reads).await.map_err(closed)?, _own: own })
    }
}

/// Nobody in particular is granted nothing.
fn permit(caller: Option<&Caller>, verb: Verb, tenant: &str) -> Result<(), Status> {
    let unknown = || status::not_granted(&[], Missing::Identity, verb, tenant);
    caller.ok_or_else(unknown)?.permit(verb, tenant)
}

#[tonic::async_trait]
impl DecisionService for Service {
    async fn decide(
        &self,
        request: Request<wire::DecideRequest>,
    ) -> Result<Response<wire::DecideResponse>, Status> {
        let call = Call::begin(rpc::DECIDE, &request, &self.metrics);
        let deciding = self.begin_transaction(request, &call);
        call.end(self.answer(deciding).await.map(answer::transaction).map(Response::new))
    }

    async fn decide_config_change(
        &self,
        request: Request<wire::DecideConfigChangeRequest>,
    ) -> Result<Response<wire::DecideConfigChangeResponse>, Status> {
        let call = Call::begin(rpc::DECIDE_CONFIG_CHANGE, &request, &self.metrics);
        let deciding = self.begin_config_change(request, &call);
        call.end(self.answer(deciding).await.map(answer::config_change).map(Response::new))
    }

    async fn get_decision(
        &self,
        request: Request<wire::GetDecisionRequest>,
    ) -> Result<Response<wire::GetDecisionResponse>, Status> {
        let call = Call::begin(rpc::GET_DECISION, &request, &self.metrics);
        let found = self.find(request, call.caller.as_deref()).instrument(call.span.clone()).await;
        call.end(found)
    }
}
