//! `edge keys`: makes reply keys, and shows what is to be given to whom.

mod new;
mod show;
mod encoding;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};

use super::outcome::Output;
use crate::respond::Algorithm;

const NEW_EXAMPLES: &str = "\
Examples:
  edge keys new --out reply_private.pem > reply_public.pem      RSA, 2048 bits
  edge keys new --algorithm es256 --out reply_private.pem       P-256: every Co-signer has to be of 2026.08.19 or later

The public half goes to standard output, what to do with it to standard error.
Exit codes: 0 made, 1 not made (the file is there already, for one), 64 bad usage, 74 made, and the public
half could not be written.";

const SHOW_EXAMPLES: &str = "\
Examples:
  edge keys show --config edge.yaml                  all keys and certificates
  edge keys show --config edge.yaml --output json    the same for programs
  edge keys show --key reply_private.pem             one file: a private key, a public key, or a certificate

Nothing secret is shown. Exit codes: 0 shown, 64 bad usage, 74 output cannot be written, 78 a file cannot be used.";

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Make a key that signs replies; the file must not be there yet
    #[command(after_help = NEW_EXAMPLES)]
    New(New),
    /// Show public halves, fingerprints and pins: what to paste into the Console, and to compare with it
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// How replies will be signed
    #[arg(long, value_enum, default_value_t = Kind::Rs256)]
    algorithm: Kind,
    /// The file of the private key: readable by its owner only
    #[arg(long, value_name = "FILE", value_parser = named_file)]
    out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// One file instead of a configuration (PEM)
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The configuration file (YAML)
    #[arg(long, value_name = "FILE", env = "EDGE_CONFIG", required_unless_present = "key")]
    config: Option<PathBuf>,
    /// How it is shown
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// RSA of 2048 bits
    Rs256,
    /// P-256
    Es256,
}

impl From<Kind> for Algorithm {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Rs256 => Self::Rs256,
            Kind::Es256 => Self::Es256,
        }
    }
}

/// Not `-`, which others take for standard output.
fn named_file(name: &str) -> Result<PathBuf, &'static str> {
    match name {
        "-" => Err("a private key is not printed: give the name of a file"),
        name => Ok(name.into()),
    }
}

pub(super) fn run(what: Keys) -> ExitCode {
    match what {
        Keys::New(New { algorithm, out }) => new::new(algorithm.into(), &out),
        Keys::Show(Show { key: Some(file), output, .. }) => show::file(&file, output),
        Keys::Show(Show { config, output, .. }) => show::config(&config.unwrap_or_default(), output),
    }
}
