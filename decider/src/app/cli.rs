//! The command line, and the exit codes.

mod policy;
mod store;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

pub use policy::{Explain, PolicyCommand};
pub use store::{Backup, Copy, Export, Look, Release, StoreCommand};

/// EX_USAGE of sysexits.h: the command line makes no sense.
const EXIT_USAGE: u8 = 64;
/// EX_CONFIG: the configuration or the policy has mistakes.
const EXIT_CONFIG: u8 = 78;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As asked.
    Success,
    /// It did not start, or failed.
    Failure,
    /// The command line makes no sense.
    Usage,
    /// The configuration or the policy has mistakes.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
            Exit::Usage => Self::from(EXIT_USAGE),
            Exit::Config => Self::from(EXIT_CONFIG),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  decider check --config decider.yaml     what is wrong with it, all at once
  decider check --policy policy.yaml      the same for a policy alone
  decider check --config decider.yaml --beside other.yaml     and whether they fit one ledger, or two
  decider policy test --policy policy     what the tests in it say of it
  decider migrate --config decider.yaml   create the tables of a store on PostgreSQL, or upgrade them
  decider store verify --config decider.yaml     whether everything on record holds together
  decider run --config decider.yaml       serve until SIGTERM or Ctrl-C

Exit codes: 0 well, 1 failed to start or failed, 64 wrong command line, 78 mistakes in configuration or policy.
Logs go to standard error: text on a terminal, JSON lines elsewhere; RUST_LOG sets the level.
Traces go to OTEL_EXPORTER_OTLP_ENDPOINT where it is set.";

/// Decides what an API Co-signer may sign: a gRPC service over a policy and a ledger.
#[derive(Debug, Parser)]
#[command(name = "decider", version, after_help = EXAMPLES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    #[command(after_help = EXAMPLES)]
    Run {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
        config: PathBuf,
    },
    /// Bring the database of a store on PostgreSQL to the schema of this version. Deciders may go on meanwhile.
    #[command(after_help = EXAMPLES)]
    Migrate {
        /// The configuration file.
        #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
        config: PathBuf,
    },
    /// Say what is wrong with a configuration or a policy; nothing is started.
    #[command(after_help = EXAMPLES)]
    Check(Check),
    /// Test a policy, and look into it; nothing is started.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Look at a store as a whole, check it, export it, copy it, back it up, and release it after it was restored.
    #[command(subcommand)]
    Store(StoreCommand),
}

/// Of which policy.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["config", "policy"]).required(true).multiple(true))]
pub struct Which {
    /// The configuration file, with everything it names.
    #[arg(long, value_name = "FILE", env = "DECIDER_CONFIG")]
    pub config: Option<PathBuf>,
    /// A policy alone: a file, or a directory that holds one. Takes precedence over --config.
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// What to check.
#[derive(Debug, Args)]
pub struct Check {
    /// Of which policy.
    #[command(flatten)]
    pub which: Which,
    /// Configurations of other deciders: whether those over one ledger have the same tenants, and no tenant has two.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "policy")]
    pub beside: Vec<PathBuf>,
}

/// How to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people: mistakes on standard error.
    Text,
    /// One JSON object on standard output.
    Json,
}

/// Reads the command line.
///
/// # Errors
/// How to end instead: with help, or with what is wrong.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Command, Exit> {
    CommandLine::try_parse_from(arguments).map(|line| line.command).map_err(|error| {
        let _ = error.print();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Success,
            _ => Exit::Usage,
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parsed(line: &str) -> Result<Command, Exit> {
        parse(line.split(' ').map(std::ffi::OsString::from))
    }

    #[test]
    fn the_definition_is_sound_and_its_examples_parse() {
        CommandLine::command().debug_assert();
        let examples = EXAMPLES.lines().filter_map(|line| line.strip_prefix("  "));
        let lines: Vec<&str> = examples.filter_map(|line| line.split("   ").next()).collect();
        assert_eq!(lines.len(), 7);
        for line in lines.into_iter().chain(policy::examples()).chain(store::examples()) {
            assert!(parsed(line.trim()).is_ok(), "{line}");
        }
    }

    #[test]
    fn every_command_shows_examples() {
        fn check(command: &clap::Command) {
            let own = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let leaf = command.get_subcommands().next().is_none();
            assert!(!leaf || own.starts_with("Examples:"), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        check(&CommandLine::command());
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for line in [
            "decider",
            "decider run --config",
            "decider walk",
            "decider policy",
            "decider policy test",
            "decider store",
            "decider store stats",
            "decider check --output xml --policy p",
            "decider check",
            "decider policy test --policy p --beside q",
            "decider store release --config c --lost nothing --by ",
        ] {
            assert_eq!(parsed(line).err(), Some(Exit::Usage), "{line}");
        }
        assert_eq!(parsed("decider --help").err(), Some(Exit::Success));
        assert_eq!(parsed("decider --version").err(), Some(Exit::Success));
        assert_eq!(parsed("decider policy test --help").err(), Some(Exit::Success));
    }
}
