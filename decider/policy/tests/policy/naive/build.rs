//! A policy in plain words as the package has it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::address::{Address, Chain};
use policy::amount::{Amount, Decimals};
use policy::asset::{Asset, TagRule};
use policy::caller::CallerConditions;
use policy::choice::Choice;
use policy::condition::{
    AccountMatcher, CircumstanceConditions, Conditions, DestinationMatcher, FeeBounds, Range, Unlisted,
};
use policy::document::Policy;
use policy::group::{Counterparty, SourceGroup};
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::list::{AddedOn, AddressList, Age, Entry};
use policy::local_time::{Day, Hours, TimeOfDay};
use policy::method::Method;
use policy::pattern::Pattern;
use policy::request::CallerProof;
use policy::rule::Rule;
use policy::share::Share;
use policy::time::{Calendar, CalendarUnit, Length, Time, Window, Zone};
use policy::usd::Usd;

use super::model::*;
use super::random::Random;

/// The lists and receivers of the small world, made once.
pub struct World {
    lists: Vec<Arc<AddressList>>,
    receivers: Vec<Arc<Counterparty>>,
}

impl World {
    pub fn new() -> Self {
        Self::of(|list| list.entries.to_vec())
    }

    /// The entries of each list in another order.
    pub fn shuffled(random: &mut Random) -> Self {
        let orders = LISTS.map(|list| {
            let mut entries = list.entries.to_vec();
            random.shuffle(&mut entries);
            (list.name, entries)
        });
        Self::of(|list| orders.iter().find(|(name, _)| *name == list.name).unwrap().1.clone())
    }

    fn of(entries: impl Fn(&PlainList) -> Vec<PlainEntry>) -> Self {
        let list = |list| Arc::new(list_of(list, &entries(list)));
        let lists: Vec<Arc<AddressList>> = LISTS.iter().map(list).collect();
        let receivers = RECEIVERS.iter().map(|each| {
            let lists = each.lists.iter().map(|list| lists[*list].clone()).collect();
            Arc::new(Counterparty { name: each.name.into(), accounts: accounts(each.accounts).into(), lists })
        });
        Self { receivers: receivers.collect(), lists }
    }

    pub fn policy(&self, plain: &Plain) -> Policy {
        let rules = |rules: &[PlainRule]| {
            let rule = |rule: &PlainRule| Rule {
                id: rule.id.clone(),
                when: self.conditions(&rule.when, plain.gone),
                leave_to_console: rule.to_console,
            };
            rules.iter().map(rule).collect()
        };
        Policy {
            assets: known(plain.gone).map(|asset| (asset.id.to_owned(), asset_of(asset))).collect(),
            deny: rules(&plain.deny),
            allow: rules(&plain.allow),
            limits: plain.limits.iter().map(|limit| self.limit(limit, plain.gone)).collect(),
            source_groups: SOURCE_GROUPS.iter().map(source_group).collect(),
            counterparties: self.receivers.iter().map(|each| (**each).clone()).collect(),
            ..Policy::default()
        }
    }

    fn limit(&self, limit: &PlainLimit, gone: Option<Text>) -> Limit {
        let part = |name: &Text| KeyPart::ALL.iter().find(|(known, _)| known == name).unwrap().1;
        Limit {
            id: limit.id.clone(),
            when: self.conditions(&limit.when, gone),
            key: limit.key.iter().map(part).collect(),
            cap: match &limit.cap {
                PlainCap::Amount(each) => {
                    Cap::Amount(each.iter().map(|(id, max)| ((*id).to_owned(), units(*max))).collect())
                }
                PlainCap::Usd(max) => Cap::Usd(Usd::from_micros(units(*max))),
                PlainCap::Count(max) => Cap::Count(*max as u64),
                PlainCap::Destinations(max) => Cap::Destinations(*max as u64),
            },
            window: window(&limit.window),
            on_exceed: if limit.holds { OnExceed::Hold } else { OnExceed::Deny },
            leave_to_console: limit.to_console,
        }
    }

    fn conditions(&self, when: &When, gone: Option<Text>) -> Conditions {
        let words = |pick: &Option<Pick<Text>>| choice(pick, |word| (*word).to_owned()).map(into_set);
        let patterns = |pick: &Option<Pick<Text>>| choice(pick, |text| Pattern::parse(text).unwrap());
        let methods = choice(&when.methods, |text| Method::parse(text).unwrap()).map(into_set);
        let proof = |word: &Text| CallerProof::ALL.iter().find(|(known, _)| known == word).unwrap().1;
        Conditions {
            caller: CallerConditions {
                tenants: words(&when.tenants),
                proofs: when.proofs.as_ref().map(|proofs| proofs.iter().map(proof).collect()),
            },
            signers: words(&when.signers),
            stages: when.stages.as_ref().map(|stages| stages.iter().copied().collect()),
            operations: words(&when.operations),
            sources: choice(&when.sources, account).map(|choice| choice.map(Into::into)),
            destinations: choice(&when.to, |to| self.destination(to)),
            contracts: when.contracts.map(|list| self.lists[list].clone()),
            assets: covered(when, gone).map(Arc::new),
            unlisted: unlisted(when, gone),
            amount: range(when.amount, units),
            usd: range(when.usd, |max| Usd::from_micros(units(max))),
            circumstances: CircumstanceConditions {
                expression: None,
                fee: when.fee.map(|(id, bounds)| FeeBounds { asset: id.into(), range: range(bounds, units) }),
                fee_share: range(when.fee_share, share),
                methods,
                messages: words(&when.messages),
                times: choice(&when.times, hours),
                note: patterns(&when.note),
                external_tx_id: patterns(&when.external),
            },
        }
    }

