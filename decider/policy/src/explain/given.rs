//! What a request has, in words.

use std::collections::BTreeSet;

use crate::amount::Amount;
use crate::asset::Assets;
use crate::choice::Choice;
use crate::circumstances::Circumstances;
use crate::condition::{Conditions, Field};
use crate::document::Policy;
use crate::expression::Value;
use crate::intent::{Account, Destination, Intent};
use crate::limit::Unit;
use crate::local_time::{Day, Hours};
use crate::request::Stage;
use crate::time::Time;
use crate::usd::Usd;

use super::asked::each;

/// What is said of something that is not there.
const MISSING: &str = "missing";

/// What a request has where a field looks.
pub fn in_words(
    policy: &Policy,
    when: &Conditions,
    field: Field,
    intent: &Intent,
    circumstances: &Circumstances,
) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| MISSING.into());
    match field {
        Field::Tenant => intent.tenant.clone(),
        Field::CallerProof => {
            intent.caller_proof.map_or_else(|| MISSING.into(), |proof| proof.name().to_owned())
        }
        Field::Signers => text(&intent.signer),
        Field::Stages => stage(intent).to_owned(),
        Field::Operations | Field::PlainTransfer => intent.operation.clone(),
        Field::Assets => intent.asset.clone(),
        Field::Source => account(&intent.source),
        Field::Amount => amount(&policy.assets, &intent.asset, intent.amount),
        Field::AmountUsd => intent.usd().map_or_else(|| MISSING.into(), |value| format!("{value} USD")),
        Field::Fee => text(&fee(policy, circumstances)),
        Field::FeeShare => {
            let whole = amount(&policy.assets, &intent.asset, intent.amount);
            text(&fee(policy, circumstances).map(|fee| format!("{fee} of {whole}")))
        }
        Field::Methods => circumstances.method.map_or_else(|| MISSING.into(), |method| method.to_string()),
        Field::Messages => messages(circumstances),
        Field::Times => clocks(when, circumstances.at),
        Field::Note => text(&circumstances.note),
        Field::ExternalTxId => text(&circumstances.external_tx_id),
        Field::Condition => values(policy, when, intent, circumstances),
        Field::Destination => destinations(intent),
    }
}

/// An amount in the asset's own unit, where the policy knows it.
pub fn amount(assets: &Assets, asset: &str, amount: Amount) -> String {
    Unit::BaseUnits(asset.to_owned()).in_words(assets, amount)
}

/// The stage, as policies name it.
pub fn stage(intent: &Intent) -> &'static str {
    stage_name(intent.stage)
}

/// A stage, as policies name it.
pub fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Approval => "APPROVAL",
        Stage::Signing => "SIGNING",
    }
}

/// Who is paid, and how much; where a rule asks for it, since when a list has the address.
pub fn destination(policy: &Policy, when: &Conditions, intent: &Intent, destination: &Destination) -> String {
    let mut words = vec![account(&destination.account)];
    words.extend(destination.address.as_ref().map(ToString::to_string));
    words.extend(destination.tag.iter().filter(|tag| !tag.is_empty()).map(|tag| format!("tag {tag}")));
    words.extend(destination.address_type.clone());
    words.push(amount(&policy.assets, &intent.asset, destination.amount));
    words.extend(listed(when, destination));
    words.join(", ")
}

fn listed(when: &Conditions, destination: &Destination) -> Option<String> {
    let address = destination.address.as_ref()?;
    let matchers = when.destinations.as_ref()?.alternatives().iter();
    let of_age = matchers.filter(|matcher| !matcher.age.is_any());
    let mut since = of_age.filter_map(|matcher| {
        let list = matcher.list.as_ref()?;
        let added = list.added(address, destination.tag.as_deref())?;
        Some(format!("on {} since {}", list.name, time(added)))
    });
    since.next()
}

fn fee(policy: &Policy, circumstances: &Circumstances) -> Option<String> {
    circumstances.fee.as_ref().map(|fee| amount(&policy.assets, &fee.asset, fee.amount))
}

fn destinations(intent: &Intent) -> String {
    match intent.destinations.len() {
        0 => MISSING.into(),
        count => format!("{count} destinations"),
    }
}

/// What clocks show where the rule asks, with the day of the week.
fn clocks(when: &Conditions, at: Time) -> String {
    let hours = when.circumstances.times.iter().flat_map(Choice::alternatives);
    let clock = |hours: &Hours| {
        let shown = hours.zone.shows(at)?;
        let day = Day::from(shown.weekday());
        let (day, _) = Day::ALL.into_iter().find(|(_, known)| *known == day)?;
        Some(format!("{day} {shown} {}", hours.zone))
    };
    let shown: BTreeSet<String> = hours.map(|hours| clock(hours).unwrap_or_else(|| time(at))).collect();
    each(shown, |clock| clock)
}

/// The values of what an expression names.
fn values(policy: &Policy, when: &Conditions, intent: &Intent, circumstances: &Circumstances) -> String {
    let values = when.circumstances.expression.iter();
    let values = values.flat_map(|expression| expression.values(intent, circumstances));
    let words = values.map(|(name, value)| match value {
        Value::Text(text) => format!("{name} {text:?}"),
        Value::Count(count) => format!("{name} {count}"),
        Value::Total(Some(asset), units) => format!("{name} {}", amount(&policy.assets, asset, units)),
        Value::Total(None, micros) => format!("{name} {} USD", Usd::from_micros(micros)),
        Value::Missing => format!("{name} {MISSING}"),
        Value::NotApplicable => format!("{name} does not apply"),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn account(account: &Account) -> String {
    let words = [&account.kind, &account.id, &account.subtype].into_iter().flatten();
    let words: Vec<&str> = words.map(String::as_str).collect();
    if words.is_empty() { MISSING.into() } else { words.join(" ") }
}

fn messages(circumstances: &Circumstances) -> String {
    let Some(types) = &circumstances.message_types else { return MISSING.into() };
    let types: Vec<&str> = types.iter().map(|kind| kind.as_deref().unwrap_or(MISSING)).collect();
    types.join(", ")
}

/// As people write it, in UTC.
fn time(at: Time) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros()).map_or_else(|_| MISSING.into(), |time| time.to_string())
}
