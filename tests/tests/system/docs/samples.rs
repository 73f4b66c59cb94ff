//! Sample configurations and policies, in deploy/ and in the READMEs, read by the programs they are for.

use std::path::Path;
use std::process::Command;

use system_tests::local::{Local, Settings};
use system_tests::services::binaries;
use system_tests::vectors;

use super::{markdown, readmes, root};

/// The samples of deploy/ in one folder, with keys and certificates where the samples say that they are.
pub fn furnish(folder: &Path) {
    let deploy = root().join("deploy");
    for (from, to) in [
        ("edge/edge.yaml", "edge.yaml"),
        ("decider/decider.yaml", "decider.yaml"),
        ("decider/policy/policy.yaml", "policy/policy.yaml"),
    ] {
        copy(&deploy.join(from), &folder.join(to));
    }
    let scratch = tempfile::tempdir().unwrap();
    let local = Local::create(scratch.path(), &Settings::default()).unwrap();
    for identity in ["edge", "edge-client", "decider"] {
        copy(&local.certificate(identity), &folder.join(format!("tls/{identity}.crt")));
        copy(&local.private_key(identity), &folder.join(format!("tls/{identity}.key")));
    }
    copy(&local.ca(), &folder.join("tls/ca.pem"));
    copy(&local.reply_private_key(), &folder.join("reply_private.pem"));
    copy(&vectors::path("synthetic_callback_rsa_private.pem"), &folder.join("payroll_reply_private.pem"));
    copy(&local.cosigner_public_key(), &folder.join("cosigners/primary.pem"));
    copy(&vectors::path("synthetic_cosigner_public.pem"), &folder.join("cosigners/standby.pem"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
}

/// The mistakes that a program's `check` finds; none is well.
fn check(service: &str, what: &str, path: &Path) -> Result<(), String> {
    let output =
        Command::new(binaries::find(service).unwrap()).args(["check", what]).arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said) }
}

#[test]
fn the_samples_of_deploy_are_read_by_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path());
    check("edge", "--config", &folder.path().join("edge.yaml")).unwrap();
    check("decider", "--config", &folder.path().join("decider.yaml")).unwrap();
    check("decider", "--policy", &root().join("deploy/decider/policy")).unwrap();

    std::fs::remove_file(folder.path().join("tls/edge.key")).unwrap();
    let said = check("edge", "--config", &folder.path().join("edge.yaml")).unwrap_err();
    assert!(said.contains("edge.key"), "a missing key is noticed, so the others were read: {said}");
}

#[test]
fn policies_in_the_readmes_are_read_by_the_decider() {
    let folder = tempfile::tempdir().unwrap();
    let (mut whole, mut parts, mut wrong) = (0, 0, Vec::new());
    for readme in readmes() {
        let text = std::fs::read_to_string(&readme).unwrap();
        for block in markdown::blocks(&text).into_iter().filter(|block| block.language == "yaml") {
            let policy = if block.text.lines().any(|line| line.starts_with("version: 1")) {
                whole += 1;
                block.text
            } else if [RULE, "config_changes:"].iter().any(|start| block.text.starts_with(start)) {
                parts += 1;
                in_a_policy(&block.text)
            } else {
                continue;
            };
            let path = folder.path().join("policy.yaml");
            std::fs::write(&path, &policy).unwrap();
            let checked = check("decider", "--policy", &path);
            wrong.extend(checked.err().map(|why| format!("{}: {why}", readme.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(whole >= 1 && parts >= 1, "{whole} policies and {parts} parts were found");
}

/// What the parts in the READMEs refer to.
const FRAME: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18}
  BTC: {chain: bitcoin, decimals: 8}
lists:
  payees: {chain: evm, addresses: ["0x52908400098527886E0F7030069857D2E4169EE7"]}
signer_groups: {treasurers: [s-1]}
counterparties: {acme: {accounts: [{type: EXCHANGE, id: e-1}]}}
"#;

/// A rule, a limit or a section that stands alone, in a policy that it fits into.
fn in_a_policy(part: &str) -> String {
    let allow = "allow:\n- {id: any, when: {assets: [ETH]}}\n";
    match part {
        limit if limit.contains("max: {") && limit.starts_with(RULE) => {
            format!("{FRAME}{allow}limits:\n{limit}")
        }
        rule if rule.starts_with(RULE) => format!("{FRAME}allow:\n{rule}"),
        section => format!("{FRAME}{allow}{section}"),
    }
}

/// How a rule or a limit begins.
const RULE: &str = "- id: ";
