//! One question on its way: choose ▸ call ▸ elsewhere.
//!
//! Decide is idempotent, so it may be put to several deciders, at once or one after the other: one record, one charge,
//! one answer. The first usable answer is taken.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use tower::retry::budget::{Budget as _, TpsBudget};

use super::{
    answer::Decision,
    choose::EndpointSet,
    endpoint::{Endpoint, FailedCall},
    endpoint_state::Observation,
    fleet::Fleet,
    members::Members,
    race::Race,
    trouble::{Failure, Prospect, Trouble},
};
use crate::telemetry::metrics::{Attempt, FleetMetrics};

/// How much longer than the call's own deadline we wait, for deciders that keep silent about it.
pub const DEADLINE_GRACE: Duration = Duration::from_millis(250);
/// Pauses before deciders are asked again when all were asked. Together they bridge the restart of a lone decider.
const RETRY_PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1000)];
/// When a decider has been silent for so long, another is asked beside it.
const SILENCE: Duration = Duration::from_secs(3);
/// The same after this share of what is left of the deadline, where that is sooner.
const SILENCE_SHARE: u32 = 3;
/// With less time left no other decider is asked.
const LEAST_LEFT: Duration = Duration::from_millis(10);
/// Most deciders that one question is with at the same time.
const MAX_AT_ONCE: usize = 3;
/// How long a question waits for the first address of a decider to be known.
const FIRST_LOOKUP: Duration = Duration::from_secs(2);
const FIRST_LOOKUP_POLL: Duration = Duration::from_millis(10);

/// When another decider is asked, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// No other is asked.
    Never,
    /// The last one failed.
    Retry(Instant),
    /// `hedge_after` has passed.
    Hedge(Instant),
    /// The last one is silent.
    Silence(Instant),
}

impl Next {
    const fn at(self) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::Retry(at) | Self::Hedge(at) | Self::Silence(at) => Some(at),
        }
    }

    /// What an attempt for this reason counts as.
    const fn attempt(self) -> Option<Attempt> {
        match self {
            Self::Never => None,
            Self::Retry(_) => Some(Attempt::Retry),
            Self::Hedge(_) => Some(Attempt::Hedge),
            Self::Silence(_) => Some(Attempt::Silence),
        }
    }
}

/// What all questions of a fleet share.
#[derive(Clone, Copy)]
pub(super) struct AskContext<'c> {
    pub(super) fleet: &'c Fleet,
    pub(super) budget: &'c TpsBudget,
    pub(super) metrics: &'c FleetMetrics,
    pub(super) hedge_after: Option<Duration>,
}

/// One question on its way.
struct Asking<'c> {
    context: AskContext<'c>,
    until: Instant,
    members: Arc<Members>,
    /// The deciders that were asked in this round.
    asked: EndpointSet,
    last: Option<Arc<Endpoint>>,
    hedge_after: Option<Duration>,
    pauses: std::array::IntoIter<Duration, 3>,
    next: Next,
    /// Calls that ended without a decision, in the order in which they did.
    failed: Vec<FailedCall>,
}

/// Asks by `attempt`, until there is a decision, or no decider is left that could give one.
pub(super) async fn ask<F>(
    context: AskContext<'_>,
    until: Instant,
    attempt: impl Fn(&Arc<Endpoint>) -> F,
) -> Result<Decision, Failure>
where
    F: Future<Output = Result<Decision, FailedCall>>,
{
    let mut asking = Asking::new(context, until, some_members(context.fleet, until).await);
    // A decider that hangs does not keep the deadline, so we keep our own.
    match timeout_at(until + DEADLINE_GRACE, asking.decision(attempt)).await {
        Ok(Some(decision)) => Ok(decision),
        Ok(None) => Err(asking.failure()),
        Err(_) => Err(asking.silence()),
    }
}

/// The deciders. Right after the start their names may still be looked up.
async fn some_members(fleet: &Fleet, until: Instant) -> Arc<Members> {
    let until = until.min(Instant::now() + FIRST_LOOKUP);
    loop {
        let members = fleet.members();
        if members.len() > 0 || Instant::now() > until {
            return members;
        }
        sleep(FIRST_LOOKUP_POLL).await;
    }
}

impl<'c> Asking<'c> {
    fn new(context: AskContext<'c>, until: Instant, members: Arc<Members>) -> Self {
        Self {
            context,
            until,
            members,
            asked: EndpointSet::default(),
            last: None,
            hedge_after: context.hedge_after,
            pauses: RETRY_PAUSES.into_iter(),
            next: Next::Never,
            failed: Vec::new(),
        }
    }

    /// The first usable answer. `None`: nobody is left who could give one.
    async fn decision<F>(&mut self, attempt: impl Fn(&Arc<Endpoint>) -> F) -> Option<Decision>
    where
        F: Future<Output = Result<Decision, FailedCall>>,
    {
        let first = pin!(attempt(&self.first()?));
        let mut race = Race::new(first);
        loop {
            match race.next(self.next.at()).await {
                Some(Ok(decision)) => {
                    self.note_decided();
                    return Some(decision);
                }
                Some(Err(call)) => self.note_failure(call, race.len()),
                None => {
                    if let Some(endpoint) = self.another(race.len()) {
                        race.join(attempt(&endpoint));
                    }
                }
            }
            if race.len() == 0 && self.next == Next::Never {
                return None;
            }
        }
    }

