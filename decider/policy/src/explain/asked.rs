//! What a condition asks, in words. `None`: it asks nothing.

use crate::choice::Choice;
use crate::condition::{AccountMatcher, Conditions, DestinationMatcher, Field, Range};
use crate::document::Policy;
use crate::expression::Expression;
use crate::intent::Intent;
use crate::vocabulary::TRANSFER;

use super::given::{amount, stage_name};

/// What one field of `when` asks of a request.
pub fn in_words(policy: &Policy, when: &Conditions, field: Field, intent: &Intent) -> Option<String> {
    let circumstances = &when.circumstances;
    match field {
        Field::Tenant => choice(&when.caller.tenants, |names| each(names, Clone::clone)),
        Field::CallerProof => {
            when.caller.proofs.as_ref().map(|proofs| each(proofs, |proof| proof.name().to_owned()))
        }
        Field::Signers => choice(&when.signers, |names| each(names, Clone::clone)),
        Field::Stages => {
            when.stages.as_ref().map(|stages| each(stages, |stage| stage_name(*stage).to_owned()))
        }
        Field::Operations => choice(&when.operations, |names| each(names, Clone::clone)),
        Field::PlainTransfer => {
            let named = when.operations.as_ref().and_then(Choice::one_of).is_some();
            (!named).then(|| format!("{TRANSFER}, because it names no operation"))
        }
        Field::Assets => when.assets.as_deref().map(|ids| each(ids, Clone::clone)),
        Field::Source => choice(&when.sources, |accounts| each(accounts.iter(), account)),
        Field::Amount => {
            let asset = asset_of_amount(when, intent);
            range(&when.amount, |bound| amount(&policy.assets, asset, *bound))
        }
        Field::AmountUsd => range(&when.usd, |bound| format!("{bound} USD")),
        Field::Fee => {
            let bounds = circumstances.fee.as_ref()?;
            range(&bounds.range, |bound| amount(&policy.assets, &bounds.asset, *bound))
        }
        Field::FeeShare => range(&circumstances.fee_share, ToString::to_string),
        Field::Methods => choice(&circumstances.methods, |methods| each(methods, ToString::to_string)),
        Field::Messages => choice(&circumstances.messages, |types| each(types, Clone::clone)),
        Field::Times => choice(&circumstances.times, |hours| each(hours, ToString::to_string)),
        Field::Note => choice(&circumstances.note, |patterns| each(patterns, ToString::to_string)),
        Field::ExternalTxId => {
            choice(&circumstances.external_tx_id, |patterns| each(patterns, ToString::to_string))
        }
        Field::Condition => circumstances.expression.as_ref().map(expression),
        Field::Destination => destinations(when),
    }
}

/// The asset in whose units `amount` is bounded: the only one that the rule is about.
pub fn asset_of_amount<'a>(when: &'a Conditions, intent: &'a Intent) -> &'a str {
    when.assets.as_ref().and_then(|assets| assets.first()).unwrap_or(&intent.asset)
}

fn choice<T>(choice: &Option<Choice<T>>, words: impl Fn(&T) -> String) -> Option<String> {
    choice.as_ref().map(|choice| match choice {
        Choice::OneOf(alternatives) => words(alternatives),
        Choice::NoneOf(alternatives) => format!("not {}", words(alternatives)),
    })
}

/// How many alternatives are named; a rule may have thousands.
const MAX_NAMED: usize = 8;

/// Alternatives, as far as they are named.
pub fn each<T>(alternatives: impl IntoIterator<Item = T>, words: impl Fn(T) -> String) -> String {
    let mut rest = alternatives.into_iter();
    let mut named: Vec<String> = rest.by_ref().take(MAX_NAMED).map(words).collect();
    match rest.count() {
        0 => {}
        more => named.push(format!("{more} more")),
    }
    named.join(" | ")
}

fn range<T>(range: &Range<T>, words: impl Fn(&T) -> String) -> Option<String> {
    let over = range.over.as_ref().map(|over| format!("over {}", words(over)));
    let max = range.max.as_ref().map(|max| format!("at most {}", words(max)));
    let bounds: Vec<String> = over.into_iter().chain(max).collect();
    (!bounds.is_empty()).then(|| bounds.join(", "))
}

/// In one line: between its words, and nowhere else, line breaks may stand.
fn expression(expression: &Expression) -> String {
    expression.source().lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn account(account: &AccountMatcher) -> String {
    account.id.as_ref().map_or_else(|| account.kind.clone(), |id| format!("{} {id}", account.kind))
}

fn destinations(when: &Conditions) -> Option<String> {
    let asked = choice(&when.destinations, |matchers| each(matchers, destination));
    let called = when.contracts.as_ref().map(|list| format!("contract on list {}", list.name));
    let words: Vec<String> = asked.into_iter().chain(called).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

fn destination(matcher: &DestinationMatcher) -> String {
    let mut words: Vec<String> = matcher.account.iter().map(account).collect();
    words.extend(matcher.subtype.clone());
    words.extend(matcher.list.as_ref().map(|list| format!("list {}", list.name)));
    words.extend(matcher.age.at_least.map(|length| format!("listed for {length}")));
    words.extend(matcher.age.less_than.map(|length| format!("listed within {length}")));
    words.extend(matcher.counterparty.as_ref().map(|each| format!("counterparty {}", each.name)));
    words.extend(matcher.address_type.clone());
    words.extend(matcher.tag.as_ref().map(|tag| format!("tag {tag}")));
    words.join(" ")
}
