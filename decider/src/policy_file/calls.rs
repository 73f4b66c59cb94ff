//! `call` and `messages`: what operations carry that say nothing by their amounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use policy::choice::Choice;
use policy::list::AddressList;
use policy::method::Method;
use policy::vocabulary::{MESSAGE_TYPES, calls_a_method, signs_messages};

use super::choices::read_set;
use super::ids::check_letters;
use super::scope::{Scope, check_applies, check_chain};
use crate::yaml::{Fields, Reader};

const CALL_FIELDS: [&str; 2] = ["contracts", "methods"];

/// `call.contracts`: the list that must hold the contract.
pub fn read_contracts(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    scope: &Scope<'_>,
) -> Option<Arc<AddressList>> {
    let node = fields.optional(reader, "call")?;
    let call = Fields::of(reader, node, "call", &CALL_FIELDS)?;
    if !call.has("contracts") && !call.has("methods") {
        reader.mistake(node.at, "call needs contracts, methods, or both");
    }
    check_applies(
        reader,
        node,
        "call",
        scope,
        calls_a_method,
        "only CONTRACT_CALL and APPROVE call a contract",
    );
    let name = call.optional(reader, "contracts")?;
    let list = Arc::clone(&scope.names.list(reader, name)?.list);
    check_chain(reader, name, &list, scope.names, scope.assets);
    Some(list)
}

/// `call.methods`: signatures, or their first four bytes.
pub fn read_methods(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Choice<BTreeSet<Method>>> {
    let node = fields.optional(reader, "call")?;
    // What else is wrong with it was said where its contracts were read.
    let call = Fields::of(reader, node, "call", &CALL_FIELDS)?;
    read_set(reader, &call, "methods", |reader, node| {
        let text = reader.text(node, "a method")?;
        reader.check(node.at, Method::parse(text))
    })
}

/// `messages`: the types of messages. New ones come with new standards: any word is one that is not a known one in other
/// letters.
pub fn read_messages(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    scope: &Scope<'_>,
) -> Option<Choice<BTreeSet<String>>> {
    let node = fields.optional(reader, "messages")?;
    check_applies(
        reader,
        node,
        "messages",
        scope,
        signs_messages,
        "only RAW and TYPED_MESSAGE sign messages",
    );
    read_set(reader, fields, "messages", |reader, node| {
        let name = reader.word(node, "the type of a message")?;
        reader.check(node.at, check_letters(name, &MESSAGE_TYPES)).map(|()| name.to_owned())
    })
}
