//! Samples, a policy that allows them, and the plainest ledger there can be.

pub mod desk;
pub mod recount;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use policy::address::{Address, Chain};
use policy::amount::{Amount, Decimals};
use policy::asset::{Asset, TagRule};
use policy::charge::{Charge, ChargeKey};
use policy::choice::Choice;
use policy::condition::{AccountMatcher, Conditions, DestinationMatcher, Range};
use policy::document::Policy;
use policy::evaluate::{Evaluation, evaluate};
use policy::ledger::{Ledger, Used};
use policy::limit::{Bucket, Cap, KeyPart, Limit, OnExceed, Quantity, Unplaced};
use policy::list::AddressList;
use policy::prices::Prices;
use policy::request::{
    AccountText, CallerProof, DeclaredDestination, DestinationText, RawTransactionText, Request, Stage,
};
use policy::rule::Rule;
use policy::settle::{Settlement, settle};
use policy::time::{Time, Window};
use proptest::test_runner::Config as ProptestConfig;

pub const ETH_ADDRESS: &str = "0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8";
pub const BTC_ADDRESS: &str = "1DpivPqJkLxbRwm4GpxXsNPKS29ou1NYdC";
pub const OTHER_ADDRESS: &str = "0x0000000000000000000000000000000000000001";
pub const START: Time = Time::from_micros(1_790_000_000_000_000);
pub const SECOND: i64 = 1_000_000;

/// How many cases of a property are tried; a hundred times as many in `make soak`.
pub fn cases(ordinary: u32) -> ProptestConfig {
    let soak = std::env::var_os("SOAK").is_some();
    ProptestConfig::with_cases(if soak { ordinary * 100 } else { ordinary })
}

/// The official Ethereum example: signing, vault 0 to vault 1.
pub fn ethereum_sample() -> Request {
    let id = "9c794cee-7e27-46c9-9e9a-ed68295ff06b";
    Request {
        amount: text("0.010000000000000000"),
        requested_amount: text("0.01"),
        fee: text("0.000597803762241000"),
        declared: DeclaredDestination {
            account: account("VAULT", "1"),
            address: text(ETH_ADDRESS),
            address_type: text("WHITELISTED"),
        },
        destinations: vec![DestinationText {
            account: AccountText { subtype: text(""), ..account("VAULT", "1") },
            amount: text("0.01"),
            amount_usd: text("18.74292937"),
            display_address: text(ETH_ADDRESS),
            address_type: text("WHITELISTED"),
            ..DestinationText::default()
        }],
        raw_transactions: vec![RawTransactionText {
            raw: text(
                "02ef0104843b9aca008506a0c1987d825208945dc69b1fbb13bafd09af88a782f0f285772ad5f8872386f26fc1000080c0",
            ),
            payload: text("77b4e74099ce90c08503c0e0bb6e672dbe1c5e3e127ce333bf22eb581cd3f6ce"),
        }],
        ..request(id, "ETH", Stage::Signing)
    }
}

/// The official Bitcoin example: signing, vault 0 to a one-time address; its two raw transactions left out.
pub fn bitcoin_sample() -> Request {
    let id = "3acaf94b-e77f-41f3-b68e-a1fa26e131f9";
    Request {
        caller_proof: Some(CallerProof::Unproven),
        amount: text("0.00087600"),
        requested_amount: text("0.000876"),
        fee: text("0.00004164"),
        declared: DeclaredDestination {
            account: account("ONE_TIME_ADDRESS", ""),
            address: text(BTC_ADDRESS),
            address_type: text("ONE_TIME"),
        },
        destinations: vec![DestinationText {
            account: account("ONE_TIME_ADDRESS", ""),
            amount: text("0.000876"),
            amount_usd: text("25.64271683"),
            address: text(BTC_ADDRESS),
            display_address: text(BTC_ADDRESS),
            address_type: text("ONE_TIME"),
            ..DestinationText::default()
        }],
        ..request(id, "BTC", Stage::Signing)
    }
}

