//! `decider check`: what is wrong, all of it, and what is right in short.

use std::fmt::Display;

use serde::Serialize;

use super::cli::{Check, Exit, Output};
use super::say;
use crate::clock::Clock;
use crate::config;
use crate::grants::Tenants;
use crate::policy_file::summary::Summary;
use crate::policy_file::{self, PolicyFile, warnings};
use crate::yaml::{Mistakes, Warning};

/// What a check found, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mistakes: Option<&'a Mistakes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Checks a policy, or a configuration with everything it names.
pub fn check(what: &Check, clock: &dyn Clock) -> Exit {
    match (read(what, clock), what.which.output) {
        (Ok(read), Output::Text) => approve(&read),
        (Ok(Read { policy, warnings }), Output::Json) => {
            let policy = Some(&policy.summary);
            print(&Report { ok: true, mistakes: None, policy, warnings }, Exit::Success)
        }
        (Err(mistakes), output) => refuse_in(output, &mistakes),
    }
}

/// Says what is wrong.
pub fn refuse(mistakes: &Mistakes) -> Exit {
    let count = mistakes.count();
    let word = if count == 1 { "mistake" } else { "mistakes" };
    say::err(format_args!("{mistakes}\ndecider: {count} {word}\n"));
    Exit::Config
}

/// The same, as it is asked for.
pub fn refuse_in(output: Output, mistakes: &Mistakes) -> Exit {
    match output {
        Output::Text => refuse(mistakes),
        Output::Json => {
            let report = Report { ok: false, mistakes: Some(mistakes), policy: None, warnings: Vec::new() };
            print(&report, Exit::Config)
        }
    }
}

/// Says what went wrong, as it is asked for.
pub fn fail_in(output: Output, error: impl Display) -> Exit {
    match output {
        Output::Text => say::wrong(error),
        Output::Json => print(&Failure { ok: false, error: error.to_string() }, Exit::Failure),
    }
}

/// What went wrong, as JSON.
#[derive(Serialize)]
struct Failure {
    ok: bool,
    error: String,
}

/// What is right, and what of it may not be meant.
struct Read {
    policy: PolicyFile,
    warnings: Vec<Warning>,
}

fn read(what: &Check, clock: &dyn Clock) -> Result<Read, Mistakes> {
    let (policy, mut warnings) = match (&what.which.policy, &what.which.config) {
        (Some(policy), _) => (policy_file::load(policy)?, Vec::new()),
        (None, Some(config)) => {
            let config = config::load_beside(config, &what.beside)?;
            let mut told = config::warnings::collect(&config.sources.tls, clock.wall());
            if let Tenants::These(tenants) = config.tenants() {
                told.extend(warnings::of_tenants(&config.policy, &tenants));
            }
            (config.policy, told)
        }
        (None, None) => (policy_file::load(std::path::Path::new("policy"))?, Vec::new()),
    };
    warnings.extend(warnings::collect(&policy));
    Ok(Read { policy, warnings })
}

fn approve(Read { policy, warnings }: &Read) -> Exit {
    let warnings: String = warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    say::out(format_args!("{}\n{warnings}ok\n", policy.summary), Exit::Success)
}

/// Prints a report as JSON, and ends as told.
pub fn print(report: &impl Serialize, exit: Exit) -> Exit {
    match serde_json::to_string_pretty(report) {
        Ok(text) => say::out(text + "\n", exit),
        Err(error) => say::wrong(error),
    }
}
