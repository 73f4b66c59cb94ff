//! What was allowed so far, charge by charge, and how a further request of the same transaction joins its charge.

use policy::request::{Request, Stage};

use super::model::Plain;
use super::read::{Facts, Payee, by_id, moves_its_amount, pays};

#[derive(Debug, Clone)]
pub struct Charge {
    pub name: String,
    pub facts: Facts,
    pub at: i64,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub struct Part {
    pub signer: Option<String>,
    pub proof: Option<&'static str>,
    pub stage: Stage,
    pub request: String,
    pub at: i64,
}

impl Charge {
    /// The charge as a policy sees it.
    pub fn under(&self, plain: &Plain) -> Self {
        let gone = plain.gone == Some(self.facts.asset);
        Self { facts: Facts { gone, ..self.facts.clone() }, ..self.clone() }
    }
}

/// The charge as it would be. `None`: the request differs from what was charged.
pub fn charged(charges: &[Charge], request: &Request, facts: &Facts, now: i64) -> Option<Charge> {
    let id = &request.callback_request_id;
    let tx = request.tx_id.as_ref().unwrap();
    let name = format!("{}/{tx}/{}", request.tenant, id.strip_prefix(tx.as_str()).unwrap_or(""));
    let own_name = format!("{name}/again/{id}");
    let of = |name: &String| charges.iter().find(|charge| charge.name == *name);
    let Some(shared) = of(&name) else { return Some(first(name, id, facts, now)) };
    let elsewhere = |part: &Part| part.request != *id;
    let taken = |part: &Part| elsewhere(part) && part.signer == facts.signer && part.stage == facts.stage;
    if !shared.parts.iter().any(elsewhere) {
        return join(shared, id, facts, now);
    }
    match of(&own_name) {
        Some(own) => join(own, id, facts, now),
        None if shared.parts.iter().any(taken) => Some(first(own_name, id, facts, now)),
        None => join(shared, id, facts, now),
    }
}

fn part(id: &str, facts: &Facts, now: i64) -> Part {
    Part {
        signer: facts.signer.clone(),
        proof: facts.proof,
        stage: facts.stage,
        request: id.to_owned(),
        at: now,
    }
}

fn first(name: String, id: &str, facts: &Facts, now: i64) -> Charge {
    Charge { name, facts: facts.clone(), at: now, parts: vec![part(id, facts, now)] }
}

fn join(before: &Charge, id: &str, facts: &Facts, now: i64) -> Option<Charge> {
    let mut after = Charge { facts: merged(&before.facts, facts)?, ..before.clone() };
    after.parts.push(part(id, facts, now));
    if facts.stage == Stage::Signing || after.facts != before.facts {
        after.at = now;
        for part in &mut after.parts {
            part.at = now;
        }
    }
    Some(after)
}

fn merged(before: &Facts, now: &Facts) -> Option<Facts> {
    let states = moves_its_amount(&now.operation);
    let fits = before.operation == now.operation
        && before.asset == now.asset
        && keeps(&before.requested, &now.requested, states)
        && now.amount <= before.amount
        && before.net.zip(now.net).is_none_or(|(before, now)| now <= before)
        && keeps(&before.source.0, &now.source.0, true)
        && keeps(&before.source.1, &now.source.1, true)
        && keeps(&before.extra, &now.extra, true)
        && before.payees.len() == now.payees.len();
    if !fits {
        return None;
    }
    Some(Facts {
        stage: before.stage.max(now.stage),
        net: before.net.or(now.net),
        requested: before.requested.or(now.requested),
        source: (filled(&before.source.0, &now.source.0), filled(&before.source.1, &now.source.1)),
        payees: paired(before, now)?,
        extra: now.extra.clone(),
        ..before.clone()
    })
}

/// There are never more than two: as they stand, or crossed.
fn paired(before: &Facts, now: &Facts) -> Option<Vec<Payee>> {
    let mut crossed = now.payees.clone();
    crossed.reverse();
    let same_total = before.amount == now.amount;
    for order in [&now.payees, &crossed] {
        let pairs = || before.payees.iter().zip(order);
        if pairs().all(|(before, payee)| is_kept(before, payee, now)) {
            let value_of_all = |before: &Payee, payee: &Payee| {
                same_total && (order.len() == 1 || payee.amount == before.amount)
            };
            return Some(pairs().map(|(old, new)| joined(old, new, value_of_all(old, new))).collect());
        }
    }
    None
}

fn is_kept(before: &Payee, now: &Payee, facts: &Facts) -> bool {
    let kind = now.kind.as_deref();
    let paid = pays(&facts.operation);
    let at_an_address = paid && (!kind.is_some_and(by_id) || facts.stage == Stage::Signing);
    let has_subtype = paid && kind.is_none_or(|kind| kind != "VAULT" && kind != "ONE_TIME_ADDRESS");
    now.amount <= before.amount
        && keeps(&before.kind, &now.kind, true)
        && keeps(&before.id, &now.id, true)
        && keeps(&before.address, &now.address, at_an_address)
        && keeps(&before.tag, &now.tag, at_an_address)
        && keeps(&before.address_type, &now.address_type, paid)
        && (!has_subtype || keeps(&before.subtype, &now.subtype, true))
}

fn joined(before: &Payee, now: &Payee, value_of_all: bool) -> Payee {
    Payee {
        kind: filled(&before.kind, &now.kind),
        id: filled(&before.id, &now.id),
        subtype: filled(&before.subtype, &now.subtype),
        address: filled(&before.address, &now.address),
        tag: filled(&before.tag, &now.tag),
        address_type: filled(&before.address_type, &now.address_type),
        amount: before.amount,
        usd: before.usd.or(now.usd.filter(|_| value_of_all)),
    }
}

/// What was there stays as it was, and does not go missing where it applies.
fn keeps<T: PartialEq>(before: &Option<T>, now: &Option<T>, applies: bool) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => before == now,
        (Some(_), None) => !applies,
        (None, _) => true,
    }
}

fn filled(before: &Option<String>, now: &Option<String>) -> Option<String> {
    before.clone().or(now.clone())
}
