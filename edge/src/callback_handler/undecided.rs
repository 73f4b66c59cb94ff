//! From a decision, or the reason why there is none, to the answer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

use callback::{Action, RequestId};
use tracing::Span;

use super::{path::Tenant, stop::action_for_unusable};
use crate::{
    decider::{Decision, Failure, Trouble},
    respond::{Answer, edge_reason},
    telemetry::{Shed, metrics::CallbackKind},
};

/// Why there is no decision.
#[derive(Debug)]
pub(super) enum Undecided {
    Trouble(Trouble),
    Shed(Shed),
    Panicked,
}

impl From<Shed> for Undecided {
    fn from(shed: Shed) -> Self {
        Self::Shed(shed)
    }
}

impl From<Trouble> for Undecided {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// The answer to a decision, or to there being none. An approval comes from here only, and only from a decision.
pub(super) fn answer(
    kind: CallbackKind,
    request_id: RequestId,
    decided: Result<Decision, Undecided>,
) -> Answer {
    let own = |request_id, action, reason_code, reason: &str| Answer {
        request_id,
        action,
        reason_code,
        reason: reason.to_owned(),
        decision_id: None,
    };
    match decided {
        Ok(decision) => Answer {
            request_id,
            action: decision.action,
            reason_code: decision.reason_code,
            reason: decision.reason,
            decision_id: Some(decision.decision_id),
        },
        Err(Undecided::Trouble(Trouble::Breach(_))) => own(
            request_id,
            action_for_unusable(kind),
            edge_reason::CONTRACT_BREACH,
            "the request could not be put to the decider",
        ),
        Err(Undecided::Trouble(_)) => {
            own(request_id, Action::Retry, edge_reason::NO_DECISION, "no decision could be had now")
        }
        Err(Undecided::Shed(shed)) => own(request_id, Action::Retry, edge_reason::SHED, too_many(shed)),
        Err(Undecided::Panicked) => {
            own(request_id, Action::Retry, edge_reason::FAULT, "no decision could be had now")
        }
    }
}

const fn too_many(shed: Shed) -> &'static str {
    match shed {
        Shed::KeyRate => "more requests of one Co-signer a second than are taken",
        _ => "more requests at once than are taken",
    }
}

/// Logs why there is no decision, and marks the current span.
pub(super) fn log(Failure { trouble, endpoint }: &Failure, tenant: &Tenant) {
    Span::current().record("otel.status_code", "ERROR");
    tracing::error!(
        tenant = tenant.as_str(),
        endpoint = endpoint.map(tracing::field::display),
        code = trouble.code().as_str(),
        error = %trouble,
        "no decision"
    );
}

/// The result of `work`, or that it panicked: at this point the request can be answered, which a panic would prevent.
pub(super) async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Undecided> {
    let mut work = pin!(work);
    std::future::poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        match polled {
            Ok(poll) => poll.map(Ok),
            Err(_) => Poll::Ready(Err(Undecided::Panicked)),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    fn id() -> RequestId {
        "r-1".to_owned().try_into().expect("an id")
    }

    fn told(undecided: Undecided) -> (Action, &'static str) {
        let answer = answer(CallbackKind::Transaction, id(), Err(undecided));
        (answer.action, answer.reason_code)
    }

    #[test]
    fn only_a_decision_approves() {
        let troubles = [
            Trouble::Silent,
            Trouble::from(Status::unavailable("down")),
            Trouble::from(Status::failed_precondition("no policy")),
            Trouble::from(Status::resource_exhausted("shed")),
            Trouble::from(Status::ok("nonsense")),
            Trouble::Garbage(crate::decider::Garbage::Contradiction),
        ];
        for trouble in troubles {
            assert_eq!(told(trouble.into()).0, Action::Retry);
        }
        assert_eq!(told(Shed::KeyRate.into()), (Action::Retry, edge_reason::SHED));
        assert_eq!(told(Undecided::Panicked).0, Action::Retry);
    }

    #[test]
    fn a_breach_refuses_a_transaction_and_leaves_a_change_to_people() {
        for (kind, expected) in
            [(CallbackKind::Transaction, Action::Reject), (CallbackKind::ConfigChange, Action::Ignore)]
        {
            let breach = Trouble::from(Status::invalid_argument("tenant"));
            let told = answer(kind, id(), Err(breach.into()));
            assert_eq!((told.action, told.reason_code), (expected, edge_reason::CONTRACT_BREACH));
        }
    }

    #[tokio::test]
    async fn a_panic_is_no_decision() {
        let panicking = async {
            tokio::task::yield_now().await;
            panic!("a bug");
        };
        let caught: Result<(), Undecided> = catch_panic(panicking).await;
        assert!(matches!(caught, Err(Undecided::Panicked)));
    }
}
