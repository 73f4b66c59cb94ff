//! `decider store`: an operator's look at a store as a whole.

mod words;

use std::io::{BufWriter, stdout};
use std::path::Path;

use jiff::Timestamp;
use policy::time::Time;

use super::check::{print, refuse};
use super::cli::{Backup, Copy, Exit, Export, Look, Output, Release, StoreCommand};
use super::say;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::store::{self, archive, intake};
use crate::upkeep::copy::Copied;
use crate::upkeep::export::{self, ExportError, Wanted};
use crate::upkeep::progress::Progress;
use crate::upkeep::release::{self, Statement};
use crate::upkeep::{backup, copy, stats, verify};

/// Does what the command says.
pub fn store(command: &StoreCommand, clock: &dyn Clock) -> Exit {
    match command {
        StoreCommand::Stats(what) => over(&what.config, |config| tell_stats(what, config, clock)),
        StoreCommand::Verify(what) => over(&what.config, |config| tell_verified(what, config, clock)),
        StoreCommand::Export(what) => over(&what.config, |config| export(what, config, clock)),
        StoreCommand::Backup(what) => over(&what.config, |config| back_up(what, config, clock)),
        StoreCommand::Release(what) => over(&what.config, |config| release(what, config, clock)),
        StoreCommand::Copy(what) => over(&what.from, |from| copy_into(what, from, clock)),
    }
}

