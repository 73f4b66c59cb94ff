//! What a request has, in words.

use crate::amount::Amount;
use crate::asset::Assets;
use crate::circumstances::Circumstances;
use crate::condition::Field;
use crate::document::Policy;
use crate::intent::{Account, Destination, Intent};
use crate::limit::Unit;
use crate::time::Time;

/// What is said of something that is not there.
const MISSING: &str = "missing";

/// What a request has where a field looks.
pub fn in_words(policy: &Policy, intent: &Intent, circumstances: &Circumstances, field: Field) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| MISSING.into());
    match field {
        Field::Tenant => intent.tenant.clone(),
        Field::CallerProof => {
            intent.caller_proof.map_or_else(|| MISSING.into(), |proof| proof.name().to_owned())
        }
        Field::Signers => text(&intent.signer),
        Field::Stages => format!("{:?}", intent.stage).to_uppercase(),
        Field::Operations | Field::PlainTransfer => intent.operation.clone(),
        Field::Assets => intent.asset.clone(),
        Field::Source => account(&intent.source),
        Field::Amount => amount(&policy.assets, &intent.asset, intent.amount),
        Field::AmountUsd => intent.usd().map_or_else(|| MISSING.into(), |value| format!("{value} USD")),
        Field::Fee | Field::FeeShare => {
            let fee = circumstances.fee.as_ref();
            fee.map_or_else(|| MISSING.into(), |fee| amount(&policy.assets, &fee.asset, fee.amount))
        }
        Field::Methods => circumstances.method.map_or_else(|| MISSING.into(), |method| method.to_string()),
        Field::Messages => messages(circumstances),
        Field::Times => time(circumstances.at),
        Field::Note => text(&circumstances.note),
        Field::ExternalTxId => text(&circumstances.external_tx_id),
        Field::Condition => "all of it".to_owned(),
        Field::Destination => destinations(policy, intent),
    }
}

/// An amount in the asset's own unit, where the policy knows it.
pub fn amount(assets: &Assets, asset: &str, amount: Amount) -> String {
    Unit::BaseUnits(asset.to_owned()).in_words(assets, amount)
}

/// Who is paid, and how much.
pub fn destination(policy: &Policy, intent: &Intent, destination: &Destination) -> String {
    let mut words = vec![account(&destination.account)];
    words.extend(destination.address.as_ref().map(ToString::to_string));
    words.extend(destination.tag.iter().filter(|tag| !tag.is_empty()).map(|tag| format!("tag {tag}")));
    words.extend(destination.address_type.clone());
    words.push(amount(&policy.assets, &intent.asset, destination.amount));
    words.join(", ")
}

fn destinations(policy: &Policy, intent: &Intent) -> String {
    match intent.destinations.as_slice() {
        [] => MISSING.into(),
        [only] => destination(policy, intent, only),
        several => format!("{} destinations", several.len()),
    }
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
