//! `decider store`: what can be done with a store as a whole.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Output;

const STATS_EXAMPLES: &str = "\
Examples:
  decider store stats --config decider.yaml                   what it holds, and what is used of each limit
  decider store stats --config decider.yaml --output json     for programs

Nothing is written; a decider may be serving from it. Of a store on PostgreSQL one moment is read. Where the policy has
mistakes they are told, and what is used of its limits is left out.
Exit codes: 0 told, 1 the store cannot be read, 78 mistakes in the configuration.";

const VERIFY_EXAMPLES: &str = "\
Examples:
  decider store verify --config decider.yaml                   whether everything on record holds together
  decider store verify --config decider.yaml --output json     for programs

Plays the whole log again: each decision has to come out of its evidence, its evidence and the charges that stand
have to be what the decisions before left, every policy has to be there. Nothing is written; a decider may be serving.
Exit codes: 0 nothing is wrong, 1 findings, each with its record, or the store cannot be read, 78 mistakes in the
configuration.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  decider store export --config decider.yaml                                    every decision, on standard output
  decider store export --config decider.yaml --to decisions.jsonl               into a new file, which is whole or not there
  decider store export --config decider.yaml --since 2026-03-01T00:00:00Z --tenant default     some of them

JSON Lines: each decision with its charges as they stand now. Amounts are decimal strings in base units, times
microseconds since 1970. The shape is described in decider/src/store/README.md.
Exit codes: 0 written, 1 not, 78 mistakes in the configuration.";

const COPY_EXAMPLES: &str = "\
Examples:
  decider store copy --from sqlite.yaml --to postgres.yaml     from one store to another, such as SQLite to PostgreSQL
  decider store copy --from old.yaml --to new.yaml --tenant payroll     one tenant, into a ledger of its own

No decider may use the source, and the target must be empty (`decider migrate` first, on PostgreSQL). All of it is copied
or nothing. At the end the usage of every limit of the source's policy is computed in both stores, and must be the same.
Start deciders on the target only: two stores that go on by themselves allow twice. So the source is frozen at the end;
where it is to go on after all, `decider store release --lost nothing` ends that.
With --tenant deciders may use the source, which goes on, after they were restarted without that tenant in `tenants`. The
target is frozen until `decider store release` states what was decided for it since.
Exit codes: 0 copied, 1 not, 78 mistakes in a configuration or the source's policy.";

const BACKUP_EXAMPLES: &str = "\
Examples:
  decider store backup --config decider.yaml --to backup.db     one moment of it, as an SQLite file

A decider may be serving from the store. The file carries the mark of a backup: a decider that is started on it, or on
what it was copied to, decides nothing until `decider store release` states what was lost since.
Exit codes: 0 written, 1 not, or the file is there already, 78 mistakes in the configuration.";

const RELEASE_EXAMPLES: &str = "\
Examples:
  decider store release --config decider.yaml --lost nothing            no decision was made since
  decider store release --config decider.yaml --lost decisions.jsonl    those were: they are entered first

A store that was restored is frozen: the charges that were lost with the rest would be headroom that is not there. The
file has lines of `decider store export`, in their order; those that are on record are left out. All of it is entered or
nothing: a file with nothing new is refused, and so is one with a gap, unless --despite-gaps says that it is known. Who
stated what, and when, is recorded. On SQLite, stop the decider first; on PostgreSQL the deciders may run, and decide
again by themselves.
Exit codes: 0 released, 1 not, each mistake with its line, 78 mistakes in the configuration.";

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Say what it holds, in numbers.
    #[command(after_help = STATS_EXAMPLES)]
    Stats(Look),
    /// Say whether everything on record holds together.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Look),
    /// Write every decision with its charges as JSON Lines.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Copy all of it into an empty store.
    #[command(after_help = COPY_EXAMPLES)]
    Copy(Copy),
    /// Write a consistent copy of it into a file, beside a decider that serves.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// State what was lost with a store that was restored, and let it decide again.
    #[command(after_help = RELEASE_EXAMPLES)]
    Release(Release),
}

/// What to back up.
#[derive(Debug, Args)]
pub struct Backup {
    /// The configuration file that names the store.
    #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
    pub config: PathBuf,
    /// The file to write. It must not be there.
    #[arg(long, value_name = "FILE", value_parser = file_name)]
    pub to: PathBuf,
}

/// A backup cannot be written from its beginning to its end.
fn file_name(name: &str) -> Result<PathBuf, &'static str> {
    match name {
        "-" => Err("a backup is a file, and goes to no standard output: name one"),
        name => Ok(name.into()),
    }
}

/// What to release.
#[derive(Debug, Args)]
pub struct Release {
    /// The configuration file that names the store.
    #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
    pub config: PathBuf,
    /// What was lost: `nothing`, or a file with lines of an export.
    #[arg(long, value_name = "nothing|FILE")]
    pub lost: PathBuf,
    /// Enter the file although positions are missing in it, because nobody has them any more, or because it is of a
    /// ledger with other tenants.
    #[arg(long)]
    pub despite_gaps: bool,
    /// Who states it.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown", value_parser = name)]
    pub by: String,
}

/// Whoever is asked later who it was has to be somebody.
fn name(name: &str) -> Result<String, &'static str> {
    match name.trim() {
        "" => Err("who states it has a name"),
        name => Ok(name.to_owned()),
    }
}

/// What to copy.
#[derive(Debug, Args)]
pub struct Copy {
    /// The configuration file that names the store to copy.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The configuration file that names the store to fill.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// This tenant alone; deciders may go on with the others.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Which store to look at.
#[derive(Debug, Args)]
pub struct Look {
    /// The configuration file that names it.
    #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
    pub config: PathBuf,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// What to export.
#[derive(Debug, Args)]
pub struct Export {
    /// The configuration file that names the store.
    #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
    pub config: PathBuf,
    /// The file to write. It must not be there. Standard output where nothing is said, or `-`.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Decisions from this time on, such as 2026-03-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = crate::instant::parse)]
    pub since: Option<jiff::Timestamp>,
    /// Decisions of this tenant alone.
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
}

/// The command lines of every example.
#[cfg(test)]
pub fn examples() -> Vec<&'static str> {
    let all =
        [STATS_EXAMPLES, VERIFY_EXAMPLES, EXPORT_EXAMPLES, COPY_EXAMPLES, BACKUP_EXAMPLES, RELEASE_EXAMPLES];
    let lines = all.into_iter().flat_map(str::lines);
    lines.filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split("   ").next()).collect()
}
