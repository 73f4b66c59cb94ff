//! The ledger entry of an allowed transaction, and what a later request does to it.

use serde::{Deserialize, Serialize};

use crate::intent::{Account, Destination, Intent};
use crate::request::{Request, Stage, given};
use crate::time::Time;

/// Identity of what is charged: one transaction, or one item of a batch (decision model, section 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeKey {
    /// Whose ledger.
    pub tenant: String,
    /// Transaction id.
    pub tx_id: String,
    /// What follows the transaction id in a request id that starts with it; else what tells a second charge of
    /// the same transaction apart. Empty for the plain case.
    pub suffix: String,
}

impl ChargeKey {
    /// The key a request names; `None` without a transaction id.
    pub fn of(request: &Request) -> Option<Self> {
        let tx_id = given(&request.tx_id)?;
        let suffix = request.callback_request_id.strip_prefix(tx_id).unwrap_or_default();
        Some(Self { tenant: request.tenant.clone(), tx_id: tx_id.to_owned(), suffix: suffix.to_owned() })
    }

    /// The key of a request that says the same transaction once more under an unrelated id. The mark cannot
    /// start a batch suffix that some other request id of the transaction would give by chance, because it is
    /// followed by the whole id.
    pub fn again(&self, callback_request_id: &str) -> Self {
        Self { suffix: format!("\u{1f}again {callback_request_id}"), ..self.clone() }
    }

    /// As one text: tenant, transaction id and suffix.
    pub fn as_text(&self) -> String {
        format!("{}/{}{}", self.tenant, self.tx_id, self.suffix)
    }
}

/// What an allowed transaction holds against every limit, whether or not one looks at it today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Which transaction.
    pub key: ChargeKey,
    /// What it does, with every field that any request for it has given so far.
    pub intent: Intent,
    /// When it counts: the first ALLOW, or the latest signing ALLOW.
    pub at: Time,
    /// Who allowed it, each time under which request id.
    pub parts: Vec<Part>,
}

/// One ALLOW that a charge stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// API user; `None` where the request named none.
    pub signer: Option<String>,
    /// Stage.
    pub stage: Stage,
    /// Request id.
    pub callback_request_id: String,
    /// When it counts for this signer.
    pub at: Time,
}

impl Charge {
    /// The charge of a transaction that has none yet.
    pub fn first(key: ChargeKey, intent: Intent, callback_request_id: &str, now: Time) -> Self {
        let part = part_of(&intent, callback_request_id, now);
        Self { key, intent, at: now, parts: vec![part] }
    }

    /// Whether the same signer already allowed the same stage under another request id: then this is not the
    /// same transaction's next step, and it is charged again (decision model, section 3: when in doubt, count).
    pub fn is_taken_by_another(
        &self,
        signer: &Option<String>,
        stage: Stage,
        callback_request_id: &str,
    ) -> bool {
        self.parts.iter().any(|part| {
            part.signer == *signer && part.stage == stage && part.callback_request_id != callback_request_id
        })
    }

    /// The charge after a further ALLOW of the same transaction. The pinned value stays; at signing the charge
    /// counts from now.
    ///
    /// # Errors
    /// The name of the field that differs from what was charged, or that is missing now.
    pub fn joined_by(&self, intent: Intent, callback_request_id: &str, now: Time) -> Result<Self, Changed> {
        let mut joined = self.clone();
        joined.intent = merge(&self.intent, &intent)?;
        joined.parts.push(part_of(&intent, callback_request_id, now));
        if intent.stage == Stage::Signing {
            joined.at = joined.at.max(now);
            joined.parts.iter_mut().for_each(|part| part.at = part.at.max(now));
        }
        Ok(joined)
    }
}

/// A field in which a later request differs from what was charged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {how}")]
pub struct Changed {
    field: String,
    how: &'static str,
}

fn part_of(intent: &Intent, callback_request_id: &str, now: Time) -> Part {
    Part {
        signer: intent.signer.clone(),
        stage: intent.stage,
        callback_request_id: callback_request_id.to_owned(),
        at: now,
    }
}

