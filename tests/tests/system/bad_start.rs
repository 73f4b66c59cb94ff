//! Bad configurations, policies, keys and certificates: every mistake is listed, exit code 78, and no port is touched.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

use system_tests::local::{Local, Settings};
use system_tests::services::{binaries, ports};

const BAD_CONFIG: i32 = 78;
const BAD_USAGE: i32 = 64;
const FAILED_START: i32 = 1;

/// The files of a system that is not running, with every port of it taken: whoever binds one before the
/// configuration is checked fails with another code.
struct Files {
    local: Local,
    _taken: Vec<TcpListener>,
    _directory: tempfile::TempDir,
}

/// How a program ended and what it printed.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Files {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings { addresses: ports::free_addresses(), ..Settings::default() };
        let local = Local::create(directory.path(), &settings).unwrap();
        let named = settings.addresses.named().into_iter();
        let taken = named.map(|(_, address)| TcpListener::bind(address).unwrap()).collect();
        Self { local, _taken: taken, _directory: directory }
    }

    fn config(&self, service: &str) -> PathBuf {
        if service == "edge" { self.local.edge_config() } else { self.local.decider_config() }
    }

    /// Writes beside the configurations; `name` is relative to their common parent.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.local.root().join(name), content).unwrap();
    }

    fn edit(&self, service: &str, from: &str, to: &str) {
        let path = self.config(service);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{service}.yaml does not say {from:?}:\n{text}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    fn run(&self, service: &str, verb: &str) -> Ended {
        let config = self.config(service).into_os_string().into_string().unwrap();
        program(service, &[verb, "--config", &config])
    }

    /// `run` and `check` refuse it with these mistakes.
    fn refused(&self, service: &str, mistakes: &[&str]) {
        for verb in ["run", "check"] {
            let Ended { code, out, err } = self.run(service, verb);
            assert_eq!(code, BAD_CONFIG, "{verb}: {out}{err}");
            for mistake in mistakes {
                assert!(err.contains(mistake), "{verb}: {mistake:?} is missing in\n{err}");
            }
        }
    }
}

