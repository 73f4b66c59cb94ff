//! What of a condition is beside the point, in words. `None`: it applies.

use crate::applicability::{
    address_applies, amount_applies, call_applies, destination_applies, fee_applies, messages_apply,
    subtype_applies,
};
use crate::choice::Choice;
use crate::condition::{Conditions, DestinationMatcher, Field};
use crate::intent::{Destination, Intent};

use super::given::stage;

/// Of one field of `when`: the condition is false then, even where it rules something out.
pub fn field(when: &Conditions, field: Field, intent: &Intent) -> Option<String> {
    let operation = &intent.operation;
    let applies = match field {
        Field::Amount | Field::AmountUsd => amount_applies(operation),
        Field::Fee => fee_applies(operation, intent.stage),
        Field::FeeShare => fee_applies(operation, intent.stage) && amount_applies(operation),
        Field::Methods => call_applies(operation),
        Field::Messages => messages_apply(operation),
        Field::Destination if when.contracts.is_some() => call_applies(operation),
        Field::Destination => destination_applies(operation),
        _ => true,
    };
    (!applies).then(|| format!("{operation} at {}", stage(intent)))
}

/// Of what is asked of one destination.
pub fn destination(when: &Conditions, intent: &Intent, destination: &Destination) -> Option<String> {
    let matchers = when.destinations.as_ref().map(Choice::alternatives);
    let asks = |part: fn(&DestinationMatcher) -> bool| matchers.is_some_and(|each| each.iter().any(part));
    let (operation, kind) = (intent.operation.as_str(), destination.account.kind.as_deref());
    if !destination_applies(operation) {
        return None;
    }
    let addressless = destination.address.is_none() && !address_applies(operation, kind, intent.stage);
    let address = (addressless && asks(asks_address)).then(|| format!("its address at {}", stage(intent)));
    let subtype = (!subtype_applies(operation, kind) && asks(|each| each.subtype.is_some()))
        .then(|| "its subtype".to_owned());
    let parts: Vec<String> = address.into_iter().chain(subtype).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn asks_address(matcher: &DestinationMatcher) -> bool {
    let listed = matcher.counterparty.as_ref().is_some_and(|each| !each.lists.is_empty());
    listed || matcher.list.is_some() || matcher.tag.is_some()
}
