//! The destination that a request declares beside its list of destinations: both say the same, or the request is denied.

use super::{account, agree, read_address};
use crate::address::Address;
use crate::asset::Asset;
use crate::intent::{Account, Destination};
use crate::request::{DeclaredDestination, Request, given};
use crate::verdict::Reason;

/// The destination declared beside the list: the only one, or one of several. An address that it alone gives is
/// that of the destination: every address the payload gives is checked (decision model, section 5).
pub(super) fn agree_with_declared(
    mut destinations: Vec<Destination>,
    request: &Request,
    asset: &Asset,
) -> Result<Vec<Destination>, Reason> {
    let declared = Declared::read(&request.declared, asset)?;
    match destinations.as_mut_slice() {
        [] => {}
        [only] => {
            declared.check(only)?;
            only.address = only.address.take().or(declared.address);
            only.address_type = only.address_type.take().or(declared.address_type);
        }
        several => declared.is_one_of(several)?,
    }
    Ok(destinations)
}

/// The declared destination, read.
struct Declared {
    account: Account,
    address: Option<Address>,
    address_type: Option<String>,
}

impl Declared {
    fn read(text: &DeclaredDestination, asset: &Asset) -> Result<Self, Reason> {
        Ok(Self {
            account: account(&text.account),
            address: read_address(&text.address, "destAddress", asset)?,
            address_type: given(&text.address_type).map(str::to_owned),
        })
    }

    fn check(&self, destination: &Destination) -> Result<(), Reason> {
        let account = &destination.account;
        agree_where_given(&self.account.kind, &account.kind, "destType", "destinations[0].dstType")?;
        agree_where_given(&self.account.id, &account.id, "destId", "destinations[0].dstId")?;
        let (one, other) = ("the declared subtype", "destinations[0].dstSubType");
        agree_where_given(&self.account.subtype, &account.subtype, one, other)?;
        agree_where_given(
            &self.address,
            &destination.address,
            "destAddress",
            "the address in destinations[0]",
        )?;
        let (one, other) = ("destAddressType", "destinations[0].dstAddressType");
        agree_where_given(&self.address_type, &destination.address_type, one, other)
    }

    fn is_one_of(&self, several: &mut [Destination]) -> Result<(), Reason> {
        let mut fitting: Vec<&mut Destination> =
            several.iter_mut().filter(|each| self.check(each).is_ok()).collect();
        agree(!fitting.is_empty(), "the declared destination", "every entry of destinations")?;
        if self.address.is_some() && fitting.iter().all(|each| each.address.is_none()) {
            give_address(&mut fitting, self.address.as_ref())?;
        }
        Ok(())
    }
}

/// An address that none of several has is that of the one account that fits. With more than one account nobody
/// can tell which it is, and it would be checked for none.
fn give_address(fitting: &mut [&mut Destination], address: Option<&Address>) -> Result<(), Reason> {
    if let [first, others @ ..] = fitting {
        let same = |one: &Account, other: &Account| one.kind == other.kind && one.id == other.id;
        let known = others.iter().all(|each| same(&each.account, &first.account));
        agree(known, "destAddress, which could belong to more than one account,", "destinations")?;
        first.address = address.cloned();
    }
    Ok(())
}

fn agree_where_given<T: PartialEq>(
    one: &Option<T>,
    other: &Option<T>,
    name: &str,
    other_name: &str,
) -> Result<(), Reason> {
    agree(one.is_none() || other.is_none() || one == other, name, other_name)
}
