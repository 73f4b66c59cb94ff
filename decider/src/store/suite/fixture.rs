//! A store to ask, and things to ask it. Amounts are in wei where nothing else is said.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use policy::address::Chain;
use policy::amount::{Amount, Decimals};
use policy::asset::{Asset, TagRule};
use policy::charge::Charge;
use policy::condition::Conditions;
use policy::config_change::{self, ConfigChange};
use policy::document::Policy;
use policy::evaluate::evaluate;
use policy::evidence::Evidence;
use policy::limit::{Cap, KeyPart, Limit, OnExceed};
use policy::prices::Prices;
use policy::request::{AccountText, DeclaredDestination, DestinationText, Request, Stage};
use policy::rule::Rule;
use policy::time::{Time, Window};
use policy::usd::Usd;
use policy::verdict::{Action, ReasonCode};

use postgres_cluster::Database;

use super::hand_moved::HandMoved;
use crate::clock::testing::ManualClock;
use crate::document::Document;
use crate::store::postgres::{config as postgres, migrate};
use crate::store::{
    Answer, ConfigProposal, Decision, Engine, Journal, Lookup, MemoryJournal, Metrics, OpenError, Origin,
    PostgresJournal, Proposal, Record, Retention, Setting, SqliteJournal, Store, StoreError,
};

/// 2023-11-14T22:13:20Z.
pub const START: Time = Time::from_micros(1_700_000_000_000_000);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const MICROSECOND: Duration = Duration::from_micros(1);

/// Where a store keeps its records; it can be opened again and again.
pub enum Backend {
    Memory(MemoryJournal),
    Sqlite(tempfile::TempDir),
    Postgres(Database),
}

impl Backend {
    /// Every store there is.
    pub fn each() -> [Self; 3] {
        let (memory, folder) = (MemoryJournal::default(), tempfile::tempdir().unwrap());
        [Self::Memory(memory), Self::Sqlite(folder), Self::postgres()]
    }

    /// A ledger of its own on a real server.
    pub fn postgres() -> Self {
        Self::on(postgres_cluster::database())
    }

    /// The same in a database.
    pub fn on(database: Database) -> Self {
        let config = ledger_at(&database);
        std::thread::scope(|scope| {
            scope.spawn(|| migrate(&config, Retention::Forever).unwrap()).join().unwrap()
        });
        Self::Postgres(database)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// The database file.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Memory(_) | Self::Postgres(_) => panic!("a store in {} has no file", self.name()),
            Self::Sqlite(folder) => folder.path().join("decider.db"),
        }
    }

    pub fn open(&self, policy: &Arc<Policy>, clock: &Arc<ManualClock>) -> Desk {
        self.try_open(policy, clock).unwrap()
    }

    pub fn try_open(&self, policy: &Arc<Policy>, clock: &Arc<ManualClock>) -> Result<Desk, OpenError> {
        self.try_open_keeping(Retention::default(), policy, clock)
    }

    pub fn try_open_keeping(
        &self,
        kept: Retention,
        policy: &Arc<Policy>,
        clock: &Arc<ManualClock>,
    ) -> Result<Desk, OpenError> {
        match self {
            Self::Memory(journal) => {
                let journal = journal.clone();
                Desk::keeping(kept, |_| Ok(journal), policy, clock)
            }
            Self::Sqlite(_) => {
                let journal = SqliteJournal::open(&self.file())?;
                Desk::keeping(kept, |_| Ok(journal), policy, clock)
            }
            Self::Postgres(database) => {
                let config = ledger_at(database);
                let journal = |metrics| PostgresJournal::open(config, metrics).map(HandMoved);
                Desk::keeping(kept, journal, policy, clock)
            }
        }
    }
}

impl Backend {
    /// How a configuration names it.
    pub fn config(&self) -> crate::store::Config {
        match self {
            Self::Memory(_) => crate::store::Config::Memory,
            Self::Sqlite(_) => crate::store::Config::Sqlite(self.file()),
            Self::Postgres(database) => crate::store::Config::Postgres(Box::new(ledger_at(database))),
        }
    }
}

/// As configured for tests: the server stands alone.
pub fn ledger_at(database: &Database) -> postgres::Config {
    let mut config = postgres::Config::at(database.url(), None).unwrap();
    config.synchronous_standby = postgres::Standby::Optional;
    config
}

/// A running store with what it was opened with.
pub struct Desk {
    pub store: Arc<Engine>,
    pub policy: Arc<Policy>,
    pub clock: Arc<ManualClock>,
    pub metrics: Arc<Metrics>,
    /// What `on_fatal` was told.
    pub fatal: Arc<Mutex<Vec<StoreError>>>,
}

impl Desk {
    pub fn open(journal: impl Journal, policy: &Arc<Policy>, clock: &Arc<ManualClock>) -> Self {
        Self::try_open(journal, policy, clock).unwrap()
    }

    fn try_open(
        journal: impl Journal,
        policy: &Arc<Policy>,
        clock: &Arc<ManualClock>,
    ) -> Result<Self, OpenError> {
        Self::opened(move |_| Ok(journal), policy, clock)
    }

