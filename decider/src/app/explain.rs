//! `decider policy explain`: why a request comes out as it does.

mod words;
mod report;
mod request;

use policy::document::Policy;
use policy::explain::{Explanation, explain as explain_over};
use policy::policy_test::{TestRun, TimedRequest};
use policy::prices::Prices;
use policy::time::Time;

use super::check::{fail_in, print, refuse_in};
use super::cli::{Exit, Explain, Output};
use super::paint::Paint;
use super::say;
use crate::clock::Clock;
use crate::policy_file::{self, PolicyFile};
use crate::store::sqlite::Reading;
use report::Report;

/// Explains a request.
pub fn explain(what: &Explain, clock: &dyn Clock) -> Exit {
    let file = match policy_file::load(&what.policy) {
        Ok(file) => file,
        Err(mistakes) => return refuse_in(what.output, &mistakes),
    };
    match explained(what, &file, clock) {
        Ok(explanation) => tell(what, &file.policy, &explanation),
        Err(error) => fail_in(what.output, error),
    }
}

fn explained(what: &Explain, file: &PolicyFile, clock: &dyn Clock) -> Result<Explanation, String> {
    let policy = &file.policy;
    let prices = file.prices.as_ref().map_or(Prices::NONE, |table| table.prices.as_ref().clone());
    let request = request::read(&what.request)?;
    let at = what.at.map_or_else(|| clock.wall(), |at| Time::from_micros(at.as_microsecond()));
    let asked = TimedRequest { request, at, prices };
    match &what.store {
        Some(path) if path.is_dir() => {
            Err(format!("{}: this is a directory: name the SQLite file in it", path.display()))
        }
        Some(path) => {
            let mut reading = Reading::of(path, policy, at).map_err(|error| error.to_string())?;
            explain_over(policy, &asked, &mut reading.ledger()).map_err(|error| error.to_string())
        }
        None => Ok(TestRun::new(policy).explain(&asked)),
    }
}

fn tell(what: &Explain, policy: &Policy, explanation: &Explanation) -> Exit {
    match what.output {
        Output::Text => {
            let ledger = match &what.store {
                Some(path) => path.display().to_string(),
                None => "empty: name a store with --store to count what was charged".into(),
            };
            say::out(words::of(explanation, policy, &ledger, Paint::of_stdout()), Exit::Success)
        }
        Output::Json => print(&Report::of(explanation, what.store.as_deref()), Exit::Success),
    }
}
