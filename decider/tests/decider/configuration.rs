use std::fs;
use std::path::Path;

use decider::{config, store};
use insta::assert_snapshot;

use crate::support::{CONFIG, Files, create_certificates};

fn mistakes(files: &Files) -> String {
    let read = config::load(&files.path("decider.yaml"));
    let mistakes = read.map(|_| Vec::new()).unwrap_or_else(|mistakes| {
        mistakes.iter().map(|mistake| format!("{}: {}", mistake.place(), mistake.message)).collect()
    });
    files.neutral(&mistakes.join("\n"))
}

fn mistakes_of(text: &str) -> String {
    let files = Files::new();
    files.write("decider.yaml", text);
    mistakes(&files)
}

#[test]
fn what_is_right_is_read() {
    let files = Files::new();
    files.write("decider.yaml", &CONFIG.replace("store: memory", "store: {sqlite: data/decider.db}"));
    let config = config::load(&files.path("decider.yaml")).unwrap();
    assert_eq!(config.store, store::Config::Sqlite(files.path("data/decider.db")));
    assert_eq!(config.grpc.drain_timeout.as_secs(), 5);
    assert_eq!(config.policy.summary.allow, ["sweep"]);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let files = Files::new();
    files.write("policy.yaml", "version: 1\nasets: {}\n");
    files.write("tls/decider.key", "nonsense");
    files.write(
        "decider.yaml",
        "listen:
  adress: 127.0.0.1:0
  certificate: tls/none.crt
  private_key: tls/decider.key
  client_ca: tls/decider.key
  drain_timeout: 5
admin:
  address: localhost
policy: policy.yaml
store: postgres
",
    );
    assert_snapshot!(mistakes(&files), @r#"
    DIR/decider.yaml:2:3: unknown field adress: did you mean address?
    DIR/decider.yaml:2:3: address is missing
    DIR/decider.yaml:3:16: DIR/tls/none.crt: cannot be read: No such file or directory (os error 2)
    DIR/decider.yaml:4:16: DIR/tls/decider.key: holds no private key in PEM form
    DIR/decider.yaml:5:14: DIR/tls/decider.key: holds no certificate in PEM form
    DIR/decider.yaml:6:18: a length of time must be quoted text: write "5"
    DIR/decider.yaml:8:12: expected an IP address and a port, such as 127.0.0.1:50051
    DIR/decider.yaml:10:8: store is either memory, or sqlite with the path of a file
    DIR/policy.yaml:1:1: assets is missing
    DIR/policy.yaml:1:1: allow is missing
    DIR/policy.yaml:2:1: unknown field asets: did you mean assets?
    "#);
}

#[test]
fn a_key_belongs_to_its_certificate() {
    assert_snapshot!(mistakes_of(&CONFIG.replace("tls/decider.key", "tls/client.key")), @"DIR/decider.yaml:4:16: DIR/tls/client.key: is not the key of the certificate");
}

#[test]
fn an_authority_is_a_certificate() {
    assert_snapshot!(mistakes_of(&CONFIG.replace("tls/ca.pem", "tls/client.key")), @"DIR/decider.yaml:5:14: DIR/tls/client.key: holds no certificate in PEM form");
}

#[test]
fn nothing_is_guessed() {
    assert_snapshot!(mistakes_of(""), @"DIR/decider.yaml:1:1: the configuration is empty: it needs listen, admin, policy and store");
    assert_snapshot!(mistakes_of("listen: 50051"), @"
    DIR/decider.yaml:1:1: admin is missing
    DIR/decider.yaml:1:1: policy is missing
    DIR/decider.yaml:1:1: store is missing
    DIR/decider.yaml:1:9: listen must be a mapping, not a whole number
    ");
    assert_snapshot!(mistakes_of(&CONFIG.replace("store: memory", "store: {sqlit: x}")), @"
    DIR/decider.yaml:11:8: sqlite is missing
    DIR/decider.yaml:11:9: unknown field sqlit: did you mean sqlite?
    ");
    let same = CONFIG.replace("127.0.0.1:0", "127.0.0.1:50051");
    assert_snapshot!(mistakes_of(&same), @"DIR/decider.yaml:9:12: listen and admin have the same address");
}

/// The samples that operators start from, with certificates where they name them.
#[test]
fn the_sample_configuration_is_right() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/decider");
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("tls")).unwrap();
    fs::create_dir(path("policy")).unwrap();
    create_certificates(&path("tls"));
    for name in ["decider.yaml", "policy/policy.yaml"] {
        fs::copy(samples.join(name), path(name)).unwrap();
    }
    let config = config::load(&path("decider.yaml")).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(!config.policy.summary.limits.is_empty());
}
