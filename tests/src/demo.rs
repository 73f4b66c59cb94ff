//! What `make run` shows: both services on one machine, and what they say to the sample requests.

mod explain;
mod interrupt;
mod plan;
mod samples;
mod shares;
mod system;
mod table;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use proto::decider::v1::DecisionRecord;

use self::explain::Assets;
use self::interrupt::Interrupt;
use self::plan::Plan;
use self::samples::Sample;
use self::system::System;
use self::table::Row;
use crate::cosigner::{self, ANSWER_TIMEOUT, Answer, Cosigner, PlainCosigner, Trust};
use crate::local::{self, Addresses, JSON_TENANT, Local, Settings};
use crate::services::{self, decisions, ports};

/// What the demo is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where keys, configurations, policy, data and logs are.
    pub directory: PathBuf,
    /// Where the services listen, if their configurations are not written yet.
    pub addresses: Addresses,
    /// Where the ledger is.
    pub ledger: Ledger,
    /// End after the table.
    pub once: bool,
}

/// Where the ledger is, and who shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ledger {
    /// In a file, for one decider.
    Sqlite,
    /// On a PostgreSQL server of our own, which ends with the demo.
    Postgres {
        /// How many share it.
        deciders: u16,
    },
}

/// Runs the demo until the table is shown or somebody stops it. With `once`: success only if every sample was
/// answered as expected.
pub async fn run(options: &Options) -> Result<ExitCode, Error> {
    let mut interrupt = Interrupt::listen().map_err(Error::Signal)?;
    let local = prepare(options)?;
    let mut system = System::default();
    let outcome = tokio::select! {
        outcome = show(&local, &mut system, options) => outcome,
        () = interrupt.received() => Ok(ExitCode::SUCCESS),
    };
    system.stop().await?;
    outcome
}

async fn show(local: &Local, system: &mut System, options: &Options) -> Result<ExitCode, Error> {
    let plan = Plan::make(local, options.ledger).await?;
    system.start(&plan).await?;
    let rows = system.until_failure(send_samples(local)).await?;
    println!("{}", table::render(&rows));
    if plan.database.is_some() {
        println!("{}", shares::told(system.deciders()).await?);
    }
    if !options.once {
        if let Some(url) = &plan.database {
            println!("The ledger, while this runs:  psql {url}");
        }
        say_how_to_go_on(local)?;
        return Err(system.failure().await);
    }
    let surprises = rows.iter().filter(|row| !row.is_expected()).count();
    if surprises > 0 {
        eprintln!("{surprises} of {} answers were not the expected ones.", rows.len());
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn prepare(options: &Options) -> Result<Local, Error> {
    let settings = Settings { addresses: options.addresses, ..Settings::default() };
    if !options.directory.exists() {
        eprintln!("Creating {} with keys, certificates and configurations …", options.directory.display());
    }
    let local = Local::create(&options.directory, &settings)?;
    let addresses = local.addresses()?;
    let deciders = match options.ledger {
        Ledger::Sqlite => 1,
        Ledger::Postgres { deciders } => deciders,
    };
    addresses.fleet(deciders)?.iter().try_for_each(ports::check_free)?;
    Ok(local)
}

async fn send_samples(local: &Local) -> Result<Vec<Row>, Error> {
    let cosigner = Cosigner::new(&cosigner::Config {
        url: local.url()?,
        private_key: local.cosigner_private_key(),
        reply_key: local.reply_public_key(),
        ca: local.ca(),
        timeout: ANSWER_TIMEOUT,
    })?;
    let mut decider = decisions::client(local)?;
    let assets = Assets::read(&local.policy());
    let mut rows = Vec::new();
    for sample in samples::all() {
        progress(&format!("Sending: {}", sample.name));
        let sent = SystemTime::now();
        let answer = cosigner.send(&sample.payload).await?;
        let record = decisions::newest(&mut decider, &answer.reply.request_id).await?;
        rows.push(row(sample, &answer, record.as_ref(), sent, &assets));
    }
    if let Some(url) = local.json_url()? {
        let (cosigner, sample) = (plain_cosigner(local, &url)?, samples::in_json_mode());
        let sent = SystemTime::now();
        let answer = cosigner.send(&sample.payload).await?;
        let record = decisions::newest_of(JSON_TENANT, &mut decider, &answer.reply.request_id).await?;
        rows.push(row(sample, &answer, record.as_ref(), sent, &assets));
    }
    progress("");
    Ok(rows)
}

/// As option 2 has it: it believes whoever has the key of the edge's certificate.
fn plain_cosigner(local: &Local, url: &str) -> Result<PlainCosigner, Error> {
    Ok(PlainCosigner::new(url, &Trust::Pin(local.certificate("edge")), ANSWER_TIMEOUT)?)
}

fn row(
    sample: Sample,
    answer: &Answer,
    record: Option<&DecisionRecord>,
    sent: SystemTime,
    assets: &Assets,
) -> Row {
    Row {
        name: sample.name,
        action: answer.reply.action,
        expected: sample.expected,
        why: explain::why(record, &answer.reply, sent, assets),
        elapsed: answer.elapsed,
    }
}

/// One line that is written over: for people only.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

fn say_how_to_go_on(local: &Local) -> Result<(), Error> {
    let root = local.root().display();
    let mut line = format!("{} send --file request.json", cosigner_program().display());
    if local.root() != Path::new(".local") {
        line.push_str(&format!(
            " --url {} --key {root}/cosigner/private.pem --reply-key {root}/edge/reply_public.pem --ca {root}/tls/ca.pem",
            local.url()?
        ));
    }
    println!("Send your own request:  {line}");
    println!(
        "One to begin with: tests/vectors/eth_tx_sign_request.json. The policy: {}.",
        local.policy().display()
    );
    println!("Logs: {root}/logs/. Ctrl-C stops.");
    Ok(())
}

/// The Co-signer lies beside the demo; from the project's directory that is a short path.
fn cosigner_program() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default().with_file_name("cosigner");
    let here = std::env::current_dir().unwrap_or_default();
    program.strip_prefix(here).map(Path::to_owned).unwrap_or(program)
}

/// Why the demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files.
    #[error(transparent)]
    Local(#[from] local::Error),
    /// The services.
    #[error(transparent)]
    Services(#[from] services::Error),
    /// There is no server to keep a shared ledger on.
    #[error("{0}")]
    Database(String),
    /// A sample got no believable reply.
    #[error(transparent)]
    Cosigner(#[from] cosigner::Error),
    /// No signal can be waited for.
    #[error("cannot listen for Ctrl-C: {0}")]
    Signal(std::io::Error),
}
