//! Evaluation: integrity, then every deny rule, then every allow rule. Limits come after, with the ledger.

use serde::{Deserialize, Serialize};

use crate::amount::AmountError;
use crate::circumstances::Circumstances;
use crate::document::Policy;
use crate::integrity::read_intent;
use crate::intent::Intent;
use crate::prices::{Prices, Quote, UsedPrice};
use crate::request::{Request, given};
use crate::rule::{Effect, Rule};
use crate::time::DATA_VERSION;
use crate::time::Time;
use crate::truth::Truth;
use crate::usd::Usd;
use crate::verdict::{Reason, ReasonCode};

/// What the rules say of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Where it stands before the limits.
    pub before_limits: BeforeLimits,
    /// Rules that matched or could not be evaluated.
    pub rules: Vec<RuleResult>,
    /// What the request would do; `None` where it could not be read.
    pub intent: Option<Intent>,
    /// The table's price of the asset, where the policy asks for one and the table has it.
    pub price: Option<UsedPrice>,
    /// Why the table gives the asset no price that is believed, where the policy asks for one.
    pub price_doubt: Option<String>,
    /// When it was asked, by the store's clock: what rules over the time went by.
    pub at: Time,
    /// The version of the time-zone data, where a rule asked for local time.
    pub time_zone_data: Option<String>,
}

/// Where a request stands before the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeforeLimits {
    /// Denied, whatever the limits say.
    Denied(Reason),
    /// Held, unless a limit denies it.
    Held(Reason),
    /// Covered by this allow rule: allowed if every limit has room.
    Covered(String),
}

/// How one rule came out, where that is worth telling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule.
    pub rule_id: String,
    /// What it does where it matches.
    pub effect: Effect,
    /// True: it matched. False: it is indeterminate.
    pub matched: bool,
    /// What was missing.
    pub indeterminate: Vec<String>,
}

/// Evaluates a request, asked at `at` by the store's clock, against every rule; the order of rules does not matter.
/// `prices` are those of the time, or of the record ([`crate::evidence::Evidence::prices`]).
pub fn evaluate(policy: &Policy, request: &Request, prices: &Prices, at: Time) -> Evaluation {
    let asset = given(&request.asset).unwrap_or_default();
    let quote = policy.prices.as_ref().map_or(Quote::NotAsked, |terms| terms.quote(prices, asset, at));
    let price_doubt = quote.doubt().map(str::to_owned).or_else(|| unreadable_value(request, &quote));
    let circumstances =
        Circumstances { price_doubt: price_doubt.clone(), ..Circumstances::of(request, &policy.assets, at) };
    let (before_limits, rules, intent, time_zone_data) = match read_intent(policy, request, &quote) {
        Ok(intent) => {
            let (rules, time_zone_data) = by_rules(policy, &intent, &circumstances);
            (combine(&rules), rules, Some(intent), time_zone_data)
        }
        Err(reason) => (BeforeLimits::Denied(reason), Vec::new(), None, None),
    };
    let price = prices.used(asset).filter(|_| quote != Quote::NotAsked);
    Evaluation { before_limits, rules, intent, price, price_doubt, at, time_zone_data }
}

/// A value that is there and cannot be read: to call it missing would send somebody to look for it.
fn unreadable_value(request: &Request, quote: &Quote) -> Option<String> {
    let unreadable =
        |text: &str| matches!(Usd::parse_rounding_up(text), Err(error) if error != AmountError::Overflow);
    let mut stated = request.destinations.iter().filter_map(|each| given(&each.amount_usd));
    let doubted = !matches!(quote, Quote::Alone(_)) && stated.any(unreadable);
    doubted.then(|| "the USD value is not plain decimal text".to_owned())
}

/// How the rules come out that may be anything but false, and which time-zone data they went by.
fn by_rules(
    policy: &Policy,
    intent: &Intent,
    circumstances: &Circumstances,
) -> (Vec<RuleResult>, Option<String>) {
    let deny = policy.candidates(Effect::Deny, intent);
    let allow = policy.candidates(Effect::Allow, intent);
    let mut rules = results(&deny, Effect::Deny, |rule| rule.denies(intent, circumstances));
    rules.extend(results(&allow, Effect::Allow, |rule| rule.covers(intent, circumstances)));
    let local = deny.iter().chain(&allow).any(|rule| rule.when.circumstances.ask_for_local_time());
    (rules, local.then(|| DATA_VERSION.to_owned()))
}

fn results(rules: &[&Rule], effect: Effect, truth: impl Fn(&Rule) -> Truth) -> Vec<RuleResult> {
    rules.iter().filter_map(|rule| result(rule, effect, truth(rule))).collect()
}

fn result(rule: &Rule, effect: Effect, truth: Truth) -> Option<RuleResult> {
    let (matched, indeterminate) = match truth {
        Truth::False => return None,
        Truth::True => (true, Vec::new()),
        Truth::Indeterminate(phrases) => (false, phrases),
    };
    Some(RuleResult { rule_id: rule.id.clone(), effect, matched, indeterminate })
}

/// DENY over HOLD over ALLOW; nothing at all is DENY. An indeterminate allow rule does not match.
fn combine(rules: &[RuleResult]) -> BeforeLimits {
    let first = |effect, matched| first(rules, effect, matched);
    if let Some(rule) = first(Effect::Deny, true) {
        let text = format!("deny rule {} matches", rule.rule_id);
        return BeforeLimits::Denied(Reason::new(ReasonCode::DenyRule, text));
    }
    let Some(covering) = first(Effect::Allow, true) else { return BeforeLimits::Denied(uncovered(rules)) };
    match first(Effect::Deny, false) {
        Some(rule) => {
            let text = format!("deny rule {}: {}", rule.rule_id, rule.indeterminate.join(", "));
            BeforeLimits::Held(Reason::new(ReasonCode::DenyRuleIndeterminate, text))
        }
        None => BeforeLimits::Covered(covering.rule_id.clone()),
    }
}

/// The one that a person is told of: by name, so that the order of rules decides nothing.
fn first(rules: &[RuleResult], effect: Effect, matched: bool) -> Option<&RuleResult> {
    let those = rules.iter().filter(|rule| rule.effect == effect && rule.matched == matched);
    those.min_by_key(|rule| &rule.rule_id)
}

fn uncovered(rules: &[RuleResult]) -> Reason {
    let text = match first(rules, Effect::Allow, false) {
        Some(rule) => {
            format!(
                "no allow rule covers it; {} cannot tell: {}",
                rule.rule_id,
                rule.indeterminate.join(", ")
            )
        }
        None => "no allow rule covers it".into(),
    };
    Reason::new(ReasonCode::NoAllowRule, text)
}
