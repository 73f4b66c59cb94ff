//! `edge check`: every mistake, or every warning where there is none.

use std::{path::Path, process::ExitCode};

use super::outcome::{EXIT_CONFIG, Output, tell};
use crate::{
    clock::{Clock as _, SystemClock},
    config::{Config, Mistake},
};

/// Checks a configuration with everything it names; binds nothing.
pub(super) fn check(file: &Path, output: Output) -> ExitCode {
    let (mistakes, warnings) = match Config::load(file) {
        Ok(config) => (Vec::new(), config.all_warnings(SystemClock.unix_seconds())),
        Err(mistakes) => (mistakes, Vec::new()),
    };
    match output {
        Output::Json => print_json(&mistakes, &warnings),
        Output::Text if mistakes.is_empty() => {
            println!("{}: no mistakes", file.display());
            warnings.iter().for_each(|warning| eprintln!("warning: {warning}"));
        }
        Output::Text => tell(&mistakes),
    }
    if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_CONFIG) }
}

fn print_json(mistakes: &[Mistake], warnings: &[Mistake]) {
    println!(
        "{}",
        serde_json::json!({"ok": mistakes.is_empty(), "mistakes": mistakes, "warnings": warnings})
    );
}
