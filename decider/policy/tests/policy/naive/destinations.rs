//! Conditions over one destination.

use policy::request::Stage;

use super::logic::{Known, all, any, not};
use super::model::{LISTS, Pick, PlainAccount, PlainReceiver, RECEIVERS, To};
use super::read::{Facts, Payee, by_address, by_id, pays};

/// How a condition is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Whether an address that is listed without a tag is listed under any.
    pub any_tag: bool,
    /// Whether it stands under `not`.
    pub under_not: bool,
    /// Seconds since 1970.
    pub now_micros: i64,
}

impl Ask {
    /// What does not apply makes the whole condition false, under `not` as well.
    fn not_applicable(self) -> Known {
        Some(self.under_not)
    }
}

/// For denying and counting `any_tag`; under `not` it turns over.
pub fn is_chosen(pick: &Pick<To>, facts: &Facts, payee: &Payee, any_tag: bool, now_micros: i64) -> Known {
    if pick.not {
        let ask = Ask { any_tag: !any_tag, under_not: true, now_micros };
        not(any(pick.of.iter().map(|to| is(to, facts, payee, ask))))
    } else {
        let ask = Ask { any_tag, under_not: false, now_micros };
        any(pick.of.iter().map(|to| is(to, facts, payee, ask)))
    }
}

fn is(to: &To, facts: &Facts, payee: &Payee, ask: Ask) -> Known {
    let mut parts = Vec::new();
    if let Some(account) = &to.account {
        parts.push(is_account(account, facts, payee, ask));
    }
    if let Some(subtype) = to.subtype {
        let applies = |kind: &str| kind != "VAULT" && kind != "ONE_TIME_ADDRESS";
        parts.push(by_kind(facts, payee, ask, applies, is_subtype(subtype, payee)));
    }
    if let Some(list) = to.list {
        parts.push(is_listed(list, facts, payee, ask));
        parts.push(is_of_age(list, to, payee, ask));
    }
    if let Some(receiver) = to.receiver {
        parts.push(is_receiver(&RECEIVERS[receiver], facts, payee, ask));
    }
    if let Some(word) = to.address_type {
        let one_of_two = |given: &&String| ["WHITELISTED", "ONE_TIME"].contains(&given.as_str());
        let known = same(word, &payee.address_type.as_ref().filter(one_of_two).cloned());
        parts.push(if pays(&facts.operation) { known } else { ask.not_applicable() });
    }
    if let Some(tag) = to.tag {
        parts.push(is_tagged(tag, facts, payee, ask));
    }
    all(parts)
}

pub fn is_receiver(receiver: &PlainReceiver, facts: &Facts, payee: &Payee, ask: Ask) -> Known {
    let accounts = receiver.accounts.iter().map(|account| is_account(account, facts, payee, ask));
    let lists = receiver.lists.iter().map(|list| is_listed(*list, facts, payee, ask));
    any(accounts.chain(lists).collect::<Vec<_>>())
}

fn is_account((kind, id): &PlainAccount, facts: &Facts, payee: &Payee, ask: Ask) -> Known {
    if !pays(&facts.operation) {
        return ask.not_applicable();
    }
    let has_id = |kind: &str| !by_address(kind);
    let id = id.map(|id| by_kind(facts, payee, ask, has_id, same(id, &payee.id)));
    all([same(kind, &known_kind(payee)), id.unwrap_or(Some(true))])
}

/// An address of a chain without tags has none that could be asked for.
fn is_tagged(wanted: &str, facts: &Facts, payee: &Payee, ask: Ask) -> Known {
    let known = payee.tag.as_ref().map(|given| given == wanted);
    if facts.asset != "XRP" {
        return ask.not_applicable();
    }
    if address_matters(facts, payee) { known } else { known.or(ask.not_applicable()) }
}

