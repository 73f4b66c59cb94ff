//! `decider store`: an operator's look at a store as a whole.

mod words;

use std::io::{BufWriter, stdout};
use std::path::Path;

use jiff::Timestamp;

use super::check::{fail_in, print, refuse_in};
use super::cli::{Backup, Copy, Exit, Export, Look, Output, Release, StoreCommand};
use super::say;
use crate::clock::Clock;
use crate::config::kept::{Kept, kept};
use crate::policy_file::PolicyFile;
use crate::store::{self, archive, intake};
use crate::upkeep::copy::{Comparison, Copied};
use crate::upkeep::export::{self, ExportError, Wanted};
use crate::upkeep::progress::Progress;
use crate::upkeep::release::{self, Statement};
use crate::upkeep::{backup, copy, stats, verify};
use crate::yaml::Mistakes;

/// Does what the command says.
pub fn store(command: &StoreCommand, clock: &dyn Clock) -> Exit {
    match command {
        StoreCommand::Stats(what) => {
            over(&what.config, what.output, |config| tell_stats(what, config, clock))
        }
        StoreCommand::Verify(what) => {
            over(&what.config, what.output, |config| tell_verified(what, config, clock))
        }
        StoreCommand::Export(what) => over(&what.config, Output::Text, |config| export(what, config, clock)),
        StoreCommand::Backup(what) => over(&what.config, Output::Text, |config| back_up(what, config, clock)),
        StoreCommand::Release(what) => {
            over(&what.config, Output::Text, |config| release(what, config, clock))
        }
        StoreCommand::Copy(what) => over(&what.from, what.output, |from| copy_into(what, from, clock)),
    }
}

/// With what a configuration says of its store; what goes wrong is said.
fn over(config: &Path, output: Output, work: impl FnOnce(&Kept) -> Result<Exit, String>) -> Exit {
    match kept(config) {
        Ok(kept) => work(&kept).unwrap_or_else(|error| fail_in(output, error)),
        Err(mistakes) => refuse_in(output, &mistakes),
    }
}

