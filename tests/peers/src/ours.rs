//! Ours: the rules as the decider has them once it has read a policy.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::address::Chain;
use policy::amount::{Amount, Decimals};
use policy::asset::{Asset, TagRule};
use policy::choice::Choice;
use policy::condition::{AccountMatcher, Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::evaluate::{BeforeLimits, evaluate};
use policy::prices::Prices;
use policy::request::{AccountText, DeclaredDestination, DestinationText, Request, Stage};
use policy::time::Time;

use crate::Engine;
use crate::rules::Rule;

/// Of 2027.
const AT: Time = Time::from_micros(1_800_000_000_000_000);

pub fn read(rules: &[Rule], requests: &[Rule]) -> Result<Engine, String> {
    let asset =
        Asset { chain: Chain::Evm, decimals: Decimals::EIGHTEEN, tag: TagRule::Optional, fee_asset: None };
    let policy = Policy {
        assets: [("ETH".to_owned(), asset)].into(),
        allow: rules.iter().map(rule).collect(),
        ..Policy::default()
    }
    .indexed();
    let requests: Vec<Request> = requests.iter().map(request).collect();
    Ok(Box::new(move |number| {
        let evaluated = requests.get(number).map(|request| evaluate(&policy, request, &Prices::NONE, AT));
        evaluated.is_some_and(|evaluation| matches!(evaluation.before_limits, BeforeLimits::Covered(_)))
    }))
}

fn rule(rule: &Rule) -> policy::rule::Rule {
    let vault = |id: &str| AccountMatcher { kind: "VAULT".to_owned(), id: Some(id.to_owned()) };
    let destination =
        DestinationMatcher { account: Some(vault(&rule.destination)), ..DestinationMatcher::default() };
    let when = Conditions {
        sources: Some(Choice::OneOf(vec![vault(&rule.source)].into())),
        destinations: Some(Choice::OneOf(vec![destination])),
        assets: Some(Arc::new(BTreeSet::from([rule.asset.to_owned()]))),
        amount: Range { max: Some(Amount::from_u64(rule.amount)), over: None },
        ..Conditions::default()
    };
    policy::rule::Rule { id: format!("from-{}", rule.source), when, leave_to_console: false }
}

fn request(request: &Rule) -> Request {
    let text = |text: &str| Some(text.to_owned());
    let vault = |id: &str| AccountText { kind: text("VAULT"), id: text(id), subtype: None };
    let amount = Some(Amount::from_u64(request.amount).to_decimal(Decimals::EIGHTEEN));
    let id = "9c794cee-7e27-46c9-9e9a-ed68295ff06b";
    Request {
        tenant: "default".to_owned(),
        caller_proof: None,
        callback_request_id: id.to_owned(),
        signer: text("s-1"),
        stage: Stage::Signing,
        tx_id: text(id),
        external_tx_id: None,
        operation: text("TRANSFER"),
        source: vault(&request.source),
        declared: DeclaredDestination {
            account: vault(&request.destination),
            ..DeclaredDestination::default()
        },
        asset: text(request.asset),
        amount: amount.clone(),
        requested_amount: amount.clone(),
        fee: None,
        destinations: vec![DestinationText {
            account: vault(&request.destination),
            amount,
            ..DestinationText::default()
        }],
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    }
}
