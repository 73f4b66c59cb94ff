//! `decider policy`: what can be done with a policy and nothing else.

use clap::Subcommand;

use super::Check;

const TEST_EXAMPLES: &str = "\
Examples:
  decider policy test --policy policy                 the tests of a file or directory
  decider policy test --config decider.yaml           those of the policy that it names
  decider policy test --policy policy --output json   for programs

Exit codes: 0 all passed, 78 mistakes in the policy or tests that failed.";

/// What to do with a policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Play the policy's tests, and say what came out of each.
    #[command(after_help = TEST_EXAMPLES)]
    Test(Check),
    /// Say what is wrong with a policy: `decider check` by another name.
    Check(Check),
}

/// The command lines of every example.
#[cfg(test)]
pub fn examples() -> Vec<&'static str> {
    let lines = [TEST_EXAMPLES].into_iter().flat_map(str::lines);
    lines.filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split("   ").next()).collect()
}