/// Field by field: absent before and present now fills in; different, or missing where it applied, is a change.
fn merge(before: &Intent, now: &Intent) -> Result<Intent, Changed> {
    same("the operation", &before.operation, &now.operation)?;
    same("the asset", &before.asset, &now.asset)?;
    same("the requested amount", &before.requested_amount, &now.requested_amount)?;
    not_above("the amount", &before.amount, &now.amount)?;
    let mut merged = before.clone();
    merged.stage = before.stage.max(now.stage);
    merged.tag_required = before.tag_required || now.tag_required;
    merged.source = merge_account("the source", &before.source, &now.source)?;
    merged.destinations = merge_destinations(before, now)?;
    merged.contract_data = merge_contract_data(before, now)?;
    Ok(merged)
}

fn merge_contract_data(
    before: &Intent,
    now: &Intent,
) -> Result<std::collections::BTreeMap<String, String>, Changed> {
    let mut merged = now.contract_data.clone();
    for (field, digest) in &before.contract_data {
        let now = now.contract_data.get(field).cloned();
        merged.insert(field.clone(), fill(field, &Some(digest.clone()), &now, true)?.unwrap_or_default());
    }
    Ok(merged)
}

fn merge_account(whose: &str, before: &Account, now: &Account) -> Result<Account, Changed> {
    Ok(Account {
        kind: fill(&format!("{whose}'s type"), &before.kind, &now.kind, true)?,
        id: fill(&format!("{whose}'s id"), &before.id, &now.id, true)?,
        subtype: fill(&format!("{whose}'s subtype"), &before.subtype, &now.subtype, false)?,
    })
}

/// Pairs the destinations as a multiset: each of now takes the first of before that it fits.
fn merge_destinations(before: &Intent, now: &Intent) -> Result<Vec<Destination>, Changed> {
    if before.destinations.len() != now.destinations.len() {
        return Err(Changed { field: "the number of destinations".into(), how: "changed" });
    }
    let mut open: Vec<&Destination> = before.destinations.iter().collect();
    now.destinations.iter().map(|destination| take_match(&mut open, destination, now)).collect()
}

fn take_match(
    open: &mut Vec<&Destination>,
    now: &Destination,
    intent: &Intent,
) -> Result<Destination, Changed> {
    let fits = |exact: bool| {
        open.iter().position(|before| {
            merge_destination(before, now, intent).is_ok() && (!exact || before.address == now.address)
        })
    };
    let position = fits(true).or_else(|| fits(false)).unwrap_or_default();
    match open.get(position) {
        Some(before) => {
            let merged = merge_destination(before, now, intent)?;
            open.remove(position);
            Ok(merged)
        }
        None => Err(Changed { field: "a destination".into(), how: "changed" }),
    }
}

fn merge_destination(
    before: &Destination,
    now: &Destination,
    intent: &Intent,
) -> Result<Destination, Changed> {
    let kind = now.account.kind.as_deref();
    let applies = crate::applicability::address_applies(&intent.operation, kind, intent.stage);
    not_above("a destination's amount", &before.amount, &now.amount)?;
    Ok(Destination {
        account: merge_account("a destination", &before.account, &now.account)?,
        address: fill("a destination's address", &before.address, &now.address, applies)?,
        tag: fill("a destination's tag", &before.tag, &now.tag, applies)?,
        amount: before.amount,
        usd: before.usd,
    })
}

/// What is pinned stays; a gap is filled. Missing now is a change where the field applies now: else leaving a
/// changed field out would pass where sending it does not.
fn fill<T: Clone + PartialEq>(
    field: &str,
    before: &Option<T>,
    now: &Option<T>,
    applies: bool,
) -> Result<Option<T>, Changed> {
    match (before, now) {
        (Some(before), Some(now)) if before != now => Err(Changed { field: field.into(), how: "changed" }),
        (Some(_), None) if applies => Err(Changed { field: field.into(), how: "is missing now" }),
        (Some(before), _) => Ok(Some(before.clone())),
        (None, now) => Ok(now.clone()),
    }
}

fn same<T: PartialEq>(field: &str, before: &T, now: &T) -> Result<(), Changed> {
    if before == now { Ok(()) } else { Err(Changed { field: field.into(), how: "changed" }) }
}

fn not_above<T: PartialOrd>(field: &str, before: &T, now: &T) -> Result<(), Changed> {
    if now <= before { Ok(()) } else { Err(Changed { field: field.into(), how: "rose" }) }
}