    fn destination(&self, to: &To) -> DestinationMatcher {
        let length = |seconds: Option<i64>| seconds.and_then(|seconds| Length::from_seconds(seconds as u64));
        DestinationMatcher {
            account: to.account.as_ref().map(account),
            subtype: to.subtype.map(str::to_owned),
            list: to.list.map(|list| self.lists[list].clone()),
            age: Age { at_least: length(to.listed_for), less_than: length(to.listed_within) },
            counterparty: to.receiver.map(|each| self.receivers[each].clone()),
            address_type: to.address_type.map(str::to_owned),
            tag: to.tag.map(str::to_owned),
        }
    }
}

fn known(gone: Option<Text>) -> impl Iterator<Item = &'static PlainAsset> {
    ASSETS.iter().filter(move |asset| gone != Some(asset.id))
}

/// As a policy file would have it: the ids of those that are left.
fn covered(when: &When, gone: Option<Text>) -> Option<BTreeSet<String>> {
    when.assets.as_ref().map(|_| ()).or(when.chains.as_ref().map(|_| ()))?;
    let is_asked = |asset: &&PlainAsset| {
        when.assets.as_ref().is_none_or(|pick| pick.of.contains(&asset.id) != pick.not)
            && when.chains.as_ref().is_none_or(|pick| pick.of.contains(&asset.evm) != pick.not)
    };
    Some(known(gone).filter(is_asked).map(|asset| asset.id.to_owned()).collect())
}

fn unlisted(when: &When, gone: Option<Text>) -> Option<Unlisted> {
    covered(when, gone)?;
    let known = Arc::new(known(gone).map(|asset| asset.id.to_owned()).collect());
    let by_id = when.assets.as_ref().is_some_and(|pick| !pick.not);
    (!by_id).then(|| Unlisted { known, by_kind: when.chains.is_some() })
}

fn list_of(plain: &PlainList, entries: &[PlainEntry]) -> AddressList {
    let chain = if plain.evm { Chain::Evm } else { Chain::Exact };
    let mut list = AddressList::new(plain.name, chain);
    for (address, tag, added) in entries {
        let time = |seconds: i64| AddedOn::from_time(Time::from_micros(seconds * 1_000_000)).unwrap();
        let entry = Entry { tag: *tag, added: added.map(time), label: None };
        list.add(&Address::parse(chain, address).unwrap(), entry).unwrap();
    }
    list
}

fn asset_of(plain: &PlainAsset) -> Asset {
    Asset {
        chain: if plain.evm { Chain::Evm } else { Chain::Exact },
        decimals: Decimals::new(plain.decimals as u8).unwrap(),
        tag: if plain.tag_required { TagRule::Required } else { TagRule::Optional },
        fee_asset: plain.fee_asset.map(str::to_owned),
    }
}

fn source_group((name, members): &(Text, &[PlainAccount])) -> SourceGroup {
    SourceGroup { name: (*name).into(), accounts: accounts(members).into() }
}

fn accounts(plain: &[PlainAccount]) -> Vec<AccountMatcher> {
    plain.iter().map(account).collect()
}

fn account((kind, id): &PlainAccount) -> AccountMatcher {
    AccountMatcher { kind: (*kind).into(), id: id.map(str::to_owned) }
}

fn choice<T, U>(pick: &Option<Pick<T>>, turn: impl Fn(&T) -> U) -> Option<Choice<Vec<U>>> {
    pick.as_ref().map(|pick| {
        let alternatives = pick.of.iter().map(turn).collect();
        if pick.not { Choice::NoneOf(alternatives) } else { Choice::OneOf(alternatives) }
    })
}

fn into_set<T: Ord>(choice: Choice<Vec<T>>) -> Choice<BTreeSet<T>> {
    choice.map(|each| each.into_iter().collect())
}

fn range<T>((max, over): Bounds, turn: impl Fn(u128) -> T) -> Range<T> {
    Range { max: max.map(&turn), over: over.map(&turn) }
}

fn units(units: u128) -> Amount {
    Amount::from_u64(u64::try_from(units).unwrap())
}

fn share(thousandths: u128) -> Share {
    Share::parse(&format!("{}.{:03}", thousandths / 1000, thousandths % 1000)).unwrap()
}

fn hours(plain: &PlainHours) -> Hours {
    Hours {
        zone: Zone::named(plain.zone.0).unwrap(),
        days: plain.days.iter().map(|day| Day::ALL[*day as usize].1).collect(),
        from: TimeOfDay::parse(plain.from).unwrap(),
        to: TimeOfDay::parse(plain.to).unwrap(),
    }
}

fn window(plain: &PlainWindow) -> Window {
    let units: BTreeMap<Text, CalendarUnit> = CalendarUnit::ALL.into();
    match plain {
        PlainWindow::Seconds(seconds) => Window::from_seconds(*seconds as u64).unwrap(),
        PlainWindow::Calendar(unit, zone) => {
            Window::Calendar(Calendar { unit: units[unit], zone: Zone::named(zone.0).unwrap() })
        }
        PlainWindow::Lifetime => Window::Lifetime,
        PlainWindow::InFlight => Window::InFlight,
    }
}
