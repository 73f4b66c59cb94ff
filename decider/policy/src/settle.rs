//! Settling: a request that the rules have spoken on meets the ledger. Pure: a store reads what is asked here
//! inside its transaction, and writes what comes out of it, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::charge::{Charge, ChargeKey};
use crate::document::Policy;
use crate::evaluate::{Evaluation, Standing};
use crate::evidence::{Evidence, Recording};
use crate::intent::Intent;
use crate::ledger::{Ledger, Used};
use crate::limit::{Bucket, KeyPart, Limit, Share, Unit};
use crate::request::Request;
use crate::time::{Time, Window};
use crate::usd::Usd;
use crate::verdict::{Action, Reason, ReasonCode, Verdict};

/// What is decided, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What the policy says.
    pub verdict: Verdict,
    /// What the Co-signer is told.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Every limit that applies, before this transaction was counted.
    pub limits: Vec<LimitStatus>,
    /// The charge to write; `None` where nothing is charged.
    pub charge: Option<ChargeChange>,
    /// What was read of the ledger.
    pub evidence: Evidence,
    /// When.
    pub at: Time,
}

/// A charge as it was and as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeChange {
    /// `None` for a first charge.
    pub before: Option<Charge>,
    /// What to write.
    pub after: Charge,
}

/// One sum of one limit as it stood when the decision was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitStatus {
    /// The limit.
    pub limit_id: String,
    /// The key of the sum.
    pub key: BTreeMap<KeyPart, String>,
    /// What the numbers count.
    pub unit: Unit,
    /// Inside the window without this transaction.
    pub used: Amount,
    /// What this transaction adds.
    pub requested: Amount,
    /// The cap.
    pub max: Amount,
    /// What is left; with this transaction counted where it was allowed.
    pub headroom: Amount,
    /// Length of the window.
    pub window: Window,
    /// When the oldest charge leaves.
    pub grows_at: Option<Time>,
    /// Whether this sum refused the transaction.
    pub exceeded: bool,
    /// Why it could not be evaluated.
    pub indeterminate: Option<String>,
}

/// Decides over a request that was not answered before, as of `now` by the store's clock.
///
/// Every limit whose selector matches applies, whichever rule allowed; all of them have room, or nothing is
/// charged (decision model, sections 1 and 4).
///
/// # Errors
/// The ledger could not be read: nothing is decided.
pub fn settle<L: Ledger>(
    policy: &Policy,
    request: &Request,
    evaluation: &Evaluation,
    ledger: &mut L,
    now: Time,
) -> Result<Settlement, L::Error> {
    let mut ledger = Recording::new(ledger, evaluation);
    let outcome = match (&evaluation.standing, &evaluation.intent, ChargeKey::of(request)) {
        (Standing::Denied(reason), ..) => Outcome::denied(reason.clone()),
        (standing, Some(intent), Some(key)) => {
            let claim = Claim { policy, request, intent, now };
            claim.settle(standing, &key, &mut ledger)?
        }
        _ => Outcome::denied(Reason::new(ReasonCode::FieldMissing, "txId is missing")),
    };
    Ok(Settlement {
        verdict: outcome.verdict,
        action: Action::for_transaction(outcome.verdict, request.stage),
        reason: outcome.reason,
        limits: outcome.limits,
        charge: outcome.charge,
        evidence: ledger.into_evidence(),
        at: now,
    })
}

/// The settlement of a request whose idempotency key came before with other content; the first record stands.
pub fn content_changed(request: &Request, now: Time) -> Settlement {
    let reason = Reason::new(
        ReasonCode::ContentChanged,
        "this requestId came before with other content: the first stands",
    );
    Settlement {
        verdict: Verdict::Deny,
        action: Action::for_transaction(Verdict::Deny, request.stage),
        reason,
        limits: Vec::new(),
        charge: None,
        evidence: Evidence::default(),
        at: now,
    }
}

/// A verdict with what explains it.
struct Outcome {
    verdict: Verdict,
    reason: Reason,
    limits: Vec<LimitStatus>,
    charge: Option<ChargeChange>,
}

impl Outcome {
    fn denied(reason: Reason) -> Self {
        Self { verdict: Verdict::Deny, reason, limits: Vec::new(), charge: None }
    }