fn program(service: &str, arguments: &[&str]) -> Ended {
    binaries::check_fresh(service).unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(binaries::find(service).unwrap());
    for variable in ["EDGE_CONFIG", "DECIDER_CONFIG", "RUST_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"] {
        command.env_remove(variable);
    }
    let Output { status, stdout, stderr } = command.args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// One mistake each: which service, what is changed, what is said.
const MISTAKES: [(&str, &str, &str, &str); 26] = [
    ("edge", "admin:\n", "admin:\n  colour: blue\n", "colour"),
    ("edge", "tenant: default", "tenant: default\n    sub_paths: x", "sub_paths"),
    ("edge", "address: 127.0.0.1", "address: nowhere", "such as 127.0.0.1:8443"),
    ("edge", "sub_path: \"\"", "sub_path: 7", "sub_path"),
    ("edge", "sub_path: \"\"", "sub_path: \"acme/\"", "/acme"),
    ("edge", "tenant: default", "tenant: A b", "tenant"),
    ("edge", "decider:\n", "decider:\n  deadline: 21s\n", "20s"),
    ("edge", "decider:\n", "decider:\n  deadline: soon\n", "deadline"),
    ("edge", "address: https://localhost", "address: http://localhost", "https"),
    ("edge", "edge.crt", "none.crt", "none.crt"),
    ("edge", "edge.key", "decider.key", "key"),
    ("edge", "../tls/edge.crt", "../empty.pem", "certificate"),
    ("edge", "../tls/ca.pem", "../empty.pem", "ca"),
    ("edge", "edge-client.key", "edge.key", "key"),
    ("edge", "../cosigner/public.pem", "../small.pem", "2048"),
    ("edge", "../cosigner/public.pem", "../p256.pem", "RSA"),
    ("edge", "../cosigner/public.pem", "../cosigner/private.pem", "private key"),
    ("edge", "../cosigner/public.pem", "reply_public.pem", "reply key"),
    ("edge", "reply_private.pem", "../rsa4096.pem", "2048"),
    ("edge", "reply_private.pem", "reply_public.pem", "private key"),
    ("decider", "admin:\n", "admin:\n  colour: blue\n", "colour"),
    ("decider", "policy: policy", "policy: [policy]", "policy"),
    ("decider", "policy: policy", "policy: none", "none"),
    ("decider", "decider.key", "edge.key", "key"),
    ("decider", "../tls/ca.pem", "../empty.pem", "certificate"),
    ("decider", "sqlite:", "postgres:", "postgres"),
];

#[test]
fn every_kind_of_mistake_is_refused_before_a_port_is_bound() {
    for (service, from, to, says) in MISTAKES {
        let files = with_odd_keys();
        files.edit(service, from, to);
        files.refused(service, &[says]);
    }
}

/// Keys that are keys, and not what is asked for.
fn with_odd_keys() -> Files {
    let files = Files::new();
    let vector = |name| system_tests::vectors::read(name).unwrap();
    files.write("small.pem", include_bytes!("../../../edge/src/authenticate/small_key.pem"));
    files.write("p256.pem", vector("synthetic_callback_p256_public.pem"));
    files.write("rsa4096.pem", vector("synthetic_webhook_jwk_private.pem"));
    files.write("empty.pem", "");
    files
}

#[test]
fn all_mistakes_of_an_edge_are_listed_at_once() {
    let files = with_odd_keys();
    for (from, to) in [
        ("admin:\n", "admin:\n  colour: blue\n"),
        ("edge.key", "none.key"),
        ("decider:\n", "decider:\n  deadline: 21s\n"),
        ("edge-client.key", "decider.key"),
        ("tenant: default", "tenant: A"),
        ("../cosigner/public.pem", "../small.pem, ../p256.pem"),
        ("reply_private.pem", "../rsa4096.pem"),
    ] {
        files.edit("edge", from, to);
    }
    let places = [
        "admin.colour",
        "listen.private_key",
        "decider.deadline",
        "decider.private_key",
        "paths[0].tenant",
        "paths[0].cosigner_public_keys[0]",
        "paths[0].cosigner_public_keys[1]",
        "paths[0].reply_private_key",
    ];
    files.refused("edge", &places);
    let told = json(&files, "edge");
    assert_eq!(told["ok"], false);
    let mistakes = told["mistakes"].as_array().unwrap();
    let told: Vec<_> = mistakes.iter().map(|mistake| mistake["place"].as_str().unwrap()).collect();
    for place in places {
        assert!(told.contains(&place), "{place} is missing in {told:?}");
    }
    assert_eq!(told.len(), places.len(), "{told:?}");
}

#[test]
fn all_mistakes_of_a_decider_and_its_policy_are_listed_at_once() {
    let files = with_odd_keys();
    files.edit("decider", "admin:\n", "admin:\n  colour: blue\n");
    files.edit("decider", "decider.key", "edge.key");
    files.write("decider/policy/policy.yaml", BAD_POLICY);
    let mistakes = [
        "colour",
        "edge.key: is not the key of the certificate",
        "policy.yaml:3:",
        "policy.yaml:6:",
        "policy.yaml:9:",
        "policy.yaml:10:",
        "policy.yaml:13:",
        "policy.yaml:14:",
        "policy.yaml:15:",
    ];
    files.refused("decider", &mistakes);
    let told = json(&files, "decider");
    assert_eq!(told["ok"], false);
    assert_eq!(told["mistakes"].as_array().unwrap().len(), mistakes.len(), "{told:#}");
}

/// A mistake in line 3 (decimals), 6 (checksum), 9 (field), 10 (asset), 13 (key), 14 (amount), 15 (window).
const BAD_POLICY: &str = r#"version: 1
assets:
  ETH: {chain: evm, decimals: 18.5}
lists:
  payees: {chain: evm, addresses: [
    "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"]}
allow:
  - id: a
    wen: {}
    when: {assets: [BTX]}
limits:
  - id: l
    key: [colour]
    max: {amount: "-1"}
    window: 1y
"#;

#[test]
fn a_policy_alone_is_checked_too() {
    let files = Files::new();
    let path = files.local.policy().into_os_string().into_string().unwrap();
    assert_eq!(program("decider", &["check", "--policy", &path]).code, 0);
    files.write("decider/policy/policy.yaml", BAD_POLICY);
    let Ended { code, err, .. } = program("decider", &["check", "--policy", &path]);
    assert_eq!(code, BAD_CONFIG);
    for line in [3, 6, 9, 10, 13, 14, 15] {
        assert!(err.contains(&format!("policy.yaml:{line}:")), "line {line} is missing in\n{err}");
    }
}

#[test]
fn what_is_good_is_told_so_though_the_ports_are_taken() {
    let files = Files::new();
    for service in ["edge", "decider"] {
        let Ended { code, out, err } = files.run(service, "check");
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert_eq!(json(&files, service)["ok"], true);
    }
}

/// `check --output json`: one JSON value on standard output, nothing on standard error.
fn json(files: &Files, service: &str) -> serde_json::Value {
    let config = files.config(service).into_os_string().into_string().unwrap();
    let ended = program(service, &["check", "--config", &config, "--output", "json"]);
    assert_eq!(ended.err, "");
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(ended.code, if told["ok"] == true { 0 } else { BAD_CONFIG });
    told
}

#[test]
fn a_port_that_is_taken_is_a_failed_start() {
    let files = Files::new();
    let addresses = files.local.addresses().unwrap();
    for (service, address) in [("edge", addresses.edge), ("decider", addresses.decider_admin)] {
        let Ended { code, err, .. } = files.run(service, "run");
        assert_eq!(code, FAILED_START, "{service}: {err}");
        assert!(err.contains(&address.to_string()), "{service}: {err}");
    }
}

#[test]
fn bad_usage_is_told_apart_and_help_gives_examples() {
    for service in ["edge", "decider"] {
        for arguments in [&[][..], &["fly"], &["run"], &["run", "--config"], &["check", "--colour", "blue"]] {
            let Ended { code, out, err } = program(service, arguments);
            assert_eq!((code, out.as_str()), (BAD_USAGE, ""), "{service} {arguments:?}");
            assert!(err.contains("--help"), "{service} {arguments:?}: {err}");
        }
        let Ended { code, out, err } = program(service, &["--help"]);
        assert_eq!((code, err.as_str()), (0, ""));
        let examples = [
            "Examples:".to_owned(),
            format!("{service} check --config {service}.yaml"),
            format!("{service} run --config {service}.yaml"),
            "64".to_owned(),
            "78".to_owned(),
        ];
        for example in examples {
            assert!(out.contains(&example), "{example:?} is missing in\n{out}");
        }
    }
}