/// Of a wallet there are three; of whom it is not known that it is none, too.
fn is_subtype(wanted: &str, payee: &Payee) -> Known {
    let three = ["INTERNAL", "EXTERNAL", "CONTRACT"];
    let has_any = known_kind(payee).is_some_and(|kind| kind != "UNMANAGED");
    let known = payee.subtype.clone().filter(|given| has_any || three.contains(&given.as_str()));
    same(wanted, &known)
}

/// A part that only some types have. Without the type it is known only where it comes to the same either way.
fn by_kind(facts: &Facts, payee: &Payee, ask: Ask, applies: impl Fn(&str) -> bool, known: Known) -> Known {
    match known_kind(payee) {
        _ if !pays(&facts.operation) => ask.not_applicable(),
        Some(kind) if applies(&kind) => known,
        Some(_) => ask.not_applicable(),
        None if known == ask.not_applicable() => known,
        None => None,
    }
}

/// The one that nobody knows yet is as good as none.
fn known_kind(payee: &Payee) -> Option<String> {
    payee.kind.clone().filter(|kind| kind != "OF_TOMORROW")
}

fn address_matters(facts: &Facts, payee: &Payee) -> bool {
    let may_be_one = !payee.kind.as_deref().is_some_and(by_id);
    pays(&facts.operation) && (may_be_one || facts.stage == Stage::Signing)
}

fn is_listed(list: usize, facts: &Facts, payee: &Payee, ask: Ask) -> Known {
    match &payee.address {
        Some(_) => holds(list, facts, payee, ask.any_tag),
        None if address_matters(facts, payee) => unaddressed(list, facts).filter(|_| !ask.under_not),
        None => ask.not_applicable(),
    }
}

/// An address that is missed is at least one of the asset's chain.
pub fn unaddressed(list: usize, facts: &Facts) -> Known {
    (LISTS[list].evm != (facts.asset != "XRP")).then_some(false)
}

/// Whether the list holds the address, which is there, under its tag.
pub fn holds(list: usize, facts: &Facts, payee: &Payee, any_tag: bool) -> Known {
    let (mut plain, mut tags) = (false, Vec::new());
    for (address, tag, _) in LISTS[list].entries {
        if payee.address.as_ref() == Some(&canonical(address)) {
            match tag {
                None => plain = true,
                Some(tag) => tags.push(*tag),
            }
        }
    }
    match payee.tag.as_deref() {
        _ if any_tag && plain => Some(true),
        _ if !plain && tags.is_empty() => Some(false),
        None if facts.tag_required || !tags.is_empty() => None,
        None | Some("") => Some(plain),
        Some(tag) => Some(tags.contains(&tag)),
    }
}

/// Of the entries by which it is listed, one is old enough and young enough. Unlisted: not asked here.
fn is_of_age(list: usize, to: &To, payee: &Payee, ask: Ask) -> Known {
    if to.listed_for.is_none() && to.listed_within.is_none() {
        return Some(true);
    }
    let given = payee.tag.as_deref().filter(|tag| !tag.is_empty());
    let mut truths = Vec::new();
    for (address, tag, added) in LISTS[list].entries {
        let here = payee.address.as_ref() == Some(&canonical(address));
        match tag {
            _ if !here => {}
            None if ask.any_tag || given.is_none() => truths.push(aged(*added, to, ask)),
            Some(tag) if given == Some(tag) => truths.push(aged(*added, to, ask)),
            Some(_) if payee.tag.is_none() => truths.push(None),
            _ => {}
        }
    }
    if truths.is_empty() { Some(true) } else { any(truths) }
}

fn aged(added: Option<i64>, to: &To, ask: Ask) -> Known {
    let micros = ask.now_micros - added? * 1_000_000;
    let old = to.listed_for.is_none_or(|seconds| micros >= seconds * 1_000_000);
    let young = to.listed_within.is_none_or(|seconds| micros < seconds * 1_000_000);
    Some(old && young)
}

fn canonical(address: &str) -> String {
    if address.starts_with("0x") { address.to_lowercase() } else { address.to_owned() }
}

pub fn same(wanted: &str, given: &Option<String>) -> Known {
    given.as_ref().map(|given| given == wanted)
}