/// The policy, if it has no mistakes. Those are said, and what is done without it.
fn policy_or(kept: &Kept, left_out: &str) -> Option<PolicyFile> {
    let told = |mistakes: &Mistakes| {
        say::err(format_args!("{mistakes}\ndecider: the policy has mistakes: {left_out}\n"))
    };
    kept.policy().inspect_err(told).ok()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn tell_stats(what: &Look, config: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let file = policy_or(config, "what is used of its limits is left out");
    let policy = file.map(|file| file.policy);
    let mut progress = Progress::of("records counted", clock);
    let stats =
        stats::count(archive.as_mut(), policy.as_deref(), clock.wall(), &mut progress).map_err(text)?;
    drop(progress);
    Ok(match what.output {
        Output::Json => print(&stats, Exit::Success),
        Output::Text => say::out(words::of_stats(&stats, &policy.unwrap_or_default()), Exit::Success),
    })
}

fn tell_verified(what: &Look, config: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let mut progress = Progress::of("records checked", clock);
    let verified = verify::verify(archive.as_mut(), &mut progress).map_err(text)?;
    drop(progress);
    let exit = if verified.findings.is_empty() { Exit::Success } else { Exit::Failure };
    Ok(match what.output {
        Output::Json => print(&verified, exit),
        Output::Text => say::out(words::of_verified(&verified), exit),
    })
}

fn export(what: &Export, config: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    // What was lost with the rest is in no line of it.
    if let Some(why) = archive.state().map_err(text)?.frozen {
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

fn copy_into(what: &Copy, from: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    // By it both sums are compared, and a tenant is not taken out of sums of several.
    let (to, policy) = match kept(&what.to).and_then(|to| Ok((to, from.policy()?.policy))) {
        Ok(both) => both,
        Err(mistakes) => return Ok(refuse_in(what.output, &mistakes)),
    };
    if is_same(&from.store, &to.store) {
        let to = what.to.display();
        return Err(format!(
            "{to}: the store to fill is the one to copy: name a configuration with another one"
        ));
    }
    let mut progress = Progress::of("decisions copied", clock);
    let comparison = Comparison { policy: &policy, now: clock.wall() };
    let copied = match &what.tenant {
        None => copy_whole(from, &to, comparison, &mut progress)?,
        Some(tenant) => {
            check_moved(tenant, what, from, &to)?;
            copy_tenant(tenant, from, &to, comparison, &mut progress)?
        }
    };
    drop(progress);
    Ok(match what.output {
        Output::Json => print(&copied, Exit::Success),
        Output::Text => say::out(words::of_copied(&copied, &policy), Exit::Success),
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
    from: &Kept,
    to: &Kept,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, String> {
    let source = archive::open_alone(&from.store).map_err(text)?;
    let target = intake::open(&to.store).map_err(text)?;
    copy::copy_whole(source, target, comparison, progress).map_err(text)
}

fn copy_tenant(
    tenant: &str,
    from: &Kept,
    to: &Kept,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, String> {
    let mut source = archive::open(&from.store).map_err(text)?;
    let mut target = intake::open(&to.store).map_err(text)?;
    let head = source.about().map_err(text)?.head;
    let mark = format!("it was copied for {tenant} at decision {head} of a ledger that goes on");
    let copied = copy::copy_tenant(source.as_mut(), target.as_mut(), tenant, &mark, comparison, progress);
    let copied = copied.map_err(text)?;
    target.finish().map(|()| copied).map_err(text)
}

/// Nothing more is charged for a tenant that moves, once all deciders go by these files.
fn check_moved(tenant: &str, what: &Copy, from: &Kept, to: &Kept) -> Result<(), String> {
    if from.tenants.has(tenant) {
        return Err(format!(
            "{}: {tenant} still has its ledger there: take it out of tenants, and restart every decider of that ledger first",
            what.from.display()
        ));
    }
    if !to.tenants.has(tenant) {
        return Err(format!("{}: {tenant} is not among its tenants", what.to.display()));
    }
    Ok(())
}

fn back_up(what: &Backup, config: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    let mut archive = archive::open(&config.store).map_err(text)?;
    let (now, head) = (clock.wall(), archive.about().map_err(text)?.head);
    let at = Timestamp::from_microsecond(now.as_micros()).map_err(text)?;
    let mark = format!("it was restored from the backup of {at}, which ends at decision {head}");
    let mut progress = Progress::of("decisions backed up", clock);
    let file = policy_or(config, "what is used of its limits is not compared in store and backup");
    let policy = file.map(|file| file.policy).unwrap_or_default();
    let comparison = Comparison { policy: &policy, now };
    let copied =
        backup::backup(archive.as_mut(), &what.to, &mark, comparison, &mut progress).map_err(text)?;
    drop(progress);
    let (decisions, charges, path) = (copied.decisions, copied.charges, what.to.display());
    let told = format!("{decisions} decisions and {charges} charges written to {path}\n");
    Ok(say::out(told, Exit::Success))
}

fn release(what: &Release, config: &Kept, clock: &dyn Clock) -> Result<Exit, String> {
    let lost = match what.lost.as_path() {
        nothing if nothing == Path::new("nothing") => None,
        file => Some(std::fs::read_to_string(file).map_err(|why| format!("{}: {why}", file.display()))?),
    };
    let (by, file) = (what.by.clone(), what.lost.display().to_string());
    let statement = Statement { by, at: clock.wall(), lost, file, despite_gaps: what.despite_gaps };
    let store = intake::open_frozen(&config.store).map_err(text)?;
    let file = policy_or(config, "it is not kept for what was decided by it");
    let policy = file.as_ref().map(|file| (file.policy.hash.as_str(), &file.document));
    let released = release::release(store, &statement, policy).map_err(text)?;
    Ok(say::out(words::of_released(&released), Exit::Success))
}