    fn first(&mut self) -> Option<Arc<Endpoint>> {
        self.context.budget.deposit();
        self.context.metrics.count_attempt(Attempt::First);
        let place = self.context.fleet.choose(&self.members, self.asked)?;
        self.turn_to(place)
    }

    /// Notes that an attempt failed, while `running` others are under way.
    fn note_failure(&mut self, call: FailedCall, running: usize) {
        match self.when_to_retry(&call.trouble) {
            Some(at) => self.next = Next::Retry(at),
            // No call is left whose silence could be waited for.
            None if running == 0 && !matches!(self.next, Next::Retry(_)) => self.next = Next::Never,
            None => {}
        }
        self.failed.push(call);
    }

    /// What has counted for nothing so far counts now: it was not the question.
    fn note_decided(&self) {
        let uncounted = self.failed.iter().filter(|call| call.trouble.observation().is_none());
        uncounted.for_each(FailedCall::note_overruled);
    }

    /// The last one. A breach of the contract is a final REJECT, so any other goes before it: while deciders are
    /// upgraded, a request that one cannot read another may have on record.
    fn failure(mut self) -> Failure {
        let is_breach = |call: &FailedCall| matches!(call.trouble, Trouble::Breach(_));
        if !self.failed.iter().all(is_breach) {
            self.failed.retain(|call| !is_breach(call));
        }
        let nobody = Failure { trouble: Trouble::NoEndpoint, endpoint: None };
        self.failed.pop().map_or(nobody, Failure::from)
    }

    /// Nobody has answered in time, nor the one that was asked last.
    fn silence(self) -> Failure {
        Failure { trouble: Trouble::Silent, endpoint: self.last.map(|last| last.address) }
    }

    /// At another decider at once; where all were asked, after a pause.
    fn when_to_retry(&mut self, trouble: &Trouble) -> Option<Instant> {
        let (now, elsewhere) = (Instant::now(), !self.members.candidates(self.asked).is_empty());
        let at = match trouble.prospect() {
            Prospect::None => None,
            Prospect::Once if self.was_tried_once() => None,
            Prospect::Once | Prospect::Elsewhere | Prospect::Again(_) if elsewhere => Some(now),
            Prospect::Once | Prospect::Elsewhere => None,
            Prospect::Again(wish) => self.pauses.next().map(|pause| now + wish.unwrap_or(pause)),
        };
        at.filter(|at| *at < self.until)
    }

    fn was_tried_once(&self) -> bool {
        self.failed.iter().any(|call| call.trouble.prospect() == Prospect::Once)
    }

    /// The decider to ask now that the time for another attempt has come, if there is one and the budget allows it.
    fn another(&mut self, running: usize) -> Option<Arc<Endpoint>> {
        let why = std::mem::replace(&mut self.next, Next::Never);
        let retry = matches!(why, Next::Retry(_));
        let place = if running < MAX_AT_ONCE { self.choose(retry) } else { None };
        let affordable = place.is_some() && self.spend();
        let Some(place) = place.filter(|_| affordable) else {
            // The silent one may still answer, or another decider come back.
            self.next = if retry { Next::Never } else { self.when_silent() };
            return None;
        };
        if let (Next::Silence(_), Some(silent)) = (why, &self.last) {
            silent.note_failure(Observation::Unable, Trouble::Silent.to_string());
        }
        why.attempt().into_iter().for_each(|attempt| self.context.metrics.count_attempt(attempt));
        self.turn_to(place)
    }

    /// A decider that was not asked yet; a retry begins a new round where all were.
    fn choose(&mut self, retry: bool) -> Option<usize> {
        let place = self.context.fleet.choose(&self.members, self.asked);
        if place.is_some() || !retry {
            return place;
        }
        (self.members, self.asked) = (self.context.fleet.members(), EndpointSet::default());
        self.context.fleet.choose(&self.members, self.asked)
    }

    fn spend(&self) -> bool {
        let granted = self.context.budget.withdraw();
        if !granted {
            self.context.metrics.count_budget_exhausted();
        }
        granted
    }

    fn turn_to(&mut self, place: usize) -> Option<Arc<Endpoint>> {
        self.asked.insert(place);
        self.last = self.members.get(place).cloned();
        self.next = self.when_silent();
        self.last.clone()
    }

    /// When to ask another decider because the last one is silent.
    fn when_silent(&mut self) -> Next {
        let now = Instant::now();
        let left = self.until.saturating_duration_since(now);
        if self.members.len() < 2 || left < LEAST_LEFT {
            return Next::Never;
        }
        let silence = SILENCE.min(left / SILENCE_SHARE);
        match self.hedge_after.take() {
            Some(hedge) if hedge < silence => Next::Hedge(now + hedge),
            _ => Next::Silence(now + silence),
        }
    }
}
