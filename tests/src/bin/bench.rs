//! `make bench`: how fast the two services are, as ratios taken in one run.

#[path = "../bench/mod.rs"]
mod bench;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::cores::Cores;
use crate::bench::scale::Scale;
use crate::bench::{Error, Options, Part, bare_edge, handshake, instructions, modes, raw, stub};

/// That of the services, so that what they are compared with has no worse one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bad usage (sysexits.h).
const EXIT_USAGE: u8 = 64;

/// Measures the edge and the decider and prints a table of ratios.
///
/// Each figure is compared with something measured in the same run, because machines drift and ratios do not. The
/// services run on one core, everything else on another. The exit code says whether it could be measured, not how
/// it came out.
#[derive(Debug, Parser)]
#[command(name = "bench", version, after_help = EXAMPLES, subcommand_negates_reqs = true)]
struct Arguments {
    /// Rounds of each measurement; the first is dropped
    #[arg(long, value_name = "N", default_value_t = Scale::FULL.rounds, value_parser = rounds)]
    rounds: usize,
    /// Also write the table as Markdown, with the machine and the date
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Few rounds of few requests: shows that the bench works, not how fast the services are
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Measure this alone; may be given several times
    #[arg(long, value_enum, value_name = "PART")]
    only: Vec<Part>,
    #[command(subcommand)]
    child: Option<Child>,
}

/// What the bench starts of itself.
#[derive(Debug, Subcommand)]
enum Child {
    /// A decider that gives one answer
    #[command(hide = true)]
    StubDecider(stub::Arguments),
    /// Verifies and signs, and prints how long that took
    #[command(hide = true)]
    Raw(raw::Arguments),
    /// The least that an edge could be
    #[command(hide = true)]
    BareEdge(bare_edge::Arguments),
    /// Answers everything with nothing
    #[command(hide = true)]
    EmptyHandler(modes::Arguments),
    /// Shakes hands and does nothing else
    #[command(hide = true)]
    BareTls(handshake::Arguments),
    /// Evaluates so many times
    #[command(hide = true)]
    Evaluate(instructions::Arguments),
}

const EXAMPLES: &str = "\
Examples:
  bench                             a few minutes
  bench --markdown bench.md         and write the table there
  bench --only round-trip           one measurement alone
  bench --quick                     a few seconds; the figures mean little";

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 });
        }
    };
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: Arguments) -> Result<(), Error> {
    match arguments.child.take() {
        Some(Child::Raw(child)) => raw::run(&child),
        Some(Child::Evaluate(child)) => instructions::run(&child),
        Some(Child::EmptyHandler(child)) => runtime()?.block_on(modes::run(&child)),
        Some(Child::BareTls(child)) => handshake::run(&child),
        Some(Child::BareEdge(child)) => runtime()?.block_on(bare_edge::run(&child)),
        Some(Child::StubDecider(child)) => runtime()?.block_on(stub::run(&child)),
        None => measure(arguments.options()),
    }
}

fn measure(options: Options) -> Result<(), Error> {
    let cores = Cores::choose();
    // Before the runtime starts a thread: they all stay where this one is.
    cores.leave_the_server_core()?;
    runtime()?.block_on(async {
        tokio::select! {
            ended = bench::run(&options, cores) => ended,
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
        }
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::io("cannot start"))
}

impl Arguments {
    fn options(self) -> Options {
        let scale = if self.quick { Scale::QUICK } else { Scale { rounds: self.rounds, ..Scale::FULL } };
        Options { scale, markdown: self.markdown, only: self.only }
    }
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds) if rounds >= 2 => Ok(rounds),
        _ => Err("give a number of at least 2: the first round is dropped".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(arguments: &[&str]) -> Option<Options> {
        Arguments::try_parse_from(arguments).ok().map(Arguments::options)
    }

    #[test]
    fn rounds_can_be_chosen_and_quick_chooses_them_itself() {
        assert_eq!(options(&["bench"]).unwrap().scale, Scale::FULL);
        assert_eq!(options(&["bench", "--rounds", "12"]).unwrap().scale.rounds, 12);
        assert_eq!(options(&["bench", "--quick"]).unwrap().scale, Scale::QUICK);
        assert_eq!(options(&["bench", "--only", "start"]).unwrap().only, [Part::Start]);
        for refused in [["--rounds", "1"], ["--rounds", "x"]] {
            assert!(options(&["bench", refused[0], refused[1]]).is_none(), "{refused:?}");
        }
        assert!(options(&["bench", "--quick", "--rounds", "3"]).is_none());
    }
}
