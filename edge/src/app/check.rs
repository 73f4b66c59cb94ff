//! `edge check`: every mistake, or every warning where there is none.

use std::{path::Path, process::ExitCode};

use super::outcome::{EXIT_CONFIG, Output, print, say, tell};
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
    let code = if mistakes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_CONFIG) };
    match output {
        Output::Json => print(format_args!("{}\n", json(&mistakes, &warnings)), code),
        Output::Text if mistakes.is_empty() => {
            warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
            print(format_args!("{}: no mistakes\n", file.display()), code)
        }
        Output::Text => {
            tell(&mistakes);
            code
        }
    }
}

fn json(mistakes: &[Mistake], warnings: &[Mistake]) -> serde_json::Value {
    serde_json::json!({"ok": mistakes.is_empty(), "mistakes": mistakes, "warnings": warnings})
}
