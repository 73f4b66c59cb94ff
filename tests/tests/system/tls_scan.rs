//! What testssl.sh, a scanner of TLS, finds wrong with the running edge.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use system_tests::harness::scripted_decider::{ScriptedDecider, approval};
use system_tests::harness::{Options, System, rounds, skipped};
use tokio::process::Command;

/// What it may be called where it is installed.
const PROGRAMS: [&str; 2] = ["testssl", "testssl.sh"];
/// Worse than LOW.
const GRAVE: [&str; 5] = ["MEDIUM", "HIGH", "CRITICAL", "WARN", "FATAL"];
/// What is wrong with a certificate of an authority of the test's own, for ten years, whose name nobody can look up.
const OF_THE_CHAIN: [&str; 3] = ["cert_chain_of_trust", "cert_validityPeriod", "cert_revocation"];

/// Protocols, suites, forward secrecy and headers take less than a minute; everything else, the known vulnerabilities
/// above all, takes some.
#[tokio::test]
async fn a_scanner_finds_nothing_grave() {
    let Some(program) = PROGRAMS.iter().find(|program| runs(program)) else {
        return skipped("testssl.sh is not installed: apt-get install testssl.sh");
    };
    let mut system = System::with(Options { decider: false, edge: false, ..Options::default() }).await;
    let _decider = ScriptedDecider::start(system.local(), |request| Ok(approval(&request))).await;
    system.start_edge().await;
    let report = system.local().log("edge").with_file_name("testssl.json");
    let scope: &[&str] = if rounds(0, 1) == 0 { &["--protocols", "--std", "--fs", "--headers"] } else { &[] };
    scan(program, scope, &report, &system.local().addresses().unwrap().edge.to_string()).await;
    let findings: Vec<Value> = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert!(findings.len() > 10, "the scan has seen the edge: {findings:?}");
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    let grave: Vec<String> = findings
        .iter()
        .filter(|finding| GRAVE.contains(&text(finding, "severity").as_str()))
        .filter(|finding| !OF_THE_CHAIN.contains(&text(finding, "id").as_str()))
        .map(|finding| {
            format!("{} {}: {}", text(finding, "severity"), text(finding, "id"), text(finding, "finding"))
        })
        .collect();
    assert!(grave.is_empty(), "{}", grave.join("\n"));
}

fn runs(program: &str) -> bool {
    std::process::Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

async fn scan(program: &str, scope: &[&str], report: &Path, edge: &str) {
    let mut command = Command::new(program);
    command.args([
        "--quiet",
        "--color",
        "0",
        "--warnings",
        "off",
        "--nodns",
        "none",
        "--openssl-timeout",
        "10",
    ]);
    command.args(scope).arg("--jsonfile").arg(report).arg(edge).stdin(Stdio::null());
    let output = command.kill_on_drop(true).output().await.unwrap();
    // Its exit code counts findings; without a report it has not run.
    assert!(report.exists(), "{}", String::from_utf8_lossy(&output.stdout));
}