    fn held(reason: Reason, limits: Vec<LimitStatus>) -> Self {
        Self { verdict: Verdict::Hold, reason, limits, charge: None }
    }
}

/// A request that asks for room.
struct Claim<'a> {
    policy: &'a Policy,
    request: &'a Request,
    intent: &'a Intent,
    now: Time,
}

impl Claim<'_> {
    fn settle<L: Ledger>(
        &self,
        standing: &Standing,
        key: &ChargeKey,
        ledger: &mut L,
    ) -> Result<Outcome, L::Error> {
        let change = match self.charge(key, ledger)? {
            Ok(change) => change,
            Err(changed) => return Ok(Outcome::denied(Reason::new(ReasonCode::IntentChanged, changed))),
        };
        let limits = self.statuses(&change, ledger)?;
        Ok(self.conclude(standing, limits, change))
    }

    /// The charge this request would leave: the first of its transaction, or one that joins it. One that this
    /// request id has to itself comes before the one that all ids of the transaction share.
    fn charge<L: Ledger>(
        &self,
        key: &ChargeKey,
        ledger: &mut L,
    ) -> Result<Result<ChargeChange, String>, L::Error> {
        let id = &self.request.callback_request_id;
        let Some(shared) = ledger.charge(key)? else { return Ok(Ok(self.first(key.clone()))) };
        if shared.is_only_of(id) {
            return Ok(self.join(shared));
        }
        let taken = shared.is_taken_by_another(&self.intent.signer, self.intent.stage, id);
        let again = key.again(id);
        Ok(match ledger.charge(&again)? {
            Some(own) => self.join(own),
            None if taken => Ok(self.first(again)),
            None => self.join(shared),
        })
    }

    fn first(&self, key: ChargeKey) -> ChargeChange {
        let id = &self.request.callback_request_id;
        ChargeChange { before: None, after: Charge::first(key, self.intent.clone(), id, self.now) }
    }

    fn join(&self, known: Charge) -> Result<ChargeChange, String> {
        let id = &self.request.callback_request_id;
        match known.joined_by(self.intent.clone(), id, self.now) {
            Ok(after) => Ok(ChargeChange { before: Some(known), after }),
            Err(changed) => Err(format!("another request of this transaction was allowed before: {changed}")),
        }
    }

    fn statuses<L: Ledger>(
        &self,
        change: &ChargeChange,
        ledger: &mut L,
    ) -> Result<Vec<LimitStatus>, L::Error> {
        let mut statuses = Vec::new();
        for limit in &self.policy.limits {
            let counts = |at: Time| limit.window.contains(at, self.now);
            let held = change.before.as_ref().map(|before| Held::of(before, limit, self.policy, self.now));
            let held = held.unwrap_or_default();
            let shares = limit.shares_of(&change.after, self.policy.groups());
            let unknown = shares.unknown.iter().filter(|(at, _)| counts(*at));
            statuses.extend(unknown.map(|(_, missing)| self.unknown(limit, missing)));
            for share in shares.known.iter().filter(|share| counts(share.at)) {
                let used = ledger.used(limit, &share.bucket, self.now)?;
                statuses.push(self.status(limit, share, &held, used));
            }
        }
        Ok(statuses)
    }

    fn status(&self, limit: &Limit, share: &Share, held: &Held, used: Used) -> LimitStatus {
        let counted = held.in_sum(&share.bucket);
        let max = limit.max_of(self.intent).unwrap_or(Amount::ZERO);
        let others = used.total.map(|total| total.saturating_sub(counted));
        let requested = share.quantity.unwrap_or(Amount::ZERO);
        // What the transaction already holds needs no new room, even where the cap was lowered since.
        let more = requested > counted;
        let fits = others.and_then(|others| others.checked_add(requested)).is_some_and(|sum| sum <= max);
        let unpriced = share.quantity.is_none().then(|| "the USD value is missing".to_owned());
        let doubted = more && used.doubtful > held.doubts_of(&share.bucket);
        let others = others.unwrap_or(Amount::MAX);
        LimitStatus {
            limit_id: limit.id.clone(),
            key: share.bucket.key.clone(),
            unit: limit.unit_of(self.intent),
            used: others,
            requested,
            max,
            headroom: max.saturating_sub(others),
            window: limit.window,
            grows_at: used.oldest.map(|oldest| oldest.after(limit.window)),
            exceeded: more && !fits,
            indeterminate: unpriced.or(used.indeterminate.filter(|_| doubted)),
        }
    }

    fn unknown(&self, limit: &Limit, missing: &str) -> LimitStatus {
        LimitStatus {
            limit_id: limit.id.clone(),
            key: BTreeMap::new(),
            unit: limit.unit_of(self.intent),
            used: Amount::ZERO,
            requested: Amount::ZERO,
            max: limit.max_of(self.intent).unwrap_or(Amount::ZERO),
            headroom: Amount::ZERO,
            window: limit.window,
            grows_at: None,
            exceeded: false,
            indeterminate: Some(missing.to_owned()),
        }
    }

    /// DENY over HOLD over ALLOW.
    fn conclude(&self, standing: &Standing, mut limits: Vec<LimitStatus>, change: ChargeChange) -> Outcome {
        if let Some(full) = limits.iter().find(|status| status.exceeded) {
            let reason = Reason::new(ReasonCode::LimitExceeded, self.exceeded_text(full));
            return Outcome { limits, ..Outcome::denied(reason) };
        }
        match standing {
            Standing::Denied(reason) => Outcome::denied(reason.clone()),
            Standing::Held(reason) => Outcome::held(reason.clone(), limits),
            Standing::Covered(rule_id) => match indeterminate(&limits) {
                Some(reason) => Outcome::held(reason, limits),
                None => {
                    limits.iter_mut().for_each(count_in);
                    let reason = Reason::new(ReasonCode::Allowed, format!("allow rule {rule_id}"));
                    Outcome { verdict: Verdict::Allow, reason, limits, charge: Some(change) }
                }
            },
        }
    }

    fn exceeded_text(&self, status: &LimitStatus) -> String {
        let shown = |amount: Amount| match &status.unit {
            Unit::Transactions => format!("{amount} transactions"),
            Unit::UsdMicros => format!("{} USD", Usd::from_micros(amount)),
            Unit::BaseUnits(asset) => match self.policy.assets.get(asset) {
                Some(known) => format!("{} {asset}", amount.to_decimal(known.decimals)),
                None => format!("{amount} base units of {asset}"),
            },
        };
        let (left, asked) = (shown(status.headroom), shown(status.requested));
        format!("limit {}: {left} left of {}, {asked} asked", status.limit_id, shown(status.max))
    }
}

