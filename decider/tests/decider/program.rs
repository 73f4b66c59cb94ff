//! The binary: what it says, how it ends.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use insta::assert_snapshot;

use crate::support::{CONFIG, Files};

pub fn decider(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_decider"));
    command
        .args(arguments)
        .env_remove("DECIDER_CONFIG")
        .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
        .env_remove("RUST_LOG");
    command
}

pub fn output(files: &Files, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = decider(arguments).current_dir(files.path("")).output().unwrap();
    let text = |bytes| files.neutral(&String::from_utf8(bytes).unwrap());
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn check_says_what_is_right() {
    let (code, out, err) = output(&Files::new(), &["check", "--config", "decider.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_snapshot!(out, @"
    policy  a3e7dd065d7939a3532444d8b00a7edcd1ef393c6b88495a310af6ddec579064
    files   policy.yaml
    assets  ETH
    lists   none
    deny    not-nine
    allow   sweep
    limits  eth-per-hour
    changes none
    tests   none
    ok
    ");
}

#[test]
fn check_says_what_is_wrong() {
    let files = Files::new();
    files.write(
        "policy.yaml",
        "version: 1\nassets: {ETH: {chain: evm, decimals: 18}}\nallow: [{id: a, when: {asets: [ETH]}}]\n",
    );
    let (code, out, err) = output(&files, &["check", "--policy", "policy.yaml"]);
    assert_eq!((code, out.as_str()), (78, ""));
    assert_snapshot!(err, @"
    policy.yaml:3:24: unknown field asets: did you mean assets?
    3 | allow: [{id: a, when: {asets: [ETH]}}]
      |                        ^
    decider: 1 mistake
    ");
    let (code, out, _) = output(&files, &["check", "--config", "decider.yaml", "--output", "json"]);
    assert_eq!(code, 78);
    assert_snapshot!(out, @r#"
    {
      "ok": false,
      "mistakes": [
        {
          "file": "policy.yaml",
          "line": 3,
          "column": 24,
          "message": "unknown field asets: did you mean assets?"
        }
      ]
    }
    "#);
    let (code, out, _) = output(&files, &["run", "--config", "decider.yaml"]);
    assert_eq!((code, out.as_str()), (78, ""));
}

#[test]
fn check_reports_as_json() {
    let (code, out, _) = output(&Files::new(), &["check", "--config", "decider.yaml", "--output", "json"]);
    assert_eq!(code, 0);
    assert_snapshot!(out, @r#"
    {
      "ok": true,
      "policy": {
        "hash": "a3e7dd065d7939a3532444d8b00a7edcd1ef393c6b88495a310af6ddec579064",
        "files": [
          {
            "name": "policy.yaml",
            "hash": "524870d5951f00df0738648b3ba32eb4a530984d2ec2213bc3ee309a785f5563"
          }
        ],
        "assets": [
          "ETH"
        ],
        "lists": [],
        "deny": [
          "not-nine"
        ],
        "allow": [
          "sweep"
        ],
        "limits": [
          "eth-per-hour"
        ],
        "config_changes": [],
        "tests": 0
      }
    }
    "#);
}

#[test]
fn wrong_usage_is_told_apart() {
    let files = Files::new();
    for arguments in [&["walk"][..], &["run"], &["check"], &["run", "--config"], &["check", "--out", "json"]]
    {
        let (code, _, err) = output(&files, arguments);
        assert_eq!(code, 64, "{arguments:?}");
        assert!(err.contains("--help"), "{err}");
    }
    let (code, out, _) = output(&files, &["--help"]);
    assert_eq!(code, 0);
    assert!(out.contains("decider check --config decider.yaml"));
}

#[test]
fn the_schema_is_printed_as_it_is_published() {
    let (code, out, err) = output(&Files::new(), &["policy", "schema"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, include_str!("../../policy/policy.schema.json"));
}

#[test]
fn the_configuration_can_be_named_by_the_environment() {
    let files = Files::new();
    let path = files.path("decider.yaml");
    let output = decider(&["check"]).env("DECIDER_CONFIG", path).output().unwrap();
    assert!(output.status.success());
}

#[test]
fn a_taken_port_is_a_failed_start() {
    let files = Files::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    files.write("decider.yaml", &CONFIG.replacen("127.0.0.1:0", &address, 1));
    let (code, _, err) = output(&files, &["run", "--config", "decider.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains(&format!("cannot listen on {address}")), "{err}");
}

/// A decider that serves, and the lines it logs.
fn run(files: &Files) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut child = decider(&["run", "--config", "decider.yaml"])
        .current_dir(files.path(""))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("the decider serves") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it served");
        let _: serde_json::Value = serde_json::from_str(&line).unwrap();
    }
    (child, lines)
}

pub fn terminate(mut child: Child) -> Option<i32> {
    let told = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(told.success());
    child.wait().unwrap().code()
}

#[test]
fn it_ends_when_told_and_the_store_can_be_opened_again() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    for _ in 0..2 {
        let (child, _lines) = run(&files);
        assert_eq!(terminate(child), Some(0));
    }
}

#[test]
fn one_store_serves_one_decider() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    let (child, _lines) = run(&files);
    let (code, _, err) = output(&files, &["run", "--config", "decider.yaml"]);
    assert_eq!(code, 1);
    assert!(err.contains("another decider has this store open"), "{err}");
    assert_eq!(terminate(child), Some(0));
}

#[test]
fn it_ends_with_1_and_says_why_once_its_store_is_removed() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    let (mut child, lines) = run(&files);
    std::fs::remove_dir_all(files.path("data")).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let lines: Vec<_> = lines.lines().map(Result::unwrap).collect();
    let last = lines.iter().find(|line| line.contains("the decider ends")).unwrap();
    assert!(last.contains("is no longer the file that was opened"), "{lines:?}");
    assert!(!files.path("data").exists(), "no new ledger is made of it");
}

#[test]
fn a_policys_tests_are_played() {
    let files = Files::new();
    let policy = std::fs::read_to_string(files.path("policy.yaml")).unwrap();
    let test = |name: &str, id: &str, expect: &str| {
        format!(
            "  - name: {name}\n    request: {{signer: s, source: {{type: VAULT, id: \"0\"}}, asset: ETH, amount: \"1\", to: [{{type: VAULT, id: \"{id}\"}}]}}\n    expect: {expect}\n"
        )
    };
    let tests = format!("{policy}tests:\n{}", test("a sweep", "1", "{verdict: ALLOW, rule: sweep}"));
    files.write("policy.yaml", &tests);
    let (code, out, err) = output(&files, &["policy", "test", "--policy", "policy.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_snapshot!(without_time(&out), @"
    ok      a sweep

    1 passed, 0 failed
    ");
    files.write("policy.yaml", &(tests + &test("a sweep to vault 9", "9", "{verdict: ALLOW}")));
    let (code, out, err) = output(&files, &["policy", "test", "--config", "decider.yaml"]);
    assert_eq!((code, err.as_str()), (78, ""));
    assert_snapshot!(without_time(&out), @"
    ok      a sweep
    FAILED  a sweep to vault 9

    policy.yaml:20:5: test a sweep to vault 9: expected ALLOW; got DENY DENY_RULE: deny rule not-nine matches
    20 |   - name: a sweep to vault 9
       |     ^

    1 passed, 1 failed
    ");
    let (code, out, _) = output(&files, &["policy", "test", "--policy", "policy.yaml", "--output", "json"]);
    assert_eq!(code, 78);
    assert_snapshot!(out, @r#"
    {
      "ok": false,
      "passed": 1,
      "failed": 1,
      "tests": [
        {
          "name": "a sweep",
          "ok": true
        },
        {
          "name": "a sweep to vault 9",
          "ok": false,
          "mistake": {
            "file": "policy.yaml",
            "line": 20,
            "column": 5,
            "message": "test a sweep to vault 9: expected ALLOW; got DENY DENY_RULE: deny rule not-nine matches"
          }
        }
      ]
    }
    "#);
    for refused in [["check", "--config", "decider.yaml"], ["run", "--config", "decider.yaml"]] {
        let (code, out, err) = output(&files, &refused);
        assert_eq!((code, out.as_str()), (78, ""));
        assert!(err.contains("expected ALLOW; got DENY DENY_RULE: deny rule not-nine matches"), "{err}");
    }
}

/// How long it took is another each time.
fn without_time(out: &str) -> String {
    let (rest, _) = out.trim_end().rsplit_once(", in ").unwrap();
    rest.to_owned()
}
