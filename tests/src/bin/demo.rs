//! The demo behind `make run`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::builder::FalseyValueParser;
use system_tests::demo::{self, Options};
use system_tests::local::Addresses;

/// Bad usage (sysexits.h).
const EXIT_USAGE: u8 = 64;

/// Runs an edge and a decider on this machine and lets the simulated Co-signer send the sample requests.
///
/// On the first run it creates a directory with keys, certificates, configurations and a policy. What is there is
/// kept: change it and run again. Without --once it stays up until Ctrl-C.
#[derive(Debug, Parser)]
#[command(version, about, after_help = EXAMPLES)]
struct Arguments {
    /// Directory of keys, configurations, policy, data and logs
    #[arg(long, value_name = "DIR", default_value = ".local")]
    dir: PathBuf,
    /// Ports on 127.0.0.1 for new configurations: edge, edge admin, decider, decider admin
    #[arg(long, value_name = "PORTS", value_parser = addresses, default_value = "8443,9443,50051,9444")]
    ports: Addresses,
    /// End after the table: exit code 0 only if every action was the expected one
    #[arg(long, env = "ONCE", value_parser = FalseyValueParser::new())]
    once: bool,
}

const EXAMPLES: &str = "\
Examples:
  demo                                             stay up until Ctrl-C
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
    match demo::run(&arguments.options()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn options(self) -> Options {
        Options { directory: self.dir, addresses: self.ports, once: self.once }
    }
}

fn addresses(ports: &str) -> Result<Addresses, String> {
    let ports: Option<Vec<u16>> = ports.split(',').map(|port| port.trim().parse().ok()).collect();
    match ports.as_deref() {
        Some(&[edge, edge_admin, decider, decider_admin]) => {
            Ok(Addresses::local([edge, edge_admin, decider, decider_admin]))
        }
        _ => Err("give four ports, such as 8443,9443,50051,9444".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_arguments_the_layout_is_the_documented_one() {
        let options = Arguments::try_parse_from(["demo"]).unwrap().options();
        assert_eq!(options.directory, PathBuf::from(".local"));
        assert_eq!(options.addresses, Addresses::default());
        assert!(!options.once);
    }

    #[test]
    fn ports_are_given_in_order() {
        let options = Arguments::try_parse_from(["demo", "--once", "--ports", "1,2,3,4"]).unwrap().options();
        assert_eq!(options.addresses, Addresses::local([1, 2, 3, 4]));
        assert!(options.once);
        assert!(Arguments::try_parse_from(["demo", "--ports", "1,2,3"]).is_err());
    }
}
