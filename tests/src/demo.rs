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
use crate::output::{self, print, say};
use crate::services::{self, decisions, ports};

/// What the demo is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where keys, configurations, policy, data and logs are.
    pub directory: PathBuf,
    /// Where the services listen, if their configurations are not written yet. `None`: at the usual ports.
    pub ports: Option<Addresses>,
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
        // Whoever waits for the answers has not had them.
        () = interrupt.received() => Ok(if options.once { INTERRUPTED.into() } else { ExitCode::SUCCESS }),
    };
    system.stop().await?;
    match outcome {
        Err(Error::Output(error)) if error.is_closed() => Ok(ExitCode::SUCCESS),
        outcome => outcome,
    }
}

/// As a shell has it of what SIGINT ends.
const INTERRUPTED: u8 = 130;

async fn show(local: &Local, system: &mut System, options: &Options) -> Result<ExitCode, Error> {
    let plan = Plan::make(local, options.ledger).await?;
    system.start(&plan).await?;
    let rows = system.until_failure(send_samples(local)).await?;
    let told = tell(&rows, &plan, system).await;
    if options.once {
        // Who has seen enough of the table has the exit code all the same.
        return told.or_else(unless_closed).map(|()| conclude(&rows));
    }
    told?;
    if let Some(url) = &plan.database {
        print(format_args!("The ledger, while this runs:  psql {url}\n"))?;
    }
    say_how_to_go_on(local)?;
    Err(system.failure().await)
}

async fn tell(rows: &[Row], plan: &Plan, system: &System) -> Result<(), Error> {
    print(format_args!("{}\n", table::render(rows)))?;
    if plan.database.is_some() {
        print(format_args!("{}\n", shares::told(system.deciders()).await?))?;
    }
    Ok(())
}

fn unless_closed(error: Error) -> Result<(), Error> {
    match error {
        Error::Output(error) if error.is_closed() => Ok(()),
        error => Err(error),
    }
}

/// Success only if every answer was the expected one.
fn conclude(rows: &[Row]) -> ExitCode {
    let surprises = rows.iter().filter(|row| !row.is_expected()).count();
    if surprises == 0 {
        return ExitCode::SUCCESS;
    }
    say(format_args!("{surprises} of {} answers were not the expected ones.\n", rows.len()));
    ExitCode::FAILURE
}

fn prepare(options: &Options) -> Result<Local, Error> {
    let settings = Settings { addresses: options.ports.unwrap_or_default(), ..Settings::default() };
    let deciders = match options.ledger {
        Ledger::Sqlite => 1,
        Ledger::Postgres { deciders } => deciders,
    };
    if !options.directory.exists() {
        // Before anything is written: the files would keep the ports.
        check_free(&settings.addresses, deciders, || "there is none yet, so name others by --ports".into())?;
        let directory = options.directory.display();
        say(format_args!("Creating {directory} with keys, certificates and configurations …\n"));
    }
    let local = Local::create(&options.directory, &settings)?;
    let addresses = local.addresses()?;
    if options.ports.is_some_and(|ports| ports != addresses) {
        say(format_args!("--ports is not used: the ports are those of {}\n", configurations(&local)));
    }
    check_free(&addresses, deciders, || configurations(&local))?;
    Ok(local)
}

/// `instead`: what to change where somebody else listens.
fn check_free(addresses: &Addresses, deciders: u16, instead: impl Fn() -> String) -> Result<(), Error> {
    let free = addresses.fleet(deciders)?.iter().try_for_each(ports::check_free);
    free.map_err(|source| Error::Ports { source: source.into(), instead: instead() })
}

/// The files that say where the services listen.
fn configurations(local: &Local) -> String {
    format!("{} and {}", local.edge_config().display(), local.decider_config().display())
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
        say(format_args!("\r\x1b[K{text}"));
    }
}

fn say_how_to_go_on(local: &Local) -> Result<(), Error> {
    let root = local.root().display();
    let line = format!("{} send --file request.json", quoted(&cosigner_program()));
    let line = line + &options_of(local.root(), &local.url()?);
    let policy = local.policy();
    print(format_args!(
        "Send your own request:  {line}\n\
         One to begin with: tests/vectors/eth_tx_sign_request.json. The policy: {}.\n\
         Logs: {root}/logs/. Ctrl-C stops.\n",
        policy.display()
    ))?;
    Ok(())
}

/// What the Co-signer is told where its usual files and URL are not these.
fn options_of(root: &Path, url: &str) -> String {
    let url = if url == cosigner::USUAL_URL { String::new() } else { format!(" --url {url}") };
    if root == Path::new(".local") {
        return url;
    }
    let file = |name: &str| quoted(&root.join(name));
    let (key, reply_key, ca) =
        (file("cosigner/private.pem"), file("edge/reply_public.pem"), file("tls/ca.pem"));
    url + &format!(" --key {key} --reply-key {reply_key} --ca {ca}")
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if path.bytes().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
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
    /// What was to be shown.
    #[error(transparent)]
    Output(#[from] output::Error),
    /// Somebody else listens where a service is to.
    #[error("{source}: {instead}")]
    Ports {
        /// Who listens where.
        source: Box<services::Error>,
        /// What to change.
        instead: String,
    },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosigner_is_told_what_it_does_not_take_by_itself() {
        let (usual, other) = (cosigner::USUAL_URL, "https://localhost:22101");
        assert_eq!(options_of(Path::new(".local"), usual), "");
        assert_eq!(options_of(Path::new(".local"), other), " --url https://localhost:22101");
        let keys = " --key d/cosigner/private.pem --reply-key d/edge/reply_public.pem --ca d/tls/ca.pem";
        assert_eq!(options_of(Path::new("d"), usual), keys);
        assert_eq!(options_of(Path::new("d"), other), format!(" --url {other}{keys}"));
        assert!(options_of(Path::new("it's here"), usual).ends_with(r" --ca 'it'\''s here/tls/ca.pem'"));
    }
}
