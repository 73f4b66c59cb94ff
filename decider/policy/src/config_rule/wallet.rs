//! Addresses on their way to the custody system's allowlist: `UNMANAGED_WALLET` with an `AddressInfo` (callback
//! protocol, section 5).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::is_of_kind;
use crate::address::Address;
use crate::asset::{Assets, TagRule};
use crate::choice::Choice;
use crate::json::Json;
use crate::list::{AddressList, Reading};
use crate::request::ConfigChange;
use crate::truth::Truth;
use crate::vocabulary::UNMANAGED_WALLET;

/// A wallet whose address is on a list: what may be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedWallet {
    /// The list that must hold address and tag.
    pub list: Arc<AddressList>,
    /// One of these subtypes. `None` is "any".
    pub subtypes: Option<Choice<BTreeSet<String>>>,
}

/// What must hold of a wallet to reject it; `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalletConditions {
    /// The list that must hold the address; an entry without a tag is the address with any.
    pub list: Option<Arc<AddressList>>,
    /// One of these subtypes.
    pub subtypes: Option<Choice<BTreeSet<String>>>,
}

impl ListedWallet {
    pub(super) fn matches(&self, assets: &Assets, change: &ConfigChange) -> Truth {
        matches(assets, change, Some((&self.list, Reading::Narrow)), self.subtypes.as_ref())
    }
}

impl WalletConditions {
    pub(super) fn matches(&self, assets: &Assets, change: &ConfigChange) -> Truth {
        let list = self.list.as_ref().map(|list| (list, Reading::Wide));
        matches(assets, change, list, self.subtypes.as_ref())
    }
}

fn matches(
    assets: &Assets,
    change: &ConfigChange,
    list: Option<(&Arc<AddressList>, Reading)>,
    subtypes: Option<&Choice<BTreeSet<String>>>,
) -> Truth {
    let details = details(change);
    let subtype = details.as_ref().and_then(|details| given(details, "subType"));
    Truth::all([
        is_of_kind(change, UNMANAGED_WALLET),
        subtypes.map_or(Truth::True, |choice| choice.has(subtype.as_ref(), "the subtype")),
        list.map_or(Truth::True, |(list, reading)| {
            match is_listed(assets, details.as_ref(), list, reading) {
                Ok(truth) => truth,
                Err(missing) => Truth::unknown(missing),
            }
        }),
    ])
}

/// The details, where their digest is there too: it alone keeps the same request from coming back with others.
fn details(change: &ConfigChange) -> Option<Json> {
    let json = change.details_json.as_deref().filter(|_| !change.details.is_empty());
    json.and_then(Json::object)
}

/// Whether address and tag are on a list. The asset says how the address is read.
///
/// # Errors
/// What is missing or unusable.
fn is_listed(
    assets: &Assets,
    details: Option<&Json>,
    list: &AddressList,
    reading: Reading,
) -> Result<Truth, String> {
    let details = details.ok_or("the details are missing")?;
    let asset = given(details, "asset").ok_or("the asset is missing")?;
    let asset = assets.get(&asset).ok_or("the policy does not know the asset")?;
    let address = given(details, "address").ok_or("the address is missing")?;
    let address = Address::parse(asset.chain, &address).map_err(|error| error.to_string())?;
    // A tag that is no text is not known to be none.
    let tag = details.text("tag");
    let unreadable = tag.is_none() && details.member("tag").is_some();
    let tag_required = unreadable || asset.tag == TagRule::Required;
    Ok(list.contains(&address, tag, tag_required, reading))
}

fn given(details: &Json, name: &str) -> Option<String> {
    details.text(name).filter(|text| !text.is_empty()).map(str::to_owned)
}