/// What a transaction holds in the sums of a limit before this request: it is not counted twice, and what was not
/// known of it then does not stand in the way of knowing it now.
#[derive(Default)]
struct Held {
    sums: BTreeMap<Bucket, Option<Amount>>,
    unplaced: BTreeSet<Time>,
}

impl Held {
    fn of(before: &Charge, limit: &Limit, policy: &Policy, now: Time) -> Self {
        let shares = limit.shares_of(before, policy.groups());
        let known = shares.known.into_iter().filter(|share| limit.window.contains(share.at, now));
        let unplaced = shares.unknown.into_iter().map(|(at, _)| at);
        Self {
            sums: known.map(|share| (share.bucket, share.quantity)).collect(),
            unplaced: unplaced.filter(|at| limit.window.contains(*at, now)).collect(),
        }
    }

    fn in_sum(&self, bucket: &Bucket) -> Amount {
        self.sums.get(bucket).copied().flatten().unwrap_or_default()
    }

    /// As [`Used::doubtful`] counts it.
    fn doubts_of(&self, bucket: &Bucket) -> usize {
        let unpriced = self.sums.get(bucket).is_some_and(Option::is_none);
        self.unplaced.len().saturating_add(usize::from(unpriced))
    }
}

fn indeterminate(limits: &[LimitStatus]) -> Option<Reason> {
    let (limit, missing) = limits.iter().find_map(|each| Some((each, each.indeterminate.as_ref()?)))?;
    let text = format!("limit {}: {missing}", limit.limit_id);
    Some(Reason::new(ReasonCode::LimitIndeterminate, text))
}

fn count_in(status: &mut LimitStatus) {
    status.headroom = status.headroom.saturating_sub(status.requested);
}
