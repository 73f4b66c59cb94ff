//! The bench: what the two services cost, each time beside something that was measured in the same run.
//!
//! Every server under measurement has a core to itself; the load, and whatever else is needed, runs on another.
//! What is compared is measured in turn, round by round, and of the ratios the median counts: the machine may
//! drift, the ratio hardly does. Load is closed-loop: a fixed number of requests is always under way.
#![allow(clippy::float_arithmetic, reason = "times and their ratios; no money is in here")]

mod decide;
mod durable;
mod handlers;
mod large;
mod lists;
mod open;
mod peers;
mod round_trip;
mod shared;
mod start;
mod tenants;
pub mod modes;
pub mod handshake;
pub mod bare_edge;
pub mod instructions;
pub mod raw;
pub mod stub;
mod load;
mod one_by_one;
mod policies;
mod questions;
mod report;
mod rounds;
mod servers;
mod times;
pub mod cores;
mod error;
mod machine;
mod proc;
pub mod scale;

use std::path::PathBuf;

use clap::ValueEnum;
use system_tests::local::{Local, Settings, Store};
use system_tests::services::ports;
use tempfile::TempDir;

pub use self::error::Error;

use self::cores::Cores;
use self::machine::Machine;
use self::report::{Report, Row};
use self::scale::Scale;

/// The policy that is measured: one rule of each kind, and one limit that is never full.
const POLICY: &str = include_str!("policy.yaml");

/// What the bench is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much is measured.
    pub scale: Scale,
    /// Where the table goes as Markdown.
    pub markdown: Option<PathBuf>,
    /// What is measured; nothing named is everything.
    pub only: Vec<Part>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The edge's round trip
    RoundTrip,
    /// The edge's TLS handshake
    Handshake,
    /// Replies by ES256, and JSON mode
    Modes,
    /// The edge beside handlers in Node and Python
    Handlers,
    /// Decide in memory
    Decide,
    /// Decide on the embedded database
    Durable,
    /// Decide on PostgreSQL, with one and with several deciders
    Shared,
    /// Times under open-loop load, on SQLite and on PostgreSQL
    Open,
    /// Cold start and idle memory
    Start,
    /// Decide and evaluation with many rules, Decide with many limits
    Rules,
    /// Decide with many listed addresses, and what loading them takes
    Lists,
    /// Other policy engines as libraries
    Peers,
    /// What tenants take; measured only where it is named
    Tenants,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        let is_long = part == Part::Tenants;
        self.only.contains(&part) || (self.only.is_empty() && !is_long)
    }
}

/// Measures what is wanted and prints the table.
pub async fn run(options: &Options, cores: Cores) -> Result<(), Error> {
    let machine = Machine::look(cores);
    let bench = Bench::prepare(options.scale, cores)?;
    let mut rows = Vec::new();
    for part in Part::value_variants().iter().filter(|part| options.wants(**part)) {
        rows.extend(part.measure(&bench).await?);
    }
    let report = Report { machine, rounds: options.scale.rounds, quick: options.scale.is_quick(), rows };
    print!("{}", report.text());
    match &options.markdown {
        Some(file) => std::fs::write(file, report.markdown())
            .map_err(Error::io(format!("cannot write {}", file.display()))),
        None => Ok(()),
    }
}

impl Part {
    async fn measure(self, bench: &Bench) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::RoundTrip => round_trip::measure(bench).await?.into(),
            Self::Handshake => vec![handshake::measure(bench).await?],
            Self::Modes => modes::measure(bench).await?.into(),
            Self::Handlers => handlers::measure(bench).await?,
            Self::Decide => vec![decide::measure(bench).await?],
            Self::Durable => durable::measure(bench).await?,
            Self::Shared => shared::measure(bench).await?,
            Self::Open => open::measure(bench).await?,
            Self::Start => start::measure(bench).await?,
            Self::Rules => vec![
                large::rules(bench).await?,
                instructions::measure(bench.scale.counts)?,
                large::limits(bench).await?,
            ],
            Self::Lists => {
                let mut rows = large::addresses(bench).await?.to_vec();
                rows.extend(lists::measure(bench)?);
                rows
            }
            Self::Peers => peers::measure(bench)?,
            Self::Tenants => tenants::measure(bench).await?,
        })
    }
}

/// What all measurements share.
pub struct Bench {
    scale: Scale,
    cores: Cores,
    /// Files of a system whose decider keeps its ledger in memory.
    memory: Local,
    /// Files of a system whose decider keeps its ledger in a database.
    durable: Local,
    /// Files of systems whose deciders share a ledger.
    shared: Local,
    directory: TempDir,
}

impl Bench {
    /// Makes keys, certificates and configurations in a directory beside this program: a temporary directory of
    /// the machine may be in memory, where syncing a file costs nothing.
    fn prepare(scale: Scale, cores: Cores) -> Result<Self, Error> {
        let failed = || Error::io("cannot make a directory for the bench");
        let program = std::env::current_exe().map_err(failed())?;
        let beside = program.parent().unwrap_or(&program);
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(beside).map_err(failed())?;
        let local = |name, store| {
            let addresses = ports::free_addresses_of_fleet(shared::SEVERAL);
            let settings = Settings { addresses, store, policy: POLICY.to_owned() };
            unhurried(Local::create(&directory.path().join(name), &settings)?)
        };
        let (memory, durable) = (local("memory", Store::Memory)?, local("durable", Store::Sqlite)?);
        let shared = local("shared", Store::Memory)?;
        Ok(Self { scale, cores, memory, durable, shared, directory })
    }
}

/// One Co-signer asks here as often as it can.
fn unhurried(local: Local) -> Result<Local, Error> {
    let file = local.edge_config();
    let failed = || Error::io(format!("cannot change {}", file.display()));
    let yaml = std::fs::read_to_string(&file).map_err(failed())?;
    let yaml = yaml.replacen("\nadmin:", "\n  request_rate_per_key: 1000000\nadmin:", 1);
    let yaml = yaml.replacen(
        "\n    source_networks:",
        "\n    request_rate_per_key: 1000000\n    source_networks:",
        1,
    );
    std::fs::write(&file, yaml).map_err(failed())?;
    Ok(local)
}
