//! The fields of a request, and what a sender could put into them.

use policy::request::Request;
use policy::vocabulary::{ACCOUNT_TYPES, ADDRESS_TYPES};

/// A field that can be taken away, and spoilt where it has values that cannot be used.
pub struct FieldOf {
    pub name: &'static str,
    pub spoils: fn(&str) -> bool,
    pub slot: fn(&mut Request) -> Option<&mut Option<String>>,
}

/// Names, ids and text: each value is one that could be used.
pub const fn name(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |with| with.is_empty(), slot }
}

/// Every text is a tag, and empty is known to be none.
pub const fn tag(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |_| false, slot }
}

/// One of a few words: any other says nothing that anybody knows.
pub const fn word(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf {
        name,
        spoils: |with| !ACCOUNT_TYPES.contains(&with) && !ADDRESS_TYPES.contains(&with) || with == "UNKNOWN",
        slot,
    }
}

/// Amounts, addresses and raw transactions.
pub const fn value(name: &'static str, slot: fn(&mut Request) -> Option<&mut Option<String>>) -> FieldOf {
    FieldOf { name, spoils: |_| true, slot }
}

pub const FIELDS: [FieldOf; 35] = [
    name("signerId", |r| Some(&mut r.signer)),
    word("sourceType", |r| Some(&mut r.source.kind)),
    name("sourceId", |r| Some(&mut r.source.id)),
    name("source subtype", |r| Some(&mut r.source.subtype)),
    word("destType", |r| Some(&mut r.declared.account.kind)),
    name("destId", |r| Some(&mut r.declared.account.id)),
    value("destAddress", |r| Some(&mut r.declared.address)),
    word("destAddressType", |r| Some(&mut r.declared.address_type)),
    name("asset", |r| Some(&mut r.asset)),
    value("amountStr", |r| Some(&mut r.amount)),
    value("requestedAmountStr", |r| Some(&mut r.requested_amount)),
    // Nothing is a fee that could be paid.
    FieldOf { name: "fee", spoils: |with| with != "0", slot: |r| Some(&mut r.fee) },
    name("note", |r| Some(&mut r.note)),
    name("externalTxId", |r| Some(&mut r.external_tx_id)),
    value("extraParameters", |r| Some(&mut r.extra_parameters)),
    word("[0].dstType", |r| Some(&mut r.destinations.get_mut(0)?.account.kind)),
    name("[0].dstId", |r| Some(&mut r.destinations.get_mut(0)?.account.id)),
    word("[0].dstSubType", |r| Some(&mut r.destinations.get_mut(0)?.account.subtype)),
    value("[0].amountNativeStr", |r| Some(&mut r.destinations.get_mut(0)?.amount)),
    value("[0].amountUSD", |r| Some(&mut r.destinations.get_mut(0)?.amount_usd)),
    value("[0].dstAddress", |r| Some(&mut r.destinations.get_mut(0)?.address)),
    value("[0].displayDstAddress", |r| Some(&mut r.destinations.get_mut(0)?.display_address)),
    word("[0].dstAddressType", |r| Some(&mut r.destinations.get_mut(0)?.address_type)),
    tag("[0].tag", |r| Some(&mut r.destinations.get_mut(0)?.tag)),
    word("[1].dstType", |r| Some(&mut r.destinations.get_mut(1)?.account.kind)),
    name("[1].dstId", |r| Some(&mut r.destinations.get_mut(1)?.account.id)),
    name("[1].dstSubType", |r| Some(&mut r.destinations.get_mut(1)?.account.subtype)),
    value("[1].amountNativeStr", |r| Some(&mut r.destinations.get_mut(1)?.amount)),
    value("[1].amountUSD", |r| Some(&mut r.destinations.get_mut(1)?.amount_usd)),
    value("[1].dstAddress", |r| Some(&mut r.destinations.get_mut(1)?.address)),
    value("[1].displayDstAddress", |r| Some(&mut r.destinations.get_mut(1)?.display_address)),
    word("[1].dstAddressType", |r| Some(&mut r.destinations.get_mut(1)?.address_type)),
    tag("[1].tag", |r| Some(&mut r.destinations.get_mut(1)?.tag)),
    value("rawTx[0].rawTx", |r| Some(&mut r.raw_transactions.get_mut(0)?.raw)),
    value("rawTx[0].payload", |r| Some(&mut r.raw_transactions.get_mut(0)?.payload)),
];

/// What a sender could put into a field instead.
pub const SPOILT: [Option<&str>; 11] = [
    None,
    Some(""),
    Some("-1"),
    Some("1e5"),
    Some("\u{0}"),
    Some("0"),
    Some("１"),
    Some("null"),
    Some(" "),
    Some("vault"),
    Some("UNKNOWN"),
];

/// One address in every place that gives it: removing all of them is removing the address.
pub fn spoil_address(request: &mut Request, with: Option<&str>) {
    let with = with.map(str::to_owned);
    request.declared.address = with.clone();
    for destination in &mut request.destinations {
        destination.address = with.clone();
        destination.display_address = with.clone();
    }
}
