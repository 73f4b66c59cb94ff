//! `decider check`: what is wrong, all of it, and what is right in short.

use serde::Serialize;

use super::cli::{Check, Exit, Output};
use super::say;
use crate::config;
use crate::policy_file::summary::Summary;
use crate::policy_file::warnings::Warning;
use crate::policy_file::{self, PolicyFile, warnings};
use crate::yaml::Mistakes;

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
pub fn check(what: &Check) -> Exit {
    match (read(what), what.output) {
        (Ok(policy), Output::Text) => approve(&policy),
        (Err(mistakes), Output::Text) => refuse(&mistakes),
        (Ok(policy), Output::Json) => {
            let warnings = warnings::of(&policy);
            print(
                &Report { ok: true, mistakes: None, policy: Some(&policy.summary), warnings },
                Exit::Success,
            )
        }
        (Err(mistakes), Output::Json) => refuse_as_json(&mistakes),
    }
}

/// Says what is wrong.
pub fn refuse(mistakes: &Mistakes) -> Exit {
    let count = mistakes.count();
    let word = if count == 1 { "mistake" } else { "mistakes" };
    say::err(format_args!("{mistakes}\ndecider: {count} {word}\n"));
    Exit::Config
}

/// The same as JSON.
pub fn refuse_as_json(mistakes: &Mistakes) -> Exit {
    print(&Report { ok: false, mistakes: Some(mistakes), policy: None, warnings: Vec::new() }, Exit::Config)
}

fn read(what: &Check) -> Result<PolicyFile, Mistakes> {
    match (&what.policy, &what.config) {
        (Some(policy), _) => policy_file::load(policy),
        (None, Some(config)) => config::load_beside(config, &what.beside).map(|config| config.policy),
        (None, None) => policy_file::load(std::path::Path::new("policy")),
    }
}

fn approve(policy: &PolicyFile) -> Exit {
    let warnings = warnings::of(policy).into_iter().map(|warning| format!("warning: {warning}\n"));
    say::out(format_args!("{}\n{}ok\n", policy.summary, warnings.collect::<String>()), Exit::Success)
}

/// Prints a report as JSON, and ends as told.
pub fn print(report: &impl Serialize, exit: Exit) -> Exit {
    match serde_json::to_string_pretty(report) {
        Ok(text) => say::out(text + "\n", exit),
        Err(error) => say::wrong(error),
    }
}
