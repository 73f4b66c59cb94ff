//! `decider policy test`: reads like a test runner.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::check::{print, refuse_in};
use super::cli::{Exit, Output, Which};
use super::paint::Paint;
use super::say;
use crate::clock::Clock;
use crate::config;
use crate::policy_file::policy_tests::report::TestReport;
use crate::policy_file::{self, TestedPolicy};
use crate::yaml::{Mistake, Mistakes};

/// Plays the tests of a policy.
pub fn run(what: &Which, clock: &dyn Clock) -> Exit {
    let started = clock.monotonic();
    let tested = path_of(what).and_then(|path| policy_file::run_tests(&path));
    let took = clock.monotonic().saturating_sub(started);
    match (tested, what.output) {
        (Ok(TestedPolicy { tests, .. }), Output::Text) => {
            say::out(in_words(&tests, took, Paint::of_stdout()), exit(&tests))
        }
        (Ok(TestedPolicy { tests, .. }), Output::Json) => print(&Report::of(&tests), exit(&tests)),
        (Err(mistakes), output) => refuse_in(output, &mistakes),
    }
}

fn path_of(what: &Which) -> Result<PathBuf, Mistakes> {
    match (&what.policy, &what.config) {
        (Some(policy), _) => Ok(policy.clone()),
        (None, Some(config)) => config::policy_path(config),
        (None, None) => Ok(Path::new("policy").to_owned()),
    }
}

fn exit(tests: &[TestReport]) -> Exit {
    if failures(tests).next().is_none() { Exit::Success } else { Exit::Config }
}

fn failures(tests: &[TestReport]) -> impl Iterator<Item = &Mistake> {
    tests.iter().filter_map(|test| test.failure.as_ref())
}

fn in_words(tests: &[TestReport], took: Duration, paint: Paint) -> String {
    let mut lines: Vec<String> = tests.iter().map(|test| line(test, paint)).collect();
    lines.extend(failures(tests).map(|failure| format!("\n{failure}")));
    if !tests.is_empty() {
        lines.push(String::new());
    }
    let failed = failures(tests).count();
    let passed = tests.len().saturating_sub(failed);
    lines.push(format!("{passed} passed, {failed} failed, in {} ms\n", took.as_millis()));
    lines.join("\n")
}

fn line(test: &TestReport, paint: Paint) -> String {
    match test.failure {
        None => format!("{}      {}", paint.good("ok"), test.name),
        Some(_) => format!("{}  {}", paint.bad("FAILED"), test.name),
    }
}

/// What became of the tests, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    passed: usize,
    failed: usize,
    tests: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mistake: Option<&'a Mistake>,
}

impl<'a> Report<'a> {
    fn of(tests: &'a [TestReport]) -> Self {
        let failed = failures(tests).count();
        let lines = tests.iter().map(|test| Line {
            name: &test.name,
            ok: test.failure.is_none(),
            mistake: test.failure.as_ref(),
        });
        Self { ok: failed == 0, passed: tests.len().saturating_sub(failed), failed, tests: lines.collect() }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn told(tests: &[(&str, bool)]) -> String {
        let report = |(name, passes): &(&str, bool)| {
            let failure = (!passes).then(|| Mistake::of_file("p.yaml", "expected ALLOW; got DENY"));
            TestReport { name: (*name).to_owned(), failure }
        };
        let reports: Vec<TestReport> = tests.iter().map(report).collect();
        in_words(&reports, Duration::from_millis(12), Paint::plain())
    }

    #[test]
    fn each_test_has_a_line_and_each_failure_its_words() {
        assert_snapshot!(told(&[("a payout", true), ("a sweep", false), ("a call", true)]), @"
        ok      a payout
        FAILED  a sweep
        ok      a call

        p.yaml: expected ALLOW; got DENY

        2 passed, 1 failed, in 12 ms
        ");
        assert_snapshot!(told(&[("a payout", true)]), @"
        ok      a payout

        1 passed, 0 failed, in 12 ms
        ");
        assert_snapshot!(told(&[]), @"0 passed, 0 failed, in 12 ms");
    }
}
