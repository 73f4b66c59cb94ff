//! What is ruled out by address, of whom no address applies before signing.

use policy::choice::Choice;
use policy::condition::{Conditions, DestinationMatcher};
use policy::document::Policy;
use policy::request::Stage;
use policy::rule::covered_operations;
use policy::vocabulary::{PAID_BY_ID, has_subtype, pays_somebody};

/// That a deny rule or a limit, called `what`, which is for everybody but those on a list is for nobody of some account types
/// before signing. What does not apply is false, whichever way it is asked (decision model, section 1).
pub fn ruled_out_by_list(policy: &Policy, what: &str, id: &str, when: &Conditions) -> Option<String> {
    let Some(Choice::NoneOf(out)) = &when.destinations else { return None };
    let (list, place) = out.iter().find_map(by_list).filter(|_| is_at_approval(when))?;
    let is_missed =
        |kind: &&str| are_beside_the_point(out, kind) && !is_named(out, kind) && is_allowed(policy, kind);
    let missed: Vec<&str> = PAID_BY_ID.into_iter().filter(is_missed).collect();
    let (first, missed) = (missed.first()?, missed.join(", "));
    Some(format!(
        "{what} {id} meets no {missed} before signing: their addresses do not apply there, and so nor does what rules list {list} \
         out. Rule out {{type: UNMANAGED, list: {list}}} and {{type: ONE_TIME_ADDRESS, list: {list}}} in place of {place}; or \
         {{type: {first}}} as well, where that is meant"
    ))
}

/// The list that an alternative asks, and how the alternative is written.
fn by_list(matcher: &DestinationMatcher) -> Option<(&str, String)> {
    let named = matcher.list.as_ref().map(|list| (list.name.as_str(), format!("list {}", list.name)));
    named.or_else(|| {
        let receiver = matcher.counterparty.as_ref()?;
        let place = format!("counterparty {}, and its accounts beside them", receiver.name);
        Some((receiver.lists.first()?.name.as_str(), place))
    })
}

/// Whether an alternative asks for nothing of this type but an address, so that the whole condition is false.
fn are_beside_the_point(out: &[DestinationMatcher], kind: &str) -> bool {
    let of_type = |matcher: &DestinationMatcher| {
        matcher.account.as_ref().is_none_or(|account| account.kind == kind && account.id.is_none())
    };
    let alone = |matcher: &DestinationMatcher| matcher.subtype.is_none() && matcher.address_type.is_none();
    out.iter().any(|matcher| by_list(matcher).is_some() && of_type(matcher) && alone(matcher))
}

/// Whether every account of the type is ruled out by name: then it is meant.
fn is_named(out: &[DestinationMatcher], kind: &str) -> bool {
    out.iter().any(|matcher| {
        let account = matcher.account.as_ref().filter(|account| account.kind == kind && account.id.is_none());
        let alone = DestinationMatcher { account: matcher.account.clone(), ..DestinationMatcher::default() };
        account.is_some() && *matcher == alone
    })
}

fn is_at_approval(when: &Conditions) -> bool {
    when.stages.as_ref().is_none_or(|stages| stages.contains(&Stage::Approval))
}

/// Whether some rule may allow to pay an account of the type whose address is not there.
fn is_allowed(policy: &Policy, kind: &str) -> bool {
    policy.allow.iter().any(|rule| {
        let pays = covered_operations(&rule.when).into_iter().any(pays_somebody);
        let met = match &rule.when.destinations {
            None => true,
            Some(Choice::OneOf(asked)) => asked.iter().any(|matcher| may_be(matcher, kind)),
            Some(Choice::NoneOf(out)) => !are_beside_the_point(out, kind) && !is_named(out, kind),
        };
        pays && met && is_at_approval(&rule.when) && rule.when.contracts.is_none()
    })
}

fn may_be(matcher: &DestinationMatcher, kind: &str) -> bool {
    let receiver = matcher.counterparty.as_ref();
    matcher.list.is_none()
        && matcher.tag.is_none()
        && matcher.account.as_ref().is_none_or(|account| account.kind == kind)
        && (matcher.subtype.is_none() || has_subtype(kind))
        && receiver.is_none_or(|each| each.accounts.iter().any(|account| account.kind == kind))
}

#[cfg(test)]
mod tests;