/// An approval with two receivers, one by address and one by account.
pub fn two_destinations() -> Request {
    let payee = DestinationText {
        account: account("UNMANAGED", "w-1"),
        amount: text("0.4"),
        amount_usd: text("750"),
        address: text(ETH_ADDRESS),
        ..DestinationText::default()
    };
    let vault = DestinationText {
        account: account("VAULT", "1"),
        amount: text("0.6"),
        amount_usd: text("1125.5"),
        ..DestinationText::default()
    };
    Request {
        signer: text("api-user-1"),
        amount: text("1.0"),
        requested_amount: text("1"),
        destinations: vec![payee, vault],
        ..request("two-destinations", "ETH", Stage::Approval)
    }
}

pub fn samples() -> Vec<(&'static str, Request)> {
    vec![
        ("ethereum", ethereum_sample()),
        ("bitcoin", bitcoin_sample()),
        ("two destinations", two_destinations()),
    ]
}

/// Signing, to a wallet and to an exchange, with everything that rules can ask for.
pub fn rich_sample() -> Request {
    let wallet = DestinationText {
        account: AccountText { subtype: text("EXTERNAL"), ..account("UNMANAGED", "w-1") },
        amount: text("0.4"),
        amount_usd: text("750"),
        address: text(ETH_ADDRESS),
        address_type: text("WHITELISTED"),
        tag: text(""),
        ..DestinationText::default()
    };
    let exchange = DestinationText {
        account: AccountText { subtype: text("BINANCE"), ..account("EXCHANGE", "e-1") },
        amount: text("0.6"),
        amount_usd: text("1125.5"),
        address_type: text("ONE_TIME"),
        tag: text("7"),
        ..DestinationText::default()
    };
    Request {
        signer: text("api-user-1"),
        external_tx_id: text("pay-7"),
        amount: text("1"),
        requested_amount: text("1"),
        fee: text("0.01"),
        note: text("payroll-1"),
        destinations: vec![wallet, exchange],
        ..request("rich", "ETH", Stage::Signing)
    }
}