    /// Over a journal that is opened on the writer's thread.
    pub fn opened<J: Journal>(
        journal: impl FnOnce(Arc<Metrics>) -> Result<J, OpenError> + Send + 'static,
        policy: &Arc<Policy>,
        clock: &Arc<ManualClock>,
    ) -> Result<Self, OpenError> {
        Self::keeping(Retention::default(), journal, policy, clock)
    }

    fn keeping<J: Journal>(
        retention: Retention,
        journal: impl FnOnce(Arc<Metrics>) -> Result<J, OpenError> + Send + 'static,
        policy: &Arc<Policy>,
        clock: &Arc<ManualClock>,
    ) -> Result<Self, OpenError> {
        let metrics = Arc::new(Metrics::default());
        let fatal = Arc::new(Mutex::new(Vec::new()));
        let told = fatal.clone();
        let setting = Setting {
            retention,
            policy: policy.clone(),
            document: Document::of_file("policy.yaml", format!("document of {}", policy.hash).into_bytes()),
            clock: clock.clone(),
            metrics: metrics.clone(),
            on_fatal: Box::new(move |error| told.lock().unwrap().push(error.clone())),
        };
        let counted = metrics.clone();
        let store = Arc::new(Engine::open(move || journal(counted), setting)?);
        Ok(Self { store, policy: policy.clone(), clock: clock.clone(), metrics, fatal })
    }

    /// A new store in memory.
    pub fn in_memory(policy: Policy) -> Self {
        Self::open(MemoryJournal::default(), &Arc::new(policy), &clock())
    }

    pub async fn ask(&self, request: &Request) -> Result<Answer, StoreError> {
        self.store.decide(proposal(&self.policy, request)).await
    }

    /// The answer to a request that must not fail.
    pub async fn answer(&self, request: &Request) -> Answer {
        self.ask(request).await.unwrap()
    }

    /// The decision, which must be a new one.
    pub async fn decide(&self, request: &Request) -> Decision {
        let answer = self.answer(request).await;
        assert!(!answer.recorded_earlier, "{answer:?}");
        answer.decision
    }

    pub async fn allow(&self, request: &Request) -> Decision {
        let decision = self.decide(request).await;
        assert_eq!(decision.action, Action::Approve, "{decision:?}");
        decision
    }

    pub async fn reject(&self, request: &Request, code: ReasonCode) -> Decision {
        let decision = self.decide(request).await;
        assert_eq!((decision.action, decision.reason.code), (Action::Reject, code), "{decision:?}");
        decision
    }

    pub async fn change(&self, change: &ConfigChange) -> Answer {
        let policy_hash = self.policy.hash.clone();
        let outcome = config_change::evaluate(&self.policy, change);
        let payload = b"change".to_vec();
        let proposal = ConfigProposal { policy_hash, change: change.clone(), outcome, payload };
        self.store.decide_config_change(proposal).await.unwrap()
    }

    pub async fn record(&self, decision: &Decision) -> Record {
        let lookup = Lookup::Id(decision.id.clone());
        self.store.get(decision.tenant.clone(), lookup).await.unwrap().unwrap()
    }

    pub async fn newest(&self, request_id: &str) -> Option<Record> {
        self.store.get("default".into(), Lookup::RequestId(request_id.into())).await.unwrap()
    }

    /// The charge that a decision stands on.
    pub async fn charge(&self, decision: &Decision) -> Charge {
        let record = self.record(decision).await;
        let [charge] = record.charges.as_slice() else { panic!("not one charge: {record:?}") };
        charge.clone()
    }

    /// What is used of the policy's first limit, found by asking for more than anybody has.
    pub async fn used(&self, probe: &str) -> String {
        let decision = self.decide(&request(probe).amount("1000000000000")).await;
        decision.limits.first().map(|limit| limit.used.to_string()).unwrap()
    }

    pub fn now(&self) -> Time {
        crate::clock::Clock::wall(self.clock.as_ref())
    }
}

/// The request of a record, which must be kept.
pub fn payload_of(record: &Record) -> &[u8] {
    let Origin::Kept { payload, .. } = &record.origin else { panic!("it is pruned: {record:?}") };
    payload
}

pub fn evidence_of(record: &Record) -> Evidence {
    let Origin::Kept { evidence, .. } = &record.origin else { panic!("it is pruned: {record:?}") };
    evidence.clone()
}

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(START))
}

pub fn later(time: Time, by: Duration) -> Time {
    Time::from_micros(time.as_micros() + i64::try_from(by.as_micros()).unwrap())
}

pub fn earlier(time: Time, by: Duration) -> Time {
    Time::from_micros(time.as_micros() - i64::try_from(by.as_micros()).unwrap())
}

pub fn proposal(policy: &Arc<Policy>, request: &Request) -> Proposal {
    Proposal {
        policy: policy.clone(),
        evaluation: evaluate(policy, request, &Prices::NONE, START),
        prices: Arc::default(),
        payload: request.callback_request_id.clone().into_bytes(),
        request: request.clone(),
    }
}

