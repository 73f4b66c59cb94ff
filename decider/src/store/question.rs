//! What waits for the writer: everything that can be made ready before the ledger is held.

use std::sync::Arc;

use policy::charge::ChargeKey;
use policy::config_change::{self, ConfigChange, ConfigChangeOutcome};
use policy::document::Policy;
use policy::evaluate::{Evaluation, evaluate};
use policy::evidence::Evidence;
use policy::identity;
use policy::ledger::Ledger;
use policy::request::{CallerProof, Request};
use policy::settle::{self, Settlement};
use policy::time::Time;

use super::decision::{ConfigProposal, Decision, Proposal, RequestKind};
use super::journal::{Entry, LookupPlan, RequestIdentity};
use crate::prices::CurrentPrices;

/// One question to the ledger.
pub struct Question {
    id: String,
    identity: RequestIdentity,
    payload: Vec<u8>,
    caller_proof: Option<CallerProof>,
    matter: Matter,
}

/// What it is about.
enum Matter {
    Transaction(Box<Transaction>),
    ConfigChange { policy_hash: String, change: Box<ConfigChange>, outcome: ConfigChangeOutcome },
}

struct Transaction {
    policy: Arc<Policy>,
    request: Request,
    prices: CurrentPrices,
    evaluation: Evaluation,
}

impl Question {
    /// The question whether a transaction has room. `id` is the decision's, should there be one.
    pub fn of_transaction(id: String, proposal: Proposal) -> Self {
        let Proposal { policy, request, prices, evaluation, payload } = proposal;
        let caller_proof = request.caller_proof;
        let identity = RequestIdentity {
            tenant: request.tenant.clone(),
            callback_request_id: request.callback_request_id.clone(),
            key: identity::of_transaction(&request),
            content: identity::content_of_transaction(&request),
        };
        let matter = Matter::Transaction(Box::new(Transaction { policy, request, prices, evaluation }));
        Self { id, identity, payload, caller_proof, matter }
    }

    /// The question whether a configuration change was answered before.
    pub fn of_config_change(id: String, proposal: ConfigProposal) -> Self {
        let ConfigProposal { policy_hash, change, outcome, payload } = proposal;
        let caller_proof = change.caller_proof;
        let identity = RequestIdentity {
            tenant: change.tenant.clone(),
            callback_request_id: change.callback_request_id.clone(),
            key: change.identity(),
            content: change.content(),
        };
        let matter = Matter::ConfigChange { policy_hash, change: Box::new(change), outcome };
        Self { id, identity, payload, caller_proof, matter }
    }

    /// Which request asks.
    pub fn identity(&self) -> &RequestIdentity {
        &self.identity
    }

    /// What it will look up.
    pub fn asked(&self) -> LookupPlan<'_> {
        let key = match &self.matter {
            Matter::Transaction(transaction) => ChargeKey::of(&transaction.request),
            Matter::ConfigChange { .. } => None,
        };
        let keys = key.map(|key| vec![key.again(&self.identity.callback_request_id), key]);
        LookupPlan { identity: &self.identity, charges: keys.unwrap_or_default() }
    }

    /// The same question, evaluated by `policy` and its prices.
    #[must_use]
    pub fn by(mut self, policy: &Arc<Policy>) -> Self {
        match &mut self.matter {
            Matter::Transaction(transaction) if transaction.policy.hash != policy.hash => {
                let Transaction { request, prices, evaluation, .. } = transaction.as_ref();
                transaction.evaluation = evaluate(policy, request, &prices.of(policy), evaluation.at);
                transaction.policy = Arc::clone(policy);
            }
            Matter::ConfigChange { policy_hash, change, outcome } if *policy_hash != policy.hash => {
                *outcome = config_change::evaluate(policy, change);
                policy_hash.clone_from(&policy.hash);
            }
            Matter::Transaction(_) | Matter::ConfigChange { .. } => {}
        }
        self
    }

    /// The policy it was evaluated by.
    fn policy_hash(&self) -> &str {
        match &self.matter {
            Matter::Transaction(transaction) => &transaction.policy.hash,
            Matter::ConfigChange { policy_hash, .. } => policy_hash,
        }
    }

    /// The entry of a request that is new. Writes nothing.
    ///
    /// # Errors
    /// The ledger could not be read.
    pub fn settle<L: Ledger>(self, ledger: &mut L, now: Time) -> Result<Entry, L::Error> {
        match &self.matter {
            Matter::Transaction(transaction) => {
                let Transaction { policy, request, evaluation, .. } = transaction.as_ref();
                let settlement = settle::settle(policy, request, evaluation, ledger, now)?;
                Ok(self.settled(settlement))
            }
            Matter::ConfigChange { outcome, .. } => {
                let outcome = outcome.clone();
                Ok(self.outcome(outcome, now))
            }
        }
    }

    /// The entry of a request whose id came before with other content.
    pub fn content_changed(self, now: Time) -> Entry {
        match &self.matter {
            Matter::Transaction(transaction) => {
                let settlement = settle::content_changed(&transaction.request, now);
                self.settled(settlement)
            }
            Matter::ConfigChange { .. } => self.outcome(config_change::content_changed(), now),
        }
    }

    fn settled(self, settlement: Settlement) -> Entry {
        let Settlement { verdict, action, reason, limits, charge, evidence, at } = settlement;
        let policy_hash = self.policy_hash().to_owned();
        let (stage, rules) = match self.matter {
            Matter::Transaction(transaction) => {
                (Some(transaction.request.stage), transaction.evaluation.rules)
            }
            Matter::ConfigChange { .. } => (None, Vec::new()),
        };
        let decision = Decision {
            id: self.id,
            tenant: self.identity.tenant.clone(),
            callback_request_id: self.identity.callback_request_id.clone(),
            stage,
            verdict,
            action,
            reason,
            rules,
            limits,
            policy_hash,
            at,
            caller_proof: self.caller_proof,
        };
        let kind = if stage.is_some() { RequestKind::Transaction } else { RequestKind::ConfigChange };
        Entry { identity: self.identity, kind, decision, payload: self.payload, evidence, charge }
    }

    fn outcome(self, outcome: ConfigChangeOutcome, at: Time) -> Entry {
        let ConfigChangeOutcome { verdict, action, reason } = outcome;
        let (limits, charge, evidence) = (Vec::new(), None, Evidence::default());
        self.settled(Settlement { verdict, action, reason, limits, charge, evidence, at })
    }
}
