//! One question on its way: choose ▸ call ▸ elsewhere.
//!
//! Decide is idempotent, so it may be put to several deciders, at once or one after the other: one record, one charge,
//! one answer. The first usable answer is taken.

use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use tower::retry::budget::{Budget as _, TpsBudget};

use super::{
    answer::Decision,
    choose::EndpointSet,
    endpoint::Endpoint,
    endpoint_state::Observation,
    fleet::Fleet,
    members::Members,
    race::Race,
    trouble::{Prospect, Trouble},
};
use crate::telemetry::metrics::{Attempt, FleetMetrics};

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
    trouble: Trouble,
}

/// Asks by `attempt`, until there is a decision, or no decider is left that could give one.
pub(super) async fn ask<F>(
    context: AskContext<'_>,
    until: Instant,
    attempt: impl Fn(&Arc<Endpoint>) -> F,
) -> Result<Decision, Trouble>
where
    F: Future<Output = Result<Decision, Trouble>>,
{
    let mut asking = Asking::new(context, until, some_members(context.fleet).await);
    let first = asking.first().ok_or(Trouble::NoEndpoint)?;
    let first = pin!(attempt(&first));
    let mut race = Race::new(first);
    loop {
        match race.next(asking.next.at()).await {
            Some(Ok(decision)) => return Ok(decision),
            Some(Err(trouble)) => asking.note_failure(trouble, race.len()),
            None => {
                if let Some(endpoint) = asking.another(race.len()) {
                    race.join(attempt(&endpoint));
                }
            }
        }
        if race.len() == 0 && asking.next == Next::Never {
            return Err(asking.trouble);
        }
    }
}

/// The deciders. Right after the start their names may still be looked up.
async fn some_members(fleet: &Fleet) -> Arc<Members> {
    let begun = Instant::now();
    loop {
        let members = fleet.members();
        if members.len() > 0 || begun.elapsed() > FIRST_LOOKUP {
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
            trouble: Trouble::NoEndpoint,
        }
    }

    fn first(&mut self) -> Option<Arc<Endpoint>> {
        self.context.budget.deposit();
        self.context.metrics.count_attempt(Attempt::First);
        let place = self.context.fleet.choose(&self.members, self.asked)?;
        self.turn_to(place)
    }

    /// Notes that an attempt failed, while `running` others are under way.
    fn note_failure(&mut self, trouble: Trouble, running: usize) {
        match self.when_to_retry(&trouble) {
            Some(at) => self.next = Next::Retry(at),
            // No call is left whose silence could be waited for.
            None if running == 0 && !matches!(self.next, Next::Retry(_)) => self.next = Next::Never,
            None => {}
        }
        self.keep(trouble);
    }

    /// A breach of the contract is a final REJECT, so any other trouble replaces it: while deciders are upgraded, a
    /// request that one cannot read another may have on record.
    fn keep(&mut self, trouble: Trouble) {
        let first = matches!(self.trouble, Trouble::NoEndpoint | Trouble::Breach(_));
        if first || !matches!(trouble, Trouble::Breach(_)) {
            self.trouble = trouble;
        }
    }

    /// At another decider at once; where all were asked, after a pause.
    fn when_to_retry(&mut self, trouble: &Trouble) -> Option<Instant> {
        let (now, elsewhere) = (Instant::now(), !self.members.candidates(self.asked).is_empty());
        let at = match trouble.prospect() {
            Prospect::None => None,
            Prospect::Elsewhere | Prospect::Again(_) if elsewhere => Some(now),
            Prospect::Elsewhere => None,
            Prospect::Again(wish) => self.pauses.next().map(|pause| now + wish.unwrap_or(pause)),
        };
        at.filter(|at| *at < self.until)
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