/// A policy that allows every transfer of ETH, under these limits. Its hash names the limits.
pub fn policy(limits: Vec<Limit>) -> Policy {
    let names: Vec<&str> = limits.iter().map(|limit| limit.id.as_str()).collect();
    let ether = Asset {
        chain: Chain::Evm,
        decimals: Decimals::new(18).unwrap(),
        tag: TagRule::Optional,
        fee_asset: None,
    };
    Policy {
        hash: format!("hash of {}", names.join(" and ")),
        assets: BTreeMap::from([("ETH".to_owned(), ether)]),
        allow: vec![Rule { id: "any-transfer".into(), when: Conditions::default(), leave_to_console: false }],
        limits,
        ..Policy::default()
    }
}

pub fn limit(id: &str, cap: Cap, window: Duration) -> Limit {
    let window = Window::from_seconds(window.as_secs()).unwrap();
    through(id, cap, window)
}

/// A limit over everything, through any window.
pub fn through(id: &str, cap: Cap, window: Window) -> Limit {
    Limit {
        id: id.into(),
        when: Conditions::default(),
        key: BTreeSet::new(),
        cap,
        window,
        on_exceed: OnExceed::Deny,
        leave_to_console: false,
    }
}

/// At most so many ETH, as decimal text, in an hour.
pub fn ether_per_hour(max: &str) -> Limit {
    limit("ether-per-hour", Cap::Amount(BTreeMap::from([("ETH".to_owned(), ether(max))])), HOUR)
}

pub fn count_per_hour(max: u64) -> Limit {
    limit("count-per-hour", Cap::Count(max), HOUR)
}

pub fn usd_per_hour(max: &str) -> Limit {
    limit("usd-per-hour", Cap::Usd(Usd::parse_exact(max).unwrap()), HOUR)
}

pub fn keyed(mut limit: Limit, key: &[KeyPart]) -> Limit {
    limit.key = key.iter().copied().collect();
    limit
}

/// Decimal text in ETH to wei.
pub fn ether(text: &str) -> Amount {
    Amount::parse(text, Decimals::new(18).unwrap()).unwrap()
}

/// Some address, another for each digit.
pub fn address(digit: char) -> String {
    format!("0x{}", digit.to_string().repeat(40))
}

/// Approval of a transfer of 1 ETH, priced at 2000 USD, from vault 0 to vault 1 by signer `alice`; the request
/// has the id of its transaction.
pub fn request(id: &str) -> Request {
    let vault = |id: &str| AccountText { kind: Some("VAULT".into()), id: Some(id.into()), subtype: None };
    let destination = DestinationText {
        account: vault("1"),
        amount_usd: Some("2000".into()),
        ..DestinationText::default()
    };
    let request = Request {
        tenant: "default".into(),
        caller_proof: None,
        callback_request_id: id.into(),
        signer: Some("alice".into()),
        stage: Stage::Approval,
        tx_id: Some(id.into()),
        external_tx_id: None,
        operation: Some("TRANSFER".into()),
        source: vault("0"),
        declared: DeclaredDestination::default(),
        asset: Some("ETH".into()),
        amount: None,
        requested_amount: None,
        fee: None,
        destinations: vec![destination],
        raw_transactions: Vec::new(),
        note: None,
        extra_parameters: None,
    };
    request.amount("1")
}

/// Changes to a request, one after the other.
pub trait Changed: Sized {
    fn amount(self, text: &str) -> Self;
    fn usd(self, text: Option<&str>) -> Self;
    fn id(self, id: &str) -> Self;
    fn signer(self, signer: &str) -> Self;
    fn signing(self) -> Self;
    fn source(self, vault: &str) -> Self;
    fn address(self, address: Option<String>) -> Self;
}

impl Changed for Request {
    fn amount(mut self, text: &str) -> Self {
        self.amount = Some(text.into());
        self.requested_amount = Some(text.into());
        self.destinations[0].amount = Some(text.into());
        self
    }

    fn usd(mut self, text: Option<&str>) -> Self {
        self.destinations[0].amount_usd = text.map(str::to_owned);
        self
    }

    fn id(mut self, id: &str) -> Self {
        self.callback_request_id = id.into();
        self
    }

    fn signer(mut self, signer: &str) -> Self {
        self.signer = Some(signer.into());
        self
    }

    fn signing(mut self) -> Self {
        self.stage = Stage::Signing;
        self
    }

    fn source(mut self, vault: &str) -> Self {
        self.source.id = Some(vault.into());
        self
    }

    fn address(mut self, address: Option<String>) -> Self {
        self.destinations[0].address = address;
        self
    }
}

pub fn config_change(id: &str, details: &[u8]) -> ConfigChange {
    ConfigChange {
        tenant: "default".into(),
        caller_proof: None,
        path: "/acme".into(),
        callback_request_id: id.into(),
        kind: Some("ADD_USER".into()),
        details: details.to_vec(),
        details_json: None,
    }
}