/// With a configuration; what goes wrong is said.
fn over(config: &Path, work: impl FnOnce(&Config) -> Result<Exit, String>) -> Exit {
    let config = match config::load(config) {
        Ok(config) => config,
        Err(mistakes) => return refuse(&mistakes),
    };
    work(&config).unwrap_or_else(say::wrong)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn tell_stats(what: &Look, config: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let policy = &config.policy.policy;
    let mut progress = Progress::of("records counted", clock);
    let stats = stats::of(archive.as_mut(), policy, clock.wall(), &mut progress).map_err(text)?;
    drop(progress);
    Ok(match what.output {
        Output::Json => print(&stats, Exit::Success),
        Output::Text => say::out(words::of_stats(&stats, policy), Exit::Success),
    })
}

fn tell_verified(what: &Look, config: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let mut progress = Progress::of("records checked", clock);
    let verified = verify::of(archive.as_mut(), &mut progress).map_err(text)?;
    drop(progress);
    let exit = if verified.findings.is_empty() { Exit::Success } else { Exit::Failure };
    Ok(match what.output {
        Output::Json => print(&verified, exit),
        Output::Text => say::out(words::of_verified(&verified), exit),
    })
}

fn export(what: &Export, config: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    // What was lost with the rest is in no line of it.
    if let Some(why) = archive.standing().map_err(text)?.frozen {
        say::err(format_args!("the store is frozen: {why}\n"));
    }
    let since_us = what.since.map(jiff::Timestamp::as_microsecond);
    let wanted = Wanted { since_us, tenant: what.tenant.clone() };
    let mut progress = Progress::of("decisions read", clock);
    let to = what.to.as_deref().filter(|to| *to != Path::new("-"));
    let count = match to {
        Some(path) => export::write_file(archive.as_mut(), &wanted, path, &mut progress),
        None => export::write(archive.as_mut(), &wanted, &mut BufWriter::new(stdout()), &mut progress),
    };
    drop(progress);
    Ok(match (count, to) {
        (Ok(count), Some(path)) => {
            say::out(format_args!("{count} decisions written to {}\n", path.display()), Exit::Success)
        }
        (Ok(_), None) => Exit::Success,
        (Err(ExportError::Write(error)), None) if say::is_closed(&error) => Exit::Success,
        (Err(error), _) => return Err(text(error)),
    })
}

fn copy_into(what: &Copy, from: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let to = match config::load(&what.to) {
        Ok(to) => to,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    if is_same(&from.store, &to.store) {
        let to = what.to.display();
        return Err(format!(
            "{to}: the store to fill is the one to copy: name a configuration with another one"
        ));
    }
    let mut progress = Progress::of("decisions copied", clock);
    let copied = match &what.tenant {
        None => copy_whole((from, &to), clock.wall(), &mut progress)?,
        Some(tenant) => {
            check_moved(tenant, what, (from, &to))?;
            copy_tenant(tenant, (from, &to), clock.wall(), &mut progress)?
        }
    };
    drop(progress);
    let policy = &from.policy.policy;
    Ok(match what.output {
        Output::Json => print(&copied, Exit::Success),
        Output::Text => say::out(words::of_copied(&copied, policy), Exit::Success),
    })
}

/// Whether both are one store, whatever its paths are.
fn is_same(one: &store::Config, other: &store::Config) -> bool {
    use store::Config::{Postgres, Sqlite};
    match (one, other) {
        (Sqlite(one), Sqlite(other)) => {
            one == other
                || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
        }
        (Postgres(one), Postgres(other)) => one.is_same_database(other),
        _ => false,
    }
}

fn copy_whole(
    (from, to): (&Config, &Config),
    now: Time,
    progress: &mut Progress<'_>,
) -> Result<Copied, String> {
    let source = archive::open_alone(&from.store).map_err(text)?;
    let target = intake::open(&to.store).map_err(text)?;
    copy::copy_whole(source, target, (&from.policy.policy, now), progress).map_err(text)
}

fn copy_tenant(
    tenant: &str,
    (from, to): (&Config, &Config),
    now: Time,
    progress: &mut Progress<'_>,
) -> Result<Copied, String> {
    let mut source = archive::open(&from.store).map_err(text)?;
    let mut target = intake::open(&to.store).map_err(text)?;
    let head = source.about().map_err(text)?.head;
    let mark = format!("it was copied for {tenant} at decision {head} of a ledger that goes on");
    let (what, policy) = ((tenant, mark.as_str()), (from.policy.policy.as_ref(), now));
    let copied = copy::copy_tenant(source.as_mut(), target.as_mut(), what, policy, progress).map_err(text)?;
    target.finish().map(|()| copied).map_err(text)
}

/// Nothing more is charged for a tenant that moves, once all deciders go by these files.
fn check_moved(tenant: &str, what: &Copy, (from, to): (&Config, &Config)) -> Result<(), String> {
    if from.grpc.tenants.has(tenant) {
        return Err(format!(
            "{}: {tenant} still has its ledger there: take it out of tenants, and restart every decider of that ledger first",
            what.from.display()
        ));
    }
    if !to.grpc.tenants.has(tenant) {
        return Err(format!("{}: {tenant} is not among its tenants", what.to.display()));
    }
    Ok(())
}

fn back_up(what: &Backup, config: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let (now, head) = (clock.wall(), archive.about().map_err(text)?.head);
    let at = Timestamp::from_microsecond(now.as_micros()).map_err(text)?;
    let mark = format!("it was restored from the backup of {at}, which ends at decision {head}");
    let mut progress = Progress::of("decisions backed up", clock);
    let policy = &config.policy.policy;
    let copied =
        backup::backup(archive.as_mut(), &what.to, &mark, (policy, now), &mut progress).map_err(text)?;
    drop(progress);
    let (decisions, charges, path) = (copied.decisions, copied.charges, what.to.display());
    let told = format!("{decisions} decisions and {charges} charges written to {path}\n");
    Ok(say::out(told, Exit::Success))
}

fn release(what: &Release, config: &Config, clock: &dyn Clock) -> Result<Exit, String> {
    let lost = match what.lost.as_path() {
        nothing if nothing == Path::new("nothing") => None,
        file => Some(std::fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?),
    };
    let (by, file) = (what.by.clone(), what.lost.display().to_string());
    let statement = Statement { by, at: clock.wall(), lost, file, despite_gaps: what.despite_gaps };
    let store = intake::open_frozen(&config.store).map_err(text)?;
    let policy = (config.policy.policy.hash.as_str(), &config.policy.document);
    let released = release::release(store, &statement, policy).map_err(text)?;
    Ok(say::out(words::of_released(&released), Exit::Success))
}