/// A call of `transfer(address,uint256)` at a listed contract.
pub fn call_sample() -> Request {
    let contract = DestinationText {
        account: AccountText { subtype: text("CONTRACT"), ..account("UNMANAGED", "c-1") },
        amount: text("0"),
        address: text(ETH_ADDRESS),
        ..DestinationText::default()
    };
    Request {
        operation: text("CONTRACT_CALL"),
        amount: text("0"),
        requested_amount: text("0"),
        fee: text("0.002"),
        destinations: vec![contract],
        extra_parameters: text(r#"{"contractCallData":"0xa9059cbb0000"}"#),
        ..request("call", "ETH", Stage::Signing)
    }
}

/// Two messages of different types.
pub fn message_sample() -> Request {
    let messages = r#"{"rawMessageData":{"messages":[{"content":"00","type":"EIP712"},{"content":"01","type":"EIP191"}]}}"#;
    Request {
        operation: text("TYPED_MESSAGE"),
        extra_parameters: text(messages),
        ..request("message", "ETH", Stage::Signing)
    }
}

/// Signing, to a customer of an exchange's address, and to a wallet that nobody dated.
pub fn tagged_sample() -> Request {
    let to = |address: &str, tag: &str, amount: &str| DestinationText {
        account: AccountText { subtype: text("EXTERNAL"), ..account("UNMANAGED", "w-1") },
        amount: text(amount),
        amount_usd: text("10"),
        address: text(address),
        display_address: text(address),
        address_type: text("WHITELISTED"),
        tag: text(tag),
    };
    Request {
        signer: text("api-user-1"),
        amount: text("1"),
        requested_amount: text("1"),
        fee: text("0.01"),
        destinations: vec![to(ETH_ADDRESS, "7", "0.3"), to(OTHER_ADDRESS, "", "0.7")],
        ..request("tagged", "ETH", Stage::Signing)
    }
}

/// The samples, and one of each kind that rules ask more of.
pub fn all_samples() -> Vec<(&'static str, Request)> {
    let more = [
        ("rich", rich_sample()),
        ("call", call_sample()),
        ("message", message_sample()),
        ("tagged", tagged_sample()),
    ];
    samples().into_iter().chain(more).collect()
}

/// A transfer of `amount` ETH from a vault to vault 1.
pub fn transfer(id: &str, amount: &str) -> Request {
    Request {
        signer: text("api-user-1"),
        amount: text(amount),
        requested_amount: text(amount),
        destinations: vec![DestinationText {
            account: account("VAULT", "1"),
            amount: text(amount),
            amount_usd: text("10"),
            ..DestinationText::default()
        }],
        ..request(id, "ETH", Stage::Approval)
    }
}

pub fn request(id: &str, asset: &str, stage: Stage) -> Request {
    Request {
        tenant: "default".into(),
        caller_proof: Some(CallerProof::CosignerSignature),
        callback_request_id: id.into(),
        signer: None,
        stage,
        tx_id: text(id),
        external_tx_id: None,
        operation: text("TRANSFER"),
        source: account("VAULT", "0"),
        declared: DeclaredDestination::default(),
        asset: text(asset),
        amount: None,
        requested_amount: None,
        fee: None,
        destinations: Vec::new(),
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    }
}

pub fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

pub fn account(kind: &str, id: &str) -> AccountText {
    AccountText { kind: text(kind), id: text(id), subtype: None }
}

pub fn matcher(kind: &str, id: Option<&str>) -> AccountMatcher {
    AccountMatcher { kind: kind.into(), id: id.map(str::to_owned) }
}

pub fn to_account(kind: &str, id: Option<&str>) -> DestinationMatcher {
    DestinationMatcher { account: Some(matcher(kind, id)), ..DestinationMatcher::default() }
}

pub fn to_list(list: &Arc<AddressList>) -> DestinationMatcher {
    DestinationMatcher { list: Some(list.clone()), ..DestinationMatcher::default() }
}

pub fn list(name: &str, chain: Chain, addresses: &[&str]) -> Arc<AddressList> {
    let mut list = AddressList::new(name, chain);
    for address in addresses {
        assert!(list.insert(Address::parse(chain, address).unwrap(), None));
    }
    Arc::new(list)
}

pub fn one_of<T>(alternatives: T) -> Option<Choice<T>> {
    Some(Choice::OneOf(alternatives))
}

pub fn none_of<T>(alternatives: T) -> Option<Choice<T>> {
    Some(Choice::NoneOf(alternatives))
}

pub fn rule(id: &str, when: Conditions) -> Rule {
    Rule { id: id.into(), when, leave_to_console: false }
}

pub fn eth(amount: &str) -> Amount {
    Amount::parse(amount, Decimals::new(18).unwrap()).unwrap()
}

pub fn limit(id: &str, when: Conditions, key: &[KeyPart], cap: Cap, seconds: u64) -> Limit {
    Limit {
        id: id.into(),
        when,
        key: key.iter().copied().collect(),
        cap,
        window: Window::from_seconds(seconds).unwrap(),
        on_exceed: OnExceed::Deny,
        leave_to_console: false,
    }
}

pub fn eth_limit(id: &str, key: &[KeyPart], max: &str, seconds: u64) -> Limit {
    let when = Conditions { assets: only("ETH"), ..Conditions::default() };
    limit(id, when, key, Cap::Amount([("ETH".to_owned(), eth(max))].into()), seconds)
}

/// Allows every sample, and nothing over 5 ETH.
pub fn policy() -> Policy {
    let payees = list("payees", Chain::Bitcoin, &[BTC_ADDRESS]);
    let friends = list("friends", Chain::Evm, &[ETH_ADDRESS]);
    Policy {
        hash: "0".repeat(64),
        assets: BTreeMap::from([
            ("ETH".to_owned(), asset(Chain::Evm, 18)),
            ("BTC".to_owned(), asset(Chain::Bitcoin, 8)),
        ]),
        allow: vec![
            rule(
                "sweep",
                Conditions {
                    sources: one_of(vec![matcher("VAULT", Some("0"))].into()),
                    destinations: one_of(vec![to_account("VAULT", Some("1")), to_list(&friends)]),
                    assets: only("ETH"),
                    amount: Range { max: Some(eth("5")), over: None },
                    ..Conditions::default()
                },
            ),
            rule(
                "payouts",
                Conditions { destinations: one_of(vec![to_list(&payees)]), ..Conditions::default() },
            ),
        ],
        ..Policy::default()
    }
}

/// As [`policy()`], and allows every ETH or BTC transfer.
pub fn open() -> Policy {
    let mut policy = policy();
    policy.allow[0].when = Conditions::default();
    policy
}

pub fn asset(chain: Chain, decimals: u8) -> Asset {
    Asset { chain, decimals: Decimals::new(decimals).unwrap(), tag: TagRule::Optional, fee_asset: None }
}

/// Every charge in a row; sums are added up from all of them at each question.
#[derive(Debug, Clone, Default)]
pub struct NaiveLedger {
    pub policy: Arc<Policy>,
    pub prices: Prices,
    pub charges: Vec<Charge>,
}

impl NaiveLedger {
    pub fn new(policy: &Policy) -> Self {
        Self::priced(policy, Prices::NONE)
    }

    pub fn priced(policy: &Policy, prices: Prices) -> Self {
        Self { policy: Arc::new(policy.clone()), prices, charges: Vec::new() }
    }

    pub fn decide(&mut self, request: &Request, now: Time) -> Settlement {
        let policy = self.policy.clone();
        let evaluation = evaluate(&policy, request, &self.prices, now);
        self.settle(request, &evaluation, now)
    }

    pub fn settle(&mut self, request: &Request, evaluation: &Evaluation, now: Time) -> Settlement {
        let policy = self.policy.clone();
        let settlement = settle(&policy, request, evaluation, self, now).unwrap();
        if let Some(change) = &settlement.charge {
            self.charges.retain(|charge| charge.key != change.after.key);
            self.charges.push(change.after.clone());
        }
        settlement
    }
}

impl Ledger for NaiveLedger {
    type Error = Infallible;

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, Infallible> {
        Ok(self.charges.iter().find(|charge| charge.key == *key).cloned())
    }

    fn used(
        &mut self,
        limit: &Limit,
        bucket: &Bucket,
        asked: &BTreeSet<String>,
        now: Time,
    ) -> Result<Used, Infallible> {
        let mut used = Used { total: Some(Amount::ZERO), ..Used::default() };
        let (mut paid, mut times) = (BTreeMap::<String, u64>::new(), Vec::new());
        for charge in &self.charges {
            let shares = limit.shares_of(charge, self.policy.groups());
            let mut unplaced = shares.unknown.iter().filter(|unplaced| {
                let here = unplaced.key.iter().all(|(part, value)| bucket.key.get(part) == Some(value));
                here && limit.window.contains(unplaced.at, now)
            });
            let entries = unplaced.clone().map(|unplaced| (unplaced.at, &unplaced.key));
            used.doubtful += entries.collect::<BTreeSet<_>>().len();
            if let Some(Unplaced { missing, .. }) = unplaced.next_back() {
                used.indeterminate = Some(format!("of an earlier charge, {missing}"));
            }
            for share in shares.known.iter().filter(|share| share.bucket == *bucket) {
                if limit.window.contains(share.at, now) {
                    if !share.quantity.is_nothing() {
                        times.push(share.at);
                    }
                    match &share.quantity {
                        Quantity::Known(quantity) => {
                            used.total = used.total.and_then(|sum| sum.checked_add(*quantity));
                        }
                        Quantity::Unknown => {
                            used.doubtful += 1;
                            used.indeterminate = Some("an earlier charge has no USD value".into());
                        }
                        Quantity::Destinations(names) => {
                            names.iter().for_each(|name| *paid.entry(name.clone()).or_default() += 1);
                        }
                    }
                }
            }
        }
        if let Cap::Destinations(_) = limit.cap {
            used.total = Some(Amount::from_u64(paid.len() as u64));
        }
        paid.retain(|name, _| asked.contains(name));
        times.sort_unstable();
        let (oldest, second) = (times.first().copied(), times.get(1).copied());
        Ok(Used { destinations: paid, oldest, second, ..used })
    }
}

/// One asset, as conditions ask for it.
pub fn only(asset: &str) -> Option<Arc<BTreeSet<String>>> {
    Some(Arc::new([asset.to_owned()].into()))
}
