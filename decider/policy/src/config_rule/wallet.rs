//! Addresses on their way to the custody system's allowlist: `UNMANAGED_WALLET` with an `AddressInfo` (callback
//! protocol, section 5).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::is_of_kind;
use crate::address::Address;
use crate::asset::{Asset, Assets, TagRule};
use crate::choice::Choice;
use crate::json::Json;
use crate::list::{AddressList, Reading};
use crate::request::ConfigChange;
use crate::truth::Truth;
use crate::vocabulary::{UNMANAGED_WALLET, WALLET_SUBTYPES};

/// A wallet whose address is on a list: what may be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedWallet {
    /// The list that must hold address and tag.
    pub list: Arc<AddressList>,
    /// One of these subtypes. `None` is "any".
    pub subtypes: Option<Choice<BTreeSet<String>>>,
    /// For one of these assets, by id. `None` is "any" of the list's chain.
    pub assets: Option<Arc<BTreeSet<String>>>,
}

/// What must hold of a wallet to reject it; `None` is "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalletConditions {
    /// The list that must hold the address; an entry without a tag is the address with any.
    pub list: Option<Arc<AddressList>>,
    /// One of these subtypes.
    pub subtypes: Option<Choice<BTreeSet<String>>>,
    /// For one of these assets, by id.
    pub assets: Option<Arc<BTreeSet<String>>>,
}

impl ListedWallet {
    pub(super) fn matches(&self, assets: &Assets, change: &ConfigChange) -> Truth {
        let wallet = Wallet { subtypes: self.subtypes.as_ref(), assets: self.assets.as_deref() };
        wallet.matches(assets, change, Some((&self.list, Reading::Narrow)))
    }
}

impl WalletConditions {
    pub(super) fn matches(&self, assets: &Assets, change: &ConfigChange) -> Truth {
        let wallet = Wallet { subtypes: self.subtypes.as_ref(), assets: self.assets.as_deref() };
        wallet.matches(assets, change, self.list.as_ref().map(|list| (list, Reading::Wide)))
    }
}

/// What is asked of a wallet, whatever is done to it.
struct Wallet<'a> {
    subtypes: Option<&'a Choice<BTreeSet<String>>>,
    assets: Option<&'a BTreeSet<String>>,
}

impl Wallet<'_> {
    fn matches(
        &self,
        assets: &Assets,
        change: &ConfigChange,
        list: Option<(&Arc<AddressList>, Reading)>,
    ) -> Truth {
        let details = details(change);
        let subtype = details.as_ref().and_then(|details| given(details, "subType"));
        let is_one_of = |wanted| is_for(assets, details.as_ref(), wanted);
        let is_on =
            |(list, reading): (&Arc<AddressList>, _)| is_listed(assets, details.as_ref(), list, reading);
        Truth::all([
            is_of_kind(change, UNMANAGED_WALLET),
            self.subtypes.map_or(Truth::True, |choice| has_subtype(choice, subtype.as_ref())),
            self.assets.map_or(Truth::True, |wanted| is_one_of(wanted).unwrap_or_else(Truth::unknown)),
            list.map_or(Truth::True, |list| is_on(list).unwrap_or_else(Truth::unknown)),
        ])
    }
}

/// Wallets have one of a few subtypes. Of any other, nobody knows which rules it would fall under.
fn has_subtype(choice: &Choice<BTreeSet<String>>, given: Option<&String>) -> Truth {
    match given {
        Some(given) if !WALLET_SUBTYPES.contains(&given.as_str()) => {
            Truth::unknown("the subtype is none that is known")
        }
        _ => choice.has(given, "the subtype"),
    }
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
    let (details, _, asset) = of_asset(assets, details)?;
    let address = given(details, "address").ok_or("the address is missing")?;
    let address = Address::parse(asset.chain, &address).map_err(|error| error.to_string())?;
    // A tag that is no text is not known to be none.
    let tag = details.text("tag");
    let unreadable = tag.is_none() && details.member("tag").is_some();
    let tag_required = unreadable || asset.tag == TagRule::Required;
    Ok(list.contains(&address, tag, tag_required, reading))
}

/// Whether it is for one of these assets. One that the policy does not know could be another name of one of them.
///
/// # Errors
/// What is missing or unknown.
fn is_for(assets: &Assets, details: Option<&Json>, wanted: &BTreeSet<String>) -> Result<Truth, String> {
    let (_, id, _) = of_asset(assets, details)?;
    Ok(wanted.contains(&id).into())
}

/// The details with the asset that they are about, and its id.
fn of_asset<'a>(
    assets: &'a Assets,
    details: Option<&'a Json>,
) -> Result<(&'a Json, String, &'a Asset), String> {
    let details = details.ok_or("the details are missing")?;
    let id = given(details, "asset").ok_or("the asset is missing")?;
    let asset = assets.get(&id).ok_or("the policy does not know the asset")?;
    Ok((details, id, asset))
}

fn given(details: &Json, name: &str) -> Option<String> {
    details.text(name).filter(|text| !text.is_empty()).map(str::to_owned)
}
