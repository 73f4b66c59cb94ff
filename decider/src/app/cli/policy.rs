//! `decider policy`: what can be done with a policy and nothing else.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Check, Output, Which};

const TEST_EXAMPLES: &str = "\
Examples:
  decider policy test --policy policy                 the tests of a file or directory
  decider policy test --config decider.yaml           those of the policy that it names
  decider policy test --policy policy --output json   for programs

Exit codes: 0 all passed, 78 mistakes in the policy or tests that failed.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  decider policy explain request.json --policy policy                        over an empty ledger
  decider policy explain request.json --policy policy --store decider.db     over what was charged
  decider policy explain - --policy policy --at 2026-03-01T12:00:00Z         from standard input, asked then

The request is a DecideRequest of the published contract, as JSON. The store is only read; a decider may be serving
from it. What was charged after --at counts, as it does for every window.
Exit codes: 0 explained, whatever the verdict, 1 the store or the request cannot be read, 78 mistakes in the policy.";

const CHECK_EXAMPLES: &str = "\
Examples:
  decider policy check --policy policy                   what is wrong with it, and what may not be meant
  decider policy check --policy policy --output json     for programs

Exit codes: 0 nothing is wrong, whatever it warns of, 78 mistakes in the policy.";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  decider policy schema     on standard output

Written into a file beside the policy, editors with the YAML language server take it from the first line of each file:
# yaml-language-server: $schema=policy.schema.json
What it refuses, the decider refuses; what it cannot know, such as names and checksums, `decider check` says.";

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Play the policy's tests, and say what came out of each.
    #[command(after_help = TEST_EXAMPLES)]
    Test(Which),
    /// Say why a request comes out as it does: rule by rule, condition by condition, limit by limit.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Say what is wrong with a policy: `decider check` by another name.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Print the JSON Schema of a policy's files, for editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
}

/// What to explain.
#[derive(Debug, Args)]
pub struct Explain {
    /// The request: a file, or `-` for standard input.
    #[arg(value_name = "REQUEST.json")]
    pub request: PathBuf,
    /// A policy: a file, or a directory that holds one.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// When it is asked, such as 2026-03-01T12:00:00Z. Now where nothing is said.
    #[arg(long, value_name = "TIME", value_parser = crate::instant::parse)]
    pub at: Option<jiff::Timestamp>,
    /// The SQLite file of a decider's store, to count what was charged.
    #[arg(long, value_name = "FILE")]
    pub store: Option<PathBuf>,
    /// How to say it.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// The command lines of every example.
#[cfg(test)]
pub fn examples() -> Vec<&'static str> {
    let lines =
        [TEST_EXAMPLES, EXPLAIN_EXAMPLES, CHECK_EXAMPLES, SCHEMA_EXAMPLES].into_iter().flat_map(str::lines);
    lines.filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split("   ").next()).collect()
}
