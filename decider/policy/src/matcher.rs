//! What conditions and groups name: accounts by type and id, and addresses by list.

use crate::applicability::{address_applies, destination_applies, destination_id_applies};
use crate::choice::{Asking, Sense};
use crate::intent::{Account, Destination, Intent};
use crate::list::AddressList;
use crate::truth::Truth;
use crate::vocabulary::{ACCOUNT_TYPES, is_account_type};

/// Accounts by type and, where given, id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountMatcher {
    /// Account type.
    pub kind: String,
    /// Account id; `None` is every account of the type.
    pub id: Option<String>,
}

impl AccountMatcher {
    /// Whether a source is this account. Type and id of a source always apply. What the ids of a type that nobody knows
    /// tell apart, nobody knows: that one is another rules nothing out.
    pub fn matches_source(&self, source: &Account, sense: Sense) -> Truth {
        let kind = is_word(&self.kind, source.kind.as_ref(), &ACCOUNT_TYPES, "the source's type");
        match &self.id {
            Some(_) if sense == Sense::IsNot && !is_known_source(source) => kind,
            Some(id) => Truth::all([kind, equals(id, source.id.as_ref(), "the source's id")]),
            None => kind,
        }
    }

    /// Whether a destination of this operation is this account.
    pub fn matches_destination(&self, operation: &str, account: &Account, sense: Sense) -> Truth {
        if !destination_applies(operation) {
            return sense.not_applicable();
        }
        Truth::all([
            is_word(&self.kind, account.kind.as_ref(), &ACCOUNT_TYPES, "a destination's type"),
            self.id.as_ref().map_or(Truth::True, |id| destination_id(id, operation, account, sense)),
        ])
    }

    /// Whether whoever is this account is the other, too.
    pub fn is_within(&self, other: &Self) -> bool {
        self.kind == other.kind && (other.id.is_none() || self.id == other.id)
    }

    /// Whether somebody may be both.
    pub fn may_be(&self, other: &Self) -> bool {
        self.is_within(other) || other.is_within(self)
    }
}

/// Whether a destination's address is on a list. Whatever it is, it is none of another chain's.
pub fn is_listed(list: &AddressList, intent: &Intent, destination: &Destination, asking: Asking) -> Truth {
    match &destination.address {
        Some(address) => {
            list.contains(address, destination.tag.as_deref(), intent.tag_required, asking.reading)
        }
        None if address_applies(&intent.operation, destination.account.kind.as_deref(), intent.stage) => {
            // Under `not` that would let it pass, where an account that has no address is not let pass.
            if asking.sense == Sense::Is && intent.is_of_another_chain(list.chain) {
                return Truth::False;
            }
            Truth::unknown(format!("a destination's address is missing for list {}", list.name))
        }
        None => asking.sense.not_applicable(),
    }
}

fn destination_id(id: &String, operation: &str, account: &Account, sense: Sense) -> Truth {
    let applies = destination_id_applies(operation, account.kind.as_deref());
    where_it_applies(applies, account, sense, equals(id, account.id.as_ref(), "a destination's id"))
}

/// A truth about a part that only some account types have. Where the type is missing or unknown the part may not apply:
/// the result is known only where it is the same either way, or leaving the type out would settle what it left open.
pub(crate) fn where_it_applies(applies: bool, account: &Account, sense: Sense, truth: Truth) -> Truth {
    let otherwise = sense.not_applicable();
    let kind = account.kind.as_deref();
    match kind {
        _ if !applies => otherwise,
        _ if truth == otherwise => truth,
        Some(kind) if is_account_type(kind) => truth,
        Some(_) => Truth::unknown("a destination's type is none that is known"),
        None => Truth::unknown("a destination's type is missing"),
    }
}

/// Whether the type of a source is known, or missing.
pub(crate) fn is_known_source(source: &Account) -> bool {
    source.kind.as_deref().is_none_or(is_account_type)
}

/// Whether a value is the one wanted, of a few that are known. Of any other, nobody knows what it stands for.
pub(crate) fn is_word(wanted: &String, given: Option<&String>, known: &[&str], what: &str) -> Truth {
    match given {
        Some(given) if !known.contains(&given.as_str()) => {
            Truth::unknown(format!("{what} is none that is known"))
        }
        _ => equals(wanted, given, what),
    }
}

/// Whether a value is the one wanted; a missing one is unknown. `what` names it.
pub(crate) fn equals(wanted: &String, given: Option<&String>, what: &str) -> Truth {
    given.map_or_else(|| Truth::unknown(format!("{what} is missing")), |given| (given == wanted).into())
}
