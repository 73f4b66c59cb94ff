//! What every limit says of a charge: one status for each sum that it counts in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::claim::{ChargeChange, Claim};
use super::held::{Demand, HeldBefore};
use crate::amount::Amount;
use crate::document::Policy;
use crate::evaluate::Evaluation;
use crate::evidence::Recording;
use crate::intent::Intent;
use crate::ledger::{Ledger, Used};
use crate::limit::{KeyPart, Limit, OnExceed, Quantity, Share, Unit};
use crate::time::{Time, Window};

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
    /// Over how long.
    pub window: Window,
    /// When the oldest charge leaves: of others, and where it was allowed of this transaction. `None`: nothing is in it,
    /// or nothing ever leaves.
    pub grows_at: Option<Time>,
    /// Whether this sum has no room for the transaction.
    pub exceeded: bool,
    /// Whether having no room holds the transaction; else it denies it.
    #[serde(default)]
    pub hold: bool,
    /// Why it could not be evaluated.
    pub indeterminate: Option<String>,
}

/// What one limit says.
pub struct Finding<'a> {
    pub limit: &'a Limit,
    pub status: LimitStatus,
    /// When the transaction leaves the sum, were it allowed.
    pub leaves: Option<Time>,
}

/// What every limit says whose selector matches, in the order of the policy.
///
/// # Errors
/// The ledger could not be read.
pub fn findings<'a, L: Ledger>(
    policy: &'a Policy,
    evaluation: &Evaluation,
    claim: &Claim<'_>,
    change: &ChargeChange,
    ledger: &mut Recording<'_, L>,
) -> Result<Vec<Finding<'a>>, L::Error> {
    let mut findings = Vec::new();
    let (intent, now, price_doubt) = (claim.intent, claim.now, evaluation.price_doubt.as_deref());
    for limit in policy.limits().that_may_count(&change.after) {
        let view = LimitView { limit, intent, price_doubt, opening: limit.window.opening(now), now };
        let statuses = view.statuses(policy, change, ledger)?;
        findings.extend(statuses.into_iter().map(|(status, leaves)| Finding { limit, status, leaves }));
    }
    Ok(findings)
}

/// One limit as it looks at one transaction.
struct LimitView<'a> {
    limit: &'a Limit,
    intent: &'a Intent,
    /// Why it may have no value.
    price_doubt: Option<&'a str>,
    /// The first moment that counts.
    opening: Time,
    now: Time,
}

impl LimitView<'_> {
    fn statuses<L: Ledger>(
        &self,
        policy: &Policy,
        change: &ChargeChange,
        ledger: &mut Recording<'_, L>,
    ) -> Result<Vec<(LimitStatus, Option<Time>)>, L::Error> {
        let groups = policy.groups();
        let shares = self.limit.shares_of(&change.after, groups);
        if shares.known.is_empty() && shares.unknown.is_empty() {
            return Ok(Vec::new());
        }
        ledger.note_window(&self.limit.window);
        let before = change.before.as_ref();
        let held =
            before.map(|before| HeldBefore::of(before, self.limit, groups, self.opening)).unwrap_or_default();
        let unknown = shares.unknown.iter().filter(|unplaced| unplaced.at >= self.opening);
        let mut statuses: Vec<_> = unknown.map(|unplaced| (self.unknown(&unplaced.missing), None)).collect();
        for share in shares.known.iter().filter(|share| share.at >= self.opening) {
            let asked = held.destinations(&share.bucket, &share.quantity);
            let used = ledger.used(self.limit, &share.bucket, &asked, self.now)?;
            let leaves = self.limit.window.leaving(share.at).filter(|_| !share.quantity.is_nothing());
            statuses.push((self.status(share, &held, used), leaves));
        }
        Ok(statuses)
    }

    fn status(&self, share: &Share, held: &HeldBefore, used: Used) -> LimitStatus {
        let Demand { requested, counted } = held.demand(&share.bucket, &share.quantity, &used);
        // What the transaction already holds needs no new room, even where the cap was lowered since.
        let more = requested > counted;
        let others = used.total.map(|total| total.saturating_sub(counted));
        let max = self.max();
        let fits = others.and_then(|others| others.checked_add(requested)).is_some_and(|sum| sum <= max);
        let unpriced = (share.quantity == Quantity::Unknown)
            .then(|| self.price_doubt.unwrap_or("the USD value is missing").to_owned());
        let doubted = more && used.doubtful > held.doubts_of(&share.bucket);
        let others = others.unwrap_or(Amount::MAX);
        let oldest = held.oldest_of_others(&share.bucket, &used);
        LimitStatus {
            key: share.bucket.key.clone(),
            used: others,
            requested,
            headroom: max.saturating_sub(others),
            grows_at: oldest.and_then(|oldest| self.limit.window.leaving(oldest)),
            exceeded: more && !fits,
            indeterminate: unpriced.or(used.indeterminate.filter(|_| doubted)),
            ..self.blank()
        }
    }

    fn unknown(&self, missing: &str) -> LimitStatus {
        LimitStatus { indeterminate: Some(missing.to_owned()), ..self.blank() }
    }

    fn blank(&self) -> LimitStatus {
        LimitStatus {
            limit_id: self.limit.id.clone(),
            key: BTreeMap::new(),
            unit: self.limit.unit_of(self.intent),
            used: Amount::ZERO,
            requested: Amount::ZERO,
            max: self.max(),
            headroom: Amount::ZERO,
            window: self.limit.window.clone(),
            grows_at: None,
            exceeded: false,
            hold: self.limit.on_exceed == OnExceed::Hold,
            indeterminate: None,
        }
    }

    fn max(&self) -> Amount {
        self.limit.max_of(self.intent).unwrap_or(Amount::ZERO)
    }
}
