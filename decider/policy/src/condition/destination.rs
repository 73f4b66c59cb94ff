//! Destinations as a condition names them.

use std::sync::Arc;

use crate::address::Address;
use crate::applicability::{address_applies, address_type_applies, subtype_applies};
use crate::choice::{Asking, Sense};
use crate::group::Counterparty;
use crate::intent::{Account, Destination, Intent};
use crate::list::{AddressList, Age};
use crate::matcher::{AccountMatcher, equals, is_listed, is_word, where_it_applies};
use crate::time::Time;
use crate::truth::Truth;
use crate::vocabulary::{ADDRESS_TYPES, UNMANAGED, WALLET_SUBTYPES, is_account_type};

/// One alternative: everything it names must hold of the same destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationMatcher {
    /// The account it must be.
    pub account: Option<AccountMatcher>,
    /// The subtype its account must have.
    pub subtype: Option<String>,
    /// The list that must hold its address.
    pub list: Option<Arc<AddressList>>,
    /// How long it must have been on the list.
    pub age: Age,
    /// The receiver it must belong to.
    pub counterparty: Option<Arc<Counterparty>>,
    /// `WHITELISTED` or `ONE_TIME`.
    pub address_type: Option<String>,
    /// The tag it must have, to the letter.
    pub tag: Option<String>,
}

impl DestinationMatcher {
    pub(super) fn matches(
        &self,
        intent: &Intent,
        destination: &Destination,
        asking: Asking,
        at: Time,
    ) -> Truth {
        let account = self.account.as_ref().map(|account| {
            account.matches_destination(&intent.operation, &destination.account, asking.sense)
        });
        let subtype = self.subtype.as_ref().map(|wanted| subtype(wanted, intent, destination, asking.sense));
        let listed = self.list.as_ref().map(|list| is_listed(list, intent, destination, asking));
        let belongs = self.counterparty.as_ref().map(|each| each.matches(intent, destination, asking));
        let called = self.address_type.as_ref();
        let called = called.map(|wanted| address_type(wanted, intent, destination, asking.sense));
        let tagged = self.tag.as_ref().map(|wanted| tag(wanted, intent, destination, asking.sense));
        let aged = Some(self.of_age(destination, asking, at));
        Truth::all([account, subtype, listed, aged, belongs, called, tagged].into_iter().flatten())
    }

    /// Without a list or an address, whether it is listed says it all.
    fn of_age(&self, destination: &Destination, asking: Asking, at: Time) -> Truth {
        match (&self.list, &destination.address) {
            (Some(list), Some(address)) => {
                list.is_of_age(self.age, address, destination.tag.as_deref(), asking.reading, at)
            }
            _ => Truth::True,
        }
    }
}

fn subtype(wanted: &String, intent: &Intent, destination: &Destination, sense: Sense) -> Truth {
    let account = &destination.account;
    let applies = subtype_applies(&intent.operation, account.kind.as_deref());
    let (given, what) = (account.subtype.as_ref(), "a destination's subtype");
    let truth = match may_be_a_wallet(account) {
        true => is_word(wanted, given, &WALLET_SUBTYPES, what),
        false => equals(wanted, given, what),
    };
    where_it_applies(applies, account, sense, truth)
}

/// Wallets have one of a few subtypes; those of an exchange are open.
fn may_be_a_wallet(account: &Account) -> bool {
    account.kind.as_deref().is_none_or(|kind| kind == UNMANAGED || !is_account_type(kind))
}

fn address_type(wanted: &String, intent: &Intent, destination: &Destination, sense: Sense) -> Truth {
    if !address_type_applies(&intent.operation) {
        return sense.not_applicable();
    }
    let given = destination.address_type.as_ref();
    is_word(wanted, given, &ADDRESS_TYPES, "a destination's address type")
}

/// A tag that is known to be none is not the one wanted. Where neither an address nor the asset's chain is known, nobody
/// can tell whether there are tags.
fn tag(wanted: &String, intent: &Intent, destination: &Destination, sense: Sense) -> Truth {
    let kind = destination.account.kind.as_deref();
    let missed = address_applies(&intent.operation, kind, intent.stage);
    let otherwise = sense.not_applicable();
    let chain = destination.address.as_ref().map(Address::chain).or(intent.chain);
    match (chain, &destination.tag) {
        (Some(chain), _) if !chain.has_tags() => otherwise,
        (None, Some(tag)) if missed && Truth::from(tag == wanted) != otherwise => {
            Truth::unknown("a destination's address is missing")
        }
        (_, Some(tag)) => (tag == wanted).into(),
        (_, None) if missed => Truth::unknown("a destination's tag is missing"),
        (_, None) => otherwise,
    }
}
