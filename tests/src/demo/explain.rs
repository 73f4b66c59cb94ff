//! A decision on record, as a line for people: what decided, and what is left.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use proto::decider::v1::decision_record::Answer;
use proto::decider::v1::limit_status::Unit;
use proto::decider::v1::rule_result::Effect;
use proto::decider::v1::{DecideResponse, DecisionRecord, LimitStatus, ReasonCode};
use serde::Deserialize;

use crate::cosigner::Reply;

/// What decided, and what every limit has left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// Rule, limit or reason.
    pub decided_by: String,
    /// Empty where no limit was asked.
    pub headroom: String,
}

/// Explains an answer by its record. `sent`: when the request was sent, to tell an old record from a new one.
pub fn why(record: Option<&DecisionRecord>, reply: &Reply, sent: SystemTime, assets: &Assets) -> Why {
    let said = || reply.rejection_reason.clone().unwrap_or_default();
    match record.and_then(|record| record.answer.as_ref()) {
        None => Why { decided_by: format!("the edge: {}", said()), headroom: String::new() },
        Some(Answer::ConfigChangeAnswer(answer)) => {
            Why { decided_by: answer.reason.clone(), headroom: String::new() }
        }
        Some(Answer::TransactionAnswer(answer)) => transaction(answer, sent, assets),
    }
}

fn transaction(answer: &DecideResponse, sent: SystemTime, assets: &Assets) -> Why {
    let limits: Vec<_> = answer.limits.iter().map(|limit| left(limit, assets)).collect();
    let on_record = match answer.decided_time.and_then(|time| SystemTime::try_from(time).ok()) {
        Some(decided) if decided < sent => " (on record)",
        _ => "",
    };
    Why { decided_by: format!("{}{on_record}", decided_by(answer)), headroom: limits.join(", ") }
}

fn decided_by(answer: &DecideResponse) -> String {
    let rule = |effect: Effect| {
        let rule = answer.rules.iter().find(|rule| rule.matched && rule.effect() == effect);
        rule.map_or_else(|| answer.reason.clone(), |rule| rule.rule_id.clone())
    };
    match answer.reason_code() {
        ReasonCode::Allowed => format!("allow rule {}", rule(Effect::Allow)),
        ReasonCode::DenyRule => format!("deny rule {}", rule(Effect::Deny)),
        ReasonCode::NoAllowRule => "no allow rule covers it".to_owned(),
        ReasonCode::LimitExceeded => {
            let exceeded = answer.limits.iter().filter(|limit| limit.exceeded);
            let ids: Vec<_> = exceeded.map(|limit| limit.limit_id.as_str()).collect();
            format!("limit {}", ids.join(", "))
        }
        _ => answer.reason.clone(),
    }
}

fn left(limit: &LimitStatus, assets: &Assets) -> String {
    let (decimals, unit) = match limit.unit() {
        Unit::BaseUnits => (assets.decimals(&limit.asset_id), limit.asset_id.as_str()),
        Unit::UsdMicros => (USD_DECIMALS, "USD"),
        Unit::Destinations => (0, "destinations"),
        Unit::Transactions | Unit::Unspecified => (0, "transactions"),
    };
    format!("{} of {} {unit}", decimal(&limit.headroom, decimals), decimal(&limit.max, decimals))
}

/// `"990000000000000000"` with 18 decimals as `0.99`. A text that is no number stays as it is.
fn decimal(integer: &str, decimals: usize) -> String {
    if decimals == 0 || integer.is_empty() || !integer.bytes().all(|byte| byte.is_ascii_digit()) {
        return integer.to_owned();
    }
    let padded = format!("{integer:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// How many decimals each asset has, to write base units as people do.
#[derive(Debug, Default, Deserialize)]
pub struct Assets {
    assets: HashMap<String, Asset>,
}

#[derive(Debug, Deserialize)]
struct Asset {
    decimals: usize,
}

/// US dollars are counted in millionths.
const USD_DECIMALS: usize = 6;

impl Assets {
    /// Those of a policy. What cannot be read is shown in base units.
    pub fn read(policy: &Path) -> Self {
        let text = std::fs::read_to_string(policy).unwrap_or_default();
        serde_saphyr::from_str(&text).unwrap_or_default()
    }

    fn decimals(&self, asset: &str) -> usize {
        self.assets.get(asset).map_or(0, |asset| asset.decimals)
    }
}

#[cfg(test)]
mod tests;
