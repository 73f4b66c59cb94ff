//! What is said of certificates that can be used and soon cannot, or should not be.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use crate::program::output;
use crate::support::{CONFIG, Files, leaf_until};

/// A certificate that has ended, a key that everybody may read, and a client's certificate for an authority.
fn doubtful() -> Files {
    let files = Files::new();
    leaf_until(&files, "old", 2020);
    set_permissions(files.path("tls/old.key"), Permissions::from_mode(0o644)).unwrap();
    let config = CONFIG.replace("tls/decider", "tls/old").replace("tls/ca.pem", "tls/client.crt");
    files.write("decider.yaml", &config);
    files
}

#[test]
fn check_warns_of_certificates_and_keys() {
    let (code, out, err) = output(&doubtful(), &["check", "--config", "decider.yaml"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let warnings: Vec<&str> = out.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_snapshot!(warnings.join("\n"), @"
    warning: tls/old.crt: this certificate has expired (2020-01-01T00:00:00Z): renew it
    warning: tls/old.key: this key is open to more than its owner and readers of its group (mode 644): chmod g-wx,o=
    warning: tls/client.crt: this certificate is no authority's (CA:TRUE is missing): the authority that signs the clients' certificates belongs here
    ");
    let (_, out, _) = output(&doubtful(), &["check", "--config", "decider.yaml", "--output", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["warnings"].as_array().map(Vec::len), Some(3), "{out}");
    assert_eq!(report["warnings"][0]["file"], "tls/old.crt");
}
