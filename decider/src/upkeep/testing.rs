//! Stores whose records are what a decider writes: real policies, and requests of the contract.

#[path = "../../tests/decider/support/transfer.rs"]
mod request;

use std::sync::Arc;

use policy::evaluate::evaluate;
use policy::prices::Prices;
use policy::time::Time;
use prost::Message as _;
use proto::decider::v1 as wire;
use tokio::runtime::{Builder, Runtime};

use crate::clock::testing::ManualClock;
use crate::grpc::convert;
use crate::policy_file::{self, PolicyFile};
use crate::store::archive::{self, Archive, ChargeRow, DecisionRow, each_charge, each_decision};
use crate::store::journal::JournalError;
use crate::store::suite::fixture::*;
use crate::store::suite::hand_moved::HandMoved;
use crate::store::{
    Answer, ConfigProposal, Engine, MemoryJournal, OpenError, PostgresJournal, Proposal, Setting,
    SqliteJournal, Store as _, StoreError,
};

pub const POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
allow:
  - id: sweep
    when: {source: [{type: VAULT}], destination: [{type: VAULT}], assets: [ETH]}
limits:
  - id: eth-per-hour
    when: {assets: [ETH]}
    key: [source, asset]
    max: {amount: "3"}
    window: 1h
  - id: ever
    key: [tenant, signer]
    max: {count: 20}
    window: lifetime
"#;

