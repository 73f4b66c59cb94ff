//! The demo behind `make run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, ValueEnum, value_parser};
use system_tests::demo::{self, Ledger, Options};
use system_tests::local::Addresses;
use system_tests::output::{EXIT_OUTPUT, say};

/// Bad usage (sysexits.h).
const EXIT_USAGE: u8 = 64;

/// Runs an edge and a decider on this machine and lets the simulated Co-signer send the sample requests.
///
/// On the first run it creates a directory with keys, certificates, configurations and a policy. What is there is
/// kept: change it and run again. Without --once it stays up until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "demo", version, after_help = EXAMPLES)]
struct Arguments {
    /// Directory of keys, configurations, policy, data and logs
    #[arg(long, value_name = "DIR", default_value = ".local")]
    dir: PathBuf,
    /// Ports on 127.0.0.1 for new configurations: edge, edge admin, decider, decider admin and, if it is to have JSON mode,
    /// the edge in that [default: 8443,9443,50051,9444,8444]
    #[arg(long, value_name = "PORTS", value_parser = addresses)]
    ports: Option<Addresses>,
    /// Where the ledger is: in a file for one decider, or on a PostgreSQL server of the demo's own for several
    #[arg(long, env = "STORE", value_enum, default_value = "sqlite")]
    store: Store,
    /// How many deciders share the ledger on PostgreSQL; their ports follow those of the first
    #[arg(long, value_name = "COUNT", env = "DECIDERS", default_value_t = 1, value_parser = value_parser!(u16).range(1..=MAX_DECIDERS))]
    deciders: u16,
    /// End after the table: exit code 0 only if every action was the expected one
    #[arg(long, env = "ONCE", value_parser = FalseyValueParser::new())]
    once: bool,
}

/// Where the ledger is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

/// So that the ports of the deciders do not run into others.
const MAX_DECIDERS: i64 = 9;

const EXAMPLES: &str = "\
Examples:
  demo                                             stay up until Ctrl-C
  demo --store postgres --deciders 3               three deciders over one ledger
  ONCE=1 demo                                      end after the table
  demo --dir /tmp/demo --ports 7443,7444,7445,7446 beside another one";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { EXIT_USAGE } else { 0 });
        }
    };
    let options = match arguments.options() {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match demo::run(&options).await {
        Ok(code) => code,
        Err(error) => {
            say(format_args!("demo: {error}\n"));
            match error {
                demo::Error::Output(_) => ExitCode::from(EXIT_OUTPUT),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

impl Arguments {
    fn options(self) -> Result<Options, clap::Error> {
        let ledger = match (self.store, self.deciders) {
            (Store::Postgres, deciders) => Ledger::Postgres { deciders },
            (Store::Sqlite, 1) => Ledger::Sqlite,
            (Store::Sqlite, _) => {
                let why = "one decider alone can have a ledger in a file; several need STORE=postgres (--store postgres)";
                return Err(Self::command().error(ErrorKind::ArgumentConflict, why));
            }
        };
        Ok(Options { directory: self.dir, ports: self.ports, ledger, once: self.once })
    }
}

fn addresses(ports: &str) -> Result<Addresses, String> {
    let ports: Option<Vec<u16>> = ports.split(',').map(|port| port.trim().parse().ok()).collect();
    let twice = ports
        .iter()
        .flatten()
        .enumerate()
        .find(|(index, port)| ports.iter().flatten().take(*index).any(|before| before == *port));
    if let Some((_, port)) = twice {
        return Err(format!("{port} is given twice: each needs a port of its own"));
    }
    match ports.as_deref() {
        Some(&[edge, edge_admin, decider, decider_admin]) => {
            Ok(Addresses::local([edge, edge_admin, decider, decider_admin]))
        }
        Some(&[edge, edge_admin, decider, decider_admin, json]) => {
            Ok(Addresses::local([edge, edge_admin, decider, decider_admin]).with_json(json))
        }
        _ => Err("give four ports, such as 8443,9443,50051,9444, or five, with that of JSON mode".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_the_layout_is_the_documented_one() {
        let options = Arguments::try_parse_from(["demo"]).unwrap().options().unwrap();
        assert_eq!(options.directory, PathBuf::from(".local"));
        assert_eq!(options.ports, None);
        assert!(!options.once);
    }

    #[test]
    fn ports_are_given_in_order() {
        let options =
            Arguments::try_parse_from(["demo", "--once", "--ports", "1,2,3,4"]).unwrap().options().unwrap();
        assert_eq!(options.ports, Some(Addresses::local([1, 2, 3, 4])));
        assert!(options.once);
        let five = Arguments::try_parse_from(["demo", "--ports", "1,2,3,4,5"]).unwrap().options().unwrap();
        assert_eq!(five.ports, Some(Addresses::local([1, 2, 3, 4]).with_json(5)));
        for bad in ["1,2,3", "1,2,3,1", "1,2,3,4,3"] {
            assert!(Arguments::try_parse_from(["demo", "--ports", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn several_deciders_need_a_ledger_that_they_can_share() {
        let ledger = |line: &str| {
            let options = Arguments::try_parse_from(line.split(' ')).unwrap().options();
            options.map(|options| options.ledger).map_err(|error| error.kind())
        };
        assert_eq!(ledger("demo"), Ok(Ledger::Sqlite));
        assert_eq!(ledger("demo --store postgres"), Ok(Ledger::Postgres { deciders: 1 }));
        assert_eq!(ledger("demo --store postgres --deciders 3"), Ok(Ledger::Postgres { deciders: 3 }));
        assert_eq!(ledger("demo --deciders 3"), Err(ErrorKind::ArgumentConflict));
        assert!(Arguments::try_parse_from(["demo", "--deciders", "0"]).is_err());
    }
}