pub fn policy_of(text: &str) -> PolicyFile {
    policy_file::read("policy.yaml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The stores that outlive a process.
pub fn backends() -> Vec<Backend> {
    Backend::each().into_iter().skip(1).collect()
}

/// A store that decides by a real policy.
pub struct Office {
    pub store: Engine,
    pub clock: Arc<ManualClock>,
    pub runtime: Runtime,
}

impl Office {
    pub fn open(backend: &Backend, file: &PolicyFile) -> Self {
        Self::try_open(backend, file).unwrap()
    }

    pub fn try_open(backend: &Backend, file: &PolicyFile) -> Result<Self, OpenError> {
        Self::try_open_at(backend, file, START)
    }

    pub fn try_open_at(backend: &Backend, file: &PolicyFile, now: Time) -> Result<Self, OpenError> {
        let clock = Arc::new(ManualClock::at(now));
        let setting = Setting {
            retention: crate::store::Retention::default(),
            policy: Arc::clone(&file.policy),
            document: file.document.clone(),
            clock: clock.clone(),
            metrics: Arc::default(),
            on_fatal: Box::new(|_| ()),
        };
        let store = match backend {
            Backend::Memory(journal) => Engine::start(MemoryJournal::clone(journal), setting),
            Backend::Sqlite(_) => Engine::start(SqliteJournal::open(&backend.file())?, setting),
            Backend::Postgres(database) => {
                let (config, metrics) = (ledger_at(database), Arc::clone(&setting.metrics));
                Engine::open(move || PostgresJournal::open(config, metrics).map(HandMoved), setting)
            }
        }?;
        Ok(Self { store, clock, runtime: Builder::new_current_thread().build().unwrap() })
    }

    pub fn ask(&self, asked: wire::DecideRequest) -> Result<Answer, StoreError> {
        let payload = asked.encode_to_vec();
        let request = convert::transaction(asked).unwrap_or_else(|breaches| panic!("{breaches}"));
        let policy = self.store.policy();
        let evaluation = evaluate(&policy, &request, &Prices::NONE, self.store.now()?);
        let prices = Arc::default();
        let proposal = Proposal { policy, request, prices, evaluation, payload };
        self.runtime.block_on(self.store.decide(proposal))
    }

    pub fn change(&self, asked: wire::DecideConfigChangeRequest) -> Answer {
        let payload = asked.encode_to_vec();
        let change = convert::config_change(asked).unwrap_or_else(|breaches| panic!("{breaches}"));
        let policy = self.store.policy();
        let outcome = policy::config_change::evaluate(&policy, &change);
        let policy_hash = policy.hash.clone();
        let proposal = ConfigProposal { policy_hash, change, outcome, payload };
        self.runtime.block_on(self.store.decide_config_change(proposal)).unwrap()
    }

    /// Decides by another policy from here on.
    pub fn adopt(&self, file: &PolicyFile) {
        self.runtime.block_on(self.store.adopt(Arc::clone(&file.policy), file.document.clone())).unwrap();
    }
}

/// Approval of a transfer of ETH from vault 0 to vault 1, asked for alice.
pub fn transfer(tx: &str, amount: &str) -> wire::DecideRequest {
    wire::DecideRequest { signer_id: Some("alice".into()), ..request::transfer(tx, amount) }
}

pub fn signing(asked: wire::DecideRequest) -> wire::DecideRequest {
    wire::DecideRequest { stage: wire::Stage::Signing.into(), ..asked }
}

/// A history with everything in it: allowed and refused, both stages, two signers, two tenants, known ids with other
/// content, ids that databases dislike, a policy that changed, and a configuration change.
pub fn history(backend: &Backend) -> Office {
    let office = Office::open(backend, &policy_of(POLICY));
    let ask = |asked| {
        office.clock.advance(MICROSECOND);
        office.ask(asked).unwrap()
    };
    ask(transfer("tx-1", "1"));
    ask(signing(transfer("tx-1", "1")));
    ask(signing(wire::DecideRequest { signer_id: Some("bob".into()), ..transfer("tx-1", "1") }));
    ask(transfer("tx-2", "2.5"));
    ask(transfer("tx-1", "2"));
    ask(transfer("tx-3", "1e5"));
    ask(transfer("t\0x\\0", "0.25"));
    ask(wire::DecideRequest { tenant: "other".into(), ..transfer("tx-1", "0.5") });
    office.change(change("c-1"));
    office.clock.advance(HOUR);
    office.adopt(&policy_of(&POLICY.replace("\"3\"", "\"2\"")));
    ask(transfer("tx-5", "1"));
    ask(wire::DecideRequest { callback_request_id: "unrelated".into(), ..transfer("tx-5", "1") });
    ask(transfer("tx-6", "1"));
    office
}

pub fn change(id: &str) -> wire::DecideConfigChangeRequest {
    wire::DecideConfigChangeRequest {
        tenant: "default".into(),
        path: "/acme".into(),
        callback_request_id: id.into(),
        r#type: Some("ADD_USER".into()),
        ..Default::default()
    }
}

pub fn archive_of(backend: &Backend) -> Box<dyn Archive> {
    archive::open(&backend.config()).unwrap()
}

/// Everything of a store, as it is kept.
pub fn everything(backend: &Backend) -> (Vec<DecisionRow>, Vec<ChargeRow>) {
    let (mut archive, mut decisions, mut charges) = (archive_of(backend), Vec::new(), Vec::new());
    each_decision(archive.as_mut(), |_, row| {
        decisions.push(row);
        Ok::<_, JournalError>(())
    })
    .unwrap();
    each_charge(archive.as_mut(), |row| {
        charges.push(ChargeRow { place: 0, ..row });
        Ok::<_, JournalError>(())
    })
    .unwrap();
    charges.sort_by(|one, other| one.key.cmp(&other.key));
    (decisions, charges)
}

/// Changes a store behind its back; of PostgreSQL the schema is put before the names of tables.
pub fn vandalise(backend: &Backend, sql: &str) {
    match backend {
        Backend::Sqlite(_) => {
            let vandal = rusqlite::Connection::open(backend.file()).unwrap();
            vandal.pragma_update(None, "foreign_keys", false).unwrap();
            vandal.execute_batch(sql).unwrap();
        }
        Backend::Postgres(database) => database.execute(&format!("SET search_path = countersign; {sql}")),
        Backend::Memory(_) => panic!("nobody reaches into memory"),
    }
}
